//! The page with the results, RESULTS.md.

mod intro;
mod numbers;
mod scenarios;
mod sections;
mod summary;
mod table;

use std::fmt::Write;

use crate::programs::{PEERS, Peer, Programs};
use crate::{Result, Results};

/// The circumstances of the measurements.
pub(crate) struct Run {
    pub(crate) is_quick: bool,
    pub(crate) rounds: usize,
    /// The load average before the rounds, if the system reports it.
    pub(crate) load_before: Option<f64>,
    /// The load average after the rounds.
    pub(crate) load_after: Option<f64>,
}

/// The page while it is written.
struct Page<'r> {
    text: String,
    peers: &'r [&'r Peer],
    results: &'r Results,
}

/// Renders the page as Markdown.
pub(crate) fn render(
    programs: &Programs,
    peers: &[&Peer],
    results: &Results,
    run: &Run,
) -> Result<String> {
    let mut page = Page {
        text: String::new(),
        peers,
        results,
    };
    page.write_intro(programs, run)?;
    page.write_summary(run)?;
    page.write_scenarios()?;
    page.write_processes()?;
    page.write_statements()?;
    page.write_programs()?;
    if !run.is_quick {
        page.write_builds()?;
    }
    page.write_verified()?;
    Ok(format!("{}\n", page.text.trim_end()))
}

/// Returns the name of the peer with which the others are compared.
fn floor_name() -> &'static str {
    PEERS[0].name
}

impl Page<'_> {
    /// Writes a heading and a text, whose sentences are lines of their own.
    fn write_section(&mut self, title: &str, sentences: &[&str]) -> Result<()> {
        writeln!(self.text, "## {title}\n\n{}\n", sentences.join("\n"))?;
        Ok(())
    }

    fn end_table(&mut self) {
        self.text.push('\n');
    }
}
