//! The tools whose migrations `import` reads.

use clap::ValueEnum;
use revchain_core::Tool as Record;

/// A migration tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Tool {
    /// The files of sqlx.
    Sqlx,
    /// The files of refinery.
    Refinery,
    /// The directories of rusqlite_migration.
    #[value(name = "rusqlite_migration")]
    RusqliteMigration,
    /// The directories of Diesel.
    Diesel,
    /// The output of `alembic upgrade head --sql`.
    Alembic,
    /// The files of golang-migrate.
    GolangMigrate,
    /// The files of goose.
    Goose,
    /// The files of dbmate.
    Dbmate,
    /// Numbered files, which a program of the user runs.
    Plain,
}

/// The foreign key enforcement on the connections of a tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Enforcement {
    /// SQLite ran the actions of foreign keys.
    On,
    /// SQLite ran the actions if the program compiled SQLite with rusqlite's feature `bundled`.
    IfBundled,
    /// SQLite ran no actions.
    Off,
}

impl Tool {
    /// Returns the name, as an argument and in messages.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Sqlx => "sqlx",
            Self::Refinery => "refinery",
            Self::RusqliteMigration => "rusqlite_migration",
            Self::Diesel => "diesel",
            Self::Alembic => "alembic",
            Self::GolangMigrate => "golang-migrate",
            Self::Goose => "goose",
            Self::Dbmate => "dbmate",
            Self::Plain => "plain",
        }
    }

    /// Returns the tool in `@was`, whose record adoption reads in a database.
    pub(crate) fn record(self) -> Record {
        match self {
            Self::Sqlx => Record::Sqlx,
            Self::Refinery => Record::Refinery,
            Self::Diesel => Record::Diesel,
            Self::Alembic => Record::Alembic,
            Self::GolangMigrate => Record::GolangMigrate,
            Self::Goose => Record::Goose,
            Self::Dbmate => Record::Dbmate,
            Self::RusqliteMigration | Self::Plain => Record::UserVersion,
        }
    }

    /// Returns the tables in which the tool records migrations, in lowercase.
    pub(crate) fn own_tables(self) -> &'static [&'static str] {
        match self {
            Self::Sqlx => &["_sqlx_migrations"],
            Self::Refinery => &["refinery_schema_history"],
            Self::Diesel => &["__diesel_schema_migrations"],
            Self::Alembic => &["alembic_version"],
            Self::GolangMigrate | Self::Dbmate => &["schema_migrations"],
            Self::Goose => &["goose_db_version"],
            Self::RusqliteMigration | Self::Plain => &[],
        }
    }

    /// Returns `true` if the tool records its migrations in `PRAGMA user_version`.
    pub(crate) fn owns_user_version(self) -> bool {
        self.record() == Record::UserVersion
    }

    /// Returns the foreign key enforcement by the tool's defaults.
    pub(crate) fn enforcement(self) -> Enforcement {
        match self {
            Self::Sqlx => Enforcement::On,
            // A program that runs plain files usually does so with rusqlite.
            Self::Refinery | Self::RusqliteMigration | Self::Diesel | Self::Plain => {
                Enforcement::IfBundled
            }
            Self::Alembic | Self::GolangMigrate | Self::Goose | Self::Dbmate => Enforcement::Off,
        }
    }
}
