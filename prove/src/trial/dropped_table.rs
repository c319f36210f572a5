//! The judgment of a table that a script drops.

use rusqlite::types::Value;

use super::arrival::{After, OldValue, has_arrived};
use super::conversion::Pairs;
use super::expected::{Expected, find_table};
use super::matching::positions;
use super::values::{has_content, is_identifying, same};
use super::verdict::{Loss, Verdict};
use crate::sample_rows::contents::Row;

/// A dropped table, and the table and the row that each of its rows has become.
struct DroppedTable<'d> {
    expected: &'d Expected,
    destinations: Vec<Option<(usize, usize)>>,
    after: &'d After<'d>,
}

/// Decides if each row of a dropped table is in another table.
pub(super) fn judge_dropped_table(expected: &Expected, after: &After<'_>, verdict: &mut Verdict) {
    let contents = &expected.contents;
    let rows = contents.rows.iter();
    let table = DroppedTable {
        expected,
        destinations: rows.map(|row| destination(row, after)).collect(),
        after,
    };
    verdict.unplaced_rows = rows_in_no_table(expected, after);
    let columns = 0..contents.columns.len();
    let missing: Vec<usize> = columns
        .filter(|&column| !table.has_column_arrived(column) || table.has_moved(column))
        .filter(|&column| !table.is_renumbered(column))
        .collect();
    let mut rows = contents.rows.iter();
    if missing.is_empty() && rows.all(|row| row.values.iter().any(is_identifying)) {
        verdict.has_table_arrived = true;
        return;
    }
    // A row with a destination can lack some values.
    let rows = contents.rows.iter().zip(&table.destinations);
    let lost =
        rows.filter(|(row, place)| place.is_none() || !has_arrived(expected, row, after, None));
    let lost = lost.map(|(row, _)| row);
    verdict.losses.push(Loss::Table {
        lost: lost.cloned().collect(),
        total: contents.rows.len(),
    });
    let Some(Some((first, _))) = table.destinations.first().copied() else {
        return;
    };
    let in_first = |place: &Option<(usize, usize)>| {
        let (other, row) = (*place)?;
        (other == first).then_some(row)
    };
    let rows: Option<Vec<usize>> = table.destinations.iter().map(in_first).collect();
    let Some(rows) = rows else {
        return;
    };
    let rows: Vec<(usize, usize)> = rows.into_iter().enumerate().collect();
    let (name, new) = &after.tables[first];
    let pairs = Pairs {
        old: contents,
        table: name,
        new,
        rows: &rows,
    };
    let taken: Vec<Option<usize>> = (0..contents.columns.len())
        .filter(|column| !missing.contains(column))
        .map(|column| pairs.copy_of(column))
        .collect();
    for column in missing {
        let name = contents.columns[column].clone();
        verdict.missing_columns.push(name);
        // A value in the wrong column is no conversion.
        if !table.has_moved(column) {
            verdict
                .conversions
                .extend(pairs.conversions(column, &taken));
        }
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

impl DroppedTable<'_> {
    /// Returns `true` if each value of a column is in another table.
    ///
    /// A column that takes only some values need not arrive if each of its values has a table of
    /// its own, because the table then shows the value.
    fn has_column_arrived(&self, column: usize) -> bool {
        let contents = &self.expected.contents;
        let is_missing = |row: &Row| {
            let value = OldValue::of(self.expected, row, column);
            has_content(value.value) && !self.after.has_elsewhere(value, None)
        };
        if !contents.rows.iter().any(is_missing) {
            return true;
        }
        let is_new = |table: &usize| {
            let (name, _) = &self.after.tables[*table];
            find_table(self.after.before, name).is_none()
        };
        let rows = contents.rows.iter().zip(&self.destinations);
        let shown: Vec<(Option<usize>, &Value)> = rows
            .map(|(row, place)| {
                let table = place.map(|(table, _)| table).filter(is_new);
                (table, &row.values[column])
            })
            .collect();
        let is_shown = |(table, value): &(Option<usize>, &Value)| {
            let mut others = shown.iter();
            table.is_some()
                && !is_identifying(value)
                && others.all(|(other, known)| other != table || known == value)
        };
        shown.iter().all(is_shown)
    }

    /// Returns `true` if the column is a free key, and each row is in another table.
    fn is_renumbered(&self, column: usize) -> bool {
        self.expected.free_key.as_ref() == Some(&self.expected.contents.columns[column])
            && self.destinations.iter().all(Option::is_some)
    }

    /// Returns `true` if each row is in a table whose column of the same name has the values of
    /// another old column.
    fn has_moved(&self, column: usize) -> bool {
        let contents = &self.expected.contents;
        let has_values_of = |other: usize| {
            let mut rows = contents.rows.iter().zip(&self.destinations);
            rows.all(|(row, place)| {
                place.is_some_and(|(table, new)| {
                    let (_, new_contents) = &self.after.tables[table];
                    let same_name = new_contents.position(&contents.columns[column]);
                    let new_values = &new_contents.rows[new].values;
                    same_name.is_some_and(|place| same(&new_values[place], &row.values[other]))
                })
            })
        };
        let mut columns = 0..contents.columns.len();
        !has_values_of(column) && columns.any(|other| other != column && has_values_of(other))
    }
}

/// Returns the rows that are in no table.
///
/// If a script copies the keys of the table, another row with the same values is another row.
fn rows_in_no_table(expected: &Expected, after: &After<'_>) -> Vec<Row> {
    let contents = &expected.contents;
    let key = positions(contents, &expected.key);
    let has_key = |row: &Row| {
        let tables = after.tables.iter().zip(after.indexes());
        let mut tables = tables.filter(|((name, _), _)| find_table(after.before, name).is_none());
        let Some(&first) = key.first() else {
            return false;
        };
        tables.any(|((_, new), index)| {
            index.rows_with(&row.values[first]).iter().any(|&other| {
                let values = &new.rows[other].values;
                let mut key = key.iter();
                key.all(|&column| values.iter().any(|value| same(value, &row.values[column])))
            })
        })
    };
    let is_all_key = key.len() == contents.columns.len();
    let copies_keys = contents.rows.iter().any(has_key);
    let is_reference = |column: &usize| expected.references.contains(&contents.columns[*column]);
    // A new key does not show where a row has gone, and a parent has its key anyway.
    let compared: Vec<usize> = (0..contents.columns.len())
        .filter(|column| (is_all_key || !key.contains(column)) && !is_reference(column))
        .collect();
    let rows = contents.rows.iter().filter(|row| {
        if copies_keys
            && key
                .iter()
                .any(|&column| is_identifying(&row.values[column]))
        {
            return !has_key(row);
        }
        let values = compared.iter().map(|&column| &row.values[column]);
        let mut values = values.filter(|value| is_identifying(value)).peekable();
        let is_nowhere = |value| {
            let mut indexes = after.indexes().iter();
            indexes.all(|index| index.rows_with(value).is_empty())
        };
        values.peek().is_some() && values.all(is_nowhere)
    });
    rows.cloned().collect()
}
