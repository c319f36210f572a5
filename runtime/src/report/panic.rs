//! The message of a panic, as an error.

use std::any::Any;
use std::fmt;

/// The message of a panic.
#[derive(Debug)]
pub(crate) struct Panic(String);

impl Panic {
    pub(crate) fn new(payload: &(dyn Any + Send)) -> Self {
        let text = match (
            payload.downcast_ref::<&str>(),
            payload.downcast_ref::<String>(),
        ) {
            (Some(text), _) => text,
            (None, Some(text)) => text.as_str(),
            (None, None) => "the panic has no message",
        };
        Self(text.to_owned())
    }
}

impl fmt::Display for Panic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Panic {}
