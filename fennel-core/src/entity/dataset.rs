//! Datasets: streams of rows, and tables that evolve in time.

use super::order::{compare, first};
use super::{Expectations, Location, Meta, Order, Sink, Source};
use crate::message::{Check, Message};
use crate::text::{eq, is_one_of, starts_with};
use crate::time::Duration;
use crate::ty::Type;

/// What `#[dataset]` says: a struct's columns, how long they are kept, and where rows come from.
#[derive(Clone, Copy, Debug)]
pub struct Dataset<'a> {
    /// The struct's name.
    pub name: &'a str,
    /// The version, from 1 on. A higher one starts the data anew.
    pub version: u32,
    /// How long rows are kept.
    pub history: Duration,
    /// Which lookups there are.
    pub index: Index,
    /// The columns, in the order of their declaration.
    pub fields: &'a [Field<'a>],
    /// The order of the columns' names.
    pub order: Order<'a>,
    /// Where rows come from; `#[source]` attributes from the last one up.
    pub sources: &'a [Source<'a>],
    /// What its rows should look like.
    pub expectations: Option<Expectations<'a>>,
    /// Where changes are written to; `#[sink]` attributes from the last one up.
    pub sinks: &'a [Sink<'a>],
    /// Metaflags.
    pub meta: Meta<'a>,
    /// Where it was declared.
    pub location: Location<'a>,
}

/// One column of a dataset.
#[derive(Clone, Copy, Debug)]
pub struct Field<'a> {
    /// The column's name.
    pub name: &'a str,
    /// Its type.
    pub ty: Type<'a>,
    /// Part of the key.
    pub key: bool,
    /// Rows can be erased by it. Only for keys.
    pub erase_key: bool,
    /// Marked as the event time.
    pub timestamp: bool,
    /// Owner, description and tags; a column is never deprecated or deleted.
    pub meta: Meta<'a>,
}

/// The lookups that a dataset answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Index {
    /// Lookups as of now.
    pub online: bool,
    /// Lookups as of any instant.
    pub offline: bool,
}

impl Index {
    /// No lookups.
    pub const NONE: Index = Index {
        online: false,
        offline: false,
    };

    /// The index that `index`, `online` and `offline` of `#[dataset]` mean together.
    #[must_use]
    pub const fn of(index: bool, online: Option<bool>, offline: Option<bool>) -> Index {
        Index {
            online: matches!(
                (index, online),
                (true, None | Some(true)) | (false, Some(true))
            ),
            offline: matches!(
                (index, offline),
                (true, None | Some(true)) | (false, Some(true))
            ),
        }
    }

    /// Checks the combination of `index`, `online` and `offline`.
    ///
    /// # Errors
    ///
    /// The combination says something twice.
    pub const fn check(index: bool, online: Option<bool>, offline: Option<bool>) -> Check {
        match (index, online, offline) {
            (true, Some(true), _) | (true, _, Some(true)) => Err(Message::new(
                "`index` gives both lookups already: `online` and `offline` beside it may only be `false`",
            )),
            (false, Some(true), Some(true)) => Err(Message::new(
                "both lookups together are written `#[dataset(index)]`",
            )),
            _ => Ok(()),
        }
    }

    /// Whether there is any lookup.
    #[must_use]
    pub const fn any(&self) -> bool {
        self.online || self.offline
    }
}

/// Names that the protocol's clients keep for themselves.
pub(super) const RESERVED: [&str; 8] = [
    "window",
    "cls",
    "self",
    "fields",
    "key_fields",
    "on_demand",
    "timestamp_field",
    "fqn",
];

impl<'a> Dataset<'a> {
    /// How long rows are kept where nothing else is said: two years of 365 days.
    pub const DEFAULT_HISTORY: Duration = Duration::from_days(730);

    /// The position of a column.
    #[must_use]
    pub const fn position(&self, name: &str) -> Option<usize> {
        if self.order.0.len() == self.fields.len() {
            let first = first!(self.order, at => self.fields[at].name, name);
            if first < self.fields.len() {
                let at = self.order.0[first] as usize;
                if eq(self.fields[at].name, name) {
                    return Some(at);
                }
            }
        }
        let mut i = 0;
        while i < self.fields.len() {
            if eq(self.fields[i].name, name) {
                return Some(i);
            }
            i += 1;
        }
        None
    }

    /// The column of that name.
    #[must_use]
    pub const fn field(&self, name: &str) -> Option<&Field<'a>> {
        match self.position(name) {
            Some(i) => Some(&self.fields[i]),
            None => None,
        }
    }

    /// The position of the event time: the marked column, else the only `DateTime<Utc>`.
    #[must_use]
    pub const fn timestamp(&self) -> Option<usize> {
        let mut found = None;
        let mut candidates = 0;
        let mut i = 0;
        while i < self.fields.len() {
            if self.fields[i].timestamp {
                return Some(i);
            }
            if matches!(self.fields[i].ty, Type::Timestamp) {
                found = Some(i);
                candidates += 1;
            }
            i += 1;
        }
        if candidates == 1 { found } else { None }
    }

    /// Whether any column is a key.
    #[must_use]
    pub const fn is_keyed(&self) -> bool {
        let mut i = 0;
        while i < self.fields.len() {
            if self.fields[i].key {
                return true;
            }
            i += 1;
        }
        false
    }

    /// The key columns, in order.
    pub fn keys(&self) -> impl Iterator<Item = &'a Field<'a>> {
        self.fields.iter().filter(|field| field.key)
    }

    /// The columns that are neither key nor event time, in order.
    pub fn values(&self) -> impl Iterator<Item = &'a Field<'a>> {
        let timestamp = self.timestamp();
        let fields = self.fields.iter().enumerate();
        let values = fields.filter(move |(i, field)| !field.key && Some(*i) != timestamp);
        values.map(|(_, field)| field)
    }

    /// Appends the names of all columns.
    pub(crate) const fn list_columns(&self, mut message: Message) -> Message {
        let mut i = 0;
        while i < self.fields.len() {
            message = message.listed(i, self.fields.len(), self.fields[i].name);
            i += 1;
        }
        message
    }

    /// What is said of a name that is none of its columns.
    pub(crate) const fn no_column(&self, column: &str) -> Message {
        self.list_columns(
            Message::new("dataset ")
                .name(self.name)
                .text(" has no column ")
                .name(column)
                .text("; it has "),
        )
    }

    /// Checks that somebody owns it.
    ///
    /// # Errors
    ///
    /// No owner, or one that is not an e-mail address.
    pub const fn check_owner(&self) -> Check {
        if self.meta.owner.is_empty() {
            return Err(no_owner(self.name));
        }
        self.meta.check_owner()
    }

    /// Checks the version.
    ///
    /// # Errors
    ///
    /// Version 0.
    pub const fn check_version(&self) -> Check {
        if self.version == 0 {
            return Err(Message::new("version starts at 1"));
        }
        Ok(())
    }

    /// Checks how long rows are kept.
    ///
    /// # Errors
    ///
    /// No time at all.
    pub const fn check_history(&self) -> Check {
        if self.history.micros() == 0 {
            return Err(Message::new("history must be longer than nothing"));
        }
        Ok(())
    }

    /// Checks that what is indexed has keys.
    ///
    /// # Errors
    ///
    /// An index, and no key to look up.
    pub const fn check_index(&self) -> Check {
        if self.index.any() && !self.is_keyed() {
            return Err(
                Message::new("only keyed datasets can be indexed: mark a key of ")
                    .name(self.name)
                    .text(" `#[field(key)]`"),
            );
        }
        Ok(())
    }

    /// Checks that there is an event time at all; each candidate of several is reported by
    /// [`Dataset::check_field`].
    ///
    /// # Errors
    ///
    /// No column can be the event time.
    pub const fn check_timestamp(&self) -> Check {
        let mut i = 0;
        while i < self.fields.len() {
            if self.fields[i].timestamp || matches!(self.fields[i].ty, Type::Timestamp) {
                return Ok(());
            }
            i += 1;
        }
        Err(Message::new("")
            .name(self.name)
            .text(" has no event time: add a column of type `DateTime<Utc>`"))
    }

    /// Checks a column's name and its role: reserved and double names, several event times.
    ///
    /// # Errors
    ///
    /// What is wrong with the `i`th column.
    pub const fn check_field(&self, i: usize) -> Check {
        let field = &self.fields[i];
        let is_window = eq(field.name, "window") && field.ty.is_window();
        if (is_one_of(field.name, &RESERVED) && !is_window) || starts_with(field.name, "__fennel") {
            return Err(Message::new("the name ")
                .name(field.name)
                .text(" is reserved: rename the column"));
        }
        if !matches!(self.position(field.name), Some(first) if first == i) {
            return Err(Message::new("")
                .name(self.name)
                .text(" has two columns ")
                .name(field.name));
        }
        if field.erase_key && !field.key {
            return Err(Message::new(
                "an erase key is a key: write `#[field(key, erase_key)]`",
            ));
        }
        if field.timestamp && field.key {
            return Err(Message::new("the event time can't be a key"));
        }
        if field.meta.deleted || field.meta.deprecated {
            return Err(Message::new(
                "a column can't be deleted or deprecated: change the dataset under a higher version",
            ));
        }
        self.check_candidate(i)
    }

    /// Checks that the `i`th column is not one of several that could be the event time.
    const fn check_candidate(&self, i: usize) -> Check {
        if !self.fields[i].timestamp && !matches!(self.fields[i].ty, Type::Timestamp) {
            return Ok(());
        }
        let mut marked = 0;
        let mut candidates = 0;
        let mut j = 0;
        while j < self.fields.len() {
            marked += self.fields[j].timestamp as usize;
            candidates += matches!(self.fields[j].ty, Type::Timestamp) as usize;
            j += 1;
        }
        let field = &self.fields[i];
        if marked > 1 && field.timestamp {
            return Err(Message::new("")
                .name(self.name)
                .text(" marks several columns as its event time: it has one"));
        }
        if marked > 0 || !matches!(field.ty, Type::Timestamp) {
            return Ok(());
        }
        if candidates == 1 && field.key {
            return Err(Message::new(
                "the event time can't be a key: add another column of type `DateTime<Utc>` to ",
            )
            .name(self.name));
        }
        if candidates == 1 {
            return Ok(());
        }
        let message = Message::new("").name(self.name).text(" has ");
        let mut message = match candidates {
            2 => message.text("two"),
            _ => message.int(candidates as i64),
        }
        .text(" candidates for the event time, ");
        let mut shown = 0;
        let mut j = 0;
        while j < self.fields.len() {
            if matches!(self.fields[j].ty, Type::Timestamp) {
                message = match shown {
                    0 => message,
                    _ if shown + 1 == candidates => message.text(" and "),
                    _ => message.text(", "),
                }
                .name(self.fields[j].name);
                shown += 1;
            }
            j += 1;
        }
        Err(message.text(": mark one `#[field(timestamp)]`"))
    }

    /// Checks that a column's type suits its role.
    ///
    /// # Errors
    ///
    /// What is wrong with the type of the `i`th column.
    pub const fn check_type(&self, i: usize) -> Check {
        let field = &self.fields[i];
        if let Err(message) = field.ty.check() {
            return Err(message);
        }
        if field.key && field.ty.is_optional() {
            return Err(Message::new("a key cannot be optional: write ").ty(&field.ty.required()));
        }
        if field.key && !field.ty.can_be_key() {
            return Err(Message::new("")
                .ty(&field.ty)
                .text(" cannot be a key: it has no exact equality"));
        }
        if field.timestamp && !matches!(field.ty, Type::Timestamp) {
            return Err(Message::new("the event time ")
                .member(self.name, field.name)
                .text(" must be a `DateTime<Utc>`, not ")
                .ty(&field.ty));
        }
        Ok(())
    }
}

/// Checks a text as a history: what [`Dataset::check_history`] checks, and that it is a duration.
///
/// # Errors
///
/// The text is no duration, or none that is longer than nothing.
pub const fn check_history(text: &str) -> Check {
    match Duration::parse(text) {
        Ok(history) if history.micros() == 0 => {
            Err(Message::new("history must be longer than nothing"))
        }
        Ok(_) => Ok(()),
        Err(message) => Err(message),
    }
}

/// What an entity without an owner is told.
pub(crate) const fn no_owner(name: &str) -> Message {
    Message::new("").name(name).text(
        " has no owner: add `#[meta(owner = \"…\")]`, or `fennel::owner!(\"…\")` once for the module",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn index_forms_mean_what_the_reference_says() {
        let of = |index, online, offline| {
            let Index { online, offline } = Index::of(index, online, offline);
            (online, offline)
        };
        assert_eq!(of(true, None, None), (true, true));
        assert_eq!(of(true, None, Some(false)), (true, false));
        assert_eq!(of(true, Some(false), None), (false, true));
        assert_eq!(of(true, Some(false), Some(false)), (false, false));
        assert_eq!(of(false, Some(true), None), (true, false));
        assert_eq!(of(false, None, Some(true)), (false, true));
        assert_eq!(of(false, None, None), (false, false));
        assert!(Index::check(true, Some(true), None).is_err());
        assert!(Index::check(false, Some(true), Some(true)).is_err());
        assert!(Index::check(true, Some(false), Some(false)).is_ok());
    }
}
