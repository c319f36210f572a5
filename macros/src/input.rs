//! What `embed_migrations!` is given.

use std::path::{Path, PathBuf};

use proc_macro2::{Span, TokenStream};
use revchain_core::name::{CHAIN_NAME, is_chain_name};
use syn::parse::{Parse, ParseStream, Parser};
use syn::{Ident, LitBool, LitStr, Token};

use crate::expand;

pub(crate) struct Input {
    /// The path of the crate `revchain` in the program.
    pub(crate) krate: TokenStream,
    pub(crate) directory: Directory,
    /// Where errors point.
    pub(crate) span: Span,
    /// That of the chain; empty where it has none.
    pub(crate) name: String,
    /// The package, with its version; empty where cargo does not tell.
    pub(crate) program: String,
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
    let parsed = Parser::parse2(Arguments::parse, arguments)
        .and_then(|arguments| Ok((locate(&arguments)?, name(&arguments)?, arguments.image)));
    match parsed {
        Ok(((directory, span), name, image)) => {
            let image = image.is_none_or(|image| image.value);
            Ok(Input { krate, directory, span, name, program: program(), image })
        }
        Err(error) => Err(Broken { krate, error }),
    }
}

struct Arguments {
    directory: Option<LitStr>,
    name: Option<LitStr>,
    image: Option<LitBool>,
}

impl Parse for Arguments {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut arguments = Self { directory: None, name: None, image: None };
        let expected =
            "the directory of migrations must be a string literal: embed_migrations!(\"migrations\")";
        if !input.is_empty() && !input.peek(Ident) {
            arguments.directory =
                Some(input.parse().map_err(|error| syn::Error::new(error.span(), expected))?);
            input.parse::<Option<Token![,]>>()?;
        }
        while input.peek(Ident) {
            let option: Ident = input.parse()?;
            match option.to_string().as_str() {
                "name" if arguments.name.is_none() => {
                    input.parse::<Token![=]>()?;
                    arguments.name = Some(input.parse()?);
                }
                "image" if arguments.image.is_none() => {
                    input.parse::<Token![=]>()?;
                    arguments.image = Some(input.parse()?);
                }
                _ if input.peek(Token![=]) => return Err(syn::Error::new(option.span(), ALL)),
                _ => return Err(syn::Error::new(option.span(), expected)),
            }
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        if input.is_empty() { Ok(arguments) } else { Err(input.error(ALL)) }
    }
}

const ALL: &str =
    "one directory, `name = \"…\"` and `image = false` are all that embed_migrations! takes, each once";

fn name(arguments: &Arguments) -> syn::Result<String> {
    let Some(name) = &arguments.name else { return Ok(String::new()) };
    if is_chain_name(&name.value()) {
        return Ok(name.value());
    }
    Err(syn::Error::new(name.span(), format!("a chain's name is {CHAIN_NAME}")))
}

/// The package that is compiled, as the histories of its databases name it. With another version, cargo compiles it anew.
fn program() -> String {
    let variables = ["CARGO_PKG_NAME", "CARGO_PKG_VERSION"].map(std::env::var);
    variables.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// A relative directory counts from the folder of the crate's Cargo.toml, as in other macros that read files.
fn locate(arguments: &Arguments) -> syn::Result<(Directory, Span)> {
    let span = arguments.directory.as_ref().map_or_else(Span::call_site, LitStr::span);
    let shown = arguments.directory.as_ref().map_or_else(|| "migrations".to_owned(), LitStr::value);
    let root = std::env::var_os("CARGO_MANIFEST_DIR").ok_or_else(|| {
        syn::Error::new(span, "CARGO_MANIFEST_DIR is not set: embed_migrations! reads a directory beside Cargo.toml, so it needs cargo")
    })?;
    let path = Path::new(&root).join(&shown);
    Ok((Directory { shown, path }, span))
}
