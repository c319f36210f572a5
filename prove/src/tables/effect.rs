//! The effect of one statement on a table.

use revchain_core::sql::cursor::{self, Cursor, split};
use revchain_core::sql::inspect::starts_with_one_of;
use revchain_core::sql::tokenizer::{Token, unquote};

/// A change to a table, its columns or its rows, or the drop of an index or a trigger.
#[derive(PartialEq)]
pub(crate) enum DdlEffect {
    DropTable,
    /// `RENAME TO` the new name.
    RenameTable(String),
    DropColumn(String),
    /// `RENAME COLUMN` from the old name to the new name.
    RenameColumn(String, String),
    /// `ADD COLUMN` with a constraint or default that SQLite may reject if the table has rows.
    AddConstrainedColumn,
    /// `DELETE`, `UPDATE` or `REPLACE`.
    ChangeRows,
    /// `INSERT INTO table (columns) SELECT …`: pairs of a target column and its source column.
    ///
    /// The pairs omit each target column whose source is any other expression.
    CopyColumns(Vec<(String, String)>),
    /// `INSERT INTO table SELECT …`: the source columns, in the order of the table's columns.
    ///
    /// `None` is any other expression.
    CopyByPosition(Vec<Option<String>>),
    /// `DROP INDEX` or `DROP TRIGGER`.
    DropAttached,
    DropView,
}

/// The first words of the statements that have an effect.
const FIRST_WORDS: &[&str] = &[
    "DROP", "ALTER", "DELETE", "REPLACE", "INSERT", "UPDATE", "WITH",
];

/// The words of a column definition because of which SQLite may reject a new column.
const CONSTRAINT_WORDS: &[&str] = &["NULL", "DEFAULT", "CHECK", "GENERATED", "AS", "REFERENCES"];

/// Returns the name of the table, index or trigger that a statement changes, and the effect.
pub(crate) fn effect(sql: &str) -> Option<(String, DdlEffect)> {
    // Most statements are CREATE statements. This check avoids tokenizing CREATE statements.
    if !starts_with_one_of(sql, FIRST_WORDS) {
        return None;
    }
    let tokens = cursor::tokens(sql);
    let mut cursor = Cursor::new(sql, &tokens);
    if cursor.eat(&["ALTER", "TABLE"]) {
        return Some((cursor.qualified_name()?, alter_table(cursor)?));
    }
    if cursor.eat(&["DROP"]) {
        let effect = if cursor.eat(&["TABLE"]) {
            DdlEffect::DropTable
        } else if cursor.eat(&["INDEX"]) || cursor.eat(&["TRIGGER"]) {
            DdlEffect::DropAttached
        } else if cursor.eat(&["VIEW"]) {
            DdlEffect::DropView
        } else {
            return None;
        };
        cursor.eat(&["IF", "EXISTS"]);
        return Some((cursor.qualified_name()?, effect));
    }
    match changed_table(Cursor::new(sql, &tokens)) {
        Some(table) => Some((table, DdlEffect::ChangeRows)),
        None => copy_columns(cursor),
    }
}

/// Returns `true` if an `ALTER TABLE` neither loses values nor can fail because of rows.
///
/// A downgrade may drop the columns that its upgrade has added.
pub(crate) fn is_harmless_alter(sql: &str, is_upgrade: bool) -> bool {
    match effect(sql) {
        Some((_, DdlEffect::DropColumn(_))) => !is_upgrade,
        Some((_, DdlEffect::RenameTable(_) | DdlEffect::RenameColumn(..))) => true,
        Some(_) => false,
        None => {
            let tokens = cursor::tokens(sql);
            let is_alter_column = tokens
                .iter()
                .any(|token| token.is_one_of(sql, &["SET", "CHECK"]));
            !is_alter_column
        }
    }
}

/// Reads the rest of an `ALTER TABLE` statement, after the name of the table.
fn alter_table(mut cursor: Cursor<'_>) -> Option<DdlEffect> {
    if cursor.eat(&["RENAME", "TO"]) {
        return Some(DdlEffect::RenameTable(cursor.name()?));
    }
    if cursor.eat(&["RENAME"]) {
        cursor.eat(&["COLUMN"]);
        let from = cursor.name()?;
        cursor.expect(&["TO"])?;
        return Some(DdlEffect::RenameColumn(from, cursor.name()?));
    }
    if cursor.eat(&["DROP"]) {
        if cursor.is_at(&["CONSTRAINT"]) {
            return None;
        }
        cursor.eat(&["COLUMN"]);
        return Some(DdlEffect::DropColumn(cursor.name()?));
    }
    cursor.expect(&["ADD"])?;
    let mut rest = cursor.rest().iter();
    rest.find(|token| token.is_one_of(cursor.sql, CONSTRAINT_WORDS))?;
    Some(DdlEffect::AddConstrainedColumn)
}

/// Reads the name of the table whose rows a `DELETE`, `UPDATE` or `REPLACE` changes.
///
/// Skips any words before the verb, such as a `WITH` clause or `INSERT OR`.
fn changed_table(mut cursor: Cursor<'_>) -> Option<String> {
    loop {
        if cursor.eat(&["DELETE", "FROM"]) || cursor.eat(&["REPLACE", "INTO"]) {
            return cursor.qualified_name();
        }
        if cursor.eat(&["UPDATE"]) {
            if cursor.eat(&["OR"]) {
                cursor.next()?;
            }
            return cursor.qualified_name();
        }
        // In `ON CONFLICT DO UPDATE`, no table name follows UPDATE. Skip both words.
        cursor.eat(&["DO"]);
        cursor.next()?;
    }
}

/// Reads `INSERT INTO table [(columns)] SELECT …`.
fn copy_columns(mut cursor: Cursor<'_>) -> Option<(String, DdlEffect)> {
    let sql = cursor.sql;
    while !cursor.eat(&["INTO"]) {
        cursor.next()?;
    }
    let table = cursor.qualified_name()?;
    let targets = cursor.group().map(|group| split(sql, group));
    cursor.expect(&["SELECT"])?;
    let is_from = |token: &Token| token.is_word(sql, "FROM");
    let sources = split(sql, cursor.rest().split(is_from).next()?);
    let Some(targets) = targets else {
        let sources = sources.into_iter().map(|source| plain_column(sql, source));
        return Some((table, DdlEffect::CopyByPosition(sources.collect())));
    };
    let pairs = targets.iter().zip(sources);
    let pairs = pairs.filter_map(|(target, source)| {
        let target = unquote(target.last()?.text(sql));
        Some((target, plain_column(sql, source)?))
    });
    Some((table, DdlEffect::CopyColumns(pairs.collect())))
}

/// Returns the name of a column if the expression is only `column` or `table.column`.
fn plain_column(sql: &str, expression: &[Token]) -> Option<String> {
    match expression {
        [name] => Some(unquote(name.text(sql))),
        [_, dot, name] if dot.is_mark(sql, ".") => Some(unquote(name.text(sql))),
        _ => None,
    }
}
