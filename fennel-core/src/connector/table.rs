//! Tables of databases and warehouses: polled, with a cursor.

use super::Setting;
use super::account::{of, unnamed};
use crate::entity::Cdc;
use crate::message::{Check, Message};

/// A table of an outside system, and the builder that names it.
macro_rules! table {
    (
        $(#[$doc:meta])*
        $table:ident of $system:ident, named by $name:ident, as $example:literal, key $key:literal, sinks $sinks:ident
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub struct $table<'a> {
            /// The system that it is in.
            pub system: $system<'a>,
            /// Its name.
            pub table: &'a str,
            /// The column that grows with each change, by which new rows are found.
            pub cursor: Option<&'a str>,
        }

        impl<'a> $system<'a> {
            #[doc = concat!("One of its ", stringify!($name), "s.")]
            #[must_use]
            pub const fn $name(&self, $name: &'a str) -> $table<'a> {
                $table {
                    system: *self,
                    table: $name,
                    cursor: None,
                }
            }

            #[doc = concat!("The system without a ", stringify!($name), ", which checks refuse with what to write.")]
            #[must_use]
            pub const fn connector(self) -> $crate::connector::Connector<'a> {
                self.$name("").connector()
            }
        }

        impl<'a> $table<'a> {
            pub(super) const TRAITS: $crate::connector::Traits = $crate::connector::Traits {
                key: $key,
                label: $system::LABEL,
                polled: true,
                sink: $crate::connector::SinkKind::$sinks,
            };

            /// The column that grows with each change, by which new rows are found. It need not be
            /// a column of the dataset.
            #[must_use]
            pub const fn cursor(mut self, column: &'a str) -> Self {
                self.cursor = Some(column);
                self
            }

            pub(super) const fn cursor_column(&self) -> Option<&'a str> {
                self.cursor
            }

            pub(super) const fn name(&self) -> &'a str {
                self.system.name
            }

            pub(super) fn settings(&self) -> Vec<$crate::connector::Setting<'a>> {
                self.system.settings()
            }

            pub(super) fn facts(&self) -> Vec<$crate::connector::Setting<'a>> {
                $crate::connector::table::facts(stringify!($name), self.table, self.cursor)
            }

            pub(super) const fn check_account(&self) -> $crate::message::Check {
                self.system.check()
            }

            pub(super) const fn check(&self) -> $crate::message::Check {
                $crate::connector::table::check($system::LABEL, self.system.name, concat!(stringify!($name), "s"), $example, self.table)
            }

            pub(super) const fn check_source(&self) -> $crate::message::Check {
                if self.table.is_empty() {
                    return Ok(());
                }
                $crate::connector::table::check_cursor($system::LABEL, self.system.name, self.cursor)
            }

            pub(super) const fn check_sink(&self) -> $crate::message::Check {
                $crate::connector::table::check_sink($system::LABEL, self.cursor)
            }

            pub(super) const fn check_cdc(&self, cdc: $crate::entity::Cdc) -> $crate::message::Check {
                $crate::connector::table::check_cdc($system::LABEL, cdc)
            }

            pub(super) const fn check_nested(&self) -> $crate::message::Check {
                Err($crate::message::Message::new($system::LABEL)
                    .text(" sources are read column by column, and columns have no parts: name a whole column"))
            }
        }
    };
}
pub(super) use table;

pub(super) fn facts<'a>(what: &'static str, table: &str, cursor: Option<&str>) -> Vec<Setting<'a>> {
    let mut facts = vec![Setting::content(what, table)];
    facts.extend(cursor.map(|cursor| Setting::content("cursor", cursor)));
    facts
}

pub(super) const fn check(
    label: &str,
    system: &str,
    tables: &str,
    example: &str,
    table: &str,
) -> Check {
    if table.is_empty() {
        return Err(unnamed(label, system, tables, example));
    }
    Ok(())
}

pub(super) const fn check_cursor(label: &str, system: &str, cursor: Option<&str>) -> Check {
    match cursor {
        Some(cursor) if !cursor.is_empty() => Ok(()),
        _ => Err(of(label, system).text(
            " is read by a cursor: name the column that grows with each change, as in `cursor = \"updated_at\"`",
        )),
    }
}

pub(super) const fn check_sink(label: &str, cursor: Option<&str>) -> Check {
    match cursor {
        None => Ok(()),
        Some(_) => Err(Message::new(
            "a cursor is for reading, and rows are written here: leave `cursor` out of the sink to ",
        )
        .text(label)),
    }
}

pub(super) const fn check_cdc(label: &str, cdc: Cdc) -> Check {
    match cdc {
        Cdc::Append | Cdc::Upsert => Ok(()),
        Cdc::Debezium => Err(no_debezium(label)),
        Cdc::Native => Err(no_feed(label)),
    }
}

pub(super) const fn no_debezium(label: &str) -> Message {
    Message::new(label)
        .text(" sources carry no Debezium envelope: write `cdc = append` or `cdc = upsert`")
}

pub(super) const fn no_feed(label: &str) -> Message {
    Message::new(label)
        .text(" sources have no change feed of their own: write `cdc = append` or `cdc = upsert`")
}
