//! What the proof adds to the first build of a program, when nothing is compiled yet: the token store, in dev, with the
//! feature `prove` and without it.
//!
//! ```text
//! cargo run --manifest-path benches/Cargo.toml --bin cold
//! ```

use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use revchain_benches::spread;

const ROUNDS: usize = 3;

fn main() -> Result<(), Box<dyn Error>> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let work = here.join("target/cold");
    let root = here.parent().ok_or("this is no folder of the repository")?;
    // A package of its own for each, since features of a workspace's members are chosen together.
    let mut times: [Vec<Duration>; 2] = Default::default();
    for _ in 0..ROUNDS {
        for (times, prove) in times.iter_mut().zip([false, true]) {
            times.push(build(&work, root, prove)?);
        }
    }
    let [without, with] = times.map(spread);
    println!("| token-store, dev, from nothing | least | median | most |");
    println!("| --- | --- | --- | --- |");
    for (name, (least, middle, most)) in [("without the proof", without), ("with it", with)] {
        println!("| {name} | {least:.1?} | {middle:.1?} | {most:.1?} |");
    }
    println!("\n{:.2} ×", with.1.as_secs_f64() / without.1.as_secs_f64());
    Ok(())
}

fn build(work: &Path, root: &Path, prove: bool) -> Result<Duration, Box<dyn Error>> {
    let package = work.join(if prove { "with" } else { "without" });
    let _ = fs::remove_dir_all(&package);
    fs::create_dir_all(package.join("src/bin"))?;
    let example = root.join("examples/token-store");
    for file in ["src/lib.rs", "src/main.rs", "build.rs"] {
        fs::copy(example.join(file), package.join(file))?;
    }
    fs::create_dir_all(package.join("migrations"))?;
    for file in fs::read_dir(root.join("migrations"))? {
        let file = file?;
        fs::copy(file.path(), package.join("migrations").join(file.file_name()))?;
    }
    for module in fs::read_dir(example.join("src"))? {
        let module = module?;
        if module.path().is_file() {
            fs::copy(module.path(), package.join("src").join(module.file_name()))?;
        }
    }
    let manifest = fs::read_to_string(example.join("Cargo.toml"))?;
    let features = if prove { "\"bundled\", \"cli\", \"prove\"" } else { "\"bundled\", \"cli\"" };
    let revchain = format!(
        "revchain = {{ path = {:?}, default-features = false, features = [{features}] }}",
        root.display().to_string()
    );
    let lines =
        manifest.split("[dev-dependencies]").next().unwrap_or_default().lines().map(|line| match line {
            line if line.starts_with("revchain = ") => revchain.clone(),
            line if line.contains(".workspace = true") => match line.split('.').next() {
                Some("version") => "version = \"0.0.0\"".to_owned(),
                Some("edition") => "edition = \"2024\"".to_owned(),
                _ => String::new(),
            },
            line => line.to_owned(),
        });
    let text: Vec<String> = lines.collect();
    fs::write(package.join("Cargo.toml"), format!("{}\n[workspace]\n", text.join("\n")))?;
    fs::copy(root.join("Cargo.lock"), package.join("Cargo.lock"))?;
    // Downloads are not what is measured.
    run(Command::new("cargo").arg("fetch").current_dir(&package))?;
    let start = Instant::now();
    run(Command::new("cargo")
        .args(["build", "--quiet", "--offline"])
        .env("CARGO_TARGET_DIR", package.join("target"))
        .current_dir(&package))?;
    Ok(start.elapsed())
}

fn run(command: &mut Command) -> Result<(), Box<dyn Error>> {
    let status = command.status()?;
    if status.success() { Ok(()) } else { Err(format!("{command:?}: {status}").into()) }
}
