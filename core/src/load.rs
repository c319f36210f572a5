//! Loading of a chain from a directory.

use std::collections::HashMap;
use std::path::Path;

use crate::graph::validate::link;
use crate::lock_file::{self};
use crate::model::declarations::Loosens;
use crate::model::stand_ins::StandIns;
use crate::parse::{Parsed, parse};
use crate::source::directory::{self, File};
use crate::{Chain, DefectList, Defects, LockFile};

/// The result of loading a directory: the chain, the lock file, and the defects.
///
/// The proof adds defects and notes.
#[derive(Debug)]
pub struct LoadedMigrations {
    /// The chain; `None` if the files do not form a chain. A chain may still have defects.
    pub chain: Option<Chain>,
    /// The lock file; `None` if there is no lock file, or if the lock file is malformed.
    pub lock_file: Option<LockFile>,
    /// The build-time information on each revision, in the order of the chain.
    pub sources: Vec<SourceInfo>,
    /// The defects of the files, of the lock file and of the proof.
    pub defects: DefectList,
    /// Sentences that describe checks that the proof could not do.
    pub notes: Vec<String>,
    /// The reason why a new cluster cannot run the whole chain on an empty database.
    ///
    /// Only the proof for a cluster sets this field.
    pub needs_file: Option<String>,
}

/// The information on a file that the proof needs and the program does not embed.
#[derive(Debug, Clone, Default)]
pub struct SourceInfo {
    /// The text of the file.
    pub text: String,
    /// `true` if the file is marked `@unproven`.
    pub is_unproven: bool,
    /// The constraints that `@loosens` declares, in the order of the file.
    pub loosens: Vec<Loosens>,
    /// The objects that `@function`, `@collation` and `@module` declare.
    pub stand_ins: StandIns,
    /// `true` if the file has a defect. Then the proof does not report consequences of the defect.
    pub has_defects: bool,
}

impl SourceInfo {
    fn of(file: &Parsed) -> Self {
        let mut info = Self {
            text: file.text.clone(),
            has_defects: file.has_defects,
            ..Self::default()
        };
        if let Some(body) = &file.body {
            info.is_unproven = body.is_unproven;
            info.loosens.clone_from(&body.loosens);
            info.stand_ins.clone_from(&body.stand_ins);
        }
        info
    }
}

impl LoadedMigrations {
    /// Loads the files of `directory`. Messages contain `shown` as the path of the directory.
    pub fn read(directory: &Path, shown: &str) -> Self {
        let mut defects = DefectList::new();
        let (files, lock_file) = read_files(directory, shown, &mut defects);
        Self::of(files, lock_file, defects)
    }

    /// Loads files that are not written yet, as [`read`](Self::read) loads those of a directory.
    pub fn from_files(files: Vec<File>, lock_file: Option<File>) -> Self {
        let mut defects = DefectList::new();
        let lock_file =
            lock_file.and_then(|file| lock_file::parse(file.path, &file.bytes?, &mut defects));
        Self::of(files, lock_file, defects)
    }

    /// Parses and links files. `defects` has the defects that were found while they were read.
    fn of(files: Vec<File>, lock_file: Option<LockFile>, mut defects: DefectList) -> Self {
        let mut parsed = Vec::with_capacity(files.len());
        let mut sources = HashMap::new();
        for file in files {
            let file = parse(&file, &mut defects);
            sources.insert(file.path.clone(), SourceInfo::of(&file));
            parsed.push(file);
        }
        let chain = link(parsed, lock_file.as_ref(), &mut defects);
        let revisions = chain.as_ref().map(Chain::revisions).unwrap_or_default();
        let paths = revisions.iter().map(|revision| revision.path());
        let sources = paths.map(|path| sources.remove(path).unwrap_or_default());
        Self {
            sources: sources.collect(),
            chain,
            lock_file,
            defects,
            notes: Vec::new(),
            needs_file: None,
        }
    }

    /// Returns the chain and the lock file, without a check of the head in the lock file.
    ///
    /// Commands that write the lock file call this method, because the old head may be wrong.
    ///
    /// # Errors
    ///
    /// Returns all defects, sorted by path.
    pub fn into_chain_and_lock_file(self) -> Result<(Chain, Option<LockFile>), Defects> {
        match self.chain {
            Some(chain) if self.defects.is_empty() => Ok((chain, self.lock_file)),
            _ => Err(self.defects.into()),
        }
    }

    /// Checks that the head of the chain is the head in the lock file, and returns the chain.
    ///
    /// # Errors
    ///
    /// Returns all defects, sorted by path.
    pub fn into_chain(mut self) -> Result<Chain, Defects> {
        if let (Some(chain), Some(lock_file)) = (&self.chain, &self.lock_file) {
            self.defects.extend(lock_file.check_head(chain));
        }
        self.into_chain_and_lock_file().map(|(chain, _)| chain)
    }
}

/// Loads and validates the chain in `directory`, but does not run the proof.
///
/// # Errors
///
/// Returns all defects, sorted by path.
pub fn load(directory: &Path, shown: &str) -> Result<Chain, Defects> {
    LoadedMigrations::read(directory, shown).into_chain()
}

/// Reads all files of `directory`. Parses the lock file, but not the migrations.
fn read_files(
    directory: &Path,
    shown: &str,
    defects: &mut DefectList,
) -> (Vec<File>, Option<LockFile>) {
    let (files, lock_file) = directory::read(directory, shown, defects);
    let lock_file = lock_file.and_then(|file| lock_file::parse(file.path, &file.bytes?, defects));
    (files, lock_file)
}
