//! What a chain of migrations *is*: the pure half of [revchain](https://docs.rs/revchain).
//!
//! The macro and the runtime share this crate so that a directory means the same to both. It knows
//! no database, no Rust syntax and no command line; its only I/O is reading the directory. Programs use
//! it through `revchain`, which re-exports what they need.
//!
//! [`load`] is the whole way from a directory to a [`Chain`]: [`source`] reads it, [`parse`] understands
//! each file, [`chain`] joins them. [`plan`] then decides what a database needs.

pub mod chain;
pub mod checksum;
pub mod conflict;
pub mod defect;
pub mod name;
pub mod parse;
pub mod plan;
pub mod revision;
mod rules;
pub mod snippet;
pub mod source;
pub mod sql;
mod suggest;
pub mod target;

use std::path::Path;

pub use chain::Chain;
pub use conflict::Conflict;
pub use defect::{Code, Defect, Defects};
pub use plan::{Found, Plan, Request, Stamped, Step};
pub use revision::{Destroys, Downgrade, Half, Revision};
pub use target::Target;

/// Reads `directory` and validates the chain in it. `shown` is how messages name the directory: as the
/// user wrote it.
///
/// # Errors
///
/// Every defect that the directory has, in the order of the files.
pub fn load(directory: &Path, shown: &str) -> Result<Chain, Defects> {
    let mut defects = Vec::new();
    let files = source::read(directory, shown, &mut defects);
    let parsed = files.iter().map(|file| parse::parse(file, &mut defects)).collect();
    let chain = chain::link(parsed, &mut defects);
    match chain {
        Some(chain) if defects.is_empty() => Ok(chain),
        _ => Err(Defects::new(defects)),
    }
}
