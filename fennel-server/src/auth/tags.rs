//! Reads and commits of those whom some tags are kept from.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::http::StatusCode;
use fennel_core::diff::Change;
use fennel_core::entity::Kind;
use fennel_core::plan::{History, Plan};
use fennel_core::wire::proto::services::SyncRequest;
use fennel_core::{Problem, Problems};
use fennel_engine::{BranchTags, Commit, CommitOptions, Engine, Note};

use super::caller::Caller;
use super::role::Mode;
use crate::error::Failure;

impl Caller {
    /// Reads data of a dataset, if its tags allow that.
    pub(crate) fn read_dataset<T>(
        &self,
        engine: &Engine,
        branch: &str,
        dataset: &str,
        read: impl FnOnce() -> Result<T, fennel_engine::Error>,
    ) -> Result<T, Failure> {
        let check = |tags: &BranchTags| {
            let own: Vec<&str> = tags.dataset(dataset).collect();
            match self.refused_tag(Mode::ReadData, branch, &own) {
                None => Ok(()),
                Some(tag) => Err(self.lacks_tag(&format!("dataset `{dataset}`"), tag)),
            }
        };
        self.read(engine, branch, check, read)
    }

    /// Reads features, if the tags of all of them allow that.
    pub(crate) fn read_features<T>(
        &self,
        engine: &Engine,
        branch: &str,
        outputs: &[String],
        read: impl FnOnce() -> Result<T, fennel_engine::Error>,
    ) -> Result<T, Failure> {
        let check = |tags: &BranchTags| {
            for output in outputs {
                for (feature, own) in tags.output(output) {
                    let own: Vec<&str> = own.collect();
                    if let Some(tag) = self.refused_tag(Mode::ReadData, branch, &own) {
                        let featureset = output.split('.').next().unwrap_or_default();
                        let what = format!("feature `{featureset}.{feature}`");
                        return Err(self.lacks_tag(&what, tag));
                    }
                }
            }
            Ok(())
        };
        self.read(engine, branch, check, read)
    }

    /// Reads definitions of a branch; `read` is told what the caller may not see of them.
    pub(crate) fn read_definitions<T>(
        &self,
        engine: &Engine,
        branch: &str,
        read: impl FnOnce(&Hidden) -> Result<T, fennel_engine::Error>,
    ) -> Result<T, Failure> {
        self.require(Mode::ReadDefinitions, branch)?;
        let told = |error| self.told(engine, branch, error);
        if self.rights().may_all(Mode::ReadDefinitions, branch) {
            return read(&Hidden::default()).map_err(told);
        }
        let before = engine.tags(branch).map_err(told)?;
        let answer = read(&self.hidden(branch, &before)).map_err(told);
        let after = engine.tags(branch).map_err(told)?;
        unchanged(&before, &after).and(answer)
    }

    /// Reads data of a branch if `check` finds nothing against it in the tags.
    fn read<T>(
        &self,
        engine: &Engine,
        branch: &str,
        check: impl FnOnce(&BranchTags) -> Result<(), Failure>,
        read: impl FnOnce() -> Result<T, fennel_engine::Error>,
    ) -> Result<T, Failure> {
        self.require(Mode::ReadData, branch)?;
        let told = |error| self.told(engine, branch, error);
        if self.rights().may_all(Mode::ReadData, branch) {
            return read().map_err(told);
        }
        let before = engine.tags(branch).map_err(told)?;
        check(&before)?;
        let answer = read().map_err(told);
        let after = engine.tags(branch).map_err(told)?;
        unchanged(&before, &after).and(answer)
    }

    /// Refuses who may neither commit nor, where that is asked for, preview.
    pub(crate) fn require_commit(&self, preview: bool, branch: &str) -> Result<(), Failure> {
        self.require(mode_of(preview), branch)
    }

    /// Whether the caller may commit to a branch.
    pub(crate) fn may_commit(&self, branch: &str) -> bool {
        self.rights().may(mode_of(false), branch)
    }

    /// Refuses a commit, or the preview of one, that the caller may not make, and tells what it may not see. That holds
    /// as long as nobody else changes definitions.
    pub(crate) fn check_commit(
        &self,
        engine: &Engine,
        branch: &str,
        request: &SyncRequest,
        options: &CommitOptions,
    ) -> Result<Hidden, Failure> {
        let (mode, rights) = (mode_of(options.preview), self.rights());
        self.require(mode, branch)?;
        if rights.may_all(Mode::ReadDefinitions, branch) && rights.may_all(mode, branch) {
            return Ok(Hidden::default());
        }
        let told = |error| self.told(engine, branch, error);
        let before = engine.tags(branch).map_err(told)?;
        let hidden = self.hidden(branch, &before);
        if hidden.are_overwritten(request, options.incremental) {
            return Err(self.lacks(
                Mode::ReadDefinitions,
                &format!(
                    "on branch `{branch}` for all definitions that this commit would overwrite or leave out; commit your own incrementally and under names of their own"
                ),
            ));
        }
        if !rights.may_all(mode, branch) {
            let preview = CommitOptions {
                preview: true,
                ..options.clone()
            };
            let preview = self.commit(engine, branch, request, preview, &hidden, &|| Ok(()))?;
            let after = engine.tags_after(branch, request, options.incremental);
            self.check_tags(mode, branch, &preview, [&before, &after.map_err(told)?])?;
        }
        Ok(hidden)
    }

    /// Commits what was checked, with `note` before it, and tells nothing of what is hidden.
    pub(crate) fn commit(
        &self,
        engine: &Engine,
        branch: &str,
        request: &SyncRequest,
        options: CommitOptions,
        hidden: &Hidden,
        note: Note<'_>,
    ) -> Result<Commit, Failure> {
        use fennel_engine::Error::{Invalid, Refused};
        let committed = engine.noting(note).commit(branch, request, options);
        let mut commit = committed.map_err(|error| match error {
            Invalid(problems) => Invalid(hidden.cover(problems)).into(),
            Refused(problems) => Refused(hidden.cover(problems)).into(),
            other => self.told(engine, branch, other),
        })?;
        hidden.leave_out_of(&mut commit);
        if let Some(plan) = &mut commit.plan
            && !self.rights().may(Mode::WriteDefinitions, branch)
        {
            let known = engine.endpoints(branch);
            let known = known.map_err(|error| self.told(engine, branch, error))?;
            cover_endpoints(plan, &known);
        }
        Ok(commit)
    }

    /// Refuses a commit that changes what carries a tag that `mode` doesn't cover, before it or after it.
    fn check_tags(
        &self,
        mode: Mode,
        branch: &str,
        preview: &Commit,
        tags: [&BranchTags; 2],
    ) -> Result<(), Failure> {
        for entity in &preview.diff.entities {
            if entity.change == Change::Unchanged {
                continue;
            }
            for tags in tags {
                let own = tags.entity(entity.kind, &entity.name);
                if let Some(tag) = self.refused_tag(mode, branch, &own) {
                    let place = format!(
                        "on branch `{branch}` for what carries the tag `{tag}`, as {} `{}` does",
                        entity.kind, entity.name
                    );
                    return Err(self.lacks(mode, &place));
                }
            }
        }
        Ok(())
    }

    /// Refuses a clone of what the caller may not see in full, or that would let it read what it may not read there.
    pub(crate) fn require_clone(
        &self,
        engine: &Engine,
        base: &str,
        branch: &str,
    ) -> Result<(), Failure> {
        self.require(Mode::WriteDefinitions, branch)?;
        let reads = [Mode::ReadDefinitions, Mode::ReadData];
        let needed = reads
            .into_iter()
            .filter(|mode| *mode == Mode::ReadDefinitions || self.rights().may(*mode, branch));
        for mode in needed {
            self.require(mode, base)?;
            if self.rights().may_all(mode, base) {
                continue;
            }
            let tags = engine
                .tags(base)
                .map_err(|error| self.told(engine, base, error))?;
            let mut entities = tags.entities();
            if entities.any(|(_, _, own)| self.refused_tag(mode, base, &own).is_some()) {
                return Err(self.lacks(mode, &format!("for all that is on branch `{base}`")));
            }
        }
        Ok(())
    }

    /// Refuses to delete a branch where the caller may not delete all that is on it.
    pub(crate) fn require_delete(&self, engine: &Engine, branch: &str) -> Result<(), Failure> {
        self.require(Mode::WriteDefinitions, branch)?;
        if self.rights().may_all(Mode::WriteDefinitions, branch) {
            return Ok(());
        }
        let told = |error| self.told(engine, branch, error);
        let tags = engine.tags(branch).map_err(told)?;
        let mut entities = tags.entities();
        let refused = entities.any(|(_, _, own)| {
            let refused = self.refused_tag(Mode::WriteDefinitions, branch, &own);
            refused.is_some()
        });
        match refused {
            false => Ok(()),
            true => {
                let place = format!("for all that is on branch `{branch}`");
                Err(self.lacks(Mode::WriteDefinitions, &place))
            }
        }
    }

    /// What the caller may not see of a branch's definitions.
    fn hidden(&self, branch: &str, tags: &BranchTags) -> Hidden {
        let sees_some = self.rights().may(Mode::ReadDefinitions, branch);
        let is_refused = |own: &[&str]| {
            let tag = self.refused_tag(Mode::ReadDefinitions, branch, own);
            tag.is_some()
        };
        let hidden = tags
            .entities()
            .filter(|(_, _, own)| !sees_some || is_refused(own));
        Hidden(
            hidden
                .map(|(kind, name, _)| (kind, name.to_owned()))
                .collect(),
        )
    }

    fn refused_tag<'t>(&self, mode: Mode, branch: &str, tags: &[&'t str]) -> Option<&'t str> {
        self.rights().refused_tag(mode, branch, tags)
    }

    fn lacks_tag(&self, what: &str, tag: &str) -> Failure {
        self.lacks(
            Mode::ReadData,
            &format!("for what carries the tag `{tag}`, as {what} does"),
        )
    }
}

/// Refuses what may be of a commit that came between two looks at the tags.
fn unchanged(before: &Arc<BranchTags>, after: &Arc<BranchTags>) -> Result<(), Failure> {
    match Arc::ptr_eq(before, after) {
        true => Ok(()),
        false => Err(Failure::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "the definitions of the branch changed while they were read; send the request again",
        )),
    }
}

/// Leaves out what was logged at other endpoints than those that are `known`. Whoever may commit reads from any; others
/// may not find out by a preview what there is.
fn cover_endpoints(plan: &mut Plan, known: &BTreeSet<String>) {
    for table in &mut plan.tables {
        let is_known = |history: &History| history.endpoints.iter().all(|it| known.contains(it));
        table.history = table.history.take().filter(is_known);
    }
}

/// What a commit needs: to see, for a preview.
fn mode_of(preview: bool) -> Mode {
    match preview {
        true => Mode::ReadDefinitions,
        false => Mode::WriteDefinitions,
    }
}

/// Definitions that a caller may not see.
#[derive(Debug, Default)]
pub(crate) struct Hidden(BTreeSet<(Kind, String)>);

impl Hidden {
    pub(crate) fn has(&self, kind: Kind, name: &str) -> bool {
        !self.0.is_empty() && self.0.contains(&(kind, name.to_owned()))
    }

    /// Whether a request says something about them, or takes them away by leaving them out.
    fn are_overwritten(&self, request: &SyncRequest, incremental: bool) -> bool {
        let mut datasets = request.datasets.iter();
        let mut featuresets = request.feature_sets.iter();
        match self.0.is_empty() {
            true => false,
            false => {
                !incremental
                    || datasets.any(|it| self.has(Kind::Dataset, &it.name))
                    || featuresets.any(|it| self.has(Kind::Featureset, &it.name))
            }
        }
    }

    /// Has what a commit did tell nothing of them.
    fn leave_out_of(&self, commit: &mut Commit) {
        let entities = &mut commit.diff.entities;
        entities.retain(|entity| !self.has(entity.kind, &entity.name));
        let partial = &mut commit.partial;
        partial.retain(|it| !self.has(Kind::Dataset, &it.dataset));
        // A plan tells what changes reach, wherever that is.
        commit.plan = commit.plan.take().filter(|_| self.0.is_empty());
    }

    /// What is wrong with definitions, without their names.
    fn cover(&self, Problems(problems): Problems) -> Problems {
        let are_named = |text: &str| {
            self.0.iter().any(|(_, name)| {
                let ends = ["`", ".", "::"];
                ends.iter()
                    .any(|end| text.contains(&format!("`{name}{end}")))
            })
        };
        let covered = problems.into_iter().map(|problem| {
            let is_hidden = problem
                .kind
                .is_some_and(|kind| self.has(kind, &problem.entity));
            let is_noted = problem.notes.iter().any(|note| are_named(note));
            if !is_hidden && !is_noted && !are_named(&problem.message) {
                return problem;
            }
            let told = Problem {
                message: "a definition that this account may not see would no longer be right"
                    .into(),
                notes: Vec::new(),
                code: None,
                ..problem
            };
            match is_hidden {
                false => told,
                true => Problem {
                    kind: None,
                    entity: String::new(),
                    member: String::new(),
                    file: None,
                    line: None,
                    ..told
                },
            }
        });
        Problems(covered.collect())
    }
}

#[cfg(test)]
mod tests {
    use fennel_core::diff::{Diff, EntityDiff};
    use fennel_core::plan::Partial;
    use fennel_core::time::Timestamp;

    use super::*;

    #[test]
    fn what_a_commit_did_to_what_is_hidden_is_not_told() {
        let hidden = Hidden(BTreeSet::from([(Kind::Dataset, "Secret".to_owned())]));
        let names = ["Mine", "Secret"].map(String::from);
        let entities = names.clone().map(|name| EntityDiff {
            kind: Kind::Dataset,
            name,
            change: Change::Changed,
            fields: Vec::new(),
        });
        let partial = names.map(|dataset| Partial {
            dataset,
            whole_since: "2024-01-01T00:00:00.000000Z".into(),
        });
        let mut commit = Commit {
            id: "c".into(),
            changed: true,
            diff: Diff {
                entities: entities.into(),
            },
            plan: None,
            partial: partial.into(),
            message: String::new(),
            at: Timestamp::MIN,
            repeated: false,
        };
        hidden.leave_out_of(&mut commit);
        assert_eq!((commit.diff.entities.len(), commit.partial.len()), (1, 1));
        assert_eq!(commit.diff.entities[0].name, "Mine");
        assert_eq!(commit.partial[0].dataset, "Mine");
    }

    #[test]
    fn no_problem_names_what_is_hidden() {
        let hidden = Hidden(BTreeSet::from([(Kind::Featureset, "Secret".to_owned())]));
        let problem = |message: &str| Problem::named(Kind::Featureset, "Mine", "", message);
        for message in ["`Secret` has it", "`Secret.pay` is", "`Secret::pay` is"] {
            let noted = problem("it goes").with_note(message);
            let told = hidden.cover(Problems(vec![problem(message), noted]));
            assert!(!told.to_string().contains("Secret"), "{message}: {told}");
        }
        let Problems(told) = hidden.cover(Problems(vec![problem("`Secrets.pay` is")]));
        assert_eq!(told[0].message, "`Secrets.pay` is");
    }
}
