//! The parts of migrations that `import` leaves out, or that a person must look at.

use serde_json::{Value, json};

/// A part of a migration that the report lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Item {
    pub(crate) kind: ItemKind,
    /// The path of the file, as the user wrote the directory.
    pub(crate) path: String,
    /// The line of the file; `None` for a whole file.
    pub(crate) line: Option<usize>,
    /// The start of the statement, or the mark.
    pub(crate) text: String,
}

/// The kind of an [`Item`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ItemKind {
    /// The migration is code.
    Code,
    /// The tool ran the migration outside a transaction.
    NoTransaction,
    Vacuum,
    /// `ATTACH` or `DETACH`.
    Attach,
    Rollback,
    LegacyAlterTable,
    WritableSchema,
    /// A pragma that configures the connection.
    Pragma,
    /// A bind parameter, or a name that the tool replaces.
    Placeholder,
}

impl ItemKind {
    /// Returns the name, for JSON.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::NoTransaction => "no-transaction",
            Self::Vacuum => "vacuum",
            Self::Attach => "attach",
            Self::Rollback => "rollback",
            Self::LegacyAlterTable => "legacy-alter-table",
            Self::WritableSchema => "writable-schema",
            Self::Pragma => "pragma",
            Self::Placeholder => "placeholder",
        }
    }

    /// Returns `true` if later SQL can depend on the part.
    pub(crate) fn can_matter(self) -> bool {
        !matches!(self, Self::NoTransaction | Self::Vacuum | Self::Pragma)
    }

    /// Returns `true` for a pragma that changes what later statements do to the schema.
    pub(crate) fn is_schema_pragma(self) -> bool {
        matches!(self, Self::LegacyAlterTable | Self::WritableSchema)
    }

    /// Returns `true` if the chain may differ from the databases of the tool without the part.
    pub(crate) fn needs_decision(self) -> bool {
        matches!(
            self,
            Self::Code | Self::Attach | Self::Rollback | Self::Placeholder
        )
    }

    /// Returns the consequence, or the advice for a part that needs a decision.
    pub(crate) fn consequence(self) -> &'static str {
        match self {
            Self::Code => "code, so left out; write its SQL in a file beside it, and import again",
            Self::NoTransaction => "revchain runs it in a transaction",
            Self::Vacuum => "left out; run VACUUM from the program",
            Self::Attach => "left out; copy between databases from the program",
            Self::Rollback => {
                "left out, but the tool undid the statements above it; remove both, and import again"
            }
            Self::LegacyAlterTable => "left out; the schema is the same without it",
            Self::WritableSchema => "left out; the schema is the same without it",
            Self::Pragma => "left out; run it on the connection, after MIGRATIONS.open(…)",
            Self::Placeholder => "left out; write the value itself, and import again",
        }
    }
}

impl Item {
    /// Returns `path:line: text`, or `path` for a whole file.
    pub(crate) fn place(&self) -> String {
        match self.line {
            Some(line) => format!("{}:{line}: {}", self.path, self.text),
            None => self.path.clone(),
        }
    }

    pub(crate) fn to_json(&self) -> Value {
        json!({
            "kind": self.kind.name(),
            "path": self.path,
            "line": self.line,
            "text": self.text,
            "needs_decision": self.kind.needs_decision(),
            "consequence": self.kind.consequence(),
        })
    }
}
