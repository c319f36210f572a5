//! The settings of the store, read from environment variables.

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;

use crate::{Error, Key};

/// Returns the path of the database, from `TOKEN_STORAGE_DB`.
///
/// Default: `tokens.db` in the current directory.
pub fn database() -> PathBuf {
    database_from(env::var_os("TOKEN_STORAGE_DB"))
}

/// Returns the key, from `TOKEN_ENCRYPTION_KEY`; `None` if the variable is unset or empty.
///
/// # Errors
///
/// [`Error::InvalidKey`] if the variable is not a key.
pub fn key() -> Result<Option<Key>, Error> {
    key_from(env::var_os("TOKEN_ENCRYPTION_KEY"))
}

fn database_from(value: Option<OsString>) -> PathBuf {
    value
        .filter(|value| !value.is_empty())
        .map_or_else(|| PathBuf::from("tokens.db"), PathBuf::from)
}

fn key_from(value: Option<OsString>) -> Result<Option<Key>, Error> {
    match value {
        Some(value) if !value.is_empty() => {
            value.to_str().ok_or(Error::InvalidKey)?.parse().map(Some)
        }
        _ => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn database_variable_set_returns_its_path() {
        assert_eq!(
            database_from(Some("data/my.db".into())),
            PathBuf::from("data/my.db")
        );
    }

    #[test]
    fn database_variable_unset_or_empty_returns_the_default() {
        assert_eq!(database_from(None), PathBuf::from("tokens.db"));
        assert_eq!(database_from(Some("".into())), PathBuf::from("tokens.db"));
    }

    #[test]
    fn key_variable_set_returns_the_key() {
        assert!(matches!(
            key_from(Some(Key::generate_text().into())),
            Ok(Some(_))
        ));
    }

    #[test]
    fn key_variable_unset_or_empty_returns_none() {
        assert!(matches!(key_from(None), Ok(None)));
        assert!(matches!(key_from(Some("".into())), Ok(None)));
    }

    #[test]
    fn key_variable_invalid_is_rejected() {
        assert!(matches!(
            key_from(Some("open sesame".into())),
            Err(Error::InvalidKey)
        ));
    }
}
