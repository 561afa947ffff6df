//! Text in `const fn`s, where `str`'s own methods can't be called.

/// Whether two texts are equal. Compares from the end, where names of one entity differ, and by
/// patterns: const evaluation pays for every byte, and for calls and checked indices more.
pub(crate) const fn eq(a: &str, b: &str) -> bool {
    let (mut a, mut b) = (a.as_bytes(), b.as_bytes());
    loop {
        (a, b) = match (a, b) {
            ([], []) => return true,
            ([.., a], [.., b]) if *a != *b => return false,
            ([rest_a @ .., a0, a1, a2, a3], [rest_b @ .., b0, b1, b2, b3])
                if *a3 == *b3 && *a2 == *b2 && *a1 == *b1 && *a0 == *b0 =>
            {
                (rest_a, rest_b)
            }
            ([rest_a @ .., a], [rest_b @ .., b]) if *a == *b => (rest_a, rest_b),
            _ => return false,
        }
    }
}

/// A number that differs for most names of one entity, by which const evaluation tells them apart
/// without a call: from the length, the last three bytes and the first one. The lowest byte, the first
/// one's, left out, it grows as [`Order`](crate::entity::Order) goes.
pub(crate) const fn digest(name: &str) -> u64 {
    let bytes = name.as_bytes();
    let ends = match bytes {
        [] => 0,
        [a] => (*a as u64) << 24,
        [a, b] => (*b as u64) << 24 | (*a as u64) << 16,
        [a, b, c] => (*c as u64) << 24 | (*b as u64) << 16 | (*a as u64) << 8,
        [a, .., b, c, d] => (*d as u64) << 24 | (*c as u64) << 16 | (*b as u64) << 8 | *a as u64,
    };
    (bytes.len() as u64) << 32 | ends
}

/// Whether `text` is one of `all`.
pub(crate) const fn is_one_of(text: &str, all: &[&str]) -> bool {
    let mut i = 0;
    while i < all.len() {
        if eq(text, all[i]) {
            return true;
        }
        i += 1;
    }
    false
}

/// How many letters have to be put in, left out or replaced to make one text of the other. Texts of 64
/// bytes and more are as far as can be.
pub(crate) const fn distance(a: &str, b: &str) -> usize {
    const MOST: usize = 64;
    let (a, b) = (a.as_bytes(), b.as_bytes());
    if a.len() >= MOST || b.len() >= MOST {
        return usize::MAX;
    }
    let mut row = [0; MOST];
    let mut j = 0;
    while j <= b.len() {
        row[j] = j;
        j += 1;
    }
    let mut i = 0;
    while i < a.len() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        let mut j = 0;
        while j < b.len() {
            let mut least = diagonal + (a[i] != b[j]) as usize;
            diagonal = row[j + 1];
            if diagonal + 1 < least {
                least = diagonal + 1;
            }
            if row[j] + 1 < least {
                least = row[j] + 1;
            }
            row[j + 1] = least;
            j += 1;
        }
        i += 1;
    }
    row[b.len()]
}

/// The most bytes of a name.
pub(crate) const MAX_NAME: usize = 255;

/// Whether `text` can be a name: letters, digits and `_`, no digit first, at most [`MAX_NAME`] bytes.
/// What is beyond ASCII is taken for letters.
pub(crate) const fn is_name(text: &str) -> bool {
    let bytes = text.as_bytes();
    if bytes.is_empty() || bytes.len() > MAX_NAME || bytes[0].is_ascii_digit() {
        return false;
    }
    let mut i = 0;
    while i < bytes.len() {
        if !bytes[i].is_ascii_alphanumeric() && bytes[i] != b'_' && bytes[i].is_ascii() {
            return false;
        }
        i += 1;
    }
    true
}

/// Whether `text` begins with `prefix`.
pub(crate) const fn starts_with(text: &str, prefix: &str) -> bool {
    let (text, prefix) = (text.as_bytes(), prefix.as_bytes());
    if text.len() < prefix.len() {
        return false;
    }
    let mut i = 0;
    while i < prefix.len() {
        if text[i] != prefix[i] {
            return false;
        }
        i += 1;
    }
    true
}

/// Whether two names are one slip apart: a letter more, less or other, two swapped, or the same in
/// another case.
pub(crate) const fn closest(known: &str, written: &str) -> bool {
    let (a, b) = (known.as_bytes(), written.as_bytes());
    if a.eq_ignore_ascii_case(b) {
        return true;
    }
    let shorter = if a.len() < b.len() { a.len() } else { b.len() };
    let longer = a.len() + b.len() - shorter;
    if shorter < 2 || longer - shorter > 1 {
        return false;
    }
    let mut head = 0;
    while head < shorter && a[head] == b[head] {
        head += 1;
    }
    let mut tail = 0;
    while tail < shorter - head && a[a.len() - 1 - tail] == b[b.len() - 1 - tail] {
        tail += 1;
    }
    let differing = longer - head - tail;
    differing <= 1
        || (differing == 2
            && a.len() == b.len()
            && a[head] == b[head + 1]
            && a[head + 1] == b[head])
}

/// A space or a tab, which attribute texts may hold between their parts.
pub(crate) const fn is_blank(byte: u8) -> bool {
    byte == b' ' || byte == b'\t'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_of_one_letter_are_close() {
        for written in ["lowr", "lowerr", "lover", "lwoer", "Lower", "ower"] {
            assert!(closest("lower", written), "{written}");
        }
        for written in ["upper", "lo", "", "lowering", "wolre"] {
            assert!(!closest("lower", written), "{written}");
        }
    }

    #[test]
    fn distances_count_the_letters_that_differ() {
        for (a, b, expected) in [
            ("", "abc", 3),
            ("mostly", "mostly", 0),
            ("mostly", "mosly", 1),
            ("min_value", "minimum_value", 4),
            ("kitten", "sitting", 3),
        ] {
            assert_eq!(distance(a, b), expected, "{a} {b}");
            assert_eq!(distance(b, a), expected, "{b} {a}");
        }
        assert_eq!(distance(&"a".repeat(64), "a"), usize::MAX);
    }
}
