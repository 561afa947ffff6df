//! An engine of one feature, and files for it.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex};

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Schema};
use fennel_core::time::Timestamp;
use fennel_core::value::{Shape, Value};
use fennel_engine::{Column, Columns, FailedRow, ManualClock, Query};
use fennel_offline::{
    Answer, Ask, Error, Failed, Format, Input, Jobs, Place, Request, Settings, Status, Submitter,
};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::file::properties::WriterProperties;

/// Values between commas, below a line with the columns' names.
pub(crate) const CSV: Format = Format::Csv {
    delimiter: b',',
    headers: None,
};

/// Answers twice `Fs.x`, but for 13, and `Fs.y` more where that is given.
pub(crate) struct Doubling;

impl Ask for Doubling {
    fn types(&self, _: &str, features: &[String]) -> Result<Vec<Shape>, Error> {
        let shapes = features.iter().map(|name| match &**name {
            "Fs.wide" => Shape::String,
            _ => Shape::Int,
        });
        Ok(shapes.collect())
    }

    fn failed(&self, _: &Failed<'_>) {}

    fn query(&self, _: &Submitter, _: &str, query: &Query) -> Result<Answer, Error> {
        let values = &query.data["Fs.x"];
        let failed = values.iter().enumerate();
        let failed = failed.filter(|(_, value)| **value == Value::Int(13));
        let failed: Vec<FailedRow> = failed
            .map(|(row, _)| FailedRow {
                row,
                what: "feature `Fs.double`".into(),
                reason: "thirteen".into(),
            })
            .collect();
        if !failed.is_empty() {
            return Ok(Answer::Failed(failed));
        }
        let int = |value: &Value| match value {
            Value::Int(x) => *x,
            other => panic!("{other} is no i64"),
        };
        let more = query.data.get("Fs.y");
        let doubled = values.iter().enumerate().map(|(i, x)| {
            let more = more.map_or(0, |values| int(&values[i]));
            Value::Int(2 * int(x) + more)
        });
        Ok(Answer::Columns(Columns(vec![Column {
            name: "Fs.double".into(),
            shape: Shape::Int,
            values: doubled.collect(),
        }])))
    }
}

/// The same, where so many parts are answered and whoever asks for more waits.
pub(crate) struct Gate {
    state: Mutex<GateState>,
    changed: Condvar,
}

struct GateState {
    asked: usize,
    passes: usize,
    waiting: usize,
}

impl Gate {
    pub(crate) fn new(passes: usize) -> Gate {
        Gate {
            state: Mutex::new(GateState {
                asked: 0,
                passes,
                waiting: 0,
            }),
            changed: Condvar::new(),
        }
    }

    /// Waits until somebody waits.
    pub(crate) fn wait_until_closed(&self) {
        let state = self.state.lock().unwrap();
        drop(
            self.changed
                .wait_while(state, |it| it.waiting == 0)
                .unwrap(),
        );
    }

    pub(crate) fn open(&self) {
        self.state.lock().unwrap().passes = usize::MAX;
        self.changed.notify_all();
    }

    /// Closes jobs, which lets those who wait have their answers.
    pub(crate) fn close(&self, jobs: &Jobs) {
        std::thread::scope(|scope| {
            let closing = scope.spawn(|| jobs.close());
            while !closing.is_finished() {
                let mut state = self.state.lock().unwrap();
                state.passes = state.asked.max(state.passes);
                drop(state);
                self.changed.notify_all();
                std::thread::yield_now();
            }
        });
    }

    /// How many parts were asked for.
    pub(crate) fn asked(&self) -> usize {
        self.state.lock().unwrap().asked
    }
}

impl Ask for Gate {
    fn types(&self, branch: &str, features: &[String]) -> Result<Vec<Shape>, Error> {
        Doubling.types(branch, features)
    }

    fn failed(&self, _: &Failed<'_>) {}

    fn query(&self, who: &Submitter, branch: &str, query: &Query) -> Result<Answer, Error> {
        let answer = Doubling.query(who, branch, query)?;
        // Asked again without the row that has no answer, and asked for no rows.
        if matches!(answer, Answer::Failed(_)) || query.data["Fs.x"].is_empty() {
            return Ok(answer);
        }
        let mut state = self.state.lock().unwrap();
        state.asked += 1;
        if state.asked > state.passes {
            state.waiting += 1;
            self.changed.notify_all();
            let is_closed = |it: &mut GateState| it.asked > it.passes;
            drop(self.changed.wait_while(state, is_closed).unwrap());
        }
        Ok(answer)
    }
}

/// Jobs in a folder, whose files they may use.
pub(crate) fn open(folder: &Path, workers: usize, ask: Arc<dyn Ask>) -> Jobs {
    open_with(folder, workers, ask, clock("2024-03-01"))
}

pub(crate) fn clock(now: &str) -> ManualClock {
    ManualClock::new(Timestamp::parse(now).unwrap())
}

pub(crate) fn open_with(
    folder: &Path,
    workers: usize,
    ask: Arc<dyn Ask>,
    clock: ManualClock,
) -> Jobs {
    let settings = Settings {
        folder: folder.join("jobs"),
        folders: vec![folder.to_owned()],
        buckets: Vec::new(),
        workers,
    };
    Jobs::open(&settings, ask, Arc::new(clock)).unwrap()
}

/// A file with columns `x` and `at`; `x` may bring further columns, which are not read.
pub(crate) fn csv(folder: &Path, rows: usize, x: impl Fn(usize) -> String) -> PathBuf {
    let path = folder.join("in.csv");
    let wide = x(0).contains(',');
    let head = if wide { "at,x,wide\n" } else { "at,x\n" };
    let mut file = BufWriter::new(File::create(&path).unwrap());
    file.write_all(head.as_bytes()).unwrap();
    for i in 0..rows {
        writeln!(file, "2024-01-01,{}", x(i)).unwrap();
    }
    file.into_inner().unwrap();
    path
}

/// Rows so wide that a part has about twenty.
pub(crate) fn wide(folder: &Path, rows: usize) -> PathBuf {
    let wide = "w".repeat(200_000);
    csv(folder, rows, |i| format!("{i},{wide}"))
}

/// A file of Parquet with columns `x`, `at` and `wide`, whose texts have so many characters.
pub(crate) fn parquet(folder: &Path, rows: usize, width: usize) -> PathBuf {
    // Of about 4 MiB.
    let group = ((4 << 20) / width.max(1)).clamp(1, 1 << 10);
    let path = folder.join("in.parquet");
    let wide = "w".repeat(width);
    let schema = Arc::new(Schema::new(vec![
        Field::new("x", DataType::Int64, false),
        Field::new("at", DataType::Utf8, false),
        Field::new("wide", DataType::Utf8, false),
    ]));
    // As they are written where texts differ.
    let properties = WriterProperties::builder()
        .set_dictionary_enabled(false)
        .build();
    let file = File::create(&path).unwrap();
    let mut writer = ArrowWriter::try_new(file, Arc::clone(&schema), Some(properties)).unwrap();
    let mut next = 0..rows as i64;
    loop {
        let x: Vec<i64> = next.by_ref().take(group).collect();
        if x.is_empty() {
            break;
        }
        let texts = |text: &str| -> ArrayRef { Arc::new(StringArray::from(vec![text; x.len()])) };
        let columns = vec![
            Arc::new(Int64Array::from(x.clone())) as ArrayRef,
            texts("2024-01-01"),
            texts(&wide),
        ];
        let batch = RecordBatch::try_new(Arc::clone(&schema), columns).unwrap();
        writer.write(&batch).unwrap();
        writer.flush().unwrap();
    }
    writer.close().unwrap();
    path
}

pub(crate) fn url(path: &Path) -> String {
    format!("file://{}", path.display())
}

/// A query for the doubles of a CSV file's rows.
pub(crate) fn request(input: &Path) -> Request {
    Request {
        branch: "main".into(),
        inputs: vec!["Fs.x".into()],
        columns: BTreeMap::from([("Fs.x".into(), "x".into())]),
        outputs: vec!["Fs.double".into()],
        timestamp_column: "at".into(),
        input: Input::Files(Place::Local(url(input)), CSV),
        output: None,
        workflow: None,
        submitter: Submitter {
            account: "ann".into(),
            since: Some(0),
            token: "id".into(),
        },
    }
}

/// Jobs with one that waits for its answers behind the first `passes` parts, by its id.
pub(crate) fn held(
    folder: &Path,
    workers: usize,
    passes: usize,
    request: Request,
) -> (Jobs, Arc<Gate>, String) {
    let gate = Arc::new(Gate::new(passes));
    let jobs = open(folder, workers, gate.clone());
    let id = jobs.submit(request, None).unwrap().id;
    gate.wait_until_closed();
    (jobs, gate, id)
}

pub(crate) fn run(jobs: &Jobs, request: Request) -> Status {
    let id = jobs.submit(request, None).unwrap().id;
    wait(jobs, &id)
}

/// Waits until a job has ended.
pub(crate) fn wait(jobs: &Jobs, id: &str) -> Status {
    loop {
        let status = jobs.status(id).unwrap();
        if status.state.is_over() {
            return status;
        }
        std::thread::yield_now();
    }
}

/// The doubles of an output.
pub(crate) fn numbers(parquet: File) -> Vec<i64> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(parquet).unwrap();
    let mut numbers = Vec::new();
    for batch in reader.build().unwrap() {
        let batch = batch.unwrap();
        let column = batch["Fs.double"].as_primitive::<Int64Type>();
        numbers.extend(column.values().iter());
    }
    numbers
}

/// The doubles of a job's result.
pub(crate) fn output(jobs: &Jobs, status: &Status) -> Vec<i64> {
    numbers(jobs.result(&status.id).unwrap())
}
