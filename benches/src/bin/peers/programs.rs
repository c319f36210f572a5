//! The programs of the peers: how the suite builds and calls them.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use revchain_benches::write_format;

use crate::Result;
use crate::process::ProcessUsage;

/// A library that is compared.
pub(crate) struct Peer {
    /// The name of its directory, and of its format of the chain.
    pub(crate) name: &'static str,
    /// The crates whose versions are reported.
    pub(crate) crates: &'static [&'static str],
    /// The checks before it returns a connection at the head, as sentences.
    pub(crate) verifies: &'static str,
    /// `true` if a chain of 1,000 revisions takes minutes to compile in release.
    pub(crate) is_slow_to_build: bool,
}

/// The peers. The first is the floor.
pub(crate) static PEERS: [Peer; 6] = [
    Peer {
        name: "floor",
        crates: &["rusqlite"],
        verifies: "Nothing. It reads `user_version`, and runs pending SQL in one transaction.",
        is_slow_to_build: false,
    },
    Peer {
        name: "revchain",
        crates: &["revchain"],
        verifies: "The database was stamped with this head, and no DDL ran since, by the marker in \
                   `user_version` and by `schema_version`. If these do not match: the history is \
                   that of the chain, no applied revision was edited, and the schema is that of \
                   the head. Pending revisions run in one transaction, with checks of the foreign \
                   keys and of the new schema.",
        is_slow_to_build: false,
    },
    Peer {
        name: "rusqlite_migration",
        crates: &["rusqlite_migration"],
        verifies: "`user_version` is the number of revisions. Pending revisions run in one \
                   transaction.",
        is_slow_to_build: false,
    },
    Peer {
        name: "refinery",
        crates: &["refinery"],
        verifies: "The checksums of all applied revisions are those of the program, and no \
                   revision is missing. Each pending revision runs in its own transaction \
                   (`set_grouped` makes it one transaction).",
        is_slow_to_build: true,
    },
    Peer {
        name: "diesel",
        crates: &["diesel", "diesel_migrations"],
        verifies: "Each revision of the program is recorded, by its version. Each pending revision \
                   runs in its own transaction.",
        is_slow_to_build: false,
    },
    Peer {
        name: "sqlx",
        crates: &["sqlx"],
        verifies: "The checksums of all applied revisions are those of the program, no revision is \
                   missing, and no revision is partially applied. Each pending revision runs in \
                   its own transaction.",
        is_slow_to_build: false,
    },
];

/// A program of a peer.
#[derive(Clone, Copy)]
pub(crate) enum Program {
    /// The program that measures scenarios.
    Measure,
    /// The program that only opens its database, for its size, its build and its process.
    Minimal,
    /// The same program without the optional parts of the library. Only revchain has it.
    Smallest,
}

impl Program {
    pub(crate) fn name(self, peer: &Peer) -> String {
        match self {
            Self::Measure => "measure".to_owned(),
            Self::Minimal | Self::Smallest => format!("bench-{}", peer.name),
        }
    }
}

/// A call of the program that measures scenarios.
#[derive(Clone, Copy)]
pub(crate) struct Call<'c> {
    pub(crate) peer: &'c Peer,
    /// The number of revisions.
    pub(crate) count: usize,
    pub(crate) scenario: &'c str,
    /// The name of the database.
    pub(crate) file: &'c str,
    pub(crate) repetitions: usize,
}

/// The directories of the programs.
pub(crate) struct Programs {
    benches: PathBuf,
    target: PathBuf,
}

impl Programs {
    pub(crate) fn new(benches: &Path) -> Self {
        Self {
            benches: benches.to_owned(),
            target: benches.join("target"),
        }
    }

    /// Returns the directory of the databases.
    pub(crate) fn work(&self) -> PathBuf {
        self.target.join("peers/work")
    }

    /// Returns the directory of the chain that a peer embeds.
    pub(crate) fn chain(&self, peer: &Peer, count: usize) -> PathBuf {
        self.target.join(format!("chains/{}/{count}", peer.name))
    }

    fn package(&self, peer: &Peer) -> PathBuf {
        self.benches.join("peers").join(peer.name)
    }

    /// Returns a command of cargo for the package of a peer.
    pub(crate) fn cargo(&self, peer: &Peer, command: &str) -> Command {
        let mut cargo = Command::new("cargo");
        let manifest = self.package(peer).join("Cargo.toml");
        cargo
            .args([command, "--quiet", "--manifest-path"])
            .arg(manifest);
        cargo
    }

    /// Downloads the dependencies, so that builds do not.
    pub(crate) fn fetch(&self, peer: &Peer) -> Result<()> {
        output(&mut self.cargo(peer, "fetch")).map(|_| ())
    }

    /// Writes the chain, and returns the file with the upgrade of the last revision.
    pub(crate) fn embed(&self, peer: &Peer, count: usize) -> Result<PathBuf> {
        Ok(write_format(peer.name, &self.chain(peer, count), count)?)
    }

    /// Builds a program in release, and returns its size in bytes.
    pub(crate) fn build(&self, peer: &Peer, count: usize, program: Program) -> Result<u64> {
        let target = self.target.join("peers").join(peer.name);
        let name = program.name(peer);
        let mut cargo = self.cargo(peer, "build");
        cargo.args(["--offline", "--release", "--bin", &name]);
        cargo.arg("--target-dir").arg(&target);
        if let Program::Smallest = program {
            cargo.args(["--no-default-features", "--features", "prove"]);
        }
        output(cargo.args(features(count)))?;
        // The program with another length of the chain replaces this one in the target directory.
        let copy = self.program(peer, count, program);
        fs::create_dir_all(self.work())?;
        fs::create_dir_all(copy.parent().ok_or("the copy has no directory")?)?;
        Ok(fs::copy(target.join("release").join(name), copy)?)
    }

    fn program(&self, peer: &Peer, count: usize, program: Program) -> PathBuf {
        let suffix = match program {
            Program::Smallest => "-smallest",
            Program::Measure | Program::Minimal => "",
        };
        let name = format!("{}-{count}-{}{suffix}", peer.name, program.name(peer));
        self.target.join("peers/bin").join(name)
    }

    /// Returns the number of crates in the program of a peer.
    ///
    /// Procedural macros and their dependencies, the program itself, and the harness do not count.
    pub(crate) fn crates(&self, peer: &Peer) -> Result<usize> {
        let mut cargo = self.cargo(peer, "tree");
        cargo.args(["--offline", "-e", "normal,no-proc-macro"]);
        let lines = output(cargo.args(["--prefix", "none", "--no-dedupe"]))?;
        let crates = lines.iter().filter(|line| !line.starts_with("bench-"));
        Ok(crates.collect::<BTreeSet<_>>().len())
    }

    /// Returns the version of a crate in the program of a peer.
    pub(crate) fn version(&self, peer: &Peer, name: &str) -> Result<String> {
        let lock_file = fs::read_to_string(self.package(peer).join("Cargo.lock"))?;
        let key = format!("name = \"{name}\"\nversion = \"");
        let version = lock_file.split(&key).nth(1);
        let version = version.and_then(|rest| rest.split('"').next());
        let version = version.ok_or_else(|| format!("{name} is not in Cargo.lock"))?;
        Ok(version.to_owned())
    }

    fn database(&self, peer: &Peer, count: usize, file: &str) -> PathBuf {
        self.work().join(format!("{}-{count}-{file}", peer.name))
    }

    /// Runs the program that measures scenarios, and returns its output.
    pub(crate) fn run(&self, call: Call<'_>) -> Result<Vec<String>> {
        let program = self.program(call.peer, call.count, Program::Measure);
        let database = self.database(call.peer, call.count, call.file);
        let mut command = Command::new(program);
        command.arg(call.scenario).arg(database);
        output(command.arg(call.repetitions.to_string()))
    }

    /// Runs the program that measures scenarios, and returns the times.
    pub(crate) fn times(&self, call: Call<'_>) -> Result<Vec<Duration>> {
        let lines = self.run(call)?;
        let times = lines
            .iter()
            .map(|line| Ok(Duration::from_nanos(line.parse()?)));
        times.collect()
    }

    /// Starts the minimal program `repetitions` times.
    pub(crate) fn processes(
        &self,
        peer: &Peer,
        count: usize,
        file: &str,
        repetitions: usize,
    ) -> Result<ProcessUsage> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("--process");
        command.arg(self.program(peer, count, Program::Minimal));
        command.arg(self.database(peer, count, file));
        ProcessUsage::parse(&output(command.arg(repetitions.to_string()))?)
    }
}

/// Returns the arguments for the feature that selects the chain.
pub(crate) fn features(count: usize) -> Vec<String> {
    match count {
        10 => Vec::new(),
        _ => vec!["--features".to_owned(), format!("c{count}")],
    }
}

/// Returns the lines that a command prints.
pub(crate) fn output(command: &mut Command) -> Result<Vec<String>> {
    let output = command.output()?;
    if !output.status.success() {
        let errors = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{command:?}: {}\n{errors}", output.status).into());
    }
    let lines = String::from_utf8_lossy(&output.stdout);
    Ok(lines.lines().map(str::to_owned).collect())
}
