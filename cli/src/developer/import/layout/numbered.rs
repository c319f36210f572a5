//! Migrations in the order of their numbers, with an upgrade and a downgrade in separate files.

use std::collections::BTreeMap;

use super::found::duplicate;
use crate::developer::import::migration::{Migration, Sql, Upgrade};
use crate::developer::import::tree::SourceFile;
use crate::support::{Failure, Result};

/// Splits a name into the digits at its start and the rest. Returns `None` without a digit.
pub(super) fn split_digits(name: &str) -> Option<(&str, &str)> {
    let end = name
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(name.len());
    if end == 0 {
        return None;
    }
    Some(name.split_at(end))
}

/// Splits `<number>_<words><suffix>` into the number and the words.
pub(super) fn numbered<'n>(name: &'n str, suffix: &str) -> Option<(&'n str, &'n str)> {
    let (number, rest) = split_digits(name.strip_suffix(suffix)?)?;
    Some((number, rest.strip_prefix('_')?))
}

/// Returns a number as a tool stores it, without leading zeros.
pub(super) fn stored(number: &str) -> String {
    let trimmed = number.trim_start_matches('0');
    if trimmed.is_empty() { "0" } else { trimmed }.to_owned()
}

/// Returns all SQL of a file.
pub(super) fn whole(file: &SourceFile) -> Sql {
    Sql {
        path: file.path.clone(),
        first_line: 1,
        text: file.text.clone(),
    }
}

/// Migrations by number.
#[derive(Debug, Default)]
pub(super) struct Numbered {
    migrations: BTreeMap<u128, Migration>,
    downgrades: BTreeMap<u128, Sql>,
}

impl Numbered {
    /// Adds a migration. `number` is its number as written.
    ///
    /// # Errors
    ///
    /// Fails if there is a migration of this number, or if the number has more than 38 digits.
    pub(super) fn add(&mut self, number: &str, migration: Migration) -> Result<()> {
        let key = parse(number, migration.path())?;
        if let Some(other) = self.migrations.get(&key) {
            return Err(duplicate(number, other.path(), migration.path()));
        }
        self.migrations.insert(key, migration);
        Ok(())
    }

    /// Adds the upgrade of a file.
    pub(super) fn add_file(&mut self, number: &str, words: &str, file: &SourceFile) -> Result<()> {
        let upgrade = Upgrade::Sql(whole(file));
        let migration = Migration::new(number, &stored(number), words, upgrade);
        self.add(number, migration)
    }

    /// Adds the downgrade of a file.
    pub(super) fn add_downgrade(&mut self, number: &str, file: &SourceFile) -> Result<()> {
        let key = parse(number, &file.path)?;
        if let Some(other) = self.downgrades.get(&key) {
            return Err(duplicate(number, &other.path, &file.path));
        }
        self.downgrades.insert(key, whole(file));
        Ok(())
    }

    /// Returns the migrations in the order of their numbers.
    pub(super) fn into_migrations(mut self) -> Vec<Migration> {
        for (key, downgrade) in self.downgrades {
            if let Some(migration) = self.migrations.get_mut(&key) {
                migration.downgrade = Some(downgrade);
            }
        }
        self.migrations.into_values().collect()
    }
}

fn parse(number: &str, path: &str) -> Result<u128> {
    number.parse().map_err(|_| {
        let message = format!("{path}: the number {number} is too large");
        Failure::failed("bad-version", message)
    })
}
