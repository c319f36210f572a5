//! The parser for `CREATE TABLE`, starting after the name of the table.

use std::collections::HashSet;

use super::clauses::{
    DEFERRED, collation, default, deferral, on_conflict, references, render_list, type_name,
};
use super::render::{ALL_NAMES, IsString, fold, lower, quote, render};
use super::table::{Column, Constraint, ConstraintKind, Table, TableOptions};
use crate::sql::cursor::{Cursor, split};
use crate::sql::keywords::{ROWID_NAMES, TABLE_CONSTRAINTS};
use crate::sql::tokenizer::Token;

struct TableParser<'a> {
    is_string: IsString<'a>,
    table: Table,
}

/// Parses the columns, constraints and options of a table.
///
/// Returns `None` for a definition that this version cannot parse.
pub(super) fn parse_table(mut cursor: Cursor<'_>) -> Option<Table> {
    let sql = cursor.sql;
    let items = split(sql, cursor.group()?);
    // An expression can use a later column, so collect all names before parsing an expression.
    let mut names = HashSet::new();
    for item in &items {
        let mut cursor = Cursor::new(sql, item);
        if !cursor.is_at(TABLE_CONSTRAINTS) {
            names.extend(cursor.name().map(|name| lower(&name)));
        }
    }
    let is_string = |name: &str| {
        let name = lower(name);
        !names.contains(&name) && !ROWID_NAMES.contains(&name.as_str())
    };
    let mut parser = TableParser {
        is_string: &is_string,
        table: Table::default(),
    };
    parser.table.options = options(cursor)?;
    for item in items {
        let mut cursor = Cursor::new(sql, item);
        if !cursor.is_at(TABLE_CONSTRAINTS) {
            parser.column(&mut cursor)?;
        }
        // The comma between constraints is optional.
        while cursor.peek().is_some() {
            parser.constraint(&mut cursor)?;
        }
    }
    Some(parser.finish())
}

/// Parses any number of `CONSTRAINT name` clauses. SQLite accepts a name without a constraint.
///
/// Returns the last clause in normal form and a space, or an empty text.
fn constraint_name(cursor: &mut Cursor<'_>) -> Option<String> {
    let mut name = String::new();
    while cursor.eat(&["CONSTRAINT"]) {
        name = format!("CONSTRAINT {} ", quote(&cursor.name()?));
    }
    Some(name)
}

fn options(mut cursor: Cursor<'_>) -> Option<TableOptions> {
    let mut options = TableOptions::default();
    while cursor.peek().is_some() {
        if cursor.eat(&["WITHOUT", "ROWID"]) {
            options.is_without_rowid = true;
        } else if cursor.eat(&["STRICT"]) {
            options.is_strict = true;
        } else {
            return None;
        }
        cursor.eat_mark(",");
    }
    Some(options)
}

impl TableParser<'_> {
    fn column(&mut self, cursor: &mut Cursor<'_>) -> Option<()> {
        let mut column = Column {
            name: cursor.name()?,
            type_name: type_name(cursor)?,
            ..Column::default()
        };
        while cursor.peek().is_some() {
            let name = constraint_name(cursor)?;
            if cursor.eat(&["CHECK"]) {
                self.check(cursor, &name)?;
            } else if cursor.peek().is_some() {
                self.column_clause(cursor, &mut column)?;
            }
        }
        self.table.columns.push(column);
        Some(())
    }

    /// Parses one clause, other than CHECK, and stores it in `column`.
    fn column_clause(&mut self, cursor: &mut Cursor<'_>, column: &mut Column) -> Option<()> {
        if cursor.eat(&["PRIMARY", "KEY"]) {
            column.is_descending = cursor.eat(&["DESC"]);
            cursor.eat(&["ASC"]);
            let order = if column.is_descending { " DESC" } else { "" };
            column.primary_key = format!("PRIMARY KEY{order}{}", on_conflict(cursor)?);
            if cursor.eat(&["AUTOINCREMENT"]) {
                column.primary_key += " AUTOINCREMENT";
            }
            column.is_in_key = true;
            self.table.keys.push(quote(&column.name));
        } else if cursor.eat(&["NOT", "NULL"]) {
            column.not_null = format!("NOT NULL{}", on_conflict(cursor)?);
        } else if cursor.eat(&["NULL"]) {
            on_conflict(cursor)?;
        } else if cursor.eat(&["UNIQUE"]) {
            column.unique = format!("UNIQUE{}", on_conflict(cursor)?);
            self.table.keys.push(quote(&column.name));
        } else if cursor.eat(&["DEFAULT"]) {
            column.default = default(cursor)?;
        } else if cursor.eat(&["COLLATE"]) {
            column.collation = collation(&cursor.name()?);
        } else if cursor.eat(&["REFERENCES"]) {
            let text = references(cursor, &mut self.table.parents)?;
            column.references.push(text);
        } else if let Some(deferral) = deferral(cursor) {
            // SQLite applies DEFERRABLE to the last foreign key, even if an earlier column has it.
            let mut columns = self.table.columns.iter_mut().chain([column]).rev();
            if let Some(text) = columns.find_map(|column| column.references.last_mut()) {
                *text = text.trim_end_matches(DEFERRED).to_owned() + deferral;
            }
        } else if cursor.eat(&["AS"]) {
            let expression = render(cursor.sql, cursor.group()?, self.is_string);
            let is_stored = cursor.eat(&["STORED"]);
            cursor.eat(&["VIRTUAL"]);
            let storage = if is_stored { "STORED" } else { "VIRTUAL" };
            column.generated = format!("AS ({expression}) {storage}");
        } else {
            // SQLite ignores GENERATED ALWAYS if no AS follows.
            cursor.expect(&["GENERATED", "ALWAYS"])?;
        }
        Some(())
    }

    fn constraint(&mut self, cursor: &mut Cursor<'_>) -> Option<()> {
        let name = constraint_name(cursor)?;
        if cursor.eat(&["CHECK"]) {
            self.check(cursor, &name)
        } else if cursor.eat(&["FOREIGN", "KEY"]) {
            self.foreign_key(cursor)
        } else if cursor.eat(&["PRIMARY", "KEY"]) {
            self.key(cursor, ConstraintKind::PrimaryKey, "PRIMARY KEY")
        } else if cursor.eat(&["UNIQUE"]) {
            self.key(cursor, ConstraintKind::Unique, "UNIQUE")
        } else if cursor.peek().is_none() {
            Some(())
        } else {
            None
        }
    }

    fn check(&mut self, cursor: &mut Cursor<'_>, name: &str) -> Option<()> {
        let expression = render(cursor.sql, cursor.group()?, self.is_string);
        // SQLite ignores a conflict clause of a CHECK.
        on_conflict(cursor)?;
        // The normal form includes the name, because SQLite's error message contains the name.
        self.add(ConstraintKind::Check, format!("{name}CHECK ({expression})"));
        Some(())
    }

    fn foreign_key(&mut self, cursor: &mut Cursor<'_>) -> Option<()> {
        let sql = cursor.sql;
        let list = cursor.group()?;
        cursor.expect(&["REFERENCES"])?;
        let text = references(cursor, &mut self.table.parents)?;
        let text = text + deferral(cursor).unwrap_or_default();
        if let Some(column) = self.single_column(sql, list) {
            column.references.push(text);
        } else {
            let columns = render_list(sql, list, ALL_NAMES);
            let text = format!("FOREIGN KEY ({columns}) {text}");
            self.add(ConstraintKind::ForeignKey, text);
        }
        Some(())
    }

    /// Parses a PRIMARY KEY or UNIQUE constraint of the table. The cursor is after `words`.
    fn key(&mut self, cursor: &mut Cursor<'_>, kind: ConstraintKind, words: &str) -> Option<()> {
        let sql = cursor.sql;
        let (list, autoincrement) = match cursor.group()? {
            [list @ .., last] if last.is_word(sql, "AUTOINCREMENT") => (list, " AUTOINCREMENT"),
            list => (list, ""),
        };
        let conflict = on_conflict(cursor)?;
        let is_primary = kind == ConstraintKind::PrimaryKey;
        for name in split(sql, list).into_iter().filter_map(<[Token]>::first) {
            for column in &mut self.table.columns {
                column.is_in_key |= is_primary && name.is_named(sql, &column.name);
            }
        }
        let key = if let Some(column) = self.single_column(sql, list) {
            // The text omits DESC: a column with `PRIMARY KEY DESC` would not be the rowid.
            let text = format!("{words}{conflict}{autoincrement}");
            if is_primary {
                column.primary_key = text;
            } else {
                column.unique = text;
            }
            quote(&column.name)
        } else {
            let key = render_list(sql, list, ALL_NAMES);
            self.add(kind, format!("{words} ({key}){conflict}"));
            key
        };
        self.table.keys.push(key);
        Some(())
    }

    /// Adds a constraint. Replaces a constraint whose text is the same after [`fold`].
    fn add(&mut self, kind: ConstraintKind, text: String) {
        let constraints = &mut self.table.constraints;
        constraints.insert(fold(&text), Constraint { kind, text });
    }

    /// Returns the column of a table constraint that has only one column.
    ///
    /// Returns `None` if the constraint would mean something else as a clause of the column.
    fn single_column(&mut self, sql: &str, list: &[Token]) -> Option<&mut Column> {
        let columns = split(sql, list);
        let [[name, order @ ..]] = columns.as_slice() else {
            return None;
        };
        let mut columns = self.table.columns.iter_mut();
        let column = columns.find(|column| name.is_named(sql, &column.name))?;
        let has_same_meaning = match order {
            [] => true,
            [order] if order.is_word(sql, "ASC") => true,
            // The table constraint `PRIMARY KEY (id DESC)` makes an INTEGER column the rowid.
            [order] if order.is_word(sql, "DESC") => column.has_integer_type(),
            _ => false,
        };
        if has_same_meaning { Some(column) } else { None }
    }

    /// Returns the table. Removes redundant NOT NULL clauses and sorts the foreign keys.
    ///
    /// NOT NULL is redundant for a rowid, and for key columns of STRICT or WITHOUT ROWID tables.
    fn finish(self) -> Table {
        let mut table = self.table;
        let has_rowid = !table.options.is_without_rowid;
        for column in &mut table.columns {
            let is_rowid = has_rowid
                && column.has_integer_type()
                && !column.primary_key.is_empty()
                && !column.is_descending;
            let is_never_null = is_rowid || column.is_in_key && !table.options.is_empty();
            // `NOT NULL ON CONFLICT …` stays, because the conflict clause has an effect.
            if is_never_null && column.not_null == "NOT NULL" {
                column.not_null.clear();
            }
            column.references.sort_unstable();
        }
        table
    }
}
