//! The comparison of two schemas, object by object and column by column.

use super::breaking;
use super::diff::Diff;
use super::filter::ColumnOrder;
use super::normal_form::Schema;
use super::object::{Key, Object, ObjectKind};
use super::render::{fold, lower, quote};
use super::table::Table;

/// The number of characters after which a diff line cuts off a definition.
const MAX_CHARS: usize = 160;

/// The number of words that a diff line shows on each side of a difference.
const CONTEXT_WORDS: usize = 4;

/// Returns the differences between the expected and the actual schema.
pub fn diff(expected: &Schema, actual: &Schema) -> Diff {
    let schemas = [expected, actual];
    let mut diff = Diff::default();
    for old in expected.included() {
        if let Some(new) = actual.object(&old.key()) {
            compare_objects(old, new, schemas, &mut diff);
        } else if !comes_with_table(old, expected, actual) {
            let is_breaking = breaking::breaks_if_removed(old.kind);
            let text = format!("- {}", describe(old));
            diff.push_table(&old.name, text, is_breaking, column_count(old));
            if old.kind == ObjectKind::Table {
                diff.set_loses_values();
            }
        }
    }
    for new in actual.included() {
        if expected.object(&new.key()).is_none() && !comes_with_table(new, actual, expected) {
            let is_breaking = index_rejects_rows(new, schemas);
            let text = format!("+ {}", describe(new));
            diff.push_table(&new.name, text, is_breaking, column_count(new));
            diff.set_new_object(drop_without_loss(new));
        }
    }
    diff
}

/// Returns the statement that drops an object without rows.
fn drop_without_loss(object: &Object) -> Option<String> {
    match object.kind {
        ObjectKind::Index | ObjectKind::View | ObjectKind::Trigger => Some(format!(
            "DROP {} {};",
            object.kind.name().to_uppercase(),
            quote(&object.name)
        )),
        ObjectKind::Table | ObjectKind::Unparsed => None,
    }
}

fn column_count(object: &Object) -> usize {
    object.table.as_ref().map_or(0, |table| table.columns.len())
}

/// Returns `true` if an index or a trigger is on a table that exists only in the schema `own`.
///
/// The diff has a line for the table. So the index or trigger needs no line.
fn comes_with_table(object: &Object, own: &Schema, other: &Schema) -> bool {
    let Some(table) = &object.on_table else {
        return false;
    };
    let key = Key::Table(lower(table));
    own.object(&key).is_some() && other.object(&key).is_none()
}

fn compare_objects(old: &Object, new: &Object, schemas: [&Schema; 2], diff: &mut Diff) {
    let order = schemas[0].column_order();
    if old.digest(order) == new.digest(order) {
        return;
    }
    if let (Some(old_table), Some(new_table)) = (&old.table, &new.table) {
        compare_tables(&old.name, old_table, new_table, order, diff);
    } else if old.kind != new.kind || old.table.is_some() || new.table.is_some() {
        diff.push(&old.name, format!("- {}", describe(old)), true);
        diff.push(&old.name, format!("+ {}", describe(new)), true);
    } else {
        let is_breaking = match old.kind {
            ObjectKind::Table => breaking::lacks_column(&old.text, &new.text),
            ObjectKind::Index => index_rejects_rows(new, schemas),
            ObjectKind::View | ObjectKind::Trigger => false,
            ObjectKind::Unparsed => true,
        };
        let object = format!("{} {}", old.kind.name(), quote(&old.name));
        let [before, after] = around_difference(&old.text, &new.text);
        let line = format!("{object}: {before} → {after}");
        diff.push(&old.name, line, is_breaking);
    }
}

/// Returns `true` if rows that the old table accepts can violate a new index.
fn index_rejects_rows(index: &Object, schemas: [&Schema; 2]) -> bool {
    let table = index.on_table.as_deref().unwrap_or_default();
    match schemas.map(|schema| schema.definition(table)) {
        [Some(old), Some(new)] => breaking::index_rejects_rows(index, old, new),
        _ => false,
    }
}

fn compare_tables(name: &str, old: &Table, new: &Table, order: ColumnOrder, diff: &mut Diff) {
    compare_columns(name, old, new, diff);
    if order == ColumnOrder::Fixed {
        compare_column_order(name, old, new, diff);
    }
    let table = quote(name);
    for (folded, constraint) in &old.constraints {
        if !new.constraints.contains_key(folded) {
            let line = format!("- {table} {}", shorten(&constraint.text));
            diff.push(name, line, false);
        }
    }
    for (folded, constraint) in &new.constraints {
        if !old.constraints.contains_key(folded) {
            let line = format!("+ {table} {}", shorten(&constraint.text));
            let is_breaking = breaking::constraint_rejects_rows(constraint, old, new);
            diff.push(name, line, is_breaking);
        }
    }
    if old.options != new.options {
        let [before, after] =
            [old, new].map(|table| or_else(table.options.list().to_owned(), "no options"));
        let is_breaking = new.options.is_strict && !old.options.is_strict
            || new.options.is_without_rowid && !old.options.is_without_rowid;
        diff.push(name, format!("{table}: {before} → {after}"), is_breaking);
    }
}

/// Returns `text`, or a placeholder for an empty text.
fn or_else(text: String, placeholder: &str) -> String {
    if text.is_empty() {
        return placeholder.to_owned();
    }
    text
}

fn compare_columns(name: &str, old: &Table, new: &Table, diff: &mut Diff) {
    let table = quote(name);
    for column in &old.columns {
        let full_name = format!("{table}.{}", quote(&column.name));
        let definition = column.definition();
        let Some(new_column) = new.column(&column.name) else {
            diff.push(name, format!("- {full_name} {definition}"), true);
            diff.set_loses_values();
            continue;
        };
        let new_definition = new_column.definition();
        if fold(&definition) != fold(&new_definition) {
            let [before, after] = [definition, new_definition]
                .map(|definition| or_else(shorten(&definition), "(no type)"));
            let is_breaking = breaking::column_rejects_values(column, new_column);
            let line = format!("{full_name}: {before} → {after}");
            diff.push(name, line, is_breaking);
        }
    }
    for column in &new.columns {
        if old.column(&column.name).is_none() {
            let line = format!("+ {table}.{} {}", quote(&column.name), column.definition());
            diff.push(name, line, breaking::new_column_rejects_rows(column));
        }
    }
}

fn compare_column_order(name: &str, old: &Table, new: &Table, diff: &mut Diff) {
    let (before, after) = (common_columns(old, new), common_columns(new, old));
    let mut pairs = new.columns.iter().zip(&old.columns);
    let starts_with_old = pairs.all(|(new, old)| new.is_named(&old.name));
    let order = if before != after {
        format!("{} → {}", before.join(", "), after.join(", "))
    } else if before.len() == old.columns.len() && !starts_with_old {
        column_list(new)
    } else {
        return;
    };
    let line = format!("{}: columns in the order {order}", quote(name));
    diff.push_column_order(name, line);
}

/// Returns the lowercase names of the columns that both tables have, in the order of `table`.
fn common_columns(table: &Table, other: &Table) -> Vec<String> {
    let columns = table.columns.iter();
    columns
        .filter(|column| other.column(&column.name).is_some())
        .map(|column| lower(&column.name))
        .collect()
}

fn column_list(table: &Table) -> String {
    let names = table.columns.iter().map(|column| quote(&column.name));
    names.collect::<Vec<_>>().join(", ")
}

fn describe(object: &Object) -> String {
    let name = quote(&object.name);
    if let Some(table) = &object.table {
        format!("table {name} ({})", shorten(&column_list(table)))
    } else if object.kind == ObjectKind::Unparsed {
        shorten(&object.text)
    } else {
        format!("{} {name} {}", object.kind.name(), shorten(&object.text))
    }
}

fn shorten(text: &str) -> String {
    match text.char_indices().nth(MAX_CHARS) {
        Some((end, _)) => format!("{}…", text[..end].trim_end()),
        None => text.to_owned(),
    }
}

/// Returns both texts, shortened to the words that differ and a few words around them.
fn around_difference(old: &str, new: &str) -> [String; 2] {
    let [old, new] = [old, new].map(|text| text.split(' ').collect::<Vec<_>>());
    let same_start = count_same(old.iter().zip(&new));
    let max_end = old.len().min(new.len()) - same_start;
    let same_end = count_same(old.iter().rev().zip(new.iter().rev())).min(max_end);
    [old, new].map(|words| excerpt(&words, same_start, same_end))
}

fn count_same<'w>(pairs: impl Iterator<Item = (&'w &'w str, &'w &'w str)>) -> usize {
    pairs.take_while(|(old, new)| old == new).count()
}

/// Returns the words that differ, with up to [`CONTEXT_WORDS`] words on each side.
fn excerpt(words: &[&str], same_start: usize, same_end: usize) -> String {
    let first = same_start.saturating_sub(CONTEXT_WORDS);
    let last = (words.len() - same_end + CONTEXT_WORDS).min(words.len());
    let before = if first > 0 { "… " } else { "" };
    let after = if last < words.len() { " …" } else { "" };
    format!("{before}{}{after}", shorten(&words[first..last].join(" ")))
}
