//! A case: what is run or sent, and what must be answered.

use std::fs;
use std::process::Command;
use std::time::Duration;

use fennel_tests::support::{Process, Reply, programs};
use serde_json::Value;

use super::production::Production;
use crate::sync::command;

/// The longest that a run takes, or the test fails.
const LIMIT: Duration = Duration::from_secs(120);

/// A line of the table. Texts in it may name what is known of the server, as in `{url}`: see [`Production::filled`].
pub(super) struct Case {
    /// What somebody does.
    pub(super) what: &'static str,
    ask: Ask,
    /// The exit code, or the status.
    code: i32,
    /// What the answer has to say.
    says: &'static [&'static str],
}

enum Ask {
    /// A run of the ticket example's `sync`, or of a subcommand of `fennel-server`.
    Run(Run),
    /// A request.
    Call(Call),
}

#[derive(Default)]
pub(super) struct Run {
    what: &'static str,
    is_server: bool,
    args: &'static [&'static str],
    /// Variables, and `None` for those that are not set.
    vars: Vec<(&'static str, Option<&'static str>)>,
    /// A file of the folder that it runs in, and its text.
    file: Option<(&'static str, &'static str)>,
}

pub(super) struct Call {
    what: &'static str,
    method: &'static str,
    path: &'static str,
    token: &'static str,
    branch: &'static str,
    headers: &'static [(&'static str, &'static str)],
    content: &'static str,
    body: Vec<u8>,
}

/// A run of `sync` against the server, by an admin, as in a CI job.
pub(super) fn sync(what: &'static str, args: &'static [&'static str]) -> Run {
    let vars = vec![
        ("FENNEL_URL", Some("{url}")),
        ("FENNEL_TOKEN", Some("{admin}")),
        ("CI", Some("1")),
    ];
    Run {
        what,
        args,
        vars,
        ..Run::default()
    }
}

/// A run of a subcommand of `fennel-server`, by an admin.
pub(super) fn subcommand(what: &'static str, args: &'static [&'static str]) -> Run {
    Run {
        is_server: true,
        ..sync(what, args)
    }
}

/// A commit of this request, with `parameters` such as `preview=true`, by an admin.
pub(super) fn commit(what: &'static str, path: &'static str, body: Vec<u8>) -> Call {
    Call {
        content: "application/octet-stream",
        body,
        ..call(what, "POST", path, Value::Null)
    }
}

/// A request to a path below `/api/v1/` about `main`, by an admin.
pub(super) fn call(
    what: &'static str,
    method: &'static str,
    path: &'static str,
    body: Value,
) -> Call {
    Call {
        what,
        method,
        path,
        token: "{admin}",
        branch: "main",
        headers: &[],
        content: "application/json",
        body: match body {
            Value::Null => Vec::new(),
            body => body.to_string().into_bytes(),
        },
    }
}

impl Run {
    /// With that variable.
    pub(super) fn with(mut self, name: &'static str, value: &'static str) -> Self {
        self.vars.push((name, Some(value)));
        self
    }

    /// Without that variable.
    pub(super) fn without(mut self, name: &'static str) -> Self {
        self.vars.push((name, None));
        self
    }

    /// By the account of that token.
    pub(super) fn by(self, token: &'static str) -> Self {
        self.with("FENNEL_TOKEN", token)
    }

    /// In a folder with this `fennel.toml`.
    pub(super) fn profiles(mut self, text: &'static str) -> Self {
        self.file = Some(("fennel.toml", text));
        self
    }

    /// What it exits with, and says.
    pub(super) fn exits(self, code: i32, says: &'static [&'static str]) -> Case {
        Case {
            what: self.what,
            ask: Ask::Run(self),
            code,
            says,
        }
    }

    fn run(&self, production: &Production) -> (i32, String) {
        let folder = tempfile::tempdir().expect("there is room for a folder");
        if let Some((name, text)) = self.file {
            fs::write(folder.path().join(name), text).expect("it can be written");
        }
        let mut run = match self.is_server {
            false => command(folder.path()),
            true => {
                let mut server = Command::new(&programs().server);
                server.current_dir(folder.path());
                server
            }
        };
        for (name, value) in &self.vars {
            match value {
                Some(value) => run.env(name, production.filled(value)),
                None => run.env_remove(name),
            };
        }
        run.args(self.args.iter().map(|arg| production.filled(arg)));
        let ran = Process::start(&mut run).finish(LIMIT);
        let files = usize::from(self.file.is_some());
        let left = fs::read_dir(folder.path()).expect("it is there").count();
        assert_eq!(left, files, "{}: it leaves nothing behind", self.what);
        let code = ran.code.unwrap_or_else(|| panic!("{}: {ran:?}", self.what));
        (code, ran.out + &ran.err)
    }
}

impl Call {
    /// By the account of that token.
    pub(super) fn by(self, token: &'static str) -> Self {
        Call { token, ..self }
    }

    /// About that branch.
    pub(super) fn on(self, branch: &'static str) -> Self {
        Call { branch, ..self }
    }

    /// With these headers too.
    pub(super) fn headers(self, headers: &'static [(&'static str, &'static str)]) -> Self {
        Call { headers, ..self }
    }

    /// With a body of that type.
    pub(super) fn content(self, content: &'static str) -> Self {
        Call { content, ..self }
    }

    /// What is answered, with which words.
    pub(super) fn answers(self, status: u16, says: &'static [&'static str]) -> Case {
        Case {
            what: self.what,
            ask: Ask::Call(self),
            code: status.into(),
            says,
        }
    }

    fn send(&self, production: &Production) -> (i32, String) {
        let mut http = production.http().on(&production.filled(self.branch));
        http.token = production.filled(self.token);
        let path = production.filled(self.path);
        let content = [("content-type", self.content)];
        let headers = [&content[..], self.headers].concat();
        let sent = http.send(self.method, &path, &headers, &self.body);
        let Reply { status, body } = sent.unwrap_or_else(|error| panic!("{}: {error}", self.what));
        let told = match (status, body["err_msg"].as_str()) {
            (200, _) => body.to_string(),
            (_, Some(told)) => told.to_owned(),
            (_, None) => panic!("{}: an error without a text: {body}", self.what),
        };
        (status.into(), told)
    }
}

impl Case {
    /// Does it; an error says what is not answered as it must be.
    pub(super) fn check(&self, production: &Production) -> Result<(), String> {
        let (code, told) = match &self.ask {
            Ask::Run(run) => run.run(production),
            Ask::Call(call) => call.send(production),
        };
        let told_instead = |why: &str| Err(format!("{}: {why}, but {code}: {told}", self.what));
        if code != self.code {
            return told_instead(&format!("should be {}", self.code));
        }
        for word in self.says {
            let word = production.filled(word);
            if !told.contains(&word) {
                return told_instead(&format!("should say {word:?}"));
            }
        }
        if production.is_betrayed_by(&told) {
            return told_instead("should tell no token");
        }
        Ok(())
    }
}
