//! Reading the facts of a schema with SQLite's pragmas.

use std::collections::HashMap;

use revchain_core::schema::{PrintedObject, Schema};
use revchain_runtime::rusqlite::{Connection, Result, Row};

use super::model::{Column, ForeignKey, Generated, Index, Model, Table, Trigger, View};

impl Model {
    /// Reads the tables and views of `schema`, which is that of the connection.
    pub(crate) fn read(connection: &Connection, schema: &Schema) -> Result<Self> {
        let reader = Reader {
            connection,
            schema,
            options: table_options(connection)?,
        };
        let mut model = Self {
            tables: Vec::new(),
            views: Vec::new(),
        };
        let printed = schema.printed();
        let mut attached: HashMap<String, Vec<&PrintedObject<'_>>> = HashMap::new();
        for object in &printed {
            if let Some(table) = object.table {
                let on_table = attached.entry(table.to_ascii_lowercase());
                on_table.or_default().push(object);
            }
        }
        for object in &printed {
            let key = object.name.to_ascii_lowercase();
            let attached = attached.get(&key).map(Vec::as_slice).unwrap_or_default();
            match object.kind {
                "table" => model.tables.push(reader.table(object, attached)?),
                "view" => model.views.push(reader.view(object, attached)),
                _ => {}
            }
        }
        model.complete_parents();
        Ok(model)
    }

    /// Adds the columns of the parent to the foreign keys that do not name them.
    fn complete_parents(&mut self) {
        let keys: HashMap<String, Vec<String>> = self
            .tables
            .iter()
            .map(|table| {
                let key = table.primary_key().into_iter().map(str::to_owned);
                (table.name.to_ascii_lowercase(), key.collect())
            })
            .collect();
        for table in &mut self.tables {
            for key in &mut table.foreign_keys {
                if key.parent_columns.is_empty() {
                    let parent = keys.get(&key.parent.to_ascii_lowercase());
                    key.parent_columns = parent.cloned().unwrap_or_default();
                }
            }
            table.foreign_keys.sort_unstable();
        }
    }
}

/// The options of a table that SQLite reports.
#[derive(Debug, Clone, Copy, Default)]
struct TableOptions {
    is_without_rowid: bool,
    is_strict: bool,
}

/// Returns the options of all tables, by lowercase name.
fn table_options(connection: &Connection) -> Result<HashMap<String, TableOptions>> {
    let sql = "SELECT name, wr, strict FROM pragma_table_list WHERE schema = 'main'";
    let tables = rows(connection, sql, None, |row| {
        let options = TableOptions {
            is_without_rowid: row.get(1)?,
            is_strict: row.get(2)?,
        };
        Ok((text(row, 0)?.to_ascii_lowercase(), options))
    })?;
    Ok(tables.into_iter().collect())
}

struct Reader<'r> {
    connection: &'r Connection,
    schema: &'r Schema,
    options: HashMap<String, TableOptions>,
}

impl Reader<'_> {
    fn table(&self, object: &PrintedObject<'_>, attached: &[&PrintedObject<'_>]) -> Result<Table> {
        let name = object.name;
        let module = self.schema.module(name).map(str::to_owned);
        let options = self.options.get(&name.to_ascii_lowercase());
        let options = options.copied().unwrap_or_default();
        let mut table = Table {
            name: name.to_owned(),
            is_strict: options.is_strict && module.is_none(),
            is_without_rowid: options.is_without_rowid && module.is_none(),
            columns: Vec::new(),
            unique: Vec::new(),
            foreign_keys: Vec::new(),
            checks: self.schema.checks(name),
            indexes: Vec::new(),
            triggers: triggers(attached),
            sql: object.sql.clone(),
            module,
        };
        if table.module.is_some() {
            // SQLite cannot list the columns if the module is missing.
            table.columns = self.columns(name).unwrap_or_default();
            return Ok(table);
        }
        table.columns = self.columns(name)?;
        table.foreign_keys = self.foreign_keys(name)?;
        self.indexes(&mut table, attached)?;
        Ok(table)
    }

    fn view(&self, object: &PrintedObject<'_>, attached: &[&PrintedObject<'_>]) -> View {
        View {
            name: object.name.to_owned(),
            // A view can name a table that is missing.
            columns: self.columns(object.name).unwrap_or_default(),
            triggers: triggers(attached),
            sql: object.sql.clone(),
        }
    }

    /// Returns the columns of a table or view, without hidden columns of a virtual table.
    fn columns(&self, table: &str) -> Result<Vec<Column>> {
        let sql = "SELECT name, type, \"notnull\", dflt_value, pk, hidden
                   FROM pragma_table_xinfo(?1, 'main') WHERE hidden <> 1 ORDER BY cid";
        rows(self.connection, sql, Some(table), |row| {
            let position: u32 = row.get(4)?;
            Ok(Column {
                name: text(row, 0)?,
                type_name: text(row, 1)?,
                is_not_null: row.get(2)?,
                default: optional_text(row, 3)?,
                key_position: Some(position).filter(|&position| position > 0),
                generated: match row.get(5)? {
                    2 => Some(Generated::Virtual),
                    3 => Some(Generated::Stored),
                    _ => None,
                },
            })
        })
    }

    fn foreign_keys(&self, table: &str) -> Result<Vec<ForeignKey>> {
        let sql = "SELECT id, \"table\", \"from\", \"to\", on_delete, on_update
                   FROM pragma_foreign_key_list(?1, 'main') ORDER BY id, seq";
        let mut keys: Vec<(i64, ForeignKey)> = Vec::new();
        let columns = rows(self.connection, sql, Some(table), |row| {
            let key = ForeignKey {
                columns: vec![text(row, 2)?],
                parent: text(row, 1)?,
                parent_columns: optional_text(row, 3)?.into_iter().collect(),
                on_delete: text(row, 4)?,
                on_update: text(row, 5)?,
            };
            Ok((row.get(0)?, key))
        })?;
        for (id, column) in columns {
            match keys.last_mut() {
                Some((last, key)) if *last == id => {
                    key.columns.extend(column.columns);
                    key.parent_columns.extend(column.parent_columns);
                }
                _ => keys.push((id, column)),
            }
        }
        Ok(keys.into_iter().map(|(_, key)| key).collect())
    }

    /// Adds the indexes and the UNIQUE constraints of a table.
    fn indexes(&self, table: &mut Table, attached: &[&PrintedObject<'_>]) -> Result<()> {
        let sql = "SELECT name, \"unique\", origin, partial
                   FROM pragma_index_list(?1, 'main') ORDER BY name";
        let list = rows(self.connection, sql, Some(&table.name), |row| {
            Ok((text(row, 0)?, row.get(1)?, text(row, 2)?, row.get(3)?))
        })?;
        for (name, is_unique, origin, is_partial) in list {
            let sql = "SELECT name FROM pragma_index_info(?1, 'main') ORDER BY seqno";
            let columns: Vec<Option<String>> = rows(self.connection, sql, Some(&name), |row| {
                optional_text(row, 0)
            })?;
            let mut printed = attached.iter().filter(|object| object.kind == "index");
            let printed = printed.find(|object| object.name.eq_ignore_ascii_case(&name));
            match (origin.as_str(), printed) {
                ("u", _) => table.unique.push(columns.into_iter().flatten().collect()),
                ("c", Some(printed)) => table.indexes.push(Index {
                    name: printed.name.to_owned(),
                    is_unique,
                    is_partial,
                    columns,
                    sql: printed.sql.clone(),
                }),
                _ => {}
            }
        }
        table.unique.sort_unstable();
        Ok(())
    }
}

fn triggers(attached: &[&PrintedObject<'_>]) -> Vec<Trigger> {
    let triggers = attached.iter().filter(|object| object.kind == "trigger");
    triggers
        .map(|object| Trigger {
            name: object.name.to_owned(),
            sql: object.sql.clone(),
        })
        .collect()
}

/// Returns the rows of a query whose only parameter is a name.
fn rows<T>(
    connection: &Connection,
    sql: &str,
    name: Option<&str>,
    read: impl FnMut(&Row<'_>) -> Result<T>,
) -> Result<Vec<T>> {
    let mut statement = connection.prepare(sql)?;
    match name {
        Some(name) => statement.query_map([name], read)?.collect(),
        None => statement.query_map([], read)?.collect(),
    }
}

/// Returns a text. SQLite also stores text that is not UTF-8.
fn text(row: &Row<'_>, index: usize) -> Result<String> {
    Ok(optional_text(row, index)?.unwrap_or_default())
}

fn optional_text(row: &Row<'_>, index: usize) -> Result<Option<String>> {
    let bytes = row.get_ref(index)?.as_bytes_or_null()?;
    Ok(bytes.map(|bytes| String::from_utf8_lossy(bytes).into_owned()))
}
