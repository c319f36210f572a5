use std::io;
use std::path::PathBuf;

/// An error of the store.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The store was opened without a key, so the store cannot encrypt or decrypt secrets.
    #[error(
        "there is no key for secrets\nhelp: set TOKEN_ENCRYPTION_KEY; `token-store key` generates a key"
    )]
    NoKey,
    /// The text is not a key.
    #[error(
        "TOKEN_ENCRYPTION_KEY is not a key: it must be 32 bytes in URL-safe base64\nhelp: run `token-store key` to generate a key"
    )]
    InvalidKey,
    /// A stored secret cannot be decrypted. The store does not delete the secret.
    #[error(
        "the {what} of {user_id:?} cannot be decrypted: it was encrypted with another key or for another user, or is damaged\nhelp: set TOKEN_ENCRYPTION_KEY to the key that encrypted the {what}"
    )]
    #[non_exhaustive]
    Undecryptable {
        /// The kind of the secret.
        what: &'static str,
        /// The user.
        user_id: String,
    },
    /// The stored scopes of an app password are not a list of strings.
    ///
    /// The store does not guess, because a wrong guess could permit too much.
    #[error(
        "the scopes of the app password of {user_id:?} are not a JSON array of strings\nhelp: store the app password again"
    )]
    #[non_exhaustive]
    InvalidScopes {
        /// The user.
        user_id: String,
    },
    /// The database file cannot be created with private permissions, or cannot be made private.
    #[error("{}: the file cannot be made private", path.display())]
    #[non_exhaustive]
    File {
        /// The file or its directory.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
    /// The database cannot be opened, or cannot be upgraded to the schema of this program.
    #[error(transparent)]
    Migration(#[from] revchain::Error),
    /// SQLite failed.
    #[error(transparent)]
    Database(#[from] revchain::rusqlite::Error),
}
