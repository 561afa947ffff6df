//! The program `fennel-server`: what it prints, and how it ends.
#![cfg(unix)]

use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value as Json;

fn command(dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fennel-server"));
    command
        .args(["--listen", "127.0.0.1:0", "--data-dir"])
        .arg(dir.join("data"));
    command
        .env_remove("FENNEL_ADMIN_TOKEN")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Starts the program, waits until it listens, ends it with `signal`, and returns what it printed.
fn run(command: &mut Command, signal: &str) -> Output {
    let mut child = command.spawn().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut printed = String::new();
    stdout.read_line(&mut printed).unwrap();
    assert!(
        printed.starts_with("fennel-server listens on http://127.0.0.1:"),
        "{printed}"
    );
    end(&child, signal);
    stdout.read_to_string(&mut printed).unwrap();
    let mut output = child.wait_with_output().unwrap();
    output.stdout = printed.into_bytes();
    assert!(output.status.success(), "{output:?}");
    output
}

fn end(child: &Child, signal: &str) {
    let status = Command::new("kill")
        .args([signal, &child.id().to_string()])
        .status()
        .unwrap();
    assert!(status.success());
}

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap() + &String::from_utf8_lossy(&output.stderr)
}

#[test]
fn the_first_start_prints_a_token_and_later_ones_do_not() {
    let dir = tempfile::tempdir().unwrap();
    let first = text(&run(&mut command(dir.path()), "-TERM"));
    let data = dir.path().canonicalize().unwrap().join("data");
    assert!(
        first.contains(&format!("data folder: {}\n", data.display())),
        "{first}"
    );
    let token = first
        .lines()
        .find_map(|line| line.split_once(": fnl_"))
        .unwrap()
        .1;
    assert_eq!(token.len(), 64);
    let second = text(&run(&mut command(dir.path()), "-INT"));
    assert!(
        !second.contains("fnl_") && !second.contains(token),
        "{second}"
    );
}

/// Nobody can have seen it, so it must not be the one that stays.
#[cfg(target_os = "linux")]
#[test]
fn a_token_that_could_not_be_printed_is_replaced_at_the_next_start() {
    let dir = tempfile::tempdir().unwrap();
    let full = std::fs::File::options()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let output = command(dir.path()).stdout(full).output().unwrap();
    assert!(!output.status.success());
    let next = text(&run(&mut command(dir.path()), "-TERM"));
    assert!(next.contains(": fnl_"), "{next}");
    let last = text(&run(&mut command(dir.path()), "-TERM"));
    assert!(!last.contains("fnl_"), "{last}");
}

#[test]
fn a_short_token_in_the_variable_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let output = command(dir.path())
        .env("FENNEL_ADMIN_TOKEN", "fifteen-letters")
        .output()
        .unwrap();
    assert!(!output.status.success());
    let error = text(&output);
    assert!(
        error.starts_with("error: the first admin token has fewer than 16 characters"),
        "{error}"
    );
    assert!(!error.contains("fifteen-letters"), "{error}");
    assert!(!dir.path().join("data").exists());
}

#[test]
fn the_variable_sets_the_first_token_only() {
    let dir = tempfile::tempdir().unwrap();
    let start = |token: &str| {
        text(&run(
            command(dir.path()).env("FENNEL_ADMIN_TOKEN", token),
            "-TERM",
        ))
    };
    let (first, other) = ("first-token-of-tests", "other-token-of-tests");
    for (printed, expected) in [
        (start(first), "admin token: the one in FENNEL_ADMIN_TOKEN"),
        (start(first), "from this folder's first start"),
        (
            start(other),
            "warning: FENNEL_ADMIN_TOKEN is not the admin token",
        ),
    ] {
        assert!(printed.contains(expected), "{printed}");
        assert!(!printed.contains("-token-of-tests"), "{printed}");
    }
}

#[test]
fn a_variable_that_is_no_token_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    for token in ["", "two words", "s\u{e9}same", "a-line-break-behind\n"] {
        let output = command(dir.path())
            .env("FENNEL_ADMIN_TOKEN", token)
            .output()
            .unwrap();
        assert!(!output.status.success());
        let error = text(&output);
        assert!(
            error.starts_with("error: FENNEL_ADMIN_TOKEN: it can't be a token, since it "),
            "{error}"
        );
        assert!(token.is_empty() || !error.contains(token), "{error}");
    }
}

#[test]
fn an_address_is_told_by_example() {
    let dir = tempfile::tempdir().unwrap();
    for address in ["localhost:7425", "127.0.0.1", ":80", "127.0.0.1:70000"] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_fennel-server"));
        command
            .args(["--listen", address, "--data-dir"])
            .arg(dir.path());
        let output = command.output().unwrap();
        let error = text(&output);
        assert!(
            error.contains("an IP address and a port, as in 127.0.0.1:7425"),
            "{error}"
        );
    }
}

#[test]
fn a_folder_that_can_not_be_used_is_an_error_that_names_it() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let start = || {
        let output = command(dir.path()).output().unwrap();
        assert!(!output.status.success());
        text(&output)
    };
    std::fs::write(&data, "a file").unwrap();
    let name = data.display();
    assert_eq!(
        start(),
        format!(
            "error: the data folder can't be used: `{name}` is a file and no folder, name a folder for the data\n"
        )
    );
    std::fs::remove_file(&data).unwrap();
    std::fs::create_dir(&data).unwrap();
    std::fs::write(data.join("letter"), "").unwrap();
    assert_eq!(
        start(),
        format!(
            "error: the data folder can't be used: folder `{name}` has no data of fennel but something else, such as `letter`, name an empty or a new folder\n"
        )
    );
}

#[test]
fn a_python_that_can_not_run_functions_is_told_at_the_start() {
    let dir = tempfile::tempdir().unwrap();
    for (python, why) in [
        ("/no/such/python", "`/no/such/python` can't be started"),
        (
            "/bin/false",
            "`/bin/false` didn't get ready to run functions",
        ),
    ] {
        let output = command(dir.path())
            .args(["--python", python])
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1));
        let error = text(&output);
        assert!(
            error.starts_with(&format!("error: Python functions can't be run: {why}"))
                && error.contains("--python"),
            "{error}"
        );
        assert!(!dir.path().join("data").exists());
    }
}

#[test]
fn an_address_that_is_taken_is_told_with_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let start = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_fennel-server"));
        command.arg("--data-dir").arg(dir.path().join("data"));
        command.args(["--listen", &address.to_string()]);
        let output = command.args(arguments).output().unwrap();
        assert_eq!((output.status.code(), &*output.stdout), (Some(1), &[][..]));
        text(&output)
    };
    let expected = format!(
        "can't listen on {address}, since another program does, perhaps another fennel-server; stop that one, or choose another address with --listen: "
    );
    let told = start(&[]);
    assert!(told.starts_with(&format!("error: {expected}")), "{told}");
    // A program that reads has it as an event, whatever the level is.
    for level in ["off", "warn"] {
        let told = start(&["--log-format", "json", "--log-level", level]);
        let event: Json = serde_json::from_str(&told).unwrap();
        let message = event["fields"]["message"].as_str().unwrap();
        assert!(message.starts_with(&expected), "{told}");
        assert_eq!(event["level"], "ERROR");
    }
}

#[test]
fn a_level_that_is_none_is_told_as_it_was_written() {
    let dir = tempfile::tempdir().unwrap();
    let start = |arguments: &[&str]| {
        let mut command = command(dir.path());
        command.env("FENNEL_LOG", "loud\n").args(arguments);
        text(&command.output().unwrap())
    };
    let expected = r#"FENNEL_LOG is "loud\n", which is no level; write off, error, warn, info, debug or trace"#;
    assert_eq!(start(&[]), format!("error: {expected}\n"));
    let event: Json = serde_json::from_str(&start(&["--log-format", "json"])).unwrap();
    assert_eq!(event["fields"]["message"], expected);
}

#[cfg(not(feature = "otlp"))]
#[test]
fn a_build_without_traces_says_how_to_have_them() {
    let dir = tempfile::tempdir().unwrap();
    let output = command(dir.path())
        .args(["--otlp-endpoint", "http://127.0.0.1:4318"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let told = text(&output);
    assert!(
        told.starts_with("error: --otlp-endpoint needs a server with the feature `otlp`")
            && told.contains("`cargo build -p fennel-server --features otlp`"),
        "{told}"
    );
    assert!(!dir.path().join("data").exists());
}

#[test]
fn a_name_stays_with_the_data_until_another_one_is_given() {
    let dir = tempfile::tempdir().unwrap();
    let start = |arguments: &[&str]| {
        let printed = text(&run(command(dir.path()).args(arguments), "-TERM"));
        let line = printed.lines().find(|line| line.starts_with("name: "));
        line.unwrap().to_owned()
    };
    let made = start(&[]);
    let name = made.strip_suffix(", made up for this folder; --name gives it another");
    let name = name.unwrap();
    assert!(name.starts_with("name: fennel-"), "{made}");
    assert_eq!(start(&[]), name);
    let old = name.strip_prefix("name: ").unwrap();
    assert_eq!(
        start(&["--name", "prod"]),
        format!("name: prod, which was {old} until now")
    );
    assert_eq!(start(&["--name", "prod"]), "name: prod");
    assert_eq!(start(&[]), "name: prod");
    let wrong = command(dir.path())
        .args(["--name", "my server"])
        .output()
        .unwrap();
    assert!(!wrong.status.success());
    assert!(text(&wrong).contains("it can't be a server's name"));
}
