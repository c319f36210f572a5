//! `import`: writing a chain from the migrations of another tool.

use std::path::Path;

use serde_json::json;

use crate::developer::args::ImportArgs;
use crate::developer::import::{self, Request};
use crate::support::{Answer, Failure, Result};

/// Writes the chain into `directory`, unless the arguments name another directory.
///
/// If the import stopped before the last migration, the command fails, and the message is the
/// report.
pub(crate) fn run(args: &ImportArgs, directory: &Path) -> Result {
    let directory = args.target.directory.as_deref().unwrap_or(directory);
    let request = Request {
        tool: args.tool,
        source: args.source.clone(),
        directory: directory.to_owned(),
        squash: args.squash.clone(),
        first: args.first.clone(),
        dry_run: args.dry_run,
    };
    let report = import::run(&request)?;
    let (text, json) = (report.text(), report.json());
    if report.stopped.is_some() {
        return Err(Failure::failed("stopped", text).details(json!({ "import": json })));
    }
    Ok(Answer::new(text, json))
}
