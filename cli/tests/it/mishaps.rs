//! Mishaps of operators: each ends with a message that says what to do.
//!
//! The modules `permissions` and `tests/it/errors.rs` have permissions and a full disk.

use std::fs;

use revchain_runtime::rusqlite::Connection;

use crate::support::Shell;

/// Returns a shell with the database `app.db` at 001, of a chain whose head is 003.
fn shell_at_001() -> Shell {
    let shell = Shell::new();
    shell.ok("upgrade -d app.db -r 001");
    shell
}

fn sql(shell: &Shell, database: &str, sql: &str) {
    let db = Connection::open(shell.path(database)).unwrap();
    db.execute_batch(sql).unwrap();
}

/// Fails a command, and checks the code, the fact, and the first advice after the place.
#[track_caller]
fn fails(shell: &Shell, arguments: &str, code: &str, fact: &str, help: &str) {
    let (exit, _, error) = shell.run(arguments);
    assert_eq!(exit, 1, "{error}");
    assert!(error.contains(fact), "{error}");
    assert!(error.contains(&format!("\nhelp: {help}")), "{error}");
    let json = shell.json(&format!("{arguments} --json"));
    assert_eq!(json["error"]["code"], code, "{json}");
}

#[test]
fn wrong_directory_says_where_the_path_begins() {
    let fact = "data/app.db: cannot open the database: the directory data does not exist";
    let help = "check the path, which begins at /";
    fails(&Shell::new(), "upgrade -d data/app.db", "open", fact, help);
}

#[test]
fn encrypted_or_other_file_says_to_check_the_path() {
    let shell = Shell::new();
    fs::write(shell.path("notes.txt"), "no database ".repeat(100)).unwrap();
    let fact = "notes.txt: the file is not an SQLite database, or it is encrypted: ";
    for command in ["upgrade", "current", "check"] {
        fails(
            &shell,
            &format!("{command} -d notes.txt"),
            "not-a-database",
            fact,
            "check the path of the database\nhelp: if the database is encrypted, ",
        );
    }
}

#[test]
fn database_of_another_program_says_to_check_the_file() {
    let shell = Shell::new();
    sql(&shell, "other.db", "CREATE TABLE places (url, title)");
    let fact = "other.db: the database has tables or views (places) but no history, and no \
                revision has a similar schema";
    let help = "check that this is the right file for this program";
    fails(&shell, "upgrade -d other.db", "unrecognized", fact, help);
}

#[test]
fn index_made_by_hand_says_how_to_drop_it() {
    let shell = shell_at_001();
    sql(&shell, "app.db", "CREATE INDEX fast ON users (a)");
    let fact = "app.db: the schema differs from that of 001:\n    + index fast ON users (a)\n";
    let (_, _, error) = shell.run("upgrade -d app.db");
    assert!(
        error.contains(
            "help: find out who made the change, then undo it: DROP INDEX fast;\n\
             help: exclude"
        ),
        "{error}"
    );
    let legend = "read `-` as missing in the database, `+` as not in 001";
    fails(&shell, "upgrade -d app.db", "drifted", fact, legend);
    for command in ["upgrade", "status", "check"] {
        let json = shell.json(&format!("{command} -d app.db --json"));
        let error = &json["error"];
        assert_eq!(error["database"], "app.db", "{command}");
        assert_eq!(error["current"], "001", "{command}");
        let drift = serde_json::json!(["+ index fast ON users (a)"]);
        assert_eq!(error["drift"], drift, "{command}");
    }
    sql(&shell, "app.db", "DROP INDEX fast");
    shell.ok("upgrade -d app.db");
}

#[test]
fn dropped_column_says_that_only_a_backup_has_its_values() {
    let shell = shell_at_001();
    sql(&shell, "app.db", "ALTER TABLE users ADD COLUMN b");
    sql(&shell, "app.db", "ALTER TABLE users DROP COLUMN a");
    let fact = "    - users.a\n";
    let help = "read `-` as missing in the database, `+` as not in 001, `→` as 001 → database\n\
                help: find out who made the change, then restore a backup: the values of a missing \
                table or column are lost\n";
    fails(&shell, "upgrade -d app.db", "drifted", fact, help);
}

#[test]
fn other_order_of_columns_says_to_rebuild_the_table() {
    let shell = shell_at_001();
    shell.migration(
        "20260102_0000_002_notes.sql",
        "001",
        "CREATE TABLE notes (a, b);",
        "DROP TABLE notes;",
    );
    shell.ok("upgrade -d app.db -r 002");
    let other = "DROP TABLE notes; CREATE TABLE notes (b, a)";
    sql(&shell, "app.db", other);
    let (_, _, error) = shell.run("upgrade -d app.db --ignore-column-order");
    assert!(
        error.contains(
            "\nhelp: rebuild the table with the order of 002: --ignore-column-order is only for a \
             database without a history\n"
        ),
        "{error}"
    );
}

#[test]
fn older_program_names_the_newer_one() {
    let shell = Shell::new();
    shell.ok("upgrade -d app.db");
    fs::remove_file(shell.path("migrations/20260103_0000_003_tags.sql")).unwrap();
    let fact = "the database is newer than this program, whose head is 002; it has\n  003";
    let help = "use a version of the program that has 003";
    fails(&shell, "upgrade -d app.db", "newer", fact, help);
}

#[test]
fn duplicates_are_listed_with_a_way_out() {
    let shell = shell_at_001();
    sql(&shell, "app.db", "INSERT INTO users VALUES (7), (7)");
    shell.migration(
        "20260102_0000_002_notes.sql",
        "001",
        "CREATE UNIQUE INDEX one ON users (a);",
        "DROP INDEX one;",
    );
    let file = shell.path("migrations/20260102_0000_002_notes.sql");
    let text = fs::read_to_string(&file).unwrap();
    let assumes = "-- @assumes users(a) unique the form rejects a second user\n";
    fs::write(
        &file,
        text.replacen(
            "-- @revises 001\n",
            &format!("-- @revises 001\n{assumes}"),
            1,
        ),
    )
    .unwrap();
    let fact = "rolled back: the database is still at 001\n\
                rows violate `@assumes users(a) unique`:\n  users: a = 7 (2 rows)\n";
    let help = "correct the rows in the database, or in the migration before the statement\n\
                help: until then, run the version of the program whose head is 001";
    fails(&shell, "upgrade -d app.db", "statement", fact, help);
}

#[test]
fn orphaned_rows_are_listed_with_a_way_out() {
    let shell = Shell::new();
    shell.migration(
        "20260103_0000_003_tags.sql",
        "002",
        "CREATE TABLE tags (id INTEGER PRIMARY KEY, parent REFERENCES tags);",
        "DROP TABLE tags;",
    );
    shell.ok("upgrade -d app.db");
    let orphan = "PRAGMA foreign_keys = OFF; INSERT INTO tags VALUES (1, 99)";
    sql(&shell, "app.db", orphan);
    shell.migration(
        "20260104_0000_004_renamed.sql",
        "003",
        "UPDATE tags SET parent = parent + 0;",
        "SELECT 1;",
    );
    let fact = "1 row violates a foreign key; rolled back: the database is still at 003\n\
                \x20 tags, row 1: (parent) has no match in tags\n";
    let help = "delete or fix the rows in the database, or in a migration: 1 violated a key before";
    fails(&shell, "upgrade -d app.db", "foreign-keys", fact, help);
}

/// Damages pages of `app.db` that an upgrade to 002 does not read.
pub(crate) fn damage(shell: &Shell) {
    let rows = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)
                INSERT INTO users SELECT hex(zeroblob(50)) FROM n";
    sql(shell, "app.db", rows);
    let mut bytes = fs::read(shell.path("app.db")).unwrap();
    let middle = bytes.len() / 2 / 4096 * 4096;
    bytes[middle..][..100].fill(0x5a);
    fs::write(shell.path("app.db"), bytes).unwrap();
}

#[test]
fn damaged_database_names_the_backup_to_restore() {
    let shell = shell_at_001();
    shell.ok("upgrade -d app.db -r 002 --backup backups");
    shell.ok("downgrade -d app.db -r 001 --yes");
    damage(&shell);
    let backups = fs::read_dir(shell.path("backups")).unwrap();
    let names: Vec<_> = backups.map(|entry| entry.unwrap().file_name()).collect();
    let backup = format!("backups/{}", names[0].to_str().unwrap());
    let fact = "app.db: the database is damaged; no backup was made, and nothing was changed: ";
    let restore = format!("revchain restore -d app.db {backup}");
    let help = format!("check the disk, move the damaged file away, then run `{restore}`");
    let upgrade = "upgrade -d app.db --backup backups --keep 1";
    fails(&shell, upgrade, "corrupt", fact, &help);
    // The advice works.
    fs::rename(shell.path("app.db"), shell.path("damaged.db")).unwrap();
    shell.ok(&format!("restore {backup} -d app.db"));
    shell.ok(upgrade);
}

#[test]
fn damaged_backup_says_to_restore_another() {
    let shell = shell_at_001();
    fs::copy(shell.path("app.db"), shell.path("good.db")).unwrap();
    damage(&shell);
    let fact = "app.db: cannot restore the backup; nothing was changed: ";
    let restore = "restore app.db -d good.db --yes";
    fails(&shell, restore, "damaged", fact, "restore another backup");
    let fact = "gone.db: there is no such file";
    let restore = "restore gone.db -d good.db --yes";
    fails(&shell, restore, "missing", fact, "check the path");
}

#[test]
fn directory_of_backups_that_is_a_file_is_named() {
    let shell = shell_at_001();
    fs::write(shell.path("backups"), "").unwrap();
    let fact = "app.db: cannot make a backup in backups; nothing was changed: ";
    let (_, _, error) = shell.run("upgrade -d app.db --backup backups");
    assert!(
        error.contains("\nhelp: or continue without backups"),
        "{error}"
    );
    fails(
        &shell,
        "upgrade -d app.db --backup backups",
        "backup",
        fact,
        "",
    );
}
