//! `new --downgrade`: writing the downgrade of the newest revision.

use std::path::Path;

use revchain_core::source::directory::{self, File};
use revchain_core::sql::cursor;
use revchain_core::{DefectList, LoadedMigrations, Revision};
use revchain_prove::generate::write_downgrade;
use revchain_runtime::Migrations;
use serde_json::json;

use crate::developer::source_tree::{SourceTree, replace};
use crate::support::{Answer, Failure, Result};

/// A statement without an effect, so that the file has no defect while its downgrade is written.
const PLACEHOLDER: &str = "SELECT 1;";

/// Writes the downgrade into the file of the head of `directory`.
///
/// Fails if the file has a downgrade already.
pub(crate) fn run(directory: &Path, embedded: Option<&Migrations>) -> Result {
    let mut defects = DefectList::new();
    let shown = directory.to_string_lossy();
    let (mut files, lock_file) = directory::read(directory, &shown, &mut defects);
    defects.into_result()?;
    let Some(newest) = files.last_mut() else {
        let message = format!("{shown}: there is no migration");
        return Err(Failure::failed("no-chain", message).help("run `new \"Summary\"` first"));
    };
    let open = with_open_downgrade(newest)?;
    newest.bytes = Some(format!("{open}{PLACEHOLDER}\n").into_bytes());
    let name = newest.name.clone();
    let load = || LoadedMigrations::from_files(files.clone(), lock_file.clone());
    let tree = SourceTree::new(directory, load(), embedded)?;
    let head = tree.chain.as_ref().and_then(|chain| chain.head());
    let Some(head) = head.filter(|head| head.file_name() == name) else {
        let message = format!("{shown}/{name}: not the head of the chain");
        let help = "write its downgrade by hand, below a line `-- @downgrade`";
        return Err(Failure::failed("not-the-head", message).help(help));
    };
    let written = write_downgrade(&load())?;
    let text = format!("{open}{}\n", written.script);
    let is_crlf = open.contains("\r\n");
    let text = if is_crlf { with_crlf(&text) } else { text };
    let path = directory.join(&name);
    replace(&path, &text)?;
    let path = path.display().to_string();
    let mut answer = path.clone();
    for note in &written.notes {
        answer += &format!("\nnote: the downgrade does not restore {note}");
    }
    let json = json!({ "path": path, "revision": Revision::id(head), "unknown": written.notes });
    Ok(Answer::new(answer, json))
}

/// Returns the text of a file up to its empty downgrade. Adds the section if it is missing.
fn with_open_downgrade(file: &File) -> Result<String> {
    const DIRECTIVE: &str = "-- @downgrade";
    let text = file.bytes.clone().unwrap_or_default();
    let Ok(text) = String::from_utf8(text) else {
        let message = format!("{}: the file is not UTF-8", file.path);
        return Err(Failure::failed("not-utf8", message).help("save the file as UTF-8"));
    };
    let has_line = |start: &str| text.lines().any(|line| line.starts_with(start));
    if has_line("-- @irreversible") {
        let message = format!("{}: the revision is irreversible", file.path);
        let failure = Failure::failed("irreversible", message);
        return Err(failure.help("remove the line `-- @irreversible` first"));
    }
    let mut lines = text.split_inclusive('\n');
    let is_in_downgrade = lines.any(|line| line.trim_end() == DIRECTIVE);
    let downgrade: String = lines.collect();
    if !cursor::tokens(&downgrade).is_empty() {
        let message = format!("{}: the revision has a downgrade", file.path);
        let failure = Failure::failed("has-downgrade", message);
        return Err(failure.help("remove the SQL below `-- @downgrade` first"));
    }
    let text = text.trim_end();
    if is_in_downgrade {
        return Ok(format!("{text}\n"));
    }
    Ok(format!("{text}\n\n{DIRECTIVE}\n"))
}

/// Returns the text with `\r\n` at the end of each line.
fn with_crlf(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\n', "\r\n")
}
