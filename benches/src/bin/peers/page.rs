//! The page that is written: RESULTS.md.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use revchain_benches::spread;

use crate::builds::{Built, REBUILDS};
use crate::programs::{Peer, Programs};
use crate::{COUNTS, PROCESSES, Result, Results, SCENARIOS, machine};

/// How it was measured.
pub(crate) struct Run {
    pub(crate) quick: bool,
    pub(crate) rounds: usize,
    /// How many were busy before and after.
    pub(crate) load: (Option<f64>, Option<f64>),
}

/// Scenarios: title, and what it means.
const TITLES: [(&str, &str, &str); 7] = [
    (
        "open",
        "Open at head",
        "From before the file is opened until the program has its connection; nothing is pending. The file \
         is in the system's cache. The floor reads `user_version`, and so does not read the schema; whoever \
         reads a table has SQLite parse the whole schema first.",
    ),
    (
        "query",
        "Open at head, and the first query",
        "The same, and then the application asks its first question of a table. SQLite parses the schema \
         for it where it has not yet, so this is what a program waits for that uses its database.",
    ),
    (
        "fresh",
        "Fresh file",
        "The file is not there; until it has the whole chain, on the disk. The floor runs the same SQL by \
         hand, in one transaction. A transaction for each revision waits for the disk as often, and what \
         that takes depends on the disk.",
    ),
    (
        "memory",
        "Fresh in memory",
        "A new database in memory that has the whole chain, as a test suite needs one for each test. The \
         floor runs the same SQL by hand, in one transaction. revchain copies a database that the build has \
         made, where the chain is one of which that can be made.",
    ),
    (
        "memory-query",
        "Fresh in memory, and the first query",
        "The same, and then the first question is asked of a table: of a database that was copied, SQLite \
         has not yet read the schema.",
    ),
    (
        "memory-first",
        "Fresh in memory, the first of a process",
        "As the one before the last, but the first that a process makes: memory has to be had from the \
         system, and the program's own pages have to be read. In the two before, it is not counted.",
    ),
    (
        "pending",
        "One pending revision on a file",
        "The database has all revisions but the last (which adds a column at 10, 100 and 1,000). Opening it \
         included; until it is on the disk.",
    ),
];

pub(crate) fn write(programs: &Programs, peers: &[&Peer], results: &Results, run: &Run) -> Result<String> {
    let mut page = Page { text: String::new(), peers, results };
    page.head(programs, run)?;
    page.summary(run)?;
    for (scenario, title, meaning) in TITLES {
        page.scenario(scenario, title, meaning)?;
    }
    page.processes()?;
    page.statements()?;
    page.programs()?;
    if !run.quick {
        page.builds()?;
    }
    page.verified()?;
    // Whatever was skipped, a page ends with one line end.
    Ok(format!("{}\n", page.text.trim_end()))
}

struct Page<'r> {
    text: String,
    peers: &'r [&'r Peer],
    results: &'r Results,
}

impl Page<'_> {
    fn head(&mut self, programs: &Programs, run: &Run) -> Result<()> {
        let out = &mut self.text;
        let flag = if run.quick { " -- --quick" } else { "" };
        writeln!(out, "# What opening a database costs, with revchain and its peers\n")?;
        writeln!(out, "Made by this command, not by hand:\n")?;
        writeln!(
            out,
            "```console\n$ cargo run --release --manifest-path benches/Cargo.toml --bin peers{flag}\n```\n"
        )?;
        if run.quick {
            let left_out = list(self.peers.iter().filter(|peer| peer.slow_to_build).map(|peer| peer.name));
            let left_out = match left_out.as_str() {
                "" => String::new(),
                names => format!(
                    ", and with 1,000 revisions neither was {names}, whose program takes minutes to compile"
                ),
            };
            writeln!(
                out,
                "**A quick run**: builds were not measured{left_out}. Without `--quick` it is all measured.\n"
            )?;
        }
        writeln!(
            out,
            "Linear chains of 10, 100 and 1,000 revisions: tables of 4 to 6 columns with an index, every \
             fifth revision an ADD COLUMN, every seventh 20 rows and an UPDATE; the same SQL for everybody, \
             and it was checked that all have made the same tables and rows of it. Times are medians, with \
             the least and the greatest in parentheses, of all repetitions in {} rounds; in each round it \
             is everybody's turn in everything, and another one begins. `×` is the ratio of the medians to \
             the floor's, in the same run. Differences below 20 % are noise.\n",
            run.rounds
        )?;
        writeln!(out, "- Machine: {}.", machine::describe(&programs.work()))?;
        if let (Some(before), Some(after)) = run.load {
            writeln!(
                out,
                "- Busy on average in the minute before the rounds: {before:.1}, in their last: {after:.1}; \
                 of which the suite is 1. More of it means that others took their share, and that the \
                 greatest times are theirs."
            )?;
        }
        let setting = |n: usize| {
            self.results.settings.values().next().and_then(|text| text.split(' ').nth(n)).unwrap_or("?")
        };
        writeln!(
            out,
            "- Every connection: journal mode {}, synchronous {}, pages of {} bytes, foreign keys {}; that \
             is what each peer does unless told otherwise, and it was read from its connections. All files \
             are on one disk.",
            setting(1),
            setting(2),
            setting(3),
            setting(4)
        )?;
        for peer in self.peers {
            let versions: Vec<String> = peer
                .crates
                .iter()
                .map(|name| Ok(format!("{name} {}", programs.version(peer, name)?)))
                .collect::<Result<_>>()?;
            let sqlite = self.results.settings.get(peer.name).and_then(|text| text.split(' ').next());
            let driver = programs.version(peer, "rusqlite").map(|version| format!("rusqlite {version}, "));
            let driver = if peer.crates == ["rusqlite"] { String::new() } else { driver.unwrap_or_default() };
            writeln!(
                out,
                "- {}: {}; {driver}SQLite {}.",
                peer.name,
                versions.join(", "),
                sqlite.unwrap_or("?")
            )?;
        }
        writeln!(out)?;
        Ok(())
    }

    /// Only the ratios.
    fn summary(&mut self, run: &Run) -> Result<()> {
        let results = self.results;
        writeln!(self.text, "## In short\n")?;
        self.table_head("", true)?;
        for (scenario, title, _) in TITLES {
            for count in COUNTS {
                let medians = |peer: &Peer| {
                    let times = results.times.get(&(peer.name, scenario, count))?;
                    Some(spread(times.clone()).1.as_secs_f64())
                };
                self.summary_row(&format!("{}, {}", title.to_lowercase(), number(count)), medians, seconds)?;
            }
        }
        for count in COUNTS {
            let taken = |peer: &Peer| results.processes.get(&(peer.name, count));
            let title = format!("a process at head, {}: processor", number(count));
            let cpu = |peer: &Peer| Some(spread(taken(peer)?.cpu.clone()).1.as_secs_f64());
            self.summary_row(&title, cpu, seconds)?;
            let title = format!("a process at head, {}: peak of memory", number(count));
            let memory = |peer: &Peer| Some(middle(&taken(peer)?.memory)?.1 as f64);
            self.summary_row(&title, memory, |kib| format!("{:.1} MiB", kib / 1024.0))?;
        }
        self.plain_row("SQL statements at head", |peer| {
            Some(results.statements.get(peer.name)?.len().to_string())
        })?;
        for count in COUNTS {
            let row = |peer: &Peer| over_the_floor(results, peer, count);
            self.plain_row(&format!("stripped release program, {}, over the floor's", number(count)), row)?;
        }
        self.plain_row("crates in the program's tree", |peer| {
            Some(results.crates.get(peer.name)?.to_string())
        })?;
        if !run.quick {
            for count in [100, 1000] {
                for (profile, shown) in PROFILES {
                    let built = |peer: &Peer| {
                        results
                            .builds
                            .iter()
                            .find(|built| is(built, peer, count, profile) && built.way.is_empty())
                    };
                    let title = format!("build from nothing, {}, {shown}", number(count));
                    let clean = |peer: &Peer| Some(seconds(built(peer)?.clean?.as_secs_f64()));
                    self.plain_row(&title, clean)?;
                    let title = format!("rebuild after an edit, {}, {shown}", number(count));
                    let again =
                        |peer: &Peer| Some(seconds(spread(built(peer)?.rebuilds.clone()).1.as_secs_f64()));
                    self.plain_row(&title, again)?;
                }
            }
        }
        writeln!(self.text)?;
        Ok(())
    }

    fn table_head(&mut self, first: &str, by_peer: bool) -> Result<()> {
        let columns: Vec<String> = if by_peer {
            self.peers.iter().map(|peer| peer.name.to_owned()).collect()
        } else {
            COUNTS.iter().map(|count| number(*count)).collect()
        };
        writeln!(self.text, "| {first} | {} |", columns.join(" | "))?;
        writeln!(self.text, "| ---{} |", " | ---".repeat(columns.len()))?;
        Ok(())
    }

    /// The floor's own figure, and the others' ratios to it. Nothing where nobody has a figure.
    fn summary_row(
        &mut self,
        title: &str,
        value: impl Fn(&Peer) -> Option<f64>,
        shown: impl Fn(f64) -> String,
    ) -> Result<()> {
        let floor = value(self.peers[0]);
        self.plain_row(title, |peer| match (value(peer)?, floor?) {
            (own, _) if peer.name == floor_name() => Some(shown(own)),
            (own, floor) => Some(ratio(own / floor)),
        })
    }

    fn plain_row(&mut self, title: &str, cell: impl Fn(&Peer) -> Option<String>) -> Result<()> {
        let cells: Vec<Option<String>> = self.peers.iter().map(|peer| cell(peer)).collect();
        if cells.iter().any(Option::is_some) {
            let cells: Vec<String> = cells.into_iter().map(Option::unwrap_or_default).collect();
            writeln!(self.text, "| {title} | {} |", cells.join(" | "))?;
        }
        Ok(())
    }

    fn scenario(&mut self, scenario: &'static str, title: &str, meaning: &str) -> Result<()> {
        let often = SCENARIOS.iter().find(|(name, _)| *name == scenario).map(|(_, often)| often);
        let often = often.ok_or("a scenario without a count")?.map(|n| n.to_string()).join(", ");
        let more = match scenario {
            "memory" | "memory-query" => ", those that are brief more often",
            _ => "",
        };
        writeln!(self.text, "## {title}\n\n{meaning} In each round {often} times{more}.\n")?;
        self.table_head("revisions", false)?;
        let times = |peer: &Peer, count| Some(self.results.times.get(&(peer.name, scenario, count))?.clone());
        let rows = spread_rows(self.peers, times);
        self.text.push_str(&rows);
        writeln!(self.text)?;
        Ok(())
    }

    fn processes(&mut self) -> Result<()> {
        let results = self.results;
        writeln!(
            self.text,
            "## A process at head\n\nA whole process: it opens its database at the head, asks one question \
             of a table, and ends. In each round {PROCESSES} processes; of the processor, the mean of a \
             round is one figure, of memory the peak of a round. Their query has SQLite parse the schema, \
             with everybody.\n"
        )?;
        writeln!(
            self.text,
            "| | until it has ended | processor | peak of memory |\n| --- | --- | --- | --- |"
        )?;
        for count in COUNTS {
            let floor = results.processes.get(&(floor_name(), count));
            for peer in self.peers {
                let (Some(taken), Some(floor)) = (results.processes.get(&(peer.name, count)), floor) else {
                    continue;
                };
                let (least, memory, most) = middle(&taken.memory).ok_or("no process was measured")?;
                let mib = |kib: u64| format!("{:.1}", kib as f64 / 1024.0);
                let floor_memory = middle(&floor.memory).ok_or("no process was measured")?.1;
                writeln!(
                    self.text,
                    "| {}, {} | {} | {} | {} MiB ({} – {}) · {} |",
                    peer.name,
                    number(count),
                    cell(&taken.wall, &floor.wall),
                    cell(&taken.cpu, &floor.cpu),
                    mib(memory),
                    mib(least),
                    mib(most),
                    ratio(memory as f64 / floor_memory as f64)
                )?;
            }
        }
        writeln!(self.text)?;
        Ok(())
    }

    fn statements(&mut self) -> Result<()> {
        writeln!(
            self.text,
            "## SQL statements at head\n\nThose that SQLite runs while the program opens its database with \
             100 revisions, counted by `sqlite3_trace_v2` on every connection, from its first. What is done \
             through SQLite's other functions, such as those that set a busy timeout, is no statement.\n"
        )?;
        for peer in self.peers {
            let Some(statements) = self.results.statements.get(peer.name) else { continue };
            // The middle of a long one says nothing more.
            let shown: Vec<String> = statements
                .iter()
                .map(|sql| {
                    let sql = match sql.char_indices().nth(90) {
                        Some((at, _)) => format!("{} …", &sql[..at]),
                        None => sql.clone(),
                    };
                    // One that quotes its names so is shown as code all the same.
                    if sql.contains('`') { format!("`` {sql} ``") } else { format!("`{sql}`") }
                })
                .collect();
            writeln!(self.text, "- {}: {}. {}", peer.name, statements.len(), shown.join("; "))?;
        }
        writeln!(self.text)?;
        Ok(())
    }

    fn programs(&mut self) -> Result<()> {
        let results = self.results;
        writeln!(
            self.text,
            "## The program\n\nA program that opens its database and asks one question, in release, \
             stripped, otherwise with cargo's defaults. Where its SQLite is another version than the \
             floor's, a part of the difference is SQLite's. Downgrades are \
             embedded by revchain, rusqlite_migration, Diesel and sqlx; refinery has none. The crates are \
             those of `cargo tree -e normal,no-proc-macro`: without the macros that stay in the compiler \
             and without what those and build scripts need.\n"
        )?;
        self.table_head("", true)?;
        for count in COUNTS {
            let size = |peer: &Peer| Some(format!("{} KB", results.sizes.get(&(peer.name, count))? / 1000));
            self.plain_row(&format!("size, {} revisions", number(count)), size)?;
            let over = |peer: &Peer| match peer.name == floor_name() {
                true => Some(String::new()),
                false => over_the_floor(results, peer, count),
            };
            if results.sizes.contains_key(&(floor_name(), count)) {
                self.plain_row("over the floor's", over)?;
            }
        }
        self.plain_row("crates", |peer| Some(results.crates.get(peer.name)?.to_string()))?;
        writeln!(self.text)?;
        Ok(())
    }

    fn builds(&mut self) -> Result<()> {
        writeln!(
            self.text,
            "## Builds\n\nOf the same program. From nothing: in an empty target directory, with 100 revisions and everything \
             downloaded; measured once. Again: after a comment was added to the last migration; measured \
             {REBUILDS} times. One after the other and not in rounds, since they take long{}.\n",
            match std::env::var("CARGO_BUILD_JOBS") {
                Ok(jobs) => format!("; with {jobs} job(s) at once"),
                Err(_) => String::new(),
            }
        )?;
        writeln!(
            self.text,
            "| | revisions | profile | from nothing | again |\n| --- | --- | --- | --- | --- |"
        )?;
        for count in [100, 1000] {
            for (profile, shown) in PROFILES {
                for peer in self.peers {
                    for built in self.results.builds.iter().filter(|built| is(built, peer, count, profile)) {
                        let clean = built.clean.map(|time| seconds(time.as_secs_f64())).unwrap_or_default();
                        let (least, median, most) = spread(built.rebuilds.clone());
                        writeln!(
                            self.text,
                            "| {}{} | {} | {shown} | {clean} | {} |",
                            peer.name,
                            built.way,
                            number(count),
                            three(least, median, most)
                        )?;
                    }
                }
            }
        }
        writeln!(self.text)?;
        Ok(())
    }

    fn verified(&mut self) -> Result<()> {
        writeln!(self.text, "## What each has verified at the head\n")?;
        for peer in self.peers {
            writeln!(self.text, "- {}: {}.", peer.name, peer.verifies)?;
        }
        Ok(())
    }
}

const PROFILES: [(&str, &str); 2] = [("dev", "debug"), ("release", "release")];

fn floor_name() -> &'static str {
    crate::PEERS[0].name
}

fn is(built: &Built, peer: &Peer, count: usize, profile: &str) -> bool {
    (built.peer, built.count, built.profile) == (peer.name, count, profile)
}

/// A row for each peer, a column for each length of the chain.
fn spread_rows(peers: &[&Peer], times: impl Fn(&Peer, usize) -> Option<Vec<Duration>>) -> String {
    let mut floor: BTreeMap<usize, Vec<Duration>> = BTreeMap::new();
    let mut text = String::new();
    for peer in peers {
        let cells = COUNTS.map(|count| match times(peer, count) {
            Some(times) => cell(&times, floor.entry(count).or_insert_with(|| times.clone())),
            None => String::new(),
        });
        // Writing to a string does not fail.
        let _ = writeln!(text, "| {} | {} |", peer.name, cells.join(" | "));
    }
    text
}

/// The median, least and most, and the ratio to the floor.
fn cell(times: &[Duration], floor: &[Duration]) -> String {
    let (least, median, most) = spread(times.to_vec());
    let floor = spread(floor.to_vec()).1;
    format!("{} · {}", three(least, median, most), ratio(median.as_secs_f64() / floor.as_secs_f64()))
}

fn three(least: Duration, median: Duration, most: Duration) -> String {
    let [least, median, most] = [least, median, most].map(|time| seconds(time.as_secs_f64()));
    format!("{median} ({least} – {most})")
}

fn over_the_floor(results: &Results, peer: &Peer, count: usize) -> Option<String> {
    let size = *results.sizes.get(&(peer.name, count))?;
    let floor = *results.sizes.get(&(floor_name(), count))?;
    Some(match peer.name == floor_name() {
        true => format!("{} KB", size / 1000),
        false => format!("{:+} KB", (size as i64 - floor as i64) / 1000),
    })
}

fn middle(figures: &[u64]) -> Option<(u64, u64, u64)> {
    let mut figures = figures.to_vec();
    figures.sort_unstable();
    Some((*figures.first()?, *figures.get(figures.len() / 2)?, *figures.last()?))
}

fn seconds(seconds: f64) -> String {
    let (value, unit) = match seconds {
        s if s < 1e-3 => (s * 1e6, "µs"),
        s if s < 1.0 => (s * 1e3, "ms"),
        s => (s, "s"),
    };
    let digits = if value < 10.0 { 2 } else { usize::from(value < 100.0) };
    format!("{value:.digits$} {unit}")
}

fn ratio(ratio: f64) -> String {
    let digits = match ratio {
        r if r < 0.1 => 4,
        r if r < 10.0 => 2,
        r if r < 100.0 => 1,
        _ => 0,
    };
    format!("{ratio:.digits$} ×")
}

fn number(count: usize) -> String {
    if count < 1000 { count.to_string() } else { format!("{},{:03}", count / 1000, count % 1000) }
}

fn list<'n>(names: impl Iterator<Item = &'n str>) -> String {
    names.collect::<Vec<_>>().join(", ")
}
