//! revchain against its peers: what it costs to open a database with each, to make a new one, to bring one up to date, and
//! what each adds to a build and to a program. Writes RESULTS.md beside Cargo.toml.
//!
//! ```text
//! cargo run --release --manifest-path benches/Cargo.toml --bin peers
//! cargo run --release --manifest-path benches/Cargo.toml --bin peers -- --quick
//! cargo run --release --manifest-path benches/Cargo.toml --bin peers -- --quick --only revchain
//! ```
//!
//! `--quick` measures no builds, and leaves out the programs that take minutes to build. `--only` measures the named
//! peers and the floor, prints the page and leaves RESULTS.md as it is.
//!
//! Each peer is a program of its own in `peers/`, since each links its own SQLite, with the same chain embedded in the way
//! its documentation recommends. They are run in turns, in rounds; each does a scenario a few times in one process.

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

use programs::{PEERS, Peer, Program, Programs};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const COUNTS: [usize; 3] = [10, 100, 1000];

/// What is measured inside of a program: its name there, and how often for a chain of 10, 100 and 1,000 in each round.
const SCENARIOS: [(&str, [usize; 3]); 7] = [
    ("open", [60, 60, 20]),
    ("query", [40, 40, 15]),
    ("fresh", [5, 3, 1]),
    ("memory", [10, 5, 2]),
    ("memory-query", [10, 5, 2]),
    ("memory-first", [1, 1, 1]),
    ("pending", [5, 5, 3]),
];

/// Processes in each round.
const PROCESSES: usize = 20;

/// What came of it, by peer and what else distinguishes it.
#[derive(Default)]
struct Results {
    /// By scenario and length of the chain.
    times: BTreeMap<(&'static str, &'static str, usize), Vec<Duration>>,
    /// Programs that do nothing but open, by length of the chain.
    processes: BTreeMap<(&'static str, usize), process::Taken>,
    /// What is run at the head.
    statements: BTreeMap<&'static str, Vec<String>>,
    /// SQLite's version, and what the connection is set to.
    settings: BTreeMap<&'static str, String>,
    /// Of the program that does nothing but open, in bytes, by length of the chain.
    sizes: BTreeMap<(&'static str, usize), u64>,
    crates: BTreeMap<&'static str, usize>,
    builds: Vec<builds::Built>,
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [flag, program, file, count] = arguments.as_slice()
        && flag == "--process"
    {
        return process::run(program, file, count.parse()?);
    }
    let (mut quick, mut only) = (false, None);
    let mut arguments = arguments.into_iter();
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--quick" => quick = true,
            "--only" => only = Some(arguments.next().ok_or("--only which?")?),
            other => return Err(format!("{other}: there are --quick and --only NAME,NAME").into()),
        }
    }
    let peers: Vec<&Peer> = match &only {
        None => PEERS.iter().collect(),
        Some(only) => {
            let names: Vec<&str> = only.split(',').collect();
            if let Some(name) = names.iter().find(|name| PEERS.iter().all(|peer| peer.name != **name)) {
                return Err(format!("no peer is called {name}").into());
            }
            PEERS
                .iter()
                .enumerate()
                .filter(|(n, peer)| *n == 0 || names.contains(&peer.name))
                .map(|p| p.1)
                .collect()
        }
    };
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let programs = Programs::new(here);
    let rounds = if quick { 7 } else { 11 };

    let mut results = Results::default();
    let mut measured: Vec<(&Peer, usize)> = Vec::new();
    for peer in &peers {
        programs.fetch(peer)?;
        results.crates.insert(peer.name, programs.crates(peer)?);
        for count in COUNTS {
            if quick && count == 1000 && peer.slow_to_build {
                continue;
            }
            eprintln!("building {} with {count} revisions", peer.name);
            programs.embed(peer, count)?;
            programs.build(peer, count, Program::Measure)?;
            measured.push((peer, count));
        }
        for count in if quick { &COUNTS[1..2] } else { &COUNTS[1..] } {
            results.sizes.insert((peer.name, *count), programs.build(peer, *count, Program::Least)?);
        }
    }
    let load_before = machine::load();
    prepare(&programs, &measured, &mut results)?;
    for round in 0..rounds {
        eprintln!("round {} of {rounds}", round + 1);
        measure(&programs, &measured, &mut results, round)?;
    }
    let load = (load_before, machine::load());
    if !quick {
        results.builds = builds::measure(&programs, &peers)?;
    }
    let text = page::write(&programs, &peers, &results, &page::Run { quick, rounds, load })?;
    match only {
        None => fs::write(here.join("RESULTS.md"), text)?,
        Some(_) => print!("{text}"),
    }
    Ok(())
}

/// Makes the databases, and sees that all peers have made the same of the chain, with the same settings.
fn prepare(programs: &Programs, measured: &[(&Peer, usize)], results: &mut Results) -> Result<()> {
    let mut contents: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    for (peer, count) in measured {
        programs.run(peer, *count, "make-head", "head.db", 1)?;
        programs.run(peer, *count, "make-behind", "behind.db", 1)?;
        let content = programs.run(peer, *count, "content", "head.db", 1)?;
        if contents.entry(*count).or_insert_with(|| content.clone()) != &content {
            return Err(format!("{} makes something else of {count} revisions", peer.name).into());
        }
        if *count == 100 {
            results.statements.insert(peer.name, programs.run(peer, *count, "statements", "head.db", 1)?);
            let settings = programs.run(peer, *count, "settings", "head.db", 1)?.concat();
            results.settings.insert(peer.name, settings);
        }
    }
    // All but the version of SQLite, which is each one's own.
    let mut settings = results.settings.values().map(|text| text.split_once(' ').map(|(_, rest)| rest));
    let first = settings.next();
    if settings.any(|other| Some(other) != first) {
        return Err(format!("the connections are set differently: {:?}", results.settings).into());
    }
    Ok(())
}

/// One round: everybody's turn in everything, beginning with another one each time.
fn measure(
    programs: &Programs,
    measured: &[(&Peer, usize)],
    results: &mut Results,
    round: usize,
) -> Result<()> {
    for (at, count) in COUNTS.into_iter().enumerate() {
        let mut peers: Vec<&Peer> =
            measured.iter().filter(|(_, c)| *c == count).map(|(peer, _)| *peer).collect();
        let first = round % peers.len();
        peers.rotate_left(first);
        for (scenario, often) in SCENARIOS {
            let file = match scenario {
                "open" | "query" => "head.db",
                "pending" => "behind.db",
                _ => "fresh.db",
            };
            for peer in &peers {
                if matches!(scenario, "fresh" | "pending") {
                    // What others have left to be written is not to be waited for in this one's commit.
                    nix::unistd::sync();
                }
                let times = programs.times(peer, count, scenario, file, often[at])?;
                results.times.entry((peer.name, scenario, count)).or_default().extend(times);
            }
        }
        for peer in peers.iter().filter(|peer| results.sizes.contains_key(&(peer.name, count))) {
            let taken = programs.processes(peer, count, "head.db", PROCESSES)?;
            results.processes.entry((peer.name, count)).or_default().add(taken);
        }
    }
    Ok(())
}
