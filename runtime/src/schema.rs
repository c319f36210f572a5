//! The schema of a database, as SQLite keeps it.

use std::collections::HashSet;

use revchain_core::schema::Schema;
use rusqlite::Connection;

/// The schema that a database has, without tables of these names.
pub(crate) fn read(connection: &Connection, ignored: &[String]) -> rusqlite::Result<Schema> {
    Ok(dump(connection)?.schema(ignored))
}

/// All texts of a database's schema in one: to find out whether anything has changed, nothing is faster.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Dump(String);

/// No text has it: SQLite ends a statement there.
const SEPARATOR: char = '\0';

pub(crate) fn dump(connection: &Connection) -> rusqlite::Result<Dump> {
    let sql = "SELECT coalesce(group_concat(sql, char(0)), '') FROM main.sqlite_master";
    // SQLite does not mind bytes that are no UTF-8, so somebody may have some.
    connection
        .query_row(sql, [], |row| Ok(Dump(String::from_utf8_lossy(row.get_ref(0)?.as_bytes()?).into_owned())))
}

impl Dump {
    pub(crate) fn schema(&self, ignored: &[String]) -> Schema {
        Schema::read_without(texts(&self.0), ignored)
    }

    /// The texts that only this one has, and those that only the other has.
    pub(crate) fn changes<'d>(&'d self, other: &'d Self) -> (Vec<&'d str>, Vec<&'d str>) {
        let shorter = self.0.len().min(other.0.len());
        let tail = |dump: &'d Self, length: usize| &dump.0.as_bytes()[dump.0.len() - length..];
        // Whole ranges are compared, which takes no time even where nothing is optimised.
        let start = longest(shorter, |length| self.0.as_bytes()[..length] == other.0.as_bytes()[..length]);
        let start = self.0.as_bytes()[..start].iter().rposition(|&byte| byte == 0).map_or(0, |nul| nul + 1);
        let end = longest(shorter - start, |length| tail(self, length) == tail(other, length));
        let end = tail(self, end).iter().position(|&byte| byte == 0).map_or(0, |nul| end - nul);
        let between =
            |dump: &'d Self| -> Vec<&'d str> { texts(&dump.0[start..dump.0.len() - end]).collect() };
        let (mut old, mut new) = (between(self), between(other));
        let both: HashSet<&str> = old
            .iter()
            .copied()
            .collect::<HashSet<_>>()
            .intersection(&new.iter().copied().collect())
            .copied()
            .collect();
        old.retain(|text| !both.contains(text));
        new.retain(|text| !both.contains(text));
        (old, new)
    }
}

fn texts(dump: &str) -> impl Iterator<Item = &str> {
    dump.split(SEPARATOR).filter(|text| !text.is_empty())
}

/// The greatest length up to `most` of which something is true that is true of every smaller one.
fn longest(most: usize, is_true: impl Fn(usize) -> bool) -> usize {
    let (mut least, mut beyond) = (0, most + 1);
    while beyond - least > 1 {
        let middle = least + (beyond - least) / 2;
        if is_true(middle) {
            least = middle;
        } else {
            beyond = middle;
        }
    }
    least
}
