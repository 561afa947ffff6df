//! The columns of a pipeline's step.

use crate::entity::Dataset;
use crate::flow::Mistakes;
use crate::message::Message;
use crate::text::{digest, eq};
use crate::ty::Computed;

/// The most columns between two operators. A schema is computed inside rustc, where nothing grows.
pub const MAX_COLUMNS: usize = 256;

/// Keys, values and the event time of one step's rows: the keys first, then the values.
#[derive(Clone, Copy, Debug)]
pub struct Schema<'a> {
    /// The first `len` are there.
    columns: [Option<Column<'a>>; MAX_COLUMNS],
    /// The digests of their names.
    digests: [u64; MAX_COLUMNS],
    /// A bit for each digest that was ever there: most names that are looked for in vain have none.
    seen: u64,
    keys: usize,
    len: usize,
    timestamp: &'a str,
    /// The dataset that the first of the rows are of.
    origin: &'a str,
    terminal: bool,
    decays: bool,
    /// Whether this step is wrong, and whether one before it is.
    wrong: bool,
    open: bool,
}

/// One column.
#[derive(Clone, Copy, Debug)]
pub struct Column<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its type.
    pub ty: Computed<'a>,
    /// The token of the pipeline that made it; 0 where it comes from an input.
    pub site: u32,
}

/// What a column is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Part of the key.
    Key,
    /// Neither key nor event time.
    Value,
    /// The event time.
    Timestamp,
}

impl<'a> Schema<'a> {
    /// No columns but the event time.
    #[must_use]
    pub const fn new(timestamp: &'a str) -> Self {
        Schema {
            columns: [None; MAX_COLUMNS],
            digests: [0; MAX_COLUMNS],
            seen: 0,
            keys: 0,
            len: 0,
            timestamp,
            origin: "",
            terminal: false,
            decays: false,
            wrong: false,
            open: false,
        }
    }

    /// The event time and the origin of these rows, and no other columns.
    pub(crate) const fn empty(&self) -> Self {
        let mut schema = Schema::new(self.timestamp);
        schema.origin = self.origin;
        schema.wrong = self.wrong;
        schema.open = self.open;
        schema
    }

    /// The same columns, of the dataset of that name.
    #[cfg(test)]
    pub(crate) const fn originating(mut self, origin: &'a str) -> Self {
        self.origin = origin;
        self
    }

    /// The columns of a dataset; those beyond [`MAX_COLUMNS`] are left out, and a pipeline that takes
    /// such a dataset is refused.
    #[must_use]
    pub const fn of(dataset: &Dataset<'a>) -> Self {
        let timestamp = dataset.timestamp();
        let mut schema = Schema::new(match timestamp {
            Some(i) => dataset.fields[i].name,
            None => "",
        });
        schema.origin = dataset.name;
        let mut i = 0;
        while i < dataset.fields.len() {
            if dataset.fields[i].key {
                schema.push(dataset.fields[i].name, Computed::of(&dataset.fields[i].ty));
                schema.keys = schema.len;
            }
            i += 1;
        }
        let mut i = 0;
        while i < dataset.fields.len() {
            let is_timestamp = matches!(timestamp, Some(t) if t == i);
            if !dataset.fields[i].key && !is_timestamp {
                schema.push(dataset.fields[i].name, Computed::of(&dataset.fields[i].ty));
            }
            i += 1;
        }
        schema
    }

    /// Adds a value column; whether there was room.
    pub const fn push(&mut self, name: &'a str, ty: Computed<'a>) -> bool {
        self.push_column(Column { name, ty, site: 0 })
    }

    /// Adds a value column that a token of the pipeline made; whether there was room.
    pub const fn push_column(&mut self, column: Column<'a>) -> bool {
        if self.len >= MAX_COLUMNS {
            return false;
        }
        self.set(self.len, column);
        self.len += 1;
        true
    }

    /// Adds a key column behind the other keys, before any value.
    pub const fn push_key(&mut self, name: &'a str, ty: Computed<'a>) -> bool {
        let added = self.push(name, ty);
        self.keys = self.len;
        added
    }

    /// How many keys and values there are.
    #[must_use]
    pub const fn columns(&self) -> usize {
        self.len
    }

    /// How many keys there are.
    #[must_use]
    pub const fn keys(&self) -> usize {
        self.keys
    }

    /// The name of the event time.
    #[must_use]
    pub const fn timestamp(&self) -> &'a str {
        self.timestamp
    }

    /// The dataset that the rows come from, the left one of several.
    #[must_use]
    pub const fn origin(&self) -> &'a str {
        self.origin
    }

    /// Gives the event time another name.
    pub const fn rename_timestamp(&mut self, name: &'a str) {
        self.timestamp = name;
    }

    /// The `i`th column, keys first.
    #[must_use]
    pub const fn get(&self, i: usize) -> Column<'a> {
        match self.columns[i] {
            Some(column) => column,
            None => Column {
                name: "",
                ty: Computed::UNKNOWN,
                site: 0,
            },
        }
    }

    /// Changes the `i`th column.
    pub const fn set(&mut self, i: usize, column: Column<'a>) {
        let digest = digest(column.name);
        self.columns[i] = Some(column);
        self.digests[i] = digest;
        self.seen |= 1 << (digest % 61);
    }

    /// Removes the `i`th column.
    pub const fn remove(&mut self, i: usize) {
        let mut k = i;
        while k + 1 < self.len {
            self.columns[k] = self.columns[k + 1];
            self.digests[k] = self.digests[k + 1];
            k += 1;
        }
        self.len -= 1;
        self.columns[self.len] = None;
        if i < self.keys {
            self.keys -= 1;
        }
    }

    /// Whether nothing can follow: the rows are computed when they are read.
    #[must_use]
    pub const fn is_terminal(&self) -> bool {
        self.terminal
    }

    /// Whether that is since a sum decays, which nothing can change.
    pub(crate) const fn decays(&self) -> bool {
        self.decays
    }

    /// Lets nothing follow.
    pub const fn close(&mut self, decays: bool) {
        self.terminal = true;
        self.decays = decays;
    }

    /// Notes that this step is wrong in a way that leaves its columns open.
    pub(crate) const fn spoil(&mut self) {
        self.wrong = true;
    }

    /// Whether this step was found wrong.
    pub(crate) const fn is_spoilt(&self) -> bool {
        self.wrong
    }

    /// Ends a step: behind a wrong one, columns may be missing or too many, and that is not judged,
    /// so that one mistake is one error.
    pub(crate) const fn settle(&mut self) {
        self.open |= self.wrong;
        self.wrong = false;
    }

    /// Whether columns may be missing or too many, since a step before is wrong.
    pub(crate) const fn is_open(&self) -> bool {
        self.open
    }

    /// Lets operators follow again, after it was noted that none can.
    pub(crate) const fn reopen(&mut self) {
        self.terminal = false;
    }

    /// Makes all keys values.
    pub const fn drop_keys(&mut self) {
        self.keys = 0;
    }

    /// The position of a key or value.
    #[must_use]
    pub const fn position(&self, name: &str) -> Option<usize> {
        let digest = digest(name);
        if self.seen & (1 << (digest % 61)) == 0 {
            return None;
        }
        let mut i = 0;
        while i < self.len {
            if self.digests[i] == digest
                && let Some(column) = &self.columns[i]
                && eq(column.name, name)
            {
                return Some(i);
            }
            i += 1;
        }
        None
    }

    /// The position of a key or value that is probably the `near`th: const evaluation pays for every
    /// name that is compared.
    pub(crate) const fn position_near(&self, name: &str, near: usize) -> Option<usize> {
        if near < self.len && eq(self.get(near).name, name) {
            return Some(near);
        }
        self.position(name)
    }

    /// The column of that name, the event time too.
    #[must_use]
    pub const fn column(&self, name: &str) -> Option<Column<'a>> {
        match self.position(name) {
            Some(i) => self.columns[i],
            None if eq(self.timestamp, name) => Some(Column {
                name: self.timestamp,
                ty: Computed::TIMESTAMP,
                site: 0,
            }),
            None => None,
        }
    }

    /// What the column of that name is for.
    #[must_use]
    pub const fn role(&self, name: &str) -> Option<Role> {
        match self.position(name) {
            Some(i) if i < self.keys => Some(Role::Key),
            Some(_) => Some(Role::Value),
            None if eq(self.timestamp, name) => Some(Role::Timestamp),
            None => None,
        }
    }

    /// How many names there are, the event time's too.
    pub(crate) const fn len(&self) -> usize {
        self.len + !self.timestamp.is_empty() as usize
    }

    /// The `i`th name; the event time's is the last.
    pub(crate) const fn name_at(&self, i: usize) -> &'a str {
        if i < self.len {
            self.get(i).name
        } else {
            self.timestamp
        }
    }

    /// Appends the names from `from` on to `to`.
    pub(crate) const fn list(&self, from: usize, to: usize, mut message: Message) -> Message {
        let mut i = from;
        while i < to {
            message = message.listed(i - from, to - from, self.name_at(i));
            i += 1;
        }
        message
    }

    /// Notes that there is no column of that name, unless a step before may have lost it.
    pub(crate) const fn missing(&mut self, name: &str, site: u32, mistakes: &mut Mistakes) {
        if !self.open {
            mistakes.push(site, self.no_column(name));
        }
        self.spoil();
    }

    /// "there is no column `x`", with what there is.
    pub(crate) const fn no_column(&self, name: &str) -> Message {
        let message = Message::new("there is no column ").name(name);
        let mut i = 0;
        while i < self.len() {
            if crate::text::closest(self.name_at(i), name) {
                return message
                    .text("; did you mean ")
                    .name(self.name_at(i))
                    .text("?");
            }
            i += 1;
        }
        self.list(0, self.len(), message.text("; there is "))
    }
}
