//! One database for each directory, for the queries of all crates in the process.
//!
//! A compiler runs once for a crate. The process of rust-analyzer lives for days and serves all
//! crates of a workspace, so an entry ends when a file of its directory changes.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use revchain_core::diagnostics::suggest::did_you_mean;
use revchain_core::query::Query;
use revchain_core::{Chain, Defect, DefectKind, LoadedMigrations, Revision, RevisionSet};

use super::database::QueryDatabase;
use super::{QueryCheck, QueryRequest, checks, usage};

/// The time during which an entry is used without looking at the files again.
///
/// A look takes as long as a query, and no one edits a file faster.
const FRESH: Duration = Duration::from_millis(100);

static DIRECTORIES: LazyLock<Mutex<HashMap<PathBuf, Arc<Mutex<Entry>>>>> =
    LazyLock::new(Mutex::default);

/// A directory with the databases at its revisions.
struct Entry {
    directory: PathBuf,
    seen_at: Instant,
    /// `None` if the directory cannot be read.
    files: Option<Vec<FileState>>,
    loaded: Arc<LoadedMigrations>,
    /// No database if an upgrade fails.
    databases: HashMap<DatabaseKey, Option<QueryDatabase>>,
}

/// The properties in which the databases of a directory differ.
#[derive(Debug, PartialEq, Eq, Hash)]
struct DatabaseKey {
    /// The revision; `None` for the head.
    revision: Option<String>,
    /// The objects of the program. A stand-in for one query must be unknown to others.
    functions: Vec<String>,
    collations: Vec<String>,
}

/// The properties of a file that change when a program writes the file.
#[derive(Debug, PartialEq, Eq)]
struct FileState {
    name: OsString,
    length: u64,
    modified: Option<SystemTime>,
}

pub(super) fn check(directory: &Path, request: &QueryRequest<'_>, with_usage: bool) -> QueryCheck {
    let entry = entry(directory);
    let mut entry = lock(&entry);
    let loaded = Arc::clone(&entry.loaded);
    let Some(chain) = sound_chain(&loaded) else {
        return QueryCheck {
            defects: missing_directory(&loaded),
            usage: None,
        };
    };
    let Some(revisions) = revisions(chain, request.revision) else {
        return QueryCheck {
            defects: vec![unknown_revision(chain, request)],
            usage: None,
        };
    };
    let database = entry
        .databases
        .entry(DatabaseKey::of(request))
        .or_insert_with(|| QueryDatabase::new(&loaded, &revisions, request));
    let Some(database) = database else {
        return QueryCheck::default();
    };
    let query = match Query::parse(request.sql) {
        Ok(query) => query,
        Err(defects) => {
            return QueryCheck {
                defects,
                usage: None,
            };
        }
    };
    let defects = checks::check(database, &query, request);
    let usage = if with_usage && defects.is_empty() {
        usage::read(&mut database.connection, request.sql)
    } else {
        None
    };
    QueryCheck { defects, usage }
}

pub(super) fn migration_files(directory: &Path) -> Vec<String> {
    let entry = entry(directory);
    let entry = lock(&entry);
    let names = entry.files.iter().flatten();
    let names = names.filter_map(|file| file.name.to_str());
    let names = names.filter(|name| name.ends_with(".sql"));
    names.map(str::to_owned).collect()
}

/// Returns the defects of a directory without migrations, which `embed_migrations!` need not name.
fn missing_directory(loaded: &LoadedMigrations) -> Vec<Defect> {
    let is_missing = |defect: &&Defect| {
        matches!(
            defect.kind(),
            DefectKind::UnreadableDirectory | DefectKind::EmptyDirectory
        )
    };
    let help = "name the directory of the migrations, beside Cargo.toml: \
                `sql!(in \"../db/migrations\", \"…\")`";
    let defects = loaded.defects.iter().filter(is_missing).cloned();
    defects.map(|defect| defect.help(help)).collect()
}

/// Returns the chain; `None` if the directory has defects.
fn sound_chain(loaded: &LoadedMigrations) -> Option<&Chain> {
    let chain = loaded.chain.as_ref()?;
    let lock_file = loaded.lock_file.as_ref();
    let is_other_head = lock_file.is_some_and(|file| file.check_head(chain).is_some());
    (loaded.defects.is_empty() && !is_other_head).then_some(chain)
}

fn revisions(chain: &Chain, revision: Option<&str>) -> Option<RevisionSet> {
    match revision {
        None => Some(RevisionSet::full(chain.len())),
        Some(id) => Some(chain.ancestry(chain.index_of(id)?)),
    }
}

fn unknown_revision(chain: &Chain, request: &QueryRequest<'_>) -> Defect {
    let id = request.revision.unwrap_or_default();
    let ids = chain.revisions().iter().map(Revision::id);
    let help = match (did_you_mean(id, ids), chain.head()) {
        (Some(meant), _) => format!("did you mean `{meant}`?"),
        (None, Some(head)) => format!("name a revision up to {}", head.id()),
        (None, None) => String::new(),
    };
    let title = format!("the chain has no revision `{id}`");
    Defect::new(DefectKind::InvalidQuery, title).help(help)
}

/// Returns the entry of a directory, read again if a file has changed.
fn entry(directory: &Path) -> Arc<Mutex<Entry>> {
    let mut directories = lock(&DIRECTORIES);
    let found = directories.entry(directory.to_owned());
    let entry = found.or_insert_with(|| Arc::new(Mutex::new(Entry::read(directory))));
    let entry = Arc::clone(entry);
    // Other directories need not wait.
    drop(directories);
    lock(&entry).refresh();
    entry
}

/// Locks a mutex. After a panic of another thread, the value is still whole: entries are replaced.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl DatabaseKey {
    fn of(request: &QueryRequest<'_>) -> Self {
        let owned = |names: &[&str]| -> Vec<String> {
            let mut names: Vec<String> =
                names.iter().map(|name| name.to_ascii_lowercase()).collect();
            names.sort_unstable();
            names
        };
        Self {
            revision: request.revision.map(str::to_owned),
            functions: owned(request.functions),
            collations: owned(request.collations),
        }
    }
}

impl Entry {
    fn read(directory: &Path) -> Self {
        // The state is read first: a change while the files are read is seen the next time.
        let files = file_states(directory);
        Self {
            directory: directory.to_owned(),
            seen_at: Instant::now(),
            files,
            loaded: Arc::new(load(directory)),
            databases: HashMap::new(),
        }
    }

    fn refresh(&mut self) {
        if self.seen_at.elapsed() < FRESH {
            return;
        }
        self.seen_at = Instant::now();
        let files = file_states(&self.directory);
        if files == self.files {
            return;
        }
        self.files = files;
        let loaded = load(&self.directory);
        if !is_same(&loaded, &self.loaded) {
            self.loaded = Arc::new(loaded);
            self.databases.clear();
        }
    }
}

fn load(directory: &Path) -> LoadedMigrations {
    LoadedMigrations::read(directory, &directory.to_string_lossy())
}

/// Returns `true` if two readings of a directory found the same chain without defects.
fn is_same(a: &LoadedMigrations, b: &LoadedMigrations) -> bool {
    let (Some(a_chain), Some(b_chain)) = (sound_chain(a), sound_chain(b)) else {
        return false;
    };
    let texts = |loaded: &LoadedMigrations| -> Vec<String> {
        let sources = loaded.sources.iter();
        sources.map(|source| source.text.clone()).collect()
    };
    a_chain.revisions() == b_chain.revisions() && texts(a) == texts(b)
}

/// Returns the sorted states of all files; `None` if the directory cannot be read.
fn file_states(directory: &Path) -> Option<Vec<FileState>> {
    let entries = fs::read_dir(directory).ok()?;
    let mut states: Vec<FileState> = entries
        .flatten()
        .map(|entry| {
            let metadata = fs::metadata(entry.path()).ok();
            FileState {
                name: entry.file_name(),
                length: metadata.as_ref().map_or(0, fs::Metadata::len),
                modified: metadata.and_then(|metadata| metadata.modified().ok()),
            }
        })
        .collect();
    states.sort_by(|a, b| a.name.cmp(&b.name));
    Some(states)
}
