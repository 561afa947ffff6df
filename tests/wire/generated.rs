//! The checked-in Rust code of the wire messages is what `fennel-core/proto` says today.

use std::{collections::BTreeMap, fs, path::PathBuf};

use prost::Message;
use prost_build::{Config, Module};

const REGENERATE: &str = "FENNEL_REGENERATE=1 cargo test -p fennel-tests --test wire generated";

#[test]
fn checked_in_code_is_up_to_date() {
    let generated = generate();
    if std::env::var_os("FENNEL_REGENERATE").is_some() {
        write(&generated);
    }
    let checked_in = read();

    let mut stale: Vec<&str> = generated
        .keys()
        .chain(checked_in.keys())
        .filter(|name| generated.get(*name) != checked_in.get(*name))
        .map(String::as_str)
        .collect();
    stale.sort_unstable();
    stale.dedup();
    assert!(
        stale.is_empty(),
        "{} doesn't follow from fennel-core/proto: {}\nto regenerate it, run\n    {REGENERATE}",
        code_dir().display(),
        stale.join(", "),
    );
}

/// File name to content, for every file in [`code_dir`] that isn't written by hand.
type Files = BTreeMap<String, Vec<u8>>;

/// Compiles the `.proto` files: a Rust file per package, and the descriptors of them all.
fn generate() -> Files {
    let proto_dir = core_dir().join("proto");
    let mut protos: Vec<PathBuf> = fs::read_dir(&proto_dir)
        .expect("fennel-core/proto is a folder")
        .map(|entry| entry.expect("its entries can be read").path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "proto")
        })
        .collect();
    protos.sort();
    let mut descriptors =
        protox::compile(&protos, [&proto_dir]).unwrap_or_else(|error| panic!("{error:?}"));

    let requests = descriptors
        .file
        .iter()
        .map(|file| {
            (
                Module::from_protobuf_package_name(file.package()),
                file.clone(),
            )
        })
        .collect();
    let modules = Config::new()
        .btree_map(["."])
        // Messages hold credentials, and nothing may print those; less code to compile, too.
        .skip_debug(["."])
        .generate(requests)
        .expect("what protox accepts has a form in Rust");
    let mut files: Files = modules
        .into_iter()
        .map(|(module, code)| {
            let name = module.parts().last().expect("every file names its package");
            (format!("{name}.rs"), code.into_bytes())
        })
        .collect();

    // Only the generator has a use for positions and comments.
    for file in &mut descriptors.file {
        file.source_code_info = None;
    }
    files.insert("descriptors.bin".to_owned(), descriptors.encode_to_vec());
    files
}

fn read() -> Files {
    fs::read_dir(code_dir())
        .expect("the generated code has a folder")
        .map(|entry| entry.expect("its entries can be read").path())
        .map(|path| {
            let name = path.file_name().expect("an entry has a name");
            let name = name.to_str().expect("and it is UTF-8").to_owned();
            let content = fs::read(&path).expect("a generated file can be read");
            (name, content)
        })
        .filter(|(name, _)| name != "mod.rs")
        .collect()
}

fn write(files: &Files) {
    let code_dir = code_dir();
    for gone in read().keys().filter(|name| !files.contains_key(*name)) {
        fs::remove_file(code_dir.join(gone)).expect("a stale file can be removed");
    }
    for (name, content) in files {
        fs::write(code_dir.join(name), content).expect("a generated file can be written");
    }
}

fn code_dir() -> PathBuf {
    core_dir().join("src/wire/proto")
}

fn core_dir() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../fennel-core")
}
