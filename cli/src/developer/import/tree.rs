//! Reading of the files of another tool. No other module of `import` reads them.

use std::fs;
use std::io;
use std::path::Path;

use revchain_core::source::directory::{MAX_FILE_SIZE, MAX_TOTAL_SIZE};

use crate::support::{Failure, Result};

/// The greatest depth of directories. Diesel and rusqlite_migration have one level.
const MAX_DEPTH: usize = 3;

/// A file of another tool.
#[derive(Debug, Clone)]
pub(crate) struct SourceFile {
    /// The path in the directory, with forward slashes.
    pub(crate) name: String,
    /// The path as the user wrote the directory, for messages.
    pub(crate) path: String,
    /// The text, with `\n` for every line end and without a byte-order mark.
    ///
    /// The text is empty if the file is neither SQL nor TOML nor Python.
    pub(crate) text: String,
}

impl SourceFile {
    /// Returns the name without directories.
    pub(crate) fn base_name(&self) -> &str {
        self.name.rsplit('/').next().unwrap_or_default()
    }

    /// Returns `true` if the file contains Python, by its name.
    pub(crate) fn is_python(&self) -> bool {
        self.name.ends_with(".py")
    }

    /// Returns `true` if the file contains SQL, by its name.
    pub(crate) fn is_sql(&self) -> bool {
        self.name.to_ascii_lowercase().ends_with(".sql")
    }
}

/// The files of a directory, or a single file, sorted by name.
#[derive(Debug, Clone)]
pub(crate) struct Tree {
    /// The path as the user wrote it.
    pub(crate) path: String,
    pub(crate) files: Vec<SourceFile>,
}

impl Tree {
    /// Iterates over the files that are in no subdirectory.
    pub(crate) fn top_level(&self) -> impl Iterator<Item = &SourceFile> {
        self.files.iter().filter(|file| !file.name.contains('/'))
    }

    /// Returns the file with this path in the directory.
    pub(crate) fn get(&self, name: &str) -> Option<&SourceFile> {
        self.files.iter().find(|file| file.name == name)
    }
}

/// Reads a directory with its subdirectories, or a single file.
///
/// Ignores names that begin with a dot.
pub(crate) fn read(path: &Path) -> Result<Tree> {
    let mut reader = Reader {
        files: Vec::new(),
        size_left: MAX_TOTAL_SIZE,
    };
    let shown = path.to_string_lossy().into_owned();
    let metadata = fs::metadata(path).map_err(|error| unreadable(&shown, &error))?;
    if metadata.is_dir() {
        reader.read_directory(path, "", 1)?;
    } else {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        reader.read_file(path, &name)?;
    }
    let mut files = reader.files;
    files.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(Tree { path: shown, files })
}

struct Reader {
    files: Vec<SourceFile>,
    /// The part of `MAX_TOTAL_SIZE` that earlier files left, in bytes.
    size_left: u64,
}

impl Reader {
    /// Reads the files of a directory. `prefix` is its path in the tree, ending in a slash.
    fn read_directory(&mut self, directory: &Path, prefix: &str, depth: usize) -> Result<()> {
        let shown = directory.to_string_lossy();
        let failed = |error: io::Error| unreadable(&shown, &error);
        for entry in fs::read_dir(directory).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with('.') {
                continue;
            }
            let (path, name) = (entry.path(), format!("{prefix}{name}"));
            if !path.is_dir() {
                self.read_file(&path, &name)?;
            } else if depth < MAX_DEPTH {
                self.read_directory(&path, &format!("{name}/"), depth + 1)?;
            }
        }
        Ok(())
    }

    fn read_file(&mut self, path: &Path, name: &str) -> Result<()> {
        let shown = path.to_string_lossy().into_owned();
        let mut file = SourceFile {
            name: name.to_owned(),
            text: String::new(),
            path: shown,
        };
        if file.is_sql() || file.is_python() || file.base_name() == "metadata.toml" {
            let size = fs::metadata(path).map_err(|error| unreadable(&file.path, &error))?;
            if !size.is_file() || size.len() > MAX_FILE_SIZE.min(self.size_left) {
                let message = format!("{}: not a regular file of at most 64 MiB", file.path);
                return Err(Failure::failed("io", message));
            }
            let bytes = fs::read(path).map_err(|error| unreadable(&file.path, &error))?;
            self.size_left = self.size_left.saturating_sub(bytes.len() as u64);
            file.text = decode(bytes).ok_or_else(|| {
                let message = format!("{}: the file is not UTF-8", file.path);
                Failure::failed("not-utf8", message).help("convert the file to UTF-8")
            })?;
        }
        self.files.push(file);
        Ok(())
    }
}

/// Returns the text with `\n` for every line end and without a byte-order mark.
fn decode(bytes: Vec<u8>) -> Option<String> {
    let text = String::from_utf8(bytes).ok()?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    Some(text.replace("\r\n", "\n").replace('\r', "\n"))
}

fn unreadable(path: &str, error: &io::Error) -> Failure {
    Failure::failed("io", format!("{path}: {error}"))
}
