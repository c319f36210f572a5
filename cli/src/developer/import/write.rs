//! Writing of a chain into a directory that has none: all files, or none.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use revchain_core::lock_file::FILE_NAME;

use crate::developer::source_tree::{create, remove};
use crate::support::{Failure, Result};

/// The migrations in the directory of the new chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Existing {
    /// There are none.
    None,
    /// There are exactly the files that the import would write.
    All,
}

/// Compares the directory with the files that the import would write.
///
/// # Errors
///
/// Fails if the directory has other migrations, or only some of the files.
pub(crate) fn existing(directory: &Path, names: &[String]) -> Result<Existing> {
    let found = migrations_in(directory)?;
    if found.is_empty() {
        return Ok(Existing::None);
    }
    let is_wanted = |name: &&String| names.contains(name) || *name == FILE_NAME;
    let present = names.iter().filter(|name| found.contains(name)).count();
    let others: Vec<&String> = found.iter().filter(|name| !is_wanted(name)).collect();
    if present == names.len() && others.is_empty() {
        return Ok(Existing::All);
    }
    let shown = directory.display();
    let first = others
        .first()
        .or(found.first().as_ref())
        .map_or("", |name| name.as_str());
    let message = format!(
        "{shown}: there are migrations already: {present} of the {} to import, and {} {}; \
         the first is {first}",
        names.len(),
        others.len(),
        if others.len() == 1 { "other" } else { "others" }
    );
    let help = "remove them to import again, or write elsewhere: --directory DIR";
    Err(Failure::failed("has-migrations", message).help(help))
}

/// Fails if a file differs from the one that the import would write, or is missing.
pub(crate) fn check_same(directory: &Path, files: &[(String, String)]) -> Result<()> {
    let differs = |(name, text): &&(String, String)| {
        let found = fs::read_to_string(directory.join(name));
        found.ok().as_ref() != Some(text)
    };
    let Some((name, _)) = files.iter().find(differs) else {
        return Ok(());
    };
    let path = directory.join(name);
    let message = format!(
        "{}: the file is not the one that the import would write; nothing was written",
        path.display()
    );
    let help = "keep the chain if you have edited it, or remove its files to import again";
    Err(Failure::failed("has-migrations", message).help(help))
}

/// Returns the sorted names of the SQL files and the lock file in a directory.
fn migrations_in(directory: &Path) -> Result<Vec<String>> {
    let failed =
        |error: io::Error| Failure::failed("io", format!("{}: {error}", directory.display()));
    let entries = match fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(failed)?,
    };
    let mut names = Vec::new();
    for entry in entries {
        let name = entry
            .map_err(failed)?
            .file_name()
            .to_string_lossy()
            .into_owned();
        if !name.starts_with('.') && (name.ends_with(".sql") || name == FILE_NAME) {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

/// Writes files into a directory, and creates the directory if needed.
///
/// If a file cannot be written, removes those that were written.
pub(crate) fn write(directory: &Path, files: &[(String, String)]) -> Result<()> {
    let is_new = !directory.exists();
    let mut written: Vec<PathBuf> = Vec::new();
    for (name, text) in files {
        let path = directory.join(name);
        if let Err(failure) = create(&path, text) {
            for path in &written {
                // Report the first failure. The file stays if it cannot be removed.
                let _ = remove(path);
            }
            if is_new {
                let _ = fs::remove_dir(directory);
            }
            return Err(failure);
        }
        written.push(path);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use std::fs;

    use super::{Existing, existing, write};

    fn files(names: &[&str]) -> Vec<(String, String)> {
        let files = names
            .iter()
            .map(|name| ((*name).to_owned(), format!("{name}: new")));
        files.collect()
    }

    #[test]
    fn failing_write_removes_what_it_wrote() {
        let directory = tempfile::tempdir().unwrap();
        let old = directory.path().join("b.sql");
        fs::write(&old, "old").unwrap();
        assert!(write(directory.path(), &files(&["a.sql", "b.sql", "c.sql"])).is_err());
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
        assert_eq!(fs::read_to_string(old).unwrap(), "old");
    }

    #[test]
    fn failing_write_removes_a_new_directory() {
        let parent = tempfile::tempdir().unwrap();
        let directory = parent.path().join("migrations");
        assert!(write(&directory, &files(&["a.sql", "a.sql"])).is_err());
        assert!(!directory.exists());
    }

    #[test]
    fn other_files_are_no_migrations() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("README.md"), "").unwrap();
        fs::write(directory.path().join(".a.sql"), "").unwrap();
        let names = ["a.sql".to_owned()];
        assert_eq!(existing(directory.path(), &names).unwrap(), Existing::None);
        fs::write(directory.path().join("a.sql"), "").unwrap();
        fs::write(directory.path().join("revchain.lock"), "").unwrap();
        assert_eq!(existing(directory.path(), &names).unwrap(), Existing::All);
        fs::write(directory.path().join("b.sql"), "").unwrap();
        assert!(existing(directory.path(), &names).is_err());
    }
}
