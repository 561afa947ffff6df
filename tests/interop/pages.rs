//! The programs of the pages about Python, as a reader runs them.

use std::process::Command;
use std::time::Duration;

use fennel_tests::support::{Process, Server, TOKEN, workspace};

use crate::functions::{command, start};
use crate::python::python;
use crate::sync;

/// The longest that a program takes, or the test fails.
const LIMIT: Duration = Duration::from_secs(120);

/// A page's blocks of a language.
pub(crate) fn blocks(page: &str, language: &str) -> Vec<String> {
    let page = std::fs::read_to_string(workspace().join(page)).unwrap();
    let begin = format!("```{language}\n");
    let blocks = page.split(&*begin).skip(1);
    let blocks = blocks.map(|block| block.split_once("```").unwrap().0.to_owned());
    blocks.collect()
}

/// Runs a page's program against the server, and returns what it prints.
pub(crate) fn run(program: &str, server: &Server, needed_by: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("program.py");
    let program = program
        .replace("http://127.0.0.1:7425", &server.url())
        .replace("fnl_…", TOKEN);
    std::fs::write(&file, program).unwrap();
    let mut python = Command::new(python(needed_by).unwrap());
    python.arg(file).env("no_proxy", "127.0.0.1");
    let finished = Process::start(&mut python).finish(LIMIT);
    assert_eq!(finished.code, Some(0), "{}\n{}", finished.out, finished.err);
    finished.out
}

#[test]
fn the_program_of_the_page_from_python_prints_what_the_page_says() {
    const PAGE: &str = "docs/from-python.md";
    let Some(python) = python(PAGE) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let server = start(&mut command(folder.path(), &python));
    let printed = run(&blocks(PAGE, "python")[0], &server, PAGE);
    let shown = blocks(PAGE, "text").remove(0);
    let id = |text: &str| {
        let (_, id) = text.split_once(" is at commit ").unwrap();
        id[..12].to_owned()
    };
    assert_eq!(printed.replace(&id(&printed), &id(&shown)), shown);
}

#[test]
fn the_program_of_the_page_about_querying_can_be_run() {
    const PAGE: &str = "docs/querying.md";
    if python(PAGE).is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    sync(&server);
    let program = blocks(PAGE, "python").remove(0) + "\nprint(job[\"status\"])\n";
    let printed = run(&program, &server, PAGE);
    assert!(
        ["pending\n", "running\n", "completed\n"].contains(&&*printed),
        "{printed}"
    );
}
