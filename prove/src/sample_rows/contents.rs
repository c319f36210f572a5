//! The rows of a table.

use revchain_runtime::internal::quote;
use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, Result, Statement};

/// The rows of a table.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Contents {
    /// The lowercase names of the columns.
    pub(crate) columns: Vec<String>,
    pub(crate) rows: Vec<Row>,
}

/// A row: the rowid, and a value for each column.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Row {
    /// The rowid; `None` in a table without rowids.
    pub(crate) rowid: Option<i64>,
    pub(crate) values: Vec<Value>,
}

impl Contents {
    /// Reads all rows of a table. Returns `None` if the table does not exist or cannot be read.
    pub(crate) fn read(connection: &Connection, table: &str) -> Result<Option<Self>> {
        let sql = format!("SELECT * FROM main.{}", quote(table));
        let Ok(statement) = connection.prepare(&sql) else {
            return Ok(None);
        };
        let columns = statement.column_names().into_iter();
        let columns: Vec<String> = columns.map(str::to_ascii_lowercase).collect();
        match Self::read_columns(connection, table, columns) {
            // SQLite cannot compute a generated column, such as `json_extract` of no JSON.
            Err(_) => Self::read_columns(connection, table, stored_columns(connection, table)?),
            contents => contents,
        }
    }

    fn read_columns(
        connection: &Connection,
        table: &str,
        columns: Vec<String>,
    ) -> Result<Option<Self>> {
        let table = quote(table);
        let mut rowid_names = ["rowid", "_rowid_", "oid"].into_iter();
        let hides = |name: &str| columns.iter().any(|column| column == name);
        // After a failed ALTER, SQLite reads the schema again, and `*` has other columns.
        let list: Vec<String> = columns.iter().map(|name| quote(name)).collect();
        let list = list.join(", ");
        let with_rowid = rowid_names.find(|name| !hides(name)).and_then(|rowid| {
            let sql = format!("SELECT {list}, {rowid} FROM main.{table} ORDER BY {rowid}");
            connection.prepare(&sql).ok()
        });
        let rows = match with_rowid {
            Some(mut statement) => read_rows(&mut statement, columns.len(), true)?,
            None => {
                let sql = format!("SELECT {list} FROM main.{table}");
                match connection.prepare(&sql) {
                    Ok(mut statement) => read_rows(&mut statement, columns.len(), false)?,
                    Err(_) => return Ok(None),
                }
            }
        };
        Ok(Some(Self { columns, rows }))
    }

    /// Returns the condition for a row, with a parameter for each column from `first` on.
    ///
    /// The condition works without rowids as well.
    pub(crate) fn row_condition(&self, first: usize) -> String {
        let columns = self.columns.iter().zip(first..);
        let terms: Vec<String> = columns
            .map(|(column, number)| format!("{} IS ?{number}", quote(column)))
            .collect();
        terms.join(" AND ")
    }

    /// Returns the position of a column. `name` is in lowercase.
    pub(crate) fn position(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column == name)
    }

    /// Keeps only these columns. `names` are in lowercase.
    pub(crate) fn keep_columns(&mut self, names: &[String]) {
        let kept: Vec<usize> = (0..self.columns.len())
            .filter(|&column| names.contains(&self.columns[column]))
            .collect();
        if kept.len() == self.columns.len() {
            return;
        }
        for row in &mut self.rows {
            row.values = kept
                .iter()
                .map(|&column| row.values[column].clone())
                .collect();
        }
        self.columns = kept
            .iter()
            .map(|&column| self.columns[column].clone())
            .collect();
    }
}

/// Returns a value. A text that is not UTF-8 becomes a blob.
fn value(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Text(bytes) => match String::from_utf8(bytes.to_vec()) {
            Ok(text) => Value::Text(text),
            Err(error) => Value::Blob(error.into_bytes()),
        },
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Integer(number),
        ValueRef::Real(number) => Value::Real(number),
        ValueRef::Blob(bytes) => Value::Blob(bytes.to_vec()),
    }
}

/// Returns the lowercase columns of a table that are not generated.
pub(crate) fn stored_columns(connection: &Connection, table: &str) -> Result<Vec<String>> {
    let pragma = format!("PRAGMA main.table_xinfo({})", quote(table));
    let mut statement = connection.prepare(&pragma)?;
    let mut rows = statement.query([])?;
    let mut columns = Vec::new();
    while let Some(row) = rows.next()? {
        if row.get::<_, i64>("hidden")? == 0 {
            columns.push(row.get::<_, String>("name")?.to_ascii_lowercase());
        }
    }
    Ok(columns)
}

/// Reads the rows of a query. If `has_rowid` is `true`, the last column is the rowid.
fn read_rows(statement: &mut Statement<'_>, columns: usize, has_rowid: bool) -> Result<Vec<Row>> {
    let mut found = statement.query([])?;
    let mut rows = Vec::new();
    while let Some(row) = found.next()? {
        let mut values = Vec::with_capacity(columns);
        for column in 0..columns {
            values.push(value(row.get_ref(column)?));
        }
        let rowid = if has_rowid { row.get(columns)? } else { None };
        rows.push(Row { rowid, values });
    }
    Ok(rows)
}
