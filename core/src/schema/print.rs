//! A schema as SQL for people, with one column or clause a line.
//!
//! The SQL is that of the normal form, so equal schemas give the same text, apart from the case of
//! names. SQLite makes an equal schema of the SQL.

use std::collections::{BTreeMap, HashMap};

use super::clauses::type_name;
use super::normal_form::Schema;
use super::object::{Object, ObjectKind};
use super::print_tokens::{Layout, Names, print_tokens};
use super::render::{lower, quote};
use super::table::{Column, ConstraintKind, Table};
use crate::sql::cursor::{Cursor, tokens};
use crate::sql::keywords::is_reserved;
use crate::sql::tokenizer::{Kind, Token};

/// An object of a schema as SQL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrintedObject<'s> {
    /// `table`, `index`, `trigger` or `view`; `object` for a statement that could not be parsed.
    pub kind: &'static str,
    /// The name as written. Empty for a statement that could not be parsed.
    pub name: &'s str,
    /// The table or view of an index or a trigger.
    pub table: Option<&'s str>,
    /// The statement that creates the object, without a semicolon.
    pub sql: String,
}

impl Schema {
    /// Returns the schema as SQL, which ends with a line break unless the schema has no objects.
    ///
    /// Equal schemas give the same SQL, apart from the case of names.
    pub fn to_sql(&self) -> String {
        let mut text = String::new();
        for object in self.printed() {
            let is_after_table = object.kind == "index";
            if !is_after_table && !text.is_empty() {
                text.push('\n');
            }
            text += &object.sql;
            text += ";\n";
        }
        text
    }

    /// Returns the objects as SQL, in an order in which SQLite can create them.
    ///
    /// The order is: the tables by name, each followed by its indexes and its triggers, then the
    /// views by name, each followed by its triggers.
    pub fn printed(&self) -> Vec<PrintedObject<'_>> {
        let names = Names::of(self.included().flat_map(names_of));
        let mut attached: HashMap<String, Vec<&Object>> = HashMap::new();
        let mut others: BTreeMap<u8, Vec<&Object>> = BTreeMap::new();
        for object in self.included() {
            match (&object.on_table, object.kind) {
                (Some(table), _) => attached.entry(lower(table)).or_default().push(object),
                (None, ObjectKind::Table) => others.entry(0).or_default().push(object),
                (None, ObjectKind::View) => others.entry(1).or_default().push(object),
                (None, _) => others.entry(2).or_default().push(object),
            }
        }
        let mut printed = Vec::new();
        for object in others.into_values().flatten() {
            printed.push(print_object(object, &names));
            let mut on_table = attached.remove(&lower(&object.name)).unwrap_or_default();
            on_table.sort_by_key(|object| object.kind == ObjectKind::Trigger);
            printed.extend(on_table.iter().map(|object| print_object(object, &names)));
        }
        // A schema that was changed by hand can have an index without its table.
        let mut rest: Vec<&Object> = attached.into_values().flatten().collect();
        rest.sort_by_key(|object| object.key());
        printed.extend(rest.iter().map(|object| print_object(object, &names)));
        printed
    }

    /// Returns the CHECK constraints of a table as SQL. `table` can have any case.
    pub fn checks(&self, table: &str) -> Vec<String> {
        let names = Names::of(self.included().flat_map(names_of));
        let constraints = self
            .definition(table)
            .into_iter()
            .flat_map(|table| table.constraints.values());
        constraints
            .filter(|constraint| constraint.kind == ConstraintKind::Check)
            .map(|constraint| print_tokens(&constraint.text, &names, Layout::OneLine))
            .collect()
    }
}

/// Returns the names that an object defines: its own, and those of its columns.
fn names_of(object: &Object) -> impl Iterator<Item = &str> {
    let columns = object.table.iter().flat_map(|table| &table.columns);
    let columns = columns.map(|column| column.name.as_str());
    [object.name.as_str()].into_iter().chain(columns)
}

fn print_object<'s>(object: &'s Object, names: &Names<'_>) -> PrintedObject<'s> {
    let name = object_name(&object.name);
    let text = |layout| print_tokens(&object.text, names, layout);
    let sql = match object.kind {
        ObjectKind::Table => match &object.table {
            Some(table) => format!("CREATE TABLE {name} {}", print_table(table, names)),
            None if object.is_virtual() => {
                format!("CREATE VIRTUAL TABLE {name} {}", text(Layout::Module))
            }
            None => format!("CREATE TABLE {name} {}", text(Layout::OneLine)),
        },
        ObjectKind::Index => {
            let unique = if object.is_unique { "UNIQUE " } else { "" };
            let text = text(Layout::OneLine);
            let definition = text.strip_prefix(unique).unwrap_or(&text);
            format!("CREATE {unique}INDEX {name} {definition}")
        }
        ObjectKind::View => format!("CREATE VIEW {name} {}", text(Layout::View)),
        ObjectKind::Trigger => format!("CREATE TRIGGER {name} {}", text(Layout::Trigger)),
        ObjectKind::Unparsed => text(Layout::OneLine),
    };
    PrintedObject {
        kind: object.kind.name(),
        name: &object.name,
        table: object.on_table.as_deref(),
        sql,
    }
}

/// Returns the name of an object after `CREATE TABLE` and the like.
///
/// SQLite reads a bare `IF` there as the start of `IF NOT EXISTS`.
fn object_name(name: &str) -> String {
    if name.eq_ignore_ascii_case("if") {
        return format!("\"{name}\"");
    }
    quote(name)
}

fn print_table(table: &Table, names: &Names<'_>) -> String {
    let columns = table.columns.iter();
    let mut lines: Vec<String> = columns.map(|column| print_column(column, names)).collect();
    let kinds = [
        ConstraintKind::PrimaryKey,
        ConstraintKind::Unique,
        ConstraintKind::ForeignKey,
        ConstraintKind::Check,
    ];
    for kind in kinds {
        let constraints = table.constraints.values();
        let of_kind = constraints.filter(|constraint| constraint.kind == kind);
        lines.extend(of_kind.map(|found| print_tokens(&found.text, names, Layout::OneLine)));
    }
    let options = table.options.list();
    let space = if options.is_empty() { "" } else { " " };
    format!("(\n  {}\n){space}{options}", lines.join(",\n  "))
}

fn print_column(column: &Column, names: &Names<'_>) -> String {
    let mut clauses = vec![quote(&column.name)];
    if !column.type_name.is_empty() {
        clauses.push(print_type(&column.type_name));
    }
    clauses.push(print_tokens(&column.clauses(), names, Layout::OneLine));
    clauses.retain(|clause| !clause.is_empty());
    clauses.join(" ")
}

/// Returns a type as SQL, in double quotes if SQLite would not read it as a type otherwise.
fn print_type(name: &str) -> String {
    let tokens = tokens(name);
    let mut cursor = Cursor::new(name, &tokens);
    let is_same = type_name(&mut cursor).is_some_and(|read| read == name);
    let is_plain = |token: &Token| token.kind != Kind::Word || !is_reserved(token.text(name));
    if is_same && cursor.peek().is_none() && tokens.iter().all(is_plain) {
        return name.to_owned();
    }
    format!("\"{}\"", name.replace('"', "\"\""))
}
