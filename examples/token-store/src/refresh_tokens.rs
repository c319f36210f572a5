use revchain::rusqlite::{OptionalExtension, Transaction, params};

use crate::{Error, Secret, TokenStore, audit};

/// A refresh token: what new access tokens are got with while the user is away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefreshToken {
    /// The token.
    pub token: Secret,
    /// From when on it is of no use, in seconds since 1970; `None` if that is not known.
    pub expires_at: Option<i64>,
}

impl TokenStore {
    /// Stores a user's token. It replaces the one that is there, and all that was known of that one, but not the
    /// time when the user first had one.
    ///
    /// # Errors
    ///
    /// [`Error::NoKey`] and [`Error::Database`].
    pub fn store_refresh_token(&mut self, user_id: &str, token: &RefreshToken) -> Result<(), Error> {
        let encrypted = self.key()?.encrypt(&token.token);
        let now = self.now_in_seconds();
        let transaction = self.write()?;
        // The cached profile stays: it is the user's, and not the token's.
        transaction.execute(
            "INSERT INTO refresh_tokens (user_id, encrypted_token, expires_at, created_at, updated_at)
             VALUES (?1, ?2, ?3, ?4, ?4)
             ON CONFLICT (user_id) DO UPDATE SET
                 encrypted_token = excluded.encrypted_token,
                 expires_at = excluded.expires_at,
                 updated_at = excluded.updated_at,
                 flow_type = excluded.flow_type,
                 token_audience = excluded.token_audience,
                 provisioned_at = excluded.provisioned_at,
                 provisioning_client_id = excluded.provisioning_client_id,
                 scopes = excluded.scopes",
            params![user_id, encrypted, token.expires_at, now],
        )?;
        audit::record(&transaction, now, "store_refresh_token", user_id)?;
        Ok(transaction.commit()?)
    }

    /// A user's token. One that has expired is deleted and not returned.
    ///
    /// # Errors
    ///
    /// [`Error::NoKey`], [`Error::Undecryptable`] and [`Error::Database`].
    pub fn refresh_token(&mut self, user_id: &str) -> Result<Option<RefreshToken>, Error> {
        let key = self.key()?;
        let row = self
            .connection
            .query_row(
                "SELECT encrypted_token, expires_at FROM refresh_tokens WHERE user_id = ?1",
                [user_id],
                |row| Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, Option<i64>>(1)?)),
            )
            .optional()?;
        let Some((encrypted, expires_at)) = row else { return Ok(None) };
        let now = self.now_in_seconds();
        if expires_at.is_some_and(|expires_at| expires_at <= now) {
            let transaction = self.write()?;
            delete_expired(&transaction, now, Some(user_id))?;
            transaction.commit()?;
            return Ok(None);
        }
        match key.decrypt(&encrypted) {
            Some(token) => Ok(Some(RefreshToken { token, expires_at })),
            None => Err(Error::Undecryptable { what: "refresh token", user_id: user_id.to_owned() }),
        }
    }

    /// Deletes a user's token, and says whether there was one.
    ///
    /// # Errors
    ///
    /// [`Error::Database`].
    pub fn delete_refresh_token(&mut self, user_id: &str) -> Result<bool, Error> {
        let now = self.now_in_seconds();
        let transaction = self.write()?;
        let was_there = transaction.execute("DELETE FROM refresh_tokens WHERE user_id = ?1", [user_id])? > 0;
        if was_there {
            audit::record(&transaction, now, "delete_refresh_token", user_id)?;
        }
        transaction.commit()?;
        Ok(was_there)
    }

    /// The users who have a token that has not expired, in order.
    ///
    /// # Errors
    ///
    /// [`Error::Database`].
    pub fn refresh_token_user_ids(&self) -> Result<Vec<String>, Error> {
        let mut statement = self.connection.prepare(
            "SELECT user_id FROM refresh_tokens WHERE expires_at IS NULL OR expires_at > ?1 ORDER BY user_id",
        )?;
        let user_ids = statement.query_map([self.now_in_seconds()], |row| row.get(0))?;
        Ok(user_ids.collect::<Result<_, _>>()?)
    }

    /// Deletes all tokens that have expired, and says how many.
    ///
    /// # Errors
    ///
    /// [`Error::Database`].
    pub fn delete_expired_refresh_tokens(&mut self) -> Result<usize, Error> {
        let now = self.now_in_seconds();
        let transaction = self.write()?;
        let count = delete_expired(&transaction, now, None)?;
        transaction.commit()?;
        Ok(count)
    }
}

/// Deletes the tokens that have expired by `now`, of one user or of all.
fn delete_expired(transaction: &Transaction<'_>, now: i64, user_id: Option<&str>) -> Result<usize, Error> {
    let expired: Vec<String> = transaction
        .prepare(
            "DELETE FROM refresh_tokens WHERE expires_at <= ?1 AND (?2 IS NULL OR user_id = ?2)
             RETURNING user_id",
        )?
        .query_map(params![now, user_id], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for user_id in &expired {
        audit::record(transaction, now, "expire_refresh_token", user_id)?;
    }
    Ok(expired.len())
}
