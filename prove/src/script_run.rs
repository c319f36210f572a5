//! The run of a script at a stage of the proof.

use std::fmt;

use revchain_core::sql::inspect;
use revchain_core::{Downgrade, Revision, Script, Statement};
use revchain_runtime::internal::{run_statement, sqlite_offset, stand_ins};
use revchain_runtime::{Direction, ErrorKind};
use rusqlite::Connection;

use crate::unreadable::created_unreadable;

/// The stage of the proof at which a script runs.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Stage {
    /// The upgrade, on the schema of the earlier revisions.
    Upgrade,
    /// The downgrade, after the upgrade.
    Downgrade,
    /// The upgrade again, after the downgrade.
    UpgradeAgain,
    /// The upgrade, with rows in the tables that the revision rebuilds or extends.
    UpgradeWithRows,
    /// The downgrade after `UpgradeWithRows`, with the rows that the upgrade left.
    DowngradeWithRows,
}

impl Stage {
    /// Returns `true` for the stages that run the upgrade.
    pub(crate) fn is_upgrade(self) -> bool {
        !matches!(self, Self::Downgrade | Self::DowngradeWithRows)
    }
}

/// The run of an upgrade or downgrade script. Displays as "the upgrade of 003".
#[derive(Clone, Copy)]
pub(crate) struct ScriptRun<'r> {
    pub(crate) revision: &'r Revision,
    pub(crate) stage: Stage,
}

/// A statement that failed, with the error of SQLite.
pub(crate) struct Rejection<'r> {
    pub(crate) statement: Statement<'r>,
    /// SQLite's message.
    pub(crate) message: String,
    /// The offset of the error in the statement, in bytes; `None` if SQLite reports no offset.
    pub(crate) offset: Option<usize>,
}

impl<'r> ScriptRun<'r> {
    pub(crate) fn new(revision: &'r Revision, stage: Stage) -> Self {
        Self { revision, stage }
    }

    /// Returns the run of the upgrade on the schema of the earlier revisions.
    pub(crate) fn upgrade(revision: &'r Revision) -> Self {
        Self::new(revision, Stage::Upgrade)
    }

    pub(crate) fn direction(self) -> Direction {
        if self.is_upgrade() {
            Direction::Upgrade
        } else {
            Direction::Downgrade
        }
    }

    pub(crate) fn is_upgrade(self) -> bool {
        self.stage.is_upgrade()
    }

    /// Returns `true` for the stages that run with rows in the tables, usually sample rows.
    pub(crate) fn has_sample_rows(self) -> bool {
        let stage = self.stage;
        stage == Stage::UpgradeWithRows || stage == Stage::DowngradeWithRows
    }

    /// Returns the script of this run. Returns the upgrade if there is no downgrade script.
    pub(crate) fn script(self) -> &'r Script {
        match self.revision.downgrade() {
            Downgrade::Sql(script) if !self.is_upgrade() => script,
            _ => self.revision.upgrade(),
        }
    }

    /// Returns the first statement whose SQL meets the condition.
    pub(crate) fn find(self, condition: impl Fn(&str) -> bool) -> Option<Statement<'r>> {
        let mut statements = self.script().statements();
        statements.find(|statement| condition(statement.sql()))
    }

    /// Returns `true` if the SQL of any statement meets the condition.
    pub(crate) fn any(self, condition: impl Fn(&str) -> bool) -> bool {
        self.find(condition).is_some()
    }

    /// Runs a statement of the script, on stand-ins for the objects of the program.
    pub(crate) fn execute(
        self,
        connection: &Connection,
        statement: Statement<'r>,
    ) -> Result<(), Rejection<'r>> {
        if let Some(message) = stand_ins::rejection(connection, statement.sql()) {
            return Err(Rejection {
                statement,
                message: message.to_owned(),
                offset: None,
            });
        }
        let result = run_statement(connection, self.revision, self.direction(), &statement);
        let sql = statement.sql();
        let Err(error) = result else {
            if inspect::created_view_or_trigger(sql).is_some() && stand_ins::has_any(connection) {
                // A probe adds the columns that the view or the trigger reads from stand-ins.
                let _ = created_unreadable(connection, sql);
            }
            return Ok(());
        };
        let (message, offset) = match error.kind() {
            ErrorKind::Statement(error) => (error.message.clone(), sqlite_offset(&error.source)),
            _ => (error.message(), None),
        };
        // The statement may have rolled the transaction back.
        if !connection.is_autocommit() && stand_ins::run_otherwise(connection, sql, &message) {
            return Ok(());
        }
        Err(Rejection {
            statement,
            message,
            offset,
        })
    }
}

impl fmt::Display for ScriptRun<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the {} of {}", self.direction(), self.revision.id())
    }
}
