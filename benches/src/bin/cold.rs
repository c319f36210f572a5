//! Measures the first build of a program with and without the feature `prove`.
//!
//! The program is the token store, in the profile `dev`. Nothing is compiled before.
//!
//! ```text
//! cargo run --manifest-path benches/Cargo.toml --bin cold
//! ```

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use revchain_benches::{Spread, run};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const ROUNDS: usize = 3;

/// The features of the token store, without the proof.
const FEATURES: &str = "\"bundled\", \"cli\", \"stored-downgrades\"";

/// A copy of the token store as a package of its own.
///
/// Cargo unifies the features of the members of a workspace, so the packages cannot be members.
struct Package {
    title: &'static str,
    root: PathBuf,
    features: String,
    times: Vec<Duration>,
}

fn main() -> Result<()> {
    let benches = Path::new(env!("CARGO_MANIFEST_DIR"));
    let work = benches.join("target/cold");
    let repository = benches.parent().ok_or("benches has no parent")?;
    let mut without = Package {
        title: "without the proof",
        root: work.join("without"),
        features: FEATURES.to_owned(),
        times: Vec::new(),
    };
    let mut with = Package {
        title: "with the proof",
        root: work.join("with"),
        features: format!("{FEATURES}, \"prove\""),
        times: Vec::new(),
    };
    for _ in 0..ROUNDS {
        for package in [&mut without, &mut with] {
            package.create(repository)?;
            let time = package.build()?;
            package.times.push(time);
        }
    }
    println!("| token-store, dev, first build | minimum | median | maximum |");
    println!("| --- | --- | --- | --- |");
    let without = without.print_row()?;
    let with = with.print_row()?;
    println!("\n{:.2} ×", with.as_secs_f64() / without.as_secs_f64());
    Ok(())
}

impl Package {
    /// Copies the token store and its migrations.
    fn create(&self, repository: &Path) -> Result<()> {
        let example = repository.join("examples/token-store");
        let _ = fs::remove_dir_all(&self.root);
        fs::create_dir_all(&self.root)?;
        copy_files(&example.join("src"), &self.root.join("src"))?;
        copy_files(&example.join("migrations"), &self.root.join("migrations"))?;
        fs::copy(example.join("build.rs"), self.root.join("build.rs"))?;
        fs::copy(repository.join("Cargo.lock"), self.root.join("Cargo.lock"))?;
        let manifest = fs::read_to_string(example.join("Cargo.toml"))?;
        let manifest = self.manifest(&manifest, repository);
        fs::write(self.root.join("Cargo.toml"), manifest)?;
        Ok(())
    }

    /// Returns the manifest of the token store without what it inherits from the workspace.
    fn manifest(&self, example: &str, repository: &Path) -> String {
        let mut manifest = String::new();
        let lines = example.lines();
        for line in lines.take_while(|line| *line != "[dev-dependencies]") {
            if line.starts_with("revchain = ") {
                manifest += &format!(
                    "revchain = {{ path = {repository:?}, default-features = false, features = [{}] }}",
                    self.features
                );
            } else if line == "version.workspace = true" {
                manifest += "version = \"0.0.0\"";
            } else if line == "edition.workspace = true" {
                manifest += "edition = \"2024\"";
            } else if !line.contains(".workspace = true") {
                manifest += line;
            }
            manifest += "\n";
        }
        manifest + "[workspace]\n"
    }

    /// Builds the package in a new target directory, and returns the time.
    fn build(&self) -> Result<Duration> {
        // The time of downloads does not count.
        run(Command::new("cargo").arg("fetch").current_dir(&self.root))?;
        let start = Instant::now();
        run(Command::new("cargo")
            .args(["build", "--quiet", "--offline"])
            .env("CARGO_TARGET_DIR", self.root.join("target"))
            .current_dir(&self.root))?;
        Ok(start.elapsed())
    }

    /// Prints the times, and returns the median.
    fn print_row(&self) -> Result<Duration> {
        let Spread { min, median, max } = Spread::new(&self.times).ok_or("no times")?;
        println!("| {} | {min:.1?} | {median:.1?} | {max:.1?} |", self.title);
        Ok(median)
    }
}

/// Copies the files of a directory, without its subdirectories.
fn copy_files(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        if entry.path().is_file() {
            fs::copy(entry.path(), to.join(entry.file_name()))?;
        }
    }
    Ok(())
}
