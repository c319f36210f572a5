//! The chain in the form that each library wants it in.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::chain::{Revision, chain, revchain_file};

/// The libraries that there is a form for, by the name of their program. The first is the floor.
pub const FORMATS: [&str; 6] = ["floor", "revchain", "rusqlite_migration", "refinery", "diesel", "sqlx"];

/// Writes the chain of `count` revisions into `directory`, in the form that `library` wants. Downgrades are written for
/// each that knows them. What is there already is left as it is, so that cargo has nothing to do; other files are removed.
///
/// Returns the file that holds the upgrade of the last revision.
///
/// # Errors
///
/// Where a file cannot be written.
pub fn write_format(library: &str, directory: &Path, count: usize) -> io::Result<PathBuf> {
    let chain = chain(count);
    let mut files: Vec<(String, String)> = Vec::new();
    let mut last = String::new();
    for revision in &chain {
        let Revision { number: n, upgrade, downgrade } = revision;
        let (up, down) = (format!("{upgrade}\n"), format!("{downgrade}\n"));
        let (name, downgrade) = match library {
            "revchain" => {
                let (name, text) = revchain_file(revision);
                last.clone_from(&name);
                files.push((name, text));
                continue;
            }
            "floor" => (format!("{n:05}.sql"), None),
            "refinery" => (format!("V{n}__revision.sql"), None),
            "diesel" => {
                (format!("{n:05}_revision/up.sql"), Some((format!("{n:05}_revision/down.sql"), down)))
            }
            // sqlx's reversible form is this one, and a list can name its files as it likes.
            _ => (format!("{n:05}_revision.up.sql"), Some((format!("{n:05}_revision.down.sql"), down))),
        };
        last.clone_from(&name);
        files.push((name, up));
        files.extend(downgrade);
    }
    match library {
        "floor" => files.push(("list.rs".to_owned(), list(&chain, "include_str!(\"@.sql\")"))),
        "rusqlite_migration" => {
            let item =
                "M::up(include_str!(\"@_revision.up.sql\")).down(include_str!(\"@_revision.down.sql\"))";
            files.push(("list.rs".to_owned(), list(&chain, item)));
        }
        _ => {}
    }
    let mut known = BTreeSet::new();
    for (name, text) in files {
        let path = directory.join(&name);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        if fs::read_to_string(&path).ok().as_ref() != Some(&text) {
            fs::write(&path, text)?;
        }
        known.insert(directory.join(name.split('/').next().unwrap_or(&name)));
    }
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        match known.contains(&path) {
            true => {}
            false if path.is_dir() => fs::remove_dir_all(path)?,
            false => fs::remove_file(path)?,
        }
    }
    Ok(directory.join(last))
}

/// A Rust file that is one slice, with `item` for each revision; `@` in it is the revision's number.
fn list(chain: &[Revision], item: &str) -> String {
    let mut text = "&[\n".to_owned();
    for revision in chain {
        // Writing to a string does not fail.
        let _ = writeln!(text, "    {},", item.replace('@', &format!("{:05}", revision.number)));
    }
    text.push_str("]\n");
    text
}
