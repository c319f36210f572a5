//! The arguments of `--diff`: a revision or a database.

use std::ffi::OsStr;
use std::path::Path;

use revchain_core::Target;

use super::subject::{ChainOf, Subject};
use crate::support::{Failure, Location, Result, exists};

/// The schemes of the URLs that name a database.
const SCHEMES: [&str; 3] = ["file", "sqlite", "sqlite3"];

/// Opens the revision or the database that an argument names.
///
/// A revision takes precedence over a file of the same name. `./001` always names a file.
pub(crate) fn open(argument: &OsStr, chain: &ChainOf<'_>) -> Result<Subject> {
    let Some(target) = target(argument) else {
        return open_database(argument);
    };
    let is_revision = match chain.has(&target) {
        // A file needs no chain, so it does not matter that there is none.
        Err(_) if exists(Path::new(argument)) => false,
        result => result?,
    };
    if !is_revision && exists(Path::new(argument)) {
        return open_database(argument);
    }
    chain.at(&target)
}

fn open_database(argument: &OsStr) -> Result<Subject> {
    let location = Location::parse(argument)?;
    if !exists(&location) {
        let name = argument.to_string_lossy();
        let failure = Failure::usage(format!("`{name}` is no revision and no file"));
        return Err(failure.help("name a revision, head, base, +N, -N, or a database"));
    }
    Subject::of_database(&location)
}

/// Returns the target that the argument can be; `None` if it can only be a database.
fn target(argument: &OsStr) -> Option<Target> {
    let text = argument.to_str()?;
    let scheme = text
        .split_once(':')
        .map(|(scheme, _)| scheme.to_ascii_lowercase());
    if scheme.is_some_and(|scheme| SCHEMES.contains(&scheme.as_str())) {
        return None;
    }
    let target = Target::from(text);
    match &target {
        // The characters of an id, so that a path is no misspelled revision.
        Target::Revision(id) if !id.bytes().all(|byte| byte.is_ascii_alphanumeric()) => None,
        _ => Some(target),
    }
}
