//! Ordinary tables that stand in for the virtual tables of the program's modules.
//!
//! rusqlite's trait for modules is unsafe, and revchain contains no unsafe code.
//! So `CREATE VIRTUAL TABLE v USING m(a, b)` creates the table `v (a, b)`.
//! A CHECK constraint of this table keeps the text of the statement, so the text survives a
//! rename. The schema that the proof compares contains the virtual table.

use revchain_core::schema::quote;
use revchain_core::sql::cursor::{self, Cursor, split};
use revchain_core::sql::inspect::{copies_by_select, offset_of_name, starts_with_one_of};
use revchain_core::sql::tokenizer::{Kind, Token, tokens, unquote};
use rusqlite::Connection;

/// The name of the constraint that keeps the text of the statement.
const MARK: &str = "revchain_virtual_table";

/// The only column of a table if the arguments of the module name no column.
pub(super) const UNKNOWN_COLUMN: &str = "value";

/// Returns the statement that creates an ordinary table in place of a virtual table.
///
/// Returns `None` if `sql` creates no virtual table with one of `modules`.
pub(super) fn ordinary_table(sql: &str, modules: &[String]) -> Option<String> {
    let tokens = cursor::tokens(sql);
    let mut cursor = Cursor::new(sql, &tokens);
    cursor.expect(&["CREATE", "VIRTUAL", "TABLE"])?;
    let condition = if cursor.eat(&["IF", "NOT", "EXISTS"]) {
        "IF NOT EXISTS "
    } else {
        ""
    };
    let mut start = cursor.peek()?.span.start;
    let mut name = cursor.name()?;
    let mut schema = String::new();
    if cursor.eat_mark(".") {
        schema = format!("{}.", quote(&name));
        start = cursor.peek()?.span.start;
        name = cursor.name()?;
    }
    cursor.expect(&["USING"])?;
    let module = cursor.peek()?;
    let module_name = cursor.name()?;
    if !modules
        .iter()
        .any(|known| known.eq_ignore_ascii_case(&module_name))
    {
        return None;
    }
    let (columns, end) = match cursor.group() {
        Some(arguments) => (columns(sql, arguments), tokens.last()?.span.end),
        None => (vec![UNKNOWN_COLUMN.to_owned()], module.span.end),
    };
    let columns: Vec<String> = columns.iter().map(|column| quote_always(column)).collect();
    // SQLite stores the text from the name on.
    let text = sql[start..end].replace('\'', "''");
    Some(format!(
        "CREATE TABLE {condition}{schema}{} ({}, CONSTRAINT {MARK} CHECK ('{text}' IS NOT NULL))",
        quote(&name),
        columns.join(", "),
    ))
}

/// Returns the columns that the arguments of a module name: the first word of each argument.
///
/// An option such as `content=''` names no column.
/// If there is no column, returns [`UNKNOWN_COLUMN`].
fn columns(sql: &str, arguments: &[Token]) -> Vec<String> {
    let mut columns: Vec<String> = Vec::new();
    for argument in split(sql, arguments) {
        let mut cursor = Cursor::new(sql, argument);
        // Some modules mark columns so.
        cursor.eat_mark("+");
        let is_name = |token: &Token| matches!(token.kind, Kind::Word | Kind::QuotedWord);
        let Some(name) = cursor.next().filter(|token| is_name(token)) else {
            continue;
        };
        let name = unquote(name.text(sql));
        let is_known = columns
            .iter()
            .any(|known| known.eq_ignore_ascii_case(&name));
        if !cursor.is_at_mark("=") && !is_known {
            columns.push(name);
        }
    }
    if columns.is_empty() {
        columns.push(UNKNOWN_COLUMN.to_owned());
    }
    columns
}

pub(super) fn quote_always(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Returns `true` if `sql` creates an ordinary table in place of a virtual table.
pub(super) fn is_stand_in(sql: &str) -> bool {
    sql.contains(MARK)
}

/// Returns the statement that creates the virtual table, as SQLite stores it.
///
/// `sql` is the stored statement of the ordinary table. Returns `None` for any other statement.
pub fn virtual_table(sql: &str) -> Option<String> {
    if !is_stand_in(sql) {
        return None;
    }
    let tokens = cursor::tokens(sql);
    let mut cursor = Cursor::new(sql, &tokens);
    cursor.expect(&["CREATE", "TABLE"])?;
    let name = cursor.name()?;
    while !cursor.eat(&["CONSTRAINT", MARK, "CHECK"]) {
        cursor.next()?;
    }
    let text = unquote(cursor.group()?.first()?.text(sql));
    let first = self::tokens(&text).into_iter().next()?;
    if unquote(first.text(&text)) == name {
        return Some(format!("CREATE VIRTUAL TABLE {text}"));
    }
    let rest = &text[first.span.end..];
    Some(format!(
        "CREATE VIRTUAL TABLE {}{rest}",
        quote_always(&name)
    ))
}

/// Returns the names of the ordinary tables that stand in for virtual tables, in lowercase.
pub(super) fn names(connection: &Connection) -> Vec<String> {
    let sql = format!(
        "SELECT lower(name) FROM main.sqlite_master WHERE type = 'table' AND instr(sql, '{MARK}')"
    );
    texts(connection, &sql)
}

/// Returns the stored SQL of an object.
pub(super) fn definition(connection: &Connection, name: &str) -> Option<String> {
    let sql = "SELECT sql FROM main.sqlite_master WHERE lower(name) = lower(?1)";
    connection.query_row(sql, [name], |row| row.get(0)).ok()
}

/// Returns the stored SQL of the tables and views that a statement names, and of their triggers.
pub(super) fn definitions_of_named(connection: &Connection, sql: &str) -> Vec<String> {
    let query = "SELECT tbl_name, sql FROM main.sqlite_master WHERE type <> 'index'";
    let rows = connection.prepare(query).and_then(|mut statement| {
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        rows.collect::<rusqlite::Result<Vec<(String, String)>>>()
    });
    let named =
        |(table, definition): (String, String)| offset_of_name(&table, sql).map(|_| definition);
    rows.unwrap_or_default()
        .into_iter()
        .filter_map(named)
        .collect()
}

/// Returns the first column of the rows of a query.
pub(super) fn texts(connection: &Connection, sql: &str) -> Vec<String> {
    let texts = connection.prepare(sql).and_then(|mut statement| {
        let texts = statement.query_map([], |row| row.get(0))?;
        texts.collect()
    });
    texts.unwrap_or_default()
}

/// Returns `true` for a `CREATE TABLE … AS SELECT` that reads a stand-in of a virtual table.
///
/// Only the module knows the types of the columns, so the schema of the new table is unknown.
pub fn copies_columns(connection: &Connection, sql: &str) -> bool {
    starts_with_one_of(sql, &["CREATE"])
        && super::has_any(connection)
        && copies_by_select(sql)
        && names(connection)
            .iter()
            .any(|name| offset_of_name(name, sql).is_some())
}

/// Returns the lowercase table of a statement that no virtual table permits, and SQLite's message.
pub(super) fn change_of_table(sql: &str) -> Option<(String, &'static str)> {
    let tokens = cursor::tokens(sql);
    let mut cursor = Cursor::new(sql, &tokens);
    if cursor.eat(&["ALTER", "TABLE"]) {
        let table = cursor.qualified_name()?;
        let is_rename = cursor.eat(&["RENAME", "TO"]);
        let message = "virtual tables may not be altered";
        return (!is_rename).then_some((table.to_ascii_lowercase(), message));
    }
    cursor.expect(&["CREATE"])?;
    cursor.eat(&["UNIQUE"]);
    let message = if cursor.eat(&["INDEX"]) {
        "virtual tables may not be indexed"
    } else {
        cursor.expect(&["TRIGGER"])?;
        "cannot create triggers on virtual tables"
    };
    while !cursor.eat(&["ON"]) {
        cursor.next()?;
    }
    Some((cursor.name()?.to_ascii_lowercase(), message))
}

/// Returns the expression of the CHECK constraint `name` in the statement that creates a table.
pub(super) fn named_check<'s>(definition: &'s str, name: &str) -> Option<&'s str> {
    let tokens = cursor::tokens(definition);
    let mut cursor = Cursor::new(definition, &tokens);
    loop {
        if cursor.next()?.is_word(definition, "CONSTRAINT")
            && cursor
                .name()
                .is_some_and(|found| found.eq_ignore_ascii_case(name))
            && cursor.eat(&["CHECK"])
        {
            let group = cursor.group()?;
            return Some(&definition[group.first()?.span.start..group.last()?.span.end]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ordinary(sql: &str) -> Option<String> {
        ordinary_table(sql, &["m".to_owned()])
    }

    #[test]
    fn columns_are_read_from_the_arguments() {
        for (arguments, columns) in [
            (
                "(a, \"b c\" TEXT, +d, e='f, g', h = 1)",
                "\"a\", \"b c\", \"d\"",
            ),
            ("(embedding float[384], A text)", "\"embedding\", \"A\""),
            ("('x.csv')", "\"value\""),
            ("()", "\"value\""),
            ("", "\"value\""),
        ] {
            let sql =
                ordinary(&format!("CREATE VIRTUAL TABLE v USING M{arguments}")).unwrap_or_default();
            assert!(
                sql.starts_with(&format!("CREATE TABLE v ({columns}, CONSTRAINT")),
                "{sql}"
            );
        }
    }

    #[test]
    fn virtual_table_is_restored_as_sqlite_stores_it() {
        for (sql, stored) in [
            (
                "CREATE VIRTUAL TABLE v USING m",
                "CREATE VIRTUAL TABLE v USING m",
            ),
            (
                "create virtual table if not exists main . \"a v\" /* x */ using m ( 'it''s' )",
                "CREATE VIRTUAL TABLE \"a v\" /* x */ using m ( 'it''s' )",
            ),
        ] {
            let ordinary = ordinary(sql).unwrap_or_default();
            let as_stored = ordinary.replace("main.", "").replace("IF NOT EXISTS ", "");
            assert_eq!(virtual_table(&as_stored).unwrap_or_default(), stored);
        }
        let renamed = ordinary("CREATE VIRTUAL TABLE v USING m(a)").unwrap_or_default();
        let renamed = renamed.replace("TABLE v ", "TABLE \"w\" ");
        let expected = "CREATE VIRTUAL TABLE \"w\" USING m(a)";
        assert_eq!(virtual_table(&renamed).unwrap_or_default(), expected);
    }

    #[test]
    fn other_statements_are_kept() {
        assert_eq!(ordinary("CREATE VIRTUAL TABLE v USING fts5(a)"), None);
        assert_eq!(ordinary("CREATE TABLE v (a)"), None);
        assert_eq!(virtual_table("CREATE TABLE v (a)"), None);
    }
}
