//! Reading the rows of the history.

use std::time::{Duration, UNIX_EPOCH};

use revchain_core::history::row::StoredRevision;
use revchain_core::model::checksum;
use revchain_core::{Chain, Date, HistoryRow, Revision};
use rusqlite::{Connection, Row};

use super::history_entry::{HistoryEntry, Origin};
use super::history_table::HistoryTable;

/// The number of rows that are read in addition to the length of the chain. This limits the work
/// for a malicious file.
pub const MAX_UNKNOWN_ROWS: usize = 1000;

/// The length in bytes to which a text is shortened. An id has at most 32 bytes, and a checksum 64.
const MAX_TEXT_BYTES: usize = 400;

/// The total number of bytes of stored downgrades that are read.
const MAX_DOWNGRADE_BYTES: usize = 16 << 20;

impl HistoryTable<'_> {
    /// Reads the rows of the table as entries for users, oldest first.
    pub(crate) fn entries(&self, connection: &Connection) -> rusqlite::Result<Vec<HistoryEntry>> {
        let described = match self.code_if_described(connection)? {
            Some(code) => format!("program, summary, {code}"),
            None => "NULL, NULL, NULL".to_owned(),
        };
        let mut statement = connection.prepare(&format!(
            "SELECT revision, checksum, origin, applied_at, duration_us, {described}
             FROM main.{} ORDER BY rowid LIMIT {}",
            self.name(),
            self.max_rows()
        ))?;
        let entries = statement.query_map([], |row| {
            let (milliseconds, microseconds): (i64, i64) = (row.get(3)?, row.get(4)?);
            let since_epoch = Duration::from_millis(milliseconds.try_into().unwrap_or(0));
            Ok(HistoryEntry {
                revision: read_text(row, 0)?,
                checksum: read_text(row, 1)?,
                origin: row.get(2)?,
                applied_at: UNIX_EPOCH.checked_add(since_epoch).unwrap_or(UNIX_EPOCH),
                duration: Duration::from_micros(microseconds.try_into().unwrap_or(0)),
                program: read_text(row, 5).ok(),
                summary: read_text(row, 6).ok(),
                code: names(read_text(row, 7).ok()),
            })
        })?;
        entries.collect()
    }

    pub(super) fn max_rows(&self) -> usize {
        self.migrations().revisions().len() + MAX_UNKNOWN_ROWS
    }

    /// Reads the rows in the order of their stamps, with the description of each revision that is
    /// not one of the chain.
    pub(super) fn rows(&self, connection: &Connection) -> rusqlite::Result<Vec<HistoryRow>> {
        let mut rows = self.stamps(connection)?;
        self.describe_foreign(connection, &mut rows)?;
        Ok(rows)
    }

    /// Reads the id and the checksum of each row, in the order of the stamps.
    pub(super) fn stamps(&self, connection: &Connection) -> rusqlite::Result<Vec<HistoryRow>> {
        let sql = format!(
            "SELECT revision, checksum FROM main.{} ORDER BY rowid LIMIT {}",
            self.name(),
            self.max_rows()
        );
        let mut statement = connection.prepare(&sql)?;
        let rows = statement.query_map([], |row| {
            Ok(HistoryRow::new(read_text(row, 0)?, read_text(row, 1)?))
        })?;
        rows.collect()
    }

    /// Returns `true` if the database was adopted with another order of columns.
    pub(super) fn ignores_column_order(&self, connection: &Connection) -> rusqlite::Result<bool> {
        let sql = format!(
            "SELECT EXISTS (SELECT 1 FROM main.{} WHERE origin = ?1)",
            self.name()
        );
        let origin = Origin::AdoptReordered.name();
        connection.query_row(&sql, [origin], |row| row.get(0))
    }

    /// Reads the stored downgrades, at most `MAX_DOWNGRADE_BYTES`.
    pub(super) fn downgrades(&self, connection: &Connection) -> rusqlite::Result<Vec<String>> {
        if self.code_if_described(connection)?.is_none() {
            return Ok(Vec::new());
        }
        let sql = format!(
            "SELECT downgrade FROM main.{} ORDER BY rowid LIMIT {}",
            self.name(),
            self.max_rows()
        );
        let mut statement = connection.prepare(&sql)?;
        let mut rows = statement.query([])?;
        let mut room = MAX_DOWNGRADE_BYTES;
        let mut downgrades = Vec::new();
        while let Some(row) = rows.next()? {
            downgrades.extend(read_downgrade(row, 0, &mut room)?);
        }
        Ok(downgrades)
    }

    /// Reads the stored description of each revision that is not one of the chain.
    fn describe_foreign(
        &self,
        connection: &Connection,
        rows: &mut [HistoryRow],
    ) -> rusqlite::Result<()> {
        let chain = self.migrations().chain();
        // A plan rejects a history with more rows than the limit, so no description is needed.
        let has_more = rows.len() >= self.max_rows();
        if has_more || !has_foreign(chain, rows) {
            return Ok(());
        }
        let Some(code) = self.code_if_described(connection)? else {
            return Ok(());
        };
        let by_id = chain.index_by_id();
        let mut statement = connection.prepare(&format!(
            "SELECT CAST(strftime('%Y%m%d%H%M', applied_at / 1000, 'unixepoch') AS INTEGER),
                program, summary, compatible IS 1, revises, upgrade_checksum, irreversible,
                downgrade, {code}
             FROM main.{} ORDER BY rowid LIMIT {}",
            self.name(),
            self.max_rows()
        ))?;
        let mut found = statement.query([])?;
        let mut room = MAX_DOWNGRADE_BYTES;
        for row in rows {
            let Some(stored) = found.next()? else { break };
            let index = by_id.get(row.revision.as_str());
            if !index.is_some_and(|&index| is_stamp_of(row, &chain[index])) {
                row.stored = stored_revision(stored, &mut room)?;
            }
        }
        Ok(())
    }
}

/// Returns `true` if the rows contain a revision that is not one of the chain.
///
/// The chain lacks the revision, or has another form of it.
pub(super) fn has_foreign(chain: &Chain, rows: &[HistoryRow]) -> bool {
    // Most histories have the revisions of the chain in order. This check needs no map.
    let mut in_order = chain.revisions().iter();
    let mut rows_in_order = rows.iter();
    if rows_in_order.all(|row| in_order.next().is_some_and(|next| is_stamp_of(row, next))) {
        return false;
    }
    let by_id = chain.index_by_id();
    rows.iter().any(|row| {
        let index = by_id.get(row.revision.as_str());
        !index.is_some_and(|&index| is_stamp_of(row, &chain[index]))
    })
}

/// Returns `true` if the row is a stamp of exactly this revision.
fn is_stamp_of(row: &HistoryRow, revision: &Revision) -> bool {
    row.revision == revision.id() && checksum::is_hex_of(&row.checksum, revision.checksum())
}

/// Reads the description of a revision. `room` is the number of bytes left for stored downgrades.
fn stored_revision(row: &Row<'_>, room: &mut usize) -> rusqlite::Result<StoredRevision> {
    let mut stored = StoredRevision::default();
    let applied_at: Option<i64> = row.get(0).ok();
    stored.applied_at = applied_at
        .and_then(|number| u64::try_from(number).ok())
        .and_then(Date::checked_from_number);
    stored.program = read_text(row, 1).ok();
    stored.summary = read_text(row, 2).ok();
    stored.is_compatible = row.get(3)?;
    stored.revises = read_text(row, 4).ok();
    stored.upgrade_checksum = read_text(row, 5).ok();
    stored.irreversible = read_text(row, 6).ok();
    stored.downgrade = read_downgrade(row, 7, room)?;
    stored.code = read_text(row, 8).ok();
    Ok(stored)
}

/// Reads a stored downgrade, unless it is longer than `room`. Subtracts its length from `room`.
fn read_downgrade(
    row: &Row<'_>,
    column: usize,
    room: &mut usize,
) -> rusqlite::Result<Option<String>> {
    // An irreversible revision has no downgrade.
    let Ok(downgrade) = row.get_ref(column)?.as_str() else {
        return Ok(None);
    };
    if downgrade.len() > *room {
        return Ok(None);
    }
    *room -= downgrade.len();
    Ok(Some(downgrade.to_owned()))
}

/// Splits names that are separated by spaces.
fn names(text: Option<String>) -> Vec<String> {
    let text = text.unwrap_or_default();
    text.split_ascii_whitespace().map(str::to_owned).collect()
}

/// Reads a text, and shortens a text that is longer than `MAX_TEXT_BYTES`.
pub(super) fn read_text(row: &Row<'_>, column: usize) -> rusqlite::Result<String> {
    match row.get_ref(column)?.as_str() {
        Ok(text) if text.len() > MAX_TEXT_BYTES => {
            let mut end = MAX_TEXT_BYTES;
            while !text.is_char_boundary(end) {
                end -= 1;
            }
            Ok(format!("{}…", &text[..end]))
        }
        Ok(text) => Ok(text.to_owned()),
        // The error names the column and the type of its value.
        Err(_) => row.get(column),
    }
}
