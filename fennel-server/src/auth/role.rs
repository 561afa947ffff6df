//! Roles: what may be done, on which branches, to what carries which tags, and at which endpoints.
//!
//! A role is a list of grants. Each allows what all its parts allow together, and whatever no grant allows is denied.
//! A role is compiled once, when it is made or read.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::glob::Glob;

/// The most patterns and tags that a role has in all: they are tried one after another.
const MAX_PATTERNS: usize = 100;

/// What can be allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Mode {
    /// To see definitions: previews, history, lineage, xray, and the base of a clone.
    ReadDefinitions,
    /// To commit, and to create and delete branches.
    WriteDefinitions,
    /// To query, look up and inspect, and to see rejects and metrics.
    ReadData,
    /// To log rows, and to erase them.
    WriteData,
    /// Everything, tokens and roles included.
    Admin,
}

impl Mode {
    /// The name in requests and messages.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Mode::ReadDefinitions => "read_definitions",
            Mode::WriteDefinitions => "write_definitions",
            Mode::ReadData => "read_data",
            Mode::WriteData => "write_data",
            Mode::Admin => "admin",
        }
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A part of a role, as it is written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Grant {
    #[serde(default)]
    pub(crate) modes: Vec<Mode>,
    /// Patterns of branches' names, in which `*` stands for any text.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) branches: Vec<String>,
    /// Patterns of the tags that are covered, all without any; and behind a `~` of those that are not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) tags: Vec<String>,
    /// Patterns `webhook/endpoint`, or `*` for all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) endpoints: Vec<String>,
}

/// A role's grants, ready to be asked.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rights {
    is_admin: bool,
    rules: Vec<Rule>,
}

#[derive(Clone, Debug)]
struct Rule {
    /// The bits of the modes.
    modes: u8,
    branches: Vec<Glob>,
    tags: TagRules,
    endpoints: Vec<(Glob, Glob)>,
}

impl Rights {
    /// Compiles the grants of the role called `role`.
    ///
    /// # Errors
    ///
    /// What is wrong with them, and what to do.
    pub(crate) fn compile(role: &str, grants: &[Grant]) -> Result<Rights, String> {
        let told = |problem: String| format!("role `{role}`: {problem}");
        if grants.is_empty() {
            return Err(told(
                "it has no grants, so it allows nothing; give it at least one, with `modes`".into(),
            ));
        }
        let patterns = grants
            .iter()
            .map(|grant| grant.branches.len() + grant.tags.len() + grant.endpoints.len());
        let patterns: usize = patterns.sum();
        if patterns > MAX_PATTERNS || grants.len() > MAX_PATTERNS {
            return Err(told(format!(
                "it has {} grants with {patterns} patterns and tags; a role has at most {MAX_PATTERNS} of each, so use `*`",
                grants.len()
            )));
        }
        let mut rights = Rights::default();
        for (i, grant) in grants.iter().enumerate() {
            let told = |problem: String| match grants.len() {
                1 => told(problem),
                _ => told(format!("grant {}: {problem}", i + 1)),
            };
            rights.add(grant).map_err(told)?;
        }
        Ok(rights)
    }

    /// Everything.
    pub(crate) fn admin() -> Rights {
        Rights {
            is_admin: true,
            rules: Vec::new(),
        }
    }

    /// What any of these allow.
    pub(crate) fn union<'r>(all: impl Iterator<Item = &'r Rights>) -> Rights {
        all.fold(Rights::default(), |mut union, rights| {
            union.is_admin |= rights.is_admin;
            union.rules.extend(rights.rules.iter().cloned());
            union
        })
    }

    fn add(&mut self, grant: &Grant) -> Result<(), String> {
        let has = |mode| grant.modes.contains(&mode);
        if grant.modes.is_empty() {
            return Err(
                "it has no `modes`, so it allows nothing; name some of read_definitions, write_definitions, read_data, write_data, or admin"
                    .into(),
            );
        }
        if has(Mode::Admin) {
            if grant.modes.len() > 1 || !(grant.branches.is_empty() && grant.tags.is_empty()) {
                return Err(
                    "`admin` is about the whole server; leave out other modes, branches and tags, or leave out `admin`"
                        .into(),
                );
            }
            self.is_admin = true;
        }
        let is_of_branches = [
            Mode::ReadDefinitions,
            Mode::WriteDefinitions,
            Mode::ReadData,
        ]
        .into_iter()
        .any(has);
        match (is_of_branches, grant.branches.is_empty()) {
            (true, true) => {
                return Err("it doesn't say on which `branches`; name some, or `*` for all".into());
            }
            (false, false) => return Err(
                "it names `branches`, and no mode that is about branches; rows that are logged reach every branch, so name `endpoints` for `write_data`"
                    .into(),
            ),
            _ => {}
        }
        if !is_of_branches && !grant.tags.is_empty() {
            return Err(
                "it has `tags`, and no mode that is about what carries tags; add `read_data`, `read_definitions` or `write_definitions`"
                    .into(),
            );
        }
        match (has(Mode::WriteData), grant.endpoints.is_empty()) {
            (true, true) => {
                return Err(
                    "it doesn't say at which `endpoints` rows may be logged; name some as `webhook/endpoint`, or `*` for all"
                        .into(),
                );
            }
            (false, false) => {
                return Err(
                    "it names `endpoints` without `write_data`; add that mode, or leave them out"
                        .into(),
                );
            }
            _ => {}
        }
        self.rules.push(Rule {
            modes: grant.modes.iter().fold(0, |bits, mode| bits | mode.bit()),
            branches: collect(&grant.branches, branch_pattern)?,
            tags: TagRules::new(&grant.tags)?,
            endpoints: collect(&grant.endpoints, endpoint_pattern)?,
        });
        Ok(())
    }

    /// Whether everything is allowed.
    pub(crate) fn is_admin(&self) -> bool {
        self.is_admin
    }

    /// Whether `mode` is allowed on a branch, to something at least.
    pub(crate) fn may(&self, mode: Mode, branch: &str) -> bool {
        self.is_admin || self.rules(mode, branch).next().is_some()
    }

    /// Whether `mode` is allowed on a branch whatever tags there are.
    pub(crate) fn may_all(&self, mode: Mode, branch: &str) -> bool {
        self.is_admin || self.rules(mode, branch).any(|rule| rule.tags.cover_all())
    }

    /// The first tag that stands against `mode` for what carries `tags`; `None` if it is allowed. Call it only where
    /// [`may`](Rights::may) says yes.
    pub(crate) fn refused_tag<'t>(
        &self,
        mode: Mode,
        branch: &str,
        tags: &[&'t str],
    ) -> Option<&'t str> {
        if self.is_admin {
            return None;
        }
        let mut refused = None;
        for rule in self.rules(mode, branch) {
            refused = tags.iter().copied().find(|tag| !rule.tags.cover(tag));
            refused?;
        }
        refused
    }

    /// Whether rows may be logged there.
    pub(crate) fn may_log(&self, webhook: &str, endpoint: &str) -> bool {
        let mut endpoints = self.rules.iter().flat_map(|rule| &rule.endpoints);
        self.is_admin || endpoints.any(|(w, e)| w.matches(webhook) && e.matches(endpoint))
    }

    /// Whether rows may be logged everywhere.
    pub(crate) fn may_log_all(&self) -> bool {
        let mut endpoints = self.rules.iter().flat_map(|rule| &rule.endpoints);
        self.is_admin || endpoints.any(|(w, e)| w.is_all() && e.is_all())
    }

    /// Whether rows may be written there that carry `tags`: of those that are logged no tags are known.
    pub(crate) fn may_write(&self, webhook: &str, endpoint: &str, tags: &[&str]) -> bool {
        let covers = |rule: &Rule| {
            let mut endpoints = rule.endpoints.iter();
            endpoints.any(|(w, e)| w.matches(webhook) && e.matches(endpoint))
                && tags.iter().all(|tag| rule.tags.cover(tag))
        };
        self.is_admin || self.rules.iter().any(covers)
    }

    /// Whether rows may be written everywhere, whatever tags they carry.
    pub(crate) fn may_write_all(&self) -> bool {
        let covers = |rule: &Rule| {
            let mut endpoints = rule.endpoints.iter();
            endpoints.any(|(w, e)| w.is_all() && e.is_all()) && rule.tags.cover_all()
        };
        self.is_admin || self.rules.iter().any(covers)
    }

    /// Whether the branch may be known.
    pub(crate) fn may_see(&self, branch: &str) -> bool {
        self.may(Mode::ReadDefinitions, branch) || self.may(Mode::ReadData, branch)
    }

    fn rules(&self, mode: Mode, branch: &str) -> impl Iterator<Item = &Rule> {
        let allows = move |rule: &&Rule| {
            rule.modes & mode.bit() != 0 && rule.branches.iter().any(|glob| glob.matches(branch))
        };
        self.rules.iter().filter(allows)
    }
}

fn collect<T>(
    texts: &[String],
    read: impl Fn(&str) -> Result<T, String>,
) -> Result<Vec<T>, String> {
    texts.iter().map(|text| read(text)).collect()
}

fn branch_pattern(text: &str) -> Result<Glob, String> {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || "_.-/*".contains(c);
    if let Some(odd) = text.chars().find(|c| !is_allowed(*c)) {
        return Err(format!(
            "the pattern {text:?} matches no branch, for it has {odd:?}; branches have ASCII letters, digits, `_`, `.`, `-` and `/`, and `*` stands for any of them"
        ));
    }
    Glob::new(text)
}

fn endpoint_pattern(text: &str) -> Result<(Glob, Glob), String> {
    if text == "*" {
        return Ok((Glob::new("*")?, Glob::new("*")?));
    }
    let Some((webhook, endpoint)) = text.split_once('/') else {
        return Err(format!(
            "the endpoint {text:?} is not written as `webhook/endpoint`; `{text}/*` is all of a webhook"
        ));
    };
    Ok((Glob::new(webhook)?, Glob::new(endpoint)?))
}

/// Which tags are covered.
#[derive(Clone, Debug, Default)]
struct TagRules {
    /// Empty for all.
    covered: Vec<Glob>,
    denied: Vec<Glob>,
}

impl TagRules {
    fn new(texts: &[String]) -> Result<TagRules, String> {
        let mut rules = TagRules::default();
        let (denied, covered): (Vec<&String>, Vec<_>) =
            texts.iter().partition(|text| text.starts_with('~'));
        for text in denied {
            let tag = text.trim_start_matches('~');
            if text.len() > tag.len() + 1 {
                return Err(format!(
                    "the tag {text:?} begins with several `~`; write `~{tag}`"
                ));
            }
            rules.denied.push(Glob::new(tag)?);
        }
        for text in covered {
            if rules.denied.iter().any(|denied| denied.matches(text)) {
                return Err(format!(
                    "its tags contradict each other: {text:?} is covered, and a tag with `~` takes all of it away; leave out one of the two"
                ));
            }
            rules.covered.push(Glob::new(text)?);
        }
        if rules.denied.iter().any(Glob::is_all) {
            return Err("its tags contradict each other: `~*` takes every tag away; name the tags that are covered instead".into());
        }
        Ok(rules)
    }

    fn cover_all(&self) -> bool {
        self.denied.is_empty() && (self.covered.is_empty() || self.covered.iter().any(Glob::is_all))
    }

    fn cover(&self, tag: &str) -> bool {
        let covered = self.covered.is_empty() || self.covered.iter().any(|glob| glob.matches(tag));
        covered && !self.denied.iter().any(|glob| glob.matches(tag))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grant(modes: &[Mode], branches: &[&str], tags: &[&str], endpoints: &[&str]) -> Grant {
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        Grant {
            modes: modes.to_vec(),
            branches: texts(branches),
            tags: texts(tags),
            endpoints: texts(endpoints),
        }
    }

    fn reads(branches: &[&str], tags: &[&str]) -> Rights {
        Rights::compile("r", &[grant(&[Mode::ReadData], branches, tags, &[])]).unwrap()
    }

    fn refused<'t>(rights: &Rights, tags: &[&'t str]) -> Option<&'t str> {
        rights.refused_tag(Mode::ReadData, "main", tags)
    }

    #[test]
    fn nothing_is_allowed_that_no_grant_allows() {
        let rights = reads(&["main", "dev/*"], &[]);
        for mode in [
            Mode::ReadDefinitions,
            Mode::WriteDefinitions,
            Mode::WriteData,
        ] {
            assert!(!rights.may(mode, "main"), "{mode}");
        }
        assert!(rights.may(Mode::ReadData, "main") && rights.may(Mode::ReadData, "dev/x"));
        assert!(!rights.may(Mode::ReadData, "staging"));
        assert!(!rights.may_log("a", "b") && !rights.is_admin());
        assert!(!Rights::default().may(Mode::ReadData, "main"));
    }

    #[test]
    fn grants_are_not_mixed_with_each_other() {
        let grants = [
            grant(&[Mode::ReadData], &["main"], &["~PII"], &[]),
            grant(
                &[Mode::ReadData, Mode::WriteDefinitions],
                &["dev/*"],
                &[],
                &[],
            ),
        ];
        let rights = Rights::compile("r", &grants).unwrap();
        assert!(!rights.may(Mode::WriteDefinitions, "main"));
        assert_eq!(refused(&rights, &["PII"]), Some("PII"));
        assert!(rights.may_all(Mode::ReadData, "dev/x") && !rights.may_all(Mode::ReadData, "main"));
    }

    #[test]
    fn every_tag_must_be_covered_by_one_grant() {
        assert_eq!(refused(&reads(&["*"], &[]), &["PII", "card"]), None);
        let but_pii = reads(&["*"], &["~PII"]);
        assert_eq!(refused(&but_pii, &["card", "PII"]), Some("PII"));
        assert_eq!(refused(&but_pii, &["card", "pii"]), None, "case matters");
        let only = reads(&["*"], &["card", "team-*"]);
        assert_eq!(refused(&only, &[]), None, "what has no tag is covered");
        assert_eq!(refused(&only, &["card", "team-a"]), None);
        assert_eq!(refused(&only, &["card", "PII"]), Some("PII"));
        let twice = [
            grant(&[Mode::ReadData], &["*"], &["a"], &[]),
            grant(&[Mode::ReadData], &["*"], &["b"], &[]),
        ];
        let twice = Rights::compile("r", &twice).unwrap();
        assert_eq!(refused(&twice, &["b"]), None);
        assert!(refused(&twice, &["a", "b"]).is_some());
    }

    #[test]
    fn endpoints_are_told_apart_by_webhook() {
        let rights = |patterns: &[&str]| {
            Rights::compile("r", &[grant(&[Mode::WriteData], &[], &[], patterns)]).unwrap()
        };
        assert!(rights(&["app/sales"]).may_log("app", "sales"));
        assert!(!rights(&["app/sales"]).may_log("app", "sales2"));
        assert!(rights(&["app/*"]).may_log("app", "sales/eu"));
        assert!(
            !rights(&["app/*"]).may_log("app/sales", "eu"),
            "another webhook"
        );
        assert!(rights(&["*"]).may_log("app/sales", "eu") && rights(&["*"]).may_log_all());
        assert!(!rights(&["app/*"]).may_log_all());
    }

    #[test]
    fn what_allows_nothing_or_contradicts_itself_is_refused() {
        use Mode::{Admin, ReadData, WriteData};
        for (grants, expected) in [
            (vec![], "has no grants"),
            (vec![grant(&[], &["main"], &[], &[])], "has no `modes`"),
            (
                vec![grant(&[ReadData], &[], &[], &[])],
                "on which `branches`",
            ),
            (
                vec![grant(&[WriteData], &[], &[], &[])],
                "at which `endpoints`",
            ),
            (
                vec![grant(&[WriteData], &["main"], &[], &["a/b"])],
                "reach every branch",
            ),
            (
                vec![grant(&[WriteData], &[], &["PII"], &["a/b"])],
                "no mode that is about what carries tags",
            ),
            (
                vec![grant(&[ReadData], &["main"], &[], &["a/b"])],
                "without `write_data`",
            ),
            (vec![grant(&[Admin], &["main"], &[], &[])], "whole server"),
            (
                vec![grant(&[Admin, ReadData], &[], &[], &[])],
                "whole server",
            ),
            (
                vec![grant(&[ReadData], &["*"], &["PII", "~PII"], &[])],
                "contradict",
            ),
            (
                vec![grant(&[ReadData], &["*"], &["PII", "~P*"], &[])],
                "contradict",
            ),
            (vec![grant(&[ReadData], &["*"], &["~*"], &[])], "contradict"),
            (vec![grant(&[ReadData], &["*"], &["~"], &[])], "empty"),
            (
                vec![grant(&[ReadData], &["*"], &["~~PII"], &[])],
                "several `~`",
            ),
            (vec![grant(&[ReadData], &["*"], &["a\nb"], &[])], "control"),
            (vec![grant(&[ReadData], &[""], &[], &[])], "empty"),
            (
                vec![grant(&[ReadData], &["дев/*"], &[], &[])],
                "matches no branch",
            ),
            (
                vec![grant(&[ReadData], &["a b"], &[], &[])],
                "matches no branch",
            ),
            (
                vec![grant(&[ReadData], &["a*b*c*d*e*f"], &[], &[])],
                "more than 4 `*`",
            ),
            (
                vec![grant(&[ReadData], &["x".repeat(201).as_str()], &[], &[])],
                "more than 200",
            ),
            (
                vec![grant(&[WriteData], &[], &[], &["app"])],
                "`webhook/endpoint`",
            ),
            (
                vec![grant(&[ReadData], &["a"; 101], &[], &[])],
                "at most 100",
            ),
        ] {
            let error = Rights::compile("r", &grants).unwrap_err();
            assert!(
                error.starts_with("role `r`: ") && error.contains(expected),
                "{error}"
            );
        }
    }
}
