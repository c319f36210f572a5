//! The SQL of the table `revchain_history`, and the values of its rows.
//!
//! The runtime executes the SQL, and the module [`script`](crate::script) writes it as text.

use crate::model::checksum;
use crate::{Downgrade, Job, Revision};

/// The history table of a chain: `revchain_history`, or `revchain_history_<name>` for a named
/// chain.
///
/// All SQL names the schema `main`, because a temporary table of the same name would hide the
/// history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryTableSql {
    name: String,
}

/// A value that a statement takes as a parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// NULL.
    Null,
    /// An integer.
    Integer(i64),
    /// A text.
    Text(String),
}

/// A row to write to the history table.
#[derive(Debug, Clone, Copy)]
pub struct StampRow<'r> {
    /// The revision to stamp.
    pub revision: &'r Revision,
    /// The name of the operation that stamps the revision, such as `upgrade`.
    pub origin: &'r str,
    /// The time of the stamp, in milliseconds since the Unix epoch.
    pub applied_at: i64,
    /// The duration of the upgrade script in microseconds; zero if no script ran.
    pub duration_us: i64,
    /// The name and the version of the program that writes the stamp; `None` if unknown.
    pub program: Option<&'r str>,
}

/// The columns that describe a revision to programs that lack the revision.
///
/// Each column may be NULL, because older versions of revchain do not write these columns.
pub const DESCRIPTION_COLUMNS: [&str; 8] = [
    "program TEXT",
    "summary TEXT",
    "compatible INTEGER",
    "revises TEXT",
    "upgrade_checksum TEXT",
    "downgrade TEXT",
    "irreversible TEXT",
    CODE_COLUMN,
];

/// The functions and jobs of the revision, separated by spaces; NULL if there is none.
///
/// Tables of earlier versions of revchain have all columns but this one.
pub const CODE_COLUMN: &str = "code TEXT";

impl HistoryTableSql {
    /// Returns the table of the chain with this name; `None` is the chain without a name.
    pub fn of(chain_name: Option<&str>) -> Self {
        let name = match chain_name {
            Some(chain_name) => format!("revchain_history_{chain_name}"),
            None => "revchain_history".to_owned(),
        };
        Self { name }
    }

    /// Returns the name of the table.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Yields the names of the columns.
    pub fn columns() -> impl Iterator<Item = &'static str> {
        let names = |column: &'static str| column.split(' ').next().unwrap_or(column);
        let first = [
            "revision",
            "checksum",
            "origin",
            "applied_at",
            "duration_us",
        ];
        first.into_iter().chain(DESCRIPTION_COLUMNS.map(names))
    }

    /// Returns the statement that creates the table, unless there is such a table.
    pub fn create(&self) -> String {
        format!(
            "CREATE TABLE IF NOT EXISTS main.{} (
  revision TEXT NOT NULL PRIMARY KEY,
  checksum TEXT NOT NULL,
  origin TEXT NOT NULL,
  applied_at INTEGER NOT NULL,
  duration_us INTEGER NOT NULL,
  {}
)",
            self.name,
            DESCRIPTION_COLUMNS.join(",\n  ")
        )
    }

    /// Returns the statement that writes a stamp, and replaces an older stamp of the revision.
    ///
    /// The parameters are those of [`StampRow::values`].
    /// `applied_at` is an expression: `?4` for the parameter, or one that reads the clock.
    pub fn insert(&self, applied_at: &str) -> String {
        let table = &self.name;
        // Name the columns, because a table of a later version may have more columns. Keep the
        // rowid of an older stamp, because parents must precede children in the order of rowids.
        format!(
            "INSERT OR REPLACE INTO main.{table} (rowid, revision, checksum, origin, applied_at,
               duration_us, program, summary, compatible, revises, upgrade_checksum, downgrade,
               irreversible, code)
             VALUES ((SELECT rowid FROM main.{table} WHERE revision = ?1),
               ?1, ?2, ?3, {applied_at}, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)"
        )
    }

    /// Returns the statement that removes the stamp of the revision `?1`.
    pub fn delete(&self) -> String {
        format!("DELETE FROM main.{} WHERE revision = ?1", self.name)
    }
}

impl StampRow<'_> {
    /// Returns the parameters of [`HistoryTableSql::insert`].
    pub fn values(&self) -> [Value; 13] {
        let revision = self.revision;
        let code = functions(revision);
        let (downgrade, irreversible) = match revision.downgrade() {
            // A program that lacks the revision lacks its functions, too.
            Downgrade::Sql(_) if code.is_some() => (None, None),
            Downgrade::Sql(script) => (Some(script.sql()), None),
            Downgrade::Irreversible(reason) => (None, Some(&**reason)),
        };
        let upgrade_checksum = checksum::script(revision.upgrade());
        [
            Value::from(revision.id()),
            Value::Text(checksum::hex(revision.checksum())),
            Value::from(self.origin),
            Value::Integer(self.applied_at),
            Value::Integer(self.duration_us),
            self.program.into(),
            Value::from(revision.summary()),
            Value::Integer(i64::from(revision.is_compatible())),
            Value::Text(revision.revises().collect::<Vec<_>>().join(" ")),
            Value::Text(checksum::hex(&upgrade_checksum)),
            downgrade.into(),
            irreversible.into(),
            code.as_deref().into(),
        ]
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<Option<&str>> for Value {
    fn from(text: Option<&str>) -> Self {
        text.map_or(Self::Null, Self::from)
    }
}

/// Returns the names of the functions and jobs of a revision; `None` if there is none.
fn functions(revision: &Revision) -> Option<String> {
    let mut names: Vec<&str> = Vec::new();
    for line in revision.code() {
        if !names.contains(&line.name()) {
            names.push(line.name());
        }
    }
    names.extend(revision.jobs().iter().map(Job::name));
    (!names.is_empty()).then(|| names.join(" "))
}
