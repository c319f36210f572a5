//! A table that a pending script names and that does not belong to the chain.

use revchain_core::Statement;
use revchain_core::diagnostics::escape::escape;
use revchain_core::diagnostics::snippet::Snippet;
use revchain_core::diagnostics::text::Text;

use super::direction::Direction;

/// A table that a pending script names and that does not belong to the chain.
///
/// A script touches only the tables of its own chain, so that several chains and programs can share
/// a database.
#[derive(Debug)]
#[non_exhaustive]
pub struct NotOwned {
    /// The id of the revision.
    pub revision: String,
    /// The direction of the script.
    pub direction: Direction,
    /// The path of the file: the directory as passed to the macro, then the file name.
    pub path: String,
    /// The line of the name in the file, from 1.
    pub line: u32,
    /// The column of the name, from 1, in characters.
    pub column: u32,
    /// The name of the table, or of the index or trigger that a script drops.
    pub table: String,
    /// The owner of the table.
    pub owner: Owner,
    is_drop: bool,
    snippet: Snippet,
}

/// The owner of a table that does not belong to the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Owner {
    /// The setting [`Migrator::ignore_tables`](crate::Migrator::ignore_tables) excludes the table.
    Ignored,
    /// Several chains share the database, and this chain has not made the table.
    OtherChain,
    /// Only the attached database with this name has the table.
    Attached(String),
}

/// The place of a statement in a chain.
#[derive(Clone, Copy)]
pub(crate) struct Place<'p> {
    pub(crate) revision: &'p str,
    pub(crate) path: &'p str,
    pub(crate) direction: Direction,
    pub(crate) statement: &'p Statement<'p>,
}

impl NotOwned {
    pub(crate) fn new(place: Place<'_>, offset: usize, table: &str, owner: Owner) -> Self {
        let snippet = place.statement.snippet(Some(offset));
        Self {
            revision: place.revision.to_owned(),
            direction: place.direction,
            path: place.path.to_owned(),
            line: snippet.line(),
            column: snippet.column(),
            table: table.to_owned(),
            owner,
            is_drop: false,
            snippet,
        }
    }

    /// Sets whether the statement drops the table.
    pub(crate) fn with_drop(self, is_drop: bool) -> Self {
        Self { is_drop, ..self }
    }

    pub(super) fn text(&self) -> Text {
        let Self {
            revision,
            direction,
            line,
            column,
            snippet,
            ..
        } = self;
        let (table, path) = (escape(&self.table), escape(&self.path));
        let verb = match (&self.owner, self.is_drop) {
            (Owner::Attached(_), _) => "names",
            (_, true) => "drops",
            (_, false) => "changes",
        };
        let fact = match &self.owner {
            Owner::Ignored => "which `ignore_tables` excludes from the chain".to_owned(),
            Owner::OtherChain => "which this chain has not made in a shared database".to_owned(),
            Owner::Attached(schema) => {
                format!("which only the attached database `{}` has", escape(schema))
            }
        };
        let text = Text::new(format!(
            "the {direction} of {revision} {verb} `{table}`, {fact}\n  \
             {path}:{line}:{column}\n{snippet}\nnothing was changed"
        ));
        match &self.owner {
            Owner::Ignored => {
                text.help("remove the table from .ignore_tables([…]) or --ignore-tables")
            }
            Owner::OtherChain => text
                .help("rename the table of this chain, if another chain has made the other one")
                .help(format!(
                    "or, if no chain has made it, declare it: `-- @destroys {table} REASON`"
                )),
            Owner::Attached(schema) => text
                .help(format!(
                    "detach the database before the request: DETACH {}",
                    escape(schema)
                ))
                .help(format!("or name the schema in the migration: main.{table}")),
        }
    }
}
