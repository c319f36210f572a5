//! Plain numbered files: `001.sql`, `1-name.sql` or `001_name.sql`.

use super::found::{Layout, ignored};
use super::numbered::{Numbered, split_digits};
use crate::developer::import::tree::{SourceFile, Tree};
use crate::support::Result;

/// Returns the number and the words in the name of a file.
fn parse(file: &SourceFile) -> Option<(&str, &str)> {
    let stem = file.name.strip_suffix(".sql")?;
    // Files in two directions are of another tool.
    if file.name.contains('/') || stem.ends_with(".up") || stem.ends_with(".down") {
        return None;
    }
    let (number, words) = split_digits(stem)?;
    let is_separated = words.is_empty() || words.starts_with(['-', '_', '.', ' ']);
    is_separated.then_some((number, words))
}

/// The number of digits of a time, `YYYYMMDDHHMMSS`.
const TIME_DIGITS: usize = 14;

/// Returns `true` if all SQL files have plain names, and at least one number counts.
///
/// If all numbers are times, a tool has made them.
pub(super) fn fits(tree: &Tree) -> bool {
    let files = tree.top_level().filter(|file| file.is_sql());
    let numbers: Option<Vec<&str>> = files.map(|file| Some(parse(file)?.0)).collect();
    let is_count = |number: &&str| number.len() != TIME_DIGITS;
    numbers.is_some_and(|numbers| numbers.iter().any(is_count))
}

/// Reads the files. The program is expected to count its migrations in `PRAGMA user_version`.
///
/// If the numbers are not 1, 2, 3 and so on, no migration has a version.
pub(super) fn read(tree: &Tree) -> Result<Layout> {
    let mut found = Numbered::default();
    for file in &tree.files {
        if let Some((number, words)) = parse(file) {
            found.add_file(number, words, file)?;
        }
    }
    let mut migrations = found.into_migrations();
    let mut pairs = migrations.iter().zip(1..);
    if !pairs.all(|(migration, count)| migration.version.parse() == Ok(count)) {
        for migration in &mut migrations {
            migration.version.clear();
        }
    }
    Ok(Layout {
        migrations,
        ignored: ignored(tree, |file| parse(file).is_some()),
    })
}
