//! Snippets: a line of a file with a mark below the line, as in compiler messages.
//!
//! Every message that points into a migration has this form, at build time and at run time.

use std::fmt;
use std::ops::Range;

use crate::diagnostics::escape::escape;

/// The maximum length of a shown line, in characters. Longer lines are cut.
const MAX_WIDTH: usize = 120;

/// A line of a text, with a marked span and a note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snippet {
    line: u32,
    column: u32,
    /// The line, or the part of a long line around the mark.
    shown: String,
    /// The marked range of `shown`, in characters.
    mark: Range<usize>,
    note: String,
}

impl Snippet {
    /// Makes a snippet that marks the bytes `span` of `text`, with `note` after the mark.
    ///
    /// The first line of `text` has the number `first_line`.
    /// If `span` covers several lines, the mark stops at the end of the first line.
    pub fn new(text: &str, first_line: u32, span: Range<usize>, note: impl Into<String>) -> Self {
        let start = floor_char_boundary(text, span.start);
        let end = floor_char_boundary(text, span.end).max(start);
        let line_start = line_start(text, start);
        let rest = text[start..].find('\n').unwrap_or(text.len() - start);
        let line = &text[line_start..start + rest];
        let before = text[line_start..start].chars().count();
        let marked = text[start..end.min(start + rest)].chars().count().max(1);
        let skipped = if line.chars().nth(MAX_WIDTH).is_some() {
            before.saturating_sub(MAX_WIDTH / 3)
        } else {
            0
        };
        Self {
            line: first_line.saturating_add(line_number(text, start) - 1),
            column: u32::try_from(before + 1).unwrap_or(u32::MAX),
            shown: line.chars().skip(skipped).take(MAX_WIDTH).collect(),
            mark: before - skipped..before - skipped + marked,
            note: note.into(),
        }
    }

    /// Replaces the note.
    pub fn with_note(mut self, note: impl Into<String>) -> Self {
        self.note = note.into();
        self
    }

    /// Returns the number of the line, counted from 1.
    pub fn line(&self) -> u32 {
        self.line
    }

    /// Returns the column in characters, counted from 1.
    pub fn column(&self) -> u32 {
        self.column
    }
}

/// Returns the number of the line that contains byte `offset` of the text, counted from 1.
pub(crate) fn line_number(text: &str, offset: usize) -> u32 {
    let before = &text.as_bytes()[..offset];
    let newlines = before.iter().filter(|&&byte| byte == b'\n').count();
    u32::try_from(newlines + 1).unwrap_or(u32::MAX)
}

/// Returns the offset at which the line that contains byte `offset` begins.
pub(crate) fn line_start(text: &str, offset: usize) -> usize {
    text[..offset].rfind('\n').map_or(0, |newline| newline + 1)
}

/// Returns the offset at which the character that contains byte `offset` begins.
fn floor_char_boundary(text: &str, offset: usize) -> usize {
    let mut start = offset.min(text.len());
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    start
}

/// Returns the printed form of a part of a line: tabs become spaces, and `escape` is applied.
///
/// The printed form may be wider than the original. The mark must align with the printed form.
fn printed(characters: impl Iterator<Item = char>) -> String {
    escape(&characters.collect::<String>().replace('\t', "    "))
}

impl fmt::Display for Snippet {
    /// Writes an empty line of the gutter, the line of the text, and the line with the mark.
    ///
    /// The text contains neither the path nor the column, and does not end with `\n`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = self.line.to_string();
        let gutter = " ".repeat(number.len());
        let line = printed(self.shown.chars());
        let before = printed(self.shown.chars().take(self.mark.start));
        let marked = self.shown.chars().skip(self.mark.start);
        let marked = printed(marked.take(self.mark.len()));
        let indent = " ".repeat(before.chars().count());
        let carets = "^".repeat(marked.chars().count().max(1));
        writeln!(f, "{gutter} |")?;
        writeln!(f, "{number} | {}", line.trim_end())?;
        write!(f, "{gutter} | {indent}{carets}")?;
        if !self.note.is_empty() {
            write!(f, " {}", escape(&self.note))?;
        }
        Ok(())
    }
}
