//! What a chain of migrations *is*: the pure half of [revchain](https://docs.rs/revchain).
//!
//! The macro and the runtime share this crate so that a directory means the same to both. It knows
//! no database, no Rust syntax and no command line; its only I/O is reading the directory. Programs use
//! it through `revchain`, which re-exports what they need.
//!
//! [`Draft`] is the whole way from a directory to a [`Chain`]: [`source`] reads it, [`parse`] understands each file,
//! [`chain`] joins them; the runtime proves it, and [`proof`] judges what that shows. [`plan`] then decides what a
//! database needs; [`schema`] is what it is recognised by.

pub mod chain;
pub mod checksum;
pub mod conflict;
pub mod defect;
mod destruction;
pub mod draft;
#[doc(hidden)]
pub mod embedded;
pub mod lock;
pub mod marker;
pub mod name;
pub mod newer;
pub mod parse;
pub mod plan;
pub mod proof;
pub mod rebase;
pub mod revision;
mod rules;
pub mod schema;
pub mod snippet;
pub mod source;
pub mod sql;
mod suggest;
pub mod target;
pub mod words;

pub use chain::Chain;
pub use conflict::Conflict;
pub use defect::{Code, Defect, Defects};
pub use draft::{Draft, load, read};
pub use lock::Lock;
pub use newer::Newer;
pub use plan::{Found, OnAhead, OnDrift, Plan, Policy, Request, Stamped, Step};
pub use revision::{Destroys, Downgrade, Half, Revision};
pub use target::Target;
