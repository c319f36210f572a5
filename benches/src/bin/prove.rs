//! What the proof takes, and what SQLite alone takes for the same statements: in a build without optimisation, as cargo
//! makes it for the host.
//!
//! The chains are linear. SQLite alone runs each revision up, down and up, each half in a transaction of its own, with
//! foreign keys off. "Locked" is the proof where every revision is locked and has not changed, so that only its upgrade is
//! run; it is held against SQLite running the upgrades alone. All in turns; medians, least and greatest.
//!
//! ```text
//! cargo run --manifest-path benches/Cargo.toml --bin prove
//! ```

use std::error::Error;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use revchain_benches::{spread, write_chain};
use revchain_core::{Chain, Downgrade, Draft, Half, lock};
use revchain_runtime::rusqlite::{self, Connection};
use revchain_runtime::{Scope, prove};

const ROUNDS: usize = 5;

fn main() -> Result<(), Box<dyn Error>> {
    let work = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/prove");
    let profile = if cfg!(debug_assertions) { "dev" } else { "release" };
    println!("| revisions, {profile} | SQLite, up, down, up | proof | | SQLite, up | proof, locked | |");
    println!("| --- | --- | --- | --- | --- | --- | --- |");
    for count in [10, 100, 1000] {
        let directory = work.join(count.to_string());
        write_chain(&directory, count)?;
        let lock_file = directory.join(lock::FILE_NAME);
        let chain = Draft::read(&directory, "migrations").finish()?;
        let mut times: [Vec<Duration>; 4] = Default::default();
        for _ in 0..ROUNDS {
            times[0].push(time(|| run(&chain, true))?);
            times[1].push(time(|| prove_all(&directory))?);
            times[2].push(time(|| run(&chain, false))?);
            fs::write(&lock_file, lock::text(&chain, chain.revisions()))?;
            times[3].push(time(|| prove_all(&directory))?);
            fs::remove_file(&lock_file)?;
        }
        let [both, proof, up, locked] = times.map(spread);
        let shown = |(least, middle, most): (Duration, Duration, Duration)| {
            format!("{middle:.2?} ({least:.2?} – {most:.2?})")
        };
        let ratio = |a: (Duration, Duration, Duration), b: (Duration, Duration, Duration)| {
            format!("{:.2} ×", a.1.as_secs_f64() / b.1.as_secs_f64())
        };
        println!(
            "| {count} | {} | {} | {} | {} | {} | {} |",
            shown(both),
            shown(proof),
            ratio(proof, both),
            shown(up),
            shown(locked),
            ratio(locked, up)
        );
    }
    Ok(())
}

fn time<T>(run: impl FnOnce() -> Result<T, Box<dyn Error>>) -> Result<Duration, Box<dyn Error>> {
    let start = Instant::now();
    let result = run()?;
    let duration = start.elapsed();
    // Dropping it is not what is measured.
    drop(result);
    Ok(duration)
}

/// All that a build does: reading, validating, proving.
fn prove_all(directory: &Path) -> Result<Chain, Box<dyn Error>> {
    Ok(prove(Draft::read(directory, "migrations"), Scope::Unlocked).finish()?)
}

fn run(chain: &Chain, down_and_up: bool) -> Result<Connection, Box<dyn Error>> {
    let connection = Connection::open_in_memory()?;
    connection.execute_batch("PRAGMA foreign_keys = OFF")?;
    let step = |half: &Half| -> rusqlite::Result<()> {
        connection.execute_batch("BEGIN IMMEDIATE")?;
        for statement in half.statements() {
            let mut statement = connection.prepare(statement.sql())?;
            let mut rows = statement.query([])?;
            while rows.next()?.is_some() {}
        }
        connection.execute_batch("COMMIT")
    };
    for revision in chain.revisions() {
        step(revision.upgrade())?;
        if let (true, Downgrade::Sql(downgrade)) = (down_and_up, revision.downgrade()) {
            step(downgrade)?;
            step(revision.upgrade())?;
        }
    }
    Ok(connection)
}
