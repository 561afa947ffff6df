//! Whatever is typed, a macro answers: no panic, and the struct or the function stays.
//!
//! The items of two projects are damaged token by token and given to the macros.

use std::panic;

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Attribute, File, Item};

use crate::path;

const PROJECTS: [&str; 2] = [
    include_str!("../../examples/spend/src/lib.rs"),
    include_str!("../../examples/ticket/src/lib.rs"),
];
/// How often each item is damaged at random.
const ROUNDS: u64 = 300;
/// What is put in the place of tokens.
const TOKENS: &str = "fn struct if else let as true None key uid amount sum count Order Vec<i64> \
    \"1d\" \"\" \"é\" 0 1.5 1e400 99999999999999999999 'c' b\"x\" = == => -> :: . .. , ; : # ! ? & | \
    || < > - * () [] {} (a, b) [1] |x| r#type $ @ _";

/// An item under one of our attributes.
#[derive(Clone)]
struct Subject {
    attribute: String,
    args: TokenStream,
    item: TokenStream,
}

#[test]
fn each_damaged_item_stays() {
    let subjects: Vec<Subject> = PROJECTS.into_iter().flat_map(subjects).collect();
    let kinds = |kind: &str| subjects.iter().filter(|it| it.attribute == kind).count();
    assert!(kinds("dataset") > 2 && kinds("featureset") > 2 && kinds("pipeline") > 0);
    for subject in &subjects {
        expand(subject);
        for seed in 0..ROUNDS {
            let mut random = Random(seed);
            let mut damaged = subject.clone();
            for _ in 0..=random.below(3) {
                if random.below(4) == 0 {
                    damaged.args = damage(damaged.args, &mut random);
                } else {
                    damaged.item = damage(damaged.item, &mut random);
                }
            }
            let answered = panic::catch_unwind(|| expand(&damaged));
            assert!(
                answered.is_ok(),
                "seed {seed}: #[{}({})] {}",
                damaged.attribute,
                damaged.args,
                damaged.item
            );
        }
    }
}

/// The items that our attributes are on, each with what is inside its attribute.
fn subjects(project: &str) -> Vec<Subject> {
    let file: File = syn::parse_str(project).expect("the project is Rust");
    let mut subjects = Vec::new();
    for item in file.items {
        let attributes = match &item {
            Item::Struct(item) => &item.attrs,
            Item::Fn(item) => &item.attrs,
            _ => continue,
        };
        let names = ["dataset", "featureset", "pipeline", "source", "meta"];
        for name in names {
            let is = |attribute: &Attribute| path::is(attribute, name);
            let Some(position) = attributes.iter().position(is) else {
                continue;
            };
            let mut rest = attributes.clone();
            let attribute = rest.remove(position);
            let args = match attribute.meta.require_list() {
                Ok(list) => list.tokens.clone(),
                Err(_) => TokenStream::new(),
            };
            let mut without = item.clone();
            match &mut without {
                Item::Struct(item) => item.attrs = rest,
                Item::Fn(item) => item.attrs = rest,
                _ => {}
            }
            subjects.push(Subject {
                attribute: name.into(),
                args,
                item: without.into_token_stream(),
            });
        }
        if let Item::Struct(mut record) = item {
            record.attrs.clear();
            subjects.push(Subject {
                attribute: "Record".into(),
                args: TokenStream::new(),
                item: record.into_token_stream(),
            });
        }
    }
    subjects
}

/// Expands, and checks that the item is there.
fn expand(subject: &Subject) {
    let Subject {
        attribute,
        args,
        item,
    } = subject.clone();
    let output = match attribute.as_str() {
        "dataset" => crate::dataset::dataset(args, &item),
        "featureset" => crate::featureset::featureset(args, &item),
        "pipeline" => crate::pipeline::pipeline(args, &item),
        // A derive adds to its item, which stays by itself.
        "Record" => {
            crate::record::record(item);
            return;
        }
        companion => crate::expand::companion(companion, &args, &item),
    };
    let Some(name) = name(&item) else {
        // What is no struct and no function is rustc's to report, as it was written. A function of
        // which the body alone is no Rust stays without it.
        let stays = output.to_string().ends_with(&item.to_string());
        let is_function = |item: &Item| matches!(item, Item::Fn(_));
        let stands = || {
            let file = syn::parse2::<File>(output.clone());
            attribute == "pipeline" && file.is_ok_and(|file| file.items.iter().any(is_function))
        };
        assert!(stays || stands(), "{output}");
        return;
    };
    let file: File =
        syn::parse2(output.clone()).unwrap_or_else(|error| panic!("{error}: {output}"));
    let found = file
        .items
        .iter()
        .any(|item| name_of(item) == Some(name.clone()));
    assert!(found, "`{name}` is lost: {output}");
}

fn name(item: &TokenStream) -> Option<String> {
    name_of(&syn::parse2(item.clone()).ok()?)
}

fn name_of(item: &Item) -> Option<String> {
    match item {
        Item::Struct(item) => Some(item.ident.to_string()),
        Item::Fn(item) => Some(item.sig.ident.to_string()),
        _ => None,
    }
}

/// Leaves out, doubles, swaps or replaces a token, at some depth.
fn damage(tokens: TokenStream, random: &mut Random) -> TokenStream {
    let mut trees: Vec<TokenTree> = tokens.into_iter().collect();
    if trees.is_empty() {
        return any_token(random).into();
    }
    let at = random.below(trees.len());
    if let TokenTree::Group(group) = &trees[at]
        && random.below(5) > 0
    {
        let inner = damage(group.stream(), random);
        trees[at] = Group::new(group.delimiter(), inner).into();
        return trees.into_iter().collect();
    }
    match random.below(6) {
        0 => {
            trees.remove(at);
        }
        1 => trees.insert(at, trees[at].clone()),
        2 => {
            let other = random.below(trees.len());
            trees.swap(at, other);
        }
        3 => trees.insert(at, any_token(random)),
        4 => {
            let group = Group::new(
                [Delimiter::Parenthesis, Delimiter::Brace, Delimiter::None][random.below(3)],
                trees[at].clone().into(),
            );
            trees[at] = group.into();
        }
        _ => trees[at] = any_token(random),
    }
    trees.into_iter().collect()
}

fn any_token(random: &mut Random) -> TokenTree {
    let tokens: TokenStream = TOKENS.parse().expect("tokens");
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    tokens[random.below(tokens.len())].clone()
}

/// SplitMix64: the same numbers for the same seed.
struct Random(u64);

impl Random {
    fn below(&mut self, count: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % count as u64) as usize
    }
}
