//! The command `lock`.

use std::fs;

use serde_json::json;

use crate::support::Shell;

/// A build only tracks a lock that existed at the previous build.
/// The first lock therefore touches the file of the head.
#[test]
fn first_lock_touches_the_file_of_the_head() {
    let shell = Shell::new();
    let head = shell.path("migrations/20260103_0000_003_tags.sql");
    let modified = || fs::metadata(&head).unwrap().modified().unwrap();
    let long_ago = std::time::SystemTime::UNIX_EPOCH;
    let age = || {
        fs::File::options()
            .append(true)
            .open(&head)
            .unwrap()
            .set_modified(long_ago)
            .unwrap()
    };
    age();
    shell.ok("lock -r 001");
    assert!(modified() > long_ago);
    age();
    shell.ok("lock");
    assert_eq!(modified(), long_ago, "the lock existed before");
}

#[test]
fn lock_records_revisions_and_migrate_updates_its_head() {
    let shell = Shell::new();
    let lock = || fs::read_to_string(shell.path("migrations/revchain.lock")).unwrap();
    let out = shell.ok("lock 002");
    assert_eq!(
        out,
        "migrations/revchain.lock: 2 locked up to 002, 2 of them new; the head is 003"
    );
    assert!(lock().ends_with("\nhead 20260103_0000_003_tags.sql\n"));
    // Only revisions that are not locked may change.
    shell.migration(
        "20260103_0000_003_tags.sql",
        "002",
        "CREATE TABLE tags (a, b);",
        "DROP TABLE tags;",
    );
    shell.ok("upgrade -d app.db");
    shell.migration(
        "20260102_0000_002_notes.sql",
        "001",
        "CREATE TABLE notes (a, b);",
        "DROP TABLE notes;",
    );
    for command in ["upgrade -d app.db", "lock", "migrate more"] {
        let (code, _, error) = shell.run(command);
        assert_eq!(code, 1);
        assert!(
            error.contains(
                "[locked-revision-changed] the locked revision 002 has changed: its upgrade"
            ),
            "{error}"
        );
    }
    shell.migration(
        "20260102_0000_002_notes.sql",
        "001",
        "CREATE TABLE notes (a);",
        "DROP TABLE notes;",
    );
    let path = shell.ok("migrate more");
    assert!(
        lock().ends_with(&format!(
            "\nhead {}\n",
            path.trim_start_matches("migrations/")
        )),
        "{}",
        lock()
    );
    assert_eq!(
        lock().matches("\n00").count(),
        2,
        "migrate locks no revision"
    );
    // After the file is removed by hand, the lock still names it as the head.
    fs::remove_file(shell.path(&path)).unwrap();
    assert!(shell.run("pending").2.contains("[lock-head-differs]"));
    assert!(shell.run("migrate more").2.contains("[lock-head-differs]"));
    shell.ok("lock --head");
    assert_eq!(shell.json("lock --json")["new"], json!(["003"]));
    assert_eq!(
        shell.json("lock -r 001 --json")["locked"],
        json!(["001", "002", "003"]),
        "nothing is unlocked"
    );
    assert_eq!(shell.run("lock -r 009").0, 2);
    assert_eq!(shell.run("lock --directory elsewhere").0, 1);
    let left: Vec<_> = fs::read_dir(shell.path("migrations"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(left.len(), 4);
}

#[test]
fn lock_prints_the_notes_of_the_revisions_it_proves() {
    let shell = Shell::new();
    shell.table_without_sample_rows();
    let notes = &shell.json("lock --head --json")["notes"];
    let note = format!("\nnote: {}", notes[0].as_str().unwrap());
    assert!(note.contains("005") && note.contains("codes"), "{note}");
    let out = shell.ok("lock");
    assert!(out.ends_with(&note), "{out}");
    assert_eq!(shell.json("lock --json")["notes"], json!([]));
}

#[test]
fn missing_head_line_is_written_by_lock_head() {
    let shell = Shell::new();
    shell.ok("lock 002");
    let path = shell.path("migrations/revchain.lock");
    let good = fs::read_to_string(&path).unwrap();
    let without = good.split("head ").next().unwrap();
    fs::write(&path, without.trim_end()).unwrap();
    // A command that locks revisions must not hide that lines are missing.
    for command in ["lock", "migrate more", "check"] {
        let (_, _, error) = shell.run(command);
        assert!(error.contains("[malformed-lock]"), "{command}: {error}");
        assert!(error.contains("run `revchain lock --head`"), "{error}");
    }
    shell.ok("lock --head");
    assert_eq!(fs::read_to_string(&path).unwrap(), good);
    // Without any line, the locked revisions are unknown.
    fs::write(&path, "# The head is missing.\n").unwrap();
    let (_, _, error) = shell.run("lock --head");
    assert!(error.contains("restore it from version control"), "{error}");
}
