use revchain::rusqlite::{Transaction, params};
use revchain::sql;

use crate::{Error, TokenStore};

/// A change to the secrets of a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// The time, in seconds since 1970.
    pub timestamp: i64,
    /// The change: `store_`, `delete_` or `expire_`, followed by `refresh_token` or `app_password`.
    ///
    /// Older programs wrote other events too.
    pub event: String,
    /// The user.
    pub user_id: String,
}

impl TokenStore {
    /// Returns the changes to the secrets of a user, oldest first.
    ///
    /// The store writes a change and the audit entry in one transaction.
    /// Reading a secret writes no entry.
    ///
    /// # Errors
    ///
    /// [`Error::Database`] if SQLite fails.
    pub fn audit_log(&self, user_id: &str) -> Result<Vec<AuditEntry>, Error> {
        let mut statement = self.connection.prepare(sql!(
            "SELECT timestamp, event, user_id FROM audit_logs WHERE user_id = ?1 ORDER BY id"
        ))?;
        let entries = statement.query_map([user_id], |row| {
            Ok(AuditEntry {
                timestamp: row.get(0)?,
                event: row.get(1)?,
                user_id: row.get(2)?,
            })
        })?;
        Ok(entries.collect::<Result<_, _>>()?)
    }
}

/// Writes an audit entry in `transaction`, the transaction that makes the change.
pub(crate) fn record(
    transaction: &Transaction<'_>,
    timestamp: i64,
    event: &str,
    user_id: &str,
) -> Result<(), Error> {
    transaction.execute(
        sql!("INSERT INTO audit_logs (timestamp, event, user_id) VALUES (?1, ?2, ?3)"),
        params![timestamp, event, user_id],
    )?;
    Ok(())
}
