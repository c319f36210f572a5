//! The command `backup`.

use std::fs;

use revchain_runtime::rusqlite::Connection;

use crate::mishaps::damage;
use crate::support::Shell;

/// Returns a shell with the database `app.db` at 001.
fn shell_at_001() -> Shell {
    let shell = Shell::new();
    shell.ok("upgrade -d app.db -r 001");
    shell
}

/// Returns the names of the files in a directory.
fn names(shell: &Shell, directory: &str) -> Vec<String> {
    let entries = fs::read_dir(shell.path(directory)).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

#[test]
fn backup_gets_the_name_of_the_argument() {
    let shell = shell_at_001();
    let answer = shell.ok("backup copy.bak -d app.db");
    let bytes = fs::metadata(shell.path("copy.bak")).unwrap().len();
    let size = format!("{} KiB", bytes / 1024);
    let expected = format!("app.db: 001 backed up to copy.bak ({size})");
    assert_eq!(answer, expected);
    shell.sql("INSERT INTO users VALUES (7)");
    shell.ok("restore copy.bak -d app.db --yes");
    let db = Connection::open(shell.path("app.db")).unwrap();
    let count = |sql| db.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(count("SELECT count(*) FROM users"), 0);
    assert_eq!(names(&shell, "."), ["app.db", "copy.bak", "migrations"]);
}

#[test]
fn backup_without_an_argument_is_beside_the_database() {
    let shell = shell_at_001();
    fs::create_dir(shell.path("data")).unwrap();
    fs::rename(shell.path("app.db"), shell.path("data/app.db")).unwrap();
    let json = shell.json("backup -d data/app.db --json");
    let made = &names(&shell, "data")[0];
    assert!(made.starts_with("app.2") && made.ends_with("Z.001.kept.db"));
    let bytes = fs::metadata(shell.path("data").join(made)).unwrap().len();
    assert_eq!(
        (
            &json["database"],
            &json["backup"],
            &json["revision"],
            &json["bytes"]
        ),
        (
            &"data/app.db".into(),
            &format!("data/{made}").into(),
            &"001".into(),
            &bytes.into()
        )
    );
}

#[test]
fn backups_of_one_second_have_different_names() {
    let shell = shell_at_001();
    for count in 1..=5 {
        shell.ok("backup backups/ -d app.db");
        assert_eq!(names(&shell, "backups").len(), count);
    }
}

#[test]
fn file_in_place_of_the_directory_is_named() {
    let shell = shell_at_001();
    fs::write(shell.path("backups"), "").unwrap();
    let (code, _, error) = shell.run("upgrade 002 -d app.db --backup backups");
    assert_eq!(code, 1);
    let expected = "cannot make a backup in backups; nothing was changed: \
                    it is not a directory\nhelp: name another directory";
    assert!(error.contains(expected), "{error}");
}

#[test]
fn directory_with_a_slash_is_created() {
    let shell = shell_at_001();
    shell.ok("backup new/backups/ -d app.db");
    assert_eq!(names(&shell, "new/backups").len(), 1);
    // A file needs an existing directory.
    let (code, _, error) = shell.run("backup gone/copy.db -d app.db");
    assert_eq!(code, 1);
    let expected = "error: app.db: cannot make a backup in gone: the directory gone does not exist";
    assert!(error.starts_with(expected), "{error}");
}

#[test]
fn existing_file_is_not_replaced() {
    let shell = shell_at_001();
    fs::write(shell.path("copy.db"), "precious").unwrap();
    let (code, _, error) = shell.run("backup copy.db -d app.db");
    assert_eq!(code, 1);
    assert_eq!(
        error,
        "error: app.db: cannot make a backup in .: copy.db exists\n\
         help: name a new file, or a directory\n\
         more: run `revchain explain backup`"
    );
    assert_eq!(fs::read(shell.path("copy.db")).unwrap(), b"precious");
    let json = shell.json("backup app.db -d app.db --json");
    assert_eq!(json["error"]["code"], "backup");
}

#[test]
fn damaged_database_has_no_backup() {
    let shell = shell_at_001();
    shell.ok("backup backups/ -d app.db");
    let sound = names(&shell, "backups");
    damage(&shell);
    let (code, _, error) = shell.run("backup backups -d app.db");
    assert_eq!(code, 1);
    let fact = "app.db: the database is damaged; no backup was made, and nothing was changed: ";
    assert!(error.contains(fact), "{error}");
    // The message names the newest backup.
    let help = format!(
        "then run `revchain restore -d app.db backups/{}`\nmore: run `revchain explain corrupt`",
        sound[0]
    );
    assert!(error.ends_with(&help), "{error}");
    assert_eq!(names(&shell, "backups"), sound);
    let json = shell.json("backup -d app.db --json");
    assert_eq!(json["error"]["code"], "corrupt");
}

#[test]
fn missing_database_has_no_backup() {
    let shell = Shell::new();
    let (code, _, error) = shell.run("backup backups/ -d app.db");
    assert_eq!(code, 1);
    assert!(
        error.starts_with("error: app.db: there is no such file"),
        "{error}"
    );
    assert_eq!(names(&shell, "."), ["migrations"]);
}

#[test]
fn upgrade_removes_no_backup_of_the_command() {
    let shell = shell_at_001();
    shell.ok("backup backups/ -d app.db");
    let kept = names(&shell, "backups");
    shell.ok("upgrade 002 -d app.db --backup backups --keep 1");
    shell.ok("upgrade 003 -d app.db --backup backups --keep 1");
    let names = names(&shell, "backups");
    assert_eq!(names.len(), 2, "{names:?}");
    assert!(names.contains(&kept[0]), "{names:?}");
    // A file that an upgrade could remove is an error.
    let (code, _, error) = shell.run("backup app.20200101T000000Z.003.db -d app.db");
    assert_eq!(code, 1);
    assert!(
        error.contains(": a later upgrade may remove app.2020"),
        "{error}"
    );
}

#[test]
fn read_only_database_is_backed_up() {
    let shell = shell_at_001();
    shell.ok("backup copy.db -d file:app.db?mode=ro");
    assert!(shell.path("copy.db").exists());
}
