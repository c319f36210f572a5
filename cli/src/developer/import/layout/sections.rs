//! Splitting of a file into sections at the marks of a tool, which are comment lines.

use revchain_core::sql::cursor;

use crate::developer::import::migration::{Mark, Sql};
use crate::developer::import::tree::SourceFile;
use crate::support::{Failure, Result};

/// The meaning of a mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MarkKind {
    /// The upgrade begins.
    Up,
    /// The downgrade begins.
    Down,
    /// The tool runs the migration outside a transaction.
    NoTransaction,
    /// The tool replaces `${NAME}`.
    Template,
    /// The mark only separates statements.
    Other,
}

/// The sections of a file.
#[derive(Debug, Default)]
pub(super) struct Sections {
    pub(super) up: Option<Sql>,
    pub(super) down: Option<Sql>,
    pub(super) no_transaction: Option<Mark>,
    pub(super) is_template: bool,
}

/// Splits a file. `kinds` returns the meanings of a line; none for a line that is no mark.
///
/// Empty lines replace the marks, so that line numbers stay the same.
///
/// # Errors
///
/// Fails if a section begins twice, or if SQL is in no section.
pub(super) fn split(file: &SourceFile, kinds: fn(&str) -> Vec<MarkKind>) -> Result<Sections> {
    let mut sections = Sections::default();
    let mut outside = section_at(file, 1);
    let mut open: Option<MarkKind> = None;
    for (text, line) in file.text.lines().zip(1..) {
        let kinds = kinds(text);
        for &kind in &kinds {
            match kind {
                MarkKind::Up | MarkKind::Down => {
                    begin(&mut sections, kind, file, line)?;
                    open = Some(kind);
                }
                MarkKind::NoTransaction => {
                    sections.no_transaction = Some(Mark {
                        path: file.path.clone(),
                        line,
                        text: text.trim().to_owned(),
                    });
                }
                MarkKind::Template => sections.is_template = true,
                MarkKind::Other => {}
            }
        }
        let section = match open {
            Some(MarkKind::Up) => sections.up.as_mut(),
            Some(MarkKind::Down) => sections.down.as_mut(),
            _ => Some(&mut outside),
        };
        if let Some(section) = section {
            if kinds.is_empty() {
                section.text += text;
            }
            section.text.push('\n');
        }
    }
    if cursor::tokens(&outside.text).is_empty() {
        return Ok(sections);
    }
    let message = format!("{}: SQL is above the first section", file.path);
    Err(Failure::failed("bad-section", message).help("move it below the mark of the upgrade"))
}

fn begin(sections: &mut Sections, kind: MarkKind, file: &SourceFile, line: usize) -> Result<()> {
    let section = match kind {
        MarkKind::Up => &mut sections.up,
        _ => &mut sections.down,
    };
    if section.is_some() {
        let message = format!("{}:{line}: this section begins twice", file.path);
        return Err(Failure::failed("bad-section", message).help("join the two sections"));
    }
    *section = Some(section_at(file, line));
    Ok(())
}

/// Returns an empty section that begins at a line.
fn section_at(file: &SourceFile, line: usize) -> Sql {
    Sql {
        path: file.path.clone(),
        first_line: line,
        text: String::new(),
    }
}
