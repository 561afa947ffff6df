//! Who may erase.

use fennel_core::connector::Connector;
use fennel_engine::{BranchTags, Engine};

use super::caller::Caller;
use super::role::Mode;
use crate::error::Failure;

impl Caller {
    /// Refuses who may not write rows of a dataset, with all tags that it carries, at every endpoint that it reads from.
    /// The answer is the same whether there is such a dataset.
    pub(crate) fn require_erase(
        &self,
        engine: &Engine,
        branch: &str,
        dataset: &str,
    ) -> Result<(), Failure> {
        if self.rights().may_write_all() {
            return Ok(());
        }
        let read = engine.describe(branch, |catalog, _| {
            let sources = catalog.dataset(dataset)?.sources.iter();
            let endpoints = sources.map(|source| match &source.connector {
                Connector::Webhook(it) => {
                    Some((it.webhook.name.to_owned(), it.endpoint.to_owned()))
                }
                _ => None,
            });
            endpoints.collect::<Option<Vec<_>>>()
        });
        let tags = engine.tags(branch);
        let tags = tags.as_deref().ok();
        let own: Vec<&str> = tags
            .into_iter()
            .flat_map(|tags: &BranchTags| tags.dataset(dataset))
            .collect();
        let may = read.ok().flatten().is_some_and(|endpoints| {
            let mut endpoints = endpoints.iter();
            let may_write = |(webhook, endpoint): &(String, String)| {
                self.rights().may_write(webhook, endpoint, &own)
            };
            endpoints.len() > 0 && endpoints.all(may_write)
        });
        match may {
            true => Ok(()),
            false => Err(self.lacks(
                Mode::WriteData,
                &format!(
                    "at all endpoints that dataset `{dataset}` of branch `{branch}` reads from, for all tags that it carries"
                ),
            )),
        }
    }
}
