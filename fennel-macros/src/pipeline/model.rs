//! What the tokens of a pipeline say.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{
    Attribute, BinOp, Expr, ExprMethodCall, FnArg, ItemFn, Pat, ReturnType, Stmt, Type, Visibility,
};

use crate::args::{self, keyed, split};
use crate::dataset::Env;
use crate::enforce::At;
use crate::errors::Errors;
use crate::meta::Meta;
use crate::path::Door;
use crate::rowexpr::{self, bare};
use crate::{native, path};

pub(crate) struct Model {
    /// The path of the facade's private module, and the same in blocks that import it.
    pub(crate) door: Door,
    pub(crate) private: Door,
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
/// The operator whose first argument is a Rust function.
const OF_A_FUNCTION: &str = "transform";
/// Operators that follow `group_by`, and nothing else.
const OF_GROUPS: [&str; 3] = ["aggregate", "first", "latest"];
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
        let (door, private) = (Door::of(facade.as_ref()), Door::short());
        let meta = Meta::take(&mut function.attrs, errors);
        function.attrs.retain(|attribute| {
            let again = path::is(attribute, "pipeline");
            if again {
                errors.on(attribute, "`#[pipeline]` is given twice");
            }
            !again
        });
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
            groups: Vec::new(),
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
            door,
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
    private: &'a Door,
    /// The names that stand for flows.
    flows: Vec<String>,
    /// The names that stand for rows in groups.
    groups: Vec<String>,
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
                Stmt::Expr(chain, None) if is_last && !matches!(chain, Expr::Return(_)) => {
                    body.extend(self.rows(chain));
                    return body;
                }
                Stmt::Expr(Expr::Return(exit), _) if is_last => {
                    self.errors.on(
                        exit.return_token,
                        "a pipeline ends with its last chain: remove `return` and `;`",
                    );
                    return body;
                }
                Stmt::Expr(Expr::MethodCall(_) | Expr::Path(_), Some(semicolon)) if is_last => {
                    self.errors.on(
                        semicolon,
                        "a pipeline ends with its last chain, and this drops it: remove `;`",
                    );
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
                "pipeline `{}` returns nothing: end it with a chain of operators",
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
        let is_group = self.group(&init.expr).is_some();
        let chain = self.flow(&init.expr);
        let name = pattern.to_string();
        self.flows.retain(|flow| *flow != name);
        self.groups.retain(|group| *group != name);
        if is_group {
            self.groups.push(name);
        } else {
            self.flows.push(name);
        }
        quote!(let #pattern = #chain;)
    }

    /// A chain that ends with rows, not with groups of them.
    fn rows(&mut self, expr: &Expr) -> TokenStream {
        if let Some(group) = self.group(expr) {
            self.errors.on(
                group,
                "rows in groups are no dataset: go on with `aggregate`, `first` or `latest`",
            );
        }
        self.flow(expr)
    }

    /// A chain of operators on a flow.
    fn flow(&mut self, expr: &Expr) -> TokenStream {
        match expr {
            Expr::Paren(paren) => return self.flow(&paren.expr),
            Expr::Group(group) => return self.flow(&group.expr),
            Expr::MethodCall(call) => return self.operator(call),
            _ => {}
        }
        let name = bare(expr).map(ToString::to_string);
        if let Some(name) = &name
            && (self.flows.contains(name) || self.groups.contains(name))
        {
            return quote!(#expr);
        }
        // Where the parameters are wrong, that is enough.
        if !self.flows.is_empty() {
            self.no_flow(expr);
        }
        TokenStream::new()
    }

    /// Says why an expression is no flow, and what to write.
    fn no_flow(&mut self, expr: &Expr) {
        let flows = self.flows.join("` or `");
        let first = &self.flows[0];
        match expr {
            Expr::Field(field) => {
                let name = field.member.to_token_stream();
                self.errors.on(
                    &field.member,
                    format!(
                        "a flow has no field `{name}`: operators are called, as in `{name}(..)`"
                    ),
                );
            }
            Expr::Binary(sum) if matches!(sum.op, BinOp::Add(_)) => self.errors.on(
                sum.op,
                "two flows are put together by `union`, as in `clicks.union(views)`",
            ),
            Expr::Call(call) => {
                let name = call.func.to_token_stream();
                self.errors.on(
                    &call.func,
                    format!("operators are methods of a flow, as in `{first}.{name}(..)`"),
                );
            }
            Expr::Path(path) if bare(expr).is_some() => {
                let name = path.to_token_stream();
                self.errors.on(
                    expr,
                    format!("there is no flow of rows `{name}`: a chain begins with `{flows}`"),
                );
            }
            _ => self.errors.on(
                expr,
                format!("this is no flow of rows: a chain begins with `{flows}`"),
            ),
        }
    }

    /// Where an expression is rows in groups, its `group_by` or its name.
    fn group<'e>(&self, expr: &'e Expr) -> Option<&'e Ident> {
        match expr {
            Expr::MethodCall(call) if call.method == "group_by" => Some(&call.method),
            Expr::Paren(paren) => self.group(&paren.expr),
            Expr::Group(group) => self.group(&group.expr),
            _ => bare(expr).filter(|name| self.groups.contains(&name.to_string())),
        }
    }

    /// Checks that an operator of groups follows `group_by`, and no other does.
    fn check_order(&mut self, call: &ExprMethodCall) {
        let method = &call.method;
        let of_groups = OF_GROUPS.iter().any(|name| method == name);
        match (self.group(&call.receiver), of_groups) {
            (Some(_), false) => self.errors.on(
                method,
                format!("`{method}` can't follow `group_by`: that is followed by `aggregate`, `first` or `latest`"),
            ),
            // Behind an operator that can't follow `group_by`, that one is enough.
            (None, true) if matches!(&*call.receiver, Expr::MethodCall(before) if self.group(&before.receiver).is_some()) => {}
            (None, true) => self.errors.on(
                method,
                format!("`{method}` needs rows in groups, as in `group_by(uid).{method}(..)`"),
            ),
            _ => {}
        }
    }

    fn operator(&mut self, call: &ExprMethodCall) -> TokenStream {
        let private = self.private;
        let receiver = self.flow(&call.receiver);
        self.check_order(call);
        let method = &call.method;
        if let Some(turbofish) = &call.turbofish {
            self.errors
                .on(turbofish, "an operator has no type parameters");
        }
        let mut args = call.args.iter();
        let of_two = OF_TWO_FLOWS.iter().any(|name| method == name);
        let other = if of_two {
            match args.next() {
                Some(other) if !matches!(other, Expr::Call(_)) => {
                    let other = self.rows(other);
                    quote!(#other,)
                }
                other => {
                    let at = other.map_or_else(|| quote!(#method), ToTokens::to_token_stream);
                    self.errors.on(
                        at,
                        format!(
                            "`{method}` needs a flow of rows first, as in `{method}(users, ..)`"
                        ),
                    );
                    TokenStream::new()
                }
            }
        } else {
            TokenStream::new()
        };
        let site = self.sites.add(vec![At::tokens(method)]);
        let mut rewritten = Vec::new();
        let mut function = None;
        for arg in args {
            if method == OF_A_FUNCTION && rewritten.is_empty() {
                let Expr::Path(path) = arg else {
                    let message = "`transform` names a function marked `#[transform]`, as in `transform(with_fee)`";
                    self.errors.on(arg, message);
                    continue;
                };
                self.sites.add(vec![At::tokens(path)]);
                function =
                    Some(quote_spanned!(path.span()=> <#path as #private::Transforms>::FUNCTION,));
                let name = native::compact(path);
                rewritten.push(quote!(#private::Expr::Name(#name)));
                continue;
            }
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
        if method == OF_A_FUNCTION && call.args.is_empty() {
            let message =
                "`transform` needs a function marked `#[transform]`, as in `transform(with_fee)`";
            self.errors.on(method, message);
        }
        quote! {
            #receiver.#method(#other #function {
                const ARGS: &[#private::Expr<'static>] = &[#(#rewritten),*];
                #private::Args::new(#site, ARGS)
            })
        }
    }
}
