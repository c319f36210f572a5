//! Running other programs.

use std::error::Error;
use std::process::Command;

/// Runs a command.
///
/// # Errors
///
/// Fails if the command cannot start, or if its exit code is not 0.
pub fn run(command: &mut Command) -> Result<(), Box<dyn Error>> {
    let status = command.status()?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("{command:?}: {status}").into())
    }
}
