//! The target of a command, as an argument or as an option.

use revchain_runtime::Target;

use crate::support::{Failure, Result};

/// Returns the target that the arguments name; `None` if they name none.
///
/// # Errors
///
/// Fails if `argument` and `option` are different targets, or if the text cannot be a target.
pub(crate) fn target(argument: Option<&str>, option: Option<&str>) -> Result<Option<Target>> {
    if let (Some(argument), Some(option)) = (argument, option) {
        if argument != option {
            let message = format!("there are two targets: `{argument}` and -r `{option}`");
            return Err(Failure::usage(message).help("name one target"));
        }
    }
    match argument.or(option) {
        Some("heads") => {
            Err(Failure::usage("a chain has one head").help("write `head` instead of `heads`"))
        }
        target => Ok(target.map(Target::from)),
    }
}
