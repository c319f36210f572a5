//! The rows of the history, as `Migrator::history` returns them.

use std::fmt;
use std::time::{Duration, SystemTime};

use rusqlite::types::{FromSql, FromSqlResult, ValueRef};

/// A row of `revchain_history`: a revision that the database has.
///
/// [`Migrator::history`](crate::Migrator::history) returns the rows.
///
/// ```
/// # use revchain::{Migrations, embed_migrations};
/// # static MIGRATIONS: Migrations = embed_migrations!("../migrations");
/// use revchain::{Origin, rusqlite::Connection};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut db = Connection::open_in_memory()?;
/// MIGRATIONS.migrator().upgrade_to(&mut db, "001")?;
/// MIGRATIONS.migrator().stamp(&mut db, "002")?;
/// let history = MIGRATIONS.migrator().history(&db)?;
/// let rows: Vec<_> = history.iter().map(|row| (&*row.revision, row.origin)).collect();
/// assert_eq!(rows, [("001", Origin::Upgrade), ("002", Origin::Stamp)]);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct HistoryEntry {
    /// The id of the revision.
    pub revision: String,
    /// The [checksum](crate::Revision::checksum) at the time of the stamp, in hexadecimal.
    pub checksum: String,
    /// The operation that stamped the revision.
    pub origin: Origin,
    /// The time of the stamp, by the clock of the machine. The history stores milliseconds.
    pub applied_at: SystemTime,
    /// The duration of the upgrade script; zero if no script ran. The history stores microseconds.
    pub duration: Duration,
    /// The name and the version of the program that wrote the stamp, such as `token-store 0.4.0`.
    ///
    /// `None` if the stamp does not name a program.
    pub program: Option<String>,
    /// The summary of the revision at the time of the stamp; `None` if the stamp has no summary.
    pub summary: Option<String>,
    /// The names of the functions of the program that the revision runs, as `@code` and `@job` have
    /// them.
    pub code: Vec<String>,
}

/// The operation that stamped a revision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Origin {
    /// An upgrade that ran the upgrade script of the revision.
    Upgrade,
    /// [`Migrator::stamp`](crate::Migrator::stamp), or an upgrade with
    /// [`Adopt::At`](crate::Adopt::At) or [`Adopt::AtUnchecked`](crate::Adopt::AtUnchecked). No
    /// script ran.
    Stamp,
    /// An upgrade that recognized the revision of a database without a history. No script ran.
    Adopt,
    /// An adoption or `stamp` of a database whose columns have another order than in the chain.
    ///
    /// As long as the history has such a row, comparisons of the schema ignore the order, too.
    AdoptReordered,
    /// The creation of the database from the embedded snapshot.
    ///
    /// `applied_at` is the time of the creation, and `duration` is zero.
    Snapshot,
    /// An operation that only a newer version of revchain has.
    Unknown,
}

impl Origin {
    const KNOWN: [Self; 5] = [
        Self::Upgrade,
        Self::Stamp,
        Self::Adopt,
        Self::AdoptReordered,
        Self::Snapshot,
    ];

    /// Returns the name of the origin, as the history stores it: `adopt-reordered`, for example.
    pub fn name(self) -> &'static str {
        match self {
            Self::Upgrade => "upgrade",
            Self::Stamp => "stamp",
            Self::Adopt => "adopt",
            Self::AdoptReordered => "adopt-reordered",
            Self::Snapshot => "snapshot",
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
        let name = match value.as_str()? {
            // Development versions of revchain 0.1 stored `image` for a snapshot.
            "image" => "snapshot",
            name => name,
        };
        let known = Self::KNOWN.into_iter().find(|origin| origin.name() == name);
        Ok(known.unwrap_or(Self::Unknown))
    }
}
