//! The fuzz targets of `fuzz/` on stable Rust: every file of the corpus, and mutations.

use std::fs;
use std::path::Path;

use proptest::prelude::*;
use proptest::sample::{Index, select};

use crate::support::deterministic_runner;

#[path = "../../fuzz/src/lib.rs"]
#[allow(unreachable_pub, reason = "the file is a library of its own")]
mod targets;

/// Fragments of migrations, lock files and SQL, valid and invalid.
const WORDS: &[&str] = &[
    "\n-- @upgrade\n",
    "\n-- @downgrade\n",
    "\n-- @revises base\n",
    "\n-- @revises 001 002\n",
    "\n-- @irreversible x\n",
    "\n-- @destroys t.a x\n",
    "\n-- @unproven x\n",
    "-- @",
    "-- A.\n",
    "\n=== 20260102_1200_002_y.sql\n",
    "\n=== revchain.lock\n",
    "\nhead ",
    " base ",
    "001",
    "CREATE TABLE ",
    "CREATE INDEX ",
    "CREATE VIEW ",
    "CREATE TRIGGER ",
    "CREATE VIRTUAL TABLE ",
    "ALTER TABLE ",
    "DROP TABLE ",
    "RENAME TO ",
    "RENAME COLUMN ",
    "ADD COLUMN ",
    "DROP COLUMN ",
    "PRIMARY KEY",
    "UNIQUE",
    "NOT NULL",
    "DEFAULT ",
    "CHECK (",
    "COLLATE ",
    "REFERENCES ",
    "FOREIGN KEY (",
    "GENERATED ALWAYS AS (",
    "CONSTRAINT ",
    "ON CONFLICT ",
    "ON DELETE CASCADE",
    "WITHOUT ROWID",
    "STRICT",
    "AUTOINCREMENT",
    "BEGIN ",
    " END;",
    "SELECT ",
    " FROM ",
    " AS ",
    " ON ",
    " USING ",
    "INSERT INTO ",
    "DELETE FROM ",
    "UPDATE ",
    " SET ",
    "COMMIT;",
    "PRAGMA ",
    "revchain_history",
    "'",
    "\"",
    "`",
    "[",
    "]",
    "(",
    ")",
    ",",
    ";",
    ".",
    "/*",
    "*/",
    "--",
    "x'0f'",
    "1e5",
    "0x",
    "?",
    ":a",
    "\\",
    "\0",
    "\r",
    "\r\n",
    "\n",
    " ",
    "\t",
    "\u{feff}",
    "\u{202e}",
    "\u{1b}[2J",
    "\u{2028}",
    "ä",
    "\"a\"",
    "\"no such\"",
    "a",
    "t",
    "NULL",
];

/// The maximum length of a mutated input, in bytes.
const MAX_LENGTH: usize = 2048;

/// A range of bytes, short more often than long.
#[derive(Clone, Copy, Debug)]
struct Span {
    start: Index,
    length: Index,
    is_short: bool,
}

impl Span {
    fn any() -> impl Strategy<Value = Self> {
        any::<(Index, Index, bool)>().prop_map(|(start, length, is_short)| Self {
            start,
            length,
            is_short,
        })
    }

    fn of(self, bytes: &[u8]) -> std::ops::Range<usize> {
        let start = self.start.index(bytes.len() + 1);
        let rest = bytes.len() - start;
        let limit = if self.is_short { rest.min(8) } else { rest };
        start..start + self.length.index(limit + 1)
    }
}

/// A change of an input.
#[derive(Clone, Debug)]
enum Mutation {
    FlipBit(Index, u8),
    Remove(Span),
    Repeat(Span, Index),
    /// Inserts a part of another file of the corpus.
    Splice(Index, Span, Index),
    Replace(Span, &'static str),
    Insert(Index, &'static str),
}

impl Mutation {
    fn any() -> impl Strategy<Value = Self> {
        let index = any::<Index>;
        prop_oneof![
            1 => (index(), 0_u8..8).prop_map(|(at, bit)| Self::FlipBit(at, bit)),
            1 => Span::any().prop_map(Self::Remove),
            1 => (Span::any(), index()).prop_map(|(span, at)| Self::Repeat(span, at)),
            1 => (index(), Span::any(), index())
                .prop_map(|(file, span, at)| Self::Splice(file, span, at)),
            1 => (Span::any(), select(WORDS)).prop_map(|(span, word)| Self::Replace(span, word)),
            2 => (index(), select(WORDS)).prop_map(|(at, word)| Self::Insert(at, word)),
        ]
    }

    fn apply(&self, bytes: &mut Vec<u8>, corpus: &[Vec<u8>]) {
        match self {
            Self::FlipBit(at, bit) => {
                if !bytes.is_empty() {
                    let at = at.index(bytes.len());
                    bytes[at] ^= 1 << bit;
                }
            }
            Self::Remove(span) => drop(bytes.drain(span.of(bytes))),
            Self::Repeat(span, at) => {
                let part = bytes[span.of(bytes)].to_vec();
                insert(bytes, *at, part);
            }
            Self::Splice(file, span, at) => {
                let file = file.get(corpus);
                insert(bytes, *at, file[span.of(file)].to_vec());
            }
            Self::Replace(span, word) => drop(bytes.splice(span.of(bytes), word.bytes())),
            Self::Insert(at, word) => insert(bytes, *at, word.as_bytes().to_vec()),
        }
    }
}

fn insert(bytes: &mut Vec<u8>, at: Index, part: Vec<u8>) {
    let at = at.index(bytes.len() + 1);
    bytes.splice(at..at, part);
}

/// An input for a target, printed with escapes.
#[derive(Clone)]
struct Input(Vec<u8>);

impl std::fmt::Debug for Input {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "\"{}\"", self.0.escape_ascii())
    }
}

/// Generates a file of the corpus with one to five mutations.
fn mutated(corpus: Vec<Vec<u8>>) -> impl Strategy<Value = Input> {
    let mutations = prop::collection::vec(Mutation::any(), 1..=5);
    (any::<Index>(), mutations).prop_map(move |(file, mutations)| {
        let mut bytes = file.get(&corpus).clone();
        for mutation in mutations {
            mutation.apply(&mut bytes, &corpus);
        }
        // Short inputs find the same defects sooner.
        bytes.truncate(MAX_LENGTH);
        Input(bytes)
    })
}

/// Reads the corpus of a target, sorted by path for reproducible mutations.
fn read_corpus(name: &str) -> Vec<Vec<u8>> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/corpus")
        .join(name);
    let files = fs::read_dir(directory).unwrap();
    let mut paths: Vec<_> = files.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(paths.len() > 5, "the corpus of {name} has files");
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}

/// Runs a target on the corpus as it is, then on mutations.
fn run(name: &str, target: fn(&[u8]), mutations: u32) {
    let corpus = read_corpus(name);
    for bytes in &corpus {
        check(target, &Just(Input(bytes.clone())), 1);
    }
    check(target, &mutated(corpus), mutations);
}

/// Runs a target on generated inputs, and panics with the smallest input that fails.
fn check(target: fn(&[u8]), inputs: &impl Strategy<Value = Input>, cases: u32) {
    let result = deterministic_runner(cases).run(inputs, |input| {
        target(&input.0);
        Ok(())
    });
    assert!(result.is_ok(), "{}", result.unwrap_err());
}

#[test]
fn any_files_are_a_chain_or_have_a_defect() {
    run("parser", targets::parser, 6000);
}

#[test]
fn tokens_cover_any_text() {
    run("tokens", targets::tokens, 9000);
}

#[test]
fn normal_form_of_any_schema_equals_what_sqlite_stores() {
    run("normal_form", targets::normal_form, 950);
}

#[test]
fn any_lock_file_is_read_or_has_a_defect() {
    run("lock", targets::lock, 11_000);
}
