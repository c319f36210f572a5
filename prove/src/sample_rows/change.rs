//! Other values for the sample rows of one column.

use revchain_runtime::internal::quote;
use rusqlite::{Connection, Result, params_from_iter};

use super::contents::Contents;
use super::hints::Hints;
use super::table::TableInfo;
use super::triggers::without_triggers;
use super::values::{Place, RowKind, TableHints, candidates};

/// The first number of the values. No other sample row has such a number.
const FIRST_NUMBER: i64 = 5_301;

/// Gives other values to a column in each row, to find out which new values depend on the column.
///
/// `round` selects the values. A row that accepts no other value stays as it is.
pub(crate) fn change_column(
    connection: &Connection,
    table: &str,
    name: &str,
    (hints, round): (&Hints, usize),
) -> Result<()> {
    without_triggers(connection, || {
        change(connection, table, name, (hints, round))
    })
}

fn change(
    connection: &Connection,
    table: &str,
    name: &str,
    (hints, round): (&Hints, usize),
) -> Result<()> {
    let info = TableInfo::read(connection, table)?;
    let columns = &info.columns;
    let Some(column) = columns.iter().position(|column| column.name == name) else {
        return Ok(());
    };
    let Some(old) = Contents::read(connection, table)? else {
        return Ok(());
    };
    let target = format!(
        "UPDATE OR ABORT main.{} SET {} = ?1 WHERE {}",
        quote(table),
        quote(name),
        old.row_condition(2)
    );
    let Ok(mut update) = connection.prepare(&target) else {
        return Ok(());
    };
    let hints = TableHints {
        own: &info.hints,
        script: hints,
        gets_keys: false,
    };
    let old_columns = &old.columns;
    for (row, old) in old.rows.iter().enumerate() {
        let number = FIRST_NUMBER + i64::try_from(row).unwrap_or_default();
        let place = Place {
            row,
            column,
            kind: RowKind::Distinct,
            number,
        };
        let mut values = candidates(&columns[column], place, hints);
        let length = values.len();
        values.rotate_left((round * 7 + row * round) % length.max(1));
        let place = old_columns
            .iter()
            .position(|other| other == name)
            .unwrap_or_default();
        let mut others = values.iter().filter(|value| **value != old.values[place]);
        others.find(|value| {
            let values = [*value].into_iter().chain(&old.values);
            let changed = update.execute(params_from_iter(values));
            changed.is_ok_and(|rows| rows > 0)
        });
    }
    Ok(())
}
