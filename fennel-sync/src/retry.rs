//! Trying again, where that may help.
//!
//! A commit bears an id by which the server knows it again, so one whose answer was lost can be sent again.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout_at};

use crate::transport::{Call, Failure, Response, Transport};

/// How often and how long to try.
#[derive(Clone, Debug)]
pub(crate) struct Backoff {
    /// The number of tries, the first one included.
    pub(crate) tries: u32,
    /// The longest pause behind the first try. It doubles behind each further one.
    pub(crate) first: Duration,
    /// What the pause does not grow beyond.
    pub(crate) longest: Duration,
    /// The time for all tries and pauses.
    pub(crate) total: Duration,
    /// A number from 0 to 1, so that many jobs that failed together don't come back together.
    pub(crate) jitter: fn() -> f64,
}

impl Default for Backoff {
    fn default() -> Self {
        Backoff {
            tries: 5,
            first: Duration::from_millis(500),
            longest: Duration::from_secs(10),
            total: Duration::from_secs(300),
            jitter: random,
        }
    }
}

/// What the last try gave.
#[derive(Debug)]
pub(crate) struct Sent {
    pub(crate) tries: u32,
    /// Whether any try got as far as a connection, so that the server may have heard of it.
    pub(crate) reached: bool,
    pub(crate) result: Result<Response, Failure>,
}

impl Backoff {
    /// Makes a call until there is an answer that stands, or no more try or time is left.
    pub(crate) async fn send(&self, transport: &impl Transport, call: &Call<'_>) -> Sent {
        let deadline = Instant::now() + self.total;
        let (mut tries, mut reached) = (0, false);
        loop {
            tries += 1;
            let result = timeout_at(deadline, transport.send(call))
                .await
                .unwrap_or(Err(Failure::Timeout(self.total)));
            reached |= !matches!(
                result,
                Err(Failure::Connect(_) | Failure::Certificate(_) | Failure::NotTls(_))
            );
            let left = deadline.saturating_duration_since(Instant::now());
            match self.pause(tries, &result) {
                Some(pause) if pause < left => sleep(pause).await,
                _ => {
                    return Sent {
                        tries,
                        reached,
                        result,
                    };
                }
            }
        }
    }

    /// How long to wait before trying again; `None` where that would not help.
    fn pause(&self, tries: u32, result: &Result<Response, Failure>) -> Option<Duration> {
        if tries >= self.tries {
            return None;
        }
        let asked = match result {
            Ok(response) if is_passing(response.status) => response.retry_after,
            Ok(_) | Err(Failure::Certificate(_) | Failure::NotTls(_) | Failure::NotHttp(_)) => {
                return None;
            }
            Err(_) => None,
        };
        Some(asked.unwrap_or_else(|| {
            let longest = self.first * 2_u32.saturating_pow(tries - 1);
            longest
                .min(self.longest)
                .mul_f64(0.5 + (self.jitter)() / 2.0)
        }))
    }
}

/// Whether a status says that another try may have another answer.
pub(crate) fn is_passing(status: u16) -> bool {
    status == 429 || (status >= 500 && status != 501)
}

/// The standard library seeds each of its hashers anew.
fn random() -> f64 {
    RandomState::new().hash_one(0) as f64 / u64::MAX as f64
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::collections::VecDeque;

    use super::*;
    use crate::transport::Body;

    /// Answers from a list, notes when it was asked, and hangs when the list is at its end.
    struct Script {
        results: RefCell<VecDeque<Result<Response, Failure>>>,
        begun: Instant,
        asked: RefCell<Vec<u128>>,
    }

    impl Transport for Script {
        async fn send(&self, _call: &Call<'_>) -> Result<Response, Failure> {
            self.asked
                .borrow_mut()
                .push(self.begun.elapsed().as_millis());
            let next = self.results.borrow_mut().pop_front();
            match next {
                Some(result) => result,
                None => std::future::pending().await,
            }
        }
    }

    /// What came of it, and the milliseconds at which the server was asked. The clock is a test's:
    /// it jumps to the next thing to wait for.
    fn run(results: impl IntoIterator<Item = Result<Response, Failure>>) -> (Sent, Vec<u128>) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(async {
            let script = Script {
                results: RefCell::new(results.into_iter().collect()),
                begun: Instant::now(),
                asked: RefCell::default(),
            };
            let backoff = Backoff {
                jitter: || 1.0,
                ..Backoff::default()
            };
            let call = Call {
                path: "/",
                body: Body::None,
            };
            let sent = backoff.send(&script, &call).await;
            (sent, script.asked.into_inner())
        })
    }

    fn status(status: u16) -> Result<Response, Failure> {
        Ok(Response {
            status,
            ..Response::default()
        })
    }

    fn wait(seconds: u64) -> Result<Response, Failure> {
        Ok(Response {
            status: 429,
            retry_after: Some(Duration::from_secs(seconds)),
            ..Response::default()
        })
    }

    fn refused() -> Result<Response, Failure> {
        Err(Failure::Connect("refused".into()))
    }

    #[test]
    fn pauses_double_and_five_tries_are_all() {
        let (sent, asked) = run((0..9).map(|_| refused()));
        assert_eq!(asked, [0, 500, 1500, 3500, 7500]);
        assert_eq!((sent.tries, sent.reached), (5, false));
        assert_eq!(sent.result.unwrap_err(), Failure::Connect("refused".into()));
    }

    #[test]
    fn it_goes_on_until_an_answer_stands() {
        let lost = || Err(Failure::Interrupted("reset".into()));
        let (sent, asked) = run([status(503), lost(), status(200), status(500)]);
        assert_eq!((asked, sent.reached), (vec![0, 500, 1500], true));
        assert_eq!(sent.result.unwrap().status, 200);
    }

    #[test]
    fn what_would_not_change_is_not_asked_again() {
        for last in [200, 204, 302, 400, 401, 403, 404, 409, 413, 501] {
            assert_eq!(run([status(last)]).0.tries, 1, "{last}");
        }
        let (sent, _) = run([Err(Failure::Certificate("expired".into()))]);
        assert_eq!(sent.tries, 1);
    }

    #[test]
    fn the_server_may_ask_for_another_pause() {
        let (_, asked) = run([wait(30), wait(0), status(200)]);
        assert_eq!(asked, [0, 30_000, 30_000]);
    }

    #[test]
    fn a_pause_beyond_the_total_time_is_not_waited_for() {
        let (sent, asked) = run([wait(100), wait(250)]);
        assert_eq!(asked, [0, 100_000]);
        assert_eq!(sent.result.unwrap().status, 429);
        let (sent, _) = run([wait(u64::MAX)]);
        assert_eq!(sent.tries, 1);
    }

    #[test]
    fn a_server_that_never_answers_is_left_after_the_total_time() {
        let (sent, asked) = run([status(503)]);
        assert_eq!(asked, [0, 500]);
        let limit = Duration::from_secs(300);
        assert_eq!(sent.result.unwrap_err(), Failure::Timeout(limit));
    }

    #[test]
    fn jitter_takes_up_to_half_of_a_pause() {
        for _ in 0..100 {
            let pause = Backoff::default().pause(1, &refused()).unwrap();
            assert!((250..=500).contains(&pause.as_millis()), "{pause:?}");
        }
    }
}
