//! The marks of git in a file with a conflict.

/// Returns `true` if the text has a mark of git.
pub(super) fn has_conflict(text: &str) -> bool {
    text.lines().any(|line| Mark::of(line).is_some())
}

/// A line that git writes into a file with a conflict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    /// Begins the lines of the current branch.
    Ours,
    /// Begins the lines before both branches.
    Base,
    /// Begins the lines of the other branch.
    Theirs,
    /// Ends the conflict.
    End,
}

impl Mark {
    /// Returns the mark that a line is.
    pub(super) fn of(line: &str) -> Option<Self> {
        let (mark, rest) = line.split_at_checked(7)?;
        if !rest.is_empty() && !rest.starts_with(' ') {
            return None;
        }
        match mark {
            "<<<<<<<" => Some(Self::Ours),
            "|||||||" => Some(Self::Base),
            "=======" => Some(Self::Theirs),
            ">>>>>>>" => Some(Self::End),
            _ => None,
        }
    }
}
