//! What the rules leave open, and so no question may depend on.
//!
//! Rows of one event time are told apart by their arrival where they have no keys, and else where they have the
//! same. Which key is first at an instant is not said, nor which of two ways by which one row comes. So what asks for an order
//! of changes is tried with histories in which no two keys share an instant. A table that
//! an aggregate makes changes when its values do; whether it has a version where they stay the same is not said
//! either.

use std::collections::{BTreeMap, BTreeSet};

use super::{Aggregate, Chain, Fill, Function, Graph, Step, Window};

/// What is known of rows.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Facts {
    /// Whether rows of one event time have an order.
    pub(crate) ordered: bool,
    /// Whether rows of one event time are of one key of a source, if the history has no instant for two.
    pub(crate) apart: bool,
    /// Whether they are what they are only then.
    pub(crate) needs_apart: bool,
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
            Step::Dedup { .. } => self.in_order()?,
            Step::First(_) | Step::Latest(_) => {
                self.in_order()?;
                (self.keyed, self.ordered, self.apart) = (true, false, false);
            }
            Step::Changelog { .. } if !self.timed => return None,
            Step::Changelog { .. } => self.keyed = false,
            Step::Union(other) => {
                let other = other.facts(known)?;
                self.ordered &= other.ordered && self.sources.is_disjoint(&other.sources);
                self.apart = false;
                self.needs_apart |= other.needs_apart;
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
                self.needs_apart |= right.needs_apart;
                if self.keyed {
                    self.timed &= right.timed;
                    self.apart = false;
                }
            }
            Step::Aggregate(aggregate) => return self.aggregated(aggregate),
        }
        Some(self)
    }

    /// Asks for the order of rows of one event time; `None` if they have none.
    fn in_order(&mut self) -> Option<()> {
        if !self.ordered {
            self.needs_apart |= self.apart;
        }
        (self.ordered || self.apart).then_some(())
    }

    fn aggregated(mut self, aggregate: &Aggregate) -> Option<Facts> {
        // Two versions that follow each other count both from a column's value on, where one counts once.
        let placed = aggregate.along.is_some();
        if placed && self.keyed && !self.timed {
            return None;
        }
        for spec in &aggregate.specs {
            match spec.function {
                // Rows that tie along another column have come in any order.
                Function::LastK { .. } | Function::FirstK { .. } if placed => {
                    return None;
                }
                Function::LastK { .. } | Function::FirstK { .. } => self.in_order()?,
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
        (self.ordered, self.apart) = (false, false);
        self.timed = aggregate.window.is_some();
        self.terminal = aggregate.is_terminal();
        Some(self)
    }
}

impl Chain {
    /// The datasets that are joined.
    fn joined<'c>(&'c self, to: &mut Vec<&'c String>) {
        for step in &self.steps {
            match step {
                Step::Join(join) => to.push(&join.right),
                Step::Union(other) => other.joined(to),
                _ => {}
            }
        }
    }

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
    /// Whether it is only tried with histories in which no two keys of a source share an instant.
    pub(crate) fn needs_apart(&self) -> bool {
        let known = self.facts().unwrap_or_default();
        known.values().any(|facts| facts.needs_apart)
    }

    /// Whether the others can be made later than so many datasets with pipelines: a table that is computed when it is read
    /// can't tell which versions are left for joins.
    pub(crate) fn can_grow(&self, early: usize) -> bool {
        let known = self.facts().unwrap_or_default();
        let chains = self
            .datasets
            .iter()
            .filter_map(|dataset| match &dataset.fill {
                Fill::Pipeline(chain) => Some((&dataset.name, chain)),
                Fill::Source => None,
            });
        let chains: Vec<_> = chains.collect();
        let (early, later) = chains.split_at(early.min(chains.len()));
        let mut joined = Vec::new();
        later
            .iter()
            .for_each(|(_, chain)| chain.joined(&mut joined));
        let mut early = early.iter().filter(|(name, _)| joined.contains(name));
        early.all(|(name, _)| known.get(*name).is_some_and(|facts| facts.timed))
    }

    /// Whether a union is of rows that the same steps made of the same dataset.
    pub(crate) fn doubles_rows(&self) -> bool {
        self.datasets.iter().any(|dataset| {
            let Fill::Pipeline(Chain { input, steps }) = &dataset.fill else {
                return false;
            };
            steps.iter().enumerate().any(|(i, step)| {
                let Step::Union(other) = step else {
                    return false;
                };
                i > 0 && other.input == *input && other.steps.starts_with(&steps[..i])
            })
        })
    }

    /// Whether rows that come make others that are older than any of theirs: a column places them, and others follow.
    pub(crate) fn reaches_back(&self) -> bool {
        let chains = self
            .datasets
            .iter()
            .filter_map(|dataset| match &dataset.fill {
                Fill::Pipeline(chain) => Some(chain),
                Fill::Source => None,
            });
        let mut steps = chains.flat_map(|chain| &chain.steps);
        steps.any(|step| match step {
            Step::Aggregate(aggregate) => aggregate.along.is_some() && !aggregate.is_terminal(),
            _ => false,
        })
    }

    /// Whether an aggregate goes along a column of rows with keys.
    pub(crate) fn places_versions(&self) -> bool {
        self.datasets.iter().any(|dataset| {
            let Fill::Pipeline(Chain { input, steps }) = &dataset.fill else {
                return false;
            };
            steps.iter().enumerate().any(|(i, step)| {
                let columns = self.columns_of(input, &steps[..i]);
                let keyed = columns.is_some_and(|columns| !columns.keys.is_empty());
                keyed && matches!(step, Step::Aggregate(aggregate) if aggregate.along.is_some())
            })
        })
    }

    /// What is known of each dataset; `None` if one depends on what is open.
    pub(crate) fn facts(&self) -> Option<Known> {
        let mut known = Known::new();
        for dataset in &self.datasets {
            let facts = match &dataset.fill {
                Fill::Source => Facts {
                    ordered: !dataset.is_keyed(),
                    apart: dataset.is_keyed(),
                    needs_apart: false,
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
