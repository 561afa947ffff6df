//! Expectations in a whole catalog: their checks, what a plan says, and their reference.

use fennel::catalog::Catalog;
use fennel::diff::{check_transition, diff, identity};
use fennel_core::entity::expectation::{Columns, SPECS};
use fennel_core::entity::{Argument, Dataset, Descriptor, Expectation, Expectations};
use fennel_core::literal::Literal;

mod definitions {
    use fennel::prelude::*;

    #[dataset]
    #[meta(owner = "team@example.com")]
    pub(super) struct Sale {
        pub amount: f64,
        pub currency: String,
        pub at: DateTime<Utc>,
    }

    pub(super) mod expecting {
        use fennel::prelude::*;

        #[expectations(expect_column_values_to_be_between(
            amount,
            max = 10,
            min = 0.5,
            strict_max = false
        ))]
        #[dataset]
        #[meta(owner = "team@example.com")]
        pub(in super::super) struct Sale {
            pub amount: f64,
            pub currency: String,
            pub at: DateTime<Utc>,
        }
    }
}

use definitions::{Sale, expecting};

fn dataset(entities: [Descriptor<'static>; 1]) -> Dataset<'static> {
    let [Descriptor::Dataset(dataset)] = entities else {
        panic!("the entity is a dataset");
    };
    *dataset
}

fn catalog(dataset: Dataset<'static>) -> Catalog<'static> {
    [Descriptor::Dataset(Box::leak(Box::new(dataset)))]
        .into_iter()
        .collect()
}

#[test]
fn expectations_change_under_any_version_and_keep_the_rows() {
    let plain = dataset(fennel::entities![Sale]);
    let expecting = dataset(fennel::entities![expecting::Sale]);
    let version = Dataset {
        expectations: expecting.expectations.map(|expectations| Expectations {
            version: 3,
            ..expectations
        }),
        ..expecting
    };
    for (old, new) in [(plain, expecting), (expecting, plain), (expecting, version)] {
        let (old, new) = (catalog(old), catalog(new));
        check_transition(&old, &new).expect("no new version is needed");
        assert!(!diff(&old, &new).is_empty());
    }
    let none = Catalog::default();
    assert_eq!(identity(&none, &plain), identity(&none, &expecting));
}

#[test]
fn a_plan_shows_expectations_as_they_are_written_without_defaults() {
    let plain = catalog(dataset(fennel::entities![Sale]));
    let expecting = catalog(dataset(fennel::entities![expecting::Sale]));
    let diff = diff(&plain, &expecting);
    let shown: Vec<_> = diff.entities[0]
        .fields
        .iter()
        .map(|field| (field.path.as_str(), field.new.as_deref()))
        .collect();
    assert_eq!(
        shown,
        [
            ("expectations.version", Some("0")),
            (
                "expectations[0]",
                Some("expect_column_values_to_be_between(amount, min_value = 0.5, max_value = 10)")
            ),
        ]
    );
}

#[test]
fn a_catalog_checks_what_rustc_checks() {
    const WRONG: &[Expectation<'static>] = &[
        Expectation {
            name: "expect_column_values_to_be_between",
            columns: &["amuont"],
            arguments: &[
                Argument {
                    name: "mostly",
                    value: Literal::Float(1.5),
                },
                Argument {
                    name: "maximum",
                    value: Literal::Int(1),
                },
            ],
        },
        Expectation {
            name: "expect_column_values_to_be_random",
            columns: &["amount"],
            arguments: &[],
        },
    ];
    let wrong = Dataset {
        expectations: Some(Expectations {
            version: u32::MAX,
            list: WRONG,
        }),
        ..dataset(fennel::entities![Sale])
    };
    let problems = catalog(wrong).check(None).expect_err("each is wrong");
    let messages: Vec<_> = problems
        .0
        .iter()
        .map(|problem| format!("{}: {}", problem.member, problem.message))
        .collect();
    assert_eq!(
        messages.join("\n"),
        "expectations: version is at most 2147483647\n\
         expectations: dataset `Sale` has no column `amuont`; it has `amount`, `currency`, `at`\n\
         expectations: `expect_column_values_to_be_between` has no parameter `maximum`; it takes \
         `min_value`, `max_value`, `strict_min`, `strict_max`, `allow_cross_type_comparisons`, \
         `parse_strings_as_datetimes`, `output_strftime_format`, `mostly`, `row_condition`, \
         `condition_parser`, `result_format`, `include_config` and 2 more\n\
         expectations: `mostly` is a part of the rows, from 0.0 to 1.0\n\
         expectations: there is no expectation `expect_column_values_to_be_random`; the nearest is \
         `expect_column_values_to_be_null`, and the docs of `#[expectations]` list all"
    );
}

/// The reference that users read is the table that the checks go by.
#[test]
fn the_docs_list_every_expectation_with_its_parameters() {
    let mut table =
        String::from("| expectation | its own parameters | expects that |\n|---|---|---|\n");
    for spec in SPECS {
        let columns = match spec.columns {
            Columns::Each([_]) => "a",
            Columns::Each(_) => "a, b",
            Columns::List(_) => "a, b, ..",
        };
        let parameters = spec.parameters.iter().copied().flatten();
        let own = parameters.filter(|parameter| !parameter.is_common());
        let own = own.map(|parameter| {
            let name = match parameter.short {
                "" => format!("`{}`", parameter.name),
                short => format!("`{short}`"),
            };
            match parameter.default {
                Some(default) => format!("{name} = `{}`", default.to_value().to_json()),
                None if parameter.required => format!("**{name}**"),
                None => name,
            }
        });
        let own = own.collect::<Vec<_>>().join(", ");
        table += &format!("| `{}({columns})` | {own} | {} |\n", spec.name, spec.says);
    }
    assert_eq!(SPECS.len(), 21);
    let docs = include_str!("../../src/docs/expectations.md");
    assert!(
        docs.contains(&table),
        "the table of src/docs/expectations.md should be\n{table}"
    );
}
