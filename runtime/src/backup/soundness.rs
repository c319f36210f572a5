//! The check that a database is not damaged.

use revchain_core::sql::sqlite_messages::is_constraint_finding;
use rusqlite::{Connection, ErrorCode, ffi};

use crate::report::sqlite::sqlite_message;
use crate::session::sql::query_texts;

/// The extent of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    /// Tables without their indexes. This check reads each page once.
    Tables,
    /// Tables, and their indexes.
    TablesAndIndexes,
}

/// Returns the first damage that SQLite finds; `None` if the database is sound.
///
/// Rows that violate a constraint are no damage: a copy keeps them as they are.
///
/// # Errors
///
/// Fails if SQLite cannot check the database, for example because the database is encrypted.
pub(super) fn find_damage(
    connection: &Connection,
    extent: Extent,
) -> rusqlite::Result<Option<String>> {
    let sql = "PRAGMA ignore_check_constraints";
    let ignores_checks: bool = connection.query_row(sql, [], |row| row.get(0))?;
    // A CHECK can call a function that only the program registers.
    connection.pragma_update(None, "ignore_check_constraints", true)?;
    let damage = find_damage_without_checks(connection, extent);
    // The connection can be that of the caller.
    connection.pragma_update(None, "ignore_check_constraints", ignores_checks)?;
    damage
}

fn find_damage_without_checks(
    connection: &Connection,
    extent: Extent,
) -> rusqlite::Result<Option<String>> {
    let pragma = match extent {
        Extent::Tables => "PRAGMA main.quick_check",
        Extent::TablesAndIndexes => "PRAGMA main.integrity_check",
    };
    let findings = match query_texts(connection, pragma, []) {
        Ok(findings) => findings,
        Err(error) => {
            return match (error.sqlite_error_code(), extent) {
                (Some(ErrorCode::DatabaseCorrupt), _) => Ok(Some(sqlite_message(&error))),
                // An index can call a function or a collation that only the program registers.
                (Some(ErrorCode::Unknown), Extent::TablesAndIndexes) => {
                    find_damage_without_checks(connection, Extent::Tables)
                }
                (Some(ErrorCode::Unknown), Extent::Tables) => Ok(None),
                _ => Err(error),
            };
        }
    };
    let is_damage = |finding: &String| finding != "ok" && !is_constraint_finding(finding);
    let Some(damage) = findings.into_iter().find(is_damage) else {
        return Ok(None);
    };
    match read_error(&damage) {
        Some(error) => Err(error),
        None => Ok(Some(without_heading(&damage))),
    }
}

/// Returns a finding as one line, without the heading that names the database `main`.
fn without_heading(finding: &str) -> String {
    let lines = finding.lines().filter(|line| !line.starts_with("***"));
    lines.collect::<Vec<_>>().join("; ")
}

/// Returns the error for which SQLite could not read a page, if the page is not damaged.
///
/// The check does not fail with the error, but reports it as `error code=7` in a finding.
fn read_error(finding: &str) -> Option<rusqlite::Error> {
    let (_, code) = finding.rsplit_once("error code=")?;
    let error = ffi::Error::new(code.trim_end().parse().ok()?);
    let is_damage = error.code == ErrorCode::DatabaseCorrupt;
    (!is_damage).then_some(rusqlite::Error::SqliteFailure(error, None))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finding_has_one_line_without_a_heading() {
        let finding = "*** in database main ***\nTree 2 page 2: a\nPage 7: b";
        assert_eq!(without_heading(finding), "Tree 2 page 2: a; Page 7: b");
        assert_eq!(without_heading("row 1 missing"), "row 1 missing");
    }

    #[test]
    fn page_that_cannot_be_read_is_no_damage() {
        let finding = |code| format!("Tree 5 page 5: unable to get the page. error code={code}");
        let code = |code| read_error(&finding(code))?.sqlite_error_code();
        assert_eq!(code(7), Some(ErrorCode::OutOfMemory));
        assert_eq!(code(266), Some(ErrorCode::SystemIoFailure));
        assert_eq!(code(11), None);
        assert!(read_error("Tree 5 page 5: btreeInitPage() returns error code 11").is_none());
    }
}
