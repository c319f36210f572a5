//! The snapshot: an embedded database whose revision is the head.
//!
//! A new database is a copy of the snapshot.

use std::time::Duration;

use revchain_core::Revision;
use revchain_core::sql::tokenizer::{Kind, tokens, unquote};
use revchain_runtime::internal::{
    HistoryTable, Stamp, TIMESTAMP_PLACEHOLDER, encode, marker_index, quote,
};
use revchain_runtime::{Error, Migrations, Origin};
use rusqlite::{Connection, MAIN_DB};

/// Builds the snapshot of a chain.
///
/// Returns `None` in these cases:
///
/// - An upgrade fails, for example because a function of the application is missing. There are no
///   stand-ins here, so the snapshot contains none of their values.
/// - The rows may depend on the time, on random numbers, or on the SQLite library.
/// - The marker of the finished database does not identify the head.
/// - The encoder does not find exactly one placeholder for each revision.
pub fn build_snapshot(migrations: &Migrations) -> Option<Vec<u8>> {
    let mut connection = Connection::open_in_memory().ok()?;
    migrations.upgrade(&mut connection).ok()?;
    let is_nondeterministic = migrations.revisions().iter().any(is_nondeterministic);
    if is_nondeterministic && has_rows(&connection).ok()? {
        return None;
    }
    replace_history(&connection, migrations).ok()?;
    reset_schema_version(&mut connection, migrations).ok()?;
    // Without the marker, opening a copy would be slower than running the chain.
    let head = migrations.chain().head_index()?;
    if marker_index(&connection, migrations).ok()? != Some(head) {
        return None;
    }
    let encoded = encode(&connection.serialize(MAIN_DB).ok()?);
    // Any other count means that a placeholder is missing, or that other data looks like a
    // placeholder.
    if encoded.timestamps != migrations.revisions().len() {
        return None;
    }
    Some(encoded.bytes)
}

/// Replaces the times in the history with placeholders, so that each build is identical.
fn replace_history(connection: &Connection, migrations: &Migrations) -> rusqlite::Result<()> {
    let history = HistoryTable::of(migrations);
    // Delete and insert, because an UPDATE may leave old times in unused parts of a page.
    let name = history.name();
    let delete = format!("PRAGMA secure_delete = ON; DELETE FROM main.{name}");
    connection.execute_batch(&delete)?;
    let [a, b, c, d, e, f] = TIMESTAMP_PLACEHOLDER;
    for revision in migrations.revisions() {
        let stamp = Stamp {
            revision,
            origin: Origin::Snapshot,
            applied_at: i64::from_be_bytes([0, 0, a, b, c, d, e, f]),
            duration: Duration::ZERO,
        };
        history.insert(connection, &stamp)?;
    }
    Ok(())
}

/// Sets the schema version to 1, and renews the marker, which contains the schema version.
///
/// SQLite's backup API gives a copy the schema version of the target plus 1.
/// A new target has version 0, so the marker stays valid in a copy.
fn reset_schema_version(connection: &mut Connection, migrations: &Migrations) -> Result<(), Error> {
    let reset = connection.execute_batch("PRAGMA main.schema_version = 1");
    if reset.is_ok() {
        migrations.upgrade(connection)?;
    }
    Ok(())
}

/// The functions and keywords whose result depends on the time, on random numbers, or on the SQLite
/// library.
const NONDETERMINISTIC_FUNCTIONS: &str = "
    random randomblob
    current_date current_time current_timestamp
    date time datetime julianday unixepoch strftime timediff
    sqlite_version sqlite_source_id sqlite_compileoption_get sqlite_compileoption_used
    fts5_source_id";

/// Returns `true` if a nondeterministic function is named anywhere in the upgrade.
pub(crate) fn is_nondeterministic(revision: &Revision) -> bool {
    let sql = revision.upgrade().sql();
    tokens(sql).iter().any(|token| {
        let word = unquote(token.text(sql)).to_ascii_lowercase();
        let mut functions = NONDETERMINISTIC_FUNCTIONS.split_whitespace();
        // The result of most pragma functions depends on the connection or on the SQLite library.
        matches!(token.kind, Kind::Word | Kind::QuotedWord)
            && (word.starts_with("pragma_") || functions.any(|function| function == word))
    })
}

/// Returns `true` if any table has rows. Ignores the tables of revchain and of SQLite.
fn has_rows(connection: &Connection) -> rusqlite::Result<bool> {
    let mut statement = connection.prepare(
        "SELECT name FROM main.sqlite_master
         WHERE type = 'table' AND rootpage > 0
         AND name NOT GLOB 'revchain_*' AND name NOT GLOB 'sqlite_*'",
    )?;
    let tables = statement.query_map([], |row| row.get::<_, String>(0))?;
    for table in tables {
        let sql = format!("SELECT EXISTS (SELECT 1 FROM main.{})", quote(&table?));
        if connection.query_row(&sql, [], |row| row.get(0))? {
            return Ok(true);
        }
    }
    Ok(false)
}
