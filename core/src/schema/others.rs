//! What is in a database and not part of its schema: what SQLite, revchain and other tools keep there for themselves.

use super::text::lower;
use crate::sql;

/// The tables in which Alembic, refinery, sqlx, Diesel, goose, Flyway, Litestream and SeaORM keep books.
const TOOLS: &[&str] = &[
    "alembic_version",
    "refinery_schema_history",
    "_sqlx_migrations",
    "__diesel_schema_migrations",
    "goose_db_version",
    "flyway_schema_history",
    "_litestream_seq",
    "_litestream_lock",
    "seaql_migrations",
];

/// Whether a table, or what is on it, is no part of a schema.
pub(super) fn is_bookkeeping(table: &str) -> bool {
    let table = lower(table);
    table.starts_with("sqlite_") || table.starts_with("revchain_") || TOOLS.contains(&table.as_str())
}

/// The tables that the modules of SQLite itself keep behind a virtual table: `<table>_<one of these>`.
const SHADOWS: &[(&str, &[&str])] = &[
    ("fts5", &["data", "idx", "content", "docsize", "config"]),
    ("fts4", &["content", "segments", "segdir", "docsize", "stat"]),
    ("fts3", &["content", "segments", "segdir", "docsize", "stat"]),
    ("rtree", &["node", "parent", "rowid"]),
    ("rtree_i32", &["node", "parent", "rowid"]),
    ("geopoly", &["node", "parent", "rowid"]),
    ("fts5vocab", &[]),
    ("fts4aux", &[]),
    ("fts3tokenize", &[]),
    ("dbstat", &[]),
];

/// Whether a module keeps a table with this ending behind a virtual table, whose definition this is. Of a module that is not
/// known here there is no saying, and any may be one: SQLite could only tell where the program has registered it.
pub(super) fn is_shadow(ending: &str, module: &str, definition: &str) -> bool {
    let Some((_, endings)) = SHADOWS.iter().find(|(known, _)| *known == module) else { return true };
    // One that reads its content from another table keeps none itself, and that other may be called so.
    endings.contains(&ending) && !(ending == "content" && has_content(definition))
}

fn has_content(definition: &str) -> bool {
    let tokens = sql::tokens(definition);
    tokens.windows(3).any(|window| {
        let [name, mark, value] = window else { return false };
        name.is_word(definition, "content")
            && mark.text(definition) == "="
            && !sql::unquote(value.text(definition)).is_empty()
    })
}
