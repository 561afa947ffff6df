//! The commands of the pages about querying and operating, in order, as a reader runs them, print what stands below them.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use fennel_tests::support::{Process, Server, TOKEN, programs};
use regex::Regex;
use serde_json::json;
use tempfile::TempDir;

use crate::readme::{has_curl, prompts, read, same_each_time};
use crate::sales::{sales, ticket_server};

/// The longest that a command or an offline query takes, or the test fails.
const LIMIT: Duration = Duration::from_secs(60);

/// Who has followed the README, and has a shell in an empty folder.
struct Reader {
    folder: TempDir,
    server: Option<Server>,
    /// The offline query that the page has its reader keep in `ID`.
    job: String,
}

impl Reader {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let server = ticket_server(&folder.path().join("data"));
        let logged = server.http().post("log", &sales()).ok();
        assert_eq!(logged, json!({"rows": 3000, "set_aside": 0}));
        Self {
            folder,
            server: Some(server),
            job: String::new(),
        }
    }

    fn server(&self) -> &Server {
        self.server.as_ref().unwrap()
    }

    /// Does what stands behind a prompt.
    fn follow(&mut self, prompt: &str) {
        let (command, expected) = split(prompt);
        let server = ["cargo run -p fennel-server -- --", "fennel-server --"];
        if let Some(begin) = server.iter().find(|begin| command.starts_with(**begin)) {
            assert_eq!(expected, "", "{command}");
            return self.restart(&command[begin.len() - 2..]);
        }
        if command.starts_with("ID=$(") {
            assert_eq!(expected, "", "{command}");
            let kept = self.run(&format!("{command}\necho $ID"));
            return self.wait(kept.trim_end());
        }
        let printed = self.run(command);
        let is_same = pattern(expected).is_match(same_each_time(&printed).trim_end());
        assert!(is_same, "{command}\n{printed}\n{expected}");
    }

    /// Starts the server with these options, for the one that runs.
    fn restart(&mut self, options: &str) {
        self.server.take().unwrap().stop();
        let mut shell = self.shell(&format!(
            "exec fennel-server --listen 127.0.0.1:0 --data-dir data {options}"
        ));
        self.server = Some(Server::ready(Process::start(&mut shell)));
    }

    fn run(&self, command: &str) -> String {
        let url = self.server().url();
        let command = command
            .replace(
                "cargo run --bin sync --",
                &programs().sync.to_string_lossy(),
            )
            .replace("http://127.0.0.1:7425", &url);
        // A terminal shows both.
        let mut shell = self.shell(&format!("exec 2>&1\n{command}"));
        shell.env("FENNEL_URL", url).env("ID", &self.job);
        let finished = Process::start(&mut shell).finish(LIMIT);
        assert_eq!(finished.code, Some(0), "{command}\n{}", finished.out);
        finished.out
    }

    fn shell(&self, command: &str) -> Command {
        let built = Path::new(&programs().server).parent().unwrap();
        let path = std::env::var("PATH").unwrap_or_default();
        let mut shell = Command::new("sh");
        shell
            .args(["-c", command])
            .current_dir(&self.folder)
            .env("PATH", format!("{}:{path}", built.display()))
            .env("FENNEL_TOKEN", TOKEN)
            .env("no_proxy", "127.0.0.1")
            .env_remove("FENNEL_ADMIN_TOKEN")
            .env_remove("CI");
        shell
    }

    /// Notes an offline query, and waits until it is over.
    fn wait(&mut self, job: &str) {
        self.job = job.to_owned();
        let path = format!("query_offline/status?request_id={job}");
        while self.server().http().get(&path).ok()["status"] != "completed" {
            std::thread::yield_now();
        }
    }
}

/// A command, and what it prints.
fn split(prompt: &str) -> (&str, &str) {
    let mut end = 0;
    for line in prompt.split_inclusive('\n') {
        end += line.len();
        let command = prompt[..end].trim_end();
        let is_open = command.matches('\'').count() % 2 == 1;
        if !is_open && !command.ends_with(['\\', '|']) {
            break;
        }
    }
    (prompt[..end].trim_end(), &prompt[end..])
}

/// What fits a text in which "…" stands for what is left out.
fn pattern(expected: &str) -> Regex {
    let parts = same_each_time(expected);
    let parts: Vec<_> = parts.split('…').map(regex::escape).collect();
    Regex::new(&format!("(?s)^{}$", parts.join(".*"))).unwrap()
}

/// Whether what the pages' commands need is there.
fn has_tools() -> bool {
    let has_jq = Command::new("jq").arg("--version").output().is_ok();
    if !has_jq {
        println!("skipped: there is no `jq`");
    }
    has_jq && has_curl()
}

#[test]
fn the_page_about_querying_can_be_followed() {
    if !has_tools() {
        return;
    }
    let mut reader = Reader::new();
    for prompt in prompts(&read("docs/querying.md")) {
        reader.follow(prompt);
    }
    let folder = reader.folder.path().join("target");
    for output in ["offline/prices", "offline/again", "prices"] {
        let output = std::fs::read(folder.join(format!("{output}.parquet"))).unwrap();
        assert!(output.starts_with(b"PAR1"), "{output:?}");
    }
}

#[test]
fn the_page_about_operating_can_be_followed() {
    if !has_tools() {
        return;
    }
    let mut reader = Reader::new();
    for prompt in prompts(&read("docs/operating.md")) {
        // That needs a build of its own, and a collector.
        if prompt.contains("--otlp-endpoint") {
            continue;
        }
        reader.follow(prompt);
        if prompt.contains("--log-level debug") {
            let query = json!({
                "inputs": ["TicketFeatures.ticket_id"],
                "outputs": ["TicketFeatures.price"],
                "data": {"TicketFeatures.ticket_id": ["JAZ-0211-B02"]},
            });
            reader.server().http().post("query", &query).ok();
        }
    }
}
