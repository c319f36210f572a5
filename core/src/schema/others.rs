//! What is in a database and not part of its schema: what SQLite, revchain and other tools keep there for themselves.

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
    let starts =
        |prefix: &&str| table.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix));
    ["sqlite_", "revchain_"].iter().any(starts) || TOOLS.iter().any(|name| name.eq_ignore_ascii_case(table))
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

/// The endings of the tables that a module keeps behind a virtual table, whose definition this is. Of a module that is not
/// known here there is no saying, and any may be one: SQLite could only tell where the program has registered it.
pub(super) fn shadows(module: &str, definition: &str) -> Option<Vec<&'static str>> {
    let (_, endings) = SHADOWS.iter().find(|(known, _)| *known == module)?;
    // One that reads its content from another table keeps none itself, and that other may be called so.
    let reads_another = has_content(definition);
    Some(endings.iter().copied().filter(|ending| !(*ending == "content" && reads_another)).collect())
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
