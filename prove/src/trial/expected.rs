//! The rows that a user expects after a script: the rows before it, with its explicit changes.
//!
//! A `DELETE` declares that its rows go, and an `UPDATE` declares that its values change.
//! The values that such a statement leaves must still arrive.

use revchain_core::schema::Schema;
use rusqlite::{Connection, Result};

use super::matching::{Changes, ValueIndex};
use super::values::{is_identifying, same};
use crate::sample_rows::contents::{Contents, Row};
use crate::sample_rows::table::TableInfo;

/// A table before a script, with the rows that a user expects after the script.
pub(super) struct Expected {
    pub(super) table: String,
    /// The lowercase columns of the primary key.
    pub(super) key: Vec<String>,
    /// The lowercase columns of foreign keys, whose values are in another table anyway.
    pub(super) references: Vec<String>,
    /// The lowercase column that is the rowid, if no foreign key references the table.
    ///
    /// Nothing depends on the value of such a key, so a row can get a new key in another table.
    pub(super) free_key: Option<String>,
    pub(super) contents: Contents,
}

/// The number of first rows that are expected. Earlier revisions may insert many rows.
const FIRST_ROWS: usize = 8;

/// The number of last rows that are expected. The sample rows are usually the last rows.
const LAST_ROWS: usize = 24;

/// The contents of tables at one point of a script.
pub(crate) type Tables = Vec<(String, Contents)>;

impl Expected {
    /// Reads the rows of a table; `None` if the table cannot be read.
    pub(super) fn read(
        connection: &Connection,
        table: &str,
        info: &TableInfo,
    ) -> Result<Option<Self>> {
        let Some(mut contents) = Contents::read(connection, table)? else {
            return Ok(None);
        };
        // The values of a generated column follow from other columns.
        let columns: Vec<String> = info
            .columns
            .iter()
            .map(|column| column.name.clone())
            .collect();
        contents.keep_columns(&columns);
        let count = contents.rows.len();
        if count > FIRST_ROWS + LAST_ROWS {
            contents.rows.drain(FIRST_ROWS..count - LAST_ROWS);
        }
        Ok(Some(Self {
            table: table.to_owned(),
            key: info.primary_key.clone(),
            references: info
                .keys
                .iter()
                .flat_map(|key| &key.columns)
                .map(|(from, _)| from.clone())
                .collect(),
            free_key: None,
            contents,
        }))
    }

    /// Sets `free_key`, for a table of `schema`.
    pub(super) fn with_free_key(mut self, info: &TableInfo, schema: &Schema) -> Self {
        if info.has_rowid_column() && schema.children(&self.table).is_empty() {
            self.free_key = self.key.first().cloned();
        }
        self
    }
}

/// Returns the contents of a table.
pub(super) fn find_table<'t>(tables: &'t Tables, name: &str) -> Option<&'t Contents> {
    let mut tables = tables.iter();
    let table = tables.find(|(other, _)| other.eq_ignore_ascii_case(name));
    table.map(|(_, contents)| contents)
}

/// Reads the contents of tables. Omits tables that do not exist.
pub(super) fn read_tables<'n>(
    connection: &Connection,
    names: impl IntoIterator<Item = &'n str>,
) -> Result<Tables> {
    let mut tables = Vec::new();
    for name in names {
        if let Some(contents) = Contents::read(connection, name)? {
            tables.push((name.to_owned(), contents));
        }
    }
    Ok(tables)
}

/// Applies the changes of an explicit statement to the expected rows.
///
/// `set` is the table of the statement, and the columns that the statement sets. A trigger can
/// change other columns of the table.
pub(super) fn apply_changes(
    expected: &mut [Expected],
    [before, after]: [&Tables; 2],
    set: Option<&(String, Vec<String>)>,
) {
    for (name, old) in before {
        let Some((_, new)) = after.iter().find(|(other, _)| other == name) else {
            continue;
        };
        let changes = Changes::new(old, new);
        if old.columns != new.columns || !changes.any() {
            continue;
        }
        let set = set.filter(|(table, columns)| table == name && !columns.is_empty());
        let is_set = |column: usize| {
            let mut columns = set.iter().flat_map(|(_, columns)| columns);
            set.is_none() || columns.any(|name| *name == old.columns[column])
        };
        let columns = (0..old.columns.len())
            .filter(|&column| is_set(column) || !changes.makes_constant(column))
            .collect::<Vec<_>>();
        let index = ValueIndex::new(old);
        // A renamed table can leave its old name to another table.
        let own = expected.iter().position(|expected| {
            let mut columns = expected.contents.columns.iter();
            expected.table.eq_ignore_ascii_case(name)
                && columns.all(|column| old.columns.contains(column))
        });
        for (position, expected) in expected.iter_mut().enumerate() {
            let is_own = own == Some(position);
            if own.is_none() || is_own {
                let intent = Intent {
                    columns: &columns,
                    is_own,
                    is_update: is_own && set.is_some(),
                };
                expected.apply(&changes, &index, &intent);
            }
        }
    }
}

/// The changes that a statement declares.
struct Intent<'i> {
    /// The positions of the columns that the statement may change.
    columns: &'i [usize],
    /// `true` if the expected rows are the rows of the changed table.
    is_own: bool,
    /// `true` for an UPDATE, which does not declare that rows go, as OR REPLACE makes them go.
    is_update: bool,
}

impl Expected {
    fn apply(&mut self, changes: &Changes<'_>, index: &ValueIndex, intent: &Intent<'_>) {
        let names = self.contents.columns.clone();
        self.contents.rows.retain_mut(|row| {
            let own_columns = intent.is_own.then_some(&names[..]);
            let found = changes.find(row, index, own_columns);
            match found.and_then(|found| changes.of(found)) {
                None => true,
                Some((_, None)) => intent.is_update,
                Some((old, Some(new))) => {
                    update(&names, row, (changes.columns(), intent.columns), [old, new]);
                    true
                }
            }
        });
    }
}

/// Replaces the values that an UPDATE has changed in the columns `changed` of an expected row.
fn update(
    names: &[String],
    row: &mut Row,
    (columns, changed): (&[String], &[usize]),
    [old, new]: [&Row; 2],
) {
    for &position in changed {
        let name = &columns[position];
        let (from, to) = (&old.values[position], &new.values[position]);
        if from == to {
            continue;
        }
        let named = names.iter().position(|column| column == name);
        let named =
            named.filter(|&column| row.values[column] == *from || same(&row.values[column], from));
        let found = || {
            let mut values = row.values.iter();
            values.position(|value| is_identifying(from) && same(value, from))
        };
        if let Some(column) = named.or_else(found) {
            row.values[column] = to.clone();
        }
    }
}
