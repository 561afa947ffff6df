//! A line that says that something takes its time, where somebody watches.

use std::future::Future;
use std::io::Write;
use std::pin::pin;
use std::time::Duration;

use tokio::time::{Instant, timeout};

/// Waits for `work`. From the second second on `screen` shows what for and how long, in a line that
/// is gone afterwards.
pub(crate) async fn watch<F: Future>(
    work: F,
    what: &str,
    screen: Option<&mut dyn Write>,
) -> F::Output {
    let Some(screen) = screen else {
        return work.await;
    };
    let begun = Instant::now();
    let mut work = pin!(work);
    let mut shown = false;
    loop {
        match timeout(Duration::from_secs(1), &mut work).await {
            Ok(output) => {
                if shown {
                    show(screen, "\r\x1b[K");
                }
                return output;
            }
            Err(_) => {
                let seconds = begun.elapsed().as_secs();
                show(screen, &format!("\r\x1b[K{what}, {seconds} s"));
                shown = true;
            }
        }
    }
}

/// Nothing hangs on this line, so nor does anything on whether it can be written.
fn show(screen: &mut dyn Write, text: &str) {
    let _ = screen.write_all(text.as_bytes());
    let _ = screen.flush();
}

#[cfg(test)]
mod tests {
    use tokio::time::sleep;

    use super::*;

    fn watched(millis: u64) -> String {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        let mut screen = Vec::new();
        let work = async { sleep(Duration::from_millis(millis)).await };
        runtime.block_on(watch(work, "waiting", Some(&mut screen)));
        String::from_utf8(screen).unwrap()
    }

    #[test]
    fn a_short_wait_shows_nothing() {
        assert_eq!(watched(900), "");
    }

    #[test]
    fn a_long_wait_counts_seconds_and_leaves_nothing() {
        assert_eq!(
            watched(2500),
            "\r\x1b[Kwaiting, 1 s\r\x1b[Kwaiting, 2 s\r\x1b[K"
        );
    }
}
