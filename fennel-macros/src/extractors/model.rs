//! What the tokens of extractors say.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, format_ident};
use syn::ext::IdentExt;
use syn::{Attribute, FnArg, ImplItem, ImplItemFn, ItemImpl, LitInt, Pat, Path, ReturnType, Type};

use crate::args::{self, Arg, ArgValue, keyed, split};
use crate::dataset::Env;
use crate::enforce::At;
use crate::errors::Errors;
use crate::meta::Meta;
use crate::path::Door;
use crate::{native, path};

pub(crate) struct Model {
    pub(crate) private: Door,
    /// The featureset.
    pub(crate) featureset: Path,
    pub(crate) extractors: Vec<Extractor>,
}

pub(crate) struct Extractor {
    pub(crate) ident: Ident,
    /// What the function is called in the `impl`, where the handle of the feature that it makes has
    /// its name.
    pub(crate) hidden: Option<Ident>,
    pub(crate) inputs: Vec<Name>,
    pub(crate) outputs: Vec<Name>,
    pub(crate) parameters: Vec<Parameter>,
    /// The types of the results, in the order of the outputs.
    pub(crate) results: Vec<Type>,
    /// The result as written.
    pub(crate) result: TokenStream,
    pub(crate) version: Option<LitInt>,
    pub(crate) env: Env,
    pub(crate) meta: Meta,
    pub(crate) signature: String,
    pub(crate) hash: u64,
}

/// A feature by name.
pub(crate) struct Name {
    /// The entity; none where it is the extractor's own featureset.
    pub(crate) entity: Option<Path>,
    pub(crate) name: Ident,
    pub(crate) at: At,
}

/// A parameter of the function.
pub(crate) struct Parameter {
    pub(crate) name: String,
    pub(crate) ty: Type,
    pub(crate) kind: Kind,
}

pub(crate) enum Kind {
    Instant,
    /// The position of the input.
    Input(usize),
    Lookup(Lookup),
}

pub(crate) struct Lookup {
    /// The positions of the inputs that are the key.
    pub(crate) keys: Vec<usize>,
    pub(crate) at: At,
}

const KNOWN: [&str; 4] = ["inputs", "outputs", "version", "env"];

impl Model {
    /// Takes our attributes off the functions and renames those that share a feature's name.
    pub(crate) fn parse(
        args: TokenStream,
        block: &mut ItemImpl,
        errors: &mut Errors,
    ) -> Option<Model> {
        let mut facade = None;
        for arg in keyed(split(args), errors) {
            match arg.key.to_string().as_str() {
                "crate" => facade = arg.parse("the path of the fennel crate", errors),
                _ => args::unknown(&arg, &["crate"], errors),
            }
        }
        let private = Door::of(facade.as_ref());
        if let Some((_, of, _)) = &block.trait_ {
            errors.on(
                of,
                "extractors are functions of the featureset itself: write `impl UserFeatures`",
            );
        }
        if !block.generics.params.is_empty() {
            errors.on(&block.generics, "a featureset has no type parameters");
        }
        let featureset = match &*block.self_ty {
            Type::Path(ty) if ty.qself.is_none() => Some(ty.path.clone()),
            other => {
                errors.on(other, "expected the name of a featureset");
                None
            }
        };
        let mut extractors = Vec::new();
        for item in &mut block.items {
            if let ImplItem::Fn(function) = item {
                extractors.extend(Extractor::parse(function, errors));
            }
        }
        let marked = block
            .items
            .iter()
            .any(|item| matches!(item, ImplItem::Fn(_)));
        if !marked {
            errors.on(
                &block.self_ty,
                "there is no function here: mark one `#[extractor]`",
            );
        }
        check_made_once(&extractors, errors);
        Some(Model {
            private,
            featureset: featureset?,
            extractors,
        })
    }
}

/// Of two functions that make one feature, one has an env.
fn check_made_once(extractors: &[Extractor], errors: &mut Errors) {
    for (i, extractor) in extractors.iter().enumerate() {
        let without_env = |extractor: &&Extractor| extractor.env.span().is_none();
        for output in &extractor.outputs {
            let earlier = extractors[..i].iter().filter(without_env);
            let other = earlier.filter(|_| without_env(&extractor)).find(|other| {
                let mut made = other.outputs.iter();
                made.any(|made| made.name == output.name)
            });
            if let Some(other) = other {
                errors.on(
                    &output.name,
                    format!(
                        "feature `{}` is made by two extractors, `{}` and `{}`; keep one, or give each an `env`",
                        output.name, other.ident, extractor.ident
                    ),
                );
            }
        }
    }
}

impl Extractor {
    /// `None` for a function that is no extractor, and after an error.
    fn parse(function: &mut ImplItemFn, errors: &mut Errors) -> Option<Extractor> {
        let attributes = path::take(&mut function.attrs, "extractor");
        let lookups = take_lookups(function, errors);
        let attribute = attributes.first()?;
        if let Some(second) = attributes.get(1) {
            errors.on(
                second,
                "`#[extractor]` is given twice: put all of it in one",
            );
        }
        let meta = Meta::take(&mut function.attrs, errors);
        let (mut inputs, mut outputs) = (None, None);
        let (mut version, mut env) = (None, Env::default());
        for arg in keyed(split(args::tokens_of(attribute, errors)), errors) {
            match arg.key.to_string().as_str() {
                "inputs" => inputs = Some(names(&arg, errors)),
                "outputs" => outputs = Some(names(&arg, errors)),
                "version" => version = arg.parse("a whole number", errors),
                "env" => env = Env::parse(&arg, errors),
                "deps" | "depends_on" => errors.on(
                    &arg.key,
                    "the datasets that an extractor looks up are parameters of it: `#[lookup(key)] row: Option<Dataset>`",
                ),
                _ => args::unknown(&arg, &KNOWN, errors),
            }
        }
        check_signature(function, errors);
        let ident = function.sig.ident.clone();
        let outputs = outputs.unwrap_or_else(|| Some(vec![Name::own(&ident)]))?;
        // Before the function is renamed, for this is what it says.
        let signature = signature(function, &lookups);
        let hash = native::hash(&function.sig, &function.block);
        let hidden = outputs
            .iter()
            .any(|output| output.entity.is_none() && output.name == ident)
            .then(|| format_ident!("__fennel_{}", ident.unraw(), span = ident.span()));
        if let Some(hidden) = &hidden {
            function.sig.ident = hidden.clone();
        }
        let inputs = match inputs {
            Some(listed) => Some(listed?),
            None => None,
        };
        let (inputs, parameters) = parameters(function, &ident, inputs, lookups, errors)?;
        let result = &function.sig.output;
        let results = results(&ident, &outputs, result, errors);
        Some(Extractor {
            result: result.to_token_stream(),
            ident,
            hidden,
            inputs,
            parameters,
            results,
            outputs,
            version,
            env,
            meta,
            signature,
            hash,
        })
    }

    /// The extractor's name, without `r#`.
    pub(crate) fn name(&self) -> String {
        self.ident.unraw().to_string()
    }
}

impl Name {
    /// A feature of the extractor's own featureset.
    fn own(name: &Ident) -> Name {
        Name {
            entity: None,
            at: At::tokens(name),
            name: name.clone(),
        }
    }

    fn parse(tokens: TokenStream, errors: &mut Errors) -> Option<Name> {
        let path = match syn::parse2::<Path>(tokens.clone()) {
            Ok(path) => path,
            Err(_) => {
                errors.on(
                    tokens,
                    "expected a feature: `uid`, or `Request::uid` of another featureset",
                );
                return None;
            }
        };
        let at = At::tokens(&path);
        let mut entity = path.clone();
        let name = entity.segments.pop()?.into_value().ident;
        entity.segments.pop_punct();
        let is_entity = name.to_string().starts_with(char::is_uppercase);
        if is_entity {
            errors.on(
                path,
                format!("`{name}` is no feature: list its features, as in `{name}::uid`"),
            );
            return None;
        }
        let of_itself = entity.is_ident("Self") || entity.segments.is_empty();
        Some(Name {
            entity: (!of_itself).then_some(entity),
            name,
            at,
        })
    }
}

/// `inputs(uid, Request::ip)`.
fn names(arg: &Arg, errors: &mut Errors) -> Option<Vec<Name>> {
    let parts = match &arg.value {
        ArgValue::Of(tokens) => split(tokens.clone()),
        _ => Vec::new(),
    };
    if parts.is_empty() {
        errors.on(
            &arg.key,
            format!(
                "list at least one feature, as in `{0}(uid)`, or leave `{0}` out",
                arg.key
            ),
        );
    }
    // All are read, so that each mistake is told.
    let names: Vec<_> = parts
        .into_iter()
        .map(|part| Name::parse(part, errors))
        .collect();
    names.into_iter().collect()
}

fn check_signature(function: &ImplItemFn, errors: &mut Errors) {
    let signature = &function.sig;
    if !signature.generics.params.is_empty() {
        errors.on(
            &signature.generics,
            "an extractor has no type parameters: its features have one type each",
        );
    }
    let extra = [
        signature.asyncness.as_ref().map(|token| token.span),
        signature.unsafety.as_ref().map(|token| token.span),
        signature.abi.as_ref().map(|abi| abi.extern_token.span),
    ];
    for span in extra.into_iter().flatten() {
        errors.at(
            span,
            "an extractor is a plain `fn`: it is called for each row of a query",
        );
    }
}

/// Takes `#[lookup(..)]` off the parameters: what it says, for each of them.
fn take_lookups(function: &mut ImplItemFn, errors: &mut Errors) -> Vec<Option<Attribute>> {
    let parameters = function.sig.inputs.iter_mut().map(|parameter| {
        let FnArg::Typed(parameter) = parameter else {
            return None;
        };
        let taken = path::take(&mut parameter.attrs, "lookup");
        if let Some(second) = taken.get(1) {
            errors.on(second, "a parameter is one lookup");
        }
        taken.into_iter().next()
    });
    parameters.collect()
}

/// The inputs and the parameters, each with what it is given.
fn parameters(
    function: &ImplItemFn,
    ident: &Ident,
    listed: Option<Vec<Name>>,
    lookups: Vec<Option<Attribute>>,
    errors: &mut Errors,
) -> Option<(Vec<Name>, Vec<Parameter>)> {
    let mut typed = Vec::new();
    for (parameter, lookup) in function.sig.inputs.iter().zip(lookups) {
        let FnArg::Typed(parameter) = parameter else {
            errors.on(
                parameter,
                "an extractor takes features, not `self`: a featureset is never a value here",
            );
            return None;
        };
        let Pat::Ident(pattern) = &*parameter.pat else {
            errors.on(&parameter.pat, "a parameter is a name, as in `uid: i64`");
            return None;
        };
        typed.push((pattern.ident.clone(), (*parameter.ty).clone(), lookup));
    }
    let plain = typed.iter().filter(|(.., lookup)| lookup.is_none());
    let plain: Vec<Ident> = plain.map(|(name, ..)| name.clone()).collect();
    let first = plain.first().map(|name| name.unraw().to_string());
    let may_be_instant = first.is_some_and(|name| name == "ts" || name == "_ts");
    let with_instant = may_be_instant
        && listed
            .as_ref()
            .is_none_or(|inputs| inputs.len() < plain.len());
    let taking = &plain[usize::from(with_instant)..];
    let inputs = listed.unwrap_or_else(|| taking.iter().map(Name::own).collect());
    if inputs.len() != taking.len() {
        let count = |count: usize, what: &str| match count {
            1 => format!("1 {what}"),
            _ => format!("{count} {what}s"),
        };
        errors.on(
            ident,
            format!(
                "extractor `{ident}` has {} and {} for them: each input is a parameter, in order",
                count(inputs.len(), "input"),
                count(taking.len(), "parameter"),
            ),
        );
        return None;
    }
    let mut next = 0;
    let mut parameters = Vec::new();
    let mut instant = with_instant;
    for (name, ty, lookup) in typed {
        let kind = match lookup {
            Some(attribute) => Kind::Lookup(Lookup::parse(&attribute, &ty, taking, errors)),
            None if std::mem::take(&mut instant) => Kind::Instant,
            None => {
                next += 1;
                Kind::Input(next - 1)
            }
        };
        if let Type::Reference(reference) = &ty
            && let Some(mutability) = &reference.mutability
        {
            errors.on(
                mutability,
                "a feature is read, never changed: leave `mut` out",
            );
        }
        parameters.push(Parameter {
            name: name.unraw().to_string(),
            ty,
            kind,
        });
    }
    Some((inputs, parameters))
}

impl Lookup {
    /// `#[lookup(uid)]`, where `names` are the parameters that are inputs.
    fn parse(attribute: &Attribute, ty: &Type, names: &[Ident], errors: &mut Errors) -> Lookup {
        let tokens = args::tokens_of(attribute, errors);
        let parts = split(tokens.clone());
        if parts.is_empty() {
            errors.on(
                attribute,
                "name the parameters that are the key, as in `#[lookup(uid)]`",
            );
        }
        let keys = parts.into_iter().filter_map(|part| {
            let name = syn::parse2::<Ident>(part.clone()).ok();
            let found = name.and_then(|name| names.iter().position(|known| *known == name));
            if found.is_none() {
                let known: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
                errors.on(
                    part,
                    format!(
                        "a key is a parameter before it is looked up by; there is {}",
                        known.join(", ")
                    ),
                );
            }
            found
        });
        Lookup {
            keys: keys.collect(),
            at: if tokens.is_empty() {
                At::tokens(ty)
            } else {
                At::tokens(tokens)
            },
        }
    }
}

/// The type of each result.
fn results(ident: &Ident, outputs: &[Name], result: &ReturnType, errors: &mut Errors) -> Vec<Type> {
    let ReturnType::Type(_, ty) = result else {
        errors.on(
            ident,
            format!(
                "extractor `{ident}` returns nothing: name the type of its feature, as in `-> f64`"
            ),
        );
        return Vec::new();
    };
    let results = match (&**ty, outputs.len()) {
        (ty, 1) => vec![ty.clone()],
        (Type::Tuple(tuple), _) => tuple.elems.iter().cloned().collect(),
        (other, _) => vec![other.clone()],
    };
    if results.len() != outputs.len() && !outputs.is_empty() {
        errors.on(
            ty,
            format!(
                "extractor `{ident}` has {} outputs: return a tuple of as many",
                outputs.len()
            ),
        );
    }
    results
}

/// The parameters and the result as written, without spaces that mean nothing.
fn signature(function: &ImplItemFn, lookups: &[Option<Attribute>]) -> String {
    let parameters = function.sig.inputs.iter().zip(lookups);
    let parameters = parameters.map(|(parameter, lookup)| {
        let lookup = lookup
            .as_ref()
            .map(|lookup| format!("{} ", native::compact(lookup)));
        format!(
            "{}{}",
            lookup.unwrap_or_default(),
            native::compact(parameter)
        )
    });
    let result = match &function.sig.output {
        ReturnType::Type(_, ty) => format!(" -> {}", native::compact(ty)),
        ReturnType::Default => String::new(),
    };
    let parameters: Vec<_> = parameters.collect();
    format!(
        "fn {}({}){result}",
        function.sig.ident,
        parameters.join(", ")
    )
}
