//! Diesel: directories `<version>_<words>` with `up.sql`, `down.sql` and `metadata.toml`.

use super::found::{Layout, duplicate, ignored};
use super::numbered::whole;
use crate::developer::import::migration::{Mark, Migration, Upgrade};
use crate::developer::import::tree::{SourceFile, Tree};
use crate::support::Result;

/// Splits the name of a directory into the version as written and the words.
fn split(directory: &str) -> Option<(&str, &str)> {
    let (version, words) = directory.split_once('_')?;
    let is_version = version.starts_with(|c: char| c.is_ascii_digit())
        && version.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    is_version.then_some((version, words))
}

/// Returns the directory of an `up.sql`.
fn directory(file: &SourceFile) -> Option<&str> {
    file.name.strip_suffix("/up.sql")
}

/// Returns `true` if a directory has a name of Diesel.
pub(super) fn fits(tree: &Tree) -> bool {
    let mut directories = tree.files.iter().filter_map(directory);
    directories.any(|name| split(name).is_some())
}

pub(super) fn read(tree: &Tree) -> Result<Layout> {
    let mut migrations: Vec<Migration> = Vec::new();
    for file in &tree.files {
        let Some((directory, (version, words))) =
            directory(file).and_then(|name| Some((name, split(name)?)))
        else {
            continue;
        };
        // Diesel removes the dashes before it records the version.
        let version = version.replace('-', "");
        let upgrade = Upgrade::Sql(whole(file));
        let mut migration = Migration::new(&version, &version, words, upgrade);
        migration.downgrade = tree.get(&format!("{directory}/down.sql")).map(whole);
        let metadata = tree.get(&format!("{directory}/metadata.toml"));
        migration.no_transaction = metadata.and_then(no_transaction);
        if let Some(other) = migrations.iter().find(|other| other.version == version) {
            return Err(duplicate(&version, other.path(), &file.path));
        }
        migrations.push(migration);
    }
    // Diesel sorts the versions as texts.
    migrations.sort_by(|a, b| a.version.cmp(&b.version));
    let is_used = |file: &SourceFile| {
        let directory = file.name.split_once('/').map(|(directory, _)| directory);
        directory.is_some_and(|name| split(name).is_some())
    };
    Ok(Layout {
        migrations,
        ignored: ignored(tree, is_used),
    })
}

/// Returns the line `run_in_transaction = false`.
fn no_transaction(file: &SourceFile) -> Option<Mark> {
    let is_mark = |line: &str| {
        let words: String = line.split_whitespace().collect();
        words == "run_in_transaction=false"
    };
    let (text, line) = file.text.lines().zip(1..).find(|(text, _)| is_mark(text))?;
    Some(Mark {
        path: file.path.clone(),
        line,
        text: text.trim().to_owned(),
    })
}
