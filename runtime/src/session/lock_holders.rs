//! The processes that hold locks on a database, as `/proc/locks` of Linux lists them.

use std::path::Path;

use crate::report::error::LockHolder;

/// Returns the processes that most likely block this process.
///
/// - Writers, if there are any. Otherwise readers: in WAL mode, every open connection is a reader.
/// - Other processes, if there are any. Otherwise this process.
#[cfg(target_os = "linux")]
pub(crate) fn lock_holders(path: &Path) -> Vec<LockHolder> {
    use std::fs;
    use std::os::unix::fs::MetadataExt;

    // In WAL mode, the locks are on the `-shm` file.
    let mut shared = path.as_os_str().to_owned();
    shared.push("-shm");
    let files = [path, Path::new(&shared)].map(|path| fs::metadata(path).map(|file| file.ino()));
    let locks = fs::read_to_string("/proc/locks").unwrap_or_default();
    let mut found: Vec<Lock> = Vec::new();
    for (lock, inode) in locks.lines().filter_map(Lock::parse) {
        let is_of_file = files.iter().flatten().any(|file| *file == inode);
        if is_of_file && !found.contains(&lock) {
            found.push(lock);
        }
    }
    let Some(strongest) = found.iter().max().copied() else {
        return Vec::new();
    };
    let shown = found
        .iter()
        .filter(|lock| (lock.is_other, lock.is_write) == (strongest.is_other, strongest.is_write));
    shown
        .map(|lock| LockHolder {
            process: lock.process,
            name: fs::read_to_string(format!("/proc/{}/comm", lock.process))
                .ok()
                .map(|name| name.trim_end().to_owned()),
        })
        .collect()
}

/// A lock of a process.
///
/// The derived order compares the fields from top to bottom.
/// So a write lock of another process is the greatest lock.
#[cfg(target_os = "linux")]
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Lock {
    is_other: bool,
    is_write: bool,
    process: u32,
}

#[cfg(target_os = "linux")]
impl Lock {
    /// Parses a line such as `1: POSIX  ADVISORY  WRITE 4711 fe:00:131075 …`.
    ///
    /// Returns the lock and the inode number of the locked file.
    /// Returns `None` for a waiting process, whose line has an arrow before `POSIX`.
    /// Returns `None` for the process ids -1 (a lock without a process) and 0 (a process that this
    /// one cannot see).
    fn parse(line: &str) -> Option<(Self, u64)> {
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        let [_, "POSIX", _, mode, process, file, ..] = words[..] else {
            return None;
        };
        let process = process.parse::<u32>().ok().filter(|&process| process > 0)?;
        let inode = file.rsplit(':').next()?.parse().ok()?;
        let lock = Self {
            is_other: process != std::process::id(),
            is_write: mode == "WRITE",
            process,
        };
        Some((lock, inode))
    }
}

/// Returns an empty list, because revchain finds lock holders only on Linux.
#[cfg(not(target_os = "linux"))]
pub(crate) fn lock_holders(_: &Path) -> Vec<LockHolder> {
    Vec::new()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use rusqlite::Connection;

    use super::*;

    #[test]
    fn line_of_proc_locks_is_parsed() {
        let line = |mode, process: &str| {
            let line = format!("1: POSIX  ADVISORY  {mode} {process} fe:00:131075 0 EOF");
            Lock::parse(&line)
        };
        let own = std::process::id();
        let lock = |is_other, is_write, process| Lock {
            is_other,
            is_write,
            process,
        };
        let written = line("WRITE", &own.to_string());
        assert!(written == Some((lock(false, true, own), 131_075)));
        assert!(line("READ ", "1") == Some((lock(true, false, 1), 131_075)));
        assert!(line("READ ", "0").is_none() && line("READ ", "-1").is_none());
    }

    #[test]
    fn lock_on_another_file_is_not_listed() {
        let directory = tempfile::tempdir().expect("a directory");
        let [first, second] = ["first", "second"].map(|name| {
            let path = directory.path().join(name);
            let connection = Connection::open(&path).expect("a connection");
            let begun = connection.execute_batch("PRAGMA user_version = 1; BEGIN IMMEDIATE");
            begun.expect("a transaction");
            (path, connection)
        });
        first.1.execute_batch("ROLLBACK").expect("a rollback");
        assert!(lock_holders(&first.0).is_empty());
        assert_eq!(lock_holders(&second.0).len(), 1);
    }
}
