//! The chain, as a list of `M`.

use rusqlite_migration::{M, Migrations};

#[cfg(not(any(feature = "c100", feature = "c1000")))]
const LIST: &[M<'_>] = include!("../../../target/chains/rusqlite_migration/10/list.rs");
#[cfg(all(feature = "c100", not(feature = "c1000")))]
const LIST: &[M<'_>] = include!("../../../target/chains/rusqlite_migration/100/list.rs");
#[cfg(feature = "c1000")]
const LIST: &[M<'_>] = include!("../../../target/chains/rusqlite_migration/1000/list.rs");

pub const MIGRATIONS: Migrations<'_> = Migrations::from_slice(LIST);
