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

    pub(crate) fn encrypt(&self, secret: &Secret) -> Vec<u8> {
        self.0.encrypt(secret.0.as_bytes()).into_bytes()
    }

    /// Decrypts a secret.
    ///
    /// Returns `None` if the secret is damaged or was encrypted with another key.
    pub(crate) fn decrypt(&self, encrypted: &[u8]) -> Option<Secret> {
        let bytes = self.0.decrypt(std::str::from_utf8(encrypted).ok()?).ok()?;
        String::from_utf8(bytes).ok().map(Secret)
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
