//! Broken input for tests: what an editor hands over while its user types.

use proc_macro2::{Group, TokenStream, TokenTree};
use quote::quote;

/// Visits `tokens` with each one left out, doubled, and replaced, those in groups too.
pub(crate) fn damage(tokens: TokenStream, visit: &mut dyn FnMut(TokenStream)) {
    let trees: Vec<TokenTree> = tokens.into_iter().collect();
    for (i, tree) in trees.iter().enumerate() {
        let with = |middle: Vec<TokenTree>| {
            let (before, after) = (trees[..i].iter().cloned(), trees[i + 1..].iter().cloned());
            before.chain(middle).chain(after).collect::<TokenStream>()
        };
        visit(with(vec![]));
        visit(with(vec![tree.clone(), tree.clone()]));
        visit(with(quote!(=).into_iter().collect()));
        visit(with(quote!(5).into_iter().collect()));
        if let TokenTree::Group(group) = tree {
            damage(group.stream(), &mut |inner| {
                visit(with(vec![TokenTree::Group(Group::new(
                    group.delimiter(),
                    inner,
                ))]));
            });
        }
    }
}
