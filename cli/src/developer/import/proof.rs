//! The proof of drafts that are not written yet.
//!
//! The revisions have run at users already, so they are locked: the upgrades must run, and the head
//! must be sound. What else the proof would report is a finding, and no error.

use revchain_core::lock_file::{self, FILE_NAME};
use revchain_core::source::directory::File;
use revchain_core::{Chain, Defect, DefectKind, Defects, LoadedMigrations};
use revchain_prove::{Scope, prove};
use revchain_runtime::Migrations;
use revchain_runtime::rusqlite::Connection;
use serde_json::{Value, json};

use super::clean::excerpt;
use super::draft::{Draft, Rendered, Reverse};
use super::pragmas;
use crate::support::{Failure, Result};

/// A defect that the proof would report if the revision were new.
#[derive(Debug, Clone)]
pub(crate) struct Finding {
    pub(crate) revision: String,
    pub(crate) kind: DefectKind,
    pub(crate) title: String,
    pub(crate) details: Vec<String>,
}

impl Finding {
    pub(crate) fn to_json(&self) -> Value {
        json!({
            "revision": self.revision,
            "code": self.kind.name(),
            "title": self.title,
            "details": self.details,
        })
    }
}

/// The failure of drafts, at the index of the first draft that fails.
#[derive(Debug)]
pub(crate) struct Rejected {
    pub(crate) index: usize,
    pub(crate) failure: Failure,
}

/// The drafts as the proof and the lock file know them.
pub(crate) struct Proven {
    pub(crate) files: Vec<Rendered>,
    pub(crate) lock_file: String,
}

/// Checks that the upgrades run, that the head is sound, and that a new database can be made.
///
/// `directory` is the path of the new chain, for messages.
pub(crate) fn check(drafts: &[Draft], directory: &str) -> std::result::Result<Proven, Rejected> {
    let last = drafts.len().saturating_sub(1);
    let at_last = |failure: Failure| Rejected {
        index: last,
        failure,
    };
    let files: Vec<Rendered> = drafts.iter().map(Draft::render).collect();
    let rejected = |defects: Defects| Rejected {
        index: first_index(&defects, drafts, directory),
        failure: defects.into(),
    };
    let chain = load(drafts, &files, directory, None).into_chain();
    let chain = chain.map_err(rejected)?;
    let lock_file = lock_file::render(&chain, chain.revisions());
    let loaded = load(drafts, &files, directory, Some(&lock_file));
    let needs_program = loaded.sources.iter().any(|source| {
        let stand_ins = &source.stand_ins;
        source.is_unproven
            || !(stand_ins.functions.is_empty()
                && stand_ins.collations.is_empty()
                && stand_ins.modules.is_empty())
    });
    let chain = prove(loaded, Scope::Unlocked).into_chain();
    let chain = chain.map_err(rejected)?;
    if let Ok(Some(index)) = pragmas::first_difference(drafts) {
        let title = format!("the schema after {} depends on a pragma", drafts[index].id);
        let failure = Failure::failed("depends-on-pragma", title);
        return Err(Rejected { index, failure });
    }
    if !needs_program {
        create_database(chain, directory).map_err(at_last)?;
    }
    Ok(Proven { files, lock_file })
}

/// Makes a new database with the engine for production, which also checks the foreign keys.
fn create_database(chain: Chain, directory: &str) -> Result<()> {
    let migrations = Migrations::from_chain(chain, directory.to_owned());
    let created = Connection::open_in_memory()
        .map_err(|error| Failure::failed("sqlite", error.to_string()))
        .map(|mut connection| migrations.upgrade(&mut connection).map(drop))?;
    created.map_err(|error| {
        let failure = Failure::failed(error.code(), error.message_with_cause());
        failure.help(&error.help().unwrap_or_default())
    })
}

/// Runs the whole proof. Makes each draft whose downgrade is wrong irreversible.
///
/// Returns the findings, and the notes of the proof.
pub(crate) fn judge(drafts: &mut [Draft], directory: &str) -> (Vec<Finding>, Vec<String>) {
    let files: Vec<Rendered> = drafts.iter().map(Draft::render).collect();
    let loaded = prove(load(drafts, &files, directory, None), Scope::All);
    let mut findings = Vec::new();
    for defect in Defects::from(loaded.defects).iter() {
        let Some(index) = index_of(defect, drafts, directory) else {
            continue;
        };
        let draft = &mut drafts[index];
        if !is_of_downgrade(defect, &files[index]) {
            findings.push(Finding {
                revision: draft.id.clone(),
                kind: defect.kind(),
                title: defect.title().to_owned(),
                details: defect.detail_lines().map(str::to_owned).collect(),
            });
        } else if let Reverse::Sql(_) = draft.downgrade {
            draft.downgrade = Reverse::Irreversible(reason(defect));
        }
    }
    (findings, loaded.notes)
}

/// The defects in a downgrade with which it fails or loses rows.
const WRONG: &[DefectKind] = &[
    DefectKind::RowsLost,
    DefectKind::FailsOnRows,
    DefectKind::ForeignKeyViolation,
    DefectKind::RunsTooLong,
];

/// Returns `true` if a defect means that the downgrade is wrong.
///
/// The upgrades run, so an upgrade that fails only fails when it runs again after the downgrade.
fn is_of_downgrade(defect: &Defect, file: &Rendered) -> bool {
    let Some(downgrade) = file.downgrade_line else {
        return false;
    };
    let is_below = |(line, _): (u32, u32)| line >= downgrade;
    match defect.kind() {
        DefectKind::SqlError | DefectKind::DowngradeDoesNotRestore => true,
        kind => WRONG.contains(&kind) && defect.line_column().is_some_and(is_below),
    }
}

/// Returns the title of a defect, and its first detail, as the reason of `@irreversible`.
fn reason(defect: &Defect) -> String {
    let title: Vec<&str> = defect.title().split_whitespace().collect();
    let title = title.join(" ");
    match defect.detail_lines().next() {
        Some(detail) => format!("{title}: {}", excerpt(detail)),
        None => title,
    }
}

/// Loads the drafts as if they were the files of `directory`.
fn load(
    drafts: &[Draft],
    files: &[Rendered],
    directory: &str,
    lock_file: Option<&str>,
) -> LoadedMigrations {
    let file = |name: String, text: &str| File {
        path: path(directory, &name),
        name,
        bytes: Some(text.as_bytes().to_vec()),
    };
    let pairs = drafts.iter().zip(files);
    let files = pairs.map(|(draft, rendered)| file(draft.file_name(), &rendered.text));
    let lock_file = lock_file.map(|text| file(FILE_NAME.to_owned(), text));
    LoadedMigrations::from_files(files.collect(), lock_file)
}

fn path(directory: &str, name: &str) -> String {
    format!("{}/{name}", directory.trim_end_matches('/'))
}

/// Returns the index of the first draft that has a defect; the last index if none is named.
fn first_index(defects: &Defects, drafts: &[Draft], directory: &str) -> usize {
    let indices = defects
        .iter()
        .filter_map(|defect| index_of(defect, drafts, directory));
    indices.min().unwrap_or(drafts.len().saturating_sub(1))
}

/// Returns the index of the draft in whose file a defect is.
fn index_of(defect: &Defect, drafts: &[Draft], directory: &str) -> Option<usize> {
    let defective = defect.path()?;
    let is_defective = |draft: &Draft| path(directory, &draft.file_name()) == defective;
    drafts.iter().position(is_defective)
}
