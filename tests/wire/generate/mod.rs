//! Catalogs of every kind, made of a list of choices.
//!
//! What proptest draws is the list; a [`Generator`] spends it. Where the list ends, the first and
//! simplest choice is made, so that a shorter list is a smaller catalog. A file here makes one
//! thing: types, constants, datasets, expressions, windows, aggregates, pipelines, featuresets.
//! What doesn't check is left out as it is made, so each catalog is right.

use bumpalo::Bump;
use fennel_core::catalog::Catalog;
use fennel_core::entity::{Dataset, Meta};
use fennel_core::expr::Expr;
use fennel_core::op::Args;

mod aggregate;
mod dataset;
mod expr;
mod featureset;
mod literal;
mod pipeline;
mod ty;
mod window;

/// Makes definitions in an arena.
pub(crate) struct Generator<'a> {
    arena: &'a Bump,
    choices: std::vec::IntoIter<u32>,
    /// How many names were made.
    names: usize,
    /// The next token of a pipeline.
    site: u32,
}

impl<'a> Generator<'a> {
    pub(crate) fn new(arena: &'a Bump, choices: Vec<u32>) -> Self {
        Generator {
            arena,
            choices: choices.into_iter(),
            names: 0,
            site: 1,
        }
    }

    /// Some datasets with their sources, some that pipelines fill, some featuresets.
    pub(crate) fn catalog(&mut self) -> Catalog<'a> {
        let mut catalog = Catalog::default();
        let mut datasets: Vec<Dataset<'a>> = Vec::new();
        for _ in 0..self.between(1, 3) {
            datasets.push(self.dataset());
        }
        for _ in 0..self.between(0, 4) {
            let Some((dataset, pipeline)) = self.pipeline(&datasets) else {
                continue;
            };
            if pipeline.is_terminal() {
                catalog.push_dataset(dataset);
            } else {
                datasets.push(dataset);
            }
            catalog.push_pipeline(pipeline);
        }
        for dataset in datasets {
            catalog.push_dataset(dataset);
        }
        for _ in 0..self.between(0, 2) {
            let featureset = self.featureset(&catalog);
            catalog.push_featureset(featureset);
        }
        catalog
    }

    /// A number below `count`.
    fn below(&mut self, count: usize) -> usize {
        self.choices.next().map_or(0, |choice| choice as usize) % count
    }

    /// A number from `least` to `most`.
    fn between(&mut self, least: usize, most: usize) -> usize {
        least + self.below(most - least + 1)
    }

    /// True once in `of` times, and never where the choices have ended.
    fn rarely(&mut self, of: usize) -> bool {
        self.below(of) == of - 1
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    /// Some of a list, at least one, in their order.
    fn some<T: Copy>(&mut self, from: &[T]) -> Vec<T> {
        let start = self.below(from.len());
        let count = self.between(1, from.len() - start);
        from[start..start + count].to_vec()
    }

    fn text(&self, text: &str) -> &'a str {
        self.arena.alloc_str(text)
    }

    fn value<T: Copy>(&self, value: T) -> &'a T {
        self.arena.alloc(value)
    }

    fn slice<T: Copy>(&self, items: &[T]) -> &'a [T] {
        self.arena.alloc_slice_copy(items)
    }

    /// A name that nothing else has.
    fn name(&mut self, prefix: &str) -> &'a str {
        self.names += 1;
        self.text(&format!("{prefix}{}", self.names))
    }

    fn meta(&mut self) -> Meta<'a> {
        let tags: &[&str] = if self.rarely(3) { &["a", "b é"] } else { &[] };
        Meta {
            owner: "team@example.com",
            description: self.pick(&["", "what it is – \"so\""]),
            tags,
            deprecated: self.rarely(5),
            deleted: false,
        }
    }

    /// `name = value`.
    fn named(&self, name: &'a str, value: Expr<'a>) -> Expr<'a> {
        Expr::Named(name, self.value(value))
    }

    /// Arguments behind a token of their own.
    fn args(&mut self, list: &[Expr<'a>]) -> Args<'a> {
        let site = self.site;
        let nodes: usize = list.iter().map(Expr::size).sum();
        self.site += 1 + u32::try_from(nodes).expect("a few nodes");
        Args::new(site, self.slice(list))
    }
}
