//! The implementations of the operators' commands. Each command has a file.

mod backup;
pub(crate) mod check;
mod current;
mod downgrade;
pub(crate) mod explain;
mod history;
mod pending;
mod restore;
mod run_jobs;
mod stamp;
mod status;
mod upgrade;
mod wait;

use std::process::ExitCode;

use crate::app::Commands;
use crate::args::Command;
#[cfg(feature = "developer")]
use crate::developer::{self, args::DeveloperCommand, source::Source};
use crate::support::{Result, finish};

impl Commands<'_> {
    /// Runs a command, prints the result, and returns the exit code.
    ///
    /// - 0: the command succeeded. For `status`, an upgrade has nothing to do.
    /// - 1: the command failed.
    /// - 2: the arguments are wrong, or a question needs `--yes`.
    /// - 3: only from `status`: an upgrade would change the database.
    ///
    /// The result goes to standard output, and progress and errors to standard error.
    /// With `--json`, errors go to standard output, too.
    /// A command that destroys data asks on a terminal, and needs `--yes` elsewhere.
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
    /// # let mut db = MIGRATIONS.open(&path).unwrap();
    /// # MIGRATIONS.migrator().downgrade_to(&mut db, "008").unwrap();
    /// let commands = Commands::new(MIGRATIONS.migrator()).database(&path);
    /// let Db::Db(command) = Db::parse_from(["db", "status"]);
    /// assert_eq!(commands.run(&command), ExitCode::from(3));
    /// ```
    pub fn run(&self, command: &Command) -> ExitCode {
        finish(dispatch(self, command), command.output())
    }

    /// Runs a developers' command, prints the result, and returns the exit code.
    ///
    /// These commands write and read the directory of migrations, not the chain in the program.
    /// [`directory`](Self::directory) sets the directory.
    /// The directory must contain the head of the program.
    /// The exit codes are those of [`run`](Self::run).
    ///
    /// ```
    /// # use std::process::ExitCode;
    /// # use clap::Parser;
    /// # use revchain::{Migrations, embed_migrations};
    /// # static MIGRATIONS: Migrations = embed_migrations!("../migrations");
    /// # #[derive(Parser)]
    /// # enum Db {
    /// #     #[command(flatten)]
    /// #     Db(revchain::cli::DeveloperCommand),
    /// # }
    /// # let directory = tempfile::tempdir().unwrap();
    /// # let path = directory.path().join("migrations");
    /// # std::fs::create_dir(&path).unwrap();
    /// # for file in std::fs::read_dir("../migrations").unwrap() {
    /// #     let file = file.unwrap();
    /// #     std::fs::copy(file.path(), path.join(file.file_name())).unwrap();
    /// # }
    /// use revchain::cli::Commands;
    ///
    /// let commands = Commands::new(MIGRATIONS.migrator()).directory(&path);
    /// let Db::Db(command) = Db::parse_from(["db", "new", "Add tags"]);
    /// assert_eq!(commands.run_developer(&command), ExitCode::SUCCESS);
    /// let mut names = path.read_dir()?.map(|file| file.unwrap().file_name());
    /// assert!(names.any(|name| name.to_string_lossy().ends_with("_010_add_tags.sql")));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[cfg(feature = "developer")]
    pub fn run_developer(&self, command: &DeveloperCommand) -> ExitCode {
        let result = developer::run(command, &Source::Application(self));
        finish(result, command.output())
    }
}

pub(crate) fn dispatch(app: &Commands<'_>, command: &Command) -> Result {
    run(app, command).map_err(|failure| match command.database() {
        Some(args) => app
            .add_variable(failure, args)
            .with_whole_commands(Some(args)),
        None => failure,
    })
}

fn run(app: &Commands<'_>, command: &Command) -> Result {
    match command {
        Command::Upgrade(args) => upgrade::run(app, args),
        Command::Downgrade(args) => downgrade::run(app, args),
        Command::Backup(args) => backup::run(app, args),
        Command::Restore(args) => restore::run(app, args),
        Command::Stamp(args) => stamp::run(app, args),
        Command::Check(args) => check::run(app, args),
        Command::Current(args) => current::run(app, args),
        Command::Status(args) => status::run(app, args),
        Command::History(args) => history::run(app, args),
        Command::Pending(args) => pending::run(app, args),
        Command::Wait(args) => wait::run(app, args),
        Command::RunJobs(args) => run_jobs::run(app, args),
        Command::Explain(args) => explain::run(args),
    }
}
