//! dbmate: `<number>_<words>.sql` with sections below `-- migrate:up` and `-- migrate:down`.

use super::found::{Layout, ignored};
use super::goose::of_sections;
use super::numbered::{Numbered, split_digits};
use super::sections::{MarkKind, split};
use crate::developer::import::tree::{SourceFile, Tree};
use crate::support::Result;

/// Returns `true` if a line is a mark of dbmate.
pub(super) fn is_mark(line: &str) -> bool {
    !kinds(line).is_empty()
}

/// Returns the meanings of a line.
fn kinds(line: &str) -> Vec<MarkKind> {
    let comment = line.strip_prefix("--").map(str::trim_start);
    let Some(mark) = comment.and_then(|comment| comment.strip_prefix("migrate:")) else {
        return Vec::new();
    };
    let mut words = mark.split_whitespace();
    let mut kinds = match words.next() {
        Some("up") => vec![MarkKind::Up],
        Some("down") => vec![MarkKind::Down],
        _ => return Vec::new(),
    };
    if words.any(|option| option == "transaction:false") {
        kinds.push(MarkKind::NoTransaction);
    }
    kinds
}

fn parse(file: &SourceFile) -> Option<(&str, &str)> {
    let stem = file.name.strip_suffix(".sql")?;
    split_digits(stem).filter(|_| !file.name.contains('/'))
}

pub(super) fn read(tree: &Tree) -> Result<Layout> {
    let mut found = Numbered::default();
    for file in &tree.files {
        let Some((number, words)) = parse(file) else {
            continue;
        };
        let sections = split(file, kinds)?;
        let mut migration = of_sections(number, words, &file.path, sections);
        // dbmate records the digits as a text.
        number.clone_into(&mut migration.version);
        found.add(number, migration)?;
    }
    Ok(Layout {
        migrations: found.into_migrations(),
        ignored: ignored(tree, |file| parse(file).is_some()),
    })
}
