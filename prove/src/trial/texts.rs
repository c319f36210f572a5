//! The texts of the defects that the trials with sample rows find.

use revchain_core::schema::quote;
use revchain_core::sql::change::{Change, Effect, effect};
use revchain_core::sql::inspect::{
    copies_by_position, names_object, offset_of_name, starts_with_one_of,
};
use revchain_core::sql::sqlite_messages::missing_name;
use revchain_core::{Defect, DefectKind, Revision, Statement};
use rusqlite::types::Value;

use super::failing_rows::{MAX_ROWS, adds_column, show_row};
use super::failure::{Failure, FailureKind};
use super::intent::{explicitly_changed_table, set_columns};
use super::judged::Judged;
use super::scope::names;
use super::too_long::runs_too_long;
use super::values::shown;
use super::verdict::Loss;
use crate::diagnostics::full_name;
use crate::diagnostics::location::{at_snippet, at_statement};
use crate::sample_rows::contents::Row;
use crate::script_run::ScriptRun;

/// Describes a statement that fails on sample rows, or that leaves rows without a parent.
pub(super) fn failed(run: ScriptRun<'_>, failure: &Failure) -> Defect {
    let mut statements = run.script().statements();
    let statement = statements.find(|statement| statement.start() == failure.start);
    let (title, offset) = match &failure.kind {
        FailureKind::Statement {
            message, offset, ..
        } => {
            let title = format!("{run} fails where the table has rows: {message}");
            let sql = statement.as_ref().map(Statement::sql).unwrap_or_default();
            let name = || offset_of_name(missing_name(message)?, sql);
            (title, offset.or_else(name))
        }
        FailureKind::Code(defect) => return Defect::clone(defect),
        FailureKind::TooLong => return runs_too_long(run, statement),
        FailureKind::Violation(_) => {
            let title = format!("{run} leaves rows whose foreign keys point at nothing");
            (title, None)
        }
    };
    let sql = statement.as_ref().map(Statement::sql).unwrap_or_default();
    let mut help = help_for_failure(&failure.kind, sql).to_owned();
    if let Some(assumption) = failure.assumption.as_ref().filter(|_| run.is_upgrade()) {
        help += &format!(
            "\nor, if no such rows exist, declare it in the header: `-- @assumes {assumption} REASON`"
        );
    }
    help += "\n(seen with sample rows)";
    let mut details = failure.rows.join("\n");
    if !details.is_empty() {
        details = format!("sample rows that fail:\n{details}");
    }
    let defect = Defect::new(DefectKind::FailsOnRows, title)
        .details(details)
        .help(help);
    let snippet = statement.map(|statement| statement.snippet(offset));
    at_snippet(defect, run, snippet)
}

fn help_for_failure(kind: &FailureKind, sql: &str) -> &'static str {
    let message = match kind {
        FailureKind::Statement {
            has_shared_keys: true,
            message,
            ..
        } if message.starts_with("UNIQUE constraint failed") => {
            return "the rows of both tables are numbered from 1 on: leave the key out of the copy, so that the rows\n\
                    get new keys, or add an offset: `SELECT id + coalesce((SELECT max(id) FROM other), 0), …`;\n\
                    the columns that reference the key need the same offset";
        }
        FailureKind::Statement { message, .. } => message.as_str(),
        FailureKind::Violation(violation) if violation.is_new => {
            return "first delete the rows without a parent, set the column to NULL, or add the parents";
        }
        _ => {
            return "delete the rows of the child table first: foreign keys are off during a migration,\n\
                    so ON DELETE CASCADE and ON DELETE SET NULL do nothing";
        }
    };
    if message.contains("STORED column") {
        "make the column VIRTUAL, or add it in a rebuild: `revchain new --rebuild TABLE`"
    } else if adds_column(sql) {
        "give the column a constant DEFAULT that its constraints allow,\n\
         or add it in a rebuild: `revchain new --rebuild TABLE`"
    } else if message.starts_with("UNIQUE constraint failed") {
        "first give each of these rows another value, or delete the duplicates"
    } else if message.starts_with("NOT NULL constraint failed") {
        "give each row a value: copy `coalesce(column, …)`, or first UPDATE the rows with NULL"
    } else if message.starts_with("CHECK constraint failed") || message == "constraint failed" {
        "first UPDATE or DELETE the rows that violate the CHECK"
    } else {
        "change the statement so that it accepts each value that the column can contain"
    }
}

/// The texts of a loss.
struct LossText {
    title: String,
    details: String,
    help: String,
}

/// Describes rows or values that do not arrive.
pub(super) fn lost(run: ScriptRun<'_>, judged: &Judged, loss: &Loss) -> Defect {
    let table = quote(&judged.table);
    let text = match loss {
        Loss::Rows { lost, total } | Loss::Table { lost, total } => {
            rows_text(run, judged, (lost, *total))
        }
        Loss::Values { column, to } => values_text(run, judged, (column, to.as_ref())),
        Loss::Moved { column, to } => moved_text(run, judged, [column, to]),
        Loss::Partial { column, to, lost } => {
            some_values_text(run, judged, (column, to.as_deref(), lost))
        }
        Loss::Converted { column, old, new } => converted_text(run, judged, (column, old, new)),
        Loss::Counter { from, to } => counter_text(run, judged, (*from, *to)),
        Loss::Rowids { user } => LossText {
            title: format!(
                "{run} changes the rowids of `{table}`, and `{}` uses them",
                quote(user)
            ),
            details: String::new(),
            help: "copy the rowids too: `INSERT INTO new (rowid, …) SELECT rowid, … FROM old`"
                .to_owned(),
        },
        Loss::Index { index } => index_text(run, &table, &quote(index)),
        Loss::Column { column } => column_text(run, judged, column),
    };
    let help = with_declaration(run, judged, loss, text.help);
    let defect = Defect::new(DefectKind::RowsLost, text.title)
        .details(text.details)
        .help(help);
    let triggered = match loss {
        Loss::Values { column, .. } => changed_by_trigger(run, judged, column),
        _ => None,
    };
    let statement = triggered.or_else(|| losing_statement(run, judged));
    at_statement(defect, run, statement)
}

fn index_text(run: ScriptRun<'_>, table: &str, index: &str) -> LossText {
    LossText {
        title: format!(
            "{run} gives the rows of `{table}` new rowids, and the full-text index `{index}` keeps the old ones"
        ),
        details: "a search would find other rows, or fail".to_owned(),
        help: format!(
            "copy the rowids too: `INSERT INTO new (rowid, …) SELECT rowid, … FROM {table}`\n\
             or rebuild the index at the end: `INSERT INTO {index} ({index}) VALUES ('rebuild')`"
        ),
    }
}

fn rows_text(run: ScriptRun<'_>, judged: &Judged, (lost, total): (&[Row], usize)) -> LossText {
    let table = judged.table.as_str();
    let amount = match lost.len() {
        count if count == total => "all rows".to_owned(),
        count => format!("{count} of {total} rows"),
    };
    let rows = lost.iter().take(MAX_ROWS);
    let rows = rows.map(|row| show_row(table, &judged.columns, row, &judged.key));
    let losing = losing_statement(run, judged);
    LossText {
        title: format!("{run} loses {amount} of `{}`", quote(table)),
        details: rows.collect::<Vec<_>>().join("\n"),
        help: if losing.is_some_and(|statement| skips_rows(statement.sql())) {
            KEEPS_ROWS.to_owned()
        } else {
            "copy every row, or first DELETE the rows that should go".to_owned()
        },
    }
}

/// The advice for a copy that skips or replaces rows.
const KEEPS_ROWS: &str = "\
    remove OR IGNORE or OR REPLACE: rows that break a constraint of the table disappear;\n\
    give them other values, or first DELETE the rows that should go";

/// Returns `true` for `OR IGNORE` and `OR REPLACE`.
pub(super) fn skips_rows(sql: &str) -> bool {
    let upper = sql.to_ascii_uppercase();
    starts_with_one_of(sql, &["INSERT", "REPLACE", "WITH", "UPDATE"])
        && ["OR IGNORE", "OR REPLACE", "REPLACE INTO"]
            .iter()
            .any(|words| upper.contains(words))
}

fn values_text(
    run: ScriptRun<'_>,
    judged: &Judged,
    (column, to): (&str, Option<&Value>),
) -> LossText {
    let name = full_name(&judged.table, Some(column));
    LossText {
        title: format!("{run} loses the values of `{name}`"),
        details: match to {
            Some(value) => format!("each row has {} instead", shown(value)),
            None => "the new values do not depend on the old values".to_owned(),
        },
        help: if changed_by_trigger(run, judged, column).is_some() {
            "a trigger changes the column with each UPDATE: drop the trigger first,\n\
             and create it again at the end of the script"
                .to_owned()
        } else if to.is_none() && run.any(skips_rows) {
            KEEPS_ROWS.to_owned()
        } else {
            "copy every column that stays, before the old table is dropped".to_owned()
        },
    }
}

/// Returns the UPDATE of a table that does not set `column`, so that only a trigger changes it.
///
/// Returns `None` for a rebuilt table, whose copy can have lost the values.
fn changed_by_trigger<'r>(
    run: ScriptRun<'r>,
    judged: &Judged,
    column: &str,
) -> Option<Statement<'r>> {
    let table = judged.table.as_str();
    let is_rebuilt = run.any(|sql| {
        let replaces =
            starts_with_one_of(sql, &["DROP", "INSERT", "REPLACE"]) || drops_column(sql, column);
        replaces && names_object(sql, table)
    });
    run.find(|sql| {
        let changed = explicitly_changed_table(sql);
        changed.is_some_and(|changed| changed.eq_ignore_ascii_case(table))
            && !set_columns(sql).is_empty()
            && !set_columns(sql).iter().any(|name| name == column)
    })
    .filter(|_| !is_rebuilt)
}

/// Returns `true` for an `ALTER TABLE … DROP COLUMN` of the column.
fn drops_column(sql: &str, column: &str) -> bool {
    let words: Vec<String> = names(sql).collect();
    starts_with_one_of(sql, &["ALTER"])
        && words.iter().any(|word| word == "drop")
        && words.last().is_some_and(|word| word == column)
}

fn some_values_text(
    run: ScriptRun<'_>,
    judged: &Judged,
    (column, to, lost): (&str, Option<&str>, &[Row]),
) -> LossText {
    let name = full_name(&judged.table, Some(column));
    let is_cause = |position: usize| lost.iter().all(|row| row.values[position] == Value::Null);
    let columns = judged.columns.iter().enumerate();
    let columns = columns.filter(|(position, name)| *name == column || is_cause(*position));
    let columns: Vec<String> = columns.map(|(_, name)| name.clone()).collect();
    let rows = lost.iter().take(MAX_ROWS);
    let rows = rows.map(|row| show_row(&judged.table, &judged.columns, row, &columns));
    LossText {
        title: match to {
            Some(to) => format!("{run} loses values of `{name}`: `{to}` is NULL in some rows"),
            None => format!("{run} loses values of `{name}` in some rows"),
        },
        details: rows.collect::<Vec<_>>().join("\n"),
        help: if to.is_some() {
            "copy the value of every row; the result of `||` and of most functions is NULL\n\
             if one argument is NULL: write `coalesce(column, '')` for a column that can be NULL"
                .to_owned()
        } else {
            "copy the value of every row before the column is dropped".to_owned()
        },
    }
}

/// Describes a downgrade that drops a column. The check of `@destroys` describes upgrades.
fn column_text(run: ScriptRun<'_>, judged: &Judged, column: &str) -> LossText {
    let name = full_name(&judged.table, Some(column));
    LossText {
        title: format!("{run} drops `{name}` with the values from before the upgrade"),
        details: String::new(),
        help: "copy the values back before the column is dropped".to_owned(),
    }
}

fn moved_text(run: ScriptRun<'_>, judged: &Judged, columns: [&str; 2]) -> LossText {
    let [from, to] = columns.map(|column| full_name(&judged.table, Some(column)));
    let help = if run.any(copies_by_position) {
        "name the columns on both sides: `INSERT INTO … SELECT *` goes by the position of the columns"
    } else {
        "put the columns on both sides of the copy in the same order"
    };
    LossText {
        title: format!("{run} copies the values of `{from}` into `{to}`"),
        details: String::new(),
        help: help.to_owned(),
    }
}

fn converted_text(
    run: ScriptRun<'_>,
    judged: &Judged,
    (column, old, new): (&str, &Value, &Value),
) -> LossText {
    let name = full_name(&judged.table, Some(column));
    let (old, new) = (shown(old), shown(new));
    LossText {
        title: format!("{run} changes values of `{name}`: {old} becomes {new}"),
        details: "the type of the new column converts texts that look like numbers".to_owned(),
        help: format!(
            "declare the new column with its old type\n\
             or, if each text should become a number, write `CAST({} AS NUMERIC)` in the copy:\n\
             leading zeros are lost, and a text such as 'abc' becomes 0",
            quote(column)
        ),
    }
}

fn counter_text(run: ScriptRun<'_>, judged: &Judged, (from, to): (i64, i64)) -> LossText {
    let table = quote(&judged.table);
    let statements: Vec<Statement<'_>> = run.script().statements().collect();
    let copy = losing_statement(run, judged);
    let new = match copy.as_ref().map(|copy| effect(copy.sql())) {
        Some(Effect::Change(name, Change::Insert | Change::Update)) => name.name,
        _ => "new".to_owned(),
    };
    // The counter follows a table that is renamed before the copy.
    let start = copy.map_or(usize::MAX, |copy| copy.start());
    let mut name = judged.table.clone();
    for statement in statements.iter().take_while(|other| other.start() < start) {
        if let Effect::Change(from, Change::Rename(to)) = effect(statement.sql()) {
            if from.name.eq_ignore_ascii_case(&name) {
                name = to;
            }
        }
    }
    let [name, new] = [name, new].map(|name| name.replace('\'', "''"));
    LossText {
        title: format!("{run} lowers the AUTOINCREMENT counter of `{table}` from {from} to {to}"),
        details: "the ids of deleted rows would be used again".to_owned(),
        help: if name.eq_ignore_ascii_case(&new) {
            format!(
                "DROP TABLE deletes the counter, so copy it before, and set it again after the rows are copied:\n\
                 CREATE TEMP TABLE counter AS SELECT seq FROM sqlite_sequence WHERE name = '{name}';\n\
                 UPDATE sqlite_sequence SET seq = (SELECT seq FROM counter) WHERE name = '{name}';\n\
                 DROP TABLE counter;"
            )
        } else {
            format!(
                "copy the counter before the old table is dropped:\n\
                 DELETE FROM sqlite_sequence WHERE name = '{new}';\n\
                 INSERT INTO sqlite_sequence (name, seq) SELECT '{new}', seq FROM sqlite_sequence WHERE name = '{name}';"
            )
        },
    }
}

/// Adds the line that declares the loss to the help.
fn with_declaration(run: ScriptRun<'_>, judged: &Judged, loss: &Loss, mut help: String) -> String {
    let declared = match loss {
        Loss::Rows { .. } | Loss::Table { .. } => Some(full_name(&judged.table, None)),
        Loss::Values { column, .. }
        | Loss::Converted { column, .. }
        | Loss::Partial { column, .. } => Some(full_name(&judged.table, Some(column))),
        _ => None,
    };
    if let Some(name) = declared.filter(|_| run.is_upgrade()) {
        help += &format!(
            "\nor, if the loss is intended, declare it in the header: `-- @destroys {name} REASON`"
        );
    }
    help + "\n(seen with sample rows)"
}

/// Returns the statement that copies the rows of the table into its successor.
///
/// If there is no such statement, returns another copy, or the statement that drops the table.
fn losing_statement<'r>(run: ScriptRun<'r>, judged: &Judged) -> Option<Statement<'r>> {
    let table = judged.table.as_str();
    let names_table = |sql: &str| names_object(sql, table);
    let is_copy = |sql: &str| {
        starts_with_one_of(sql, &["INSERT", "REPLACE", "WITH"])
            && sql.to_ascii_uppercase().contains("SELECT")
    };
    let into_successor = run.script().statements().filter(|copy| {
        let Effect::Change(to, Change::Insert | Change::Update) = effect(copy.sql()) else {
            return false;
        };
        is_copy(copy.sql()) && becomes_successor(run, copy, &to.name, judged)
    });
    let copy = || run.find(|sql| is_copy(sql) && names_table(sql));
    let dropping = || run.find(|sql| starts_with_one_of(sql, &["DROP"]) && names_table(sql));
    into_successor
        .last()
        .or_else(copy)
        .or_else(dropping)
        .or_else(|| run.find(names_table))
}

/// Returns `true` if a table is the successor of the judged table, or becomes it after `copy`.
fn becomes_successor(
    run: ScriptRun<'_>,
    copy: &Statement<'_>,
    table: &str,
    judged: &Judged,
) -> bool {
    let mut name = table.to_owned();
    for statement in run.script().statements() {
        if let Effect::Change(from, Change::Rename(to)) = effect(statement.sql()) {
            if statement.start() > copy.start() && from.name.eq_ignore_ascii_case(&name) {
                name = to;
            }
        }
    }
    let successor = judged.successor.name.as_deref();
    successor.is_some_and(|successor| successor.eq_ignore_ascii_case(&name))
}

/// Returns the note that a revision was not checked with rows of a table.
pub(super) fn no_sample_rows(revision: &Revision, table: &str) -> String {
    let id = revision.id();
    format!(
        "{id}: cannot make sample rows for `{table}`, so the revision was not checked for lost rows"
    )
}

/// Returns the note that SQLite failed while sample rows were made.
pub(crate) fn failed_trial(revision: &Revision, message: &str) -> String {
    let id = revision.id();
    format!("{id}: cannot run the revision on sample rows: {message}")
}

/// Returns the note that the sample rows of a table violate its CHECK constraints.
pub(super) fn unchecked_sample_rows(revision: &Revision, table: &str) -> String {
    let id = revision.id();
    format!(
        "{id}: the sample rows for `{table}` violate a CHECK, because no other values were found"
    )
}
