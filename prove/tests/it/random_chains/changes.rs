//! Steps that lose nothing and fail nowhere: statements that change or move values.

use std::collections::BTreeMap;

use super::draft::Draft;
use super::model::{Column, Index, Key, Schema, Table, Type};
use super::sound::{is_droppable, rename};
use super::sql::{column as column_sql, create_as, list, q};
use super::tables::fresh;

/// Returns `true` for a text column that any text fits.
fn is_plain_text(_: &Schema, _: &Table, column: &Column) -> bool {
    column.ty == Type::Text && !column.unique && column.check.is_none()
}

fn update(d: &mut Draft<'_>, value: &str, filter: &str) -> Option<()> {
    let (old, column) = d.column(|schema, table, column| {
        let is_unique = |index: &Index| index.unique && index.column == column.name;
        is_plain_text(schema, table, column)
            && !table.indexes.iter().any(is_unique)
            && column.reference.is_none()
    })?;
    let (table, name) = (q(&old.name), q(&column.name));
    let value = value.replace('?', &name);
    let case = if filter.is_empty() {
        d.run(format!("UPDATE {table} SET {name} = {value}"));
        value
    } else {
        let filter = filter.replace('?', &name);
        d.run(format!(
            "UPDATE {table} SET {name} = {value} WHERE {filter}"
        ));
        format!("CASE WHEN {filter} THEN {value} ELSE {name} END")
    };
    for generated in old.columns.iter().filter(|other| other.generated.is_some()) {
        // A generated column follows its source, so the upgrade may change the column.
        let same = format!("{}({case})", generated.generated.as_ref()?.function);
        if generated.generated.as_ref()?.source == column.name {
            d.intent(&old.name).value(&generated.name, same);
        }
    }
    d.intent(&old.name).value(&column.name, case);
    Some(())
}

pub(crate) fn update_rows(d: &mut Draft<'_>) -> Option<()> {
    update(d, "'unknown'", "? IS NULL OR ? = ''")
}

pub(crate) fn update_all_rows(d: &mut Draft<'_>) -> Option<()> {
    update(d, "upper(trim(?))", "")
}

pub(crate) fn delete_rows(d: &mut Draft<'_>) -> Option<()> {
    let (old, column) = d.column(|schema, table, _| schema.children(&table.name).is_empty())?;
    let (table, name) = (q(&old.name), q(&column.name));
    d.run(format!("DELETE FROM {table} WHERE {name} IS NULL"));
    let kept = format!("WHERE {name} IS NOT NULL");
    d.intent(&old.name).keeps(kept);
    Some(())
}

pub(crate) fn delete_all_rows(d: &mut Draft<'_>) -> Option<()> {
    let old = d.table(|schema, table| schema.children(&table.name).is_empty())?;
    d.run(format!("DELETE FROM {}", q(&old.name)));
    d.intent(&old.name).keeps("WHERE 0");
    Some(())
}

/// Deletes the children first, because no key cascades during an upgrade.
pub(crate) fn delete_family(d: &mut Draft<'_>) -> Option<()> {
    let old = d.table(|schema, table| {
        let mut children = schema.children(&table.name).into_iter();
        let is_leaf = |(child, _): (&Table, _)| schema.children(&child.name).is_empty();
        table.key.is_single() && !schema.children(&table.name).is_empty() && children.all(is_leaf)
    })?;
    let children = d.before.children(&old.name).into_iter();
    let keys: Vec<(String, String)> = children
        .map(|(child, column)| (child.name.clone(), column.name.clone()))
        .collect();
    let mut kept: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (child, column) in keys {
        let (table, column) = (q(&child), q(&column));
        d.run(format!("DELETE FROM {table} WHERE {column} IS NOT NULL"));
        kept.entry(child)
            .or_default()
            .push(format!("{column} IS NULL"));
    }
    for (child, conditions) in kept {
        let kept = format!("WHERE {}", conditions.join(" AND "));
        d.intent(&child).keeps(kept);
    }
    d.run(format!("DELETE FROM {}", q(&old.name)));
    d.intent(&old.name).keeps("WHERE 0");
    Some(())
}

/// Copies rows to a new table, then deletes them.
pub(crate) fn archive_rows(d: &mut Draft<'_>) -> Option<()> {
    let (old, column) = d.column(|schema, table, column| {
        schema.children(&table.name).is_empty()
            && table.columns.iter().all(|other| other.generated.is_none())
            && column.ty == Type::Text
    })?;
    let mut archive = Table::new(
        fresh(d.rng, &mut d.after, "archive"),
        Key::None,
        old.columns.clone(),
    );
    for column in &mut archive.columns {
        *column = Column::new(column.name.clone(), column.ty);
    }
    let keys = old.key.columns().iter().rev();
    for (name, ty) in keys {
        archive.columns.insert(0, Column::new(*name, *ty));
    }
    let (table, name, names) = (q(&old.name), q(&column.name), list(&archive.names()));
    let to = q(&archive.name);
    d.run(create_as(&archive, &archive.name));
    d.run(format!(
        "INSERT INTO {to} SELECT {names} FROM {table} WHERE {name} IS NULL OR {name} < 'm'"
    ));
    d.run(format!(
        "DELETE FROM {table} WHERE {name} IS NULL OR {name} < 'm'"
    ));
    d.intent(&old.name)
        .keeps(format!("WHERE NOT ({name} IS NULL OR {name} < 'm')"));
    d.expect(
        format!("SELECT {names} FROM {table} WHERE {name} IS NULL OR {name} < 'm'"),
        format!("SELECT {names} FROM {to}"),
    );
    d.after.tables.push(archive);
    Some(())
}

/// Adds a column that joins the texts of two columns, which stay.
pub(crate) fn merge_columns(d: &mut Draft<'_>) -> Option<()> {
    let old = d.table(|_, table| texts(table).len() > 1 && table.triggers.is_empty())?;
    let [first, second] = [0, 1].map(|index| q(&texts(&old)[index]));
    let new = Column::new(fresh(d.rng, &mut d.after, "full"), Type::Text);
    let (table, name) = (q(&old.name), q(&new.name));
    let value = format!("coalesce({first}, '') || ' ' || coalesce({second}, '')");
    d.run(format!(
        "ALTER TABLE {table} ADD COLUMN {}",
        column_sql(&new, old.strict)
    ));
    d.run(format!("UPDATE {table} SET {name} = {value}"));
    d.back(format!("ALTER TABLE {table} DROP COLUMN {name}"));
    d.intent(&old.name).value(&new.name, value);
    d.after.table_mut(&old.name).columns.push(new);
    d.restores = true;
    Some(())
}

/// Returns the names of the columns with texts that are not generated.
pub(crate) fn texts(table: &Table) -> Vec<String> {
    let columns = table.columns.iter();
    let texts = columns.filter(|column| column.ty == Type::Text && column.generated.is_none());
    texts.map(|column| column.name.clone()).collect()
}

/// Gives a column another type: the values move to a new column of the same name.
pub(crate) fn move_column(d: &mut Draft<'_>) -> Option<()> {
    let (old, column) = d.column(|schema, table, column| {
        column.is_free() && is_droppable(schema, table, column) && !table.strict
    })?;
    let aside = fresh(d.rng, &mut d.after, "old");
    let (table, name, aside) = (q(&old.name), q(&column.name), q(&aside));
    d.run(format!(
        "ALTER TABLE {table} RENAME COLUMN {name} TO {aside}"
    ));
    d.run(format!(
        "ALTER TABLE {table} ADD COLUMN {}",
        column_sql(&column, false)
    ));
    d.run(format!("UPDATE {table} SET {name} = {aside}"));
    d.run(format!("ALTER TABLE {table} DROP COLUMN {aside}"));
    let changed = d.after.table_mut(&old.name);
    *changed = old.without(&column.name);
    changed.columns.push(column);
    Some(())
}

/// Renames a column away, and uses its name for a new column.
pub(crate) fn reuse_name(d: &mut Draft<'_>) -> Option<()> {
    let (old, column) = d.column(|schema, table, column| {
        column.is_free() && schema.is_unused(table, &column.name)
    })?;
    let to = fresh(d.rng, &mut d.after, "c");
    let (table, name) = (q(&old.name), q(&column.name));
    d.run(format!(
        "ALTER TABLE {table} RENAME COLUMN {name} TO {}",
        q(&to)
    ));
    d.run(format!(
        "ALTER TABLE {table} ADD COLUMN {}",
        column_sql(&column, old.strict)
    ));
    rename(&mut d.after, &old.name, &column.name, &to);
    d.after.table_mut(&old.name).columns.push(column.clone());
    let intent = d.intent(&old.name);
    intent.value(&to, name).value(&column.name, "NULL");
    Some(())
}

/// Returns a text column without constraints that ALTER TABLE can drop.
pub(crate) fn movable_text(d: &mut Draft<'_>) -> Option<(Table, Column)> {
    d.column(|schema, table, column| {
        column.is_free()
            && column.ty == Type::Text
            && is_droppable(schema, table, column)
            && table.triggers.is_empty()
    })
}

/// Writes the text `value` into a new column, and drops the column that it comes from.
pub(crate) fn replace_column(
    d: &mut Draft<'_>,
    (old, column): (&Table, &Column),
    [value, meant]: [&str; 2],
) {
    let new = Column::new(fresh(d.rng, &mut d.after, "text"), Type::Text);
    let (table, name) = (q(&old.name), q(&new.name));
    d.run(format!(
        "ALTER TABLE {table} ADD COLUMN {}",
        column_sql(&new, old.strict)
    ));
    d.run(format!("UPDATE {table} SET {name} = {value}"));
    d.run(format!(
        "ALTER TABLE {table} DROP COLUMN {}",
        q(&column.name)
    ));
    d.intent(&old.name).value(&new.name, meant);
    let changed = d.after.table_mut(&old.name);
    *changed = old.without(&column.name);
    changed.columns.push(new);
}

/// Converts a text in a new column, and drops the old column.
pub(crate) fn convert_column(d: &mut Draft<'_>) -> Option<()> {
    let (old, column) = movable_text(d)?;
    let value = format!("'<' || {} || '>'", q(&column.name));
    replace_column(d, (&old, &column), [&value, &value]);
    Some(())
}
