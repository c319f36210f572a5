//! Rows that are made up: in an empty database, a revision that loses rows loses none.
//!
//! A table gets a few, and so do the tables that point at it and those that it points at. Their values are of the
//! columns' types, each row's its own; where a CHECK refuses them, those are tried that stand in the table's own SQL.
//! Some tables cannot be filled so: one whose CHECK asks for more, one whose trigger refuses every row.

use std::collections::HashMap;

use revchain_core::schema::Schema;
use revchain_core::sql::{self, Kind};
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, params_from_iter};

use crate::connection::quote;
use crate::error;
use crate::foreign_keys::{self, Key};

/// How many rows a table gets.
const ROWS: usize = 3;

/// How many rows are tried where a CHECK refuses them.
const TRIES: usize = 400;

/// Makes up rows in `tables`, and in what belongs to them. Gives all the tables that now have some, these or others.
pub(crate) fn seed(
    connection: &Connection,
    schema: &Schema,
    tables: &[String],
) -> rusqlite::Result<Vec<String>> {
    let mut seeder = Seeder { connection, keys: foreign_keys::all(connection)?, tables: HashMap::new() };
    let mut all = tables.to_vec();
    for table in tables {
        seeder.fill(table)?;
        all.extend(schema.children(table).into_iter().map(str::to_owned));
    }
    for table in &all {
        seeder.fill(table)?;
    }
    all.extend(seeder.tables.into_keys());
    all.sort_by_key(|table| table.to_ascii_lowercase());
    all.dedup_by(|a, b| a.eq_ignore_ascii_case(b));
    Ok(all)
}

struct Column {
    name: String,
    affinity: Affinity,
    is_required: bool,
    is_rowid: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum Affinity {
    Integer,
    Real,
    Text,
    Blob,
    Numeric,
}

type Row = HashMap<String, Value>;

struct Seeder<'c> {
    connection: &'c Connection,
    keys: Vec<Key>,
    /// The rows of the tables that were filled, or could not be. One that is being filled has none yet.
    tables: HashMap<String, Vec<Row>>,
}

impl Seeder<'_> {
    /// The rows that a table has been given.
    fn fill(&mut self, table: &str) -> rusqlite::Result<Vec<Row>> {
        let key = table.to_ascii_lowercase();
        if let Some(rows) = self.tables.get(&key) {
            return Ok(rows.clone());
        }
        self.tables.insert(key.clone(), Vec::new());
        let columns = columns(self.connection, table)?;
        let of_table = self.keys.iter().filter(|key| key.table.eq_ignore_ascii_case(table));
        let keys: Vec<Key> = of_table.cloned().collect();
        let mut parents = Vec::new();
        for foreign in &keys {
            let is_self = foreign.parent.eq_ignore_ascii_case(table);
            let is_optional = foreign.columns.iter().all(|(name, _)| {
                columns.iter().any(|column| column.name.eq_ignore_ascii_case(name) && !column.is_required)
            });
            // One that need not point anywhere points nowhere, unless its parent has rows.
            let has_rows =
                self.tables.get(&foreign.parent.to_ascii_lowercase()).is_some_and(|rows| !rows.is_empty());
            parents.push(if is_self || is_optional && !has_rows {
                Vec::new()
            } else {
                self.fill(&foreign.parent)?
            });
        }
        let mut rows = Vec::new();
        let literals = literals(self.connection, table)?;
        for number in 0..ROWS {
            let mut candidates: Vec<Vec<Value>> =
                columns.iter().map(|column| column.candidates(number, &literals)).collect();
            for (foreign, parents) in keys.iter().zip(&parents) {
                let is_self = foreign.parent.eq_ignore_ascii_case(table);
                for (name, to) in &foreign.columns {
                    let Some(at) = columns.iter().position(|column| column.name.eq_ignore_ascii_case(name))
                    else {
                        continue;
                    };
                    let to =
                        to.clone().or_else(|| primary_key(self.connection, &foreign.parent).ok().flatten());
                    let value = to.and_then(|to| parents.get(number)?.get(&to.to_ascii_lowercase()).cloned());
                    candidates[at] = match value {
                        Some(value) => vec![value],
                        // A row that must point at one of its own table points at itself.
                        None if is_self && columns[at].is_required => candidates[at].clone(),
                        None => vec![Value::Null],
                    };
                }
            }
            match self.insert(table, &columns, &candidates)? {
                Some(row) => rows.push(row),
                None => break,
            }
        }
        self.tables.insert(key, rows.clone());
        Ok(rows)
    }

    /// Inserts a row of these values, the first that the table takes.
    fn insert(
        &self,
        table: &str,
        columns: &[Column],
        candidates: &[Vec<Value>],
    ) -> rusqlite::Result<Option<Row>> {
        if columns.is_empty() {
            return Ok(None);
        }
        let names: Vec<String> = columns.iter().map(|column| quote(&column.name)).collect();
        let marks = vec!["?"; columns.len()].join(", ");
        let sql =
            format!("INSERT OR ABORT INTO main.{} ({}) VALUES ({marks})", quote(table), names.join(", "));
        let mut chosen = vec![0; columns.len()];
        for _ in 0..TRIES {
            let values: Vec<&Value> =
                candidates.iter().zip(&chosen).map(|(values, &at)| &values[at]).collect();
            let inserted = self
                .connection
                .prepare(&sql)
                .and_then(|mut statement| statement.execute(params_from_iter(values.iter().copied())));
            let Err(error) = inserted else {
                let names = columns.iter().map(|column| column.name.to_ascii_lowercase());
                return Ok(Some(names.zip(values.into_iter().cloned()).collect()));
            };
            let message = error::message(&error);
            let Some(check) = message.strip_prefix("CHECK constraint failed: ") else { return Ok(None) };
            // The message has the expression, or its name: then any column may be the one.
            let words = words(check);
            let mut tried: Vec<usize> = (0..columns.len())
                .filter(|&at| words.contains(&columns[at].name.to_ascii_lowercase()))
                .collect();
            if tried.is_empty() {
                tried = (0..columns.len()).collect();
            }
            if !next(&mut chosen, &tried, candidates) {
                return Ok(None);
            }
        }
        Ok(None)
    }
}

/// The next choice of values for some columns, as a counter counts. Whether there is one.
fn next(chosen: &mut [usize], columns: &[usize], candidates: &[Vec<Value>]) -> bool {
    for &column in columns {
        if chosen[column] + 1 < candidates[column].len() {
            chosen[column] += 1;
            return true;
        }
        chosen[column] = 0;
    }
    false
}

impl Column {
    /// The values that the column may take in a row, the likely one first.
    fn candidates(&self, row: usize, literals: &[Value]) -> Vec<Value> {
        let number = i64::try_from(row).unwrap_or_default() + 1;
        // Far from what the chain itself is likely to put there.
        let far = 7_000_000 + number;
        let own = match self.affinity {
            _ if self.is_rowid => {
                let literals = literals.iter().filter(|value| matches!(value, Value::Integer(_)));
                return [Value::Integer(far)].iter().chain(literals).cloned().collect();
            }
            Affinity::Integer | Affinity::Numeric => Value::Integer(far),
            #[expect(clippy::cast_precision_loss, reason = "it is small")]
            Affinity::Real => Value::Real(far as f64 + 0.5),
            Affinity::Text => Value::Text(format!("revchain {} {number}", self.name)),
            Affinity::Blob => Value::Blob(format!("revchain {} {number}", self.name).into_bytes()),
        };
        let mut values = vec![own];
        let usual = [
            Value::Integer(number),
            Value::Text(format!("{{\"revchain\": {number}}}")),
            Value::Text(format!("2026-01-0{number}")),
            Value::Text(format!("2026-01-0{number} 12:00:00")),
            Value::Text(format!("revchain{number}@example.org")),
            Value::Text(format!("r{number}")),
        ];
        values.extend(literals.iter().chain(&usual).filter(|value| self.takes(value)).cloned());
        if !self.is_required {
            values.push(Value::Null);
        }
        values
    }

    fn takes(&self, value: &Value) -> bool {
        matches!(
            (self.affinity, value),
            (Affinity::Text | Affinity::Blob, Value::Text(_))
                | (
                    Affinity::Integer | Affinity::Numeric | Affinity::Real | Affinity::Blob,
                    Value::Integer(_)
                )
                | (Affinity::Numeric, Value::Text(_))
        )
    }
}

/// The columns that a row gives values for.
fn columns(connection: &Connection, table: &str) -> rusqlite::Result<Vec<Column>> {
    let mut statement = connection.prepare(
        // A virtual table has no root page, and its rows are its module's affair.
        "SELECT name, type, \"notnull\", pk, (SELECT count(*) FROM pragma_table_xinfo(?1, 'main') WHERE pk > 0)
         FROM pragma_table_xinfo(?1, 'main') WHERE hidden = 0 AND EXISTS (
           SELECT 1 FROM main.sqlite_master WHERE type = 'table' AND name = ?1 COLLATE NOCASE AND rootpage > 0)",
    )?;
    let columns = statement.query_map([table], |row| {
        let kind: String = row.get(1)?;
        let (not_null, key, keys): (bool, i64, i64) = (row.get(2)?, row.get(3)?, row.get(4)?);
        Ok(Column {
            name: row.get(0)?,
            affinity: affinity(&kind),
            is_required: not_null || key > 0,
            is_rowid: key == 1 && keys == 1 && kind.eq_ignore_ascii_case("INTEGER"),
        })
    })?;
    columns.collect()
}

/// By the rules of SQLite's documentation, "Determination Of Column Affinity".
fn affinity(kind: &str) -> Affinity {
    let kind = kind.to_ascii_uppercase();
    let has = |words: &[&str]| words.iter().any(|word| kind.contains(word));
    match () {
        () if has(&["INT"]) => Affinity::Integer,
        () if has(&["CHAR", "CLOB", "TEXT"]) => Affinity::Text,
        () if kind.is_empty() || has(&["BLOB"]) => Affinity::Blob,
        () if has(&["REAL", "FLOA", "DOUB"]) => Affinity::Real,
        () => Affinity::Numeric,
    }
}

/// The column that is the primary key alone.
fn primary_key(connection: &Connection, table: &str) -> rusqlite::Result<Option<String>> {
    let mut statement = connection.prepare("SELECT name FROM pragma_table_xinfo(?1, 'main') WHERE pk > 0")?;
    let names: Vec<String> = statement.query_map([table], |row| row.get(0))?.collect::<Result<_, _>>()?;
    Ok(if let [name] = &names[..] { Some(name.clone()) } else { None })
}

/// The strings and numbers in a table's own SQL, and the numbers beside them: what its CHECKs compare with.
fn literals(connection: &Connection, table: &str) -> rusqlite::Result<Vec<Value>> {
    let query = "SELECT sql FROM main.sqlite_master WHERE type = 'table' AND name = ?1 COLLATE NOCASE";
    let text: Option<String> = connection.query_row(query, [table], |row| row.get(0)).optional()?;
    let text = text.unwrap_or_default();
    let mut values = Vec::new();
    for token in sql::tokens(&text) {
        match token.kind {
            Kind::String => values.push(Value::Text(sql::unquote(token.text(&text)))),
            Kind::Number => {
                if let Ok(number) = token.text(&text).parse::<i64>() {
                    values.extend(
                        [number, number.saturating_add(1), number.saturating_sub(1)].map(Value::Integer),
                    );
                }
            }
            _ => {}
        }
    }
    values.dedup();
    Ok(values)
}

fn words(text: &str) -> Vec<String> {
    let tokens = sql::tokens(text).into_iter();
    tokens.map(|token| sql::unquote(token.text(text)).to_ascii_lowercase()).collect()
}

/// All rows of a table, column by column.
#[derive(Debug)]
pub(crate) struct Contents {
    pub(crate) count: usize,
    pub(crate) columns: HashMap<String, Vec<Value>>,
}

/// What is in a table; `None` where there is no such table.
pub(crate) fn contents(connection: &Connection, table: &str) -> rusqlite::Result<Option<Contents>> {
    let names: Vec<String> = columns(connection, table)?.into_iter().map(|column| column.name).collect();
    if names.is_empty() {
        return Ok(None);
    }
    let quoted: Vec<String> = names.iter().map(|name| quote(name)).collect();
    let sql = format!("SELECT {} FROM main.{}", quoted.join(", "), quote(table));
    let mut statement = connection.prepare(&sql)?;
    let mut rows = statement.query([])?;
    let mut values: Vec<Vec<Value>> = vec![Vec::new(); names.len()];
    let mut count = 0;
    while let Some(row) = rows.next()? {
        count += 1;
        for (index, column) in values.iter_mut().enumerate() {
            column.push(row.get(index)?);
        }
    }
    let names = names.into_iter().map(|name| name.to_ascii_lowercase());
    Ok(Some(Contents { count, columns: names.zip(values).collect() }))
}
