//! What `embed_migrations!` is given.

use std::path::{Path, PathBuf};

use proc_macro2::{Span, TokenStream};
use syn::parse::{Parse, ParseStream, Parser};
use syn::{Ident, LitBool, LitStr, Token};

use crate::expand;

pub(crate) struct Input {
    /// The path of the crate `revchain` in the program.
    pub(crate) krate: TokenStream,
    pub(crate) directory: Directory,
    /// Where errors point.
    pub(crate) span: Span,
    /// Whether the program carries a database at the head.
    pub(crate) image: bool,
}

pub(crate) struct Directory {
    /// As the user wrote it: what messages show.
    pub(crate) shown: String,
    /// Where it is on this machine.
    pub(crate) path: PathBuf,
}

/// Arguments that cannot be understood.
pub(crate) struct Broken {
    krate: TokenStream,
    error: syn::Error,
}

impl Broken {
    pub(crate) fn expand(&self) -> TokenStream {
        expand::errors(&self.krate, self.error.span(), std::iter::once(self.error.to_string()))
    }
}

/// Reads `[path of the crate] arguments`.
pub(crate) fn parse(input: TokenStream) -> Result<Input, Broken> {
    let mut tokens = input.into_iter();
    let krate = match tokens.next() {
        Some(proc_macro2::TokenTree::Group(group)) => group.stream(),
        _ => TokenStream::new(),
    };
    let arguments = tokens.collect();
    let parsed = Parser::parse2(Arguments::parse, arguments).and_then(|arguments| locate(&arguments));
    match parsed {
        Ok((directory, span, image)) => Ok(Input { krate, directory, span, image }),
        Err(error) => Err(Broken { krate, error }),
    }
}

struct Arguments {
    directory: Option<LitStr>,
    image: bool,
}

impl Parse for Arguments {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut arguments = Self { directory: None, image: true };
        let expected =
            "the directory of migrations must be a string literal: embed_migrations!(\"migrations\")";
        if !input.is_empty() && !input.peek(Ident) {
            arguments.directory =
                Some(input.parse().map_err(|error| syn::Error::new(error.span(), expected))?);
            input.parse::<Option<Token![,]>>()?;
        }
        if input.peek(Ident) {
            let name: Ident = input.parse()?;
            if name != "image" {
                return Err(syn::Error::new(name.span(), expected));
            }
            input.parse::<Token![=]>()?;
            arguments.image = input.parse::<LitBool>()?.value;
            input.parse::<Option<Token![,]>>()?;
        }
        if input.is_empty() {
            Ok(arguments)
        } else {
            Err(input.error("one directory, and `image = false`, is all that embed_migrations! takes"))
        }
    }
}

/// A relative directory counts from the folder of the crate's Cargo.toml, as in other macros that read files.
fn locate(arguments: &Arguments) -> syn::Result<(Directory, Span, bool)> {
    let span = arguments.directory.as_ref().map_or_else(Span::call_site, LitStr::span);
    let shown = arguments.directory.as_ref().map_or_else(|| "migrations".to_owned(), LitStr::value);
    let root = std::env::var_os("CARGO_MANIFEST_DIR").ok_or_else(|| {
        syn::Error::new(span, "CARGO_MANIFEST_DIR is not set: embed_migrations! reads a directory beside Cargo.toml, so it needs cargo")
    })?;
    let path = Path::new(&root).join(&shown);
    Ok((Directory { shown, path }, span, arguments.image))
}
