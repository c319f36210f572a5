//! A store for a server that acts for its users on another server.
//!
//! The store keeps refresh tokens, app passwords and registered webhooks in one SQLite file.
//! The migrations that this crate embeds define the schema of the file.
//!
//! ```
//! use token_store::{RefreshToken, TokenStore};
//!
//! # fn main() -> Result<(), token_store::Error> {
//! # let directory = tempfile::tempdir().expect("a directory");
//! # let path = directory.path().join("data/tokens.db");
//! # let key = Some(token_store::Key::generate_text().parse()?);
//! // A server reads the path and the key from its environment:
//! // `settings::database()` and `settings::key()?`.
//! let mut store = TokenStore::open(path, key)?;
//! store.store_refresh_token("alice", &RefreshToken { token: "r-123".into(), expires_at: None })?;
//! let found = store.refresh_token("alice")?.expect("it was just stored");
//! assert_eq!(found.token.expose(), "r-123");
//! # Ok(())
//! # }
//! ```
//!
//! Times are in UTC, in seconds since 1970.

mod app_passwords;
mod audit;
mod crypto;
mod error;
mod private_file;
mod refresh_tokens;
pub mod settings;
mod steps;
mod store;
mod webhooks;

pub use app_passwords::AppPassword;
pub use audit::AuditEntry;
pub use crypto::{Key, Secret};
pub use error::Error;
pub use private_file::make_private;
pub use refresh_tokens::RefreshToken;
pub use store::TokenStore;
pub use webhooks::Webhook;

use revchain::{Migrations, Migrator, embed_migrations};

/// The migrations of the store.
///
/// A database that was created before the migrations existed has the tables of 001.
/// An upgrade adopts such a database at 001.
pub static MIGRATIONS: Migrations = embed_migrations!(
    "migrations",
    code = [
        crate::steps::r010::bind_refresh_tokens,
        crate::steps::r010::bind_app_passwords,
        crate::steps::r010::unbind_secrets,
    ]
);

/// Returns the migrator of [`MIGRATIONS`], whose functions and jobs get the key.
///
/// Without a key, the jobs that convert secrets fail, and so does a downgrade past them.
/// Everything else works.
pub fn migrator(key: Option<Key>) -> Migrator<'static> {
    let migrator = MIGRATIONS.migrator();
    match key {
        Some(key) => migrator.context(key),
        None => migrator,
    }
}
