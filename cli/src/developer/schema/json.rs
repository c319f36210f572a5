//! The JSON of a schema.

use serde_json::{Value, json};

use super::model::{Column, ForeignKey, Index, Model, Table, Trigger, View};
use super::subject::Subject;

/// Returns the object that `--json` prints for a schema.
pub(crate) fn object(subject: &Subject, model: &Model) -> Value {
    json!({
        "database": subject.database,
        "revision": subject.revision,
        "tables": model.tables.iter().map(table).collect::<Vec<_>>(),
        "views": model.views.iter().map(view).collect::<Vec<_>>(),
    })
}

fn table(table: &Table) -> Value {
    json!({
        "name": table.name,
        "module": table.module,
        "strict": table.is_strict,
        "without_rowid": table.is_without_rowid,
        "columns": table.columns.iter().map(column).collect::<Vec<_>>(),
        "unique": table.unique,
        "foreign_keys": table.foreign_keys.iter().map(foreign_key).collect::<Vec<_>>(),
        "checks": table.checks,
        "indexes": table.indexes.iter().map(index).collect::<Vec<_>>(),
        "triggers": table.triggers.iter().map(trigger).collect::<Vec<_>>(),
        "sql": table.sql,
    })
}

fn column(column: &Column) -> Value {
    json!({
        "name": column.name,
        "type": column.type_name,
        "not_null": column.is_not_null,
        "default": column.default,
        "primary_key": column.key_position,
        "generated": column.generated.map(super::model::Generated::name),
    })
}

fn foreign_key(key: &ForeignKey) -> Value {
    json!({
        "columns": key.columns,
        "parent": key.parent,
        "parent_columns": key.parent_columns,
        "on_delete": key.on_delete,
        "on_update": key.on_update,
    })
}

fn index(index: &Index) -> Value {
    json!({
        "name": index.name,
        "unique": index.is_unique,
        "partial": index.is_partial,
        "columns": index.columns,
        "sql": index.sql,
    })
}

fn trigger(trigger: &Trigger) -> Value {
    json!({ "name": trigger.name, "sql": trigger.sql })
}

fn view(view: &View) -> Value {
    json!({
        "name": view.name,
        "columns": view.columns.iter().map(|column| &column.name).collect::<Vec<_>>(),
        "triggers": view.triggers.iter().map(trigger).collect::<Vec<_>>(),
        "sql": view.sql,
    })
}
