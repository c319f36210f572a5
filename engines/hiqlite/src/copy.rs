//! A copy of the cluster's database in memory, with the schema and the history, without the rows.
//!
//! The copy is what the plan is made from, and what the pending SQL runs on.

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

/// The statements that make the copy of a database as it was at one moment.
#[derive(PartialEq)]
pub(crate) struct Dump {
    /// The tables whose rows the statements insert.
    tables: Vec<CopiedTable>,
    /// The statements, as the cluster returned them.
    pub(crate) statements: Vec<String>,
}

/// A database as it was at one moment.
pub(crate) struct Copy {
    pub(crate) dump: Dump,
    /// A database that the statements have made.
    pub(crate) connection: Connection,
}

impl Dump {
    /// Returns a new database in memory that the statements make.
    pub(crate) fn open(&self) -> Result<Connection> {
        let connection = Connection::open_in_memory()?;
        // A transaction for each statement would take several times as long.
        connection.execute_batch("BEGIN")?;
        for statement in &self.statements {
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
}

impl Copy {
    /// Returns a copy of a database of which nothing is known.
    pub(crate) fn empty(chain_name: Option<&str>) -> Result<Self> {
        Ok(Self {
            dump: Dump {
                tables: vec![CopiedTable::history(chain_name)],
                statements: Vec::new(),
            },
            connection: Connection::open_in_memory()?,
        })
    }

    /// Reads the schema and the history of the chain with one statement.
    ///
    /// `known` is a copy that can be out of date. Returns no copy if the database is still as in
    /// `known`. Returns the number of reads, too.
    /// Reads once more, with another statement, if the rows of other tables are needed than those
    /// in `known`: the history, the records of other tools, and the histories of other chains.
    pub(crate) async fn read<F>(
        chain_name: Option<&str>,
        known: &Dump,
        read: impl Fn(String) -> F,
    ) -> std::result::Result<(Option<Self>, usize), CopyError>
    where
        F: Future<Output = std::result::Result<Vec<String>, ReadError>>,
    {
        let mut tables = known.tables.clone();
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
            let dump = Dump { tables, statements };
            if dump == *known {
                return Ok((None, reads));
            }
            let made = dump.open().and_then(|connection| {
                let needed = needed_tables(&connection, chain_name)?;
                Ok((needed, connection))
            });
            let (needed, connection) = made.map_err(|source| {
                let kind = ErrorKind::Copy { source };
                CopyError::Failed(Error::new(kind))
            })?;
            if needed == dump.tables {
                return Ok((Some(Self { dump, connection }), reads));
            }
            tables = needed;
        }
        Err(CopyError::Unknown("the schema keeps changing".to_owned()))
    }
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

/// Returns the tables whose rows decide what a request does.
fn needed_tables(connection: &Connection, chain_name: Option<&str>) -> Result<Vec<CopiedTable>> {
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
        tables.push(CopiedTable::history(chain_name));
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
