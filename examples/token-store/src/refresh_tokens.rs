use revchain::rusqlite::{OptionalExtension, Transaction, params};
use revchain::sql;

use crate::crypto::{Encrypted, Owner};
use crate::{Error, Secret, TokenStore, audit};

/// A refresh token, with which the server gets access tokens while the user is away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefreshToken {
    /// The token.
    pub token: Secret,
    /// The time at which the token expires, in seconds since 1970.
    ///
    /// `None` means that the time is unknown. The store keeps such a token.
    pub expires_at: Option<i64>,
}

impl TokenStore {
    /// Stores the token of a user. Replaces an older token of the user, with all its properties.
    ///
    /// The stored row keeps the creation time of the older token.
    ///
    /// # Errors
    ///
    /// - [`Error::NoKey`] if the store has no key.
    /// - [`Error::Database`] if SQLite fails.
    pub fn store_refresh_token(
        &mut self,
        user_id: &str,
        token: &RefreshToken,
    ) -> Result<(), Error> {
        let encrypted = self.key()?.encrypt(&token.token, owner(user_id));
        let now = self.now_in_seconds();
        let transaction = self.write()?;
        // Do not overwrite the cached profile: the profile belongs to the user, not to the token.
        transaction.execute(
            sql!("INSERT INTO refresh_tokens (user_id, encrypted_token, encryption, expires_at, created_at, updated_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?5)
             ON CONFLICT (user_id) DO UPDATE SET
                 encrypted_token = excluded.encrypted_token,
                 encryption = excluded.encryption,
                 expires_at = excluded.expires_at,
                 updated_at = excluded.updated_at,
                 flow_type = excluded.flow_type,
                 token_audience = excluded.token_audience,
                 provisioned_at = excluded.provisioned_at,
                 provisioning_client_id = excluded.provisioning_client_id,
                 scopes = excluded.scopes"),
            params![user_id, encrypted.bytes, encrypted.encryption, token.expires_at, now],
        )?;
        audit::record(&transaction, now, "store_refresh_token", user_id)?;
        Ok(transaction.commit()?)
    }

    /// Returns the token of a user. Deletes an expired token and returns `None`.
    ///
    /// # Errors
    ///
    /// - [`Error::NoKey`] if the store has no key.
    /// - [`Error::Undecryptable`] if the token was encrypted with another key.
    /// - [`Error::Database`] if SQLite fails.
    pub fn refresh_token(&mut self, user_id: &str) -> Result<Option<RefreshToken>, Error> {
        let key = self.key()?;
        let row = self
            .connection
            .query_row(
                sql!("SELECT encrypted_token, encryption, expires_at FROM refresh_tokens WHERE user_id = ?1"),
                [user_id],
                |row| {
                    let encrypted = Encrypted {
                        bytes: row.get(0)?,
                        encryption: row.get(1)?,
                    };
                    Ok((encrypted, row.get::<_, Option<i64>>(2)?))
                },
            )
            .optional()?;
        let Some((encrypted, expires_at)) = row else {
            return Ok(None);
        };
        let now = self.now_in_seconds();
        if expires_at.is_some_and(|expires_at| expires_at <= now) {
            let transaction = self.write()?;
            delete_expired(&transaction, now, Some(user_id))?;
            transaction.commit()?;
            return Ok(None);
        }
        let token = key.decrypt(&encrypted, owner(user_id))?;
        Ok(Some(RefreshToken { token, expires_at }))
    }

    /// Deletes the token of a user. Returns `true` if the user had one.
    ///
    /// # Errors
    ///
    /// [`Error::Database`] if SQLite fails.
    pub fn delete_refresh_token(&mut self, user_id: &str) -> Result<bool, Error> {
        let now = self.now_in_seconds();
        let transaction = self.write()?;
        let was_there = transaction.execute(
            sql!("DELETE FROM refresh_tokens WHERE user_id = ?1"),
            [user_id],
        )? > 0;
        if was_there {
            audit::record(&transaction, now, "delete_refresh_token", user_id)?;
        }
        transaction.commit()?;
        Ok(was_there)
    }

    /// Returns the ids of the users whose token has not expired, sorted by id.
    ///
    /// # Errors
    ///
    /// [`Error::Database`] if SQLite fails.
    pub fn refresh_token_user_ids(&self) -> Result<Vec<String>, Error> {
        let mut statement = self.connection.prepare(
            sql!("SELECT user_id FROM refresh_tokens WHERE expires_at IS NULL OR expires_at > ?1 ORDER BY user_id"),
        )?;
        let user_ids = statement.query_map([self.now_in_seconds()], |row| row.get(0))?;
        Ok(user_ids.collect::<Result<_, _>>()?)
    }

    /// Deletes all expired tokens, and returns their number.
    ///
    /// # Errors
    ///
    /// [`Error::Database`] if SQLite fails.
    pub fn delete_expired_refresh_tokens(&mut self) -> Result<usize, Error> {
        let now = self.now_in_seconds();
        let transaction = self.write()?;
        let count = delete_expired(&transaction, now, None)?;
        transaction.commit()?;
        Ok(count)
    }
}

fn owner(user_id: &str) -> Owner<'_> {
    Owner {
        kind: "refresh token",
        user_id,
    }
}

/// Deletes the tokens that have expired by `now`, and returns their number.
///
/// If `user_id` is `None`, deletes the expired tokens of all users.
fn delete_expired(
    transaction: &Transaction<'_>,
    now: i64,
    user_id: Option<&str>,
) -> Result<usize, Error> {
    let expired: Vec<String> = transaction
        .prepare(sql!(
            "DELETE FROM refresh_tokens WHERE expires_at <= ?1 AND (?2 IS NULL OR user_id = ?2)
             RETURNING user_id"
        ))?
        .query_map(params![now, user_id], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for user_id in &expired {
        audit::record(transaction, now, "expire_refresh_token", user_id)?;
    }
    Ok(expired.len())
}
