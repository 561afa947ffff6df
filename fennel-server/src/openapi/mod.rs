//! The calls, each given once: its route, its handler and its description. The router and the OpenAPI description are
//! made of the same list, so neither can have a call that the other lacks.
//!
//! | file | has |
//! |---|---|
//! | `call` | what a call takes and answers |
//! | `schema` | the shape of JSON |

mod call;
mod schema;

use axum::Router;
use axum::handler::Handler;
use axum::http::Method;
use axum::routing::{MethodFilter, on};
use serde_json::{Map, Value as Json, json};

pub(crate) use call::Call;
pub(crate) use schema::Schema;

use crate::app::App;

/// Calls: their routes, and what is said of them.
#[derive(Default)]
pub(crate) struct Calls {
    /// Routes that need a token.
    pub(crate) closed: Router<App>,
    /// Routes that don't.
    pub(crate) open: Router<App>,
    paths: Map<String, Json>,
}

impl Calls {
    /// Adds a call, whose path has names in braces where a part may be any.
    pub(crate) fn on<T: 'static>(
        mut self,
        method: Method,
        path: &str,
        handler: impl Handler<T, App>,
        call: Call,
    ) -> Self {
        let name = method.as_str().to_ascii_lowercase();
        let filter = MethodFilter::try_from(method).expect("it is a method of HTTP");
        let routes = match call.is_open() {
            true => &mut self.open,
            false => &mut self.closed,
        };
        *routes = std::mem::take(routes).route(path, on(filter, handler));
        let of_path = self.paths.entry(path).or_insert_with(|| json!({}));
        of_path[name] = call.describe();
        self
    }

    /// The description of all calls, in the form of OpenAPI 3.1.
    pub(crate) fn describe(self) -> Json {
        let problem = Schema::object([
            ("kind", Schema::words(["dataset", "featureset"]).or_null()),
            ("entity", Schema::text()),
            ("member", Schema::text()),
            (
                "message",
                Schema::text().about("What is wrong and what to do."),
            ),
        ])
        .optional([
            (
                "notes",
                Schema::list(Schema::text()).about("What else there is to know of it."),
            ),
            ("file", Schema::text()),
            ("line", Schema::count()),
            ("code", Schema::text().about("Rust that solves it.")),
        ]);
        let failure = Schema::object([(
            "err_msg",
            Schema::text().about("What is wrong and what to do, for a person."),
        )])
        .optional([(
            "problems",
            Schema::list(problem).about("Each thing that is wrong with the definitions."),
        )]);
        json!({
            "openapi": "3.1.0",
            "info": {
                "title": "fennel",
                "version": env!("CARGO_PKG_VERSION"),
                "description": "Ingests, computes and serves features over Fennel's protocol. Bodies may be gzipped. \
                    Each answer has the header `x-request-id`: that of the request, or a new one.",
                "license": {"name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0"},
            },
            "security": [{"token": []}],
            "paths": self.paths,
            "components": {
                "schemas": {"Failure": failure.json()},
                "securitySchemes": {
                    "token": {"type": "http", "scheme": "bearer", "description": "A token of an account of the server."},
                },
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use crate::route;

    /// The names in braces of a path.
    fn placeholders(path: &str) -> BTreeSet<&str> {
        let parts = path.split('/');
        parts
            .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
            .collect()
    }

    #[test]
    fn each_call_has_a_name_of_its_own_and_tells_the_parts_of_its_path() {
        let description = route::calls().describe();
        let mut names = BTreeSet::new();
        for (path, calls) in description["paths"].as_object().unwrap() {
            for (method, call) in calls.as_object().unwrap() {
                let name = call["operationId"].as_str().unwrap();
                assert!(names.insert(name.to_owned()), "two calls are `{name}`");
                let parameters = call["parameters"].as_array().unwrap().iter();
                let told = parameters.filter(|parameter| parameter["in"] == "path");
                let told: BTreeSet<_> = told
                    .map(|parameter| parameter["name"].as_str().unwrap())
                    .collect();
                assert_eq!(told, placeholders(path), "{method} {path}");
            }
        }
        assert!(names.len() > 25);
    }

    #[test]
    fn the_crates_table_has_each_call() {
        let rows = include_str!("../lib.rs").lines();
        let told: Vec<&str> = rows
            .filter_map(|row| row.strip_prefix("//! | `")?.split(" | ").next())
            .collect();
        let description = route::calls().describe();
        for (path, calls) in description["paths"].as_object().unwrap() {
            let path = path.strip_prefix("/api/v1/").unwrap_or(path);
            let path = path.replace('{', "<").replace('}', ">");
            for method in calls.as_object().unwrap().keys() {
                let method = method.to_ascii_uppercase();
                let is_told = |cell: &&str| {
                    let mut words = cell.split(['`', ' ', '?']);
                    cell.contains(&*method) && words.any(|word| word == path)
                };
                assert!(told.iter().any(is_told), "no row for `{method} {path}`");
            }
        }
    }
}
