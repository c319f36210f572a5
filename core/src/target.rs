//! Where a database is to be brought.

use std::fmt;

/// A place in the chain, in Alembic's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// After the last revision: `head`.
    Head,
    /// Before the first revision: `base`.
    Base,
    /// At the revision with this id.
    Revision(String),
    /// So many steps from where the database is: `+1`, `-2`.
    Steps(i64),
}

impl From<&str> for Target {
    /// What is none of the other forms is taken for a revision's id; whether there is such a one, the chain knows.
    fn from(text: &str) -> Self {
        match text {
            "head" => Self::Head,
            "base" => Self::Base,
            _ if text.starts_with(['+', '-']) => {
                text.parse().map_or_else(|_| Self::Revision(text.to_owned()), Self::Steps)
            }
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
