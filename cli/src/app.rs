//! The settings of the commands in an application.

use std::env;
use std::error::Error;
use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};

use revchain_core::diagnostics::text::with_causes;
use revchain_runtime::{Migrations, Migrator, OnDrift};

use crate::args::{DatabaseArgs, RunArgs};
use crate::support::{self, Failure, Location, Progress};

/// The commands of an application, with the chain, the settings and the database to use.
///
/// [`run`](Self::run) runs one of them.
#[must_use = "commands do nothing until one is run"]
pub struct Commands<'m> {
    migrator: Migrator<'m>,
    database: Option<PathBuf>,
    /// The environment variable that can name the database.
    variable: Option<String>,
    #[cfg(feature = "developer")]
    directory: Option<PathBuf>,
    before_upgrade: Option<BeforeUpgrade<'m>>,
}

type BeforeUpgrade<'m> = Box<dyn Fn(&Path) -> Result<(), Box<dyn Error>> + 'm>;

impl<'m> Commands<'m> {
    /// Creates the commands with the chain and the settings of `migrator`.
    ///
    /// A command with a database prints its progress to standard error, besides the callbacks of
    /// `migrator`.
    pub fn new(migrator: Migrator<'m>) -> Self {
        Self {
            migrator,
            database: None,
            variable: None,
            #[cfg(feature = "developer")]
            directory: None,
            before_upgrade: None,
        }
    }

    /// Sets the database that the commands use without `-d`. Default: `-d` is required.
    ///
    /// ```
    /// # use std::process::ExitCode;
    /// # use clap::Parser;
    /// # use revchain::{Migrations, embed_migrations};
    /// # static MIGRATIONS: Migrations = embed_migrations!("../migrations");
    /// # #[derive(Parser)]
    /// # enum Db {
    /// #     #[command(flatten)]
    /// #     Db(revchain::cli::Command),
    /// # }
    /// # let directory = tempfile::tempdir().unwrap();
    /// use revchain::cli::Commands;
    ///
    /// # let path = directory.path().join("app.db");
    /// let commands = Commands::new(MIGRATIONS.migrator()).database(&path);
    /// let Db::Db(command) = Db::parse_from(["db", "upgrade", "+1"]);
    /// assert_eq!(commands.run(&command), ExitCode::SUCCESS);
    /// assert!(path.exists());
    /// ```
    pub fn database(mut self, path: impl Into<PathBuf>) -> Self {
        self.database = Some(path.into());
        self
    }

    /// Sets an environment variable that names the database, such as `DATABASE_URL`.
    ///
    /// The variable has the forms of `-d`: a path, a URL `sqlite:…`, or a URI `file:…`.
    /// `-d` overrides the variable, and the variable overrides [`database`](Self::database).
    /// An empty variable is ignored. Default: no variable.
    ///
    /// ```
    /// # use std::process::ExitCode;
    /// # use clap::Parser;
    /// # use revchain::{Migrations, embed_migrations};
    /// # static MIGRATIONS: Migrations = embed_migrations!("../migrations");
    /// # #[derive(Parser)]
    /// # enum Db {
    /// #     #[command(flatten)]
    /// #     Db(revchain::cli::Command),
    /// # }
    /// # let directory = tempfile::tempdir().unwrap();
    /// use revchain::cli::Commands;
    ///
    /// let commands = Commands::new(MIGRATIONS.migrator()).database_from_env("APP_DATABASE");
    /// // Without the variable, the command does not know the database: a usage error.
    /// let Db::Db(command) = Db::parse_from(["db", "status"]);
    /// assert_eq!(commands.run(&command), ExitCode::from(2));
    /// ```
    pub fn database_from_env(mut self, variable: impl Into<String>) -> Self {
        self.variable = Some(variable.into());
        self
    }

    /// Sets the directory that the developers' commands use without `--directory`.
    ///
    /// A path is relative to the current directory.
    /// Default: the directory that the chain was embedded from.
    /// If cargo runs the program, the default is relative to the package.
    /// Otherwise the default is relative to the current directory.
    /// [`run_developer`](Self::run_developer) has an example.
    #[cfg(feature = "developer")]
    pub fn directory(mut self, path: impl Into<PathBuf>) -> Self {
        self.directory = Some(path.into());
        self
    }

    /// Sets a function that `upgrade` calls before opening or creating the database.
    ///
    /// The argument is the path of the database.
    /// The function can create the parent directory or set the mode of the file.
    /// If the function fails, the command fails with the code `before-upgrade`.
    /// A dry run does not call the function. Default: no function.
    ///
    /// ```
    /// # use std::process::ExitCode;
    /// # use clap::Parser;
    /// # use revchain::{Migrations, embed_migrations};
    /// # static MIGRATIONS: Migrations = embed_migrations!("../migrations");
    /// # #[derive(Parser)]
    /// # enum Db {
    /// #     #[command(flatten)]
    /// #     Db(revchain::cli::Command),
    /// # }
    /// # let directory = tempfile::tempdir().unwrap();
    /// use std::{fs, path::Path};
    /// use revchain::cli::Commands;
    ///
    /// # let path = directory.path().join("data/app.db");
    /// // The parent directory of the database does not exist yet.
    /// let commands = Commands::new(MIGRATIONS.migrator())
    ///     .database(&path)
    ///     .before_upgrade(|path| fs::create_dir_all(path.parent().unwrap_or(Path::new("."))));
    /// let Db::Db(command) = Db::parse_from(["db", "upgrade"]);
    /// assert_eq!(commands.run(&command), ExitCode::SUCCESS);
    /// assert!(path.exists());
    /// ```
    pub fn before_upgrade<E: Into<Box<dyn Error>>>(
        mut self,
        prepare: impl Fn(&Path) -> Result<(), E> + 'm,
    ) -> Self {
        self.before_upgrade = Some(Box::new(move |path| prepare(path).map_err(Into::into)));
        self
    }

    pub(crate) fn migrations(&self) -> &'m Migrations {
        self.migrator.migrations()
    }

    /// Returns the database, and a migrator with the settings of the command.
    pub(crate) fn database_of(
        &self,
        args: &DatabaseArgs,
    ) -> support::Result<(Location, Migrator<'m>)> {
        let location = self.location(args)?;
        // A command must show an emptied history, and repair it.
        let migrator = self.migrator.clone().read_history_at_head(true);
        let mut migrator = migrator.ignore_tables(args.ignore_tables.iter());
        if let Some(timeout) = args.busy_timeout {
            migrator = migrator.busy_timeout(timeout);
        }
        if let Some(progress) = Progress::new(&args.output) {
            migrator = migrator.on_event(move |event| progress.show(event));
        }
        Ok((location, migrator))
    }

    fn location(&self, args: &DatabaseArgs) -> support::Result<Location> {
        if let Some(text) = &args.path {
            return Location::parse(text.as_os_str());
        }
        if let Some((_, text)) = self.variable() {
            return Location::parse(&text);
        }
        match &self.database {
            Some(path) => Ok(Location::of_path(path)),
            None => {
                let mut help = "pass -d PATH".to_owned();
                if let Some(name) = &self.variable {
                    help += &format!(", or set {name}");
                }
                Err(Failure::usage("no database given").help(&help))
            }
        }
    }

    /// Returns the environment variable that names the database, and its value.
    fn variable(&self) -> Option<(&str, OsString)> {
        let name = self.variable.as_deref()?;
        let value = env::var_os(name).filter(|value| !value.is_empty())?;
        Some((name, value))
    }

    /// Adds to a failure that an environment variable names the database, if one does.
    pub(crate) fn add_variable(&self, failure: Failure, args: &DatabaseArgs) -> Failure {
        match self.variable() {
            Some((name, _)) if args.path.is_none() && failure.may_be_of_another_database() => {
                failure.help(&format!("pass -d PATH if {name} names the wrong database"))
            }
            _ => failure,
        }
    }

    /// Like [`database_of`](Self::database_of), for a command that runs migrations.
    pub(crate) fn database_of_run(
        &self,
        args: &RunArgs,
    ) -> support::Result<(Location, Migrator<'m>)> {
        let (location, mut migrator) = self.database_of(&args.database)?;
        if args.allow_drift {
            migrator = migrator.on_drift(OnDrift::Warn);
        }
        if args.allow_existing_violations {
            migrator = migrator.allow_existing_violations();
        }
        if let Some(directory) = &args.backup {
            migrator = migrator.backup(directory, args.keep);
        }
        Ok((location, migrator))
    }

    /// Calls the function that [`before_upgrade`](Self::before_upgrade) has set, if any.
    pub(crate) fn prepare_upgrade(&self, path: &Path) -> support::Result<()> {
        let Some(prepare) = &self.before_upgrade else {
            return Ok(());
        };
        prepare(path).map_err(|error| Failure::failed("before-upgrade", with_causes(&*error)))
    }

    /// Returns the directory for the developers' commands, unless `--directory` is given.
    #[cfg(feature = "developer")]
    pub(crate) fn migrations_directory(&self) -> PathBuf {
        if let Some(directory) = &self.directory {
            return directory.clone();
        }
        let embedded = self.migrations().directory();
        let package = env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default();
        Path::new(&package).join(embedded)
    }
}

impl fmt::Debug for Commands<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Commands")
            .field("migrator", &self.migrator)
            .field("database", &self.database)
            .finish_non_exhaustive()
    }
}
