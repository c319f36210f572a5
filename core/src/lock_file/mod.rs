//! The lock file, `revchain.lock`: the released revisions, and the head.

mod check;
mod conflict;
mod format;
mod mark;

pub use self::conflict::{Unresolved, resolve};
pub use self::format::{LockFile, parse, render, render_head, with_missing_head};
pub use crate::source::directory::LOCK_FILE_NAME as FILE_NAME;
