//! `queries`: listing the queries of a program, which `sql!` records while cargo checks it.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::SystemTime;
use std::{env, io};

use revchain_core::diagnostics::escape::escape;
use revchain_prove::QUERIES_VARIABLE;
use serde_json::{Value, json};

use crate::developer::args::QueriesArgs;
use crate::support::{Answer, CURRENT, FAINT, Failure, Result};

/// Checks the program with cargo, and prints the queries.
///
/// The directory is new for each run. Cargo compiles the crates with queries again, because the
/// variable has another value.
pub(crate) fn run(args: &QueriesArgs) -> Result {
    let directory = Recordings::new()?;
    check(args, &directory.0)?;
    let mut queries = read(&directory.0)?;
    if args.scan {
        queries.retain(|query| !texts(query, "scans").is_empty());
    }
    let text = if queries.is_empty() {
        none(args).to_owned()
    } else {
        let texts: Vec<String> = queries.iter().map(describe).collect();
        texts.join("\n\n")
    };
    Ok(Answer::new(text, json!({ "queries": queries })))
}

/// The directory of the recorded queries. Dropping the value removes the directory.
struct Recordings(PathBuf);

impl Recordings {
    fn new() -> std::result::Result<Self, Failure> {
        let time = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let time = time.unwrap_or_default().as_nanos();
        let name = format!("revchain-queries-{}-{time}", std::process::id());
        let directory = env::temp_dir().join(name);
        fs::create_dir(&directory)?;
        Ok(Self(directory))
    }
}

impl Drop for Recordings {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn check(args: &QueriesArgs, directory: &Path) -> std::result::Result<(), Failure> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let mut command = Command::new(&cargo);
    command.arg("check").args(&args.cargo);
    command.env(QUERIES_VARIABLE, directory);
    // The answer goes to standard output. Cargo's progress goes to standard error.
    command.stdout(Stdio::null());
    let status = command.status().map_err(|error| {
        let message = format!("cannot run {}: {error}", cargo.to_string_lossy());
        Failure::failed("not-checked", message).help("install cargo, or set the variable CARGO")
    })?;
    if status.success() {
        return Ok(());
    }
    let failure = Failure::failed("not-checked", "`cargo check` has failed");
    Err(failure.help("correct the errors above, and run the command again"))
}

/// Reads the recorded queries, sorted by their places. Omits those that two targets share.
fn read(directory: &Path) -> std::result::Result<Vec<Value>, Failure> {
    let mut queries = Vec::new();
    for entry in fs::read_dir(directory)? {
        let text = fs::read_to_string(entry?.path())?;
        for line in text.lines() {
            let query: Value = serde_json::from_str(line).map_err(io::Error::from)?;
            queries.push(query);
        }
    }
    queries.sort_by_cached_key(place);
    queries.dedup_by(|a, b| place(a) == place(b));
    Ok(queries)
}

/// Returns what tells two queries apart: the file, the line, the column, and the text.
fn place(query: &Value) -> (String, u64, u64, String) {
    let [file, sql] = ["file", "sql"].map(|name| text(query, name).to_owned());
    let [line, column] = ["line", "column"].map(|name| query[name].as_u64().unwrap_or(0));
    (file, line, column, sql)
}

fn text<'q>(query: &'q Value, name: &str) -> &'q str {
    query[name].as_str().unwrap_or_default()
}

fn texts<'q>(query: &'q Value, name: &str) -> Vec<&'q str> {
    let list = query[name].as_array().map(Vec::as_slice);
    list.unwrap_or_default()
        .iter()
        .filter_map(Value::as_str)
        .collect()
}

/// Returns the place, the text, the tables and the plan of a query.
fn describe(query: &Value) -> String {
    let (file, line, column, sql) = place(query);
    // Before Rust 1.88, a macro does not know its place.
    let place = match &*file {
        "" => text(query, "package").to_owned(),
        file => format!("{}:{line}:{column}", escape(file)),
    };
    let mut lines = vec![format!("{CURRENT}{place}{CURRENT:#}")];
    lines.extend(
        sql.trim()
            .lines()
            .map(|line| format!("  {}", escape(line.trim()))),
    );
    for (verb, name) in [("reads", "reads"), ("writes", "writes")] {
        let tables = texts(query, name).join(", ");
        if !tables.is_empty() {
            lines.push(format!("  {FAINT}{verb}{FAINT:#} {}", escape(&tables)));
        }
    }
    for step in texts(query, "plan") {
        lines.push(format!("  {FAINT}plan{FAINT:#}  {}", escape(step)));
    }
    lines.join("\n")
}

fn none(args: &QueriesArgs) -> &'static str {
    if args.scan {
        "no query scans a table"
    } else {
        "no queries: the checked crates do not call `sql!`, or lack the feature `prove`"
    }
}
