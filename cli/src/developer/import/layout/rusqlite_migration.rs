//! rusqlite_migration: directories `<number>-<words>` with `up.sql` and `down.sql`.

use super::diesel;
use super::found::{Layout, ignored};
use super::numbered::{Numbered, split_digits};
use crate::developer::import::tree::{SourceFile, Tree};
use crate::support::{Failure, Result};

/// Returns the number, the words and the file name of a file in a directory of a migration.
fn parse(file: &SourceFile) -> Option<(&str, &str, &str)> {
    let (directory, name) = file.name.split_once('/')?;
    let (number, words) = split_digits(directory)?;
    let is_part = name == "up.sql" || name == "down.sql";
    Some((number, words.strip_prefix('-')?, name)).filter(|_| is_part)
}

/// Returns `true` if a directory has a name of rusqlite_migration, and none has one of Diesel.
pub(super) fn fits(tree: &Tree) -> bool {
    !diesel::fits(tree) && tree.files.iter().any(|file| parse(file).is_some())
}

/// Reads the directories. Like rusqlite_migration, requires the numbers 1, 2, 3 and so on.
pub(super) fn read(tree: &Tree) -> Result<Layout> {
    let mut found = Numbered::default();
    for file in &tree.files {
        match parse(file) {
            Some((number, words, "up.sql")) => found.add_file(number, words, file)?,
            Some((number, _, _)) => found.add_downgrade(number, file)?,
            None => {}
        }
    }
    let migrations = found.into_migrations();
    for (migration, count) in migrations.iter().zip(1_usize..) {
        if migration.version.parse() != Ok(count) {
            let path = migration.path();
            let message = format!("{path}: the number must be {count}, the next one");
            let help = "rename the directories so that their numbers have no gap: user_version counts them";
            return Err(Failure::failed("bad-version", message).help(help));
        }
    }
    Ok(Layout {
        migrations,
        ignored: ignored(tree, |file| parse(file).is_some()),
    })
}
