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
pub mod lock;
pub mod name;
pub mod parse;
pub mod plan;
pub mod rebase;
pub mod revision;
mod rules;
pub mod schema;
pub mod snippet;
pub mod source;
pub mod sql;
mod suggest;
pub mod target;

use std::path::Path;

pub use chain::Chain;
pub use conflict::Conflict;
pub use defect::{Code, Defect, Defects};
pub use lock::Lock;
pub use plan::{Found, Plan, Request, Stamped, Step};
pub use revision::{Destroys, Downgrade, Half, Revision};
pub use target::Target;

/// Reads `directory` and validates the chain in it, and that nothing locked has changed. `shown` is how messages
/// name the directory: as the user wrote it.
///
/// # Errors
///
/// Every defect that the directory has, in the order of the files.
pub fn load(directory: &Path, shown: &str) -> Result<Chain, Defects> {
    let (chain, lock) = load_to_lock(directory, shown)?;
    check_head(&chain, lock.as_ref())?;
    Ok(chain)
}

/// Checks that the head is the one that the lock names.
///
/// # Errors
///
/// The defect that it is not.
pub fn check_head(chain: &Chain, lock: Option<&Lock>) -> Result<(), Defects> {
    match lock.and_then(|lock| lock.other_head(chain)) {
        Some(defect) => Err(Defects::new(vec![defect])),
        None => Ok(()),
    }
}

/// The same whatever head the lock names, and the lock: for a command that is about to write it.
///
/// # Errors
///
/// Every defect that the directory has, in the order of the files.
pub fn load_to_lock(directory: &Path, shown: &str) -> Result<(Chain, Option<Lock>), Defects> {
    let mut defects = Vec::new();
    let (files, lock) = read(directory, shown, &mut defects);
    let parsed = files.iter().map(|file| parse::parse(file, &mut defects)).collect();
    let chain = chain::link(parsed, lock.as_ref(), &mut defects);
    match chain {
        Some(chain) if defects.is_empty() => Ok((chain, lock)),
        _ => Err(Defects::new(defects)),
    }
}

/// Reads the files of `directory` and understands the lock, but not the files.
pub fn read(directory: &Path, shown: &str, defects: &mut Vec<Defect>) -> (Vec<source::File>, Option<Lock>) {
    let (files, lock) = source::read(directory, shown, defects);
    (files, lock.and_then(|file| lock::parse(file.path, &file.bytes?, defects)))
}
