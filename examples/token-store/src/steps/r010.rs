//! Revision 010: binds each secret to its user. Do not change this module after its release.
//!
//! The module has its own copies of the formats, because `crypto.rs` may get further formats.

use std::error::Error;

use revchain::rusqlite::{Connection, Row, Transaction, params};
use revchain::{Done, Progress, Step, sql};

use crate::Key;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// The number of secrets that a job converts in one transaction.
///
/// A transaction of this size takes milliseconds, so the server hardly waits for the write lock.
const BATCH: usize = 100;

/// A column of secrets, with the texts of its queries.
struct Column {
    /// The kind of the secrets, as the encryption 2 contains it.
    kind: &'static str,
    select: &'static str,
    update: &'static str,
    count: &'static str,
}

macro_rules! column {
    ($table:literal, $name:literal, $kind:literal) => {
        Column {
            kind: $kind,
            select: sql!(
                at "010",
                "SELECT user_id, ", $name, " FROM ", $table,
                " WHERE user_id >= ?1 AND encryption = ?2 ORDER BY user_id LIMIT ?3"
            ),
            update: sql!(
                at "010",
                "UPDATE ", $table, " SET ", $name, " = ?1, encryption = ?2 WHERE user_id = ?3"
            ),
            count: sql!(
                at "010",
                "SELECT count(*) FILTER (WHERE encryption = 2), count(*) FROM ", $table
            ),
        }
    };
}

const REFRESH_TOKENS: Column = column!("refresh_tokens", "encrypted_token", "refresh token");

const APP_PASSWORDS: Column = column!("app_passwords", "encrypted_password", "app password");

/// Converts the refresh tokens with the encryption 1.
pub(crate) fn bind_refresh_tokens(
    transaction: &Transaction<'_>,
    progress: &mut Progress<'_>,
) -> Result<Done> {
    bind(&REFRESH_TOKENS, transaction, progress)
}

/// Converts the app passwords with the encryption 1.
pub(crate) fn bind_app_passwords(
    transaction: &Transaction<'_>,
    progress: &mut Progress<'_>,
) -> Result<Done> {
    bind(&APP_PASSWORDS, transaction, progress)
}

/// Converts all secrets back to the encryption 1.
pub(crate) fn unbind_secrets(step: &mut Step<'_>) -> Result<()> {
    for column in [REFRESH_TOKENS, APP_PASSWORDS] {
        let secrets = column.secrets(step, 2, "", usize::MAX)?;
        let total = secrets.len() as u64;
        for (done, secret) in (1..).zip(secrets) {
            let key = step.context::<Key>().ok_or(NO_KEY)?;
            if let Some(encrypted) = secret.unbind(key, &column)? {
                column.update(step, &secret.user_id, (1, &encrypted))?;
            }
            step.progress(done, total);
        }
    }
    Ok(())
}

const NO_KEY: &str = "there is no key for secrets: set TOKEN_ENCRYPTION_KEY";

/// Converts the next secrets of a column.
///
/// The watermark is the user at whom the next batch begins.
/// A rowid would not do: VACUUM may change the rowids of these tables.
fn bind(
    column: &Column,
    transaction: &Transaction<'_>,
    progress: &mut Progress<'_>,
) -> Result<Done> {
    let first: String = progress.watermark()?.unwrap_or_default();
    let mut secrets = column.secrets(transaction, 1, &first, BATCH + 1)?;
    let next = if secrets.len() > BATCH {
        secrets.pop()
    } else {
        None
    };
    for secret in &secrets {
        // Without secrets, the job needs no key.
        let key = progress.context::<Key>().ok_or(NO_KEY)?;
        if let Some(encrypted) = secret.bind(key, column)? {
            column.update(transaction, &secret.user_id, (2, &encrypted))?;
        }
    }
    // Even with thousands of users, a count is fast in comparison with the encryption of a batch.
    let (done, total) = column.count(transaction)?;
    progress.rows(done.into(), total.into());
    let Some(next) = next else {
        return Ok(Done::Yes);
    };
    progress.set_watermark(next.user_id)?;
    Ok(Done::NotYet)
}

impl Column {
    /// Returns the secrets with an encryption, from the user `first` on, in the order of the users.
    fn secrets(
        &self,
        connection: &Connection,
        encryption: i64,
        first: &str,
        limit: usize,
    ) -> Result<Vec<Secret>> {
        let mut select = connection.prepare(self.select)?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let secrets = select.query_map(params![first, encryption, limit], Secret::read)?;
        Ok(secrets.collect::<std::result::Result<_, _>>()?)
    }

    /// Stores a secret with its encryption.
    fn update(
        &self,
        connection: &Connection,
        user_id: &str,
        (encryption, encrypted): (i64, &[u8]),
    ) -> Result<()> {
        connection.execute(self.update, params![encrypted, encryption, user_id])?;
        Ok(())
    }

    /// Returns the number of secrets with the encryption 2, and of all secrets.
    fn count(&self, connection: &Connection) -> Result<(u32, u32)> {
        Ok(connection.query_row(self.count, [], |row| Ok((row.get(0)?, row.get(1)?)))?)
    }
}

/// A row with a secret.
struct Secret {
    user_id: String,
    encrypted: Vec<u8>,
}

impl Secret {
    fn read(row: &Row<'_>) -> revchain::rusqlite::Result<Self> {
        Ok(Self {
            user_id: row.get(0)?,
            encrypted: row.get(1)?,
        })
    }

    /// Returns the secret with the encryption 2; `None` if it is damaged.
    fn bind(&self, key: &Key, column: &Column) -> Result<Option<Vec<u8>>> {
        let Some(text) = self.decrypt(key, column)? else {
            return Ok(None);
        };
        let bound = serde_json::json!([column.kind, self.user_id, text]);
        Ok(Some(key.encrypt_text(&bound.to_string())))
    }

    /// Returns the secret with the encryption 1; `None` if it is damaged.
    fn unbind(&self, key: &Key, column: &Column) -> Result<Option<Vec<u8>>> {
        let Some(bound) = self.decrypt(key, column)? else {
            return Ok(None);
        };
        let [kind, user_id, text]: [String; 3] = serde_json::from_str(&bound)?;
        if (kind.as_str(), &user_id) != (column.kind, &self.user_id) {
            let message = format!(
                "the {} of {:?} is that of another row",
                column.kind, self.user_id
            );
            return Err(message.into());
        }
        Ok(Some(key.encrypt_text(&text)))
    }

    /// Decrypts the Fernet token.
    ///
    /// Returns `None` if the value is no Fernet token. No key can decrypt such a value, so the row
    /// stays as it is, and does not stop the job.
    /// The key of another token may come back, so such a token is an error.
    fn decrypt(&self, key: &Key, column: &Column) -> Result<Option<String>> {
        if !self.encrypted.starts_with(FERNET) {
            return Ok(None);
        }
        let text = key.decrypt_text(&self.encrypted);
        let text = text.ok_or_else(|| {
            format!(
                "the {} of {:?} was encrypted with another key than TOKEN_ENCRYPTION_KEY, or is damaged",
                column.kind, self.user_id
            )
        })?;
        Ok(Some(text))
    }
}

/// The first characters of each Fernet token: a version, and the first bits of the time.
const FERNET: &[u8] = b"gAAAA";
