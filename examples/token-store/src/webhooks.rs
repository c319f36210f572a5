use revchain::rusqlite::{Row, params};
use revchain::sql;

use crate::{Error, TokenStore};

/// A webhook that is registered with the other server.
///
/// Webhooks are not secret, so the store needs no key to store or read webhooks.
#[derive(Debug, Clone, PartialEq)]
pub struct Webhook {
    /// The id that the other server assigned.
    pub webhook_id: i64,
    /// The preset of the webhook.
    pub preset_id: String,
    /// The time of storage, in seconds since 1970.
    pub created_at: f64,
}

impl TokenStore {
    /// Stores a webhook. Replaces an existing webhook with the same id.
    ///
    /// # Errors
    ///
    /// [`Error::Database`] if SQLite fails.
    pub fn store_webhook(&mut self, webhook_id: i64, preset_id: &str) -> Result<(), Error> {
        self.connection.execute(
            sql!("INSERT INTO registered_webhooks (webhook_id, preset_id, created_at) VALUES (?1, ?2, ?3)
             ON CONFLICT (webhook_id) DO UPDATE SET
                 preset_id = excluded.preset_id, created_at = excluded.created_at"),
            params![webhook_id, preset_id, self.now().as_secs_f64()],
        )?;
        Ok(())
    }

    /// Returns the webhooks of a preset, oldest first.
    ///
    /// # Errors
    ///
    /// [`Error::Database`] if SQLite fails.
    pub fn webhooks_by_preset(&self, preset_id: &str) -> Result<Vec<Webhook>, Error> {
        self.select_webhooks(Some(preset_id))
    }

    /// Returns all webhooks, oldest first.
    ///
    /// # Errors
    ///
    /// [`Error::Database`] if SQLite fails.
    pub fn webhooks(&self) -> Result<Vec<Webhook>, Error> {
        self.select_webhooks(None)
    }

    /// Deletes a webhook. Returns `true` if the webhook existed.
    ///
    /// # Errors
    ///
    /// [`Error::Database`] if SQLite fails.
    pub fn delete_webhook(&mut self, webhook_id: i64) -> Result<bool, Error> {
        let deleted = self.connection.execute(
            sql!("DELETE FROM registered_webhooks WHERE webhook_id = ?1"),
            [webhook_id],
        )?;
        Ok(deleted > 0)
    }

    /// Deletes all webhooks of a preset, and returns their number.
    ///
    /// # Errors
    ///
    /// [`Error::Database`] if SQLite fails.
    pub fn clear_preset(&mut self, preset_id: &str) -> Result<usize, Error> {
        Ok(self.connection.execute(
            sql!("DELETE FROM registered_webhooks WHERE preset_id = ?1"),
            [preset_id],
        )?)
    }

    fn select_webhooks(&self, preset_id: Option<&str>) -> Result<Vec<Webhook>, Error> {
        let mut statement = self.connection.prepare(sql!(
            "SELECT webhook_id, preset_id, created_at FROM registered_webhooks
             WHERE ?1 IS NULL OR preset_id = ?1 ORDER BY created_at, id"
        ))?;
        let webhooks = statement.query_map([preset_id], webhook)?;
        Ok(webhooks.collect::<Result<_, _>>()?)
    }
}

fn webhook(row: &Row<'_>) -> revchain::rusqlite::Result<Webhook> {
    Ok(Webhook {
        webhook_id: row.get(0)?,
        preset_id: row.get(1)?,
        created_at: row.get(2)?,
    })
}
