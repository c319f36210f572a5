//! The judgment of a table that a script drops.

use rusqlite::types::Value;

use super::arrival::{After, OldValue, has_arrived};
use super::conversion::Pairs;
use super::expected::{Expected, find_table};
use super::values::{has_content, is_identifying, same};
use super::verdict::{Loss, Verdict};
use crate::sample_rows::contents::Row;

/// Decides if each row of a dropped table is in another table.
pub(super) fn judge_dropped_table(expected: &Expected, after: &After<'_>, verdict: &mut Verdict) {
    let contents = &expected.contents;
    let destinations: Vec<Option<(usize, usize)>> = contents
        .rows
        .iter()
        .map(|row| destination(row, after))
        .collect();
    let columns = 0..contents.columns.len();
    let missing: Vec<usize> = columns
        .filter(|&column| !has_column_arrived(expected, column, &destinations, after))
        .collect();
    let mut rows = contents.rows.iter();
    if missing.is_empty() && rows.all(|row| row.values.iter().any(is_identifying)) {
        verdict.has_table_arrived = true;
        return;
    }
    let rows = contents.rows.iter();
    let lost = rows.filter(|row| !has_arrived(expected, row, after, None));
    verdict.losses.push(Loss::Table {
        lost: lost.cloned().collect(),
        total: contents.rows.len(),
    });
    let Some(Some((table, _))) = destinations.first().copied() else {
        return;
    };
    let rows: Option<Vec<usize>> = destinations
        .iter()
        .map(|place| place.filter(|(other, _)| *other == table))
        .map(|place| Some(place?.1))
        .collect();
    let Some(rows) = rows else {
        return;
    };
    let rows: Vec<(usize, usize)> = rows.into_iter().enumerate().collect();
    let (name, new) = &after.tables[table];
    let pairs = Pairs {
        old: contents,
        table: name,
        new,
        rows: &rows,
    };
    for column in missing {
        verdict
            .missing_columns
            .push(contents.columns[column].clone());
        verdict.conversions.extend(pairs.conversions(column, &[]));
    }
}

/// Returns the index of a table and the position of the row in it that a dropped row has become.
///
/// The row has an identifying value of the dropped row that the table did not have before.
fn destination(row: &Row, after: &After<'_>) -> Option<(usize, usize)> {
    let identifying = row.values.iter().filter(|value| is_identifying(value));
    let mut places = identifying.flat_map(|value| {
        let tables = after.tables.iter().zip(after.indexes()).enumerate();
        tables.filter_map(move |(table, ((name, _), index))| {
            let new = index.rows_with(value).first()?;
            let had_value = find_table(after.before, name).is_some_and(|old| {
                let mut values = old.rows.iter().flat_map(|row| &row.values);
                values.any(|other| same(value, other))
            });
            (!had_value).then_some((table, *new))
        })
    });
    places.next()
}

/// Returns `true` if each value of a column of a dropped table is in another table.
///
/// A column that takes only some values need not arrive if each of its values has a table of its
/// own, because the table then tells the value.
fn has_column_arrived(
    expected: &Expected,
    column: usize,
    destinations: &[Option<(usize, usize)>],
    after: &After<'_>,
) -> bool {
    let contents = &expected.contents;
    let is_missing = |row: &Row| {
        let value = OldValue::of(expected, row, column);
        has_content(value.value) && !after.has_elsewhere(value, None)
    };
    if !contents.rows.iter().any(is_missing) {
        return true;
    }
    let is_new = |table: &usize| find_table(after.before, &after.tables[*table].0).is_none();
    let told: Vec<(Option<usize>, &Value)> = contents
        .rows
        .iter()
        .zip(destinations)
        .map(|(row, place)| {
            (
                place.map(|(table, _)| table).filter(is_new),
                &row.values[column],
            )
        })
        .collect();
    let is_told = |(table, value): &(Option<usize>, &Value)| {
        table.is_some()
            && !is_identifying(value)
            && told
                .iter()
                .all(|(other, known)| other != table || known == value)
    };
    told.iter().all(is_told)
}
