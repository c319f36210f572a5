//! Keeps the secrets of a server that talks to another one for its users: refresh tokens, app passwords, and which
//! webhooks are registered. All of it is in one SQLite file, whose schema is the chain of migrations that this
//! crate embeds.
//!
//! ```
//! use token_store::{RefreshToken, TokenStore};
//!
//! # fn main() -> Result<(), token_store::Error> {
//! # let folder = tempfile::tempdir().expect("a folder");
//! # let path = folder.path().join("data/tokens.db");
//! # let key = Some(token_store::Key::generate_text().parse()?);
//! // A server takes both from its environment: `settings::database()` and `settings::key()?`.
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

use revchain::{Migrations, embed_migrations};

/// The schema, revision by revision. Its directory is a link to the one at the top of the repository. A database from
/// before the migrations has the tables of 001, is recognised by them and taken along.
pub static MIGRATIONS: Migrations = embed_migrations!();
