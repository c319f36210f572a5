//! `CREATE TABLE` in normal form: its columns, each with what is said of it alone, and what is said of the table.

use std::collections::HashSet;

use super::cursor::{Cursor, split};
use super::text::{fold, lower, quote, render, string};
use crate::sql::{Kind, Token, unquote};

/// The columns, constraints and options of a table.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) columns: Vec<Column>,
    /// What each is equal by, and the constraint, in the order of the first.
    pub(super) constraints: Vec<(String, String)>,
    pub(super) options: String,
}

/// A column: its name as it is written, and its definition in normal form.
#[derive(Debug)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) definition: String,
}

/// What is known of a column while its table is read.
#[derive(Default)]
struct Parts {
    name: String,
    kind: String,
    /// Whether it is part of the primary key.
    is_key: bool,
    primary_key: String,
    not_null: String,
    unique: String,
    default: String,
    collation: String,
    generated: String,
    references: String,
}

#[derive(Default)]
struct Reader {
    columns: Vec<Parts>,
    constraints: Vec<String>,
}

/// The words that a constraint begins with.
const CONSTRAINTS: &[&str] = &["CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN"];

const COLUMN_CONSTRAINTS: &[&str] = &[
    "CONSTRAINT",
    "PRIMARY",
    "NOT",
    "NULL",
    "UNIQUE",
    "CHECK",
    "DEFAULT",
    "COLLATE",
    "REFERENCES",
    "AS",
    "DEFERRABLE",
];

/// Reads what follows the name of a table; nothing where this is not understood.
pub(super) fn read(cursor: &mut Cursor<'_>) -> Option<Table> {
    let sql = cursor.sql;
    let body = cursor.group()?;
    let options = read_options(cursor)?;
    let items = split(sql, body);
    // In a name of its own a column can be called anything, so all of them are looked at before any expression is.
    let mut names: HashSet<String> = HashSet::new();
    for item in &items {
        let mut cursor = Cursor::new(sql, item);
        if !cursor.is_at(CONSTRAINTS) {
            names.extend(cursor.next().map(|token| lower(&unquote(token.text(sql)))));
        }
    }
    let is_name = |name: &str| {
        ["rowid", "oid", "_rowid_"].iter().any(|rowid| rowid.eq_ignore_ascii_case(name))
            || names.contains(&lower(name))
    };
    let is_string = |name: &str| !is_name(name);
    let mut reader = Reader::default();
    for item in items {
        let mut cursor = Cursor::new(sql, item);
        let is_column = !cursor.is_at(CONSTRAINTS);
        if is_column {
            reader.column(&mut cursor, &is_string)?;
        }
        // A comma between constraints may be left out.
        while cursor.peek().is_some() {
            reader.table_constraint(&mut cursor, &is_string)?;
        }
    }
    Some(reader.finish(&options))
}

fn read_options(cursor: &mut Cursor<'_>) -> Option<Vec<&'static str>> {
    let mut options = Vec::new();
    while cursor.peek().is_some() {
        let option = match () {
            () if cursor.eat(&["WITHOUT", "ROWID"]) => "WITHOUT ROWID",
            () if cursor.eat(&["STRICT"]) => "STRICT",
            () => return None,
        };
        if let Err(at) = options.binary_search(&option) {
            options.insert(at, option);
        }
        cursor.eat_mark(",");
    }
    Some(options)
}

impl Reader {
    fn column(&mut self, cursor: &mut Cursor<'_>, is_string: &dyn Fn(&str) -> bool) -> Option<()> {
        let mut column = Parts { name: cursor.name()?, ..Parts::default() };
        column.kind = kind(cursor)?;
        let mut name = None;
        while cursor.peek().is_some() {
            if cursor.eat(&["CONSTRAINT"]) {
                name = Some(cursor.name()?);
                continue;
            }
            if cursor.eat(&["PRIMARY", "KEY"]) {
                let order = if cursor.eat(&["DESC"]) { " DESC" } else { "" };
                cursor.eat(&["ASC"]);
                let conflict = on_conflict(cursor)?;
                let autoincrement = if cursor.eat(&["AUTOINCREMENT"]) { " AUTOINCREMENT" } else { "" };
                column.primary_key = format!("PRIMARY KEY{order}{conflict}{autoincrement}");
                column.is_key = true;
            } else if cursor.eat(&["NOT", "NULL"]) {
                column.not_null = format!("NOT NULL{}", on_conflict(cursor)?);
            } else if cursor.eat(&["NULL"]) {
                on_conflict(cursor)?;
            } else if cursor.eat(&["UNIQUE"]) {
                column.unique = format!("UNIQUE{}", on_conflict(cursor)?);
            } else if cursor.eat(&["CHECK"]) {
                self.check(cursor, name.as_deref(), is_string)?;
            } else if cursor.eat(&["DEFAULT"]) {
                column.default = default(cursor)?;
            } else if cursor.eat(&["COLLATE"]) {
                column.collation = collation(&cursor.name()?);
            } else if cursor.eat(&["REFERENCES"]) {
                column.references = join(&column.references, &references(cursor)?);
            } else if cursor.eat(&["GENERATED", "ALWAYS", "AS"]) || cursor.eat(&["AS"]) {
                let sql = cursor.sql;
                let expression = render(sql, cursor.group()?, is_string);
                let stored = if cursor.eat(&["STORED"]) { "STORED" } else { "VIRTUAL" };
                cursor.eat(&["VIRTUAL"]);
                column.generated = format!("AS ({expression}) {stored}");
            } else if cursor.eat(&["GENERATED", "ALWAYS"]) {
                // Without an expression, SQLite takes the two words off the type, and that is all.
            } else if cursor.eat(&["NOT", "DEFERRABLE"]) || cursor.eat(&["DEFERRABLE"]) {
                // Of a key that was read already, which it then belongs to; alone it means nothing.
                initially(cursor);
            } else {
                return None;
            }
            name = None;
        }
        self.columns.push(column);
        Some(())
    }

    fn check(
        &mut self,
        cursor: &mut Cursor<'_>,
        name: Option<&str>,
        is_string: &dyn Fn(&str) -> bool,
    ) -> Option<()> {
        let sql = cursor.sql;
        let expression = render(sql, cursor.group()?, is_string);
        // SQLite reads a conflict clause here, and does not heed it.
        on_conflict(cursor)?;
        // The name is part of the error that a breach gives.
        let name = name.map(|name| format!("CONSTRAINT {} ", quote(name))).unwrap_or_default();
        self.constraints.push(format!("{name}CHECK ({expression})"));
        Some(())
    }

    fn table_constraint(&mut self, cursor: &mut Cursor<'_>, is_string: &dyn Fn(&str) -> bool) -> Option<()> {
        let sql = cursor.sql;
        let name = if cursor.eat(&["CONSTRAINT"]) { Some(cursor.name()?) } else { None };
        if name.is_some() && (cursor.peek().is_none() || cursor.is_at(&["CONSTRAINT"])) {
            // SQLite takes a name without a constraint.
            return Some(());
        }
        if cursor.eat(&["CHECK"]) {
            return self.check(cursor, name.as_deref(), is_string);
        }
        if cursor.eat(&["FOREIGN", "KEY"]) {
            let columns = split(sql, cursor.group()?);
            cursor.eat(&["REFERENCES"]).then_some(())?;
            let references = references(cursor)?;
            if let Some(column) = self.only(sql, &columns) {
                column.references = join(&column.references, &references);
            } else {
                let columns = render_list(sql, &columns, &|_| false);
                self.constraints.push(format!("FOREIGN KEY ({columns}) {references}"));
            }
            return Some(());
        }
        let is_primary = cursor.eat(&["PRIMARY", "KEY"]);
        if !is_primary && !cursor.eat(&["UNIQUE"]) {
            return None;
        }
        let mut group = cursor.group()?;
        let autoincrement = match group.split_last() {
            Some((last, before)) if last.is_word(sql, "AUTOINCREMENT") => {
                group = before;
                " AUTOINCREMENT"
            }
            _ => "",
        };
        let columns = split(sql, group);
        let conflict = on_conflict(cursor)?;
        if is_primary {
            for token in columns.iter().filter_map(|column| column.first()) {
                let key = unquote(token.text(sql));
                let is_key = |column: &&mut Parts| column.name.eq_ignore_ascii_case(&key);
                self.columns.iter_mut().filter(is_key).for_each(|column| column.is_key = true);
            }
        }
        match self.only(sql, &columns) {
            Some(column) if is_primary => {
                // With another order than the usual one, the key of the column would be no rowid.
                column.primary_key = format!("PRIMARY KEY{conflict}{autoincrement}");
            }
            Some(column) => column.unique = format!("UNIQUE{conflict}"),
            None => {
                let word = if is_primary { "PRIMARY KEY" } else { "UNIQUE" };
                let columns = render_list(sql, &columns, &|_| false);
                self.constraints.push(format!("{word} ({columns}){conflict}"));
            }
        }
        Some(())
    }

    /// The column that a constraint of the table is about, if it is about one alone and says no more of it than one
    /// of the column would.
    fn only(&mut self, sql: &str, columns: &[&[Token]]) -> Option<&mut Parts> {
        let [[token, order @ ..]] = columns else { return None };
        let column = unquote(token.text(sql));
        let found = self.columns.iter_mut().find(|parts| parts.name.eq_ignore_ascii_case(&column))?;
        let is_usual = match order {
            [] => true,
            [order] if order.is_word(sql, "ASC") => true,
            // An INTEGER PRIMARY KEY of the table is the rowid in either order.
            [order] if order.is_word(sql, "DESC") => fold(&found.kind) == "integer",
            _ => false,
        };
        is_usual.then_some(found)
    }

    fn finish(self, options: &[&str]) -> Table {
        let mut columns = Vec::with_capacity(self.columns.len());
        for mut column in self.columns {
            let is_rowid = !options.contains(&"WITHOUT ROWID")
                && column.kind == "INTEGER"
                && column.primary_key.starts_with("PRIMARY KEY")
                && !column.primary_key.starts_with("PRIMARY KEY DESC");
            // A rowid is never null, and with either option no key is: it need not be said.
            if (is_rowid || column.is_key && !options.is_empty()) && column.not_null == "NOT NULL" {
                column.not_null.clear();
            }
            let definition = spaced(&[
                &column.kind,
                &column.primary_key,
                &column.not_null,
                &column.unique,
                &column.default,
                &column.collation,
                &column.generated,
                &column.references,
            ]);
            columns.push(Column { name: column.name, definition });
        }
        let mut constraints: Vec<(String, String)> = Vec::new();
        for text in self.constraints {
            let folded = fold(&text);
            match constraints.binary_search_by(|(known, _)| known.cmp(&folded)) {
                Ok(at) => constraints[at].1 = text,
                Err(at) => constraints.insert(at, (folded, text)),
            }
        }
        Table { columns, constraints, options: options.join(", ") }
    }
}

/// Two keys of one column, in an order that does not depend on theirs.
fn join(one: &str, other: &str) -> String {
    if one <= other { spaced(&[one, other]) } else { spaced(&[other, one]) }
}

/// What of it is not empty, with a space between each.
fn spaced(parts: &[&str]) -> String {
    let mut text = String::new();
    for part in parts.iter().filter(|part| !part.is_empty()) {
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(part);
    }
    text
}

/// The type of a column, which may be none.
fn kind(cursor: &mut Cursor<'_>) -> Option<String> {
    let sql = cursor.sql;
    let mut words: Vec<String> = Vec::new();
    while let Some(token) = cursor.peek() {
        let is_name = matches!(token.kind, Kind::Word | Kind::QuotedWord | Kind::String);
        let is_generated = cursor.is_at(&["GENERATED"])
            && cursor.rest().get(1).is_some_and(|token| token.is_word(sql, "ALWAYS"));
        let is_constraint = cursor.is_at(COLUMN_CONSTRAINTS) || is_generated;
        if !is_name || is_constraint {
            break;
        }
        words.push(unquote(token.text(sql)).to_ascii_uppercase());
        cursor.next();
    }
    let mut kind = words.join(" ");
    if !words.is_empty() && cursor.peek().is_some_and(|token| token.text(sql) == "(") {
        kind += &format!("({})", render(sql, cursor.group()?, &|_| false));
    }
    Some(kind)
}

fn on_conflict(cursor: &mut Cursor<'_>) -> Option<String> {
    if !cursor.eat(&["ON", "CONFLICT"]) {
        return Some(String::new());
    }
    let action = cursor.name()?.to_ascii_uppercase();
    Some(if action == "ABORT" { String::new() } else { format!(" ON CONFLICT {action}") })
}

/// A default: a literal, a signed number, or an expression in parentheses. A name stands for a string.
fn default(cursor: &mut Cursor<'_>) -> Option<String> {
    let sql = cursor.sql;
    let (group, plain) = (cursor.group(), cursor.rest());
    let signed = usize::from(plain.first().is_some_and(|token| is_sign(sql, token)));
    let tokens = match group {
        Some(tokens) => tokens,
        None => {
            let tokens = plain.get(..=signed)?;
            tokens.iter().for_each(|_| {
                cursor.next();
            });
            tokens
        }
    };
    let value = match tokens {
        [token] if token.is_word(sql, "NULL") => return Some(String::new()),
        [token] if is_literal(sql, token) => render(sql, tokens, &|_| true),
        [sign, token] if is_sign(sql, sign) && token.kind == Kind::Number => {
            let sign = if sign.text(sql) == "-" { "-" } else { "" };
            format!("{sign}{}", render(sql, &tokens[1..], &|_| true))
        }
        [token] if group.is_none() => string(&unquote(token.text(sql))),
        // A default cannot use a column, so a name in it is a string.
        _ => format!("({})", render(sql, tokens, &|_| true)),
    };
    Some(format!("DEFAULT {value}"))
}

fn is_sign(sql: &str, token: &Token) -> bool {
    token.kind == Kind::Operator && matches!(token.text(sql), "+" | "-")
}

fn is_literal(sql: &str, token: &Token) -> bool {
    let words = ["NULL", "TRUE", "FALSE", "CURRENT_DATE", "CURRENT_TIME", "CURRENT_TIMESTAMP"];
    match token.kind {
        Kind::Word => words.iter().any(|word| token.is_word(sql, word)),
        Kind::QuotedWord => false,
        _ => true,
    }
}

fn collation(name: &str) -> String {
    // The usual one may also be said.
    if name.eq_ignore_ascii_case("BINARY") {
        String::new()
    } else {
        format!("COLLATE {}", quote(&name.to_ascii_uppercase()))
    }
}

/// What follows `REFERENCES`.
fn references(cursor: &mut Cursor<'_>) -> Option<String> {
    let sql = cursor.sql;
    let mut text = format!("REFERENCES {}", quote(&cursor.name()?));
    if cursor.peek().is_some_and(|token| token.text(sql) == "(") {
        text += &format!("({})", render_list(sql, &split(sql, cursor.group()?), &|_| false));
    }
    let (mut delete, mut update, mut deferred) = (String::new(), String::new(), "");
    loop {
        if cursor.eat(&["ON", "INSERT"]) {
            // Read, and not heeded.
            action(cursor, "INSERT")?;
        } else if cursor.eat(&["ON", "DELETE"]) {
            delete = action(cursor, "DELETE")?;
        } else if cursor.eat(&["ON", "UPDATE"]) {
            update = action(cursor, "UPDATE")?;
        } else if cursor.eat(&["MATCH"]) {
            // SQLite reads it, and does not heed it.
            cursor.name()?;
        } else if cursor.eat(&["NOT", "DEFERRABLE"]) {
            initially(cursor);
        } else if cursor.eat(&["DEFERRABLE"]) {
            if initially(cursor) {
                deferred = " DEFERRABLE INITIALLY DEFERRED";
            }
        } else {
            return Some(format!("{text}{delete}{update}{deferred}"));
        }
    }
}

/// `INITIALLY DEFERRED` or `INITIALLY IMMEDIATE`: whether it is the first.
fn initially(cursor: &mut Cursor<'_>) -> bool {
    let deferred = cursor.eat(&["INITIALLY", "DEFERRED"]);
    cursor.eat(&["INITIALLY", "IMMEDIATE"]);
    deferred
}

fn action(cursor: &mut Cursor<'_>, of: &str) -> Option<String> {
    let actions: &[&[&str]] =
        &[&["NO", "ACTION"], &["SET", "NULL"], &["SET", "DEFAULT"], &["CASCADE"], &["RESTRICT"]];
    let action = actions.iter().find(|words| cursor.eat(words))?.join(" ");
    Some(if action == "NO ACTION" { String::new() } else { format!(" ON {of} {action}") })
}

/// The columns of a key or an index, `ASC` left out: it is the usual order.
pub(super) fn render_list(sql: &str, columns: &[&[Token]], is_string: &dyn Fn(&str) -> bool) -> String {
    let columns = columns.iter().map(|column| match column.split_last() {
        Some((last, before)) if !before.is_empty() && last.is_word(sql, "ASC") => {
            render(sql, before, is_string)
        }
        _ => render(sql, column, is_string),
    });
    columns.collect::<Vec<_>>().join(", ")
}
