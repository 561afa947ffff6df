//! `#[pipeline]`.

mod emit;
mod model;

use proc_macro2::{Delimiter, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::parse::Parser;
use syn::{Attribute, FnArg, Item, Pat, Signature, Token, Visibility};

use crate::errors::Errors;
use crate::expand::MISPLACED_PIPELINE;

/// The function as a `const fn` over flows, its descriptor and its checks. Whatever goes wrong, a
/// function of that name stays.
pub(crate) fn pipeline(args: TokenStream, item: &TokenStream) -> TokenStream {
    let mut function = match syn::parse2::<Item>(item.clone()) {
        Ok(Item::Fn(function)) => function,
        Ok(other) => {
            let error = syn::Error::new(Span::call_site(), MISPLACED_PIPELINE);
            return unfinished(item, &error, &other);
        }
        // What rustc can't parse either, it reports itself.
        Err(error) => return unfinished(item, &error, item),
    };
    let mut errors = Errors::default();
    let model = model::Model::parse(args, &mut function, &mut errors);
    match (errors.finish(), model) {
        (Ok(()), Some(model)) => emit::emit(&model),
        (errors, _) => {
            let errors = errors.err();
            let head = Head {
                attributes: function.attrs,
                vis: function.vis,
                signature: function.sig,
                body: true,
            };
            let function = head.emit();
            quote!(#errors #function)
        }
    }
}

/// What is no finished function: if it begins as one, a function of that name, else `other`.
fn unfinished(item: &TokenStream, error: &syn::Error, other: &impl ToTokens) -> TokenStream {
    let Some(head) = Head::parse(item) else {
        let error = error.to_compile_error();
        return quote!(#error #other);
    };
    let error = if head.body {
        error.to_compile_error()
    } else {
        let name = &head.signature.ident;
        let message =
            format!("pipeline `{name}` has no body: write a chain of operators in braces");
        syn::Error::new(name.span(), message).to_compile_error()
    };
    let function = head.emit();
    quote!(#error #function)
}

/// A function without its body, which is no Rust before it is rewritten.
struct Head {
    attributes: Vec<Attribute>,
    vis: Visibility,
    signature: Signature,
    /// Whether there are braces behind it.
    body: bool,
}

impl Head {
    /// The beginning of a function, whatever stands in its braces.
    fn parse(item: &TokenStream) -> Option<Head> {
        let mut body = false;
        let braced = |token: &TokenTree| matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace);
        let head = item.clone().into_iter().take_while(|token| {
            body |= braced(token);
            !braced(token)
        });
        let head: TokenStream = head.collect();
        let parser = |input: syn::parse::ParseStream<'_>| {
            let (attributes, vis) = (Attribute::parse_outer(input)?, input.parse()?);
            let signature = input.parse()?;
            input.parse::<Option<Token![;]>>()?;
            Ok((attributes, vis, signature))
        };
        let (attributes, vis, signature) = parser.parse2(head).ok()?;
        Some(Head {
            attributes,
            vis,
            signature,
            body,
        })
    }

    /// The function, with nothing in it that raises errors of its own.
    fn emit(mut self) -> TokenStream {
        self.attributes
            .retain(|attribute| !crate::path::is(attribute, "meta"));
        let inputs = std::mem::take(&mut self.signature.inputs).into_iter();
        self.signature.inputs = inputs
            .filter_map(|input| match input {
                FnArg::Receiver(_) => None,
                FnArg::Typed(mut input) => {
                    if !matches!(*input.pat, Pat::Ident(_)) {
                        input.pat = Box::new(Pat::Wild(syn::PatWild {
                            attrs: Vec::new(),
                            underscore_token: Token![_](Span::call_site()),
                        }));
                    }
                    Some(FnArg::Typed(input))
                }
            })
            .collect();
        let Head {
            attributes,
            vis,
            signature,
            ..
        } = self;
        quote! {
            #(#attributes)*
            #[allow(dead_code, unused_variables)]
            #vis #signature {
                ::core::unreachable!()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use syn::{File, Item};

    use super::*;
    use crate::damage::damage;

    const PIPELINE: &str = r#"
        /// What users spend.
        #[meta(owner = "a@b.co", tags = ["x"])]
        pub(crate) fn user_spend(orders: Order, users: User, more: shop::Order) -> UserSpend {
            let all = orders.union(more).filter(paid && !(amount <= -0.5) || uid != 3);
            let known = all.inner_join(users, on(buyer == uid, shop), within("30d", "2h"), fields(city, at));
            known
                .assign(usd = if currency == "EUR" { amount * RATE } else { rates::of[0].usd }, none = None as Option<i64>)
                .assign(first = names.map(|x| x.lower()).at(0), point = Point { x: a, y: b }, texts = text.parse::<f64>())
                .dropnull().select(uid, usd, city).drop(city).rename(user = uid)
                .dedup(user, window = tumbling("1h", lookback = "1d")).explode(skus)
                .group_by(user, window = session("15m"))
                .aggregate(total = sum(usd, "7d"), last = last_k(usd, 3, "forever", dedup = false), emit = "final", along = at)
        }
    "#;

    fn tokens(text: &str) -> TokenStream {
        text.parse().expect("the test's own tokens")
    }

    /// Expands, and checks that a function of the name is there.
    fn expanded(args: &str, item: &TokenStream) -> String {
        let output = pipeline(tokens(args), item);
        let file: File =
            syn::parse2(output.clone()).unwrap_or_else(|error| panic!("{error}: {item}\n{output}"));
        let found = file
            .items
            .iter()
            .any(|item| matches!(item, Item::Fn(function) if function.sig.ident == "user_spend"));
        assert!(found, "the function is lost: {item}\n{output}");
        output.to_string()
    }

    #[test]
    fn a_correct_function_raises_no_error() {
        for args in [
            "",
            "env = \"prod\"",
            "env = [\"~dev\"], crate = other::fennel",
        ] {
            let output = expanded(args, &tokens(PIPELINE));
            assert!(!output.contains("compile_error"), "{output}");
        }
    }

    #[test]
    fn every_mistake_of_a_function_is_reported_at_once() {
        let item = r#"
            #[meta(onwer = "a@b.co")]
            async fn user_spend(orders: Order, (a, b): User) -> UserSpend {
                println!();
                let (c, d) = orders;
                orders.window("1d").group_by(uid).summarize(uid & uid)
            }
        "#;
        let output = expanded("evn = \"prod\"", &tokens(item));
        assert_eq!(output.matches("compile_error").count(), 8, "{output}");
    }

    #[test]
    fn half_typed_functions_stay() {
        for item in [
            "fn user_spend();",
            "fn user_spend(orders: Order) -> UserSpend;",
            "pub fn user_spend(orders: Order) -> UserSpend",
            "fn user_spend(orders: Order) -> UserSpend {}",
            "fn user_spend(orders: Order) -> UserSpend { orders. }",
            "fn user_spend(orders: Order) -> UserSpend { orders.filter }",
            "fn user_spend(orders: Order) -> UserSpend { orders.filter(amount >) }",
            "fn user_spend(orders: Order) -> UserSpend { orders.filter(amount.) }",
            "fn user_spend(orders: Order) -> UserSpend { orders.left_join() }",
            "fn user_spend(orders: Order) -> UserSpend { orders.left_join(, on(uid)) }",
            "fn user_spend(orders: Order) -> UserSpend { orders.group_by(uid) }",
            "fn user_spend(orders: Order) -> UserSpend { orders.assign(a = ) }",
            "fn user_spend(orders: Order) -> UserSpend { let paid = }",
            "fn user_spend(orders: Order) -> UserSpend { let paid = orders; }",
            "fn user_spend(&self, orders: Order) { orders }",
            "fn user_spend<T>(_: T) -> UserSpend { _ }",
            "#[pipeline] fn user_spend(orders: Order) -> UserSpend { orders }",
        ] {
            let output = expanded("", &tokens(item));
            assert!(output.contains("compile_error"), "{item}: {output}");
        }
    }

    #[test]
    fn half_typed_arguments_keep_the_function() {
        for args in ["env", "env =", "env = [", "= 2", "\"env\"", ", ,", "1 +"] {
            let Ok(args) = args.parse::<TokenStream>() else {
                continue;
            };
            expanded(&args.to_string(), &tokens(PIPELINE));
        }
    }

    #[test]
    fn what_is_no_function_stays_as_it_is() {
        for item in [
            "struct UserSpend { uid: i64 }",
            "const A: i64 = 3;",
            "not Rust at all",
        ] {
            let output = pipeline(TokenStream::new(), &tokens(item)).to_string();
            assert!(output.contains("compile_error"), "{output}");
            assert!(output.ends_with(&tokens(item).to_string()), "{output}");
        }
    }

    /// Every token left out, doubled, or replaced: no panic, and a function of the name stays as long
    /// as there is the beginning of one.
    #[test]
    fn damaged_functions_stay() {
        let mut sites = 0;
        damage(tokens(PIPELINE), &mut |damaged| {
            sites += 1;
            match Head::parse(&damaged) {
                Some(head) if head.signature.ident == "user_spend" => {
                    expanded("", &damaged);
                }
                _ => drop(pipeline(TokenStream::new(), &damaged)),
            }
        });
        assert!(sites > 1000, "{sites}");
    }
}
