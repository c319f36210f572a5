//! The command-line commands of [revchain](https://docs.rs/revchain).
//!
//! Programs use this crate as `revchain::cli`, with the feature `cli` or `developer`.

mod app;
pub mod args;
#[doc(hidden)]
pub mod catalogue;
mod commands;
#[cfg(feature = "developer")]
mod developer;
mod habits;
#[cfg(feature = "developer")]
#[doc(hidden)]
pub mod program;
mod support;

pub use app::Commands;
pub use args::Command;
#[cfg(feature = "developer")]
pub use developer::args::DeveloperCommand;
pub use habits::parse;
