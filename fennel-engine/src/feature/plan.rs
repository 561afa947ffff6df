//! Resolution: the steps that lead from the features that are given to those that are asked for.

use std::collections::HashMap;

use crate::error::{Error, Result};
use crate::graph::{ComputationId, FeatureId, From, FunctionId, Graph, LookupId};

/// The steps of a query, each after the ones that it needs.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    pub(crate) steps: Vec<Step>,
    /// The step of each lookup that is one already.
    lookups: HashMap<LookupId, usize>,
}

/// One step.
#[derive(Debug)]
pub(crate) enum Step {
    /// Makes a feature of another one.
    Alias { feature: FeatureId, of: FeatureId },
    /// Looks up once per row, for all these features, each with its column of the dataset.
    Lookup {
        lookup: LookupId,
        features: Vec<(FeatureId, usize)>,
    },
    /// Computes a feature of others.
    Compute {
        feature: FeatureId,
        computation: ComputationId,
    },
    /// Calls a function, for all features that it makes and that aren't given.
    Call {
        function: FunctionId,
        given: Vec<FeatureId>,
    },
}

/// How far a feature is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    New,
    Seen,
    Done,
}

impl Plan {
    /// The plan that computes `outputs` where `inputs` are given, and nothing that they don't need.
    ///
    /// # Errors
    ///
    /// [`Error::Request`] for an output that the inputs don't lead to.
    pub(crate) fn new(graph: &Graph, inputs: &[FeatureId], outputs: &[FeatureId]) -> Result<Self> {
        let mut states = vec![State::New; graph.feature_count()];
        for input in inputs {
            set(&mut states, *input, State::Done);
        }
        let mut plan = Self::default();
        for output in outputs {
            plan.resolve(graph, *output, &mut states)?;
        }
        Ok(plan)
    }

    /// Adds the steps for `output`. The way there is kept in a list, since catalogs can be deep.
    fn resolve(&mut self, graph: &Graph, output: FeatureId, states: &mut [State]) -> Result<()> {
        let mut open = vec![output];
        while let Some(at) = open.last().copied() {
            let state = states.get(at).copied().unwrap_or(State::Done);
            let extraction = match (state, &graph.feature(at).extraction) {
                (State::Done, _) => {
                    open.pop();
                    continue;
                }
                (_, Some(extraction)) => extraction,
                (_, None) => return Err(unresolved(graph, at, output)),
            };
            if state == State::Seen {
                self.add(graph, at, extraction.from, states);
                set(states, at, State::Done);
                continue;
            }
            set(states, at, State::Seen);
            match extraction.from {
                From::Feature(of) => open.push(of),
                From::Lookup(lookup, _) => open.extend(&graph.lookup(lookup).keys),
                From::Computation(id) => open.extend(graph.computation(id).inputs()),
                From::Function(id) => open.extend(&graph.function(id).inputs),
            }
        }
        Ok(())
    }

    /// Adds the step of a feature whose needs are met. A lookup that is a step already is shared, for its keys
    /// were there before it.
    fn add(&mut self, graph: &Graph, feature: FeatureId, from: From, states: &mut [State]) {
        let (lookup, column) = match from {
            From::Feature(of) => return self.steps.push(Step::Alias { feature, of }),
            From::Computation(computation) => {
                return self.steps.push(Step::Compute {
                    feature,
                    computation,
                });
            }
            From::Function(function) => {
                // All that it makes is there with it, but what was given stays.
                let outputs = graph.function(function).outputs.iter().copied();
                let (given, made): (Vec<_>, Vec<_>) =
                    outputs.partition(|output| states.get(*output) == Some(&State::Done));
                made.into_iter()
                    .for_each(|output| set(states, output, State::Done));
                return self.steps.push(Step::Call { function, given });
            }
            From::Lookup(lookup, column) => (lookup, column),
        };
        let known = self
            .lookups
            .get(&lookup)
            .and_then(|step| self.steps.get_mut(*step));
        if let Some(Step::Lookup { features, .. }) = known {
            return features.push((feature, column));
        }
        self.lookups.insert(lookup, self.steps.len());
        self.steps.push(Step::Lookup {
            lookup,
            features: vec![(feature, column)],
        });
    }
}

fn set(states: &mut [State], feature: FeatureId, state: State) {
    if let Some(slot) = states.get_mut(feature) {
        *slot = state;
    }
}

fn unresolved(graph: &Graph, missing: FeatureId, output: FeatureId) -> Error {
    let name = |id| &graph.feature(id).name;
    let needed = if missing == output {
        String::new()
    } else {
        format!(", and `{}` needs it", name(output))
    };
    Error::Request(format!(
        "feature `{}` is neither given nor computed{needed}; add it to the inputs",
        name(missing)
    ))
}
