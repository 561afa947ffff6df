//! Durations and instants as messages.

use crate::time::{Duration, Timestamp};

/// A message's duration, where it has one.
pub(crate) fn read_duration(
    duration: Option<&prost_types::Duration>,
) -> Result<Option<Duration>, String> {
    let Some(duration) = duration else {
        return Ok(None);
    };
    let micros = duration.seconds.checked_mul(1_000_000);
    let micros = micros.and_then(|micros| micros.checked_add(i64::from(duration.nanos / 1_000)));
    match micros {
        Some(micros) if micros >= 0 => Ok(Some(Duration::from_micros(micros))),
        _ => Err("a duration is negative or out of range".into()),
    }
}

/// A message's instant.
pub(crate) fn read_timestamp(timestamp: &prost_types::Timestamp) -> Result<Timestamp, String> {
    let micros = timestamp.seconds.checked_mul(1_000_000);
    let micros = micros.and_then(|micros| micros.checked_add(i64::from(timestamp.nanos / 1_000)));
    let instant = micros.and_then(Timestamp::from_micros);
    instant.ok_or_else(|| "an instant is outside years 1 to 9999".into())
}

/// The duration as a message.
pub(crate) fn write_duration(duration: Duration) -> prost_types::Duration {
    prost_types::Duration {
        seconds: duration.micros() / 1_000_000,
        nanos: (duration.micros() % 1_000_000) as i32 * 1_000,
    }
}

/// The instant as a message.
pub(crate) fn write_timestamp(timestamp: Timestamp) -> prost_types::Timestamp {
    prost_types::Timestamp {
        seconds: timestamp.micros().div_euclid(1_000_000),
        nanos: timestamp.micros().rem_euclid(1_000_000) as i32 * 1_000,
    }
}
