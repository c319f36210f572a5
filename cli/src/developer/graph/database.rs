//! The revisions that a database has, and the versions that another tool has recorded in it.

use std::collections::HashMap;

use revchain_core::history::tool_record::ToolRecord;
use revchain_core::model::checksum;
use revchain_core::{Chain, DatabaseState, HistoryRow};
use revchain_runtime::internal::MAX_UNKNOWN_ROWS;
use revchain_runtime::rusqlite::Connection;
use revchain_runtime::{HistoryEntry, Migrations, Migrator};

use super::{Graph, Node, NodeIndex, Stamp, State};
use crate::developer::source::identify;
use crate::support::{Location, Result, in_database, rfc3339};

/// The history of one chain in a database.
pub(crate) struct History {
    /// The name of the chain.
    chain: Option<String>,
    /// The rows, oldest first. Those of other revisions than the chain's have a description.
    rows: Vec<HistoryRow>,
    entries: Vec<HistoryEntry>,
    /// `true` if the database can have more rows.
    is_cut: bool,
}

/// Reads the history of a chain. Returns `None` if the database does not have it.
pub(crate) fn read_history(
    location: &Location,
    connection: &Connection,
    migrations: &Migrations,
) -> Result<Option<History>> {
    let migrator = migrations.migrator();
    let state = in_database(location, migrator.state(connection))?;
    let DatabaseState::Managed { rows, .. } = state else {
        return Ok(None);
    };
    let entries = in_database(location, migrator.history(connection))?;
    Ok(Some(History {
        chain: migrations.name().map(str::to_owned),
        is_cut: rows.len() >= migrations.revisions().len() + MAX_UNKNOWN_ROWS,
        rows,
        entries,
    }))
}

/// Reads the histories of all chains in a database.
pub(crate) fn read_histories(location: &Location, connection: &Connection) -> Result<Vec<History>> {
    let chains = in_database(location, no_chain(None)?.migrator().chains(connection))?;
    let mut histories = Vec::new();
    for chain in chains {
        // No row belongs to the empty chain, so each row comes with its description.
        let migrations = no_chain(chain.as_deref())?;
        histories.extend(read_history(location, connection, &migrations)?);
    }
    Ok(histories)
}

/// Reads the records of other tools. Returns `None` if the database is empty.
pub(crate) fn read_unmanaged(
    location: &Location,
    connection: &Connection,
    migrator: &Migrator<'_>,
) -> Result<Option<Vec<ToolRecord>>> {
    let state = in_database(location, migrator.state(connection))?;
    Ok(match state {
        DatabaseState::Unmanaged(unmanaged) => Some(unmanaged.records),
        _ => None,
    })
}

/// Returns a chain without revisions.
pub(crate) fn no_chain(name: Option<&str>) -> Result<Migrations> {
    identify(
        Migrations::from_chain(Chain::new(Vec::new()), String::new()),
        name,
    )
}

impl History {
    /// Returns the name of the chain.
    pub(crate) fn chain(&self) -> Option<&str> {
        self.chain.as_deref()
    }
}

impl Graph {
    /// Adds a history to the nodes, which are those of its chain if `is_chain_known` is `true`.
    ///
    /// Each revision that no node has becomes a node.
    pub(crate) fn add_history(&mut self, history: &History, is_chain_known: bool) {
        let mut by_id: HashMap<String, NodeIndex> = HashMap::new();
        if is_chain_known {
            self.set_pending();
            let ids = self.nodes.iter().enumerate();
            let ids = ids.filter(|(_, node)| !node.is_duplicate);
            by_id.extend(ids.map(|(index, node)| (node.id.clone(), NodeIndex(index))));
        }
        let mut before: Option<&str> = None;
        let mut current = None;
        for (row, entry) in history.rows.iter().zip(&history.entries) {
            let mut stamp = Stamp {
                applied_at: Some(rfc3339(entry.applied_at)),
                program: entry.program.clone(),
                ..Stamp::default()
            };
            let known = by_id.get(&row.revision).copied();
            if let Some(NodeIndex(index)) = known {
                let node = &mut self.nodes[index];
                let of_file = node.checksum.as_ref();
                stamp.is_edited =
                    of_file.is_some_and(|of_file| !checksum::is_hex_of(&row.checksum, of_file));
                node.state = State::Applied(stamp);
                current = current.max(known);
            } else {
                stamp.is_unknown = is_chain_known;
                current = Some(NodeIndex(self.nodes.len()));
                let mut node = unknown_node(row, entry, before);
                if !is_chain_known {
                    node.chain.clone_from(&history.chain);
                }
                node.state = State::Applied(stamp);
                self.nodes.push(node);
            }
            before = Some(&row.revision);
        }
        if history.is_cut {
            let count = history.rows.len();
            let note = format!("only the first {count} rows of the history were read");
            self.notes.push(note);
        } else if let Some(NodeIndex(index)) = current {
            self.nodes[index].is_current = true;
        }
    }

    /// Adds the versions that another tool has recorded, as a line.
    pub(crate) fn add_record(&mut self, record: &ToolRecord) {
        let last = record.versions.len().saturating_sub(1);
        for (position, version) in record.versions.iter().enumerate() {
            let before = position
                .checked_sub(1)
                .map(|before| &record.versions[before]);
            let edge = before.map(|_| NodeIndex(self.nodes.len() - 1));
            self.nodes.push(Node {
                id: version.version.clone(),
                parents: before
                    .map(|before| before.version.clone())
                    .into_iter()
                    .collect(),
                edges: edge.into_iter().collect(),
                tool: Some(record.tool.name()),
                is_current: position == last,
                state: State::Applied(Stamp {
                    is_failed: version.is_failed,
                    ..Stamp::default()
                }),
                ..Node::default()
            });
        }
    }
}

/// Returns the node of a revision that the chain lacks.
///
/// `before` is the revision that was recorded before it. A history of an old version of revchain
/// does not have the parents, so the revision follows `before`.
fn unknown_node(row: &HistoryRow, entry: &HistoryEntry, before: Option<&str>) -> Node {
    let stored = &row.stored;
    let parents = match &stored.revises {
        Some(revises) => revises.split_whitespace().map(str::to_owned).collect(),
        None => before.map(str::to_owned).into_iter().collect(),
    };
    Node {
        id: row.revision.clone(),
        parents,
        summary: entry.summary.clone().unwrap_or_default(),
        irreversible: stored.irreversible.clone(),
        ..Node::default()
    }
}
