//! Measures the time that `embed_migrations!` adds to the build of a crate.
//!
//! Two crates are built alternately: one embeds the chain, and the other reads it at run time.
//! They are otherwise the same. The times are those of `cargo build` after one migration, or the
//! source file, was touched.
//!
//! ```text
//! cargo run --manifest-path benches/Cargo.toml --bin embed
//! ```

use std::error::Error;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant, SystemTime};

use revchain_benches::{Spread, chain, write_chain};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const ROUNDS: usize = 9;

/// The way in which a crate gets its chain.
#[derive(Clone, Copy)]
enum Method {
    Read,
    Embed,
}

impl Method {
    /// Returns the name of the crate.
    fn name(self) -> &'static str {
        match self {
            Self::Read => "reads",
            Self::Embed => "embeds",
        }
    }

    /// Returns the file that must change for a rebuild.
    fn touched(self) -> &'static str {
        match self {
            Self::Read => "src/main.rs",
            Self::Embed => "migrations/20260101_0000_00001_revision.sql",
        }
    }
}

/// A crate with a chain.
struct Crate {
    root: PathBuf,
    target: PathBuf,
    method: Method,
}

fn main() -> Result<()> {
    let benches = Path::new(env!("CARGO_MANIFEST_DIR"));
    let work = benches.join("target/embed");
    let repository = benches.parent().ok_or("benches has no parent")?;
    println!("| revisions | profile | reads at run time | embeds | added |");
    println!("| --- | --- | --- | --- | --- |");
    for count in [10, 100, 1000] {
        for profile in ["dev", "release"] {
            let reading = Crate::create(&work, repository, Method::Read, count)?;
            let embedding = Crate::create(&work, repository, Method::Embed, count)?;
            print_row(&reading, &embedding, count, profile)?;
        }
    }
    Ok(())
}

fn print_row(reading: &Crate, embedding: &Crate, count: usize, profile: &str) -> Result<()> {
    reading.build(profile)?;
    embedding.build(profile)?;
    let (mut reads, mut embeds) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        reads.push(reading.rebuild(profile)?);
        embeds.push(embedding.rebuild(profile)?);
    }
    let reads = Spread::new(&reads).ok_or("no times")?;
    let embeds = Spread::new(&embeds).ok_or("no times")?;
    let added = embeds.median.as_secs_f64() - reads.median.as_secs_f64();
    println!(
        "| {count} | {profile} | {} | {} | {added:+.2} s |",
        cell(reads),
        cell(embeds)
    );
    Ok(())
}

fn cell(Spread { min, median, max }: Spread<Duration>) -> String {
    format!("{median:.2?} ({min:.2?} – {max:.2?})")
}

impl Crate {
    /// Writes the crate and its chain.
    fn create(work: &Path, repository: &Path, method: Method, count: usize) -> Result<Self> {
        let name = method.name();
        let root = work.join(name);
        fs::create_dir_all(root.join("src"))?;
        let migrations = root.join("migrations");
        write_chain(&migrations, &chain(count))?;
        fs::copy(repository.join("Cargo.lock"), root.join("Cargo.lock"))?;
        let manifest = format!(
            "[package]\nname = \"{name}\"\nedition = \"2024\"\n\n[workspace]\n\n[dependencies]\n\
             revchain = {{ path = {repository:?} }}\n\
             revchain-prove = {{ path = {:?}, features = [\"bundled\"] }}\n",
            repository.join("prove")
        );
        fs::write(root.join("Cargo.toml"), manifest)?;
        let value = match method {
            Method::Embed => "revchain::embed_migrations!()".to_owned(),
            Method::Read => {
                format!("revchain_prove::migrations_from_directory({migrations:?}).unwrap()")
            }
        };
        let program = format!(
            "fn main() {{\n    let migrations: revchain::Migrations = {value};\n    \
             migrations.open_in_memory().unwrap();\n}}\n"
        );
        fs::write(root.join("src/main.rs"), program)?;
        Ok(Self {
            root,
            target: work.join("target"),
            method,
        })
    }

    fn rebuild(&self, profile: &str) -> Result<Duration> {
        let touched = self.root.join(self.method.touched());
        let file = File::options().append(true).open(touched)?;
        file.set_modified(SystemTime::now())?;
        self.build(profile)
    }

    fn build(&self, profile: &str) -> Result<Duration> {
        let start = Instant::now();
        let status = Command::new(env!("CARGO"))
            .args(["build", "--quiet", "--offline", "--profile", profile])
            .current_dir(&self.root)
            .env("CARGO_TARGET_DIR", &self.target)
            .status()?;
        if status.success() {
            Ok(start.elapsed())
        } else {
            Err(format!("{} does not build", self.root.display()).into())
        }
    }
}
