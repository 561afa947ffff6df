//! Redshift: tables of a cluster.

use super::account::{account, check_pair, of};
use super::read::{another, read_secret, write_needed};
use super::table::table;
use super::{Connector, Decoded, Reader, Variables};
use crate::message::{Check, ensure};
use crate::wire::proto::connector::credentials::{PasswordVariant, UsernameVariant};
use crate::wire::proto::connector::redshift_authentication::Variant;
use crate::wire::proto::connector::{self as proto, ExtDatabase, ext_database};

account! {
    /// A database of Redshift, with its tables. It is entered by a role, or by a username and a
    /// password.
    ///
    /// ```
    /// use fennel_core::connector::Redshift;
    ///
    /// static WAREHOUSE: Redshift = Redshift::new("warehouse")
    ///     .host("red.example.com")
    ///     .database("dev")
    ///     .schema("public")
    ///     .s3_access_role_arn("arn:aws:iam::1:role/redshift");
    ///
    /// let shipments = WAREHOUSE.table("shipments").cursor("updated_at");
    /// ```
    Redshift is "Redshift" {
        /// The host, without a port.
        required_content host: &'a str = "",
        /// The port; 5439 unless it is set.
        content port: u32 = 5439,
        /// The database.
        required_content database: &'a str = "",
        /// The schema of the tables.
        required_content schema: &'a str = "",
        /// The role to take on, instead of a login.
        access s3_access_role_arn: &'a str = "",
    }
    secrets {
        /// The user to log in as.
        optional username,
        /// The user's password.
        optional password,
    }
}

table! {
    /// One table of a database of Redshift.
    RedshiftTable of Redshift, named by table, as ".table(\"users\", cursor = \"updated_at\")", key "redshift", sinks Never
}

impl<'a> Redshift<'a> {
    const fn check(&self) -> Check {
        ensure!(self.check_settings());
        let has_role = !self.s3_access_role_arn.is_empty();
        let logs_in = self.username.is_some() || self.password.is_some();
        if has_role && logs_in {
            return Err(of(Self::LABEL, self.name).text(
                " has two ways in: give `.s3_access_role_arn(..)`, or the username and the password",
            ));
        }
        if !has_role && !logs_in && !self.elsewhere {
            return Err(of(Self::LABEL, self.name).text(
                " needs a way in: give `.s3_access_role_arn(..)`, or `.username(..)` and `.password(..)`",
            ));
        }
        check_pair(
            Self::LABEL,
            self.name,
            ("username", &self.username),
            ("password", &self.password),
        )
    }
}

impl<'a> RedshiftTable<'a> {
    /// The table as a source's connector.
    #[must_use]
    pub const fn connector(self) -> Connector<'a> {
        Connector::Redshift(self)
    }

    pub(super) fn database(&self, variables: &Variables) -> ext_database::Variant {
        let system = &self.system;
        let variant = if system.s3_access_role_arn.is_empty() {
            Variant::Credentials(proto::Credentials {
                username_variant: write_needed(
                    system.username,
                    variables,
                    UsernameVariant::Username,
                    UsernameVariant::UsernameSecret,
                ),
                password_variant: write_needed(
                    system.password,
                    variables,
                    PasswordVariant::Password,
                    PasswordVariant::PasswordSecret,
                ),
            })
        } else {
            Variant::S3AccessRoleArn(system.s3_access_role_arn.into())
        };
        ext_database::Variant::Redshift(proto::Redshift {
            database: system.database.into(),
            host: system.host.into(),
            port: system.port,
            schema: system.schema.into(),
            redshift_authentication: Some(proto::RedshiftAuthentication {
                variant: Some(variant),
            }),
        })
    }

    pub(super) fn table(&self, db: Option<ExtDatabase>, _: &Variables) -> proto::RedshiftTable {
        proto::RedshiftTable {
            db,
            table_name: self.table.into(),
        }
    }

    pub(super) fn read(reader: Reader<'a>, table: &proto::RedshiftTable) -> Decoded<Self> {
        let (name, settings) = reader.system(table.db.as_ref())?;
        let system = match settings {
            None => Redshift::get(name),
            Some(ext_database::Variant::Redshift(database)) => {
                read_redshift(reader, name, database)
            }
            Some(_) => return another("a table of Redshift", name),
        };
        Ok(RedshiftTable {
            system,
            table: reader.text(&table.table_name),
            cursor: reader.cursor,
        })
    }
}

fn read_redshift<'a>(
    reader: Reader<'a>,
    name: &'a str,
    database: &proto::Redshift,
) -> Redshift<'a> {
    let read = Redshift {
        elsewhere: database.host.is_empty(),
        host: reader.text(&database.host),
        port: database.port,
        database: reader.text(&database.database),
        schema: reader.text(&database.schema),
        ..Redshift::new(name)
    };
    let login = database.redshift_authentication.as_ref();
    match login.and_then(|login| login.variant.as_ref()) {
        None => read,
        Some(Variant::S3AccessRoleArn(role)) => read.s3_access_role_arn(reader.text(role)),
        Some(Variant::Credentials(credentials)) => Redshift {
            username: read_secret!(
                reader,
                credentials.username_variant,
                UsernameVariant::{Username, UsernameSecret}
            ),
            password: read_secret!(
                reader,
                credentials.password_variant,
                PasswordVariant::{Password, PasswordSecret}
            ),
            ..read
        },
    }
}
