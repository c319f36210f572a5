//! The error of a function of the program.

/// The error of a function of the program.
pub(crate) type BoxError = Box<dyn std::error::Error + Send + Sync>;
