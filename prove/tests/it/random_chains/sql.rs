//! The SQL of the model: definitions, and rebuilds of tables.

use super::model::{Check, Column, Index, Key, Schema, Table, Trigger, Type, View};

/// Quotes a name if it is not a plain word.
pub(crate) fn q(name: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if name.chars().all(is_plain) {
        return name.to_owned();
    }
    format!("\"{name}\"")
}

pub(crate) fn list<S: AsRef<str>>(names: &[S]) -> String {
    let names: Vec<String> = names.iter().map(|name| q(name.as_ref())).collect();
    names.join(", ")
}

fn type_name(ty: Type, strict: bool) -> &'static str {
    match ty {
        Type::Integer => "INTEGER",
        Type::Text => "TEXT",
        Type::Real => "REAL",
        Type::Blob => "BLOB",
        Type::Numeric => "NUMERIC",
        Type::Any if strict => "ANY",
        Type::Any => "",
    }
}

pub(crate) fn check(check: Check, name: &str) -> String {
    let name = q(name);
    match check {
        Check::Words => format!("CHECK ({name} IN ('red', 'green', 'blue'))"),
        Check::Flag => format!("CHECK ({name} IN (0, 1))"),
        Check::Digit => format!("CHECK ({name} BETWEEN 1 AND 9)"),
        Check::Short => format!("CHECK (length({name}) <= 40)"),
    }
}

pub(crate) fn column(column: &Column, strict: bool) -> String {
    let mut parts = vec![q(&column.name), type_name(column.ty, strict).to_owned()];
    if column.not_null {
        parts.push("NOT NULL".to_owned());
    }
    if let Some(default) = column.default {
        parts.push(format!("DEFAULT {default}"));
    }
    if column.unique {
        parts.push("UNIQUE".to_owned());
    }
    if let Some(kind) = column.check {
        parts.push(check(kind, &column.name));
    }
    if column.no_case {
        parts.push("COLLATE NOCASE".to_owned());
    }
    if let Some(reference) = &column.reference {
        let table = q(&reference.table);
        parts.push(format!("REFERENCES {table} (id) {}", reference.action));
    }
    if let Some(generated) = &column.generated {
        let source = q(&generated.source);
        let (function, storage) = (generated.function, generated.storage);
        parts.push(format!("AS ({function}({source})) {storage}"));
    }
    parts.retain(|part| !part.is_empty());
    parts.join(" ").trim_end().to_owned()
}

/// Returns the CREATE TABLE statement of a table, under another name.
pub(crate) fn create_as(table: &Table, name: &str) -> String {
    let mut parts = Vec::new();
    match table.key {
        Key::None => {}
        Key::Integer => parts.push("id INTEGER PRIMARY KEY".to_owned()),
        Key::Counter => parts.push("id INTEGER PRIMARY KEY AUTOINCREMENT".to_owned()),
        Key::Text | Key::TextWithoutRowid => parts.push("id TEXT PRIMARY KEY NOT NULL".to_owned()),
        Key::Pair => parts.extend([
            "g TEXT NOT NULL".to_owned(),
            "n INTEGER NOT NULL".to_owned(),
        ]),
    }
    let columns = table.columns.iter();
    parts.extend(columns.map(|part| column(part, table.strict)));
    if table.key == Key::Pair {
        parts.push("PRIMARY KEY (g, n)".to_owned());
    }
    let mut options = Vec::new();
    if table.strict {
        options.push("STRICT");
    }
    if table.key == Key::TextWithoutRowid {
        options.push("WITHOUT ROWID");
    }
    let (name, parts, options) = (q(name), parts.join(", "), options.join(", "));
    format!("CREATE TABLE {name} ({parts}) {options}")
        .trim_end()
        .to_owned()
}

pub(crate) fn index(index: &Index, table: &str) -> String {
    let unique = if index.unique { "UNIQUE " } else { "" };
    let column = q(&index.column);
    let filter = if index.partial {
        format!(" WHERE {column} IS NOT NULL")
    } else {
        String::new()
    };
    let (name, table) = (q(&index.name), q(table));
    format!("CREATE {unique}INDEX {name} ON {table} ({column}){filter}")
}

pub(crate) fn trigger(trigger: &Trigger, table: &str) -> String {
    let (name, table, column) = (q(&trigger.name), q(table), q(&trigger.column));
    format!(
        "CREATE TRIGGER {name} BEFORE INSERT ON {table} WHEN new.{column} = 'forbidden' \
         BEGIN SELECT raise(ABORT, 'forbidden'); END"
    )
}

pub(crate) fn view(view: &View) -> String {
    let (name, columns, table) = (q(&view.name), list(&view.columns), q(&view.table));
    format!("CREATE VIEW {name} AS SELECT {columns} FROM {table}")
}

/// Returns the statements that create a table with its indexes and triggers.
pub(crate) fn create(table: &Table) -> Vec<String> {
    let mut statements = vec![create_as(table, &table.name)];
    statements.extend(attached(table));
    statements
}

fn attached(table: &Table) -> Vec<String> {
    let indexes = table.indexes.iter().map(|part| index(part, &table.name));
    let triggers = table.triggers.iter();
    let triggers = triggers.map(|part| trigger(part, &table.name));
    indexes.chain(triggers).collect()
}

/// The order of the statements of a rebuild.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// The new table is filled, then takes the place of the old table.
    NewFirst,
    /// The old table is renamed, and dropped after the copy.
    OldAside,
}

/// The form of the INSERT that copies the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// `INSERT INTO new (a, b) SELECT a, b`.
    Named,
    /// `INSERT INTO new SELECT *`.
    Positional,
}

/// The INSERT that fills the new table of a rebuild.
#[derive(Debug, Clone)]
pub(crate) struct Transfer {
    pub(crate) verb: &'static str,
    /// The columns of the new table, each with the expression for its value.
    pub(crate) pairs: Vec<(String, String)>,
    /// The text after `FROM old`, such as a WHERE.
    pub(crate) tail: String,
    pub(crate) order: Order,
    pub(crate) form: Form,
    /// `true` if the statements after the INSERT copy the counter of AUTOINCREMENT.
    pub(crate) keeps_counter: bool,
}

impl Transfer {
    /// Returns the copy of all columns that both tables have.
    pub(crate) fn of(old: &Table, new: &Table) -> Self {
        let names = old.stored();
        let mut pairs = Vec::new();
        for name in new.stored() {
            if names.contains(&name) {
                pairs.push((name.to_owned(), q(name)));
            }
        }
        Self {
            verb: "INSERT",
            pairs,
            tail: String::new(),
            order: Order::NewFirst,
            form: Form::Named,
            keeps_counter: true,
        }
    }

    /// Replaces the expression for a column.
    pub(crate) fn set(mut self, column: &str, expression: impl Into<String>) -> Self {
        let mut pairs = self.pairs.iter_mut();
        match pairs.find(|(name, _)| name == column) {
            Some(pair) => pair.1 = expression.into(),
            None => self.pairs.push((column.to_owned(), expression.into())),
        }
        self
    }

    /// Leaves a column out.
    pub(crate) fn omit(mut self, column: &str) -> Self {
        self.pairs.retain(|(name, _)| name != column);
        self
    }

    pub(crate) fn tail(mut self, tail: impl Into<String>) -> Self {
        self.tail = tail.into();
        self
    }

    pub(crate) fn verb(mut self, verb: &'static str) -> Self {
        self.verb = verb;
        self
    }

    fn sql(&self, from: &str, to: &str) -> String {
        let (verb, tail) = (self.verb, &self.tail);
        let (to, from) = (q(to), q(from));
        if self.form == Form::Positional {
            return format!("{verb} INTO {to} SELECT * FROM {from} {tail}");
        }
        let names: Vec<&str> = self.pairs.iter().map(|(name, _)| name.as_str()).collect();
        let values: Vec<&str> = self.pairs.iter().map(|(_, value)| value.as_str()).collect();
        let (names, values) = (list(&names), values.join(", "));
        format!("{verb} INTO {to} ({names}) SELECT {values} FROM {from} {tail}")
            .trim_end()
            .to_owned()
    }
}

/// Returns the statements that rebuild a table. `schema` has the views before the rebuild.
pub(crate) fn rebuild(schema: &Schema, old: &Table, new: &Table, copy: &Transfer) -> Vec<String> {
    let views = schema.views_of(&old.name);
    let mut sql: Vec<String> = views
        .iter()
        .map(|view| format!("DROP VIEW {}", q(&view.name)))
        .collect();
    let (from, to) = match copy.order {
        Order::NewFirst => (old.name.clone(), format!("new_{}", new.name)),
        Order::OldAside => (format!("old_{}", old.name), new.name.clone()),
    };
    if copy.order == Order::OldAside {
        sql.push(format!(
            "ALTER TABLE {} RENAME TO {}",
            q(&old.name),
            q(&from)
        ));
    }
    sql.push(create_as(new, &to));
    sql.push(copy.sql(&from, &to));
    if copy.keeps_counter && old.key == Key::Counter && new.key == Key::Counter {
        sql.push(format!("DELETE FROM sqlite_sequence WHERE name = '{to}'"));
        sql.push(format!(
            "INSERT INTO sqlite_sequence (name, seq) SELECT '{to}', seq FROM sqlite_sequence WHERE name = '{from}'"
        ));
    }
    sql.push(format!("DROP TABLE {}", q(&from)));
    if copy.order == Order::NewFirst {
        sql.push(format!("ALTER TABLE {} RENAME TO {}", q(&to), q(&new.name)));
    }
    sql.extend(attached(new));
    sql.extend(views.into_iter().map(view));
    sql
}
