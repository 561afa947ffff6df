//! Which secrets of the server definitions name.

use std::collections::BTreeSet;

use bumpalo::Bump;
use fennel_core::catalog::selected_connectors;
use fennel_core::entity::Descriptor;
use fennel_core::wire::decode;
use fennel_core::wire::proto::services::SyncRequest;
use fennel_core::{Problem, Problems};

use super::Secrets;
use crate::Error;
use crate::error::Failure;

impl Secrets {
    /// Refuses definitions whose connectors name secrets that this server doesn't have: those in places that are no ARN,
    /// for these are the names of its own. Definitions that can't be read are left to the engine.
    pub(crate) fn check_named(&self, request: &SyncRequest) -> Result<(), Failure> {
        let arena = Bump::new();
        let Ok(catalog) = decode(&arena, request) else {
            return Ok(());
        };
        let mut problems = Vec::new();
        for dataset in catalog.datasets() {
            let mut told = BTreeSet::new();
            for connector in selected_connectors(dataset, None) {
                let settings = connector.settings().into_iter().chain(connector.facts());
                for setting in settings {
                    let Some(name) = setting.secret.and_then(|secret| secret.place_of_server())
                    else {
                        continue;
                    };
                    if self.has(name).map_err(Failure::from)? || !told.insert((setting.name, name))
                    {
                        continue;
                    }
                    let message = format!(
                        "{} needs the secret `{name}`, which this server doesn't have; add it with `POST /api/v1/secret/{name}`, or write the ARN of one in AWS",
                        setting.name
                    );
                    let entity = Descriptor::Dataset(dataset);
                    problems.push(Problem::new(entity, connector.name(), message));
                }
            }
        }
        let refused = Problems(problems).into_result();
        refused.map_err(|problems| {
            Failure::from(Error::Engine(fennel_engine::Error::Invalid(problems)))
        })
    }
}
