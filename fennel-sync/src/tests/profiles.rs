//! Runs with a profile of `fennel.toml`.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::json;
use tempfile::TempDir;

use super::server::{Server, json};
use super::{Ran, Run, TOKEN};

const PROD: &str = r#"# What everybody may read.
[profile.dev]
url_env = "DEV_URL"

[profile.prod]
url_env = "PROD_URL"
token_env = "PROD_TOKEN"
branch = "live"
env = "prod"
expect_server = "prod"
"#;

/// The root of a workspace whose file says that.
fn workspace(text: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("Cargo.lock"), "").unwrap();
    fs::write(folder.path().join("fennel.toml"), text).unwrap();
    folder
}

/// A run for `prod` in a workspace whose file says that.
fn run(text: &str, variables: &[(&'static str, &str)]) -> Ran {
    let folder = workspace(text);
    let mut run = Run::alone().within(folder.path());
    for (name, value) in variables {
        run = run.with(name, value);
    }
    run.run(&["--profile", "prod"])
}

fn error(ran: &Ran) -> &str {
    assert_eq!((ran.code, &*ran.out), (2, ""), "{ran:?}");
    ran.err.strip_prefix("error: ").unwrap().trim_end()
}

#[test]
fn a_profile_says_what_the_call_does_not() {
    let name = json!({"name": "prod", "version": env!("CARGO_PKG_VERSION")});
    let unchanged = json!({"commit": "0a1b2c3d4e5f", "changed": false, "server": name, "diff": {"entities": []}});
    let ask = |args: &[&str]| {
        let server = Server::start(vec![json(200, &name), json(200, &unchanged)]);
        let folder = workspace(PROD);
        let inner = folder.path().join("crates/features");
        fs::create_dir_all(&inner).unwrap();
        // What has a name of ours is another server's, and comes last.
        let run = Run::alone()
            .within(&inner)
            .with("FENNEL_URL", "http://127.0.0.1:1")
            .with("FENNEL_TOKEN", "another")
            .with("PROD_URL", &server.url)
            .with("PROD_TOKEN", TOKEN);
        let ran = run.run(&[&["--profile", "prod"], args].concat());
        assert_eq!(ran.code, 0, "{ran:?}");
        server.asked().pop().unwrap().head
    };
    let head = ask(&[]);
    assert!(head.contains("x-fennel-branch: live"), "{head}");
    assert!(head.contains(&format!("Bearer {TOKEN}")), "{head}");
    let head = ask(&["--branch", "try", "--token", "of-the-flag"]);
    assert!(head.contains("x-fennel-branch: try"), "{head}");
    assert!(head.contains("Bearer of-the-flag"), "{head}");
}

#[test]
fn a_flag_for_the_address_goes_before_a_profile_and_a_variable_of_ours_behind() {
    for (text, args, start, named) in [
        (
            PROD,
            &["--profile", "prod", "--url", "http://127.0.0.1:1"][..],
            "error: http://127.0.0.1:1 ",
            "--url",
        ),
        (
            "[profile.prod]\n",
            &["--profile", "prod"],
            "error: http://127.0.0.1:2 ",
            "FENNEL_URL",
        ),
        (
            PROD,
            &["--profile", "prod"],
            "error: http://127.0.0.1:3 ",
            "PROD_URL (fennel.toml:6)",
        ),
    ] {
        let folder = workspace(text);
        let ran = Run::alone()
            .within(folder.path())
            .with("FENNEL_URL", "http://127.0.0.1:2")
            .with("FENNEL_TOKEN", TOKEN)
            .with("PROD_URL", "http://127.0.0.1:3")
            .with("PROD_TOKEN", TOKEN)
            .run(args);
        assert_eq!(ran.code, 5, "{ran:?}");
        assert!(ran.err.starts_with(start), "{ran:?}");
        let hint = format!("check the address in {named}\n");
        assert!(ran.err.ends_with(&hint), "{ran:?}");
    }
}

#[test]
fn the_variables_that_a_profile_names_are_the_only_ones() {
    let good = ("PROD_URL", "http://127.0.0.1:1");
    let url = "PROD_URL (fennel.toml:6)";
    let token = "PROD_TOKEN (fennel.toml:7)";
    let unset = "is not set or empty, and the profile takes no other variable; set it";
    for (variables, expected) in [
        (&[][..], format!("{url} {unset}")),
        (
            &[
                ("FENNEL_URL", "http://127.0.0.1:1"),
                ("FENNEL_TOKEN", TOKEN),
            ],
            format!("{url} {unset}"),
        ),
        (&[("PROD_URL", "")], format!("{url} {unset}")),
        (&[good], format!("{token} {unset}")),
        (&[good, ("PROD_TOKEN", "")], format!("{token} {unset}")),
        (&[good, ("FENNEL_TOKEN", TOKEN)], format!("{token} {unset}")),
        (
            &[good, ("PROD_TOKEN", "hush-hush-token\n")],
            format!("{token} has a line break; give the token alone"),
        ),
        (
            &[good, ("PROD_TOKEN", "hush-hush-token other")],
            format!("{token} has a blank or a character that is not ASCII; give the token alone"),
        ),
        (
            &[("PROD_URL", "prod.example"), ("PROD_TOKEN", TOKEN)],
            format!(
                "{url} is not the address of a server; write one such as https://fennel.example.com"
            ),
        ),
        (
            &[
                ("PROD_URL", "https://me:hush-hush-token@prod.example"),
                ("PROD_TOKEN", TOKEN),
            ],
            format!(
                "{url} has a user name or password in it; give the token in FENNEL_TOKEN instead"
            ),
        ),
    ] {
        assert_eq!(error(&run(PROD, variables)), expected, "{variables:?}");
    }
}

#[test]
fn a_file_that_is_wrong_says_where_and_shows_no_value() {
    let secret = "fnl_hush-hush-token";
    for (text, expected) in [
        (
            "",
            "fennel.toml: there is no profile `prod`, and no other; add a table [profile.prod]",
        ),
        (
            "[profile.dev]\n[profile.production]\n[profile.prdo]\n",
            "fennel.toml: there is no profile `prod`, there is `dev`, `production`, `prdo`; did you mean `prdo`?",
        ),
        (
            "[profile.dev]\n",
            "fennel.toml: there is no profile `prod`, there is `dev`",
        ),
        (
            "[profile.Prod]\n",
            "fennel.toml: there is no profile `prod`, there is `Prod`; did you mean `Prod`?",
        ),
        (
            "\n[prod]\n",
            "fennel.toml:2: unknown table or key `prod`; a profile is a table [profile.NAME]",
        ),
        (
            "profile = 1",
            "fennel.toml:1: `profile` is no table; a profile is a table [profile.NAME]",
        ),
        (
            "[profile]\nprod = \"x\"",
            "fennel.toml:2: `profile.prod` is no table; a profile is a table [profile.NAME]",
        ),
        (
            "[profile.prod]\n\ntokn_env = \"A\"\n",
            "fennel.toml:3: unknown key `tokn_env`; did you mean `token_env`?",
        ),
        (
            "[profile.prod]\ncolour = 1\n",
            "fennel.toml:2: unknown key `colour`; a profile has url_env, token_env, branch, env, expect_server, require_clean_git, require_ci",
        ),
        (
            &format!("[profile.prod]\ntoken = \"{secret}\"\n"),
            "fennel.toml:2: `token` is not taken, since this file holds no values that differ between machines or are secret; put the token into a variable and name that, as in token_env = \"PROD_FENNEL_TOKEN\"; have another token made if this file was ever shared",
        ),
        (
            "[profile.prod]\nurl = \"https://prod.example\"\n",
            "fennel.toml:2: `url` is not taken, since this file holds no values that differ between machines or are secret; put the url into a variable and name that, as in url_env = \"PROD_FENNEL_URL\"",
        ),
        (
            &format!("[profile.prod]\ntoken_env = \"{secret}\"\n"),
            "fennel.toml:2: `token_env` holds a token, and is to name the variable that holds it; take the token out of the file, and have another one made, since this one may have been read",
        ),
        (
            &format!("[profile.prod]\nurl_env = \"https://{secret}\"\n"),
            "fennel.toml:2: `url_env` is to name an environment variable, such as PROD_FENNEL_URL, and not to hold its value",
        ),
        (
            "[profile.prod]\nurl_env = \"\"\n",
            "fennel.toml:2: `url_env` is to name an environment variable, such as PROD_FENNEL_URL, and not to hold its value",
        ),
        (
            "[profile.prod]\nurl_env = 7425\n",
            "fennel.toml:2: `url_env` is a text in quotes",
        ),
        (
            "[profile.prod]\nbranch = [\"main\"]\n",
            "fennel.toml:2: `branch` is a text in quotes",
        ),
        (
            "[profile.prod]\nrequire_ci = \"yes\"\n",
            "fennel.toml:2: `require_ci` is true or false",
        ),
        (
            "[profile.prod]\nrequire_clean_git = 1\n",
            "fennel.toml:2: `require_clean_git` is true or false",
        ),
        (
            "[profile.prod]\nbranch = \"a b\"\n",
            "fennel.toml:2: `branch` is not a branch's name; use letters, digits, `_`, `.`, `-` and `/`",
        ),
        (
            "[profile.prod]\nenv = \"~prod\"\n",
            "fennel.toml:2: `env` is not an environment's name; write one without blanks and without `~`, such as `prod`",
        ),
        (
            "[profile.prod]\nexpect_server = \"\"\n",
            "fennel.toml:2: `expect_server` is not a server's name; take the one that `fennel-server` prints when it starts",
        ),
        (
            // Found on the day that it is written, and not on the day that it is needed.
            "[profile.prod]\n[profile.dev]\nenvv = \"dev\"\n",
            "fennel.toml:3: unknown key `envv`; did you mean `env`?",
        ),
    ] {
        let ran = run(
            text,
            &[
                ("FENNEL_URL", "http://127.0.0.1:1"),
                ("FENNEL_TOKEN", TOKEN),
            ],
        );
        assert_eq!(error(&ran), expected, "{text}");
    }
}

#[test]
fn what_is_no_toml_is_shown_by_its_line() {
    for (text, start) in [
        ("[profile.prod]\nenv = prod\n", "fennel.toml:2: "),
        ("[profile.prod]\n\n[profile.prod]\n", "fennel.toml:3: "),
        ("[profile.prod\n", "fennel.toml:1: "),
        (
            "[profile.prod]\nenv = \"a\"\nenv = \"b\"\n",
            "fennel.toml:3: ",
        ),
        (
            "[profile.prod]\ntoken_env = \"hush-hush-token\n",
            "fennel.toml:2: ",
        ),
    ] {
        let ran = run(text, &[]);
        assert!(error(&ran).starts_with(start), "{text}: {ran:?}");
    }
}

#[test]
fn a_profile_needs_a_file_no_further_up_than_the_workspace() {
    let outer = workspace(PROD);
    let inner = outer.path().join("other");
    fs::create_dir_all(inner.join("crate")).unwrap();
    for marker in ["Cargo.lock", ".git"] {
        fs::write(inner.join(marker), "").unwrap();
        let ran = Run::alone()
            .within(&inner.join("crate"))
            .run(&["--profile", "prod"]);
        let expected = format!(
            "there is no fennel.toml here or above, up to {}; write one there with a table [profile.NAME], or leave out --profile",
            inner.canonicalize().unwrap().display()
        );
        assert_eq!(error(&ran), expected);
        fs::remove_file(inner.join(marker)).unwrap();
    }
    let alone = tempfile::tempdir().unwrap();
    let ran = Run::alone()
        .within(alone.path())
        .run(&["--profile", "prod"]);
    assert!(error(&ran).starts_with("there is no fennel.toml here or above"));
}

#[test]
fn a_file_that_is_not_used_is_not_read() {
    let folder = workspace("this is no TOML");
    let ran = Run::against("http://127.0.0.1:1")
        .within(folder.path())
        .run(&[]);
    assert_eq!(ran.code, 5, "{ran:?}");
}

fn git(folder: &Path, args: &[&str]) {
    let identity = ["-c", "user.name=test", "-c", "user.email=test@example.com"];
    let done = Command::new("git")
        .current_dir(folder)
        .args(identity)
        .args(args)
        .output()
        .unwrap();
    assert!(done.status.success(), "{done:?}");
}

#[test]
fn a_profile_may_demand_that_git_has_all_that_is_committed() {
    let folder = workspace("[profile.prod]\nrequire_clean_git = true\n");
    let run = |args: &[&str]| {
        let ran = Run::against("http://127.0.0.1:1")
            .within(folder.path())
            .run(&[&["--profile", "prod"], args].concat());
        (ran.code, ran.err)
    };
    let refused = "error: fennel.toml:2: profile `prod` commits what is in git alone, and ";
    let (code, err) = run(&[]);
    assert!(
        code == 2 && err.starts_with(&format!("{refused}git can't tell what that is: ")),
        "{err}"
    );

    git(folder.path(), &["init", "--quiet"]);
    let (code, err) = run(&[]);
    assert_eq!(
        (code, err),
        (
            2,
            format!(
                "{refused}these files differ from its last commit: Cargo.lock, fennel.toml; commit them or put them away\n"
            )
        )
    );
    git(folder.path(), &["add", "--all"]);
    git(folder.path(), &["commit", "--quiet", "--message", "all"]);
    assert_eq!(run(&[]).0, 5, "it gets as far as the server");

    for i in 0..7 {
        fs::write(folder.path().join(format!("new{i}")), "").unwrap();
    }
    let (_, err) = run(&[]);
    assert!(
        err.contains("new0, new1, new2, new3, new4 and 2 more; commit them"),
        "{err}"
    );
    assert_eq!(run(&["--preview"]).0, 5, "a plan commits nothing");
}

#[test]
fn a_profile_may_demand_ci() {
    let text = "[profile.prod]\nurl_env = \"URL\"\nrequire_ci = true\n";
    let folder = workspace(text);
    let run = |ci: &str, args: &[&str]| {
        Run::alone()
            .with("URL", "http://127.0.0.1:1")
            .with("FENNEL_TOKEN", TOKEN)
            .with("CI", ci)
            .within(folder.path())
            .run(&[args, &["--profile", "prod"]].concat())
    };
    for ci in ["", "false"] {
        assert_eq!(
            error(&run(ci, &[])),
            "fennel.toml:3: profile `prod` commits from CI alone, and the variable CI is not set here; `sync plan` shows what a commit would change"
        );
        assert_eq!(run(ci, &["plan"]).code, 5);
        let changes = [
            &["branch", "create", "dev"][..],
            &["branch", "clone", "main", "dev"],
            &["branch", "delete", "dev"],
        ];
        for change in changes {
            assert_eq!(
                error(&run(ci, change)),
                "fennel.toml:3: profile `prod` changes branches from CI alone, and the variable CI is not set here; `sync branch list` shows which there are"
            );
            assert_eq!(run("true", change).code, 5);
        }
        for question in [&["branch", "list"][..], &["history"], &["show", "HEAD"]] {
            assert_eq!(run(ci, question).code, 5, "who only reads may");
        }
    }
    assert_eq!(run("true", &[]).code, 5);
}

#[test]
fn a_token_that_is_not_accepted_is_named_by_its_variable() {
    let text = "[profile.prod]\nurl_env = \"URL\"\ntoken_env = \"PROD_TOKEN\"\n";
    let server = Server::start(vec![json(401, &json!({"err_msg": "unknown"}))]);
    let ran = run(text, &[("URL", &server.url), ("PROD_TOKEN", TOKEN)]);
    assert_eq!(ran.code, 4);
    assert_eq!(
        ran.err,
        "error: the server does not accept the token in PROD_TOKEN (fennel.toml:3) (status 401): unknown\n"
    );
}

#[test]
fn what_is_wrong_with_the_file_is_annotated_in_it() {
    let folder = workspace("[profile.prod]\nenvv = \"prod\"\n");
    let ran = Run::alone()
        .within(folder.path())
        .with("GITHUB_ACTIONS", "true")
        .with("GITHUB_WORKSPACE", folder.path().to_str().unwrap())
        .run(&["--profile", "prod"]);
    assert!(
        ran.err
            .contains("\n::error file=fennel.toml,line=2,title=sync::fennel.toml:2: unknown key"),
        "{ran:?}"
    );
}
