//! Snowflake: tables of a database.

use super::account::account;
use super::read::{another, read_secret, write_needed};
use super::table::table;
use super::{Connector, Decoded, Reader, Variables};
use crate::message::Check;
use crate::wire::proto::connector::snowflake::{PasswordVariant, UsernameVariant};
use crate::wire::proto::connector::{self as proto, ExtDatabase, ext_database};

account! {
    /// A database of Snowflake, with its tables.
    ///
    /// ```
    /// use fennel_core::connector::{Secret, Snowflake};
    ///
    /// static SHOP: Snowflake = Snowflake::new("shop")
    ///     .account("ab12345.eu-west-1")
    ///     .database("shop")
    ///     .warehouse("SMALL")
    ///     .schema("PUBLIC")
    ///     .role("READER")
    ///     .username(Secret::env("DB_USER"))
    ///     .password(Secret::env("DB_PASSWORD"));
    ///
    /// let users = SHOP.table("users").cursor("updated_at");
    /// ```
    Snowflake is "Snowflake" {
        /// The account's identifier, such as `ab12345.eu-west-1`.
        required_content account: &'a str = "",
        /// The database.
        required_content database: &'a str = "",
        /// The warehouse that does the work.
        required_access warehouse: &'a str = "",
        /// The schema of the tables.
        required_content schema: &'a str = "",
        /// The role to take on.
        required_access role: &'a str = "",
    }
    secrets {
        /// The user to log in as.
        required username,
        /// The user's password.
        required password,
    }
}

table! {
    /// One table of a database of Snowflake.
    SnowflakeTable of Snowflake, named by table, as ".table(\"USERS\", cursor = \"UPDATED_AT\")", key "snowflake", sinks Batches
}

impl<'a> Snowflake<'a> {
    const fn check(&self) -> Check {
        self.check_settings()
    }
}

impl<'a> SnowflakeTable<'a> {
    /// The table as a connector.
    #[must_use]
    pub const fn connector(self) -> Connector<'a> {
        Connector::Snowflake(self)
    }

    pub(super) fn database(&self, variables: &Variables) -> ext_database::Variant {
        let system = &self.system;
        ext_database::Variant::Snowflake(proto::Snowflake {
            account: system.account.into(),
            database: system.database.into(),
            warehouse: system.warehouse.into(),
            schema: system.schema.into(),
            role: system.role.into(),
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

    pub(super) fn table(&self, db: Option<ExtDatabase>, _: &Variables) -> proto::SnowflakeTable {
        proto::SnowflakeTable {
            db,
            table_name: self.table.into(),
        }
    }

    pub(super) fn read(reader: Reader<'a>, table: &proto::SnowflakeTable) -> Decoded<Self> {
        let (name, settings) = reader.system(table.db.as_ref())?;
        let system = match settings {
            None => Snowflake::get(name),
            Some(ext_database::Variant::Snowflake(database)) => Snowflake {
                elsewhere: database.account.is_empty(),
                account: reader.text(&database.account),
                database: reader.text(&database.database),
                warehouse: reader.text(&database.warehouse),
                schema: reader.text(&database.schema),
                role: reader.text(&database.role),
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
                ..Snowflake::new(name)
            },
            Some(_) => return another("a table of Snowflake", name),
        };
        Ok(SnowflakeTable {
            system,
            table: reader.text(&table.table_name),
            cursor: reader.cursor,
        })
    }
}
