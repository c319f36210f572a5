//! The fuzz targets on stable Rust: each file of the corpus, and so many mutations of it, the same in each run.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;

#[path = "../fuzz/src/lib.rs"]
#[allow(unreachable_pub, reason = "there, it is a library")]
mod targets;

/// A generator that needs no crate: xorshift, so that a failure can be repeated.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit.max(1) as u64).unwrap()
    }

    /// A range in so many bytes, which is short more often than long.
    fn range(&mut self, length: usize) -> std::ops::Range<usize> {
        let start = self.below(length + 1);
        let most = if self.below(2) == 0 { 8 } else { length };
        start..start + self.below((length - start).min(most) + 1)
    }
}

/// What makes up migrations, locks and SQL, and what breaks them.
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

fn mutate(numbers: &mut Numbers, corpus: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = corpus[numbers.below(corpus.len())].1.clone();
    for _ in 0..1 + numbers.below(5) {
        let at = numbers.below(bytes.len() + 1);
        match numbers.below(7) {
            0 if at < bytes.len() => bytes[at] ^= 1 << numbers.below(8),
            1 => drop(bytes.drain(numbers.range(bytes.len()))),
            2 => {
                let part = bytes[numbers.range(bytes.len())].to_vec();
                bytes.splice(at..at, part);
            }
            3 => {
                let other = &corpus[numbers.below(corpus.len())].1;
                let part = other[numbers.range(other.len())].to_vec();
                bytes.splice(at..at, part);
            }
            4 => drop(bytes.splice(numbers.range(bytes.len()), WORDS[numbers.below(WORDS.len())].bytes())),
            _ => drop(bytes.splice(at..at, WORDS[numbers.below(WORDS.len())].bytes())),
        }
    }
    // What is said of a long input is said of a short one, and sooner.
    bytes.truncate(LONGEST);
    bytes
}

/// The longest input, in bytes.
const LONGEST: usize = 2048;

/// Says which input it was that a target could not take.
struct Witness<'i> {
    input: &'i str,
    bytes: &'i [u8],
}

impl Drop for Witness<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}: \"{}\"", self.input, self.bytes.escape_ascii());
        }
    }
}

fn run(name: &str, target: fn(&[u8]), mutations: usize) {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(name);
    let files = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let mut corpus: Vec<(String, Vec<u8>)> =
        files.map(|path| (path.display().to_string(), fs::read(path).unwrap())).collect();
    // In the same order everywhere, so that the mutations are the same.
    corpus.sort();
    assert!(corpus.len() > 5, "there is a corpus");
    for (input, bytes) in &corpus {
        let _witness = Witness { input, bytes };
        target(bytes);
    }
    let mut numbers = Numbers(0x5eed);
    for number in 0..mutations {
        let bytes = mutate(&mut numbers, &corpus);
        let _witness = Witness { input: &format!("mutation {number}"), bytes: &bytes };
        target(&bytes);
    }
}

#[test]
fn any_files_are_a_chain_or_have_a_defect_and_mean_the_same_however_they_are_set() {
    run("parser", targets::parser, 8000);
}

#[test]
fn tokens_cover_any_text_and_are_the_same_one_a_line() {
    run("tokens", targets::tokens, 20_000);
}

#[test]
fn the_normal_form_of_any_schema_is_that_of_what_sqlite_keeps_of_it() {
    run("normal_form", targets::normal_form, 1200);
}

#[test]
fn any_lock_is_read_as_it_is_written_or_has_a_defect() {
    run("lock", targets::lock, 20_000);
}
