//! The kinds of constraints that a table can lose.

/// The kind of constraint or property that a rebuild drops, as declared by `@loosens`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LoosensKind {
    /// A primary key.
    Key,
    /// A UNIQUE constraint, or the UNIQUE of an index.
    Unique,
    /// A CHECK constraint.
    Check,
    /// A NOT NULL constraint.
    NotNull,
    /// A DEFAULT.
    Default,
    /// A COLLATE clause.
    Collate,
    /// A foreign key, or its action.
    References,
    /// AUTOINCREMENT.
    Autoincrement,
    /// STRICT.
    Strict,
    /// The expression of a generated column.
    Generated,
}

impl LoosensKind {
    /// All kinds, in the order in which messages list them.
    pub const ALL: &'static [Self] = &[
        Self::Key,
        Self::Unique,
        Self::Check,
        Self::NotNull,
        Self::Default,
        Self::Collate,
        Self::References,
        Self::Autoincrement,
        Self::Strict,
        Self::Generated,
    ];

    /// Returns the word that names the kind in a directive.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::Unique => "unique",
            Self::Check => "check",
            Self::NotNull => "not-null",
            Self::Default => "default",
            Self::Collate => "collate",
            Self::References => "references",
            Self::Autoincrement => "autoincrement",
            Self::Strict => "strict",
            Self::Generated => "generated",
        }
    }
}
