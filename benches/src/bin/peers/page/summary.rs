//! The summary: one number for each peer.

use revchain_benches::Spread;

use super::scenarios::DESCRIPTIONS;
use super::sections::PROFILES;
use super::{Page, Run, floor_name, numbers};
use crate::builds::Build;
use crate::process::ProcessUsage;
use crate::programs::Peer;
use crate::{COUNTS, Result, Results};

impl Page<'_> {
    pub(super) fn write_summary(&mut self, run: &Run) -> Result<()> {
        self.text.push_str("## Summary\n\n");
        self.start_table_of_peers()?;
        self.summarize_scenarios()?;
        self.summarize_processes()?;
        let results = self.results;
        self.write_row("SQL statements at head", |peer| {
            Some(results.statements.get(peer.name)?.len().to_string())
        })?;
        for count in COUNTS {
            let title = format!(
                "stripped release program, {}, compared with the floor",
                numbers::count(count)
            );
            self.write_row(&title, |peer| size_difference(results, peer, count))?;
        }
        self.write_row("crates in the program", |peer| {
            Some(results.crates.get(peer.name)?.to_string())
        })?;
        if !run.is_quick {
            self.summarize_builds()?;
        }
        self.end_table();
        Ok(())
    }

    fn summarize_scenarios(&mut self) -> Result<()> {
        let results = self.results;
        for description in &DESCRIPTIONS {
            for count in COUNTS {
                let median = |peer: &Peer| {
                    let key = (peer.name, description.scenario, count);
                    numbers::median(results.times.get(&key)?)
                };
                let title = description.title.to_lowercase();
                let title = format!("{title}, {}", numbers::count(count));
                self.write_ratio_row(&title, median, numbers::seconds)?;
            }
        }
        Ok(())
    }

    fn summarize_processes(&mut self) -> Result<()> {
        let results = self.results;
        for count in COUNTS {
            let number = numbers::count(count);
            let cpu = |peer: &Peer| numbers::median(&usage(results, peer, count)?.cpu);
            let title = format!("a process at head, {number}: processor time");
            self.write_ratio_row(&title, cpu, numbers::seconds)?;
            let memory = |peer: &Peer| {
                let memory = Spread::new(&usage(results, peer, count)?.memory)?;
                Some(memory.median as f64)
            };
            let title = format!("a process at head, {number}: peak memory");
            self.write_ratio_row(&title, memory, |kib| {
                format!("{} MiB", numbers::mebibytes(kib))
            })?;
        }
        Ok(())
    }

    fn summarize_builds(&mut self) -> Result<()> {
        let results = self.results;
        for count in [100, 1000] {
            let number = numbers::count(count);
            for (profile, shown) in PROFILES {
                let clean = |peer: &Peer| {
                    let build = default_build(results, peer, count, profile)?;
                    build.clean.map(numbers::duration)
                };
                self.write_row(&format!("build from nothing, {number}, {shown}"), clean)?;
                let rebuild = |peer: &Peer| {
                    let build = default_build(results, peer, count, profile)?;
                    numbers::median(&build.rebuilds).map(numbers::seconds)
                };
                self.write_row(
                    &format!("rebuild after an edit, {number}, {shown}"),
                    rebuild,
                )?;
            }
        }
        Ok(())
    }
}

fn usage<'r>(results: &'r Results, peer: &Peer, count: usize) -> Option<&'r ProcessUsage> {
    results.processes.get(&(peer.name, count))
}

/// Returns the build without a special variant.
fn default_build<'r>(
    results: &'r Results,
    peer: &Peer,
    count: usize,
    profile: &str,
) -> Option<&'r Build> {
    let mut builds = results.builds.iter();
    builds.find(|build| build.is_of(peer, count, profile) && build.variant.is_empty())
}

/// Returns the size of the floor's program, or the difference of another program to it.
pub(super) fn size_difference(results: &Results, peer: &Peer, count: usize) -> Option<String> {
    let size = *results.sizes.get(&(peer.name, count))?;
    if peer.name == floor_name() {
        return Some(numbers::kilobytes(size));
    }
    let floor = *results.sizes.get(&(floor_name(), count))?;
    let difference = (size as i64 - floor as i64) / 1000;
    Some(format!("{difference:+} KB"))
}
