//! Steps that lose nothing and fail nowhere: statements that keep their tables.

use super::draft::Draft;
use super::model::{Column, Generated, Index, Key, Schema, Table, Trigger, Type, View};
use super::sql::{column as column_sql, create, index, q, trigger, view};
use super::tables::{column, fresh, table};

pub(crate) fn create_table(d: &mut Draft<'_>) -> Option<()> {
    let new = table(d.rng, &mut d.after);
    d.upgrade = create(&new);
    d.back(format!("DROP TABLE {}", q(&new.name)));
    d.after.tables.push(new);
    d.restores = true;
    Some(())
}

pub(crate) fn add_column(d: &mut Draft<'_>) -> Option<()> {
    let old = d.table(|_, _| true)?;
    let mut new = column(d.rng, &mut d.after, old.strict);
    new.unique = false;
    new.not_null &= new.default.is_some();
    let name = q(&old.name);
    d.run(format!(
        "ALTER TABLE {name} ADD COLUMN {}",
        column_sql(&new, old.strict)
    ));
    d.back(format!("ALTER TABLE {name} DROP COLUMN {}", q(&new.name)));
    d.after.table_mut(&old.name).columns.push(new);
    d.restores = true;
    Some(())
}

pub(crate) fn add_virtual_column(d: &mut Draft<'_>) -> Option<()> {
    let (old, source) = d.column(|_, _, column| column.ty == Type::Text)?;
    let mut new = Column::new(fresh(d.rng, &mut d.after, "g"), Type::Text);
    new.generated = Some(Generated {
        function: "upper",
        source: source.name,
        storage: "VIRTUAL",
    });
    let name = q(&old.name);
    d.run(format!(
        "ALTER TABLE {name} ADD COLUMN {}",
        column_sql(&new, old.strict)
    ));
    d.back(format!("ALTER TABLE {name} DROP COLUMN {}", q(&new.name)));
    d.after.table_mut(&old.name).columns.push(new);
    d.restores = true;
    Some(())
}

/// Renames a column in the model, and in all objects of the model that use it.
pub(crate) fn rename(schema: &mut Schema, table: &str, from: &str, to: &str) {
    let renamed = |name: &mut String| {
        if name == from {
            to.clone_into(name);
        }
    };
    let changed = schema.table_mut(table);
    for column in &mut changed.columns {
        renamed(&mut column.name);
        if let Some(generated) = &mut column.generated {
            renamed(&mut generated.source);
        }
    }
    let (indexes, triggers) = (&mut changed.indexes, &mut changed.triggers);
    indexes
        .iter_mut()
        .for_each(|index| renamed(&mut index.column));
    triggers
        .iter_mut()
        .for_each(|trigger| renamed(&mut trigger.column));
    for view in schema.views.iter_mut().filter(|view| view.table == table) {
        view.columns.iter_mut().for_each(renamed);
    }
}

pub(crate) fn rename_column(d: &mut Draft<'_>) -> Option<()> {
    let (old, column) = d.column(|_, _, _| true)?;
    let to = fresh(d.rng, &mut d.after, "c");
    let name = q(&old.name);
    d.run(format!(
        "ALTER TABLE {name} RENAME COLUMN {} TO {}",
        q(&column.name),
        q(&to)
    ));
    d.back(format!(
        "ALTER TABLE {name} RENAME COLUMN {} TO {}",
        q(&to),
        q(&column.name)
    ));
    rename(&mut d.after, &old.name, &column.name, &to);
    d.intent(&old.name).value(&to, q(&column.name));
    d.restores = true;
    Some(())
}

pub(crate) fn rename_table(d: &mut Draft<'_>) -> Option<()> {
    let old = d.table(|_, _| true)?;
    let to = fresh(d.rng, &mut d.after, "t");
    d.run(format!("ALTER TABLE {} RENAME TO {}", q(&old.name), q(&to)));
    d.back(format!("ALTER TABLE {} RENAME TO {}", q(&to), q(&old.name)));
    for table in &mut d.after.tables {
        for column in &mut table.columns {
            if let Some(reference) = &mut column.reference {
                if reference.table == old.name {
                    reference.table.clone_from(&to);
                }
            }
        }
        if table.name == old.name {
            table.name.clone_from(&to);
        }
    }
    let views = d.after.views.iter_mut();
    for view in views.filter(|view| view.table == old.name) {
        view.table.clone_from(&to);
    }
    d.intent(&to).origin(&old.name);
    d.restores = true;
    Some(())
}

/// Returns `true` if ALTER TABLE … DROP COLUMN accepts the column.
pub(crate) fn is_droppable(schema: &Schema, table: &Table, column: &Column) -> bool {
    schema.is_unused(table, &column.name)
        && !column.unique
        && column.reference.is_none()
        && table.names().len() > 1
}

pub(crate) fn drop_declared_column(d: &mut Draft<'_>) -> Option<()> {
    let (old, column) = d.column(is_droppable)?;
    let (table, name) = (q(&old.name), q(&column.name));
    d.declare(format!("@destroys {table}.{name} nobody reads it"));
    d.run(format!("ALTER TABLE {table} DROP COLUMN {name}"));
    *d.after.table_mut(&old.name) = old.without(&column.name);
    Some(())
}

/// Returns `true` if DROP TABLE leaves no other object broken.
pub(crate) fn is_alone(schema: &Schema, table: &Table) -> bool {
    let children = schema.children(&table.name);
    let mut children = children.into_iter();
    children.all(|(child, _)| child.name == table.name) && schema.views_of(&table.name).is_empty()
}

pub(crate) fn drop_declared_table(d: &mut Draft<'_>) -> Option<()> {
    let old = d.table(is_alone)?;
    d.declare(format!("@destroys {} nobody reads it", q(&old.name)));
    d.run(format!("DROP TABLE {}", q(&old.name)));
    d.after.tables.retain(|table| table.name != old.name);
    Some(())
}

pub(crate) fn create_index(d: &mut Draft<'_>) -> Option<()> {
    let (old, column) = d.column(|_, _, _| true)?;
    let new = Index {
        name: fresh(d.rng, &mut d.after, "i"),
        column: column.name,
        unique: false,
        partial: d.rng.chance(25),
    };
    d.run(index(&new, &old.name));
    d.back(format!("DROP INDEX {}", q(&new.name)));
    d.after.table_mut(&old.name).indexes.push(new);
    d.restores = true;
    Some(())
}

pub(crate) fn drop_index(d: &mut Draft<'_>) -> Option<()> {
    let old = d.table(|_, table| !table.indexes.is_empty())?;
    let dropped = old.indexes[0].clone();
    d.run(format!("DROP INDEX {}", q(&dropped.name)));
    d.back(index(&dropped, &old.name));
    d.after.table_mut(&old.name).indexes.remove(0);
    d.restores = true;
    Some(())
}

pub(crate) fn create_view(d: &mut Draft<'_>) -> Option<()> {
    let old = d.table(|_, _| true)?;
    let mut columns: Vec<String> = old.names().into_iter().map(str::to_owned).collect();
    columns.truncate(1 + d.rng.below(3));
    let new = View {
        name: fresh(d.rng, &mut d.after, "v"),
        table: old.name,
        columns,
    };
    d.run(view(&new));
    d.back(format!("DROP VIEW {}", q(&new.name)));
    d.after.views.push(new);
    d.restores = true;
    Some(())
}

pub(crate) fn create_trigger(d: &mut Draft<'_>) -> Option<()> {
    let (old, column) = d.column(|_, _, column| column.ty == Type::Text)?;
    let new = Trigger {
        name: fresh(d.rng, &mut d.after, "r"),
        column: column.name,
    };
    d.run(trigger(&new, &old.name));
    d.back(format!("DROP TRIGGER {}", q(&new.name)));
    d.after.table_mut(&old.name).triggers.push(new);
    d.restores = true;
    Some(())
}

/// Returns `true` if a row with only an `id` is valid.
fn takes_bare_rows(_: &Schema, table: &Table) -> bool {
    let mut columns = table.columns.iter();
    matches!(table.key, Key::Integer | Key::Counter)
        && columns.all(|column| !column.not_null || column.default.is_some())
        && !table.indexes.iter().any(|index| index.unique)
}

pub(crate) fn insert_rows(d: &mut Draft<'_>) -> Option<()> {
    let old = d.table(takes_bare_rows)?;
    d.after.names += 1;
    // Rows of users that follow have the next ids.
    let (table, id) = (q(&old.name), 1_000 * (910 + d.after.names));
    d.run(format!("INSERT INTO {table} (id) VALUES ({id}), (-{id})"));
    d.back(format!("DELETE FROM {table} WHERE abs(id) = {id}"));
    d.intent(&old.name)
        .old_rows(format!("WHERE abs(id) <> {id}"));
    d.restores = true;
    Some(())
}

pub(crate) fn count_with_recursion(d: &mut Draft<'_>) -> Option<()> {
    let name = fresh(d.rng, &mut d.after, "t");
    let new = Table::new(
        name,
        Key::Integer,
        vec![Column::new("square", Type::Integer)],
    );
    d.upgrade = create(&new);
    d.run(format!(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20) \
         INSERT INTO {} (id, square) SELECT i, i * i FROM n",
        q(&new.name)
    ));
    d.back(format!("DROP TABLE {}", q(&new.name)));
    d.expect(
        "SELECT 20, 400",
        format!("SELECT count(*), max(square) FROM {}", q(&new.name)),
    );
    d.after.tables.push(new);
    d.restores = true;
    Some(())
}
