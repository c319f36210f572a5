//! The text of errors: the message, the cause, and the advice.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use revchain_core::diagnostics::escape::escape;
use revchain_core::diagnostics::text::{Text, more, with_causes};
use revchain_core::schema::Diff;
use revchain_core::source::file_name::CHAIN_NAME;
use rusqlite::ErrorCode;

use super::access_problem::AccessProblem;
use super::environment::{Environment, REPLICA};
use super::error::{
    Direction, Error, ErrorKind, ForeignKeyViolation, LockHolder, Operation, SqlOrigin,
    StatementError,
};
use super::sqlite::sqlite_message;

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(database) = self.database() {
            write!(f, "{}: ", escape(database))?;
        }
        if !f.alternate() {
            return f.write_str(&self.message());
        }
        f.write_str(&self.message_with_cause())?;
        for line in self.help().iter().flat_map(|help| help.lines()) {
            write!(f, "\nhelp: {line}")?;
        }
        write!(f, "\n{}", more(self.code()))
    }
}

impl Error {
    /// Returns the message: the fact and its place, without the path of the database.
    ///
    /// If a part of the request is committed, the last line of the message says so.
    pub fn message(&self) -> String {
        let message = self.kind().to_string();
        match self.committed() {
            Some(revision) => format!(
                "{message}\nthe upgrade to {} is committed, and the next one goes on from there",
                escape(revision)
            ),
            None => message,
        }
    }

    /// Returns the advice, with the likeliest cause first; `None` if there is no advice.
    ///
    /// Each line is an advice of its own.
    pub fn help(&self) -> Option<String> {
        self.kind().text().into_help()
    }

    /// Returns the message with its cause, without the path of the database.
    ///
    /// The cause is part of the first line, because the other lines show a place in a file.
    #[doc(hidden)]
    pub fn message_with_cause(&self) -> String {
        let message = self.message();
        // The message already contains the file system's error. SQLite's error is less specific.
        if matches!(
            self.kind(),
            ErrorKind::Open {
                reason: Some(_),
                ..
            }
        ) {
            return message;
        }
        let sqlite_error = match self.kind() {
            // The error of a function can say more than the error of SQLite that caused it.
            ErrorKind::Code(error) => error.source.downcast_ref(),
            ErrorKind::Job(error) => error.source.downcast_ref(),
            _ => self.sqlite_error(),
        };
        let cause = match (sqlite_error, self.source()) {
            (Some(error), _) => escape(&sqlite_message(error)),
            (None, Some(source)) => escape(&with_causes(source)),
            (None, None) => return message,
        };
        match message.split_once('\n') {
            Some((fact, place)) => format!("{fact}: {cause}\n{place}"),
            None => format!("{message}: {cause}"),
        }
    }
}

impl fmt::Display for ErrorKind {
    /// Writes the message: the fact and its place, without the cause.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text().message)
    }
}

impl ErrorKind {
    fn text(&self) -> Text {
        match self {
            Self::Open {
                reason: Some(reason),
                ..
            } => reason.add_help(Text::new(format!("cannot open the database: {reason}"))),
            Self::Open { reason: None, .. } => Text::new("cannot open the database")
                .help("check the path, and the permissions of the file and of its directory"),
            Self::OnConnect { source } => on_connect(&**source),
            Self::NoWal { journal_mode } => Text::new(format!(
                "the database cannot be in WAL mode; its journal mode is {}",
                escape(journal_mode)
            ))
            .help("move the database to a local file system, or remove .wal()"),
            Self::BadName { name } => {
                let name = escape(name);
                Text::new(format!("`{name}` is not a name for a chain"))
                    .help(format!("use {CHAIN_NAME}"))
            }
            Self::DamagedProgram { message } => damaged_program(message),
            Self::InTransaction => Text::new("the connection is inside a transaction")
                .help("commit or roll back first: migrations need their own transaction"),
            Self::Busy {
                waited,
                holders,
                rolled_back_to,
            } => busy(*waited, holders, rolled_back_to.as_deref()),
            Self::ReadOnly { pending, reason } => read_only(pending, reason.as_ref()),
            Self::Behind {
                waited,
                current,
                pending,
            } => behind(*waited, current.as_deref(), pending),
            Self::Backup {
                directory,
                before_migrations,
                reason,
            } => reason.text(directory, *before_migrations),
            Self::Damaged { message } => Text::new(format!(
                "cannot restore the backup; nothing was changed: {}",
                escape(message)
            ))
            .help("restore another backup"),
            Self::Conflict(conflict) => conflict.text(),
            Self::Statement(error) => statement(error),
            Self::Code(error) => error.text(&rolled_back_script(
                error.current.as_deref(),
                error.is_adoption,
            )),
            Self::Job(error) => error.text(),
            Self::MissingCode {
                revision,
                function,
                path,
                line,
            } => missing_code(revision, function, path, *line),
            Self::ForeignKeys {
                violations,
                count,
                before,
                rolled_back_to,
            } => foreign_keys(violations, *count, before.unwrap_or(0), rolled_back_to),
            Self::WrongSchema { revision, diff } => wrong_schema(revision, diff),
            Self::TemporaryTables { tables, revision } => {
                temporary_tables(tables, revision.as_deref())
            }
            Self::TemporaryTriggers { triggers } => temporary_triggers(triggers),
            Self::NotOwned(error) => error.text(),
            Self::NoJournal => Text::new("the journal mode is OFF, so SQLite cannot roll back")
                .help("set another journal mode first: PRAGMA journal_mode = DELETE"),
            Self::TransactionEnded { revision, path } => Text::new(format!(
                "a statement of {revision} ended the transaction; part of it may be committed\n  \
                 {}",
                escape(path)
            ))
            .help("compare the database with a backup")
            .help("report this error: it is a defect of revchain"),
            Self::Sqlite { operation, source } => sqlite(*operation, source),
        }
    }
}

fn on_connect(source: &(dyn StdError + 'static)) -> Text {
    let text = Text::new("a function of .on_connect(…) failed");
    let error = source.downcast_ref::<rusqlite::Error>();
    if error.and_then(rusqlite::Error::sqlite_error_code) == Some(ErrorCode::ReadOnly) {
        return text.help("write nothing in the function: a backup is opened read-only");
    }
    text.help("fix the function, or what it needs, such as the key of the database")
}

fn damaged_program(message: &str) -> Text {
    Text::new(message).help("install the program again, or build it again")
}

/// Returns the sentence that tells the state of the database after a rollback.
fn rolled_back(current: &str) -> String {
    let current = escape(current);
    format!("rolled back: the database is still at {current}")
}

/// Returns the sentence that tells the state of the database after the failure of a script.
fn rolled_back_script(current: Option<&str>, is_adoption: bool) -> String {
    match current {
        Some(current) => rolled_back(current),
        None if is_adoption => "rolled back: the database has no history, as before".to_owned(),
        None => "rolled back".to_owned(),
    }
}

fn missing_code(revision: &str, function: &str, path: &str, line: u32) -> Text {
    let [revision, function, path] = [revision, function, path].map(escape);
    Text::new(format!(
        "{revision} runs the function `{function}`, which this program does not have; nothing was \
         changed\n  {path}:{line}"
    ))
    .help("run the request with the program that embeds the migrations: it has the function")
    .help(format!(
        "or pass the function to the macro: `embed_migrations!(…, code = [crate::{function}])`"
    ))
}

fn busy(waited: Duration, holders: &[LockHolder], rolled_back_to: Option<&str>) -> Text {
    let message = format!("the database is locked; gave up after {waited:.1?}");
    let (mut message, help) = match holders {
        [] => (message, "close other programs that use the database"),
        [holder] if holder.process == std::process::id() => (
            format!("{message}\n  held by {holder}"),
            "close the other connection of this program",
        ),
        _ => {
            let holders: Vec<String> = holders.iter().map(ToString::to_string).collect();
            let message = format!("{message}\n  held by {}", holders.join(", "));
            (
                message,
                "wait until the other programs have finished, or end them",
            )
        }
    };
    if let Some(current) = rolled_back_to {
        message += &format!("\n{}", rolled_back(current));
    }
    Text::new(message)
        .help(help)
        .help("or wait longer: .busy_timeout(…) or --busy-timeout")
}

fn read_only(pending: &[String], reason: Option<&AccessProblem>) -> Text {
    let request = are_pending(pending).unwrap_or_else(|| "the request changes it".to_owned());
    let message = format!("the database is read-only, but {request}");
    let text = match reason {
        Some(reason) => reason.add_help(Text::new(format!("{message}\n  {reason}"))),
        None => Text::new(message)
            .help(
                "open the database for writing: without mode=ro, immutable=1, or a read-only flag",
            )
            .help("or permit the program to write to the file and its directory"),
    };
    if pending.is_empty() {
        return text;
    }
    text.help(REPLICA)
}

/// Returns a clause that lists the pending revisions; `None` if there are none.
fn are_pending(pending: &[String]) -> Option<String> {
    match pending {
        [] => None,
        [one] => Some(format!("a revision is pending: {one}")),
        several => Some(format!("revisions are pending: {}", several.join(", "))),
    }
}

fn behind(waited: Duration, current: Option<&str>, pending: &[String]) -> Text {
    let state = match are_pending(pending) {
        Some(pending) => format!("at {}, but {pending}", escape(current.unwrap_or("base"))),
        None => "without a history, so it is not adopted yet".to_owned(),
    };
    Text::new(format!(
        "the database is still {state}; gave up after {waited:.1?}"
    ))
    .help("upgrade the database where it is written: on a replica, that is its primary")
    .help("if the primary is at the head, check that the replication runs")
    .help("or wait longer: the timeout of .wait_for_head(…) or --timeout")
}

fn statement(error: &StatementError) -> Text {
    let StatementError {
        revision,
        direction,
        line,
        column,
        snippet,
        ..
    } = error;
    let path = escape(&error.path);
    let environment = Environment::of(&error.source);
    let mut message = format!("the {direction} of {revision} failed\n  {path}:{line}:{column}\n");
    // If the statement is not the cause, the message does not point at it.
    if environment.is_none() {
        message += &format!("{snippet}\n");
    }
    message += &rolled_back_script(error.current.as_deref(), error.is_adoption);
    for line in &error.rejected_rows {
        message += &format!("\n{}", escape(line));
    }
    let text = Text::new(message);
    if let Some(environment) = environment {
        return environment.add_help(text);
    }
    match error.origin {
        SqlOrigin::File => statement_help(text, error),
        SqlOrigin::StoredInDatabase => text
            .help(format!("downgrade with a program that has {revision}"))
            .help("check the stored script: it may only change the tables of its database"),
    }
}

/// Adds the advice for rows that a statement rejects, and for the time until a correction.
fn statement_help(mut text: Text, error: &StatementError) -> Text {
    let version = match &error.current {
        _ if error.direction == Direction::Downgrade => return text,
        Some(current) => format!("whose head is {current}"),
        None if error.is_adoption => "from before the adoption".to_owned(),
        None => return text,
    };
    if error.source.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) {
        text =
            text.help("correct the rows in the database, or in the migration before the statement");
    }
    text.help(format!(
        "until then, run the version of the program {version}"
    ))
}

fn foreign_keys(
    violations: &[ForeignKeyViolation],
    count: usize,
    before: usize,
    rolled_back_to: &str,
) -> Text {
    let rolled_back = rolled_back(rolled_back_to);
    let mut message = match count {
        1 => format!("1 row violates a foreign key; {rolled_back}"),
        _ => format!("{count} rows violate a foreign key; {rolled_back}"),
    };
    for violation in violations {
        message += &format!("\n  {violation}");
    }
    if count > violations.len() {
        message += &format!("\n  … and {} more", count - violations.len());
    }
    if before == 0 {
        let help = "delete or fix these rows in the migration that leaves them";
        return Text::new(message).help(help);
    }
    Text::new(message)
        .help(format!(
            "delete or fix the rows in the database, or in a migration: {before} violated a key \
             before the migrations"
        ))
        .help(
            "or accept the rows from before: .allow_existing_violations() or \
             --allow-existing-violations",
        )
}

fn temporary_tables(tables: &[String], revision: Option<&str>) -> Text {
    let tables = escape(&tables.join(", "));
    if let Some(revision) = revision {
        return Text::new(format!("{revision} leaves temporary tables: {tables}"))
            .help("drop the temporary tables at the end of the migration");
    }
    Text::new(format!(
        "temporary tables hide tables of the database: {tables}"
    ))
    .help("upgrade before the tables are created, or drop them first")
}

fn temporary_triggers(triggers: &[String]) -> Text {
    let triggers = escape(&triggers.join(", "));
    Text::new(format!(
        "temporary triggers could change the rows of migrations: {triggers}"
    ))
    .help("upgrade before the triggers are created, or drop them first")
}

fn wrong_schema(revision: &str, diff: &Diff) -> Text {
    let diff = diff.indented();
    Text::new(format!(
        "schema mismatch after the migration to {revision}; rolled back{diff}"
    ))
    .help(Diff::legend(revision))
    .help("exclude tables of another program: .ignore_tables([…]) or --ignore-tables")
    .help("look for a table that was there before CREATE TABLE IF NOT EXISTS")
}

fn sqlite(operation: Operation, source: &rusqlite::Error) -> Text {
    let mut text = Text::new(format!("{operation} failed"));
    let environment = Environment::of(source);
    if environment == Some(Environment::NotADatabase) {
        text = Text::new("the file is not an SQLite database, or it is encrypted");
    }
    let reopen = "reopen the database: it is intact, but the commit may have taken effect";
    let is_commit = operation == Operation::Commit;
    if let Some(environment) = environment {
        text = environment.add_help(text);
        return if is_commit { text.help(reopen) } else { text };
    }
    if is_commit {
        text = text.help(reopen);
    }
    match (source.sqlite_error_code(), operation) {
        (Some(ErrorCode::ReadOnly), _) => text
            .help("make the directory writable: in WAL mode SQLite needs the files -wal and -shm"),
        // `PRAGMA foreign_key_check` fails with this code only for a foreign key mismatch.
        (Some(ErrorCode::Unknown), Operation::CheckForeignKeys) => {
            text.help("give the columns that a key references a PRIMARY KEY or a UNIQUE index")
        }
        // SQLCipher fails with this code if only one of the two connections has a key.
        (Some(ErrorCode::Unknown), Operation::Copy | Operation::Restore) => {
            text.help("set the key of an encrypted database in .on_connect(…)")
        }
        (Some(ErrorCode::OperationInterrupted), Operation::RunJob) => {
            text.help("run the job again: it goes on after its last commit")
        }
        _ => text,
    }
}

impl fmt::Display for StatementError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&statement(self).message)
    }
}

impl fmt::Display for LockHolder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "process {}", self.process)?;
        if let Some(name) = &self.name {
            write!(f, " ({})", escape(name))?;
        }
        if self.process == std::process::id() {
            f.write_str(", this program")?;
        }
        Ok(())
    }
}

impl fmt::Display for ForeignKeyViolation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (table, parent) = (escape(&self.table), escape(&self.parent));
        let columns = escape(&self.columns.join(", "));
        match self.rowid {
            Some(rowid) => write!(f, "{table}, row {rowid}: ")?,
            None => write!(f, "{table}, a row: ")?,
        }
        write!(f, "({columns}) has no match in {parent}")
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Configure => "setting up the connection",
            Self::Lock => "taking the write lock",
            Self::ReadHistory => "reading the history",
            Self::ReadSchema => "reading the schema",
            Self::WriteHistory => "writing the history or the marker",
            Self::ReadJobs => "reading the state of the jobs",
            Self::RunJob => "running a job",
            Self::WriteJobs => "writing the state of the jobs",
            Self::CheckForeignKeys => "checking foreign keys",
            Self::RollBack => "rolling back",
            Self::Commit => "committing",
            Self::Copy => "copying the database",
            Self::Restore => "restoring the backup",
            Self::InsertSampleRows => "inserting sample rows",
        })
    }
}
