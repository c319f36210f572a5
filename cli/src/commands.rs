//! What the commands do.

use std::env;
use std::fmt;
use std::io::{self, BufRead, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use revchain_core::snippet::escape;
use revchain_core::{Found, checksum, plan};
use revchain_runtime::rusqlite::{self, Connection, OpenFlags};
use revchain_runtime::{
    Conflict, Error, Event, Options, Plan, Report, Request, Revision, Stamp, Step, Target,
};
use serde_json::{Value, json};

use crate::args::{Command, Common, Downgrade};
use crate::failure::{Failure, in_database};
use crate::migrate::migrate;
use crate::output::{self, Answer, CURRENT, FAINT, PENDING};

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
                if !path.exists() {
                    // Where there is nothing to upgrade to, no file is to be left.
                    self.plan_new(path, target.clone())?;
                }
                if let Some(prepare) = &self.before_upgrade {
                    prepare(path).map_err(|error| Failure::failed("before-upgrade", error))?;
                }
                let report = self.options.upgrade_to(&mut open(path)?, target).map_err(in_database(path))?;
                Ok(reported(path, &report))
            }
            Command::Downgrade(downgrade) => self.downgrade(downgrade),
            Command::Stamp(stamp) => {
                let path = self.path(&stamp.common)?;
                must_exist(path)?;
                let report =
                    self.options.stamp(&mut open(path)?, &stamp.revision).map_err(in_database(path))?;
                Ok(reported(path, &report))
            }
            Command::Current(look) => self.current(self.path(&look.common)?),
            Command::History(look) => self.history(self.path(&look.common)?),
            Command::Pending(look) => self.pending(self.path(&look.common)?),
            Command::Migrate(arguments) => {
                migrate(arguments, &self.chain_directory(), Some(self.options.migrations()))
            }
        }
    }

    fn path<'a>(&'a self, common: &'a Common) -> Result<&'a Path, Failure> {
        let path = common.database.as_deref().or(self.database.as_deref());
        path.ok_or_else(|| Failure::usage("no database given: pass -d PATH"))
    }

    fn plan_new(&self, path: &Path, target: Target) -> Result<Plan, Failure> {
        let chain = self.options.migrations().chain();
        plan::plan(chain, &Found::Nothing, None, &Request::Upgrade(target))
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

    fn revisions(&self) -> &'m [Revision] {
        self.options.migrations().revisions()
    }

    fn downgrade(&self, downgrade: &Downgrade) -> Result<Answer, Failure> {
        let path = self.path(&downgrade.common)?;
        must_exist(path)?;
        let mut connection = open(path)?;
        let request = Request::Downgrade((&downgrade.revision).into());
        let plan = self.options.plan(&connection, &request).map_err(in_database(path))?;
        if !plan.steps.is_empty() && !downgrade.yes {
            self.confirm(path, &plan)?;
        }
        // What was shown is what is done, or nothing is.
        let report = self.options.carry_out(&mut connection, &request, &plan).map_err(in_database(path))?;
        Ok(reported(path, &report))
    }

    fn confirm(&self, path: &Path, plan: &Plan) -> Result<(), Failure> {
        let id = |place: Option<usize>| place.map_or("base", |place| self.revisions()[place].id());
        let mut shown =
            format!("{}: going from {} to {} reverts\n", path.display(), id(plan.from), id(plan.to));
        for revision in
            plan.steps.iter().filter_map(|step| step.place()).map(|place| &self.revisions()[place])
        {
            shown += &format!("  {}  {}\n", revision.id(), escape(revision.summary()));
        }
        if !io::stdin().is_terminal() {
            return Err(Failure::usage(format!(
                "{shown}standard input is not a terminal, so this cannot be confirmed: pass --yes"
            )));
        }
        let mut error = anstream::stderr();
        write!(error, "{shown}Everything that these revisions added will be lost. Continue? [y/N] ")?;
        error.flush()?;
        let mut answer = String::new();
        io::stdin().lock().read_line(&mut answer)?;
        match answer.trim().to_ascii_lowercase().as_str() {
            "y" | "yes" => Ok(()),
            _ => Err(Failure::declined()),
        }
    }

    fn current(&self, path: &Path) -> Result<Answer, Failure> {
        let connection = look(path)?;
        let current = match &connection {
            Some(connection) => self.options.current(connection).map_err(in_database(path))?,
            None => None,
        };
        let state = self.state(path, connection.as_ref())?;
        let id = current.map_or("base", Revision::id);
        let summary = current.map(|current| format!("  {}", escape(current.summary()))).unwrap_or_default();
        let pending = state.pending.map(|places| ids(&places, self.revisions()));
        let note = match &pending {
            _ if !state.note.is_empty() => format!(" ({})", state.note),
            Some(pending) if pending.is_empty() => " (head)".to_owned(),
            Some(pending) => format!(" ({PENDING}{} pending{PENDING:#})", pending.len()),
            None => String::new(),
        };
        Ok(Answer {
            text: format!("{}: {CURRENT}{id}{CURRENT:#}{note}{summary}", path.display()),
            json: json!({
                "database": path.display().to_string(),
                "exists": connection.is_some(),
                "current": current.map(Revision::id),
                "head": self.revisions().last().map(Revision::id),
                "pending": pending,
            }),
        })
    }

    /// What an upgrade would find.
    fn state(&self, path: &Path, connection: Option<&Connection>) -> Result<State, Failure> {
        let Some(connection) = connection else {
            let pending = Some((0..self.revisions().len()).collect());
            return Ok(State { note: "there is no such file yet".to_owned(), pending });
        };
        let request = Request::Upgrade(Target::Head);
        match self.options.plan(connection, &request) {
            Ok(plan) => {
                let stamped: Vec<usize> = plan
                    .steps
                    .iter()
                    .filter_map(|step| if let Step::Stamp(place) = *step { Some(place) } else { None })
                    .collect();
                let pending: Vec<usize> = plan.upgrades().collect();
                let note = match stamped.last() {
                    Some(&last) => {
                        let id = self.revisions()[last].id();
                        format!(
                            "it has tables, but no history: an upgrade would stamp {id} and apply {}",
                            pending.len()
                        )
                    }
                    None => String::new(),
                };
                Ok(State { note, pending: Some(pending) })
            }
            Err(error) => match error.conflict() {
                Some(Conflict::Unmanaged { .. }) => {
                    Ok(State { note: "it has tables, but no history".to_owned(), pending: None })
                }
                _ => Err(in_database(path)(error)),
            },
        }
    }

    fn history(&self, path: &Path) -> Result<Answer, Failure> {
        let connection = look(path)?;
        let stamps = match &connection {
            Some(connection) => self.options.history(connection).map_err(in_database(path))?,
            None => Vec::new(),
        };
        let known = |stamp: &&Stamp| self.revisions().iter().any(|revision| revision.id() == stamp.revision);
        let mut entries: Vec<Entry<'_>> =
            stamps.iter().filter(|stamp| !known(stamp)).map(Entry::unknown).collect();
        entries.reverse();
        entries.extend(self.revisions().iter().rev().map(|revision| {
            let stamp = stamps.iter().find(|stamp| stamp.revision == revision.id());
            Entry {
                id: revision.id(),
                summary: revision.summary(),
                stamp,
                is_head: Some(revision) == self.revisions().last(),
                is_current: false,
                is_edited: stamp.is_some_and(|stamp| stamp.checksum != checksum::hex(revision.checksum())),
            }
        }));
        // The newest that is stamped, known or not.
        if let Some(current) = entries.iter_mut().find(|entry| entry.stamp.is_some()) {
            current.is_current = true;
        }
        // Where the database is ahead, or a file was edited, the entries say so themselves.
        let note = self.state(path, connection.as_ref()).map(|state| state.note).unwrap_or_default();
        let note = if note.is_empty() { note } else { format!(" ({note})") };
        let width = entries.iter().map(|entry| entry.id.len()).max().unwrap_or_default();
        let lines: String = entries.iter().map(|entry| format!("\n{}", entry.line(width))).collect();
        Ok(Answer {
            text: format!("{}{note}{lines}", path.display()),
            json: json!({
                "database": path.display().to_string(),
                "exists": connection.is_some(),
                "revisions": entries.iter().map(Entry::json).collect::<Vec<_>>(),
            }),
        })
    }

    fn pending(&self, path: &Path) -> Result<Answer, Failure> {
        let connection = look(path)?;
        let pending: Vec<&Revision> = match &connection {
            Some(connection) => self.options.pending(connection).map_err(in_database(path))?,
            None => self.revisions().iter().collect(),
        };
        let database = path.display();
        let mut text = match pending.len() {
            0 => format!("{database}: nothing pending"),
            count => format!("{database}: {count} pending"),
        };
        for revision in &pending {
            text += &format!("\n  {PENDING}{}{PENDING:#}  {}", revision.id(), escape(revision.summary()));
        }
        let pending = pending.iter().map(|r| json!({ "revision": r.id(), "summary": r.summary() }));
        let json = json!({
            "database": database.to_string(),
            "exists": connection.is_some(),
            "pending": pending.collect::<Vec<_>>(),
        });
        Ok(Answer { text, json })
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

/// A line of the history.
struct Entry<'a> {
    id: &'a str,
    summary: &'a str,
    stamp: Option<&'a Stamp>,
    is_head: bool,
    is_current: bool,
    /// The file is no longer what was applied.
    is_edited: bool,
}

impl<'a> Entry<'a> {
    fn unknown(stamp: &'a Stamp) -> Self {
        Self {
            id: &stamp.revision,
            summary: "unknown to this program: the database is ahead of it",
            stamp: Some(stamp),
            is_head: false,
            is_current: false,
            is_edited: false,
        }
    }

    fn line(&self, width: usize) -> String {
        let style = if self.is_current { CURRENT } else { anstyle::Style::new() };
        let when = match self.stamp {
            Some(stamp) => {
                format!("{FAINT}{}  {:<7}{FAINT:#}", output::time(stamp.applied_at), stamp.origin.name())
            }
            None => format!("{PENDING}{:<20}  {:<7}{PENDING:#}", "pending", ""),
        };
        let marks =
            [(self.is_head, " (head)"), (self.is_current, " (current)"), (self.is_edited, " (edited since)")];
        let marks: String = marks.iter().filter(|(is, _)| *is).map(|(_, mark)| *mark).collect();
        let (id, summary) = (escape(self.id), escape(self.summary));
        format!("  {style}{id:<width$}{style:#}  {when}  {summary}{style}{marks}{style:#}")
    }

    fn json(&self) -> Value {
        json!({
            "revision": self.id,
            "summary": self.summary,
            "head": self.is_head,
            "current": self.is_current,
            "edited": self.is_edited,
            "origin": self.stamp.map(|stamp| stamp.origin.name()),
            "applied_at": self.stamp.map(|stamp| output::time(stamp.applied_at)),
            "duration_us": self.stamp.map(|stamp| output::micros(stamp.duration)),
        })
    }
}

/// What an upgrade would find in a database.
struct State {
    /// What is odd about it; empty where nothing is.
    note: String,
    /// The places of the revisions that it would run; `None` where it would be refused.
    pending: Option<Vec<usize>>,
}

fn ids<'m>(places: &[usize], revisions: &'m [Revision]) -> Vec<&'m str> {
    places.iter().map(|&place| revisions[place].id()).collect()
}

fn reported(path: &Path, report: &Report) -> Answer {
    let database = path.display().to_string();
    Answer { text: format!("{database}: {report}"), json: output::report(&database, report) }
}

fn open(path: &Path) -> Result<Connection, Failure> {
    Connection::open(literal(path)).map_err(|error| cannot_open(path, error))
}

/// The path such that SQLite takes it for nothing else: `file:` would begin a URI, and `:memory:` is no file.
fn literal(path: &Path) -> PathBuf {
    Path::new(".").join(path)
}

fn cannot_open(path: &Path, source: rusqlite::Error) -> Failure {
    in_database(path)(Error::cannot_open(path, source))
}

/// Opens a database to look at it, which makes no file; none if it is not there.
fn look(path: &Path) -> Result<Option<Connection>, Failure> {
    if !path.exists() {
        return Ok(None);
    }
    // Not read-only: that could neither recover after a crash, nor clean up after itself in WAL mode.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection =
        Connection::open_with_flags(literal(path), flags).map_err(|error| cannot_open(path, error))?;
    connection.pragma_update(None, "query_only", true).map_err(|error| cannot_open(path, error))?;
    Ok(Some(connection))
}

fn must_exist(path: &Path) -> Result<(), Failure> {
    if path.exists() {
        return Ok(());
    }
    Err(Failure::failed("missing", format!("{}: there is no such file", path.display())))
}

/// Long upgrades are seen to go on; the outcome is said once it is certain.
fn show_progress(event: &Event<'_>) {
    match event {
        Event::Waiting { .. } => {
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
