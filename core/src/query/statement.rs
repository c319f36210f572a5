//! The number and the kind of the statements in a query's text.

use super::{Query, defect, tokens};
use crate::sql::change::skip_with;
use crate::sql::cursor::Cursor;
use crate::sql::tokenizer::{self, Token, statements};
use crate::{Defect, DefectKind};

/// The effect of a query on rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// `INSERT` or `REPLACE`.
    Insert,
    /// `UPDATE`.
    Update,
    /// `DELETE`.
    Delete,
    /// Anything else, such as `SELECT`, or text that only SQLite can reject.
    Other,
}

const SCHEMA: &[&str] = &["CREATE", "ALTER", "DROP"];

const TRANSACTION: &[&str] = &["BEGIN", "COMMIT", "END", "ROLLBACK", "SAVEPOINT", "RELEASE"];

const CONNECTION: &[&str] = &["ATTACH", "DETACH"];

const MAINTENANCE: &[&str] = &["VACUUM", "REINDEX", "ANALYZE"];

pub(super) fn parse(sql: &str) -> Result<Query<'_>, Vec<Defect>> {
    let all = tokenizer::tokens(sql);
    if let Some(defect) = tokens::check(sql, &all) {
        return Err(vec![defect]);
    }
    let statements = statements(sql, &all);
    let statement = match statements[..] {
        [] => return Err(vec![empty(sql)]),
        [only] => only,
        [_, second, ..] => return Err(vec![second_statement(sql, second, statements.len())]),
    };
    let tokens: Vec<Token> = statement
        .iter()
        .filter(|token| !token.is_comment())
        .cloned()
        .collect();
    if let Some(defect) = other_than_query(sql, &tokens) {
        return Err(vec![defect]);
    }
    let mut cursor = Cursor::new(sql, &tokens);
    if cursor.is_at(&["WITH"]) {
        let mut after = cursor.clone();
        if skip_with(&mut after).is_some() {
            cursor = after;
        }
    }
    let verb = if cursor.is_at(&["INSERT", "REPLACE"]) {
        Verb::Insert
    } else if cursor.is_at(&["UPDATE"]) {
        Verb::Update
    } else if cursor.is_at(&["DELETE"]) {
        Verb::Delete
    } else {
        Verb::Other
    };
    let verb_at = tokens.len() - cursor.rest().len();
    Ok(Query {
        sql,
        tokens,
        verb,
        verb_at,
    })
}

fn empty(sql: &str) -> Defect {
    let defect = defect(
        sql,
        DefectKind::NotOneStatement,
        "the query is empty",
        0..sql.len(),
    );
    defect.help("write one statement, such as `SELECT … FROM …`")
}

fn second_statement(sql: &str, second: &[Token], count: usize) -> Defect {
    let title = format!("the query has {count} statements, and a program runs only the first");
    let span = second.first().map_or(0..0, |token| token.span.clone());
    let defect = defect(sql, DefectKind::NotOneStatement, title, span);
    defect.help("write each statement as a query of its own")
}

/// Returns a defect for a statement that changes the schema, the transaction or the connection.
fn other_than_query(sql: &str, tokens: &[Token]) -> Option<Defect> {
    let mut cursor = Cursor::new(sql, tokens);
    if cursor.eat(&["EXPLAIN"]) {
        cursor.eat(&["QUERY", "PLAN"]);
    }
    let first = cursor.rest().first()?;
    let word = first.text(sql).to_ascii_uppercase();
    let mut after = cursor.clone();
    let (title, help) = if after.eat(&["CREATE"]) && after.is_at(&["TEMP", "TEMPORARY"]) {
        let title = "a temporary object belongs to the connection".to_owned();
        (title, "create it with a plain string")
    } else if first.is_one_of(sql, SCHEMA) {
        let help = "move it to a migration: `revchain new \"What it does\"` writes the file";
        (
            format!("{word} changes the schema, which belongs in a migration"),
            help,
        )
    } else if first.is_one_of(sql, TRANSACTION) {
        let help = "begin and end transactions with the methods of the connection, such as \
                    `connection.transaction()`";
        (format!("{word} begins or ends a transaction"), help)
    } else if first.is_word(sql, "PRAGMA") {
        let help = "run it as a plain string, or read a table such as `pragma_table_info('t')`";
        (
            "PRAGMA reads or sets an option of the connection".to_owned(),
            help,
        )
    } else if first.is_one_of(sql, CONNECTION) {
        let help = "run it as a plain string where the connection is opened, such as in \
                    `Migrator::on_connect`";
        (format!("{word} changes the connection"), help)
    } else if first.is_one_of(sql, MAINTENANCE) {
        let help = "run it as a plain string";
        (format!("{word} reads and writes no rows of a query"), help)
    } else {
        return None;
    };
    let defect = defect(sql, DefectKind::NotAQuery, title, first.span.clone());
    Some(defect.help(help))
}
