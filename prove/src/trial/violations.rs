//! Foreign keys that rows violate after a script.

use revchain_core::AssumesKind;
use revchain_runtime::ForeignKeyViolation;
use revchain_runtime::internal::{key_columns, quote};
use rusqlite::{Connection, Result};

use super::expected::Tables;
use super::failing_rows::Assumption;
use super::judged::Judged;
use crate::sample_rows::table::TableCache;

/// A row that violates a foreign key.
pub(crate) struct Violation {
    pub(crate) row: ForeignKeyViolation,
    /// `true` if the script has added the key.
    pub(crate) is_new: bool,
    /// The condition that a row with a parent satisfies; `None` if the table lacked the column.
    pub(super) assumption: Option<Assumption>,
}

/// The foreign keys before a script: the table and the lowercase columns of each key.
pub(super) struct KnownKeys {
    keys: Vec<(String, Vec<String>)>,
    /// The tables with rows that violate a key already.
    violated: Vec<String>,
}

impl KnownKeys {
    pub(super) fn read(
        connection: &Connection,
        tables: &Tables,
        cache: &TableCache,
    ) -> Result<Self> {
        let mut keys = Vec::new();
        for (table, _) in tables {
            for key in &cache.get(connection, table)?.keys {
                let columns = key.columns.iter().map(|(from, _)| from.clone());
                keys.push((table.clone(), columns.collect()));
            }
        }
        let mut violated = Vec::new();
        for (table, _) in tables {
            let check = format!("PRAGMA main.foreign_key_check({})", quote(table));
            if let Ok(mut statement) = connection.prepare(&check) {
                if statement.exists([]).unwrap_or(true) {
                    violated.push(table.clone());
                }
            }
        }
        Ok(Self { keys, violated })
    }

    /// Returns the first violation of each key.
    ///
    /// `created` has the tables that the script has created.
    /// The proof without sample rows reports a key that does not fit its parent.
    pub(super) fn violations(
        &self,
        connection: &Connection,
        (judged, created): (&[&Judged], &[String]),
    ) -> Result<Vec<Violation>> {
        let mut found: Vec<Violation> = Vec::new();
        let successors = judged.iter().filter_map(|judged| {
            let name = judged.successor.name.as_ref()?;
            Some((name, Some(*judged)))
        });
        let is_successor = |name: &&String| {
            judged
                .iter()
                .any(|judged| judged.successor.name.as_ref() == Some(*name))
        };
        let others = created.iter().filter(|name| !is_successor(name));
        for (name, judged) in successors.chain(others.map(|name| (name, None))) {
            if judged.is_some_and(|judged| self.violated.contains(&judged.table)) {
                continue;
            }
            let check = format!("PRAGMA main.foreign_key_check({})", quote(name));
            let Ok(mut statement) = connection.prepare(&check) else {
                continue;
            };
            let mut rows = statement.query([])?;
            while let Ok(Some(row)) = rows.next() {
                let (rowid, parent, key): (Option<i64>, String, i64) =
                    (row.get(1)?, row.get(2)?, row.get(3)?);
                let columns = key_columns(connection, name, key)?;
                let is_known = judged.is_some_and(|judged| self.contains(judged, &columns));
                let row = ForeignKeyViolation::new(name.clone(), rowid, columns, parent);
                let is_repeated = found
                    .iter()
                    .any(|other| other.row.table == row.table && other.row.columns == row.columns);
                if !is_repeated {
                    let assumption = judged.and_then(|judged| {
                        let columns = row.columns.iter().map(|column| judged.old_column(column));
                        let columns: Vec<String> = columns.collect::<Option<_>>()?;
                        let table = judged.table.to_ascii_lowercase();
                        Some(Assumption::new(&table, columns, AssumesKind::References))
                    });
                    found.push(Violation {
                        assumption: assumption.filter(|_| !is_known),
                        is_new: !is_known,
                        row,
                    });
                }
            }
        }
        Ok(found)
    }

    /// Returns `true` if the table had the key before the script.
    fn contains(&self, judged: &Judged, columns: &[String]) -> bool {
        self.keys.iter().any(|(table, old)| {
            let places: Option<Vec<&str>> = old
                .iter()
                .map(|column| Some(judged.place_of(column)?.1))
                .collect();
            *table == judged.table
                && places.is_some_and(|places| {
                    places.len() == columns.len()
                        && places
                            .iter()
                            .zip(columns)
                            .all(|(place, column)| place.eq_ignore_ascii_case(column))
                })
        })
    }
}
