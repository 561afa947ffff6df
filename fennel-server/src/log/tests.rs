//! What is logged, also of what no request is meant to bring about.

use std::io::Write;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{Request, Uri};
use axum::routing::get;
use fennel_engine::store::Store;
use fennel_engine::{Engine, SystemClock};
use hyper::service::Service;
use hyper_util::service::TowerToHyperService;
use serde_json::{Value as Json, json};

use super::*;
use crate::app::{Answer, App, layered};
use crate::auth::Access;
use crate::error::Failure;
use crate::secret::Secrets;
use crate::{Config, Token, name};

const TOKEN: &str = "fnl_process-token-of-tests";
/// What is in a request and must not be in a line.
const SENT: &str = "hush-6f1e";

/// Lines as they are written.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Lines {
    /// The events of the request with that id, each without what differs from run to run.
    fn of_request(&self, id: &str) -> Vec<Json> {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        assert!(!text.contains(SENT), "{text}");
        let events = text.lines().map(|line| serde_json::from_str(line).unwrap());
        let mut events: Vec<Json> = events
            .filter(|event: &Json| event["spans"][0]["id"] == id)
            .collect();
        for event in &mut events {
            let fields = event["fields"].as_object_mut().unwrap();
            fields.remove("ms");
            if let Some(place) = fields.remove("place") {
                assert!(place.as_str().unwrap().contains("log/tests.rs:"), "{place}");
            }
        }
        events
    }
}

fn app() -> App {
    let store = Store::in_memory();
    let clock = Arc::new(SystemClock);
    let token = Token::new(TOKEN).unwrap();
    let engine = Engine::open(store.clone(), clock.clone()).unwrap();
    let (access, _) = Access::open(&store, clock, None, Some(&token)).unwrap();
    let (name, _) = name::open(&store, None).unwrap();
    let secrets = Secrets::open(&store, None).unwrap();
    // Nothing is written there, so it need not be.
    let config = Config {
        data_dir: tempfile::tempdir().unwrap().path().to_owned(),
        ..Config::default()
    };
    App::new(engine, access, name, secrets, &config).unwrap()
}

async fn panics(uri: Uri) -> Answer {
    panic!("{uri}")
}

async fn panics_on_a_thread(State(app): State<App>, uri: Uri) -> Result<Answer, Failure> {
    app.read(move |_| panic!("{uri}")).await
}

async fn fails() -> Failure {
    fennel_engine::Error::Corrupt("it is broken".into()).into()
}

/// Calls that go wrong as no call of the server should.
fn wrong() -> Router<App> {
    Router::new()
        .route("/panics", get(panics))
        .route("/panics_on_a_thread", get(panics_on_a_thread))
        .route("/fails", get(fails))
}

#[test]
fn what_is_the_servers_fault_is_logged_with_the_id_of_its_request() {
    let lines = Lines::default();
    let written = lines.clone();
    let layer = super::lines(Format::Json, LevelFilter::WARN, move || written.clone());
    // For all threads; other tests of this program log to nobody.
    tracing::subscriber::set_global_default(Registry::default().with(layer)).unwrap();
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        panicked(panic);
        before(panic);
    }));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let router = TowerToHyperService::new(layered(app(), Router::new(), wrong()));
    for route in ["panics", "panics_on_a_thread", "fails"] {
        let request = Request::get(format!("/{route}?{SENT}"))
            .header("authorization", format!("Bearer {TOKEN}"))
            .header("x-request-id", route)
            .body(Body::empty());
        let response = runtime.block_on(router.call(request.unwrap())).unwrap();
        assert_eq!(response.status(), 500, "{route}");
        assert_eq!(response.headers()["x-request-id"], route);
    }
    for route in ["panics", "panics_on_a_thread"] {
        let events = lines.of_request(route);
        let [panic, answer] = &events[..] else {
            panic!("{events:?}");
        };
        // Its text is made of what was sent.
        let told = json!({"message": "panicked, which is a bug: please report it"});
        assert_eq!(
            (&panic["level"], &panic["fields"]),
            (&json!("ERROR"), &told)
        );
        let told = answer["fields"]["error"].as_str().unwrap();
        assert!(told.contains("bug"), "{told}");
        assert_eq!(answer["level"], "ERROR");
        assert_eq!(answer["spans"][0]["status"], 500);
        assert_eq!(answer["spans"][0]["route"], format!("/{route}"));
    }
    let events = lines.of_request("fails");
    let [answer] = &events[..] else {
        panic!("{events:?}");
    };
    let told = json!({"message": "answered", "error": "it is broken"});
    assert_eq!(answer["fields"], told);
}

#[test]
fn a_level_is_one_of_six_words() {
    assert_eq!(level("debug"), Ok(LevelFilter::DEBUG));
    assert_eq!(level(" off\n"), Ok(LevelFilter::OFF));
    for text in ["", "3", "INFO ", "fennel=debug"] {
        assert!(level(text).is_err(), "{text:?}");
    }
}

#[test]
fn only_what_is_ours_is_logged() {
    let ours = ours(LevelFilter::TRACE);
    for (target, is_logged) in [
        ("fennel_server::span", true),
        ("fennel_engine::run", true),
        ("hyper::proto", false),
        ("my_features", false),
    ] {
        assert_eq!(
            ours.would_enable(target, &tracing::Level::ERROR),
            is_logged,
            "{target}"
        );
    }
}
