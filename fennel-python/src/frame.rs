//! Frames on a pipe: a message of JSON behind its length of 4 bytes; and of a worker behind the nonce of its call and its
//! length, of 8 bytes each, so that what a function wrote between is taken for no length that could come.

use std::io::{self, Read, Write};

use serde_json::Value as Json;

/// The largest message that a worker may send: a thousand rows with some thousand numbers each, or a few MiB in each.
/// What is read of it takes a few times as much.
pub(crate) const MAX_BYTES: usize = 64 << 20;

/// What tells that a frame is of the worker, and not of a function that has found the pipe: a number that only the call
/// has. Before the first call it is 0.
pub(crate) type Nonce = u64;

/// Why there is no message.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Unread {
    /// The pipe has ended.
    Ended,
    /// It would be of so many bytes.
    TooLarge(Nonce, usize),
    /// It isn't JSON.
    Meddled,
}

/// Writes bytes behind their number.
pub(crate) fn write(to: &mut impl Write, bytes: &[u8]) -> io::Result<()> {
    let size = u32::try_from(bytes.len())
        .map_err(|_| io::Error::other(format!("a message of {} bytes", bytes.len())))?;
    to.write_all(&size.to_be_bytes())?;
    to.write_all(bytes)?;
    to.flush()
}

/// Reads a message of a worker, with its nonce.
pub(crate) fn read(from: &mut impl Read) -> Result<(Nonce, Json), Unread> {
    let mut nonce = [0; 8];
    from.read_exact(&mut nonce).map_err(|_| Unread::Ended)?;
    let nonce = Nonce::from_be_bytes(nonce);
    let mut size = [0; 8];
    from.read_exact(&mut size).map_err(|_| Unread::Ended)?;
    let size = usize::try_from(u64::from_be_bytes(size)).unwrap_or(usize::MAX);
    if size > MAX_BYTES {
        return Err(Unread::TooLarge(nonce, size));
    }
    // What isn't there takes no memory.
    let mut bytes = Vec::new();
    let read = from.take(size as u64).read_to_end(&mut bytes);
    if read.is_err() || bytes.len() < size {
        return Err(Unread::Ended);
    }
    let message = serde_json::from_slice(&bytes).map_err(|_| Unread::Meddled)?;
    Ok((nonce, message))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_message_is_read_as_it_was_written() {
        let message = json!({"columns": [[1, null, "x"]]});
        let mut pipe = 7_u64.to_be_bytes().to_vec();
        pipe.extend([0; 4]);
        write(&mut pipe, message.to_string().as_bytes()).unwrap();
        assert_eq!(read(&mut pipe.as_slice()).unwrap(), (7, message));
    }

    #[test]
    fn what_is_cut_or_too_large_or_no_message_is_told_apart() {
        for (bytes, why) in [
            (&b""[..], Unread::Ended),
            (b"\0\0\0", Unread::Ended),
            (b"\0\0\0\0\0\0\0\x05{}", Unread::Ended),
            (b"\0\0\0\0\0\0\0\x02x}", Unread::Meddled),
            (
                b"\xff\xff\xff\xff\xff\xff\xff\xff{}",
                Unread::TooLarge(7, usize::MAX),
            ),
            (
                b"\0\0\0\0\x04\0\0\x01{}",
                Unread::TooLarge(7, MAX_BYTES + 1),
            ),
        ] {
            let bytes = [&7_u64.to_be_bytes()[..], bytes].concat();
            assert_eq!(read(&mut bytes.as_slice()), Err(why), "{bytes:?}");
        }
    }
}
