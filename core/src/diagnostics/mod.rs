//! Defects, and the formatting of messages.

pub mod defect;
pub mod escape;
pub mod kind;
pub mod snippet;
pub mod suggest;
pub mod text;

pub use self::defect::{Defect, DefectList, Defects};
pub use self::kind::DefectKind;
pub use self::snippet::Snippet;
