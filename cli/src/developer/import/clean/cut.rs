//! Removal of ranges from a text, without the empty lines that they would leave.

use std::ops::Range;

/// Returns the text without the ranges, which are in order and do not overlap.
///
/// A line that contains nothing else is removed with its line end.
pub(super) fn cut(text: &str, ranges: &[Range<usize>]) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut at = 0;
    for range in ranges {
        kept += text.get(at..range.start).unwrap_or_default();
        at = at.max(range.end);
        let rest = &text[at..];
        let blanks = rest.len() - rest.trim_start_matches([' ', '\t']).len();
        let ends_line = rest[blanks..].starts_with('\n') || rest[blanks..].is_empty();
        let line = kept.rfind('\n').map_or(0, |newline| newline + 1);
        if !kept[line..].trim().is_empty() {
            if ends_line {
                kept.truncate(kept.trim_end_matches([' ', '\t']).len());
            }
            continue;
        }
        at += blanks;
        if ends_line {
            kept.truncate(line);
            at = (at + 1).min(text.len());
        }
    }
    kept += text.get(at..).unwrap_or_default();
    kept
}

#[cfg(test)]
mod tests {
    use super::cut;

    #[test]
    fn line_with_nothing_else_is_removed() {
        assert_eq!(cut("BEGIN;\nA;\n  COMMIT; \nB;", &[0..6, 12..19]), "A;\nB;");
    }

    #[test]
    fn comment_beside_a_range_stays() {
        assert_eq!(
            cut("BEGIN; -- why\nA; COMMIT;", &[0..6, 17..24]),
            "-- why\nA;"
        );
    }

    #[test]
    fn ranges_on_one_line_are_removed_with_the_line() {
        assert_eq!(cut("A;\nBEGIN; COMMIT;\nB;", &[3..9, 10..17]), "A;\nB;");
    }
}
