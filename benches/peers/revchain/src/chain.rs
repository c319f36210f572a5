//! The chain, as revchain embeds it.

use revchain::{Migrations, embed_migrations};

#[cfg(not(any(feature = "c100", feature = "c1000")))]
pub static MIGRATIONS: Migrations = embed_migrations!("../../target/chains/revchain/10");
#[cfg(all(feature = "c100", not(feature = "c1000")))]
pub static MIGRATIONS: Migrations = embed_migrations!("../../target/chains/revchain/100");
#[cfg(feature = "c1000")]
pub static MIGRATIONS: Migrations = embed_migrations!("../../target/chains/revchain/1000");
