//! The proof for a cluster: each replica runs the statements of a revision, and must come to the
//! same database, with foreign keys enforced.
//!
//! The checks of this directory come after the ordinary proof, and only judge the revisions that
//! can run on a cluster.

mod directives;
mod fix;
mod functions;
mod head;
mod new_cluster;
mod rows;
mod size;
mod statements;

use revchain_core::load::SourceInfo;
use revchain_core::{Chain, Defect, LoadedMigrations, Revision, RevisionIndex, RevisionSet};
use revchain_runtime::internal::sqlite_message;

use crate::diagnostics::{Findings, stopped};
use crate::prover::{Scope, prove};

/// Proves a chain, and proves `revisions` for a cluster.
///
/// Adds the defects of both proofs to `loaded`. Proves locked revisions for a cluster as well,
/// because they can be older than the cluster.
/// Sets [`LoadedMigrations::needs_file`] for the other revisions.
/// If `loaded` has no chain, returns `loaded` unchanged.
pub fn prove_replicated(
    loaded: LoadedMigrations,
    scope: Scope,
    revisions: &RevisionSet,
) -> LoadedMigrations {
    let mut loaded = prove(loaded, scope);
    let Some(chain) = &loaded.chain else {
        return loaded;
    };
    let mut findings = Findings::default();
    for index in revisions.iter() {
        let subject = Subject::new(&loaded, chain, index);
        findings.defects.extend(directives::check(&subject));
        findings.defects.extend(statements::check(&subject));
        findings.defects.extend(size::check(&subject));
    }
    // A defect could be the cause of other rows.
    if loaded.defects.is_empty() && findings.defects.is_empty() {
        let result = rows::check(&loaded, chain, revisions).and_then(|found| {
            let obstacle = new_cluster::obstacle(&loaded, chain, revisions)?;
            Ok((found, obstacle))
        });
        match result {
            Ok((found, obstacle)) => {
                findings = found;
                loaded.needs_file = obstacle;
            }
            Err(error) => {
                let message = sqlite_message(&error);
                let stopped = chain.head().map(|head| stopped(head, &message));
                findings.defects.extend(stopped);
            }
        }
    }
    loaded.defects.extend(findings.defects);
    loaded.notes.extend(findings.notes);
    loaded
}

/// A revision that can run on a cluster.
struct Subject<'s> {
    revision: &'s Revision,
    source: &'s SourceInfo,
    is_locked: bool,
}

impl<'s> Subject<'s> {
    fn new(loaded: &'s LoadedMigrations, chain: &'s Chain, index: RevisionIndex) -> Self {
        let revision = &chain[index];
        let lock_file = loaded.lock_file.as_ref();
        Self {
            revision,
            source: &loaded.sources[index.get()],
            is_locked: lock_file.is_some_and(|file| file.contains(revision.id())),
        }
    }

    /// Adds the help to a defect of the revision.
    ///
    /// A locked revision cannot change, but it can be one that has run on a single machine only.
    fn help(&self, defect: Defect, fix: &str) -> Defect {
        let id = self.revision.id();
        let exclude =
            format!("if {id} has run on a single machine only, write `replicated = \"{id}\"`");
        if self.is_locked {
            return defect.help(format!("the revision is locked: {exclude}"));
        }
        defect.help(format!("{fix}\n{exclude}"))
    }
}
