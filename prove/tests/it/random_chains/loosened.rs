//! Steps that lose values, constraints or objects, or fail at some users: other than wrong copies.

use super::changes::texts;
use super::draft::Draft;
use super::model::{Column, Generated, Index, Key, Reference, Schema, Table, Type};
use super::rebuilds::has_no_unique_index;
use super::sound::{is_alone, is_droppable};
use super::sql::{Transfer, column as column_sql, index, q};
use super::tables::fresh;

/// Rebuilds a table with a change of one column that the author does not mean.
fn loosen(d: &mut Draft<'_>, is_fit: fn(&Column) -> bool, change: fn(&mut Column)) -> Option<()> {
    let (old, column) = d.column(|_, _, column| is_fit(column))?;
    let made = old.with(&column.name, change);
    d.rebuild_as(&old, &made, &old, &Transfer::of(&old, &made));
    Some(())
}

pub(crate) fn loses_not_null(d: &mut Draft<'_>) -> Option<()> {
    loosen(
        d,
        |column| column.not_null,
        |column| column.not_null = false,
    )
}

pub(crate) fn loses_unique(d: &mut Draft<'_>) -> Option<()> {
    loosen(d, |column| column.unique, |column| column.unique = false)
}

pub(crate) fn loses_check(d: &mut Draft<'_>) -> Option<()> {
    loosen(
        d,
        |column| column.check.is_some(),
        |column| column.check = None,
    )
}

pub(crate) fn loses_default(d: &mut Draft<'_>) -> Option<()> {
    loosen(
        d,
        |column| column.default.is_some(),
        |column| column.default = None,
    )
}

pub(crate) fn loses_collation(d: &mut Draft<'_>) -> Option<()> {
    loosen(d, |column| column.no_case, |column| column.no_case = false)
}

pub(crate) fn loses_reference(d: &mut Draft<'_>) -> Option<()> {
    loosen(
        d,
        |column| column.reference.is_some(),
        |column| column.reference = None,
    )
}

pub(crate) fn loses_action(d: &mut Draft<'_>) -> Option<()> {
    let cascades = |column: &Column| {
        let reference = column.reference.as_ref();
        reference.is_some_and(|reference| reference.action == "ON DELETE CASCADE")
    };
    loosen(d, cascades, |column| {
        if let Some(reference) = &mut column.reference {
            reference.action = "";
        }
    })
}

/// Replaces a generated column by a plain column with its present values.
pub(crate) fn loses_generated(d: &mut Draft<'_>) -> Option<()> {
    let generated = |column: &Column| column.generated.is_some();
    let old = d.table(|_, table| table.columns.iter().any(generated))?;
    let name = old
        .columns
        .iter()
        .find(|column| generated(column))?
        .name
        .clone();
    let made = old.with(&name, |column| column.generated = None);
    let copy = Transfer::of(&old, &made).set(&name, q(&name));
    d.rebuild_as(&old, &made, &old, &copy);
    Some(())
}

fn rebuilt_as(d: &mut Draft<'_>, old: &Table, change: impl FnOnce(&mut Table)) -> Option<()> {
    let mut made = old.clone();
    change(&mut made);
    d.rebuild_as(old, &made, old, &Transfer::of(old, &made));
    Some(())
}

pub(crate) fn loses_autoincrement(d: &mut Draft<'_>) -> Option<()> {
    let old = d.table(|_, table| table.key == Key::Counter)?;
    rebuilt_as(d, &old, |table| table.key = Key::Integer)
}

pub(crate) fn loses_key(d: &mut Draft<'_>) -> Option<()> {
    let old =
        d.table(|schema, table| table.key.is_single() && schema.children(&table.name).is_empty())?;
    rebuilt_as(d, &old, |table| {
        for (name, ty) in table.key.columns() {
            table.columns.insert(0, Column::new(*name, *ty));
        }
        table.key = Key::None;
    })
}

pub(crate) fn loses_strict(d: &mut Draft<'_>) -> Option<()> {
    let old = d.table(|_, table| table.strict)?;
    rebuilt_as(d, &old, |table| table.strict = false)
}

/// Returns `true` if a UNIQUE constraint makes the index needless.
fn has_key(table: &Table, index: &Index) -> bool {
    let mut columns = table.columns.iter();
    columns.any(|column| column.name == index.column && column.unique)
}

pub(crate) fn loses_index(d: &mut Draft<'_>) -> Option<()> {
    let old = d.table(|_, table| table.indexes.iter().any(|index| !has_key(table, index)))?;
    rebuilt_as(d, &old, |table| table.indexes.clear())
}

pub(crate) fn loses_trigger(d: &mut Draft<'_>) -> Option<()> {
    let old = d.table(|_, table| !table.triggers.is_empty())?;
    rebuilt_as(d, &old, |table| table.triggers.clear())
}

pub(crate) fn unique_index_becomes_plain(d: &mut Draft<'_>) -> Option<()> {
    let is_only_key = |table: &Table, index: &Index| index.unique && !has_key(table, index);
    let old = d.table(|_, table| {
        let mut indexes = table.indexes.iter();
        indexes.any(|index| is_only_key(table, index))
    })?;
    rebuilt_as(d, &old, |table| {
        for index in &mut table.indexes {
            index.unique = false;
        }
    })
}

pub(crate) fn index_loses_where(d: &mut Draft<'_>) -> Option<()> {
    let is_partial = |index: &Index| index.partial;
    let old = d.table(|_, table| table.indexes.iter().any(is_partial))?;
    rebuilt_as(d, &old, |table| {
        for index in &mut table.indexes {
            index.partial = false;
        }
    })
}

pub(crate) fn loses_view(d: &mut Draft<'_>) -> Option<()> {
    let old = d.table(|schema, table| !schema.views_of(&table.name).is_empty())?;
    d.rebuild_as(&old, &old, &old, &Transfer::of(&old, &old));
    d.upgrade.retain(|sql| !sql.starts_with("CREATE VIEW"));
    Some(())
}

/// Makes the new table by CREATE TABLE AS, which takes no constraint along.
pub(crate) fn create_table_as(d: &mut Draft<'_>) -> Option<()> {
    let is_plain = |column: &Column| column.is_free();
    let old = d.table(|schema, table| {
        let is_plain = table.key == Key::None && table.columns.iter().all(is_plain);
        !is_plain && is_alone(schema, table) && schema.children(&table.name).is_empty()
    })?;
    let (table, new) = (q(&old.name), q(&format!("new_{}", old.name)));
    d.run(format!("CREATE TABLE {new} AS SELECT * FROM {table}"));
    d.run(format!("DROP TABLE {table}"));
    d.run(format!("ALTER TABLE {new} RENAME TO {table}"));
    Some(())
}

pub(crate) fn drops_column(d: &mut Draft<'_>) -> Option<()> {
    let (old, column) = d.column(is_droppable)?;
    d.run(format!(
        "ALTER TABLE {} DROP COLUMN {}",
        q(&old.name),
        q(&column.name)
    ));
    Some(())
}

pub(crate) fn drops_table(d: &mut Draft<'_>) -> Option<()> {
    let old = d.table(is_alone)?;
    d.run(format!("DROP TABLE {}", q(&old.name)));
    Some(())
}

pub(crate) fn drops_and_adds_column(d: &mut Draft<'_>) -> Option<()> {
    let (old, column) = d.column(|schema, table, column| {
        is_droppable(schema, table, column) && (!column.not_null || column.default.is_some())
    })?;
    let table = q(&old.name);
    d.run(format!(
        "ALTER TABLE {table} DROP COLUMN {}",
        q(&column.name)
    ));
    d.run(format!(
        "ALTER TABLE {table} ADD COLUMN {}",
        column_sql(&column, old.strict)
    ));
    Some(())
}

/// Joins two columns to one, but forgets the second.
pub(crate) fn merge_forgets_column(d: &mut Draft<'_>) -> Option<()> {
    let old = d.table(|schema, table| {
        let columns = table.columns.iter().filter(|column| column.is_free());
        let droppable = columns.filter(|column| is_droppable(schema, table, column));
        droppable.filter(|column| column.ty == Type::Text).count() > 1
    })?;
    let columns = old.columns.iter().filter(|column| {
        column.is_free() && column.ty == Type::Text && is_droppable(&d.before, &old, column)
    });
    let names: Vec<String> = columns.map(|column| q(&column.name)).collect();
    let (first, second) = (&names[0], &names[1]);
    let new = Column::new(fresh(d.rng, &mut d.after, "full"), Type::Text);
    let (table, name) = (q(&old.name), q(&new.name));
    d.run(format!(
        "ALTER TABLE {table} ADD COLUMN {}",
        column_sql(&new, old.strict)
    ));
    d.run(format!("UPDATE {table} SET {name} = trim({first})"));
    d.run(format!("ALTER TABLE {table} DROP COLUMN {first}"));
    d.run(format!("ALTER TABLE {table} DROP COLUMN {second}"));
    let value = format!("trim({first} || ' ' || {second})");
    d.intent(&old.name).value(&new.name, value);
    let changed = d.after.table_mut(&old.name);
    changed.columns.retain(|column| {
        let column = q(&column.name);
        column != *first && column != *second
    });
    changed.columns.push(new);
    Some(())
}

pub(crate) fn unique_index_fails(d: &mut Draft<'_>) -> Option<()> {
    let (old, column) = d.column(|_, table, column| {
        column.is_free() && column.ty == Type::Text && has_no_unique_index(table, column)
    })?;
    let new = Index {
        name: fresh(d.rng, &mut d.after, "u"),
        column: column.name,
        unique: true,
        partial: false,
    };
    d.run(index(&new, &old.name));
    d.back(format!("DROP INDEX {}", q(&new.name)));
    d.after.table_mut(&old.name).indexes.push(new);
    Some(())
}

pub(crate) fn unique_index_on_new_column_fails(d: &mut Draft<'_>) -> Option<()> {
    let old = d.table(|_, _| true)?;
    let mut column = Column::new(fresh(d.rng, &mut d.after, "slug"), Type::Text);
    column.not_null = true;
    column.default = Some("''");
    let (table, name) = (q(&old.name), q(&column.name));
    let new = Index {
        name: fresh(d.rng, &mut d.after, "u"),
        column: column.name.clone(),
        unique: true,
        partial: false,
    };
    d.run(format!(
        "ALTER TABLE {table} ADD COLUMN {}",
        column_sql(&column, old.strict)
    ));
    d.run(index(&new, &old.name));
    d.back(format!("DROP INDEX {}", q(&new.name)));
    d.back(format!("ALTER TABLE {table} DROP COLUMN {name}"));
    let changed = d.after.table_mut(&old.name);
    changed.columns.push(column);
    changed.indexes.push(new);
    Some(())
}

pub(crate) fn stored_column_fails(d: &mut Draft<'_>) -> Option<()> {
    let old = d.table(|_, table| !texts(table).is_empty())?;
    let mut column = Column::new(fresh(d.rng, &mut d.after, "g"), Type::Text);
    column.generated = Some(Generated {
        function: "lower",
        source: texts(&old)[0].clone(),
        storage: "STORED",
    });
    let table = q(&old.name);
    d.run(format!(
        "ALTER TABLE {table} ADD COLUMN {}",
        column_sql(&column, old.strict)
    ));
    d.back(format!(
        "ALTER TABLE {table} DROP COLUMN {}",
        q(&column.name)
    ));
    d.after.table_mut(&old.name).columns.push(column);
    Some(())
}

fn is_parent(schema: &Schema, table: &Table) -> bool {
    let children = schema.children(&table.name);
    children.iter().any(|(child, _)| child.name != table.name)
}

/// Deletes parents: no key cascades, because keys are off during an upgrade.
pub(crate) fn delete_leaves_children(d: &mut Draft<'_>) -> Option<()> {
    let old = d.table(is_parent)?;
    d.run(format!("DELETE FROM {}", q(&old.name)));
    d.intent(&old.name).keeps("WHERE 0");
    Some(())
}

pub(crate) fn drop_leaves_children(d: &mut Draft<'_>) -> Option<()> {
    let old = d.table(|schema, table| {
        is_parent(schema, table) && schema.views_of(&table.name).is_empty()
    })?;
    d.declare(format!("@destroys {} nobody reads it", q(&old.name)));
    d.run(format!("DROP TABLE {}", q(&old.name)));
    d.after.tables.retain(|table| table.name != old.name);
    Some(())
}

pub(crate) fn new_reference_fails(d: &mut Draft<'_>) -> Option<()> {
    let (old, column) = d.column(|_, _, column| column.is_free() && column.ty == Type::Integer)?;
    let parent = d.table(|_, table| matches!(table.key, Key::Integer | Key::Counter))?;
    if parent.name == old.name {
        return None;
    }
    let new = old.with(&column.name, |column| {
        column.reference = Some(Reference {
            table: parent.name,
            action: "",
        });
    });
    d.rebuild_as(&old, &new, &new, &Transfer::of(&old, &new));
    Some(())
}
