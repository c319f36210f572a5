//! The target of an upgrade or a downgrade.

use std::fmt;

/// A position in the chain. The words `head` and `base` and the signs are those of Alembic.
///
/// The verbs accept a text in its place: `"head"`, `"base"`, an id such as `"007"`, `"+1"`, `"-2"`.
///
/// ```
/// # use revchain_core::Target;
/// assert_eq!(Target::from("head"), Target::Head);
/// assert_eq!(Target::from("-2"), Target::Steps(-2));
/// assert_eq!(Target::from("007"), Target::Revision("007".to_owned()));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// The state after the last revision: `head`.
    Head,
    /// The state before the first revision: `base`.
    Base,
    /// The revision with this id.
    Revision(String),
    /// A number of revisions from the current one: up (`+1`) or down (`-2`).
    Steps(i64),
}

impl From<&str> for Target {
    /// Parses a target. Any other text becomes [`Target::Revision`], without a check of the id.
    fn from(text: &str) -> Self {
        let is_number = text.starts_with(['+', '-']);
        match (text, text.parse()) {
            ("head", _) => Self::Head,
            ("base", _) => Self::Base,
            (_, Ok(steps)) if is_number => Self::Steps(steps),
            _ => Self::Revision(text.to_owned()),
        }
    }
}

impl From<&String> for Target {
    fn from(text: &String) -> Self {
        Self::from(text.as_str())
    }
}

impl From<String> for Target {
    fn from(text: String) -> Self {
        Self::from(text.as_str())
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Head => f.write_str("head"),
            Self::Base => f.write_str("base"),
            Self::Revision(id) => f.write_str(id),
            Self::Steps(steps) => write!(f, "{steps:+}"),
        }
    }
}
