//! Chains and databases that several modules test.

use std::fs;
use std::sync::OnceLock;

use revchain::rusqlite::{Connection, version_number};
use revchain::{Migrations, embed_migrations};
use revchain_prove::migrations_from_directory;

use super::Fixture;

/// The chain of the repository, a token store.
pub(crate) static TOKENS: Migrations = embed_migrations!("migrations");
/// A chain with a name.
pub(crate) static BILLING: Migrations = embed_migrations!("tests/chains/billing", name = "billing");

/// The schema of the token store before it had migrations, with comments and other white space.
pub(crate) const BEFORE_MIGRATIONS: &str = include_str!("before_migrations.sql");

/// Returns a database with the schema of `revision` and without a history.
pub(crate) fn unmanaged(revision: &str) -> Connection {
    let mut db = Connection::open_in_memory().unwrap();
    TOKENS.migrator().upgrade_to(&mut db, revision).unwrap();
    db.execute_batch("DROP TABLE revchain_history").unwrap();
    db
}

/// Returns the chain with each kind of SQL, whose proof takes longer than most tests.
///
/// Returns `None` if SQLite is too old for its last revision.
pub(crate) fn all_sql() -> Option<&'static Migrations> {
    static ALL_SQL: OnceLock<Migrations> = OnceLock::new();
    if version_number() < 3_053_000 {
        return None;
    }
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/chains/everything");
    Some(ALL_SQL.get_or_init(|| migrations_from_directory(directory).unwrap()))
}

/// Builds a chain whose two branches add a column to the same table.
///
/// The order of the columns in a database depends on the branch that was applied first.
pub(crate) fn merged_chain(fixture: &Fixture) -> Migrations {
    let directory = fixture.path("merged");
    fs::create_dir(&directory).unwrap();
    for (day, id, revises, upgrade, downgrade) in [
        (1, "001", "base", "CREATE TABLE t (a);", "DROP TABLE t;"),
        (
            2,
            "002",
            "001",
            "ALTER TABLE t ADD COLUMN b;",
            "ALTER TABLE t DROP COLUMN b;",
        ),
        (
            3,
            "003",
            "001",
            "ALTER TABLE t ADD COLUMN c;",
            "ALTER TABLE t DROP COLUMN c;",
        ),
        (4, "004", "002 003", "CREATE TABLE u (v);", "DROP TABLE u;"),
        (5, "005", "004", "CREATE TABLE w (x);", "DROP TABLE w;"),
    ] {
        let text = format!(
            "-- A.\n-- @revises {revises}\n-- @upgrade\n{upgrade}\n-- @downgrade\n{downgrade}\n"
        );
        fs::write(
            directory.join(format!("202601{day:02}_0000_{id}_x.sql")),
            text,
        )
        .unwrap();
    }
    migrations_from_directory(&directory).unwrap()
}

/// Builds a chain of three revisions, in which 002 needs a function that the program registers.
pub(crate) fn chain_with_unproven_revision(
    fixture: &Fixture,
    upgrade: &str,
    downgrade: &str,
) -> Migrations {
    let directory = fixture.path("unproven");
    fs::create_dir(&directory).unwrap();
    for (day, id, revises, header, upgrade, downgrade) in [
        (
            1,
            "001",
            "base",
            "",
            "CREATE TABLE t (a TEXT);",
            "DROP TABLE t;",
        ),
        (
            2,
            "002",
            "001",
            "-- @unproven the program registers norm()\n",
            upgrade,
            downgrade,
        ),
        (3, "003", "002", "", "CREATE TABLE u (a);", "DROP TABLE u;"),
    ] {
        let text = format!(
            "-- A.\n-- @revises {revises}\n{header}-- @upgrade\n{upgrade}\n-- @downgrade\n{downgrade}\n"
        );
        fs::write(
            directory.join(format!("202601{day:02}_0000_{id}_x.sql")),
            text,
        )
        .unwrap();
    }
    migrations_from_directory(&directory).unwrap()
}
