//! Expressions over rows.

mod case;
pub mod deviations;
mod run;
mod value;

pub use case::{Case, message};
pub use run::{Run, outcome};
pub use value::{equal, value};

use crate::{Judged, Verdict};
use deviations::{DEVIATIONS, Outcome, QUIRKS};

/// Judges the expression that a line has.
pub(crate) fn judge(line: &str, place: &str) -> Judged {
    match serde_json::from_str::<Case>(line) {
        Ok(case) => Judged {
            name: format!("{} ({})", case.id, case.group),
            verdict: verdict(&case),
        },
        Err(error) => Judged {
            name: place.into(),
            verdict: Verdict::Wrong(format!("it can't be read: {error}")),
        },
    }
}

/// What comes of an expression.
#[must_use]
pub fn verdict(case: &Case) -> Verdict {
    let outcome = match outcome(case) {
        Ok(outcome) => outcome,
        Err(broken) => return Verdict::Wrong(format!("it can't be read: {broken}")),
    };
    let known = match &case.quirk {
        Some(quirk) => {
            let known = QUIRKS.iter().find(|known| quirk.starts_with(known.quirk));
            let known = known.filter(|known| (known.ours)(case, &outcome));
            known.map(|known| known.what)
        }
        None if is_expected(case, &outcome) => return Verdict::Equal,
        None => {
            let known = DEVIATIONS.iter().find(|known| (known.is)(case, &outcome));
            known.map(|known| known.what)
        }
    };
    match known {
        Some(what) => Verdict::Right(what.into()),
        None => Verdict::Wrong(format!(
            "{outcome}\n   the reference has {:?} {:?} {:?}\n   of {:?} {}",
            case.output, case.error, case.quirk, case.rows, case.expr
        )),
    }
}

/// Whether it is what the reference has.
fn is_expected(case: &Case, outcome: &Outcome) -> bool {
    match outcome {
        Outcome::Equal => true,
        Outcome::Failed(_) => matches!(case.error.as_deref(), Some("eval" | "null_result")),
        Outcome::Refused(_) => {
            matches!(case.error.as_deref(), Some("decode" | "compile" | "cast"))
        }
        Outcome::Values(_) => false,
    }
}
