//! The location of a database, as the user writes it.

use std::ffi::OsStr;
use std::ops::Deref;
use std::path::{Path, PathBuf};

use revchain_runtime::rusqlite::OpenFlags;

use crate::support::{Failure, Result};

/// The location of a database: a path, a URL `sqlite:…`, or a URI `file:…` of SQLite.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Location {
    path: PathBuf,
    mode: Mode,
    /// The parameters of a URI that SQLite itself reads, such as `cache=shared`.
    parameters: Vec<String>,
}

/// The parameter `mode` of a URI.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    ReadOnly,
    /// The file must exist.
    ReadWrite,
    /// Default: SQLite creates the file.
    Create,
}

impl Location {
    /// Returns the location of a file. The path has no special meaning.
    pub(crate) fn of_path(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            mode: Mode::Create,
            parameters: Vec::new(),
        }
    }

    /// Parses a path, a URL, or a URI.
    ///
    /// # Errors
    ///
    /// Fails if the text names a database in memory, or a database of another system.
    pub(crate) fn parse(text: &OsStr) -> Result<Self> {
        let Some(text) = text.to_str() else {
            return Ok(Self::of_path(Path::new(text)));
        };
        let (scheme, rest) = text.split_once(':').unwrap_or_default();
        match scheme.to_ascii_lowercase().as_str() {
            "file" => return Self::of_uri(text, rest),
            // Other tools also write `sqlite3`.
            "sqlite" | "sqlite3" => return Self::of_uri(text, without_slashes(rest)),
            _ => {}
        }
        if let Some((scheme, _)) = text.split_once("://") {
            if is_scheme(scheme) {
                let message = format!("{text}: `{scheme}` is not a scheme of SQLite");
                let help = "write a path, sqlite:PATH, or file:PATH";
                return Err(Failure::usage(message).help(help));
            }
        }
        must_be_file(text, text)?;
        Ok(Self::of_path(Path::new(text)))
    }

    /// Parses the URI `text`. `rest` is the text after the scheme.
    fn of_uri(text: &str, rest: &str) -> Result<Self> {
        let rest = rest.split_once('#').map_or(rest, |(rest, _)| rest);
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let path = decode(without_host(text, path)?);
        must_be_file(text, &path)?;
        let mut location = Self::of_path(Path::new(&path));
        for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
            location.add(text, parameter)?;
        }
        Ok(location)
    }

    fn add(&mut self, text: &str, parameter: &str) -> Result<()> {
        match parameter.split_once('=').unwrap_or((parameter, "")) {
            ("mode", "ro") => self.mode = Mode::ReadOnly,
            ("mode", "rw") => self.mode = Mode::ReadWrite,
            ("mode", "rwc") => self.mode = Mode::Create,
            ("mode", "memory") | ("vfs", "memdb") => return Err(in_memory(text)),
            ("cache" | "immutable" | "nolock" | "psow" | "vfs", _) => {
                self.parameters.push(parameter.to_owned());
            }
            _ => {
                let message = format!("{text}: SQLite has no parameter `{parameter}`");
                let help = "use mode, cache, immutable, nolock, psow, or vfs";
                return Err(Failure::usage(message).help(help));
            }
        }
        Ok(())
    }

    /// Returns the name for SQLite, which opens it with [`flags`](Self::flags).
    pub(crate) fn name(&self) -> PathBuf {
        if self.parameters.is_empty() {
            // SQLite would interpret `file:` or `:memory:` in a special way.
            return Path::new(".").join(&self.path);
        }
        let path = self.path.to_string_lossy().replace('%', "%25");
        let path = path.replace('?', "%3f").replace('#', "%23");
        let path = if cfg!(windows) {
            path.replace('\\', "/")
        } else {
            path
        };
        // A drive needs a slash before it.
        let slash = if path.get(1..2) == Some(":") { "/" } else { "" };
        // With an empty host, SQLite does not read `//` in the path as a host.
        let host = if path.starts_with('/') || !slash.is_empty() {
            "//"
        } else {
            ""
        };
        PathBuf::from(format!(
            "file:{host}{slash}{path}?{}",
            self.parameters.join("&")
        ))
    }

    /// Returns the name with which SQLite opens a file that no one writes.
    ///
    /// Then SQLite takes no lock, and needs no `-wal` and `-shm` file.
    #[cfg(feature = "developer")]
    pub(crate) fn immutable_name(&self) -> PathBuf {
        let mut immutable = self.clone();
        immutable.parameters.push("immutable=1".to_owned());
        immutable.name()
    }

    /// Returns the flags with which a command opens the database to change it.
    pub(crate) fn flags(&self) -> OpenFlags {
        let access = match self.mode {
            Mode::ReadOnly => OpenFlags::SQLITE_OPEN_READ_ONLY,
            Mode::ReadWrite => OpenFlags::SQLITE_OPEN_READ_WRITE,
            Mode::Create => OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
        };
        access | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX
    }
}

impl Deref for Location {
    type Target = Path;

    fn deref(&self) -> &Path {
        &self.path
    }
}

/// Returns `true` if the text can be the scheme of a URL, and is no drive of Windows.
fn is_scheme(text: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
    text.len() > 1 && text.chars().all(is_part)
}

/// Removes the slashes before the path of a URL `sqlite:…`, which has no host.
///
/// `//app.db` is a relative path. `/app.db`, `///app.db` and `////app.db` are absolute paths.
fn without_slashes(rest: &str) -> &str {
    let rest = rest.strip_prefix("//").unwrap_or(rest);
    let path = rest.trim_start_matches('/');
    if path.len() == rest.len() {
        return path;
    }
    &rest[rest.len() - path.len() - 1..]
}

/// Removes the host from the path of the URI `text`. The host must be empty or `localhost`.
fn without_host<'t>(text: &str, path: &'t str) -> Result<&'t str> {
    let path = match path.strip_prefix("//") {
        None => path,
        Some(rest) if rest.starts_with('/') => rest,
        Some(rest) => match rest.strip_prefix("localhost/") {
            Some(local) => &rest[rest.len() - local.len() - 1..],
            None => {
                let message = format!("{text}: a `file:` URI cannot name a host");
                let help = "write file:PATH for a relative path, or file:///PATH";
                return Err(Failure::usage(message).help(help));
            }
        },
    };
    let drive = path
        .strip_prefix('/')
        .filter(|drive| drive.get(1..2) == Some(":"));
    Ok(drive.filter(|_| cfg!(windows)).unwrap_or(path))
}

/// Replaces each escape such as `%41` by its character, as SQLite does.
fn decode(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let code = after
            .get(..2)
            .and_then(|code| std::str::from_utf8(code).ok());
        let byte = code.and_then(|code| u8::from_str_radix(code, 16).ok());
        match byte.filter(|_| first == b'%') {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn must_be_file(text: &str, path: &str) -> Result<()> {
    match path {
        ":memory:" => Err(in_memory(text)),
        "" => Err(Failure::usage("the name of the database is empty").help("write a path")),
        _ => Ok(()),
    }
}

fn in_memory(text: &str) -> Failure {
    let message = format!("{text}: a database in memory is lost when the command ends");
    Failure::usage(message).help("name a file")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Location {
        Location::parse(OsStr::new(text)).expect(text)
    }

    #[test]
    fn names_of_files_have_a_path() {
        for (text, path) in [
            ("app.db", "app.db"),
            ("./sqlite:app.db", "./sqlite:app.db"),
            ("a%20b?c#d", "a%20b?c#d"),
            ("sqlite:app.db", "app.db"),
            ("sqlite://app.db", "app.db"),
            ("SQLite:app.db", "app.db"),
            ("sqlite3://data/app.db", "data/app.db"),
            ("sqlite3:////abs/app.db", "/abs/app.db"),
            ("sqlite://data/app.db", "data/app.db"),
            ("sqlite:///abs/app.db", "/abs/app.db"),
            ("sqlite:////abs/app.db", "/abs/app.db"),
            ("sqlite:/abs/app.db", "/abs/app.db"),
            ("sqlite:app.db?mode=rwc", "app.db"),
            ("sqlite:a%20b%3fc.db", "a b?c.db"),
            ("sqlite:100%.db", "100%.db"),
            ("file:app.db", "app.db"),
            ("file:data/app.db#part", "data/app.db"),
            ("file:/abs/app.db", "/abs/app.db"),
            ("file:///abs/app.db?cache=private", "/abs/app.db"),
            ("file://localhost/abs/app.db", "/abs/app.db"),
        ] {
            assert_eq!(&*parse(text), Path::new(path), "{text}");
        }
    }

    #[test]
    fn names_of_no_file_are_rejected() {
        for (text, words) in [
            (":memory:", "in memory"),
            ("sqlite::memory:", "in memory"),
            ("sqlite://:memory:", "in memory"),
            ("file::memory:", "in memory"),
            ("file::memory:?cache=shared", "in memory"),
            ("file:app?mode=memory", "in memory"),
            ("sqlite:app?mode=memory&cache=shared", "in memory"),
            ("file:/app?vfs=memdb", "in memory"),
            ("", "empty"),
            ("sqlite:", "empty"),
            ("sqlite://", "empty"),
            ("file:?mode=ro", "empty"),
            ("file://server/app.db", "cannot name a host"),
            ("postgres://localhost/app", "`postgres` is not a scheme"),
            (
                "sqlite+aiosqlite:///app.db",
                "`sqlite+aiosqlite` is not a scheme",
            ),
            ("sqlite:app.db?mode=write", "no parameter `mode=write`"),
            (
                "sqlite:app.db?max_connections=5",
                "no parameter `max_connections=5`",
            ),
        ] {
            let failure = Location::parse(OsStr::new(text)).expect_err(text);
            assert!(
                failure.message.contains(words),
                "{text}: {}",
                failure.message
            );
            assert!(!failure.help.is_empty(), "{text}");
        }
    }

    #[test]
    fn parameters_reach_sqlite() {
        let name = |text| parse(text).name().to_string_lossy().into_owned();
        assert_eq!(name("sqlite:a%3fb.db?mode=ro"), "./a?b.db");
        assert_eq!(
            name("sqlite:a%3fb.db?cache=shared"),
            "file:a%3fb.db?cache=shared"
        );
        assert_eq!(
            name("file:/a/b%25.db?nolock=1&psow=0"),
            "file:///a/b%25.db?nolock=1&psow=0"
        );
        assert_eq!(
            parse("file:a?mode=ro").flags() & OpenFlags::SQLITE_OPEN_READ_WRITE,
            OpenFlags::empty()
        );
    }
}
