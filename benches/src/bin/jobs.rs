//! Measures a job against the same UPDATE in one transaction.
//!
//! Both change a column in each of 1,000,000 rows of a file.
//! The job calls its function for 1,000 rows at a time, and commits after each call.
//!
//! ```text
//! cargo run --release --manifest-path benches/Cargo.toml --bin jobs
//! ```

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use revchain_benches::Spread;
use revchain_prove::migrations_from_directory;
use revchain_runtime::internal::{JobFunction, JobTable, call_job};
use revchain_runtime::rusqlite::{self, Connection, Transaction};
use revchain_runtime::{Done, Migrations, Progress};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const ROUNDS: usize = 7;
const ROWS: i64 = 1_000_000;
const BATCH: i64 = 1_000;

const MIGRATION: &str = "-- Create the tokens.
-- @revises base
-- @job encrypt

-- @upgrade
CREATE TABLE tokens (id INTEGER PRIMARY KEY, secret TEXT NOT NULL);

-- @downgrade
DROP TABLE tokens;
";

static FUNCTIONS: JobTable = JobTable::new(&[JobFunction {
    name: "encrypt",
    run: |transaction, progress| call_job(encrypt, transaction, progress),
}]);

fn encrypt(transaction: &Transaction<'_>, progress: &mut Progress<'_>) -> rusqlite::Result<Done> {
    let before: i64 = progress.watermark()?.unwrap_or(0);
    let end = before + BATCH;
    let sql = "UPDATE tokens SET secret = upper(secret) WHERE id > ?1 AND id <= ?2";
    transaction.execute(sql, [before, end])?;
    progress.set_watermark(end)?;
    progress.rows(end.unsigned_abs(), ROWS.unsigned_abs());
    Ok(if end < ROWS { Done::NotYet } else { Done::Yes })
}

fn main() -> Result<()> {
    let work = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/jobs");
    let _ = fs::remove_dir_all(&work);
    let directory = work.join("migrations");
    fs::create_dir_all(&directory)?;
    fs::write(directory.join("20260101_0000_001_tokens.sql"), MIGRATION)?;
    let migrations = migrations_from_directory(&directory)?.with_jobs(&FUNCTIONS);
    println!("| journal | synchronous | one transaction | batches by hand | job | ratio |");
    println!("| --- | --- | --- | --- | --- | --- |");
    for (journal, synchronous) in [("wal", "off"), ("wal", "normal")] {
        let database = Database {
            path: work.join("app.db"),
            settings: format!(
                "PRAGMA journal_mode = {journal}; PRAGMA synchronous = {synchronous}"
            ),
            migrations: &migrations,
        };
        let (mut updates, mut batches, mut jobs) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            updates.push(database.update()?);
            batches.push(database.update_in_batches()?);
            jobs.push(database.run_job()?);
        }
        let update = Spread::new(&updates).ok_or("no times")?;
        let job = Spread::new(&jobs).ok_or("no times")?;
        let by_hand = Spread::new(&batches).ok_or("no times")?;
        let ratio = job.median.as_secs_f64() / update.median.as_secs_f64();
        println!(
            "| {journal} | {synchronous} | {} | {} | {} | {ratio:.2} × |",
            text(update),
            text(by_hand),
            text(job)
        );
    }
    fs::remove_dir_all(&work)?;
    Ok(())
}

/// Returns the median, and the extremes in parentheses.
fn text(times: Spread<Duration>) -> String {
    format!("{:.0?} ({:.0?}–{:.0?})", times.median, times.min, times.max)
}

/// The file that is made anew for each measurement.
struct Database<'m> {
    path: PathBuf,
    settings: String,
    migrations: &'m Migrations,
}

impl Database<'_> {
    fn create(&self) -> Result<Connection> {
        for suffix in ["", "-wal", "-shm", "-journal"] {
            let mut path = self.path.clone().into_os_string();
            path.push(suffix);
            let _ = fs::remove_file(path);
        }
        let db = self.migrations.open(&self.path)?;
        db.execute_batch(&self.settings)?;
        db.execute(
            "WITH RECURSIVE n (id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id < ?1)
             INSERT INTO tokens SELECT id, 'token of the user ' || id FROM n",
            [ROWS],
        )?;
        let _: i64 = db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
        Ok(db)
    }

    fn update(&self) -> Result<Duration> {
        let db = self.create()?;
        let start = Instant::now();
        db.execute("UPDATE tokens SET secret = upper(secret)", [])?;
        Ok(start.elapsed())
    }

    /// Does what the job does, without revchain and without storing any progress.
    fn update_in_batches(&self) -> Result<Duration> {
        let db = self.create()?;
        let start = Instant::now();
        for before in (0..ROWS).step_by(usize::try_from(BATCH)?) {
            db.execute_batch("BEGIN IMMEDIATE")?;
            let sql = "UPDATE tokens SET secret = upper(secret) WHERE id > ?1 AND id <= ?2";
            db.execute(sql, [before, before + BATCH])?;
            db.execute_batch("COMMIT")?;
        }
        Ok(start.elapsed())
    }

    fn run_job(&self) -> Result<Duration> {
        let mut db = self.create()?;
        let start = Instant::now();
        let report = self.migrations.run_jobs(&mut db, Duration::MAX)?;
        let duration = start.elapsed();
        if report.jobs[0].batches != (ROWS / BATCH).unsigned_abs() {
            return Err("the job ran in other batches".into());
        }
        Ok(duration)
    }
}
