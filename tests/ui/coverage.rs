//! The list of rules about definitions: `coverage.txt` says where each is tested, and this holds it to
//! that.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

const LIST: &str = include_str!("coverage.txt");
/// Rules are numbered from 1 on.
const RULES: u32 = 461;

/// Where a rule is tested.
enum Where<'a> {
    /// A case of these tests.
    Ui(&'a str),
    /// A test elsewhere: its file, from the workspace's root on, and its name.
    Test(&'a str, &'a str),
    /// There is no such mistake in Rust.
    None,
    /// Nowhere, and why.
    Open(&'a str),
}

struct Rule<'a> {
    number: u32,
    phase: &'a str,
    place: Where<'a>,
}

impl<'a> Rule<'a> {
    fn parse(line: &'a str) -> Option<Rule<'a>> {
        let (number, rest) = line.strip_prefix('N')?.split_once(' ')?;
        let (phase, rest) = rest.split_once(' ')?;
        let (kind, place) = rest.split_once(' ')?;
        let place = match kind {
            "ui" => Where::Ui(place),
            "test" => {
                let (file, name) = place.split_once(' ')?;
                Where::Test(file, name)
            }
            "none" => Where::None,
            "open" => Where::Open(place),
            _ => return None,
        };
        Some(Rule {
            number: number.parse().ok()?,
            phase,
            place,
        })
    }
}

#[test]
fn every_rule_is_tested_or_says_why_not() {
    let lines: Vec<_> = LIST.lines().filter(|line| !line.starts_with('#')).collect();
    let rules = lines.chunks(2).map(|lines| match lines {
        [rule, mistake] if mistake.starts_with("     ") => {
            Rule::parse(rule).unwrap_or_else(|| panic!("no rule: {rule}"))
        }
        _ => panic!("no rule with its mistake: {lines:?}"),
    });
    let rules: Vec<Rule<'_>> = rules.collect();
    let numbers: Vec<u32> = rules.iter().map(|rule| rule.number).collect();
    assert_eq!(numbers, (1..=RULES).collect::<Vec<_>>(), "each rule once");

    let ui = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = ui.join("../..");
    let mentioned = mentioned_in(ui);
    let (mut wrong, mut open) = (Vec::new(), BTreeMap::<&str, Vec<u32>>::new());
    let mut phases = BTreeMap::<&str, (usize, usize, usize)>::new();
    for Rule {
        number,
        phase,
        place,
    } in &rules
    {
        let (tested, absent, untested) = phases.entry(phase).or_default();
        match place {
            Where::Ui(file) => {
                if !mentioned
                    .get(&ui.join(file))
                    .is_some_and(|all| all.contains(number))
                {
                    wrong.push(format!("{file} does not mention N{number:03}"));
                }
                *tested += 1;
            }
            Where::Test(file, name) => {
                let text = fs::read_to_string(root.join(file)).unwrap_or_default();
                if !text.contains(&format!("fn {name}(")) {
                    wrong.push(format!("{file} has no test {name}, of N{number:03}"));
                }
                *tested += 1;
            }
            Where::Open(why) => {
                open.entry(why).or_default().push(*number);
                *untested += 1;
            }
            Where::None => *absent += 1,
        }
    }
    for (phase, (tested, absent, untested)) in &phases {
        println!(
            "{phase:4} {tested:3} tested, {absent:2} that can't be written, {untested:2} not yet"
        );
    }
    let sum = |part: fn(&(usize, usize, usize)) -> usize| phases.values().map(part).sum::<usize>();
    println!(
        "{} of {RULES} tested, {} that can't be written, {} not yet",
        sum(|phase| phase.0),
        sum(|phase| phase.1),
        sum(|phase| phase.2)
    );
    for (why, numbers) in &open {
        let numbers: Vec<_> = numbers
            .iter()
            .map(|number| format!("N{number:03}"))
            .collect();
        println!("not yet, {why}: {}", numbers.join(" "));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The rules that each file of cases mentions.
fn mentioned_in(folder: &Path) -> BTreeMap<PathBuf, BTreeSet<u32>> {
    let mut mentioned = BTreeMap::new();
    let entries = fs::read_dir(folder).expect("the folder is there");
    for entry in entries {
        let path = entry.expect("the folder can be read").path();
        if path.is_dir() {
            mentioned.extend(mentioned_in(&path));
        } else if path.parent().is_some_and(|folder| folder.ends_with("fail"))
            && path.extension().is_some_and(|extension| extension == "rs")
        {
            let text = fs::read_to_string(&path).expect("a case can be read");
            mentioned.insert(path, rules_in(&text));
        }
    }
    mentioned
}

/// The rules that a text mentions: `N001`, and `N001 to N003` for all between.
fn rules_in(text: &str) -> BTreeSet<u32> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let mut rules = BTreeSet::new();
    for (i, word) in words.iter().enumerate() {
        let Some(first) = number(word) else { continue };
        let last = match words[i + 1..] {
            ["to", last, ..] => number(last).unwrap_or(first),
            _ => first,
        };
        rules.extend(first..=last);
    }
    rules
}

/// The number of `N001`, and of `N001,` and `N001.`.
fn number(word: &str) -> Option<u32> {
    let digits = word
        .strip_prefix('N')?
        .trim_end_matches([',', '.', ':', ';']);
    (digits.len() == 3).then(|| digits.parse().ok())?
}

#[test]
fn ranges_mention_every_rule_between() {
    let rules = rules_in("//! Keys: N001, N003 to N005. None of 7: N0010, NaN\nx // N461");
    assert_eq!(rules.into_iter().collect::<Vec<_>>(), [1, 3, 4, 5, 461]);
}
