//! Queries that the checks accept, and queries that they reject.

mod cache;
mod options;

use std::fmt::Write;

use revchain_core::Defect;
use revchain_prove::{QueryRequest, check_query};

use crate::support::Directory;

/// The schema of the two lists of queries.
const SCHEMA: &str = include_str!("schema.sql");

/// Queries that are right, separated by empty lines.
const RIGHT: &str = include_str!("right.txt");

/// The kind of a defect and a query, in which `⟦…⟧` encloses what the message marks.
const WRONG: &str = include_str!("wrong.txt");

/// Returns a chain with the schema as its only revision.
pub(crate) fn library() -> Directory {
    Directory::of(&[(SCHEMA, "")])
}

/// Returns the defects of a query at the head.
pub(crate) fn defects(directory: &Directory, sql: &str) -> Vec<Defect> {
    let request = QueryRequest {
        sql,
        ..QueryRequest::default()
    };
    check_query(&directory.0, &request, false).defects
}

fn texts(defects: &[Defect]) -> Vec<String> {
    defects.iter().map(Defect::to_string).collect()
}

/// Returns the text above the carets of a message.
fn marked(defect: &Defect) -> String {
    let text = defect.to_string();
    let lines: Vec<&str> = text.lines().collect();
    let carets = lines
        .iter()
        .position(|line| line.contains(" | ") && line.contains('^'));
    let (line, carets) = (lines[carets.unwrap() - 1], lines[carets.unwrap()]);
    let carets: Vec<char> = carets.chars().collect();
    let pairs = line.chars().chain([' ']).zip(carets);
    pairs
        .filter(|(_, caret)| *caret == '^')
        .map(|(c, _)| c)
        .collect()
}

#[test]
fn right_queries_are_accepted() {
    let directory = library();
    let queries: Vec<&str> = RIGHT.trim().split("\n\n").collect();
    assert!(queries.len() >= 200, "{}", queries.len());
    let mut problems = String::new();
    for sql in queries {
        for text in texts(&defects(&directory, sql)) {
            let _ = writeln!(problems, "{sql}\n{text}\n");
        }
    }
    assert!(problems.is_empty(), "{problems}");
}

#[test]
fn wrong_queries_are_rejected_at_the_right_place() {
    let directory = library();
    let cases: Vec<&str> = WRONG.trim().split("\n\n").collect();
    assert!(cases.len() >= 100, "{}", cases.len());
    let mut problems = String::new();
    for case in cases {
        let (kind, query) = case.split_once('\n').unwrap();
        let (before, rest) = query.split_once('⟦').unwrap();
        let (expected, after) = rest.split_once('⟧').unwrap();
        let sql = format!("{before}{expected}{after}");
        let found = defects(&directory, &sql);
        let [defect] = &found[..] else {
            let _ = writeln!(
                problems,
                "{} defects: {kind}\n{query}\n{}\n",
                found.len(),
                texts(&found).join("\n")
            );
            continue;
        };
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap().chars().count() + 1;
        let place = defect.line_column().unwrap();
        let is_there = expected.is_empty()
            || (place.0 as usize, place.1 as usize) == (line, column) && marked(defect) == expected;
        if defect.kind().name() != kind || !is_there {
            let _ = writeln!(problems, "{kind}\n{query}\n{defect}\n");
        }
        assert!(!defect.help_text().is_empty(), "{defect}");
    }
    assert!(problems.is_empty(), "{problems}");
}
