//! A table of what goes wrong around a deploy, by mistake or on purpose: each line says what somebody does to a server in
//! production and what must be answered, and none of it may change a definition, a row, a branch or who has access.

mod access;
mod branches;
mod case;
mod commits;
mod configuration;
mod impostor;
mod production;
mod requests;

use case::Case;
use production::Production;

fn table() -> Vec<Case> {
    [
        configuration::cases(),
        commits::cases(),
        branches::cases(),
        access::cases(),
        requests::cases(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[test]
fn nothing_hostile_or_clumsy_changes_production() {
    let production = Production::start();
    let cases = table();
    assert!(cases.len() >= 60, "there are {}", cases.len());
    let before = production.state();
    let check = |case: &Case| {
        case.check(&production)?;
        match production.state() == before {
            true => Ok(()),
            false => Err(format!("{}: it has changed production", case.what)),
        }
    };
    let failures: Vec<String> = cases.iter().filter_map(|case| check(case).err()).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    production.stop();
}
