//! What a build takes: from nothing, and after one migration was edited.
//!
//! Builds take long, so they are not in rounds: a build from nothing is measured once, a rebuild as often as `REBUILDS`.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use revchain_core::{Draft, lock};

use crate::Result;
use crate::programs::{Peer, Program, Programs, features, output};

/// How often a rebuild is measured.
pub(crate) const REBUILDS: usize = 3;

/// A build of a peer's least program.
pub(crate) struct Built {
    pub(crate) peer: &'static str,
    /// What is special about it, where a peer is built in several ways.
    pub(crate) way: &'static str,
    pub(crate) count: usize,
    pub(crate) profile: &'static str,
    /// From nothing, with the shorter chain; not where only rebuilds differ.
    pub(crate) clean: Option<Duration>,
    pub(crate) rebuilds: Vec<Duration>,
}

/// The ways in which a peer is built: what it is called, cargo's arguments, and whether all revisions but the last are
/// locked. The first of those that share their arguments is built from nothing.
fn ways(peer: &Peer) -> &'static [(&'static str, &'static [&'static str], bool)] {
    match peer.name {
        "revchain" => &[
            ("", &[], false),
            (", all but the last locked", &[], true),
            (", without the proof", &["--no-default-features"], false),
        ],
        _ => &[("", &[], false)],
    }
}

pub(crate) fn measure(programs: &Programs, peers: &[&Peer]) -> Result<Vec<Built>> {
    let mut builds = Vec::new();
    let target = programs.work().with_file_name("build");
    for peer in peers {
        for profile in ["dev", "release"] {
            let mut arguments_before = None;
            for (way, arguments, locked) in ways(peer) {
                for count in [100, 1000] {
                    let name = peer.name;
                    eprintln!("building {name}{way} with {count} revisions in {profile}");
                    let edited = programs.embed(peer, count)?;
                    if *locked {
                        lock_all_but_last(&programs.chain(peer, count))?;
                    }
                    let build = || build(programs, peer, &target, profile, count, arguments);
                    let mut clean = None;
                    if arguments_before.replace(arguments) != Some(arguments) {
                        let _ = fs::remove_dir_all(&target);
                        clean = Some(build()?);
                    } else {
                        // The lock, or the other chain, is new to it; all else is built.
                        build()?;
                    }
                    let mut rebuilds = Vec::new();
                    for n in 0..REBUILDS {
                        writeln!(File::options().append(true).open(&edited)?, "-- Edit {n}.")?;
                        rebuilds.push(build()?);
                    }
                    // As it was, without the edits and the lock.
                    programs.embed(peer, count)?;
                    builds.push(Built { peer: name, way, count, profile, clean, rebuilds });
                }
            }
        }
    }
    let _ = fs::remove_dir_all(target);
    Ok(builds)
}

fn build(
    programs: &Programs,
    peer: &Peer,
    target: &Path,
    profile: &str,
    count: usize,
    arguments: &[&str],
) -> Result<Duration> {
    let mut cargo = programs.cargo(peer, "build");
    cargo.args(["--offline", "--profile", profile, "--bin", &Program::Least.name(peer), "--target-dir"]);
    cargo.arg(target).args(features(count)).args(arguments);
    let start = Instant::now();
    output(&mut cargo)?;
    Ok(start.elapsed())
}

/// As a released program's chain is, on which one works at the next revision.
fn lock_all_but_last(directory: &Path) -> Result<()> {
    let chain = Draft::read(directory, "migrations").finish()?;
    let [released @ .., _] = chain.revisions() else { return Ok(()) };
    Ok(fs::write(directory.join(lock::FILE_NAME), lock::text(&chain, released))?)
}
