//! What is asked offline is what is asked online at the same instants, whatever makes the features and wherever the rows are.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type};
use arrow_array::{Array, ArrayRef, Float64Array, Int64Array, RecordBatch};
use fennel::prelude::*;
use fennel_core::catalog::Catalog;
use fennel_core::wire;
use fennel_server::{Config, Server, Token};
use fennel_tests::support::Http;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use prost::Message as _;
use serde_json::{Value as Json, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

fennel::owner!("shop@example.com");

static HOOKS: Webhook = Webhook::new("offline_hooks");

#[dataset(index)]
#[source(HOOKS.endpoint("shops"), disorder = "1d", cdc = upsert)]
struct Shop {
    #[field(key)]
    shop: i64,
    name: String,
    at: DateTime<Utc>,
}

#[dataset]
#[source(HOOKS.endpoint("sales"), disorder = "1d", cdc = append)]
struct Sale {
    shop: i64,
    cents: i64,
    at: DateTime<Utc>,
}

#[dataset(index)]
struct Sold {
    #[field(key)]
    shop: i64,
    total: i64,
    recent: i64,
    at: DateTime<Utc>,
}

#[pipeline]
fn sold(sales: Sale) -> Sold {
    sales
        .group_by(shop)
        .aggregate(total = sum(cents, "forever"), recent = count("3s"))
}

#[featureset]
struct Asked {
    shop: i64,
    scale: f64,
}

#[featureset]
struct Told {
    #[feature(Asked::shop)]
    shop: i64,
    /// Looked up.
    #[feature(Shop::name, default = "nobody")]
    name: String,
    /// Aggregates, of which one forgets.
    #[feature(Sold::total, default = 0)]
    total: i64,
    #[feature(Sold::recent, default = 0)]
    recent: i64,
    /// An expression.
    #[feature(expr = total * 2 - recent)]
    worth: i64,
    /// What a function makes of an input, of features, of a row that it looks up, and of the instant.
    label: String,
    scaled: f64,
}

#[extractors]
impl Told {
    #[extractor(inputs(Asked::scale, shop, name, worth), outputs(label, scaled))]
    fn labelled(
        ts: DateTime<Utc>,
        scale: f64,
        shop: i64,
        name: &str,
        worth: i64,
        #[lookup(shop)] sold: Option<Sold>,
    ) -> (String, f64) {
        let total = sold.map(|sold| sold.total);
        let label = format!("{name} {shop} at {ts}: {total:?}");
        (label, scale * worth as f64)
    }
}

/// A server that has the function above, and a folder that it may use.
struct Serving {
    http: Http,
    files: TempDir,
    _data: TempDir,
    _stop: oneshot::Sender<()>,
    _runtime: Runtime,
}

impl Serving {
    fn start() -> Serving {
        let (data, files) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let token = Token::generate().unwrap();
        let config = Config {
            listen: ([127, 0, 0, 1], 0).into(),
            data_dir: data.path().into(),
            process_token: Some(token.clone()),
            offline_dirs: vec![files.path().into()],
            ..Config::default()
        };
        let runtime = Runtime::new().unwrap();
        let server = runtime.block_on(Server::bind(config)).unwrap();
        let http = Http {
            address: server.address(),
            token: token.reveal().into(),
            branch: "main".into(),
        };
        let (stop, stopped) = oneshot::channel();
        runtime.spawn(server.serve(async {
            let _ = stopped.await;
        }));
        let catalog: Catalog<'static> = fennel::entities![Shop, Sale, Sold, Asked, Told]
            .into_iter()
            .collect();
        let request = wire::encode(&catalog, None, "").encode_to_vec();
        http.try_commit(&request, "").unwrap().ok();
        Serving {
            http,
            files,
            _data: data,
            _stop: stop,
            _runtime: runtime,
        }
    }

    fn log(&self, endpoint: &str, rows: &[Json]) {
        let logged = self.http.log("offline_hooks", endpoint, &json!(rows)).ok();
        assert_eq!(logged["rows"], rows.len());
    }

    /// Waits until a query has ended.
    fn ended(&self, id: &str) -> Json {
        let until = Instant::now() + Duration::from_secs(60);
        loop {
            let path = format!("query_offline/status?request_id={id}");
            let status = self.http.get(&path).ok();
            match status["status"].as_str() {
                Some("pending" | "running") => assert!(Instant::now() < until, "{status}"),
                _ => return status,
            }
            std::thread::yield_now();
        }
    }
}

/// What is asked: a row each.
struct Rows {
    shops: Vec<i64>,
    scales: Vec<f64>,
    /// In seconds since 1970.
    at: Vec<i64>,
}

/// Where rows are.
#[derive(Clone, Copy, Debug)]
enum Place {
    Request,
    Csv,
    Json,
    Parquet,
}

impl Rows {
    /// The input of an offline query for the rows, which are put there.
    fn put(&self, place: Place, folder: &Path) -> Json {
        let rows = || self.shops.iter().zip(&self.scales).zip(&self.at);
        let (path, format) = match place {
            Place::Request => {
                return json!({"Pandas": {
                    "Asked.shop": self.shops, "Asked.scale": self.scales, "at": self.at,
                }});
            }
            Place::Csv => {
                let rows = rows().map(|((shop, scale), at)| format!("{at},{scale:?},{shop}\n"));
                let text: String = std::iter::once("at,scale,shop\n".into())
                    .chain(rows)
                    .collect();
                let path = folder.join("in.csv");
                fs::write(&path, text).unwrap();
                (path, "csv")
            }
            Place::Json => {
                let rows = rows().map(|((shop, scale), at)| {
                    format!("{}\n", json!({"shop": shop, "at": at, "scale": scale}))
                });
                let path = folder.join("in.jsonl");
                fs::write(&path, rows.collect::<String>()).unwrap();
                (path, "json")
            }
            Place::Parquet => (self.parquet(folder), "parquet"),
        };
        json!({"File": {
            "path": format!("file://{}", path.display()), "format": format,
            "feature_to_column_map": {"Asked.shop": "shop", "Asked.scale": "scale"},
        }})
    }

    fn parquet(&self, folder: &Path) -> PathBuf {
        let path = folder.join("in.parquet");
        let columns: [(&str, ArrayRef); 3] = [
            ("scale", Arc::new(Float64Array::from(self.scales.clone()))),
            ("at", Arc::new(Int64Array::from(self.at.clone()))),
            ("shop", Arc::new(Int64Array::from(self.shops.clone()))),
        ];
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        let file = File::create(&path).unwrap();
        let mut writer = ArrowWriter::try_new(file, batch.schema(), None).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
        path
    }
}

/// The columns of an output but for the instants, as an online query answers them.
fn read(path: &Path) -> Json {
    let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(path).unwrap()).unwrap();
    let mut columns = json!({});
    for batch in reader.build().unwrap() {
        let batch = batch.unwrap();
        for (field, array) in batch.schema().fields().iter().zip(batch.columns()) {
            if field.name() != "at" {
                let column = columns[field.name()].take();
                let mut column = column.as_array().cloned().unwrap_or_default();
                column.extend((0..array.len()).map(|row| value(array, row)));
                columns[field.name()] = json!(column);
            }
        }
    }
    columns
}

fn value(array: &ArrayRef, row: usize) -> Json {
    if let Some(ints) = array.as_primitive_opt::<Int64Type>() {
        json!(ints.value(row))
    } else if let Some(floats) = array.as_primitive_opt::<Float64Type>() {
        json!(floats.value(row))
    } else {
        json!(array.as_string::<i32>().value(row))
    }
}

#[test]
fn offline_is_online_at_the_same_instants() {
    let places = vec![Place::Request, Place::Csv, Place::Json, Place::Parquet];
    let named = prop::collection::vec((0..4_i64, "[a-c]{1,3}", 0..9_i64), 0..9);
    let sold = prop::collection::vec((0..4_i64, -99..99_i64, 0..9_i64), 0..30);
    let asked = prop::collection::vec((0..5_i64, -4..4_i8, 0..12_i64), 1..20);
    let config = ProptestConfig {
        cases: 32,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let serving = Serving::start();
    // Shops that no other case has.
    let next = std::cell::Cell::new(0);
    let strategy = (named, sold, asked, prop::sample::select(places));
    let mut runner = TestRunner::new(config);
    let run = runner.run(&strategy, |(named, sold, asked, place)| {
        let first = next.replace(next.get() + 10);
        let second = |at: i64| 1_704_153_600 + at;
        let shops: Vec<Json> = named
            .iter()
            .map(|(shop, name, at)| json!({"shop": first + shop, "name": name, "at": second(*at)}))
            .collect();
        let sales: Vec<Json> = sold
            .iter()
            .map(|(shop, cents, at)| {
                json!({"shop": first + shop, "cents": cents, "at": second(*at)})
            })
            .collect();
        serving.log("shops", &shops);
        serving.log("sales", &sales);

        let rows = Rows {
            shops: asked.iter().map(|(shop, ..)| first + shop).collect(),
            scales: asked
                .iter()
                .map(|(_, scale, _)| f64::from(*scale) / 2.0)
                .collect(),
            at: asked.iter().map(|(.., at)| second(*at)).collect(),
        };
        let out = serving.files.path().join(format!("{first}.parquet"));
        let request = json!({
            "input_features": ["Asked.shop", "Asked.scale"], "output_features": ["Told"],
            "timestamp_column": "at", "input": rows.put(place, serving.files.path()),
            "output": format!("file://{}", out.display()),
        });
        let begun = serving.http.post("query_offline", &request).ok();
        let status = serving.ended(begun["request_id"].as_str().unwrap());
        prop_assert_eq!(&status["status"], "completed", "{}", status);
        prop_assert_eq!(&status["rows_failed"], 0, "{}", status);
        let online = json!({
            "inputs": ["Asked.shop", "Asked.scale"], "outputs": ["Told"],
            "data": {"Asked.shop": rows.shops, "Asked.scale": rows.scales},
            "timestamps": rows.at,
        });
        let online = serving.http.post("query", &online).ok();
        prop_assert_eq!(online.as_object().map(|it| it.len()), Some(7));
        prop_assert_eq!(read(&out), online);
        Ok(())
    });
    run.unwrap();
}
