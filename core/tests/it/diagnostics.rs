//! The text of defects: the limit of a list, snippets, suggestions, and escaped characters.

use std::ops::Range;

use revchain_core::diagnostics::Snippet;
use revchain_core::diagnostics::escape::escape;
use revchain_core::diagnostics::suggest::did_you_mean;
use revchain_core::{Defect, DefectKind, DefectList, Defects};

/// The number of defects of one kind that are reported.
const MAX_PER_KIND: usize = 100;

#[test]
fn defects_beyond_the_limit_are_only_counted() {
    let mut list = DefectList::new();
    for number in 0..MAX_PER_KIND + 3 {
        list.push(Defect::new(DefectKind::StrayFile, number.to_string()).help("remove it"));
    }
    list.push(Defect::new(DefectKind::BadDate, "another kind").help("fix it"));
    assert_eq!(list.count(), MAX_PER_KIND + 4);
    let defects = Defects::from(list);
    let strays = defects
        .iter()
        .filter(|defect| defect.kind() == DefectKind::StrayFile);
    let help: Vec<&str> = strays.map(Defect::help_text).collect();
    assert_eq!(help.len(), MAX_PER_KIND);
    assert_eq!(
        help[MAX_PER_KIND - 2..],
        ["remove it", "remove it\n(and 3 more of this kind)"]
    );
}

#[test]
fn only_invisible_characters_are_escaped() {
    for unseen in "\0\n\r\u{1b}\u{7f}\u{85}\u{9b}\u{ad}\u{61c}\u{200b}\u{200d}\u{200e}\u{2028}\
                   \u{2029}\u{202e}\u{2060}\u{2067}\u{206a}\u{feff}\u{fffb}\u{e0041}"
        .chars()
    {
        let escaped = escape(&format!("a{unseen}b"));
        assert!(
            escaped.is_ascii() && escaped.contains('\\') && escaped.len() > 3,
            "{escaped:?}"
        );
    }
    let seen = "a b ä 日本 \u{1f600}\u{fe0f} e\u{301} \u{627}\u{644} \\u{1b} \u{fffd}";
    assert_eq!(escape(seen), seen);
}

#[test]
fn mark_stands_below_the_span() {
    let text = "one\n\tä two; three\n";
    let start = text.find("two").expect("it is there");
    let snippet = Snippet::new(text, 7, start..start + 3, "here");
    assert_eq!((snippet.line(), snippet.column()), (8, 4));
    assert_eq!(
        snippet.to_string(),
        "  |\n8 |     ä two; three\n  |       ^^^ here"
    );
}

#[test]
fn span_over_several_lines_is_marked_on_its_first() {
    let snippet = Snippet::new("CREATE TABLE t (\n a\n)", 1, 0..20, "");
    assert_eq!(
        snippet.to_string(),
        "  |\n1 | CREATE TABLE t (\n  | ^^^^^^^^^^^^^^^^"
    );
}

#[test]
fn long_line_is_cut_around_the_mark() {
    let text = format!("{}HERE{}", "a".repeat(5000), "b".repeat(5000));
    let shown = Snippet::new(&text, 1, 5000..5004, "").to_string();
    assert!(shown.contains("aHEREb") && shown.len() < 300, "{shown}");
}

#[test]
fn unseen_characters_are_escaped_and_counted() {
    let shown = Snippet::new("a\u{1b}[31mb\u{202e}", 1, 6..7, "").to_string();
    assert!(shown.contains("a\\u{1b}[31mb\\u{202e}"), "{shown}");
    assert!(shown.ends_with("|            ^"), "{shown}");
}

#[test]
fn spans_outside_the_text_do_not_panic() {
    for span in [0..0, Range { start: 3, end: 1 }, 5..99, 99..100] {
        let _ = Snippet::new("aäb", 1, span, "").to_string();
    }
}

#[test]
fn similar_names_are_suggested() {
    let known = ["revises", "upgrade", "downgrade"];
    for (name, meant) in [
        ("upgade", Some("upgrade")),
        ("REVISE", Some("revises")),
        ("grade", None),
        ("", None),
    ] {
        assert_eq!(did_you_mean(name, known.into_iter()), meant, "{name}");
    }
    assert_eq!(did_you_mean("007", ["7", "008"].into_iter()), Some("7"));
}

/// A comparison would take terabytes.
#[test]
fn long_names_are_not_compared() {
    let long = "a".repeat(1_000_000);
    assert_eq!(did_you_mean(&long, [long.as_str()].into_iter()), None);
    let known = [long.as_str(), "b"];
    assert_eq!(did_you_mean("a", known.into_iter()), Some("b"));
}
