//! How long rows are kept: no more than a dataset's history, and what each key is.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::ops::Range;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::{env, io};

use fennel::prelude::*;
use fennel_core::entity::Descriptor;
use fennel_core::time::Timestamp;
use fennel_core::value::Value;
use fennel_engine::store::{Options as StoreOptions, Space, Store};
use fennel_engine::{CommitOptions, Engine, Error, Incoming, ManualClock, Options};
use serde_json::{Value as Json, json};

use crate::{commit, instant, request};

fennel::owner!("shop@example.com");

static APP: Webhook = Webhook::new("app").retention("1d");

#[dataset(history = "1d")]
#[source(APP.endpoint("click"), disorder = "1h", cdc = append)]
struct Click {
    user: i64,
    page: String,
    at: DateTime<Utc>,
}

#[dataset(index, history = "1d")]
#[source(APP.endpoint("owner"), disorder = "1h", cdc = upsert)]
struct Owner {
    #[field(key)]
    page: String,
    team: String,
    at: DateTime<Utc>,
}

/// The page that a user was on last, and the team that had it then.
#[dataset(index, history = "1d")]
struct Last {
    #[field(key)]
    user: i64,
    page: String,
    team: Option<String>,
    at: DateTime<Utc>,
}

#[pipeline]
fn last(clicks: Click, owners: Owner) -> Last {
    clicks.left_join(owners, on(page)).group_by(user).latest()
}

/// What a user did, of late and ever.
#[dataset(index, history = "1d")]
struct Activity {
    #[field(key)]
    user: i64,
    clicks: i64,
    ever: i64,
    pages: i64,
    recent: Vec<String>,
    at: DateTime<Utc>,
}

#[pipeline]
fn activity(clicks: Click) -> Activity {
    clicks.group_by(user).aggregate(
        clicks = count("6h"),
        ever = count("forever"),
        pages = count(of = page, window = "forever", unique = true, approx = true),
        recent = last_k(page, 2, "forever", dedup = false),
    )
}

#[dataset(index, history = "1d")]
#[source(APP.endpoint("member"), disorder = "1h", cdc = debezium)]
struct Member {
    #[field(key)]
    user: i64,
    page: String,
    at: DateTime<Utc>,
}

/// The same rows as those of [`Owner`], also later ones.
#[dataset(index, history = "1d")]
#[source(APP.endpoint("owner"), disorder = "1d", cdc = upsert)]
struct Patient {
    #[field(key)]
    page: String,
    team: String,
    at: DateTime<Utc>,
}

/// The pages that are open, and who they belong to.
#[dataset(index, history = "1d")]
#[source(APP.endpoint("open"), disorder = "1h", cdc = debezium, filter = open)]
struct Open {
    #[field(key)]
    page: String,
    team: String,
    open: bool,
    at: DateTime<Utc>,
}

#[dataset(index, history = "1d")]
struct Membership {
    #[field(key)]
    user: i64,
    page: String,
    team: Option<String>,
    open: Option<bool>,
    at: DateTime<Utc>,
}

#[pipeline]
fn membership(members: Member, pages: Open) -> Membership {
    members.left_join(pages, on(page))
}

/// The team of the page that a user was on last, for longer.
#[dataset(index, history = "30d")]
struct Team {
    #[field(key)]
    user: i64,
    page: String,
    team: Option<String>,
    at: DateTime<Utc>,
}

#[pipeline]
fn team(visits: Visit, owners: Owner) -> Team {
    visits.left_join(owners, on(page)).group_by(user).latest()
}

/// Clicks that are kept for longer.
#[dataset(history = "30d")]
#[source(APP.endpoint("click"), disorder = "1h", cdc = append)]
struct Visit {
    user: i64,
    page: String,
    at: DateTime<Utc>,
}

/// The same owners in another version.
mod later {
    use super::*;

    #[dataset(index, history = "7d", version = 2)]
    #[source(APP.endpoint("owner"), disorder = "1h", cdc = upsert)]
    pub(super) struct Owner {
        #[field(key)]
        page: String,
        team: String,
        at: DateTime<Utc>,
    }
}

fn entities() -> Vec<Descriptor<'static>> {
    fennel::entities![Click, Owner, Last, Activity]
        .into_iter()
        .collect()
}

fn row(columns: &[(&str, Value)]) -> Incoming {
    let columns = columns.iter();
    columns
        .map(|(name, value)| ((*name).to_owned(), value.clone()))
        .collect::<BTreeMap<_, _>>()
}

fn text(text: impl Into<String>) -> Value {
    Value::String(text.into())
}

/// An engine whose clock is at the latest row.
struct Shop {
    engine: Engine,
    store: Store,
    clock: ManualClock,
    options: Options,
}

impl Shop {
    fn open(trim_after: usize) -> Self {
        let shop = Self::on(Store::in_memory(), trim_after);
        commit(&shop.engine, &request(entities()));
        shop
    }

    fn on(store: Store, trim_after: usize) -> Self {
        let clock = ManualClock::new(instant(0));
        let mut options = Options::default();
        options.trim_after = Some(trim_after);
        options.compact_after = 1;
        let engine = Engine::open_with(store.clone(), Arc::new(clock.clone()), &options).unwrap();
        Shop {
            engine,
            store,
            clock,
            options,
        }
    }

    fn restart(&mut self) {
        let clock = Arc::new(self.clock.clone());
        self.engine = Engine::open_with(self.store.clone(), clock, &self.options).unwrap();
    }

    /// What comes in so many days. Answers how many rows are stored then.
    fn run(&self, days: Range<i64>) -> [usize; 3] {
        (days.start * 48..days.end * 48).for_each(|i| self.request(i));
        self.stored()
    }

    /// Pages that get another owner at an hour.
    fn own(&self, hour: i64, pages: &[i64]) {
        let now = instant(hour * 3600);
        self.clock.set(now);
        let rows = pages.iter().map(|page| {
            row(&[
                ("page", text(format!("p{page:03}"))),
                ("team", text(format!("t{hour}"))),
                ("at", Value::Timestamp(now)),
            ])
        });
        self.engine.log("app", "owner", rows.collect()).unwrap();
    }

    /// The `i`th request: every hour three users click on pages, and then the owners of pages come, of one that changes
    /// its team every four hours, and of one that has its team from the second hour on.
    fn request(&self, i: i64) {
        let hour = i / 2;
        let now = instant(hour * 3600);
        self.clock.set(now);
        let at = Value::Timestamp(now);
        let click = |user| {
            row(&[
                ("user", Value::Int(user)),
                ("page", text(format!("p{}", (hour + user * 3) % 4))),
                ("at", at.clone()),
            ])
        };
        let owner = |page: &str, team: String| {
            row(&[
                ("page", text(page)),
                ("team", text(team)),
                ("at", at.clone()),
            ])
        };
        let (endpoint, rows) = match (i % 2, hour) {
            (0, _) => ("click", (0..3).map(click).collect()),
            (_, 1) => ("owner", vec![owner("p1", "first".into())]),
            (_, hour) if hour % 4 == 0 => ("owner", vec![owner("p0", format!("t{hour}"))]),
            _ => return,
        };
        self.engine.log("app", endpoint, rows).unwrap();
    }

    /// How many records the log has, of which each has rows of one request, and how many rows the tables and the states of
    /// steps.
    fn stored(&self) -> [usize; 3] {
        let (mut rows, mut states) = (0, 0);
        for entry in self.store.scan_prefix(Space::Table, b"") {
            match entry.unwrap().0[4..6] {
                [0, 0] => rows += 1,
                _ => states += 1,
            }
        }
        [
            self.store.scan_prefix(Space::Log, b"").count(),
            rows,
            states,
        ]
    }

    fn ask(
        &self,
        branch: &str,
        dataset: &str,
        key: (&str, Value),
        at: &[i64],
    ) -> Result<Json, Error> {
        let key = [key];
        let keys = at.iter().map(|_| row(&key)).collect();
        let instants = at.iter().map(|at| Value::Timestamp(instant(*at)));
        let found = self
            .engine
            .lookup(branch, dataset, keys, &[], Some(instants.collect()))?;
        Ok(json!([found.found, found.columns.to_json()]))
    }

    /// What all keys have at instants.
    fn all(&self, at: &[i64]) -> Vec<Json> {
        let users = (0..4).map(|user| ("user", Value::Int(user)));
        let pages = (0..4).map(|page| ("page", text(format!("p{page}"))));
        let of_users = users.flat_map(|key| [("Last", key.clone()), ("Activity", key)]);
        let questions = of_users.chain(pages.map(|key| ("Owner", key)));
        questions
            .map(|(dataset, key)| self.ask("main", dataset, key, at).unwrap())
            .collect()
    }
}

const DAY: i64 = 24 * 3600;

#[test]
fn weeks_of_rows_take_as_much_as_a_day_and_answers_are_the_same() {
    let (whole, mut kept) = (Shop::open(usize::MAX), Shop::open(1));
    whole.run(0..3);
    let after_days = kept.run(0..3);
    kept.restart();
    let all = whole.run(3..17);
    let after_weeks = kept.run(3..17);
    assert!(all[0] > 500 && all[1] > 2_400 && all[2] > 1_200, "{all:?}");
    // Some rows come before what they make old is looked for.
    let is_as_much = |(weeks, days): (&usize, &usize)| weeks < &(days + 40) && *weeks < 300;
    let mut both = after_weeks.iter().zip(&after_days);
    assert!(both.all(is_as_much), "{after_weeks:?} and {after_days:?}");

    // The last row came an hour before midnight, and others may come that are an hour older.
    let horizon = 16 * DAY - 2 * 3600;
    let instants: Vec<_> = (horizon..18 * DAY).step_by(977).collect();
    assert_eq!(kept.all(&instants), whole.all(&instants));
    kept.restart();
    assert_eq!(kept.all(&instants), whole.all(&instants));
    assert_eq!(kept.stored(), after_weeks);
}

#[test]
fn what_was_before_the_history_is_refused_by_name() {
    let shop = Shop::open(1);
    shop.run(0..3);
    let refused = |dataset, key, at: &[i64]| {
        let answer = shop.ask("main", dataset, key, at);
        answer.unwrap_err().to_string()
    };
    let told = refused("Activity", ("user", Value::Int(0)), &[3 * DAY, DAY]);
    let since = told.split("of what was before ").nth(1).unwrap();
    let since = Timestamp::parse(since.split(' ').next().unwrap()).unwrap();
    assert_eq!(
        told,
        format!(
            "key 1: dataset `Activity` has a history of 1d, and of what was before {since} not all is kept; ask as of that instant or later, and give the dataset a longer history for what is to come"
        )
    );
    let horizon = instant(2 * DAY - 2 * 3600);
    assert!(since <= horizon && since > instant(DAY), "{since}");
    let at = (since.micros() - instant(0).micros()) / 1_000_000;
    let key = || ("user", Value::Int(0));
    assert!(shop.ask("main", "Activity", key(), &[at]).is_ok());
    assert_eq!(refused("Activity", key(), &[at, at - 1]), told);
    assert!(refused("Last", key(), &[DAY / 2]).contains("`Last` has a history of 1d"));
    let key = ("page", text("p0"));
    assert!(refused("Owner", key, &[DAY / 2]).contains("`Owner` has a history of 1d"));
}

#[test]
fn a_table_that_is_made_of_what_is_left_has_what_each_key_is() {
    let mut shop = Shop::open(1);
    shop.run(0..10);
    assert!(shop.stored()[0] < 300, "{:?}", shop.stored());
    shop.engine.init_branch("next").unwrap();
    let later = fennel::entities![later::Owner].into_iter();
    let options = CommitOptions::default();
    shop.engine
        .commit("next", &request(later), options)
        .unwrap();
    for _ in 0..2 {
        for page in ["p0", "p1", "p2"] {
            let key = || ("page", text(page));
            let ask = |branch, at| shop.ask(branch, "Owner", key(), at);
            let now = [10 * DAY, 10 * DAY - 4000, 10 * DAY - 3 * 3600];
            assert_eq!(ask("next", &now).unwrap(), ask("main", &now).unwrap());
            let refused = ask("next", &[6 * DAY]).unwrap_err().to_string();
            assert!(refused.contains("has a history of 7d"), "{refused}");
        }
        shop.restart();
    }
    // From now on it keeps a week.
    shop.run(10..14);
    let key = || ("page", text("p0"));
    assert!(shop.ask("next", "Owner", key(), &[11 * DAY]).is_ok());
    assert!(shop.ask("main", "Owner", key(), &[11 * DAY]).is_err());
}

#[test]
fn a_commit_tells_what_it_fills_from_what_is_left() {
    for trim_after in [usize::MAX, 1] {
        let shop = Shop::open(trim_after);
        shop.run(0..5);
        shop.engine.init_branch("next").unwrap();
        let entities = fennel::entities![later::Owner, Visit, Team].into_iter();
        let request = request(entities);
        let [planned, made] = [true, false].map(|preview| {
            let options = CommitOptions {
                preview,
                ..CommitOptions::default()
            };
            shop.engine.commit("next", &request, options).unwrap()
        });
        let planned = planned.plan.unwrap().partial();
        let mut names: Vec<_> = planned.iter().map(|it| it.dataset.as_str()).collect();
        names.sort_unstable();
        assert_eq!(made.partial.len(), planned.len());
        assert!(made.partial.iter().all(|it| planned.contains(it)));
        if trim_after == usize::MAX {
            assert!(names.is_empty(), "{planned:?}");
            continue;
        }
        assert_eq!(names, ["Owner", "Team", "Visit"]);
        for (dataset, key) in [
            ("Owner", ("page", text("p1"))),
            ("Team", ("user", Value::Int(1))),
        ] {
            let mut partial = planned.iter();
            let partial = partial.find(|it| it.dataset == dataset).unwrap();
            let since = Timestamp::parse(&partial.whole_since).unwrap();
            let at = (since.micros() - instant(0).micros()) / 1_000_000;
            assert!(shop.ask("next", dataset, key.clone(), &[at]).is_ok());
            let refused = shop.ask("next", dataset, key, &[at - 1]).unwrap_err();
            assert!(
                refused.to_string().contains(&partial.whole_since),
                "{refused}"
            );
        }
    }
}

#[test]
fn what_is_late_stays_late_in_a_table_that_is_made_of_what_is_left() {
    let shop = Shop::open(1);
    shop.run(0..5);
    // A row that is much too late, for a page without an owner.
    let late = row(&[
        ("page", text("p3")),
        ("team", text("late")),
        ("at", Value::Timestamp(instant(4 * DAY))),
    ]);
    let logged = shop.engine.log("app", "owner", vec![late]).unwrap();
    assert_eq!(logged.rows_set_aside, 1);
    // All that made it late is older than anything is kept, but for what the clicks are.
    shop.clock.set(instant(7 * DAY));
    let click = row(&[
        ("user", Value::Int(0)),
        ("page", text("p0")),
        ("at", Value::Timestamp(instant(7 * DAY))),
    ]);
    shop.engine.log("app", "click", vec![click]).unwrap();
    shop.engine.init_branch("next").unwrap();
    let later = fennel::entities![later::Owner].into_iter();
    let options = CommitOptions::default();
    shop.engine
        .commit("next", &request(later), options)
        .unwrap();
    let found = |page| shop.ask("next", "Owner", ("page", text(page)), &[8 * DAY]);
    assert_eq!(found("p3").unwrap()[0], json!([false]));
    assert_eq!(found("p1").unwrap()[0], json!([true]));
}

#[test]
fn what_was_late_for_one_source_alone_stays_late_for_it() {
    let shop = Shop::on(Store::in_memory(), 1);
    let entities = fennel::entities![Owner, Patient].into_iter();
    commit(&shop.engine, &request(entities));
    let owners = |arrives: i64, rows: &[(&str, i64)]| {
        shop.clock.set(instant(arrives * 3600));
        let rows = rows.iter().map(|(page, hour)| {
            row(&[
                ("page", text(*page)),
                ("team", text("t")),
                ("at", Value::Timestamp(instant(hour * 3600))),
            ])
        });
        let logged = shop.engine.log("app", "owner", rows.collect()).unwrap();
        logged.rows_set_aside
    };
    assert_eq!(owners(0, &[("first", 0)]), 0);
    assert_eq!(owners(10, &[("often", 10)]), 0);
    assert_eq!(owners(11, &[("late", 2)]), 1);
    assert_eq!(owners(12, &[("often", 12), ("as late", 5)]), 1);
    for hour in (13..1_200).step_by(2) {
        owners(hour, &[("often", hour)]);
    }
    assert!(shop.stored()[0] < 500, "{:?}", shop.stored());
    shop.engine.init_branch("next").unwrap();
    let later = fennel::entities![later::Owner].into_iter();
    let options = CommitOptions::default();
    shop.engine
        .commit("next", &request(later), options)
        .unwrap();
    let found = |branch, dataset, page| {
        let found = shop.ask(branch, dataset, ("page", text(page)), &[60 * DAY]);
        found.unwrap()[0][0] == json!(true)
    };
    for page in ["first", "often", "late", "as late"] {
        let is_late = page.ends_with("late");
        assert!(found("main", "Patient", page), "{page}");
        assert_eq!(found("next", "Owner", page), !is_late, "{page}");
    }
}

#[test]
fn what_is_old_goes_however_often_the_engine_is_restarted() {
    let [whole, steady, restarted] =
        [(usize::MAX, false), (100, false), (100, true)].map(|(rows, is_restarted)| {
            let mut shop = Shop::on(Store::in_memory(), rows);
            shop.options.compact_after = rows;
            shop.restart();
            commit(&shop.engine, &request(entities()));
            for i in 0..12 * 48 {
                shop.request(i);
                if is_restarted && i % 12 == 0 {
                    shop.restart();
                }
            }
            shop.stored()
        });
    for (i, kept) in restarted.iter().enumerate() {
        let all = (&whole, &steady, &restarted);
        assert!(*kept < steady[i] + 30 && kept * 2 < whole[i], "{all:?}");
    }
}

#[test]
fn rows_that_no_pipeline_reads_count_over_restarts() {
    let mut shop = Shop::on(Store::in_memory(), 100);
    commit(&shop.engine, &request(fennel::entities![Owner]));
    for hour in 0..1_000 {
        if hour % 50 == 0 {
            shop.restart();
        }
        shop.own(hour, &[0]);
    }
    assert!(shop.stored()[1] < 300, "{:?}", shop.stored());
}

#[test]
fn a_round_goes_on_where_it_was_when_the_engine_was_closed() {
    let mut shop = Shop::on(Store::in_memory(), 1);
    commit(&shop.engine, &request(fennel::entities![Owner]));
    for hour in [0, 5] {
        (0..150).for_each(|page| shop.own(hour, &[page * 2, page * 2 + 1]));
    }
    // A pass looks at some of the pages, and each engine makes two.
    for hour in (100..140).step_by(2) {
        shop.own(hour, &[999]);
        shop.own(hour + 1, &[999]);
        shop.restart();
    }
    assert!(shop.stored()[1] < 350, "{:?}", shop.stored());
}

#[test]
fn rows_of_a_joined_table_go_once_no_version_can_come_for_them() {
    let [whole, kept] = [usize::MAX, 1].map(|compact_after| {
        let mut shop = Shop::on(Store::in_memory(), usize::MAX);
        shop.options.compact_after = compact_after;
        shop.restart();
        let entities = fennel::entities![Member, Open, Membership].into_iter();
        commit(&shop.engine, &request(entities));
        let log = |endpoint, at, columns: &[(&str, Value)]| {
            let change = change("u", "after", at, columns);
            shop.engine.log("app", endpoint, vec![change]).unwrap();
        };
        for hour in 0..150 {
            shop.clock.set(instant(hour * 3600));
            let page = ("page", text(format!("p{}", hour % 3)));
            let user = ("user", Value::Int(hour % 2));
            log("member", hour * 3600, &[user, page.clone()]);
            let team = ("team", text(format!("t{hour}")));
            // Half an hour ago already.
            log(
                "open",
                hour * 3600 - 1800,
                &[page, team, ("open", Value::Bool(hour % 7 > 0))],
            );
        }
        shop
    });
    let instants: Vec<_> = (0..152).map(|hour| hour * 3600 - 900).collect();
    let all = |shop: &Shop| {
        [0, 1].map(|user| {
            let user = ("user", Value::Int(user));
            shop.ask("main", "Membership", user, &instants).unwrap()
        })
    };
    assert_eq!(all(&kept), all(&whole));
    let states = [&whole, &kept].map(|shop| shop.stored()[2]);
    assert!(states[0] >= 150 && states[1] < 70, "{states:?}");
}

/// A change of a database's row.
fn change(kind: &str, side: &str, at: i64, columns: &[(&str, Value)]) -> Incoming {
    let at = instant(at).micros() / 1_000;
    let mut image = row(columns);
    image.insert("at".to_owned(), Value::Int(at));
    row(&[
        ("op", text(kind)),
        (side, Value::Map(image)),
        ("ts_ms", Value::Int(at)),
    ])
}

#[test]
fn what_is_gone_again_and_again_still_tells_when_it_first_was() {
    let shops = [usize::MAX, 1].map(|trim_after| {
        let shop = Shop::on(Store::in_memory(), trim_after);
        let entities = fennel::entities![Member, Open, Membership].into_iter();
        commit(&shop.engine, &request(entities));
        let hour = 3600;
        let member = |kind, side, user, at| {
            shop.clock.set(instant(at));
            let columns = [("user", Value::Int(user)), ("page", text("p"))];
            let change = change(kind, side, at, &columns);
            shop.engine.log("app", "member", vec![change]).unwrap();
        };
        let open = |page, open, at| {
            shop.clock.set(instant(at));
            let columns = [
                ("page", text(page)),
                ("team", text("t")),
                ("open", Value::Bool(open)),
            ];
            let change = change("u", "after", at, &columns);
            shop.engine.log("app", "open", vec![change]).unwrap();
        };
        member("c", "after", 1, 0);
        open("p", true, 10 * hour);
        for at in [20, 22, 24, 26, 30] {
            open("p", false, at * hour);
        }
        for at in 31..90 {
            member("c", "after", 2, at * hour);
            open("other", true, at * hour);
        }
        member("d", "before", 1, 90 * hour);
        shop
    });
    let [whole, kept] = shops.map(|shop| {
        let user = || ("user", Value::Int(1));
        let instants: Vec<_> = (80..100).map(|hour| hour * 3600).collect();
        let rows = shop.stored()[1];
        (
            shop.ask("main", "Membership", user(), &instants).unwrap(),
            rows,
        )
    });
    assert!(kept.1 < whole.1, "{} and {}", kept.1, whole.1);
    assert_eq!(kept.0, whole.0);
    assert_eq!(kept.0[0][9], json!(true));
    assert_eq!(kept.0[0][10], json!(false), "it was deleted");
}

#[test]
fn rows_that_ask_for_what_was_trimmed_are_set_aside() {
    let shop = Shop::on(Store::in_memory(), 1);
    let before = entities().into_iter().chain(fennel::entities![Visit]);
    commit(&shop.engine, &request(before));
    shop.run(0..1);
    let visit = |user, page: &str, at| {
        row(&[
            ("user", Value::Int(user)),
            ("page", text(page)),
            ("at", Value::Timestamp(instant(at))),
        ])
    };
    // Of a page whose team changes, and of one that has its team from before.
    let late = vec![visit(8, "p0", DAY - 3600), visit(9, "p1", DAY - 3600)];
    shop.engine.log("app", "click", late).unwrap();
    shop.run(1..5);
    let team = entities().into_iter().chain(fennel::entities![Visit, Team]);
    commit(&shop.engine, &request(team));
    // With a table of what is left to join, too.
    shop.engine.init_branch("next").unwrap();
    let team = fennel::entities![later::Owner, Visit, Team].into_iter();
    let options = CommitOptions::default();
    shop.engine.commit("next", &request(team), options).unwrap();
    for branch in ["main", "next"] {
        let found = |user| {
            let key = ("user", Value::Int(user));
            shop.ask(branch, "Team", key, &[5 * DAY]).unwrap()
        };
        assert_eq!(found(8)[0], json!([false]), "not a row without a team");
        assert_eq!(found(9)[1]["team"], json!(["first"]));
        let rejects = shop.engine.rejects(branch, "Team", 1_000).unwrap();
        assert!(
            format!("{rejects:?}").contains("it is joined to dataset `Owner` as of"),
            "{rejects:?}"
        );
    }
}

const DIR: &str = "FENNEL_RETENTION_TEST_DIR";
const FROM: &str = "FENNEL_RETENTION_TEST_FROM";

fn on_disk(dir: &Path) -> Store {
    let options = StoreOptions {
        reserve_bytes: 0,
        ..StoreOptions::default()
    };
    Store::open_with(dir, &options).unwrap()
}

/// Not a test: the process that the test below kills.
#[test]
fn retention_victim() {
    let (Ok(dir), Ok(from)) = (env::var(DIR), env::var(FROM)) else {
        return;
    };
    let shop = Shop::on(on_disk(dir.as_ref()), 1);
    for i in from.parse().unwrap().. {
        shop.request(i);
        let mut out = io::stdout().lock();
        writeln!(out, "acknowledged {i}").unwrap();
        out.flush().unwrap();
    }
}

#[test]
fn what_is_removed_when_the_process_is_killed_is_removed_or_not() {
    let dir = tempfile::tempdir().unwrap();
    let whole = Shop::open(usize::MAX);
    commit(
        &Shop::on(on_disk(dir.path()), 1).engine,
        &request(entities()),
    );
    let mut next = 0;
    for requests in [150, 41, 77, 58] {
        let mut victim = Command::new(env::current_exe().unwrap())
            .args(["retention::retention_victim", "--exact", "--nocapture"])
            .envs([
                (DIR, dir.path().as_os_str()),
                (FROM, next.to_string().as_ref()),
            ])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(victim.stdout.take().unwrap()).lines();
        let mut told =
            || lines.find_map(|line| Some(line.unwrap().split_once("acknowledged ")?.1.to_owned()));
        for _ in 0..requests {
            told().expect("the victim goes on until it is killed");
            whole.request(next);
            next += 1;
        }
        victim.kill().unwrap();
        victim.wait().unwrap();
        while told().is_some() {
            whole.request(next);
            next += 1;
        }
        let shop = Shop::on(on_disk(dir.path()), 1);
        let now = next / 2 * 3600;
        let instants: Vec<_> = (now - DAY - 3600..now + DAY).step_by(1777).collect();
        if shop.all(&instants) != whole.all(&instants) {
            // It was killed between the write and the word of it.
            whole.request(next);
            next += 1;
            assert_eq!(shop.all(&instants), whole.all(&instants));
        }
        assert!(shop.stored().iter().all(|rows| *rows < 400));
    }
}
