//! The chain in the format of each library.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::chain::{Revision, chain, revchain_file};

/// The libraries with a format, by the names of their programs. The first is the floor.
pub const FORMATS: [&str; 6] = [
    "floor",
    "revchain",
    "rusqlite_migration",
    "refinery",
    "diesel",
    "sqlx",
];

/// The name and the text of a file.
type File = (String, String);

/// Writes the chain of `count` revisions into `directory`, in the format of `library`.
///
/// Downgrades are included if the library supports them.
/// Unchanged files are not written again, so that cargo does not rebuild. Other files are removed.
///
/// Returns the file with the upgrade of the last revision.
///
/// # Errors
///
/// Fails if a file cannot be written.
pub fn write_format(library: &str, directory: &Path, count: usize) -> io::Result<PathBuf> {
    let chain = chain(count);
    let mut files: Vec<File> = Vec::new();
    let mut last = String::new();
    for revision in &chain {
        let (upgrade, downgrade) = revision_files(library, revision);
        last.clone_from(&upgrade.0);
        files.push(upgrade);
        files.extend(downgrade);
    }
    files.extend(list_file(library, &chain));
    write_files(directory, &files)?;
    Ok(directory.join(last))
}

/// Returns the file with the upgrade, and that with the downgrade if it is separate.
fn revision_files(library: &str, revision: &Revision) -> (File, Option<File>) {
    if library == "revchain" {
        return (revchain_file(revision), None);
    }
    let number = revision.number;
    let (upgrade, downgrade) = match library {
        "floor" => (format!("{number:05}.sql"), None),
        "refinery" => (format!("V{number}__revision.sql"), None),
        "diesel" => (
            format!("{number:05}_revision/up.sql"),
            Some(format!("{number:05}_revision/down.sql")),
        ),
        // sqlx requires these names, and a list accepts any names.
        _ => (
            format!("{number:05}_revision.up.sql"),
            Some(format!("{number:05}_revision.down.sql")),
        ),
    };
    (
        (upgrade, format!("{}\n", revision.upgrade)),
        downgrade.map(|name| (name, format!("{}\n", revision.downgrade))),
    )
}

/// Returns the Rust file that lists the revisions, if the library needs one.
fn list_file(library: &str, chain: &[Revision]) -> Option<File> {
    let item = match library {
        "floor" => "include_str!(\"@.sql\")",
        "rusqlite_migration" => {
            "M::up(include_str!(\"@_revision.up.sql\")).down(include_str!(\"@_revision.down.sql\"))"
        }
        _ => return None,
    };
    Some(("list.rs".to_owned(), slice_expression(chain, item)))
}

/// Returns a slice with `item` for each revision. `@` stands for the number of the revision.
fn slice_expression(chain: &[Revision], item: &str) -> String {
    let mut text = "&[\n".to_owned();
    for revision in chain {
        let number = format!("{:05}", revision.number);
        // Writing to a string does not fail.
        let _ = writeln!(text, "    {},", item.replace('@', &number));
    }
    text.push_str("]\n");
    text
}

/// Makes a directory contain exactly these files.
fn write_files(directory: &Path, files: &[File]) -> io::Result<()> {
    let mut expected = BTreeSet::new();
    for (name, text) in files {
        let path = directory.join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        if fs::read_to_string(&path).ok().as_ref() != Some(text) {
            fs::write(&path, text)?;
        }
        expected.insert(directory.join(name.split('/').next().unwrap_or(name)));
    }
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if expected.contains(&path) {
            continue;
        }
        if path.is_dir() {
            fs::remove_dir_all(path)?;
        } else {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}
