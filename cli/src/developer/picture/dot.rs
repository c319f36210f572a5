//! The language of Graphviz.

use std::fmt::Write as _;

use revchain_core::diagnostics::escape::escape;

use super::{Direction, Node, Picture, Style};

/// Returns the picture as a graph in the language DOT.
pub(crate) fn write(picture: &Picture) -> String {
    let direction = match picture.direction {
        Direction::Up => "BT",
    };
    let mut dot = format!(
        "digraph revchain {{
  graph [rankdir={direction}, bgcolor=transparent, nodesep=0.4, ranksep=0.4]
  node [shape=plain, fontname=\"Helvetica,Arial,sans-serif\", fontsize=11]
  edge [color=\"#7d8590\", fontcolor=\"#7d8590\", fontname=\"Helvetica,Arial,sans-serif\", \
         fontsize=10]
"
    );
    for note in &picture.notes {
        // A line break would end the comment.
        let _ = writeln!(dot, "  // {}", escape(note));
    }
    for (id, node) in picture.nodes() {
        let _ = writeln!(dot, "  n{} [label=<{}>]", id.0, table(node));
    }
    for edge in &picture.edges {
        let _ = write!(dot, "  n{} -> n{}", edge.from.0, edge.to.0);
        if let Some(label) = &edge.label {
            let _ = write!(dot, " [label=<{}>]", html(label));
        }
        dot.push('\n');
    }
    dot.push('}');
    dot
}

/// Returns a box as a table in Graphviz's form of HTML.
fn table(node: &Node) -> String {
    let mut html = format!(
        "<TABLE BORDER=\"{}\" CELLBORDER=\"0\" CELLSPACING=\"0\" CELLPADDING=\"3\" {}>\
         <TR><TD><B>{}</B></TD></TR>",
        if node.style == Style::Strong { 2 } else { 1 },
        colors(node.style),
        font(&node.title),
    );
    if !node.rows.is_empty() {
        html += "<HR/>";
    }
    for row in &node.rows {
        let _ = write!(html, "<TR><TD ALIGN=\"LEFT\">{}</TD></TR>", font(row));
    }
    html + "</TABLE>"
}

fn colors(style: Style) -> &'static str {
    match style {
        Style::Plain => "COLOR=\"#7d8590\" BGCOLOR=\"#f6f8fa\"",
        Style::Strong => "COLOR=\"#1a7f37\" BGCOLOR=\"#dafbe1\"",
        Style::Dashed => "COLOR=\"#9a6700\" BGCOLOR=\"#fff8c5\" STYLE=\"DASHED\"",
        Style::Warning => "COLOR=\"#cf222e\" BGCOLOR=\"#ffebe9\"",
    }
}

/// Returns a text as HTML, in the color of all texts in boxes.
pub(crate) fn font(text: &str) -> String {
    format!("<FONT COLOR=\"#1f2328\">{}</FONT>", html(text))
}

/// Returns a text as HTML. Graphviz rejects an empty text in a font.
pub(crate) fn html(text: &str) -> String {
    if text.is_empty() {
        return " ".to_owned();
    }
    let mut html = String::new();
    for c in escape(text).chars() {
        match c {
            '&' => html += "&amp;",
            '<' => html += "&lt;",
            '>' => html += "&gt;",
            '"' => html += "&quot;",
            _ => html.push(c),
        }
    }
    html
}

#[cfg(test)]
mod tests {
    use super::super::tests::hostile;
    use super::write;

    /// Returns the text without the labels. A label ends where its angle brackets are balanced.
    fn without_labels(line: &str) -> String {
        let Some((before, label)) = line.split_once("[label=<") else {
            return line.to_owned();
        };
        let mut depth = 1;
        for (index, c) in label.char_indices() {
            match c {
                '<' => depth += 1,
                '>' => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                return format!("{before}[label={}", &label[index + 1..]);
            }
        }
        panic!("the label does not end: {line}");
    }

    #[test]
    fn hostile_text_stays_in_its_label() {
        let dot = write(&hostile());
        let mut nodes = 0;
        let mut edges = 0;
        for line in dot.lines().skip(4) {
            let line = without_labels(line);
            let words: Vec<&str> = line.split_whitespace().collect();
            match *words.as_slice() {
                [node, "[label=]"] if node.starts_with('n') => nodes += 1,
                [from, "->", to, "[label=]"] if from.starts_with('n') && to.starts_with('n') => {
                    edges += 1;
                }
                ["//", ..] | ["}"] => {}
                _ => panic!("{line}"),
            }
        }
        assert_eq!((nodes, edges), (8, 16));
    }

    #[test]
    fn hostile_text_is_no_tag() {
        let dot = write(&hostile());
        for line in dot.lines().filter(|line| !line.starts_with("  // ")) {
            assert!(!line.contains("<script"), "{line}");
        }
        assert!(dot.contains(">&lt;script&gt;alert(1)"), "{dot}");
        assert!(!dot.contains(['\u{1b}', '\u{202e}', '\0']), "{dot}");
    }
}
