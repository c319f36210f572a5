//! The Rust files of the repository.

use std::fs;
use std::path::Path;

use crate::lexer::{Comment, Token, split_comments, tokens};

/// The crates, in the order of their dependencies.
pub(crate) const CRATES: [&str; 5] = ["core", "runtime", "prove", "macros", "cli"];

/// The directories with Rust files, `src` being that of the root package.
const DIRECTORIES: [&str; 9] = [
    "core", "runtime", "prove", "macros", "cli", "src", "tests", "examples", "benches",
];

/// A Rust file, split into code and comments.
pub(crate) struct Source {
    /// The path from the root of the repository.
    pub(crate) path: String,
    /// The text, with spaces in place of comments, strings and characters.
    pub(crate) code: String,
    pub(crate) comments: Vec<Comment>,
}

impl Source {
    pub(crate) fn new(path: &str, text: &str) -> Self {
        let (code, comments) = split_comments(text);
        Self {
            path: path.to_owned(),
            code,
            comments,
        }
    }

    pub(crate) fn tokens(&self) -> Vec<Token<'_>> {
        tokens(&self.code)
    }

    /// Formats a problem at a line of the file.
    pub(crate) fn problem(&self, line: usize, message: &str) -> String {
        format!("{}:{line}: {message}", self.path)
    }
}

/// Reads a file, by its path from the root of the repository.
pub(crate) fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

pub(crate) fn exists(path: &str) -> bool {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path).exists()
}

/// Returns the crates whose directory exists.
pub(crate) fn crates() -> impl Iterator<Item = &'static str> {
    CRATES.into_iter().filter(|name| exists(name))
}

/// Returns the Rust files of the repository, without build output.
pub(crate) fn all_sources() -> Vec<Source> {
    DIRECTORIES
        .iter()
        .flat_map(|directory| sources_in(directory))
        .collect()
}

/// Returns the Rust files in the `src` directories of the crates.
pub(crate) fn crate_sources() -> Vec<Source> {
    crates()
        .flat_map(|name| sources_in(&format!("{name}/src")))
        .collect()
}

/// Returns the Rust files in a directory and its subdirectories, sorted by path.
pub(crate) fn sources_in(directory: &str) -> Vec<Source> {
    let mut paths = Vec::new();
    if exists(directory) {
        collect_paths(directory, &mut paths);
    }
    paths.sort();
    paths
        .iter()
        .map(|path| Source::new(path, &read(path)))
        .collect()
}

fn collect_paths(directory: &str, paths: &mut Vec<String>) {
    let entries = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(directory)).unwrap();
    for entry in entries.map(Result::unwrap) {
        let name = entry.file_name().into_string().unwrap();
        let path = format!("{directory}/{name}");
        if entry.file_type().unwrap().is_dir() {
            if name != "target" && !name.starts_with('.') {
                collect_paths(&path, paths);
            }
        } else if name.ends_with(".rs") {
            paths.push(path);
        }
    }
}

/// Panics with the problems, one a line.
pub(crate) fn assert_none(problems: &[String]) {
    assert!(
        problems.is_empty(),
        "{} problems\n{}",
        problems.len(),
        problems.join("\n")
    );
}

#[test]
fn sources_include_subdirectories() {
    let sources = sources_in("core/src");
    let is_nested = |source: &Source| source.path.matches('/').count() > 2;
    assert!(sources.iter().any(is_nested));
}
