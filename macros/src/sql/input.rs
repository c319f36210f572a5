//! The input of `sql!`: arguments, then the text in one or more pieces.

use std::env;
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, Literal, Span, TokenStream, TokenTree};
use syn::Lit;

const NOT_A_LITERAL: &str = "\
the text of sql! must be a string literal, because it is checked while the program is compiled
help: write values as parameters, `WHERE id = ?1`, and join literals with commas: `sql!(\"a \", \"b\")`
      or, for a text that only the running program knows, use a plain string without sql!";

const NO_TEXT: &str = "sql! needs the text of a query: `sql!(\"SELECT …\")`";

const NO_CARGO: &str =
    "CARGO_MANIFEST_DIR is not set: sql! reads a directory beside Cargo.toml, so it needs cargo";

/// The arguments of the macro.
#[cfg_attr(not(feature = "prove"), allow(dead_code))]
pub(super) struct SqlInput {
    /// The directory of migrations as the user wrote it.
    pub(super) directory: String,
    /// The path of the directory on this machine.
    pub(super) path: PathBuf,
    /// The revision after `at`.
    pub(super) revision: Option<String>,
    pub(super) allows_all_rows: bool,
    pub(super) functions: Vec<String>,
    pub(super) collations: Vec<String>,
    pub(super) modules: Vec<String>,
    pub(super) text: String,
    /// The text as the macro returns it.
    pub(super) literal: TokenStream,
    /// The span of the first piece of the text.
    pub(super) span: Span,
}

type Result<T> = std::result::Result<T, (Span, String)>;

/// The names of arguments with a value.
const WITH_VALUE: [&str; 5] = ["in", "at", "function", "collation", "module"];

impl SqlInput {
    pub(super) fn parse(input: TokenStream) -> Result<Self> {
        let mut tokens = input.into_iter().peekable();
        let (mut directory, mut revision) = (None, None);
        let mut allows_all_rows = false;
        let [mut functions, mut collations, mut modules] = [const { Vec::new() }; 3];
        while let Some(TokenTree::Ident(name)) = tokens.peek() {
            let (word, span) = (name.to_string(), name.span());
            if word == "concat" {
                break;
            }
            tokens.next();
            if word == "all" && !allows_all_rows {
                allows_all_rows = true;
                if tokens.peek().is_some_and(is_comma) {
                    let message = "remove the comma: `sql!(all \"…\")`";
                    return Err((span, message.to_owned()));
                }
                continue;
            }
            if !WITH_VALUE.contains(&word.as_str()) {
                let is_before_text = tokens.peek().and_then(string).is_some();
                return Err((span, unknown_word(&word, is_before_text)));
            }
            let value = tokens.next().and_then(|token| string(&token));
            let has_comma = tokens.next().is_some_and(|token| is_comma(&token));
            let Some(value) = value.filter(|_| has_comma) else {
                let message = format!(
                    "`{word}` takes a string and a comma: `sql!({word} \"…\", \"SELECT …\")`"
                );
                return Err((span, message));
            };
            let is_new = match word.as_str() {
                "in" => directory.replace(value).is_none(),
                "at" => revision.replace(value).is_none(),
                "function" => add(&mut functions, value),
                "collation" => add(&mut collations, value),
                "module" => add(&mut modules, value),
                _ => true,
            };
            if !is_new {
                return Err((span, format!("`{word}` occurs twice")));
            }
        }
        let (text, literal, span) = text(tokens.collect())?;
        let Some(package) = env::var_os("CARGO_MANIFEST_DIR") else {
            return Err((span, NO_CARGO.to_owned()));
        };
        let directory = directory.unwrap_or_else(|| "migrations".to_owned());
        Ok(Self {
            path: Path::new(&package).join(&directory),
            directory,
            revision,
            allows_all_rows,
            functions,
            collations,
            modules,
            text,
            literal,
            span,
        })
    }

    /// Returns the names as references.
    #[cfg(feature = "prove")]
    pub(super) fn names(names: &[String]) -> Vec<&str> {
        names.iter().map(String::as_str).collect()
    }
}

/// Adds a name. Returns `false` if the list has the name already.
fn add(names: &mut Vec<String>, name: String) -> bool {
    let is_new = !names.contains(&name);
    names.push(name);
    is_new
}

/// Describes a word that is no argument. `is_before_text` is `true` if a string follows.
fn unknown_word(word: &str, is_before_text: bool) -> String {
    match word {
        "all" => "`all` occurs twice".to_owned(),
        _ if is_before_text => {
            let known = WITH_VALUE.join("`, `");
            format!("unknown word `{word}`: the words are `all`, `{known}`")
        }
        _ => NOT_A_LITERAL.to_owned(),
    }
}

/// Joins the pieces of the text.
fn text(tokens: Vec<TokenTree>) -> Result<(String, TokenStream, Span)> {
    // One literal stays as it is written.
    if let [TokenTree::Literal(literal)] = &tokens[..] {
        let Some(text) = string_of(literal) else {
            return Err((literal.span(), NOT_A_LITERAL.to_owned()));
        };
        let span = literal.span();
        return Ok((text, TokenTree::from(literal.clone()).into(), span));
    }
    let mut pieces = Pieces::default();
    pieces.read(tokens.into_iter().collect(), false)?;
    let Some(span) = pieces.span else {
        return Err((Span::call_site(), NO_TEXT.to_owned()));
    };
    let mut literal = Literal::string(&pieces.text);
    literal.set_span(span);
    Ok((pieces.text, TokenTree::from(literal).into(), span))
}

/// The pieces of the text that have been read.
#[derive(Default)]
struct Pieces {
    text: String,
    /// The span of the first piece.
    span: Option<Span>,
}

impl Pieces {
    /// Reads pieces with commas between them. `concat!` also takes literals other than strings.
    fn read(&mut self, tokens: TokenStream, is_in_concat: bool) -> Result<()> {
        let mut tokens = tokens.into_iter().peekable();
        while let Some(token) = tokens.next() {
            let span = token.span();
            let not_a_literal = || (span, NOT_A_LITERAL.to_owned());
            match token {
                TokenTree::Literal(literal) => {
                    let text = match string_of(&literal) {
                        Some(text) => text,
                        None if is_in_concat => {
                            other_literal(&literal).ok_or_else(not_a_literal)?
                        }
                        None => return Err(not_a_literal()),
                    };
                    self.text += &text;
                    self.span.get_or_insert(span);
                }
                // A fragment of a `macro_rules!` is in a group without delimiters.
                TokenTree::Group(group) if group.delimiter() == Delimiter::None => {
                    self.read(group.stream(), is_in_concat)?;
                }
                TokenTree::Ident(word) if is_in_concat && (word == "true" || word == "false") => {
                    self.text += &word.to_string();
                }
                TokenTree::Ident(word) if word == "concat" => {
                    let is_call = tokens.next().is_some_and(|mark| is_mark(&mark, '!'));
                    let Some(TokenTree::Group(group)) = tokens.next().filter(|_| is_call) else {
                        return Err(not_a_literal());
                    };
                    self.read(group.stream(), true)?;
                }
                _ => return Err(not_a_literal()),
            }
            if let Some(next) = tokens.next() {
                if !is_comma(&next) {
                    let message = match string(&next) {
                        Some(_) => "separate the pieces of the text by commas",
                        None => NOT_A_LITERAL,
                    };
                    return Err((next.span(), message.to_owned()));
                }
            }
        }
        Ok(())
    }
}

fn is_mark(token: &TokenTree, mark: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == mark)
}

fn is_comma(token: &TokenTree) -> bool {
    is_mark(token, ',')
}

/// Returns the value of a token that is a string literal.
fn string(token: &TokenTree) -> Option<String> {
    match token {
        TokenTree::Literal(literal) => string_of(literal),
        TokenTree::Group(group) if group.delimiter() == Delimiter::None => {
            let mut tokens = group.stream().into_iter();
            let value = string(&tokens.next()?);
            value.filter(|_| tokens.next().is_none())
        }
        _ => None,
    }
}

fn string_of(literal: &Literal) -> Option<String> {
    match Lit::new(literal.clone()) {
        Lit::Str(text) => Some(text.value()),
        _ => None,
    }
}

/// Returns the text of a number or a character, as `concat!` does.
fn other_literal(literal: &Literal) -> Option<String> {
    match Lit::new(literal.clone()) {
        Lit::Char(character) => Some(character.value().to_string()),
        Lit::Int(number) => Some(number.base10_digits().to_owned()),
        Lit::Float(number) => Some(number.base10_digits().to_owned()),
        _ => None,
    }
}
