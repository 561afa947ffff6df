//! The commands in the ticket example's README do what it says.

use std::fs;
use std::process::Command;
use std::time::Duration;

use fennel_tests::support::{Process, TOKEN, workspace};

use crate::sales::ticket_server;

/// The longest that a command takes, or the test fails.
const LIMIT: Duration = Duration::from_secs(60);

/// The commands in `console` blocks, each with what it prints.
fn commands(readme: &str) -> Vec<(String, String)> {
    let blocks = readme.split("```console\n$ ").skip(1);
    let commands = blocks.map(|block| {
        let (block, _) = block.split_once("```").expect("a block ends");
        let (command, printed) = block
            .trim_end()
            .rsplit_once('\n')
            .expect("a command and what it prints");
        (command.to_owned(), printed.to_owned())
    });
    commands.collect()
}

#[test]
fn the_commands_print_what_the_readme_says() {
    if Command::new("curl").arg("--version").output().is_err() {
        println!("skipped: there is no `curl`");
        return;
    }
    let readme = fs::read_to_string(workspace().join("examples/ticket/README.md")).unwrap();
    let data = tempfile::tempdir().unwrap();
    let server = ticket_server(data.path());
    let commands = commands(&readme);
    assert_eq!(commands.len(), 4);
    for (command, printed) in commands {
        let mut shell = Command::new("sh");
        shell.args(["-c", &command]).current_dir(workspace());
        shell
            .env("FENNEL_URL", server.url())
            .env("FENNEL_TOKEN", TOKEN)
            .env("no_proxy", "127.0.0.1");
        let finished = Process::start(&mut shell).finish(LIMIT);
        assert_eq!(
            (finished.out.as_str(), finished.code),
            (printed.as_str(), Some(0)),
            "{command}"
        );
    }
}
