//! Python functions on the wire, each with its code.
//!
//! What runs is `imports` and then `generated_code`, which has everything that the function needs and defines it as
//! `entry_point`. What was written is `core_code`, behind that of what it includes.

use crate::entity::Python;
use crate::wire::proto::pycode::PyCode;
use crate::wire::{Arena, Decoded};

/// How deep functions include others, at most.
const MAX_DEPTH: usize = 32;

/// The message of a Python function. It is read as what it was made of.
pub(crate) fn encode(python: &Python<'_>) -> PyCode {
    PyCode {
        entry_point: python.entry_point.into(),
        core_code: python.source.into(),
        generated_code: python.code.into(),
        ..PyCode::default()
    }
}

/// The function of a message.
pub(crate) fn decode<'a>(arena: Arena<'a>, code: &PyCode) -> Decoded<Python<'a>> {
    let mut source = String::new();
    write_source(&mut source, code, 0)?;
    let separator = if code.imports.is_empty() { "" } else { "\n" };
    let text = [&code.imports, separator, &code.generated_code].concat();
    Ok(Python {
        entry_point: arena.text(&code.entry_point),
        source: arena.text(&source),
        code: arena.text(&text),
    })
}

fn write_source(to: &mut String, code: &PyCode, depth: usize) -> Decoded<()> {
    if depth > MAX_DEPTH {
        return Err(format!(
            "its Python function includes others that include others, more than {MAX_DEPTH} deep; include them side by side"
        ));
    }
    for included in &code.includes {
        write_source(to, included, depth + 1)?;
        to.push('\n');
    }
    to.push_str(code.core_code.trim());
    Ok(())
}
