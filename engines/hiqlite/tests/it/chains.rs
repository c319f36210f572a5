//! The chains, by name.

use std::fmt::Write;
use std::path::Path;

use revchain::{Migrations, Replicated, embed_migrations};

static TOKENS: Replicated = embed_migrations!("../../migrations", replicated = true);
static LEFT: Replicated = embed_migrations!("tests/chains/left", replicated = true);
static RIGHT: Replicated = embed_migrations!("tests/chains/right", replicated = true);
static BULK: Replicated = embed_migrations!("tests/chains/bulk", replicated = true);
static UNIQUE: Replicated = embed_migrations!("tests/chains/unique", replicated = true);
static RETURNING: Replicated = embed_migrations!("tests/chains/returning", replicated = true);
static BILLING: Replicated =
    embed_migrations!("tests/chains/billing", name = "billing", replicated = true);
static RECORDED: Replicated = embed_migrations!("tests/chains/recorded", replicated = true);

/// Returns the chain with this name.
pub(crate) fn chain(name: &str) -> Replicated {
    match name {
        "tokens" => TOKENS.clone(),
        "left" => LEFT.clone(),
        "right" => RIGHT.clone(),
        "bulk" => BULK.clone(),
        "unique" => UNIQUE.clone(),
        "recorded" => RECORDED.clone(),
        "returning" => RETURNING.clone(),
        "billing" => BILLING.clone(),
        "large" => large(),
        "release-1" => release(1),
        "release-2" => release(2),
        "release-3" => release(3),
        _ => panic!("there is no chain {name}"),
    }
}

/// Returns the chain of a release, which has the first revisions.
fn release(count: usize) -> Replicated {
    let all = Path::new("tests/chains/releases");
    let files = std::fs::read_dir(all).unwrap();
    let mut files: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    files.sort();
    let directory = tempfile::tempdir().unwrap();
    for file in &files[..count] {
        std::fs::copy(file, directory.path().join(file.file_name().unwrap())).unwrap();
    }
    read(directory.path())
}

/// Reads a chain without its proof.
fn read(directory: &Path) -> Replicated {
    let chain = revchain_core::load::load(directory, "migrations").unwrap();
    Replicated::from_migrations(Migrations::from_chain(chain, "migrations".to_owned()), None)
}

/// Returns a chain whose SQL is larger than an entry of the log: three revisions of 900 kB.
fn large() -> Replicated {
    let directory = tempfile::tempdir().unwrap();
    for (revision, parent) in [("001", "base"), ("002", "001"), ("003", "002")] {
        let mut sql = format!("-- Add t{revision}.\n-- @revises {parent}\n\n-- @upgrade\n");
        let value = revision.repeat(300_000);
        writeln!(sql, "CREATE TABLE t{revision} (v TEXT NOT NULL);").unwrap();
        writeln!(sql, "INSERT INTO t{revision} (v) VALUES ('{value}');").unwrap();
        writeln!(sql, "\n-- @downgrade\nDROP TABLE t{revision};").unwrap();
        let name = format!("20260101_0{}00_{revision}_large.sql", &revision[2..]);
        std::fs::write(directory.path().join(name), sql).unwrap();
    }
    read(directory.path())
}
