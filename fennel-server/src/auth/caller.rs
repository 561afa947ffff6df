//! Who bears a request, and what is answered where it may not what it asks.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use fennel_engine::Engine;

use super::role::{Mode, Rights};
use crate::app::App;
use crate::error::Failure;

/// Who bears a request. A copy of what the account may once the body has come, so that one request has one answer.
#[derive(Clone)]
pub(crate) struct Caller(Arc<Inner>);

struct Inner {
    account: Arc<str>,
    token: Arc<str>,
    rights: Arc<Rights>,
    address: Option<SocketAddr>,
}

impl Caller {
    pub(super) fn of(
        account: Arc<str>,
        token: Arc<str>,
        rights: Arc<Rights>,
        address: Option<SocketAddr>,
    ) -> Caller {
        Caller(Arc::new(Inner {
            account,
            token,
            rights,
            address,
        }))
    }

    /// One who may do everything.
    pub(super) fn new(account: &str, token: &str, address: Option<SocketAddr>) -> Caller {
        Caller::of(
            account.into(),
            token.into(),
            Arc::new(Rights::admin()),
            address,
        )
    }

    #[cfg(test)]
    pub(crate) fn test(account: &str) -> Caller {
        Caller::new(account, "0123456789abcdef", None)
    }

    /// The account's name.
    pub(crate) fn account(&self) -> &str {
        &self.0.account
    }

    /// The id of the token.
    pub(crate) fn token(&self) -> &str {
        &self.0.token
    }

    /// Where the connection came from, which may be a proxy.
    pub(crate) fn address(&self) -> Option<SocketAddr> {
        self.0.address
    }

    pub(super) fn rights(&self) -> &Rights {
        &self.0.rights
    }

    /// Refuses who may not `mode` on a branch. The answer is the same whether there is such a branch.
    pub(crate) fn require(&self, mode: Mode, branch: &str) -> Result<(), Failure> {
        match self.rights().may(mode, branch) {
            true => Ok(()),
            false => Err(self.lacks(mode, &format!("on branch `{branch}`"))),
        }
    }

    /// Refuses who may not read every definition of a branch, which a commit of it shows.
    pub(crate) fn require_history(&self, branch: &str) -> Result<(), Failure> {
        self.require(Mode::ReadDefinitions, branch)?;
        match self.rights().may_all(Mode::ReadDefinitions, branch) {
            true => Ok(()),
            false => {
                let place = format!("on branch `{branch}` for all tags, which its commits show");
                Err(self.lacks(Mode::ReadDefinitions, &place))
            }
        }
    }

    /// Whether the caller may read all data of a branch, whatever tags it carries.
    pub(crate) fn may_read_all(&self, branch: &str) -> bool {
        self.rights().may_all(Mode::ReadData, branch)
    }

    /// Whether the caller may read a branch's history, and so may name its commits.
    pub(crate) fn may_name(&self, branch: &str) -> bool {
        self.rights().may_all(Mode::ReadDefinitions, branch)
    }

    /// Those of `branches` whose numbers may be shown: where all data may be read, whatever tags it carries. Refuses who
    /// may so nowhere.
    pub(crate) fn watched(&self, mut branches: Vec<String>) -> Result<Vec<String>, Failure> {
        branches.retain(|branch| self.rights().may_all(Mode::ReadData, branch));
        match branches.is_empty() {
            true => Err(self.lacks(Mode::ReadData, "for all data of any branch")),
            false => Ok(branches),
        }
    }

    /// Whether the caller may do everything.
    pub(crate) fn is_admin(&self) -> bool {
        self.rights().is_admin()
    }

    /// Refuses who is no admin.
    pub(crate) fn require_admin(&self) -> Result<(), Failure> {
        match self.rights().is_admin() {
            true => Ok(()),
            false => Err(self.lacks(Mode::Admin, "on this server")),
        }
    }

    /// Refuses who may not log rows there. The answer is the same whether there is such an endpoint.
    pub(crate) fn require_log(&self, webhook: &str, endpoint: &str) -> Result<(), Failure> {
        match self.rights().may_log(webhook, endpoint) {
            true => Ok(()),
            false => Err(self.lacks(
                Mode::WriteData,
                &format!("at endpoint `{webhook}/{endpoint}`"),
            )),
        }
    }

    /// Whether a branch may be known to the caller.
    pub(crate) fn may_see(&self, branch: &str) -> bool {
        self.rights().may_see(branch)
    }

    /// The answer where a mode is missing.
    pub(super) fn lacks(&self, mode: Mode, place: &str) -> Failure {
        let account = self.account();
        Failure::new(
            StatusCode::FORBIDDEN,
            format!(
                "account `{account}` doesn't have `{mode}` {place}; ask an admin of this server for a role that has it"
            ),
        )
    }

    /// The answer to an error of the engine about a branch. The engine lists what there is instead of what there
    /// isn't; only those are told it who may see all of it.
    pub(crate) fn told(
        &self,
        engine: &Engine,
        branch: &str,
        error: fennel_engine::Error,
    ) -> Failure {
        if let fennel_engine::Error::Moved(_) = error
            && !self.rights().may_all(Mode::ReadDefinitions, branch)
        {
            let what = format!(
                "branch `{branch}` has moved since the plan was made; nothing was changed, make the plan again"
            );
            return Failure::new(StatusCode::CONFLICT, what);
        }
        if self.rights().is_admin() || !matches!(error, fennel_engine::Error::Unknown { .. }) {
            return error.into();
        }
        let branches = engine.branches();
        if branches.iter().any(|known| known == branch) {
            if self.rights().may_all(Mode::ReadDefinitions, branch) {
                return error.into();
            }
            let what = format!(
                "something that the request names is not on branch `{branch}`, or was deleted; check the names"
            );
            return Failure::new(StatusCode::NOT_FOUND, what);
        }
        let seen = branches.iter().filter(|known| self.may_see(known));
        let seen: Vec<String> = seen.take(12).map(|name| format!("`{name}`")).collect();
        let there_are = match seen.is_empty() {
            true => "there is none that this account may see".to_owned(),
            false => format!("this account may see {}", seen.join(", ")),
        };
        let what = format!("no branch `{branch}`; {there_are}");
        Failure::new(StatusCode::NOT_FOUND, what)
    }

    /// The answer to an error of the engine about an endpoint.
    pub(crate) fn told_of_endpoint(&self, error: fennel_engine::Error) -> Failure {
        if self.rights().may_log_all() || !matches!(error, fennel_engine::Error::Unknown { .. }) {
            return error.into();
        }
        Failure::new(
            StatusCode::NOT_FOUND,
            "no dataset reads from this endpoint; check the names of webhook and endpoint",
        )
    }
}

impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caller")
            .field("account", &self.0.account)
            .field("address", &self.0.address)
            .finish_non_exhaustive()
    }
}

impl FromRequestParts<App> for Caller {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Failure> {
        // `require_token` has put it there.
        let caller = parts.extensions.get::<Caller>().cloned();
        caller.ok_or_else(|| Failure::unauthorized("the request has no token"))
    }
}
