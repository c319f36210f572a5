//! The request for sample rows, and its result.

use revchain_core::Assumes;

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
}

impl Mode {
    pub(super) fn row_kinds(self) -> &'static [RowKind] {
        match self {
            Self::Provenance => &[
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
            ],
        }
    }
}

/// The largest number of sample rows of a table.
pub(crate) const MAX_SAMPLE_ROWS: usize = 15;

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

/// The result of an insertion of sample rows.
#[derive(Debug, Default)]
pub(crate) struct Filled {
    /// The tables that were filled: the requested tables, and the parents of their rows.
    pub(crate) tables: Vec<String>,
    /// The tables whose sample rows violate a CHECK, because no values satisfy the CHECK.
    pub(crate) unchecked: Vec<String>,
}
