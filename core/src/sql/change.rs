//! The object that a statement changes, and the kind of change.
//!
//! SQLite reports neither before it runs the statement.

use super::cursor::{self, Cursor};
use super::tokenizer::{Token, unquote};

/// The effect of a statement on the objects of a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// The statement changes no object, such as `SELECT` or `ANALYZE`.
    None,
    /// The statement changes this object. Triggers can change more objects.
    Change(ObjectName, Change),
    /// This version of revchain cannot read the statement, which may change any object.
    Unknown,
}

/// The name of an object as a statement writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectName {
    /// The schema, such as `main`; `None` if the name is not qualified.
    pub schema: Option<String>,
    /// The name, without quotes.
    pub name: String,
    /// The offset of the name in the statement, in bytes.
    pub offset: usize,
}

/// A change of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// `CREATE TABLE` or `CREATE VIRTUAL TABLE`.
    CreateTable,
    /// `CREATE VIEW`.
    CreateView,
    /// `CREATE INDEX`.
    CreateIndex {
        /// The table of the index.
        table: String,
        /// `true` for `CREATE UNIQUE INDEX`.
        is_unique: bool,
    },
    /// `CREATE TRIGGER`.
    CreateTrigger {
        /// The table or view of the trigger.
        table: String,
    },
    /// `DROP TABLE` or `DROP VIEW`.
    Drop,
    /// `DROP INDEX` or `DROP TRIGGER`.
    DropAttached,
    /// `ALTER TABLE … RENAME TO` this name.
    Rename(String),
    /// `ALTER TABLE … RENAME COLUMN`, which keeps every value.
    RenameColumn,
    /// `ALTER TABLE … ADD COLUMN` without `REFERENCES`, so no key gets values.
    AddColumn,
    /// Any other `ALTER TABLE`.
    Alter,
    /// `INSERT` that only adds rows, unless the table itself says `ON CONFLICT REPLACE`.
    Insert,
    /// `UPDATE`, `REPLACE`, or an `INSERT` that can change or replace rows.
    Update,
    /// `DELETE`.
    Delete,
}

impl Change {
    /// Returns `true` if the change adds, changes or removes rows of an existing table, or drops or
    /// alters the table.
    pub fn is_write(&self) -> bool {
        !matches!(
            self,
            Self::CreateTable
                | Self::CreateView
                | Self::CreateIndex { .. }
                | Self::CreateTrigger { .. }
        )
    }

    /// Returns `true` if the statement drops the object.
    pub fn is_drop(&self) -> bool {
        matches!(self, Self::Drop | Self::DropAttached)
    }
}

/// The first words of statements that change no object of a schema.
const READING: &[&str] = &[
    "SELECT", "VALUES", "EXPLAIN", "PRAGMA", "ANALYZE", "REINDEX",
];

/// Returns the effect of a statement.
pub fn effect(sql: &str) -> Effect {
    let tokens = cursor::tokens(sql);
    let mut cursor = Cursor::new(sql, &tokens);
    let is_unread = cursor.is_at(&["WITH"]) && skip_with(&mut cursor).is_none();
    if tokens.is_empty() || (!is_unread && cursor.is_at(READING)) {
        return Effect::None;
    }
    let change = if is_unread { None } else { change(cursor) };
    match change {
        Some((name, change)) => Effect::Change(name, change),
        None => Effect::Unknown,
    }
}

/// Returns the effects of the statements in the body of a `CREATE TRIGGER` statement.
///
/// Returns `None` if the body cannot be found.
pub fn trigger_effects(sql: &str) -> Option<Vec<Effect>> {
    const VERBS: &[&str] = &["INSERT", "REPLACE", "UPDATE", "DELETE", "SELECT", "WITH"];
    let tokens = cursor::tokens(sql);
    let begin = tokens
        .windows(2)
        .position(|pair| pair[0].is_word(sql, "BEGIN") && pair[1].is_one_of(sql, VERBS))?;
    let end = tokens.iter().rposition(|token| token.is_word(sql, "END"))?;
    let body = tokens.get(begin + 1..end)?;
    let statements = body.split(|token| token.is_mark(sql, ";"));
    let effects = statements.filter_map(|statement| {
        let (first, last) = (statement.first()?, statement.last()?);
        Some(effect(&sql[first.span.start..last.span.end]))
    });
    Some(effects.collect())
}

/// Returns the lowercase names after `DROP TABLE` and `DROP VIEW` in a script.
pub fn dropped_names(script: &str) -> Vec<String> {
    let tokens = cursor::tokens(script);
    let mut cursor = Cursor::new(script, &tokens);
    let mut names = Vec::new();
    while cursor.peek().is_some() {
        if cursor.eat(&["DROP", "TABLE"]) || cursor.eat(&["DROP", "VIEW"]) {
            cursor.eat(&["IF", "EXISTS"]);
            names.extend(
                cursor
                    .qualified_name()
                    .map(|name| name.to_ascii_lowercase()),
            );
        } else {
            cursor.next();
        }
    }
    names
}

/// Reads the statement after a WITH clause.
fn change(mut cursor: Cursor<'_>) -> Option<(ObjectName, Change)> {
    if cursor.eat(&["CREATE"]) {
        return create(cursor);
    }
    if cursor.eat(&["DROP"]) {
        let change = if cursor.eat(&["TABLE"]) || cursor.eat(&["VIEW"]) {
            Change::Drop
        } else {
            let attached = cursor.eat(&["INDEX"]) || cursor.eat(&["TRIGGER"]);
            attached.then_some(Change::DropAttached)?
        };
        cursor.eat(&["IF", "EXISTS"]);
        return Some((object_name(&mut cursor)?, change));
    }
    if cursor.eat(&["ALTER", "TABLE"]) {
        let name = object_name(&mut cursor)?;
        return Some((name, alter(cursor)?));
    }
    rows(cursor)
}

/// Reads a statement after `CREATE`.
fn create(mut cursor: Cursor<'_>) -> Option<(ObjectName, Change)> {
    let is_temporary = cursor.eat(&["TEMP"]) || cursor.eat(&["TEMPORARY"]);
    cursor.eat(&["VIRTUAL"]);
    let is_unique = cursor.eat(&["UNIQUE"]);
    const KINDS: &[&str] = &["TABLE", "VIEW", "INDEX", "TRIGGER"];
    let kind = KINDS.iter().find(|kind| cursor.eat(&[kind]))?;
    cursor.eat(&["IF", "NOT", "EXISTS"]);
    let mut name = object_name(&mut cursor)?;
    if is_temporary {
        name.schema = Some("temp".to_owned());
    }
    let change = match *kind {
        "TABLE" => Change::CreateTable,
        "VIEW" => Change::CreateView,
        kind => {
            while !cursor.eat(&["ON"]) {
                cursor.next()?;
            }
            let table = cursor.qualified_name()?;
            match kind {
                "INDEX" => Change::CreateIndex { table, is_unique },
                _ => Change::CreateTrigger { table },
            }
        }
    };
    Some((name, change))
}

/// Reads an `ALTER TABLE` statement after the name of the table.
fn alter(mut cursor: Cursor<'_>) -> Option<Change> {
    if cursor.eat(&["RENAME", "TO"]) {
        return Some(Change::Rename(cursor.name()?));
    }
    if cursor.eat(&["RENAME"]) {
        return Some(Change::RenameColumn);
    }
    let sql = cursor.sql;
    let has_key = |token: &Token| token.is_word(sql, "REFERENCES");
    if cursor.eat(&["ADD"]) && !cursor.rest().iter().any(has_key) {
        return Some(Change::AddColumn);
    }
    Some(Change::Alter)
}

/// Reads a statement that changes rows.
fn rows(mut cursor: Cursor<'_>) -> Option<(ObjectName, Change)> {
    if cursor.eat(&["DELETE", "FROM"]) {
        return Some((object_name(&mut cursor)?, Change::Delete));
    }
    if cursor.eat(&["UPDATE"]) {
        if cursor.eat(&["OR"]) {
            cursor.next()?;
        }
        return Some((object_name(&mut cursor)?, Change::Update));
    }
    let mut replaces = cursor.eat(&["REPLACE"]);
    if !replaces {
        cursor.expect(&["INSERT"])?;
        if cursor.eat(&["OR"]) {
            replaces = cursor.is_at(&["REPLACE"]);
            cursor.next()?;
        }
    }
    cursor.expect(&["INTO"])?;
    let name = object_name(&mut cursor)?;
    let sql = cursor.sql;
    let mut pairs = cursor.rest().windows(2);
    let is_upsert = pairs.any(|pair| pair[0].is_word(sql, "DO") && pair[1].is_word(sql, "UPDATE"));
    let change = if replaces || is_upsert {
        Change::Update
    } else {
        Change::Insert
    };
    Some((name, change))
}

/// Skips a WITH clause. Returns `None` if the clause cannot be read.
pub(crate) fn skip_with(cursor: &mut Cursor<'_>) -> Option<()> {
    cursor.expect(&["WITH"])?;
    // `RECURSIVE` can also be the name of a table.
    if cursor.is_at(&["RECURSIVE"]) {
        let mut after = cursor.clone();
        after.next();
        if !after.is_at(&["AS"]) && !after.is_at_mark("(") {
            *cursor = after;
        }
    }
    loop {
        cursor.name()?;
        cursor.group();
        cursor.expect(&["AS"])?;
        cursor.eat(&["NOT"]);
        cursor.eat(&["MATERIALIZED"]);
        cursor.group()?;
        if !cursor.eat_mark(",") {
            return Some(());
        }
    }
}

/// Reads `name` or `schema.name`.
pub(crate) fn object_name(cursor: &mut Cursor<'_>) -> Option<ObjectName> {
    let offset = cursor.peek()?.span.start;
    let name = cursor.name()?;
    if !cursor.eat_mark(".") {
        return Some(ObjectName {
            schema: None,
            name,
            offset,
        });
    }
    let offset = cursor.peek()?.span.start;
    let second = cursor.next()?;
    Some(ObjectName {
        schema: Some(name),
        name: unquote(second.text(cursor.sql)),
        offset,
    })
}
