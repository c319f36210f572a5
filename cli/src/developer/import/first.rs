//! The schema before the first migration of a tool, for `--first`.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use revchain_core::source::directory::MAX_FILE_SIZE;
use revchain_runtime::rusqlite::{Connection, OpenFlags, Result as SqliteResult};

use super::migration::{Migration, Sql, Upgrade};
use super::tool::Tool;
use crate::support::{Failure, Result};

/// The id of the revision.
const ID: &str = "first";

/// The bytes at the start of a database.
const MAGIC: &[u8] = b"SQLite format 3\0";

/// Opens an existing database for queries only.
fn open(path: &Path) -> SqliteResult<Connection> {
    // A read-only connection cannot recover a database after a crash.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.pragma_update(None, "query_only", true)?;
    Ok(connection)
}

/// Returns the migration that makes the schema of a database, or that is an SQL file.
pub(crate) fn read(path: &Path, tool: Tool) -> Result<Migration> {
    let shown = path.to_string_lossy().into_owned();
    let io_failure = |error: std::io::Error| Failure::failed("io", format!("{shown}: {error}"));
    let file = File::open(path).map_err(io_failure)?;
    let mut bytes = Vec::new();
    let mut start = file.take(MAGIC.len() as u64);
    start.read_to_end(&mut bytes).map_err(io_failure)?;
    let text = if bytes == MAGIC {
        let schema = open(path).and_then(|connection| schema(&connection, tool));
        schema.map_err(|error| Failure::failed("sqlite", format!("{shown}: {error}")))?
    } else {
        let mut rest = start.into_inner().take(MAX_FILE_SIZE);
        rest.read_to_end(&mut bytes).map_err(io_failure)?;
        String::from_utf8(bytes).map_err(|_| {
            let message = format!("{shown}: neither a database nor SQL in UTF-8");
            Failure::usage(message)
        })?
    };
    let sql = Sql {
        path: shown,
        first_line: 1,
        text,
    };
    let name = "schema before the first migration";
    let mut migration = Migration::new(ID, "", name, Upgrade::Sql(sql));
    migration.parents = Some(Vec::new());
    Ok(migration)
}

/// Returns the statements of a database's schema, without the tables of SQLite, of revchain and of
/// the tool.
fn schema(connection: &Connection, tool: Tool) -> SqliteResult<String> {
    // The shadow tables of a virtual table come with the virtual table.
    let mut statement = connection.prepare(
        "SELECT sql, tbl_name FROM main.sqlite_master
         WHERE sql IS NOT NULL AND tbl_name NOT GLOB 'sqlite_*'
         AND tbl_name NOT GLOB 'revchain_*'
         AND tbl_name NOT IN
             (SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'shadow')
         ORDER BY CASE type WHEN 'table' THEN 0 WHEN 'view' THEN 1 ELSE 2 END, rowid",
    )?;
    let mut rows = statement.query([])?;
    let mut text = String::new();
    while let Some(row) = rows.next()? {
        let (sql, table): (String, String) = (row.get(0)?, row.get(1)?);
        let mut own = tool.own_tables().iter();
        if !own.any(|own| own.eq_ignore_ascii_case(&table)) {
            text += &sql;
            // The SQL of a view can end with a comment.
            text += "\n;\n";
        }
    }
    Ok(text)
}
