//! The server of the table, with definitions, rows, branches and accounts.

use std::collections::BTreeMap;

use fennel_core::wire::proto::services::SyncRequest;
use fennel_tests::support::{Http, Process, Server, TOKEN};
use prost::Message as _;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::impostor::Impostor;
use crate::shop::{first, tagged};

/// A server called `prod`, and what cases name of it.
pub(super) struct Production {
    server: Server,
    _data: TempDir,
    /// Others that answer where a server is looked for.
    _impostors: Vec<Impostor>,
    names: BTreeMap<String, String>,
    tokens: Vec<String>,
}

/// Everything that no case may change.
#[derive(Debug, PartialEq)]
pub(super) struct State(Vec<(String, Value)>);

impl Production {
    /// `main` has the shop and the ticket example's endpoint has nobody; `dev` is a clone that went its own way. The
    /// accounts are named for what they may.
    pub(super) fn start() -> Self {
        let data = tempfile::tempdir().expect("there is room for a folder");
        let mut command = Server::command(data.path());
        command
            .args(["--name", "prod"])
            .env("FENNEL_ADMIN_TOKEN", TOKEN);
        let server = Server::ready(Process::start(&mut command));
        let mut production = Production {
            server,
            _data: data,
            _impostors: Vec::new(),
            names: BTreeMap::new(),
            tokens: vec![TOKEN.to_owned()],
        };
        production.name("url", &production.server.url());
        production.name("admin", TOKEN);
        let address = production.http().address.to_string();
        production.name("address", &address);
        production.name("long", &"a".repeat(201));
        let tokens = production.http().get("token?account=admin").ok();
        let id = tokens["tokens"][0]["id"].as_str().expect("it has an id");
        production.name("id-admin", id);
        production.define();
        production.admit();
        production.impersonate();
        production
    }

    pub(super) fn http(&self) -> Http {
        self.server.http()
    }

    /// The text with what is known for each `{name}` in it: `url`, `admin`, the token of each account by the
    /// account's name, the id of its token as `id-..`, the last and the first commit of a branch as `last-..`
    /// and `first-..`, the addresses of impostors,
    /// and `long`, a name that is too long.
    pub(super) fn filled(&self, text: &str) -> String {
        let mut filled = text.to_owned();
        for (name, value) in &self.names {
            filled = filled.replace(&format!("{{{name}}}"), value);
        }
        filled
    }

    /// Whether a text has one of the server's tokens.
    pub(super) fn is_betrayed_by(&self, told: &str) -> bool {
        self.tokens.iter().any(|token| told.contains(token))
    }

    /// What there is at present.
    pub(super) fn state(&self) -> State {
        let http = self.http();
        let mut state = Vec::new();
        for path in ["branch/list", "role", "account", "server"] {
            state.push((path.to_owned(), http.get(path).ok()));
        }
        let mut tokens = http.get("token").ok();
        for token in tokens["tokens"].as_array_mut().into_iter().flatten() {
            // Being refused is a use, too.
            token["last_used"] = Value::Null;
        }
        state.push(("token".into(), tokens));
        for branch in ["main", "dev"] {
            for path in [
                "commits",
                "commits/HEAD",
                "dataset/Order/inspect",
                "dataset/Spend/inspect",
                "dataset/Order/rejects",
            ] {
                let reply = http.on(branch).get(path);
                state.push((format!("{branch} {path}"), reply.ok()));
            }
        }
        State(state)
    }

    /// Ends it as an operator does.
    pub(super) fn stop(self) {
        let ended = self.server.stop();
        for told in [&ended.out, &ended.err] {
            let is_told = self.tokens.iter().any(|token| told.contains(token));
            assert!(!is_told, "a token is told: {told}");
        }
    }

    fn name(&mut self, name: &str, value: &str) {
        self.names.insert(name.into(), value.into());
    }

    fn define(&mut self) {
        let http = self.http();
        for request in [first::all(), tagged::all()] {
            let _ = http.try_commit(&request, "").expect("it is answered").ok();
        }
        let order =
            |uid: i64| json!({"uid": uid, "amount": 10 * uid, "at": "2026-01-01T00:00:00Z"});
        let orders: Vec<_> = (1..=3).map(order).collect();
        let _ = http.log("shop", "orders", &json!(orders)).ok();
        let dev = http.on("dev");
        let _ = dev.post("init", &json!({"clone_from": "main"})).ok();
        let _ = dev
            .try_commit(&described(), "")
            .expect("it is answered")
            .ok();
        for branch in ["main", "dev"] {
            let commits = http.on(branch).get("commits").ok();
            let commits = commits["commits"].as_array().expect("there are commits");
            let id = |commit: &Value| commit["id"].as_str().expect("it has an id").to_owned();
            let (last, first) = (id(&commits[0]), id(&commits[commits.len() - 1]));
            self.name(&format!("last-{branch}"), &last);
            self.name(&format!("first-{branch}"), &first);
        }
    }

    fn admit(&mut self) {
        let pii = json!([{"modes": ["read_definitions", "read_data"], "branches": ["main"], "tags": ["~PII"]}]);
        let blind = json!([{"modes": ["write_definitions"], "branches": ["main"]}]);
        let team = json!([
            {"modes": ["read_definitions"], "branches": ["main"]},
            {"modes": ["write_definitions"], "branches": ["main"], "tags": ["~PII"]},
        ]);
        for (role, grants) in [("no-pii", pii), ("blind", blind), ("team", team)] {
            let made = self.put(&format!("role/{role}"), &json!({"grants": grants}));
            assert_eq!(made["name"], role);
        }
        for (account, role) in [
            ("deployer", "deployer:main"),
            ("reader", "reader:main"),
            ("producer", "producer:shop/orders"),
            ("analyst", "no-pii"),
            ("writer", "blind"),
            ("colleague", "team"),
            ("leaver", "reader:main"),
            ("rotated", "reader:main"),
        ] {
            self.put(&format!("account/{account}"), &json!({"roles": [role]}));
            let made = self.http().post("token", &json!({"account": account})).ok();
            self.know(account, &made);
        }
        let over = self.filled("token/{id-rotated}/rotate");
        let renewed = self.http().post(&over, &json!({"overlap": "0s"})).ok();
        self.know("renewed", &renewed);
        let revoked = self.filled("token/{id-leaver}/revoke");
        let _ = self.http().post(&revoked, &json!({})).ok();
    }

    fn know(&mut self, account: &str, made: &Value) {
        let text = |field: &str| {
            made[field]
                .as_str()
                .expect("a new token is told")
                .to_owned()
        };
        self.tokens.push(text("token"));
        self.name(account, &text("token"));
        self.name(&format!("id-{account}"), &text("id"));
    }

    fn put(&self, path: &str, body: &Value) -> Value {
        let json = [("content-type", "application/json")];
        let put = self
            .http()
            .send("PUT", path, &json, body.to_string().as_bytes());
        put.expect("it is answered").ok()
    }

    fn impersonate(&mut self) {
        let dev = r#"{"name": "dev", "version": "0.1.0"}"#;
        let newer = r#"{"server": {"name": "prod", "version": "9.2.1"}, "plan": "in a form of the future"}"#;
        for (name, status, header, body) in [
            ("url-of-dev", "200 OK", "", dev),
            ("url-of-newer", "200 OK", "", newer),
            ("url-of-portal", "200 OK", "", "<html>Welcome to our wifi"),
            (
                "url-of-moved",
                "308 Permanent Redirect",
                "location: https://elsewhere.example/\r\n",
                "",
            ),
        ] {
            let impostor = Impostor::start(status, header, body);
            self.name(name, &impostor.url());
            self._impostors.push(impostor);
        }
    }
}

/// The shop, with a description of its own.
fn described() -> Vec<u8> {
    let mut request = SyncRequest::decode(&*tagged::all()).expect("it was encoded just now");
    let meta = request.datasets[0].metadata.get_or_insert_default();
    meta.description = "as dev sees it".into();
    request.encode_to_vec()
}
