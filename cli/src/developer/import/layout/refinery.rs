//! refinery: `V<number>__<words>.sql` or `.rs`, and `U…` for versions that may have gaps.

use super::found::{Layout, ignored};
use super::numbered::{Numbered, split_digits, stored, whole};
use crate::developer::import::migration::{Migration, Upgrade};
use crate::developer::import::tree::{SourceFile, Tree};
use crate::support::Result;

/// The language of a migration.
#[derive(Clone, Copy, PartialEq)]
enum Language {
    Sql,
    Rust,
}

/// Returns the number, the words and the language in the name of a file.
fn parse(file: &SourceFile) -> Option<(&str, &str, Language)> {
    let name = file.base_name();
    let (stem, language) = match name.strip_suffix(".sql") {
        Some(stem) => (stem, Language::Sql),
        None => (name.strip_suffix(".rs")?, Language::Rust),
    };
    let rest = stem.strip_prefix(['V', 'U'])?;
    let (number, words) = split_digits(rest)?;
    Some((number, words.strip_prefix("__")?, language))
}

/// Returns `true` if a file has a name of refinery.
pub(super) fn fits(tree: &Tree) -> bool {
    tree.files.iter().any(|file| parse(file).is_some())
}

pub(super) fn read(tree: &Tree) -> Result<Layout> {
    let mut found = Numbered::default();
    for file in &tree.files {
        let Some((number, words, language)) = parse(file) else {
            continue;
        };
        let upgrade = match language {
            Language::Sql => Upgrade::Sql(whole(file)),
            Language::Rust => Upgrade::Code {
                path: file.path.clone(),
            },
        };
        let migration = Migration::new(number, &stored(number), words, upgrade);
        found.add(number, migration)?;
    }
    Ok(Layout {
        migrations: found.into_migrations(),
        ignored: ignored(tree, |file| parse(file).is_some()),
    })
}
