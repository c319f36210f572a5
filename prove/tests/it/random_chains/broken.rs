//! Steps that lose values or fail at some users: rebuilds whose copy is wrong.

use super::changes::{movable_text, replace_column, texts};
use super::draft::Draft;
use super::model::{Column, Key, Schema, Table, Type};
use super::rebuilds::{has_no_unique_index, not_null_after_update};
use super::sql::{Form, Order, Transfer, create_as, list, q};
use super::tables::{default, fresh};

/// Returns `true` for a column that any kind of copy can lose unseen by SQLite.
fn is_loose(_: &Schema, _: &Table, column: &Column) -> bool {
    !column.not_null && !column.unique && column.check.is_none() && column.reference.is_none()
}

/// Returns `true` for a loose column of a table with other columns.
fn is_omissible(schema: &Schema, table: &Table, column: &Column) -> bool {
    is_loose(schema, table, column) && table.stored().len() > 1
}

/// Writes a rebuild of `old` whose copy is wrong: the author means to keep all.
fn wrong_copy(d: &mut Draft<'_>, old: &Table, copy: &Transfer) -> Option<()> {
    d.rebuild_as(old, old, old, copy);
    Some(())
}

pub(crate) fn copy_omits_column(d: &mut Draft<'_>) -> Option<()> {
    let (old, column) = d.column(is_omissible)?;
    wrong_copy(d, &old, &Transfer::of(&old, &old).omit(&column.name))
}

pub(crate) fn copy_omits_column_with_default(d: &mut Draft<'_>) -> Option<()> {
    let (old, column) = d.column(|_, table, column| {
        column.default.is_some() && !column.unique && table.stored().len() > 1
    })?;
    wrong_copy(d, &old, &Transfer::of(&old, &old).omit(&column.name))
}

/// Returns two columns whose values SQLite lets a copy exchange.
fn twins(d: &mut Draft<'_>) -> Option<(Table, Column, Column)> {
    let loose = |table: &Table, ty: Type| -> Vec<Column> {
        let mut columns = table.columns.clone();
        columns.retain(|column| column.is_free() && column.ty == ty);
        columns
    };
    let types = [Type::Text, Type::Integer, Type::Real, Type::Any];
    let ty = d.rng.pick(&types);
    let old = d.table(|_, table| loose(table, ty).len() > 1)?;
    let mut columns = loose(&old, ty);
    let (second, first) = (columns.pop()?, columns.pop()?);
    Some((old, first, second))
}

pub(crate) fn copy_swaps_columns(d: &mut Draft<'_>) -> Option<()> {
    let (old, first, second) = twins(d)?;
    let copy = Transfer::of(&old, &old)
        .set(&first.name, q(&second.name))
        .set(&second.name, q(&first.name));
    wrong_copy(d, &old, &copy)
}

pub(crate) fn copy_repeats_column(d: &mut Draft<'_>) -> Option<()> {
    let (old, first, second) = twins(d)?;
    wrong_copy(
        d,
        &old,
        &Transfer::of(&old, &old).set(&second.name, q(&first.name)),
    )
}

pub(crate) fn copy_by_position_swaps(d: &mut Draft<'_>) -> Option<()> {
    let (old, first, second) = twins(d)?;
    if old.columns.iter().any(|column| column.generated.is_some()) {
        return None;
    }
    let mut new = old.clone();
    let (first, second) = (old.position(&first.name), old.position(&second.name));
    new.columns.swap(first, second);
    let mut copy = Transfer::of(&old, &new);
    copy.form = Form::Positional;
    d.rebuild_as(&old, &new, &new, &copy);
    Some(())
}

pub(crate) fn copy_sets_null(d: &mut Draft<'_>) -> Option<()> {
    let (old, column) = d.column(is_loose)?;
    wrong_copy(d, &old, &Transfer::of(&old, &old).set(&column.name, "NULL"))
}

pub(crate) fn copy_sets_constant(d: &mut Draft<'_>) -> Option<()> {
    let (old, column) = d.column(|_, _, column| column.is_free() && column.ty == Type::Text)?;
    wrong_copy(d, &old, &Transfer::of(&old, &old).set(&column.name, "''"))
}

pub(crate) fn copy_reads_quoted_typo(d: &mut Draft<'_>) -> Option<()> {
    let (old, column) = d.column(|_, _, column| column.is_free() && column.ty == Type::Text)?;
    let typo = format!("\"{}_\"", column.name);
    wrong_copy(d, &old, &Transfer::of(&old, &old).set(&column.name, typo))
}

pub(crate) fn update_reads_quoted_typo(d: &mut Draft<'_>) -> Option<()> {
    let (old, column) = d.column(|schema, table, column| {
        column.is_free() && column.ty == Type::Text && schema.is_unused(table, &column.name)
    })?;
    let (table, name) = (q(&old.name), q(&column.name));
    let typo = format!("\"{}_\"", column.name);
    d.run(format!("UPDATE {table} SET {name} = trim({typo})"));
    d.intent(&old.name)
        .value(&column.name, format!("trim({name})"));
    Some(())
}

/// Returns a column that can be NULL, of a table that no other references.
fn nullable(d: &mut Draft<'_>) -> Option<(Table, Column)> {
    d.column(|schema, table, column| !column.not_null && schema.children(&table.name).is_empty())
}

pub(crate) fn copy_filters_nulls(d: &mut Draft<'_>) -> Option<()> {
    let (old, column) = nullable(d)?;
    let tail = format!("WHERE {} IS NOT NULL", q(&column.name));
    wrong_copy(d, &old, &Transfer::of(&old, &old).tail(tail))
}

pub(crate) fn copy_filters_word(d: &mut Draft<'_>) -> Option<()> {
    let (old, column) = d.column(|schema, table, column| {
        column.is_free() && column.ty == Type::Text && schema.children(&table.name).is_empty()
    })?;
    let tail = format!("WHERE {} <> 'a'", q(&column.name));
    wrong_copy(d, &old, &Transfer::of(&old, &old).tail(tail))
}

pub(crate) fn copy_filters_after_delete(d: &mut Draft<'_>) -> Option<()> {
    let (old, column) = nullable(d)?;
    let other = old
        .columns
        .iter()
        .find(|other| other.name != column.name && !other.not_null && other.generated.is_none())?;
    let (table, name) = (q(&old.name), q(&column.name));
    d.run(format!("DELETE FROM {table} WHERE {name} IS NULL"));
    let tail = format!("WHERE {} IS NOT NULL", q(&other.name));
    d.intent(&old.name)
        .keeps(format!("WHERE {name} IS NOT NULL"));
    wrong_copy(d, &old, &Transfer::of(&old, &old).tail(tail))
}

/// Copies children with a JOIN, which drops those without a parent.
pub(crate) fn copy_joins_parent(d: &mut Draft<'_>) -> Option<()> {
    let (old, column) = d.column(|schema, table, column| {
        let reference = column.reference.as_ref();
        let is_other = reference.is_some_and(|reference| reference.table != table.name);
        is_other && !column.not_null && schema.children(&table.name).is_empty()
    })?;
    let (table, parent) = (q(&old.name), q(&column.reference.as_ref()?.table));
    let mut copy = Transfer::of(&old, &old);
    for pair in &mut copy.pairs {
        pair.1 = format!("{table}.{}", pair.1);
    }
    let join = format!("JOIN {parent} ON {parent}.id = {table}.{}", q(&column.name));
    wrong_copy(d, &old, &copy.tail(join))
}

pub(crate) fn copy_groups_rows(d: &mut Draft<'_>) -> Option<()> {
    let (old, column) = d.column(|schema, table, column| {
        column.is_free() && schema.children(&table.name).is_empty()
    })?;
    let tail = format!("GROUP BY {}", q(&column.name));
    wrong_copy(d, &old, &Transfer::of(&old, &old).tail(tail))
}

pub(crate) fn copy_limits_rows(d: &mut Draft<'_>) -> Option<()> {
    let old = d.table(|schema, table| schema.children(&table.name).is_empty())?;
    wrong_copy(d, &old, &Transfer::of(&old, &old).tail("LIMIT 1"))
}

/// Rebuilds with a new constraint, and skips or replaces the rows that break it.
fn conflicting(d: &mut Draft<'_>, verb: &'static str, change: fn(&mut Column)) -> Option<()> {
    let (old, column) = d.column(|schema, table, column| {
        let is_simple = column.is_free() && column.ty == Type::Text;
        is_simple && has_no_unique_index(table, column) && schema.children(&table.name).is_empty()
    })?;
    let new = old.with(&column.name, change);
    let copy = Transfer::of(&old, &new).verb(verb);
    d.rebuild_as(&old, &new, &new, &copy);
    Some(())
}

pub(crate) fn or_ignore_new_not_null(d: &mut Draft<'_>) -> Option<()> {
    conflicting(d, "INSERT OR IGNORE", |column| column.not_null = true)
}

pub(crate) fn or_ignore_new_unique(d: &mut Draft<'_>) -> Option<()> {
    conflicting(d, "INSERT OR IGNORE", |column| column.unique = true)
}

pub(crate) fn or_replace_new_unique(d: &mut Draft<'_>) -> Option<()> {
    conflicting(d, "INSERT OR REPLACE", |column| column.unique = true)
}

pub(crate) fn or_ignore_new_check(d: &mut Draft<'_>) -> Option<()> {
    conflicting(d, "INSERT OR IGNORE", |column| {
        column.check = Some(super::model::Check::Words);
    })
}

pub(crate) fn new_not_null_fails(d: &mut Draft<'_>) -> Option<()> {
    conflicting(d, "INSERT", |column| column.not_null = true)
}

pub(crate) fn new_unique_fails(d: &mut Draft<'_>) -> Option<()> {
    conflicting(d, "INSERT", |column| column.unique = true)
}

pub(crate) fn new_check_fails(d: &mut Draft<'_>) -> Option<()> {
    conflicting(d, "INSERT", |column| {
        column.check = Some(super::model::Check::Short);
    })
}

/// Turns texts of digits into numbers, which have no leading zeros.
pub(crate) fn text_to_number(d: &mut Draft<'_>) -> Option<()> {
    let ty = d.rng.pick(&[Type::Integer, Type::Numeric, Type::Real]);
    let (old, column) =
        d.column(|_, table, column| column.is_free() && column.ty == Type::Text && !table.strict)?;
    let new = old.with(&column.name, |column| column.ty = ty);
    d.rebuild_as(&old, &new, &new, &Transfer::of(&old, &new));
    Some(())
}

pub(crate) fn counter_is_lost(d: &mut Draft<'_>) -> Option<()> {
    let old = d.table(|_, table| table.key == Key::Counter)?;
    let mut copy = Transfer::of(&old, &old);
    copy.keeps_counter = false;
    wrong_copy(d, &old, &copy)
}

/// Renames the old table first: the keys of its children then follow it.
pub(crate) fn children_follow_old_table(d: &mut Draft<'_>) -> Option<()> {
    let old = d.table(|schema, table| {
        let mut children = schema.children(&table.name).into_iter();
        children.any(|(child, _)| child.name != table.name)
    })?;
    let mut copy = Transfer::of(&old, &old);
    copy.order = Order::OldAside;
    wrong_copy(d, &old, &copy)
}

/// An UPDATE of one column does not excuse the loss of another.
pub(crate) fn update_then_omits_other(d: &mut Draft<'_>) -> Option<()> {
    let (old, first, second) = twins(d)?;
    let (table, name) = (q(&old.name), q(&first.name));
    let value = format!("coalesce({name}, {})", default(&first).unwrap_or("3"));
    d.run(format!("UPDATE {table} SET {name} = {value}"));
    d.intent(&old.name).value(&first.name, value.clone());
    for column in &old.columns {
        if let Some(generated) = &column.generated {
            if generated.source == first.name {
                let value = format!("{}({value})", generated.function);
                d.intent(&old.name).value(&column.name, value);
            }
        }
    }
    wrong_copy(d, &old, &Transfer::of(&old, &old).omit(&second.name))
}

/// A declared column does not excuse the loss of another.
pub(crate) fn declared_column_hides_other(d: &mut Draft<'_>) -> Option<()> {
    let (old, first, second) = twins(d)?;
    if !d.before.is_unused(&old, &first.name) || old.stored().len() < 3 {
        return None;
    }
    let (table, name) = (q(&old.name), q(&first.name));
    d.declare(format!("@destroys {table}.{name} nobody reads it"));
    let new = old.without(&first.name);
    let copy = Transfer::of(&old, &new).omit(&second.name);
    d.rebuild_as(&old, &new, &new, &copy);
    Some(())
}

/// Moves a column to a table of its own, but only the value of one row.
pub(crate) fn split_copies_some(d: &mut Draft<'_>) -> Option<()> {
    let (old, column) = d.column(|schema, table, column| {
        let is_movable = column.is_free() && schema.is_unused(table, &column.name);
        is_movable && table.key.is_single() && table.columns.len() > 1 && !table.strict
    })?;
    let key = if old.key == Key::Counter {
        Key::Integer
    } else {
        old.key
    };
    let name = fresh(d.rng, &mut d.after, "split");
    let part = Table::new(name, key, vec![column.clone()]);
    let (table, name, to) = (q(&old.name), q(&column.name), q(&part.name));
    d.run(create_as(&part, &part.name));
    d.run(format!(
        "INSERT INTO {to} (id, {name}) SELECT id, {name} FROM {table} LIMIT 1"
    ));
    d.run(format!("ALTER TABLE {table} DROP COLUMN {name}"));
    *d.after.table_mut(&old.name) = old.without(&column.name);
    d.expect(
        format!("SELECT id, {name} FROM {table} WHERE {name} IS NOT NULL"),
        format!("SELECT id, {name} FROM {to} WHERE {name} IS NOT NULL"),
    );
    d.after.tables.push(part);
    Some(())
}

/// The upgrade is right, and the downgrade leaves a column out.
pub(crate) fn downgrade_omits_column(d: &mut Draft<'_>) -> Option<()> {
    let (old, column) = d.column(is_omissible)?;
    d.rebuild_as(&old, &old, &old, &Transfer::of(&old, &old));
    let back = Transfer::of(&old, &old).omit(&column.name);
    d.downgrade = super::sql::rebuild(&d.before, &old, &old, &back);
    d.restores = true;
    Some(())
}

/// Rebuilds a table twice in one revision, and the second copy leaves a column out.
pub(crate) fn second_copy_omits_column(d: &mut Draft<'_>) -> Option<()> {
    not_null_after_update(d)?;
    let old = d.after.tables.iter().find(|table| {
        let before = d.before.table(&table.name);
        before.is_some_and(|before| before != *table)
    })?;
    let old = old.clone();
    let column = old
        .columns
        .iter()
        .find(|column| is_loose(&d.before, &old, column) && column.generated.is_none())?;
    d.downgrade.clear();
    let copy = Transfer::of(&old, &old).omit(&column.name);
    let statements = super::sql::rebuild(&d.after, &old, &old, &copy);
    d.upgrade.extend(statements);
    Some(())
}

/// Joins two texts, so that NULL in one of them loses the other.
pub(crate) fn conversion_forgets_null(d: &mut Draft<'_>) -> Option<()> {
    let (old, column) = movable_text(d)?;
    let other = texts(&old).into_iter().find(|name| {
        let mut columns = old.columns.iter();
        *name != column.name && columns.any(|other| other.name == *name && !other.not_null)
    })?;
    let [first, second] = [&column.name, &other].map(|name| q(name));
    let value = format!("{first} || {second}");
    let meant = format!("iif({first} IS NULL, NULL, {first} || coalesce({second}, ''))");
    replace_column(d, (&old, &column), [&value, &meant]);
    Some(())
}

/// Empties a table, and fills it again from a copy of some rows.
pub(crate) fn refill_from_some_rows(d: &mut Draft<'_>) -> Option<()> {
    let (old, column) = d.column(|schema, table, column| {
        !column.not_null
            && schema.children(&table.name).is_empty()
            && table.triggers.is_empty()
            && table.key != Key::Counter
    })?;
    let copy = fresh(d.rng, &mut d.after, "copy");
    let (table, copy, names) = (q(&old.name), q(&copy), list(&old.stored()));
    let filter = format!("WHERE {} IS NOT NULL", q(&column.name));
    d.run(format!(
        "CREATE TEMP TABLE {copy} AS SELECT {names} FROM {table} {filter}"
    ));
    d.run(format!("DELETE FROM {table}"));
    d.run(format!(
        "INSERT INTO {table} ({names}) SELECT {names} FROM {copy}"
    ));
    d.run(format!("DROP TABLE {copy}"));
    Some(())
}
