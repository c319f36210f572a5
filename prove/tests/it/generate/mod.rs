//! The scripts that `revchain new` writes.

mod downgrade;
mod rebuild;

use std::path::Path;

use revchain_core::schema::SchemaFilter;
use revchain_core::source::directory::File;
use revchain_core::{LoadedMigrations, Revision, lock_file};
use revchain_prove::generate::{rebuild_table, write_downgrade};
use revchain_prove::{Scope, prove};
use revchain_runtime::Migrations;
use revchain_runtime::internal::{read_schema_sql, stand_ins};
use revchain_runtime::rusqlite::{Connection, version_number};

use crate::random_chains::chain::RandomChain;
use crate::support::Directory;

/// A chain in memory.
struct Chain {
    name: String,
    files: Vec<File>,
}

impl Chain {
    fn read(directory: &Path) -> Self {
        let mut files = Vec::new();
        for entry in std::fs::read_dir(directory).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            if name.ends_with(".sql") {
                files.push(file(&name, std::fs::read(entry.path()).unwrap()));
            }
        }
        files.sort_by(|a, b| a.name.cmp(&b.name));
        let name = directory.display().to_string();
        Self { name, files }
    }

    pub(super) fn of(steps: &[(&str, &str)]) -> Self {
        Self::read(&Directory::of(steps).0)
    }

    fn random(seed: u64) -> Self {
        let chain = RandomChain::random(seed);
        let files = chain.files().into_iter();
        Self {
            name: format!("random chain {seed}"),
            files: files
                .map(|(name, text)| file(&name, text.into_bytes()))
                .collect(),
        }
    }

    fn load(&self) -> LoadedMigrations {
        LoadedMigrations::from_files(self.files.clone(), None)
    }

    /// Returns the defects of the chain with one more revision. The revisions before are locked.
    fn defects_with(&self, upgrade: &str, downgrade: &str) -> String {
        let loaded = self.load();
        let chain = loaded.chain.unwrap();
        let locked = lock_file::render(&chain, chain.revisions());
        let head = chain.head().map_or("base", Revision::id);
        let text = format!(
            "-- Rebuild.\n-- @revises {head}\n\n-- @upgrade\n{upgrade}\n\n-- @downgrade\n{downgrade}\n"
        );
        let mut files = self.files.clone();
        files.push(file("29990101_0000_zzz_rebuild.sql", text.into_bytes()));
        let lock = locked.lines().filter(|line| !line.starts_with("head"));
        let lock = lock.collect::<Vec<_>>().join("\n") + "\nhead 29990101_0000_zzz_rebuild.sql\n";
        let lock = file("revchain.lock", lock.into_bytes());
        let loaded = LoadedMigrations::from_files(files, Some(lock));
        match prove(loaded, Scope::Unlocked).into_chain() {
            Ok(_) => String::new(),
            Err(defects) => defects.to_string(),
        }
    }

    /// Returns the chain without its last revisions, and with `count` revisions.
    fn prefix(&self, count: usize) -> Self {
        Self {
            name: format!("{}, {count} revisions", self.name),
            files: self.files[..count].to_vec(),
        }
    }

    /// Returns the chain with another downgrade of the head.
    fn with_downgrade(&self, downgrade: &str) -> Self {
        let mut files = self.files.clone();
        let head = files.last_mut().unwrap();
        let text = String::from_utf8(head.bytes.take().unwrap()).unwrap();
        let is_kept = |line: &&str| !line.starts_with("-- @irreversible");
        let upgrade = text.split("-- @downgrade").next().unwrap();
        let upgrade: Vec<&str> = upgrade.lines().filter(is_kept).collect();
        let text = format!("{}\n\n-- @downgrade\n{downgrade}\n", upgrade.join("\n"));
        head.bytes = Some(text.into_bytes());
        let name = self.name.clone();
        Self { name, files }
    }

    /// Returns the defects of the head. The revisions before it are locked.
    fn defects_of_head(&self) -> String {
        let chain = self.load().chain.unwrap();
        let older = &chain.revisions()[..chain.len() - 1];
        let lock = file(
            "revchain.lock",
            lock_file::render(&chain, older).into_bytes(),
        );
        let loaded = LoadedMigrations::from_files(self.files.clone(), Some(lock));
        match prove(loaded, Scope::Unlocked).into_chain() {
            Ok(_) => String::new(),
            Err(defects) => defects.to_string(),
        }
    }

    /// Asserts that the downgrade of each revision that changes the schema proves as it stands.
    ///
    /// Returns the number of these revisions.
    fn assert_downgrades_prove(&self) -> usize {
        let (mut proven, mut incomplete) = (0, 0);
        // The proof of a long chain takes seconds, so only some of its revisions are tried.
        let step = if self.files.len() > 20 { 5 } else { 1 };
        for count in (1..=self.files.len()).rev().step_by(step) {
            let chain = self.prefix(count);
            if chain.load().chain.is_none() {
                continue;
            }
            let written = match write_downgrade(&chain.load()) {
                Ok(written) => written,
                Err(error) if error.code() == "same-schema" => continue,
                Err(error) => panic!("{}: {error:?}", chain.name),
            };
            if !chain.defects_of_head().is_empty() {
                continue;
            }
            let defects = chain.with_downgrade(&written.script).defects_of_head();
            // The schemas do not contain values. Without them, a UNIQUE constraint may fail.
            if !defects.is_empty() && !written.notes.is_empty() {
                incomplete += 1;
                continue;
            }
            let show = || {
                let text = chain.files[count - 1].bytes.clone().unwrap();
                let text = String::from_utf8(text).unwrap();
                format!("{}\n{text}\n\n{}\n\n{defects}", chain.name, written.script)
            };
            assert!(defects.is_empty(), "{}", show());
            proven += 1;
        }
        assert!(
            incomplete <= proven,
            "{}: {incomplete} incomplete",
            self.name
        );
        proven
    }

    /// Returns the names of the tables at the head that are not virtual.
    fn tables(&self) -> Vec<String> {
        let loaded = self.load();
        let connection = Connection::open_in_memory().unwrap();
        for source in &loaded.sources {
            stand_ins::register(&connection, &source.stand_ins);
        }
        let mut connection = connection;
        let migrations = Migrations::from_chain(loaded.chain.unwrap(), String::new());
        let upgraded = migrations.upgrade(&mut connection);
        assert!(upgraded.is_ok(), "{}: {upgraded:?}", self.name);
        let sql = read_schema_sql(&connection, &SchemaFilter::default()).unwrap();
        let tables = sql.schema().tables().map(str::to_owned).collect::<Vec<_>>();
        let is_virtual = |table: &String| sql.schema().columns(table).unwrap().is_empty();
        tables
            .into_iter()
            .filter(|table| !is_virtual(table))
            .collect()
    }

    /// Asserts that the rebuild of each table proves as it stands. Returns the number of tables.
    ///
    /// One revision rebuilds several tables, to save time.
    fn assert_rebuilds_prove(&self) -> usize {
        let tables = self.tables();
        for tables in tables.chunks(8) {
            let scripts = tables.iter().map(|table| {
                let script = rebuild_table(&self.load(), table);
                script.unwrap_or_else(|error| panic!("{}: {table}: {error:?}", self.name))
            });
            let script = scripts.collect::<Vec<_>>().join("\n\n");
            let defects = self.defects_with(&script, &script);
            assert!(defects.is_empty(), "{}\n{script}\n\n{defects}", self.name);
        }
        tables.len()
    }
}

fn file(name: &str, bytes: Vec<u8>) -> File {
    File {
        name: name.to_owned(),
        path: format!("migrations/{name}"),
        bytes: Some(bytes),
    }
}

/// Returns the chains of the repository, without the largest if SQLite is too old for it.
fn chains() -> Vec<Chain> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut directories = vec![
        "migrations",
        "tests/chains/billing",
        "tests/chains/labels",
        "tests/chains/moment",
        "tests/faults/migrations",
        "tests/features/migrations",
    ];
    if version_number() >= 3_053_000 {
        directories.push("tests/chains/everything");
    }
    let directories = directories.into_iter();
    directories
        .map(|directory| Chain::read(&root.join(directory)))
        .collect()
}
