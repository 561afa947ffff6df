//! MySQL: tables of a database.

use super::account::account;
use super::read::{another, read_secret, write_needed};
use super::table::table;
use super::{Connector, Decoded, Reader, Secret, Variables};
use crate::message::Check;
use crate::wire::proto::connector::my_sql::{PasswordVariant, UsernameVariant};
use crate::wire::proto::connector::{self as proto, ExtDatabase, ext_database};

account! {
    /// A database of MySQL, with its tables.
    ///
    /// ```
    /// use fennel_core::connector::{MySql, Secret};
    ///
    /// static SHOP: MySql = MySql::new("shop")
    ///     .host("db.internal")
    ///     .database("shop")
    ///     .username(Secret::env("DB_USER"))
    ///     .password(Secret::env("DB_PASSWORD"));
    ///
    /// let users = SHOP.table("users").cursor("updated_at");
    /// ```
    MySql is "MySQL" {
        /// The host, without a port.
        required_content host: &'a str = "",
        /// The port; 3306 unless it is set.
        content port: u32 = 3306,
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
    /// One table of a database of MySQL.
    MySqlTable of MySql, named by table, as ".table(\"users\", cursor = \"updated_at\")", key "mysql", sinks Never
}

impl<'a> MySql<'a> {
    const fn check(&self) -> Check {
        self.check_settings()
    }
}

impl<'a> MySqlTable<'a> {
    /// The table as a source's connector.
    #[must_use]
    pub const fn connector(self) -> Connector<'a> {
        Connector::MySql(self)
    }

    pub(super) fn database(&self, variables: &Variables) -> ext_database::Variant {
        let system = &self.system;
        ext_database::Variant::Mysql(proto::MySql {
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

    pub(super) fn table(&self, db: Option<ExtDatabase>, _: &Variables) -> proto::MySqlTable {
        proto::MySqlTable {
            db,
            table_name: self.table.into(),
        }
    }

    pub(super) fn read(reader: Reader<'a>, table: &proto::MySqlTable) -> Decoded<Self> {
        let (name, settings) = reader.system(table.db.as_ref())?;
        let system = match settings {
            None => MySql::get(name),
            Some(ext_database::Variant::Mysql(database)) => MySql {
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
                ..MySql::new(name)
            },
            Some(_) => return another("a table of MySQL", name),
        };
        Ok(MySqlTable {
            system,
            table: reader.text(&table.table_name),
            cursor: reader.cursor,
        })
    }
}
