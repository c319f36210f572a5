//! Asking the user for confirmation.

use std::io::{self, BufRead, IsTerminal, Write};

use crate::support::{Failure, Result};

/// Returns `true` if a user can answer a question.
pub(crate) fn can_ask() -> bool {
    io::stdin().is_terminal()
}

/// Shows the consequences of a command, and asks whether to continue.
///
/// # Errors
///
/// Fails if the user declines, or if standard input is not a terminal.
pub(crate) fn confirm(consequences: &str) -> Result<()> {
    if !can_ask() {
        let message = format!(
            "cannot ask for confirmation: standard input is not a terminal\n{consequences}"
        );
        return Err(Failure::usage(message).help("pass --yes"));
    }
    let mut stderr = anstream::stderr();
    write!(stderr, "{consequences} Continue? [y/N] ")?;
    stderr.flush()?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    match answer.trim().to_ascii_lowercase().as_str() {
        "y" | "yes" => Ok(()),
        _ => Err(Failure::declined()),
    }
}
