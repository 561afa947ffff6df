//! `#[meta(..)]`, doc comments, and the module's owner.

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::{Attribute, Expr, ExprLit, Lit, LitStr, Meta as SynMeta};

use crate::args::{self, keyed, split};
use crate::enforce::{self, At};
use crate::errors::Errors;
use crate::path;
use crate::path::Door;

/// What `#[meta]` and the doc comment of one item say.
#[derive(Default)]
pub(crate) struct Meta {
    owner: Option<LitStr>,
    description: Option<LitStr>,
    tags: Vec<LitStr>,
    deprecated: bool,
    deleted: bool,
    /// Where the item is said to be deleted or deprecated.
    state: Option<Span>,
    doc: String,
}

/// What `#[meta]` takes.
pub(crate) const KNOWN: [&str; 5] = ["owner", "description", "tags", "deprecated", "deleted"];

impl Meta {
    /// Takes `#[meta]` off the attributes and reads the doc comment, which stays.
    pub(crate) fn take(attributes: &mut Vec<Attribute>, errors: &mut Errors) -> Meta {
        let taken = path::take(attributes, "meta");
        if let Some(second) = taken.get(1) {
            errors.on(second, "`meta` is given twice: put all of it in one");
        }
        let mut meta = match taken.first() {
            Some(attribute) => Meta::parse(args::tokens_of(attribute, errors), errors),
            None => Meta::default(),
        };
        meta.doc = doc(attributes);
        meta
    }

    fn parse(tokens: TokenStream, errors: &mut Errors) -> Meta {
        let mut meta = Meta::default();
        for arg in keyed(split(tokens), errors) {
            match arg.key.to_string().as_str() {
                "owner" => meta.owner = arg.text("team@example.com", errors),
                "description" => meta.description = arg.text("what it is", errors),
                "tags" => meta.tags = arg.texts(errors),
                "deprecated" => {
                    meta.deprecated = arg.bool(errors);
                    meta.state = meta.deprecated.then(|| arg.key.span()).or(meta.state);
                }
                "deleted" => {
                    meta.deleted = arg.bool(errors);
                    meta.state = meta.deleted.then(|| arg.key.span()).or(meta.state);
                }
                _ => args::unknown(&arg, &KNOWN, errors),
            }
        }
        meta
    }

    /// Where the item is said to be deleted or deprecated.
    pub(crate) fn state(&self) -> Option<Span> {
        self.state
    }

    /// Where the owner is named.
    pub(crate) fn owner_span(&self) -> Option<Span> {
        self.owner.as_ref().map(LitStr::span)
    }

    /// Whether nothing is said.
    fn is_empty(&self) -> bool {
        let Meta {
            owner,
            description,
            tags,
            deprecated,
            deleted,
            state: _,
            doc,
        } = self;
        let said = owner.is_some() || description.is_some() || *deprecated || *deleted;
        !said && tags.is_empty() && doc.is_empty()
    }

    /// The metaflags of a field or a feature, which inherit no owner.
    pub(crate) fn emit(&self, private: &Door) -> TokenStream {
        if self.is_empty() {
            return quote!(#private::Meta::EMPTY);
        }
        let owner = match &self.owner {
            Some(owner) => quote!(#owner),
            None => quote!(""),
        };
        self.with_owner(private, &owner)
    }

    /// The metaflags of an entity, whose owner is the module's where it names none.
    pub(crate) fn emit_entity(&self, private: &Door) -> TokenStream {
        let owner = match &self.owner {
            Some(owner) => quote!(#owner),
            None => quote! {{
                #[allow(unused_imports)]
                use #private::NoModuleOwner as _;
                #private::owner_of(&|| (&#private::Probe).__fennel_owner())
            }},
        };
        self.with_owner(private, &owner)
    }

    fn with_owner(&self, private: &Door, owner: &TokenStream) -> TokenStream {
        let doc = &self.doc;
        let description = match &self.description {
            Some(description) => quote!(#description),
            None => quote!(#doc),
        };
        let Meta {
            tags,
            deprecated,
            deleted,
            ..
        } = self;
        quote! {
            #private::Meta {
                owner: #owner,
                description: #description,
                tags: &[#(#tags),*],
                deprecated: #deprecated,
                deleted: #deleted,
            }
        }
    }
}

/// The doc comment: each line without the blank that follows the slashes, empty ends cut.
fn doc(attributes: &[Attribute]) -> String {
    let lines = attributes
        .iter()
        .filter_map(|attribute| match &attribute.meta {
            SynMeta::NameValue(pair) if pair.path.is_ident("doc") => match &pair.value {
                Expr::Lit(ExprLit {
                    lit: Lit::Str(line),
                    ..
                }) => Some(line.value().trim().to_owned()),
                _ => None,
            },
            _ => None,
        });
    lines.collect::<Vec<_>>().join("\n").trim().to_owned()
}

/// `fennel::owner!("team@example.com")`.
pub(crate) fn owner(tokens: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let mut parts = split(tokens).into_iter();
    let owner = parts.next().unwrap_or_default();
    let owner = syn::parse2::<LitStr>(owner).map_err(|error| {
        let message = "expected the owner of this module, such as \"team@example.com\"";
        syn::Error::new(error.span(), message)
    });
    let owner = errors.take(owner);
    let mut facade = None;
    for arg in keyed(parts.collect(), &mut errors) {
        match arg.key.to_string().as_str() {
            "crate" => facade = arg.parse("the path of the fennel crate", &mut errors),
            _ => args::unknown(&arg, &["crate"], &mut errors),
        }
    }
    let errors = errors.finish().err();
    let Some(owner) = owner else {
        return quote!(#errors);
    };
    let private = Door::of(facade.as_ref());
    let check = enforce::item(
        &private,
        At::tokens(&owner),
        &quote!(#private::Meta { owner: #owner, ..#private::Meta::EMPTY }.check_owner()),
    );
    quote! {
        #[doc(hidden)]
        struct __FennelModuleOwner;

        impl #private::ModuleOwner for __FennelModuleOwner {
            const OWNER: &'static str = #owner;
        }

        #[doc(hidden)]
        #[allow(dead_code)]
        trait __FennelOwnerOfModule {
            fn __fennel_owner(&self) -> __FennelModuleOwner;
        }

        impl __FennelOwnerOfModule for #private::Probe {
            fn __fennel_owner(&self) -> __FennelModuleOwner {
                __FennelModuleOwner
            }
        }

        #check
        #errors
    }
}
