//! The chain, as a list of texts.

#[cfg(not(any(feature = "c100", feature = "c1000")))]
pub const CHAIN: &[&str] = include!("../../../target/chains/floor/10/list.rs");
#[cfg(all(feature = "c100", not(feature = "c1000")))]
pub const CHAIN: &[&str] = include!("../../../target/chains/floor/100/list.rs");
#[cfg(feature = "c1000")]
pub const CHAIN: &[&str] = include!("../../../target/chains/floor/1000/list.rs");
