//! State has a type: no `Option<bool>`, no `Vec<bool>`, and no `match` on `bool` or `()`.

use crate::lexer::Token;
use crate::sources::{Source, assert_none, crate_sources};

/// The only file that may use `Vec<bool>`.
const REVISION_SET: &str = "core/src/model/revision_set.rs";

fn untyped_state(source: &Source) -> Vec<String> {
    let tokens = source.tokens();
    let mut problems = Vec::new();
    for index in 0..tokens.len() {
        if let Some(message) = problem_at(&tokens[index..], previous(&tokens, index), &source.path)
        {
            problems.push(source.problem(tokens[index].line, message));
        }
    }
    problems
}

fn previous<'c>(tokens: &[Token<'c>], index: usize) -> &'c str {
    match index {
        0 => "",
        _ => tokens[index - 1].text,
    }
}

fn problem_at(tokens: &[Token<'_>], previous: &str, path: &str) -> Option<&'static str> {
    let text = |index: usize| tokens.get(index).map_or("", |token: &Token<'_>| token.text);
    let is_pattern_start = matches!(previous, "{" | "}" | "," | "|");
    match [text(0), text(1), text(2), text(3)] {
        ["Option", "<", "bool", ">"] => Some("Option<bool>"),
        ["Vec", "<", "bool", ">"] if path != REVISION_SET => Some("Vec<bool>"),
        ["match", "(", ")", "{"] => Some("match ()"),
        ["true" | "false", "=>", ..] if is_pattern_start => Some("match on a bool"),
        _ => None,
    }
}

#[test]
fn state_has_a_type() {
    let problems: Vec<_> = crate_sources().iter().flat_map(untyped_state).collect();
    assert_none(&problems);
}

#[test]
fn untyped_state_is_found() {
    let text = "a: Option<bool>,\nb: Vec< bool >,\nmatch () {\n_ => 1 }\n\
                match x {\ntrue => 1,\nfalse => 2 }\n\
                match y { (true, _) => 1, Some(false) => 2 }";
    let source = Source::new("a.rs", text);
    let expected = [
        "a.rs:1: Option<bool>",
        "a.rs:2: Vec<bool>",
        "a.rs:3: match ()",
        "a.rs:6: match on a bool",
        "a.rs:7: match on a bool",
    ];
    assert_eq!(untyped_state(&source), expected);
    assert_eq!(
        untyped_state(&Source::new(REVISION_SET, "Vec<bool>")),
        [""; 0]
    );
}
