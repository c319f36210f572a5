//! The proof for a cluster: each replica runs the statements of a revision, and must come to the
//! same database, with foreign keys enforced.
//!
//! The checks of this directory come after the ordinary proof, and only judge the revisions that
//! can run on a cluster.

mod directives;
mod functions;
mod size;
mod statements;

use revchain_core::load::SourceInfo;
use revchain_core::{Defect, LoadedMigrations, Revision, RevisionSet};

use crate::prover::{Scope, prove};

/// Proves a chain, and proves `revisions` for a cluster.
///
/// Adds the defects of both proofs to `loaded`. Proves locked revisions for a cluster as well,
/// because they can be older than the cluster.
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
    let mut defects = Vec::new();
    for index in revisions.iter() {
        let revision = &chain[index];
        let lock_file = loaded.lock_file.as_ref();
        let subject = Subject {
            revision,
            source: &loaded.sources[index.get()],
            is_locked: lock_file.is_some_and(|file| file.contains(revision.id())),
        };
        defects.extend(directives::check(&subject));
        defects.extend(statements::check(&subject));
        defects.extend(size::check(&subject));
    }
    loaded.defects.extend(defects);
    loaded
}

/// A revision that can run on a cluster.
struct Subject<'s> {
    revision: &'s Revision,
    source: &'s SourceInfo,
    is_locked: bool,
}

impl Subject<'_> {
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
