//! Expressions over columns: Rust's syntax in, fennel-core's `Expr` out.
//!
//! Only syntax is known here. A bare lower-case name is a column, SCREAMING_CASE or a path is a Rust
//! constant, and what a function is called is fennel-core's to know. Each node of the tree keeps its
//! tokens, in the order in which fennel-core counts them, so that a mistake is underlined where it is.

use proc_macro2::{Ident, Literal, TokenStream};
use quote::{quote, quote_spanned};
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::spanned::Spanned;
use syn::{
    BinOp, Block, Expr, ExprCall, ExprClosure, ExprField, ExprIf, ExprIndex, ExprMethodCall,
    ExprStruct, GenericArgument, Lit, Member, Pat, Path, Stmt, UnOp,
};

use crate::enforce::{At, call};
use crate::literal;
use crate::path::Door;

/// An expression as tokens of fennel-core's `Expr`.
pub(crate) struct RowExpr {
    pub(crate) tokens: TokenStream,
    /// The tokens of each node, each before its parts.
    pub(crate) sites: Vec<At>,
}

/// Reads an expression.
///
/// # Errors
///
/// Syntax that has no meaning over columns, with what to write instead.
pub(crate) fn read(private: &Door, expr: &Expr) -> syn::Result<RowExpr> {
    let mut reader = Reader {
        private,
        variables: Vec::new(),
        sites: Vec::new(),
    };
    let tokens = reader.expr(expr)?;
    Ok(RowExpr {
        tokens,
        sites: reader.sites,
    })
}

/// Reads an argument, which may be `name = value`.
///
/// # Errors
///
/// As [`read`].
pub(crate) fn read_argument(private: &Door, expr: &Expr) -> syn::Result<RowExpr> {
    let mut reader = Reader {
        private,
        variables: Vec::new(),
        sites: Vec::new(),
    };
    let tokens = reader.argument(expr)?;
    Ok(RowExpr {
        tokens,
        sites: reader.sites,
    })
}

/// A const item for the `check` of one expression, with an arm for each of its nodes: rustc underlines
/// the one that is wrong.
pub(crate) fn expr_check(private: &Door, check: &TokenStream, expr: &RowExpr) -> TokenStream {
    let arms = expr.sites.iter().zip(1_u32..).map(|(at, number)| {
        let (private, found) = (private.at(at.first()), Ident::new("FOUND", at.first()));
        let function = quote_spanned!(at.first()=> #private::raise_found);
        let raise = call(function, *at, quote_spanned!(at.first()=> &#found));
        let number = Literal::u32_unsuffixed(number);
        quote!(#number => #raise,)
    });
    quote! {
        const _: () = {
            const FOUND: #private::Found = #private::Found::of(&#check);
            match FOUND.at {
                #(#arms)*
                _ => {}
            }
        };
    }
}

/// What is said of calls of Rust's functions.
const NO_CALL: &str = "Rust functions can't be called here: this is computed by the engine; the functions of expressions are methods, such as `name.lower()`";

struct Reader<'a> {
    private: &'a Door,
    /// Of the closures around.
    variables: Vec<String>,
    sites: Vec<At>,
}

impl Reader<'_> {
    /// `name = value`, or a value.
    fn argument(&mut self, expr: &Expr) -> syn::Result<TokenStream> {
        let Expr::Assign(assign) = expr else {
            return self.expr(expr);
        };
        let Some(name) = bare(&assign.left) else {
            return Err(syn::Error::new_spanned(
                &assign.left,
                "expected a name before `=`, as in `total = price * count`",
            ));
        };
        let private = self.private;
        self.sites.push(At::tokens(name));
        let value = self.expr(&assign.right)?;
        let name = name.unraw().to_string();
        Ok(quote!(#private::Expr::Named(#name, &#value)))
    }

    fn expr(&mut self, expr: &Expr) -> syn::Result<TokenStream> {
        let private = self.private;
        match expr {
            Expr::Paren(paren) => return self.expr(&paren.expr),
            Expr::Group(group) => return self.expr(&group.expr),
            Expr::Reference(reference) => return self.expr(&reference.expr),
            _ => {}
        }
        if let Expr::Path(path) = expr
            && let Some(name) = of_an_entity(&path.path)
        {
            return Err(syn::Error::new_spanned(
                path,
                format!(
                    "an expression names columns or features of its own alone, such as `{name}`, and this is one of another entity: in a featureset, add a feature that looks it up or aliases it first, and name that one"
                ),
            ));
        }
        if let Some(literal) = self.literal(expr)? {
            self.sites.push(At::tokens(expr));
            return Ok(literal);
        }
        if let Expr::Call(call) = expr
            && matches!(&*call.func, Expr::Path(path) if path.path.is_ident("Some"))
            && call.args.len() == 1
        {
            return self.expr(&call.args[0]);
        }
        self.sites.push(At::tokens(expr));
        match expr {
            Expr::Path(path) => Ok(self.name(&path.path)),
            Expr::Unary(unary) => {
                let op = match unary.op {
                    UnOp::Neg(_) => quote!(Neg),
                    UnOp::Not(_) => quote!(Not),
                    _ => return Err(unsupported(expr)),
                };
                let operand = self.expr(&unary.expr)?;
                Ok(quote!(#private::Expr::Unary(#private::Unary::#op, &#operand)))
            }
            Expr::Binary(binary) => {
                let op = operator(&binary.op)?;
                let (left, right) = (self.expr(&binary.left)?, self.expr(&binary.right)?);
                Ok(quote!(#private::Expr::Binary(#private::Binary::#op, &#left, &#right)))
            }
            Expr::If(choice) => self.choice(choice),
            Expr::MethodCall(call) => self.method(call),
            Expr::Call(call) => self.function(call),
            Expr::Index(index) => self.element(index),
            Expr::Field(field) => self.field(field),
            Expr::Cast(cast) => {
                let inner = self.expr(&cast.expr)?;
                let ty = &cast.ty;
                let ty = quote_spanned!(ty.span()=> <#ty as #private::DataType>::TYPE);
                Ok(quote!(#private::Expr::Cast(&#inner, #ty)))
            }
            Expr::Struct(record) => self.structure(record),
            Expr::Closure(closure) => self.closure(closure),
            Expr::Block(block) if block.label.is_none() => {
                self.sites.pop();
                self.block(&block.block)
            }
            _ => Err(unsupported(expr)),
        }
    }

    /// `operand.name(..)`, and `text.parse::<f64>()`.
    fn method(&mut self, call: &ExprMethodCall) -> syn::Result<TokenStream> {
        let private = self.private;
        let mut args = vec![self.expr(&call.receiver)?];
        if let Some(turbofish) = &call.turbofish {
            for argument in &turbofish.args {
                let GenericArgument::Type(argument) = argument else {
                    return Err(syn::Error::new_spanned(
                        argument,
                        "expected a type, as in `text.parse::<f64>()`",
                    ));
                };
                self.sites.push(At::tokens(argument));
                args.push(quote_spanned! {argument.span()=>
                    #private::Expr::Type(<#argument as #private::DataType>::TYPE)
                });
            }
        }
        for argument in &call.args {
            args.push(self.argument(argument)?);
        }
        Ok(self.call(&call.method, &args))
    }

    /// `name(..)`, and `Point::zip(..)`.
    fn function(&mut self, call: &ExprCall) -> syn::Result<TokenStream> {
        let Expr::Path(function) = &*call.func else {
            return Err(syn::Error::new_spanned(&call.func, NO_CALL));
        };
        let Some(name) = function.path.get_ident() else {
            return self.zip(&function.path, call);
        };
        if name.to_string().starts_with(char::is_uppercase) {
            return Err(syn::Error::new_spanned(name, NO_CALL));
        }
        let args: Vec<_> = call
            .args
            .iter()
            .map(|argument| self.argument(argument))
            .collect::<syn::Result<_>>()?;
        Ok(self.call(name, &args))
    }

    /// `list[0]`.
    fn element(&mut self, index: &ExprIndex) -> syn::Result<TokenStream> {
        let private = self.private;
        if let Expr::Range(range) = &*index.index {
            return Err(syn::Error::new_spanned(
                range,
                "a part of a list can't be taken: `a[0]` reads one element, and `a.filter(|x| x > 0)` some",
            ));
        }
        let args = [self.expr(&index.expr)?, self.expr(&index.index)?];
        Ok(quote!(#private::Expr::Call("at", &[#(#args),*])))
    }

    /// `record.name`.
    fn field(&mut self, field: &ExprField) -> syn::Result<TokenStream> {
        let private = self.private;
        let Member::Named(name) = &field.member else {
            return Err(syn::Error::new_spanned(
                &field.member,
                "a field of a record is read by its name, as in `a.x`",
            ));
        };
        let operand = self.expr(&field.base)?;
        let name = name.unraw().to_string();
        Ok(quote!(#private::Expr::Field(&#operand, #name)))
    }

    /// `Point { x: a, y: b }`.
    fn structure(&mut self, record: &ExprStruct) -> syn::Result<TokenStream> {
        let private = self.private;
        if let Some(rest) = &record.rest {
            return Err(syn::Error::new_spanned(
                rest,
                "write every field of the record",
            ));
        }
        let mut fields = Vec::new();
        for field in &record.fields {
            let Member::Named(name) = &field.member else {
                return Err(syn::Error::new_spanned(
                    &field.member,
                    "a field of a record has a name, as in `Point { x: a }`",
                ));
            };
            let value = self.expr(&field.expr)?;
            let name = name.unraw().to_string();
            fields.push(quote!(#private::FieldExpr { name: #name, value: #value }));
        }
        let ty = self.record(&record.path);
        Ok(quote!(#private::Expr::Record(#ty, &[#(#fields),*])))
    }

    /// `|x| x + 1`.
    fn closure(&mut self, closure: &ExprClosure) -> syn::Result<TokenStream> {
        let private = self.private;
        let variable = match closure.inputs.iter().collect::<Vec<_>>().as_slice() {
            [Pat::Ident(pattern)] if pattern.subpat.is_none() => pattern.ident.unraw(),
            _ => {
                return Err(syn::Error::new_spanned(
                    closure,
                    "a closure over elements has one name, as in `|x| x + 1`",
                ));
            }
        };
        self.variables.push(variable.to_string());
        let body = self.expr(&closure.body);
        self.variables.pop();
        let (variable, body) = (variable.to_string(), body?);
        Ok(quote!(#private::Expr::Closure(#variable, &#body)))
    }

    /// A constant that is written out or named, but no bare column.
    fn literal(&self, expr: &Expr) -> syn::Result<Option<TokenStream>> {
        let is_constant = match expr {
            Expr::Lit(lit) => !matches!(lit.lit, Lit::Verbatim(_)),
            Expr::Unary(unary) => {
                matches!(unary.op, UnOp::Neg(_))
                    && matches!(&*unary.expr, Expr::Lit(lit) if matches!(lit.lit, Lit::Int(_) | Lit::Float(_)))
            }
            Expr::Path(path) if path.path.is_ident("None") => true,
            // A constant may be a value or an expression of its own: its type tells.
            Expr::Path(path) if !self.is_name(&path.path) => {
                let private = self.private;
                return Ok(Some(literal::named(private, path, "expr")));
            }
            Expr::Array(array) => {
                for element in &array.elems {
                    self.no_column(element)?;
                }
                true
            }
            _ => false,
        };
        if !is_constant {
            return Ok(None);
        }
        let (private, literal) = (self.private, literal::literal(self.private, expr)?);
        Ok(Some(quote!(#private::Expr::Literal(#literal))))
    }

    /// Checks that an element of a list or a map that is written out is no column.
    fn no_column(&self, element: &Expr) -> syn::Result<()> {
        match element {
            Expr::Tuple(pair) => pair.elems.iter().try_for_each(|part| self.no_column(part)),
            Expr::Path(path) if !path.path.is_ident("None") && self.is_name(&path.path) => {
                Err(syn::Error::new_spanned(
                    path,
                    "what is written out in `[..]` is constant, and this is a column: `repeat(a, 1)` makes a list of a value",
                ))
            }
            _ => Ok(()),
        }
    }

    /// Whether a path is a bare name, which constants in SCREAMING_CASE are not.
    fn is_name(&self, path: &Path) -> bool {
        path.get_ident().is_some_and(|ident| {
            let name = ident.unraw().to_string();
            let is_constant = name == "None" || !name.contains(char::is_lowercase);
            self.variables.contains(&name)
                || !is_constant
                || name.starts_with(|first: char| !first.is_uppercase())
        })
    }

    fn name(&self, path: &Path) -> TokenStream {
        let private = self.private;
        let name = path.get_ident().map(|ident| ident.unraw().to_string());
        let name = name.unwrap_or_default();
        if self.variables.contains(&name) {
            return quote!(#private::Expr::Variable(#name));
        }
        quote!(#private::Expr::Name(#name))
    }

    fn call(&self, name: &Ident, args: &[TokenStream]) -> TokenStream {
        let private = self.private;
        let name = name.unraw().to_string();
        if name == "floor_div"
            && let [left, right] = args
        {
            return quote!(#private::Expr::Binary(#private::Binary::FloorDiv, &#left, &#right));
        }
        quote!(#private::Expr::Call(#name, &[#(#args),*]))
    }

    /// `Point::zip(x = xs, y = ys)`.
    fn zip(&mut self, path: &Path, call: &ExprCall) -> syn::Result<TokenStream> {
        let private = self.private;
        let mut record = path.clone();
        let last = record.segments.pop().map(syn::punctuated::Pair::into_value);
        record.segments.pop_punct();
        if last.is_none_or(|last| last.ident != "zip") {
            return Err(syn::Error::new_spanned(path, NO_CALL));
        }
        let mut fields = Vec::new();
        for argument in &call.args {
            let Expr::Assign(assign) = argument else {
                return Err(syn::Error::new_spanned(
                    argument,
                    "name the field, as in `Point::zip(x = xs, y = ys)`",
                ));
            };
            let Some(name) = bare(&assign.left) else {
                return Err(syn::Error::new_spanned(
                    &assign.left,
                    "expected a field's name, as in `Point::zip(x = xs, y = ys)`",
                ));
            };
            let value = self.expr(&assign.right)?;
            let name = name.unraw().to_string();
            fields.push(quote!(#private::FieldExpr { name: #name, value: #value }));
        }
        let ty = self.record(&record);
        Ok(quote!(#private::Expr::Zip(#ty, &[#(#fields),*])))
    }

    fn record(&self, path: &Path) -> TokenStream {
        let private = self.private;
        quote_spanned!(path.span()=> <#path as #private::DataType>::TYPE)
    }

    /// `if a { b } else if c { d } else { e }`, as one list of branches.
    fn choice(&mut self, choice: &ExprIf) -> syn::Result<TokenStream> {
        let private = self.private;
        let mut branches = Vec::new();
        let mut rest = choice;
        let otherwise = loop {
            let condition = self.expr(&rest.cond)?;
            let value = self.block(&rest.then_branch)?;
            branches.push(quote!(#private::Branch { condition: #condition, value: #value }));
            match rest.else_branch.as_ref().map(|(_, other)| &**other) {
                None => break quote!(::core::option::Option::None),
                Some(Expr::If(next)) => rest = next,
                Some(other) => {
                    let otherwise = self.expr(other)?;
                    break quote!(::core::option::Option::Some(&#otherwise));
                }
            }
        };
        Ok(quote!(#private::Expr::If(&[#(#branches),*], #otherwise)))
    }

    /// `{ value }`.
    fn block(&mut self, block: &Block) -> syn::Result<TokenStream> {
        let (wrong, message) = match block.stmts.as_slice() {
            [Stmt::Expr(value, None)] => return self.expr(value),
            [] => (
                quote!(#block),
                "this branch has no value: write one, as in `{ 0 }`, or `{ None }` for null",
            ),
            [Stmt::Expr(_, Some(semicolon))] => (
                quote!(#semicolon),
                "a branch is the value itself: write it without `;`",
            ),
            [Stmt::Macro(call), ..] => {
                let call = Expr::Macro(syn::ExprMacro {
                    attrs: Vec::new(),
                    mac: call.mac.clone(),
                });
                return Err(unsupported(&call));
            }
            [Stmt::Local(local), ..] => (
                quote!(#local),
                "`let` has no meaning inside an expression: compute this part in an `assign` before, or share it by `expr!`",
            ),
            [first, ..] => (
                quote!(#first),
                "a branch is one value, as in `if a { b } else { c }`",
            ),
        };
        Err(syn::Error::new_spanned(wrong, message))
    }
}

/// The last part of `Entity::name`: a name in lower case behind a type. Constants of types are written in
/// SCREAMING_CASE.
fn of_an_entity(path: &Path) -> Option<String> {
    let mut segments = path.segments.iter().rev();
    let name = segments.next()?.ident.unraw().to_string();
    let entity = segments.next()?.ident.to_string();
    let is_entity = entity.starts_with(char::is_uppercase);
    (is_entity && !name.starts_with(char::is_uppercase)).then_some(name)
}

/// A bare name.
pub(crate) fn bare(expr: &Expr) -> Option<&Ident> {
    match expr {
        Expr::Path(path) => path.path.get_ident(),
        Expr::Group(group) => bare(&group.expr),
        _ => None,
    }
}

fn operator(op: &BinOp) -> syn::Result<TokenStream> {
    let wrong = |message| Err(syn::Error::new_spanned(op, message));
    Ok(match op {
        BinOp::Add(_) => quote!(Add),
        BinOp::Sub(_) => quote!(Sub),
        BinOp::Mul(_) => quote!(Mul),
        BinOp::Div(_) => quote!(Div),
        BinOp::Rem(_) => quote!(Rem),
        BinOp::Eq(_) => quote!(Eq),
        BinOp::Ne(_) => quote!(Ne),
        BinOp::Lt(_) => quote!(Lt),
        BinOp::Le(_) => quote!(Le),
        BinOp::Gt(_) => quote!(Gt),
        BinOp::Ge(_) => quote!(Ge),
        BinOp::And(_) => quote!(And),
        BinOp::Or(_) => quote!(Or),
        BinOp::BitAnd(_) => return wrong("there is no `&` of columns: both hold by `a && b`"),
        BinOp::BitOr(_) => return wrong("there is no `|` of columns: either holds by `a || b`"),
        BinOp::BitXor(_) => {
            return wrong("there is no `^` of columns: one of two holds by `a != b`");
        }
        BinOp::Shl(_) | BinOp::Shr(_) => {
            return wrong(
                "there are no shifts of columns: multiply, or divide by `a.floor_div(b)`",
            );
        }
        _ => {
            return wrong(
                "a column isn't changed in place: `assign(total = total + 1)` makes it anew",
            );
        }
    })
}

fn unsupported(expr: &Expr) -> syn::Error {
    syn::Error::new_spanned(expr, instead(expr))
}

/// Why an expression of Rust has no meaning over columns, and what to write.
fn instead(expr: &Expr) -> &'static str {
    match expr {
        Expr::Match(_) => {
            "`match` has no meaning over columns: write `if a == 1 { b } else if a == 2 { c } else { d }`"
        }
        Expr::Let(_) => "`let` has no meaning over columns: write `!a.is_null()`",
        Expr::Macro(_) => {
            "a macro of Rust has no meaning over columns: write operators, `if`/`else` and functions such as `a.concat(b)`"
        }
        Expr::Range(_) => {
            "a range has no meaning over columns: compare both ends, as in `a >= 1 && a < 5`"
        }
        Expr::Tuple(_) => {
            "a tuple has no meaning over columns: make a record, as in `Point { x: a, y: b }`"
        }
        Expr::Try(_) => {
            "`?` has no meaning over columns: null stays null by itself, and `a.fill_null(b)` replaces it"
        }
        Expr::Unary(_) => "`*` has no meaning here: a column is named as it is",
        Expr::Assign(_) => "`=` assigns nothing inside an expression: compare with `==`",
        Expr::ForLoop(_) | Expr::While(_) | Expr::Loop(_) => {
            "a loop has no meaning over columns: lists have `map`, `filter`, `sum` and the like, as in `a.map(|x| x + 1)`"
        }
        Expr::Return(_) | Expr::Break(_) | Expr::Continue(_) => {
            "an expression ends by itself: write the value alone"
        }
        Expr::Block(_) | Expr::Unsafe(_) | Expr::Async(_) | Expr::Const(_) => {
            "write the value without a block: only the branches of `if` have one"
        }
        Expr::Await(_) => "there is nothing to await: write the value alone",
        Expr::Repeat(_) => {
            "a list of one value is `repeat(a, 3)`, and constants are written out, as in `[1, 2] as Vec<i64>`"
        }
        Expr::Infer(_) => "name a column or a constant: `_` is neither",
        _ => {
            "this has no meaning over columns: write operators, `if`/`else`, fields and functions such as `name.lower()`"
        }
    }
}

/// One expression and nothing behind it.
fn whole(input: ParseStream<'_>) -> syn::Result<Expr> {
    const ONE: &str = "`expr!` takes one expression, as in `expr!(amount * RATE)`";
    if input.is_empty() {
        return Err(syn::Error::new(input.span(), ONE));
    }
    let expr = input.parse()?;
    if !input.is_empty() {
        return Err(input.error(ONE));
    }
    Ok(expr)
}

/// `expr!(amount * RATE)`.
pub(crate) fn expr(tokens: TokenStream) -> TokenStream {
    let private = Door::of(None);
    let read = whole.parse2(tokens).and_then(|expr| read(&private, &expr));
    match read {
        Ok(RowExpr { tokens, .. }) => quote! {{
            const EXPR: &#private::Expr<'static> = &#tokens;
            EXPR
        }},
        Err(error) => error.to_compile_error(),
    }
}
