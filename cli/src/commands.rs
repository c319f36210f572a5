//! What the commands do.

use std::env;
use std::fmt;
use std::fs;
use std::io::{self, BufRead, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use revchain_core::snippet::escape;
use revchain_core::{Found, Policy, plan};
use revchain_runtime::rusqlite::Connection;
use revchain_runtime::{Event, OnDrift, Options, Plan, Report, Request, Revision, TableRows, Target};

use crate::args::{Backup, Command, Common, Downgrade, Restore};
use crate::database::{exists, look, must_exist, open};
use crate::failure::{Failure, in_database};
use crate::lock::lock;
use crate::migrate::migrate;
use crate::output::{self, Answer, FAINT};
use crate::rebase::rebase;

/// The commands of one application: on its chain, with its options, on its database.
#[must_use = "commands do nothing until one is run"]
pub struct Commands<'m> {
    options: Options<'m>,
    database: Option<PathBuf>,
    directory: Option<PathBuf>,
    before_upgrade: Option<Prepare<'m>>,
}

type Prepare<'m> = Box<dyn Fn(&Path) -> Result<(), String> + 'm>;

impl<'m> Commands<'m> {
    /// The commands on the chain of these options, and with them.
    pub fn new(options: Options<'m>) -> Self {
        Self {
            options: options.on_event(show_progress),
            database: None,
            directory: None,
            before_upgrade: None,
        }
    }

    /// The database where `-d` names none. Without this, `-d` is required.
    pub fn database(mut self, path: impl Into<PathBuf>) -> Self {
        self.database = Some(path.into());
        self
    }

    /// The directory that `migrate` writes to where `--directory` names none. Without this, it is the one that the
    /// chain was embedded from: below the folder of the package where cargo runs the program, else below the
    /// current one.
    pub fn directory(mut self, path: impl Into<PathBuf>) -> Self {
        self.directory = Some(path.into());
        self
    }

    /// Calls `prepare` with the path before `upgrade` opens the database, which makes the file where there is none:
    /// the place to make its folder or to set its mode. An error ends the command.
    pub fn before_upgrade<E: fmt::Display>(mut self, prepare: impl Fn(&Path) -> Result<(), E> + 'm) -> Self {
        self.before_upgrade = Some(Box::new(move |path| prepare(path).map_err(|error| error.to_string())));
        self
    }

    /// Runs a command, says what came of it, and gives the exit code: 0 for success, 1 for a failure, 2 for a usage
    /// error.
    pub fn run(&self, command: &Command) -> ExitCode {
        output::finish(self.answer(command), command.common().json)
    }

    fn answer(&self, command: &Command) -> Result<Answer, Failure> {
        match command {
            Command::Upgrade(upgrade) => {
                let path = self.path(&upgrade.common)?;
                let target = Target::from(&upgrade.revision);
                if !exists(path) {
                    // Where there is nothing to upgrade to, no file is to be left.
                    self.plan_new(path, target.clone())?;
                }
                let is_dry = upgrade.dry_run.dry_run;
                if let Some(prepare) = self.before_upgrade.as_ref().filter(|_| !is_dry) {
                    prepare(path).map_err(|error| Failure::failed("before-upgrade", error))?;
                }
                let mut options = self.options(&upgrade.common, upgrade.allow_drift);
                options = with_backup(options, &upgrade.backup).rehearse(is_dry);
                for revision in &upgrade.adopt_as {
                    options = options.adopt_as(revision);
                }
                let mut connection = match is_dry {
                    // One that is not there is not made.
                    true => look(path)?.map_or_else(empty, Ok)?,
                    false => open(path)?,
                };
                let report = options.upgrade_to(&mut connection, target).map_err(in_database(path))?;
                Ok(reported(path, &report))
            }
            Command::Downgrade(downgrade) => self.downgrade(downgrade),
            Command::Restore(arguments) => self.restore(arguments),
            Command::Stamp(stamp) => {
                let path = self.path(&stamp.common)?;
                must_exist(path)?;
                let options = self.options(&stamp.common, false);
                let mut connection = open(path)?;
                let report = options.stamp(&mut connection, &stamp.revision).map_err(in_database(path))?;
                let mut answer = reported(path, &report);
                // It is what it is told to be, but the next upgrade will ask for more.
                if let (Some(_), Ok(drift)) = (&report.to, options.check(&connection)) {
                    if !drift.is_none() {
                        let _ = writeln!(anstream::stderr(), "warning: {drift}");
                    }
                    answer.json["drift"] = output::drift(&drift);
                }
                Ok(answer)
            }
            Command::Check(arguments) => self.check(arguments),
            Command::Current(look) => self.current(&look.common),
            Command::History(look) => self.history(&look.common),
            Command::Pending(look) => self.pending(&look.common),
            Command::Migrate(arguments) => {
                migrate(arguments, &self.chain_directory(), Some(self.options.migrations()))
            }
            Command::Lock(arguments) => {
                lock(arguments, &self.chain_directory(), Some(self.options.migrations()))
            }
            Command::Rebase(arguments) => rebase(arguments, &self.chain_directory()),
        }
    }

    /// The application's options, with what the command line adds.
    pub(crate) fn options(&self, common: &Common, allow_drift: bool) -> Options<'m> {
        let options = self.options.clone().ignore_tables(common.ignore_tables.iter());
        if allow_drift { options.on_drift(OnDrift::Warn) } else { options }
    }

    pub(crate) fn path<'a>(&'a self, common: &'a Common) -> Result<&'a Path, Failure> {
        let path = common.database.as_deref().or(self.database.as_deref());
        path.ok_or_else(|| Failure::usage("no database given: pass -d PATH"))
    }

    fn plan_new(&self, path: &Path, target: Target) -> Result<Plan, Failure> {
        let chain = self.options.migrations().chain();
        plan::plan(chain, &Found::Nothing, &Policy::default(), &Request::Upgrade(target))
            .map_err(|conflict| Failure::failed(conflict.code(), format!("{}: {conflict}", path.display())))
    }

    fn chain_directory(&self) -> PathBuf {
        self.directory.clone().unwrap_or_else(|| {
            let embedded = self.options.migrations().directory();
            match env::var_os("CARGO_MANIFEST_DIR") {
                Some(package) => Path::new(&package).join(embedded),
                None => PathBuf::from(embedded),
            }
        })
    }

    pub(crate) fn revisions(&self) -> &'m [Revision] {
        self.options.migrations().revisions()
    }

    fn downgrade(&self, downgrade: &Downgrade) -> Result<Answer, Failure> {
        let path = self.path(&downgrade.common)?;
        must_exist(path)?;
        let mut connection = open(path)?;
        let request = Request::Downgrade((&downgrade.revision).into());
        let options = self.options(&downgrade.common, downgrade.allow_drift);
        let options = with_backup(options, &downgrade.backup).rehearse(downgrade.dry_run.dry_run);
        let plan = options.plan(&connection, &request).map_err(in_database(path))?;
        if !plan.steps.is_empty() && !downgrade.yes && !downgrade.dry_run.dry_run {
            self.confirm(path, &plan)?;
        }
        // What was shown is what is done, or nothing is.
        let report = options.carry_out(&mut connection, &request, &plan).map_err(in_database(path))?;
        Ok(reported(path, &report))
    }

    fn confirm(&self, path: &Path, plan: &Plan) -> Result<(), Failure> {
        let chain = self.options.migrations().chain();
        let from = plan.id_before(chain).unwrap_or("base");
        let to = plan.id_after(chain).unwrap_or("base");
        let mut shown =
            format!("{}: going from {} to {} reverts\n", path.display(), escape(from), escape(to));
        for revision in plan.steps.iter().filter_map(|&step| plan.revision(step, chain)) {
            shown += &format!("  {}  {}\n", revision.id(), escape(revision.summary()));
        }
        ask(&format!("{shown}Everything that these revisions added will be lost."))
    }

    fn restore(&self, arguments: &Restore) -> Result<Answer, Failure> {
        let path = self.path(&arguments.common)?;
        must_exist(&arguments.file)?;
        if exists(path) && !arguments.yes {
            let what = "Everything that is in it now will be lost.";
            ask(&format!("{}: restoring {}\n{what}", path.display(), arguments.file.display()))?;
        }
        let options = self.options(&arguments.common, false);
        let is_new = !exists(path);
        let restored = options.restore(&mut open(path)?, &arguments.file);
        if is_new && restored.is_err() {
            // To open it has made an empty file.
            let _ = fs::remove_file(path);
        }
        // It names the file that it is about: the backup, or the database.
        let report = restored.map_err(|error| Failure::failed(error.code(), error.to_string()))?;
        Ok(reported(path, &report))
    }
}

fn with_backup<'m>(options: Options<'m>, backup: &Backup) -> Options<'m> {
    match &backup.backup {
        Some(folder) => options.backup(folder, backup.keep),
        None => options,
    }
}

/// Asks whether to go on.
fn ask(what: &str) -> Result<(), Failure> {
    if !io::stdin().is_terminal() {
        return Err(Failure::usage(format!(
            "{what}\nstandard input is not a terminal, so this cannot be confirmed: pass --yes"
        )));
    }
    let mut error = anstream::stderr();
    write!(error, "{what} Continue? [y/N] ")?;
    error.flush()?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    match answer.trim().to_ascii_lowercase().as_str() {
        "y" | "yes" => Ok(()),
        _ => Err(Failure::declined()),
    }
}

impl fmt::Debug for Commands<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Commands")
            .field("options", &self.options)
            .field("database", &self.database)
            .field("directory", &self.directory)
            .finish_non_exhaustive()
    }
}

fn reported(path: &Path, report: &Report) -> Answer {
    let database = path.display().to_string();
    let mut text = format!("{database}: {report}");
    if let Some(rehearsal) = &report.rehearsal {
        text += "\ndry run: this was done to a copy, and the database is as it was";
        for TableRows { table, before, after, .. } in &rehearsal.tables {
            let count = |count: &Option<u64>| count.map_or("none".to_owned(), |count| count.to_string());
            if before != after {
                text += &format!("\n  rows of {}: {} → {}", escape(table), count(before), count(after));
            }
        }
        for line in rehearsal.diff.lines() {
            text += &format!("\n  {}", escape(line));
        }
    }
    Answer { text, json: output::report(&database, report) }
}

fn empty() -> Result<Connection, Failure> {
    Connection::open_in_memory().map_err(|error| Failure::failed("open", error.to_string()))
}

/// Long upgrades are seen to go on; the outcome is said once it is certain.
fn show_progress(event: &Event<'_>) {
    match event {
        Event::Waiting { .. } | Event::Drifted { .. } | Event::BackedUp { .. } => {
            let _ = writeln!(anstream::stderr(), "{event}");
        }
        Event::Upgraded { revision, duration, .. } | Event::Downgraded { revision, duration, .. } => {
            let _ = writeln!(
                anstream::stderr(),
                "  {}  {}  {FAINT}{duration:.1?}{FAINT:#}",
                revision.id(),
                escape(revision.summary())
            );
        }
        _ => {}
    }
}
