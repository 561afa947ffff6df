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

#[test]
fn what_a_list_is_refused_for_is_told_by_its_text() {
    let bucket = Bucket {
        name: "sea".into(),
        prefix: String::new(),
        keys: None,
    };
    let told = |source: &str| {
        let error = object_store::Error::Generic {
            store: "S3",
            source: source.into(),
        };
        super::bucket::told(&bucket, "list", "in", &error).to_string()
    };
    let status = "Server returned non-2xx status code";
    assert_eq!(
        told(&format!(
            "{status}: 404 Not Found: <Error><Code>NoSuchBucket</Code></Error>"
        )),
        "can't list `s3://sea/in`: there is no such bucket"
    );
    assert_eq!(
        told(&format!(
            "{status}: 403 Forbidden: <Error><Code>AccessDenied</Code></Error>"
        )),
        "can't list `s3://sea/in`: S3 refuses it to these keys; see whether they are right and may do that"
    );
    let other = told(&format!("{status}: 418"));
    assert!(other.contains("418"), "{other}");
}
