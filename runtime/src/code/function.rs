//! A function of the program, as the macro passes it.

use super::step::Step;
use crate::report::box_error::BoxError;

/// A function of the program, with the name that `@code` has.
pub struct CodeFunction {
    /// The name.
    pub name: &'static str,
    /// Runs the function.
    pub run: fn(&mut Step<'_>) -> Result<(), BoxError>,
}

/// Calls a function of the program, and converts its error.
///
/// # Errors
///
/// Fails with the error of the function.
pub fn call_code<E: Into<BoxError>>(
    function: fn(&mut Step<'_>) -> Result<(), E>,
    step: &mut Step<'_>,
) -> Result<(), BoxError> {
    function(step).map_err(Into::into)
}
