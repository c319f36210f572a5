//! Code that the measurements share: the chain, its format for each library, and medians.

mod chain;
mod command;
mod formats;
mod spread;

pub use chain::{Revision, chain, rebuild_chain, write_chain};
pub use command::run;
pub use formats::{FORMATS, write_format};
pub use spread::Spread;
