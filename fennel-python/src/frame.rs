//! Frames on a pipe: a message of JSON behind its length.

use std::io::{self, Read, Write};

use serde_json::Value as Json;

/// The largest message that a worker may send.
const MAX_BYTES: usize = 1 << 29;

/// Writes bytes behind their number.
pub(crate) fn write(to: &mut impl Write, bytes: &[u8]) -> io::Result<()> {
    let size = u32::try_from(bytes.len()).map_err(|_| too_large(bytes.len()))?;
    to.write_all(&size.to_be_bytes())?;
    to.write_all(bytes)?;
    to.flush()
}

/// Reads a message; an error at the end, and for what is none.
pub(crate) fn read(from: &mut impl Read) -> io::Result<Json> {
    let mut size = [0; 4];
    from.read_exact(&mut size)?;
    let size = u32::from_be_bytes(size) as usize;
    if size > MAX_BYTES {
        return Err(too_large(size));
    }
    // What isn't there takes no memory.
    let mut bytes = Vec::new();
    from.take(size as u64).read_to_end(&mut bytes)?;
    if bytes.len() < size {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(serde_json::from_slice(&bytes)?)
}

fn too_large(size: usize) -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        format!("a message of {size} bytes"),
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_message_is_read_as_it_was_written() {
        let message = json!({"columns": [[1, null, "x"]]});
        let mut pipe = Vec::new();
        write(&mut pipe, message.to_string().as_bytes()).unwrap();
        assert_eq!(read(&mut pipe.as_slice()).unwrap(), message);
    }

    #[test]
    fn what_is_cut_or_no_message_is_an_error() {
        for bytes in [
            &b""[..],
            b"\0\0\0",
            b"\0\0\0\x05{}",
            b"\0\0\0\x02x}",
            b"\xff\xff\xff\xff{}",
        ] {
            assert!(read(&mut &*bytes).is_err(), "{bytes:?}");
        }
    }
}
