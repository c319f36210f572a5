use std::fmt;
use std::str::FromStr;

use fernet::Fernet;

use crate::Error;

/// The key that encrypts secrets: a Fernet key, 32 bytes in URL-safe base64.
///
/// `Debug` does not show the key.
#[derive(Clone)]
pub struct Key(Fernet);

impl Key {
    /// Generates the text of a random key, for `TOKEN_ENCRYPTION_KEY`.
    pub fn generate_text() -> String {
        Fernet::generate_key()
    }

    /// Encrypts a secret in the newest form, bound to its owner.
    pub(crate) fn encrypt(&self, secret: &Secret, owner: Owner<'_>) -> Encrypted {
        let bound = serde_json::json!([owner.kind, owner.user_id, secret.0]);
        Encrypted {
            bytes: self.encrypt_text(&bound.to_string()),
            encryption: 2,
        }
    }

    /// Decrypts a secret of any form.
    ///
    /// # Errors
    ///
    /// [`Error::Undecryptable`] if the secret is damaged, was encrypted with another key, or has
    /// another owner.
    pub(crate) fn decrypt(&self, encrypted: &Encrypted, owner: Owner<'_>) -> Result<Secret, Error> {
        let text = self.decrypt_text(&encrypted.bytes);
        let secret = match encrypted.encryption {
            1 => text,
            2 => text.and_then(|bound| owner.unbind(&bound)),
            _ => None,
        };
        secret.map(Secret).ok_or_else(|| Error::Undecryptable {
            what: owner.kind,
            user_id: owner.user_id.to_owned(),
        })
    }

    /// Returns a Fernet token of a text.
    pub(crate) fn encrypt_text(&self, text: &str) -> Vec<u8> {
        self.0.encrypt(text.as_bytes()).into_bytes()
    }

    /// Returns the text of a Fernet token.
    ///
    /// Returns `None` if the token is damaged or was encrypted with another key.
    pub(crate) fn decrypt_text(&self, token: &[u8]) -> Option<String> {
        let bytes = self.0.decrypt(std::str::from_utf8(token).ok()?).ok()?;
        String::from_utf8(bytes).ok()
    }
}

impl FromStr for Key {
    type Err = Error;

    /// Parses a key. White space around the key is ignored, such as the end of a line.
    fn from_str(text: &str) -> Result<Self, Error> {
        Fernet::new(text.trim()).map(Self).ok_or(Error::InvalidKey)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

/// A secret as the database stores it.
pub(crate) struct Encrypted {
    /// A Fernet token.
    pub(crate) bytes: Vec<u8>,
    /// The form: 1 for the secret alone, 2 for a secret that is bound to its owner.
    ///
    /// The migration 010 describes the forms, and has the jobs that convert 1 to 2.
    pub(crate) encryption: i64,
}

/// The row to which a secret belongs.
#[derive(Clone, Copy)]
pub(crate) struct Owner<'o> {
    /// The kind of the secret, such as `refresh token`.
    pub(crate) kind: &'static str,
    pub(crate) user_id: &'o str,
}

impl Owner<'_> {
    /// Returns the secret in a decrypted text; `None` if the secret has another owner.
    fn unbind(self, bound: &str) -> Option<String> {
        let [kind, user_id, secret]: [String; 3] = serde_json::from_str(bound).ok()?;
        (kind == self.kind && user_id == self.user_id).then_some(secret)
    }
}

/// A token or a password in plain text.
///
/// `Debug` does not show the text, so that logs contain no secrets.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Returns the plain text.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}
