//! What a deploy costs: checking, encoding, planning and committing datasets with their featuresets.
//!
//! `cargo run --release -p fennel-benches --bin deploys -- --datasets 10,1000,10000`

use std::sync::Arc;
use std::time::Instant;

use clap::Parser;
use fennel_benches::{Error, Table, millis, peak, reset_peak};
use fennel_core::catalog::Catalog;
use fennel_core::connector::Webhook;
use fennel_core::entity::{
    Cdc, Dataset, Descriptor, Env, Extraction, Feature, Featureset, Field, Index, Kind, Location,
    Meta, Order, Origin, Reference, Source,
};
use fennel_core::time::Duration;
use fennel_core::ty::Type;
use fennel_core::wire::encode;
use fennel_core::wire::proto::services::SyncRequest;
use fennel_engine::store::Store;
use fennel_engine::{CommitOptions, Engine, SystemClock};
use prost::Message as _;

/// Measures what deploys of made-up projects take, in milliseconds.
#[derive(Parser)]
struct Args {
    /// How many datasets there are, each with a featureset
    #[arg(long, value_delimiter = ',', default_value = "10,1000,10000")]
    datasets: Vec<usize>,
}

const HOOK: Webhook<'static> = Webhook::new("app");

const OWNED: Meta<'static> = Meta {
    owner: "team@example.com",
    ..Meta::EMPTY
};

fn main() -> Result<(), Error> {
    let args = Args::parse();
    let mut table = Table::new(&[
        "datasets",
        "check",
        "encode",
        "plan",
        "commit",
        "again",
        "all, µs an entity",
        "bytes",
        "peak MiB",
    ]);
    for datasets in args.datasets {
        reset_peak();
        table.row(deploy(datasets)?);
    }
    println!("{table}");
    Ok(())
}

/// One deploy of so many datasets, and what each of its stages takes.
fn deploy(datasets: usize) -> Result<Vec<String>, Error> {
    let entities = entities(datasets);
    let mut stages = Vec::new();
    let mut begin = Instant::now();
    let mut stage = || {
        let took = begin.elapsed();
        begin = Instant::now();
        stages.push(took);
    };
    let catalog: Catalog<'static> = entities.into_iter().collect();
    catalog.check(None)?;
    stage();
    let bytes = encode(&catalog, None, "a deploy").encode_to_vec();
    stage();
    let engine = Engine::open(Store::in_memory(), Arc::new(SystemClock))?;
    let commit = |preview| {
        // The server decodes what it got, each time.
        let request = SyncRequest::decode(bytes.as_slice())?;
        let options = CommitOptions {
            preview,
            ..CommitOptions::default()
        };
        Ok::<_, Error>(engine.commit("main", &request, options)?)
    };
    commit(true)?;
    stage();
    commit(false)?;
    stage();
    if commit(true)?.changed {
        return Err("the same definitions change something".into());
    }
    stage();
    let all: std::time::Duration = stages.iter().sum();
    let an_entity = all.as_secs_f64() * 1e6 / (2 * datasets) as f64;
    let cells = [datasets.to_string()].into_iter();
    let cells = cells.chain(stages.iter().map(|took| format!("{:.2}", millis(*took))));
    let end = [
        format!("{an_entity:.0}"),
        bytes.len().to_string(),
        (peak() >> 20).to_string(),
    ];
    Ok(cells.chain(end).collect())
}

fn field(name: &'static str, ty: Type<'static>) -> Field<'static> {
    Field {
        name,
        ty,
        key: name == "uid",
        erase_key: false,
        timestamp: name == "at",
        meta: Meta::EMPTY,
    }
}

/// Datasets with five columns, each with a featureset that looks three of them up.
fn entities(datasets: usize) -> Vec<Descriptor<'static>> {
    const VALUES: [(&str, Type<'static>); 3] = [
        ("name", Type::String),
        ("age", Type::Int),
        ("score", Type::Float),
    ];
    let fields: &'static [Field<'static>] = Vec::leak(
        [("uid", Type::Int)]
            .into_iter()
            .chain(VALUES)
            .chain([("at", Type::Timestamp)])
            .map(|(name, ty)| field(name, ty))
            .collect(),
    );
    let mut entities = Vec::with_capacity(2 * datasets);
    for i in 0..datasets {
        let name: &'static str = format!("User{i}").leak();
        let source = Source::new(
            HOOK.endpoint(format!("user{i}").leak()).connector(),
            Duration::from_days(14),
            Cdc::Upsert,
        );
        let dataset = Dataset {
            name,
            version: 1,
            history: Dataset::DEFAULT_HISTORY,
            index: Index {
                online: true,
                offline: true,
            },
            fields,
            order: Order::NONE,
            sources: Vec::leak(vec![source]),
            expectations: None,
            sinks: &[],
            meta: OWNED,
            location: Location::UNKNOWN,
        };
        entities.push(Descriptor::Dataset(Box::leak(Box::new(dataset))));
        let uid = Feature {
            name: "uid",
            ty: Type::Int,
            extraction: None,
            meta: Meta::EMPTY,
        };
        let looked_up = VALUES.iter().map(|(column, ty)| Feature {
            name: column,
            ty: Type::Optional(Box::leak(Box::new(*ty))),
            extraction: Some(Extraction {
                origin: Origin::Reference(Reference {
                    kind: Kind::Dataset,
                    entity: name,
                    name: column,
                }),
                default: None,
                version: 0,
                env: Env::ANY,
            }),
            meta: Meta::EMPTY,
        });
        let features: Vec<_> = [uid].into_iter().chain(looked_up).collect();
        let featureset = Featureset {
            name: format!("Features{i}").leak(),
            features: Vec::leak(features),
            order: Order::NONE,
            reads: Order::NONE,
            meta: OWNED,
            location: Location::UNKNOWN,
        };
        entities.push(Descriptor::Featureset(Box::leak(Box::new(featureset))));
    }
    entities
}
