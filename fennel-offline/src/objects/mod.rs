//! Objects of S3: inputs are copied from it, outputs are put there.
//!
//! An upload in several parts becomes an object in one step, at its end, so an output is whole or isn't there.

mod bucket;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path as FilePath;
use std::sync::Arc;

use futures_util::StreamExt;
use object_store::path::Path;
use object_store::{
    Attribute, Attributes, GetOptions, ObjectStore, ObjectStoreExt, PutMultipartOptions,
    WriteMultipart,
};
use tokio::runtime::{Builder, Runtime};

use bucket::told;

use crate::Bucket;
use crate::error::{Error, Result};
use crate::files::is_hidden;
use crate::folder::Folder;

/// The field of an object that says which query has put it there.
const QUERY: &str = "fennel-request-id";
/// What an output is called below a prefix.
const PART: &str = "part-00000.parquet";

/// Objects below a prefix.
pub(crate) struct Objects {
    store: Arc<dyn ObjectStore>,
    runtime: Runtime,
    bucket: Bucket,
    prefix: Path,
}

impl Objects {
    /// Prepares to use a bucket. Nothing is sent yet.
    pub(crate) fn open(bucket: &Bucket) -> Result<Objects> {
        Objects::new(bucket::connect(bucket)?, bucket)
    }

    fn new(store: Arc<dyn ObjectStore>, bucket: &Bucket) -> Result<Objects> {
        let prefix = Path::parse(bucket.prefix.trim_end_matches('/'));
        let prefix = prefix.map_err(|error| {
            Error::Invalid(format!(
                "`{}` is no prefix of objects: {error}",
                bucket.prefix
            ))
        })?;
        let runtime = Builder::new_current_thread().enable_all().build();
        Ok(Objects {
            store,
            runtime: runtime.map_err(|error| Error::io("start a thread for S3", &error))?,
            bucket: bucket.clone(),
            prefix,
        })
    }

    /// The object as a person knows it.
    pub(crate) fn shown(&self, key: &Path) -> String {
        format!("s3://{}/{key}", self.bucket.name)
    }

    /// The object of the prefix's own name, or all below it, in the order of their names.
    pub(crate) fn list(&self) -> Result<Vec<Path>> {
        if !self.prefix.is_root() && self.head(&self.prefix)?.is_some() {
            return Ok(vec![self.prefix.clone()]);
        }
        let mut keys = self.below()?;
        keys.sort_unstable();
        match keys.is_empty() {
            false => Ok(keys),
            true => Err(Error::Missing(format!(
                "there is no object `{0}`, nor one below it",
                self.shown(&self.prefix)
            ))),
        }
    }

    fn below(&self) -> Result<Vec<Path>> {
        let found = self.runtime.block_on(async {
            let mut found = self.store.list(Some(&self.prefix));
            let mut keys = Vec::new();
            while let Some(object) = found.next().await {
                let object = object?;
                if object.size > 0 && !is_hidden(object.location.as_ref()) {
                    keys.push(object.location);
                }
            }
            Ok(keys)
        });
        found.map_err(|error| told(&self.bucket, "list", self.prefix.as_ref(), &error))
    }

    /// Copies an object to a file of the job.
    pub(crate) fn copy(
        &self,
        key: &Path,
        to: &mut File,
        folder: &Folder,
        is_stopped: &dyn Fn() -> bool,
    ) -> Result<()> {
        let told = |error| told(&self.bucket, "read", key.as_ref(), &error);
        self.runtime.block_on(async {
            let object = self.store.get(key).await.map_err(told)?;
            folder.check_room(object.meta.size)?;
            let mut bytes = object.into_stream();
            while let Some(block) = bytes.next().await {
                let block = block.map_err(told)?;
                to.write_all(&block).map_err(|error| folder.told(&error))?;
                if is_stopped() {
                    return Err(Error::Stopped);
                }
            }
            Ok(())
        })
    }

    /// Refuses to put an output beside other objects, or in place of one.
    pub(crate) fn check_output(&self) -> Result<()> {
        let is_there =
            self.head(&self.output())?.is_some() || (!self.is_file() && !self.below()?.is_empty());
        match is_there {
            false => Ok(()),
            true => Err(Error::Conflict(format!(
                "there are objects at `{}` already; choose another prefix, or remove them first",
                self.shown(&self.prefix)
            ))),
        }
    }

    /// Whether the output is there already, put by the query `id` before it was cut off.
    pub(crate) fn is_published(&self, id: &str) -> Result<bool> {
        let attributes = self.head(&self.output())?;
        let query = Attribute::Metadata(QUERY.into());
        let by = attributes.as_ref().and_then(|it| it.get(&query));
        Ok(by.is_some_and(|by| by.as_ref() == id))
    }

    /// Uploads a file as the output of the query `id`.
    pub(crate) fn publish(
        &self,
        file: &FilePath,
        id: &str,
        is_stopped: &dyn Fn() -> bool,
    ) -> Result<()> {
        const LEAST: usize = 8 << 20;
        /// S3 takes 10,000.
        const PARTS: u64 = 9_000;
        let own = |error| Error::own(file, &error);
        let mut from = File::open(file).map_err(own)?;
        let size = from.metadata().map_err(own)?.len();
        let part = usize::try_from(size / PARTS).unwrap_or(LEAST).max(LEAST);
        let key = self.output();
        let told = |error| told(&self.bucket, "write", key.as_ref(), &error);
        let query = Attribute::Metadata(QUERY.into());
        let options = PutMultipartOptions {
            attributes: Attributes::from_iter([(query, id.to_owned())]),
            ..PutMultipartOptions::default()
        };
        self.runtime.block_on(async {
            let upload = self.store.put_multipart_opts(&key, options).await;
            let mut upload = WriteMultipart::new_with_chunk_size(upload.map_err(told)?, part);
            let mut block = vec![0; 256 << 10];
            let sent = async {
                loop {
                    if is_stopped() {
                        return Err(Error::Stopped);
                    }
                    let read = from.read(&mut block).map_err(own)?;
                    let Some(bytes) = block.get(..read).filter(|bytes| !bytes.is_empty()) else {
                        return Ok(());
                    };
                    upload.wait_for_capacity(2).await.map_err(told)?;
                    upload.write(bytes);
                }
            };
            match sent.await {
                Ok(()) => upload.finish().await.map(drop).map_err(told),
                Err(error) => {
                    // What S3 has of it is no object; it tells what can't be aborted by its own means.
                    let _ = upload.abort().await;
                    Err(error)
                }
            }
        })
    }

    /// Whether the prefix is the output's whole name.
    fn is_file(&self) -> bool {
        self.prefix.as_ref().ends_with(".parquet")
    }

    fn output(&self) -> Path {
        match self.is_file() {
            true => self.prefix.clone(),
            false => self.prefix.clone().join(PART),
        }
    }

    /// What there is to know of an object, if it is there.
    fn head(&self, key: &Path) -> Result<Option<Attributes>> {
        let options = GetOptions {
            head: true,
            ..GetOptions::default()
        };
        match self.runtime.block_on(self.store.get_opts(key, options)) {
            Ok(found) => Ok(Some(found.attributes)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(told(&self.bucket, "look for", key.as_ref(), &error)),
        }
    }
}
