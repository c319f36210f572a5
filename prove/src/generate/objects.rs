//! The objects of a schema, as SQLite stores them.

use std::collections::HashSet;

use revchain_core::schema::{Schema, SchemaFilter};
use revchain_core::sql::cursor;
use revchain_core::sql::tokenizer::{Kind as TokenKind, unquote};
use revchain_runtime::internal::{read_schema_sql, stand_ins};
use rusqlite::{Connection, Result};

use super::text::trimmed;

/// The kind of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Table,
    VirtualTable,
    View,
    Index,
    Trigger,
}

/// An object of a schema that a migration can create.
#[derive(Debug, Clone)]
pub(super) struct Object {
    pub(super) kind: Kind,
    /// The name as written.
    pub(super) name: String,
    /// The table of an index or a trigger; otherwise the name.
    pub(super) table: String,
    /// The CREATE statement, without a semicolon.
    pub(super) sql: String,
}

/// The objects of a schema, in the order in which they were created.
///
/// Leaves out shadow tables, and the tables of revchain, SQLite and other tools.
pub(super) struct Objects {
    pub(super) all: Vec<Object>,
    /// The same schema in normal form.
    pub(super) schema: Schema,
}

impl Objects {
    pub(super) fn read(connection: &Connection) -> Result<Self> {
        let sql = read_schema_sql(connection, &SchemaFilter::default())?;
        let sql = sql.with_replaced(stand_ins::virtual_table);
        let schema = sql.schema().clone();
        let mut statement = connection.prepare(
            "SELECT type, name, tbl_name, sql FROM main.sqlite_master
             WHERE sql IS NOT NULL ORDER BY rowid",
        )?;
        let mut rows = statement.query([])?;
        let mut all = Vec::new();
        while let Some(row) = rows.next()? {
            let (kind, sql): (String, String) = (row.get(0)?, row.get(3)?);
            // A stand-in for a virtual table has the SQL of an ordinary table.
            let sql = stand_ins::virtual_table(&sql).unwrap_or(sql);
            let object = Object {
                kind: kind_of(&kind, &sql),
                name: row.get(1)?,
                table: row.get(2)?,
                sql: trimmed(&sql).to_owned(),
            };
            let is_of_chain =
                schema.columns(&object.table).is_some() || schema.view(&object.table).is_some();
            if is_of_chain {
                all.push(object);
            }
        }
        Ok(Self { all, schema })
    }

    pub(super) fn of_kind(&self, kind: Kind) -> impl Iterator<Item = &Object> {
        self.all.iter().filter(move |object| object.kind == kind)
    }

    /// Returns the table or view with this name, ignoring ASCII case.
    pub(super) fn table_or_view(&self, name: &str) -> Option<&Object> {
        let mut objects = self.all.iter();
        objects.find(|object| {
            !matches!(object.kind, Kind::Index | Kind::Trigger) && object.is_named(name)
        })
    }

    /// Returns the object of this schema with the kind and the name of an object of another.
    pub(super) fn same(&self, other: &Object) -> Option<&Object> {
        let mut objects = self.all.iter();
        objects.find(|object| object.kind == other.kind && object.is_named(&other.name))
    }

    /// Returns `true` if any object of the schema has this name, ignoring ASCII case.
    pub(super) fn has_name(&self, name: &str) -> bool {
        self.all.iter().any(|object| object.is_named(name))
    }
}

impl Object {
    /// Returns `true` if the object has this name, ignoring ASCII case.
    pub(super) fn is_named(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// Returns `true` if the object is an index or a trigger on a table or view of these names.
    ///
    /// `names` are in lowercase. SQLite drops the object together with the table or view.
    pub(super) fn is_on(&self, names: &HashSet<String>) -> bool {
        let is_attached = matches!(self.kind, Kind::Index | Kind::Trigger);
        is_attached && names.contains(&self.table.to_ascii_lowercase())
    }

    /// Returns `true` if any word of the statement is one of `words`, in lowercase.
    pub(super) fn mentions(&self, words: &HashSet<String>) -> bool {
        let tokens = cursor::tokens(&self.sql);
        let mut texts = tokens.iter().map(|token| unquote(token.text(&self.sql)));
        texts.any(|text| words.contains(&text.to_ascii_lowercase()))
    }

    /// Returns `true` if the statement may name one of these tables and views, in lowercase.
    ///
    /// A name after `AS` is an alias.
    /// A name after a dot is a column, unless the name of the database precedes the dot.
    pub(super) fn may_name(&self, names: &HashSet<String>) -> bool {
        let sql = &self.sql;
        let tokens = cursor::tokens(sql);
        tokens.iter().enumerate().any(|(index, token)| {
            let is_name = matches!(
                token.kind,
                TokenKind::Word | TokenKind::QuotedWord | TokenKind::String
            );
            let before = &tokens[..index];
            let is_table = match before {
                [.., schema, dot] if dot.is_mark(sql, ".") => {
                    unquote(schema.text(sql)).eq_ignore_ascii_case("main")
                }
                [.., word] => !word.is_word(sql, "AS"),
                [] => false,
            };
            is_name && is_table && names.contains(&unquote(token.text(sql)).to_ascii_lowercase())
        })
    }
}

fn kind_of(kind: &str, sql: &str) -> Kind {
    match kind {
        "view" => Kind::View,
        "index" => Kind::Index,
        "trigger" => Kind::Trigger,
        _ if is_virtual(sql) => Kind::VirtualTable,
        _ => Kind::Table,
    }
}

fn is_virtual(sql: &str) -> bool {
    let tokens = cursor::tokens(sql);
    let second = tokens.get(1);
    second.is_some_and(|token| token.is_word(sql, "VIRTUAL"))
}
