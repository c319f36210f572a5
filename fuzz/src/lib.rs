//! The fuzz targets: each is a function that panics if a property does not hold for its input.
//!
//! libFuzzer calls the targets through `fuzz_targets/`.
//! A test on stable Rust (`tests/it/fuzz.rs`) calls them with the corpus and mutations of it.

#![forbid(unsafe_code)]

mod files;
mod lock_file;
mod normal_form;
mod parser;
mod tokens;

pub use self::lock_file::lock;
pub use self::normal_form::normal_form;
pub use self::parser::parser;
pub use self::tokens::tokens;
