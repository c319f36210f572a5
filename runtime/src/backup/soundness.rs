//! The check that a database is not damaged.

use revchain_core::sql::sqlite_messages::is_constraint_finding;
use rusqlite::{Connection, ErrorCode, ffi};

use crate::report::sqlite::sqlite_message;
use crate::session::sql::query_texts;

/// The largest number of findings in a message. A damaged file can have a hundred.
const MAX_FINDINGS: usize = 3;

/// The extent of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    /// Tables without their indexes. This check reads each page once.
    Tables,
    /// Tables, and their indexes.
    TablesAndIndexes,
}

/// Returns the damage that SQLite finds, as one line; `None` if the database is sound.
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
    let damage: Vec<String> = findings.into_iter().filter(is_damage).collect();
    let Some(first) = damage.first() else {
        return Ok(None);
    };
    match read_error(first) {
        Some(error) => Err(error),
        None => Ok(Some(in_one_line(&damage))),
    }
}

/// Returns the first findings as one line, and the number of the others.
///
/// A finding can have several lines, and a heading that names the database `main`.
fn in_one_line(findings: &[String]) -> String {
    let lines = findings.iter().flat_map(|finding| finding.lines());
    let lines: Vec<&str> = lines.filter(|line| !line.starts_with("***")).collect();
    let shown = lines[..lines.len().min(MAX_FINDINGS)].join("; ");
    match lines.len().saturating_sub(MAX_FINDINGS) {
        0 => shown,
        others => format!("{shown}; and {others} more"),
    }
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
        let line = in_one_line(&[finding.to_owned()]);
        assert_eq!(line, "Tree 2 page 2: a; Page 7: b");
    }

    #[test]
    fn line_has_the_first_findings_and_the_number_of_the_others() {
        let findings = ["*** in database main ***\na\nb", "c", "d\ne"].map(str::to_owned);
        assert_eq!(in_one_line(&findings), "a; b; c; and 2 more");
        assert_eq!(in_one_line(&findings[..2]), "a; b; c");
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
