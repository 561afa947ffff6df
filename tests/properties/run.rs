//! Running a history on the engine.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use fennel_core::time::{Duration, Timestamp};
use fennel_core::value::Value;
use fennel_core::wire::proto::services::SyncRequest;
use fennel_engine::store::Store;
use fennel_engine::{Clock, Commit, CommitOptions, Engine, Error, Incoming, ManualClock, Options};
use tempfile::TempDir;

use crate::answers::{Answers, Questions, values};
use crate::arrival::{Arrival, Erasure};
use crate::generate::{ORIGIN, STEP};
use crate::graph::{Dataset, Fill, Graph, WEBHOOK};
use crate::left::{Left, NOTHING_GONE};
use crate::logged::Logged;
use crate::value::V;

/// The branch of tables that are made anew.
const ANEW: &str = "anew";
/// The clock, long after all rows.
const NOW: i64 = ORIGIN + 1000 * STEP;
/// Longer than anything is kept.
const REST: Duration = Duration::from_days(800);
/// Later than anything arrives.
pub(crate) const END: i64 = NOW + 200 * REST.micros();

/// An engine with its store, which outlives it.
struct Running {
    store: Option<Store>,
    dir: TempDir,
    clock: ManualClock,
    engine: Option<Engine>,
    options: Options,
}

impl Running {
    fn start(arrival: &Arrival) -> Result<Self, Error> {
        let now = if arrival.is_prompt {
            ORIGIN - STEP
        } else {
            NOW
        };
        let now = Timestamp::from_micros(now).expect("a time of ours");
        let mut running = Running {
            store: (!arrival.on_disk).then(Store::in_memory),
            dir: TempDir::new().expect("a folder"),
            clock: ManualClock::new(now),
            engine: None,
            options: Options::default(),
        };
        if arrival.compacts {
            running.options.compact_after = 1;
        }
        if arrival.trims {
            running.options.trim_after = Some(1);
        }
        if arrival.fills_by_row {
            running.options.fill_rows = 1;
        }
        running.restart()?;
        Ok(running)
    }

    /// Opens another engine on the same store.
    fn restart(&mut self) -> Result<(), Error> {
        // A folder is released with the last handle.
        self.engine = None;
        let store = match &self.store {
            Some(store) => store.clone(),
            None => Store::open(self.dir.path())?,
        };
        let clock = Arc::new(self.clock.clone());
        self.engine = Some(Engine::open_with(store, clock, &self.options)?);
        Ok(())
    }

    /// Lets time pass until a request comes whose latest row is of that event time.
    fn wait(&self, arrival: &Arrival, latest: Option<i64>) {
        let now = self.clock.now().micros();
        let then = match latest.filter(|_| arrival.is_prompt) {
            Some(latest) => now.max(latest),
            None if arrival.trims => now + REST.micros(),
            None => now,
        };
        let then = Timestamp::from_micros(then);
        self.clock.set(then.expect("a time of ours"));
    }

    fn engine(&self) -> &Engine {
        self.engine.as_ref().expect("it is opened at the start")
    }
}

/// What the engine says when the rows have arrived in that way; and what a branch says whose tables were made anew, if there
/// is one.
pub(crate) fn run(
    graph: &Graph,
    history: &[Logged],
    arrival: &Arrival,
    questions: &Questions,
) -> Result<(Answers, Option<Answers>), Error> {
    let mut running = Running::start(arrival)?;
    let commit = |running: &Running, branch: &str, mut request: SyncRequest| {
        if arrival.erasure.is_none() {
            keep_for_good(&mut request);
        }
        made_as_planned(running.engine(), branch, &request)
    };
    let early = graph.first(arrival.early);
    commit(&running, "main", early.request())?;
    let (mut left, mut left_anew) = (NOTHING_GONE.clone(), None);
    for i in 0..=arrival.requests.len() {
        if arrival.restarts.contains(&i) {
            running.restart()?;
        }
        let arrived = arrival.arrived(i, history);
        let on = |branch| (running.engine(), branch);
        if arrival.commit == i {
            if arrival.trims {
                left = Left::find(on("main"), &early, &arrived)?;
            }
            let mut request = graph.request();
            let mut later: BTreeSet<_> = graph.besides(&early).collect();
            if arrival.replaces {
                later = graph.besides(&graph.first(0)).collect();
                in_another_version(&mut request, |name| later.contains(name));
            }
            let made = commit(&running, "main", request)?;
            left.made(later, &made.partial);
        }
        if let Some(erasure) = &arrival.erasure {
            erase(running.engine(), graph, erasure, i)?;
        }
        if arrival.anew == Some(i) {
            running.engine().init_branch(ANEW)?;
            let mut request = graph.request();
            in_another_version(&mut request, |_| true);
            let made = commit(&running, ANEW, request)?;
            let sources = graph.first(0);
            let mut left = Left::find(on(ANEW), &sources, &arrived)?;
            left.made(graph.besides(&sources).collect(), &made.partial);
            left_anew = Some(left);
        }
        let Some(request) = arrival.requests.get(i) else {
            break;
        };
        let rows = arrival.order[request.clone()]
            .iter()
            .map(|row| &history[*row]);
        let Some(first) = rows.clone().next() else {
            continue;
        };
        running.wait(arrival, rows.clone().map(|row| row.at).max());
        let dataset = graph.dataset(&first.dataset);
        let rows = rows.map(|row| incoming(row, dataset)).collect();
        let logged = running.engine().log(WEBHOOK, &first.endpoint(), rows)?;
        // Rows that are erased later may make others late until then.
        let is_open = |erasure: &Erasure| i < erasure.before;
        if !arrival.erasure.as_ref().is_some_and(is_open) {
            assert_eq!(logged.set_aside, [], "all rows fit their dataset");
        }
    }
    let engine = running.engine();
    let answers =
        |branch, left| Answers::of((engine, branch), graph, questions, (arrival.trims, left));
    let anew = left_anew.map(|left| answers(ANEW, left)).transpose()?;
    Ok((answers("main", left)?, anew))
}

/// Commits, where the plan names the same datasets as partial as the commit does.
fn made_as_planned(engine: &Engine, branch: &str, request: &SyncRequest) -> Result<Commit, Error> {
    let [planned, made] = [true, false].map(|preview| {
        let options = CommitOptions {
            preview,
            ..CommitOptions::default()
        };
        engine.commit(branch, request, options)
    });
    let (planned, made) = (planned?, made?);
    let planned = planned.plan.map(|plan| plan.partial()).unwrap_or_default();
    let is_as_planned = planned.iter().all(|partial| made.partial.contains(partial));
    if is_as_planned && planned.len() == made.partial.len() {
        return Ok(made);
    }
    let made = made.partial;
    let told = format!("{made:?} are partial, and planned were {planned:?}");
    Err(Error::Request(told))
}

/// Takes the erase keys away, for which the whole log is kept.
fn keep_for_good(request: &mut SyncRequest) {
    let schemas = request.datasets.iter_mut();
    let schemas = schemas.filter_map(|dataset| dataset.dsschema.as_mut());
    schemas.for_each(|schema| schema.erase_keys.clear());
}

/// Gives datasets another version, so that tables of their own are made.
fn in_another_version(request: &mut SyncRequest, is_one: impl Fn(&str) -> bool) {
    let datasets = request.datasets.iter_mut();
    let datasets = datasets.map(|it| (&it.name, &mut it.version));
    let sources = request.sources.iter_mut();
    let sources = sources.map(|it| (&it.dataset, &mut it.ds_version));
    let pipelines = request.pipelines.iter_mut();
    let pipelines = pipelines.map(|it| (&it.dataset_name, &mut it.ds_version));
    let operators = request.operators.iter_mut();
    let operators = operators.map(|it| (&it.dataset_name, &mut it.ds_version));
    let offline = request.offline_indices.iter_mut();
    let offline = offline.map(|it| (&it.ds_name, &mut it.ds_version));
    let online = request.online_indices.iter_mut();
    let online = online.map(|it| (&it.ds_name, &mut it.ds_version));
    let indices = offline.chain(online);
    let all = datasets.chain(sources).chain(pipelines).chain(operators);
    for (_, version) in all.chain(indices).filter(|(name, _)| is_one(name)) {
        *version = 2;
    }
}

/// Logs the rows that come before a request and are erased later, and erases them where that is due.
fn erase(engine: &Engine, graph: &Graph, erasure: &Erasure, request: usize) -> Result<(), Error> {
    for (place, row) in &erasure.rows {
        if *place == request {
            let row_of_dataset = incoming(row, graph.dataset(&row.dataset));
            engine.log(WEBHOOK, &row.endpoint(), vec![row_of_dataset])?;
        }
    }
    if let (Some((_, row)), true) = (erasure.rows.first(), erasure.before == request) {
        let key = graph.dataset(&row.dataset).erase_key();
        let key = key.map(|name| (name.clone(), Value::Int(Erasure::KEY)));
        let erased = engine.erase("main", &row.dataset, vec![key.into_iter().collect()], None)?;
        assert_eq!(erased.rows, erasure.rows.len() as u64, "all and no other");
        assert_eq!(erased.left, None);
    }
    Ok(())
}

fn incoming(row: &Logged, dataset: &Dataset) -> Incoming {
    if row.is_gone {
        let keys = dataset.columns.keys.iter();
        let key = values(keys.map(|key| (&key.name, &row.values[&key.name])));
        return BTreeMap::from([
            ("op".into(), Value::String("d".into())),
            ("before".into(), Value::Map(key)),
            ("ts_ms".into(), Value::Int(row.at / 1_000)),
        ]);
    }
    let at = (&dataset.columns.at, &V::Time(row.at));
    values(row.values.iter().chain([at]))
}

impl Graph {
    /// The sources, and the first datasets that are made of these.
    fn first(&self, made: usize) -> Graph {
        let (sources, pipelines): (Vec<_>, Vec<_>) = self
            .datasets
            .iter()
            .cloned()
            .partition(|dataset| dataset.fill == Fill::Source);
        Graph {
            datasets: sources
                .into_iter()
                .chain(pipelines.into_iter().take(made))
                .collect(),
            disorder: self.disorder,
        }
    }

    /// The names of the datasets that another lacks.
    fn besides(&self, other: &Graph) -> impl Iterator<Item = String> {
        let datasets = self.datasets.iter();
        let besides =
            datasets.filter(|it| other.datasets.iter().all(|other| other.name != it.name));
        besides.map(|it| it.name.clone())
    }
}
