use std::io;
use std::path::PathBuf;

/// Why the store did not do what it was asked to.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Secrets cannot be stored or read, as the store was opened without a key. Everything else works.
    #[error(
        "there is no key to encrypt and decrypt secrets with\nhelp: set TOKEN_ENCRYPTION_KEY; `token-store key` makes one"
    )]
    NoKey,
    /// The text is not a key.
    #[error(
        "TOKEN_ENCRYPTION_KEY is not a key: it must be 32 bytes in URL-safe base64\nhelp: `token-store key` makes one"
    )]
    InvalidKey,
    /// A stored secret cannot be decrypted; it was left where it is.
    #[error(
        "the {what} of {user_id:?} cannot be decrypted: it was stored with another key, or is damaged\nhelp: set TOKEN_ENCRYPTION_KEY to the key that it was stored with"
    )]
    #[non_exhaustive]
    Undecryptable {
        /// Which kind of secret.
        what: &'static str,
        /// Whose it is.
        user_id: String,
    },
    /// The scopes of an app password are not a list. They are not guessed at: too few would be a nuisance, too
    /// many a hole.
    #[error(
        "the scopes of the app password of {user_id:?} are not a JSON array of strings\nhelp: store the app password again"
    )]
    #[non_exhaustive]
    InvalidScopes {
        /// Whose app password it is.
        user_id: String,
    },
    /// The database file cannot be made, or others cannot be kept from reading it.
    #[error("{}: the file cannot be made private: {source}", path.display())]
    #[non_exhaustive]
    File {
        /// The file, or its folder.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// The database cannot be opened, or cannot be brought to the schema of this program.
    #[error(transparent)]
    Migration(#[from] revchain::Error),
    /// SQLite failed.
    #[error("the token store's database failed: {0}")]
    Database(#[from] revchain::rusqlite::Error),
}
