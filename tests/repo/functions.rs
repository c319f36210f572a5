//! Functions: the length of test names and of bodies.

use crate::lexer::{Token, closing};
use crate::sources::{Source, all_sources, assert_none};

const MAX_NAME: usize = 60;
const MAX_LINES: usize = 80;

fn long_test_names(source: &Source) -> Vec<String> {
    let tokens = source.tokens();
    let mut problems = Vec::new();
    for index in 0..tokens.len() {
        if !is_sequence(&tokens[index..], &["#", "[", "test", "]"]) {
            continue;
        }
        let Some(name) = next_function(&tokens[index..]) else {
            continue;
        };
        if name.text.chars().count() > MAX_NAME {
            problems.push(source.problem(name.line, name.text));
        }
    }
    problems
}

fn is_sequence(tokens: &[Token<'_>], texts: &[&str]) -> bool {
    tokens.len() >= texts.len()
        && tokens
            .iter()
            .zip(texts)
            .all(|(token, text)| token.text == *text)
}

/// Returns the name of the first function.
fn next_function<'t, 'c>(tokens: &'t [Token<'c>]) -> Option<&'t Token<'c>> {
    let keyword = tokens.iter().position(|token| token.text == "fn")?;
    tokens.get(keyword + 1)
}

fn long_functions(source: &Source) -> Vec<String> {
    let tokens = source.tokens();
    let mut problems = Vec::new();
    for index in 0..tokens.len() {
        let Some(end) = function_end(&tokens, index) else {
            continue;
        };
        let lines = tokens[end].line - tokens[index].line + 1;
        if lines > MAX_LINES {
            let name = tokens[index + 1].text;
            problems.push(source.problem(tokens[index].line, &format!("{name}: {lines} lines")));
        }
    }
    problems
}

/// Returns the index of the brace that closes the function whose `fn` is at `index`, if any.
fn function_end(tokens: &[Token<'_>], index: usize) -> Option<usize> {
    let name = tokens.get(index + 1)?;
    let is_named = name
        .text
        .starts_with(|c: char| c.is_alphabetic() || c == '_');
    if tokens[index].text != "fn" || !is_named {
        return None;
    }
    let mut at = index + 2;
    while at < tokens.len() {
        match tokens[at].text {
            "{" => return Some(closing(tokens, at)),
            "(" | "[" => at = closing(tokens, at),
            ";" => return None,
            _ => {}
        }
        at += 1;
    }
    None
}

#[test]
fn test_names_have_at_most_60_characters() {
    let problems: Vec<_> = all_sources().iter().flat_map(long_test_names).collect();
    assert_none(&problems);
}

#[test]
fn functions_have_at_most_80_lines() {
    let problems: Vec<_> = all_sources().iter().flat_map(long_functions).collect();
    assert_none(&problems);
}

#[test]
fn long_test_name_is_found() {
    let long = "a".repeat(61);
    let text =
        format!("fn {long}() {{}}\n#[test]\n#[ignore]\nfn {long}() {{}}\n#[test]\nfn b() {{}}");
    let source = Source::new("a.rs", &text);
    assert_eq!(long_test_names(&source), [format!("a.rs:4: {long}")]);
}

#[test]
fn long_function_is_found() {
    let body = "    x(\"}\");\n".repeat(79);
    let text = format!("trait T {{ fn t(&self); }}\nfn f(g: fn([u8; 2])) -> u8 {{\n{body}}}\n");
    let source = Source::new("a.rs", &text);
    assert_eq!(long_functions(&source), ["a.rs:2: f: 81 lines"]);
    let short = Source::new("a.rs", &text.replacen("    x(\"}\");\n", "", 1));
    assert_eq!(long_functions(&short), [""; 0]);
}
