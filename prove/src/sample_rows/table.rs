//! A table of a schema: columns, keys, and the SQL of its objects.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use revchain_core::sql::cursor;
use revchain_core::sql::tokenizer::unquote;
use revchain_runtime::internal::{quote, stand_ins};
use rusqlite::types::Value;
use rusqlite::{Connection, Result};

use super::hints::Hints;
use super::literal::literal;

/// A table, as the trials need it.
pub(crate) struct TableInfo {
    /// The SQL of the table, then of its indexes and triggers.
    pub(crate) sql: Vec<String>,
    /// The columns that an `INSERT` can give a value. Empty for a view.
    pub(crate) columns: Vec<Column>,
    /// The foreign keys.
    pub(crate) keys: Vec<TableKey>,
    /// The lowercase columns of the primary key, in the order of the key.
    pub(crate) primary_key: Vec<String>,
    /// The hints of the table, its indexes and its triggers about the columns.
    pub(super) hints: Hints,
}

/// The tables of one schema that have been read.
#[derive(Default)]
pub(crate) struct TableCache(RefCell<HashMap<String, Rc<TableInfo>>>);

impl TableCache {
    /// Returns a table. Reads it at the first call.
    pub(crate) fn get(&self, connection: &Connection, table: &str) -> Result<Rc<TableInfo>> {
        let key = table.to_ascii_lowercase();
        if let Some(info) = self.0.borrow().get(&key) {
            return Ok(Rc::clone(info));
        }
        let info = Rc::new(TableInfo::read(connection, table)?);
        self.0.borrow_mut().insert(key, Rc::clone(&info));
        Ok(info)
    }
}

impl TableInfo {
    /// Reads a table.
    ///
    /// PRAGMA statements are faster than the table-valued functions of the same names.
    pub(crate) fn read(connection: &Connection, table: &str) -> Result<Self> {
        let sql = sql_of(connection, table)?;
        let mut columns = Vec::new();
        let mut primary_key: Vec<(i64, String)> = Vec::new();
        let is_table = sql.first().is_some_and(|sql| !is_view(sql));
        let unique = unique_columns(connection, table)?;
        let pragma = format!("PRAGMA main.table_xinfo({})", quote(table));
        let mut statement = connection.prepare(&pragma)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()?.filter(|_| is_table) {
            let (name, declared_type): (String, String) = (row.get(1)?, row.get(2)?);
            let (is_not_null, default): (bool, Option<String>) = (row.get(3)?, row.get(4)?);
            let (key_position, hidden): (i64, i64) = (row.get(5)?, row.get(6)?);
            let name = name.to_ascii_lowercase();
            if key_position > 0 {
                primary_key.push((key_position, name.clone()));
            }
            if hidden != 0 {
                continue;
            }
            columns.push(Column {
                affinity: affinity(&declared_type),
                is_required: is_not_null || key_position > 0,
                is_in_key: key_position > 0,
                is_unique: unique.contains(&name),
                has_no_type: declared_type.is_empty(),
                has_integer_type: declared_type.eq_ignore_ascii_case("INTEGER"),
                is_boolean: declared_type.to_ascii_uppercase().starts_with("BOOL"),
                is_json: declared_type.to_ascii_uppercase().starts_with("JSON")
                    || default
                        .as_deref()
                        .is_some_and(|sql| is_json_literal(connection, sql)),
                default: default.as_deref().and_then(literal),
                name,
            });
        }
        primary_key.sort();
        Ok(Self {
            columns,
            keys: foreign_keys(connection, table)?,
            primary_key: primary_key.into_iter().map(|(_, name)| name).collect(),
            hints: Hints::read(sql.iter().map(String::as_str)),
            sql,
        })
    }

    /// Returns `true` if the table is virtual.
    pub(crate) fn is_virtual(&self) -> bool {
        self.sql.first().is_some_and(|sql| {
            let tokens = cursor::tokens(sql);
            tokens
                .get(1)
                .is_some_and(|token| token.is_word(sql, "VIRTUAL"))
        })
    }

    /// Returns `true` if the rows of a virtual table follow from the rows of other tables.
    ///
    /// An example is `fts5vocab`.
    pub(crate) fn is_derived(&self) -> bool {
        const WITH_ROWS: &[&str] = &["fts3", "fts4", "fts5", "rtree", "rtree_i32", "geopoly"];
        let module = self.sql.first().and_then(|sql| {
            let tokens = cursor::tokens(sql);
            let using = tokens
                .iter()
                .position(|token| token.is_word(sql, "USING"))?;
            Some(unquote(tokens.get(using + 1)?.text(sql)).to_ascii_lowercase())
        });
        self.is_virtual() && !module.is_some_and(|module| WITH_ROWS.contains(&module.as_str()))
    }

    /// Returns `true` if a column is another name of the rowid.
    pub(crate) fn has_rowid_column(&self) -> bool {
        let mut columns = self.columns.iter();
        self.primary_key.len() == 1
            && columns.any(|column| column.is_in_key && column.has_integer_type)
    }

    /// Returns `true` if the table has an AUTOINCREMENT counter.
    pub(crate) fn has_counter(&self) -> bool {
        self.sql.first().is_some_and(|sql| {
            let tokens = cursor::tokens(sql);
            tokens
                .iter()
                .any(|token| token.is_word(sql, "AUTOINCREMENT"))
        })
    }

    /// Returns `true` if the table has triggers.
    pub(crate) fn has_triggers(&self) -> bool {
        self.sql.iter().any(|sql| {
            let tokens = cursor::tokens(sql);
            tokens.iter().any(|token| token.is_word(sql, "TRIGGER"))
        })
    }

    /// Returns the table whose rows a full-text table indexes; empty for a contentless table.
    ///
    /// Returns `None` for a table with rows of its own.
    pub(crate) fn indexed_table(&self) -> Option<String> {
        indexed_table(self.sql.first()?)
    }
}

/// A column that an `INSERT` can give a value.
#[derive(Clone)]
pub(crate) struct Column {
    /// The name in lowercase.
    pub(crate) name: String,
    pub(crate) affinity: Affinity,
    /// `true` if the column is `NOT NULL` or part of the primary key.
    pub(crate) is_required: bool,
    /// `true` if the column is part of the primary key.
    pub(crate) is_in_key: bool,
    /// `true` if the column is part of a UNIQUE constraint or index.
    pub(crate) is_unique: bool,
    /// `true` for a type such as `BOOLEAN`, whose values are 0 and 1.
    pub(crate) is_boolean: bool,
    /// `true` if the declared type or the default says that the column has JSON.
    pub(crate) is_json: bool,
    /// `true` if the column has no declared type.
    pub(crate) has_no_type: bool,
    /// `true` if the declared type is INTEGER.
    has_integer_type: bool,
    /// The default value; `None` if there is none, or if it is an expression.
    pub(crate) default: Option<Value>,
}

/// The affinity of a column, which decides how SQLite converts values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Affinity {
    Integer,
    Real,
    Text,
    Blob,
    Numeric,
}

impl Column {
    /// Returns `true` if no two rows may have the same value, at least together with other columns.
    pub(crate) fn must_differ(&self) -> bool {
        self.is_in_key || self.is_unique
    }

    /// Returns `true` if no two rows may have the same text.
    pub(super) fn is_unique_text(&self) -> bool {
        self.must_differ() && (self.affinity == Affinity::Text || self.has_no_type)
    }
}

/// Returns `true` for the literal of a JSON object or array, such as `'{}'`.
fn is_json_literal(connection: &Connection, sql: &str) -> bool {
    let is_valid = || {
        let sql = format!("SELECT json_valid({sql})");
        connection
            .query_row(&sql, [], |row| row.get(0))
            .unwrap_or(false)
    };
    (sql.starts_with("'{") || sql.starts_with("'[")) && is_valid()
}

/// Returns the lowercase names of the columns that are part of a unique index.
fn unique_columns(connection: &Connection, table: &str) -> Result<Vec<String>> {
    let pragma = format!("PRAGMA main.index_list({})", quote(table));
    let mut statement = connection.prepare(&pragma)?;
    let mut rows = statement.query([])?;
    let mut names = Vec::new();
    while let Some(row) = rows.next()? {
        let (index, is_unique): (String, bool) = (row.get(1)?, row.get(2)?);
        if !is_unique {
            continue;
        }
        let pragma = format!("PRAGMA main.index_info({})", quote(&index));
        let mut statement = connection.prepare(&pragma)?;
        let columns = statement.query_map([], |row| row.get::<_, Option<String>>(2))?;
        for name in columns {
            names.extend(name?.map(|name| name.to_ascii_lowercase()));
        }
    }
    Ok(names)
}

/// Returns the affinity of a declared type.
///
/// The rules are in SQLite's documentation, under "Determination Of Column Affinity".
pub(crate) fn affinity(declared_type: &str) -> Affinity {
    let declared_type = declared_type.to_ascii_uppercase();
    let has_any = |words: &[&str]| words.iter().any(|word| declared_type.contains(word));
    if has_any(&["INT"]) {
        Affinity::Integer
    } else if has_any(&["CHAR", "CLOB", "TEXT"]) {
        Affinity::Text
    } else if declared_type.is_empty() || has_any(&["BLOB"]) {
        Affinity::Blob
    } else if has_any(&["REAL", "FLOA", "DOUB"]) {
        Affinity::Real
    } else {
        Affinity::Numeric
    }
}

/// A foreign key of a table.
#[derive(Debug, Clone)]
pub(crate) struct TableKey {
    pub(crate) parent: String,
    /// The lowercase columns of the key, each with the lowercase column that it references.
    pub(crate) columns: Vec<(String, String)>,
    /// `true` if a statement joins the tables by these columns, without a foreign key.
    pub(crate) is_implied: bool,
}

/// Returns the foreign keys of a table. Omits keys whose parent has no such key.
fn foreign_keys(connection: &Connection, table: &str) -> Result<Vec<TableKey>> {
    let pragma = format!("PRAGMA main.foreign_key_list({})", quote(table));
    let mut statement = connection.prepare(&pragma)?;
    let mut rows = statement.query([])?;
    let mut keys: Vec<(i64, TableKey)> = Vec::new();
    while let Some(row) = rows.next()? {
        let (id, position): (i64, u32) = (row.get(0)?, row.get(1)?);
        let (parent, from): (String, String) = (row.get(2)?, row.get(3)?);
        let to = match row.get::<_, Option<String>>(4)? {
            Some(to) => Some(to),
            None => primary_key(connection, &parent)?
                .into_iter()
                .nth(position as usize),
        };
        let Some(to) = to else {
            continue;
        };
        let pair = (from.to_ascii_lowercase(), to.to_ascii_lowercase());
        match keys.iter_mut().find(|(known, _)| *known == id) {
            Some((_, key)) => key.columns.push(pair),
            None => keys.push((
                id,
                TableKey {
                    parent,
                    columns: vec![pair],
                    is_implied: false,
                },
            )),
        }
    }
    Ok(keys.into_iter().map(|(_, key)| key).collect())
}

/// Returns the names of the primary key's columns, in the order of the key.
fn primary_key(connection: &Connection, table: &str) -> Result<Vec<String>> {
    let pragma = format!("PRAGMA main.table_info({})", quote(table));
    let mut statement = connection.prepare(&pragma)?;
    let columns = statement.query_map([], |row| Ok((row.get::<_, i64>(5)?, row.get(1)?)))?;
    let mut columns: Vec<(i64, String)> = columns.collect::<Result<_>>()?;
    columns.retain(|(position, _)| *position > 0);
    columns.sort();
    Ok(columns.into_iter().map(|(_, name)| name).collect())
}

/// Returns the SQL of a table, then of its indexes and triggers.
///
/// A stand-in for a virtual table has the SQL of the virtual table.
pub(crate) fn sql_of(connection: &Connection, table: &str) -> Result<Vec<String>> {
    let mut statement = connection.prepare(
        "SELECT sql FROM main.sqlite_master
         WHERE tbl_name = ?1 COLLATE NOCASE AND sql IS NOT NULL
         ORDER BY type NOT IN ('table', 'view')",
    )?;
    let sql = statement.query_map([table], |row| row.get(0))?;
    sql.map(|sql| {
        let sql: String = sql?;
        Ok(stand_ins::virtual_table(&sql).unwrap_or(sql))
    })
    .collect()
}

fn is_view(sql: &str) -> bool {
    let tokens = cursor::tokens(sql);
    tokens
        .get(1)
        .is_some_and(|token| token.is_word(sql, "VIEW"))
}

/// Returns the option `content` of a full-text table; empty for a contentless table.
///
/// Returns `None` for any other table. `sql` is the SQL of the table.
pub(crate) fn indexed_table(sql: &str) -> Option<String> {
    let tokens = cursor::tokens(sql);
    let is_virtual = tokens.get(1)?.is_word(sql, "VIRTUAL");
    let at = tokens
        .windows(2)
        .position(|pair| pair[0].is_word(sql, "content") && pair[1].is_mark(sql, "="))?;
    let value = tokens.get(at + 2).filter(|_| is_virtual)?;
    Some(unquote(value.text(sql)))
}
