//! Running SQL statements.

use rusqlite::{Connection, Params, Transaction, TransactionBehavior};

/// Runs a statement to its end, and returns the number of rows that it changed.
///
/// This function ignores the rows that a statement returns.
/// A migration may contain a SELECT, and `PRAGMA count_changes` makes an INSERT return a row.
pub fn execute(connection: &Connection, sql: &str, values: impl Params) -> rusqlite::Result<u64> {
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query(values)?;
    while rows.next()?.is_some() {}
    drop(rows);
    Ok(connection.changes())
}

/// Calls `query` in a read transaction, so that all its reads see the same state.
///
/// If the caller has begun a transaction, `query` runs in that transaction.
pub(crate) fn read<T>(
    connection: &Connection,
    query: impl FnOnce(&Connection) -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    if !connection.is_autocommit() {
        return query(connection);
    }
    // Request `Deferred`, because the default behavior of the connection may take the write lock.
    let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Deferred)?;
    let result = query(&transaction)?;
    transaction.commit()?;
    Ok(result)
}

/// Returns the first column of each row of a query, as text.
pub(crate) fn query_texts(
    connection: &Connection,
    sql: &str,
    values: impl Params,
) -> rusqlite::Result<Vec<String>> {
    let mut statement = connection.prepare(sql)?;
    let texts = statement.query_map(values, |row| row.get(0))?;
    texts.collect()
}

/// Returns `true` if the connection has a temporary schema, which may be empty.
///
/// SQLite makes the schema when a statement first needs it, even a statement that only reads it.
pub(crate) fn has_temporary_schema(connection: &Connection) -> rusqlite::Result<bool> {
    let schemas = query_texts(connection, "SELECT name FROM pragma_database_list", [])?;
    Ok(schemas.iter().any(|name| name == "temp"))
}

/// Returns `true` if the text contains the word, in any case, and also as a part of a name.
pub(crate) fn contains_word(sql: &[u8], word: &str) -> bool {
    let mut windows = sql.windows(word.len());
    windows.any(|window| window.eq_ignore_ascii_case(word.as_bytes()))
}

/// Returns a name in double quotes. SQLite accepts every name in this form, even a keyword.
pub fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
