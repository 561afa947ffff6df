//! Which server a run talks to.

use std::borrow::Cow;

use reqwest::Url;

use crate::embedded::{EmbeddedServer, Running};
use crate::error::Error;
use crate::secret::Token;

/// A value, and the flag or variable that it comes from.
#[derive(Clone, Debug)]
pub(crate) struct Setting<T> {
    pub(crate) name: Cow<'static, str>,
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
    /// Where the address comes from.
    pub(crate) url_in: Cow<'static, str>,
    pub(crate) token: Token,
    /// Where the token comes from.
    pub(crate) token_in: Cow<'static, str>,
    /// Whether it ends with this run.
    pub(crate) is_embedded: bool,
}

impl Server {
    /// Checks the address and the token.
    pub(crate) fn new(url: &Setting<String>, token: Setting<Token>) -> Result<Self, Error> {
        let wrong = |name: &Cow<'static, str>, problem| Error::Setting {
            name: name.clone(),
            problem,
        };
        let Setting { name, value } = token;
        value.check().map_err(|problem| wrong(&name, problem))?;
        Ok(Server {
            url: parse_url(&url.value).map_err(|problem| wrong(&url.name, problem))?,
            url_in: url.name.clone(),
            token: value,
            token_in: name,
            is_embedded: false,
        })
    }

    /// The server in this program.
    pub(crate) fn embedded(running: &Running) -> Result<Self, Error> {
        let url = Setting {
            name: "the address of the embedded server".into(),
            value: running.url.clone(),
        };
        let token = Setting {
            name: "the token of the embedded server".into(),
            value: Token::new(running.token.clone()),
        };
        let server = Server::new(&url, token)?;
        Ok(Server {
            is_embedded: true,
            ..server
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
    branch_name(branch).map_err(|problem| Error::Setting {
        name: "--branch".into(),
        problem,
    })
}

/// What is wrong with a branch's name.
pub(crate) fn branch_name(branch: &str) -> Result<(), &'static str> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-' | '/');
    if !branch.is_empty() && branch.chars().all(allowed) {
        return Ok(());
    }
    Err("is not a branch's name; use letters, digits, `_`, `.`, `-` and `/`")
}

/// Checks an environment's name.
pub(crate) fn check_env(env: Option<&str>) -> Result<(), Error> {
    env.map_or(Ok(()), env_name)
        .map_err(|problem| Error::Setting {
            name: "--env".into(),
            problem,
        })
}

/// What is wrong with an environment's name.
pub(crate) fn env_name(env: &str) -> Result<(), &'static str> {
    if !env.is_empty() && !env.starts_with('~') && !env.contains(|c: char| c.is_ascii_whitespace())
    {
        return Ok(());
    }
    Err("is not an environment's name; write one without blanks and without `~`, such as `prod`")
}

/// What is wrong with a server's name.
pub(crate) fn server_name(name: &str) -> Result<(), &'static str> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if !name.is_empty() && name.chars().all(allowed) {
        return Ok(());
    }
    Err("is not a server's name; take the one that `fennel-server` prints when it starts")
}

#[cfg(test)]
mod tests {
    use super::*;

    static EMBEDDED: EmbeddedServer = EmbeddedServer {
        start: |_| Err("not in this test".into()),
    };

    fn url(name: &'static str, value: &str) -> Option<Setting<String>> {
        Some(Setting {
            name: name.into(),
            value: value.into(),
        })
    }

    fn token(name: &'static str, value: &str) -> Option<Setting<Token>> {
        Some(Setting {
            name: name.into(),
            value: Token::new(value.into()),
        })
    }

    /// The server or the error in words.
    fn resolved(given: Given, embedded: Option<&'static EmbeddedServer>) -> String {
        match resolve(given, embedded) {
            Ok(Target::Remote(server)) => server.address().into(),
            Ok(Target::Embedded(_)) => "embedded".into(),
            Err(error) => {
                assert_eq!(error.exit_code(), 2);
                error.to_string()
            }
        }
    }

    #[test]
    fn where_a_run_goes() {
        let server = url("FENNEL_URL", "https://fennel.example.com");
        let secret = token("FENNEL_TOKEN", "hush");
        let rows = [
            (&server, &secret, false, "https://fennel.example.com"),
            (&server, &secret, true, "https://fennel.example.com"),
            (
                &server,
                &None,
                false,
                "FENNEL_TOKEN is not set, but FENNEL_URL names a server",
            ),
            (
                &server,
                &None,
                true,
                "FENNEL_TOKEN is not set, but FENNEL_URL names a server",
            ),
            (
                &None,
                &secret,
                false,
                "FENNEL_URL is not set, but FENNEL_TOKEN holds a token",
            ),
            (
                &None,
                &secret,
                true,
                "FENNEL_URL is not set, but FENNEL_TOKEN holds a token",
            ),
            (&None, &None, false, "embedded"),
            (
                &None,
                &None,
                true,
                "FENNEL_URL and FENNEL_TOKEN are not set, but CI is",
            ),
        ];
        for (url, token, ci, expected) in rows {
            let given = Given {
                url: url.clone(),
                token: token.clone(),
                ci,
            };
            let resolved = resolved(given, Some(&EMBEDDED));
            assert_eq!(resolved.split(';').next(), Some(expected));
        }
        assert_eq!(
            resolved(Given::default(), None),
            "FENNEL_URL is not set, and no server is embedded in this program; set FENNEL_URL and FENNEL_TOKEN, or turn on feature `local` of `fennel`, which brings an embedded server"
        );
    }

    #[test]
    fn what_a_setting_holds_is_checked_and_not_repeated() {
        let problem = |address: &str, secret: &str| {
            let given = Given {
                url: url("--url", address),
                token: token("FENNEL_TOKEN", secret),
                ci: false,
            };
            resolved(given, None)
        };
        for (address, start) in [
            ("", "--url is empty"),
            ("hush.example", "--url is not the address of a server"),
            ("hush.example:8000", "--url is not the address of a server"),
            ("ftp://hush.example", "--url is not the address of a server"),
            ("http://", "--url is not the address of a server"),
            (
                "https://me:hush@fennel.example",
                "--url has a user name or password",
            ),
            (
                "https://hush@fennel.example",
                "--url has a user name or password",
            ),
            (
                "https://fennel.example/hush",
                "--url has more than a server's address",
            ),
            (
                "https://fennel.example/?hush",
                "--url has more than a server's address",
            ),
            (
                "https://fennel.example#hush",
                "--url has more than a server's address",
            ),
        ] {
            let problem = problem(address, "hush");
            assert!(problem.starts_with(start), "{address}: {problem}");
            assert!(!problem.contains("hush"), "{problem}");
        }
        for (secret, start) in [
            ("", "FENNEL_TOKEN is empty"),
            ("hush\n", "FENNEL_TOKEN has a line break"),
            ("hush hush", "FENNEL_TOKEN has a blank"),
            (
                "hüsh",
                "FENNEL_TOKEN has a blank or a character that is not ASCII",
            ),
        ] {
            let problem = problem("http://localhost", secret);
            assert!(problem.starts_with(start), "{secret}: {problem}");
            assert!(!problem.contains("hush"), "{problem}");
        }
        for (address, shown) in [
            ("http://localhost:8000/", "http://localhost:8000"),
            ("HTTPS://Fennel.Example:443", "https://fennel.example"),
            ("http://[::1]:8000", "http://[::1]:8000"),
        ] {
            assert_eq!(problem(address, "hush"), shown);
        }
    }

    #[test]
    fn ci_is_what_says_so() {
        for (value, ci) in [
            (None, false),
            (Some(""), false),
            (Some("0"), false),
            (Some("False"), false),
            (Some("true"), true),
            (Some("1"), true),
            (Some("yes"), true),
        ] {
            assert_eq!(is_ci(value), ci, "{value:?}");
        }
    }

    #[test]
    fn names_of_branches_and_environments_are_checked() {
        for branch in ["main", "a/b-c_d.1"] {
            assert!(check_branch(branch).is_ok(), "{branch}");
        }
        for branch in ["", "a b", "a\r\nX-Other: 1", "ä"] {
            assert!(check_branch(branch).is_err(), "{branch:?}");
        }
        for env in [None, Some("prod")] {
            assert!(check_env(env).is_ok(), "{env:?}");
        }
        for env in ["", "~prod", "a b"] {
            assert!(check_env(Some(env)).is_err(), "{env:?}");
        }
    }
}
