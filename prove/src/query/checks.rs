//! The checks of one query, in their order.

use revchain_core::query::Query;
use revchain_core::sql::calls::called_names;
use revchain_core::sql::sqlite_messages::{
    MissingColumn, MissingName, is_wrong_number, miscalled_function, misread_token, missing_column,
};
use revchain_core::sql::tokenizer::unquote;
use revchain_core::{Defect, DefectKind};
use revchain_runtime::internal::{sqlite_message, sqlite_offset};
use rusqlite::config::DbConfig;

use super::database::QueryDatabase;
use super::rejected::{rejected, string_in_double_quotes};
use super::{OF_RUSQLITE, QueryRequest, compared_types, missing_value, run};

/// Returns the defects of a query on a database.
pub(super) fn check(
    database: &mut QueryDatabase,
    query: &Query<'_>,
    request: &QueryRequest<'_>,
) -> Vec<Defect> {
    Checker {
        database,
        query,
        request,
    }
    .check()
}

struct Checker<'c> {
    database: &'c mut QueryDatabase,
    query: &'c Query<'c>,
    request: &'c QueryRequest<'c>,
}

impl Checker<'_> {
    /// Returns the defects of the query.
    fn check(&mut self) -> Vec<Defect> {
        self.database.budget.restart();
        let (query, request) = (self.query, self.request);
        let mut defects = query.check(request.allows_all_rows);
        match self.prepare() {
            Prepared::Accepted => {}
            Prepared::NeedsProgram => return defects,
            Prepared::Rejected(message, offset) => {
                // Without a column list, the number of values is a consequence.
                let is_count =
                    matches!(missing_column(&message), Some(MissingColumn::Count { .. }));
                let has_list = defects
                    .iter()
                    .all(|defect| defect.kind() != DefectKind::InsertWithoutColumns);
                if is_count && !has_list {
                    return defects;
                }
                // Without its syntax, the text says nothing about what is meant.
                if misread_token(&message).is_some() || is_wrong_number(&message) {
                    defects.clear();
                }
                defects.push(rejected(&self.database.connection, query, &message, offset));
                return defects;
            }
        }
        defects.extend(self.check_double_quotes());
        defects.extend(missing_value::check(self.database, query));
        defects.extend(compared_types::check(self.database, query));
        if defects.is_empty() {
            self.database.fill();
            defects.extend(run::check(self.database, query));
        }
        defects
    }

    fn prepare(&self) -> Prepared {
        let Err(error) = self.database.connection.prepare(self.query.sql()) else {
            return Prepared::Accepted;
        };
        let (message, offset) = (sqlite_message(&error), sqlite_offset(&error));
        if !error_is_of_sql(&error) || self.is_of_program(&message) {
            return Prepared::NeedsProgram;
        }
        Prepared::Rejected(message, offset)
    }

    /// Returns `true` if the program can have what the query lacks.
    fn is_of_program(&self, message: &str) -> bool {
        // The columns of a stand-in for a virtual table are guessed.
        if self.database.has_modules && !message.ends_with("syntax error") {
            return true;
        }
        if miscalled_function(message).is_some_and(|name| self.declares(name)) {
            return true;
        }
        let Some(MissingName::Table(name)) = MissingName::parse(message) else {
            return false;
        };
        // The program has these tables at run time: its own history, statistics, temporary tables.
        let start = name.to_ascii_lowercase();
        if start.starts_with("revchain_")
            || start.starts_with("sqlite_")
            || message.contains(": temp.")
        {
            return true;
        }
        let known = OF_RUSQLITE.iter().chain(self.request.modules);
        known
            .into_iter()
            .any(|module| module.eq_ignore_ascii_case(name))
            && called_names(self.query.sql())
                .iter()
                .any(|called| unquote(called).eq_ignore_ascii_case(name))
    }

    /// Returns `true` if the query declares a function of this name.
    fn declares(&self, name: &str) -> bool {
        let mut functions = self.request.functions.iter();
        functions.any(|function| function.eq_ignore_ascii_case(name))
    }

    /// Returns a defect if the query has a string in double quotes.
    fn check_double_quotes(&self) -> Option<Defect> {
        let query = self.query;
        if !query.sql().contains('"') || self.database.has_modules {
            return None;
        }
        let setting = DbConfig::SQLITE_DBCONFIG_DQS_DML;
        // A SQLite without this setting accepts the strings, so the check finds nothing.
        let _ = self.database.connection.set_db_config(setting, false);
        let error = self.database.connection.prepare(query.sql()).err();
        let _ = self.database.connection.set_db_config(setting, true);
        string_in_double_quotes(&self.database.connection, query, &sqlite_message(&error?))
    }
}

/// The result of preparing a query.
enum Prepared {
    Accepted,
    /// SQLite's message, and the offset of the error.
    Rejected(String, Option<usize>),
    /// The program can have what the database here lacks.
    NeedsProgram,
}

/// Returns `true` if the error is about the SQL, and not about memory or an interruption.
fn error_is_of_sql(error: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode;
    !matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::OutOfMemory | ErrorCode::OperationInterrupted)
    )
}
