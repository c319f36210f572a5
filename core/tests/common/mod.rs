//! What the tests share: directories of migrations written for the occasion.

#![allow(dead_code, reason = "no test uses all of it")]

use std::fs;
use std::path::Path;

use revchain_core::{Chain, Code, Defects};
use tempfile::TempDir;

/// A directory of migrations, removed when it is dropped.
pub(crate) struct Directory(TempDir);

impl Directory {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// A directory that holds these files: names and what is in them.
    pub(crate) fn of<N: AsRef<str>, T: AsRef<[u8]>>(files: impl IntoIterator<Item = (N, T)>) -> Self {
        files.into_iter().fold(Self::new(), |directory, (name, text)| directory.with(name.as_ref(), text))
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
        revchain_core::load(self.0.path(), "migrations")
    }

    pub(crate) fn chain(&self) -> Chain {
        self.load().unwrap_or_else(|defects| panic!("{defects}"))
    }

    /// The kinds of the defects, in their order.
    pub(crate) fn codes(&self) -> Vec<Code> {
        match self.load() {
            Ok(_) => Vec::new(),
            Err(defects) => defects.iter().map(|defect| defect.code()).collect(),
        }
    }
}

/// The file of the revision `id`, written on that day of January.
pub(crate) fn name(day: u8, id: &str) -> String {
    format!("202601{day:02}_1200_{id}_x.sql")
}

/// A sound migration that revises `parents`.
pub(crate) fn text(parents: &str) -> String {
    format!("-- Do something.\n-- @revises {parents}\n\n-- @upgrade\nSELECT 1;\n\n-- @downgrade\nSELECT 2;\n")
}

/// The chain of these revisions: id and parents, each a day after the one before.
pub(crate) fn revisions(revisions: &[(&str, &str)]) -> Directory {
    let named = revisions.iter().zip(1..).map(|((id, parents), day)| (name(day, id), text(parents)));
    Directory::of(named)
}

/// The ids in the order of the chain.
pub(crate) fn ids(chain: &Chain) -> Vec<&str> {
    chain.revisions().iter().map(|revision| revision.id()).collect()
}
