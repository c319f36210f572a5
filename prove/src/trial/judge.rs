//! The decision which rows and values did not arrive.

use std::cell::OnceCell;

use rusqlite::types::Value;

use super::conversion::{Conversion, Pairs};
use super::expected::{Expected, Tables, find_table};
use super::matching::{Places, ValueIndex, match_rows, positions};
use super::values::{has_content, is_identifying, is_lossy_conversion, same};
use crate::sample_rows::contents::{Contents, Row};
use crate::tables::Successor;

/// Rows or values that did not arrive.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Loss {
    /// Rows of a table that has a successor.
    Rows { lost: Vec<Row>, total: usize },
    /// The values of a column: NULL, one constant, or new values that do not depend on the old.
    Values { column: String, to: Option<Value> },
    /// The values of a column, which are now in another old column.
    Moved { column: String, to: String },
    /// A value that a column of another type has converted.
    Converted {
        column: String,
        old: Value,
        new: Value,
    },
    /// A table without a successor, whose rows are not in another table either.
    Table { lost: Vec<Row>, total: usize },
    /// A dropped column whose values are nowhere else.
    Column { column: String },
    /// Values that became NULL, although `to` has the converted values of the other rows.
    Nulled {
        column: String,
        to: String,
        lost: Vec<Row>,
    },
    /// A lower AUTOINCREMENT counter.
    Counter { from: i64, to: i64 },
    /// Other rowids, although the view or trigger `user` names them.
    Rowids { user: String },
    /// A full-text index that no longer agrees with its rows.
    Index { index: String },
}

/// A judged table: what is lost, and what has arrived although the schema lacks its place.
#[derive(Default)]
pub(super) struct Verdict {
    pub(super) losses: Vec<Loss>,
    /// The dropped columns whose values have arrived elsewhere.
    pub(super) arrived_columns: Vec<String>,
    /// The position of each row that has arrived, and its position in the successor.
    pub(super) pairs: Vec<(usize, usize)>,
    /// `true` if the rows are the same as before.
    pub(super) is_unchanged: bool,
    /// `true` if the table has no successor, and all its rows have arrived elsewhere.
    pub(super) has_table_arrived: bool,
    /// The columns of a dropped table that have not arrived, if all other values have.
    pub(super) missing_columns: Vec<String>,
    /// The new columns that may have the values of dropped columns, as a copy or converted.
    pub(super) conversions: Vec<Conversion>,
}

/// The state of the database after a script, with the rows that were there before.
pub(super) struct After<'a> {
    pub(super) before: &'a Tables,
    pub(super) tables: &'a Tables,
    indexes: OnceCell<Vec<ValueIndex>>,
}

impl<'a> After<'a> {
    pub(super) fn new(before: &'a Tables, tables: &'a Tables) -> Self {
        Self {
            before,
            tables,
            indexes: OnceCell::new(),
        }
    }

    fn get(&self, name: &str) -> Option<&'a Contents> {
        find_table(self.tables, name)
    }

    /// Returns the index of each table. Most scripts need none.
    fn indexes(&self) -> &[ValueIndex] {
        self.indexes.get_or_init(|| {
            let tables = self.tables.iter();
            tables
                .map(|(_, contents)| ValueIndex::new(contents))
                .collect()
        })
    }

    /// Returns `true` if a value of an old row is in a new row of any table other than `except`.
    ///
    /// The value must be in one row with another identifying value of `row` if:
    ///
    /// - it can occur by chance
    /// - it references a row of another table
    fn has_elsewhere(&self, old: OldValue<'_>, except: Option<&str>) -> bool {
        let OldValue { row, value, .. } = old;
        self.tables
            .iter()
            .zip(self.indexes())
            .any(|((name, contents), index)| {
                if except.is_some_and(|except| except.eq_ignore_ascii_case(name)) {
                    return false;
                }
                let before = find_table(self.before, name);
                let rows = if !is_identifying(value) {
                    index.rows_like(row)
                } else if old.is_reference && old.has_others() {
                    let mut rows = index.rows_with(value).to_vec();
                    rows.retain(|new| old.shares_others(&contents.rows[*new]));
                    rows
                } else {
                    index.rows_with(value).to_vec()
                };
                rows.into_iter().any(|new| {
                    let mut values = contents.rows[new].values.iter().enumerate();
                    values.any(|(column, other)| {
                        same(value, other)
                            && !before.is_some_and(|before| {
                                had_value(before, &contents.columns[column], other)
                            })
                    })
                })
            })
    }
}

/// A value of an old row.
#[derive(Clone, Copy)]
struct OldValue<'v> {
    row: &'v Row,
    value: &'v Value,
    /// `true` if the value references a row of another table.
    is_reference: bool,
}

impl<'v> OldValue<'v> {
    fn of(expected: &Expected, row: &'v Row, column: usize) -> Self {
        let name = &expected.contents.columns[column];
        Self {
            row,
            value: &row.values[column],
            is_reference: expected.references.contains(name),
        }
    }

    /// Iterates over the other identifying values of the row.
    fn others(self) -> impl Iterator<Item = &'v Value> {
        let identifying = self.row.values.iter().filter(|value| is_identifying(value));
        identifying.filter(move |value| !same(value, self.value))
    }

    fn has_others(self) -> bool {
        self.others().next().is_some()
    }

    fn shares_others(self, new: &Row) -> bool {
        self.others()
            .any(|value| new.values.iter().any(|other| same(value, other)))
    }
}

fn had_value(contents: &Contents, column: &str, value: &Value) -> bool {
    contents.position(column).is_some_and(|column| {
        contents
            .rows
            .iter()
            .any(|row| same(&row.values[column], value))
    })
}

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

/// Decides if each row of a dropped table is in another table.
fn judge_dropped_table(expected: &Expected, after: &After<'_>, verdict: &mut Verdict) {
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

/// Returns `true` if each value of a row is in a table other than `except`.
fn has_arrived(expected: &Expected, row: &Row, after: &After<'_>, except: Option<&str>) -> bool {
    let has_identifying = row.values.iter().any(is_identifying);
    has_identifying
        && (0..row.values.len()).all(|column| {
            let value = OldValue::of(expected, row, column);
            !has_content(value.value) || after.has_elsewhere(value, except)
        })
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
        let elsewhere = missing
            .iter()
            .filter(|pair| self.is_elsewhere(**pair, column));
        let is_elsewhere = elsewhere.count() == missing.len();
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
