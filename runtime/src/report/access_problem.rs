//! The reasons why the file system denies access to a database.
//!
//! SQLite reports only that it cannot open or write a file.
//! This module never opens a database file: its close would release all locks of this process on
//! the file.

use std::ffi::OsString;
use std::fmt;
use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};

use revchain_core::diagnostics::escape::escape;
use revchain_core::diagnostics::text::Text;

use super::process_user::{Access, Permissions, Process, read_only_mount};

/// The reason why the file system denies access to a database.
///
/// `{}` writes the reason as part of a sentence, such as `the directory /srv/app does not exist`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessProblem {
    path: PathBuf,
    kind: Kind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    /// The name is a URL `sqlite:…` instead of a path.
    Url,
    /// There is a directory where a file is expected.
    IsDirectory,
    /// There is a file where a directory is expected.
    IsNoDirectory,
    MissingDirectory,
    MissingFile,
    /// The file system denies the access.
    Denied(Access, Option<Permissions>),
    /// The file system is mounted read-only. The path is the mount point.
    ReadOnlyMount,
    /// Another error of the file system, such as too many open files.
    Other(String),
}

const ROOT: &str = "root";

/// The goal of an access to a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Goal {
    /// Reading an existing database.
    Read,
    /// Reading the database, or creating the file if it does not exist.
    Open,
    /// Changing an existing database.
    Write,
}

impl AccessProblem {
    /// Finds the reason why SQLite cannot open or write the database at `path`.
    ///
    /// Returns `None` if the file system does not reveal a reason.
    pub(crate) fn find(path: &Path, goal: Goal) -> Option<Self> {
        let name = path.as_os_str().as_encoded_bytes();
        // SQLite does not use such a name as a path.
        if name.is_empty() || name == b":memory:" || name.starts_with(b"file:") {
            return None;
        }
        if is_url(path) {
            return Some(Self::new(path, Kind::Url));
        }
        let process = Process::current();
        let directory = match path.parent() {
            Some(directory) if !directory.as_os_str().is_empty() => directory,
            _ => Path::new("."),
        };
        find_in_directories(directory, process.as_ref())
            .or_else(|| find_at_file(path, goal, process.as_ref()))
            .or_else(|| missing_file(path, goal == Goal::Read))
            .or_else(|| find_at_journals(path, process.as_ref()))
            .or_else(|| denied(directory, Access::Write, process.as_ref()))
            .or_else(|| {
                let mount = read_only_mount(directory)?;
                Some(Self::new(&mount, Kind::ReadOnlyMount))
            })
            .or_else(|| {
                // Reading the directory has no effect on locks. On Windows, `File::open` fails for
                // each directory.
                let error = fs::read_dir(directory).err()?;
                Some(Self::new(directory, Kind::Other(error.to_string())))
            })
            .or_else(|| missing_file(path, goal == Goal::Open))
    }

    fn new(path: &Path, kind: Kind) -> Self {
        let path = path.to_owned();
        Self { path, kind }
    }

    /// Returns `true` if nothing that another program does can solve the problem.
    pub(crate) fn is_permanent(&self) -> bool {
        matches!(
            self.kind,
            Kind::Url | Kind::IsDirectory | Kind::IsNoDirectory
        )
    }

    /// Returns the path of the file or directory that is the problem.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Adds the advice for a directory of backups, which can be another directory.
    pub(super) fn add_backup_help(&self, text: Text) -> Text {
        let Kind::Denied(_, Some(Permissions { user, owner, .. })) = &self.kind else {
            return self.add_help(text);
        };
        if user == owner {
            return self.add_help(text);
        }
        let text = text.help(format!(
            "name a directory that the user {} may write to",
            escape(user)
        ));
        if owner == ROOT {
            return text;
        }
        text.help(format!("or {}", run_as(owner)))
    }

    /// Adds the advice to a text: the likeliest cause first.
    pub(crate) fn add_help(&self, text: Text) -> Text {
        let path = argument(&self.path);
        match &self.kind {
            Kind::Url => add_help_for_url(text, &self.path),
            Kind::IsDirectory => text.help("name a file in the directory"),
            Kind::IsNoDirectory | Kind::MissingFile => text.help(check_path(&self.path)),
            Kind::MissingDirectory => text
                .help(check_path(&self.path))
                .help(format!("or create the directory: `mkdir -p {path}`")),
            Kind::Denied(_, Some(Permissions { user, owner, .. })) if user == owner => {
                text.help(format!("permit the access: `chmod u+rwX {path}`"))
            }
            Kind::Denied(access, Some(permissions)) => {
                denied_help(text, *access, permissions, &path)
            }
            Kind::Denied(_, None) => {
                text.help("give the user of the program permission to read and write it")
            }
            Kind::ReadOnlyMount => {
                text.help("mount the file system with write permission, or move the database")
            }
            Kind::Other(_) => text,
        }
    }
}

impl fmt::Display for AccessProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = escape(&self.path.to_string_lossy());
        match &self.kind {
            Kind::Url => f.write_str("the name is a URL, but `open` takes a path"),
            Kind::IsDirectory => f.write_str("the path is a directory"),
            Kind::IsNoDirectory => write!(f, "{path} is not a directory"),
            Kind::MissingDirectory => write!(f, "the directory {path} does not exist"),
            Kind::MissingFile => f.write_str("the file does not exist"),
            Kind::Denied(access, permissions) => {
                let verb = match access {
                    Access::Read => "read",
                    Access::Write => "write to",
                    Access::Enter => "enter",
                };
                let Some(Permissions { user, owner, mode }) = permissions else {
                    return write!(f, "permission denied to {verb} {path}");
                };
                let (user, owner) = (escape(user), escape(owner));
                write!(
                    f,
                    "the user {user} has no permission to {verb} {path} (owner {owner}, mode {mode:o})"
                )
            }
            Kind::ReadOnlyMount => write!(f, "the file system at {path} is mounted read-only"),
            Kind::Other(message) => write!(f, "{path}: {}", escape(message)),
        }
    }
}

/// Returns `true` if a name is a URL of another library, such as sqlx: `sqlite:app.db`.
///
/// SQLite would create a file of this name. A path such as `./sqlite:app.db` is no URL.
pub(crate) fn is_url(name: &Path) -> bool {
    let name = name.as_os_str().as_encoded_bytes();
    name.starts_with(b"sqlite:") || name.starts_with(b"sqlite3:")
}

/// Adds the advice for a URL: the path that it names, and how sqlx finds the path.
fn add_help_for_url(mut text: Text, url: &Path) -> Text {
    let url = url.to_string_lossy();
    let (_, name) = url.split_once(':').unwrap_or_default();
    let name = name.strip_prefix("//").unwrap_or(name);
    let (path, parameters) = name.split_once('?').unwrap_or((name, ""));
    if path == ":memory:" || parameters.contains("mode=memory") {
        return text.help("open a database in memory: .open_in_memory()");
    }
    if !path.is_empty() {
        text = text.help(format!("pass the path: .open(\"{}\")", escape(path)));
    }
    text.help("or let sqlx find the path: SqliteConnectOptions::from_str(url)?.get_filename()")
}

/// Finds the first directory of the path that the process cannot use.
fn find_in_directories(directory: &Path, process: Option<&Process>) -> Option<AccessProblem> {
    let mut directories: Vec<&Path> = directory.ancestors().collect();
    directories.reverse();
    for directory in directories {
        let metadata = match fs::metadata(directory) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                // The path `""` stands for the current directory.
                if directory.as_os_str().is_empty() {
                    continue;
                }
                return Some(AccessProblem::new(directory, Kind::MissingDirectory));
            }
            Err(error) => return Some(AccessProblem::new(directory, other(&error))),
        };
        if !metadata.is_dir() {
            return Some(AccessProblem::new(directory, Kind::IsNoDirectory));
        }
        if let Some(problem) = denied(directory, Access::Enter, process) {
            return Some(problem);
        }
    }
    None
}

fn find_at_file(path: &Path, goal: Goal, process: Option<&Process>) -> Option<AccessProblem> {
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
        Err(error) => return Some(AccessProblem::new(path, other(&error))),
    };
    if metadata.is_dir() {
        return Some(AccessProblem::new(path, Kind::IsDirectory));
    }
    denied_by(path, &metadata, Access::Read, process).or_else(|| match goal {
        Goal::Read | Goal::Open => None,
        Goal::Write => denied_by(path, &metadata, Access::Write, process),
    })
}

/// Finds a journal that another user has left.
fn find_at_journals(path: &Path, process: Option<&Process>) -> Option<AccessProblem> {
    ["-journal", "-wal", "-shm"].iter().find_map(|suffix| {
        let mut journal: OsString = path.into();
        journal.push(suffix);
        let journal = Path::new(&journal);
        denied(journal, Access::Read, process).or_else(|| denied(journal, Access::Write, process))
    })
}

fn denied(path: &Path, access: Access, process: Option<&Process>) -> Option<AccessProblem> {
    denied_by(path, &fs::metadata(path).ok()?, access, process)
}

fn denied_by(
    path: &Path,
    metadata: &Metadata,
    access: Access,
    process: Option<&Process>,
) -> Option<AccessProblem> {
    let permissions = match process {
        Some(process) => Some(process.denied(metadata, access)?),
        // Without the user of the process, only a file that nobody may write is certain.
        None if access == Access::Write && is_read_only_file(metadata) => None,
        None => return None,
    };
    Some(AccessProblem::new(path, Kind::Denied(access, permissions)))
}

fn is_read_only_file(metadata: &Metadata) -> bool {
    metadata.is_file() && metadata.permissions().readonly()
}

fn other(error: &io::Error) -> Kind {
    match error.kind() {
        io::ErrorKind::PermissionDenied => Kind::Denied(Access::Enter, None),
        _ => Kind::Other(error.to_string()),
    }
}

/// Finds that the file is missing, if that is a problem for the access.
fn missing_file(path: &Path, must_exist: bool) -> Option<AccessProblem> {
    let is_missing =
        || fs::metadata(path).is_err_and(|error| error.kind() == io::ErrorKind::NotFound);
    (must_exist && is_missing()).then(|| AccessProblem::new(path, Kind::MissingFile))
}

/// Returns the advice to check a path. Names the directory at which a relative path begins.
fn check_path(path: &Path) -> String {
    match std::env::current_dir() {
        Ok(directory) if path.is_relative() => {
            let directory = directory.to_string_lossy().into_owned();
            format!("check the path, which begins at {}", escape(&directory))
        }
        _ => "check the path".to_owned(),
    }
}

/// Adds the advice for a file or directory of another user.
///
/// Only the user of the program may own the database: a command must not take it over from a
/// running server.
fn denied_help(text: Text, access: Access, permissions: &Permissions, path: &str) -> Text {
    let (user, owner) = (escape(&permissions.user), permissions.owner.as_str());
    // The directory can be the home of another user, so do not advise to take it over.
    if access == Access::Enter {
        let moved = format!("move the database to a directory that the user {user} may use");
        if owner == ROOT {
            return text.help(moved).help(format!("or {}", run_as(owner)));
        }
        return text.help(run_as(owner)).help(format!("or {moved}"));
    }
    let give = format!("if the program runs as {user}, give it the file: `chown {user} {path}`");
    if owner == ROOT {
        // A command of root has left the file. Another one would leave more such files.
        return text
            .help(give)
            .help("otherwise run the command as the user of the program");
    }
    text.help(run_as(owner)).help(format!("or, {give}"))
}

/// Returns the advice to run a command as another user.
fn run_as(user: &str) -> String {
    let name = escape(user);
    // `su` needs a name, and a user without a name has only an id.
    if user.chars().all(|c| c.is_ascii_digit()) {
        return format!("run the command as the owner, {name}");
    }
    format!("run the command as the owner: `su -s /bin/sh {name} -c '…'`")
}

/// Returns a path as an argument for a shell.
fn argument(path: &Path) -> String {
    let path = escape(&path.to_string_lossy());
    let is_plain = |c: char| c.is_alphanumeric() || "/._-+@:,".contains(c);
    if path.chars().all(is_plain) {
        return path;
    }
    format!("'{}'", path.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_that_is_no_path_has_no_problem() {
        for name in ["", ":memory:", "file:missing/app.db?mode=ro"] {
            assert_eq!(AccessProblem::find(Path::new(name), Goal::Open), None);
        }
    }

    #[test]
    fn path_with_spaces_is_quoted() {
        assert_eq!(argument(Path::new("/a/b-1.db")), "/a/b-1.db");
        assert_eq!(argument(Path::new("a b's.db")), r"'a b'\''s.db'");
    }
}
