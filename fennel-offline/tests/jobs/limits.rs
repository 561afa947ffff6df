//! Little memory, a full disk, and what the server's user may not do.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use fennel_offline::{Error, Format, Input, Place, Request, State};

use crate::support::{CSV, Doubling, Gate, csv, open, output, parquet, request, run, url, wait};

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_told_and_leaves_nothing() {
    let temp = tempfile::tempdir().unwrap();
    let disk = temp.path().join("disk");
    fs::create_dir(&disk).unwrap();
    let mut mount = std::process::Command::new("mount");
    mount
        .args(["-t", "tmpfs", "-o", "size=256k", "tmpfs"])
        .arg(&disk);
    if !mount.output().is_ok_and(|done| done.status.success()) {
        println!("skipped, since no tmpfs can be mounted");
        return;
    }
    let input = csv(temp.path(), 200_000, |i| {
        (i * 7_919 % 1_000_003 + 100).to_string()
    });
    let mut asked = request(&input);
    asked.output = Some(Place::Local(url(&disk.join("out.parquet"))));
    let jobs = open(temp.path(), 2, Arc::new(Doubling));
    let status = run(&jobs, asked);
    let left: Vec<_> = fs::read_dir(&disk).unwrap().collect();
    let _ = std::process::Command::new("umount")
        .arg("-l")
        .arg(&disk)
        .status();
    assert_eq!(status.state, State::Failed);
    let error = status.error.unwrap();
    assert!(error.contains("the disk is full"), "{error}");
    assert!(left.is_empty(), "{left:?}");
}

/// The test below, in a process of its own that gets little memory.
#[cfg(target_os = "linux")]
#[test]
fn an_input_of_ten_times_the_memory_is_answered() {
    // Bytes of a row.
    let (wide, narrow) = (1 << 20, 8 << 10);
    within_memory("json", wide, lines);
    within_memory("json", narrow, lines);
    within_memory("csv", narrow, |folder, rows, width| {
        let wide = "w".repeat(width);
        csv(folder, rows, |i| format!("{i},{wide}"));
    });
    within_memory("parquet", narrow, |folder, rows, width| {
        parquet(folder, rows, width);
    });
}

/// A file of JSON with `x`, `at` and `wide`, whose texts have so many characters.
#[cfg(target_os = "linux")]
fn lines(folder: &Path, rows: usize, width: usize) {
    use std::io::Write;
    let file = fs::File::create(folder.join("in.json")).unwrap();
    let mut file = std::io::BufWriter::new(file);
    let wide = "w".repeat(width);
    for x in 0..rows {
        writeln!(
            file,
            r#"{{"x": {x}, "at": "2024-01-01", "wide": "{wide}"}}"#
        )
        .unwrap();
    }
    file.into_inner().unwrap();
}

/// Has a file answered that `make` makes of rows of a width.
#[cfg(target_os = "linux")]
fn within_memory(format: &str, width: usize, make: fn(&Path, usize, usize)) {
    const MEMORY: usize = 64 << 20;
    let temp = tempfile::tempdir().unwrap();
    let rows = 10 * MEMORY / width + 1;
    make(temp.path(), rows, width);
    let input = temp.path().join(format!("in.{format}"));
    assert!(fs::metadata(&input).unwrap().len() > 10 * MEMORY as u64);
    let limited = std::process::Command::new("sh")
        .arg("-c")
        .arg(format!("ulimit -d {} && exec \"$@\"", MEMORY >> 10))
        .arg("sh")
        .arg(std::env::current_exe().unwrap())
        .args([
            "--ignored",
            "--exact",
            "limits::with_little_memory",
            "--nocapture",
        ])
        .env("FENNEL_TEST_INPUT", &input)
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&limited.stdout);
    let errors = String::from_utf8_lossy(&limited.stderr);
    assert!(limited.status.success(), "{input:?}: {told}{errors}");
    // 13 has no answer.
    let expected = format!("answered {}", rows - 1);
    assert!(told.contains(&expected), "{input:?}: {told}{errors}");
}

#[test]
#[ignore = "run by `an_input_of_ten_times_the_memory_is_answered`"]
fn with_little_memory() {
    let input = std::env::var_os("FENNEL_TEST_INPUT").unwrap();
    let input = Path::new(&input);
    let jobs = open(input.parent().unwrap(), 2, Arc::new(Doubling));
    let mut asked = request(input);
    let format = match input.extension().and_then(|it| it.to_str()).unwrap() {
        "json" => Format::Json,
        "parquet" => Format::Parquet,
        _ => CSV,
    };
    asked.input = Input::Files(Place::Local(url(input)), format);
    // All that is in the file is read.
    asked.inputs.push("Fs.wide".into());
    asked.columns.insert("Fs.wide".into(), "wide".into());
    let status = run(&jobs, asked);
    assert_eq!(status.error, None);
    println!("answered {}", output(&jobs, &status).len());
}

/// The test below, as a user who may not do everything.
#[cfg(unix)]
#[test]
fn what_the_servers_user_may_not_do_is_told() {
    const NOBODY: u32 = 65_534;
    let temp = tempfile::tempdir().unwrap();
    let test = std::env::current_exe().unwrap();
    let id = std::process::Command::new("id").arg("-u").output().unwrap();
    let is_root = id.stdout.trim_ascii() == b"0";
    let command = || match is_root {
        false => std::process::Command::new(&test),
        true => {
            let mut command = std::process::Command::new("setpriv");
            let user = [
                format!("--reuid={NOBODY}"),
                format!("--regid={NOBODY}"),
                "--clear-groups".into(),
            ];
            command.args(user).arg(&test);
            command
        }
    };
    if is_root {
        std::os::unix::fs::chown(temp.path(), Some(NOBODY), Some(NOBODY)).unwrap();
        let started = command().arg("--list").output();
        if !started.is_ok_and(|done| done.status.success()) {
            println!("skipped, since root may do everything and no other user can run the test");
            return;
        }
    }
    let ran = command()
        .args([
            "--ignored",
            "--exact",
            "limits::without_permission",
            "--nocapture",
        ])
        .env("FENNEL_TEST_FOLDER", temp.path())
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&ran.stdout);
    let errors = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{told}{errors}");
    assert!(told.contains("1 passed"), "{told}{errors}");
}

#[cfg(unix)]
#[test]
#[ignore = "run by `what_the_servers_user_may_not_do_is_told`"]
fn without_permission() {
    use std::os::unix::fs::PermissionsExt;
    let folder = std::env::var_os("FENNEL_TEST_FOLDER").unwrap();
    let folder = Path::new(&folder);
    let allow = |path: &Path, mode: u32| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    let input = csv(folder, 5, |i| i.to_string());
    let [several, outputs] = ["several", "outputs"].map(|name| folder.join(name));
    fs::create_dir(&several).unwrap();
    fs::create_dir(&outputs).unwrap();
    let of_several = several.join("b.csv");
    fs::copy(&input, several.join("a.csv")).unwrap();
    fs::copy(&input, &of_several).unwrap();
    let gate = Arc::new(Gate::new(0));
    let jobs = open(folder, 1, gate.clone());
    let mut with_output = request(&input);
    with_output.output = Some(Place::Local(url(&outputs.join("out.parquet"))));

    let refused = |asked: Request, place: &Path, doing: &str| {
        let refused = jobs.submit(asked, None).unwrap_err();
        assert!(matches!(refused, Error::Invalid(_)), "{refused}");
        let what = format!("can't {doing} `{}`", url(place));
        let refused = refused.to_string();
        assert!(
            refused.contains(&what) && refused.contains("permission"),
            "{what}: {refused}"
        );
    };
    allow(&input, 0o000);
    refused(request(&input), &input, "read");
    allow(&input, 0o600);
    allow(&of_several, 0o000);
    refused(request(&several), &of_several, "read");
    allow(&of_several, 0o600);
    allow(&several, 0o000);
    refused(request(&several), &several, "read");
    allow(&several, 0o700);
    allow(&outputs, 0o500);
    refused(with_output.clone(), &outputs.join("out.parquet"), "write");
    allow(&outputs, 0o700);

    // What may not be done any more once a query was taken makes it fail.
    let first = jobs.submit(with_output, None).unwrap().id;
    gate.wait_until_closed();
    let second = jobs.submit(request(&several), None).unwrap().id;
    allow(&outputs, 0o500);
    allow(&of_several, 0o000);
    gate.open();
    for (id, doing) in [(first, "can't write"), (second, "can't read")] {
        let status = wait(&jobs, &id);
        assert_eq!(status.state, State::Failed);
        let error = status.error.unwrap();
        assert!(
            error.contains(doing) && error.contains("permission"),
            "{error}"
        );
    }
    allow(&outputs, 0o700);
    assert_eq!(fs::read_dir(&outputs).unwrap().count(), 0);
}
