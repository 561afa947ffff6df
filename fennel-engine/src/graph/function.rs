//! Functions that make features of others.

use fennel_core::catalog::Catalog;
use fennel_core::entity::{Code, Dataset, Extractor, Featureset, Native, Python};
use fennel_core::native::{Call, Parameter};
use fennel_core::registry::{self, RegisteredExtractor};
use fennel_core::value::Shape;

use super::lower::{broken, shape};
use super::{Align, FeatureId, From, Graph, Lookup, LookupId};
use crate::error::Result as Lowered;
use crate::native::unlinked;
use crate::python::{self, Callable, Kind, RunBy};

/// An extractor.
#[derive(Debug)]
pub(crate) struct Function {
    /// The path of a Rust function, the name of a Python one.
    pub(crate) path: String,
    /// The features that it takes.
    pub(crate) inputs: Vec<FeatureId>,
    /// What is called, or why nothing can be: the program that opened the store may be another one than that which
    /// committed.
    pub(crate) linked: Result<Linked, String>,
}

/// What is called.
#[derive(Debug)]
pub(crate) enum Linked {
    /// A Rust function of this program.
    Rust(Calls),
    /// A Python function.
    Python(Callable),
}

/// A Rust function and how it is called.
#[derive(Debug)]
pub(crate) struct Calls {
    pub(crate) call: Call,
    pub(crate) arguments: Vec<Argument>,
    /// How each of its results becomes a feature.
    pub(crate) results: Vec<Align>,
}

/// What a function is called with.
#[derive(Debug)]
pub(crate) enum Argument {
    /// The row's instant.
    Instant,
    /// A feature.
    Feature(FeatureId),
    /// The row that a lookup finds, or null: of each of its fields, the position of the dataset's column.
    Row(LookupId, Vec<(usize, Align)>),
}

/// The linked function of an extractor.
///
/// # Errors
///
/// Why it can't be called as the catalog says it.
pub(crate) fn linked(
    catalog: &Catalog<'_>,
    featureset: &Featureset<'_>,
    extractor: &Extractor<'_>,
    native: &Native<'_>,
) -> Result<&'static RegisteredExtractor, String> {
    let registered =
        registry::function(native).ok_or_else(|| format!("it {}", unlinked(native)))?;
    let known = &registered.extractor;
    if known.inputs != extractor.inputs || known.outputs != extractor.outputs {
        return Err(format!(
            "the Rust function `{}` that this server is built with takes or makes other features; build the server \
             with the crate that is committed",
            native.symbol
        ));
    }
    for output in extractor.outputs {
        let committed = featureset.feature(output).map(|feature| feature.ty);
        let made = registered
            .featureset
            .feature(output)
            .map(|feature| feature.ty);
        if let (Some(committed), Some(made)) = (committed, made)
            && !made.is_as_value(&committed)
        {
            return Err(format!(
                "the Rust function `{}` makes `{output}: {made}`, and that feature is `{committed}` here; build the \
                 server with the crate that is committed",
                native.symbol
            ));
        }
    }
    for parameter in registered.parameters {
        if let Parameter::Lookup { dataset, keys } = parameter {
            check_row(catalog, extractor, dataset, keys)?;
        }
    }
    Ok(registered)
}

/// Checks that the rows of a dataset are what the function knows as such, and that the features that are its key
/// are.
fn check_row(
    catalog: &Catalog<'_>,
    extractor: &Extractor<'_>,
    known: &Dataset<'_>,
    keys: &[usize],
) -> Result<(), String> {
    let name = known.name;
    let Some(committed) = catalog.dataset(name) else {
        return Err(format!("it looks up dataset `{name}`, which isn't there"));
    };
    let differs = known.fields.iter().find(|field| {
        let there = committed.field(field.name);
        !there.is_some_and(|there| there.key == field.key && there.ty.is_as_value(&field.ty))
    });
    if let Some(field) = differs {
        return Err(format!(
            "it looks up rows of `{name}`, and its Rust function was compiled with another one: column `{}` differs; \
             build the server with the crate that is committed",
            field.name
        ));
    }
    if known.keys().count() != committed.keys().count() {
        return Err(format!(
            "it looks up rows of `{name}`, whose keys are not those that its Rust function was compiled with; build \
             the server with the crate that is committed"
        ));
    }
    for (field, key) in known.keys().zip(keys) {
        let Some(input) = extractor.inputs.get(*key) else {
            continue;
        };
        let featureset = catalog.featureset(input.entity);
        let feature = featureset.and_then(|featureset| featureset.feature(input.name));
        if let Some(feature) = feature
            && !feature.ty.is_as_value(&field.ty)
        {
            return Err(format!(
                "it looks up rows of `{name}` by `{}: {}`, and `{}.{}` is `{}`; build the server with the crate that \
                 is committed",
                field.name, field.ty, input.entity, input.name, feature.ty
            ));
        }
    }
    Ok(())
}

impl Graph {
    /// Tells the features that an extractor makes how they are had.
    pub(super) fn call(
        &mut self,
        catalog: &Catalog<'_>,
        featureset: &Featureset<'_>,
        extractor: &Extractor<'_>,
        python: RunBy<'_>,
    ) -> Lowered<()> {
        let inputs = extractor.inputs.iter();
        let inputs = inputs.map(|input| self.number(input.entity, input.name));
        let inputs = inputs.collect::<Lowered<Vec<_>>>()?;
        let outputs = extractor.outputs.iter();
        let outputs = outputs.map(|output| self.number(featureset.name, output));
        let outputs = outputs.collect::<Lowered<Vec<_>>>()?;
        let linked = match &extractor.code {
            Code::Rust(native) => match linked(catalog, featureset, extractor, native) {
                Ok(registered) => Ok(Linked::Rust(self.link(registered, &inputs, &outputs)?)),
                Err(reason) => Err(reason),
            },
            Code::Python(function) => {
                let callable = self.python(extractor, function, (&inputs, &outputs), python);
                callable?.map(Linked::Python)
            }
        };
        let path = match &extractor.code {
            Code::Rust(native) => native.symbol.into(),
            Code::Python(_) => format!("{}.{}", featureset.name, extractor.name),
        };
        let id = self.functions.len();
        self.functions.push(Function {
            path,
            inputs,
            linked,
        });
        for (position, output) in outputs.into_iter().enumerate() {
            self.set(output, From::Function(id, position));
        }
        Ok(())
    }

    fn link(
        &mut self,
        registered: &RegisteredExtractor,
        inputs: &[FeatureId],
        outputs: &[FeatureId],
    ) -> Lowered<Calls> {
        let name = registered.extractor.name;
        let input = |i: &usize| {
            let input = inputs.get(*i).copied();
            input.ok_or_else(|| broken(name, "takes an input that isn't there"))
        };
        let arguments = registered.parameters.iter().map(|parameter| {
            Ok(match parameter {
                Parameter::Instant => Argument::Instant,
                Parameter::Input(i) => Argument::Feature(input(i)?),
                Parameter::Lookup { dataset, keys } => {
                    let columns = self.row(dataset)?;
                    let lookup = Lookup {
                        dataset: dataset.name.into(),
                        keys: self.keys(dataset, keys, input)?,
                        each: false,
                    };
                    Argument::Row(self.share(lookup), columns)
                }
            })
        });
        let arguments = arguments.collect::<Lowered<_>>()?;
        let made = registered.extractor.outputs.iter();
        let results = made.zip(outputs).map(|(output, id)| {
            let made = registered.featureset.feature(output);
            let made = made.ok_or_else(|| broken(name, "makes no feature"))?;
            Ok(Align::new(
                &shape(&made.ty, name)?,
                &self.feature(*id).shape,
            ))
        });
        Ok(Calls {
            call: registered.call,
            arguments,
            results: results.collect::<Lowered<_>>()?,
        })
    }

    /// A Python function, or why it can't be called.
    fn python(
        &self,
        extractor: &Extractor<'_>,
        function: &Python<'_>,
        (inputs, outputs): (&[FeatureId], &[FeatureId]),
        python: RunBy<'_>,
    ) -> Lowered<Result<Callable, String>> {
        let shape = |id: &FeatureId| self.feature(*id).shape.clone();
        let mut takes = vec![("ts".to_owned(), Shape::Timestamp)];
        let names = extractor.inputs.iter().map(|input| input.name.to_owned());
        takes.extend(names.zip(inputs.iter().map(shape)));
        let names = extractor.outputs.iter().map(|output| (*output).to_owned());
        let makes = names.zip(outputs.iter().map(shape)).collect();
        let name = format!("{}.{}", extractor.featureset, extractor.name);
        let callable = Callable::new(function, name, Kind::Extract, (takes, makes), python);
        let mut callable = match callable {
            Ok(callable) => callable,
            Err(what) => return Ok(Err(format!("it {what}"))),
        };
        let datasets = extractor.datasets.iter().map(|name| {
            let table = &self.dataset(name)?.table;
            let column = |i: &usize| {
                let column = table.columns.get(*i)?;
                Some((column.name.clone(), column.shape.clone()))
            };
            Ok(python::Dataset {
                name: (*name).into(),
                keys: table.keys.iter().filter_map(column).collect(),
                columns: (0..table.columns.len())
                    .filter_map(|i| column(&i))
                    .collect(),
            })
        });
        callable.function.datasets = datasets.collect::<Lowered<_>>()?;
        Ok(Ok(callable))
    }

    /// Where the fields of a row are that a function takes.
    fn row(&self, known: &Dataset<'_>) -> Lowered<Vec<(usize, Align)>> {
        let table = &self.dataset(known.name)?.table;
        let fields = known.fields.iter().map(|field| {
            let column = table.position(field.name);
            let found = column.and_then(|at| Some((at, table.columns.get(at)?)));
            let (at, column) = found.ok_or_else(|| broken(field.name, "isn't there"))?;
            Ok((
                at,
                Align::new(&column.shape, &shape(&field.ty, field.name)?),
            ))
        });
        fields.collect()
    }

    /// The features that are the key of a lookup, in the order of the keys of the dataset that was committed.
    fn keys(
        &self,
        known: &Dataset<'_>,
        keys: &[usize],
        input: impl Fn(&usize) -> Lowered<FeatureId>,
    ) -> Lowered<Vec<FeatureId>> {
        let table = &self.dataset(known.name)?.table;
        let order = table.keys.iter().map(|at| {
            let name = table.columns.get(*at).map(|column| column.name.as_str());
            let at = known.keys().position(|key| Some(key.name) == name);
            let key = at.and_then(|at| keys.get(at));
            input(key.ok_or_else(|| broken(known.name, "has other keys"))?)
        });
        order.collect()
    }
}
