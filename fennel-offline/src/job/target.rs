//! Where the output of a job goes.

use std::fs::File;

use crate::error::Result;
use crate::folder::Folder;
use crate::objects::Objects;
use crate::output::Output;
use crate::places::Places;
use crate::{Place, Request};

/// Where the output of a job goes, for that job.
pub(super) enum Target<'j> {
    /// It stays with the job.
    Kept(&'j Folder),
    /// A file below an allowed folder.
    Local(Output),
    /// An object, which is made whole in the job's folder first.
    S3 {
        objects: Objects,
        folder: &'j Folder,
        id: &'j str,
    },
}

impl<'j> Target<'j> {
    /// The place that a request names, if it is allowed.
    pub(super) fn open(
        request: &'j Request,
        folder: &'j Folder,
        places: &Places,
        id: &'j str,
    ) -> Result<Target<'j>> {
        Ok(match &request.output {
            None => Target::Kept(folder),
            Some(Place::Local(url)) => Target::Local(Output::new(places, url, id)?),
            Some(Place::S3(bucket)) => {
                places.check_bucket(&bucket.name, &bucket.prefix)?;
                let objects = Objects::open(bucket)?;
                Target::S3 {
                    objects,
                    folder,
                    id,
                }
            }
        })
    }

    /// Refuses what has something already, or can't be written to.
    pub(super) fn check(&self) -> Result<()> {
        match self {
            Target::Kept(_) => Ok(()),
            Target::Local(output) => output.check(),
            Target::S3 { objects, .. } => objects.check_output(),
        }
    }

    /// Whether the job's output is there for others.
    pub(super) fn is_published(&self) -> Result<bool> {
        match self {
            // Nobody was told of it.
            Target::Kept(_) => Ok(false),
            Target::Local(output) => Ok(output.is_published()),
            // It was made whole before it was sent.
            Target::S3 { folder, .. } if !folder.result().exists() => Ok(false),
            Target::S3 { objects, id, .. } => objects.is_published(id),
        }
    }

    /// Refuses to write so many bytes where the data folder's disk has too little room. Who allowed another folder minds
    /// its disk.
    pub(super) fn check_room(&self, bytes: u64) -> Result<()> {
        match self {
            Target::Local(_) => Ok(()),
            Target::Kept(folder) | Target::S3 { folder, .. } => folder.check_room(bytes),
        }
    }

    /// Puts there, in one step, what `write` writes.
    pub(super) fn publish(
        &self,
        write: impl FnOnce(&mut File) -> Result<()>,
        is_stopped: &dyn Fn() -> bool,
    ) -> Result<()> {
        match self {
            Target::Kept(folder) => folder.make(&folder.result(), write),
            Target::Local(output) => output.publish(write),
            Target::S3 {
                objects,
                folder,
                id,
            } => {
                objects.check_output()?;
                let whole = folder.result();
                folder.make(&whole, write)?;
                objects.publish(&whole, id, is_stopped)
            }
        }
    }

    /// Removes what is left there of the writing.
    pub(super) fn discard(&self) {
        if let Target::Local(output) = self {
            output.discard();
        }
    }
}
