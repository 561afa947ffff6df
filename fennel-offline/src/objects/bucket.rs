//! The bucket that objects are in: how it is reached, and what its errors come to.

use std::sync::Arc;
use std::time::Duration;

use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::{ObjectStore, RetryConfig};

use crate::Bucket;
use crate::error::{Error, Result};

/// How long a request is tried again.
const PATIENCE: Duration = Duration::from_secs(60);

/// Prepares to use a bucket. Nothing is sent yet.
pub(super) fn connect(bucket: &Bucket) -> Result<Arc<dyn ObjectStore>> {
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
    match store {
        Ok(store) => Ok(Arc::new(store)),
        Err(error) => Err(told(bucket, "use", &bucket.prefix, &error)),
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
pub(super) fn told(bucket: &Bucket, doing: &str, key: &str, error: &object_store::Error) -> Error {
    use object_store::Error as E;
    const SHOWN: usize = 400;
    let doing = format!("can't {doing} `s3://{}/{key}`", bucket.name);
    let refused = || {
        Error::Invalid(format!(
            "{doing}: S3 refuses it to these keys; see whether they are right and may do that"
        ))
    };
    let mut text = match error {
        E::NotFound { .. } => {
            let what = format!("{doing}: there is no such bucket or object");
            return Error::Missing(what);
        }
        E::PermissionDenied { .. } | E::Unauthenticated { .. } => return refused(),
        other => other.to_string(),
    };
    // What it makes of an answer to a list tells these by their text alone.
    if text.contains("<Code>NoSuchBucket</Code>") {
        return Error::Missing(format!("{doing}: there is no such bucket"));
    }
    if text.contains("status code: 403") {
        return refused();
    }
    let keys = bucket.keys.iter();
    for key in keys.flat_map(|it| [&it.access_key, &it.secret_key]) {
        if !key.is_empty() {
            text = text.replace(key.as_str(), "…");
        }
    }
    text.truncate(text.floor_char_boundary(SHOWN));
    Error::Failed(format!("{doing}: {text}"))
}
