//! The input of `embed_migrations!`.

use std::env;
use std::path::{Path, PathBuf};

use proc_macro2::{Span, TokenStream, TokenTree};
use revchain_core::source::file_name::{CHAIN_NAME, is_chain_name};
use syn::parse::{Parse, ParseStream};
use syn::{Error, Ident, Lit, LitBool, LitStr, Token};

use crate::code::CodePath;

const NOT_A_STRING: &str =
    "the directory of migrations must be a string literal: embed_migrations!(\"migrations\")";

const UNEXPECTED: &str = "embed_migrations! takes one directory, `name = \"…\"`, `code = […]`, `snapshot = false`, `notes = false` and `replicated = \"009\"`, each at most once";

const NO_CARGO: &str = "CARGO_MANIFEST_DIR is not set: embed_migrations! reads a directory beside Cargo.toml, so it needs cargo";

const NOT_A_REVISION: &str = "name the last revision that ran on a single machine, `replicated = \"009\"`, or `true` if none did";

const REPLICATED_CODE: &str = "a replica runs the statements of a revision, not the functions of the program\n\
     help: remove `code` or `replicated`";

const UNPROVEN: &str = "only the proof can say that a chain may run on a cluster\n\
     help: enable the feature `prove` of revchain, or remove `replicated`";

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
    /// The argument `replicated`; `None` without it.
    pub(crate) replicated: Option<Replicated>,
    /// `false` if the arguments contain `snapshot = false`.
    pub(crate) has_snapshot: bool,
    /// `false` if the arguments contain `notes = false`.
    pub(crate) shows_notes: bool,
}

/// The argument `replicated = "009"` or `replicated = true`.
pub(crate) struct Replicated {
    /// The id of the last revision that ran on a single machine; `None` for `true`.
    pub(crate) after: Option<String>,
    /// The span of the value.
    #[cfg_attr(not(feature = "prove"), expect(dead_code))]
    pub(crate) span: Span,
}

impl Replicated {
    /// Returns `None` for `replicated = false`.
    fn parse(input: ParseStream<'_>) -> syn::Result<Option<Self>> {
        let (span, value) = (input.span(), input.parse());
        let after = match value {
            Ok(Lit::Bool(literal)) if !literal.value => return Ok(None),
            Ok(Lit::Bool(_)) => None,
            Ok(Lit::Str(literal)) if !literal.value().is_empty() => Some(literal.value()),
            _ => return Err(Error::new(span, NOT_A_REVISION)),
        };
        if cfg!(feature = "prove") {
            Ok(Some(Self { after, span }))
        } else {
            Err(Error::new(span, UNPROVEN))
        }
    }
}

/// Returns `true` if the arguments, which may have mistakes, contain the argument `replicated`.
pub(crate) fn names_replicated(arguments: &TokenStream) -> bool {
    let mut tokens = arguments.clone().into_iter();
    tokens.any(|token| matches!(token, TokenTree::Ident(word) if word == "replicated"))
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
        let mut replicated: Option<Option<Replicated>> = None;
        let mut code_span = None;
        while input.peek(Ident) {
            let option: Ident = input.parse()?;
            let Some(_) = input.parse::<Option<Token![=]>>()? else {
                return Err(Error::new(option.span(), NOT_A_STRING));
            };
            if option == "name" && name.is_none() {
                name = Some(input.parse::<LitStr>()?);
            } else if option == "code" && code.is_none() {
                code = Some(CodePath::parse_list(input)?);
                code_span = Some(option.span());
            } else if option == "snapshot" && snapshot.is_none() {
                snapshot = Some(input.parse::<LitBool>()?);
            } else if option == "notes" && notes.is_none() {
                notes = Some(input.parse::<LitBool>()?);
            } else if option == "replicated" && replicated.is_none() {
                replicated = Some(Replicated::parse(input)?);
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
        let replicated = replicated.flatten();
        if let (Some(_), Some(code)) = (&replicated, code_span) {
            return Err(Error::new(code, REPLICATED_CODE));
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
            // A cluster is never a copy of a snapshot.
            has_snapshot: replicated.is_none() && snapshot.is_none_or(|snapshot| snapshot.value),
            replicated,
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
