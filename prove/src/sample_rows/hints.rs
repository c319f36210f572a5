//! The values that conditions in SQL compare a column with, and the functions that read it.
//!
//! Sample rows need values on both sides of each condition, and texts that a function accepts.

use std::collections::{HashMap, HashSet};

use revchain_core::sql::change::{Change, Effect, effect};
use revchain_core::sql::cursor;
use revchain_core::sql::tokenizer::{Kind, unquote};
use rusqlite::types::Value;

use super::condition_reader::Reader;
use super::hint::{ColumnHints, Computed, Reference};

/// The columns of `sqlite_sequence`.
const COUNTER_COLUMNS: [&str; 2] = ["name", "seq"];

/// Returns `true` for the table in which SQLite keeps the counters of AUTOINCREMENT.
fn is_counter_table(name: &str) -> bool {
    name.eq_ignore_ascii_case("sqlite_sequence")
}

/// Returns the tables of a statement by their names and aliases, all in lowercase.
pub(crate) fn aliases(sql: &str) -> HashMap<String, String> {
    let tokens = cursor::tokens(sql);
    let reader = Reader {
        sql,
        tokens: &tokens,
    };
    reader.aliases()
}

/// The hints of SQL about each column, by the lowercase name of the column.
#[derive(Debug, Default, Clone)]
pub(crate) struct Hints {
    columns: HashMap<String, ColumnHints>,
    references: Vec<Reference>,
    computed: Vec<Computed>,
    /// The paths into JSON values, such as `a.b` for `'$.a.b'`.
    json_paths: Vec<String>,
    /// The literals that statements write, by INSERT or by the SET of an UPDATE.
    written: Vec<Value>,
    /// The tables into which statements insert, in lowercase.
    inserted: HashSet<String>,
}

impl Hints {
    /// Reads the hints from the SQL of statements.
    pub(crate) fn read<'s>(statements: impl IntoIterator<Item = &'s str>) -> Self {
        let mut hints = Self::default();
        for sql in statements {
            hints.add(sql);
        }
        hints
    }

    /// Returns the hints for a column. `name` is in lowercase.
    pub(super) fn get(&self, name: &str) -> Option<&ColumnHints> {
        self.columns.get(name)
    }

    /// Returns `true` if a JSON function or operator reads a column. `name` is in lowercase.
    pub(crate) fn reads_json(&self, name: &str) -> bool {
        self.get(name).is_some_and(|hints| hints.is_json)
    }

    /// Returns `true` if `json_valid` reads a column. `name` is in lowercase.
    pub(super) fn checks_json(&self, name: &str) -> bool {
        self.get(name).is_some_and(|hints| hints.is_json_checked)
    }

    /// Returns `true` if a statement writes the value, so that a key with it can exist already.
    pub(super) fn writes(&self, value: &Value) -> bool {
        self.written.contains(value)
    }

    /// Returns `true` if a statement may insert rows into a table.
    pub(super) fn inserts_into(&self, table: &str) -> bool {
        self.inserted.contains(&table.to_ascii_lowercase())
    }

    /// Returns the columns that statements join.
    pub(super) fn references(&self) -> &[Reference] {
        &self.references
    }

    /// Returns the columns that statements compare with an expression over another table.
    pub(super) fn computed(&self) -> &[Computed] {
        &self.computed
    }

    /// Returns the paths into JSON values.
    pub(super) fn json_paths(&self) -> &[String] {
        &self.json_paths
    }

    fn add(&mut self, sql: &str) {
        let tokens = cursor::tokens(sql);
        let reader = Reader {
            sql,
            tokens: &tokens,
        };
        self.references.extend(reader.references());
        self.json_paths.extend(reader.json_paths());
        self.computed.extend(reader.computed());
        self.written.extend(reader.written_literals());
        let effect = effect(sql);
        if let Effect::Change(name, Change::Insert | Change::Update) = &effect {
            self.inserted.insert(name.name.to_ascii_lowercase());
        }
        let changes_counters =
            matches!(&effect, Effect::Change(name, _) if is_counter_table(&name.name));
        let mut conditions: HashMap<String, Vec<Value>> = HashMap::new();
        for (at, token) in tokens.iter().enumerate() {
            if !matches!(token.kind, Kind::Word | Kind::QuotedWord) || reader.is_mark(at + 1, "(") {
                continue;
            }
            let name = unquote(token.text(sql)).to_ascii_lowercase();
            // A hint for a column of `sqlite_sequence` is none for a column of this name elsewhere.
            if changes_counters && COUNTER_COLUMNS.contains(&&*name) {
                continue;
            }
            let (equal, found) = reader.hints_at(at);
            if !equal.is_empty() {
                conditions.entry(name.clone()).or_default().extend(equal);
            }
            if let Some(found) = found {
                self.columns.entry(name).or_default().merge(found);
            }
        }
        for (name, literals) in conditions {
            self.columns
                .entry(name)
                .or_default()
                .conditions
                .push(literals);
        }
    }
}
