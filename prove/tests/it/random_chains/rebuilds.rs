//! Steps that lose nothing and fail nowhere: rebuilds of tables, and moves of values.

use super::changes::texts;
use super::draft::Draft;
use super::model::{Check, Column, Key, Reference, Schema, Table, Type};
use super::sql::{Form, Order, Transfer, create_as, q};
use super::tables::{default, fresh};

pub(crate) fn with_new_column(d: &mut Draft<'_>) -> Option<()> {
    let old = d.table(|_, _| true)?;
    let mut new = old.clone();
    let mut column = Column::new(fresh(d.rng, &mut d.after, "c"), Type::Text);
    column.default = Some("'new'");
    column.not_null = d.rng.chance(50);
    let position = d.rng.below(new.columns.len() + 1);
    new.columns.insert(position, column);
    let copy = Transfer::of(&old, &new);
    d.rebuild(&old, &new, &copy);
    Some(())
}

/// Rebuilds a table in another order of columns, which the INSERT names.
pub(crate) fn reordered(d: &mut Draft<'_>) -> Option<()> {
    let old = d.table(|_, table| table.columns.len() > 1)?;
    let mut new = old.clone();
    new.columns.reverse();
    let copy = Transfer::of(&old, &new);
    d.rebuild(&old, &new, &copy);
    Some(())
}

pub(crate) fn by_position(d: &mut Draft<'_>) -> Option<()> {
    let old = d.table(|_, table| {
        table
            .columns
            .iter()
            .all(|column| column.generated.is_none())
    })?;
    let mut copy = Transfer::of(&old, &old);
    copy.form = Form::Positional;
    d.rebuild(&old, &old, &copy);
    Some(())
}

pub(crate) fn old_aside(d: &mut Draft<'_>) -> Option<()> {
    let old = d.table(|schema, table| schema.children(&table.name).is_empty())?;
    let mut copy = Transfer::of(&old, &old);
    copy.order = Order::OldAside;
    d.rebuild(&old, &old, &copy);
    Some(())
}

/// Copies with a conflict clause that no row needs.
pub(crate) fn with_needless_or_ignore(d: &mut Draft<'_>) -> Option<()> {
    let old = d.table(|_, _| true)?;
    let verb = d.rng.pick(&["INSERT OR IGNORE", "INSERT OR REPLACE"]);
    let copy = Transfer::of(&old, &old).verb(verb);
    d.rebuild(&old, &old, &copy);
    Some(())
}

pub(crate) fn without_rowid(d: &mut Draft<'_>) -> Option<()> {
    let old = d.table(|_, table| matches!(table.key, Key::Text | Key::TextWithoutRowid))?;
    let mut new = old.clone();
    new.key = if old.key == Key::Text {
        Key::TextWithoutRowid
    } else {
        Key::Text
    };
    let copy = Transfer::of(&old, &new);
    d.rebuild(&old, &new, &copy);
    Some(())
}

/// Returns `true` for a column whose NULLs an author would fill with a default.
fn can_be_null(_: &Schema, _: &Table, column: &Column) -> bool {
    !column.not_null && !column.unique && column.reference.is_none() && default(column).is_some()
}

pub(crate) fn has_no_unique_index(table: &Table, column: &Column) -> bool {
    let mut indexes = table.indexes.iter();
    !indexes.any(|index| index.unique && index.column == column.name)
}

pub(crate) fn not_null_by_coalesce(d: &mut Draft<'_>) -> Option<()> {
    let (old, column) = d.column(|schema, table, column| {
        can_be_null(schema, table, column)
            && has_no_unique_index(table, column)
            && table.is_unused(&column.name)
    })?;
    let new = old.with(&column.name, |column| column.not_null = true);
    let value = format!("coalesce({}, {})", q(&column.name), default(&column)?);
    let copy = Transfer::of(&old, &new).set(&column.name, value.clone());
    d.rebuild(&old, &new, &copy);
    d.intent(&old.name).value(&column.name, value);
    Some(())
}

pub(crate) fn not_null_after_update(d: &mut Draft<'_>) -> Option<()> {
    let (old, column) = d.column(|schema, table, column| {
        can_be_null(schema, table, column)
            && has_no_unique_index(table, column)
            && table.is_unused(&column.name)
    })?;
    let new = old.with(&column.name, |column| column.not_null = true);
    let (table, name, value) = (q(&old.name), q(&column.name), default(&column)?);
    d.run(format!(
        "UPDATE {table} SET {name} = {value} WHERE {name} IS NULL"
    ));
    d.rebuild(&old, &new, &Transfer::of(&old, &new));
    d.intent(&old.name)
        .value(&column.name, format!("coalesce({name}, {value})"));
    d.restores = false;
    Some(())
}

pub(crate) fn unique_after_delete(d: &mut Draft<'_>) -> Option<()> {
    let (old, column) = d.column(|schema, table, column| {
        let is_simple = column.is_free() && column.ty == Type::Text;
        is_simple && schema.children(&table.name).is_empty() && table.key != Key::TextWithoutRowid
    })?;
    let new = old.with(&column.name, |column| column.unique = true);
    let (table, name) = (q(&old.name), q(&column.name));
    let first = format!("SELECT min(rowid) FROM {table} GROUP BY {name}");
    d.run(format!("DELETE FROM {table} WHERE rowid NOT IN ({first})"));
    d.rebuild(&old, &new, &Transfer::of(&old, &new));
    d.intent(&old.name)
        .keeps(format!("WHERE rowid IN ({first})"));
    d.restores = false;
    Some(())
}

pub(crate) fn check_after_update(d: &mut Draft<'_>) -> Option<()> {
    let (old, column) = d.column(|_, table, column| {
        column.is_free() && column.ty == Type::Text && table.is_unused(&column.name)
    })?;
    let new = old.with(&column.name, |column| column.check = Some(Check::Words));
    let (table, name) = (q(&old.name), q(&column.name));
    let others = format!("{name} NOT IN ('red', 'green', 'blue')");
    d.run(format!("UPDATE {table} SET {name} = 'red' WHERE {others}"));
    d.rebuild(&old, &new, &Transfer::of(&old, &new));
    let value = format!("CASE WHEN {others} THEN 'red' ELSE {name} END");
    d.intent(&old.name).value(&column.name, value);
    d.restores = false;
    Some(())
}

pub(crate) fn without_declared_column(d: &mut Draft<'_>) -> Option<()> {
    let (old, column) = d.column(|schema, table, column| {
        schema.is_unused(table, &column.name) && table.stored().len() > 1
    })?;
    let new = old.without(&column.name);
    d.declare(format!(
        "@destroys {}.{} nobody reads it",
        q(&old.name),
        q(&column.name)
    ));
    d.rebuild_as(&old, &new, &new, &Transfer::of(&old, &new));
    Some(())
}

pub(crate) fn without_declared_rows(d: &mut Draft<'_>) -> Option<()> {
    let (old, column) = d.column(|schema, table, column| {
        !column.not_null && schema.children(&table.name).is_empty()
    })?;
    let kept = format!("WHERE {} IS NOT NULL", q(&column.name));
    d.declare(format!(
        "@destroys {} rows without a value are drafts",
        q(&old.name)
    ));
    d.rebuild_as(
        &old,
        &old,
        &old,
        &Transfer::of(&old, &old).tail(kept.clone()),
    );
    d.intent(&old.name).keeps(kept);
    Some(())
}

/// Gives up one constraint of a column, and declares it.
pub(crate) fn loosened(d: &mut Draft<'_>) -> Option<()> {
    let kind = d.rng.below(5);
    let (old, column) = d.column(|_, _, column| match kind {
        0 => column.not_null,
        1 => column.unique,
        2 => column.check.is_some(),
        3 => column.default.is_some(),
        _ => column.no_case,
    })?;
    let new = old.with(&column.name, |column| match kind {
        0 => column.not_null = false,
        1 => column.unique = false,
        2 => column.check = None,
        3 => column.default = None,
        _ => column.no_case = false,
    });
    let word = ["not-null", "unique", "check", "default", "collate"][kind];
    let place = format!("{}.{}", q(&old.name), q(&column.name));
    d.declare(format!("@loosens {place} {word} it was too strict"));
    d.rebuild_as(&old, &new, &new, &Transfer::of(&old, &new));
    Some(())
}

/// Turns numbers into their digits.
pub(crate) fn integer_to_text(d: &mut Draft<'_>) -> Option<()> {
    let (old, column) = d.column(|_, _, column| column.is_free() && column.ty == Type::Integer)?;
    let new = old.with(&column.name, |column| column.ty = Type::Text);
    let name = q(&column.name);
    let copy = if old.strict {
        Transfer::of(&old, &new).set(&column.name, format!("CAST({name} AS TEXT)"))
    } else {
        Transfer::of(&old, &new)
    };
    d.rebuild_as(&old, &new, &new, &copy);
    d.intent(&old.name)
        .value(&column.name, format!("CAST({name} AS TEXT)"));
    Some(())
}

/// Moves a column to a table of its own.
pub(crate) fn split_column(d: &mut Draft<'_>) -> Option<()> {
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
        "INSERT INTO {to} (id, {name}) SELECT id, {name} FROM {table} WHERE {name} IS NOT NULL"
    ));
    let new = old.without(&column.name);
    if d.rng.chance(50) {
        d.run(format!("ALTER TABLE {table} DROP COLUMN {name}"));
        *d.after.table_mut(&old.name) = new;
    } else {
        d.rebuild_as(&old, &new, &new, &Transfer::of(&old, &new));
    }
    d.expect(
        format!("SELECT id, {name} FROM {table} WHERE {name} IS NOT NULL"),
        format!("SELECT id, {name} FROM {to}"),
    );
    d.after.tables.push(part);
    Some(())
}

/// Moves the words of a column to a table, and references them by number.
pub(crate) fn extract_words(d: &mut Draft<'_>) -> Option<()> {
    let (old, column) = d.column(|schema, table, column| {
        let is_movable = column.is_free() && schema.is_unused(table, &column.name);
        is_movable && column.ty == Type::Text && table.key == Key::Integer && !table.strict
    })?;
    let mut word = Column::new("word", Type::Text);
    word.unique = true;
    let name = fresh(d.rng, &mut d.after, "words");
    let words = Table::new(name, Key::Integer, vec![word]);
    let mut number = Column::new(fresh(d.rng, &mut d.after, "word_id"), Type::Integer);
    number.reference = Some(Reference {
        table: words.name.clone(),
        action: "",
    });
    let (table, name, to) = (q(&old.name), q(&column.name), q(&words.name));
    d.run(create_as(&words, &words.name));
    d.run(format!(
        "INSERT INTO {to} (word) SELECT DISTINCT {name} FROM {table} WHERE {name} IS NOT NULL"
    ));
    let mut new = old.without(&column.name);
    let number_name = number.name.clone();
    new.columns.push(number);
    let lookup = format!("(SELECT w.id FROM {to} w WHERE w.word = {table}.{name})");
    let copy = Transfer::of(&old, &new).set(&number_name, lookup);
    d.rebuild_as(&old, &new, &new, &copy);
    d.expect(
        format!("SELECT id, {name} FROM {table}"),
        format!(
            "SELECT o.id, w.word FROM {table} o LEFT JOIN {to} w ON w.id = o.{}",
            q(&number_name)
        ),
    );
    d.after.tables.push(words);
    Some(())
}

/// Copies a text of the parent into each child.
pub(crate) fn with_text_of_parent(d: &mut Draft<'_>) -> Option<()> {
    let (old, column) = d.column(|schema, table, column| {
        let reference = column.reference.as_ref();
        let parent = reference.and_then(|reference| schema.table(&reference.table));
        parent.is_some_and(|parent| parent.name != table.name && !texts(parent).is_empty())
    })?;
    let parent = d.before.table(&column.reference.as_ref()?.table)?.clone();
    let text = q(&texts(&parent)[0]);
    let mut new = old.clone();
    let added = Column::new(fresh(d.rng, &mut d.after, "of_parent"), Type::Text);
    new.columns.push(added.clone());
    let (table, from) = (q(&old.name), q(&parent.name));
    let mut copy = Transfer::of(&old, &new);
    for pair in &mut copy.pairs {
        pair.1 = format!("{table}.{}", pair.1);
    }
    let join = format!(
        "LEFT JOIN {from} ON {from}.id = {table}.{}",
        q(&column.name)
    );
    let copy = copy.set(&added.name, format!("{from}.{text}")).tail(join);
    d.rebuild_as(&old, &new, &new, &copy);
    Some(())
}
