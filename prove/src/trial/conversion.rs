//! Values that a script converts into a new column.

use rusqlite::types::Value;

use super::values::{has_content, is_lossy_conversion, is_part, same};
use crate::sample_rows::contents::{Contents, Row};

/// A new column whose values may be the converted values of an old column.
#[derive(Debug, Clone)]
pub(super) struct Conversion {
    /// The lowercase old column.
    pub(super) from: String,
    /// The table and the lowercase column that have the new values.
    pub(super) table: String,
    pub(super) column: String,
    /// The positions of the new rows whose old rows have a value.
    pub(super) rows: Vec<usize>,
    /// The old rows whose value became NULL, and is not in another new column either.
    pub(super) nulled: Vec<Row>,
    /// `true` if different old values became different new values, and no value lost a part.
    is_injective: bool,
    /// `true` if no value has changed.
    pub(super) is_copy: bool,
    /// `true` if the type of the new column has changed a value, such as `'007'` to 7.
    pub(super) is_lossy: bool,
}

/// The rows of an old table, and the rows of a new table with the same keys.
pub(super) struct Pairs<'p> {
    pub(super) old: &'p Contents,
    pub(super) table: &'p str,
    pub(super) new: &'p Contents,
    /// The positions of an old row and its new row.
    pub(super) rows: &'p [(usize, usize)],
}

impl Pairs<'_> {
    /// Returns the position of the new column that has each value of an old column.
    pub(super) fn copy_of(&self, column: usize) -> Option<usize> {
        let is_copy = |place: &usize| {
            let mut rows = self.rows.iter();
            rows.all(|&(old, new)| {
                same(
                    &self.old.rows[old].values[column],
                    &self.new.rows[new].values[*place],
                )
            })
        };
        (0..self.new.columns.len()).find(is_copy)
    }

    /// Returns the new columns that may have the converted values of an old column.
    ///
    /// A column at one of the positions `taken` has the values of another old column.
    pub(super) fn conversions(&self, column: usize, taken: &[Option<usize>]) -> Vec<Conversion> {
        let values: Vec<(usize, usize)> = self
            .rows
            .iter()
            .copied()
            .filter(|&(old, _)| has_content(&self.old.rows[old].values[column]))
            .collect();
        let free = (0..self.new.columns.len()).filter(|place| !taken.contains(&Some(*place)));
        free.map(|place| {
            let new_value = |row: usize| &self.new.rows[row].values[place];
            let old_value = |row: usize| &self.old.rows[row].values[column];
            let is_collision = |&(old, new): &(usize, usize)| {
                values.iter().any(|&(other, place)| {
                    same(new_value(new), new_value(place))
                        && !same(old_value(old), old_value(other))
                })
            };
            let is_nulled = |&&(old, new): &&(usize, usize)| {
                let mut others = self.new.rows[new].values.iter().enumerate();
                let is_elsewhere = others.any(|(place, value)| {
                    !taken.contains(&Some(place)) && same(value, old_value(old))
                });
                *new_value(new) == Value::Null && !is_elsewhere
            };
            let nulled = values.iter().filter(is_nulled);
            let mut pairs = values
                .iter()
                .map(|&(old, new)| (old_value(old), new_value(new)));
            Conversion {
                from: self.old.columns[column].clone(),
                table: self.table.to_owned(),
                column: self.new.columns[place].clone(),
                rows: values.iter().map(|(_, new)| *new).collect(),
                nulled: nulled.map(|(old, _)| self.old.rows[*old].clone()).collect(),
                is_injective: !values.iter().any(is_collision)
                    && !pairs.clone().any(|(old, new)| is_part(old, new)),
                is_lossy: pairs
                    .clone()
                    .any(|(old, new)| is_lossy_conversion(old, new)),
                is_copy: pairs.all(|(old, new)| same(old, new)),
            }
        })
        .collect()
    }
}

impl Conversion {
    /// Returns `true` if the new column has a value of its own for each old value.
    ///
    /// Another trial must show that the new values change with the old values.
    pub(super) fn is_candidate(&self) -> bool {
        self.is_injective && self.nulled.is_empty() && !self.rows.is_empty()
    }
}
