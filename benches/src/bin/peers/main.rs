//! Compares revchain with its peers, and writes RESULTS.md next to Cargo.toml.
//!
//! The suite measures how long it takes to open, create and upgrade a database, and how large and
//! how slow to build a program becomes.
//!
//! ```text
//! cargo run --release --manifest-path benches/Cargo.toml --bin peers
//! cargo run --release --manifest-path benches/Cargo.toml --bin peers -- --quick
//! cargo run --release --manifest-path benches/Cargo.toml --bin peers -- --quick --only revchain
//! ```
//!
//! - `--quick` measures no builds, and skips the programs that take minutes to build.
//! - `--only` measures the named peers and the floor. It prints the page, and does not write
//!   RESULTS.md.
//!
//! Each peer has a program of its own in `peers/`, since each links its own SQLite.
//! The program embeds the same chain in the way that the documentation of the peer recommends.
//! The programs run alternately, in rounds. In each round, a process repeats a scenario.

mod arguments;
mod builds;
mod machine;
mod page;
mod process;
mod programs;

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::Path;
use std::time::Duration;

use arguments::Arguments;
use process::ProcessUsage;
use programs::{Call, Peer, Program, Programs};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// The lengths of the chains.
const COUNTS: [usize; 3] = [10, 100, 1000];

/// The scenarios of the programs, and their repetitions in each round for each length.
const SCENARIOS: [(&str, [usize; 3]); 7] = [
    ("open", [60, 60, 20]),
    ("query", [40, 40, 15]),
    ("fresh", [5, 3, 1]),
    ("memory", [10, 5, 2]),
    ("memory-query", [10, 5, 2]),
    ("memory-first", [1, 1, 1]),
    ("pending", [5, 5, 3]),
];

/// The number of processes in each round.
const PROCESSES: usize = 20;

/// The measured values of each peer, by its name.
#[derive(Default)]
struct Results {
    /// The times by peer, scenario, and length of the chain.
    times: BTreeMap<(&'static str, &'static str, usize), Vec<Duration>>,
    /// The minimal programs, by peer and length of the chain.
    processes: BTreeMap<(&'static str, usize), ProcessUsage>,
    /// The SQL statements that run at the head.
    statements: BTreeMap<&'static str, Vec<String>>,
    /// The version of SQLite, and the settings of the connection.
    settings: BTreeMap<&'static str, String>,
    /// The size of the minimal program in bytes, by peer and length of the chain.
    sizes: BTreeMap<(&'static str, usize), u64>,
    /// The size of revchain's program without optional parts, by length of the chain.
    smallest: BTreeMap<usize, u64>,
    /// The number of crates.
    crates: BTreeMap<&'static str, usize>,
    builds: Vec<builds::Build>,
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [flag, program, database, count] = arguments.as_slice() {
        if flag == "--process" {
            return process::run(program, database, count.parse()?);
        }
    }
    let arguments = Arguments::parse(arguments)?;
    let peers = arguments.peers()?;
    let benches = Path::new(env!("CARGO_MANIFEST_DIR"));
    let programs = Programs::new(benches);
    let mut results = Results::default();

    let measured = build_programs(&programs, &peers, arguments.is_quick, &mut results)?;
    let load_before = machine::load();
    prepare(&programs, &measured, &mut results)?;
    let rounds = if arguments.is_quick { 7 } else { 11 };
    for round in 0..rounds {
        eprintln!("round {} of {rounds}", round + 1);
        measure_round(&programs, &measured, &mut results, round)?;
    }
    let load_after = machine::load();
    if !arguments.is_quick {
        results.builds = builds::measure(&programs, &peers)?;
    }

    let run = page::Run {
        is_quick: arguments.is_quick,
        rounds,
        load_before,
        load_after,
    };
    let text = page::render(&programs, &peers, &results, &run)?;
    if arguments.only.is_some() {
        print!("{text}");
    } else {
        fs::write(benches.join("RESULTS.md"), text)?;
    }
    Ok(())
}

/// Builds the programs, and returns each peer with each length of the chain.
fn build_programs<'p>(
    programs: &Programs,
    peers: &[&'p Peer],
    is_quick: bool,
    results: &mut Results,
) -> Result<Vec<(&'p Peer, usize)>> {
    let mut measured = Vec::new();
    for peer in peers {
        programs.fetch(peer)?;
        results.crates.insert(peer.name, programs.crates(peer)?);
        for count in COUNTS {
            if is_quick && count == 1000 && peer.is_slow_to_build {
                continue;
            }
            eprintln!("building {} with {count} revisions", peer.name);
            programs.embed(peer, count)?;
            programs.build(peer, count, Program::Measure)?;
            measured.push((*peer, count));
        }
        let counts = if is_quick { &COUNTS[1..2] } else { &COUNTS[..] };
        for &count in counts {
            let size = programs.build(peer, count, Program::Minimal)?;
            results.sizes.insert((peer.name, count), size);
            if peer.name == "revchain" {
                let size = programs.build(peer, count, Program::Smallest)?;
                results.smallest.insert(count, size);
            }
        }
    }
    Ok(measured)
}

/// Creates the databases, and checks that all peers have the same content and settings.
fn prepare(programs: &Programs, measured: &[(&Peer, usize)], results: &mut Results) -> Result<()> {
    let mut contents: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    for &(peer, count) in measured {
        let call = Call {
            peer,
            count,
            scenario: "make-head",
            file: "head.db",
            repetitions: 1,
        };
        let run = |scenario| programs.run(Call { scenario, ..call });
        run("make-head")?;
        programs.run(Call {
            scenario: "make-behind",
            file: "behind.db",
            ..call
        })?;
        let content = run("content")?;
        let expected = contents.entry(count).or_insert_with(|| content.clone());
        if *expected != content {
            let name = peer.name;
            return Err(format!("{name} has another content with {count} revisions").into());
        }
        if count == 100 {
            results.statements.insert(peer.name, run("statements")?);
            results
                .settings
                .insert(peer.name, run("settings")?.concat());
        }
    }
    check_settings(&results.settings)
}

/// Checks that the settings are equal, except for the version of SQLite, which is the first.
fn check_settings(settings: &BTreeMap<&'static str, String>) -> Result<()> {
    let without_version = |text: &'_ String| text.split_once(' ').map(|(_, rest)| rest.to_owned());
    let mut all = settings.values().map(without_version);
    let first = all.next();
    if all.any(|other| Some(other) != first) {
        return Err(format!("the settings of the connections differ: {settings:?}").into());
    }
    Ok(())
}

/// Measures each scenario with each peer. Another peer is the first in each round.
fn measure_round(
    programs: &Programs,
    measured: &[(&Peer, usize)],
    results: &mut Results,
    round: usize,
) -> Result<()> {
    for (index, count) in COUNTS.into_iter().enumerate() {
        let with_count = measured.iter().filter(|(_, other)| *other == count);
        let mut peers: Vec<&Peer> = with_count.map(|(peer, _)| *peer).collect();
        let first = round % peers.len();
        peers.rotate_left(first);
        for (scenario, repetitions) in SCENARIOS {
            for peer in &peers {
                let times = measure_scenario(programs, peer, count, scenario, repetitions[index])?;
                let all_times = results.times.entry((peer.name, scenario, count));
                all_times.or_default().extend(times);
            }
        }
        for peer in peers {
            if !results.sizes.contains_key(&(peer.name, count)) {
                continue;
            }
            let usage = programs.processes(peer, count, "head.db", PROCESSES)?;
            let all_usage = results.processes.entry((peer.name, count));
            all_usage.or_default().extend(usage);
        }
    }
    Ok(())
}

fn measure_scenario(
    programs: &Programs,
    peer: &Peer,
    count: usize,
    scenario: &str,
    repetitions: usize,
) -> Result<Vec<Duration>> {
    let file = match scenario {
        "open" | "query" => "head.db",
        "pending" => "behind.db",
        _ => "fresh.db",
    };
    if matches!(scenario, "fresh" | "pending") {
        // Otherwise the commit also waits for the writes of other peers.
        nix::unistd::sync();
    }
    programs.times(Call {
        peer,
        count,
        scenario,
        file,
        repetitions,
    })
}
