//! The flowcharts of Mermaid, which code hosts and editors draw in Markdown.

use std::fmt::Write as _;

use revchain_core::diagnostics::escape::escape;

use super::{Direction, Node, Picture, Style};

/// Returns the picture as a flowchart.
pub(crate) fn flowchart(picture: &Picture) -> String {
    let direction = match picture.direction {
        Direction::Up => "BT",
    };
    let mut chart = format!("flowchart {direction}\n");
    for note in &picture.notes {
        // Mermaid looks for directives in comments, too.
        let _ = writeln!(chart, "  %% {}", note_text(note));
    }
    for (id, node) in picture.nodes() {
        let _ = writeln!(
            chart,
            "  n{}[\"{}\"]{}",
            id.0,
            label(node),
            class(node.style)
        );
    }
    for edge in &picture.edges {
        let (from, to) = (edge.from.0, edge.to.0);
        let _ = match &edge.label {
            Some(label) => writeln!(chart, "  n{from} -->|\"{}\"| n{to}", text(label)),
            None => writeln!(chart, "  n{from} --> n{to}"),
        };
    }
    chart += "  classDef strong fill:#dafbe1,stroke:#1a7f37,stroke-width:2px,color:#1f2328
  classDef dashed fill:#fff8c5,stroke:#9a6700,stroke-dasharray:4 3,color:#1f2328
  classDef warning fill:#ffebe9,stroke:#cf222e,color:#1f2328";
    chart
}

fn label(node: &Node) -> String {
    let mut label = text(&node.title);
    for row in &node.rows {
        label += "<br/>";
        label += &text(row);
    }
    label
}

fn class(style: Style) -> &'static str {
    match style {
        Style::Plain => "",
        Style::Strong => ":::strong",
        Style::Dashed => ":::dashed",
        Style::Warning => ":::warning",
    }
}

/// Returns a text for a label in double quotes.
///
/// Writes each character as an entity that Mermaid, Markdown, or HTML could read as code.
fn text(text: &str) -> String {
    let text = escape(text);
    let mut label = String::new();
    for (index, c) in text.char_indices() {
        // Mermaid rejects a label with a row that begins like a list.
        let is_number = text[..index].bytes().all(|byte| byte.is_ascii_digit());
        match c {
            '.' | ')' if is_number => label += &format!("#{};", u32::from(c)),
            '-' if index == 0 => label += &format!("#{};", u32::from(c)),
            // Mermaid breaks the line at `\n`, also if entities write it. The space has no width.
            '\\' => label += "#92;#8203;",
            ' ' | ',' | '.' | ':' | '/' | '-' | '(' | ')' => label.push(c),
            _ if c.is_ascii_punctuation() => label += &format!("#{};", u32::from(c)),
            _ => label.push(c),
        }
    }
    label
}

/// Returns a text for a comment.
fn note_text(note: &str) -> String {
    escape(note).replace(['%', '{', '}'], "")
}

#[cfg(test)]
mod tests {
    use super::super::tests::hostile;
    use super::{flowchart, text};

    #[test]
    fn hostile_text_stays_in_its_label() {
        let chart = flowchart(&hostile());
        let (mut nodes, mut edges) = (0, 0);
        for line in chart.lines() {
            assert!(!line.contains("%%{"), "{line}");
            let parts: Vec<&str> = line.split('"').collect();
            match parts.as_slice() {
                [node, _, "]:::warning"] if node.starts_with("  n") => nodes += 1,
                [edge, label, end] if edge.ends_with("-->|") && end.starts_with("| n") => {
                    assert!(!label.contains(['<', '>', '`', '\\']), "{label}");
                    edges += 1;
                }
                [other] => assert!(!other.contains("script") || other.contains("%%"), "{other}"),
                _ if line.contains("%%") => {}
                _ => panic!("{line}"),
            }
        }
        assert_eq!((nodes, edges), (8, 16));
        assert!(!chart.contains("<script>alert(1)</script>\"]"), "{chart}");
    }

    #[test]
    fn punctuation_of_markdown_is_escaped() {
        assert_eq!(text("1. Add a_b"), "1#46; Add a#95;b");
        assert_eq!(text("<b>\"x\""), "#60;b#62;#34;x#34;");
        assert_eq!(text("a\\n"), "a#92;#8203;n");
        assert_eq!(text("2026-01-13 12:00"), "2026-01-13 12:00");
    }
}
