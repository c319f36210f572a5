//! The way from a directory to a chain, and what is known of one that has defects.

use std::collections::HashMap;
use std::path::Path;

use crate::chain::{self, Chain};
use crate::defect::{Defect, Defects};
use crate::lock::{self, Lock};
use crate::{parse, source};

/// A directory, as far as it is a chain. What reads it adds to its defects; without any, it is one.
#[derive(Debug)]
pub struct Draft {
    /// The chain. It is there where each file has a place in it, whatever else is wrong with them.
    pub chain: Option<Chain>,
    /// The lock, if there is one that can be understood.
    pub lock: Option<Lock>,
    /// Of each revision of the chain, what only matters while it is built.
    pub notes: Vec<Note>,
    /// What is wrong.
    pub defects: Vec<Defect>,
    /// What could not be found out, in sentences.
    pub remarks: Vec<String>,
}

/// What a file says that is of no use once the chain is proven.
#[derive(Debug, Clone, Default)]
pub struct Note {
    /// The file's text.
    pub text: String,
    /// Whether it says that not all of it can be proven.
    pub is_unproven: bool,
    /// Whether something is wrong with the file, so that what follows from that need not be said.
    pub has_defects: bool,
}

impl Draft {
    /// Reads `directory` and understands what is in it. `shown` is how messages name it: as the user wrote it.
    pub fn read(directory: &Path, shown: &str) -> Self {
        let mut defects = Vec::new();
        let (files, lock) = read(directory, shown, &mut defects);
        // Each file's bytes are let go once they are understood.
        let parsed: Vec<parse::Parsed> =
            files.into_iter().map(|file| parse::parse(&file, &mut defects)).collect();
        let mut notes: HashMap<String, Note> = parsed
            .iter()
            .map(|file| {
                let note = Note {
                    text: file.text.clone(),
                    is_unproven: file.body.as_ref().is_some_and(|body| body.is_unproven),
                    has_defects: file.has_defects,
                };
                (file.path.clone(), note)
            })
            .collect();
        let chain = chain::link(parsed, lock.as_ref(), &mut defects);
        let revisions = chain.as_ref().map(Chain::revisions).unwrap_or_default();
        let notes = revisions.iter().map(|revision| notes.remove(revision.path()).unwrap_or_default());
        Self { notes: notes.collect(), chain, lock, defects, remarks: Vec::new() }
    }

    /// The chain and the lock, whatever head that names: for a command that is about to write it.
    ///
    /// # Errors
    ///
    /// Every defect, in the order of the files.
    pub fn finish_to_lock(self) -> Result<(Chain, Option<Lock>), Defects> {
        match self.chain {
            Some(chain) if self.defects.is_empty() => Ok((chain, self.lock)),
            _ => Err(Defects::new(self.defects)),
        }
    }

    /// The chain, if its head is the one that the lock names.
    ///
    /// # Errors
    ///
    /// Every defect, in the order of the files.
    pub fn finish(mut self) -> Result<Chain, Defects> {
        if let (Some(chain), Some(lock)) = (&self.chain, &self.lock) {
            self.defects.extend(lock.other_head(chain));
        }
        self.finish_to_lock().map(|(chain, _)| chain)
    }
}

/// Reads `directory` and validates the chain in it, and that nothing locked has changed; without the proof, which
/// needs an SQLite.
///
/// # Errors
///
/// Every defect that the directory has, in the order of the files.
pub fn load(directory: &Path, shown: &str) -> Result<Chain, Defects> {
    Draft::read(directory, shown).finish()
}

/// Reads the files of `directory` and understands the lock, but not the files.
pub fn read(directory: &Path, shown: &str, defects: &mut Vec<Defect>) -> (Vec<source::File>, Option<Lock>) {
    let (files, lock) = source::read(directory, shown, defects);
    (files, lock.and_then(|file| lock::parse(file.path, &file.bytes?, defects)))
}
