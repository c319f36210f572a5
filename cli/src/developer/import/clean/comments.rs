//! The comments of a script: those at its start, and those that look like directives.

use revchain_core::sql::tokenizer::{Kind, tokens};

/// The comments that tools write into each new file, in lowercase.
const BOILERPLATE: &[&str] = &[
    "add migration script here",
    "add up migration script here",
    "add down migration script here",
    "your sql goes here",
    "this file should undo anything in `up.sql`",
];

/// Splits the comment lines at the start of a script from the rest.
///
/// Omits the comments that tools write into each new file.
pub(super) fn split_lead(text: &str) -> (Vec<String>, String) {
    let mut rest = text.trim_start();
    let mut lead = Vec::new();
    while rest.starts_with("--") {
        let (line, after) = rest.split_once('\n').unwrap_or((rest, ""));
        let words = line.trim_start_matches('-').trim();
        let is_boilerplate = BOILERPLATE.contains(&words.to_lowercase().as_str());
        if !is_boilerplate && !words.is_empty() {
            lead.push(line.trim_end().to_owned());
        }
        // An empty line ends the comment, but not after a comment that is omitted.
        rest = if lead.is_empty() {
            after.trim_start()
        } else {
            after
        };
    }
    (lead, rest.trim().to_owned())
}

/// Returns the text with a colon before each `@` at the start of a comment.
///
/// revchain would read such a comment as a directive.
pub(super) fn without_directives(text: &str) -> String {
    let mut escaped = text.to_owned();
    let comments = tokens(text);
    let comments = comments
        .iter()
        .filter(|token| token.kind == Kind::LineComment);
    for comment in comments.rev() {
        let words = comment.text(text).trim_start_matches('-').trim_start();
        if words.starts_with('@') {
            let at = comment.span.end - words.len();
            escaped.insert_str(at, ": ");
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::{split_lead, without_directives};

    #[test]
    fn lead_ends_at_an_empty_line() {
        let (lead, rest) = split_lead("\n-- Add users.\n-- More.\n\n-- Not this.\nA;\n");
        assert_eq!(lead, ["-- Add users.", "-- More."]);
        assert_eq!(rest, "-- Not this.\nA;");
    }

    #[test]
    fn boilerplate_is_omitted() {
        let (lead, rest) = split_lead("-- Your SQL goes here\n\n-- Add users.\nA;");
        assert_eq!(lead, ["-- Add users."]);
        assert_eq!(rest, "A;");
    }

    #[test]
    fn comment_with_an_at_sign_is_no_directive() {
        let text = "-- @upgrade\nA; --@b\n/* @c */ 'x -- @d' -- e @f";
        let escaped = "-- : @upgrade\nA; --: @b\n/* @c */ 'x -- @d' -- e @f";
        assert_eq!(without_directives(text), escaped);
    }
}
