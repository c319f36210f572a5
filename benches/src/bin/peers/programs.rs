//! The peers' programs: how they are built and called.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use revchain_benches::write_format;

use crate::Result;
use crate::process::Taken;

/// A library, and what must be said of it.
pub(crate) struct Peer {
    /// Of its folder, and of its form of the chain.
    pub(crate) name: &'static str,
    /// The crates whose versions are told.
    pub(crate) crates: &'static [&'static str],
    /// What it has seen to when it hands out a connection at the head.
    pub(crate) verifies: &'static str,
    /// Whether it takes minutes to compile a chain of 1,000 in release.
    pub(crate) slow_to_build: bool,
}

/// The first is the floor.
pub(crate) const PEERS: [Peer; 6] = [
    Peer {
        name: "floor",
        crates: &["rusqlite"],
        verifies: "nothing: it reads `user_version`, and runs what is pending by hand, in one transaction",
        slow_to_build: false,
    },
    Peer {
        name: "revchain",
        crates: &["revchain"],
        verifies: "that this very head was stamped and that no DDL has run since, by the marker in \
                   `user_version` and by `schema_version`; where they do not fit, that the history is the \
                   chain's, that no revision was edited since it was applied, and that the schema is the \
                   head's. What is pending is one transaction; its foreign keys and the schema that it made \
                   are checked",
        slow_to_build: false,
    },
    Peer {
        name: "rusqlite_migration",
        crates: &["rusqlite_migration"],
        verifies: "that `user_version` is the number of revisions; what is pending is one transaction",
        slow_to_build: false,
    },
    Peer {
        name: "refinery",
        crates: &["refinery"],
        verifies: "that the checksums of all applied revisions are the program's, and that none is missing; \
                   each pending revision is a transaction of its own (`set_grouped` makes it one)",
        slow_to_build: true,
    },
    Peer {
        name: "diesel",
        crates: &["diesel", "diesel_migrations"],
        verifies: "that each revision of the program is recorded, by its version; each pending revision is a \
                   transaction of its own",
        slow_to_build: false,
    },
    Peer {
        name: "sqlx",
        crates: &["sqlx"],
        verifies: "that the checksums of all applied revisions are the program's, that none is missing and \
                   none is half done; each pending revision is a transaction of its own",
        slow_to_build: false,
    },
];

/// Which of a peer's two programs.
#[derive(Clone, Copy)]
pub(crate) enum Program {
    /// The one with the clock.
    Measure,
    /// The one that only opens its database: its size, its build and its process are what is measured.
    Least,
}

impl Program {
    pub(crate) fn name(self, peer: &Peer) -> String {
        match self {
            Self::Measure => "measure".to_owned(),
            Self::Least => format!("bench-{}", peer.name),
        }
    }
}

/// Where everything is.
pub(crate) struct Programs {
    here: PathBuf,
    target: PathBuf,
}

impl Programs {
    pub(crate) fn new(here: &Path) -> Self {
        Self { here: here.to_owned(), target: here.join("target") }
    }

    /// Where the databases are.
    pub(crate) fn work(&self) -> PathBuf {
        self.target.join("peers/work")
    }

    /// Where the chain is that a peer embeds.
    pub(crate) fn chain(&self, peer: &Peer, count: usize) -> PathBuf {
        self.target.join(format!("chains/{}/{count}", peer.name))
    }

    /// Cargo, for a peer.
    pub(crate) fn cargo(&self, peer: &Peer, command: &str) -> Command {
        let mut cargo = Command::new("cargo");
        let manifest = self.here.join("peers").join(peer.name).join("Cargo.toml");
        cargo.arg(command).arg("--quiet").arg("--manifest-path").arg(manifest);
        cargo
    }

    /// Downloads are not what is measured.
    pub(crate) fn fetch(&self, peer: &Peer) -> Result<()> {
        output(&mut self.cargo(peer, "fetch")).map(|_| ())
    }

    /// Writes the chain. Returns the file that has the last revision's upgrade.
    pub(crate) fn embed(&self, peer: &Peer, count: usize) -> Result<PathBuf> {
        Ok(write_format(peer.name, &self.chain(peer, count), count)?)
    }

    /// Builds a program in release, and returns its size.
    pub(crate) fn build(&self, peer: &Peer, count: usize, program: Program) -> Result<u64> {
        let target = self.target.join("peers").join(peer.name);
        let name = program.name(peer);
        let mut cargo = self.cargo(peer, "build");
        cargo.args(["--offline", "--release", "--bin", &name, "--target-dir"]).arg(&target);
        output(cargo.args(features(count)))?;
        // The next length of the chain is built over it.
        let kept = self.program(peer, count, program);
        fs::create_dir_all(self.work())?;
        fs::create_dir_all(kept.parent().ok_or("a file is in a folder")?)?;
        Ok(fs::copy(target.join("release").join(name), kept)?)
    }

    fn program(&self, peer: &Peer, count: usize, program: Program) -> PathBuf {
        self.target.join("peers/bin").join(format!("{}-{count}-{}", peer.name, program.name(peer)))
    }

    /// What is in the program, without the macros that are only in the compiler and what those need, and without the
    /// program itself and the clock.
    pub(crate) fn crates(&self, peer: &Peer) -> Result<usize> {
        let mut cargo = self.cargo(peer, "tree");
        let lines = output(cargo.args([
            "--offline",
            "-e",
            "normal,no-proc-macro",
            "--prefix",
            "none",
            "--no-dedupe",
        ]))?;
        let crates: BTreeSet<&str> =
            lines.iter().filter(|line| !line.starts_with("bench-")).map(String::as_str).collect();
        Ok(crates.len())
    }

    /// The version of a crate that a peer is built with.
    pub(crate) fn version(&self, peer: &Peer, name: &str) -> Result<String> {
        let lock = fs::read_to_string(self.here.join("peers").join(peer.name).join("Cargo.lock"))?;
        let key = format!("name = \"{name}\"\nversion = \"");
        let version = lock.split(&key).nth(1).and_then(|rest| rest.split('"').next());
        Ok(version.ok_or_else(|| format!("{name} is not in the lock"))?.to_owned())
    }

    fn database(&self, peer: &Peer, count: usize, file: &str) -> PathBuf {
        self.work().join(format!("{}-{count}-{file}", peer.name))
    }

    /// Calls the program with the clock.
    pub(crate) fn run(
        &self,
        peer: &Peer,
        count: usize,
        scenario: &str,
        file: &str,
        often: usize,
    ) -> Result<Vec<String>> {
        let mut command = Command::new(self.program(peer, count, Program::Measure));
        output(command.arg(scenario).arg(self.database(peer, count, file)).arg(often.to_string()))
    }

    /// What the clock says.
    pub(crate) fn times(
        &self,
        peer: &Peer,
        count: usize,
        scenario: &str,
        file: &str,
        often: usize,
    ) -> Result<Vec<Duration>> {
        let lines = self.run(peer, count, scenario, file, often)?;
        lines.iter().map(|line| Ok(Duration::from_nanos(line.parse()?))).collect()
    }

    /// Starts the program that only opens its database, so often.
    pub(crate) fn processes(&self, peer: &Peer, count: usize, file: &str, often: usize) -> Result<Taken> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("--process").arg(self.program(peer, count, Program::Least));
        Taken::parse(&output(command.arg(self.database(peer, count, file)).arg(often.to_string()))?)
    }
}

/// The feature that chooses the chain.
pub(crate) fn features(count: usize) -> Vec<String> {
    match count {
        10 => Vec::new(),
        _ => vec!["--features".to_owned(), format!("c{count}")],
    }
}

/// The lines that a command prints.
pub(crate) fn output(command: &mut Command) -> Result<Vec<String>> {
    let output = command.output()?;
    if !output.status.success() {
        return Err(
            format!("{command:?}: {}\n{}", output.status, String::from_utf8_lossy(&output.stderr)).into()
        );
    }
    Ok(String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect())
}
