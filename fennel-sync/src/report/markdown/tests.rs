use fennel_core::diff::{Diff, EntityDiff, FieldDiff};
use fennel_core::entity::Kind;
use fennel_core::{Problem, Problems};

use super::*;
use crate::error::Error;
use crate::report::example;

#[test]
fn the_plans_page_shows_what_is_written() {
    let page = include_str!("../../../../docs/plan.md");
    let (_, shown) = page.split_once("````markdown\n").unwrap();
    let (shown, _) = shown.split_once("````\n").unwrap();
    assert_eq!(text(&example::document()), shown);
}

/// A plan of one dataset with one change.
fn change(name: &str, old: &str) -> Document {
    let field = FieldDiff {
        path: "meta.description".into(),
        old: Some(old.into()),
        new: None,
        metaflag: true,
    };
    let entity = EntityDiff {
        kind: Kind::Dataset,
        name: name.into(),
        change: Change::Changed,
        fields: vec![field],
    };
    let mut document = Document::new("plan");
    document.plan = Some(Plan::of(&Diff {
        entities: vec![entity],
    }));
    document.end(Outcome::Planned, None);
    document
}

#[test]
fn no_text_of_a_user_is_read_as_markdown_or_html() {
    let hostile = "|</code></details> <script>\n| `x` **b** @all #1 https://a.b ![i](u) \\";
    let text = text(&change("A", hostile));
    let row = text
        .lines()
        .find(|line| line.contains("description"))
        .unwrap();
    // The five ends of four cells, and no other.
    assert_eq!(row.matches('|').count(), 5, "{row}");
    let value = row
        .rsplit_once(" | ")
        .unwrap()
        .0
        .rsplit_once(" | ")
        .unwrap()
        .1;
    let inner = value.strip_prefix("<code>").unwrap();
    let inner = inner.strip_suffix("</code>").unwrap();
    let marks = |c: char| "|<>`*_@[]!\\/:.~\"'".contains(c);
    assert!(!inner.contains(marks), "{inner}");
    assert_eq!(text.matches("</details>").count(), 1, "{text}");
}

#[test]
fn a_long_text_is_cut() {
    let text = text(&change("A", &"é".repeat(5000)));
    assert!(text.contains(&format!("<code>{}…</code>", "é".repeat(200))));
}

#[test]
fn a_refusal_lists_the_problems_and_the_code_to_paste() {
    let mut document = Document::new("plan");
    let gone =
        Problem::named(Kind::Dataset, "A", "", "it is gone").with_code("struct A {\n}\n".into());
    let gone_too =
        Problem::named(Kind::Featureset, "F", "x", "it is gone").with_code("x: i64,\n".into());
    document.fail(&Error::Refused {
        status: 409,
        message: "no".into(),
        problems: Problems(vec![gone, gone_too]),
    });
    assert_eq!(
        text(&document),
        "### Failed: refused

<code>the server refuses this commit (status 409) for 2 problems</code>

- <code>dataset &#96;A&#96;&#58; it is gone</code>
- <code>featureset &#96;F&#46;x&#96;&#58; it is gone</code>

To delete what is left out, paste this, commit, and take it out again&#58;

```rust
struct A {
}
```

To delete what is left out of F, paste this into it, commit, and take it out again&#58;

```rust
x: i64,
```
"
    );
}
