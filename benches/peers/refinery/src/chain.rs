//! The chain, as refinery embeds it.

#[cfg(not(any(feature = "c100", feature = "c1000")))]
refinery::embed_migrations!("../../target/chains/refinery/10");
#[cfg(all(feature = "c100", not(feature = "c1000")))]
refinery::embed_migrations!("../../target/chains/refinery/100");
#[cfg(feature = "c1000")]
refinery::embed_migrations!("../../target/chains/refinery/1000");
