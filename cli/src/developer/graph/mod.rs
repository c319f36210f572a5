//! The graph of revisions that the command `graph` draws.

mod database;
mod directory;
mod json;
mod picture;
mod text;

use std::collections::HashMap;

use revchain_core::Date;
use serde_json::Value;

pub(crate) use self::database::{no_chain, read_histories, read_history, read_unmanaged};
pub(crate) use self::directory::{chain_nodes, directory_nodes};
use crate::developer::picture::{dot, mermaid};

/// The revisions of a chain, of a database, or of both.
#[derive(Debug, Default)]
pub(crate) struct Graph {
    /// The directory that was read, as the user names it.
    pub(crate) directory: Option<String>,
    /// The database that was read, as the user names it.
    pub(crate) database: Option<String>,
    /// The revisions, oldest first.
    pub(crate) nodes: Vec<Node>,
    /// Sentences for the user.
    pub(crate) notes: Vec<String>,
}

/// A revision, or a version that another tool has recorded.
#[derive(Debug, Default)]
pub(crate) struct Node {
    /// The id, or the version.
    pub(crate) id: String,
    /// The ids of the parents.
    pub(crate) parents: Vec<String>,
    /// The parents that the graph has. Each is older than the node.
    pub(crate) edges: Vec<NodeIndex>,
    /// The program that has recorded the version; `None` for a revision.
    pub(crate) tool: Option<&'static str>,
    /// The name of the chain; `None` for the chain without a name.
    pub(crate) chain: Option<String>,
    pub(crate) date: Option<Date>,
    pub(crate) summary: String,
    /// The reason why the revision has no downgrade.
    pub(crate) irreversible: Option<String>,
    /// The checksum in the migration file.
    pub(crate) checksum: Option<[u8; 32]>,
    pub(crate) is_head: bool,
    pub(crate) release: Release,
    pub(crate) state: State,
    /// `true` for the newest revision of the database.
    pub(crate) is_current: bool,
    /// `true` if another file of the same id is the parent of those that name the id.
    pub(crate) is_duplicate: bool,
}

/// The index of a node in [`Graph::nodes`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct NodeIndex(usize);

/// The place of a revision in the lock file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Release {
    /// There is no lock file.
    #[default]
    Unknown,
    /// The lock file lacks the revision.
    Draft,
    /// The lock file has the revision.
    Locked,
}

/// The place of a revision in the database.
#[derive(Debug, Default)]
pub(crate) enum State {
    /// No database was read.
    #[default]
    Unread,
    Pending,
    Applied(Stamp),
}

/// The record of a revision in the database.
#[derive(Debug, Default)]
pub(crate) struct Stamp {
    /// The time as RFC 3339; `None` if another tool wrote the record.
    pub(crate) applied_at: Option<String>,
    pub(crate) program: Option<String>,
    /// `true` if the migration file has changed since.
    pub(crate) is_edited: bool,
    /// `true` if the chain lacks the revision.
    pub(crate) is_unknown: bool,
    /// `true` if another tool began the migration and did not complete it.
    pub(crate) is_failed: bool,
}

impl Graph {
    /// Connects each node with those parents that are older nodes of the same chain.
    ///
    /// The parents in a database are untrusted input, so they can be missing, or be newer.
    pub(crate) fn connect(&mut self) {
        let mut by_id: HashMap<(Option<String>, String), NodeIndex> = HashMap::new();
        for (index, node) in self.nodes.iter_mut().enumerate() {
            if node.tool.is_some() {
                continue;
            }
            for parent in &node.parents {
                let key = (node.chain.clone(), parent.clone());
                if let Some(&parent) = by_id.get(&key) {
                    if !node.edges.contains(&parent) {
                        node.edges.push(parent);
                    }
                }
            }
            if !node.is_duplicate {
                let key = (node.chain.clone(), node.id.clone());
                by_id.insert(key, NodeIndex(index));
            }
        }
    }

    /// Marks all revisions as missing in the database.
    pub(crate) fn set_pending(&mut self) {
        for node in &mut self.nodes {
            node.state = State::Pending;
        }
    }

    /// Returns the graph for a terminal.
    pub(crate) fn to_text(&self) -> String {
        text::write(self)
    }

    /// Returns the graph as a flowchart of Mermaid.
    pub(crate) fn to_mermaid(&self) -> String {
        mermaid::flowchart(&picture::of(self))
    }

    /// Returns the graph in the language of Graphviz.
    pub(crate) fn to_dot(&self) -> String {
        dot::write(&picture::of(self))
    }

    /// Returns the object that `--json` prints.
    pub(crate) fn to_json(&self) -> Value {
        json::write(self)
    }

    /// Iterates over the nodes, newest first.
    fn newest_first(&self) -> impl Iterator<Item = (NodeIndex, &Node)> {
        let nodes = self.nodes.iter().enumerate().rev();
        nodes.map(|(index, node)| (NodeIndex(index), node))
    }

    /// Returns the number of heads.
    pub(crate) fn count_heads(&self) -> usize {
        self.nodes.iter().filter(|node| node.is_head).count()
    }
}

impl Node {
    /// Returns the record of the revision in the database.
    fn stamp(&self) -> Option<&Stamp> {
        match &self.state {
            State::Applied(stamp) => Some(stamp),
            State::Unread | State::Pending => None,
        }
    }

    /// Returns the words for the properties of the revision, such as `head`.
    fn marks(&self) -> Vec<String> {
        let mut marks = Vec::new();
        let mut add = |is_so: bool, mark: &str| {
            if is_so {
                marks.push(mark.to_owned());
            }
        };
        add(self.is_head, "head");
        add(self.is_current, "current");
        add(self.release == Release::Locked, "locked");
        add(self.release == Release::Draft, "draft");
        add(self.irreversible.is_some(), "irreversible");
        add(self.is_duplicate, "id used twice");
        let Some(stamp) = self.stamp() else {
            return marks;
        };
        add(stamp.is_edited, "edited since");
        add(stamp.is_failed, "failed");
        if stamp.is_unknown {
            let mut mark = "unknown to this program".to_owned();
            if let Some(program) = &stamp.program {
                mark += &format!(", by {program}");
            }
            marks.push(mark);
        }
        marks
    }

    /// Returns the date of the file, or else the time of the record.
    fn when(&self) -> Option<String> {
        match self.date {
            Some(date) => Some(format!("{date:#}")),
            None => self.stamp()?.applied_at.clone(),
        }
    }
}
