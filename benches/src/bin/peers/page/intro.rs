//! The first part of the page: the method, the machine, and the versions.

use std::fmt::Write;

use super::{Page, Run};
use crate::programs::{Peer, Programs};
use crate::{Result, machine};

impl Page<'_> {
    pub(super) fn write_intro(&mut self, programs: &Programs, run: &Run) -> Result<()> {
        let flag = if run.is_quick { " -- --quick" } else { "" };
        writeln!(
            self.text,
            "# The cost of opening a database with revchain and its peers\n\n\
             This command writes the page:\n\n\
             ```console\n\
             $ cargo run --release --manifest-path benches/Cargo.toml --bin peers{flag}\n\
             ```\n"
        )?;
        if run.is_quick {
            self.write_quick_note()?;
        }
        writeln!(
            self.text,
            "The chains are linear, with 10, 100 and 1,000 revisions.\n\
             The revisions create tables of 4 to 6 columns with an index.\n\
             Every fifth revision adds a column instead, and every seventh inserts 20 rows and \
             updates some.\n\
             All peers run the same SQL, and the suite checked that they have the same tables and \
             rows.\n\n\
             Times are the median of all repetitions in {} rounds, with the minimum and the \
             maximum in parentheses.\n\
             In each round all peers run all scenarios, and another peer runs first.\n\
             `×` is the ratio of the median to that of the floor in the same run.\n\
             Differences below 20 % are noise.\n",
            run.rounds
        )?;
        self.write_circumstances(programs, run)?;
        for peer in self.peers {
            self.write_versions(programs, peer)?;
        }
        writeln!(self.text)?;
        Ok(())
    }

    fn write_quick_note(&mut self) -> Result<()> {
        let skipped = self.peers.iter().filter(|peer| peer.is_slow_to_build);
        let skipped: Vec<&str> = skipped.map(|peer| peer.name).collect();
        writeln!(self.text, "**A quick run**: builds are not measured.")?;
        if !skipped.is_empty() {
            writeln!(
                self.text,
                "{} with 1,000 revisions is not measured, because the program takes minutes to \
                 compile.",
                skipped.join(", ")
            )?;
        }
        writeln!(self.text, "Without `--quick`, everything is measured.\n")?;
        Ok(())
    }

    /// Writes the machine, its load, and the settings of the connections.
    fn write_circumstances(&mut self, programs: &Programs, run: &Run) -> Result<()> {
        let machine = machine::describe(&programs.work());
        writeln!(self.text, "- Machine: {machine}.")?;
        if let (Some(before), Some(after)) = (run.load_before, run.load_after) {
            writeln!(
                self.text,
                "- Load average: {before:.1} before the rounds, and {after:.1} at their end.\n  \
                 The suite itself is 1.\n  With a higher load, other programs cause the maximum times."
            )?;
        }
        let settings = self.results.settings.values().next();
        let settings: Vec<&str> = settings.map_or_else(Vec::new, |text| text.split(' ').collect());
        let setting = |index: usize| settings.get(index).copied().unwrap_or("?");
        writeln!(
            self.text,
            "- Every connection: journal mode {}, synchronous {}, pages of {} bytes, foreign keys \
             {}.\n  These are the defaults of each peer, read from its connection.\n  \
             All files are on one disk.",
            setting(1),
            setting(2),
            setting(3),
            setting(4)
        )?;
        Ok(())
    }

    fn write_versions(&mut self, programs: &Programs, peer: &Peer) -> Result<()> {
        let mut versions = Vec::new();
        for name in peer.crates {
            versions.push(format!("{name} {}", programs.version(peer, name)?));
        }
        let mut versions = vec![versions.join(", ")];
        let mut libraries = Vec::new();
        // Diesel and sqlx do not use rusqlite.
        if peer.crates != ["rusqlite"] {
            let version = programs.version(peer, "rusqlite").ok();
            libraries.extend(version.map(|version| format!("rusqlite {version}")));
        }
        let settings = self.results.settings.get(peer.name);
        let sqlite = settings.and_then(|text| text.split(' ').next());
        libraries.push(format!("SQLite {}", sqlite.unwrap_or("?")));
        versions.push(libraries.join(", "));
        writeln!(self.text, "- {}: {}.", peer.name, versions.join("; "))?;
        Ok(())
    }
}
