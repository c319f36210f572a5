//! The request for sample rows, and its result.

use revchain_core::Assumes;
use revchain_core::sql::cursor;
use revchain_core::sql::inspect::{names_object, starts_with_one_of};

use super::hints::Hints;
use super::table::TableCache;
use super::values::RowKind;

/// The kind of sample rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Rows whose values identify their origin.
    Provenance,
    /// Rows such as those of users.
    Failure,
    /// Rows as for provenance, but each table numbers its rows from the same number on.
    SharedKeys,
}

impl Mode {
    pub(super) fn row_kinds(self) -> &'static [RowKind] {
        match self {
            Self::Provenance | Self::SharedKeys => &[
                RowKind::Distinct,
                RowKind::Distinct,
                RowKind::Distinct,
                RowKind::Digits,
                RowKind::Distinct,
            ],
            Self::Failure => &[
                RowKind::Distinct,
                RowKind::Duplicate(0),
                RowKind::Null,
                RowKind::NullInSome {
                    bit: 0,
                    is_set: false,
                },
                RowKind::NullInSome {
                    bit: 0,
                    is_set: true,
                },
                RowKind::NullInSome {
                    bit: 1,
                    is_set: false,
                },
                RowKind::NullInSome {
                    bit: 1,
                    is_set: true,
                },
                RowKind::NullInSome {
                    bit: 2,
                    is_set: false,
                },
                RowKind::NullInSome {
                    bit: 2,
                    is_set: true,
                },
                RowKind::Empty,
                RowKind::Extreme,
                RowKind::Digits,
                RowKind::Duplicate(0),
                RowKind::Duplicate(3),
                RowKind::Duplicate(4),
                RowKind::Uppercase,
                RowKind::Padded,
            ],
        }
    }
}

/// The number of sample rows of a table, unless a script has a larger LIMIT.
pub(crate) const SAMPLE_ROWS: usize = 17;

/// The rows to insert.
pub(crate) struct Request<'r> {
    pub(crate) mode: Mode,
    pub(crate) tables: &'r [String],
    pub(crate) tables_info: &'r TableCache,
    /// The hints from the scripts of the revision.
    pub(crate) hints: &'r Hints,
    /// The statements of the revision.
    pub(crate) statements: &'r [String],
    /// The conditions that the rows satisfy.
    pub(crate) assumes: &'r [&'r Assumes],
    /// The tables of which only some sample rows stay, and the numbers of these rows.
    pub(crate) kept_rows: &'r [(String, Vec<usize>)],
}

impl Request<'_> {
    /// Returns the kind of the sample row with this number.
    pub(super) fn kind(&self, row: usize) -> RowKind {
        let kinds = self.mode.row_kinds();
        kinds.get(row).copied().unwrap_or(RowKind::Distinct)
    }

    /// Returns the number of sample rows of a table.
    ///
    /// A copy with a LIMIT loses the rows beyond the limit, so a table needs more rows than that.
    pub(super) fn row_count(&self, table: &str) -> usize {
        let count = self.mode.row_kinds().len();
        if self.mode != Mode::Failure {
            return count;
        }
        let copies = self.statements.iter().filter(|sql| {
            starts_with_one_of(sql, &["INSERT", "REPLACE", "WITH", "CREATE"])
                && names_object(sql, table)
        });
        let limits = copies.filter_map(|sql| limit(sql));
        let limits = limits.filter(|limit| *limit <= MAX_LIMIT);
        limits.map(|limit| limit + count).fold(count, usize::max)
    }
}

/// The largest LIMIT that the sample rows exceed. More rows would slow the build.
const MAX_LIMIT: usize = 2_000;

/// Returns the largest number after a `LIMIT` in a statement.
fn limit(sql: &str) -> Option<usize> {
    let tokens = cursor::tokens(sql);
    let pairs = tokens
        .windows(2)
        .filter(|pair| pair[0].is_word(sql, "LIMIT"));
    pairs
        .filter_map(|pair| pair[1].text(sql).parse().ok())
        .max()
}

/// The result of an insertion of sample rows.
#[derive(Debug, Default)]
pub(crate) struct Filled {
    /// The tables that were filled: the requested tables, and the parents of their rows.
    pub(crate) tables: Vec<String>,
    /// The tables whose sample rows violate a CHECK, because no values satisfy the CHECK.
    pub(crate) unchecked: Vec<String>,
}
