//! The import of the migrations of another tool.
//!
//! The pipeline is [`run`]: read the files, find the layout, clean the SQL, prove the drafts, write
//! them. Only `tree`, `first` and `write` do I/O.

mod assemble;
mod cascades;
mod clean;
mod draft;
mod first;
mod item;
mod layout;
mod migration;
mod names;
mod pragmas;
mod proof;
mod report;
mod report_text;
mod request;
mod source;
mod squash;
mod stop;
pub(crate) mod tool;
mod tree;
mod write;

use revchain_core::lock_file::FILE_NAME;

use self::assemble::{Assembly, Source};
use self::cascades::Cascade;
use self::draft::Draft;
use self::proof::Proven;
pub(crate) use self::report::Report;
pub(crate) use self::request::Request;
pub(crate) use self::squash::Range;
use self::squash::Span;
use self::tool::Enforcement;
use self::write::Existing;
use crate::support::Result;

/// Imports the migrations.
///
/// # Errors
///
/// Fails if the tool is not certain, if the files cannot be read, if the directory has other
/// migrations, or if the upgrades do not run. Nothing is written then.
pub(crate) fn run(request: &Request) -> Result<Report> {
    source::reject_same_directory(&request.source, &request.directory)?;
    let tree = tree::read(&request.source)?;
    let tool = source::tool(request, &tree)?;
    let mut layout = layout::read(tool, &tree)?;
    if layout.migrations.is_empty() {
        return Err(source::no_migrations(&tree, tool));
    }
    if let Some(path) = &request.first {
        layout.migrations.insert(0, first::read(path, tool)?);
    }
    let spans = request.squash.iter();
    let spans: Result<Vec<Span>> = spans
        .map(|range| Span::find(range, &layout.migrations))
        .collect();
    let source = Source {
        tool,
        migrations: &layout.migrations,
        squash: &spans?,
    };
    let directory = request.directory.to_string_lossy();
    let (mut assembly, stopped) = stop::assemble_sound(source, &directory)?;
    let names: Vec<String> = assembly.drafts.iter().map(Draft::file_name).collect();
    let existing = write::existing(&request.directory, &names)?;
    let mut report = Report::new(request, tool, &layout);
    report.stopped = stopped;
    let (findings, notes) = proof::judge(&mut assembly.drafts, &directory);
    report.findings = findings;
    report.notes = notes;
    report.cascades = find_cascades(source, &assembly.drafts);
    let proven = proof::check(&assembly.drafts, &directory);
    let proven = proven.map_err(|rejected| source::with_origin(rejected.failure, &assembly))?;
    report.is_there = existing == Existing::All;
    let files = files(&assembly, proven);
    if report.is_there {
        write::check_same(&request.directory, &files)?;
    } else if !request.dry_run {
        write::write(&request.directory, &files)?;
    }
    report.assembly = assembly;
    Ok(report)
}

/// Returns the names and the texts of the files to write. The lock file is the last one.
fn files(assembly: &Assembly, proven: Proven) -> Vec<(String, String)> {
    let names = assembly.drafts.iter().map(Draft::file_name);
    let texts = proven.files.into_iter().map(|file| file.text);
    let mut files: Vec<(String, String)> = names.zip(texts).collect();
    files.push((FILE_NAME.to_owned(), proven.lock_file));
    files
}

/// Returns the statements whose actions ran at the tool.
fn find_cascades(source: Source<'_>, drafts: &[Draft]) -> Vec<Cascade> {
    if source.tool.enforcement() == Enforcement::Off {
        return Vec::new();
    }
    // The proof has run the same statements.
    cascades::find(drafts, source.migrations).unwrap_or_default()
}
