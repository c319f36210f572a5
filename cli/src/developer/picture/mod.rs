//! Pictures of boxes and edges, in the languages of programs that draw them.
//!
//! All texts of a picture are untrusted input. The writers escape them.

pub(crate) mod dot;
pub(crate) mod mermaid;

/// A picture: boxes, and edges between them.
#[derive(Debug)]
pub(crate) struct Picture {
    /// Remarks that the writers add as comments.
    notes: Vec<String>,
    direction: Direction,
    nodes: Vec<Node>,
    edges: Vec<Edge>,
}

/// The direction in which the edges point, from the first box of an edge to the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    /// The first box is at the bottom.
    Up,
}

/// A box with a title and rows of text.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) title: String,
    pub(crate) rows: Vec<String>,
    pub(crate) style: Style,
}

/// The look of a box.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Style {
    #[default]
    Plain,
    /// Most important: the head of a chain, or the revision of a database.
    Strong,
    /// Not there yet.
    Dashed,
    /// In need of attention.
    Warning,
}

/// A box of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct NodeId(usize);

/// An edge between two boxes. Both ends can be the same box.
#[derive(Debug)]
pub(crate) struct Edge {
    pub(crate) from: NodeId,
    pub(crate) to: NodeId,
    pub(crate) label: Option<String>,
}

impl Picture {
    /// Creates a picture without boxes.
    pub(crate) fn new(direction: Direction, notes: Vec<String>) -> Self {
        Self {
            notes,
            direction,
            nodes: Vec::new(),
            edges: Vec::new(),
        }
    }

    /// Adds a box.
    pub(crate) fn add(&mut self, node: Node) -> NodeId {
        self.nodes.push(node);
        NodeId(self.nodes.len() - 1)
    }

    /// Adds an edge.
    pub(crate) fn connect(&mut self, edge: Edge) {
        self.edges.push(edge);
    }

    fn nodes(&self) -> impl Iterator<Item = (NodeId, &Node)> {
        let nodes = self.nodes.iter().enumerate();
        nodes.map(|(index, node)| (NodeId(index), node))
    }
}

#[cfg(test)]
mod tests {
    use super::{Direction, Edge, Node, Picture, Style};

    /// Texts that would be code in one of the languages.
    pub(super) const HOSTILE: [&str; 8] = [
        "\"];\nx -> y [label=\"",
        "<script>alert(1)</script>",
        "--> end",
        "]]> &amp; &quot;",
        "a\\nb\\",
        "%%{init: {}}%% #quot;",
        "`**bold**` 1. list",
        "\u{1b}[31m\u{202e}\u{0}",
    ];

    /// Returns a picture in which each text is hostile, with a cycle and an edge to the same box.
    pub(super) fn hostile() -> Picture {
        let notes = HOSTILE.map(str::to_owned).to_vec();
        let mut picture = Picture::new(Direction::Up, notes);
        let nodes = HOSTILE.map(|text| {
            picture.add(Node {
                title: text.to_owned(),
                rows: HOSTILE.map(str::to_owned).to_vec(),
                style: Style::Warning,
            })
        });
        for (index, &from) in nodes.iter().enumerate() {
            let to = nodes[(index + 1) % nodes.len()];
            for to in [from, to] {
                let label = Some(HOSTILE[index].to_owned());
                picture.connect(Edge { from, to, label });
            }
        }
        picture
    }
}
