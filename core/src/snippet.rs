//! A line of a file with a mark below it, as compilers show it: the one form for every message that points
//! into a migration, at build time and at run time.

use std::fmt;
use std::ops::Range;

/// The widest line that is shown whole, in characters; of a longer one, the part around the mark is.
const WIDEST: usize = 120;

/// A place in a text: where it is, and what stands there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snippet {
    line: u32,
    column: u32,
    /// The part of the line that is shown: all of it, unless it is long.
    shown: String,
    /// Which characters of that are marked.
    mark: Range<usize>,
    note: String,
}

impl Snippet {
    /// The place that `span` (in bytes) has in `text`, whose first line has the number `first_line`. Of a span over
    /// several lines, the part on its first line is marked.
    pub fn new(text: &str, first_line: u32, span: Range<usize>, note: impl Into<String>) -> Self {
        let start = floor(text, span.start);
        let end = floor(text, span.end).max(start);
        let line_start = line_start(text, start);
        let line_end = text[start..].find('\n').map_or(text.len(), |newline| start + newline);
        let before = text[line_start..start].chars().count();
        let marked = text[start..end.min(line_end)].chars().count().max(1);
        // Measured from the mark, so that a long line need not be kept.
        let is_long = text[line_start..line_end].chars().nth(WIDEST).is_some();
        let skipped = if is_long { before.saturating_sub(WIDEST / 3) } else { 0 };
        Self {
            line: first_line.saturating_add(line_number(text, start) - 1),
            column: u32::try_from(before).unwrap_or(u32::MAX).saturating_add(1),
            shown: first(after(&text[line_start..line_end], skipped), WIDEST).to_owned(),
            mark: before - skipped..before - skipped + marked,
            note: note.into(),
        }
    }

    /// The same place, with a note below the mark.
    pub(crate) fn with_note(mut self, note: impl Into<String>) -> Self {
        self.note = note.into();
        self
    }

    /// The line, from 1.
    pub fn line(&self) -> u32 {
        self.line
    }

    /// The column, from 1, in characters.
    pub fn column(&self) -> u32 {
        self.column
    }
}

/// The number of the line that byte `at` of the text is on, from 1.
pub(crate) fn line_number(text: &str, at: usize) -> u32 {
    let newlines = text.as_bytes()[..at].iter().filter(|&&b| b == b'\n').count();
    u32::try_from(newlines).unwrap_or(u32::MAX).saturating_add(1)
}

/// Where the line that byte `at` of the text is on begins.
pub(crate) fn line_start(text: &str, at: usize) -> usize {
    text[..at].rfind('\n').map_or(0, |newline| newline + 1)
}

/// So many characters of a text.
fn first(text: &str, characters: usize) -> &str {
    text.char_indices().nth(characters).map_or(text, |(end, _)| &text[..end])
}

/// What comes after so many characters.
fn after(text: &str, characters: usize) -> &str {
    &text[first(text, characters).len()..]
}

/// The start of the character that byte `at` is in.
fn floor(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0)
}

impl fmt::Display for Snippet {
    /// Three lines without an end of line after the last; line and column are not repeated.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = self.line.to_string();
        let gutter = " ".repeat(number.len());
        // Marks are set below what is printed: a tab or an escaped character is wider than one column.
        let print = |part: &str| escape(&part.replace('\t', "    "));
        let before = first(&self.shown, self.mark.start);
        let marked = first(after(&self.shown, self.mark.start), self.mark.len());
        let indent = " ".repeat(print(before).chars().count());
        let carets = "^".repeat(print(marked).chars().count().max(1));
        writeln!(f, "{gutter} |")?;
        writeln!(f, "{number} | {}", print(&self.shown).trim_end())?;
        write!(f, "{gutter} | {indent}{carets}")?;
        if self.note.is_empty() { Ok(()) } else { write!(f, " {}", escape(&self.note)) }
    }
}

/// `text` with its control characters made visible, and all others that are not seen but change what is: those that
/// reorder a line, end it, or take no room. Names and SQL come from files, and must neither steer a terminal nor look like
/// other names.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if is_unseen(c) {
            escaped.extend(c.escape_default());
        } else {
            escaped.push(c);
        }
    }
    escaped
}

/// Whether a character is escaped: control characters, what Unicode has of format characters (Cf) without a shape of
/// their own, and its two separators of lines.
pub fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}'
                | '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{1bca0}'..='\u{1bca3}'
                | '\u{1d173}'..='\u{1d17a}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_stands_below_what_is_meant() {
        let text = "one\n\tä two; three\n";
        let start = text.find("two").expect("it is there");
        let snippet = Snippet::new(text, 7, start..start + 3, "here");
        assert_eq!((snippet.line(), snippet.column()), (8, 4));
        assert_eq!(snippet.to_string(), "  |\n8 |     ä two; three\n  |       ^^^ here");
    }

    #[test]
    fn a_span_over_several_lines_is_marked_on_its_first() {
        let snippet = Snippet::new("CREATE TABLE t (\n a\n)", 1, 0..20, "");
        assert_eq!(snippet.to_string(), "  |\n1 | CREATE TABLE t (\n  | ^^^^^^^^^^^^^^^^");
    }

    #[test]
    fn a_long_line_is_cut_around_the_mark() {
        let text = format!("{}HERE{}", "a".repeat(5000), "b".repeat(5000));
        let shown = Snippet::new(&text, 1, 5000..5004, "").to_string();
        assert!(shown.contains("aHEREb") && shown.len() < 300, "{shown}");
    }

    #[test]
    fn nothing_in_a_file_steers_the_terminal() {
        let shown = Snippet::new("a\u{1b}[31mb\u{202e}", 1, 6..7, "").to_string();
        assert!(shown.contains("a\\u{1b}[31mb\\u{202e}"), "{shown}");
        assert!(shown.ends_with("|            ^"), "{shown}");
    }

    #[test]
    fn what_is_not_seen_is_escaped_and_what_is_seen_is_not() {
        for unseen in [
            '\0',
            '\n',
            '\r',
            '\u{1b}',
            '\u{7f}',
            '\u{85}',
            '\u{9b}',
            '\u{ad}',
            '\u{61c}',
            '\u{200b}',
            '\u{200d}',
            '\u{200e}',
            '\u{2028}',
            '\u{2029}',
            '\u{202e}',
            '\u{2060}',
            '\u{2067}',
            '\u{206a}',
            '\u{feff}',
            '\u{fffb}',
            '\u{e0041}',
        ] {
            let escaped = escape(&format!("a{unseen}b"));
            assert!(escaped.is_ascii() && escaped.contains('\\') && escaped.len() > 3, "{escaped:?}");
        }
        for seen in
            ["a b", "ä", "日本", "\u{1f600}\u{fe0f}", "e\u{301}", "\u{627}\u{644}", "\\u{1b}", "\u{fffd}"]
        {
            assert_eq!(escape(seen), seen);
        }
    }

    #[test]
    fn any_span_is_answered() {
        for span in [0..0, Range { start: 3, end: 1 }, 5..99, 99..100] {
            let _ = Snippet::new("aäb", 1, span, "").to_string();
        }
    }
}
