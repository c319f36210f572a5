use revchain::rusqlite::{OptionalExtension, params};
use revchain::sql;

use crate::crypto::{Encrypted, Owner};
use crate::{Error, Secret, TokenStore, audit};

/// An app password, with which the server signs in for a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppPassword {
    /// The password.
    pub password: Secret,
    /// The name to sign in with. Default: the id of the user.
    pub username: Option<String>,
    /// The permitted scopes, such as `notes.read`; `None` permits everything.
    pub scopes: Option<Vec<String>>,
}

impl TokenStore {
    /// Stores the app password of a user. Replaces an older app password of the user.
    ///
    /// The stored row keeps the creation time of the older app password.
    ///
    /// # Errors
    ///
    /// - [`Error::NoKey`] if the store has no key.
    /// - [`Error::Database`] if SQLite fails.
    pub fn store_app_password(
        &mut self,
        user_id: &str,
        password: &AppPassword,
    ) -> Result<(), Error> {
        let encrypted = self.key()?.encrypt(&password.password, owner(user_id));
        let scopes = password
            .scopes
            .as_deref()
            .map(|scopes| serde_json::json!(scopes).to_string());
        let now = self.now_in_seconds();
        let transaction = self.write()?;
        transaction.execute(
            sql!(
                "INSERT INTO app_passwords (
                 user_id, encrypted_password, encryption, username, scopes, created_at, updated_at
             )
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6)
             ON CONFLICT (user_id) DO UPDATE SET
                 encrypted_password = excluded.encrypted_password,
                 encryption = excluded.encryption,
                 username = excluded.username,
                 scopes = excluded.scopes,
                 updated_at = excluded.updated_at"
            ),
            params![
                user_id,
                encrypted.bytes,
                encrypted.encryption,
                password.username,
                scopes,
                now
            ],
        )?;
        audit::record(&transaction, now, "store_app_password", user_id)?;
        Ok(transaction.commit()?)
    }

    /// Returns the app password of a user.
    ///
    /// # Errors
    ///
    /// - [`Error::NoKey`] if the store has no key.
    /// - [`Error::Undecryptable`] if the password was encrypted with another key.
    /// - [`Error::InvalidScopes`] if the scopes are not a list of strings.
    /// - [`Error::Database`] if SQLite fails.
    pub fn app_password(&self, user_id: &str) -> Result<Option<AppPassword>, Error> {
        let key = self.key()?;
        let row = self
            .connection
            .query_row(
                sql!(
                    "SELECT encrypted_password, encryption, username, scopes FROM app_passwords
                 WHERE user_id = ?1"
                ),
                [user_id],
                |row| {
                    let encrypted = Encrypted {
                        bytes: row.get(0)?,
                        encryption: row.get(1)?,
                    };
                    Ok((encrypted, row.get(2)?, row.get::<_, Option<String>>(3)?))
                },
            )
            .optional()?;
        let Some((encrypted, username, scopes)) = row else {
            return Ok(None);
        };
        let password = key.decrypt(&encrypted, owner(user_id))?;
        let scopes = scopes
            .map(|scopes| serde_json::from_str(&scopes))
            .transpose()
            .map_err(|_| Error::InvalidScopes {
                user_id: user_id.to_owned(),
            })?;
        Ok(Some(AppPassword {
            password,
            username,
            scopes,
        }))
    }

    /// Deletes the app password of a user. Returns `true` if the user had one.
    ///
    /// # Errors
    ///
    /// [`Error::Database`] if SQLite fails.
    pub fn delete_app_password(&mut self, user_id: &str) -> Result<bool, Error> {
        let now = self.now_in_seconds();
        let transaction = self.write()?;
        let was_there = transaction.execute(
            sql!("DELETE FROM app_passwords WHERE user_id = ?1"),
            [user_id],
        )? > 0;
        if was_there {
            audit::record(&transaction, now, "delete_app_password", user_id)?;
        }
        transaction.commit()?;
        Ok(was_there)
    }
}

fn owner(user_id: &str) -> Owner<'_> {
    Owner {
        kind: "app password",
        user_id,
    }
}
