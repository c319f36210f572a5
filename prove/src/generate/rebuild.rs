//! The rebuild of a table: a new table, a copy of the rows, and the objects that depend on it.

use std::collections::HashSet;

use revchain_core::schema::quote;
use revchain_core::sql::cursor;
use rusqlite::{Connection, Result};

use super::objects::{Kind, Object, Objects};
use super::text::{with_lines_of_added_columns, with_table_name};

/// The names of the rowid, in the order in which a statement uses them.
const ROWID_NAMES: [&str; 3] = ["rowid", "_rowid_", "oid"];

/// The replacement of a table by a new table of the same name.
pub(super) struct Rebuild {
    /// The name of the table, as written.
    pub(super) name: String,
    /// The CREATE TABLE statement of the new table, with the name of the old table.
    pub(super) definition: String,
    /// The columns of the new table that the copy fills, each with its value in the old table.
    pub(super) columns: Vec<(String, String)>,
}

impl Rebuild {
    /// Returns the rebuild of a table that keeps the definition of the table.
    pub(super) fn unchanged(
        connection: &Connection,
        objects: &Objects,
        table: &Object,
    ) -> Result<Self> {
        let schema = &objects.schema;
        let columns = schema.columns(&table.name).unwrap_or_default().into_iter();
        let columns = columns.filter(|column| !schema.is_generated(&table.name, column));
        let mut columns: Vec<String> = columns.map(quote).collect();
        if let Some(rowid) = hidden_rowid(connection, objects, table)? {
            columns.insert(0, rowid.to_owned());
        }
        Ok(Self {
            name: table.name.clone(),
            definition: table.sql.clone(),
            columns: columns
                .into_iter()
                .map(|name| (name.clone(), name))
                .collect(),
        })
    }

    /// Returns the statements. No object that names the table may exist, except for indexes and
    /// triggers on the table.
    pub(super) fn statements(&self, objects: &Objects) -> Vec<String> {
        let temporary = temporary_name(objects, &self.name);
        let (old, new) = (quote(&self.name), quote(&temporary));
        let (targets, values): (Vec<&str>, Vec<&str>) = self
            .columns
            .iter()
            .map(|(target, value)| (target.as_str(), value.as_str()))
            .unzip();
        let (targets, values) = (targets.join(", "), values.join(", "));
        let definition = with_lines_of_added_columns(&self.definition);
        let create = with_table_name(&definition, &temporary);
        let mut statements = vec![
            format!("{create};"),
            format!("INSERT INTO {new} ({targets})\nSELECT {values} FROM {old};"),
        ];
        if has_counter(&self.definition) {
            let [old, new] = [&self.name, &temporary].map(|name| literal(name));
            statements.push(format!(
                "DELETE FROM sqlite_sequence WHERE name = {new};\n\
                 INSERT INTO sqlite_sequence (name, seq)\n\
                 SELECT {new}, seq FROM sqlite_sequence WHERE name = {old};"
            ));
        }
        statements.push(format!(
            "DROP TABLE {old};\nALTER TABLE {new} RENAME TO {old};"
        ));
        statements
    }
}

/// The objects that a rebuild of some tables must create again, in the order of their creation.
pub(super) struct Dependents<'o> {
    /// The views and triggers to drop first, because SQLite cannot rename the new table otherwise.
    pub(super) dropped: Vec<&'o Object>,
    /// `dropped`, and the indexes and triggers that SQLite drops together with a table or view.
    pub(super) created: Vec<&'o Object>,
}

/// Returns the objects that depend on tables, directly or through views.
pub(super) fn dependents<'o>(objects: &'o Objects, tables: &[&str]) -> Dependents<'o> {
    let tables: HashSet<String> = tables
        .iter()
        .map(|name| name.to_ascii_lowercase())
        .collect();
    let mut names = tables.clone();
    loop {
        let count = names.len();
        for view in objects.of_kind(Kind::View) {
            if view.may_name(&names) {
                names.insert(view.name.to_ascii_lowercase());
            }
        }
        if names.len() == count {
            break;
        }
    }
    let is_affected = |object: &&Object| match object.kind {
        Kind::View => names.contains(&object.name.to_ascii_lowercase()),
        Kind::Trigger => object.is_on(&names) || object.may_name(&names),
        Kind::Index => object.is_on(&tables),
        Kind::Table | Kind::VirtualTable => false,
    };
    let created: Vec<&Object> = objects.all.iter().filter(is_affected).collect();
    let dropped = created.iter().copied();
    let dropped = dropped.filter(|object| !object.is_on(&names));
    Dependents {
        dropped: dropped.rev().collect(),
        created,
    }
}

/// Returns the script that rebuilds tables and creates the objects again that depend on them.
pub(super) fn rebuild_all(
    objects: &Objects,
    rebuilds: &[Rebuild],
    depending: &Dependents<'_>,
) -> String {
    let mut groups = vec![drops(&depending.dropped)];
    for rebuild in rebuilds {
        groups.extend(rebuild.statements(objects));
    }
    groups.extend(depending.created.iter().map(|object| creation(object)));
    join(groups)
}

/// Returns the DROP statements of objects, one a line.
pub(super) fn drops(objects: &[&Object]) -> String {
    let drops = objects.iter().map(|object| {
        let kind = match object.kind {
            Kind::Table | Kind::VirtualTable => "TABLE",
            Kind::View => "VIEW",
            Kind::Index => "INDEX",
            Kind::Trigger => "TRIGGER",
        };
        format!("DROP {kind} {};", quote(&object.name))
    });
    drops.collect::<Vec<_>>().join("\n")
}

/// Returns the statement that creates an object again.
pub(super) fn creation(object: &Object) -> String {
    format!("{};", object.sql)
}

/// Joins statements to a script, with an empty line between them.
pub(super) fn join(mut groups: Vec<String>) -> String {
    groups.retain(|group| !group.is_empty());
    groups.join("\n\n")
}

/// Returns the name of the rowid, if the copy must copy it.
///
/// The rowids must stay if a view, a trigger or a virtual table may use them.
/// Returns `None` if a column is another name of the rowid: the copy includes that column.
fn hidden_rowid(
    connection: &Connection,
    objects: &Objects,
    table: &Object,
) -> Result<Option<&'static str>> {
    let own = HashSet::from([table.name.to_ascii_lowercase()]);
    let words: HashSet<String> = ROWID_NAMES.map(str::to_owned).into();
    let is_user = |object: &&Object| {
        let uses_rowid = match object.kind {
            Kind::View | Kind::Trigger => object.mentions(&words),
            Kind::VirtualTable => true,
            Kind::Table | Kind::Index => false,
        };
        uses_rowid && object.may_name(&own)
    };
    if !objects.all.iter().any(|object| is_user(&object)) {
        return Ok(None);
    }
    let columns = objects.schema.columns(&table.name).unwrap_or_default();
    let is_free = |name: &&str| {
        !columns
            .iter()
            .any(|column| column.eq_ignore_ascii_case(name))
    };
    let Some(name) = ROWID_NAMES.into_iter().find(is_free) else {
        return Ok(None);
    };
    let shown = quote(&table.name);
    let has_rowid = connection.prepare(&format!("SELECT {name} FROM main.{shown}"));
    if has_rowid.is_err() || has_rowid_column(connection, &table.name)? {
        return Ok(None);
    }
    Ok(Some(name))
}

/// Returns `true` if a column of a rowid table is another name of the rowid.
///
/// A primary key that is the rowid has no index.
fn has_rowid_column(connection: &Connection, table: &str) -> Result<bool> {
    let count = |sql: &str| connection.query_row(sql, [table], |row| row.get::<_, i64>(0));
    let keys = count("SELECT count(*) FROM pragma_table_info(?1) WHERE pk > 0")?;
    let indexes = count("SELECT count(*) FROM pragma_index_list(?1) WHERE origin = 'pk'")?;
    Ok(keys > 0 && indexes == 0)
}

/// Returns `true` if the table has an AUTOINCREMENT counter.
fn has_counter(sql: &str) -> bool {
    let tokens = cursor::tokens(sql);
    tokens
        .iter()
        .any(|token| token.is_word(sql, "AUTOINCREMENT"))
}

/// Returns a name for the new table that no other object has.
fn temporary_name(objects: &Objects, table: &str) -> String {
    let first = format!("new_{table}");
    let numbered = (2..).map(|number| format!("new_{table}_{number}"));
    let mut names = std::iter::once(first).chain(numbered);
    names
        .find(|name| !objects.has_name(name))
        .unwrap_or_default()
}

/// Returns a name as a string literal.
fn literal(name: &str) -> String {
    format!("'{}'", name.replace('\'', "''"))
}
