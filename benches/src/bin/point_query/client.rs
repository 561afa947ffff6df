//! A client of one connection that is kept.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use fennel_benches::Error;

use crate::TOKEN;

/// A client; it waits for each answer before it sends again.
pub(crate) struct Client {
    stream: TcpStream,
    answer: Vec<u8>,
}

impl Client {
    pub(crate) fn connect(address: SocketAddr) -> Result<Client, Error> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        Ok(Client {
            stream,
            answer: vec![0; 1 << 16],
        })
    }

    pub(crate) fn get(&mut self, path: &str) -> Result<&[u8], Error> {
        self.send(format!("GET {path} HTTP/1.1\r\nhost: bench\r\n\r\n").as_bytes())
    }

    pub(crate) fn post(&mut self, path: &str, content: &str, body: &[u8]) -> Result<&[u8], Error> {
        let mut request = format!(
            "POST {path} HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {TOKEN}\r\ncontent-type: {content}\r\ncontent-length: {}\r\n\r\n",
            body.len()
        )
        .into_bytes();
        request.extend(body);
        self.send(&request)
    }

    /// Sends, and reads the whole answer, which must be a 200 of known length; answers its body.
    fn send(&mut self, request: &[u8]) -> Result<&[u8], Error> {
        const BETWEEN: &[u8] = b"\r\n\r\n";
        self.stream.write_all(request)?;
        let mut filled = 0;
        let head = loop {
            filled += self.read(filled)?;
            let head = self.answer[..filled].windows(BETWEEN.len());
            if let Some(head) = head.into_iter().position(|bytes| bytes == BETWEEN) {
                break head;
            }
        };
        let text = String::from_utf8_lossy(&self.answer[..head]).into_owned();
        let length = text
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "));
        let length: usize = length.ok_or("an answer without a length")?.parse()?;
        let body = head + BETWEEN.len();
        if self.answer.len() < body + length {
            self.answer.resize(body + length, 0);
        }
        while filled < body + length {
            filled += self.read(filled)?;
        }
        let body = &self.answer[body..body + length];
        if !text.starts_with("HTTP/1.1 200") {
            return Err(format!("{text}\n{}", String::from_utf8_lossy(body)).into());
        }
        Ok(body)
    }

    fn read(&mut self, filled: usize) -> Result<usize, Error> {
        match self.stream.read(&mut self.answer[filled..])? {
            0 => Err("the connection ended within an answer".into()),
            read => Ok(read),
        }
    }
}
