//! Why a command did not do what it was asked to.

use revchain_core::Defects;

/// What is said, and with which exit code.
#[derive(Debug)]
pub(crate) struct Failure {
    /// A short name for scripts.
    pub(crate) code: &'static str,
    pub(crate) message: String,
    /// 1: it failed. 2: it cannot be meant so.
    pub(crate) exit: u8,
}

impl Failure {
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self { code: "usage", message: message.into(), exit: 2 }
    }

    pub(crate) fn failed(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), exit: 1 }
    }
}

impl From<revchain_runtime::Error> for Failure {
    fn from(error: revchain_runtime::Error) -> Self {
        Self::failed(error.code(), error.to_string())
    }
}

impl From<Defects> for Failure {
    fn from(defects: Defects) -> Self {
        Self::failed("defects", defects.to_string())
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::failed("io", error.to_string())
    }
}
