//! The message and the offset in an error of SQLite.

use rusqlite::ErrorCode;

/// Returns SQLite's own message, without the text that rusqlite adds.
pub fn sqlite_message(error: &rusqlite::Error) -> String {
    // With this code, the message may name only an operation or a file, not the lack of memory.
    if error.sqlite_error_code() == Some(ErrorCode::OutOfMemory) {
        return "out of memory".to_owned();
    }
    match error {
        #[cfg(feature = "bundled")]
        rusqlite::Error::SqlInputError { msg, .. } => msg.clone(),
        rusqlite::Error::SqliteFailure(_, Some(message)) => message.clone(),
        other => other.to_string(),
    }
}

/// Returns the byte offset of the error in its statement, if SQLite reports one.
pub fn sqlite_offset(error: &rusqlite::Error) -> Option<usize> {
    match error {
        // Older versions of SQLite report no offset, so rusqlite has this variant only if it
        // bundles SQLite.
        #[cfg(feature = "bundled")]
        rusqlite::Error::SqlInputError { offset, .. } => usize::try_from(*offset).ok(),
        _ => None,
    }
}
