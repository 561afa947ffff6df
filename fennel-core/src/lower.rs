//! From definitions to the kernels that an engine runs.
//!
//! What an operator comes to stands in the operator's file. Here each finds its place: behind the
//! tables and kernels that it takes rows from, or in a kernel that already does something to each row.

use std::collections::BTreeMap;

use crate::Problems;
use crate::catalog::{Catalog, in_order, selected_sources};
use crate::entity::Pipeline;
use crate::kernel::{Kernel, Layout, Node, Program};
use crate::op::Operator;
use crate::schema::Schema;

impl<'a> Catalog<'a> {
    /// What a commit of these definitions for `env` runs: the sources, pipelines and tables of all
    /// datasets that are not deleted.
    ///
    /// # Errors
    ///
    /// Those of [`Catalog::check`].
    pub fn lower(&self, env: Option<&str>) -> Result<Program<'a>, Problems> {
        self.check(env)?;
        let live = self.datasets().iter().filter(|it| !it.meta.deleted);
        let inputs = |name: &'a str| -> Vec<&'a str> {
            let pipelines = self.selected_pipelines(name, env);
            let names = pipelines.flat_map(|pipeline| pipeline.inputs);
            names.copied().collect()
        };
        let mut lowering = Lowering {
            catalog: self,
            program: Program::default(),
            tables: BTreeMap::new(),
        };
        for name in in_order(live.map(|dataset| dataset.name), inputs) {
            lowering.dataset(name, env);
        }
        Ok(lowering.program)
    }
}

struct Lowering<'c, 'a> {
    catalog: &'c Catalog<'a>,
    program: Program<'a>,
    /// The nodes of the datasets so far.
    tables: BTreeMap<&'a str, usize>,
}

impl<'a> Lowering<'_, 'a> {
    fn push(&mut self, kernel: Kernel<'a>, inputs: Vec<usize>, output: Layout<'a>) -> usize {
        self.program.nodes.push(Node {
            kernel,
            inputs,
            output,
        });
        self.program.nodes.len() - 1
    }

    /// What fills a dataset, and its table.
    fn dataset(&mut self, name: &'a str, env: Option<&str>) {
        let catalog = self.catalog;
        let Some(dataset) = catalog.dataset(name) else {
            return;
        };
        let layout = Layout::of(&Schema::of(dataset));
        let mut inputs = Vec::new();
        for source in selected_sources(dataset, env) {
            inputs.push(self.push(Kernel::Source(source), Vec::new(), layout.clone()));
        }
        for pipeline in catalog.selected_pipelines(name, env) {
            inputs.extend(self.pipeline(pipeline));
        }
        let table = self.push(Kernel::Table(name), inputs, layout);
        self.tables.insert(name, table);
    }

    /// The kernels of a pipeline; the node that makes its rows.
    fn pipeline(&mut self, pipeline: &Pipeline<'a>) -> Option<usize> {
        let catalog = self.catalog;
        let schemas = pipeline
            .schemas(|name| catalog.dataset(name))
            .expect("the catalog was checked");
        let mut uses = vec![0; pipeline.steps.len()];
        for step in pipeline.steps {
            let [left, right] = step.inputs;
            uses[left] += 1;
            uses[right] += usize::from(step.operator.takes_two());
        }
        // The node of each step.
        let mut nodes: Vec<usize> = Vec::with_capacity(pipeline.steps.len());
        for (step, schema) in pipeline.steps.iter().zip(&schemas) {
            let [left, right] = step.inputs;
            if let Operator::Input(name) = step.operator {
                nodes.push(*self.tables.get(name)?);
                continue;
            }
            let kernel = step.operator.lower(&schemas[left], &schemas[right]);
            let output = Layout::of(schema);
            let node = match (kernel, &mut self.program.nodes[nodes[left]]) {
                (
                    Kernel::Rows(more),
                    Node {
                        kernel: Kernel::Rows(steps),
                        output: last,
                        ..
                    },
                ) if uses[left] == 1 => {
                    steps.extend(more);
                    *last = output;
                    nodes[left]
                }
                (kernel, _) => {
                    let mut inputs = vec![nodes[left]];
                    inputs.extend(step.operator.takes_two().then(|| nodes[right]));
                    self.push(kernel, inputs, output)
                }
            };
            nodes.push(node);
        }
        nodes.last().copied()
    }
}
