//! Revisions that a database has and the program does not: a newer program has stamped them.
//!
//! What is known of them stands in the database, where anybody may have written it. So a downgrade that comes from there is
//! only taken for one where the checksum that was stamped accounts for it: with the id, the parents, which the history must
//! have, and the checksum of the upgrade. (Who can write to the database can make all of that up. What such SQL may do is
//! the runtime's to restrict.)

use std::borrow::Cow;
use std::fmt;

use crate::checksum;
use crate::conflict::Conflict;
use crate::name::{self, Date};
use crate::plan::Stamped;
use crate::revision::{Downgrade, Half, Revision};
use crate::rules;
use crate::snippet::escape;
use crate::sql::{self, Kind};

/// A revision that a database has and the chain does not, as its row in the history tells. What is missing there, or too long
/// to be what it should be, is not known.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Newer {
    /// The revision's id.
    pub revision: String,
    /// Its checksum in hexadecimal.
    pub checksum: String,
    /// When it was stamped, in UTC.
    pub applied_at: Option<Date>,
    /// The program that stamped it, with its version.
    pub program: Option<String>,
    /// What it does.
    pub summary: Option<String>,
    /// Whether programs that do not know it can read and write the database all the same.
    pub is_compatible: bool,
    /// The ids of the revisions that it revises, separated by spaces.
    pub revises: Option<String>,
    /// The checksum of its upgrade in hexadecimal.
    pub upgrade_checksum: Option<String>,
    /// The SQL of its downgrade.
    pub downgrade: Option<String>,
    /// Why it has none.
    pub irreversible: Option<String>,
}

/// Ends what errors name in place of a file.
pub const KEPT: &str = ", as the database keeps it";

impl Newer {
    /// One of which only the stamp is known.
    pub fn of(stamped: &Stamped) -> Self {
        let Stamped { revision, checksum } = stamped.clone();
        Self { revision, checksum, ..Self::default() }
    }

    /// The revision, to be reverted by the downgrade that the database keeps. `has` tells whether the history has another.
    ///
    /// # Errors
    ///
    /// Where it has none, or none that was stamped.
    pub fn to_revert(&self, has: impl Fn(&str) -> bool) -> Result<Revision, Conflict> {
        let path = format!("{}{KEPT}", self.revision);
        let untrusted =
            |reason: &str| Conflict::Untrusted { revision: self.revision.clone(), reason: reason.to_owned() };
        if name::check_id(&self.revision).is_err() {
            return Err(untrusted("it is not the id of a revision"));
        }
        if let Some(reason) = &self.irreversible {
            return Err(Conflict::Irreversible {
                revision: self.revision.clone(),
                reason: reason.clone(),
                path,
            });
        }
        let (Some(revises), Some(upgrade), Some(downgrade)) =
            (&self.revises, &self.upgrade_checksum, &self.downgrade)
        else {
            return Err(untrusted("the history does not have all of it"));
        };
        let upgrade =
            checksum::from_hex(upgrade).ok_or_else(|| untrusted("the checksum of its upgrade is none"))?;
        let half = read(downgrade).map_err(|reason| untrusted(&reason))?;
        let parents = revises.split_ascii_whitespace();
        let sum =
            checksum::of_halves(&self.revision, parents.clone(), &upgrade, Some(&checksum::half(&half)));
        if !checksum::is_hex_of(&self.checksum, &sum) {
            return Err(untrusted("its checksum is not the one that was stamped"));
        }
        if let Some(missing) = parents.clone().find(|parent| !has(parent)) {
            return Err(untrusted(&format!("it revises {missing}, which the history does not have")));
        }
        Ok(Revision {
            id: Cow::Owned(self.revision.clone()),
            parents: Cow::Owned(revises.clone()),
            path: Cow::Owned(path),
            date: self.applied_at.unwrap_or(Date::from_number(1_01_01_00_00)),
            summary: Cow::Owned(self.summary.clone().unwrap_or_default()),
            upgrade: Half::new(String::new(), 1, 0, &[]),
            downgrade: Downgrade::Sql(half),
            destroys: Cow::Borrowed(&[]),
            is_compatible: self.is_compatible,
            checksum: sum,
            chain_checksum: [0; 32],
            proven: None,
        })
    }
}

/// Cuts a downgrade into statements, which have to keep to the rules of a migration.
fn read(sql: &str) -> Result<Half, String> {
    let tokens = sql::tokens(sql);
    if tokens.iter().any(|token| matches!(token.kind, Kind::Unterminated(_) | Kind::Illegal)) {
        return Err("SQLite cannot read it".to_owned());
    }
    let statements = sql::statements(sql, &tokens);
    match statements.iter().find_map(|statement| rules::check(sql, statement).into_iter().next()) {
        Some(breach) => Err(breach.title),
        None => Ok(Half::new(sql.to_owned(), 1, 0, &statements)),
    }
}

impl fmt::Display for Newer {
    /// `011  Add sessions (2026-11-20 10:12, by token-store 0.4.0)`, as far as it is known.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&escape(&self.revision))?;
        if let Some(summary) = &self.summary {
            write!(f, "  {}", escape(summary))?;
        }
        match (self.applied_at, &self.program) {
            (Some(date), Some(program)) => write!(f, " ({date:#}, by {})", escape(program)),
            (Some(date), None) => write!(f, " ({date:#})"),
            (None, Some(program)) => write!(f, " (by {})", escape(program)),
            (None, None) => Ok(()),
        }
    }
}
