//! The command `restore`, and the backups of `upgrade`.

use std::fs;

use crate::support::Shell;

#[test]
fn backup_of_an_upgrade_is_restored() {
    let shell = Shell::new();
    shell.ok("upgrade -d app.db -r 001 --backup backups");
    assert!(
        !shell.path("backups").exists(),
        "a new database needs no backup"
    );
    shell.sql("INSERT INTO users VALUES (7)");
    let (code, _, progress) = shell.run("upgrade -d app.db --backup backups --keep 2");
    assert_eq!(code, 0, "{progress}");
    let backup = fs::read_dir(shell.path("backups"))
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .file_name();
    let backup = format!("backups/{}", backup.to_str().unwrap());
    assert!(
        progress.starts_with(&format!("backup: {backup}\n")),
        "{progress}"
    );
    assert!(backup.ends_with(".001.db"), "{backup}");
    shell.sql("DELETE FROM users");

    let (code, _, error) = shell.run(&format!("restore {backup} -d app.db"));
    assert_eq!(code, 2);
    assert!(
        error.contains(&format!(
            "app.db: restoring {backup}\n\
             Everything that is in the database now will be lost: at 003, 24 KiB, last written 20"
        )),
        "{error}"
    );
    assert!(error.ends_with("\nhelp: pass --yes"), "{error}");
    let answer = shell.ok(&format!("restore {backup} -d app.db --yes"));
    let expected = "app.db: restored at 001; it was at 003 before\n\
                    replaced: at 003, 24 KiB, last written 20";
    assert!(answer.starts_with(expected), "{answer}");
    let bytes = fs::metadata(shell.path("app.db")).unwrap().len();
    let json = shell.json(&format!("restore {backup} -d app.db --yes --json"));
    let replaced = &json["replaced"];
    assert_eq!(
        (&replaced["revision"], &replaced["bytes"]),
        (&"001".into(), &bytes.into())
    );
    assert!(replaced["modified_at"].is_string(), "{json}");
    shell.sql("UPDATE users SET a = 8 WHERE a = 7");
    let json = shell.json(&format!("upgrade -d app.db --backup {} --json", "backups"));
    // If a second has passed, the new backup replaced the older one of the same revision.
    let backup = json["backup"].as_str().unwrap();
    assert!(backup.starts_with("backups/app."), "{json}");
    // A restore to a new file needs no confirmation.
    assert_eq!(
        shell.ok(&format!("restore {backup} -d new.db")),
        "new.db: restored at 001 into a new file"
    );

    fs::write(shell.path("text.db"), "no database").unwrap();
    for (file, words) in [
        (
            "text.db",
            "text.db: the file is not an SQLite database, or it is encrypted: file is not a database\nhelp: check the path of the database\n",
        ),
        ("gone.db", "gone.db: there is no such file"),
    ] {
        let (code, _, error) = shell.run(&format!("restore {file} -d other.db --yes"));
        assert_eq!(code, 1);
        assert!(error.contains(words), "{error}");
        assert!(!shell.path("other.db").exists());
    }
    let (code, _, error) = shell.run(&format!("restore {backup} -d text.db --yes"));
    // The rest of the line is SQLite's, and differs between its versions.
    let message = "text.db: the file is not an SQLite database, or it is encrypted: ";
    assert!(
        code == 1 && error.starts_with(&format!("error: {message}")),
        "{error}"
    );
}

/// Makes `backup.db` of `app.db` at 001.
fn with_backup() -> Shell {
    let shell = Shell::new();
    shell.ok("upgrade -d app.db -r 001");
    shell.ok("backup backup.db -d app.db");
    shell
}

#[cfg(unix)]
#[test]
fn new_file_has_the_mode_of_the_backup() {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;

    let shell = with_backup();
    for (mode, expected) in [(0o600, 0o600), (0o640, 0o640), (0o400, 0o600)] {
        fs::set_permissions(shell.path("backup.db"), Permissions::from_mode(mode)).unwrap();
        shell.ok("restore backup.db -d new.db");
        let new = fs::metadata(shell.path("new.db")).unwrap();
        assert_eq!(new.permissions().mode() & 0o777, expected, "{mode:o}");
        shell.ok("upgrade -d new.db");
        fs::remove_file(shell.path("new.db")).unwrap();
    }
}

#[test]
fn damaged_present_file_is_distinguished_from_the_backup() {
    let shell = with_backup();
    for damaged in ["no database".as_bytes(), &half(&shell)] {
        fs::write(shell.path("app.db"), damaged).unwrap();
        let (code, _, error) = shell.run("restore backup.db -d app.db --yes");
        let help: Vec<&str> = error
            .lines()
            .filter(|line| line.starts_with("help: "))
            .collect();
        assert_eq!(code, 1);
        assert!(
            help[0].starts_with("help: move the present file away, with its `-wal`")
                && !error.contains("restore a backup"),
            "{error}"
        );
        fs::remove_file(shell.path("app.db")).unwrap();
        shell.ok("restore backup.db -d app.db");
    }
}

/// Returns a database whose second half is garbage.
fn half(shell: &Shell) -> Vec<u8> {
    crate::mishaps::damage(shell);
    let mut bytes = fs::read(shell.path("app.db")).unwrap();
    bytes[100..4096].fill(0x5a);
    bytes
}

#[test]
fn directory_or_the_database_itself_is_no_backup() {
    let shell = with_backup();
    fs::create_dir(shell.path("backups")).unwrap();
    for (backup, message) in [
        (
            "backups",
            "error: backups: the path is a directory\n\
             help: name a backup in the directory",
        ),
        (
            "./app.db",
            "error: ./app.db: the backup is the database itself\n\
             help: name a backup, or another database with -d",
        ),
    ] {
        let (code, _, error) = shell.run(&format!("restore {backup} -d app.db --yes"));
        assert_eq!((code, &*error), (2, message));
    }
}
