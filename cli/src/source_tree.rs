//! The directory of a chain, for the commands that write into it.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use revchain_core::name::Date;
use revchain_core::{Chain, Code, Draft, Lock, lock};
use revchain_runtime::{Migrations, Scope, prove};

use crate::failure::Failure;

/// The chain and the lock in the directory; none where it is empty or not there. `embedded` is the chain that the
/// program was built from, where there is one: the directory must be its own.
pub(crate) fn load(
    directory: &Path,
    embedded: Option<&Migrations>,
) -> Result<Option<(Chain, Option<Lock>)>, Failure> {
    finish(Draft::read(directory, &directory.to_string_lossy()), directory, embedded)
}

/// The same, with all of the chain proven that is not locked.
pub(crate) fn load_proven(
    directory: &Path,
    embedded: Option<&Migrations>,
) -> Result<Option<(Chain, Option<Lock>)>, Failure> {
    let draft = prove(Draft::read(directory, &directory.to_string_lossy()), Scope::Unlocked);
    finish(draft, directory, embedded)
}

fn finish(
    draft: Draft,
    directory: &Path,
    embedded: Option<&Migrations>,
) -> Result<Option<(Chain, Option<Lock>)>, Failure> {
    let found = match draft.finish_to_lock() {
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

/// Writes a new file, never over one that is there; makes the directory if it is not there.
pub(crate) fn create(path: &Path, text: &str) -> Result<(), Failure> {
    let write = || {
        path.parent().map_or(Ok(()), fs::create_dir_all)?;
        fs::File::create_new(path)?.write_all(text.as_bytes())
    };
    write().map_err(at(path))
}

/// Writes a file anew: all of it or nothing.
pub(crate) fn replace(path: &Path, text: &str) -> Result<(), Failure> {
    // A dotfile, so that it is no stray file should it stay behind.
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let new = path.with_file_name(format!(".{name}.{}.new", std::process::id()));
    let written = fs::write(&new, text).and_then(|()| fs::rename(&new, path));
    written.map_err(|error| {
        let _ = fs::remove_file(&new);
        at(path)(error)
    })
}

/// What went wrong with the file at `path`.
pub(crate) fn at(path: &Path) -> impl Fn(io::Error) -> Failure + '_ {
    |error| Failure::failed("io", format!("{}: {error}", path.display()))
}

/// The time for a new revision.
pub(crate) fn now() -> Date {
    let now = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC);
    let small = |number: i8| u8::try_from(number).unwrap_or_default();
    let year = u16::try_from(now.year()).unwrap_or_default();
    // A clock before the year 0 or after 9999 is wrong; the parent's date stands in for it.
    Date::new(year, small(now.month()), small(now.day()), small(now.hour()), small(now.minute()))
        .unwrap_or(EPOCH)
}

const EPOCH: Date = match Date::new(1970, 1, 1, 0, 0) {
    Some(date) => date,
    None => panic!("there is such a date"),
};
