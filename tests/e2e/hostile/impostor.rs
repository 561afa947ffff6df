//! Something else where a server is looked for, which answers every request alike.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

/// Its thread ends with the test.
pub(super) struct Impostor(SocketAddr);

impl Impostor {
    pub(super) fn start(status: &str, header: &str, body: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
        let address = listener.local_addr().expect("it is bound");
        let answer = format!(
            "HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {}\r\n{header}\r\n{body}",
            body.len()
        );
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                // Whoever is gone needs no answer.
                let _ = reply(client, &answer);
            }
        });
        Impostor(address)
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.0)
    }
}

/// Answers once the whole request is there, since a connection that is closed on one who writes is an error.
fn reply(mut client: TcpStream, answer: &str) -> std::io::Result<()> {
    client.set_read_timeout(Some(Duration::from_secs(60)))?;
    let mut request = Vec::new();
    let mut some = [0; 4096];
    while !is_whole(&request) {
        match client.read(&mut some)? {
            0 => break,
            n => request.extend(&some[..n]),
        }
    }
    client.write_all(answer.as_bytes())
}

fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, _)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let head = head.to_lowercase();
    let mut lines = head.lines();
    let length = lines.find_map(|line| line.strip_prefix("content-length: "));
    let length: usize = length.and_then(|it| it.trim().parse().ok()).unwrap_or(0);
    request.len() >= head.len() + 4 + length
}
