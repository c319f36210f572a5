//! The scenarios: their titles, their meaning, and the measured times.

use std::fmt::Write;

use super::{Page, numbers};
use crate::programs::Peer;
use crate::{COUNTS, Result, SCENARIOS};

/// The description of a scenario.
pub(super) struct Description {
    pub(super) scenario: &'static str,
    pub(super) title: &'static str,
    sentences: &'static [&'static str],
}

pub(super) const DESCRIPTIONS: [Description; 7] = [
    Description {
        scenario: "open",
        title: "Open at head",
        sentences: &[
            "The time from before the open until the program has its connection.",
            "No revision is pending, and the file is in the cache of the system.",
            "The floor reads `user_version`, so SQLite does not parse the schema.",
            "A library that reads a table makes SQLite parse the whole schema first.",
        ],
    },
    Description {
        scenario: "query",
        title: "Open at head, and the first query",
        sentences: &[
            "The same, with the first query of the application on a table.",
            "SQLite parses the schema for the query, unless it did before.",
            "So this is the time until a program can use its database.",
        ],
    },
    Description {
        scenario: "fresh",
        title: "Fresh file",
        sentences: &[
            "The time until a file that did not exist has the whole chain, on the disk.",
            "The floor runs the same SQL in one transaction.",
            "A library with a transaction for each revision waits for the disk that often, and the \
             time of a wait depends on the disk.",
        ],
    },
    Description {
        scenario: "memory",
        title: "Fresh in memory",
        sentences: &[
            "A new database in memory with the whole chain, as a test suite needs it for each test.",
            "The floor runs the same SQL in one transaction.",
            "revchain copies the snapshot that the build made, if the chain allows a snapshot.",
        ],
    },
    Description {
        scenario: "memory-query",
        title: "Fresh in memory, and the first query",
        sentences: &[
            "The same, with the first query of the application on a table.",
            "In a copied database, SQLite parses the schema for the query.",
        ],
    },
    Description {
        scenario: "memory-first",
        title: "Fresh in memory, the first of a process",
        sentences: &[
            "A new database in memory, the first of its process.",
            "The process gets its memory from the system, and reads the pages of the program.",
            "The two scenarios before do not count this first database.",
        ],
    },
    Description {
        scenario: "pending",
        title: "One pending revision on a file",
        sentences: &[
            "The database has all revisions but the last, which adds a column.",
            "The time includes the open, and ends when the change is on the disk.",
        ],
    },
];

impl Page<'_> {
    pub(super) fn write_scenarios(&mut self) -> Result<()> {
        for description in &DESCRIPTIONS {
            self.write_scenario(description)?;
        }
        Ok(())
    }

    fn write_scenario(&mut self, description: &Description) -> Result<()> {
        let scenario = description.scenario;
        let repetitions = SCENARIOS.iter().find(|(name, _)| *name == scenario);
        let (_, repetitions) = repetitions.ok_or("a scenario without repetitions")?;
        let repetitions = repetitions.map(|number| number.to_string()).join(", ");
        let more = match scenario {
            "memory" | "memory-query" => " Short ones are repeated more often.",
            _ => "",
        };
        let repetitions = format!("Repetitions in each round: {repetitions}.{more}");
        let sentences = [description.sentences, &[&repetitions]].concat();
        self.write_section(description.title, &sentences)?;
        self.start_table_of_counts()?;
        for peer in self.peers {
            let cells = COUNTS.map(|count| self.time_cell(peer, scenario, count));
            let cells = cells.map(Option::unwrap_or_default);
            writeln!(self.text, "| {} | {} |", peer.name, cells.join(" | "))?;
        }
        self.end_table();
        Ok(())
    }

    fn time_cell(&self, peer: &Peer, scenario: &'static str, count: usize) -> Option<String> {
        let times = &self.results.times;
        let own = times.get(&(peer.name, scenario, count))?;
        let floor = times.get(&(super::floor_name(), scenario, count))?;
        numbers::spread_with_ratio(own, floor)
    }
}
