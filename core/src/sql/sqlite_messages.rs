//! Functions that parse SQLite's English error messages. No other file of this crate does so.
//!
//! SQLite has no error code for a missing name, for a missing function, or for a constraint that
//! rejects all rows. So the crates that run SQL pass the message and the SQL to these functions.

use super::cursor;
use super::inspect::{insert_columns, named_objects, offset_of_name, starts_with_one_of};
use super::tokenizer::Token;

/// The texts of messages about missing objects that an application can register.
const UNREGISTERED: &[&str] = &[
    "no such function",
    "unknown function",
    "no such module",
    "no such collation sequence",
    "no such tokenizer",
    "unknown tokenizer",
];

/// The start of messages that reject an `ADD COLUMN` only because the table has rows.
const ONLY_IF_ROWS: &[&str] = &[
    "Cannot add a NOT NULL",
    "Cannot add a column with non-constant default",
];

/// The name of a table or column that a statement uses and that the schema lacks.
///
/// For `main.users`, the name is `users`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MissingName<'m> {
    /// From `no such table: main.users`. SQLite also reports a missing table-valued function so.
    Table(&'m str),
    /// From `no such column: users.name`.
    Column(&'m str),
}

impl<'m> MissingName<'m> {
    /// Returns the missing name that `message` reports.
    pub fn parse(message: &'m str) -> Option<Self> {
        if let Some((_, name)) = message.split_once("no such table: ") {
            return Some(Self::Table(last_part(name)));
        }
        let (_, name) = message.split_once("no such column: ")?;
        Some(Self::Column(last_part(name)))
    }

    /// Returns the name of the table or column.
    pub fn name(self) -> &'m str {
        match self {
            Self::Table(name) | Self::Column(name) => name,
        }
    }
}

/// Returns the part after the last dot.
fn last_part(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

/// An object that a statement uses, and that a program can register on its connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnregisteredObject<'m> {
    /// From `no such function: slug`. SQLite reports a function in a DEFAULT by
    /// `unknown function: slug()`.
    Function(&'m str),
    /// From `no such collation sequence: german`.
    Collation(&'m str),
    /// From `no such module: vec0`.
    Module(&'m str),
}

impl<'m> UnregisteredObject<'m> {
    /// Returns the object that `message` reports as missing.
    pub fn parse(message: &'m str) -> Option<Self> {
        if let Some((_, name)) = message.split_once("no such function: ") {
            return Some(Self::Function(name));
        }
        if let Some((_, call)) = message.split_once("unknown function: ") {
            return Some(Self::Function(call.strip_suffix("()").unwrap_or(call)));
        }
        if let Some((_, name)) = message.split_once("no such collation sequence: ") {
            return Some(Self::Collation(name));
        }
        let (_, name) = message.split_once("no such module: ")?;
        Some(Self::Module(name))
    }
}

/// Returns the name of the function that a statement calls with a wrong number of arguments.
///
/// SQLite's message is `wrong number of arguments to function slug()`.
pub fn miscalled_function(message: &str) -> Option<&str> {
    let (_, name) = message.split_once("wrong number of arguments to function ")?;
    name.strip_suffix("()")
}

/// A table, index, view or trigger that a statement names and that does not exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MissingObject<'m> {
    /// `table`, `index`, `view` or `trigger`.
    pub kind: &'m str,
    /// The name, without the schema.
    pub name: &'m str,
}

impl<'m> MissingObject<'m> {
    /// Returns the object that `message` reports as missing.
    pub fn parse(message: &'m str) -> Option<Self> {
        let (kind, name) = message.strip_prefix("no such ")?.split_once(": ")?;
        let is_object = ["table", "index", "view", "trigger"].contains(&kind);
        is_object.then(|| Self {
            kind,
            name: last_part(name),
        })
    }
}

/// A view or a trigger for which SQLite rejects an ALTER TABLE.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BrokenObject<'m> {
    /// `view`, `trigger` or `index`.
    pub kind: &'m str,
    /// The name of the object.
    pub name: &'m str,
    /// `true` if the object uses the column that the statement drops.
    pub is_after_drop_column: bool,
}

impl<'m> BrokenObject<'m> {
    /// Returns the object that `message` reports, as in `error in view v: no such table: main.t`.
    pub fn parse(message: &'m str) -> Option<Self> {
        let (kind, rest) = message.strip_prefix("error in ")?.split_once(' ')?;
        let (name, _) = rest.split_once(": ")?;
        let is_after_drop_column = name.ends_with(" after drop column");
        let name = name.strip_suffix(" after drop column").unwrap_or(name);
        let name = name.strip_suffix(" after rename").unwrap_or(name);
        Some(Self {
            kind,
            name,
            is_after_drop_column,
        })
    }
}

/// Returns the words `DROP VIEW` and the name in `use DROP VIEW to delete view v`.
pub fn advised_drop(message: &str) -> Option<(&str, &str)> {
    let (words, object) = message.strip_prefix("use ")?.split_once(" to delete ")?;
    let (_, name) = object.split_once(' ')?;
    Some((words, name))
}

/// Returns the name of the object that a CREATE or a RENAME would make a second time.
///
/// SQLite's messages are `table t already exists`, `there is already a table named t` and
/// `there is already another table or index with this name: t`.
pub fn existing_object(message: &str) -> Option<&str> {
    if let Some(object) = message.strip_prefix("there is already ") {
        let (_, name) = object.split_once(" named ").or(object.split_once(": "))?;
        return Some(name);
    }
    let (_, name) = message.strip_suffix(" already exists")?.split_once(' ')?;
    Some(name)
}

/// Returns the column that an ADD COLUMN or a RENAME COLUMN would make a second time.
pub fn duplicate_column(message: &str) -> Option<&str> {
    message.strip_prefix("duplicate column name: ")
}

/// Returns `true` if SQLite rejects a DROP COLUMN because a key has the column.
pub fn is_column_of_key(message: &str) -> bool {
    message.starts_with("cannot drop PRIMARY KEY column")
        || message.starts_with("cannot drop UNIQUE column")
}

/// Returns the token at which SQLite reports a syntax error.
pub fn misread_token(message: &str) -> Option<&str> {
    message
        .strip_prefix("near \"")?
        .strip_suffix("\": syntax error")
}

/// Returns `true` if the message is about a parameter `?N` whose number is too large, or zero.
pub fn is_wrong_number(message: &str) -> bool {
    message.starts_with("variable number must be")
}

/// A column that a statement needs and that a table lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MissingColumn<'m> {
    /// An expression reads the column. `table` is the name before the dot.
    Read {
        /// The name or the alias of the table.
        table: Option<&'m str>,
        /// The name of the column.
        column: &'m str,
    },
    /// An INSERT gives the column a value.
    Given {
        /// The name of the table.
        table: &'m str,
        /// The name of the column.
        column: &'m str,
    },
    /// An INSERT without a column list has a wrong number of values.
    Count {
        /// The name of the table.
        table: &'m str,
        /// The number of columns of the table.
        columns: usize,
        /// The number of values.
        values: usize,
    },
}

/// Returns the missing column that `message` reports.
///
/// Returns `None` if an ALTER TABLE fails because of a view or a trigger.
pub fn missing_column(message: &str) -> Option<MissingColumn<'_>> {
    if message.starts_with("error in ") {
        return None;
    }
    if let Some((_, name)) = message.split_once("no such column: ") {
        // DROP COLUMN and RENAME COLUMN report the name in quotes.
        let quoted = name
            .strip_prefix('"')
            .and_then(|name| name.strip_suffix('"'));
        if let Some(column) = quoted {
            return Some(MissingColumn::Read {
                table: None,
                column,
            });
        }
        let (table, column) = match name.rsplit_once('.') {
            Some((table, column)) => (Some(last_part(table)), column),
            None => (None, name),
        };
        return Some(MissingColumn::Read { table, column });
    }
    let (_, rest) = message.split_once("table ")?;
    if let Some((table, column)) = rest.split_once(" has no column named ") {
        return Some(MissingColumn::Given { table, column });
    }
    let (rest, values) = rest
        .strip_suffix(" values were supplied")?
        .rsplit_once(" columns but ")?;
    let (table, columns) = rest.rsplit_once(" has ")?;
    Some(MissingColumn::Count {
        table: last_part(table),
        columns: columns.parse().ok()?,
        values: values.parse().ok()?,
    })
}

/// Returns the name of the index on expressions that a statement violates.
///
/// SQLite's message is `UNIQUE constraint failed: index 'users_by_email'`.
pub fn failed_index(message: &str) -> Option<&str> {
    let rest = message.strip_prefix("UNIQUE constraint failed: index '")?;
    rest.strip_suffix('\'')
}

/// Returns `true` if an error can depend on what a function is or returns.
///
/// Returns `false` for a missing name and for a syntax error.
pub fn may_depend_on_stand_in(message: &str) -> bool {
    !message.contains("no such ")
        && !message.ends_with("syntax error")
        && missing_column(message).is_none()
}

/// A constraint on columns whose names SQLite reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnConstraint {
    /// A UNIQUE constraint or index, or a primary key.
    Unique,
    /// A NOT NULL constraint.
    NotNull,
}

/// Returns the table and the columns of the UNIQUE or NOT NULL constraint that rows violate.
///
/// SQLite's messages are `UNIQUE constraint failed: t.a, t.b` and
/// `NOT NULL constraint failed: t.a`.
pub fn failed_columns(message: &str) -> Option<(ColumnConstraint, &str, Vec<&str>)> {
    let (reason, names) = message.split_once(" constraint failed: ")?;
    let kind = match reason {
        "UNIQUE" => ColumnConstraint::Unique,
        "NOT NULL" => ColumnConstraint::NotNull,
        _ => return None,
    };
    let (table, _) = names.split_once('.')?;
    let columns = names.split(", ").map(|name| {
        let column = name.strip_prefix(table)?.strip_prefix('.')?;
        Some(column)
    });
    Some((kind, table, columns.collect::<Option<_>>()?))
}

/// Returns `true` if a finding of `PRAGMA integrity_check` is a row that violates a constraint.
///
/// SQLite's messages are `NULL value in t.a`, `non-INTEGER value in t.a`, `TEXT value in t.a` and
/// `CHECK constraint failed in t`.
pub fn is_constraint_finding(finding: &str) -> bool {
    let starts_with_type = || {
        let (value, _) = finding.split_once(" value in ")?;
        Some(!value.contains(' '))
    };
    finding.starts_with("CHECK constraint failed in ") || starts_with_type() == Some(true)
}

/// Returns the name or the expression of the CHECK constraint that a statement violates.
pub fn failed_check(message: &str) -> Option<&str> {
    message.strip_prefix("CHECK constraint failed: ")
}

/// Returns the name of the table or column that `message` reports as missing.
pub fn missing_name(message: &str) -> Option<&str> {
    MissingName::parse(message).map(MissingName::name)
}

/// Returns `true` if a statement fails because an object is missing that only the application
/// registers, such as a function.
pub fn needs_app_defined_object(sql: &str, message: &str) -> bool {
    match MissingName::parse(message) {
        Some(MissingName::Table(name)) => reads_from_function(sql, name),
        _ => UNREGISTERED.iter().any(|start| message.contains(start)),
    }
}

/// Returns `true` if the first use of `name` in `sql` is a function call in a `FROM` clause.
fn reads_from_function(sql: &str, name: &str) -> bool {
    let tokens = cursor::tokens(sql);
    let is_name = |token: &Token| token.is_named(sql, name);
    let Some(index) = tokens.iter().position(is_name) else {
        return false;
    };
    let (before, after) = (tokens[..index].last(), tokens.get(index + 1));
    before.is_some_and(|token| token.is_one_of(sql, &["FROM", "JOIN"]) || token.is_mark(sql, ","))
        && after.is_some_and(|token| token.is_mark(sql, "("))
}

/// Returns `true` if a trigger or view with this SQL can be the cause of `message`.
///
/// If `message` reports a missing name, `sql` must contain the name.
pub fn mentions_missing_name(sql: &str, message: &str) -> bool {
    missing_name(message).is_none_or(|name| offset_of_name(name, sql).is_some())
}

/// Returns `true` if a statement fails for any rows of the table, but succeeds without rows.
///
/// `columns` returns the columns that a table has before the statement.
/// Returns `false` if the statement also fails without rows, such as for a new UNIQUE column.
pub fn fails_for_any_row<'s>(
    sql: &str,
    message: &str,
    columns: impl Fn(&str) -> Option<Vec<&'s str>>,
) -> bool {
    if ONLY_IF_ROWS.iter().any(|start| message.starts_with(start)) {
        return true;
    }
    if let Some(column) = message.strip_prefix("NOT NULL constraint failed: ") {
        // If the INSERT does not list the column, the column is NULL in each row.
        let column = last_part(column).to_ascii_lowercase();
        return insert_columns(sql).is_some_and(|listed| !listed.contains(&column));
    }
    // A new column has the same value in each row. If the failed CHECK uses no other column, the
    // CHECK fails for each row.
    starts_with_one_of(sql, &["ALTER"])
        && message.starts_with("CHECK constraint failed")
        && !named_objects(sql)
            .iter()
            .filter_map(|table| columns(table))
            .flatten()
            .any(|column| offset_of_name(column, sql).is_some())
}
