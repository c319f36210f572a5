//! Joining of consecutive drafts into one, for `--squash A..B`.

use std::ops::RangeInclusive;

use super::clean::terminated;
use super::draft::{Draft, Reverse, is_taken_over, without_directive};
use super::migration::Migration;
use crate::support::{Failure, Result};

/// The argument of `--squash`: the first and the last version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Range {
    first: String,
    last: String,
}

impl Range {
    /// Parses `A..B`.
    ///
    /// # Errors
    ///
    /// Returns the text of a usage error.
    pub(crate) fn parse(text: &str) -> std::result::Result<Self, String> {
        let (first, last) = text.split_once("..").unwrap_or_default();
        if first.is_empty() || last.is_empty() {
            return Err("write the first and the last version as A..B".to_owned());
        }
        Ok(Self {
            first: first.to_owned(),
            last: last.to_owned(),
        })
    }
}

/// A [`Range`] as indices of migrations.
#[derive(Debug, Clone)]
pub(crate) struct Span {
    range: Range,
    migrations: RangeInclusive<usize>,
}

impl Span {
    /// Finds the versions of a range among the migrations.
    ///
    /// # Errors
    ///
    /// Fails if a version does not exist, or if the range has fewer than two migrations.
    pub(crate) fn find(range: &Range, migrations: &[Migration]) -> Result<Self> {
        let first = find(migrations, &range.first)?;
        let last = find(migrations, &range.last)?;
        if first >= last {
            let message = format!("--squash: {}..{} is not a range", range.first, range.last);
            return Err(Failure::usage(message).help("name the older version first"));
        }
        Ok(Self {
            range: range.clone(),
            migrations: first..=last,
        })
    }
}

/// Joins the drafts of the migrations in `span` into the last one of them.
///
/// # Errors
///
/// Fails if the drafts do not follow each other.
pub(crate) fn squash(drafts: &mut Vec<Draft>, span: &Span) -> Result<()> {
    let is_inside = |draft: &Draft| span.migrations.contains(&draft.migration);
    let start = drafts.iter().position(is_inside);
    let end = drafts.iter().rposition(is_inside);
    let (Some(start), Some(end)) = (start, end) else {
        return Ok(());
    };
    let parts = &drafts[start..=end];
    let mut pairs = parts.windows(2);
    if !pairs.all(|pair| pair[1].parents == [pair[0].id.clone()]) {
        let Range { first, last } = &span.range;
        let message = format!("the migrations in {first}..{last} have branches");
        return Err(Failure::usage(message).help("name versions without a branch between them"));
    }
    let joined = join(parts, &span.range);
    let ids: Vec<String> = parts.iter().map(|draft| draft.id.clone()).collect();
    let id = joined.id.clone();
    drafts.splice(start..=end, [joined]);
    for draft in &mut drafts[start + 1..] {
        for parent in draft
            .parents
            .iter_mut()
            .filter(|parent| ids.contains(parent))
        {
            parent.clone_from(&id);
        }
    }
    Ok(())
}

/// Returns the index of the migration with this version or id.
fn find(migrations: &[Migration], version: &str) -> Result<usize> {
    let wanted = version.trim_start_matches('0');
    let is_wanted = |migration: &Migration| {
        migration.id == version || migration.id.trim_start_matches('0') == wanted
    };
    migrations.iter().position(is_wanted).ok_or_else(|| {
        let message = format!("--squash: there is no version `{version}`");
        Failure::usage(message)
    })
}

/// Joins drafts. The result has the name of the last one, and the versions of all.
fn join(parts: &[Draft], range: &Range) -> Draft {
    let mut joined = parts[parts.len() - 1].clone();
    joined.parents.clone_from(&parts[0].parents);
    let summary = format!("-- Squash of {} to {}.", range.first, range.last);
    let comments = parts.iter().flat_map(|part| part.comment.iter());
    let directives = comments.filter(|line| is_taken_over(line));
    joined.comment = directives.cloned().collect();
    joined.comment.insert(0, summary);
    joined.was = parts.iter().flat_map(|part| part.was.clone()).collect();
    joined.sources = parts.iter().flat_map(|part| part.sources.clone()).collect();
    let scripts = parts.iter().map(|part| script(part, &part.upgrade));
    joined.upgrade = scripts.collect::<Vec<_>>().join("\n\n");
    if parts.iter().any(|part| part.upgrade_with_pragmas.is_some()) {
        let scripts = parts.iter().map(Draft::replayed).map(terminated);
        joined.upgrade_with_pragmas = Some(scripts.collect::<Vec<_>>().join("\n"));
    }
    joined.downgrade = join_downgrades(parts);
    joined.turns_keys_off = parts.iter().all(|part| part.turns_keys_off);
    joined
}

/// Returns a script below the comment of its draft.
fn script(part: &Draft, sql: &str) -> String {
    let comment = part.comment.iter().filter(|line| !is_taken_over(line));
    let mut lines: Vec<String> = comment.map(|line| without_directive(line)).collect();
    lines.push(terminated(sql));
    lines.join("\n")
}

/// Joins the downgrades, the last one first.
fn join_downgrades(parts: &[Draft]) -> Reverse {
    let mut scripts = Vec::new();
    for part in parts.iter().rev() {
        match &part.downgrade {
            Reverse::Sql(sql) => scripts.push(terminated(sql)),
            Reverse::Irreversible(reason) => {
                return Reverse::Irreversible(format!("{} in {}", reason, part.id));
            }
        }
    }
    Reverse::Sql(scripts.join("\n\n"))
}
