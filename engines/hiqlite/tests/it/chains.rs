//! The chains, by name.

use std::fmt::Write;

use revchain::{Migrations, Replicated, embed_migrations};

static TOKENS: Replicated = embed_migrations!("../../migrations", replicated = true);
static LEFT: Replicated = embed_migrations!("tests/chains/left", replicated = true);
static RIGHT: Replicated = embed_migrations!("tests/chains/right", replicated = true);
static BULK: Replicated = embed_migrations!("tests/chains/bulk", replicated = true);
static UNIQUE: Replicated = embed_migrations!("tests/chains/unique", replicated = true);
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
        "large" => large(),
        _ => panic!("there is no chain {name}"),
    }
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
    let chain = revchain_core::load::load(directory.path(), "large").unwrap();
    Replicated::from_migrations(Migrations::from_chain(chain, "large".to_owned()), None)
}
