//! The reasons why revchain could not make a backup.

use std::io;
use std::path::{Path, PathBuf};

use revchain_core::diagnostics::escape::escape;
use revchain_core::diagnostics::text::Text;
use rusqlite::ErrorCode;

use super::access_problem::{AccessProblem, Goal};
use super::environment::Environment;

/// The advice for an encrypted database whose key only the connection of the caller has.
const KEY_HELP: &str =
    "set the key of the database in .on_connect(…): a backup opens other connections";

/// The reason why revchain could not make a backup.
#[derive(Debug)]
#[non_exhaustive]
pub enum BackupFailure {
    /// The database is damaged. The code of the error is `corrupt`, not `backup`.
    #[non_exhaustive]
    DamagedDatabase {
        /// The damage that SQLite reports.
        message: String,
        /// The path of the newest backup in the same directory; `None` if there is no backup.
        newest: Option<PathBuf>,
    },
    /// The database is sound, but its copy is damaged. The message is SQLite's.
    DamagedCopy(String),
    /// SQLite failed.
    Sqlite(rusqlite::Error),
    /// The file system denies the access to the directory of the backups.
    Access(AccessProblem),
    /// The file system failed.
    File(io::Error),
    /// A function of [`Migrator::on_connect`](crate::Migrator::on_connect) failed.
    OnConnect(Box<dyn std::error::Error + Send + Sync>),
    /// The name of the database is not UTF-8, so that revchain cannot name the backup after it.
    BadName,
    /// The database is in memory, so that its backup needs the name of a file.
    InMemory,
    /// The file at this path exists. revchain never replaces a file by a backup.
    Exists(PathBuf),
    /// The file name has the form of the backups that an upgrade makes, and later removes.
    RemovableName(PathBuf),
}

#[cfg_attr(not(feature = "backup"), expect(dead_code))]
impl BackupFailure {
    pub(crate) fn damaged_database(message: String) -> Self {
        let newest = None;
        Self::DamagedDatabase { message, newest }
    }

    /// Makes the reason from an error of SQLite while it wrote the copy at `path`.
    pub(crate) fn of_copy(path: &Path, error: rusqlite::Error) -> Self {
        let problem = match error.sqlite_error_code() {
            Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly) => {
                AccessProblem::find(path, Goal::Open)
            }
            _ => None,
        };
        problem.map_or(Self::Sqlite(error), Self::Access)
    }

    /// Makes the reason from an error of the file system at `path`.
    pub(crate) fn of_file(path: &Path, error: io::Error) -> Self {
        // Creating a directory fails with this error if the path is that of another file.
        if error.kind() == io::ErrorKind::AlreadyExists {
            let message = "it is not a directory";
            return Self::File(io::Error::new(io::ErrorKind::NotADirectory, message));
        }
        AccessProblem::find(path, Goal::Open).map_or(Self::File(error), Self::Access)
    }

    /// Adds the newest backup that exists, if the database is damaged.
    pub(crate) fn with_newest(self, newest: Option<PathBuf>) -> Self {
        match self {
            Self::DamagedDatabase { message, .. } => Self::DamagedDatabase { message, newest },
            other => other,
        }
    }
}

impl BackupFailure {
    /// Returns the text of the error. It lacks the message of [`Sqlite`](Self::Sqlite).
    pub(super) fn text(&self, directory: &Path, before_migrations: bool) -> Text {
        let directory = escape(&directory.to_string_lossy());
        let mut message = format!("cannot make a backup in {directory}");
        if before_migrations {
            message += "; nothing was changed";
        }
        let text = match self {
            Self::DamagedDatabase { message, newest } => {
                return damaged_database(message, newest.as_deref());
            }
            Self::DamagedCopy(damage) => {
                let damage = escape(damage);
                Text::new(format!("{message}: the copy is damaged: {damage}"))
                    .help("check the disk of the backups, or name another directory")
            }
            Self::Sqlite(error) => match Environment::of(error) {
                Some(Environment::DiskFull) => {
                    Text::new(message).help(format!("free space in {directory}"))
                }
                Some(Environment::NotADatabase) => Text::new(message).help(KEY_HELP),
                Some(environment) => environment.add_help(Text::new(message)),
                // SQLCipher fails with this code if only one of the two connections has a key.
                None if error.sqlite_error_code() == Some(ErrorCode::Unknown) => {
                    Text::new(message).help(KEY_HELP)
                }
                None => Text::new(message),
            },
            Self::Access(problem) => {
                problem.add_backup_help(Text::new(format!("{message}: {problem}")))
            }
            Self::File(error) => Text::new(format!("{message}: {}", escape(&error.to_string())))
                .help("name another directory"),
            Self::OnConnect(_) => {
                Text::new(format!("{message}: a function of .on_connect(…) failed"))
                    .help("fix the function: it also sets up the connections of a backup")
            }
            Self::BadName => Text::new(format!("{message}: the name of the database is not UTF-8"))
                .help("rename the database"),
            Self::InMemory => Text::new(format!("{message}: the database is in memory"))
                .help("name a file, not a directory"),
            Self::Exists(path) => {
                let path = escape(&path.to_string_lossy());
                Text::new(format!("{message}: {path} exists"))
                    .help("name a new file, or a directory")
            }
            Self::RemovableName(path) => {
                let path = escape(&path.to_string_lossy());
                Text::new(format!("{message}: a later upgrade may remove {path}"))
                    .help("name the file in another form, or name a directory")
            }
        };
        if !before_migrations {
            return text;
        }
        text.help("or continue without backups: remove .backup(…) or --backup")
    }
}

fn damaged_database(message: &str, newest: Option<&Path>) -> Text {
    let text = Text::new(format!(
        "the database is damaged; no backup was made, and nothing was changed: {}",
        escape(message)
    ));
    let Some(newest) = newest else {
        return text.help("check the disk, then restore a backup");
    };
    let newest = escape(&newest.to_string_lossy());
    text.help(format!(
        "check the disk, move the damaged file away, then run `restore {newest}`"
    ))
}
