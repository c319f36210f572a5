//! Random chains, sound or broken, against databases with random rows.
//!
//! A chain that the proof accepts must lose nothing and fail nowhere, and the proof must accept
//! each sound chain.
//! The generator knows where each value must go, so the judge shares no code with the proof.

mod broken;
pub(crate) mod chain;
mod changes;
mod constraints;
mod draft;
mod judge;
mod kinds;
mod loosened;
mod model;
mod rebuilds;
mod rng;
mod rows;
mod sound;
mod sql;
mod tables;

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::{env, fs, process, thread};

use revchain_core::LoadedMigrations;
use revchain_prove::{Scope, migrations_from_directory_unproven, prove};
use revchain_runtime::Migrations;

use chain::RandomChain;
use judge::judge;
use kinds::{BROKEN, Kind, SOUND, Standing};

/// The number of databases that each accepted chain migrates.
const DATABASES: u64 = 3;

/// The number of chains of each kind of step.
const CHAINS_OF_KIND: usize = 4;

/// The number of seeds to try for the chains of one kind.
const MAX_SEEDS: u64 = 3_000;

/// A directory of migrations that is removed after the test.
struct Directory(PathBuf);

impl Directory {
    fn of(chain: &RandomChain) -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("random-chain-{}-{number}", process::id());
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        chain.write(&path);
        Self(path)
    }

    /// Proves the chain. Returns the chain with the notes of the proof, or the defects.
    fn prove(&self) -> Result<Proven, String> {
        let mut loaded = prove(LoadedMigrations::read(&self.0, "migrations"), Scope::All);
        let notes = std::mem::take(&mut loaded.notes);
        let chain = loaded.into_chain().map_err(|defects| defects.to_string())?;
        let migrations = Migrations::from_chain(chain, "migrations".to_owned());
        Ok(Proven { migrations, notes })
    }

    fn load(&self) -> Migrations {
        migrations_from_directory_unproven(&self.0).unwrap()
    }
}

/// A chain that the proof accepts.
struct Proven {
    migrations: Migrations,
    notes: Vec<String>,
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Reads a number from the environment.
fn setting(name: &str, default: u64) -> u64 {
    let value = env::var(name).ok();
    value.map_or(default, |value| value.parse().unwrap())
}

/// The numbers of chains of a run.
#[derive(Debug, Default)]
struct Counts {
    accepted: AtomicU64,
    sound: AtomicU64,
    false_alarms: AtomicU64,
    broken: AtomicU64,
    /// Accepted chains with notes, in which the judge found a loss.
    noted_losses: AtomicU64,
}

impl Counts {
    fn add(count: &AtomicU64) {
        count.fetch_add(1, Ordering::Relaxed);
    }
}

/// Proves a chain, and judges the chain if the proof accepts it.
fn try_chain(chain: &RandomChain, counts: &Counts) -> Result<(), String> {
    let is_sound = chain.broken.is_none();
    Counts::add(if is_sound {
        &counts.sound
    } else {
        &counts.broken
    });
    match Directory::of(chain).prove() {
        Ok(proven) => {
            Counts::add(&counts.accepted);
            let Err(problem) = judge(&proven.migrations, chain, DATABASES) else {
                return Ok(());
            };
            if !proven.notes.is_empty() {
                Counts::add(&counts.noted_losses);
                return Ok(());
            }
            Err(format!("accepted, but {problem}"))
        }
        Err(defects) if is_sound => {
            Counts::add(&counts.false_alarms);
            Err(format!("a sound chain is rejected\n{defects}"))
        }
        Err(_) => Ok(()),
    }
}

/// Writes a chain and the verdict on it, if `REVCHAIN_RANDOM_REPORT` names a directory.
fn report(name: &str, chain: &RandomChain, verdict: &str) {
    if let Some(report) = env::var_os("REVCHAIN_RANDOM_REPORT") {
        let directory = Path::new(&report).join(name).join(chain.seed.to_string());
        chain.write(&directory);
        fs::write(directory.join("verdict.txt"), verdict).unwrap();
    }
}

/// Tries random chains until the proof has accepted enough of them.
///
/// - `REVCHAIN_RANDOM_CHAINS` is the number of accepted chains. Default: 300.
/// - `REVCHAIN_RANDOM_SEED` is the first seed. Default: 0.
/// - `REVCHAIN_RANDOM_REPORT` is a directory for the chains that fail. With it, the test tries all
///   chains. Without it, the test stops after a few failures.
#[test]
fn accepted_chain_loses_nothing_and_fails_nowhere() {
    let wanted = setting("REVCHAIN_RANDOM_CHAINS", 300);
    let next_seed = AtomicU64::new(setting("REVCHAIN_RANDOM_SEED", 0));
    let is_report = env::var_os("REVCHAIN_RANDOM_REPORT").is_some();
    let counts = Counts::default();
    let problems = Mutex::new(Vec::new());
    let run = || {
        while counts.accepted.load(Ordering::Relaxed) < wanted {
            let chain = RandomChain::random(next_seed.fetch_add(1, Ordering::Relaxed));
            let Err(problem) = try_chain(&chain, &counts) else {
                continue;
            };
            report(chain.broken.unwrap_or("sound"), &chain, &problem);
            let mut problems = problems.lock().unwrap();
            problems.push(format!("{problem}\n{}", chain.show()));
            if problems.len() >= 3 && !is_report {
                return;
            }
        }
    };
    in_parallel(run);
    println!("{counts:?}");
    let problems = problems.into_inner().unwrap();
    let shown = problems.iter().take(3).cloned().collect::<Vec<_>>();
    assert!(problems.is_empty(), "{counts:?}\n{}", shown.join("\n\n"));
}

/// Calls a function once in each of several threads.
fn in_parallel(run: impl Fn() + Sync) {
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, Into::into) {
            scope.spawn(&run);
        }
    });
}

/// Calls `test` with chains of each kind, and fails with the problems that it returns.
fn for_each_chain(
    kinds: &[&Kind],
    test: impl Fn(&Kind, &RandomChain) -> Result<(), String> + Sync,
) {
    let next = AtomicUsize::new(0);
    let problems = Mutex::new(Vec::new());
    in_parallel(|| {
        while let Some(kind) = kinds.get(next.fetch_add(1, Ordering::Relaxed)) {
            for chain in chains_of(kind) {
                if let Err(problem) = test(kind, &chain) {
                    let problem = format!("{}: {problem}\n{}", kind.name, chain.show());
                    problems.lock().unwrap().push(problem);
                    break;
                }
            }
        }
    });
    let problems = problems.into_inner().unwrap();
    assert!(problems.is_empty(), "{}", problems.join("\n\n"));
}

/// Returns chains that end with a step of this kind.
fn chains_of(kind: &Kind) -> Vec<RandomChain> {
    let seeds = 0..MAX_SEEDS;
    let chains = seeds.filter_map(|seed| RandomChain::of_kind(seed, kind));
    let chains: Vec<RandomChain> = chains.take(CHAINS_OF_KIND).collect();
    assert_eq!(chains.len(), CHAINS_OF_KIND, "{}", kind.name);
    chains
}

fn holding(kinds: &[Kind]) -> Vec<&Kind> {
    let kinds = kinds.iter();
    kinds
        .filter(|kind| kind.standing == Standing::Holds)
        .collect()
}

#[test]
fn sound_step_is_accepted() {
    for_each_chain(&holding(SOUND), |_, chain| {
        Directory::of(chain).prove().map(|_| ())
    });
}

#[test]
fn broken_step_is_rejected() {
    for_each_chain(&holding(BROKEN), |_, chain| {
        let proven = Directory::of(chain).prove();
        proven.err().map(|_| ()).ok_or("accepted".to_owned())
    });
}

/// The judge must agree with the author of a step, or the random chains would show nothing.
#[test]
fn judge_accepts_each_sound_step() {
    let kinds: Vec<&Kind> = SOUND.iter().collect();
    for_each_chain(&kinds, |_, chain| {
        judge(&Directory::of(chain).load(), chain, DATABASES)
    });
}

/// Each kind of loss stands for a check of the proof: without the check, the judge sees the loss.
#[test]
fn judge_sees_the_loss_of_each_broken_step() {
    let kinds: Vec<&Kind> = BROKEN.iter().collect();
    for_each_chain(&kinds, |kind, chain| {
        let verdict = judge(&Directory::of(chain).load(), chain, 4 * DATABASES);
        let last = format!("{} ({})", RandomChain::id(chain.steps.len() - 1), kind.name);
        match verdict {
            Err(problem) if problem.starts_with(&last) => Ok(()),
            other => Err(format!("the judge saw {other:?}")),
        }
    });
}

/// Prints what the present proof does with each kind of step.
///
/// `REVCHAIN_RANDOM_REPORT` names a directory for the chains on which the proof is wrong.
#[test]
#[ignore = "a report for changes of the proof"]
fn kinds_that_the_proof_judges_wrongly() {
    for kind in SOUND.iter().chain(BROKEN) {
        let is_sound = SOUND.iter().any(|sound| sound.name == kind.name);
        let mut wrong = 0;
        for chain in chains_of(kind) {
            let verdict = match Directory::of(&chain).prove() {
                Ok(proven) if !is_sound => format!("accepted with the notes {:?}", proven.notes),
                Err(defects) if is_sound => defects,
                _ => continue,
            };
            wrong += 1;
            report(kind.name, &chain, &verdict);
        }
        let (name, standing) = (kind.name, kind.standing);
        println!("{wrong}/{CHAINS_OF_KIND} wrong {standing:?} {name}");
    }
}
