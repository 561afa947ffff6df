//! Resolution: the steps that lead from the features that are given to those that are asked for.

use std::collections::HashMap;

use crate::error::{Error, Result};
use crate::graph::{
    Argument, ComputationId, Extraction, FeatureId, From, FunctionId, Graph, Linked, Lookup,
    LookupId,
};

/// The steps of a query, each after the ones that it needs. Each lookup and each function is one step,
/// whatever reads of it.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    pub(crate) steps: Vec<Step>,
    /// The step of each lookup that is one already. Its keys are those that the features are aliases of.
    lookups: HashMap<Lookup, usize>,
    /// The step of each function that is one already.
    functions: HashMap<FunctionId, usize>,
    /// The feature that each alias is the same as.
    origins: HashMap<FeatureId, FeatureId>,
}

/// One step.
#[derive(Debug)]
pub(crate) enum Step {
    /// Makes a feature of another one.
    Alias { feature: FeatureId, of: FeatureId },
    /// Computes a feature of others.
    Compute {
        feature: FeatureId,
        computation: ComputationId,
    },
    /// Looks up once per row, for all these features, each with its column of the dataset.
    Lookup {
        lookup: LookupId,
        features: Vec<(FeatureId, usize)>,
        /// Functions take what is found as a whole.
        is_whole: bool,
    },
    /// Calls a function once per row, for all these features, each with its position among the results.
    Call {
        function: FunctionId,
        features: Vec<(FeatureId, usize)>,
        /// The lookups of the arguments that are rows, each a step before this one.
        rows: Vec<LookupId>,
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
    /// [`Error::Request`] for an output that the inputs don't lead to, or that a function makes which isn't linked.
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

    /// Whether any step calls a Python function.
    pub(crate) fn calls_python(&self, graph: &Graph) -> bool {
        self.steps.iter().any(|step| {
            let Step::Call { function, .. } = step else {
                return false;
            };
            matches!(graph.function(*function).linked, Ok(Linked::Python(_)))
        })
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
                self.add(graph, at, extraction.from)?;
                set(states, at, State::Done);
                continue;
            }
            set(states, at, State::Seen);
            match extraction.from {
                From::Feature(of) => open.push(of),
                From::Computation(id) => open.extend(graph.computation(id).inputs()),
                From::Function(id, _) => open.extend(&graph.function(id).inputs),
                From::Lookup(lookup, _) => open.extend(&graph.lookup(lookup).keys),
            }
        }
        Ok(())
    }

    /// Adds the step of a feature whose needs are met.
    fn add(&mut self, graph: &Graph, feature: FeatureId, from: From) -> Result<()> {
        match from {
            From::Feature(of) => {
                let extraction = graph.feature(feature).extraction.as_ref();
                if extraction.is_some_and(Extraction::keeps_values) {
                    let origin = self.origin(of);
                    self.origins.insert(feature, origin);
                }
                self.steps.push(Step::Alias { feature, of });
            }
            From::Computation(computation) => self.steps.push(Step::Compute {
                feature,
                computation,
            }),
            From::Lookup(lookup, column) => {
                let (at, _) = self.look_up(graph, lookup);
                if let Some(Step::Lookup { features, .. }) = self.steps.get_mut(at) {
                    features.push((feature, column));
                }
            }
            From::Function(function, position) => {
                let at = self.call(graph, feature, function)?;
                if let Some(Step::Call { features, .. }) = self.steps.get_mut(at) {
                    features.push((feature, position));
                }
            }
        }
        Ok(())
    }

    /// The position of a lookup's step, and the lookup that it does. One that is a step already is shared, for its
    /// keys were there before it.
    fn look_up(&mut self, graph: &Graph, lookup: LookupId) -> (usize, LookupId) {
        let Lookup {
            dataset,
            keys,
            each,
        } = graph.lookup(lookup);
        let same = Lookup {
            dataset: dataset.clone(),
            keys: keys.iter().map(|key| self.origin(*key)).collect(),
            each: *each,
        };
        let next = self.steps.len();
        let at = *self.lookups.entry(same).or_insert(next);
        match self.steps.get(at) {
            Some(Step::Lookup { lookup, .. }) => (at, *lookup),
            _ => {
                self.steps.push(Step::Lookup {
                    lookup,
                    features: Vec::new(),
                    is_whole: false,
                });
                (at, lookup)
            }
        }
    }

    /// The position of the step of a function that makes `feature`.
    fn call(&mut self, graph: &Graph, feature: FeatureId, function: FunctionId) -> Result<usize> {
        if let Some(known) = self.functions.get(&function) {
            return Ok(*known);
        }
        let linked = graph.function(function).linked.as_ref();
        let linked = linked.map_err(|reason| {
            let name = &graph.feature(feature).name;
            Error::Request(format!("feature `{name}` can't be computed: {reason}"))
        })?;
        let mut rows = Vec::new();
        let arguments = match linked {
            Linked::Rust(calls) => calls.arguments.as_slice(),
            // It says what it looks up once it is called.
            Linked::Python(_) => &[],
        };
        for argument in arguments {
            let Argument::Row(lookup, _) = argument else {
                continue;
            };
            let (at, lookup) = self.look_up(graph, *lookup);
            if let Some(Step::Lookup { is_whole, .. }) = self.steps.get_mut(at) {
                *is_whole = true;
            }
            rows.push(lookup);
        }
        let at = self.steps.len();
        self.functions.insert(function, at);
        self.steps.push(Step::Call {
            function,
            features: Vec::new(),
            rows,
        });
        Ok(at)
    }

    /// The feature that this one is the same as; itself where it is no alias.
    fn origin(&self, feature: FeatureId) -> FeatureId {
        self.origins.get(&feature).copied().unwrap_or(feature)
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

#[cfg(test)]
mod tests;
