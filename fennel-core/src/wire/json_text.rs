//! JSON text the way Python's `json.dumps` writes it, which the protocol's defaults are in.

use std::io;

use serde::Serialize;
use serde_json::Value as Json;
use serde_json::ser::{Formatter, Serializer};

/// `json` with a blank behind each comma and colon, in ASCII, floats as Python prints them.
pub(crate) fn to_text(json: &Json) -> String {
    let mut text = Vec::new();
    let mut serializer = Serializer::with_formatter(&mut text, Python);
    json.serialize(&mut serializer)
        .expect("JSON values are written to memory without fail");
    String::from_utf8(text).expect("JSON text is UTF-8")
}

struct Python;

impl Formatter for Python {
    fn begin_array_value<W: ?Sized + io::Write>(
        &mut self,
        to: &mut W,
        first: bool,
    ) -> io::Result<()> {
        to.write_all(if first { b"" } else { b", " })
    }

    fn begin_object_key<W: ?Sized + io::Write>(
        &mut self,
        to: &mut W,
        first: bool,
    ) -> io::Result<()> {
        to.write_all(if first { b"" } else { b", " })
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, to: &mut W) -> io::Result<()> {
        to.write_all(b": ")
    }

    fn write_f64<W: ?Sized + io::Write>(&mut self, to: &mut W, value: f64) -> io::Result<()> {
        to.write_all(float(value).as_bytes())
    }

    fn write_string_fragment<W: ?Sized + io::Write>(
        &mut self,
        to: &mut W,
        text: &str,
    ) -> io::Result<()> {
        for unit in text.encode_utf16() {
            match u8::try_from(unit) {
                Ok(ascii) if (b' '..=b'~').contains(&ascii) => to.write_all(&[ascii])?,
                _ => write!(to, "\\u{unit:04x}")?,
            }
        }
        Ok(())
    }
}

/// The shortest digits that mean this float: plain from 1e-4 up to 1e16, else with an exponent of
/// at least two digits.
fn float(value: f64) -> String {
    let size = value.abs();
    if size == 0.0 || (1e-4..1e16).contains(&size) {
        return format!("{value:?}");
    }
    let scientific = format!("{value:e}");
    match scientific.split_once('e') {
        Some((digits, exponent)) => {
            let (sign, exponent) = match exponent.strip_prefix('-') {
                Some(exponent) => ('-', exponent),
                None => ('+', exponent),
            };
            format!("{digits}e{sign}{exponent:0>2}")
        }
        None => scientific,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_as_python_writes_it() {
        let json: Json =
            serde_json::from_str(r#"{"b": [1, 0.5, null], "a": "é\"\n😀", "c": {}}"#).unwrap();
        assert_eq!(
            to_text(&json),
            r#"{"b": [1, 0.5, null], "a": "\u00e9\"\n\ud83d\ude00", "c": {}}"#
        );
    }

    #[test]
    fn floats_are_as_python_prints_them() {
        for (value, text) in [
            (0.0, "0.0"),
            (-1.5, "-1.5"),
            (1e16, "1e+16"),
            (1e15, "1000000000000000.0"),
            (1e-5, "1e-05"),
            (1.5e-7, "1.5e-07"),
            (0.0001, "0.0001"),
            (1e300, "1e+300"),
        ] {
            assert_eq!(float(value), text);
        }
    }
}
