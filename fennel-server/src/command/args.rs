//! What the subcommands take.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// Manages who has access. All but `token reset-admin` speak to a running server: FENNEL_URL says where it is
/// (http://127.0.0.1:7425 if unset) and FENNEL_TOKEN has an admin token.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Roles: what may be done, on which branches, to what carries which tags
    #[command(subcommand)]
    Role(Role),
    /// Service accounts: who has which roles
    #[command(subcommand)]
    Account(Account),
    /// Tokens of accounts
    #[command(subcommand)]
    Token(TokenCommand),
    /// Who did what to definitions and access, and who was denied something
    Audit(Audit),
}

#[derive(Subcommand)]
pub(crate) enum Role {
    /// List all roles
    List,
    /// Make a role, or replace it
    Set(SetRole),
    /// Delete a role that no account has
    Delete {
        /// The role
        name: String,
    },
}

#[derive(Args)]
pub(crate) struct SetRole {
    /// The role
    pub(super) name: String,
    /// Read the grants from a JSON file as `[{"modes": [..], "branches": [..], ..}, ..]`; `-` is standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["mode", "branch", "tag", "endpoint"])]
    pub(super) file: Option<PathBuf>,
    /// What is allowed: read_definitions, write_definitions, read_data, write_data or admin; may be repeated
    #[arg(long)]
    pub(super) mode: Vec<String>,
    /// On which branches, as `main` or `dev/*`; may be repeated
    #[arg(long, value_name = "PATTERN")]
    pub(super) branch: Vec<String>,
    /// To what carries which tags: `stripe` covers that tag, `~PII` all but that; without any all; may be repeated
    #[arg(long, value_name = "PATTERN")]
    pub(super) tag: Vec<String>,
    /// At which webhook endpoints rows may be logged, as `app/sales` or `app/*`; may be repeated
    #[arg(long, value_name = "PATTERN")]
    pub(super) endpoint: Vec<String>,
}

#[derive(Subcommand)]
pub(crate) enum Account {
    /// List all accounts
    List,
    /// Make an account, or give it other roles
    Set {
        /// The account
        name: String,
        /// A role: one that was made with `role set`, `admin`, or `deployer:main`, `reader:main,dev/*`,
        /// `producer:app/sales`; may be repeated
        #[arg(long, required = true)]
        role: Vec<String>,
        /// What it is for
        #[arg(long)]
        note: Option<String>,
    },
    /// Delete an account and its tokens
    Delete {
        /// The account
        name: String,
    },
}

#[derive(Subcommand)]
pub(crate) enum TokenCommand {
    /// List tokens, by id
    List {
        /// Only those of this account
        #[arg(long)]
        account: Option<String>,
    },
    /// Make a token, and show it this once
    Create {
        /// Whose it is
        account: String,
        /// How long it is valid, as `90d`; without it, until it is revoked
        #[arg(long, value_name = "DURATION")]
        expires_in: Option<String>,
        /// What it is for
        #[arg(long)]
        note: Option<String>,
    },
    /// Make a token in place of another, and show it this once
    Rotate {
        /// The id of the other one, or that token itself, which is not sent
        id: String,
        /// How long the other one stays valid; 1h without it
        #[arg(long, value_name = "DURATION")]
        overlap: Option<String>,
        /// How long the new one is valid; without it, as long as the other one was made to be
        #[arg(long, value_name = "DURATION")]
        expires_in: Option<String>,
    },
    /// End a token at once; it stays in the list
    Revoke {
        /// Its id, or the token itself, which is not sent
        id: String,
    },
    /// End a token at once and forget it
    Delete {
        /// Its id, or the token itself, which is not sent
        id: String,
    },
    /// Make a new admin token for a data folder whose one is lost, and revoke those that account `admin` has. No server
    /// may be running on the folder
    ResetAdmin {
        /// The folder of the data
        #[arg(long, value_name = "DIR", default_value = "./fennel-data")]
        data_dir: PathBuf,
    },
}

#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Audit {
    #[command(subcommand)]
    pub(super) command: Option<AuditCommand>,
    /// The number of the first entry; without it, the latest ones
    #[arg(long, value_name = "NUMBER")]
    pub(super) from: Option<u64>,
    /// How many entries at most
    #[arg(long, default_value_t = 100)]
    pub(super) limit: u32,
    /// An entry a line as JSON, for other programs, by number rather than by time
    #[arg(long)]
    pub(super) jsonl: bool,
}

#[derive(Subcommand)]
pub(crate) enum AuditCommand {
    /// Take away old entries, which the audit tells of. Those of the last 30 days stay
    Trim {
        /// The first instant of which entries stay, as `2026-01-01`
        #[arg(long, value_name = "TIME")]
        before: String,
    },
}
