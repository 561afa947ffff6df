//! A server that answers from a list and keeps what it was asked.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread::{self, JoinHandle};

/// What the server does with one connection.
pub(super) enum Reply {
    /// Answers with that status, those further headers, and that body.
    Answer(u16, &'static str, String),
    /// Closes without a word.
    Hangup,
    /// Says that at once.
    Raw(&'static str),
}

/// What the server was asked.
pub(super) struct Asked {
    /// Everything before the body, in the sender's own letters.
    pub(super) head: String,
    pub(super) body: Vec<u8>,
}

pub(super) struct Server {
    pub(super) url: String,
    thread: JoinHandle<Vec<Asked>>,
}

impl Server {
    /// Answers one connection after another.
    pub(super) fn start(replies: Vec<Reply>) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let serve = move || {
            let accept = |reply| answer(listener.accept().unwrap().0, reply);
            replies.iter().map(accept).collect()
        };
        Server {
            url,
            thread: thread::spawn(serve),
        }
    }

    /// What it was asked, once it has given all its answers.
    pub(super) fn asked(self) -> Vec<Asked> {
        self.thread.join().unwrap()
    }
}

/// A server that answers with JSON.
pub(super) fn json(status: u16, body: &serde_json::Value) -> Reply {
    Reply::Answer(
        status,
        "content-type: application/json\r\n",
        body.to_string(),
    )
}

fn answer(mut stream: TcpStream, reply: &Reply) -> Asked {
    let asked = match reply {
        Reply::Answer(..) => read(&mut stream),
        Reply::Hangup | Reply::Raw(_) => {
            let mut some = [0; 4096];
            let n = stream.read(&mut some).unwrap();
            Asked {
                head: String::from_utf8_lossy(&some[..n]).into(),
                body: Vec::new(),
            }
        }
    };
    match reply {
        Reply::Answer(status, headers, body) => {
            let length = body.len();
            let head = format!(
                "HTTP/1.1 {status} \r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n"
            );
            stream.write_all(head.as_bytes()).unwrap();
            stream.write_all(body.as_bytes()).unwrap();
        }
        Reply::Hangup => {}
        Reply::Raw(text) => stream.write_all(text.as_bytes()).unwrap(),
    }
    asked
}

fn read(stream: &mut TcpStream) -> Asked {
    let mut bytes = Vec::new();
    let mut some = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&bytes);
        if let Some((head, _)) = text.split_once("\r\n\r\n") {
            let head = head.to_owned();
            let body = bytes.split_off(head.len() + 4);
            return Asked {
                body: rest(stream, body, &head),
                head,
            };
        }
        let n = stream.read(&mut some).unwrap();
        assert!(n > 0, "the request broke off");
        bytes.extend(&some[..n]);
    }
}

fn rest(stream: &mut TcpStream, mut body: Vec<u8>, head: &str) -> Vec<u8> {
    let lower = head.to_lowercase();
    let length = lower
        .lines()
        .find_map(|line| line.strip_prefix("content-length:"));
    let length: usize = length.map_or(0, |length| length.trim().parse().unwrap());
    let begun = body.len();
    body.resize(length, 0);
    stream.read_exact(&mut body[begun..]).unwrap();
    body
}
