//! Mongo: collections of a database.

use super::account::account;
use super::read::{another, read_secret, write_needed};
use super::table::table;
use super::{Connector, Decoded, Reader, Variables};
use crate::message::Check;
use crate::wire::proto::connector::mongo::{PasswordVariant, UsernameVariant};
use crate::wire::proto::connector::{self as proto, ExtDatabase, ext_database};

account! {
    /// A database of Mongo, with its collections.
    ///
    /// ```
    /// use fennel_core::connector::{Secret, Mongo};
    ///
    /// static SHOP: Mongo = Mongo::new("shop")
    ///     .host("db.internal")
    ///     .database("shop")
    ///     .username(Secret::env("DB_USER"))
    ///     .password(Secret::env("DB_PASSWORD"));
    ///
    /// let users = SHOP.collection("users").cursor("updated_at");
    /// ```
    Mongo is "Mongo" {
        /// The host of an SRV record, without credentials.
        required_content host: &'a str = "",
        /// The database.
        required_content database: &'a str = "",
    }
    secrets {
        /// The user to log in as.
        required username,
        /// The user's password.
        required password,
    }
}

table! {
    /// One collection of a database of Mongo.
    MongoCollection of Mongo, named by collection, as ".collection(\"users\", cursor = \"updated_at\")", key "mongo", sinks Never
}

impl<'a> Mongo<'a> {
    const fn check(&self) -> Check {
        self.check_settings()
    }
}

impl<'a> MongoCollection<'a> {
    /// The collection as a connector.
    #[must_use]
    pub const fn connector(self) -> Connector<'a> {
        Connector::Mongo(self)
    }

    pub(super) fn database(&self, variables: &Variables) -> ext_database::Variant {
        let system = &self.system;
        ext_database::Variant::Mongo(proto::Mongo {
            host: system.host.into(),
            database: system.database.into(),
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

    pub(super) fn table(&self, db: Option<ExtDatabase>, _: &Variables) -> proto::MongoCollection {
        proto::MongoCollection {
            db,
            collection_name: self.table.into(),
        }
    }

    pub(super) fn read(reader: Reader<'a>, table: &proto::MongoCollection) -> Decoded<Self> {
        let (name, settings) = reader.system(table.db.as_ref())?;
        let system = match settings {
            None => Mongo::get(name),
            Some(ext_database::Variant::Mongo(database)) => Mongo {
                elsewhere: database.host.is_empty(),
                host: reader.text(&database.host),
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
                ..Mongo::new(name)
            },
            Some(_) => return another("a collection of Mongo", name),
        };
        Ok(MongoCollection {
            system,
            table: reader.text(&table.collection_name),
            cursor: reader.cursor,
        })
    }
}
