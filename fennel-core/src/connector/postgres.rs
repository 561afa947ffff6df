//! Postgres: tables of a database.

use super::account::account;
use super::read::{another, read_secret, write_needed};
use super::table::table;
use super::{Connector, Decoded, Reader, Secret, Variables};
use crate::message::Check;
use crate::wire::proto::connector::postgres::{PasswordVariant, UsernameVariant};
use crate::wire::proto::connector::{self as proto, ExtDatabase, ext_database};

account! {
    /// A database of Postgres, with its tables.
    ///
    /// ```
    /// use fennel_core::connector::{Postgres, Secret};
    ///
    /// static SHOP: Postgres = Postgres::new("shop")
    ///     .host("db.internal")
    ///     .database("shop")
    ///     .username(Secret::env("DB_USER"))
    ///     .password(Secret::env("DB_PASSWORD"));
    ///
    /// let users = SHOP.table("users").cursor("updated_at");
    /// ```
    Postgres is "Postgres" {
        /// The host, without a port.
        required_content host: &'a str = "",
        /// The port; 5432 unless it is set.
        content port: u32 = 5432,
        /// The database.
        required_content database: &'a str = "",
    }
    secrets {
        /// The user to log in as.
        required username,
        /// The user's password.
        required password,
    }
    hidden {
        /// Further parameters of the connection, as in `key=value&key=value`.
        jdbc_params,
    }
}

table! {
    /// One table of a database of Postgres.
    PostgresTable of Postgres, named by table, as ".table(\"users\", cursor = \"updated_at\")", key "postgres", sinks Never
}

impl<'a> Postgres<'a> {
    const fn check(&self) -> Check {
        self.check_settings()
    }
}

impl<'a> PostgresTable<'a> {
    /// The table as a source's connector.
    #[must_use]
    pub const fn connector(self) -> Connector<'a> {
        Connector::Postgres(self)
    }

    pub(super) fn database(&self, variables: &Variables) -> ext_database::Variant {
        let system = &self.system;
        ext_database::Variant::Postgres(proto::Postgres {
            host: system.host.into(),
            database: system.database.into(),
            port: system.port,
            jdbc_params: system
                .jdbc_params
                .and_then(|params| params.text())
                .unwrap_or_default()
                .into(),
            username_variant: write_needed(
                system.username,
                variables,
                UsernameVariant::User,
                UsernameVariant::UsernameSecret,
            ),
            password_variant: write_needed(
                system.password,
                variables,
                PasswordVariant::Password,
                PasswordVariant::PasswordSecret,
            ),
        })
    }

    pub(super) fn table(&self, db: Option<ExtDatabase>, _: &Variables) -> proto::PostgresTable {
        proto::PostgresTable {
            db,
            table_name: self.table.into(),
            slot_name: None,
        }
    }

    pub(super) fn read(reader: Reader<'a>, table: &proto::PostgresTable) -> Decoded<Self> {
        let (name, settings) = reader.system(table.db.as_ref())?;
        let system = match settings {
            None => Postgres::get(name),
            Some(ext_database::Variant::Postgres(database)) => Postgres {
                elsewhere: database.host.is_empty(),
                host: reader.text(&database.host),
                port: database.port,
                database: reader.text(&database.database),
                username: read_secret!(
                    reader,
                    database.username_variant,
                    UsernameVariant::{User, UsernameSecret}
                ),
                password: read_secret!(
                    reader,
                    database.password_variant,
                    PasswordVariant::{Password, PasswordSecret}
                ),
                jdbc_params: (!database.jdbc_params.is_empty())
                    .then(|| Secret::plain(reader.text(&database.jdbc_params))),
                ..Postgres::new(name)
            },
            Some(_) => return another("a table of Postgres", name),
        };
        if table.slot_name.is_some() {
            return Err(format!(
                "a replication slot is out of use: read `{}` by its cursor",
                table.table_name
            ));
        }
        Ok(PostgresTable {
            system,
            table: reader.text(&table.table_name),
            cursor: reader.cursor,
        })
    }
}
