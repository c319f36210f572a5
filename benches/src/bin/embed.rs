//! What `embed_migrations!` adds to the build of the crate that it stands in.
//!
//! Two crates are built again and again, in turns: one embeds the chain, the other reads it when it runs, and is the
//! same otherwise. Times are of `cargo build` after one migration, or the source, was touched.
//!
//! ```text
//! cargo run --manifest-path benches/Cargo.toml --bin embed
//! ```

use std::error::Error;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant, SystemTime};

use revchain_benches::{spread, write_chain};

const ROUNDS: usize = 9;

fn main() -> Result<(), Box<dyn Error>> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let work = here.join("target/embed");
    println!("| revisions | profile | reads at run time | embeds | added |");
    println!("| --- | --- | --- | --- | --- |");
    for count in [10, 100, 1000] {
        for profile in ["dev", "release"] {
            let without = make(&work, here, "reads", count)?;
            let with = make(&work, here, "embeds", count)?;
            build(&work, &without, profile)?;
            build(&work, &with, profile)?;
            let (mut reads, mut embeds) = (Vec::new(), Vec::new());
            for _ in 0..ROUNDS {
                reads.push(rebuild(&work, &without, "src/main.rs", profile)?);
                embeds.push(rebuild(&work, &with, "migrations/20260101_0000_00001_revision.sql", profile)?);
            }
            let ((a0, a, a1), (b0, b, b1)) = (spread(reads), spread(embeds));
            let added = b.as_secs_f64() - a.as_secs_f64();
            println!(
                "| {count} | {profile} | {a:.2?} ({a0:.2?} – {a1:.2?}) | {b:.2?} ({b0:.2?} – {b1:.2?}) | {added:+.2} s |"
            );
        }
    }
    Ok(())
}

/// Writes a crate with a chain beside it.
fn make(work: &Path, here: &Path, name: &str, count: usize) -> Result<PathBuf, Box<dyn Error>> {
    let root = work.join(name);
    fs::create_dir_all(root.join("src"))?;
    write_chain(&root.join("migrations"), count)?;
    let revchain = here.parent().ok_or("benches has no parent")?;
    fs::copy(revchain.join("Cargo.lock"), root.join("Cargo.lock"))?;
    fs::write(
        root.join("Cargo.toml"),
        format!(
            "[package]\nname = \"{name}\"\nedition = \"2024\"\n\n[workspace]\n\n[dependencies]\nrevchain = {{ path = {revchain:?} }}\n"
        ),
    )?;
    let value = match name {
        "embeds" => "revchain::embed_migrations!()".to_owned(),
        _ => format!(
            "revchain::Migrations::from_directory(std::path::Path::new({:?})).unwrap()",
            root.join("migrations")
        ),
    };
    fs::write(
        root.join("src/main.rs"),
        format!(
            "fn main() {{\n    let migrations: revchain::Migrations = {value};\n    migrations.open_in_memory().unwrap();\n}}\n"
        ),
    )?;
    Ok(root)
}

fn rebuild(work: &Path, root: &Path, touched: &str, profile: &str) -> Result<Duration, Box<dyn Error>> {
    File::options().append(true).open(root.join(touched))?.set_modified(SystemTime::now())?;
    build(work, root, profile)
}

fn build(work: &Path, root: &Path, profile: &str) -> Result<Duration, Box<dyn Error>> {
    let start = Instant::now();
    let status = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--offline", "--profile", profile])
        .current_dir(root)
        .env("CARGO_TARGET_DIR", work.join("target"))
        .status()?;
    if status.success() {
        Ok(start.elapsed())
    } else {
        Err(format!("{} does not build", root.display()).into())
    }
}
