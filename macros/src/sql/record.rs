//! Recording of queries, for the command `revchain queries`.
//!
//! If the environment variable names a directory, each expansion appends one line to the file of
//! its crate in this directory. `docs/guide/queries.md` documents the form.

use std::env;
use std::fmt::Write as _;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use revchain_prove::{QUERIES_VARIABLE, QueryUsage};

use super::input::SqlInput;

/// The file in which the queries of a crate are recorded.
pub(super) struct Recording {
    path: PathBuf,
}

impl Recording {
    /// Returns the recording that the environment asks for.
    pub(super) fn from_environment() -> Option<Self> {
        let directory = env::var_os(QUERIES_VARIABLE).filter(|value| !value.is_empty())?;
        let file = format!("{}.jsonl", target().replace(['/', '\\'], "-"));
        Some(Self {
            path: PathBuf::from(directory).join(file),
        })
    }

    /// Removes the queries that an earlier build of the crate has recorded.
    pub(super) fn clear(&self) {
        let _ = fs::remove_file(&self.path);
    }

    /// Appends a query to the file.
    pub(super) fn write(&self, input: &SqlInput, usage: &QueryUsage) -> Result<(), String> {
        let append = || -> io::Result<()> {
            if let Some(directory) = self.path.parent() {
                fs::create_dir_all(directory)?;
            }
            let mut file = OpenOptions::new()
                .create(true)
                .append(true)
                .open(&self.path)?;
            // One call writes the whole line, because threads can share the file.
            file.write_all(line(input, usage).as_bytes())
        };
        append().map_err(|error| {
            format!(
                "the query cannot be recorded in {}: {error}\n\
                 help: make the directory writable, or unset {QUERIES_VARIABLE}",
                self.path.display()
            )
        })
    }
}

/// Returns the package and the target that the compiler builds, such as `app.bin.app`.
fn target() -> String {
    let variable = |name| env::var(name).unwrap_or_default();
    let package = variable("CARGO_PKG_NAME");
    let kind = match env::var("CARGO_BIN_NAME") {
        Ok(bin) => format!("bin.{bin}"),
        Err(_) => variable("CARGO_CRATE_NAME"),
    };
    // Cargo has no variable for tests. The compiler gets an argument.
    if !env::args_os().any(|argument| argument == "--test") {
        return format!("{package}.{kind}");
    }
    // The tests in `src/lib.rs` and those in `tests/` can have the same name.
    let mut arguments = env::args_os().map(PathBuf::from);
    let source = arguments.find(|argument| argument.extension().is_some_and(|name| name == "rs"));
    let source = source.unwrap_or_default();
    let directory = source.parent().and_then(Path::file_name);
    let directory = directory.unwrap_or_default().to_string_lossy();
    format!("{package}.{kind}.{directory}.test")
}

fn line(input: &SqlInput, usage: &QueryUsage) -> String {
    let place = input.span.start();
    let mut line = String::from("{");
    let mut field = |name: &str, value: String| {
        let comma = if line.len() > 1 { "," } else { "" };
        let _ = write!(line, "{comma}\"{name}\":{value}");
    };
    field("sql", json(&input.text));
    field(
        "package",
        json(&env::var("CARGO_PKG_NAME").unwrap_or_default()),
    );
    field("target", json(&target()));
    field("file", json(&input.span.file()));
    field("line", place.line.to_string());
    field("column", (place.column + 1).to_string());
    field("directory", json(&input.directory));
    field("path", json(&input.path.to_string_lossy()));
    field("revision", option(input.revision.as_deref()));
    field("all", input.allows_all_rows.to_string());
    field("functions", list(&input.functions));
    field("collations", list(&input.collations));
    field("modules", list(&input.modules));
    field("reads", list(&usage.reads));
    field("writes", list(&usage.writes));
    field("plan", list(&usage.plan));
    field("scans", list(&usage.scans));
    line + "}\n"
}

fn option(text: Option<&str>) -> String {
    text.map_or_else(|| "null".to_owned(), json)
}

fn list(texts: &[String]) -> String {
    let texts: Vec<String> = texts.iter().map(|text| json(text)).collect();
    format!("[{}]", texts.join(","))
}

/// Returns a text as a JSON string.
fn json(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            '\n' => quoted += "\\n",
            '\r' => quoted += "\\r",
            '\t' => quoted += "\\t",
            control if u32::from(control) < 0x20 => {
                let _ = write!(quoted, "\\u{:04x}", u32::from(control));
            }
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}
