//! Downgrades that a database stores for programs that lack the revision.
//!
//! Everyone who can write to the database can write such a downgrade.
//! So a plan accepts a downgrade only if the stamped checksum of the revision matches.
//! The checksum covers the id, the parents, and both scripts.
//! An attacker can forge the checksum too, so the runtime also restricts what the SQL may do.

use crate::model::checksum;
use crate::parse::forbidden;
use crate::source::file_name;
use crate::sql::tokenizer::{self, Kind};
use crate::{Conflict, Date, Downgrade, HistoryRow, Revision, Script, Step};

/// Returns the steps that revert all unknown revisions except the first `kept`, newest first.
///
/// `is_stamped` returns `true` if the history has the revision and the chain has it too.
pub(crate) fn revert(
    unknown: &[HistoryRow],
    kept: usize,
    is_stamped: impl Fn(&str) -> bool,
) -> Result<Vec<Step>, Conflict> {
    let mut reverted = Vec::new();
    for position in (kept..unknown.len()).rev() {
        let (before, row) = (&unknown[..position], &unknown[position]);
        reverted.push(revert_row(row, before, &is_stamped)?);
    }
    Ok(reverted)
}

/// Returns the step that reverts the revision of a row.
///
/// `before` has rows that were stamped before.
/// `is_stamped` returns `true` if the history has the revision in another row.
pub(crate) fn revert_row(
    row: &HistoryRow,
    before: &[HistoryRow],
    is_stamped: impl Fn(&str) -> bool,
) -> Result<Step, Conflict> {
    if let Some(child) = before.iter().find(|other| revises(other, &row.revision)) {
        let child = &child.revision;
        let reason = format!("{child}, which was stamped before it, revises it");
        return Err(untrusted(row, &reason));
    }
    let has = |id: &str| is_stamped(id) || before.iter().any(|row| row.revision == id);
    let revision = Box::new(stored_revision(row, has)?);
    Ok(Step::DowngradeStored(revision))
}

fn revises(row: &HistoryRow, id: &str) -> bool {
    let parents = row.stored.revises.as_deref().unwrap_or_default();
    parents.split_ascii_whitespace().any(|parent| parent == id)
}

fn untrusted(row: &HistoryRow, reason: &str) -> Conflict {
    let (revision, reason) = (row.revision.clone(), reason.to_owned());
    Conflict::Untrusted { revision, reason }
}

/// Makes the revision that a row of the history describes.
///
/// `has` returns `true` if the database has the revision with this id.
fn stored_revision(row: &HistoryRow, has: impl Fn(&str) -> bool) -> Result<Revision, Conflict> {
    let stored = &row.stored;
    let path = format!("{}, as stored in the database", row.revision);
    if file_name::check_id(&row.revision).is_err() {
        return Err(untrusted(row, "its id is not valid"));
    }
    if let Some(reason) = &stored.irreversible {
        return Err(Conflict::Irreversible {
            revision: row.revision.clone(),
            reason: reason.clone(),
            path,
        });
    }
    if let Some(code) = &stored.code {
        let functions = code.split_ascii_whitespace().collect::<Vec<_>>();
        let reason = format!(
            "it runs functions that only its program has: {}",
            functions.join(", ")
        );
        return Err(Conflict::Irreversible {
            revision: row.revision.clone(),
            reason,
            path,
        });
    }
    let (Some(revises), Some(upgrade), Some(downgrade)) =
        (&stored.revises, &stored.upgrade_checksum, &stored.downgrade)
    else {
        return Err(untrusted(row, "its row in the history is incomplete"));
    };
    let upgrade = checksum::from_hex(upgrade)
        .ok_or_else(|| untrusted(row, "the checksum of its upgrade is not valid"))?;
    let script = parse_script(downgrade).map_err(|reason| untrusted(row, &reason))?;
    let parents = revises.split_ascii_whitespace();
    let (id, downgrade) = (&row.revision, checksum::script(&script));
    let expected = checksum::of_scripts(id, parents.clone(), &upgrade, Some(&downgrade));
    if !checksum::is_hex_of(&row.checksum, &expected) {
        let reason = "its checksum is not the one that was stamped";
        return Err(untrusted(row, reason));
    }
    if let Some(missing) = parents.clone().find(|parent| !has(parent)) {
        let reason = format!("it revises {missing}, which the history lacks");
        return Err(untrusted(row, &reason));
    }
    Ok(Revision {
        id: row.revision.clone().into(),
        parents: revises.clone().into(),
        path: path.into(),
        date: stored.applied_at.unwrap_or(Date::MIN),
        summary: stored.summary.clone().unwrap_or_default().into(),
        // The database stores no upgrade. Only the SQL of the downgrade runs.
        upgrade: Script::new(String::new(), 0, 0, &[]),
        downgrade: Downgrade::Sql(script),
        destroys: Vec::new(),
        assumes: Vec::new(),
        was: Vec::new(),
        is_compatible: stored.is_compatible,
        is_locked: false,
        checksum: expected,
        chain_checksum: [0; 32],
        proven: None,
    })
}

/// Splits a downgrade into statements. Fails if a statement breaks the rules for migrations.
fn parse_script(sql: &str) -> Result<Script, String> {
    let tokens = tokenizer::tokens(sql);
    let is_broken = |kind| matches!(kind, Kind::Unterminated(_) | Kind::Illegal);
    if tokens.iter().any(|token| is_broken(token.kind)) {
        return Err("SQLite cannot parse it".to_owned());
    }
    let statements = tokenizer::statements(sql, &tokens);
    for statement in &statements {
        if let Some(violation) = forbidden::check(sql, statement).into_iter().next() {
            return Err(violation.title);
        }
    }
    Ok(Script::new(sql.to_owned(), 1, 0, &statements))
}
