//! Running SQL statements.

use rusqlite::{Connection, Params, Statement, Transaction, TransactionBehavior};

/// Runs a statement to its end, and returns the number of rows that it changed.
///
/// This function ignores the rows that a statement returns.
/// A migration may contain a SELECT, and `PRAGMA count_changes` makes an INSERT return a row.
pub fn execute(connection: &Connection, sql: &str, values: impl Params) -> rusqlite::Result<u64> {
    run(connection, &mut connection.prepare(sql)?, values)
}

/// Does the same as [`execute`] for a statement that is already prepared.
pub(crate) fn run(
    connection: &Connection,
    statement: &mut Statement<'_>,
    values: impl Params,
) -> rusqlite::Result<u64> {
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

/// The name of the schema with the temporary tables of a connection.
pub(crate) const TEMPORARY: &str = "temp";

/// Returns the names of all schemas but `main`: of attached databases, and [`TEMPORARY`].
///
/// SQLite makes the temporary schema when a statement first needs it, even a statement that only
/// reads it.
pub(crate) fn other_schemas(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let sql = "SELECT name FROM pragma_database_list WHERE name <> 'main'";
    query_texts(connection, sql, [])
}

/// Returns `true` if the text contains the word, in any case, and also as a part of a name.
pub(crate) fn contains_word(sql: &[u8], word: &str) -> bool {
    let word = word.as_bytes();
    let starts_word = |byte: &u8| {
        word.first()
            .is_some_and(|first| byte.eq_ignore_ascii_case(first))
    };
    let mut rest = sql;
    // Most bytes are not the first of the word, so search for that byte only.
    while let Some(position) = rest.iter().position(starts_word) {
        rest = &rest[position..];
        let start = rest.get(..word.len());
        if start.is_some_and(|start| start.eq_ignore_ascii_case(word)) {
            return true;
        }
        rest = &rest[1..];
    }
    false
}

/// Returns a name in double quotes. SQLite accepts every name in this form, even a keyword.
pub fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
