//! Measures `cargo check` of programs whose queries are checked.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use revchain_benches::{Spread, chain, run, write_chain};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// The numbers of queries of each program.
const QUERIES: [usize; 2] = [1, 201];

/// The number of revisions of the chain.
const REVISIONS: usize = 100;

/// The number of measured checks of each program with each number of queries.
const ROUNDS: usize = 5;

/// A program, and the times of its checks.
struct Program {
    title: &'static str,
    root: PathBuf,
    /// The line of its manifest that names the library.
    dependency: String,
    /// Makes the expression of a query.
    query: fn(&str) -> String,
    /// The times for each number of queries.
    times: [Vec<Duration>; 2],
}

/// Prints a row for each program.
pub(crate) fn measure(work: &Path) -> Result<()> {
    let benches = Path::new(env!("CARGO_MANIFEST_DIR"));
    let repository = benches.parent().ok_or("benches has no parent")?;
    let database = work.join("app.db");
    let mut programs = [
        Program::new(work, "text", String::new(), |sql| format!("{sql:?}")),
        Program::new(
            work,
            "sql!",
            format!("revchain = {{ path = {repository:?} }}"),
            |sql| format!("revchain::sql!({sql:?})"),
        ),
        Program::new(
            work,
            "sqlx",
            // The version and the features of `benches/peers/sqlx`.
            "sqlx = { version = \"0.9\", features = [\"runtime-tokio\", \"sqlite\"] }".to_owned(),
            |sql| format!("sqlx::query!({sql:?}, 1_i64)"),
        ),
    ];
    for program in &programs {
        program.create()?;
    }
    let [text, sql, sqlx] = &programs;
    create_database(&sql.root.join("migrations"), &database)?;
    // Compiles the dependencies.
    run(&mut text.check())?;
    run(&mut sql.check())?;
    // As `cargo sqlx prepare` does, this asks the macros for the files of the offline mode.
    let offline_directory = sqlx.root.join(".sqlx");
    fs::create_dir_all(&offline_directory)?;
    run(sqlx
        .check()
        .env("DATABASE_URL", format!("sqlite:{}", database.display()))
        .env("SQLX_OFFLINE", "false")
        .env("SQLX_OFFLINE_DIR", &offline_directory))?;
    for _ in 0..ROUNDS {
        for program in &mut programs {
            for (index, count) in QUERIES.into_iter().enumerate() {
                let time = program.measure(count)?;
                program.times[index].push(time);
            }
        }
    }
    let [few, many] = QUERIES;
    println!(
        "| `cargo check`, {REVISIONS} revisions | {few} query | {many} queries | each further |"
    );
    println!("| --- | --- | --- | --- |");
    for program in &programs {
        program.print_row()?;
    }
    Ok(())
}

impl Program {
    fn new(
        work: &Path,
        title: &'static str,
        dependency: String,
        query: fn(&str) -> String,
    ) -> Self {
        Self {
            title,
            root: work.join(title.trim_end_matches('!')),
            dependency,
            query,
            times: [Vec::new(), Vec::new()],
        }
    }

    /// Writes the package and a chain.
    fn create(&self) -> Result<()> {
        fs::create_dir_all(self.root.join("src"))?;
        write_chain(&self.root.join("migrations"), &chain(REVISIONS))?;
        let dependency = &self.dependency;
        fs::write(
            self.root.join("Cargo.toml"),
            format!(
                "[package]\nname = \"queries\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\
                 [workspace]\n[dependencies]\n{dependency}\n"
            ),
        )?;
        let [_, many] = QUERIES;
        self.write_queries(many)
    }

    /// Writes the source file with this number of queries.
    fn write_queries(&self, count: usize) -> Result<()> {
        let queries: String = (0..count)
            .map(|number| format!("    let _ = {};\n", (self.query)(&text(number))))
            .collect();
        let source = format!("fn main() {{\n{queries}}}\n");
        fs::write(self.root.join("src/main.rs"), source)?;
        Ok(())
    }

    /// Returns the command that checks the program.
    fn check(&self) -> Command {
        let mut command = Command::new("cargo");
        command
            .args(["check", "--quiet"])
            .env("CARGO_TARGET_DIR", self.root.join("target"))
            .env("CARGO_INCREMENTAL", "0")
            .env("SQLX_OFFLINE", "true")
            .env_remove("DATABASE_URL")
            .current_dir(&self.root);
        command
    }

    /// Checks the program after an edit, and returns the processor time.
    fn measure(&self, count: usize) -> Result<Duration> {
        self.write_queries(count)?;
        let before = processor_time()?;
        run(&mut self.check())?;
        Ok(processor_time()?.saturating_sub(before))
    }

    fn print_row(&self) -> Result<()> {
        let [few, many] = &self.times;
        let few = Spread::new(few).ok_or("no times")?.median;
        let Spread { min, median, max } = Spread::new(many).ok_or("no times")?;
        let further = u32::try_from(QUERIES[1] - QUERIES[0])?;
        let each = median.saturating_sub(few) / further;
        let title = self.title;
        println!("| `{title}` | {few:.2?} | {median:.2?} ({min:.2?} – {max:.2?}) | {each:.2?} |");
        Ok(())
    }
}

/// Returns the text of a query on the tables that each chain has.
fn text(number: usize) -> String {
    let table = 1 + number % 4;
    match number % 4 {
        0 => format!("SELECT id, a, b FROM t{table} WHERE a = ?1 ORDER BY b LIMIT {number}"),
        1 => format!("UPDATE t{table} SET b = 'x' WHERE id = ?1 AND a > {number}"),
        2 => format!("DELETE FROM t{table} WHERE a < ?1 AND c > {number}"),
        _ => format!(
            "SELECT x.id FROM t1 x JOIN t{table} y ON y.a = x.a WHERE x.a > ?1 LIMIT {number}"
        ),
    }
}

/// Creates the database from which sqlx learns the schema.
fn create_database(migrations: &Path, database: &Path) -> Result<()> {
    let migrations = revchain_prove::migrations_from_directory_unproven(migrations)?;
    migrations.open(database)?;
    Ok(())
}

/// Returns the processor time of all programs that this program has run.
fn processor_time() -> Result<Duration> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let microseconds =
        usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    Ok(Duration::from_micros(u64::try_from(microseconds)?))
}
