//! goose: `<number>_<words>.sql` with sections below `-- +goose Up` and `-- +goose Down`.

use super::found::{Layout, ignored};
use super::numbered::{Numbered, numbered, stored};
use super::sections::{MarkKind, Sections, split};
use crate::developer::import::migration::{Migration, Sql, Upgrade};
use crate::developer::import::tree::Tree;
use crate::support::Result;

/// Returns `true` if a line is a mark of goose.
pub(super) fn is_mark(line: &str) -> bool {
    !kinds(line).is_empty()
}

/// Returns the meanings of a line.
fn kinds(line: &str) -> Vec<MarkKind> {
    let comment = line.trim().strip_prefix("--").map(str::trim_start);
    let Some(mark) = comment.and_then(|comment| comment.strip_prefix("+goose")) else {
        return Vec::new();
    };
    let words: Vec<String> = mark.split_whitespace().map(str::to_lowercase).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let kind = match words[..] {
        ["up"] => MarkKind::Up,
        ["down"] => MarkKind::Down,
        ["no", "transaction"] => MarkKind::NoTransaction,
        ["envsub", "on"] => MarkKind::Template,
        _ => MarkKind::Other,
    };
    vec![kind]
}

pub(super) fn read(tree: &Tree) -> Result<Layout> {
    let mut found = Numbered::default();
    for file in tree.top_level() {
        if let Some((number, words)) = numbered(&file.name, ".sql") {
            let sections = split(file, kinds)?;
            let migration = of_sections(number, words, &file.path, sections);
            found.add(number, migration)?;
        } else if let Some((number, words)) = numbered(&file.name, ".go") {
            // `_test.go` is no migration.
            if !words.ends_with("_test") {
                let path = file.path.clone();
                let upgrade = Upgrade::Code { path };
                let migration = Migration::new(number, &stored(number), words, upgrade);
                found.add(number, migration)?;
            }
        }
    }
    Ok(Layout {
        migrations: found.into_migrations(),
        ignored: ignored(tree, |file| numbered(&file.name, ".sql").is_some()),
    })
}

/// Returns the migration of a file with sections. Without an upgrade, the upgrade is empty.
pub(super) fn of_sections(number: &str, words: &str, path: &str, sections: Sections) -> Migration {
    let upgrade = sections.up.unwrap_or_else(|| Sql {
        path: path.to_owned(),
        first_line: 1,
        text: String::new(),
    });
    let mut migration = Migration::new(number, &stored(number), words, Upgrade::Sql(upgrade));
    migration.downgrade = sections.down;
    migration.no_transaction = sections.no_transaction;
    migration.is_template = sections.is_template;
    migration
}
