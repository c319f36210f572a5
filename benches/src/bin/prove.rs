//! Measures the proof, and SQLite alone with the same statements.
//!
//! The build is not optimized, like a build by cargo for the host.
//!
//! - SQLite alone upgrades, downgrades and upgrades each revision, with a transaction for each
//!   script and without foreign keys.
//! - "Locked" is the proof if every revision is locked and unchanged, so that only upgrades run.
//!   The comparison is SQLite alone with the upgrades.
//!
//! ```text
//! cargo run --manifest-path benches/Cargo.toml --bin prove
//! ```

use std::error::Error;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use revchain_benches::{Spread, chain, rebuild_chain, write_chain};
use revchain_core::{Chain, Downgrade, LoadedMigrations, Script, lock_file};
use revchain_prove::{Scope, prove};
use revchain_runtime::rusqlite::{self, Connection};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const ROUNDS: usize = 5;

/// The measured durations for one length of the chain.
#[derive(Default)]
struct Times {
    sqlite_all: Vec<Duration>,
    proof: Vec<Duration>,
    sqlite_upgrades: Vec<Duration>,
    locked_proof: Vec<Duration>,
}

/// The scripts that SQLite alone runs.
#[derive(Clone, Copy, PartialEq)]
enum Scripts {
    Upgrades,
    /// The upgrade, the downgrade, and the upgrade again.
    All,
}

fn main() -> Result<()> {
    let work = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/prove");
    let profile = if cfg!(debug_assertions) {
        "dev"
    } else {
        "release"
    };
    println!(
        "| revisions, {profile} | SQLite, up, down, up | proof | | SQLite, up | proof, locked | |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- |");
    for count in [10, 100, 1000] {
        let directory = work.join(count.to_string());
        write_chain(&directory, &chain(count))?;
        print_row(&count.to_string(), &measure(&directory)?)?;
    }
    let directory = work.join("rebuilds");
    write_chain(&directory, &rebuild_chain())?;
    print_row("100, 60 of them rebuilds", &measure(&directory)?)
}

fn measure(directory: &Path) -> Result<Times> {
    let lock_file = directory.join(lock_file::FILE_NAME);
    let chain = LoadedMigrations::read(directory, "migrations").into_chain()?;
    let mut times = Times::default();
    // The programs alternate, so that a busy machine affects all of them.
    for _ in 0..ROUNDS {
        times.sqlite_all.push(time(|| run(&chain, Scripts::All))?);
        times.proof.push(time(|| load_and_prove(directory))?);
        let upgrades = time(|| run(&chain, Scripts::Upgrades))?;
        times.sqlite_upgrades.push(upgrades);
        fs::write(&lock_file, lock_file::render(&chain, chain.revisions()))?;
        times.locked_proof.push(time(|| load_and_prove(directory))?);
        fs::remove_file(&lock_file)?;
    }
    Ok(times)
}

fn print_row(name: &str, times: &Times) -> Result<()> {
    let sqlite_all = spread(&times.sqlite_all)?;
    let proof = spread(&times.proof)?;
    let sqlite_upgrades = spread(&times.sqlite_upgrades)?;
    let locked_proof = spread(&times.locked_proof)?;
    println!(
        "| {name} | {} | {} | {} | {} | {} | {} |",
        cell(sqlite_all),
        cell(proof),
        ratio(proof, sqlite_all),
        cell(sqlite_upgrades),
        cell(locked_proof),
        ratio(locked_proof, sqlite_upgrades)
    );
    Ok(())
}

fn spread(times: &[Duration]) -> Result<Spread<Duration>> {
    Ok(Spread::new(times).ok_or("no times")?)
}

fn cell(Spread { min, median, max }: Spread<Duration>) -> String {
    format!("{median:.2?} ({min:.2?} – {max:.2?})")
}

fn ratio(a: Spread<Duration>, b: Spread<Duration>) -> String {
    format!("{:.2} ×", a.median.as_secs_f64() / b.median.as_secs_f64())
}

fn time<T>(run: impl FnOnce() -> Result<T>) -> Result<Duration> {
    let start = Instant::now();
    let result = run()?;
    let duration = start.elapsed();
    // The time to drop the result does not count.
    drop(result);
    Ok(duration)
}

/// Does the work of a build: reading, validation, and the proof.
fn load_and_prove(directory: &Path) -> Result<Chain> {
    let loaded = LoadedMigrations::read(directory, "migrations");
    Ok(prove(loaded, Scope::Unlocked).into_chain()?)
}

/// Runs the chain with SQLite alone.
fn run(chain: &Chain, scripts: Scripts) -> Result<Connection> {
    let connection = Connection::open_in_memory()?;
    connection.execute_batch("PRAGMA foreign_keys = OFF")?;
    for revision in chain.revisions() {
        run_script(&connection, revision.upgrade())?;
        if scripts == Scripts::Upgrades {
            continue;
        }
        if let Downgrade::Sql(downgrade) = revision.downgrade() {
            run_script(&connection, downgrade)?;
            run_script(&connection, revision.upgrade())?;
        }
    }
    Ok(connection)
}

fn run_script(connection: &Connection, script: &Script) -> rusqlite::Result<()> {
    connection.execute_batch("BEGIN IMMEDIATE")?;
    for statement in script.statements() {
        let mut statement = connection.prepare(statement.sql())?;
        let mut rows = statement.query([])?;
        while rows.next()?.is_some() {}
    }
    connection.execute_batch("COMMIT")
}
