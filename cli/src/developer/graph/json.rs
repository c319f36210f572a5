//! The graph as JSON.

use serde_json::{Value, json};

use super::{Graph, Node, Release, State};

/// Returns the object that `--json` prints. The nodes are newest first.
pub(crate) fn write(graph: &Graph) -> Value {
    json!({
        "directory": graph.directory,
        "database": graph.database,
        "nodes": graph.newest_first().map(|(_, node)| node_json(node)).collect::<Vec<_>>(),
        "notes": graph.notes,
    })
}

fn node_json(node: &Node) -> Value {
    let stamp = node.stamp();
    let state = match &node.state {
        State::Unread => None,
        State::Pending => Some("pending"),
        State::Applied(_) => Some("applied"),
    };
    let locked = match node.release {
        Release::Unknown => None,
        Release::Draft => Some(false),
        Release::Locked => Some(true),
    };
    json!({
        "revision": node.id,
        "parents": node.parents,
        "summary": node.summary,
        "date": node.date.map(|date| format!("{date:#}")),
        "chain": node.chain,
        "tool": node.tool,
        "head": node.is_head,
        "locked": locked,
        "irreversible": node.irreversible,
        "state": state,
        "current": node.is_current,
        "edited": stamp.is_some_and(|stamp| stamp.is_edited),
        "unknown": stamp.is_some_and(|stamp| stamp.is_unknown),
        "failed": stamp.is_some_and(|stamp| stamp.is_failed),
        "applied_at": stamp.and_then(|stamp| stamp.applied_at.as_deref()),
        "program": stamp.and_then(|stamp| stamp.program.as_deref()),
    })
}
