//! The commands of `docs/deploying.md`, in order, as a reader runs them.

use std::fs;
use std::net::TcpListener;
use std::process::Command;
use std::time::Duration;

use fennel_tests::support::{Process, workspace};

use crate::project::{alone, target};

/// The longest that all of them take, or the test fails.
const LIMIT: Duration = Duration::from_secs(900);

/// What stands in `sh` blocks.
fn commands(page: &str) -> String {
    let blocks = page.split("\n```sh\n").skip(1);
    let blocks = blocks.map(|block| block.split_once("\n```\n").unwrap().0);
    blocks.fold(String::new(), |all, block| all + block + "\n")
}

/// Ports that are free, for the page's own.
fn with_free_ports(commands: &str) -> String {
    let listeners = [(); 3].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    let mut commands = commands.to_owned();
    for (listener, port) in listeners.iter().zip(["7431", "7432", "7433"]) {
        assert!(commands.contains(port));
        let free = listener.local_addr().unwrap().port().to_string();
        commands = commands.replace(&format!(":{port}"), &format!(":{free}"));
    }
    commands
}

#[test]
fn the_page_about_deploying_can_be_followed() {
    let _alone = alone();
    let page = fs::read_to_string(workspace().join("docs/deploying.md")).unwrap();
    // The page looks for the server's program where cargo builds in a clone.
    let (in_clone, here) = ("PATH=$PWD/target/debug:", target().join("debug"));
    assert!(page.contains(in_clone));
    let script = with_free_ports(&commands(&page));
    let script = script.replace(in_clone, &format!("PATH={}:", here.display()));
    let mut bash = Command::new("bash");
    bash.args(["--noprofile", "--norc", "-euo", "pipefail", "-c", &script])
        .current_dir(workspace());
    for variable in ["CI", "FENNEL_URL", "FENNEL_TOKEN", "GITHUB_ACTIONS"] {
        bash.env_remove(variable);
    }
    bash.env("CARGO_TARGET_DIR", target())
        .env("CARGO_NET_OFFLINE", "true")
        .env("no_proxy", "127.0.0.1");
    let finished = Process::start(&mut bash).finish(LIMIT);
    assert_eq!(finished.code, Some(0), "{}\n{}", finished.out, finished.err);
    assert!(
        finished
            .out
            .contains("{\"name\":\"prod\",\"version\":\"0.1.0\"}"),
        "{}",
        finished.out
    );
    // To dev, staging and prod, to a branch of dev, and three times to dev on the way there and back.
    assert_eq!(finished.out.matches("\nCommitted ").count(), 7);
    for quoted in [
        "and expect_server (fennel.toml:29) expects `prod`; nothing was",
        "account `team` doesn't have `write_definitions` on branch `main`; ask an",
    ] {
        assert!(page.contains(quoted), "{quoted}");
        assert!(finished.err.contains(quoted), "{}", finished.err);
    }
    // What the page pastes is what was given to paste.
    let (_, given) = finished.err.split_once("take it out again:\n\n").unwrap();
    let (given, _) = given.split_once("}\n").unwrap();
    assert!(page.contains(given), "{given}");
    for refused in [
        "profile `prod` commits from CI alone",
        "profile `prod` changes branches from CI alone",
        "profile `staging` commits what is in git alone, and these files differ from its last commit: src/lib.rs",
        "featureset `Seats`: it is live and this commit leaves it out",
    ] {
        assert!(finished.err.contains(refused), "{}", finished.err);
    }
    for told in [
        "\n  + featureset Seats created\n",
        "\n  featureset Seats is deleted\n",
        "\nID            TIME (UTC)",
    ] {
        assert!(finished.out.contains(told), "{told}: {}", finished.out);
    }
}
