//! BigQuery: tables of a dataset.

use super::account::account;
use super::read::{another, read_secret, write_needed};
use super::table::table;
use super::{Connector, Decoded, Reader, Variables};
use crate::message::Check;
use crate::wire::proto::connector::bigquery::ServiceAccountKeyVariant;
use crate::wire::proto::connector::{self as proto, ExtDatabase, ext_database};

account! {
    /// A dataset of BigQuery, with its tables.
    ///
    /// ```
    /// use fennel_core::connector::{BigQuery, Secret};
    ///
    /// static ANALYTICS: BigQuery = BigQuery::new("analytics")
    ///     .project_id("shop-prod")
    ///     .dataset_id("analytics")
    ///     .service_account_key(Secret::env("BIGQUERY_KEY"));
    ///
    /// let sessions = ANALYTICS.table("sessions").cursor("updated_at");
    /// ```
    BigQuery is "BigQuery" {
        /// The project.
        required_content project_id: &'a str = "",
        /// The dataset, which is BigQuery's word for a schema.
        required_content dataset_id: &'a str = "",
    }
    secrets {
        /// The JSON text of a service account's key.
        required service_account_key,
    }
}

table! {
    /// One table of a dataset of BigQuery.
    BigQueryTable of BigQuery, named by table, as ".table(\"users\", cursor = \"updated_at\")", key "bigquery", sinks Never
}

impl<'a> BigQuery<'a> {
    const fn check(&self) -> Check {
        self.check_settings()
    }
}

impl<'a> BigQueryTable<'a> {
    /// The table as a source's connector.
    #[must_use]
    pub const fn connector(self) -> Connector<'a> {
        Connector::BigQuery(self)
    }

    pub(super) fn database(&self, variables: &Variables) -> ext_database::Variant {
        let system = &self.system;
        ext_database::Variant::Bigquery(proto::Bigquery {
            dataset_id: system.dataset_id.into(),
            project_id: system.project_id.into(),
            service_account_key_variant: write_needed(
                system.service_account_key,
                variables,
                ServiceAccountKeyVariant::ServiceAccountKey,
                ServiceAccountKeyVariant::ServiceAccountKeySecret,
            ),
        })
    }

    pub(super) fn table(&self, db: Option<ExtDatabase>, _: &Variables) -> proto::BigqueryTable {
        proto::BigqueryTable {
            db,
            table_name: self.table.into(),
        }
    }

    pub(super) fn read(reader: Reader<'a>, table: &proto::BigqueryTable) -> Decoded<Self> {
        let (name, settings) = reader.system(table.db.as_ref())?;
        let system = match settings {
            None => BigQuery::get(name),
            Some(ext_database::Variant::Bigquery(database)) => BigQuery {
                elsewhere: database.project_id.is_empty(),
                project_id: reader.text(&database.project_id),
                dataset_id: reader.text(&database.dataset_id),
                service_account_key: read_secret!(
                    reader,
                    database.service_account_key_variant,
                    ServiceAccountKeyVariant::{ServiceAccountKey, ServiceAccountKeySecret}
                ),
                ..BigQuery::new(name)
            },
            Some(_) => return another("a table of BigQuery", name),
        };
        Ok(BigQueryTable {
            system,
            table: reader.text(&table.table_name),
            cursor: reader.cursor,
        })
    }
}
