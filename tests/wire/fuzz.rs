//! Requests that are damaged in every way never panic: not when they are read, checked or sent on.
//!
//! The damage is a little each time and keeps the message one, for the most part: fields are
//! doubled, left out, swapped and taken from other requests, at any depth. `FENNEL_FUZZ_SECONDS`
//! lets it run for longer, and `FENNEL_FUZZ_SEED` begins where a failure was.

use std::panic;
use std::time::{Duration, Instant};

use crate::hostile::commit;
use crate::roundtrip::{CASES, bytes};

/// How many damaged requests there are where no time is given.
const ROUNDS: u64 = 3_000;

#[test]
fn damaged_requests_are_no_panic() {
    let vectors: Vec<Vec<u8>> = CASES.iter().map(|case| bytes(case)).collect();
    let number = |name| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let first: u64 = number("FENNEL_FUZZ_SEED").unwrap_or(1);
    let end =
        number("FENNEL_FUZZ_SECONDS").map(|seconds| Instant::now() + Duration::from_secs(seconds));
    let mut seed = first;
    while end.map_or(seed - first < ROUNDS, |end| Instant::now() < end) {
        let mut random = Random(seed);
        let mut request = vectors[random.below(vectors.len())].clone();
        for _ in 0..=random.below(4) {
            let donor = &vectors[random.below(vectors.len())];
            request = damaged(&request, donor, &mut random, 0);
        }
        let committed = panic::catch_unwind(|| commit(&request));
        assert!(committed.is_ok(), "run again with FENNEL_FUZZ_SEED={seed}");
        seed += 1;
    }
}

/// A message with something wrong in it, or in some message inside.
fn damaged(message: &[u8], donor: &[u8], random: &mut Random, depth: usize) -> Vec<u8> {
    let Some(mut fields) = fields(message).filter(|fields| !fields.is_empty()) else {
        return damaged_bytes(message, random);
    };
    let at = random.below(fields.len());
    // Mostly deeper, where there is a message.
    if depth < 12
        && random.below(8) > 0
        && let Some(inner) = fields[at].payload.take()
    {
        fields[at].payload = Some(damaged(&inner, donor, random, depth + 1));
        return encoded(&fields);
    }
    match random.below(7) {
        0 => {
            fields.remove(at);
        }
        1 => {
            let copy = fields[at].clone();
            fields.push(copy);
        }
        2 => {
            let other = random.below(fields.len());
            fields.swap(at, other);
        }
        3 => {
            // One field's content under another's number.
            let other = random.below(fields.len());
            fields[at].payload = fields[other].payload.clone();
        }
        4 => fields[at].key = (fields[at].key & 7) | (1 + random.below(24) as u64) << 3,
        5 => {
            let foreign = any_field(donor, random);
            fields.insert(at, foreign.unwrap_or_else(|| fields[at].clone()));
        }
        _ => return damaged_bytes(message, random),
    }
    encoded(&fields)
}

fn damaged_bytes(message: &[u8], random: &mut Random) -> Vec<u8> {
    let mut bytes = message.to_vec();
    if bytes.is_empty() {
        return vec![random.next() as u8];
    }
    let at = random.below(bytes.len());
    match random.below(4) {
        0 => bytes[at] ^= 1 << random.below(8),
        1 => bytes[at] = random.next() as u8,
        2 => bytes.truncate(at),
        _ => {
            let again = bytes[at..].to_vec();
            bytes.extend(again);
        }
    }
    bytes
}

/// A field of a message, at some depth.
fn any_field(message: &[u8], random: &mut Random) -> Option<Field> {
    let fields = fields(message)?;
    if fields.is_empty() {
        return None;
    }
    let field = fields[random.below(fields.len())].clone();
    let inner = field.payload.as_deref().filter(|_| random.below(3) > 0);
    inner
        .and_then(|inner| any_field(inner, random))
        .or(Some(field))
}

/// A field: its number and wire type, and its number or its bytes.
#[derive(Clone)]
struct Field {
    key: u64,
    value: Vec<u8>,
    payload: Option<Vec<u8>>,
}

/// The fields of bytes that are a message.
fn fields(mut message: &[u8]) -> Option<Vec<Field>> {
    let mut fields = Vec::new();
    while !message.is_empty() {
        let key = varint(&mut message)?;
        let before = message;
        let mut payload = None;
        match key & 7 {
            0 => {
                varint(&mut message)?;
            }
            1 => message = message.get(8..)?,
            2 => {
                let length = usize::try_from(varint(&mut message)?).ok()?;
                payload = Some(message.get(..length)?.to_vec());
                message = message.get(length..)?;
            }
            5 => message = message.get(4..)?,
            _ => return None,
        }
        let value = match payload {
            Some(_) => Vec::new(),
            None => before[..before.len() - message.len()].to_vec(),
        };
        fields.push(Field {
            key,
            value,
            payload,
        });
    }
    Some(fields)
}

fn encoded(fields: &[Field]) -> Vec<u8> {
    let mut message = Vec::new();
    for field in fields {
        prost::encoding::encode_varint(field.key, &mut message);
        if let Some(payload) = &field.payload {
            prost::encoding::encode_varint(payload.len() as u64, &mut message);
            message.extend(payload);
        }
        message.extend(&field.value);
    }
    message
}

fn varint(message: &mut &[u8]) -> Option<u64> {
    prost::encoding::decode_varint(message).ok()
}

/// SplitMix64: the same numbers for the same seed.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, count: usize) -> usize {
        (self.next() % count as u64) as usize
    }
}
