//! Filling tables with sample rows, parents first.

use std::collections::HashMap;

use revchain_core::AssumesKind;
use revchain_core::sql::cursor;
use revchain_runtime::internal::quote;
use rusqlite::types::Value;
use rusqlite::{Connection, Result};

use super::contents::Contents;
use super::insert::{RowValues, Target, try_insert};
use super::request::{Mode, Request};
use super::table::{Column, TableInfo, TableKey};
use super::triggers::without_triggers;
use super::values::{Place, RowKind, TableHints, candidates};

/// The first number of the values in keys. A chain is unlikely to insert such a number.
const FIRST_KEY: i64 = 7_000_001;

/// The distance between the keys of two tables.
///
/// A key that SQLite chooses for a new row then differs from all keys of other tables.
const KEY_DISTANCE: i64 = 1_000;

/// The first number of all other values. It is small, because a script may count up to a value.
const FIRST_NUMBER: i64 = 301;

/// The state of filling tables with sample rows.
pub(super) struct Filler<'c> {
    connection: &'c Connection,
    request: &'c Request<'c>,
    /// The inserted rows by the lowercase name of the table.
    ///
    /// A table that is being filled has an empty entry, so that a cycle of foreign keys ends.
    pub(super) rows: HashMap<String, Vec<RowValues>>,
    /// The rowids of `rows`.
    rowids: HashMap<String, Vec<i64>>,
    /// The keys that reference a table which was still empty.
    open_keys: Vec<(String, TableKey)>,
    /// The full-text tables that index the rows of other tables.
    pub(super) indexes: Vec<String>,
    /// The statements that fill virtual tables with the rows of other tables.
    derived: Vec<String>,
    next_key: i64,
    next_number: i64,
    pub(super) unchecked: Vec<String>,
}

impl<'c> Filler<'c> {
    pub(super) fn new(connection: &'c Connection, request: &'c Request<'c>) -> Self {
        Self {
            connection,
            request,
            rows: HashMap::new(),
            rowids: HashMap::new(),
            open_keys: Vec::new(),
            indexes: Vec::new(),
            derived: Vec::new(),
            next_key: FIRST_KEY - KEY_DISTANCE,
            next_number: FIRST_NUMBER,
            unchecked: Vec::new(),
        }
    }

    /// Fills the parents of a table, then the table.
    pub(super) fn fill(&mut self, table: &str) -> Result<()> {
        let lowercase = table.to_ascii_lowercase();
        if self.rows.contains_key(&lowercase) {
            return Ok(());
        }
        self.rows.insert(lowercase.clone(), Vec::new());
        let info = self.request.tables_info.get(self.connection, table)?;
        if let Some(owner) = info.indexed_table() {
            if !owner.is_empty() {
                self.fill(&owner)?;
            }
            self.indexes.push(table.to_owned());
            return Ok(());
        }
        if info.is_virtual() && self.is_filled_by_trigger(table)? {
            return Ok(());
        }
        if let Some(copy) = self.derivation(table, &info) {
            self.derived.push(copy);
            return Ok(());
        }
        let mut target = Target {
            name: table,
            info: &info,
            columns: info.columns.clone(),
            keys: info.keys.clone(),
        };
        let unique = self.assume(&mut target);
        self.add_implied_keys(&mut target)?;
        for key in &target.keys {
            self.fill(&key.parent)?;
            let parent = self.rows.get(&key.parent.to_ascii_lowercase());
            if parent.is_none_or(Vec::is_empty) && !key.is_implied {
                self.open_keys.push((table.to_owned(), key.clone()));
            }
        }
        for computed in self.request.hints.computed() {
            if computed.table.eq_ignore_ascii_case(table) {
                self.fill(&computed.other_table)?;
            }
        }
        self.next_key += KEY_DISTANCE;
        for index in 0..self.request.row_count(table) {
            if self.connection.is_autocommit() {
                break;
            }
            let is_variant = self.request.kind(index).variant("").is_some();
            if is_variant && !target.columns.iter().any(Column::is_unique_text) {
                continue;
            }
            let candidates = self.row_candidates(&target, index);
            if let Some(row) = self.insert(&target, &candidates)? {
                let rowid = self.connection.last_insert_rowid();
                self.rows.entry(lowercase.clone()).or_default().push(row);
                self.rowids
                    .entry(lowercase.clone())
                    .or_default()
                    .push(rowid);
            }
        }
        for index in unique {
            self.connection
                .execute_batch(&format!("DROP INDEX main.{index}"))?;
        }
        if info.has_triggers() && !self.connection.is_autocommit() {
            self.restore_values(table)?;
        }
        Ok(())
    }

    /// Sets the values of a column again if a trigger gave all rows one value, such as the time.
    ///
    /// The rows of users have various values there, because they were inserted at various times.
    fn restore_values(&self, table: &str) -> Result<()> {
        let lowercase = table.to_ascii_lowercase();
        let rows = self
            .rows
            .get(&lowercase)
            .map(Vec::as_slice)
            .unwrap_or_default();
        let rowids = self
            .rowids
            .get(&lowercase)
            .map(Vec::as_slice)
            .unwrap_or_default();
        let Some(contents) = Contents::read(self.connection, table)? else {
            return Ok(());
        };
        for (position, column) in contents.columns.iter().enumerate() {
            let Some(first) = contents.rows.first().map(|row| &row.values[position]) else {
                continue;
            };
            let is_constant = contents
                .rows
                .iter()
                .all(|row| row.values[position] == *first);
            let mut intended = rows.iter().filter_map(|row| row.get(column));
            if !is_constant || intended.all(|value| value == first) {
                continue;
            }
            let name = quote(column);
            let sql = format!(
                "UPDATE OR ABORT main.{} SET {name} = ?1 WHERE rowid = ?2",
                quote(table)
            );
            for (row, rowid) in rows.iter().zip(rowids) {
                let value = row.get(column).filter(|value| **value != Value::Null);
                // A constraint can reject the value, and a table can have no rowids.
                let update = || self.connection.execute(&sql, (value, rowid));
                let _ = value.map(|_| without_triggers(self.connection, update));
            }
        }
        Ok(())
    }

    /// Adds a key for each column that a statement compares with a key of another table.
    fn add_implied_keys(&self, target: &mut Target<'_>) -> Result<()> {
        for reference in self.request.hints.references() {
            let Some((column, parent, to)) = reference.from(target.name) else {
                continue;
            };
            let Some(found) = target.columns.iter().find(|known| known.name == column) else {
                continue;
            };
            let mut keys = target.keys.iter().flat_map(|key| &key.columns);
            let has_key = keys.any(|(from, _)| from == column);
            let parents = self.request.tables_info.get(self.connection, parent)?;
            let is_key =
                |other: &Column| other.name == to && (other.must_differ() || !found.must_differ());
            if !has_key
                && !parent.eq_ignore_ascii_case(target.name)
                && parents.columns.iter().any(is_key)
            {
                target.keys.push(TableKey {
                    parent: parent.to_owned(),
                    columns: vec![(column.to_owned(), to.to_owned())],
                    is_implied: true,
                });
            }
        }
        Ok(())
    }

    /// Returns `true` if a trigger inserts the rows of a table, so that a full-text table has the
    /// rows of another table already.
    fn is_filled_by_trigger(&self, table: &str) -> Result<bool> {
        let sql = "SELECT sql FROM main.sqlite_master WHERE type = 'trigger'";
        let mut statement = self.connection.prepare(sql)?;
        let triggers: Vec<String> = statement
            .query_map([], |row| row.get(0))?
            .collect::<Result<_>>()?;
        Ok(triggers.iter().any(|sql| {
            let tokens = cursor::tokens(sql);
            (0..tokens.len()).any(|at| {
                let mut rest = cursor::Cursor::new(sql, &tokens[at..]);
                let name = rest.eat(&["INTO"]).then(|| rest.qualified_name());
                name.flatten()
                    .is_some_and(|name| name.eq_ignore_ascii_case(table))
            })
        }))
    }

    /// Returns the statement of the revision that fills a virtual table from another table.
    ///
    /// The rows of such a table come from the other table, so the same statement makes them here.
    fn derivation(&self, table: &str, info: &TableInfo) -> Option<String> {
        if !info.is_virtual() {
            return None;
        }
        let mut statements = self.request.statements.iter();
        let derives = |sql: &&String| {
            let tokens = cursor::tokens(sql);
            let mut cursor = cursor::Cursor::new(sql, &tokens);
            let is_insert = cursor.eat(&["INSERT", "INTO"]);
            let target = cursor.qualified_name();
            is_insert
                && target.is_some_and(|target| target.eq_ignore_ascii_case(table))
                && tokens.iter().any(|token| token.is_word(sql, "FROM"))
        };
        statements.find(derives).cloned()
    }

    pub(super) fn fill_derived(&self) -> Result<()> {
        for sql in &self.derived {
            // A statement that needs the new schema fails, and leaves the table empty.
            if let Ok(mut statement) = self.connection.prepare(sql) {
                let _ = statement.execute([]);
            }
        }
        Ok(())
    }

    /// Applies the assumptions about a table to the rows that are inserted.
    ///
    /// Returns the names of unique indexes that enforce an assumption until the table is filled.
    fn assume(&self, target: &mut Target<'_>) -> Vec<String> {
        let mut indexes = Vec::new();
        for (number, assumes) in self.request.assumes.iter().enumerate() {
            if !assumes.table.eq_ignore_ascii_case(target.name) {
                continue;
            }
            let is_assumed = |column: &Column| {
                let mut names = assumes.columns.iter();
                names.any(|name| name.eq_ignore_ascii_case(&column.name))
            };
            if assumes.kind == AssumesKind::NotNull {
                for column in target
                    .columns
                    .iter_mut()
                    .filter(|column| is_assumed(column))
                {
                    column.is_required = true;
                }
            } else if assumes.kind == AssumesKind::Unique {
                let index = format!("revchain_assumed_{number}");
                let columns: Vec<String> = assumes.columns.iter().map(|name| quote(name)).collect();
                let (table, columns) = (quote(target.name), columns.join(", "));
                let sql = format!("CREATE UNIQUE INDEX main.{index} ON {table} ({columns})");
                if self.connection.execute_batch(&sql).is_ok() {
                    indexes.push(index);
                }
            }
        }
        indexes
    }

    /// Returns the values to try for each column of a row.
    fn row_candidates(&mut self, target: &Target<'_>, index: usize) -> Vec<Vec<Value>> {
        let kind = self.request.kind(index);
        let hints = TableHints {
            own: &target.info.hints,
            script: self.request.hints,
            gets_keys: self.request.hints.inserts_into(target.name),
        };
        let source = match kind {
            RowKind::Duplicate(source) => source,
            _ => 0,
        };
        let first_row = self.rows.get(&target.name.to_ascii_lowercase());
        let first_row = first_row.and_then(|rows| rows.get(source)).cloned();
        let mut all = Vec::new();
        for (position, column) in target.columns.iter().enumerate() {
            let references = self.references(target, (column, position), index);
            if !references.is_empty() {
                all.push(references);
                continue;
            }
            let counter = if column.must_differ() {
                &mut self.next_key
            } else {
                &mut self.next_number
            };
            // Larger steps leave gaps between the rowids.
            *counter += 1 + i64::from(index == 2);
            let has_own_numbers = self.request.mode == Mode::SharedKeys
                && column.is_in_key
                && target.info.has_rowid_column();
            let number = if has_own_numbers {
                FIRST_KEY + i64::try_from(index).unwrap_or_default()
            } else {
                *counter
            };
            let place = Place {
                row: index,
                column: position,
                kind,
                number,
            };
            let mut values = candidates(column, place, hints);
            let first = first_row.as_ref().and_then(|row| row.get(&column.name));
            let repeated = match (kind, first) {
                (RowKind::Duplicate(_), Some(value)) => Some(value.clone()),
                (_, Some(Value::Text(text))) if column.must_differ() => {
                    kind.variant(text).map(Value::Text)
                }
                _ => None,
            };
            if let Some(value) = repeated {
                values.insert(0, value);
            }
            all.push(values);
        }
        all
    }

    /// Returns the keys of parents that a column can reference; empty if it references nothing.
    ///
    /// In a trial for failures, the first parent has several children, and the last has none.
    /// Each parent whose key lies next to a condition has a child.
    fn references(
        &self,
        target: &Target<'_>,
        (column, position): (&Column, usize),
        index: usize,
    ) -> Vec<Value> {
        let kind = self.request.kind(index);
        let mut values = Vec::new();
        for (number, key) in target.keys.iter().enumerate() {
            let pair = key.columns.iter().find(|(from, _)| *from == column.name);
            let parents = self.rows.get(&key.parent.to_ascii_lowercase());
            let (Some((_, to)), Some(parents)) = (pair, parents) else {
                continue;
            };
            if parents.is_empty() {
                // `close_keys` sets the column later.
                if !column.is_required && !key.is_implied {
                    return vec![Value::Null];
                }
                continue;
            }
            let preferred = match self.request.mode {
                Mode::Provenance | Mode::SharedKeys => [index + number, index],
                Mode::Failure => [failure_parent(index), index],
            };
            let all = 0..parents.len();
            for position in preferred.into_iter().chain(all) {
                let parent = &parents[position % parents.len()];
                values.extend(parent.get(to).cloned());
            }
        }
        if values.is_empty() {
            values = self.computed(target, column, index);
        }
        if !values.is_empty() && !column.is_required {
            let position = if kind.is_null(position) {
                0
            } else {
                values.len()
            };
            values.insert(position, Value::Null);
        }
        values
    }

    /// Returns the values that a statement computes from another table to join this column.
    fn computed(&self, target: &Target<'_>, column: &Column, index: usize) -> Vec<Value> {
        let mut computed = self.request.hints.computed().iter();
        let joined = computed.find(|computed| {
            computed.column == column.name
                && computed.table.eq_ignore_ascii_case(target.name)
                && self.rows.contains_key(&computed.other_table)
        });
        let Some(joined) = joined else {
            return Vec::new();
        };
        let sql = format!(
            "SELECT {} FROM main.{} AS {}",
            joined.expression,
            quote(&joined.other_table),
            quote(&joined.alias)
        );
        let Ok(mut statement) = self.connection.prepare(&sql) else {
            return Vec::new();
        };
        let found = statement.query_map([], |row| row.get(0));
        let mut values: Vec<Value> = found
            .map(|rows| rows.flatten().collect())
            .unwrap_or_default();
        let length = values.len().max(1);
        values.rotate_left(index % length);
        values
    }

    /// Inserts a row with the first combination of values that the table accepts.
    ///
    /// Returns `None` if no combination was accepted.
    fn insert(
        &mut self,
        target: &Target<'_>,
        candidates: &[Vec<Value>],
    ) -> Result<Option<RowValues>> {
        let row = try_insert(self.connection, target, candidates)?;
        if row.is_some() || self.connection.is_autocommit() {
            return Ok(row);
        }
        let connection = self.connection;
        let row = without_triggers(connection, || try_insert(connection, target, candidates))?;
        let rows = self.rows.get(&target.name.to_ascii_lowercase());
        // A few rows without a violation prove more than many rows with one.
        if row.is_some() || rows.is_some_and(|rows| !rows.is_empty()) {
            return Ok(row);
        }
        self.set_checks_ignored(true)?;
        let row = without_triggers(connection, || try_insert(connection, target, candidates));
        self.set_checks_ignored(false)?;
        let row = row?;
        if row.is_some() && !self.unchecked.iter().any(|table| table == target.name) {
            self.unchecked.push(target.name.to_owned());
        }
        Ok(row)
    }

    fn set_checks_ignored(&self, is_ignored: bool) -> Result<()> {
        self.connection
            .pragma_update(None, "ignore_check_constraints", is_ignored)
    }

    /// Sets the keys whose parents were filled after their children, row by row.
    pub(super) fn close_keys(&mut self) -> Result<()> {
        for (table, key) in &self.open_keys {
            let parents = self.rows.get(&key.parent.to_ascii_lowercase());
            let parents = parents.map(Vec::as_slice).unwrap_or_default();
            let rowids = self.rowids.get(&table.to_ascii_lowercase());
            let rowids = rowids.map(Vec::as_slice).unwrap_or_default();
            let info = self.request.tables_info.get(self.connection, table)?;
            let is_optional = key.columns.iter().all(|(from, _)| {
                let mut columns = info.columns.iter();
                columns.any(|column| column.name == *from && !column.is_required)
            });
            let is_self = key.parent.eq_ignore_ascii_case(table);
            for (index, rowid) in rowids.iter().enumerate() {
                let is_root = is_self && index == 0 && is_optional;
                let index = if is_self {
                    tree_parent(index, rowids.len())
                } else {
                    index
                };
                let Some(parent) = parents.get(index).filter(|_| !is_root) else {
                    continue;
                };
                for (from, to) in &key.columns {
                    let sql = format!(
                        "UPDATE OR ABORT main.{} SET {} = ?1 WHERE rowid = ?2",
                        quote(table),
                        quote(from)
                    );
                    // If a constraint rejects the value, the row is deleted as a violation.
                    let _ = self.connection.execute(&sql, (parent.get(to), rowid));
                }
            }
        }
        Ok(())
    }
}

/// Returns the position of the parent that a row of a trial for failures references.
fn failure_parent(index: usize) -> usize {
    let kinds = Mode::Failure.row_kinds();
    let position = |is_kind: fn(&RowKind) -> bool| kinds.iter().position(is_kind);
    let boundary = position(|kind| matches!(kind, RowKind::NullInSome { .. }));
    let filled = position(|kind| *kind == RowKind::Empty);
    match (boundary, filled) {
        // From this row on, no key is NULL.
        (Some(boundary), Some(filled)) if index >= filled => boundary + index - filled,
        _ => index / 2,
    }
}

/// Returns the position of the row that a row of a tree references.
///
/// Some rows reference an earlier row, and some a later one. The first row is the root: 1 → 2 → 0,
/// 3 → 4 → 1, and so on.
fn tree_parent(index: usize, count: usize) -> usize {
    match index {
        0 | 2 => 0,
        _ if index % 2 == 0 => index - 3,
        _ if index + 1 < count => index + 1,
        _ => index.saturating_sub(2),
    }
}
