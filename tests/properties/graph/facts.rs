//! What the rules leave open, and so no question may depend on.
//!
//! Rows of one event time are told apart by their arrival where they have no keys, and else where they have the
//! same. Which key is first at an instant is not said, nor which of two ways by which one row comes. A table that
//! an aggregate makes changes when its values do; whether it has a version where they stay the same is not said
//! either.

use std::collections::{BTreeMap, BTreeSet};

use super::{Aggregate, Chain, Fill, Function, Graph, Step, Window};

/// What is known of rows.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Facts {
    /// Whether rows of one event time have an order.
    pub(crate) ordered: bool,
    /// Whether the event times of versions are those of rows.
    pub(crate) timed: bool,
    /// Whether they are computed when they are read.
    pub(crate) terminal: bool,
    /// Whether they have keys.
    pub(crate) keyed: bool,
    /// The sources that they are made of.
    pub(crate) sources: BTreeSet<String>,
    /// The columns with lists whose order means nothing.
    pub(crate) sets: BTreeSet<String>,
}

/// What is known of the rows of each dataset.
pub(crate) type Known = BTreeMap<String, Facts>;

impl Facts {
    /// What is known behind a step; `None` if it depends on what is open.
    pub(crate) fn after(mut self, step: &Step, known: &Known) -> Option<Facts> {
        if self.terminal || !self.sets.is_empty() {
            return None;
        }
        match step {
            Step::Filter(_)
            | Step::Assign(_)
            | Step::Drop(_)
            | Step::Rename(_)
            | Step::Dropnull(_)
            | Step::Explode(_) => {}
            Step::Dedup { .. } if !self.ordered => return None,
            Step::Dedup { .. } => {}
            Step::First(_) | Step::Latest(_) if !self.ordered => return None,
            Step::First(_) | Step::Latest(_) => (self.keyed, self.ordered) = (true, false),
            Step::Changelog { .. } if !self.timed => return None,
            Step::Changelog { .. } => self.keyed = false,
            Step::Union(other) => {
                let other = other.facts(known)?;
                self.ordered &= other.ordered && self.sources.is_disjoint(&other.sources);
                self.sources.extend(other.sources);
            }
            Step::Join(join) => {
                let right = known.get(&join.right)?;
                if right.terminal || !right.sets.is_empty() {
                    return None;
                }
                if !right.timed && (join.since.is_some() || !join.fields.is_empty()) {
                    return None;
                }
                self.sources.extend(right.sources.iter().cloned());
                if self.keyed {
                    self.timed &= right.timed;
                }
            }
            Step::Aggregate(aggregate) => return self.aggregated(aggregate),
        }
        Some(self)
    }

    fn aggregated(mut self, aggregate: &Aggregate) -> Option<Facts> {
        // Rows that tie along another column have come in any order.
        let ordered = self.ordered && aggregate.along.is_none();
        for spec in &aggregate.specs {
            match spec.function {
                Function::LastK { .. } | Function::FirstK { .. } if !ordered => return None,
                Function::DecaySum(_) if !self.timed => return None,
                Function::Distinct { .. } => {
                    self.sets.insert(spec.name.clone());
                }
                _ => {}
            }
            if matches!(spec.window, Window::Continuous(_)) && !self.timed {
                return None;
            }
        }
        self.keyed = true;
        self.ordered = false;
        self.timed = aggregate.window.is_some();
        self.terminal = aggregate.is_terminal();
        Some(self)
    }
}

impl Chain {
    /// What is known of its rows; `None` if they depend on what is open.
    pub(crate) fn facts(&self, known: &Known) -> Option<Facts> {
        let mut steps = self.steps.iter();
        let input = known.get(&self.input)?.clone();
        if input.terminal || !input.sets.is_empty() {
            return None;
        }
        steps.try_fold(input, |facts, step| facts.after(step, known))
    }
}

impl Graph {
    /// What is known of each dataset; `None` if one depends on what is open.
    pub(crate) fn facts(&self) -> Option<Known> {
        let mut known = Known::new();
        for dataset in &self.datasets {
            let facts = match &dataset.fill {
                Fill::Source => Facts {
                    ordered: !dataset.is_keyed(),
                    timed: true,
                    terminal: false,
                    keyed: dataset.is_keyed(),
                    sources: BTreeSet::from([dataset.name.clone()]),
                    sets: BTreeSet::new(),
                },
                Fill::Pipeline(chain) => {
                    let mut facts = chain.facts(&known)?;
                    // A dataset that ends like this is not taken further, whenever its values are told.
                    if let Some(Step::Aggregate(aggregate)) = chain.steps.last() {
                        let mut windows = aggregate.specs.iter().map(|spec| spec.window);
                        facts.terminal |= windows.any(Window::is_continuous);
                    }
                    facts
                }
            };
            known.insert(dataset.name.clone(), facts);
        }
        Some(known)
    }
}
