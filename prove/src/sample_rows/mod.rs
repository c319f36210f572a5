//! Sample rows: the rows that the proof inserts to detect revisions that lose rows.
//!
//! The proof fills a table, the tables that reference the table, and the parents of these tables.
//! Each value has the type of its column, and differs from row to row.
//! If a CHECK rejects a value, the proof tries the literals in the SQL of the table.
//! Some tables cannot be filled, for example if a trigger rejects every row.

mod table;
mod values;

use std::collections::HashMap;

use revchain_core::schema::Schema;
use revchain_core::sql::inspect::offset_of_name;
use revchain_runtime::internal::{ForeignKey, foreign_keys, quote, sqlite_message};
use rusqlite::types::Value;
use rusqlite::{Connection, Result, params_from_iter};

use table::{Column, columns};
pub(crate) use table::{Contents, contents, count};
use values::{candidates, literals};

/// The number of sample rows in each table.
const ROWS: usize = 3;

/// The maximum number of attempts to insert a row that a CHECK rejects.
const MAX_ATTEMPTS: usize = 400;

/// Inserts sample rows into `tables`, their children, and the parents that the rows need.
///
/// Returns the names of all these tables.
pub(crate) fn insert(
    connection: &Connection,
    schema: &Schema,
    tables: &[String],
) -> Result<Vec<String>> {
    let mut filler = Filler {
        connection,
        foreign_keys: foreign_keys(connection)?,
        rows: HashMap::new(),
    };
    let mut all = tables.to_vec();
    for table in tables {
        all.extend(schema.children(table).into_iter().map(str::to_owned));
    }
    for table in &all {
        filler.fill(table)?;
    }
    all.extend(filler.rows.into_keys());
    all.sort_by_key(|table| table.to_ascii_lowercase());
    all.dedup_by(|a, b| a.eq_ignore_ascii_case(b));
    Ok(all)
}

/// The values of a row by the lowercase names of their columns.
type Row = HashMap<String, Value>;

/// The state of filling tables with sample rows.
struct Filler<'c> {
    connection: &'c Connection,
    foreign_keys: Vec<ForeignKey>,
    /// The inserted rows by the lowercase name of the table.
    ///
    /// A table that is being filled has an empty entry, so that a cycle of foreign keys ends.
    rows: HashMap<String, Vec<Row>>,
}

impl Filler<'_> {
    /// Fills the parents of a table, then the table. Returns the rows of the table.
    fn fill(&mut self, table: &str) -> Result<Vec<Row>> {
        let key = table.to_ascii_lowercase();
        if let Some(rows) = self.rows.get(&key) {
            return Ok(rows.clone());
        }
        self.rows.insert(key.clone(), Vec::new());
        let columns = columns(self.connection, table)?;
        let references = self.references(table, &columns)?;
        let literals = literals(self.connection, table)?;
        let mut rows = Vec::new();
        for number in 0..ROWS {
            let values = columns
                .iter()
                .map(|column| match references.get(&column.name) {
                    Some(parents) => vec![parents.get(number).cloned().unwrap_or(Value::Null)],
                    None => candidates(column, number, &literals),
                });
            let Some(row) = self.insert(table, &columns, &values.collect::<Vec<_>>())? else {
                break;
            };
            rows.push(row);
        }
        self.rows.insert(key, rows.clone());
        Ok(rows)
    }

    /// Fills the parents of a table. Returns the parent values for each foreign key column.
    ///
    /// If a column has no parent values, the caller inserts NULL.
    fn references(
        &mut self,
        table: &str,
        columns: &[Column],
    ) -> Result<HashMap<String, Vec<Value>>> {
        let mut references = HashMap::new();
        let mut keys = self.foreign_keys.clone();
        keys.retain(|key| key.table.eq_ignore_ascii_case(table));
        for key in keys {
            let is_self = key.parent.eq_ignore_ascii_case(table);
            let (mut parent_key, mut parents) = (None, Vec::new());
            if !is_self && !self.can_be_null(&key, columns) {
                parents = self.fill(&key.parent)?;
                let mut columns = table::columns(self.connection, &key.parent)?.into_iter();
                parent_key = columns.find(|column| column.is_only_key);
            }
            for (name, target) in &key.columns {
                let Some(column) = find(columns, name) else {
                    continue;
                };
                // Without an entry here, the column gets the same value as the primary key, so
                // the row references itself.
                if is_self && column.is_required {
                    continue;
                }
                let target = target.as_ref().map(|target| target.to_ascii_lowercase());
                let target = target.or(parent_key.as_ref().map(|column| column.name.clone()));
                let values = parents.iter().filter_map(|row| row.get(target.as_ref()?));
                references.insert(column.name.clone(), values.cloned().collect());
            }
        }
        Ok(references)
    }

    /// Returns `true` if the foreign key columns allow NULL and the parent has no sample rows.
    fn can_be_null(&self, key: &ForeignKey, columns: &[Column]) -> bool {
        let parent = self.rows.get(&key.parent.to_ascii_lowercase());
        let is_optional = |name| find(columns, name).is_some_and(|column| !column.is_required);
        parent.is_none_or(Vec::is_empty) && key.columns.iter().all(|(name, _)| is_optional(name))
    }

    /// Inserts a row with the first combination of values that the table accepts.
    ///
    /// Returns `None` if no combination was accepted.
    fn insert(
        &self,
        table: &str,
        columns: &[Column],
        candidates: &[Vec<Value>],
    ) -> Result<Option<Row>> {
        let names: Vec<String> = columns.iter().map(|column| quote(&column.name)).collect();
        let sql = format!(
            "INSERT OR ABORT INTO main.{} ({}) VALUES ({})",
            quote(table),
            names.join(", "),
            vec!["?"; columns.len()].join(", ")
        );
        // `columns` is empty for a virtual table, and SQLite rejects an empty list.
        let Ok(mut statement) = self.connection.prepare(&sql) else {
            return Ok(None);
        };
        let mut chosen = vec![0; columns.len()];
        for _ in 0..MAX_ATTEMPTS {
            let values = candidates.iter().zip(&chosen);
            let values: Vec<&Value> = values.map(|(values, &choice)| &values[choice]).collect();
            let Err(error) = statement.execute(params_from_iter(&values)) else {
                let names = columns.iter().map(|column| column.name.clone());
                return Ok(Some(names.zip(values.into_iter().cloned()).collect()));
            };
            let message = sqlite_message(&error);
            let Some(check) = message.strip_prefix("CHECK constraint failed: ") else {
                return Ok(None);
            };
            if !advance(&mut chosen, &checked_columns(check, columns), candidates) {
                return Ok(None);
            }
        }
        Ok(None)
    }
}

fn find<'c>(columns: &'c [Column], name: &str) -> Option<&'c Column> {
    let mut columns = columns.iter();
    columns.find(|column| column.name.eq_ignore_ascii_case(name))
}

/// Returns the indexes of the columns that a failed CHECK may use.
///
/// `check` is the expression or the name of the CHECK, from SQLite's message.
/// If `check` names no column, returns all columns.
fn checked_columns(check: &str, columns: &[Column]) -> Vec<usize> {
    let is_named = |&index: &usize| offset_of_name(&columns[index].name, check).is_some();
    let named: Vec<usize> = (0..columns.len()).filter(is_named).collect();
    if named.is_empty() {
        return (0..columns.len()).collect();
    }
    named
}

/// Advances `chosen` to the next combination of candidates for `columns`, like a counter.
///
/// Returns `false` after the last combination.
fn advance(chosen: &mut [usize], columns: &[usize], candidates: &[Vec<Value>]) -> bool {
    for &column in columns {
        if chosen[column] + 1 < candidates[column].len() {
            chosen[column] += 1;
            return true;
        }
        chosen[column] = 0;
    }
    false
}
