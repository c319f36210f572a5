//! The chain, as sqlx embeds it.

use sqlx::migrate::Migrator;

#[cfg(not(any(feature = "c100", feature = "c1000")))]
pub static MIGRATOR: Migrator = sqlx::migrate!("../../target/chains/sqlx/10");
#[cfg(all(feature = "c100", not(feature = "c1000")))]
pub static MIGRATOR: Migrator = sqlx::migrate!("../../target/chains/sqlx/100");
#[cfg(feature = "c1000")]
pub static MIGRATOR: Migrator = sqlx::migrate!("../../target/chains/sqlx/1000");
