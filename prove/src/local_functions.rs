//! A record of the calls of functions whose results differ between machines.
//!
//! The words of a script do not show a function that a trigger, a default or a CHECK of the schema
//! calls. So these functions are replaced by functions with the same results that record the call.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::functions::FunctionFlags;
use rusqlite::types::Value;
use rusqlite::{Connection, Result, params_from_iter};

use crate::nondeterminism::{CHANCE, DATES, KEYWORDS, contains};

/// The last call on one connection.
#[derive(Clone, Default)]
pub(crate) struct LocalCalls(Arc<Mutex<Option<&'static str>>>);

impl LocalCalls {
    /// Replaces the functions of time and chance on a connection.
    ///
    /// SQLite cannot give a function back, so the connection stays one for these runs.
    pub(crate) fn install(connection: &Connection) -> Result<Self> {
        let calls = Self::default();
        let evaluator = Arc::new(Mutex::new(Connection::open_in_memory()?));
        let (deterministic, none) = (FunctionFlags::SQLITE_DETERMINISTIC, FunctionFlags::empty());
        // An index and a CHECK accept dates that do not read the clock.
        for (names, flags) in [(KEYWORDS, none), (DATES, deterministic), (CHANCE, none)] {
            for name in names.split_whitespace() {
                calls.replace(connection, &evaluator, name, flags)?;
            }
        }
        Ok(calls)
    }

    fn replace(
        &self,
        connection: &Connection,
        evaluator: &Arc<Mutex<Connection>>,
        name: &'static str,
        flags: FunctionFlags,
    ) -> Result<()> {
        let (calls, evaluator) = (self.clone(), Arc::clone(evaluator));
        let flags = flags | FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_INNOCUOUS;
        // Versions of rusqlite differ in the type of `context`.
        connection.create_scalar_function(name, -1, flags, move |context| {
            *calls.last() = Some(name);
            let arguments = (0..context.len()).map(|index| context.get::<Value>(index));
            let arguments = arguments.collect::<Result<Vec<_>>>()?;
            let call = if contains(KEYWORDS, name) {
                name.to_owned()
            } else {
                format!("{name}({})", vec!["?"; arguments.len()].join(", "))
            };
            let evaluator = evaluator.lock().unwrap_or_else(PoisonError::into_inner);
            let sql = format!("SELECT {call}");
            evaluator.query_row(&sql, params_from_iter(arguments), |row| {
                row.get::<_, Value>(0)
            })
        })
    }

    /// Returns the function that was called last, and forgets the call.
    pub(crate) fn take(&self) -> Option<&'static str> {
        self.last().take()
    }

    fn last(&self) -> MutexGuard<'_, Option<&'static str>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn replaced_function_has_its_result_and_is_recorded() {
        let connection = Connection::open_in_memory().unwrap();
        let calls = LocalCalls::install(&connection).unwrap();
        let schema =
            "CREATE TABLE t (v TEXT, d AS (date(v, '+1 day')), at DEFAULT CURRENT_TIMESTAMP,
              CHECK (julianday(v) IS NOT NULL));
            CREATE INDEX i ON t (strftime('%Y', v));";
        connection.execute_batch(schema).unwrap();
        assert_eq!(calls.take(), None);
        let insert = "INSERT INTO t (v) VALUES ('2026-01-31')";
        connection.execute_batch(insert).unwrap();
        assert!(calls.take().is_some());
        assert_eq!(calls.take(), None);
        let select = "SELECT d = '2026-02-01' AND at > '2026' AND random() IS NOT NULL FROM t";
        assert!(
            connection
                .query_row(select, [], |row| row.get::<_, bool>(0))
                .unwrap()
        );
        assert_eq!(calls.take(), Some("random"));
        connection.execute_batch("SELECT count(*) FROM t").unwrap();
        assert_eq!(calls.take(), None);
    }
}
