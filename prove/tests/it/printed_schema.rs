//! Schemas as SQL, which SQLite must read as the same schemas.

use std::fs;
use std::path::{Path, PathBuf};

use revchain_core::schema::{Schema, SchemaFilter};
use revchain_core::sql::sqlite_messages::UnregisteredObject;
use revchain_core::{LoadedMigrations, RevisionSet};
use revchain_prove::schema_at;
use revchain_runtime::internal::{ProofSettings, read_schema_sql, sqlite_message, stand_ins};
use rusqlite::{Connection, version_number};

use crate::random_chains::chain::RandomChain;
use crate::support::Directory;

/// Returns the schema of a database. A stand-in counts as the virtual table.
fn schema(connection: &Connection) -> Schema {
    let sql = read_schema_sql(connection, &SchemaFilter::default()).unwrap();
    sql.with_replaced(stand_ins::virtual_table).schema().clone()
}

/// Creates a database of the printed schema, with stand-ins for objects that SQLite lacks.
fn database(schema: &Schema) -> Connection {
    let connection = Connection::open_in_memory().unwrap();
    let settings = ProofSettings::new(&connection).unwrap();
    for object in schema.printed() {
        while let Err(error) = connection.execute_batch(&object.sql) {
            let message = sqlite_message(&error);
            let missing = UnregisteredObject::parse(&message);
            let is_registered =
                missing.is_some_and(|object| stand_ins::register_missing(&connection, object));
            if !is_registered && stand_ins::run_otherwise(&connection, &object.sql, &message) {
                break;
            }
            assert!(is_registered, "{message}\n{}", object.sql);
        }
    }
    drop(settings);
    connection
}

/// Asserts that the schema of each revision, printed as SQL, gives the same schema and SQL again.
///
/// Returns the number of revisions.
fn assert_printed(directory: &Path) -> usize {
    let loaded = LoadedMigrations::read(directory, "migrations");
    let Some(chain) = loaded.chain.as_ref().filter(|_| loaded.defects.is_empty()) else {
        return 0;
    };
    let mut count = 0;
    for index in chain.indices() {
        let stand_ins = |revision: &revchain_core::Revision| {
            let index = chain.index_of(revision.id())?;
            Some(&loaded.sources[index.get()].stand_ins)
        };
        let connection = match schema_at(chain, &chain.ancestry(index), stand_ins) {
            Ok(connection) => connection,
            // Some chains are there to fail.
            Err(_) if directory.components().any(|part| part.as_os_str() == "ui") => break,
            Err(error) => panic!("{}: {}", directory.display(), error.message()),
        };
        let expected = schema(&connection);
        let sql = expected.to_sql();
        let actual = schema(&database(&expected));
        let place = format!("{} at {}", directory.display(), chain[index].id());
        let diff = revchain_core::schema::diff(&expected, &actual);
        assert_eq!(
            expected.fingerprint(),
            actual.fingerprint(),
            "{place}: {diff}\n{sql}"
        );
        assert_eq!(actual.to_sql(), sql, "{place}");
        count += 1;
    }
    count
}

/// Returns the directories in a directory.
fn directories(parent: &str) -> Vec<PathBuf> {
    let parent = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .join(parent);
    let entries = fs::read_dir(parent).unwrap();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

#[test]
fn printed_schema_of_each_chain_is_the_same_schema() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    assert_eq!(assert_printed(&root.join("migrations")), 9);
    let mut chains = directories("tests/chains");
    let mut expected = vec![3, 26, 2, 5, 1];
    // The chain `everything` has statements that came with SQLite 3.53.
    if version_number() < 3_053_000 {
        chains.retain(|path| !path.ends_with("everything"));
        expected.remove(1);
    }
    let counts: Vec<usize> = chains.iter().map(|path| assert_printed(path)).collect();
    assert_eq!(counts, expected);
    let ui = directories("tests/ui/chains");
    let counts: Vec<usize> = ui.iter().map(|path| assert_printed(path)).collect();
    assert!(counts.iter().sum::<usize>() > 30, "{counts:?}");
}

#[test]
fn printed_schema_of_random_chains_is_the_same_schema() {
    for seed in 0..60 {
        let directory = Directory::of(&[]);
        RandomChain::random(seed).write(&directory.0);
        assert_ne!(assert_printed(&directory.0), 0, "seed {seed}");
    }
}

#[test]
fn base_has_an_empty_text() {
    let directory = Directory::of(&[("CREATE TABLE t (a);", "DROP TABLE t;")]);
    let chain = directory
        .prove(revchain_prove::Scope::All)
        .into_chain()
        .unwrap();
    let connection = schema_at(&chain, &RevisionSet::empty(1), |_| None).unwrap();
    assert_eq!(schema(&connection).to_sql(), "");
}

#[test]
fn objects_of_the_program_are_replaced_by_stand_ins() {
    let directory = Directory::of(&[(
        "@function slug(1)\n@collation german\n@module vec0\n\
             CREATE TABLE t (a, b AS (slug(a)));\n\
             CREATE INDEX i ON t (a COLLATE german);\n\
             CREATE VIRTUAL TABLE v USING vec0(embedding float[3]);",
        "DROP TABLE v;\nDROP TABLE t;",
    )]);
    assert_eq!(assert_printed(&directory.0), 1);
}
