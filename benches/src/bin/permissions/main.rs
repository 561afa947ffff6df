//! What a query costs on a server with few tokens and roles, and on one with many, by what the caller may.
//!
//! The query answers what it was given, so that little else is measured than HTTP and the check. Requests to both
//! servers take turns, since the machine is never the same twice.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use clap::Parser;
use fennel::catalog::Catalog;
use fennel::prelude::*;
use fennel_benches::{Error, Table, micros, quantile};
use fennel_core::wire;
use fennel_server::{Config, Server, Token};
use prost::Message as _;
use serde_json::{Value as Json, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// Measures queries beside many tokens and roles
#[derive(Parser)]
struct Args {
    /// How many tokens the large server has, each of an account of its own
    #[arg(long, default_value_t = 10_000)]
    tokens: usize,
    /// How many roles the large server has
    #[arg(long, default_value_t = 1_000)]
    roles: usize,
    /// How many queries each caller sends to each server
    #[arg(long, default_value_t = 20_000)]
    requests: usize,
}

fennel::owner!("bench@example.com");

#[featureset]
#[meta(tags = ["model"])]
struct Features {
    id: i64,
}

const ADMIN: &str = "fnl_a_token_of_this_bench";
const QUERY: &[u8] =
    br#"{"inputs":["Features.id"],"outputs":["Features"],"data":{"Features.id":[1]}}"#;

/// A server with callers of each kind.
struct Measured {
    address: SocketAddr,
    callers: Vec<(&'static str, String)>,
    _data: TempDir,
}

fn main() -> Result<(), Error> {
    let args = Args::parse();
    let runtime = Runtime::new()?;
    let few = start(&runtime, 1, 1)?;
    let begin = Instant::now();
    let many = start(&runtime, args.tokens, args.roles)?;
    let (tokens, roles) = (args.tokens, args.roles);
    println!(
        "Making {tokens} tokens and {roles} roles took {:.1?}.\n",
        begin.elapsed()
    );
    let mut table = Table::new(&["who", "tokens", "roles", "p50 µs", "p99 µs"]);
    for ((who, of_few), (_, of_many)) in few.callers.iter().zip(&many.callers) {
        let mut clients = [
            Client::connect(few.address, of_few)?,
            Client::connect(many.address, of_many)?,
        ];
        let mut times = [Vec::new(), Vec::new()];
        for _ in 0..args.requests {
            for (client, times) in clients.iter_mut().zip(&mut times) {
                let begin = Instant::now();
                client.send("POST", "/api/v1/query", QUERY)?;
                times.push(begin.elapsed());
            }
        }
        for (mut times, [tokens, roles]) in times.into_iter().zip([[1, 1], [tokens, roles]]) {
            times.sort_unstable();
            let at = |q: f64| -> String { format!("{:.1}", micros(quantile(&times, q))) };
            let row = [(*who).to_owned(), tokens.to_string(), roles.to_string()];
            table.row(row.into_iter().chain([at(0.5), at(0.99)]));
        }
    }
    println!("{table}");
    runtime.shutdown_timeout(Duration::from_secs(1));
    Ok(())
}

/// Starts a server, and makes so many roles, and so many accounts with a token each.
fn start(runtime: &Runtime, tokens: usize, roles: usize) -> Result<Measured, Error> {
    let data = tempfile::tempdir()?;
    let config = Config {
        listen: ([127, 0, 0, 1], 0).into(),
        data_dir: data.path().to_owned(),
        first_admin_token: Some(Token::new(ADMIN)?),
        ..Config::default()
    };
    let server = runtime.block_on(Server::bind(config))?;
    let address = server.address();
    runtime.spawn(server.serve(std::future::pending()));
    let mut admin = Client::connect(address, ADMIN)?;
    let catalog: Catalog<'_> = fennel::entities![Features].into_iter().collect();
    let request = wire::encode(&catalog, None, "").encode_to_vec();
    admin.send_as(
        "POST",
        "/api/v1/commit",
        &request,
        "application/octet-stream",
    )?;
    for i in 0..roles {
        let grant = json!({"modes": ["read_data"], "branches": [format!("team-{i}/*"), "main"], "tags": ["~PII"]});
        admin.json(
            "PUT",
            &format!("/api/v1/role/role-{i}"),
            &json!({"grants": [grant]}),
        )?;
    }
    let mut last = String::new();
    for i in 0..tokens {
        let (account, role) = (format!("account-{i}"), format!("role-{}", i % roles));
        admin.json(
            "PUT",
            &format!("/api/v1/account/{account}"),
            &json!({"roles": [role]}),
        )?;
        last = admin.token(&account)?;
    }
    admin.json(
        "PUT",
        "/api/v1/account/reader",
        &json!({"roles": ["reader:main"]}),
    )?;
    let reader = admin.token("reader")?;
    let callers = vec![
        ("an admin", ADMIN.to_owned()),
        ("a reader of a branch", reader),
        ("one kept from a tag", last),
    ];
    Ok(Measured {
        address,
        callers,
        _data: data,
    })
}

/// A client with a token, on one connection.
struct Client {
    stream: TcpStream,
    token: String,
    answer: Vec<u8>,
}

impl Client {
    fn connect(address: SocketAddr, token: &str) -> Result<Client, Error> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        Ok(Client {
            stream,
            token: token.to_owned(),
            answer: vec![0; 1 << 16],
        })
    }

    /// A new token of an account.
    fn token(&mut self, account: &str) -> Result<String, Error> {
        let made = self.json("POST", "/api/v1/token", &json!({"account": account}))?;
        let token = made["token"].as_str().ok_or("no token was answered")?;
        Ok(token.to_owned())
    }

    fn json(&mut self, method: &str, path: &str, body: &Json) -> Result<Json, Error> {
        let answer = self.send(method, path, body.to_string().as_bytes())?;
        Ok(serde_json::from_slice(answer)?)
    }

    fn send(&mut self, method: &str, path: &str, body: &[u8]) -> Result<&[u8], Error> {
        self.send_as(method, path, body, "application/json")
    }

    /// Sends, and reads the whole answer, which must be a 200; answers its body.
    fn send_as(
        &mut self,
        method: &str,
        path: &str,
        body: &[u8],
        content: &str,
    ) -> Result<&[u8], Error> {
        let mut request = format!(
            "{method} {path} HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {}\r\ncontent-type: {content}\r\ncontent-length: {}\r\n\r\n",
            self.token,
            body.len()
        )
        .into_bytes();
        request.extend(body);
        self.stream.write_all(&request)?;
        let mut filled = 0;
        loop {
            match self.stream.read(&mut self.answer[filled..])? {
                0 => return Err("the connection ended within an answer".into()),
                read => filled += read,
            }
            let Some((head, length)) = head(&self.answer[..filled]) else {
                continue;
            };
            if filled < head + length {
                continue;
            }
            let body = &self.answer[head..head + length];
            return match self.answer.starts_with(b"HTTP/1.1 200") {
                true => Ok(body),
                false => Err(String::from_utf8_lossy(body).into()),
            };
        }
    }
}

/// How long the head of an answer is, and the body behind it.
fn head(answer: &[u8]) -> Option<(usize, usize)> {
    let end = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n")?;
    let text = std::str::from_utf8(&answer[..end]).ok()?;
    let mut lines = text.lines();
    let length = lines.find_map(|line| line.strip_prefix("content-length: "))?;
    Some((end + 4, length.parse().ok()?))
}
