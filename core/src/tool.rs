//! The other migration tools whose records revchain can read.

use std::fmt;

macro_rules! tools {
    ($($(#[$doc:meta])+ $tool:ident = $name:literal,)+) => {
        /// A migration tool whose record of applied migrations revchain can read, for an adoption.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Tool {
            $($(#[$doc])+ $tool,)+
        }

        impl Tool {
            /// All tools, in the order in which messages list them.
            pub const ALL: &'static [Self] = &[$(Self::$tool),+];

            /// Returns the name of the tool in `@was`.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$tool => $name,)+
                }
            }
        }
    };
}

tools! {
    /// sqlx: a number in `_sqlx_migrations`.
    Sqlx = "sqlx",
    /// refinery: a number in `refinery_schema_history`.
    Refinery = "refinery",
    /// Diesel: a text in `__diesel_schema_migrations`.
    Diesel = "diesel",
    /// Alembic: the id of a head in `alembic_version`.
    Alembic = "alembic",
    /// golang-migrate: the newest number, in `schema_migrations`.
    GolangMigrate = "golang-migrate",
    /// goose: a number in `goose_db_version`.
    Goose = "goose",
    /// dbmate: a text in `schema_migrations`.
    Dbmate = "dbmate",
    /// rusqlite_migration, and each program that counts its migrations in `PRAGMA user_version`.
    UserVersion = "user_version",
    /// knex: a file name in `knex_migrations`.
    Knex = "knex",
    /// Rails: a text in `schema_migrations`.
    Rails = "rails",
    /// Drizzle: the `when` of the journal, in `__drizzle_migrations`.
    Drizzle = "drizzle",
    /// Prisma: a directory name in `_prisma_migrations`.
    Prisma = "prisma",
    /// TypeORM: a class name in `migrations`.
    Typeorm = "typeorm",
    /// Django: `app.name` in `django_migrations`.
    Django = "django",
    /// GRDB: an identifier in `grdb_migrations`.
    Grdb = "grdb",
    /// SeaORM: a text in `seaql_migrations`.
    Seaorm = "seaorm",
    /// Flyway: a version in `flyway_schema_history`.
    Flyway = "flyway",
    /// Atlas: a version in `atlas_schema_revisions`.
    Atlas = "atlas",
    /// Entity Framework Core: a migration id in `__EFMigrationsHistory`.
    Efcore = "efcore",
    /// hiqlite: a number in `_migrations`.
    Hiqlite = "hiqlite",
    /// Cloudflare D1: a file name in `d1_migrations`.
    D1 = "d1",
}

impl Tool {
    /// Returns the tool with this [`name`](Self::name); `None` if revchain reads no such record.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|tool| tool.name() == name)
    }

    /// Returns the greatest version of a tool whose versions are numbers; `None` for texts.
    pub(crate) const fn greatest_number(self) -> Option<u64> {
        match self {
            Self::UserVersion => Some(i32::MAX as u64),
            Self::Sqlx | Self::Refinery | Self::GolangMigrate | Self::Goose | Self::Hiqlite => {
                Some(i64::MAX as u64)
            }
            _ => None,
        }
    }

    /// Returns a version in the form in which versions of this tool are compared.
    ///
    /// Returns `None` if the tool cannot record such a version.
    pub fn normalize(self, version: &str) -> Option<String> {
        if self == Self::Diesel {
            // Diesel removes the dashes of a directory's name.
            return Some(version.replace('-', "")).filter(|version| !version.is_empty());
        }
        let Some(greatest) = self.greatest_number() else {
            return Some(version.to_owned()).filter(|version| !version.is_empty());
        };
        let is_number = version.bytes().all(|byte| byte.is_ascii_digit());
        let number: u64 = version.parse().ok().filter(|_| is_number)?;
        // A new database has the `user_version` 0.
        let least = u64::from(self == Self::UserVersion);
        (least..=greatest)
            .contains(&number)
            .then(|| number.to_string())
    }
}

impl fmt::Display for Tool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
