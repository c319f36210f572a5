//! A migration of another tool, as its files have it.

/// A migration of another tool.
#[derive(Debug, Clone)]
pub(crate) struct Migration {
    /// The number or id in the name of the file, which becomes the revision if possible.
    pub(crate) id: String,
    /// The version as the tool records it in a database; empty if it records none.
    pub(crate) version: String,
    /// The words of the name.
    pub(crate) name: String,
    /// The digits of the date, `YYYYMMDDHHMM`; `None` if only the id can have a date.
    pub(crate) date: Option<String>,
    /// The versions of the parents; `None` if the migration follows the one before it.
    pub(crate) parents: Option<Vec<String>>,
    pub(crate) upgrade: Upgrade,
    pub(crate) downgrade: Option<Sql>,
    /// The mark that makes the tool run the migration outside a transaction.
    pub(crate) no_transaction: Option<Mark>,
    /// `true` if the tool replaces `${NAME}` in the SQL, also in strings.
    pub(crate) is_template: bool,
}

/// The upgrade of a migration.
#[derive(Debug, Clone)]
pub(crate) enum Upgrade {
    Sql(Sql),
    /// The migration is code of this file, so its SQL is unknown.
    Code {
        path: String,
    },
}

/// A part of a file with SQL.
#[derive(Debug, Clone)]
pub(crate) struct Sql {
    /// The path of the file, for messages.
    pub(crate) path: String,
    /// The line of the file on which the text begins.
    pub(crate) first_line: usize,
    pub(crate) text: String,
}

/// A place in a file, with the text there.
#[derive(Debug, Clone)]
pub(crate) struct Mark {
    pub(crate) path: String,
    pub(crate) line: usize,
    pub(crate) text: String,
}

impl Migration {
    /// Returns a migration without a downgrade.
    pub(crate) fn new(id: &str, version: &str, name: &str, upgrade: Upgrade) -> Self {
        Self {
            id: id.to_owned(),
            version: version.to_owned(),
            name: name.to_owned(),
            date: None,
            parents: None,
            upgrade,
            downgrade: None,
            no_transaction: None,
            is_template: false,
        }
    }

    /// Returns the path of the file with the upgrade.
    pub(crate) fn path(&self) -> &str {
        match &self.upgrade {
            Upgrade::Sql(sql) => &sql.path,
            Upgrade::Code { path } => path,
        }
    }
}
