//! Failures of the disk, the file, or the memory.

use revchain_core::diagnostics::text::Text;
use rusqlite::ErrorCode;

/// The advice for a database that is a replica of another one.
pub(super) const REPLICA: &str =
    "on a replica, upgrade the primary, and wait here: .wait_for_head(…) or `wait`";

/// A failure of the disk, the file, or the memory. The SQL is not the cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Environment {
    DiskFull,
    DamagedFile,
    NotADatabase,
    InputOutput,
    OutOfMemory,
}

impl Environment {
    /// Returns the failure that an error of SQLite reports; `None` for any other error.
    pub(super) fn of(error: &rusqlite::Error) -> Option<Self> {
        match error.sqlite_error_code()? {
            ErrorCode::DiskFull => Some(Self::DiskFull),
            ErrorCode::DatabaseCorrupt => Some(Self::DamagedFile),
            ErrorCode::NotADatabase => Some(Self::NotADatabase),
            ErrorCode::SystemIoFailure => Some(Self::InputOutput),
            ErrorCode::OutOfMemory => Some(Self::OutOfMemory),
            _ => None,
        }
    }

    /// Returns the short name, as `--json` shows it.
    pub(super) fn code(self) -> &'static str {
        match self {
            Self::DiskFull => "disk-full",
            Self::DamagedFile => "corrupt",
            Self::NotADatabase => "not-a-database",
            Self::InputOutput => "io",
            Self::OutOfMemory => "out-of-memory",
        }
    }

    /// Adds the advice.
    pub(super) fn add_help(self, text: Text) -> Text {
        match self {
            Self::DiskFull => text
                .help("free space on the disk of the database, also for the journal beside it")
                .help("or free space for temporary files: in SQLITE_TMPDIR, TMPDIR or /var/tmp"),
            Self::DamagedFile => text
                .help("check the disk, then restore a backup: the file is damaged or unreadable"),
            Self::NotADatabase => text
                .help("check the path of the database")
                .help("if the database is encrypted, set its key in .on_connect(…)")
                .help("if its beginning was overwritten, restore a backup"),
            Self::InputOutput => text
                .help("check the disk: the log of the system has the cause")
                .help(REPLICA),
            Self::OutOfMemory => text.help("give the program more memory"),
        }
    }
}
