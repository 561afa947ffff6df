//! The server is killed at random moments while it is written to, many times on one data folder.
//!
//! What it acknowledged is there afterwards. A request that it was killed in the middle of is there as a whole or
//! not at all. Nothing else is there, and nothing is there twice. Pipelines run meanwhile, and commits fill some of
//! their datasets anew; after each kill they say what the acknowledged rows come to.
//!
//! `FENNEL_CRASH_ROUNDS` says how often the server is killed.

mod derived;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::RangeInclusive;
use std::sync::Mutex;
use std::sync::mpsc::{Sender, channel};
use std::thread::{self, ScopedJoinHandle};
use std::time::Duration;

use fennel::prelude::*;
use fennel_core::catalog::Catalog;
use fennel_core::entity::{Dataset, Descriptor};
use fennel_core::wire;
use fennel_core::wire::proto::services::SyncRequest;
use fennel_tests::support::{Http, Process, Server};
use prost::Message as _;
use serde_json::{Value, json};

/// How often the server is killed, unless `FENNEL_CRASH_ROUNDS` says otherwise.
const ROUNDS: usize = 50;
/// How many kills one data folder sees: then there are enough rows, and all of them can be looked at.
const ROUNDS_OF_A_FOLDER: usize = 25;
/// More rows than a folder comes to have.
const ALL: usize = 10_000;
const CLIENTS: usize = 4;
/// Every so many rounds a commit is under way too.
const COMMIT_EVERY: usize = 4;
/// The seed of a run; `FENNEL_CRASH_SEED` is another one.
const SEED: u64 = 20_240_229;

static APP: Webhook = Webhook::new("app");

/// The last row of each name.
#[dataset(index)]
#[meta(owner = "tests@example.com")]
#[source(APP.endpoint("row"), disorder = "14d", cdc = upsert)]
struct ByName {
    #[field(key)]
    name: String,
    request: i64,
    at: DateTime<Utc>,
}

/// Every row, so that one which is applied twice is seen twice.
#[dataset]
#[meta(owner = "tests@example.com")]
#[source(APP.endpoint("row"), disorder = "14d", cdc = append)]
struct EachRow {
    name: String,
    request: i64,
    at: DateTime<Utc>,
}

/// The definitions, with this version of some of them. A higher one is computed anew, from the log or from its inputs.
fn definitions(version: u32) -> Vec<u8> {
    let entities = fennel::entities![
        ByName,
        EachRow,
        derived::Sale,
        derived::Spent,
        derived::Last,
        derived::Paired,
        derived::Large,
        derived::Region
    ];
    let datasets = entities.into_iter().filter_map(|entity| match entity {
        Descriptor::Dataset(dataset) => Some(*dataset),
        Descriptor::Featureset(_) => None,
    });
    let datasets = datasets.map(|dataset| match dataset.name {
        "EachRow" | "Spent" | "Paired" => Dataset { version, ..dataset },
        _ => dataset,
    });
    let datasets: Vec<_> = datasets.collect();
    let catalog: Catalog<'_> = datasets.iter().map(Descriptor::Dataset).collect();
    let request: SyncRequest = wire::encode(&catalog, None, "");
    request.encode_to_vec()
}

/// A small generator of numbers that look random (splitmix64).
struct Random(u64);

impl Random {
    /// A number below `n`.
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n
    }
}

/// The rows of a request: their number decides on everything.
fn rows(request: usize) -> Vec<Value> {
    let mut random = Random(request as u64);
    let rows = (0..1 + random.below(5)).map(|i| {
        let mut row = json!({"name": format!("{request}/{i}"), "request": request});
        for (column, value) in derived::columns(&mut random, request, i) {
            row[column] = value;
        }
        row
    });
    rows.collect()
}

/// What is known of a request that was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// The server said that it is durable, or it was seen.
    There,
    /// The server was killed before it answered.
    Unknown,
    /// It wasn't there after the server was killed.
    Gone,
}

/// What becomes of the commit of a round, if there is one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Commit {
    None,
    /// The server is killed after the commit, while rows come.
    Whole,
    /// The server is killed whatever it is at.
    Interrupted,
}

/// Everything that was sent, and the version of `EachRow` that was committed last.
struct Sent {
    requests: BTreeMap<usize, Fate>,
    version: u32,
}

#[test]
fn what_was_acknowledged_survives_kills_and_nothing_else_does() {
    let seed = std::env::var("FENNEL_CRASH_SEED").map_or(SEED, |seed| seed.parse().unwrap());
    println!("FENNEL_CRASH_SEED={seed}");
    let rounds = std::env::var("FENNEL_CRASH_ROUNDS");
    let rounds = rounds.map_or(ROUNDS, |rounds| rounds.parse().unwrap());
    println!("FENNEL_CRASH_ROUNDS={rounds}");
    let mut random = Random(seed);
    let (mut first, mut interrupted) = (1, 0);
    while first <= rounds {
        let last = rounds.min(first + ROUNDS_OF_A_FOLDER - 1);
        interrupted += rounds_of_a_folder(&mut random, first..=last);
        first = last + 1;
    }
    assert!(
        interrupted >= rounds / 2,
        "hardly any request was interrupted, so nothing was tried"
    );
}

/// Kills a server on one folder so often, and returns how many requests it left without an answer.
fn rounds_of_a_folder(random: &mut Random, rounds: RangeInclusive<usize>) -> usize {
    let data = tempfile::tempdir().unwrap();
    let mut server = Server::start(data.path());
    server.http().try_commit(&definitions(1), "").unwrap().ok();
    let mut sent = Sent {
        requests: BTreeMap::new(),
        version: 1,
    };
    let mut interrupted = 0;
    let last = *rounds.end();
    for round in rounds {
        let acknowledgements = 1 + random.below(30) as usize;
        let commit = match round % COMMIT_EVERY {
            0 if random.below(2) == 0 => Commit::Whole,
            0 => Commit::Interrupted,
            _ => Commit::None,
        };
        interrupted += write_until_killed(server, &mut sent, acknowledgements, commit);
        if random.below(4) == 0 {
            // Killed before it recovers, while it does, or when it listens. It says nothing by which that could
            // be told, so a time is drawn, and nothing depends on it.
            let starting = Process::start(&mut Server::command(data.path()));
            thread::sleep(Duration::from_millis(random.below(60)));
            starting.kill();
        }
        server = Server::start(data.path());
        check(&server.http(), &mut sent, round);
    }
    server.stop();
    check(&Server::start(data.path()).http(), &mut sent, last);
    let count = |fate| {
        sent.requests
            .values()
            .filter(|found| **found == fate)
            .count()
    };
    println!(
        "round {last}: {} requests there, {} gone, {interrupted} without an answer; version {}",
        count(Fate::There),
        count(Fate::Gone),
        sent.version
    );
    interrupted
}

/// Has clients log rows, and kills the server after so many acknowledgements. Returns how many requests it left
/// without an answer.
fn write_until_killed(
    server: Server,
    sent: &mut Sent,
    acknowledgements: usize,
    commit: Commit,
) -> usize {
    let http = server.http();
    let next = Mutex::new(sent.requests.keys().next_back().map_or(0, |last| last + 1));
    let version = sent.version + 1;
    thread::scope(|scope| {
        let (sender, fates) = channel();
        for _ in 0..CLIENTS {
            let (http, next, sender) = (&http, &next, sender.clone());
            scope.spawn(move || log_until_killed(http, next, &sender));
        }
        drop(sender);
        let committing = (commit != Commit::None).then(|| {
            let http = &http;
            scope.spawn(move || {
                let reply = http.try_commit(&definitions(version), "");
                reply.map(|reply| reply.ok()).is_ok()
            })
        });
        for (request, fate) in fates.iter().take(acknowledgements) {
            sent.requests.insert(request, fate);
        }
        assert!(
            sent.requests.values().all(|fate| *fate != Fate::Unknown),
            "it answers until it is killed"
        );
        let join = |committing: ScopedJoinHandle<'_, bool>| committing.join().unwrap();
        let (early, late) = match commit {
            Commit::Whole => (committing, None),
            Commit::Interrupted | Commit::None => (None, committing),
        };
        let is_committed = early.is_some_and(join);
        server.kill();
        sent.requests.extend(fates);
        if is_committed || late.is_some_and(join) {
            sent.version = version;
        }
    });
    sent.requests
        .values()
        .filter(|fate| **fate == Fate::Unknown)
        .count()
}

/// A client: one request after another, until there is no answer.
fn log_until_killed(http: &Http, next: &Mutex<usize>, fates: &Sender<(usize, Fate)>) {
    loop {
        let request = {
            let mut next = next.lock().unwrap();
            *next += 1;
            *next - 1
        };
        let body = json!({"webhook": "app", "endpoint": "row", "data": rows(request)});
        let reply = http.try_post("log", &body);
        if let Ok(reply) = &reply {
            assert_eq!(reply.clone().ok()["set_aside"], 0);
        }
        let fate = if reply.is_ok() {
            Fate::There
        } else {
            Fate::Unknown
        };
        fates.send((request, fate)).unwrap();
        if fate == Fate::Unknown {
            return;
        }
    }
}

/// Compares what is there with what was sent, and settles what was unknown.
fn check(http: &Http, sent: &mut Sent, round: usize) {
    let each_row = inspect(http, "EachRow");
    let mut names = BTreeSet::new();
    let mut rows_of = HashMap::new();
    for (name, request) in &each_row {
        assert!(
            names.insert(name),
            "round {round}: row {name} is there twice"
        );
        *rows_of.entry(*request).or_insert(0) += 1;
    }
    for (request, fate) in &mut sent.requests {
        let there = rows_of.remove(request).unwrap_or(0);
        let whole = rows(*request).len();
        assert!(
            there == whole || there == 0,
            "round {round}: request {request} is there with {there} of its {whole} rows"
        );
        let found = if there == 0 { Fate::Gone } else { Fate::There };
        assert!(
            *fate == found || *fate == Fate::Unknown,
            "round {round}: request {request} was {fate:?} and is {found:?}"
        );
        *fate = found;
    }
    assert!(rows_of.is_empty(), "round {round}: nobody sent {rows_of:?}");
    let mut by_name = inspect(http, "ByName");
    by_name.sort();
    assert!(
        by_name.iter().eq(&BTreeSet::from_iter(each_row)),
        "round {round}: the datasets differ"
    );
    let there = sent.requests.iter();
    let there = there.filter(|(_, fate)| **fate == Fate::There);
    let there: Vec<_> = there.flat_map(|(request, _)| rows(*request)).collect();
    derived::check(http, &there, round);
    look_up(http, sent, round);
    check_version(http, sent, round);
}

/// All rows of a dataset: name and number of the request.
fn inspect(http: &Http, dataset: &str) -> Vec<(String, usize)> {
    let columns = http.get(&format!("dataset/{dataset}/inspect?n={ALL}")).ok();
    let column = |name: &str| columns[name].as_array().unwrap().iter();
    let names = column("name").map(|name| name.as_str().unwrap().to_owned());
    let requests = column("request").map(|request| request.as_u64().unwrap() as usize);
    let rows: Vec<_> = names.zip(requests).collect();
    assert!(rows.len() < ALL, "more rows than can be looked at");
    rows
}

/// The latest requests' rows are found by their keys, and those that are gone are not.
fn look_up(http: &Http, sent: &Sent, round: usize) {
    const LATEST: usize = 40;
    let latest = sent.requests.iter().rev().take(LATEST);
    let rows: Vec<_> = latest
        .flat_map(|(request, fate)| rows(*request).into_iter().map(move |row| (row, fate)))
        .collect();
    let keys: Vec<_> = rows
        .iter()
        .map(|(row, _)| json!({"name": row["name"]}))
        .collect();
    let found = http
        .post(
            "dataset/ByName/lookup",
            &json!({"keys": keys, "fields": ["request"]}),
        )
        .ok();
    for (i, (row, fate)) in rows.iter().enumerate() {
        let there = **fate == Fate::There;
        assert_eq!(found["found"][i], there, "round {round}: {row}");
        let request = if there { &row["request"] } else { &Value::Null };
        assert_eq!(
            &found["data"]["request"][i], request,
            "round {round}: {row}"
        );
    }
}

/// The version of `EachRow` is the acknowledged one, or that of a commit that the server was killed in.
fn check_version(http: &Http, sent: &mut Sent, round: usize) {
    let would_change = |version| {
        let preview = http
            .try_commit(&definitions(version), "preview=true")
            .unwrap();
        preview.status != 200 || preview.body["changed"] == true
    };
    if would_change(sent.version) {
        sent.version += 1;
        assert!(
            !would_change(sent.version),
            "round {round}: neither version {} nor the one before",
            sent.version
        );
    }
}
