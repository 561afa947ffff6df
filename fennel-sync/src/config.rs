//! Which server a run talks to.

use reqwest::Url;

use crate::embedded::EmbeddedServer;
use crate::error::Error;
use crate::secret::Token;

/// A value, and the flag or variable that it comes from.
#[derive(Clone, Debug)]
pub(crate) struct Setting<T> {
    pub(crate) name: &'static str,
    pub(crate) value: T,
}

/// What the run was told about its server.
#[derive(Debug, Default)]
pub(crate) struct Given {
    pub(crate) url: Option<Setting<String>>,
    pub(crate) token: Option<Setting<Token>>,
    /// Whether this is a CI job.
    pub(crate) ci: bool,
}

/// The server of a run.
#[derive(Debug)]
pub(crate) enum Target {
    /// One that runs elsewhere.
    Remote(Server),
    /// The one in this program.
    Embedded(&'static EmbeddedServer),
}

/// Where a server is, and what opens it.
#[derive(Clone, Debug)]
pub(crate) struct Server {
    pub(crate) url: Url,
    pub(crate) token: Token,
}

impl Server {
    /// Checks the address and the token.
    pub(crate) fn new(url: &Setting<String>, token: Setting<Token>) -> Result<Self, Error> {
        let wrong = |name, problem| Error::Setting { name, problem };
        token
            .value
            .check()
            .map_err(|problem| wrong(token.name, problem))?;
        Ok(Server {
            url: parse_url(&url.value).map_err(|problem| wrong(url.name, problem))?,
            token: token.value,
        })
    }

    /// The address, as people write it.
    pub(crate) fn address(&self) -> &str {
        self.url.as_str().trim_end_matches('/')
    }
}

/// Decides for a server. Where nothing is said it is the embedded one, but never in CI: what a job
/// commits there is gone with the job, and would look deployed.
pub(crate) fn resolve(
    given: Given,
    embedded: Option<&'static EmbeddedServer>,
) -> Result<Target, Error> {
    match (given.url, given.token) {
        (Some(url), Some(token)) => Ok(Target::Remote(Server::new(&url, token)?)),
        (Some(url), None) => Err(Error::NoToken { given: url.name }),
        (None, Some(token)) => Err(Error::NoUrl { given: token.name }),
        (None, None) if given.ci => Err(Error::NoServerInCi),
        (None, None) => embedded
            .map(Target::Embedded)
            .ok_or(Error::NoEmbeddedServer),
    }
}

/// Whether the variable `CI` says that this is a CI job.
pub(crate) fn is_ci(value: Option<&str>) -> bool {
    !matches!(
        value.map(str::to_ascii_lowercase).as_deref(),
        None | Some("" | "0" | "false")
    )
}

/// The address of a server. It may hold a password, so no problem repeats it.
fn parse_url(text: &str) -> Result<Url, &'static str> {
    if text.is_empty() {
        return Err("is empty; set it to the server's address, or don't set it at all");
    }
    let url = match Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") => url,
        _ => {
            return Err(
                "is not the address of a server; write one such as https://fennel.example.com",
            );
        }
    };
    if !url.username().is_empty() || url.password().is_some() {
        return Err("has a user name or password in it; give the token in FENNEL_TOKEN instead");
    }
    if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
        return Err(
            "has more than a server's address; leave out what follows host and port, as in https://fennel.example.com",
        );
    }
    Ok(url)
}

/// Checks a branch's name.
pub(crate) fn check_branch(branch: &str) -> Result<(), Error> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-' | '/');
    if !branch.is_empty() && branch.chars().all(allowed) {
        return Ok(());
    }
    Err(Error::Setting {
        name: "--branch",
        problem: "is not a branch's name; use letters, digits, `_`, `.`, `-` and `/`",
    })
}

/// Checks an environment's name.
pub(crate) fn check_env(env: Option<&str>) -> Result<(), Error> {
    let wrong = |env: &str| {
        env.is_empty() || env.starts_with('~') || env.contains(|c: char| c.is_ascii_whitespace())
    };
    if !env.is_some_and(wrong) {
        return Ok(());
    }
    Err(Error::Setting {
        name: "--env",
        problem: "is not an environment's name; write one without blanks and without `~`, such as `prod`",
    })
}
