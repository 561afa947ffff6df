//! Objects of S3: inputs are copied from it, outputs are put there.
//!
//! An upload in several parts becomes an object in one step, at its end, so an output is whole or isn't there.

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path as FilePath;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::path::Path;
use object_store::{
    Attribute, Attributes, GetOptions, ObjectStore, ObjectStoreExt, PutMultipartOptions,
    RetryConfig, WriteMultipart,
};
use tokio::runtime::{Builder, Runtime};

use crate::Bucket;
use crate::error::{Error, Result};
use crate::files::is_hidden;
use crate::folder::Folder;

/// How long a request is tried again.
const PATIENCE: Duration = Duration::from_secs(60);
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
        // reqwest takes the cryptography that the process has chosen; a choice that was made before holds.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let builder = match &bucket.keys {
            None => AmazonS3Builder::from_env(),
            Some(keys) => connection()
                .with_access_key_id(&keys.access_key)
                .with_secret_access_key(&keys.secret_key),
        };
        let retry = RetryConfig {
            retry_timeout: PATIENCE,
            ..RetryConfig::default()
        };
        let store = builder
            .with_bucket_name(&bucket.name)
            .with_retry(retry)
            .build();
        let store = store.map_err(|error| told(bucket, "use", &bucket.prefix, &error))?;
        Objects::new(Arc::new(store), bucket)
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

/// Where S3 is, as the environment says, and none of its keys.
fn connection() -> AmazonS3Builder {
    let settings = [
        ("AWS_REGION", AmazonS3ConfigKey::Region),
        ("AWS_DEFAULT_REGION", AmazonS3ConfigKey::DefaultRegion),
        ("AWS_ENDPOINT", AmazonS3ConfigKey::Endpoint),
        ("AWS_ENDPOINT_URL", AmazonS3ConfigKey::Endpoint),
        (
            "AWS_VIRTUAL_HOSTED_STYLE_REQUEST",
            AmazonS3ConfigKey::VirtualHostedStyleRequest,
        ),
    ];
    let mut builder = AmazonS3Builder::new();
    for (variable, key) in settings {
        if let Ok(value) = std::env::var(variable) {
            builder = builder.with_config(key, value);
        }
    }
    builder.with_allow_http(std::env::var("AWS_ALLOW_HTTP").is_ok_and(|it| it == "true"))
}

/// What an error of the store comes to; without the keys, which S3 repeats where they are wrong.
fn told(bucket: &Bucket, doing: &str, key: &str, error: &object_store::Error) -> Error {
    use object_store::Error as E;
    const SHOWN: usize = 400;
    let doing = format!("can't {doing} `s3://{}/{key}`", bucket.name);
    match error {
        E::NotFound { .. } => Error::Missing(format!("{doing}: there is no such bucket or object")),
        E::PermissionDenied { .. } | E::Unauthenticated { .. } => Error::Invalid(format!(
            "{doing}: S3 refuses it to these keys; see whether they are right and may do that"
        )),
        other => {
            let mut text = other.to_string();
            for key in bucket
                .keys
                .iter()
                .flat_map(|it| [&it.access_key, &it.secret_key])
            {
                if !key.is_empty() {
                    text = text.replace(key.as_str(), "…");
                }
            }
            text.truncate(text.floor_char_boundary(SHOWN));
            Error::Failed(format!("{doing}: {text}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use object_store::memory::InMemory;

    use super::*;

    /// A bucket in memory with these objects.
    fn objects(prefix: &str, keys: &[&str]) -> Objects {
        let store = InMemory::new();
        let bucket = Bucket {
            name: "lake".into(),
            prefix: prefix.into(),
            keys: None,
        };
        let objects = Objects::new(Arc::new(store), &bucket).unwrap();
        for key in keys {
            let path = Path::from(*key);
            let put = objects.store.put(&path, (*key).to_owned().into());
            objects.runtime.block_on(put).unwrap();
        }
        objects
    }

    fn folder(temp: &tempfile::TempDir) -> Folder {
        Folder::new(temp.path().to_owned())
    }

    #[test]
    fn an_object_is_taken_alone_and_a_prefix_with_all_below_it() {
        let keys = ["in/b", "in/a/c", "in/_SUCCESS", "inside", "in/.x"];
        let shown = |prefix: &str| -> Vec<String> {
            let listed = objects(prefix, &keys).list().unwrap();
            listed.iter().map(ToString::to_string).collect()
        };
        assert_eq!(shown("in/"), ["in/a/c", "in/b"]);
        assert_eq!(shown("in"), ["in/a/c", "in/b"]);
        assert_eq!(shown("inside"), ["inside"]);
        let none = objects("out", &keys).list().unwrap_err();
        assert_eq!(
            none.to_string(),
            "there is no object `s3://lake/out`, nor one below it"
        );
    }

    #[test]
    fn an_object_is_copied_and_a_stop_ends_that() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("copy");
        let objects = objects("in", &["in/a"]);
        let key = Path::from("in/a");
        let mut file = File::create(&path).unwrap();
        objects
            .copy(&key, &mut file, &folder(&temp), &|| false)
            .unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "in/a");
        let stopped = objects.copy(&key, &mut file, &folder(&temp), &|| true);
        assert_eq!(stopped, Err(Error::Stopped));
        let none = objects.copy(&Path::from("x"), &mut file, &folder(&temp), &|| false);
        assert!(matches!(none, Err(Error::Missing(_))));
    }

    #[test]
    fn an_output_is_put_once_and_known_again() {
        let temp = tempfile::tempdir().unwrap();
        let file = temp.path().join("result");
        // More than one part of an upload.
        std::fs::write(&file, vec![7; 20 << 20]).unwrap();
        for (prefix, key) in [
            ("out/2024", "out/2024/part-00000.parquet"),
            ("out/x.parquet", "out/x.parquet"),
        ] {
            let objects = objects(prefix, &[]);
            objects.check_output().unwrap();
            let stopped = objects.publish(&file, "one", &|| true);
            assert_eq!(stopped, Err(Error::Stopped));
            objects.check_output().unwrap();
            assert!(!objects.is_published("one").unwrap());
            objects.publish(&file, "one", &|| false).unwrap();
            assert!(objects.is_published("one").unwrap());
            assert!(!objects.is_published("two").unwrap());
            let key = Path::from(key);
            let meta = objects.runtime.block_on(objects.store.head(&key));
            assert_eq!(meta.unwrap().size, 20 << 20);
            assert!(matches!(objects.check_output(), Err(Error::Conflict(_))));
        }
    }

    #[test]
    fn errors_show_no_key() {
        let mut bucket = objects("p", &[]).bucket;
        bucket.keys = Some(crate::Keys {
            access_key: "AKIA-mine".into(),
            secret_key: "hush".into(),
        });
        let source = "<AWSAccessKeyId>AKIA-mine</AWSAccessKeyId> hush".into();
        let error = object_store::Error::Generic {
            store: "S3",
            source,
        };
        let told = told(&bucket, "read", "p/a", &error).to_string();
        assert!(told.starts_with("can't read `s3://lake/p/a`"), "{told}");
        assert!(!told.contains("mine") && !told.contains("hush"), "{told}");
        let shown = format!("{bucket:?}");
        assert!(
            !shown.contains("mine") && !shown.contains("hush"),
            "{shown}"
        );
    }
}
