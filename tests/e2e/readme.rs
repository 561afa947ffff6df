//! The commands of the READMEs do what these say.

use std::fs;
use std::process::Command;
use std::time::Duration;

use fennel_tests::support::{Finished, Process, Server, TOKEN, workspace};
use regex::Regex;

use crate::sales::ticket_server;
use crate::sync::{command, sync};

/// The longest that a command takes, or the test fails.
const LIMIT: Duration = Duration::from_secs(60);

pub(crate) fn read(readme: &str) -> String {
    fs::read_to_string(workspace().join(readme)).unwrap()
}

/// The blocks of a language.
fn blocks<'r>(readme: &'r str, language: &str) -> Vec<&'r str> {
    let begin = format!("```{language}\n");
    let blocks = readme.split(&*begin).skip(1);
    blocks
        .map(|block| block.split_once("```").unwrap().0)
        .collect()
}

/// What stands behind each `$ ` of `console` blocks: a command, and what it prints.
pub(crate) fn prompts(readme: &str) -> Vec<&str> {
    let blocks = blocks(readme, "console").into_iter();
    let prompts = blocks.flat_map(|block| block.strip_prefix("$ ").unwrap().split("\n$ "));
    prompts.map(str::trim_end).collect()
}

/// Runs each `curl` against the server, where it must print the line that stands below it. Returns how many there are.
fn run_curls(readme: &str, server: &Server) -> usize {
    let prompts = prompts(readme).into_iter();
    let curls: Vec<_> = prompts
        .filter(|prompt| prompt.starts_with("curl "))
        .collect();
    for curl in &curls {
        let (command, printed) = curl
            .rsplit_once('\n')
            .expect("a command and what it prints");
        let mut shell = Command::new("sh");
        shell.args(["-c", command]).current_dir(workspace());
        shell
            .env("FENNEL_URL", server.url())
            .env("FENNEL_TOKEN", TOKEN)
            .env("no_proxy", "127.0.0.1");
        let finished = Process::start(&mut shell).finish(LIMIT);
        assert_eq!(
            (finished.out.as_str(), finished.code),
            (printed, Some(0)),
            "{command}"
        );
    }
    curls.len()
}

pub(crate) fn has_curl() -> bool {
    let found = Command::new("curl").arg("--version").output().is_ok();
    if !found {
        println!("skipped: there is no `curl`");
    }
    found
}

/// What is printed, without what is another each time.
pub(crate) fn same_each_time(printed: &str) -> String {
    let mut printed = printed.trim_end().to_owned();
    for (another, stand_in) in [
        (r"http://127\.0\.0\.1:\d+", "URL"),
        (r"\bfennel-[0-9a-f]{8}\b", "NAME"),
        (r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", "JOB"),
        (r"\b[0-9a-f]{8}-\d+\b", "REQUEST"),
        (r"\b([0-9a-f]{12}|[0-9a-f]{16})\b", "ID"),
        (r#""ms":[0-9.]+"#, "MS"),
        (r"fnl_([0-9a-f]{64}|…)", "TOKEN"),
        (r"(?m)^data folder: .*$", "data folder: DIR"),
    ] {
        let regex = Regex::new(another).unwrap();
        printed = regex.replace_all(&printed, stand_in).into_owned();
    }
    printed
}

#[test]
fn the_ticket_examples_commands_print_what_its_readme_says() {
    if has_curl() {
        let data = tempfile::tempdir().unwrap();
        let server = ticket_server(data.path());
        assert_eq!(run_curls(&read("examples/ticket/README.md"), &server), 4);
    }
}

#[test]
fn the_first_commands_print_what_the_readme_says() {
    let readme = read("README.md");
    let shown = |begin: &str| {
        let prompts = prompts(&readme).into_iter();
        let mut shown = prompts.filter_map(|prompt| prompt.strip_prefix(begin)?.strip_prefix('\n'));
        same_each_time(shown.next().unwrap())
    };
    // The first program's output, where nothing says which server.
    let folder = tempfile::tempdir().unwrap();
    let Finished { out, .. } = Process::start(&mut command(folder.path())).finish(LIMIT);
    let text = blocks(&readme, "text");
    assert_eq!(same_each_time(text[0]), same_each_time(&out));

    let data = tempfile::tempdir().unwrap();
    let Finished { out, .. } = Server::start_without_token(data.path()).stop();
    assert_eq!(shown("cargo run -p fennel-server"), same_each_time(&out));

    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path());
    let Finished { out, .. } = sync(&server.url(), TOKEN, &[]);
    assert_eq!(shown("cargo run --bin sync"), same_each_time(&out));
    if has_curl() {
        assert_eq!(run_curls(&readme, &server), 2);
    }
}
