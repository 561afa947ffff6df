//! Rust functions: whether they are linked, and how they are called.

use std::any::Any;
use std::panic::catch_unwind;

use fennel_core::entity::Native;
use fennel_core::native::Call;
use fennel_core::registry;
use fennel_core::value::Value;

/// What the function at `path` makes of the arguments. That it panics is a reason like others: it ends nothing but
/// the call.
///
/// # Errors
///
/// Why there are no results, with the function's path.
pub(crate) fn call(path: &str, call: Call, arguments: Vec<Value>) -> Result<Vec<Value>, String> {
    match catch_unwind(|| call(arguments)) {
        Ok(made) => made.map_err(|mismatch| format!("`{path}`: {mismatch}")),
        Err(panic) => Err(match message(&*panic) {
            Some(message) => format!("`{path}` panicked: {message}"),
            None => format!("`{path}` panicked"),
        }),
    }
}

/// What a panic says, if it is a text.
pub(crate) fn message(panic: &(dyn Any + Send)) -> Option<&str> {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| Some(panic.downcast_ref::<String>()?.as_str()))
}

/// That something calls a function which is not linked, and what to do; "it" goes before it.
pub(crate) fn unlinked(native: &Native<'_>) -> String {
    let path = native.symbol;
    let package = path.split("::").next().unwrap_or(path);
    if registry::has_path(path) {
        return format!(
            "calls the Rust function `{path}`, of which this server has another version: build the server with the \
             crate `{package}` that is committed, and start that"
        );
    }
    format!(
        "calls the Rust function `{path}`, which this server was built without: build one with its crate, by \
         `fennel_server::main!({package})`, and start that"
    )
}
