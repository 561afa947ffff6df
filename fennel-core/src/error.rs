//! What can be wrong with definitions and messages.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::entity::{Descriptor, Kind};

/// Why a catalog can't be collected, read or committed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Nothing was collected: the crates that hold the definitions are not part of the binary.
    #[error(
        "no definitions are part of this program; name the crates that hold them, as in `fennel_sync::main!(my_features)`, so that they are linked"
    )]
    EmptyRegistry,
    /// A crate that was named holds no entity.
    #[error(
        "crate `{0}` has no #[dataset] and no #[featureset]; name a crate that has some, and check that no `cfg` leaves them out"
    )]
    EmptyCrate(String),
    /// The definitions are wrong, one by one or together.
    #[error(transparent)]
    Invalid(#[from] Problems),
    /// The bytes are not a message of the protocol.
    #[error("the body is not a SyncRequest in protobuf encoding: {0}")]
    Malformed(#[from] prost::DecodeError),
}

/// One thing that is wrong, where, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// What kind of entity is concerned; `None` when the commit as a whole is.
    pub kind: Option<Kind>,
    /// Its name.
    pub entity: String,
    /// The column, feature or source inside it; empty for the entity as a whole.
    pub member: String,
    /// What is wrong and what to do, as a clause.
    pub message: String,
    /// What else there is to know of it, each as a clause.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// The source file, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The line in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// Rust code that solves it, ready to be pasted; where it is about a member, for the body of the entity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

impl Problem {
    /// A problem with an entity, or with a member of it.
    #[must_use]
    pub fn new(entity: Descriptor<'_>, member: &str, message: impl Into<String>) -> Self {
        let location = entity.location();
        Problem {
            kind: Some(entity.kind()),
            entity: entity.name().into(),
            member: member.into(),
            message: message.into(),
            notes: Vec::new(),
            file: (!location.file.is_empty()).then(|| location.file.into()),
            line: (location.line > 0).then_some(location.line),
            code: None,
        }
    }

    /// A problem with an entity known by name alone.
    #[must_use]
    pub fn named(kind: Kind, entity: &str, member: &str, message: impl Into<String>) -> Self {
        Problem {
            kind: Some(kind),
            entity: entity.into(),
            member: member.into(),
            message: message.into(),
            notes: Vec::new(),
            file: None,
            line: None,
            code: None,
        }
    }

    /// The same with something else to know of it.
    #[must_use]
    pub fn with_note(mut self, note: impl Into<String>) -> Problem {
        self.notes.push(note.into());
        self
    }

    /// The same with its notes in its message, for where it has one line.
    #[must_use]
    pub fn folded(&self) -> Problem {
        let mut folded = self.clone();
        for note in folded.notes.drain(..) {
            folded.message += "; ";
            folded.message += &note;
        }
        folded
    }

    /// The same with code that solves it.
    #[must_use]
    pub fn with_code(self, code: String) -> Problem {
        Problem {
            code: Some(code),
            ..self
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(kind) = self.kind {
            write!(f, "{kind} `{}", self.entity)?;
            if !self.member.is_empty() {
                write!(f, ".{}", self.member)?;
            }
            f.write_str("`: ")?;
        }
        f.write_str(&self.message)?;
        if let (Some(file), Some(line)) = (&self.file, self.line) {
            write!(f, " ({file}:{line})")?;
        }
        let mut notes = self.notes.iter();
        notes.try_for_each(|note| write!(f, "\n    {note}"))
    }
}

/// Everything that is wrong, one problem a line, with its notes in lines of their own below it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problems(pub Vec<Problem>);

impl Problems {
    /// `Ok` when nothing is wrong.
    ///
    /// # Errors
    ///
    /// The problems, if there are any.
    pub fn into_result(self) -> Result<(), Problems> {
        if self.0.is_empty() { Ok(()) } else { Err(self) }
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, problem) in self.0.iter().enumerate() {
            let separator = if i == 0 { "" } else { "\n" };
            write!(f, "{separator}{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}
