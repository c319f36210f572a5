//! Decoding of the bytes of a file.

use crate::diagnostics::Snippet;
use crate::diagnostics::snippet::line_number;
use crate::{Defect, DefectKind, DefectList};

/// Returns the normalized text of a file. Reports a file that is not UTF-8.
pub(super) fn decode(path: &str, bytes: &[u8], defects: &mut DefectList) -> Option<String> {
    let position = match std::str::from_utf8(bytes) {
        Ok(text) if !is_utf16(bytes) => return Some(normalize(text)),
        // UTF-16 is valid UTF-8 if all letters are ASCII. The other byte of each letter is NUL.
        Ok(text) => text.find('\0').unwrap_or_default(),
        Err(error) => error.valid_up_to(),
    };
    defects.push(not_utf8(path, bytes, position));
    None
}

/// The number of pairs of bytes that decide if a text without a byte-order mark is UTF-16.
const UTF16_PAIRS: usize = 8;

/// Returns `true` if a text begins with a byte-order mark of UTF-16, or with ASCII in UTF-16.
fn is_utf16(bytes: &[u8]) -> bool {
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return true;
    }
    let has_nul = |nul: usize| {
        let mut pairs = bytes.chunks_exact(2).take(UTF16_PAIRS);
        bytes.len() >= 4 && pairs.all(|pair| pair[nul] == 0 && pair[1 - nul] != 0)
    };
    has_nul(0) || has_nul(1)
}

/// Replaces every line end with `\n`, and removes a byte-order mark.
pub(crate) fn normalize(text: &str) -> String {
    let text = text.trim_start_matches('\u{feff}');
    text.replace("\r\n", "\n").replace('\r', "\n")
}

/// Makes the defect for the invalid byte at `position`.
///
/// Decodes only the text up to the end of the byte's line, because the rest may be binary.
fn not_utf8(path: &str, bytes: &[u8], position: usize) -> Defect {
    let is_line_end = |byte: &u8| matches!(byte, b'\n' | b'\r');
    let (before, after) = bytes.split_at(position);
    let line_start = before.iter().rposition(is_line_end);
    let (lines, line) = before.split_at(line_start.map_or(0, |end| end + 1));
    let rest = after.split(is_line_end).next().unwrap_or_default();
    let line = String::from_utf8_lossy(line);
    let rest = String::from_utf8_lossy(rest);
    let lines = normalize(&String::from_utf8_lossy(lines));
    let line_number = line_number(&lines, lines.len());

    let mut note = format!("the byte {:#04x}", after[0]);
    if is_utf16(bytes) {
        note += ": it looks like UTF-16";
    }
    let span = line.len()..line.len() + 1;
    let snippet = Snippet::new(&format!("{line}{rest}"), line_number, span, note);
    let defect = Defect::new(DefectKind::NotUtf8, "the file is not UTF-8").at(path);
    defect.showing(snippet).help("save it as UTF-8")
}
