//! The judgment of one table after one script.

use std::collections::HashSet;

use revchain_core::sql::cursor;
use revchain_core::sql::inspect::{insert_columns, starts_with_one_of};
use revchain_core::sql::tokenizer::{Token, unquote};
use revchain_runtime::internal::stand_ins;
use rusqlite::types::Value;
use rusqlite::{Connection, Result};

use super::counters::{counter, has_moved, rowid_user};
use super::expected::{Expected, Tables, find_table};
use super::verdict::{Loss, Verdict};
use crate::sample_rows::contents::{Contents, Row};
use crate::sample_rows::table::TableInfo;
use crate::script_run::{ScriptRun, Stage};
use crate::tables::Successor;

/// The judgment of one table after one script.
pub(super) struct Judged {
    pub(super) stage: Stage,
    pub(super) table: String,
    /// The lowercase columns of the table before the script.
    pub(super) columns: Vec<String>,
    /// The lowercase columns of the primary key.
    pub(super) key: Vec<String>,
    pub(super) successor: Successor,
    pub(super) verdict: Verdict,
    /// The number of expected rows.
    pub(super) row_count: usize,
}

impl Judged {
    /// Returns the table and the column that should have the values of a column.
    pub(super) fn place_of(&self, column: &str) -> Option<(&str, &str)> {
        let position = self.columns.iter().position(|name| name == column)?;
        let place = self.successor.columns[position].as_deref()?;
        Some((self.successor.name.as_deref()?, place))
    }

    /// Returns the lowercase column before the script from which a new column descends.
    pub(super) fn old_column(&self, column: &str) -> Option<String> {
        let mut places = self.successor.columns.iter();
        let is_place = |place: &Option<String>| {
            place
                .as_deref()
                .is_some_and(|place| place.eq_ignore_ascii_case(column))
        };
        let position = places.position(is_place)?;
        Some(self.columns[position].clone())
    }

    /// Returns `true` if the column has the same value in each row.
    pub(super) fn is_reset(&self, column: &str) -> bool {
        self.verdict.losses.iter().any(
            |loss| matches!(loss, Loss::Values { column: name, to: Some(_) } if name == column),
        )
    }

    /// Removes the losses that follow from a failed statement, and explicit conversions.
    ///
    /// `tainted_names` has the lowercase names in failed statements.
    /// `contents` has the expected rows.
    pub(super) fn filter_losses(
        &mut self,
        connection: &Connection,
        run: ScriptRun<'_>,
        (tainted_names, contents): (&HashSet<String>, &Contents),
    ) -> Result<()> {
        let is_tainted = |name: &str| tainted_names.contains(&name.to_ascii_lowercase());
        let successor = self.successor.name.as_deref();
        if is_tainted(&self.table) || successor.is_some_and(is_tainted) {
            self.verdict.losses.clear();
        }
        self.verdict.conversions.retain(|conversion| {
            !conversion.is_lossy || run.any(|sql| converts_to_number(sql, &conversion.from))
        });
        let mut losses = self.verdict.losses.iter();
        let is_filtered = |loss: &Loss| {
            matches!(
                loss,
                Loss::Rows { .. } | Loss::Converted { .. } | Loss::Moved { .. }
            )
        };
        if !losses.any(is_filtered) {
            return Ok(());
        }
        let copies_by_position = run.any(copies_without_list);
        let columns = &self.columns;
        self.verdict.losses.retain(|loss| match loss {
            // A copy that names its columns moves the values to a new column on purpose.
            Loss::Moved { to, .. } => columns.contains(to) || copies_by_position,
            Loss::Converted { column, .. } => !run.any(|sql| {
                converts_to_number(sql, column) || calls_stand_in(connection, sql, column)
            }),
            _ => true,
        });
        // Rows that the new table cannot have may be left out by a condition that says so.
        let excluded = self.excluded_columns(connection, run)?;
        let removes_duplicates = run.any(removes_duplicates);
        for loss in &mut self.verdict.losses {
            if let Loss::Rows { lost, .. } = loss {
                if removes_duplicates {
                    remove_duplicates(lost, contents);
                }
                let is_null = |row: &Row, column: &usize| row.values[*column] == Value::Null;
                lost.retain(|row| !excluded.iter().any(|column| is_null(row, column)));
            }
        }
        self.verdict
            .losses
            .retain(|loss| !matches!(loss, Loss::Rows { lost, .. } if lost.is_empty()));
        Ok(())
    }

    /// Returns the columns that are NOT NULL in the successor, if a copy has the condition
    /// `column IS NOT NULL`.
    fn excluded_columns(&self, connection: &Connection, run: ScriptRun<'_>) -> Result<Vec<usize>> {
        let Some(name) = &self.successor.name else {
            return Ok(Vec::new());
        };
        let new = TableInfo::read(connection, name)?.columns;
        let is_excluded = |index: &usize| {
            let place = self.successor.columns[*index].as_deref();
            let mut new = new.iter();
            new.any(|column| column.is_required && Some(column.name.as_str()) == place)
                && run.any(|sql| has_not_null_condition(sql, &self.columns[*index]))
        };
        Ok((0..self.columns.len()).filter(is_excluded).collect())
    }
}

/// Returns the loss of an AUTOINCREMENT counter that a script lowers from `old`.
pub(super) fn lowered_counter(
    connection: &Connection,
    judged: &Judged,
    old: Option<i64>,
) -> Result<Option<Loss>> {
    let (Some(from), Some(name)) = (old, &judged.successor.name) else {
        return Ok(None);
    };
    if !TableInfo::read(connection, name)?.has_counter() {
        return Ok(None);
    }
    let to = counter(connection, name)?;
    Ok(Some(Loss::Counter { from, to }).filter(|_| to < from))
}

/// Returns the loss of rowids if rows have moved, and a view or trigger names their rowids.
pub(super) fn moved_rowids(
    connection: &Connection,
    expected: &Expected,
    judged: &Judged,
    after: &Tables,
) -> Result<Option<Loss>> {
    let Some(name) = judged
        .successor
        .name
        .as_ref()
        .filter(|_| !judged.verdict.is_unchanged)
    else {
        return Ok(None);
    };
    let has_moved =
        find_table(after, name).is_some_and(|new| has_moved(expected, new, &judged.verdict.pairs));
    if !has_moved {
        return Ok(None);
    }
    let user = rowid_user(connection, name)?;
    Ok(user.map(|user| Loss::Rowids { user }))
}

/// Returns `true` if an `INSERT … SELECT` has the condition `column IS NOT NULL`.
fn has_not_null_condition(sql: &str, column: &str) -> bool {
    let tokens = cursor::tokens(sql);
    starts_with_one_of(sql, &["INSERT", "WITH"])
        && (0..tokens.len()).any(|at| {
            let mut rest = cursor::Cursor::new(sql, &tokens[at..]);
            let is_column = rest
                .name()
                .is_some_and(|name| name.eq_ignore_ascii_case(column));
            is_column && (rest.eat(&["IS", "NOT", "NULL"]) || rest.eat(&["NOTNULL"]))
        })
}

/// Returns `true` for an `INSERT … SELECT` without a list of columns.
fn copies_without_list(sql: &str) -> bool {
    let tokens = cursor::tokens(sql);
    starts_with_one_of(sql, &["INSERT", "REPLACE"])
        && insert_columns(sql).is_none()
        && tokens.iter().any(|token| token.is_word(sql, "SELECT"))
}

/// Returns `true` for `SELECT DISTINCT` and `ON CONFLICT DO NOTHING`.
fn removes_duplicates(sql: &str) -> bool {
    let tokens = cursor::tokens(sql);
    (0..tokens.len()).any(|at| {
        let mut rest = cursor::Cursor::new(sql, &tokens[at..]);
        rest.eat(&["SELECT", "DISTINCT"]) || rest.eat(&["DO", "NOTHING"])
    })
}

/// Removes the lost rows of which an equal row has arrived.
fn remove_duplicates(lost: &mut Vec<Row>, contents: &Contents) {
    let all = lost.clone();
    let count = |rows: &[Row], row: &Row| {
        let equal = rows.iter().filter(|other| other.values == row.values);
        equal.count()
    };
    lost.retain(|row| count(&contents.rows, row) == count(&all, row));
}

/// Returns `true` if a statement names the column and calls a function of the program.
///
/// The stand-in returns its argument, and the function of the program any other value.
fn calls_stand_in(connection: &Connection, sql: &str, column: &str) -> bool {
    let tokens = cursor::tokens(sql);
    let calls = tokens.windows(2).any(|pair| {
        let name = pair[0].text(sql).to_ascii_lowercase();
        pair[1].is_mark(sql, "(") && stand_ins::is_function(connection, &name)
    });
    let is_column = |token: &Token| unquote(token.text(sql)).eq_ignore_ascii_case(column);
    calls && tokens.iter().any(is_column)
}

/// Returns `true` if a statement makes a number of the column: by `CAST`, or by arithmetic.
///
/// Any other expression gives a text, which the type of the new column converts.
fn converts_to_number(sql: &str, column: &str) -> bool {
    const TEXT_TYPES: &[&str] = &["TEXT", "CHAR", "VARCHAR", "CLOB", "BLOB"];
    let tokens = cursor::tokens(sql);
    let is_arithmetic = |at: usize| {
        let token = tokens.get(at);
        token.is_some_and(|token| ["+", "-", "/", "%"].contains(&token.text(sql)))
    };
    (0..tokens.len()).any(|at| {
        if !unquote(tokens[at].text(sql)).eq_ignore_ascii_case(column) {
            return false;
        }
        let is_cast = tokens
            .get(at + 1)
            .is_some_and(|token| token.is_word(sql, "AS"))
            && tokens[..at]
                .iter()
                .rev()
                .take(4)
                .any(|token| token.is_word(sql, "CAST"));
        let is_text = tokens
            .get(at + 2)
            .is_some_and(|token| token.is_one_of(sql, TEXT_TYPES));
        is_cast && !is_text || is_arithmetic(at + 1) || at > 0 && is_arithmetic(at - 1)
    })
}
