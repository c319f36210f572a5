//! The declarations of a header about constraints: `@loosens` and `@assumes`.
//!
//! Neither belongs to the checksum, so a released revision can still receive one.

pub use crate::schema::LoosensKind;

macro_rules! kinds {
    ($(#[$outer:meta])+ $enum:ident: $($(#[$doc:meta])+ $kind:ident = $name:literal,)+) => {
        $(#[$outer])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $enum {
            $($(#[$doc])+ $kind,)+
        }

        impl $enum {
            /// All kinds, in the order in which messages list them.
            pub const ALL: &'static [Self] = &[$(Self::$kind),+];

            /// Returns the word that names the kind in a directive.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$kind => $name,)+
                }
            }
        }
    };
}

kinds! {
    /// The kind of condition that existing rows satisfy, as declared by `@assumes`.
    AssumesKind:
    /// No two rows have the same values in the columns.
    Unique = "unique",
    /// No row has NULL in any of the columns.
    NotNull = "not-null",
    /// Each row satisfies the CHECK constraints of the upgrade that name the columns.
    Check = "check",
    /// Each row references an existing row.
    References = "references",
    /// Each row has values that the statements of the upgrade accept, such as valid JSON.
    Values = "values",
}

/// A constraint that a rebuild intentionally drops, as declared in the file by `@loosens`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loosens {
    /// The name of the table.
    pub table: String,
    /// The name of the column; `None` for a constraint of the whole table.
    pub column: Option<String>,
    /// The kind of constraint.
    pub kind: LoosensKind,
    /// The reason that the file gives.
    pub reason: String,
}

/// A condition that existing rows satisfy already, as declared in the file by `@assumes`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assumes {
    /// The name of the table.
    pub table: String,
    /// The names of the columns, in the order of the file; never empty.
    pub columns: Vec<String>,
    /// The kind of condition.
    pub kind: AssumesKind,
    /// The reason that the file gives.
    pub reason: String,
}
