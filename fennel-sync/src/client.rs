//! Commits on a server, and what its answers mean.

use fennel_core::diff::Diff;
use fennel_core::plan::Plan;
use fennel_core::{Problem, Problems};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::runtime::Runtime;

use crate::config::Server;
use crate::error::{Doubt, Error};
use crate::identity::Identity;
use crate::report::plain;
use crate::retry::{Backoff, Sent, is_passing};
use crate::secret::Token;
use crate::transport::{Body, Call, Failure, Http, Response, Transport};

/// How to commit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mode<'a> {
    /// What is to be done; for a preview `None`, and nothing is changed.
    pub(crate) made: Option<Made<'a>>,
    /// Only what is in the request is looked at; the rest of the branch stays.
    pub(crate) incremental: bool,
    /// Data may be computed anew.
    pub(crate) backfill: bool,
}

/// What a commit is made as.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Made<'a> {
    /// Its id, by which it is known again.
    pub(crate) id: &'a str,
    /// The commit that it was planned against, empty for none: the branch must be there.
    pub(crate) base: &'a str,
    /// The state of the code.
    pub(crate) revision: Option<&'a str>,
}

/// What a commit did, or would do.
#[derive(Debug, Deserialize)]
pub(crate) struct Answer {
    commit: Option<String>,
    /// Whether it is another commit than the branch had.
    pub(crate) changed: bool,
    pub(crate) diff: Diff,
    /// What that comes to; of a preview.
    #[serde(default)]
    plan: Option<Plan>,
    /// The server that did it, where it says which.
    #[serde(default)]
    pub(crate) server: Option<Identity>,
}

impl Answer {
    /// That of a commit that was found later.
    pub(crate) fn landed(id: String, diff: Diff) -> Self {
        Answer {
            commit: Some(id),
            changed: true,
            diff,
            plan: None,
            server: None,
        }
    }

    /// The commit that the branch has now; `None` before the first one. A preview does not change it.
    pub(crate) fn id(&self) -> Option<String> {
        self.commit.clone().filter(|id| !id.is_empty())
    }

    /// The plan; where the server gave none, what its diff says.
    pub(crate) fn plan(&self) -> Plan {
        self.plan.clone().unwrap_or_else(|| Plan::of(&self.diff))
    }
}

/// What of an answer is the same in all versions of the protocol.
#[derive(Debug, Deserialize)]
struct Told {
    server: Option<Identity>,
}

/// What a fennel server says when it does not do what it was asked.
#[derive(Debug, Deserialize)]
struct Objection {
    err_msg: String,
    #[serde(default)]
    problems: Vec<Problem>,
}

/// A server and one of its branches.
#[derive(Debug)]
pub(crate) struct Client<T> {
    pub(crate) transport: T,
    pub(crate) server: Server,
    pub(crate) backoff: Backoff,
}

/// What calls run on.
pub(crate) fn network() -> Result<Runtime, Error> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Error::NoNetwork)
}

impl Client<Http> {
    /// Prepares to talk to `server` about `branch`. Nothing is sent yet.
    pub(crate) fn new(server: Server, branch: &str, backoff: &Backoff) -> Result<Self, Error> {
        Ok(Client {
            transport: Http::new(&server, branch)?,
            server,
            backoff: backoff.clone(),
        })
    }
}

impl<T: Transport> Client<T> {
    /// Sends an encoded `SyncRequest`.
    pub(crate) async fn commit(&self, request: &[u8], mode: Mode<'_>) -> Result<Answer, Error> {
        let Mode {
            made,
            incremental,
            backfill,
        } = mode;
        let preview = made.is_none();
        let mut path = format!(
            "/api/v1/commit?preview={preview}&incremental={incremental}&backfill={backfill}"
        );
        if let Some(Made { id, base, revision }) = made {
            path += &format!("&id={id}&base={}", in_url(base));
            if let Some(revision) = revision {
                path += &format!("&revision={}", in_url(revision));
            }
        }
        let doubt = match made {
            Some(_) => Doubt::Commit,
            None => Doubt::None,
        };
        self.call(&path, Body::Protobuf(request), doubt).await
    }

    /// Reads what a path has, or `None` where the server has nothing of that name.
    pub(crate) async fn find<A: DeserializeOwned>(&self, path: &str) -> Result<Option<A>, Error> {
        match self.get(path).await {
            Err(Error::Declined { status: 404, .. }) => Ok(None),
            found => found.map(Some),
        }
    }

    /// Asks which server it is; `None` if it doesn't know this question.
    pub(crate) async fn identity(&self) -> Result<Option<Identity>, Error> {
        let Some(identity) = self.find::<Identity>("/api/v1/server").await? else {
            return Ok(None);
        };
        identity.check_version(self.server.address())?;
        Ok(Some(identity))
    }

    /// Reads what a path has.
    pub(crate) async fn get<A: DeserializeOwned>(&self, path: &str) -> Result<A, Error> {
        let read = self.call(path, Body::None, Doubt::None).await;
        read.map_err(declined)
    }

    /// Asks something that takes more than a path.
    pub(crate) async fn ask<A: DeserializeOwned>(
        &self,
        path: &str,
        body: &str,
    ) -> Result<A, Error> {
        let asked = self.call(path, Body::Json(body), Doubt::None).await;
        asked.map_err(declined)
    }

    /// Has something done that is no commit.
    pub(crate) async fn post<A: DeserializeOwned>(
        &self,
        path: &str,
        body: &str,
    ) -> Result<A, Error> {
        let done = self.call(path, Body::Json(body), Doubt::Branch).await;
        done.map_err(declined)
    }

    async fn call<A: DeserializeOwned>(
        &self,
        path: &str,
        body: Body<'_>,
        doubt: Doubt,
    ) -> Result<A, Error> {
        let call = Call { path, body };
        let Sent {
            tries,
            reached,
            result,
        } = self.backoff.send(&self.transport, &call).await;
        let url = || self.server.address().into();
        let url_in = || self.server.url_in.clone();
        match result {
            Ok(response) if doubt == Doubt::Branch && tries > 1 => {
                let answer = self.understand(&response, tries);
                answer.map_err(perhaps_done)
            }
            Ok(response) => self.understand(&response, tries),
            Err(Failure::NotHttp(cause)) => Err(Error::Foreign {
                url: url(),
                url_in: url_in(),
                detail: format!("its answer is no HTTP ({cause})"),
            }),
            Err(Failure::Timeout(limit)) => Err(Error::NoAnswer {
                url: url(),
                tries,
                limit,
                doubt,
            }),
            Err(failure) => Err(Error::Unreachable {
                url: url(),
                url_in: url_in(),
                tries,
                reached,
                failure,
            }),
        }
    }

    fn understand<A: DeserializeOwned>(&self, response: &Response, tries: u32) -> Result<A, Error> {
        let url = self.server.address().to_owned();
        let url_in = self.server.url_in.clone();
        let status = response.status;
        let objection = || Objection::read(&response.body, &self.server.token);
        let message = || objection().map(|objection| objection.err_msg);
        match status {
            200 => {
                // First, since the rest of another version's answer may be anything.
                if let Ok(Told { server: Some(told) }) = serde_json::from_slice(&response.body) {
                    told.check_version(&url)?;
                }
                serde_json::from_slice(&response.body).map_err(|error| Error::Foreign {
                    url,
                    url_in,
                    detail: format!(
                        "its answer is something else than was asked for ({})",
                        foreign(&error.to_string(), &self.server.token)
                    ),
                })
            }
            300..=399 => Err(Error::Redirect {
                url,
                url_in,
                status,
                to: plain(response.location.as_deref().unwrap_or("nowhere")),
            }),
            401 | 403 => Err(Error::NotAuthorised {
                status,
                token_in: self.server.token_in.clone(),
                message: message(),
            }),
            _ if is_passing(status) => Err(Error::Unavailable {
                url,
                tries,
                status,
                message: message(),
            }),
            _ => Err(match objection() {
                Some(objection) => Error::Refused {
                    status,
                    message: objection.err_msg,
                    problems: Problems(objection.problems),
                },
                None => Error::Foreign {
                    url,
                    url_in,
                    detail: format!("it answers with status {status} and no reason"),
                },
            }),
        }
    }
}

impl Objection {
    /// The objection in a body, if there is one there; for people, and without the token.
    fn read(body: &[u8], token: &Token) -> Option<Self> {
        let mut objection: Objection = serde_json::from_slice(body).ok()?;
        let lines: Vec<_> = objection
            .err_msg
            .lines()
            .map(|line| foreign(line, token))
            .collect();
        objection.err_msg = lines.join("\n");
        for problem in &mut objection.problems {
            for text in [
                &mut problem.entity,
                &mut problem.member,
                &mut problem.message,
            ] {
                *text = foreign(text, token);
            }
            for note in &mut problem.notes {
                *note = foreign(note, token);
            }
            problem.code = problem.code.take().map(|code| {
                let lines = code.lines().map(|line| foreign(line, token));
                lines.fold(String::new(), |code, line| code + &line + "\n")
            });
            // Where the server was built is not where the definitions are.
            (problem.file, problem.line) = (None, None);
        }
        Some(objection)
    }
}

/// A refusal of what is no commit.
fn declined(error: Error) -> Error {
    match error {
        Error::Refused {
            status, message, ..
        } => Error::Declined { status, message },
        other => other,
    }
}

/// A refusal behind a lost answer: a branch is there, or gone, perhaps because of the try before.
fn perhaps_done(error: Error) -> Error {
    match error {
        Error::Refused {
            status: status @ (404 | 409),
            message,
            ..
        } => Error::Declined {
            status,
            message: format!(
                "{message}; perhaps that was this run itself, for the answer to an earlier try was lost: `sync branch list` tells"
            ),
        },
        other => other,
    }
}

/// `text` as a part of a URL.
pub(crate) fn in_url(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'-' | b'.' | b'_' | b'~' => {
                written.push(byte.into());
            }
            byte => written += &format!("%{byte:02X}"),
        }
    }
    written
}

/// A text of the server's, fit to be shown.
fn foreign(text: &str, token: &Token) -> String {
    plain(&token.hidden_in(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Setting;

    /// A server that takes a request and never answers.
    struct Silent;

    impl Transport for Silent {
        async fn send(&self, _call: &Call<'_>) -> Result<Response, Failure> {
            std::future::pending().await
        }
    }

    /// The error after the total time, by a clock that jumps there.
    fn unanswered(preview: bool) -> Error {
        let setting = |value: &str| Setting {
            name: "test".into(),
            value: value.to_owned(),
        };
        let token = Setting {
            name: "test".into(),
            value: Token::new("hush".into()),
        };
        let client = Client {
            transport: Silent,
            server: Server::new(&setting("https://fennel.example.com"), token).unwrap(),
            backoff: Backoff::default(),
        };
        let made = Made {
            id: "0a1b2c3d4e5f",
            base: "",
            revision: None,
        };
        let mode = Mode {
            made: (!preview).then_some(made),
            incremental: false,
            backfill: true,
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(client.commit(b"", mode)).unwrap_err()
    }

    #[test]
    fn a_commit_without_an_answer_is_in_doubt() {
        let error = unanswered(false);
        assert!(error.leaves_doubt());
        assert_eq!((error.exit_code(), error.kind()), (5, "not_reachable"));
        assert_eq!(
            error.to_string(),
            "https://fennel.example.com gave no answer within 300 s, after 1 try"
        );
    }

    #[test]
    fn a_plan_without_an_answer_has_done_nothing() {
        let error = unanswered(true).to_string();
        assert!(
            error.ends_with("; nothing was done, try again later"),
            "{error}"
        );
    }
}
