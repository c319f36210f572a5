//! sqlx: `<number>_<words>.sql`, or `.up.sql` and `.down.sql`.

use super::found::{Layout, ignored};
use super::numbered::{Numbered, numbered};
use crate::developer::import::migration::{Mark, Migration, Upgrade};
use crate::developer::import::tree::{SourceFile, Tree};
use crate::support::Result;

/// The first line of a file that sqlx runs outside a transaction.
const MARK: &str = "-- no-transaction";

/// The direction of a file.
#[derive(Clone, Copy, PartialEq)]
enum Direction {
    Up,
    Down,
}

/// Returns the number, the words and the direction in the name of a file.
fn parse(file: &SourceFile) -> Option<(&str, &str, Direction)> {
    if file.name.contains('/') {
        return None;
    }
    let of = |suffix: &str| numbered(&file.name, suffix);
    if let Some((number, words)) = of(".down.sql") {
        return Some((number, words, Direction::Down));
    }
    let (number, words) = of(".up.sql").or_else(|| of(".sql"))?;
    Some((number, words, Direction::Up))
}

/// Returns `true` if all SQL files have names of sqlx.
pub(super) fn fits(tree: &Tree) -> bool {
    let mut files = tree.top_level().filter(|file| file.is_sql()).peekable();
    files.peek().is_some() && files.all(|file| parse(file).is_some())
}

/// Returns `true` if a file has the mark of sqlx.
pub(super) fn has_mark(tree: &Tree) -> bool {
    tree.top_level().any(|file| file.text.starts_with(MARK))
}

pub(super) fn read(tree: &Tree) -> Result<Layout> {
    let mut found = Numbered::default();
    for file in &tree.files {
        match parse(file) {
            Some((number, words, Direction::Up)) => found.add_file(number, words, file)?,
            Some((number, _, Direction::Down)) => found.add_downgrade(number, file)?,
            None => {}
        }
    }
    let mut migrations = found.into_migrations();
    migrations.iter_mut().for_each(take_mark);
    Ok(Layout {
        migrations,
        ignored: ignored(tree, |file| parse(file).is_some()),
    })
}

/// Moves the mark from the SQL to the migration.
fn take_mark(migration: &mut Migration) {
    let Upgrade::Sql(sql) = &mut migration.upgrade else {
        return;
    };
    if sql.text.starts_with(MARK) {
        migration.no_transaction = Some(Mark {
            path: sql.path.clone(),
            line: 1,
            text: MARK.to_owned(),
        });
        // The rest of the line is a comment, too. The newline stays, for the line numbers.
        let end = sql.text.find('\n').unwrap_or(sql.text.len());
        sql.text.drain(..end);
    }
}
