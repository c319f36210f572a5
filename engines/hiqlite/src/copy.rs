//! A copy of the cluster's database in memory, with the schema and the history, without the rows.
//!
//! The copy is what the plan is made from, and what the pending SQL is rehearsed on.

use revchain_core::history::table::HistoryTableSql;
use revchain_core::schema::SchemaFilter;
use revchain_core::script::SCHEMA_TEXT;
use revchain_core::script::copy::{CopiedTable, copy_query};
use revchain_runtime::internal::read_schema_sql;
use revchain_runtime::rusqlite::{Connection, Result};

use crate::error::{Error, ErrorKind};
use crate::remote::ReadError;

/// The number of reads after which a database counts as one that keeps changing.
const MAX_READS: usize = 8;

/// The start of the name of each history table.
const HISTORY: &str = "revchain_history";

/// A database as it was at one moment.
pub(crate) struct Copy {
    /// The statements that make the copy, as the cluster returned them.
    pub(crate) statements: Vec<String>,
    /// A database that the statements made. Nothing changes it.
    pub(crate) connection: Connection,
}

impl Copy {
    /// Reads the schema and the history of the chain with one statement.
    ///
    /// Reads once more, with another statement, if the database lacks the history, or if the rows
    /// of further tables decide: the records of other tools, and the histories of other chains.
    /// `has_history` saves a read if it is right.
    /// Returns the number of reads, too.
    pub(crate) async fn read<F>(
        chain_name: Option<&str>,
        has_history: bool,
        read: impl Fn(String) -> F,
    ) -> std::result::Result<(Self, usize), CopyError>
    where
        F: Future<Output = std::result::Result<Vec<String>, ReadError>>,
    {
        let history = CopiedTable::history(chain_name);
        let mut tables = Vec::new();
        if has_history {
            tables.push(history.clone());
        }
        for reads in 1..=MAX_READS {
            let statements = match read(copy_query(&tables)).await {
                Ok(statements) => statements,
                Err(ReadError::Refused(message)) => {
                    if tables.is_empty() || !message.contains("no such table") {
                        let kind = ErrorKind::Read { message };
                        return Err(CopyError::Failed(Error::new(kind)));
                    }
                    // A table is missing, or has gone since the last read.
                    tables.clear();
                    continue;
                }
                Err(ReadError::Unknown(message)) => return Err(CopyError::Unknown(message)),
            };
            let (copy, needed) = Self::make(statements, chain_name, &history)?;
            if needed == tables {
                return Ok((copy, reads));
            }
            tables = needed;
        }
        Err(CopyError::Unknown("the schema keeps changing".to_owned()))
    }

    /// Makes the copy, and returns the tables whose rows it needs.
    fn make(
        statements: Vec<String>,
        chain_name: Option<&str>,
        history: &CopiedTable,
    ) -> std::result::Result<(Self, Vec<CopiedTable>), CopyError> {
        let make = || {
            let connection = open(&statements)?;
            let needed = needed_tables(&connection, chain_name, history)?;
            Ok((connection, needed))
        };
        match make() {
            Ok((connection, needed)) => {
                let copy = Self {
                    statements,
                    connection,
                };
                Ok((copy, needed))
            }
            Err(source) => {
                let kind = ErrorKind::Copy { source };
                Err(CopyError::Failed(Error::new(kind)))
            }
        }
    }

    /// Returns another database that the statements make.
    pub(crate) fn open(&self) -> Result<Connection> {
        open(&self.statements)
    }
}

/// Returns a query that has a row if there is a history of this chain.
pub(crate) fn has_history_query(chain_name: Option<&str>) -> String {
    let name = history_name(chain_name);
    format!("SELECT '' AS v FROM sqlite_master WHERE type = 'table' AND name = '{name}'")
}

/// The reason why there is no copy.
pub(crate) enum CopyError {
    /// There was no answer, so another attempt can succeed.
    Unknown(String),
    /// Another attempt would fail, too.
    Failed(Error),
}

/// Returns the schema as one text, which the guards compare.
pub(crate) fn schema_text(connection: &Connection) -> Result<Option<String>> {
    connection.query_row(SCHEMA_TEXT, [], |row| row.get(0))
}

fn open(statements: &[String]) -> Result<Connection> {
    let connection = Connection::open_in_memory()?;
    // A transaction for each statement would take several times as long.
    connection.execute_batch("BEGIN")?;
    for statement in statements {
        let Err(error) = connection.execute_batch(statement) else {
            continue;
        };
        // A virtual table has made its shadow tables already.
        if !error.to_string().contains("already exists") {
            return Err(error);
        }
    }
    connection.execute_batch("COMMIT")?;
    Ok(connection)
}

fn needed_tables(
    connection: &Connection,
    chain_name: Option<&str>,
    history: &CopiedTable,
) -> Result<Vec<CopiedTable>> {
    let own = history_name(chain_name);
    let mut statement = connection.prepare(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND substr(name, 1, 16) = ?1
         ORDER BY name",
    )?;
    let histories = statement.query_map([HISTORY], |row| row.get::<_, String>(0))?;
    let mut histories = histories.collect::<Result<Vec<_>>>()?;
    let mut tables = Vec::new();
    let has_own = histories.contains(&own);
    if has_own {
        tables.push(history.clone());
        histories.retain(|name| *name != own);
    }
    for name in histories {
        let chain = name.strip_prefix(HISTORY).unwrap_or_default();
        let chain = chain.strip_prefix('_');
        tables.push(CopiedTable::history(chain));
    }
    let has_rows = has_own && {
        let sql = format!("SELECT EXISTS (SELECT 1 FROM {own})");
        connection.query_row(&sql, [], |row| row.get(0))?
    };
    if !has_rows {
        // The records of other tools decide the revision of a database without a history.
        let schema = read_schema_sql(connection, &SchemaFilter::default())?;
        for name in schema.schema().recording_tables() {
            let columns = columns(connection, name)?;
            tables.push(CopiedTable::new(name, columns.iter().map(String::as_str)));
        }
    }
    Ok(tables)
}

fn history_name(chain_name: Option<&str>) -> String {
    HistoryTableSql::of(chain_name).name().to_owned()
}

fn columns(connection: &Connection, table: &str) -> Result<Vec<String>> {
    let mut statement = connection.prepare("SELECT name FROM pragma_table_info(?1)")?;
    let columns = statement.query_map([table], |row| row.get(0))?;
    columns.collect()
}
