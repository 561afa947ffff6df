//! Each vector is read, typed and sent as the reference does, but for the [`DIFFERENCES`].

use std::collections::BTreeMap;

use bumpalo::Bump;
use fennel_core::expr::{Names, Scope};
use fennel_core::schema::Schema;
use fennel_core::ty::Computed;
use fennel_core::wire::proto::expression::Expr as Message;
use fennel_core::wire::{decode_expr, decode_type, encode_expr};
use fennel_vectors::expression::{Case, message};

use crate::cases;
use crate::differences::{DIFFERENCES, Difference};
use crate::notation;

/// Compares one vector in all that there is to compare.
fn compare(case: &Case) -> Vec<Difference> {
    let arena = Bump::new();
    let mut schema = Schema::new("");
    for (name, ty) in &case.schema_proto_b64 {
        let ty = decode_type(&arena, &message(ty).unwrap()).unwrap();
        let name: &str = arena.alloc_str(name);
        assert!(schema.push(name, Computed::of(&ty)));
    }
    let scope = Scope::new(Names::Schema(&schema));
    let sent: Message = message(&case.proto_b64).unwrap();

    let typed = decode_expr(&arena, &sent).and_then(|expr| {
        let ty = expr.type_in(&scope);
        ty.map(|ty| (expr, ty))
            .map_err(|fault| fault.message.to_string())
    });
    let (expr, ty) = match typed {
        Ok(typed) => typed,
        Err(_) if case.is_refused() => return Vec::new(),
        Err(why) => return vec![Difference::Refused(why)],
    };
    if case.is_refused() {
        return vec![Difference::Accepted(notation::of(ty))];
    }
    let mut differences = Vec::new();
    let found = notation::of(ty);
    let expected = case.output_type.as_deref().map(notation::nameless);
    if expected.is_some_and(|expected| expected != found) {
        differences.push(Difference::Type(found));
    }
    if let Some(declared) = &case.as_type_proto_b64 {
        let declared = decode_type(&arena, &message(declared).unwrap()).unwrap();
        let refused = case.error.as_deref() == Some("cast");
        if ty.matches(&declared) == refused {
            differences.push(Difference::Declared);
        }
    }
    if encode_expr(&expr, &scope) != sent {
        differences.push(Difference::Sent);
    }
    differences
}

#[test]
fn expressions_are_typed_as_by_the_reference() {
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    let mut failures = Vec::new();
    for case in cases() {
        if case.quirk.is_some() {
            continue;
        }
        for difference in compare(&case) {
            match DIFFERENCES
                .iter()
                .find(|known| (known.is)(&case, &difference))
            {
                Some(known) => *seen.entry(known.what).or_default() += 1,
                None => failures.push(format!(
                    "{} ({}): {difference}; the reference has {:?} {:?} over {:?}",
                    case.id, case.group, case.output_type, case.error, case.schema
                )),
            }
        }
    }
    for known in DIFFERENCES {
        let count = seen.get(known.what).copied().unwrap_or(0);
        if count != known.count {
            failures.push(format!("{count} of {}: {}", known.count, known.what));
        }
    }
    assert!(
        failures.is_empty(),
        "{} differ:\n{}",
        failures.len(),
        failures.join("\n")
    );
}
