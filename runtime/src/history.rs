//! `revchain_history`: what is stamped in a database.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use revchain_core::{Found, Revision, Stamped, checksum};
use rusqlite::types::{FromSql, FromSqlResult, ValueRef};
use rusqlite::{Connection, OptionalExtension, params};

use crate::Options;
use crate::connection::execute;
use crate::schema::{self, Dump};

/// Named with its schema everywhere: a temporary table of that name must not stand before it.
const CREATE: &str = "CREATE TABLE main.revchain_history (
  revision TEXT NOT NULL PRIMARY KEY,
  checksum TEXT NOT NULL,
  origin TEXT NOT NULL,
  applied_at INTEGER NOT NULL,
  duration_us INTEGER NOT NULL
)";

/// A row of `revchain_history`: a revision that the database has.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stamp {
    /// The revision's id.
    pub revision: String,
    /// The checksum that the revision had then, in hexadecimal.
    pub checksum: String,
    /// How it came to be there.
    pub origin: Origin,
    /// When, by the clock of the machine. Stored in milliseconds since the Unix epoch.
    pub applied_at: SystemTime,
    /// How long its SQL took; zero where none was run. Stored in microseconds.
    pub duration: Duration,
}

/// How a revision came to be stamped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Origin {
    /// Its upgrade was run.
    Upgrade,
    /// It was recorded without running: by `stamp`, or by a baseline.
    Stamp,
    /// It was recognised in a database that had no history.
    Adopt,
    /// It was in the image that the program carries, of which a new database in memory is a copy: when it was applied, and
    /// how long that took, is not known.
    Image,
    /// In a way that this version does not know: a newer one wrote it.
    Unknown,
}

impl Origin {
    /// The word that is stored.
    pub fn name(self) -> &'static str {
        match self {
            Self::Upgrade => "upgrade",
            Self::Stamp => "stamp",
            Self::Adopt => "adopt",
            Self::Image => "image",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromSql for Origin {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let name = value.as_str()?;
        let known = [Self::Upgrade, Self::Stamp, Self::Adopt, Self::Image]
            .into_iter()
            .find(|origin| origin.name() == name);
        Ok(known.unwrap_or(Self::Unknown))
    }
}

/// What is in the database, as the plan needs it: the schema only where it matters.
pub(crate) fn found(connection: &Connection, options: &Options<'_>) -> rusqlite::Result<Found> {
    found_with_dump(connection, options).map(|(found, _)| found)
}

/// The same, and what the schema was read from.
pub(crate) fn found_with_dump(
    connection: &Connection,
    options: &Options<'_>,
) -> rusqlite::Result<(Found, Dump)> {
    let rows = rows(connection)?;
    if rows.is_some() && !options.migrations.chain().is_proven() {
        return Ok((Found::Managed { rows: rows.unwrap_or_default(), schema: None }, Dump::default()));
    }
    let dump = schema::dump(connection)?;
    let schema = dump.schema(&options.ignored);
    let found = match rows {
        Some(rows) => Found::Managed { rows, schema: Some(schema) },
        None if schema.is_empty() => Found::Nothing,
        None => Found::Unmanaged(schema),
    };
    Ok((found, dump))
}

/// What is in the database after a plan was carried out. Of the schema, only what has changed since is read.
pub(crate) fn found_again(
    connection: &Connection,
    options: &Options<'_>,
    before: Found,
    dump: &Dump,
) -> rusqlite::Result<Found> {
    let (Found::Managed { schema: Some(mut schema), .. } | Found::Unmanaged(mut schema)) = before else {
        return found(connection, options);
    };
    let now = schema::dump(connection)?;
    let (gone, new) = dump.changes(&now);
    schema.change(gone, new);
    Ok(Found::Managed { rows: rows(connection)?.unwrap_or_default(), schema: Some(schema) })
}

/// The rows of the history, as far as the plan needs them; none where there is no history.
pub(crate) fn rows(connection: &Connection) -> rusqlite::Result<Option<Vec<Stamped>>> {
    if !exists(connection)? {
        return Ok(None);
    }
    let mut statement =
        connection.prepare("SELECT revision, checksum FROM main.revchain_history ORDER BY rowid")?;
    let rows = statement.query_map([], |row| Ok(Stamped { revision: row.get(0)?, checksum: row.get(1)? }))?;
    rows.collect::<Result<_, _>>().map(Some)
}

/// Whether the database has a history. Something else of that name does not pass for one: reading it will fail.
fn exists(connection: &Connection) -> rusqlite::Result<bool> {
    let sql = "SELECT 1 FROM main.sqlite_master WHERE name = 'revchain_history' COLLATE NOCASE";
    Ok(connection.query_row(sql, [], |_| Ok(())).optional()?.is_some())
}

/// The temporary tables and views of the connection, in order.
pub(crate) fn temporary_tables(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut statement = connection.prepare(
        "SELECT name FROM sqlite_temp_master
         WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name",
    )?;
    let names = statement.query_map([], |row| row.get(0))?;
    names.collect()
}

pub(crate) fn stamps(connection: &Connection) -> rusqlite::Result<Vec<Stamp>> {
    if !exists(connection)? {
        return Ok(Vec::new());
    }
    let mut statement = connection.prepare(
        "SELECT revision, checksum, origin, applied_at, duration_us FROM main.revchain_history ORDER BY rowid",
    )?;
    let stamps = statement.query_map([], |row| {
        let (milliseconds, microseconds): (i64, i64) = (row.get(3)?, row.get(4)?);
        Ok(Stamp {
            revision: row.get(0)?,
            checksum: row.get(1)?,
            origin: row.get(2)?,
            applied_at: UNIX_EPOCH
                .checked_add(Duration::from_millis(milliseconds.try_into().unwrap_or(0)))
                .unwrap_or(UNIX_EPOCH),
            duration: Duration::from_micros(microseconds.try_into().unwrap_or(0)),
        })
    })?;
    stamps.collect()
}

pub(crate) fn create(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(CREATE)
}

/// Records a revision, in place of an older record.
pub(crate) fn insert(
    connection: &Connection,
    revision: &Revision,
    origin: Origin,
    duration: Duration,
) -> rusqlite::Result<()> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    // The columns are named: a later version may have more of them.
    let sql =
        "INSERT OR REPLACE INTO main.revchain_history (revision, checksum, origin, applied_at, duration_us)
               VALUES (?1, ?2, ?3, ?4, ?5)";
    let values = params![
        revision.id(),
        checksum::hex(revision.checksum()),
        origin.name(),
        i64::try_from(now.as_millis()).unwrap_or(i64::MAX),
        i64::try_from(duration.as_micros()).unwrap_or(i64::MAX),
    ];
    one_row(execute(connection, sql, values)?)
}

pub(crate) fn remove(connection: &Connection, revision: &Revision) -> rusqlite::Result<()> {
    one_row(execute(connection, "DELETE FROM main.revchain_history WHERE revision = ?1", [revision.id()])?)
}

/// A trigger on the table could have kept the row from being written.
fn one_row(changed: u64) -> rusqlite::Result<()> {
    if changed == 1 {
        Ok(())
    } else {
        Err(rusqlite::Error::StatementChangedRows(usize::try_from(changed).unwrap_or(usize::MAX)))
    }
}
