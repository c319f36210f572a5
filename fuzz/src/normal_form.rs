//! The target for schemas in normal form, compared with the schemas of SQLite.

use revchain_core::schema::{Schema, SchemaSql, diff};
use revchain_core::sql::tokenizer;
use rusqlite::Connection;

use super::files::check_text;

/// The number of statements of an input that are run.
const MAX_STATEMENTS: usize = 40;

/// Takes bytes as statements that make a schema: reads each, and runs them in SQLite.
pub fn normal_form(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let statements = split_into_statements(&text);
    // This schema has objects that SQLite would reject, too.
    let unchecked = Schema::read(statements.iter().copied());
    check_schema(&unchecked, &statements);
    let Ok(db) = Connection::open_in_memory() else {
        return;
    };
    let Some(schema_sql) = run_statements(&db, &statements) else {
        return;
    };
    let stored: Vec<String> = read_stored_sql(&db).unwrap_or_default();
    let stored: Vec<&str> = stored.iter().map(String::as_str).collect();
    let schema = schema_sql.schema();
    check_schema(schema, &stored);
    check_columns(schema, &db);
    check_stored_sql_makes_the_same_schema(schema, &stored);
    let difference = diff(schema, &unchecked);
    assert_eq!(difference.is_empty(), *schema == unchecked, "{difference}");
    check_text(&difference.to_string());
    check_text(&diff(schema, &Schema::default()).to_string());
}

fn split_into_statements(text: &str) -> Vec<&str> {
    let tokens = tokenizer::tokens(text);
    let statements = tokenizer::statements(text, &tokens).into_iter();
    statements
        .filter_map(|tokens| Some(&text[tokens.first()?.span.start..tokens.last()?.span.end]))
        .take(MAX_STATEMENTS)
        .collect()
}

/// Runs the statements that change the schema, and returns the schema that SQLite stores.
///
/// Asserts that a schema read as a whole is the same as one updated after each statement.
fn run_statements(db: &Connection, statements: &[&str]) -> Option<SchemaSql> {
    let mut before = SchemaSql::default();
    let mut updated = Schema::default();
    for statement in statements {
        if !changes_schema(statement) || db.execute_batch(statement).is_err() {
            continue;
        }
        let after = read_schema_sql(db).ok()?;
        let (removed, added) = before.changes(&after);
        updated.apply_delta(removed, added);
        let expected = after.schema().fingerprint();
        assert_eq!(updated.fingerprint(), expected, "{statement}");
        before = after;
    }
    Some(before)
}

/// Returns `true` if a statement makes or changes an object, and always ends.
fn changes_schema(statement: &str) -> bool {
    let mut tokens = tokenizer::tokens(statement);
    tokens.retain(|token| !token.is_comment());
    let has = |words: &[&str]| tokens.iter().any(|token| token.is_one_of(statement, words));
    let is_at = |index: usize, words: &[&str]| {
        let token = tokens.get(index);
        token.is_some_and(|token| token.is_one_of(statement, words))
    };
    if is_at(0, &["ALTER", "DROP"]) {
        return true;
    }
    // CREATE TABLE … AS can run a recursive query without an end.
    let is_table = is_at(1, &["TABLE", "TEMP", "TEMPORARY"]);
    let is_copy = is_table && has(&["SELECT", "VALUES", "WITH"]);
    is_at(0, &["CREATE"]) && !is_copy && !has(&["TEMP", "TEMPORARY"])
}

fn read_stored_sql(db: &Connection) -> rusqlite::Result<Vec<String>> {
    let own = "tbl_name NOT GLOB 'revchain_*' AND tbl_name NOT GLOB 'sqlite_*'";
    let mut statement = db.prepare(&format!(
        "SELECT sql FROM main.sqlite_master WHERE sql IS NOT NULL AND {own} ORDER BY rowid"
    ))?;
    let rows = statement.query_map([], |row| {
        Ok(String::from_utf8_lossy(row.get_ref(0)?.as_bytes()?).into_owned())
    })?;
    rows.collect()
}

fn read_schema_sql(db: &Connection) -> rusqlite::Result<SchemaSql> {
    Ok(SchemaSql::new(read_stored_sql(db)?.join("\0")))
}

/// Asserts that SQL makes the same schema each time, and that every question has an answer.
fn check_schema(schema: &Schema, sql: &[&str]) {
    let again = Schema::read(sql.iter().copied());
    assert_eq!(again.fingerprint(), schema.fingerprint());
    assert_eq!(diff(schema, &again).to_string(), "");
    let _ = schema.names().count();
    for table in schema.tables() {
        let _ = schema.children(table);
        let _ = schema.attached(table);
    }
}

/// Asserts that each table has the columns that SQLite reports.
fn check_columns(schema: &Schema, db: &Connection) {
    for table in schema.tables() {
        let columns = schema.columns(table).unwrap_or_default();
        let Ok(reported) = reported_columns(db, table) else {
            continue;
        };
        assert!(
            columns.is_empty() || columns == reported,
            "{table:?}: {columns:?} {reported:?}"
        );
    }
}

fn reported_columns(db: &Connection, table: &str) -> rusqlite::Result<Vec<String>> {
    let mut statement = db.prepare("SELECT name FROM pragma_table_xinfo(?) ORDER BY cid")?;
    let rows = statement.query_map([table], |row| row.get(0))?;
    rows.collect()
}

/// Asserts that the SQL that SQLite stores makes the same schema in a new database.
fn check_stored_sql_makes_the_same_schema(schema: &Schema, stored: &[&str]) {
    let Ok(db) = Connection::open_in_memory() else {
        return;
    };
    if stored.iter().any(|sql| db.execute_batch(sql).is_err()) {
        return;
    }
    let Ok(again) = read_schema_sql(&db) else {
        return;
    };
    assert_eq!(diff(schema, again.schema()).to_string(), "", "{stored:?}");
    assert_eq!(schema.fingerprint(), again.schema().fingerprint());
}
