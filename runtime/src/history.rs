//! `revchain_history`: what is stamped in a database. That of a chain with a name is `revchain_history_<name>`.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use revchain_core::name::{Date, is_chain_name};
use revchain_core::schema::{Part, Texts};
use revchain_core::{Downgrade, Found, Newer, Revision, Stamped, checksum};
use rusqlite::types::{FromSql, FromSqlResult, ValueRef};
use rusqlite::{Connection, Row, Statement, ffi, params};

use crate::connection::execute;
use crate::{Migrations, Options, marker, schema};

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
    /// The program that stamped it, such as `token-store 0.4.0`: the package that embeds the chain, and its version; `None`
    /// where that is not known.
    pub program: Option<String>,
    /// What the revision does, as it was said then, where that is known.
    pub summary: Option<String>,
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
    /// It was in the image that the program carries, of which the database is a copy: made then, and how long the SQL took
    /// is not known.
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

/// What is in the database, as the plan needs it.
pub(crate) fn found(connection: &Connection, options: &Options<'_>) -> rusqlite::Result<Found> {
    Histories::read(connection, options.migrations)?.found(connection, options)
}

/// Whether the rows are those of the revisions up to this place, in order.
fn is_at(migrations: &Migrations, rows: &[Stamped], place: usize) -> bool {
    let ids = migrations.revisions()[..=place].iter().map(Revision::id);
    ids.eq(rows.iter().map(|row| row.revision.as_str()))
}

/// The schema that the chain is about.
pub(crate) fn texts(connection: &Connection, options: &Options<'_>) -> rusqlite::Result<Texts> {
    Histories::read(connection, options.migrations)?.texts(connection, options)
}

/// The histories that a database has.
pub(crate) struct Histories {
    has_own: bool,
    /// The names of the other chains that keep theirs there; empty for one without a name.
    others: Vec<String>,
}

impl Histories {
    /// Something else that has the name of the chain's own does not pass for a history.
    pub(crate) fn read(connection: &Connection, migrations: &Migrations) -> rusqlite::Result<Self> {
        // A copy that somebody made of one, by CREATE TABLE … AS, has no key.
        let mut statement = connection.prepare(
            "SELECT name, type = 'table' AND sql LIKE '%PRIMARY KEY%', type FROM main.sqlite_master
             WHERE name LIKE 'revchain\\_history%' ESCAPE '\\'",
        )?;
        let mut names = statement.query([])?;
        let mut histories = Self { has_own: false, others: Vec::new() };
        let own = migrations.history_table();
        while let Some(row) = names.next()? {
            let name = String::from_utf8_lossy(row.get_ref(0)?.as_bytes()?).to_ascii_lowercase();
            if name == own {
                // Reading a view runs what somebody has written, for as long as it likes.
                let class = row.get_ref(2)?.as_str().unwrap_or_default();
                if class != "table" {
                    let error = ffi::Error::new(ffi::SQLITE_ERROR);
                    let message =
                        format!("{own} is not the table that revchain makes, but another thing ({class})");
                    return Err(rusqlite::Error::SqliteFailure(error, Some(message)));
                }
                histories.has_own = true;
            } else if row.get::<_, Option<bool>>(1)? == Some(true) {
                let ending = &name["revchain_history".len()..];
                let of = ending.strip_prefix('_').filter(|of| is_chain_name(of));
                if ending.is_empty() || of.is_some() {
                    histories.others.push(of.unwrap_or_default().to_owned());
                }
            }
        }
        Ok(histories)
    }

    /// What is in the database, as the plan needs it: the schema only where it matters, and where the marker does not vouch
    /// for it.
    pub(crate) fn found(&self, connection: &Connection, options: &Options<'_>) -> rusqlite::Result<Found> {
        let migrations = options.migrations;
        if let Some((rows, newer)) = self.rows(connection, migrations)? {
            // What the schema is after a revision that is not known, is not known.
            let is_vouched_for = !migrations.chain().is_proven()
                || !newer.is_empty()
                || marker::place(connection, migrations)?
                    .is_some_and(|place| is_at(migrations, &rows, place));
            let schema = if is_vouched_for { None } else { Some(self.texts(connection, options)?) };
            return Ok(Found::Managed { rows, newer, schema });
        }
        if let Some(name) = self.elsewhere(connection, migrations)? {
            return Ok(Found::Elsewhere { name: Some(name).filter(|name| !name.is_empty()) });
        }
        let texts = self.texts(connection, options)?;
        Ok(if texts.is_empty() { Found::Nothing } else { Found::Unmanaged(texts) })
    }

    /// The names of the tables of which a foreign key is to hold: those of the chain, where others share the database.
    pub(crate) fn own_tables(
        &self,
        connection: &Connection,
        migrations: &Migrations,
    ) -> rusqlite::Result<Option<Vec<String>>> {
        if !self.are_shared(migrations) {
            return Ok(None);
        }
        let own = migrations.chain().own_part(&[]).own.unwrap_or_default();
        let mut statement = connection.prepare("SELECT name FROM main.sqlite_master WHERE type = 'table'")?;
        let names = statement.query_map([], |row| row.get(0))?;
        let names: Vec<String> = names.collect::<Result<_, _>>()?;
        let is_own = |name: &String| own.iter().any(|own| own.eq_ignore_ascii_case(name));
        Ok(Some(names.into_iter().filter(is_own).collect()))
    }

    /// Whether other chains keep their tables there, or may.
    fn are_shared(&self, migrations: &Migrations) -> bool {
        migrations.name().is_some() || !self.others.is_empty()
    }

    /// The other name under which the history has revisions of this chain.
    fn elsewhere(
        &self,
        connection: &Connection,
        migrations: &Migrations,
    ) -> rusqlite::Result<Option<String>> {
        for name in &self.others {
            let rows = rows_of(connection, migrations, &crate::migrations::history_table(name))?;
            let is_ours = |row: &Stamped| {
                let place = migrations.chain().position(&row.revision);
                place.is_some_and(|place| {
                    checksum::is_hex_of(&row.checksum, migrations.revisions()[place].checksum())
                })
            };
            if rows.iter().any(is_ours) {
                return Ok(Some(name.clone()));
            }
        }
        Ok(None)
    }

    /// The rows of the chain's own, as far as the plan needs them, and what is known of those that the chain does not have;
    /// none where there is no history.
    pub(crate) fn rows(
        &self,
        connection: &Connection,
        migrations: &Migrations,
    ) -> rusqlite::Result<Option<(Vec<Stamped>, Vec<Newer>)>> {
        if !self.has_own {
            return Ok(None);
        }
        let rows = rows_of(connection, migrations, &migrations.history_table())?;
        let newer = newer(connection, migrations, &rows)?;
        Ok(Some((rows, newer)))
    }

    pub(crate) fn texts(&self, connection: &Connection, options: &Options<'_>) -> rusqlite::Result<Texts> {
        let part = match self.are_shared(options.migrations) {
            true => options.migrations.chain().own_part(&options.ignored),
            false => Part { ignored: options.ignored.clone(), own: None },
        };
        schema::texts(connection, part)
    }
}

/// As many rows as there may be, and some more, so that it can be said what they are; not all, which somebody may have made
/// a billion of.
fn most(migrations: &Migrations) -> usize {
    migrations.revisions().len() + 1000
}

fn rows_of(connection: &Connection, migrations: &Migrations, table: &str) -> rusqlite::Result<Vec<Stamped>> {
    let most = most(migrations);
    let sql = format!("SELECT revision, checksum FROM main.{table} ORDER BY rowid LIMIT {most}");
    let mut statement = connection.prepare(&sql)?;
    let rows =
        statement.query_map([], |row| Ok(Stamped { revision: text(row, 0)?, checksum: text(row, 1)? }))?;
    rows.collect()
}

/// How long a text of a history may be, in bytes. An id has 32 at most, a checksum 64. Of a longer one, as much is enough to say
/// what is there: somebody may have put a gigabyte into each row.
const LONGEST: usize = 400;

/// How long the downgrades that a history keeps may be together, in bytes.
const DOWNGRADES: usize = 16 << 20;

fn text(row: &Row<'_>, column: usize) -> rusqlite::Result<String> {
    match row.get_ref(column)?.as_str() {
        Ok(text) if text.len() > LONGEST => {
            let end = (0..=LONGEST).rev().find(|&end| text.is_char_boundary(end)).unwrap_or(0);
            Ok(format!("{}…", &text[..end]))
        }
        _ => row.get(column),
    }
}

/// What is known of the rows that the chain does not have, in their order: of each nothing, where nothing can be read.
fn newer(connection: &Connection, migrations: &Migrations, rows: &[Stamped]) -> rusqlite::Result<Vec<Newer>> {
    let chain = migrations.chain();
    // Nearly always they are those of the chain, in order.
    let mut in_order = chain.revisions().iter().map(Revision::id);
    if rows.iter().all(|row| in_order.next() == Some(&row.revision)) {
        return Ok(Vec::new());
    }
    let places = chain.places();
    let is_unknown = |id: &str| !places.contains_key(id);
    let unknown = || rows.iter().filter(|row| is_unknown(&row.revision));
    if unknown().next().is_none() {
        return Ok(Vec::new());
    }
    let most = most(migrations);
    let sql = format!(
        "SELECT revision, checksum, CAST(strftime('%Y%m%d%H%M', applied_at / 1000, 'unixepoch') AS INTEGER),
                program, summary, compatible IS 1, revises, upgrade_checksum, irreversible, downgrade
         FROM main.{} ORDER BY rowid LIMIT {most}",
        migrations.history_table()
    );
    // Where there may be more, nothing is done with what is known of some.
    let prepared = if rows.len() < most { if_it_has_columns(connection.prepare(&sql))? } else { None };
    let Some(mut statement) = prepared else { return Ok(unknown().map(Newer::of).collect()) };
    let mut found = statement.query([])?;
    let (mut newer, mut room) = (Vec::new(), DOWNGRADES);
    while let Some(row) = found.next()? {
        let revision = text(row, 0)?;
        if !is_unknown(&revision) {
            continue;
        }
        let short = |column| text(row, column).ok();
        let downgrade = row.get_ref(9)?.as_str().ok().filter(|sql| sql.len() <= room);
        room -= downgrade.map_or(0, str::len);
        newer.push(Newer {
            revision,
            checksum: text(row, 1)?,
            applied_at: row
                .get(2)
                .ok()
                .and_then(|number: i64| Date::checked_from_number(number.try_into().ok()?)),
            program: short(3),
            summary: short(4),
            is_compatible: row.get(5)?,
            revises: short(6),
            upgrade_checksum: short(7),
            irreversible: short(8),
            downgrade: downgrade.map(str::to_owned),
        });
    }
    Ok(newer)
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

pub(crate) fn stamps(connection: &Connection, migrations: &Migrations) -> rusqlite::Result<Vec<Stamp>> {
    if !Histories::read(connection, migrations)?.has_own {
        return Ok(Vec::new());
    }
    let (table, most) = (migrations.history_table(), most(migrations));
    let query = |later: &str| {
        connection.prepare(&format!(
            "SELECT revision, checksum, origin, applied_at, duration_us, {later} FROM main.{table} ORDER BY rowid LIMIT {most}"
        ))
    };
    let mut statement = match if_it_has_columns(query("program, summary"))? {
        Some(statement) => statement,
        None => query("NULL, NULL")?,
    };
    let stamps = statement.query_map([], |row| {
        let (milliseconds, microseconds): (i64, i64) = (row.get(3)?, row.get(4)?);
        Ok(Stamp {
            revision: text(row, 0)?,
            checksum: text(row, 1)?,
            origin: row.get(2)?,
            applied_at: UNIX_EPOCH
                .checked_add(Duration::from_millis(milliseconds.try_into().unwrap_or(0)))
                .unwrap_or(UNIX_EPOCH),
            duration: Duration::from_micros(microseconds.try_into().unwrap_or(0)),
            program: text(row, 5).ok(),
            summary: text(row, 6).ok(),
        })
    })?;
    stamps.collect()
}

/// Here as everywhere it is named with its schema: a temporary table of that name must not stand before it.
pub(crate) fn create(connection: &Connection, migrations: &Migrations) -> rusqlite::Result<()> {
    connection.execute_batch(&format!(
        "CREATE TABLE main.{} (
  revision TEXT NOT NULL PRIMARY KEY,
  checksum TEXT NOT NULL,
  origin TEXT NOT NULL,
  applied_at INTEGER NOT NULL,
  duration_us INTEGER NOT NULL,
  {}
)",
        migrations.history_table(),
        FOR_OLDER_PROGRAMS.join(",\n  ")
    ))
}

/// What programs that do not have a revision need to know of it. Nothing of it must be there: a program that knows no such
/// columns leaves them out.
const FOR_OLDER_PROGRAMS: [&str; 7] = [
    "program TEXT",
    "summary TEXT",
    "compatible INTEGER",
    "revises TEXT",
    "upgrade_checksum TEXT",
    "downgrade TEXT",
    "irreversible TEXT",
];

/// The statement, unless it is about columns that a history from before there were these lacks.
fn if_it_has_columns(prepared: rusqlite::Result<Statement<'_>>) -> rusqlite::Result<Option<Statement<'_>>> {
    match prepared {
        Err(error) if crate::error::message(&error).starts_with("no such column") => Ok(None),
        prepared => prepared.map(Some),
    }
}

/// Adds the columns that a history lacks.
fn complete(connection: &Connection, table: &str) -> rusqlite::Result<()> {
    for column in FOR_OLDER_PROGRAMS {
        let name = column.split(' ').next();
        let sql = "SELECT EXISTS (SELECT 1 FROM pragma_table_info(?1, 'main') WHERE name = ?2)";
        if !connection.query_row(sql, params![table, name], |row| row.get(0))? {
            connection.execute_batch(&format!("ALTER TABLE main.{table} ADD COLUMN {column}"))?;
        }
    }
    Ok(())
}

/// Records a revision, in place of an older record. `applied_at` is in milliseconds since the Unix epoch.
pub(crate) fn insert(
    connection: &Connection,
    migrations: &Migrations,
    revision: &Revision,
    origin: Origin,
    applied_at: i64,
    duration: Duration,
) -> rusqlite::Result<()> {
    let table = migrations.history_table();
    // The columns are named: a later version may have more of them. An older record gives its place: none comes before its parents.
    let sql = format!(
        "INSERT OR REPLACE INTO main.{table} (rowid, revision, checksum, origin, applied_at, duration_us,
           program, summary, compatible, revises, upgrade_checksum, downgrade, irreversible)
         VALUES ((SELECT rowid FROM main.{table} WHERE revision = ?1), ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)"
    );
    let (downgrade, irreversible) = match revision.downgrade() {
        Downgrade::Sql(half) => (Some(half.sql()), None),
        Downgrade::Irreversible(reason) => (None, Some(&**reason)),
    };
    let insert = || {
        let values = params![
            revision.id(),
            checksum::hex(revision.checksum()),
            origin.name(),
            applied_at,
            i64::try_from(duration.as_micros()).unwrap_or(i64::MAX),
            migrations.program(),
            revision.summary(),
            revision.is_compatible(),
            revision.revises().collect::<Vec<_>>().join(" "),
            checksum::hex(&checksum::half(revision.upgrade())),
            downgrade,
            irreversible,
        ];
        execute(connection, &sql, values)
    };
    let inserted = match insert() {
        Err(error) if crate::error::message(&error).contains("has no column named") => {
            complete(connection, &table)?;
            insert()
        }
        inserted => inserted,
    };
    one_row(inserted?)
}

/// Milliseconds since the Unix epoch.
pub(crate) fn now() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_millis()).unwrap_or(i64::MAX)
}

pub(crate) fn remove(
    connection: &Connection,
    migrations: &Migrations,
    revision: &Revision,
) -> rusqlite::Result<()> {
    let sql = format!("DELETE FROM main.{} WHERE revision = ?1", migrations.history_table());
    one_row(execute(connection, &sql, [revision.id()])?)
}

/// A trigger on the table could have kept the row from being written.
fn one_row(changed: u64) -> rusqlite::Result<()> {
    if changed == 1 {
        Ok(())
    } else {
        Err(rusqlite::Error::StatementChangedRows(usize::try_from(changed).unwrap_or(usize::MAX)))
    }
}
