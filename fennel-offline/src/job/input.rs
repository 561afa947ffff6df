//! The files that a job's rows are read from.

use std::sync::Arc;

use super::{Job, Surroundings};
use crate::error::Result;
use crate::files::{Own, below};
use crate::folder::Plan;
use crate::objects::Objects;
use crate::read::Source;
use crate::{Input, Place};

impl Job {
    /// The input files; those of a plan where there is one.
    pub(super) fn files(
        &self,
        around: &Surroundings,
        plan: Option<&Plan>,
    ) -> Result<Vec<Arc<dyn Source>>> {
        match &self.request.input {
            Input::Frame => Ok(vec![Arc::new(Own {
                path: self.folder.frame(),
                name: "the request's rows".into(),
            })]),
            Input::Files(Place::Local(url), _) => below(&around.places.local(url)?),
            Input::Files(Place::S3(bucket), _) => {
                around.places.check_bucket(&bucket.name, &bucket.prefix)?;
                let names: Vec<String> = match plan {
                    Some(plan) => plan.files.iter().map(|file| file.name.clone()).collect(),
                    None => self.copy(&Objects::open(bucket)?, around)?,
                };
                let files = names.into_iter().enumerate().map(|(i, name)| {
                    let path = self.folder.input(i);
                    Arc::new(Own { path, name }) as Arc<dyn Source>
                });
                Ok(files.collect())
            }
        }
    }

    /// Copies objects to the job's folder, since they are read twice, and again after a restart; answers their names.
    fn copy(&self, objects: &Objects, around: &Surroundings) -> Result<Vec<String>> {
        let keys = objects.list()?;
        for (i, key) in keys.iter().enumerate() {
            let is_stopped = || self.is_stopped(around);
            self.folder.make(&self.folder.input(i), |file| {
                objects.copy(key, file, &self.folder, &is_stopped)
            })?;
        }
        Ok(keys.iter().map(|key| objects.shown(key)).collect())
    }
}
