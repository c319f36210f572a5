//! The input of `embed_migrations!`.

use std::env;
use std::path::{Path, PathBuf};

use proc_macro2::{Span, TokenStream, TokenTree};
use revchain_core::source::file_name::{CHAIN_NAME, is_chain_name};
use syn::parse::{Parse, ParseStream};
use syn::{Error, Ident, LitBool, LitStr, Token};

use crate::code::CodePath;

const NOT_A_STRING: &str =
    "the directory of migrations must be a string literal: embed_migrations!(\"migrations\")";

const UNEXPECTED: &str = "embed_migrations! takes one directory, `name = \"…\"`, `code = […]`, `snapshot = false` and `notes = false`, each at most once";

const NO_CARGO: &str = "CARGO_MANIFEST_DIR is not set: embed_migrations! reads a directory beside Cargo.toml, so it needs cargo";

/// The arguments of the macro, and the package that cargo compiles.
pub(crate) struct Input {
    /// The path of the directory as the user wrote it, for messages.
    pub(crate) directory: String,
    /// The path of the directory on this machine.
    pub(crate) path: PathBuf,
    /// The span at which compile errors are reported.
    pub(crate) span: Span,
    /// The name of the chain; `None` without the argument `name`.
    pub(crate) name: Option<String>,
    /// The name and version of the package, as written to the history of databases.
    pub(crate) program: String,
    /// The functions that revisions run, in the order of the argument `code`.
    pub(crate) code: Vec<CodePath>,
    /// `false` if the arguments contain `snapshot = false`.
    pub(crate) has_snapshot: bool,
    /// `false` if the arguments contain `notes = false`.
    pub(crate) shows_notes: bool,
}

/// Splits the input `[$crate] arguments`. The first token is the path of the crate `revchain`.
pub(crate) fn split(input: TokenStream) -> (TokenStream, TokenStream) {
    let mut tokens = input.into_iter();
    let krate = match tokens.next() {
        Some(TokenTree::Group(group)) => group.stream(),
        _ => TokenStream::new(),
    };
    (krate, tokens.collect())
}

impl Parse for Input {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut directory: Option<LitStr> = None;
        if !input.is_empty() && !input.peek(Ident) {
            let literal = input.parse();
            directory = Some(literal.map_err(|error| Error::new(error.span(), NOT_A_STRING))?);
            input.parse::<Option<Token![,]>>()?;
        }
        let (mut name, mut code, mut snapshot, mut notes) = (None, None, None, None);
        while input.peek(Ident) {
            let option: Ident = input.parse()?;
            let Some(_) = input.parse::<Option<Token![=]>>()? else {
                return Err(Error::new(option.span(), NOT_A_STRING));
            };
            if option == "name" && name.is_none() {
                name = Some(input.parse::<LitStr>()?);
            } else if option == "code" && code.is_none() {
                code = Some(CodePath::parse_list(input)?);
            } else if option == "snapshot" && snapshot.is_none() {
                snapshot = Some(input.parse::<LitBool>()?);
            } else if option == "notes" && notes.is_none() {
                notes = Some(input.parse::<LitBool>()?);
            } else {
                return Err(Error::new(option.span(), UNEXPECTED));
            }
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        if !input.is_empty() {
            return Err(input.error(UNEXPECTED));
        }
        let span = directory
            .as_ref()
            .map_or_else(Span::call_site, LitStr::span);
        let directory = directory.map_or("migrations".to_owned(), |literal| literal.value());
        let Some(package) = env::var_os("CARGO_MANIFEST_DIR") else {
            return Err(Error::new(span, NO_CARGO));
        };
        if let Some(literal) = name
            .as_ref()
            .filter(|literal| !is_chain_name(&literal.value()))
        {
            let message = format!("a chain's name is {CHAIN_NAME}");
            return Err(Error::new(literal.span(), message));
        }
        Ok(Self {
            // A relative path starts at the directory of Cargo.toml.
            path: Path::new(&package).join(&directory),
            directory,
            span,
            name: name.map(|literal| literal.value()),
            program: program(),
            code: code.unwrap_or_default(),
            has_snapshot: snapshot.is_none_or(|snapshot| snapshot.value),
            shows_notes: notes.is_none_or(|notes| notes.value),
        })
    }
}

/// Returns the name and the version of the package that cargo compiles.
fn program() -> String {
    let variables = ["CARGO_PKG_NAME", "CARGO_PKG_VERSION"].map(env::var);
    let values: Vec<String> = variables.into_iter().flatten().collect();
    values.join(" ")
}
