//! The chain, as diesel_migrations embeds it.

use diesel_migrations::{EmbeddedMigrations, embed_migrations};

#[cfg(not(any(feature = "c100", feature = "c1000")))]
pub const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../../target/chains/diesel/10");
#[cfg(all(feature = "c100", not(feature = "c1000")))]
pub const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../../target/chains/diesel/100");
#[cfg(feature = "c1000")]
pub const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../../target/chains/diesel/1000");
