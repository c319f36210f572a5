//! Comments: their first words and their width.

use crate::sources::{Source, all_sources, assert_none};

/// Words that hide the subject of a sentence.
const FORBIDDEN_STARTS: [&str; 6] = ["What", "Where", "Whoever", "Of", "Those", "Such"];

const MAX_WIDTH: usize = 100;

fn forbidden_starts(source: &Source) -> Vec<String> {
    let mut problems = Vec::new();
    for comment in &source.comments {
        let first = comment.text.split(|c: char| !c.is_alphanumeric()).next();
        if first.is_some_and(|word| FORBIDDEN_STARTS.contains(&word)) {
            problems.push(source.problem(comment.line, &comment.text));
        }
    }
    problems
}

fn wide_comments(source: &Source) -> Vec<String> {
    let mut problems = Vec::new();
    for comment in &source.comments {
        if let Some(width) = comment.width.filter(|width| *width > MAX_WIDTH) {
            problems.push(source.problem(comment.line, &format!("{width} columns")));
        }
    }
    problems
}

#[test]
fn comments_start_with_their_subject() {
    let problems: Vec<_> = all_sources().iter().flat_map(forbidden_starts).collect();
    assert_none(&problems);
}

#[test]
fn comments_fit_in_100_columns() {
    let problems: Vec<_> = all_sources().iter().flat_map(wide_comments).collect();
    assert_none(&problems);
}

#[test]
fn forbidden_first_word_is_found() {
    let text = "/// Of two.\n//! What is\n// Offset\nlet text = \"// Those\"; // Such";
    let source = Source::new("a.rs", text);
    let expected = ["a.rs:1: Of two.", "a.rs:2: What is", "a.rs:4: Such"];
    assert_eq!(forbidden_starts(&source), expected);
}

#[test]
fn wide_comment_is_found() {
    let wide = format!("    // {}", "ä".repeat(94));
    let source = Source::new("a.rs", &format!("{}\n{wide}", &wide[..wide.len() - 2]));
    assert_eq!(wide_comments(&source), ["a.rs:2: 101 columns"]);
}
