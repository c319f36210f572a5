//! Databases that other migration tools have made, and the same migrations as a chain.
//!
//! `tests/fixtures/tools/README.md` describes the databases.

use std::fs;
use std::path::{Path, PathBuf};

use revchain::Migrations;
use revchain::rusqlite::Connection;
use revchain_core::{LoadedMigrations, lock_file};
use revchain_prove::migrations_from_directory;

use super::Fixture;

/// The times in the file names of the six migrations.
const TIMES: [&str; 6] = [
    "20240105093000",
    "20240212140500",
    "20240301081500",
    "20240318170000",
    "20240507110000",
    "20240622094500",
];

/// The ids of the six migrations of Alembic.
const ALEMBIC: [&str; 6] = [
    "7c1d2e90ab34",
    "0f5b6a7723ce",
    "e48a1190d6f2",
    "35c9f0be8d17",
    "b6207fd4a1e8",
    "91ae3c5d7b60",
];

/// The slugs of the six migrations, and the names in the style of a class.
const NAMES: [(&str, &str); 6] = [
    ("create_users_and_posts", "CreateUsersAndPosts"),
    ("add_published_at", "AddPublishedAt"),
    ("make_emails_unique", "MakeEmailsUnique"),
    ("fill_settings", "FillSettings"),
    ("record_title_changes", "RecordTitleChanges"),
    ("turn_feed_on", "TurnFeedOn"),
];

/// The times of the six migrations in milliseconds since the Unix epoch.
const MILLISECONDS: [&str; 6] = [
    "1704447000000",
    "1707746700000",
    "1709280900000",
    "1710781200000",
    "1715079600000",
    "1719049500000",
];

/// Returns the version of a migration in the record of each tool.
fn versions(index: usize) -> Vec<String> {
    let (number, time, milliseconds) = (index + 1, TIMES[index], MILLISECONDS[index]);
    let (slug, class) = NAMES[index];
    let mut camel = class.to_owned();
    camel[..1].make_ascii_lowercase();
    let (day, hour) = time.split_at(8);
    vec![
        format!("sqlx:{time}"),
        format!("refinery:{number}"),
        format!("diesel:{time}"),
        format!("alembic:{}", ALEMBIC[index]),
        format!("golang-migrate:{number:06}"),
        format!("goose:{number:05}"),
        format!("dbmate:{time}"),
        format!("user_version:{number}"),
        format!("knex:{time}_{slug}.js"),
        format!("rails:{time}"),
        format!("drizzle:{milliseconds}"),
        format!("prisma:{time}_{slug}"),
        format!("typeorm:{class}{milliseconds}"),
        format!("django:notes.{number:04}_{slug}"),
        format!("grdb:{camel}"),
        format!("seaorm:m{day}_{hour}_{slug}"),
        format!("flyway:{number}"),
        format!("atlas:{time}"),
        format!("efcore:{time}_{class}"),
        format!("hiqlite:{number}"),
        format!("d1:{number:04}_{slug}.sql"),
    ]
}

/// Returns the path of a file in `tests/fixtures/tools/`.
pub(crate) fn tool_file(path: &str) -> PathBuf {
    let tools = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/tools");
    Path::new(tools).join(path)
}

/// Copies a database of a tool into the fixture, and opens the copy.
pub(crate) fn tool_database(fixture: &Fixture, path: &str) -> Connection {
    fs::copy(tool_file(path), fixture.db()).unwrap();
    Connection::open(fixture.db()).unwrap()
}

/// Returns the six migrations as the revisions 001 to 006, with the versions of all tools.
pub(crate) fn six_migrations(fixture: &Fixture) -> Migrations {
    let directory = fixture.path("six");
    fs::create_dir(&directory).unwrap();
    let mut parent = "base".to_owned();
    for (index, time) in TIMES.iter().enumerate() {
        let slug = NAMES[index].0;
        let file = format!("sqlx/migrations/{time}_{slug}.sql");
        let sql = fs::read_to_string(tool_file(&file)).unwrap();
        let sql: Vec<&str> = sql
            .lines()
            .filter(|line| !is_for_connection(line))
            .collect();
        let was = versions(index)
            .into_iter()
            .map(|was| format!("-- @was {was}\n"));
        let was: String = was.collect();
        let text = format!(
            "-- {slug}.\n-- @revises {parent}\n-- @irreversible imported\n{was}\n-- @upgrade\n{}\n",
            sql.join("\n")
        );
        let id = format!("{:03}", index + 1);
        let (day, minute) = (&time[..8], &time[8..12]);
        fs::write(
            directory.join(format!("{day}_{minute}_{id}_{slug}.sql")),
            text,
        )
        .unwrap();
        parent = id;
    }
    locked(&directory)
}

/// Returns `true` for a line that begins or ends a transaction, or that sets the connection.
fn is_for_connection(line: &str) -> bool {
    ["BEGIN", "COMMIT", "PRAGMA"]
        .iter()
        .any(|word| line.starts_with(word) && line.ends_with(';'))
}

/// Locks all revisions of a directory, and proves the chain.
///
/// The proof does not judge the rows of a locked revision, which has run at users already.
pub(crate) fn locked(directory: &Path) -> Migrations {
    let loaded = LoadedMigrations::read(directory, "migrations");
    let chain = loaded
        .chain
        .unwrap_or_else(|| panic!("{:?}", loaded.defects));
    let lock = lock_file::render(&chain, chain.revisions());
    fs::write(directory.join(lock_file::FILE_NAME), lock).unwrap();
    migrations_from_directory(directory).unwrap()
}
