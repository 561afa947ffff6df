//! What the tokens of a pipeline say.

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::ext::IdentExt;
use syn::{
    Attribute, Expr, ExprMethodCall, FnArg, ItemFn, Pat, ReturnType, Stmt, Type, Visibility,
};

use crate::args::{self, keyed, split};
use crate::dataset::Env;
use crate::enforce::At;
use crate::errors::Errors;
use crate::meta::Meta;
use crate::path;
use crate::rowexpr::{self, bare};

pub(crate) struct Model {
    pub(crate) private: TokenStream,
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) vis: Visibility,
    pub(crate) ident: Ident,
    pub(crate) env: Env,
    pub(crate) meta: Meta,
    pub(crate) inputs: Vec<Input>,
    pub(crate) output: Type,
    /// The body, its arguments rewritten.
    pub(crate) body: TokenStream,
    /// What can be underlined, in the order of the numbers that the body holds.
    pub(crate) sites: Sites,
}

/// A parameter.
pub(crate) struct Input {
    pub(crate) ident: Ident,
    pub(crate) ty: Type,
}

/// The tokens of a pipeline that mistakes are about, numbered from 1 on. Those of one group have
/// one check.
#[derive(Default)]
pub(crate) struct Sites {
    pub(crate) groups: Vec<Vec<At>>,
    count: u32,
}

impl Sites {
    /// Adds a group; the number of its first.
    pub(crate) fn add(&mut self, group: Vec<At>) -> u32 {
        let first = self.count + 1;
        self.count += u32::try_from(group.len()).unwrap_or(u32::MAX);
        self.groups.push(group);
        first
    }
}

/// Operators whose first argument is another flow.
const OF_TWO_FLOWS: [&str; 3] = ["left_join", "inner_join", "union"];
const KNOWN: [&str; 2] = ["env", "crate"];

impl Model {
    pub(crate) fn parse(
        args: TokenStream,
        function: &mut ItemFn,
        errors: &mut Errors,
    ) -> Option<Model> {
        let (mut env, mut facade) = (Env::default(), None);
        for arg in keyed(split(args), errors) {
            match arg.key.to_string().as_str() {
                "env" => env = Env::parse(&arg, errors),
                "crate" => facade = arg.parse("the path of the fennel crate", errors),
                _ => args::unknown(&arg, &KNOWN, errors),
            }
        }
        let private = path::private(facade.as_ref());
        let meta = Meta::take(&mut function.attrs, errors);
        check_signature(function, errors);
        let inputs: Vec<Input> = function
            .sig
            .inputs
            .iter()
            .filter_map(|input| Input::parse(input, errors))
            .collect();
        if function.sig.inputs.is_empty() {
            errors.on(
                &function.sig.ident,
                format!(
                    "pipeline `{}` takes no dataset: name its inputs, as in `fn {}(orders: Order) -> ..`",
                    function.sig.ident, function.sig.ident
                ),
            );
        }
        let output = match &function.sig.output {
            ReturnType::Type(_, ty) => Some((**ty).clone()),
            ReturnType::Default => {
                errors.on(
                    &function.sig.ident,
                    format!(
                        "pipeline `{}` fills no dataset: name it, as in `-> UserSpend`",
                        function.sig.ident
                    ),
                );
                None
            }
        };
        let mut sites = Sites::default();
        // The inputs' types and the output's are the first ones.
        for input in &inputs {
            sites.add(vec![At::tokens(&input.ty)]);
        }
        if let Some(output) = &output {
            sites.add(vec![At::tokens(output)]);
        }
        let mut rewriter = Rewriter {
            private: &private,
            flows: inputs.iter().map(|input| input.ident.to_string()).collect(),
            sites: &mut sites,
            errors,
        };
        let body = rewriter.body(function);
        Some(Model {
            attributes: function.attrs.clone(),
            vis: function.vis.clone(),
            ident: function.sig.ident.clone(),
            env,
            meta,
            inputs,
            output: output?,
            body,
            sites,
            private,
        })
    }

    /// The pipeline's name, without `r#`.
    pub(crate) fn name(&self) -> String {
        self.ident.unraw().to_string()
    }
}

fn check_signature(function: &ItemFn, errors: &mut Errors) {
    let signature = &function.sig;
    if !signature.generics.params.is_empty() {
        errors.on(
            &signature.generics,
            "a pipeline has no type parameters: its datasets are named",
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
            "a pipeline is a plain `fn`: it describes what the engine does",
        );
    }
}

impl Input {
    fn parse(input: &FnArg, errors: &mut Errors) -> Option<Input> {
        let FnArg::Typed(input) = input else {
            errors.on(
                input,
                "a pipeline is a free function: its parameters are datasets",
            );
            return None;
        };
        match &*input.pat {
            Pat::Ident(pattern) if pattern.by_ref.is_none() && pattern.subpat.is_none() => {
                Some(Input {
                    ident: pattern.ident.clone(),
                    ty: (*input.ty).clone(),
                })
            }
            other => {
                errors.on(other, "a parameter is a name, as in `orders: Order`");
                None
            }
        }
    }
}

/// Rewrites the arguments of operators and leaves the chain as it is.
struct Rewriter<'a> {
    private: &'a TokenStream,
    /// The names that stand for flows.
    flows: Vec<String>,
    sites: &'a mut Sites,
    errors: &'a mut Errors,
}

impl Rewriter<'_> {
    fn body(&mut self, function: &ItemFn) -> TokenStream {
        let statements = &function.block.stmts;
        let mut body = TokenStream::new();
        for (i, statement) in statements.iter().enumerate() {
            let is_last = i + 1 == statements.len();
            match statement {
                Stmt::Local(local) => body.extend(self.binding(local)),
                Stmt::Expr(chain, None) if is_last => {
                    if let Some(group) = open_group(chain) {
                        self.errors.on(
                            group,
                            "rows in groups are no dataset: go on with `aggregate`, `first` or `latest`",
                        );
                    }
                    body.extend(self.flow(chain));
                    return body;
                }
                Stmt::Item(item) => body.extend(quote!(#item)),
                other => self.errors.on(
                    other,
                    "a pipeline is `let`s and one chain of operators, such as `orders.filter(amount > 0.0)`",
                ),
            }
        }
        self.errors.on(
            &function.sig.ident,
            format!(
                "pipeline `{}` returns nothing: end it with a chain of operators, without `;`",
                function.sig.ident
            ),
        );
        body
    }

    /// `let name = chain;`
    fn binding(&mut self, local: &syn::Local) -> TokenStream {
        let pattern = match &local.pat {
            Pat::Ident(pattern) => &pattern.ident,
            other => {
                self.errors.on(
                    other,
                    "`let` names one flow, as in `let paid = orders.filter(paid);`",
                );
                return TokenStream::new();
            }
        };
        let Some(init) = local.init.as_ref().filter(|init| init.diverge.is_none()) else {
            self.errors.on(
                local,
                "`let` names one flow, as in `let paid = orders.filter(paid);`",
            );
            return TokenStream::new();
        };
        let chain = self.flow(&init.expr);
        self.flows.push(pattern.to_string());
        quote!(let #pattern = #chain;)
    }

    /// A chain of operators on a flow.
    fn flow(&mut self, expr: &Expr) -> TokenStream {
        match expr {
            Expr::Paren(paren) => self.flow(&paren.expr),
            Expr::Group(group) => self.flow(&group.expr),
            Expr::MethodCall(call) => self.operator(call),
            _ if bare(expr).is_some_and(|name| self.flows.contains(&name.to_string())) => {
                quote!(#expr)
            }
            _ => {
                let flows = self.flows.join("`, `");
                self.errors.on(
                    expr,
                    format!("this is no flow of rows: a chain begins with `{flows}`"),
                );
                TokenStream::new()
            }
        }
    }

    fn operator(&mut self, call: &ExprMethodCall) -> TokenStream {
        let private = self.private;
        let receiver = self.flow(&call.receiver);
        let method = &call.method;
        if let Some(turbofish) = &call.turbofish {
            self.errors
                .on(turbofish, "an operator has no type parameters");
        }
        let mut args = call.args.iter();
        let of_two = OF_TWO_FLOWS.iter().any(|name| method == name);
        let other = if of_two {
            match args.next() {
                Some(other) => {
                    let other = self.flow(other);
                    quote!(#other,)
                }
                None => {
                    self.errors.on(
                        method,
                        format!("`{method}` needs another flow of rows first"),
                    );
                    TokenStream::new()
                }
            }
        } else {
            TokenStream::new()
        };
        let site = self.sites.add(vec![At::tokens(method)]);
        let mut rewritten = Vec::new();
        for arg in args {
            match rowexpr::read_argument(private, arg) {
                Ok(row) => {
                    self.sites.add(row.sites);
                    rewritten.push(row.tokens);
                }
                Err(error) => {
                    self.errors.take::<()>(Err(error));
                }
            }
        }
        quote! {
            #receiver.#method(#other {
                const ARGS: &[#private::Expr<'static>] = &[#(#rewritten),*];
                #private::Args::new(#site, ARGS)
            })
        }
    }
}

/// The `group_by` that a chain ends with.
fn open_group(chain: &Expr) -> Option<&Ident> {
    match chain {
        Expr::MethodCall(call) if call.method == "group_by" => Some(&call.method),
        Expr::Paren(paren) => open_group(&paren.expr),
        _ => None,
    }
}
