//! Rust functions that travel by name: their text and the hash of their source.

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Block, Signature};

/// Tokens as text, spaced alike whoever prints them.
pub(crate) fn compact(tokens: impl ToTokens) -> String {
    let mut text = String::new();
    let mut leaves = Vec::new();
    flatten(tokens.to_token_stream(), &mut leaves);
    for leaf in leaves {
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let words = text.ends_with(is_word) && leaf.starts_with(is_word);
        let behind_colon = text.ends_with(':') && !text.ends_with("::") && leaf != ":";
        if words || behind_colon || text.ends_with(',') {
            text.push(' ');
        }
        text.push_str(&leaf);
    }
    text
}

/// Each token that is no group, and the brackets of groups.
fn flatten(tokens: TokenStream, leaves: &mut Vec<String>) {
    use proc_macro2::Delimiter;

    for token in tokens {
        match token {
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Brace => ("{", "}"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::None => ("", ""),
                };
                leaves.push(open.into());
                flatten(group.stream(), leaves);
                leaves.push(close.into());
            }
            leaf => leaves.push(leaf.to_string()),
        }
    }
}

/// FNV-1a over the function's tokens, so that spaces and comments change nothing.
pub(crate) fn hash(signature: &Signature, block: &Block) -> u64 {
    let mut leaves = Vec::new();
    flatten(signature.to_token_stream(), &mut leaves);
    flatten(block.to_token_stream(), &mut leaves);
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for leaf in leaves {
        for byte in leaf.bytes().chain([0]) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    hash
}
