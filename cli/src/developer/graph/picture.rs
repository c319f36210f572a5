//! The graph as boxes and edges.

use super::{Graph, Node, State};
use crate::developer::picture::{self, Direction, Edge, Picture, Style};

/// Returns the picture of the graph. The newest revision is on top.
pub(crate) fn of(graph: &Graph) -> Picture {
    let mut picture = Picture::new(Direction::Up, graph.notes.clone());
    let mut boxes = Vec::new();
    for node in &graph.nodes {
        let to = picture.add(picture_node(node));
        boxes.push(to);
        for parent in &node.edges {
            let from = boxes[parent.0];
            picture.connect(Edge {
                from,
                to,
                label: None,
            });
        }
    }
    picture
}

fn picture_node(node: &Node) -> picture::Node {
    let mut rows = Vec::new();
    if !node.summary.is_empty() {
        rows.push(node.summary.clone());
    }
    rows.extend(node.tool.map(|tool| format!("by {tool}")));
    rows.extend(node.chain.as_ref().map(|chain| format!("chain {chain}")));
    rows.extend(node.when());
    let mut marks = node.marks();
    if matches!(node.state, State::Pending) {
        marks.push("pending".to_owned());
    }
    if !marks.is_empty() {
        rows.push(marks.join(", "));
    }
    picture::Node {
        title: node.id.clone(),
        rows,
        style: style(node),
    }
}

fn style(node: &Node) -> Style {
    let needs_attention = node
        .stamp()
        .is_some_and(|stamp| stamp.is_edited || stamp.is_unknown || stamp.is_failed);
    match node.state {
        _ if needs_attention || node.is_duplicate => Style::Warning,
        _ if node.is_current => Style::Strong,
        State::Pending => Style::Dashed,
        State::Unread if node.release == super::Release::Draft => Style::Dashed,
        State::Unread if node.is_head => Style::Strong,
        _ => Style::Plain,
    }
}
