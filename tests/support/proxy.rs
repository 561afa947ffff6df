//! A proxy between a client and the server, which loses what the test wants lost.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

/// The longest that anything takes, or the test fails.
const LIMIT: Duration = Duration::from_secs(60);

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The server gets it, and the client its answer.
    Answer,
    /// The server gets it, and its answer is lost: the client's connection breaks off.
    LoseAnswer,
    /// The client's connection breaks off before the server gets it.
    LoseRequest,
}

/// A proxy. Its threads end with their connections.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    forwarded: Receiver<String>,
}

impl Proxy {
    /// Starts one before `server`. `rule` decides by a request's first line.
    ///
    /// # Panics
    ///
    /// If this machine has no free port.
    #[must_use]
    pub fn start(server: SocketAddr, rule: impl Fn(&str) -> Fate + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
        let address = listener.local_addr().expect("it is bound");
        let (sender, forwarded) = channel();
        let rule = Arc::new(rule);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let (rule, sender) = (Arc::clone(&rule), sender.clone());
                // A connection that breaks off is the end of it on either side.
                thread::spawn(move || serve(client, server, &*rule, &sender));
            }
        });
        Self { address, forwarded }
    }

    /// Its address, for clients.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Waits until the server was given a request whose first line begins so.
    ///
    /// # Panics
    ///
    /// If there comes none.
    pub fn wait_for(&self, start: &str) {
        loop {
            let line = self.forwarded.recv_timeout(LIMIT);
            let line = line.unwrap_or_else(|_| panic!("no request {start:?}"));
            if line.starts_with(start) {
                return;
            }
        }
    }
}

/// Passes on the requests of a connection, each in one of its own.
fn serve(
    mut client: TcpStream,
    server: SocketAddr,
    rule: &dyn Fn(&str) -> Fate,
    forwarded: &Sender<String>,
) -> io::Result<()> {
    client.set_read_timeout(Some(LIMIT))?;
    loop {
        let request = message(&mut client)?;
        let line = request.split(|byte| *byte == b'\r').next();
        let line = String::from_utf8_lossy(line.unwrap_or_default()).into_owned();
        let fate = rule(&line);
        if fate == Fate::LoseRequest {
            return client.shutdown(Shutdown::Both);
        }
        let mut upstream = TcpStream::connect(server)?;
        upstream.set_read_timeout(Some(LIMIT))?;
        upstream.write_all(&request)?;
        // The test may have heard enough.
        let _ = forwarded.send(line);
        let answer = message(&mut upstream);
        match (fate, answer) {
            (Fate::Answer, Ok(answer)) => client.write_all(&answer)?,
            _ => return client.shutdown(Shutdown::Both),
        }
    }
}

/// A request or an answer, whole.
fn message(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut some = [0; 16 << 10];
    loop {
        let end = bytes.windows(4).position(|bytes| bytes == b"\r\n\r\n");
        if let Some(end) = end {
            let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
            let mut lines = head.lines();
            let length = lines.find_map(|line| line.strip_prefix("content-length:"));
            let length = length.and_then(|length| length.trim().parse().ok());
            let begun = bytes.len();
            let whole = end + 4 + length.unwrap_or(0);
            bytes.resize(whole.max(begun), 0);
            stream.read_exact(&mut bytes[begun..])?;
            return Ok(bytes);
        }
        match stream.read(&mut some)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            n => bytes.extend(&some[..n]),
        }
    }
}
