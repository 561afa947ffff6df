//! The commands in the page about access do what it shows.

use std::collections::HashMap;
use std::fs;
use std::process::Command;
use std::time::Duration;

use fennel_tests::support::{Process, Server, TOKEN, programs, workspace};
use regex::Regex;
use serde_json::{Value, json};

/// The longest that a command takes, or the test fails.
const LIMIT: Duration = Duration::from_secs(60);

fn page() -> String {
    fs::read_to_string(workspace().join("docs/access.md")).unwrap()
}

/// The blocks of a language.
fn blocks<'p>(page: &'p str, language: &str) -> Vec<&'p str> {
    let begin = format!("```{language}\n");
    let blocks = page.split(&*begin).skip(1);
    blocks
        .map(|block| block.split_once("```").unwrap().0)
        .collect()
}

/// The commands of `fennel-server` in `console` blocks, each with what it prints.
fn commands(page: &str) -> Vec<(&str, &str)> {
    let blocks = blocks(page, "console");
    let commands = blocks.iter().flat_map(|block| block.split("$ ").skip(1));
    let commands = commands.filter_map(|command| command.split_once('\n'));
    commands
        .filter(|(command, _)| command.starts_with("fennel-server "))
        .collect()
}

/// What is printed, without what is another each time.
fn same_each_time(printed: &str) -> String {
    let id = Regex::new(r"\b[0-9a-f]{16}\b").unwrap();
    let token = Regex::new(r"fnl_[0-9a-f]{64}").unwrap();
    let instant = Regex::new(r"\d{4}-\d\d-\d\dT[0-9:.]+Z").unwrap();
    let entries = Regex::new(r"(?m)^\d+ entries ").unwrap();
    let printed = token.replace_all(printed, "TOKEN");
    let printed = entries.replace_all(&printed, "SOME entries ");
    let printed = id.replace_all(&printed, "ID");
    instant.replace_all(&printed, "INSTANT").into_owned()
}

#[test]
fn the_commands_print_what_the_page_says() {
    let (page, data) = (page(), tempfile::tempdir().unwrap());
    let server = Server::start(data.path());
    let folder = programs().server.parent().unwrap().display().to_string();
    let path = std::env::var("PATH").unwrap_or_default();
    let told = Regex::new(r"(?m)^id: ([0-9a-f]{16})").unwrap();
    let mut ids: HashMap<String, String> = HashMap::new();
    let mut run = 0;
    for (command, printed) in commands(&page) {
        // That one is for a server that is stopped.
        if command.contains("reset-admin") {
            continue;
        }
        let command = ids.iter().fold(command.to_owned(), |command, (shown, id)| {
            command.replace(shown, id)
        });
        let mut shell = Command::new("sh");
        shell
            .args(["-c", &command])
            .current_dir(data.path())
            .env("PATH", format!("{folder}:{path}"))
            .env("FENNEL_URL", server.url())
            .env("FENNEL_TOKEN", TOKEN);
        let finished = Process::start(&mut shell).finish(LIMIT);
        assert_eq!(
            (finished.code, finished.err.as_str()),
            (Some(0), ""),
            "{command}"
        );
        run += 1;
        if let (Some(shown), Some(id)) = (told.captures(printed), told.captures(&finished.out)) {
            ids.insert(shown[1].to_owned(), id[1].to_owned());
        }
        // Tables show what else was done before.
        let is_table = command.contains(" list") || command.contains(" audit");
        let (shown, out) = (same_each_time(printed), same_each_time(&finished.out));
        match is_table {
            false => assert_eq!(out, shown, "{command}"),
            true => {
                let head = |text: &str| {
                    let words = text.lines().next().unwrap_or_default().split_whitespace();
                    words.map(str::to_owned).collect::<Vec<_>>()
                };
                assert_eq!(head(&out), head(&shown), "{command}");
            }
        }
    }
    assert_eq!(run, 12);
}

#[test]
fn the_role_of_the_page_is_one() {
    let (page, data) = (page(), tempfile::tempdir().unwrap());
    let blocks = blocks(&page, "json");
    assert_eq!(blocks.len(), 1);
    let grants: Value = serde_json::from_str(blocks[0]).unwrap();
    let server = Server::start(data.path());
    let file = data.path().join("analyst.json");
    fs::write(&file, blocks[0]).unwrap();
    let mut command = Command::new(&programs().server);
    command
        .args(["role", "set", "analyst", "--file"])
        .arg(&file)
        .env("FENNEL_URL", server.url())
        .env("FENNEL_TOKEN", TOKEN);
    let finished = Process::start(&mut command).finish(LIMIT);
    assert_eq!((finished.code, finished.err.as_str()), (Some(0), ""));
    let roles = server.http().get("role").ok();
    let made = roles["roles"].as_array().unwrap().last().unwrap();
    assert_eq!(
        (&made["name"], &made["grants"]),
        (&json!("analyst"), &grants)
    );
}
