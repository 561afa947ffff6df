//! A deploy whose profile, token or address is wrong.

use super::case::{Case, sync};

/// As in a repository with two environments.
const PROFILES: &str = r#"[profile.dev]
url_env = "DEV_URL"
token_env = "DEV_TOKEN"

[profile.prod]
url_env = "PROD_URL"
token_env = "PROD_TOKEN"
expect_server = "prod"
require_ci = true

[profile.release]
require_clean_git = true
"#;

pub(super) fn cases() -> Vec<Case> {
    let mut cases = profiles();
    cases.extend(tokens());
    cases.extend(servers());
    cases.extend(usage());
    cases
}

#[rustfmt::skip] // A case a line.
fn profiles() -> Vec<Case> {
    let prod = |what| sync(what, &["--profile", "prod"]).profiles(PROFILES).with("PROD_URL", "{url}").with("PROD_TOKEN", "{admin}");
    let with = |what, text| sync(what, &["--profile", "prod"]).profiles(text);
    vec![
        sync("a profile without a file of them", &["--profile", "prod"])
            .exits(2, &["there is no fennel.toml here or above"]),
        sync("a profile's name with a slip", &["--profile", "pord"]).profiles(PROFILES)
            .exits(2, &["there is no profile `pord`", "did you mean `prod`?"]),
        sync("a profile's name in another case", &["--profile", "Prod"]).profiles(PROFILES)
            .exits(2, &["there is no profile `Prod`", "did you mean `prod`?"]),
        sync("an empty profile's name", &["--profile", ""]).profiles(PROFILES)
            .exits(2, &["there is no profile ``"]),
        sync("a profile whose variables are not set, beside those of another server", &["--profile", "prod"]).profiles(PROFILES)
            .exits(2, &["PROD_URL (fennel.toml:6) is not set or empty, and the profile takes no other variable"]),
        prod("a profile whose token's secret is missing in CI").with("PROD_TOKEN", "")
            .exits(2, &["PROD_TOKEN (fennel.toml:7) is not set or empty"]),
        prod("a profile whose token has a line break inside").with("PROD_TOKEN", "fnl_a\nfnl_b")
            .exits(2, &["PROD_TOKEN (fennel.toml:7) has a line break; give the token alone"]),
        prod("production from a laptop").without("CI")
            .exits(2, &["profile `prod` commits from CI alone"]),
        sync("a branch of production deleted from a laptop", &["branch", "delete", "dev", "--profile", "prod"])
            .profiles(PROFILES).with("PROD_URL", "{url}").with("PROD_TOKEN", "{admin}").without("CI")
            .exits(2, &["profile `prod` changes branches from CI alone"]),
        prod("the address of dev in the variable of production").with("PROD_URL", "{url-of-dev}")
            .exits(2, &["is server `dev`, and expect_server (fennel.toml:8) expects `prod`; nothing was committed"]),
        sync("code that git doesn't have", &["--profile", "release"]).profiles(PROFILES)
            .exits(2, &["profile `release` commits what is in git alone"]),
        with("a profile with a token in it", "[profile.prod]\ntoken = \"fnl_of_somebody\"\n")
            .exits(2, &["fennel.toml:2: `token` is not taken", "have another token made"]),
        with("a profile with an address in it", "[profile.prod]\nurl = \"https://prod.example\"\n")
            .exits(2, &["fennel.toml:2: `url` is not taken"]),
        with("a profile that names a value for its variable", "[profile.prod]\ntoken_env = \"fnl_of_somebody\"\n")
            .exits(2, &["fennel.toml:2: `token_env` holds a token"]),
        with("a key with a slip", "[profile.prod]\nrequire_cj = true\n")
            .exits(2, &["fennel.toml:2: unknown key `require_cj`; did you mean `require_ci`?"]),
        with("a profile that demands something of neither kind", "[profile.prod]\nrequire_ci = \"yes\"\n")
            .exits(2, &["fennel.toml:2: `require_ci` is true or false"]),
        with("a file that is no TOML", "[profile.prod\n")
            .exits(2, &["fennel.toml:1: "]),
        with("an environment that is none of them", "[profile.prod]\nenv = \"~prod\"\n")
            .exits(2, &["fennel.toml:2: `env` is not an environment's name"]),
    ]
}

#[rustfmt::skip]
fn tokens() -> Vec<Case> {
    vec![
        sync("an empty token", &[]).by("")
            .exits(2, &["FENNEL_TOKEN is empty"]),
        sync("no token", &[]).without("FENNEL_TOKEN")
            .exits(2, &["FENNEL_TOKEN is not set, but FENNEL_URL names a server"]),
        sync("a token with the line break of its file", &[]).by("{admin}\n")
            .exits(2, &["FENNEL_TOKEN has a line break; give the token alone"]),
        sync("two tokens", &[]).by("{deployer} {reader}")
            .exits(2, &["FENNEL_TOKEN has a blank or a character that is not ASCII"]),
        sync("a token in letters of another alphabet", &[]).by("fnl_токен")
            .exits(2, &["FENNEL_TOKEN has a blank or a character that is not ASCII"]),
        sync("a token of another server", &[]).by("fnl_0123456789abcdef")
            .exits(4, &["the server does not accept the token in FENNEL_TOKEN"]),
        sync("a token without its last digit", &["--token", "fnl_admin-token-of-test"])
            .exits(4, &["the server does not accept the token in FENNEL_TOKEN or --token"]),
        sync("a token that was revoked", &[]).by("{leaver}")
            .exits(4, &["was revoked"]),
        sync("a token in whose place is another one", &[]).by("{rotated}")
            .exits(4, &["has expired"]),
        sync("a reader who deploys", &["--incremental"]).by("{reader}")
            .exits(4, &["account `reader` doesn't have `write_definitions` on branch `main`"]),
        sync("a reader who plans what is refused, and is told why", &["plan"]).by("{reader}")
            .exits(3, &["dataset `Order`: it is live and this commit leaves it out"]),
        sync("a producer who plans", &["plan"]).by("{producer}")
            .exits(4, &["account `producer` doesn't have `read_definitions` on branch `main`"]),
        sync("a deployer on a branch of others", &["--branch", "dev"]).by("{deployer}")
            .exits(4, &["account `deployer` doesn't have `read_definitions` on branch `dev`"]),
        sync("a deployer on a branch that is not there, told the same", &["--branch", "nowhere"]).by("{deployer}")
            .exits(4, &["account `deployer` doesn't have `read_definitions` on branch `nowhere`"]),
    ]
}

#[rustfmt::skip]
fn servers() -> Vec<Case> {
    vec![
        sync("no address", &[]).without("FENNEL_URL")
            .exits(2, &["FENNEL_URL is not set, but FENNEL_TOKEN holds a token"]),
        sync("an empty address", &[]).with("FENNEL_URL", "")
            .exits(2, &["FENNEL_URL is empty"]),
        sync("a CI job without secrets", &[]).without("FENNEL_URL").without("FENNEL_TOKEN")
            .exits(2, &["FENNEL_URL and FENNEL_TOKEN are not set, but CI is"]),
        sync("an address without its scheme", &[]).with("FENNEL_URL", "prod.example")
            .exits(2, &["FENNEL_URL is not the address of a server"]),
        sync("an address with the token in it", &[]).with("FENNEL_URL", "https://ci:{admin}@prod.example")
            .exits(2, &["FENNEL_URL has a user name or password in it"]),
        sync("another server than the expected", &["--expect-server", "staging"])
            .exits(2, &["is server `prod`, and --expect-server expects `staging`; nothing was committed"]),
        sync("an expected server without a name", &["--expect-server", ""])
            .exits(2, &["--expect-server is not a server's name"]),
        sync("a server of another version", &[]).with("FENNEL_URL", "{url-of-newer}")
            .exits(3, &["runs version 9.2.1 of fennel-server, which does not go with version", "nothing was committed"]),
        sync("the login page of a network", &[]).with("FENNEL_URL", "{url-of-portal}")
            .exits(3, &["doesn't look like a fennel server"]),
        sync("a server that has moved", &[]).with("FENNEL_URL", "{url-of-moved}")
            .exits(3, &["answers with a redirect (status 308) to https://elsewhere.example/, which is not followed"]),
        sync("a server that speaks no TLS", &["plan"]).with("FENNEL_URL", "https://{address}")
            .exits(5, &["can't be reached, after 1 try: what listens there speaks no TLS", "write http:// and not https://"]),
    ]
}

#[rustfmt::skip]
fn usage() -> Vec<Case> {
    vec![
        sync("a flag with a slip", &["--previw"])
            .exits(2, &["unexpected argument '--previw' found", "--preview"]),
        sync("a command with a slip", &["pln"])
            .exits(2, &["unrecognized subcommand 'pln'", "plan"]),
        sync("a form of report that there is not", &["plan", "--format", "yaml"])
            .exits(2, &["invalid value 'yaml' for '--format <FORMAT>'"]),
        sync("an environment that can't be one", &["--env", "~prod"])
            .exits(2, &["--env is not an environment's name"]),
        sync("definitions of another repository", &[])
            .exits(3, &["refuses this commit (status 409) for 3 problems", "dataset `Spend`: it is live and this commit leaves it out", "To delete what is left out, paste this"]),
        sync("what would have to be computed, where that is not wanted", &["--incremental", "--no-backfill"])
            .exits(3, &["dataset `Ticket`: no branch has a dataset of this structure"]),
        sync("a commit that there is not", &["show", "0123456789ab"])
            .exits(3, &["no commit and no branch `0123456789ab`"]),
        sync("a commit before the first", &["diff", "HEAD~99", "HEAD"])
            .exits(3, &["HEAD~99"]),
    ]
}
