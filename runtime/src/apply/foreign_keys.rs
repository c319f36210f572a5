//! The foreign key check before COMMIT. SQLite does not enforce foreign keys during a migration.

use std::collections::HashMap;

use rusqlite::{Connection, Row};

use crate::report::error::ForeignKeyViolation;
use crate::session::sql::{contains_word, query_texts, quote};

/// The largest number of violations that an error lists, because every row can be a violation.
const MAX_REPORTED: usize = 10;

/// The foreign key violations of a database: the first violations, and the total count.
#[derive(Debug, Default)]
pub struct Violations {
    /// The first violations, at most `MAX_REPORTED`.
    pub first: Vec<ForeignKeyViolation>,
    /// The total number of violations.
    pub count: usize,
    /// The number of violations from before the scripts, which do not count.
    pub existing: usize,
}

/// The values by which a violation before the scripts is recognized after the scripts.
#[derive(PartialEq, Eq, Hash)]
struct ViolationKey {
    table: String,
    rowid: Option<i64>,
    parent: String,
}

impl ViolationKey {
    fn of(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            table: row.get(0)?,
            rowid: row.get(1)?,
            parent: row.get(2)?,
        })
    }
}

/// The number of violations before the migrations, for each [`ViolationKey`].
///
/// In a WITHOUT ROWID table, violations with the same parent table share a key.
#[derive(Default)]
pub(crate) struct ExistingViolations(HashMap<ViolationKey, usize>);

impl ExistingViolations {
    /// Counts the violations in `tables`.
    pub(crate) fn find(connection: &Connection, tables: &[String]) -> rusqlite::Result<Self> {
        let mut existing = Self::default();
        each_violation(connection, Some(tables), |row| {
            *existing.0.entry(ViolationKey::of(row)?).or_default() += 1;
            Ok(())
        })?;
        Ok(existing)
    }

    /// Returns the number of violations.
    pub(crate) fn count(&self) -> usize {
        self.0.values().sum()
    }

    /// Returns `true` if the violation existed before the migrations, and removes the violation.
    fn take(&mut self, row: &Row<'_>) -> rusqlite::Result<bool> {
        if self.0.is_empty() {
            return Ok(false);
        }
        match self.0.get_mut(&ViolationKey::of(row)?) {
            Some(left) if *left > 0 => {
                *left -= 1;
                Ok(true)
            }
            _ => Ok(false),
        }
    }
}

/// Returns up to `MAX_REPORTED` foreign key violations of a database, and the total count.
///
/// # Errors
///
/// Fails if SQLite fails, for example with `foreign key mismatch`.
pub fn violations(connection: &Connection) -> rusqlite::Result<Violations> {
    new_violations(connection, None, ExistingViolations::default())
}

/// Does the same as [`violations`] for one table.
///
/// # Errors
///
/// Fails if SQLite fails, for example with `foreign key mismatch`.
pub fn violations_in(connection: &Connection, table: &str) -> rusqlite::Result<Violations> {
    let tables = [table.to_owned()];
    new_violations(connection, Some(&tables), ExistingViolations::default())
}

/// Returns the violations in `tables` that are not in `existing`. `None` means all tables.
pub(crate) fn new_violations(
    connection: &Connection,
    tables: Option<&[String]>,
    mut existing: ExistingViolations,
) -> rusqlite::Result<Violations> {
    let mut violations = Violations::default();
    each_violation(connection, tables, |row| {
        if existing.take(row)? {
            violations.existing += 1;
            return Ok(());
        }
        violations.count += 1;
        if violations.first.len() < MAX_REPORTED {
            let table: String = row.get(0)?;
            let columns = key_columns(connection, &table, row.get(3)?)?;
            let violation = ForeignKeyViolation::new(table, row.get(1)?, columns, row.get(2)?);
            violations.first.push(violation);
        }
        Ok(())
    })?;
    Ok(violations)
}

/// Calls `visit` with each violation in `tables`, or in all tables if `tables` is `None`.
fn each_violation(
    connection: &Connection,
    tables: Option<&[String]>,
    mut visit: impl FnMut(&Row<'_>) -> rusqlite::Result<()>,
) -> rusqlite::Result<()> {
    let checks: Vec<String> = match tables {
        None => vec!["PRAGMA main.foreign_key_check".to_owned()],
        Some(tables) => tables
            .iter()
            .map(|table| format!("PRAGMA main.foreign_key_check({})", quote(table)))
            .collect(),
    };
    for check in checks {
        let mut statement = connection.prepare(&check)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            visit(row)?;
        }
    }
    Ok(())
}

/// Returns the columns of the foreign key with the number `key` in `PRAGMA foreign_key_list`.
///
/// # Errors
///
/// Fails if SQLite fails.
pub fn key_columns(
    connection: &Connection,
    table: &str,
    key: i64,
) -> rusqlite::Result<Vec<String>> {
    let sql = "SELECT \"from\" FROM pragma_foreign_key_list(?1, 'main') WHERE id = ?2 ORDER BY seq";
    query_texts(connection, sql, (table, key))
}

/// A foreign key constraint of a table.
#[derive(Debug, Clone)]
pub struct ForeignKey {
    /// The table that has the constraint.
    pub table: String,
    /// The table that the constraint references.
    pub parent: String,
    /// The columns of the key, each with the column of the parent that it references.
    ///
    /// `None` means that the constraint references the primary key of the parent.
    pub columns: Vec<(String, Option<String>)>,
}

/// Reads all foreign keys of a database, ordered by table.
///
/// # Errors
///
/// Fails if SQLite fails.
pub fn foreign_keys(connection: &Connection) -> rusqlite::Result<Vec<ForeignKey>> {
    // The pragma takes some microseconds a table, so only tables with the keyword are asked.
    // The program may have replaced SQLite's functions, so Rust looks for the keyword.
    let mut tables = connection
        .prepare("SELECT name, sql FROM main.sqlite_master WHERE type = 'table' ORDER BY name")?;
    let mut names: Vec<String> = Vec::new();
    let mut rows = tables.query([])?;
    while let Some(row) = rows.next()? {
        let sql = row.get_ref(1)?.as_bytes().unwrap_or_default();
        if contains_word(sql, "references") {
            names.push(row.get(0)?);
        }
    }
    let mut statement = connection.prepare(
        "SELECT \"table\", \"from\", \"to\", seq FROM pragma_foreign_key_list(?1, 'main')
         ORDER BY id, seq",
    )?;
    let mut keys: Vec<ForeignKey> = Vec::new();
    for table in names {
        let mut rows = statement.query([&table])?;
        while let Some(row) = rows.next()? {
            let column = (row.get(1)?, row.get(2)?);
            // `seq` counts the columns of a key from 0, so 0 begins a new key.
            match (row.get::<_, i64>(3)?, keys.last_mut()) {
                (1.., Some(key)) => key.columns.push(column),
                _ => keys.push(ForeignKey {
                    table: table.clone(),
                    parent: row.get(0)?,
                    columns: vec![column],
                }),
            }
        }
    }
    Ok(keys)
}
