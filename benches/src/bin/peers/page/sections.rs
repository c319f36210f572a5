//! The sections on processes, statements, programs, builds, and checks.

use std::fmt::Write;

use revchain_benches::Spread;

use super::summary::size_difference;
use super::{Page, floor_name, numbers};
use crate::builds::{Build, REBUILDS};
use crate::process::ProcessUsage;
use crate::programs::Peer;
use crate::{COUNTS, PROCESSES, Result};

/// The profiles of cargo, and their names on the page.
pub(super) const PROFILES: [(&str, &str); 2] = [("dev", "debug"), ("release", "release")];

/// The number of characters of a statement on the page.
const MAX_SQL: usize = 90;

impl Page<'_> {
    pub(super) fn write_processes(&mut self) -> Result<()> {
        let processes = format!(
            "There are {PROCESSES} processes in each round. The processor time is the mean of a \
             round, and the memory is the peak of a round."
        );
        self.write_section(
            "A process at head",
            &[
                "A whole process, which opens its database at the head, runs one query on a table, \
                 and exits.",
                &processes,
                "SQLite parses the schema for the query, with every peer.",
            ],
        )?;
        writeln!(
            self.text,
            "| | total time | processor time | peak memory |\n| --- | --- | --- | --- |"
        )?;
        for count in COUNTS {
            let Some(floor) = self.results.processes.get(&(floor_name(), count)) else {
                continue;
            };
            for peer in self.peers {
                if let Some(usage) = self.results.processes.get(&(peer.name, count)) {
                    let row = process_row(usage, floor).ok_or("no process was measured")?;
                    let count = numbers::count(count);
                    writeln!(self.text, "| {}, {count} | {row} |", peer.name)?;
                }
            }
        }
        self.end_table();
        Ok(())
    }

    pub(super) fn write_statements(&mut self) -> Result<()> {
        self.write_section(
            "SQL statements at head",
            &[
                "The statements that SQLite runs while the program opens its database with 100 \
                 revisions.",
                "`sqlite3_trace_v2` counts them on every connection, from the first statement on.",
                "Calls of other functions of SQLite, such as `sqlite3_busy_timeout`, do not count.",
            ],
        )?;
        for peer in self.peers {
            let Some(statements) = self.results.statements.get(peer.name) else {
                continue;
            };
            let shown: Vec<String> = statements.iter().map(|sql| inline_code(sql)).collect();
            let (number, shown) = (statements.len(), shown.join("; "));
            writeln!(self.text, "- {}: {number}. {shown}", peer.name)?;
        }
        self.end_table();
        Ok(())
    }

    pub(super) fn write_programs(&mut self) -> Result<()> {
        self.write_section(
            "The program",
            &[
                "A program that opens its database and runs one query, in release and stripped, \
                 with the defaults of cargo.",
                "If its version of SQLite is not that of the floor, a part of the difference is \
                 due to SQLite.",
                "revchain, rusqlite_migration, Diesel and sqlx embed downgrades; refinery has none.",
                "The crates are those of `cargo tree -e normal,no-proc-macro`: procedural macros, \
                 build scripts and their dependencies do not count.",
            ],
        )?;
        self.start_table_of_peers()?;
        let results = self.results;
        for count in COUNTS {
            let title = format!("size, {} revisions", numbers::count(count));
            self.write_row(&title, |peer| {
                let size = results.sizes.get(&(peer.name, count))?;
                Some(numbers::kilobytes(*size))
            })?;
            self.write_row("compared with the floor", |peer| {
                let difference = size_difference(results, peer, count)?;
                let is_floor = peer.name == floor_name();
                Some(if is_floor { String::new() } else { difference })
            })?;
        }
        self.write_row("crates", |peer| {
            Some(results.crates.get(peer.name)?.to_string())
        })?;
        self.end_table();
        if results.smallest.is_empty() {
            return Ok(());
        }
        writeln!(
            self.text,
            "revchain without the features `adopt` and `backup`:\n\n\
             | revisions | size | compared with the floor |\n| --- | --- | --- |"
        )?;
        for (count, size) in &results.smallest {
            let floor = results.sizes.get(&(floor_name(), *count));
            let floor = floor.ok_or("the floor's program was not measured")?;
            writeln!(
                self.text,
                "| {} | {} | {:+} KB |",
                numbers::count(*count),
                numbers::kilobytes(*size),
                (*size as i64 - *floor as i64) / 1000
            )?;
        }
        self.end_table();
        Ok(())
    }

    pub(super) fn write_builds(&mut self) -> Result<()> {
        let jobs = match std::env::var("CARGO_BUILD_JOBS") {
            Ok(jobs) => format!("Cargo runs at most {jobs} jobs in parallel."),
            Err(_) => "Cargo runs as many jobs in parallel as there are cores.".to_owned(),
        };
        let rebuilds = format!(
            "A rebuild follows a new comment in the last migration. It is measured {REBUILDS} \
             times."
        );
        self.write_section(
            "Builds",
            &[
                "The builds of the same program.",
                "A build from nothing has an empty target directory, 100 revisions, and all \
                 downloads. It is measured once.",
                &rebuilds,
                "Builds are not part of the rounds, because they take long.",
                &jobs,
            ],
        )?;
        writeln!(
            self.text,
            "| | revisions | profile | from nothing | rebuild |\n| --- | --- | --- | --- | --- |"
        )?;
        for count in [100, 1000] {
            for (profile, shown) in PROFILES {
                for peer in self.peers {
                    let builds = self.results.builds.iter();
                    for build in builds.filter(|build| build.is_of(peer, count, profile)) {
                        let row = build_row(build, shown).ok_or("no rebuild was measured")?;
                        writeln!(self.text, "{row}")?;
                    }
                }
            }
        }
        self.end_table();
        Ok(())
    }

    pub(super) fn write_verified(&mut self) -> Result<()> {
        self.write_section(
            "Checks at the head",
            &["The checks of each peer before it returns a connection at the head:"],
        )?;
        for peer in self.peers {
            // Each sentence is a line.
            let verifies = peer.verifies.replace(". ", ".\n  ");
            writeln!(self.text, "- {}: {verifies}", peer.name)?;
        }
        Ok(())
    }
}

impl Build {
    pub(super) fn is_of(&self, peer: &Peer, count: usize, profile: &str) -> bool {
        self.peer == peer.name && self.count == count && self.profile == profile
    }
}

/// Returns the cells of a row of the table of processes.
fn process_row(usage: &ProcessUsage, floor: &ProcessUsage) -> Option<String> {
    let (memory, floor_memory) = (Spread::new(&usage.memory)?, Spread::new(&floor.memory)?);
    let memory_ratio = memory.median as f64 / floor_memory.median as f64;
    let [min, median, max] =
        [memory.min, memory.median, memory.max].map(|kib| numbers::mebibytes(kib as f64));
    Some(format!(
        "{} | {} | {median} MiB ({min} – {max}) · {}",
        numbers::spread_with_ratio(&usage.wall, &floor.wall)?,
        numbers::spread_with_ratio(&usage.cpu, &floor.cpu)?,
        numbers::ratio(memory_ratio)
    ))
}

fn build_row(build: &Build, profile: &str) -> Option<String> {
    let count = numbers::count(build.count);
    let clean = build.clean.map(numbers::duration).unwrap_or_default();
    let rebuilds = numbers::spread(Spread::new(&build.rebuilds)?);
    let (peer, variant) = (build.peer, build.variant);
    Some(format!(
        "| {peer}{variant} | {count} | {profile} | {clean} | {rebuilds} |"
    ))
}

/// Formats the beginning of a statement as code.
fn inline_code(sql: &str) -> String {
    let sql = match sql.char_indices().nth(MAX_SQL) {
        Some((at, _)) => format!("{} …", &sql[..at]),
        None => sql.to_owned(),
    };
    // Diesel quotes names with backticks.
    if sql.contains('`') {
        format!("`` {sql} ``")
    } else {
        format!("`{sql}`")
    }
}
