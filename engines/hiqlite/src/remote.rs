//! The cluster, as the engine sees it: a linearizable read, a local read, and a transaction.

use std::future::Future;
use std::time::Duration;

use hiqlite::{Client, Param};
use revchain_core::history::table::Value;
use revchain_core::script::{Guard, failed_guard};
use tokio::time::timeout;

/// The time after which an answer no longer counts. hiqlite itself waits up to 120 s.
const READ_TIMEOUT: Duration = Duration::from_secs(5);

/// A statement of a transaction, with its parameters.
pub(crate) type Bound = (String, Vec<Value>);

/// A cluster. The tests have another one than [`Client`].
pub(crate) trait Remote: Sync {
    /// Returns the rows of a query, each of which has one text `v`, as the leader has them.
    ///
    /// The answer contains each entry that was acknowledged before the call.
    fn read(&self, sql: String) -> impl Future<Output = Result<Vec<String>, ReadError>> + Send;

    /// Returns the rows of a query, as the local replica has them.
    fn read_local(
        &self,
        sql: String,
    ) -> impl Future<Output = Result<Vec<String>, ReadError>> + Send;

    /// Runs the statements in one transaction, on all machines or on none.
    fn apply(
        &self,
        statements: Vec<Bound>,
        wait: Duration,
    ) -> impl Future<Output = Result<(), ApplyError>> + Send;
}

/// The reason why a read has no rows.
#[derive(Debug)]
pub(crate) enum ReadError {
    /// SQLite rejected the query.
    Refused(String),
    /// There was no answer, so another attempt can succeed.
    Unknown(String),
}

/// The reason why a transaction was not acknowledged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ApplyError {
    /// A guard failed: the database is not the one that was read. Nothing was changed.
    Changed(String),
    /// The transaction may have been committed, or may be committed later.
    Unknown(String),
    /// SQLite rejected a statement. Nothing was changed.
    Refused(String),
    /// The stop guard was reached. Nothing was changed.
    Stopped,
}

impl Remote for Client {
    async fn read(&self, sql: String) -> Result<Vec<String>, ReadError> {
        answer(self.query_consistent(sql, Vec::new())).await
    }

    async fn read_local(&self, sql: String) -> Result<Vec<String>, ReadError> {
        answer(self.query_raw(sql, Vec::new())).await
    }

    async fn apply(&self, statements: Vec<Bound>, wait: Duration) -> Result<(), ApplyError> {
        let statements = statements.into_iter().map(|(sql, values)| {
            let parameters = values.into_iter().map(parameter);
            (sql, parameters.collect::<Vec<_>>())
        });
        match timeout(wait, self.txn(statements)).await {
            // hiqlite returns an error of a statement as the error of the transaction.
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(apply_error(&error)),
            Err(_) => Err(ApplyError::Unknown(no_answer(wait))),
        }
    }
}

async fn answer<'r>(
    query: impl Future<Output = Result<Vec<hiqlite::Row<'r>>, hiqlite::Error>>,
) -> Result<Vec<String>, ReadError> {
    let rows = match timeout(READ_TIMEOUT, query).await {
        Ok(rows) => rows,
        Err(_) => return Err(ReadError::Unknown(no_answer(READ_TIMEOUT))),
    };
    let texts = rows.and_then(|rows| {
        let texts = rows.into_iter().map(|mut row| row.try_get::<String>("v"));
        texts.collect()
    });
    texts.map_err(|error| {
        if is_of_sqlite(&error) {
            ReadError::Refused(error.to_string())
        } else {
            ReadError::Unknown(error.to_string())
        }
    })
}

fn no_answer(wait: Duration) -> String {
    format!("no answer in {wait:?}")
}

fn apply_error(error: &hiqlite::Error) -> ApplyError {
    let message = error.to_string();
    if !is_of_sqlite(error) {
        return ApplyError::Unknown(message);
    }
    of_message(message)
}

/// Returns the error for the message of a transaction that SQLite has rolled back.
pub(crate) fn of_message(message: String) -> ApplyError {
    match failed_guard(&message) {
        Some(Guard::Stop) => ApplyError::Stopped,
        Some(Guard::History | Guard::Schema) => ApplyError::Changed(message),
        Some(Guard::ForeignKeys) | None => ApplyError::Refused(message),
    }
}

/// Returns `true` for an error that each replica has in the same way.
fn is_of_sqlite(error: &hiqlite::Error) -> bool {
    matches!(
        error,
        hiqlite::Error::Sqlite(_)
            | hiqlite::Error::Transaction(_)
            | hiqlite::Error::PrepareStatement(_)
            | hiqlite::Error::QueryParams(_)
            | hiqlite::Error::ConstraintViolation(_)
    )
}

fn parameter(value: Value) -> Param {
    match value {
        Value::Null => Param::Null,
        Value::Integer(integer) => Param::Integer(integer),
        Value::Text(text) => Param::Text(text),
    }
}
