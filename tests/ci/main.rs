//! The workflows that users copy: linted, and their steps run for real against servers of this machine.
//!
//! Without Python 3.11 or a package index these tests say that they are skipped. Where `FENNEL_REQUIRE_INTEROP` is
//! set they fail instead.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod project;
mod runner;
mod tools;
mod walk;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use fennel_tests::support::{Process, Server, TOKEN, workspace};
use project::Project;
use runner::{Job, Workflow};
use serde_json::json;
use tempfile::TempDir;

const WORKFLOWS: [&str; 4] = ["canary.yml", "deploy.yml", "environments.yml", "plan.yml"];

fn file(name: &str) -> PathBuf {
    workspace().join("examples/ci").join(name)
}

/// A server of that name.
fn server(name: &str) -> (Server, TempDir) {
    let data = tempfile::tempdir().unwrap();
    let mut command = Server::command(data.path());
    command
        .args(["--name", name])
        .env("FENNEL_ADMIN_TOKEN", TOKEN);
    (Server::ready(Process::start(&mut command)), data)
}

/// The settings of an environment with that server.
fn environment(workflow: &mut Workflow<'_>, server: &Server) {
    workflow.set(&[
        ("vars.FENNEL_URL", &server.url()),
        ("secrets.FENNEL_TOKEN", TOKEN),
        ("secrets.FENNEL_CHECK_TOKEN", TOKEN),
    ]);
}

/// Whether the ticket example is on the server.
fn is_deployed(server: &Server) -> bool {
    let query = json!({
        "inputs": ["TicketFeatures.ticket_id"],
        "outputs": ["TicketFeatures.price"],
        "data": {"TicketFeatures.ticket_id": ["none"]},
    });
    server.http().post("query", &query).status == 200
}

fn succeeds(job: &Job) {
    assert_eq!(job.code, Some(0), "{}\n{}", job.out, job.err);
}

#[test]
fn the_linter_finds_nothing_wrong() {
    let Some(bin) = tools::tools() else { return };
    let files: Vec<_> = WORKFLOWS.into_iter().map(file).collect();
    assert_eq!(tools::lint(bin, &files), "");
    // It is a linter that finds something.
    let folder = tempfile::tempdir().unwrap();
    let wrong = folder.path().join("wrong.yml");
    let text = fs::read_to_string(file("deploy.yml")).unwrap();
    fs::write(&wrong, text.replace("secrets.", "secret.")).unwrap();
    assert!(tools::lint(bin, &[wrong]).contains("secret"));
}

#[test]
fn each_workflow_has_few_rights_pinned_actions_and_one_run_at_a_time() {
    let Some(bin) = tools::tools() else { return };
    for name in WORKFLOWS {
        let yaml = tools::yaml(bin, &file(name));
        assert_eq!(yaml["permissions"], json!({"contents": "read"}), "{name}");
        assert!(yaml["concurrency"]["group"].is_string(), "{name}");
        for (job, steps) in yaml["jobs"].as_object().unwrap() {
            assert!(steps["timeout-minutes"].is_number(), "{name} {job}");
            let writes = steps["permissions"] == json!({"pull-requests": "write"});
            assert!(writes || steps["permissions"].is_null(), "{name} {job}");
            for step in steps["steps"].as_array().unwrap() {
                let Some(uses) = step["uses"].as_str() else {
                    continue;
                };
                assert!(!writes, "{name} {job} may write, and runs {uses}");
                let (_, commit) = uses.split_once('@').unwrap();
                let pinned =
                    commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
                assert!(pinned, "{name} {job} {uses}");
            }
        }
        let text = fs::read_to_string(file(name)).unwrap();
        assert!(text.contains("VPN"), "{name} says where a VPN's step goes");
    }
}

#[test]
fn a_push_to_main_is_deployed() {
    let Some(bin) = tools::tools() else { return };
    let project = Project::copy();
    let (prod, _data) = server("prod");
    let mut deploy = Workflow::new(tools::yaml(bin, &file("deploy.yml")), &project);
    environment(&mut deploy, &prod);
    let first = deploy.run("deploy");
    succeeds(&first);
    assert!(first.out.contains("Name: prod, version "), "{}", first.out);
    assert!(first.out.contains("\nCommitted "), "{}", first.out);
    assert!(is_deployed(&prod));
    let commits = prod.http().get("commits").ok();
    assert_eq!(
        commits["commits"][0]["message"], "All of it",
        "it is about what git's commit is about"
    );
    let again = deploy.run("deploy");
    succeeds(&again);
    assert!(again.out.contains("Nothing changed: "), "{}", again.out);

    // What production refuses is marked in the change.
    project.edit(
        "src/lib.rs",
        "pub price: i64,\n    pub at",
        "pub price: f64,\n    pub at",
    );
    project.edit(
        "src/lib.rs",
        "default = 0)]\n    pub price: i64",
        "default = 0.0)]\n    pub price: f64",
    );
    project.commit("Prices with cents");
    let refused = deploy.run("deploy");
    assert_ne!(refused.code, Some(0), "{}", refused.out);
    let text = fs::read_to_string(project.folder.join("src/lib.rs")).unwrap();
    let line = 1 + text
        .lines()
        .position(|line| line.contains("#[dataset(index)]"))
        .unwrap();
    let marked = refused
        .err
        .lines()
        .find(|line| line.starts_with("::error file=src/lib.rs,"));
    let marked = marked.unwrap_or_else(|| panic!("{}", refused.err));
    let at: usize = marked
        .split("line=")
        .nth(1)
        .unwrap()
        .split(',')
        .next()
        .unwrap()
        .parse()
        .unwrap();
    // The struct and its attributes.
    assert!(
        (line..line + 6).contains(&at),
        "{marked}, and the dataset is at {line}"
    );
    assert!(marked.contains("title=dataset Ticket"), "{marked}");
}

#[test]
fn what_is_not_committed_or_goes_elsewhere_is_not_deployed() {
    let Some(bin) = tools::tools() else { return };
    let project = Project::copy();
    let (dev, _data) = server("dev");
    let mut deploy = Workflow::new(tools::yaml(bin, &file("deploy.yml")), &project);
    environment(&mut deploy, &dev);
    let elsewhere = deploy.run("deploy");
    assert_eq!(elsewhere.code, Some(2), "{elsewhere:?}");
    assert!(
        elsewhere
            .err
            .contains("is server `dev`, and expect_server (fennel.toml:"),
        "{}",
        elsewhere.err
    );
    fs::write(project.folder.join("src/more.rs"), "").unwrap();
    let dirty = deploy.run("deploy");
    assert_eq!(dirty.code, Some(2), "{dirty:?}");
    assert!(
        dirty.err.contains("\n::error file=fennel.toml,line=") && dirty.err.contains("src/more.rs"),
        "{}",
        dirty.err
    );
    assert!(!is_deployed(&dev));
    // A secret that was forgotten is an empty one.
    deploy.set(&[("secrets.FENNEL_TOKEN", "")]);
    fs::remove_file(project.folder.join("src/more.rs")).unwrap();
    let forgotten = deploy.run("deploy");
    assert_eq!(forgotten.code, Some(2), "{forgotten:?}");
    assert!(
        forgotten
            .err
            .contains("error: PROD_FENNEL_TOKEN (fennel.toml:"),
        "{}",
        forgotten.err
    );
}

#[test]
fn a_push_goes_through_each_environment() {
    let Some(bin) = tools::tools() else { return };
    let project = Project::copy();
    let mut workflow = Workflow::new(tools::yaml(bin, &file("environments.yml")), &project);
    let servers = [
        ("dev", "dev"),
        ("staging", "staging"),
        ("production", "prod"),
    ];
    let servers = servers.map(|(job, name)| (job, name, server(name)));
    for (i, (job, name, (own, _))) in servers.iter().enumerate() {
        environment(&mut workflow, own);
        let ran = workflow.run(job);
        succeeds(&ran);
        assert!(ran.out.contains(&format!("Name: {name}, ")), "{}", ran.out);
        let reached = servers
            .iter()
            .filter(|(_, _, (server, _))| is_deployed(server));
        assert_eq!(reached.count(), i + 1);
    }
}

#[test]
fn a_canary_whose_checks_fail_leaves_production_as_it_was() {
    let Some(bin) = tools::tools() else { return };
    let project = Project::copy();
    let yaml = tools::yaml(bin, &file("canary.yml"));
    assert_eq!(yaml["jobs"]["production"]["needs"], "canary");
    let mut workflow = Workflow::new(yaml, &project);
    let (canary, _data) = server("canary");
    let (prod, _data) = server("prod");

    // Another default than the checks ask for.
    project.edit("src/lib.rs", "default = 0)", "default = 7)");
    project.commit("Take seven for what nobody sold");
    environment(&mut workflow, &canary);
    let failed = workflow.run("canary");
    assert_eq!(failed.code, Some(1), "{failed:?}");
    assert!(
        failed
            .err
            .contains("another price: {\"TicketFeatures.price\":[7]}"),
        "{}",
        failed.err
    );
    assert!(is_deployed(&canary) && !is_deployed(&prod));
    assert_eq!(prod.http().get("dataset/Ticket/inspect").status, 404);
}

#[test]
fn a_canary_whose_checks_hold_lets_production_follow() {
    let Some(bin) = tools::tools() else { return };
    let project = Project::copy();
    let mut workflow = Workflow::new(tools::yaml(bin, &file("canary.yml")), &project);
    let (canary, _data) = server("canary");
    let (prod, _data) = server("prod");
    environment(&mut workflow, &canary);
    succeeds(&workflow.run("canary"));
    assert!(is_deployed(&canary) && !is_deployed(&prod));
    environment(&mut workflow, &prod);
    succeeds(&workflow.run("production"));
    assert!(is_deployed(&prod));
}

/// A stand-in for GitHub's own program, which keeps comments as files of its folder.
const GH: &str = r##"#!/usr/bin/env bash
set -euo pipefail
folder=$(dirname "$0")
echo "$*" >> "$folder/calls"
case "$*" in
  "api --paginate repos/shop/features/issues/7/comments --jq "*) if [ -e "$folder/comment" ]; then echo 1234; fi ;;
  "api --method PATCH repos/shop/features/issues/comments/1234 --field body=@comment.md --silent") cp comment.md "$folder/comment" ;;
  "api repos/shop/features/issues/7/comments --field body=@comment.md --silent") cp comment.md "$folder/comment" ;;
  *) exit 1 ;;
esac
"##;

fn stand_in(folder: &Path) {
    let gh = folder.join("gh");
    fs::write(&gh, GH).unwrap();
    fs::set_permissions(gh, fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn a_pull_request_gets_its_plan_as_one_comment_and_as_the_summary() {
    let Some(bin) = tools::tools() else { return };
    let project = Project::copy();
    let programs = tempfile::tempdir().unwrap();
    stand_in(programs.path());
    let comment = || fs::read_to_string(programs.path().join("comment")).unwrap();
    let (prod, _data) = server("prod");
    let mut workflow = Workflow::new(tools::yaml(bin, &file("plan.yml")), &project);
    workflow.programs = Some(programs.path());
    environment(&mut workflow, &prod);
    workflow.set(&[
        ("github.token", "gh"),
        ("github.event.pull_request.number", "7"),
    ]);

    let planned = workflow.run("plan");
    succeeds(&planned);
    assert!(
        planned.summary.contains("Plan: 2 created"),
        "{}",
        planned.summary
    );
    succeeds(&workflow.run("comment"));
    assert!(
        comment().starts_with("<!-- fennel plan -->\n"),
        "{}",
        comment()
    );
    assert!(comment().contains("Plan: 2 created"), "{}", comment());
    assert!(!is_deployed(&prod), "a plan changes nothing");

    // Deployed by now, so there is nothing left to do, and the one comment says so.
    let mut deploy = Workflow::new(tools::yaml(bin, &file("deploy.yml")), &project);
    environment(&mut deploy, &prod);
    succeeds(&deploy.run("deploy"));
    succeeds(&workflow.run("plan"));
    succeeds(&workflow.run("comment"));
    assert!(comment().contains("2 unchanged"), "{}", comment());
    let calls = fs::read_to_string(programs.path().join("calls")).unwrap();
    let made = calls.lines().filter(|call| call.contains("body="));
    assert_eq!(
        made.map(|call| call.contains("PATCH")).collect::<Vec<_>>(),
        [false, true]
    );

    // A plan that fails is told, and fails the check.
    workflow.set(&[("secrets.FENNEL_TOKEN", "a-token-of-another-server")]);
    let failed = workflow.run("plan");
    assert_eq!(failed.code, Some(4), "{failed:?}");
    succeeds(&workflow.run("comment"));
    assert!(
        comment().contains("does not accept the token"),
        "{}",
        comment()
    );
}

#[test]
fn the_kits_readme_lists_all_of_it() {
    let readme = fs::read_to_string(file("README.md")).unwrap();
    let files: Vec<_> = fs::read_dir(file(""))
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    for name in files {
        let name = name.to_string_lossy();
        assert!(
            name == "README.md" || readme.contains(&format!("({name})")),
            "{name}"
        );
    }
    let syntax = Command::new("bash")
        .arg("-n")
        .arg(file("checks.sh"))
        .status();
    assert!(syntax.unwrap().success());
}
