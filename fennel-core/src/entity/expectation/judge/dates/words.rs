//! The words and numbers that a text about a date is made of.

/// Cuts a text into numbers, words and single other characters, as dateutil does: `1.5` is one number and `a.m.` begins
/// as one word, but `2024.01.02` is three numbers with points between.
pub(super) fn cut(text: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut rest = text.chars().filter(|c| *c != '\0').peekable();
    while let Some(first) = rest.next() {
        let mut token = String::from(first);
        let mut is_number = first.is_numeric();
        if !is_number && !first.is_alphabetic() {
            tokens.push(match first.is_whitespace() {
                true => " ".into(),
                false => token,
            });
            continue;
        }
        let (mut dots, mut letters) = (false, !is_number);
        while let Some(&next) = rest.peek() {
            let ends_in_dot = token.ends_with('.');
            let goes_on = if is_number {
                next.is_numeric()
                    || next == '.'
                    || (next == ',' && !dots && token.chars().count() >= 2)
                    || (dots && next.is_alphabetic() && ends_in_dot)
            } else {
                next.is_alphabetic() || next == '.' || (dots && next.is_numeric() && ends_in_dot)
            };
            if !goes_on {
                break;
            }
            if matches!(next, '.' | ',') {
                dots = true;
            } else if dots {
                is_number = next.is_numeric();
            }
            letters |= next.is_alphabetic();
            token.push(next);
            rest.next();
        }
        push(token, dots, letters, &mut tokens);
    }
    tokens
}

/// Adds a token, in parts where its points are none of a number.
fn push(token: String, dots: bool, letters: bool, tokens: &mut Vec<String>) {
    let points = token.matches('.').count();
    if dots && (letters || points > 1 || token.ends_with(['.', ','])) {
        let mut part = String::new();
        for c in token.chars() {
            if matches!(c, '.' | ',') {
                if !part.is_empty() {
                    tokens.push(std::mem::take(&mut part));
                }
                tokens.push(c.into());
            } else {
                part.push(c);
            }
        }
        if !part.is_empty() {
            tokens.push(part);
        }
    } else if dots && points == 0 {
        tokens.push(token.replace(',', "."));
    } else {
        tokens.push(token);
    }
}

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];
const WEEKDAYS: [&str; 7] = [
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
];
/// Words that say nothing.
const JUMPS: [&str; 18] = [
    " ", ".", ",", ";", "-", "/", "'", "at", "on", "and", "ad", "m", "t", "of", "st", "nd", "rd",
    "th",
];

/// The number of a month, by its name or three letters.
pub(super) fn month(word: &str) -> Option<i64> {
    let word = word.to_lowercase();
    let is = |name: &&str| *name == word || name.get(..3) == Some(&word);
    let found = MONTHS.iter().position(is);
    let found = found.or_else(|| (word == "sept").then_some(8));
    found.map(|i| i as i64 + 1)
}

pub(super) fn is_weekday(word: &str) -> bool {
    let word = word.to_lowercase();
    let mut names = WEEKDAYS.iter();
    names.any(|name| *name == word || name.get(..3) == Some(&word))
}

pub(super) fn is_jump(word: &str) -> bool {
    JUMPS.contains(&&*word.to_lowercase())
}

/// Whether a word says that it is past noon, or before.
pub(super) fn is_afternoon(word: &str) -> Option<bool> {
    match &*word.to_lowercase() {
        "am" | "a" => Some(false),
        "pm" | "p" => Some(true),
        _ => None,
    }
}

/// Which of hour, minute and second a word says, from 0.
pub(super) fn unit(word: &str) -> Option<usize> {
    match &*word.to_lowercase() {
        "h" | "hour" | "hours" => Some(0),
        "m" | "minute" | "minutes" => Some(1),
        "s" | "second" | "seconds" => Some(2),
        _ => None,
    }
}

/// Whether a word could be the name of a time zone.
pub(super) fn is_zone(word: &str) -> bool {
    is_utc(word) || (word.len() <= 5 && word.chars().all(|c| c.is_ascii_uppercase()))
}

pub(super) fn is_utc(word: &str) -> bool {
    matches!(word.to_lowercase().as_str(), "utc" | "gmt" | "z")
}

pub(super) fn is_digits(word: &str) -> bool {
    !word.is_empty() && word.chars().all(|c| c.is_ascii_digit())
}
