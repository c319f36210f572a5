//! The settings, which are environment variables.

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;

use crate::{Error, Key};

/// The database, from `TOKEN_STORAGE_DB`; where that is unset or empty, `tokens.db` in the current folder.
pub fn database() -> PathBuf {
    database_from(env::var_os("TOKEN_STORAGE_DB"))
}

/// The key, from `TOKEN_ENCRYPTION_KEY`; none where that is unset or empty.
///
/// # Errors
///
/// [`Error::InvalidKey`] where it is something else than a key.
pub fn key() -> Result<Option<Key>, Error> {
    key_from(env::var_os("TOKEN_ENCRYPTION_KEY"))
}

fn database_from(value: Option<OsString>) -> PathBuf {
    value.filter(|value| !value.is_empty()).map_or_else(|| PathBuf::from("tokens.db"), PathBuf::from)
}

fn key_from(value: Option<OsString>) -> Result<Option<Key>, Error> {
    match value {
        Some(value) if !value.is_empty() => value.to_str().ok_or(Error::InvalidKey)?.parse().map(Some),
        _ => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_database_is_what_the_variable_names() {
        assert_eq!(database_from(Some("data/my.db".into())), PathBuf::from("data/my.db"));
    }

    #[test]
    fn the_database_is_in_the_current_folder_without_the_variable() {
        assert_eq!(database_from(None), PathBuf::from("tokens.db"));
        assert_eq!(database_from(Some("".into())), PathBuf::from("tokens.db"));
    }

    #[test]
    fn the_key_is_what_the_variable_holds() {
        assert!(matches!(key_from(Some(Key::generate_text().into())), Ok(Some(_))));
    }

    #[test]
    fn without_the_variable_there_is_no_key() {
        assert!(matches!(key_from(None), Ok(None)));
        assert!(matches!(key_from(Some("".into())), Ok(None)));
    }

    #[test]
    fn what_is_not_a_key_is_refused() {
        assert!(matches!(key_from(Some("open sesame".into())), Err(Error::InvalidKey)));
    }
}
