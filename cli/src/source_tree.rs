//! The directory of a chain, for the commands that write into it.

use std::fs;
use std::io;
use std::path::Path;

use revchain_core::{Chain, Code, Lock, lock};
use revchain_runtime::Migrations;

use crate::failure::Failure;

/// The chain and the lock in the directory; none where it is empty or not there. `embedded` is the chain that the
/// program was built from, where there is one: the directory must be its own.
pub(crate) fn load(
    directory: &Path,
    embedded: Option<&Migrations>,
) -> Result<Option<(Chain, Option<Lock>)>, Failure> {
    let found = match revchain_core::load_to_lock(directory, &directory.to_string_lossy()) {
        Ok(found) => Some(found),
        Err(defects) => {
            let nothing = |code| {
                code == Code::EmptyDirectory || code == Code::UnreadableDirectory && !directory.exists()
            };
            if !defects.iter().all(|defect| nothing(defect.code())) {
                return Err(defects.into());
            }
            None
        }
    };
    match embedded.and_then(Migrations::head) {
        Some(head) if found.as_ref().is_none_or(|(chain, _)| chain.position(head.id()).is_none()) => {
            let what = match found {
                None => "there is no chain".to_owned(),
                Some(_) => format!(
                    "this is not the chain that the program was built from: it has no revision {}",
                    head.id()
                ),
            };
            let message = format!(
                "{}: {what}\nhelp: run this in the source tree, or name the directory: --directory DIR",
                directory.display(),
            );
            Err(Failure::failed("wrong-directory", message))
        }
        _ => Ok(found),
    }
}

/// Writes the lock.
pub(crate) fn write_lock(directory: &Path, text: &str) -> Result<(), Failure> {
    replace(&directory.join(lock::FILE_NAME), text)
}

/// Writes a file: all of it or nothing.
pub(crate) fn replace(path: &Path, text: &str) -> Result<(), Failure> {
    let failed = |error: io::Error| Failure::failed("io", format!("{}: {error}", path.display()));
    // A dotfile, so that it is no stray file should it stay behind.
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let new = path.with_file_name(format!(".{name}.{}.new", std::process::id()));
    let written = fs::write(&new, text).and_then(|()| fs::rename(&new, path));
    written.map_err(|error| {
        let _ = fs::remove_file(&new);
        failed(error)
    })
}
