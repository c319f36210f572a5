//! The query that reads a database as the statements that make a copy of its schema and history.
//!
//! An engine reads a database of another machine with one statement, so that all of the answer is
//! of one moment.

use crate::history::table::HistoryTableSql;
use crate::schema::string;

/// A table whose rows are in the copy, too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopiedTable {
    name: String,
    /// The columns in the order of the copy, as SQL.
    columns: Vec<String>,
}

impl CopiedTable {
    /// Returns the table with these columns.
    pub fn new<'n>(name: &str, columns: impl IntoIterator<Item = &'n str>) -> Self {
        Self {
            name: quoted_name(name),
            columns: columns.into_iter().map(quoted_name).collect(),
        }
    }

    /// Returns the history table of the chain with this name.
    pub fn history(chain_name: Option<&str>) -> Self {
        let table = HistoryTableSql::of(chain_name);
        // The order of the rows is that of the rowids.
        let columns = std::iter::once("rowid").chain(HistoryTableSql::columns());
        Self {
            name: table.name().to_owned(),
            columns: columns.map(str::to_owned).collect(),
        }
    }
}

/// Returns a query whose rows have one column, `v`: a statement that makes a part of the copy.
///
/// The statements make the tables, the indexes, the views and the triggers, in this order.
/// They insert the rows of `tables`, and set `user_version`.
/// The query fails if the database lacks one of the tables.
pub fn copy_query(tables: &[CopiedTable]) -> String {
    // A virtual table makes its shadow tables, so it comes first.
    let mut sql = "SELECT v || '' AS v FROM (
  SELECT CASE WHEN sql LIKE 'CREATE VIRTUAL %' THEN 0 WHEN type = 'table' THEN 1
    WHEN type = 'index' THEN 2 WHEN type = 'view' THEN 3 ELSE 4 END AS part, rowid AS position,
    sql AS v
  FROM main.sqlite_master
  WHERE sql IS NOT NULL AND NOT (name >= 'sqlite_' AND name < 'sqlite`')"
        .to_owned();
    for CopiedTable { name, columns } in tables {
        let values = columns.iter().map(|column| format!("quote({column})"));
        let values = values.collect::<Vec<_>>().join(" || ', ' || ");
        let insert = format!("INSERT INTO main.{name} ({}) VALUES (", columns.join(", "));
        let insert = string(&insert);
        sql += &format!("\n  UNION ALL SELECT 5, 0, {insert} || {values} || ')' FROM main.{name}");
    }
    sql += "\n  UNION ALL SELECT 6, 0, 'PRAGMA user_version = ' || user_version \
            FROM pragma_user_version\n) ORDER BY part, position";
    sql
}

fn quoted_name(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
