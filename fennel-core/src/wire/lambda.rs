//! Lambdas that arrive with the text of another one.
//!
//! The public client finds a lambda's text by its line, and of two that stand on one line it sends the text of one for
//! both. A pipeline comes with its own text as well, where each lambda is as it was written. So a lambda that arrives more
//! often than it is written, with another one beside it, was not meant by all the steps that have it.

use super::Decoded;
use crate::flow::Step;
use crate::op::{Does, Operator, Python};

/// More bytes of a pipeline's text are not looked through.
const LONGEST: usize = 256 << 10;

/// Checks that each step of a pipeline with this text has the lambda that was written for it, as far as that can be told.
pub(super) fn check(pipeline: &str, steps: &[Step<'_>]) -> Decoded<()> {
    let lambdas = steps.iter().filter_map(|step| match step.operator {
        Operator::Python(python) => Some(python),
        _ => None,
    });
    let lambdas = lambdas.filter(|python| python.function.source.starts_with("lambda"));
    let lambdas: Vec<(Python<'_>, String)> = lambdas
        .map(|python| (python, squeezed(python.function.source)))
        .collect();
    if lambdas.len() < 2 || pipeline.len() > LONGEST {
        return Ok(());
    }
    let written = Written::of(pipeline);
    for (i, (one, text)) in lambdas.iter().enumerate() {
        let mut others = lambdas.iter().skip(i + 1).filter(|(_, it)| it == text);
        let Some((other, _)) = others.next() else {
            continue;
        };
        // This one, the other one and more.
        let arrived = 2 + others.count();
        if written.is_beside_another(text, arrived) {
            return Err(format!(
                "{} and {} arrive with the same lambda, and another one stands beside it: of the lambdas on a line the client sends one for all; write each on a line of its own",
                named(one),
                named(other)
            ));
        }
    }
    Ok(())
}

fn named(python: &Python<'_>) -> String {
    match python.does {
        Does::Filter => "its `filter`".into(),
        Does::Assign(name, _) => format!("its `assign` of `{name}`"),
        Does::Transform(_) => "its `transform`".into(),
    }
}

/// A text without what the client changes: it joins lines.
fn squeezed(text: &str) -> String {
    let is_kept = |c: &char| !c.is_whitespace() && *c != '\\';
    text.chars().filter(is_kept).collect()
}

/// A pipeline as it was written, each line without blanks.
struct Written {
    text: String,
    /// Where each line begins in it.
    lines: Vec<usize>,
}

impl Written {
    fn of(pipeline: &str) -> Self {
        let mut text = String::with_capacity(pipeline.len());
        let mut lines = Vec::new();
        for line in pipeline.lines() {
            lines.push(text.len());
            text += &squeezed(line);
        }
        Written { text, lines }
    }

    /// Whether a lambda that arrived so often is written less often, on a line that has another one.
    fn is_beside_another(&self, lambda: &str, arrived: usize) -> bool {
        let places = self.text.match_indices(lambda);
        let lines: Vec<usize> = places.map(|(at, _)| self.line(at)).collect();
        let within = lambdas(lambda);
        lines.len() < arrived
            && lines.iter().any(|line| {
                let own = lines.iter().filter(|it| *it == line).count() * within;
                lambdas(self.of_line(*line)) > own
            })
    }

    /// The line of a place.
    fn line(&self, at: usize) -> usize {
        self.lines.partition_point(|begin| *begin <= at)
    }

    /// The text of a line.
    fn of_line(&self, line: usize) -> &str {
        let begin = |line: usize| self.lines.get(line).copied();
        let end = begin(line).unwrap_or(self.text.len());
        let begin = line.checked_sub(1).and_then(begin);
        begin
            .and_then(|begin| self.text.get(begin..end))
            .unwrap_or_default()
    }
}

/// How many lambdas begin in a text.
fn lambdas(text: &str) -> usize {
    text.matches("lambda").count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entity;
    use crate::ty::Type;

    /// What is said of a pipeline whose filter and assigns arrive with these lambdas.
    fn said(pipeline: &str, lambdas: &[&'static str]) -> Option<String> {
        let steps: Vec<_> = lambdas
            .iter()
            .enumerate()
            .map(|(i, source)| {
                let function = entity::Python {
                    entry_point: "f",
                    source,
                    code: "",
                };
                let does = match i {
                    0 => Does::Filter,
                    _ => Does::Assign("made", Type::Int),
                };
                Step::new(Operator::Python(Python { function, does }), [0, 0])
            })
            .collect();
        check(pipeline, &steps).err()
    }

    const POSITIVE: &str = "lambda df: df[\"a\"] > 0";
    const DOUBLED: &str = "lambda df: df[\"a\"] * 2";

    #[test]
    fn one_lambda_for_two_on_a_line_is_refused() {
        let pipeline = r#"
            def steps(cls, sale):
                return sale.filter(lambda df: df["a"] > 0).assign("made", int, lambda df: df["a"] * 2)
        "#;
        for sent in [POSITIVE, DOUBLED] {
            let said = said(pipeline, &[sent, sent]).unwrap();
            assert!(
                said.starts_with(
                    "its `filter` and its `assign` of `made` arrive with the same lambda"
                ),
                "{said}"
            );
        }
        assert_eq!(said(pipeline, &[POSITIVE, DOUBLED]), None);
        // Other steps stand elsewhere, and three on one line are no better.
        let pipeline =
            format!("sale.filter({POSITIVE})\n.assign({DOUBLED}).assign({POSITIVE}).x({DOUBLED})");
        assert_eq!(said(&pipeline, &[POSITIVE, DOUBLED, POSITIVE]), None);
        assert!(said(&pipeline, &[POSITIVE, DOUBLED, DOUBLED, DOUBLED]).is_some());
    }

    #[test]
    fn lambdas_that_are_meant_twice_are_taken() {
        for pipeline in [
            // Written twice.
            format!("sale.filter({POSITIVE}).assign({POSITIVE})"),
            format!("sale.filter({POSITIVE})\n.assign({POSITIVE})"),
            // Written once, here or elsewhere, and named twice.
            format!("keep = {POSITIVE}\nreturn sale.filter(keep).assign(keep)"),
            "return sale.filter(keep).assign(keep)".into(),
            // Its text isn't known.
            String::new(),
        ] {
            assert_eq!(said(&pipeline, &[POSITIVE, POSITIVE]), None, "{pipeline}");
        }
        // One within another is no other one.
        let nested = "lambda df: df[\"a\"].map(lambda a: a > 0)";
        let pipeline = format!("keep = {nested}\nreturn sale.filter(keep).assign(keep)");
        assert_eq!(said(&pipeline, &[nested, nested]), None);
    }

    #[test]
    fn lines_that_the_client_joins_are_found() {
        let pipeline = "sale.filter(lambda df: (\n    df[\"a\"] > 0\n)).assign(\"made\", int, lambda df: df[\"a\"] * 2)";
        let sent = "lambda df: ( df[\"a\"] > 0 )";
        // They begin on two lines, so the client tells them apart.
        assert_eq!(said(pipeline, &[sent, DOUBLED]), None);
        let pipeline =
            "sale.filter(lambda df: \\\n    df[\"a\"] > 0).filter(lambda df: df[\"a\"] * 2)";
        assert_eq!(said(pipeline, &[POSITIVE, DOUBLED]), None);
    }
}
