//! The graph in a terminal.

use anstyle::Style;
use renderdag::{Ancestor, GraphRowRenderer, Renderer};
use revchain_core::diagnostics::escape::escape;

use super::{Graph, Node, State};
use crate::support::{CURRENT, FAINT, PENDING, PLAIN};

/// The widths of the columns, in characters.
struct Widths {
    id: usize,
    when: usize,
}

/// Returns the lines of the graph, newest first, and the notes.
pub(crate) fn write(graph: &Graph) -> String {
    let rows = GraphRowRenderer::new().output().with_min_row_height(1);
    let mut rows = rows.build_box_drawing();
    let chars = |text: &str| text.chars().count();
    let nodes = &graph.nodes;
    let widths = Widths {
        id: nodes
            .iter()
            .map(|node| chars(&escape(&node.id)))
            .max()
            .unwrap_or_default(),
        when: nodes
            .iter()
            .filter_map(Node::when)
            .map(|when| chars(&when))
            .max()
            .unwrap_or_default(),
    };
    let mut lines = Vec::new();
    for (index, node) in graph.newest_first() {
        let parents = node.edges.iter().map(|&parent| Ancestor::Parent(parent));
        let row = rows.next_row(index, parents.collect(), glyph(node), line(node, &widths));
        lines.extend(row.lines().map(|line| line.trim_end().to_owned()));
    }
    lines.extend(graph.notes.iter().map(|note| escape(note)));
    lines.join("\n")
}

/// Returns a full circle for what is there, and an empty circle for what is not there yet.
fn glyph(node: &Node) -> String {
    let is_there = match node.state {
        State::Applied(_) => true,
        State::Pending => false,
        State::Unread => node.release != super::Release::Draft,
    };
    let (style, glyph) = (style(node), if is_there { "●" } else { "○" });
    format!("{style}{glyph}{style:#}")
}

fn style(node: &Node) -> Style {
    match node.state {
        _ if node.is_current => CURRENT,
        State::Pending => PENDING,
        State::Unread if node.is_head => CURRENT,
        _ => PLAIN,
    }
}

fn line(node: &Node, widths: &Widths) -> String {
    let (style, width) = (style(node), widths.id);
    let mut line = format!("{style}{:<width$}{style:#}", escape(&node.id));
    if widths.when > 0 {
        let width = widths.when;
        line += &format!(
            "  {FAINT}{:<width$}{FAINT:#}",
            node.when().unwrap_or_default()
        );
    }
    match node.state {
        State::Unread => {}
        State::Pending => line += &format!("  {PENDING}pending{PENDING:#}"),
        State::Applied(_) => line += "  applied",
    }
    if let Some(tool) = node.tool {
        line += &format!("  by {tool}");
    }
    if let Some(chain) = &node.chain {
        line += &format!("  {}", escape(chain));
    }
    if !node.summary.is_empty() {
        line += &format!("  {}", escape(&node.summary));
    }
    let marks = node.marks();
    if !marks.is_empty() {
        line += &format!(" {style}({}){style:#}", escape(&marks.join(", ")));
    }
    line
}
