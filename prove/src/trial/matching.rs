//! The match between the rows of a table before a script and the rows after it.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

use rusqlite::types::Value;

use super::values::{canonical, is_identifying, same};
use crate::sample_rows::contents::{Contents, Row};

/// The weight of an identifying value that is found anywhere in the new row.
const IDENTIFYING: usize = 100;

/// The weight of an equal primary key.
const SAME_KEY: usize = 1_000_000;

/// The new place of each old column; `None` if the new table has no such column.
pub(super) type Places = [Option<usize>];

/// The rows of a table by their identifying values.
pub(super) struct ValueIndex(HashMap<Vec<u8>, Vec<usize>>);

impl ValueIndex {
    pub(super) fn new(contents: &Contents) -> Self {
        let mut rows: HashMap<Vec<u8>, Vec<usize>> = HashMap::new();
        for (index, row) in contents.rows.iter().enumerate() {
            for value in row.values.iter().filter(|value| is_identifying(value)) {
                if let Some(text) = canonical(value) {
                    rows.entry(text).or_default().push(index);
                }
            }
        }
        Self(rows)
    }

    /// Returns the numbers of the rows that have an identifying value.
    pub(super) fn rows_with(&self, value: &Value) -> &[usize] {
        let text = Some(value)
            .filter(|value| is_identifying(value))
            .and_then(canonical);
        let rows = text.and_then(|text| self.0.get(&text));
        rows.map(Vec::as_slice).unwrap_or_default()
    }

    /// Returns the numbers of the rows that have any identifying value of `row`.
    pub(super) fn rows_like(&self, row: &Row) -> Vec<usize> {
        let rows = row.values.iter().flat_map(|value| self.rows_with(value));
        let mut rows: Vec<usize> = rows.copied().collect();
        rows.sort_unstable();
        rows.dedup();
        rows
    }
}

/// Returns for each old row the index of the row that replaces it; `None` if there is none.
///
/// `key` has the positions of the primary key's columns. A row with the same key is the same row.
/// Without a key, the row with the most equal values is the same row.
pub(super) fn match_rows(
    old: &[Row],
    new: &Contents,
    places: &Places,
    key: &[usize],
) -> Vec<Option<usize>> {
    let mut matches = vec![None; old.len()];
    let mut taken: HashSet<usize> = HashSet::new();
    let index = ValueIndex::new(new);
    let mut scores: Vec<(usize, usize, usize)> = Vec::new();
    for (position, row) in old.iter().enumerate() {
        let mut candidates = index.rows_like(row);
        if candidates.is_empty() {
            candidates = (0..new.rows.len()).collect();
        }
        for other in candidates {
            let score = score(row, &new.rows[other], places, key);
            if score > 0 {
                scores.push((score, position, other));
            }
        }
    }
    // If the new table keeps the keys, another row with similar values is another row.
    if scores.iter().any(|(score, ..)| *score >= SAME_KEY) {
        scores.retain(|(score, ..)| *score >= SAME_KEY);
    }
    // The sort is stable, so equal rows match in their order.
    scores.sort_by_key(|(score, ..)| Reverse(*score));
    for (_, position, other) in scores {
        if matches[position].is_none() && taken.insert(other) {
            matches[position] = Some(other);
        }
    }
    // Nothing tells rows without identifying values apart, so only their number counts.
    let mut free = (0..new.rows.len()).filter(|other| !taken.contains(other));
    for (position, row) in old.iter().enumerate() {
        let mut kept = row.values.iter().zip(places);
        let is_identified = kept.any(|(value, place)| place.is_some() && is_identifying(value));
        if matches[position].is_none() && !is_identified {
            matches[position] = free.next();
        }
    }
    matches
}

/// Returns how much of the old row is in the new row; 0 if the rows are not the same row.
fn score(old: &Row, new: &Row, places: &Places, key: &[usize]) -> usize {
    let is_equal = |column: usize| {
        let place = places.get(column).copied().flatten();
        place.is_some_and(|place| same(&old.values[column], &new.values[place]))
    };
    let has_key = !key.is_empty() && key.iter().all(|&column| is_equal(column));
    let equal = (0..old.values.len())
        .filter(|&column| is_equal(column))
        .count();
    if has_key {
        return SAME_KEY + equal;
    }
    let found = overlap(&old.values, &new.values);
    if found > 0 {
        return found * IDENTIFYING + equal;
    }
    // A row without identifying values must be equal in all columns that the key does not have.
    let is_compared = |column: &usize| places[*column].is_some() && !key.contains(column);
    let mut compared = (0..old.values.len()).filter(is_compared).peekable();
    if compared.peek().is_some() && compared.all(is_equal) {
        return 1 + equal;
    }
    0
}

/// Returns the positions of `names` in `contents`; empty if any is missing.
pub(super) fn positions(contents: &Contents, names: &[String]) -> Vec<usize> {
    let positions: Option<Vec<usize>> = names.iter().map(|name| contents.position(name)).collect();
    positions.unwrap_or_default()
}

/// Returns the number of identifying values that both rows have.
fn overlap(a: &[Value], b: &[Value]) -> usize {
    let shared = a
        .iter()
        .filter(|value| is_identifying(value) && b.iter().any(|other| same(value, other)));
    shared.count()
}

/// The changes of a statement to a table: what has become of each row.
pub(super) struct Changes<'c> {
    before: &'c Contents,
    after: &'c Contents,
    /// For each old row, the position of the row after the statement.
    new_rows: Vec<Option<usize>>,
}

impl<'c> Changes<'c> {
    /// Compares two states of one table.
    ///
    /// Rows match by rowid. Rows with a changed rowid match by their order.
    pub(super) fn new(before: &'c Contents, after: &'c Contents) -> Self {
        let key = |row: &Row| match row.rowid {
            Some(rowid) => rowid.to_string(),
            None => format!("{:?}", row.values),
        };
        let rows = after.rows.iter().enumerate();
        let mut by_key: HashMap<String, usize> =
            rows.map(|(index, row)| (key(row), index)).collect();
        let mut new_rows: Vec<Option<usize>> = before
            .rows
            .iter()
            .map(|row| by_key.remove(&key(row)))
            .collect();
        // An UPDATE keeps the number of rows, so a row with a new rowid is not a deleted row.
        if before.rows.len() == after.rows.len() {
            let mut others: Vec<usize> = by_key.into_values().collect();
            others.sort_unstable();
            let mut others = others.into_iter();
            for row in new_rows.iter_mut().filter(|row| row.is_none()) {
                *row = others.next();
            }
        }
        Self {
            before,
            after,
            new_rows,
        }
    }

    /// Returns `true` if the statement has changed or deleted any row.
    pub(super) fn any(&self) -> bool {
        (0..self.new_rows.len()).any(|row| self.is_changed(row))
    }

    pub(super) fn columns(&self) -> &'c [String] {
        &self.before.columns
    }

    /// Returns `true` if different values of a column became one value.
    pub(super) fn makes_constant(&self, column: usize) -> bool {
        let changed = (0..self.new_rows.len()).filter_map(|row| self.of(row));
        let values: Vec<(&Value, &Value)> = changed
            .filter_map(|(old, new)| Some((&old.values[column], &new?.values[column])))
            .filter(|(old, new)| old != new)
            .collect();
        let Some(&(old, new)) = values.first() else {
            return false;
        };
        values.iter().any(|(other, _)| *other != old)
            && values.iter().all(|(_, other)| *other == new)
    }

    fn is_changed(&self, row: usize) -> bool {
        self.new_rows[row].is_none_or(|new| self.before.rows[row] != self.after.rows[new])
    }

    /// Returns the old values of a row, and its new row; `None` if the row has not changed.
    pub(super) fn of(&self, row: usize) -> Option<(&'c Row, Option<&'c Row>)> {
        let new = self.new_rows[row].map(|new| &self.after.rows[new]);
        self.is_changed(row)
            .then_some((&self.before.rows[row], new))
    }

    /// Returns the position of the row of `before` that an expected row has become.
    ///
    /// `own_columns` are the columns of the row, if the expected row is from the same table.
    pub(super) fn find(
        &self,
        row: &Row,
        index: &ValueIndex,
        own_columns: Option<&[String]>,
    ) -> Option<usize> {
        if let Some(names) = own_columns {
            let mut rows = self.before.rows.iter();
            let is_same = |other: &Row| {
                let has_identifying = row.values.iter().any(is_identifying);
                !has_identifying || overlap(&row.values, &other.values) > 0
            };
            if let Some(rowid) = row.rowid {
                let found = rows.position(|other| other.rowid == Some(rowid) && is_same(other));
                // A rebuilt table can have other rowids.
                return found.or_else(|| self.most_similar(row, index));
            }
            // An expected row lacks the generated columns.
            let places = positions(self.before, names);
            return rows.position(|other| {
                let mut values = places.iter().zip(&row.values);
                places.len() == names.len()
                    && values.all(|(&place, value)| other.values[place] == *value)
            });
        }
        self.most_similar(row, index)
    }

    fn most_similar(&self, row: &Row, index: &ValueIndex) -> Option<usize> {
        let candidates = index.rows_like(row).into_iter();
        candidates.max_by_key(|&other| overlap(&row.values, &self.before.rows[other].values))
    }
}
