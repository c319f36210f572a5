use revchain::rusqlite::{Transaction, params};

use crate::{Error, TokenStore};

/// Something that was done to a user's secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// When, in seconds since 1970.
    pub timestamp: i64,
    /// What: `store_`, `delete_` or `expire_`, and `refresh_token` or `app_password`. Entries from before may say
    /// other things.
    pub event: String,
    /// To whose.
    pub user_id: String,
}

impl TokenStore {
    /// What was done to a user's secrets, in the order in which it was done. A change and its entry are written together, or neither is.
    /// Reading a secret changes nothing and leaves no entry.
    ///
    /// # Errors
    ///
    /// [`Error::Database`].
    pub fn audit_log(&self, user_id: &str) -> Result<Vec<AuditEntry>, Error> {
        let mut statement = self
            .connection
            .prepare("SELECT timestamp, event, user_id FROM audit_logs WHERE user_id = ?1 ORDER BY id")?;
        let entries = statement.query_map([user_id], |row| {
            Ok(AuditEntry { timestamp: row.get(0)?, event: row.get(1)?, user_id: row.get(2)? })
        })?;
        Ok(entries.collect::<Result<_, _>>()?)
    }
}

/// Writes an entry, in the transaction of what it tells of.
pub(crate) fn record(
    transaction: &Transaction<'_>,
    timestamp: i64,
    event: &str,
    user_id: &str,
) -> Result<(), Error> {
    transaction.execute(
        "INSERT INTO audit_logs (timestamp, event, user_id) VALUES (?1, ?2, ?3)",
        params![timestamp, event, user_id],
    )?;
    Ok(())
}
