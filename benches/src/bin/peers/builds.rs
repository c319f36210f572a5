//! Measures builds: from nothing, and after an edit of one migration.
//!
//! Builds take long, so they are not part of the rounds.
//! A build from nothing is measured once, and a rebuild [`REBUILDS`] times.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use revchain_core::{LoadedMigrations, lock_file};

use crate::Result;
use crate::programs::{Peer, Program, Programs, features, output};

/// The number of measured rebuilds.
pub(crate) const REBUILDS: usize = 3;

/// The measured builds of the minimal program of a peer.
pub(crate) struct Build {
    pub(crate) peer: &'static str,
    /// The text after the name of the peer, if the peer is built in several variants.
    pub(crate) variant: &'static str,
    /// The number of revisions.
    pub(crate) count: usize,
    pub(crate) profile: &'static str,
    /// The build from nothing; `None` if an earlier variant has the same one.
    pub(crate) clean: Option<Duration>,
    pub(crate) rebuilds: Vec<Duration>,
}

/// A variant of the build of a peer.
struct Variant {
    name: &'static str,
    arguments: &'static [&'static str],
    /// `true` if all revisions but the last are locked.
    is_locked: bool,
}

const DEFAULT_VARIANT: [Variant; 1] = [Variant {
    name: "",
    arguments: &[],
    is_locked: false,
}];

/// Variants with the same arguments follow each other: the first of them is built from nothing.
const REVCHAIN_VARIANTS: [Variant; 3] = [
    Variant {
        name: "",
        arguments: &[],
        is_locked: false,
    },
    Variant {
        name: ", all but the last locked",
        arguments: &[],
        is_locked: true,
    },
    Variant {
        name: ", without the proof",
        arguments: &["--no-default-features", "--features", "adopt,backup"],
        is_locked: false,
    },
];

fn variants(peer: &Peer) -> &'static [Variant] {
    if peer.name == "revchain" {
        &REVCHAIN_VARIANTS
    } else {
        &DEFAULT_VARIANT
    }
}

/// Builds each variant of each peer with each profile and length of the chain.
pub(crate) fn measure(programs: &Programs, peers: &[&Peer]) -> Result<Vec<Build>> {
    let mut builds = Vec::new();
    let target = programs.work().with_file_name("build");
    for peer in peers {
        for profile in ["dev", "release"] {
            let mut last_arguments = None;
            for variant in variants(peer) {
                for count in [100, 1000] {
                    let is_first =
                        last_arguments.replace(variant.arguments) != Some(variant.arguments);
                    let builder = Builder {
                        programs,
                        peer,
                        variant,
                        profile,
                        count,
                        target: &target,
                    };
                    builds.push(builder.measure(is_first)?);
                }
            }
        }
    }
    let _ = fs::remove_dir_all(target);
    Ok(builds)
}

/// The settings of a build.
struct Builder<'a> {
    programs: &'a Programs,
    peer: &'a Peer,
    variant: &'a Variant,
    profile: &'static str,
    count: usize,
    target: &'a Path,
}

impl Builder<'_> {
    /// Measures the rebuilds, and the build from nothing if `is_first`.
    fn measure(&self, is_first: bool) -> Result<Build> {
        let Self {
            programs,
            peer,
            variant,
            profile,
            count,
            ..
        } = *self;
        let name = format!("{}{}", peer.name, variant.name);
        eprintln!("building {name} with {count} revisions in {profile}");
        let edited = programs.embed(peer, count)?;
        if variant.is_locked {
            lock_all_but_last(&programs.chain(peer, count))?;
        }
        let mut clean = None;
        if is_first {
            let _ = fs::remove_dir_all(self.target);
            clean = Some(self.build()?);
        } else {
            // This build compiles the new chain or lock file. All else is built already.
            self.build()?;
        }
        let rebuilds = self.rebuild(&edited)?;
        // Removes the edits and the lock file.
        programs.embed(peer, count)?;
        Ok(Build {
            peer: peer.name,
            variant: variant.name,
            count,
            profile,
            clean,
            rebuilds,
        })
    }

    /// Edits a migration before each rebuild.
    fn rebuild(&self, edited: &PathBuf) -> Result<Vec<Duration>> {
        let mut rebuilds = Vec::new();
        for number in 0..REBUILDS {
            let mut file = File::options().append(true).open(edited)?;
            writeln!(file, "-- Edit {number}.")?;
            rebuilds.push(self.build()?);
        }
        Ok(rebuilds)
    }

    fn build(&self) -> Result<Duration> {
        let mut cargo = self.programs.cargo(self.peer, "build");
        let program = Program::Minimal.name(self.peer);
        cargo.args(["--offline", "--profile", self.profile, "--bin", &program]);
        cargo.arg("--target-dir").arg(self.target);
        cargo
            .args(features(self.count))
            .args(self.variant.arguments);
        let start = Instant::now();
        output(&mut cargo)?;
        Ok(start.elapsed())
    }
}

/// Locks the chain like that of a released program on whose next revision someone works.
fn lock_all_but_last(directory: &Path) -> Result<()> {
    let chain = LoadedMigrations::read(directory, "migrations").into_chain()?;
    let [released @ .., _] = chain.revisions() else {
        return Ok(());
    };
    let text = lock_file::render(&chain, released);
    Ok(fs::write(directory.join(lock_file::FILE_NAME), text)?)
}
