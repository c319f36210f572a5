//! The decision which rows and values did not arrive.

use rusqlite::types::Value;

use super::arrival::{After, OldValue, has_arrived};
use super::conversion::Pairs;
use super::dropped_table::judge_dropped_table;
use super::expected::Expected;
use super::matching::{Places, match_rows, positions};
use super::values::{has_content, is_identifying, is_lossy_conversion, same};
use super::verdict::{Loss, Verdict};
use crate::sample_rows::contents::{Contents, Row};
use crate::tables::Successor;

/// Judges one table.
pub(super) fn judge(expected: &Expected, successor: &Successor, after: &After<'_>) -> Verdict {
    let mut verdict = Verdict::default();
    let contents = &expected.contents;
    if contents.rows.is_empty() {
        return verdict;
    }
    let Some((name, new)) = successor
        .name
        .as_deref()
        .and_then(|name| Some((name, after.get(name)?)))
    else {
        judge_dropped_table(expected, after, &mut verdict);
        return verdict;
    };
    if is_unchanged(contents, successor, new) {
        let first = new.rows.len() - contents.rows.len();
        verdict.pairs = (0..contents.rows.len())
            .map(|row| (row, first + row))
            .collect();
        verdict.is_unchanged = true;
        return verdict;
    }
    let places: Vec<Option<usize>> = successor
        .columns
        .iter()
        .map(|column| new.position(column.as_deref()?))
        .collect();
    let key = positions(contents, &expected.key);
    let matches = match_rows(&contents.rows, new, &places, &key);
    verdict.pairs = matches
        .iter()
        .enumerate()
        .filter_map(|(old, new)| Some((old, (*new)?)))
        .collect();
    let pairs = verdict.pairs.iter();
    let pairs: Vec<(&Row, &Row)> = pairs
        .map(|&(old, other)| (&contents.rows[old], &new.rows[other]))
        .collect();
    let lost: Vec<Row> = contents
        .rows
        .iter()
        .zip(&matches)
        .filter(|(row, other)| other.is_none() && !has_arrived(expected, row, after, Some(name)))
        .map(|(row, _)| row.clone())
        .collect();
    if !lost.is_empty() {
        let total = contents.rows.len();
        let is_all = lost.len() == total;
        verdict.losses.push(Loss::Rows { lost, total });
        if is_all {
            return verdict;
        }
    }
    let judged = Judged {
        expected,
        contents,
        name,
        places: &places,
        pairs: &pairs,
        after,
    };
    for column in 0..contents.columns.len() {
        judged.judge_column(column, &mut verdict);
    }
    let dropped = (0..contents.columns.len()).filter(|column| places[*column].is_none());
    let pairs = Pairs {
        old: contents,
        table: name,
        new,
        rows: &verdict.pairs,
    };
    verdict.conversions = dropped
        .flat_map(|column| pairs.conversions(column, &places))
        .collect();
    drop_mirrored(&mut verdict.losses);
    verdict
}

/// Returns `true` if the table has the same columns, and the same rows after any new rows.
fn is_unchanged(contents: &Contents, successor: &Successor, new: &Contents) -> bool {
    let mut columns = contents.columns.iter().zip(&successor.columns);
    columns.all(|(column, place)| Some(column) == place.as_ref())
        && contents.columns == new.columns
        && new.rows.ends_with(&contents.rows)
}

/// A table with a successor, and the pairs of an old row and its new row.
struct Judged<'j> {
    expected: &'j Expected,
    contents: &'j Contents,
    /// The name of the successor.
    name: &'j str,
    places: &'j Places,
    pairs: &'j [(&'j Row, &'j Row)],
    after: &'j After<'j>,
}

impl Judged<'_> {
    fn judge_column(&self, column: usize, verdict: &mut Verdict) {
        let name = &self.contents.columns[column];
        let missing: Vec<(&Row, &Row)> = self
            .pairs
            .iter()
            .copied()
            .filter(|(old, _)| has_content(&old.values[column]))
            .filter(|pair| !self.is_at_place(*pair, column))
            .collect();
        let has_place = self.places[column].is_some();
        if missing.is_empty() {
            return;
        }
        let lost = missing
            .iter()
            .filter(|pair| !self.is_elsewhere(**pair, column));
        let lost: Vec<Row> = lost.map(|(old, _)| (*old).clone()).collect();
        let is_elsewhere = lost.is_empty();
        if !has_place {
            // Another value can be found by chance.
            let identifying = lost
                .iter()
                .filter(|row| is_identifying(&row.values[column]));
            let identifying = identifying.cloned().collect();
            verdict.unplaced_values.push((name.clone(), identifying));
        }
        let other = self.other_place(&missing, column);
        if let (true, Some(to)) = (has_place, &other) {
            let to = to.clone();
            let column = name.clone();
            verdict.losses.push(Loss::Moved { column, to });
            return;
        }
        if is_elsewhere || other.is_some() {
            if !has_place {
                verdict.arrived_columns.push(name.clone());
            } else if let Some(to) = self.new_column_of(&missing, column) {
                // The column that a user knows has other values now.
                let column = name.clone();
                verdict.losses.push(Loss::Moved { column, to });
            }
            return;
        }
        let Some(place) = self.places[column] else {
            let column = name.clone();
            verdict.losses.push(match self.renewed(&column, &missing) {
                Some(to) => Loss::Values { column, to },
                None => Loss::Column { column },
            });
            return;
        };
        let loss = self.changed(&missing, column, place);
        verdict.losses.extend(loss);
    }

    /// Returns the new values of a dropped column whose name another column has now.
    ///
    /// Returns `None` if the table has no such column, and `Some(None)` for several values.
    fn renewed(&self, name: &str, missing: &[(&Row, &Row)]) -> Option<Option<Value>> {
        let place = self.after.get(self.name)?.position(name)?;
        let first = missing.first().map(|(_, new)| &new.values[place])?;
        let is_constant = missing.iter().all(|(_, new)| new.values[place] == *first);
        Some(Some(first.clone()).filter(|_| is_constant))
    }

    /// Returns `true` if the value is in the column that descends from its own.
    fn is_at_place(&self, (old, new): (&Row, &Row), column: usize) -> bool {
        self.places[column].is_some_and(|place| same(&old.values[column], &new.values[place]))
    }

    /// Returns `true` if the value is in a new column of its row, or in another table.
    fn is_elsewhere(&self, (old, new): (&Row, &Row), column: usize) -> bool {
        let value = &old.values[column];
        let is_old_place = |place: usize| self.places.contains(&Some(place));
        let mut new_values = new.values.iter().enumerate();
        new_values.any(|(place, other)| !is_old_place(place) && same(value, other))
            || self
                .after
                .has_elsewhere(OldValue::of(self.expected, old, column), Some(self.name))
    }

    /// Returns the new column that has the values of all `missing` rows.
    fn new_column_of(&self, missing: &[(&Row, &Row)], column: usize) -> Option<String> {
        let new = self.after.get(self.name)?;
        let mut places = 0..new.columns.len();
        let place = places.find(|place| {
            !self.places.contains(&Some(*place))
                && missing
                    .iter()
                    .all(|(old, new)| same(&old.values[column], &new.values[*place]))
        })?;
        Some(new.columns[place].clone())
    }

    /// Returns the other old column that now has the values of all `missing` rows.
    fn other_place(&self, missing: &[(&Row, &Row)], column: usize) -> Option<String> {
        let mut columns = 0..self.contents.columns.len();
        let other = columns.find(|&other| {
            let Some(place) = self.places[other].filter(|_| other != column) else {
                return false;
            };
            let has_value =
                |(old, new): &(&Row, &Row)| same(&old.values[column], &new.values[place]);
            let had_value = |(old, _): &(&Row, &Row)| same(&old.values[column], &old.values[other]);
            missing.iter().all(has_value) && !missing.iter().all(had_value)
        })?;
        Some(self.contents.columns[other].clone())
    }

    /// Classifies changed values. The caller finds out if new values depend on the old values.
    fn changed(&self, missing: &[(&Row, &Row)], column: usize, place: usize) -> Option<Loss> {
        let name = self.contents.columns[column].clone();
        let converted = missing
            .iter()
            .find(|(old, new)| is_lossy_conversion(&old.values[column], &new.values[place]));
        if let Some((old, new)) = converted {
            return Some(Loss::Converted {
                column: name,
                old: old.values[column].clone(),
                new: new.values[place].clone(),
            });
        }
        let first = missing.first().map(|(_, new)| new.values[place].clone())?;
        let is_constant = missing.iter().all(|(_, new)| new.values[place] == first);
        Some(Loss::Values {
            column: name,
            to: Some(first).filter(|_| is_constant),
        })
    }
}

/// Keeps one loss of two columns that have exchanged their values.
fn drop_mirrored(losses: &mut Vec<Loss>) {
    let mut kept: Vec<Loss> = Vec::new();
    for loss in losses.drain(..) {
        let is_mirrored = kept.iter().any(|other| match (&loss, other) {
            (
                Loss::Moved { column, to },
                Loss::Moved {
                    column: from,
                    to: other,
                },
            ) => column == other && to == from,
            _ => false,
        });
        if !is_mirrored {
            kept.push(loss);
        }
    }
    *losses = kept;
}
