//! Directories of migrations that the tests write, and the files in them.

use std::fs;
use std::path::Path;

use revchain_core::load::load;
use revchain_core::{Chain, DefectKind, Defects, RevisionIndex, RevisionSet};
use tempfile::TempDir;

/// A temporary directory of migrations.
pub(crate) struct Directory(TempDir);

impl Directory {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// Creates a directory with these files: pairs of name and content.
    pub(crate) fn of<N: AsRef<str>, T: AsRef<[u8]>>(
        files: impl IntoIterator<Item = (N, T)>,
    ) -> Self {
        files
            .into_iter()
            .fold(Self::new(), |directory, (name, text)| {
                directory.with(name.as_ref(), text)
            })
    }

    pub(crate) fn with(self, name: &str, text: impl AsRef<[u8]>) -> Self {
        fs::write(self.0.path().join(name), text).unwrap();
        self
    }

    pub(crate) fn with_folder(self, name: &str) -> Self {
        fs::create_dir(self.0.path().join(name)).unwrap();
        self
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn load(&self) -> Result<Chain, Defects> {
        load(self.0.path(), "migrations")
    }

    pub(crate) fn chain(&self) -> Chain {
        self.load().unwrap_or_else(|defects| panic!("{defects}"))
    }

    /// Returns the kinds of the defects, in the order of the report.
    pub(crate) fn kinds(&self) -> Vec<DefectKind> {
        match self.load() {
            Ok(_) => Vec::new(),
            Err(defects) => defects.iter().map(|defect| defect.kind()).collect(),
        }
    }
}

/// Returns the name of the file of revision `id`, dated on this day of January.
pub(crate) fn name(day: u8, id: &str) -> String {
    format!("202601{day:02}_1200_{id}_x.sql")
}

/// Returns the text of a valid migration that revises `parents`.
pub(crate) fn text(parents: &str) -> String {
    format!(
        "-- Do something.\n-- @revises {parents}\n\n-- @upgrade\nSELECT 1;\n\n-- @downgrade\nSELECT 2;\n"
    )
}

/// Creates a directory of these revisions, pairs of id and parents, on consecutive days.
pub(crate) fn revisions(revisions: &[(&str, &str)]) -> Directory {
    let named = revisions
        .iter()
        .zip(1..)
        .map(|((id, parents), day)| (name(day, id), text(parents)));
    Directory::of(named)
}

/// Returns the ids in the order of the chain.
pub(crate) fn ids(chain: &Chain) -> Vec<&str> {
    chain
        .revisions()
        .iter()
        .map(|revision| revision.id())
        .collect()
}

/// Returns the positions in the chain of the revisions of a set.
pub(crate) fn positions(set: &RevisionSet) -> Vec<usize> {
    set.iter().map(RevisionIndex::get).collect()
}
