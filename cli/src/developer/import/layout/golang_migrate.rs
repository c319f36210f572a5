//! golang-migrate: `<number>_<words>.up.sql` and `<number>_<words>.down.sql`.

use super::found::{Layout, ignored};
use super::numbered::{Numbered, numbered};
use crate::developer::import::tree::Tree;
use crate::support::Result;

fn is_migration(name: &str) -> bool {
    let has_suffix = |suffix| numbered(name, suffix).is_some();
    has_suffix(".up.sql") || has_suffix(".down.sql")
}

/// Returns `true` if all SQL files have names of golang-migrate.
pub(super) fn fits(tree: &Tree) -> bool {
    let mut files = tree.top_level().filter(|file| file.is_sql()).peekable();
    files.peek().is_some() && files.all(|file| is_migration(&file.name))
}

pub(super) fn read(tree: &Tree) -> Result<Layout> {
    let mut found = Numbered::default();
    for file in tree.top_level() {
        if let Some((number, words)) = numbered(&file.name, ".up.sql") {
            found.add_file(number, words, file)?;
        } else if let Some((number, _)) = numbered(&file.name, ".down.sql") {
            found.add_downgrade(number, file)?;
        }
    }
    Ok(Layout {
        migrations: found.into_migrations(),
        ignored: ignored(tree, |file| is_migration(&file.name)),
    })
}
