//! Tables with a column for each peer or for each length of the chain.

use std::fmt::Write;

use super::{Page, floor_name, numbers};
use crate::programs::Peer;
use crate::{COUNTS, Result};

impl Page<'_> {
    pub(super) fn start_table_of_peers(&mut self) -> Result<()> {
        let names: Vec<&str> = self.peers.iter().map(|peer| peer.name).collect();
        writeln!(self.text, "|  | {} |", names.join(" | "))?;
        writeln!(self.text, "| ---{} |", " | ---".repeat(names.len()))?;
        Ok(())
    }

    pub(super) fn start_table_of_counts(&mut self) -> Result<()> {
        let counts = COUNTS.map(numbers::count);
        writeln!(self.text, "| revisions | {} |", counts.join(" | "))?;
        writeln!(self.text, "| ---{} |", " | ---".repeat(counts.len()))?;
        Ok(())
    }

    /// Writes a row with a cell for each peer, unless all cells are absent.
    pub(super) fn write_row(
        &mut self,
        title: &str,
        cell: impl Fn(&Peer) -> Option<String>,
    ) -> Result<()> {
        let cells: Vec<Option<String>> = self.peers.iter().map(|peer| cell(peer)).collect();
        if cells.iter().any(Option::is_some) {
            let cells: Vec<String> = cells.into_iter().map(Option::unwrap_or_default).collect();
            writeln!(self.text, "| {title} | {} |", cells.join(" | "))?;
        }
        Ok(())
    }

    /// Writes a row with the value of the floor, and the ratios of the other values to it.
    pub(super) fn write_ratio_row(
        &mut self,
        title: &str,
        value: impl Fn(&Peer) -> Option<f64>,
        format: impl Fn(f64) -> String,
    ) -> Result<()> {
        let floor = value(self.peers[0]);
        self.write_row(title, |peer| {
            let value = value(peer)?;
            if peer.name == floor_name() {
                Some(format(value))
            } else {
                Some(numbers::ratio(value / floor?))
            }
        })
    }
}
