//! The command `rebase`.

use std::fs;

use serde_json::json;

use crate::support::Shell;

/// Writes a lock file with a conflict between two branches that each added a revision.
///
/// `main` has locked its revision 004. The own branch has an unlocked revision of the same id.
fn conflict(shell: &Shell) {
    let (own, main) = ("20260104_0000_004_own.sql", "20260104_0600_004_main.sql");
    shell.ok("lock -r 003");
    let before = lock_file(shell);
    shell.migration(main, "003", "CREATE TABLE m (a);", "DROP TABLE m;");
    shell.ok("lock");
    let added = lock_file(shell);
    let added = added.lines().find(|line| line.starts_with("004 ")).unwrap();
    shell.migration(own, "003", "CREATE TABLE o (a);", "DROP TABLE o;");
    let (common, head) = before.rsplit_once("head ").unwrap();
    let text = format!(
        "{common}<<<<<<< HEAD\nhead {own}\n||||||| 123\nhead {head}=======\n{added}\nhead {main}\n\
         >>>>>>> main\n"
    );
    let text = text.replace('\n', "\r\n");
    fs::write(shell.path("migrations/revchain.lock"), text).unwrap();
}

/// Runs `rebase`, which must move a file, and returns its output without the note at the end.
fn rebase(shell: &Shell) -> String {
    let out = shell.ok("rebase");
    let (moves, note) = out.rsplit_once("\nnote: ").unwrap();
    assert_eq!(
        note,
        "if a deployed program has a moved revision, undo this change with git, run `revchain lock` on \
         the branch of that program, and merge again"
    );
    moves.to_owned()
}

fn lock_file(shell: &Shell) -> String {
    fs::read_to_string(shell.path("migrations/revchain.lock")).unwrap()
}

#[test]
fn rebase_joins_the_sides_of_a_conflict_in_the_lock_file() {
    let shell = Shell::new();
    conflict(&shell);
    let error = shell.run("pending -d app.db").2;
    assert!(
        error.contains("help: two branches added revisions: run `revchain rebase`"),
        "{error}"
    );
    let out = rebase(&shell);
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(
        lines[0],
        "migrations/revchain.lock: joined both sides of the conflict"
    );
    assert!(
        lines[1].starts_with("migrations: 20260104_0000_004_own.sql → ")
            && lines[1].ends_with("_005_own.sql: 005 revises 004"),
        "{out}"
    );
    assert_eq!(lines.len(), 2);
    let lock = lock_file(&shell);
    assert!(
        !lock.contains("<<<<<<<") && lock.contains("\n004 003 "),
        "{lock}"
    );
    let pending = shell.json("pending -d app.db --json")["pending"].clone();
    assert_eq!(pending.as_array().unwrap().len(), 5);
    assert_eq!(
        shell.ok("rebase"),
        "migrations: there is one head: nothing to do"
    );
}

#[test]
fn conflict_in_the_lock_file_alone_gets_the_head_of_the_chain() {
    let shell = Shell::new();
    shell.ok("lock");
    let lock = lock_file(&shell);
    let (common, head) = lock.rsplit_once("head ").unwrap();
    let text = format!(
        "{common}<<<<<<< HEAD\nhead 20260102_0000_002_notes.sql\n=======\nhead {head}>>>>>>> main\n"
    );
    fs::write(shell.path("migrations/revchain.lock"), text).unwrap();
    assert_eq!(
        shell.ok("rebase"),
        "migrations/revchain.lock: joined both sides of the conflict"
    );
    assert_eq!(lock_file(&shell), lock);
}

#[test]
fn conflict_with_a_removed_line_is_left_to_the_user() {
    let shell = Shell::new();
    conflict(&shell);
    let lock = lock_file(&shell);
    let third = lock.lines().find(|line| line.starts_with("003 ")).unwrap();
    let removed = lock
        .replace(&format!("{third}\n"), "")
        .replace("||||||| 123\r\n", &format!("||||||| 123\r\n{third}\r\n"));
    let removed = removed.replace(&format!("{third}\r\n<<<"), "<<<");
    fs::write(shell.path("migrations/revchain.lock"), &removed).unwrap();
    assert_eq!(
        shell.json("rebase --json")["error"],
        json!({
            "code": "undecidable",
            "message": "migrations/revchain.lock: a branch has changed or removed the line of 003",
            "help": ["restore the line, or resolve the conflict by hand"],
        })
    );
    assert_eq!(lock_file(&shell), removed);
}

/// Writes a lock file with a conflict: each side has locked its revision 004.
fn both_locked_one_id(shell: &Shell) {
    shell.ok("lock");
    let before = lock_file(shell);
    let (common, _) = before.rsplit_once("head ").unwrap();
    let names = ["main", "own"].map(|name| format!("20260104_0000_004_{name}.sql"));
    let write = |name: &str| shell.migration(name, "003", "SELECT 1;", "SELECT 2;");
    write(&names[0]);
    shell.ok("lock");
    let theirs = lock_file(shell);
    fs::remove_file(shell.path("migrations").join(&names[0])).unwrap();
    fs::write(shell.path("migrations/revchain.lock"), &before).unwrap();
    shell.migration(&names[1], "003", "SELECT 3;", "SELECT 4;");
    shell.ok("lock");
    let ours = lock_file(shell);
    write(&names[0]);
    let [ours, theirs] = [&ours, &theirs].map(|text| text.strip_prefix(common).unwrap());
    let text = format!("{common}<<<<<<< HEAD\n{ours}=======\n{theirs}>>>>>>> main\n");
    fs::write(shell.path("migrations/revchain.lock"), text).unwrap();
}

#[test]
fn id_that_both_branches_locked_is_unlocked_as_the_help_says() {
    let shell = Shell::new();
    both_locked_one_id(&shell);
    let error = &shell.json("rebase --json")["error"];
    assert_eq!(
        (&error["message"], &error["help"]),
        (
            &json!(
                "migrations/revchain.lock: both branches have locked a revision 004, and they differ"
            ),
            &json!([
                "if one of them never shipped, delete its line and the later lines of its side of the \
                 conflict",
                "then run `revchain rebase`, which gives it another id, and lock it again: `revchain lock`",
            ])
        )
    );
    let without: String = lock_file(&shell)
        .lines()
        .filter(|line| !line.ends_with(" own"))
        .map(|line| format!("{line}\n"))
        .collect();
    fs::write(shell.path("migrations/revchain.lock"), without).unwrap();
    let out = shell.ok("rebase");
    assert!(
        out.contains("20260104_0000_004_own.sql → 20260104_0000_005_own.sql: 005 revises 004"),
        "{out}"
    );
    let locked = shell.ok("lock");
    assert!(
        locked.contains("5 locked up to 005, 1 of them new"),
        "{locked}"
    );
    shell.ok("check migrations");
}

#[test]
fn rebase_moves_the_second_head_behind_the_first() {
    let shell = Shell::new();
    shell.ok("lock -r 002");
    // The first branch has 003. The second branch has 004 and 005, which are older.
    shell.migration(
        "20260102_1200_004_left.sql",
        "002",
        "CREATE TABLE l (a);",
        "DROP TABLE l;",
    );
    shell.migration(
        "20260102_1300_005_leaf.sql",
        "004",
        "CREATE TABLE m (a);",
        "DROP TABLE m;",
    );
    let file = shell.path("migrations/20260103_0000_003_tags.sql");
    fs::write(
        &file,
        fs::read_to_string(&file).unwrap().replace('\n', "\r\n"),
    )
    .unwrap();
    assert!(shell.run("pending").2.contains("[multiple-heads]"));
    let out = rebase(&shell);
    assert_eq!(
        out,
        "migrations: 20260103_0000_003_tags.sql: 003 revises 005"
    );
    let text = fs::read_to_string(&file).unwrap();
    assert!(
        text.contains("-- @revises 005\r\n") && !text.replace("\r\n", "").contains('\n'),
        "{text}"
    );
    assert_eq!(
        shell.json("pending -d app.db --json")["pending"]
            .as_array()
            .unwrap()
            .len(),
        5
    );
    assert_eq!(
        shell.ok("rebase"),
        "migrations: there is one head: nothing to do"
    );
    let lock = fs::read_to_string(shell.path("migrations/revchain.lock")).unwrap();
    assert!(
        lock.ends_with("\nhead 20260103_0000_003_tags.sql\n"),
        "{lock}"
    );
}

#[test]
fn rebase_does_not_move_locked_revisions() {
    let shell = Shell::new();
    shell.ok("lock");
    shell.migration(
        "20260102_1200_004_left.sql",
        "002",
        "CREATE TABLE l (a);",
        "DROP TABLE l;",
    );
    shell.migration(
        "20260102_1300_005_leaf.sql",
        "004",
        "CREATE TABLE m (a);",
        "DROP TABLE m;",
    );
    let moved = shell.json("rebase --json")["moved"].clone();
    // The older branch moves, and its date becomes later than the date of its new parent.
    assert_eq!(
        (&moved[0]["from"], &moved[0]["revises"]),
        (&json!("20260102_1200_004_left.sql"), &json!("003"))
    );
    assert_ne!(moved[0]["to"], moved[0]["from"]);
    assert_eq!(moved[1]["revises"], "004");
    assert_eq!(
        shell.json("pending -d app.db --json")["pending"][4]["revision"],
        "005"
    );
    shell.ok("lock");
    shell.migration(
        "20260105_0000_006_other.sql",
        "002",
        "CREATE TABLE o (a);",
        "DROP TABLE o;",
    );
    shell.ok("rebase");
}

#[test]
fn rebase_of_two_locked_branches_requires_an_unlocked_one() {
    let shell = Shell::new();
    shell.migration(
        "20260104_0000_004_left.sql",
        "002",
        "CREATE TABLE l (a);",
        "DROP TABLE l;",
    );
    shell.migration(
        "20260105_0000_005_merge.sql",
        "003 004",
        "CREATE TABLE m (a);",
        "DROP TABLE m;",
    );
    shell.ok("lock");
    fs::remove_file(shell.path("migrations/20260105_0000_005_merge.sql")).unwrap();
    let lock = shell.path("migrations/revchain.lock");
    let text = fs::read_to_string(&lock).unwrap();
    let without: String = text
        .lines()
        .filter(|line| !line.starts_with("005 "))
        .map(|line| format!("{line}\n"))
        .collect();
    fs::write(&lock, without).unwrap();
    assert_eq!(shell.run("rebase").0, 1);
    assert_eq!(
        shell.json("rebase --json")["error"],
        json!({
            "code": "undecidable",
            "message": "both branches are released: 003 and 004 are locked",
            "help": [
                "merge them in a new revision: `revchain merge`",
                "if one of them never shipped, remove its line and the later lines of its branch from \
                 revchain.lock, and run `revchain rebase` again",
            ],
        })
    );
    let unlocked: String = lock_file(&shell)
        .lines()
        .filter(|line| !line.starts_with("004 "))
        .map(|line| format!("{line}\n"))
        .collect();
    fs::write(&lock, unlocked).unwrap();
    assert_eq!(
        rebase(&shell),
        "migrations: 20260104_0000_004_left.sql: 004 revises 003"
    );
    shell.ok("check migrations");
}

#[test]
fn rebase_gives_a_duplicate_revision_a_new_id() {
    let shell = Shell::new();
    shell.migration(
        "20260103_0900_003_links.sql",
        "002",
        "CREATE TABLE links (a);",
        "DROP TABLE links;",
    );
    assert!(shell.run("pending").2.contains("[duplicate-revision]"));
    assert_eq!(
        rebase(&shell),
        "migrations: 20260103_0900_003_links.sql → 20260103_0900_004_links.sql: 004 revises 003"
    );
    assert_eq!(
        shell.json("pending -d app.db --json")["pending"]
            .as_array()
            .unwrap()
            .len(),
        4
    );
    // The locked revision keeps its id, even if it is the younger one.
    shell.ok("lock");
    shell.migration(
        "20260103_0800_004_early.sql",
        "003",
        "CREATE TABLE e (a);",
        "DROP TABLE e;",
    );
    assert!(
        shell
            .ok("rebase")
            .contains("20260103_0800_004_early.sql → ")
    );
    assert_eq!(
        shell.json("pending -d app.db --json")["pending"][4]["revision"],
        "005"
    );
}

/// Adds a branch with two revisions, 003 and 004, which revise 002.
fn branch(shell: &Shell, name: &str, dates: [&str; 2]) {
    for ((id, parent), date) in [("003", "002"), ("004", "003")].into_iter().zip(dates) {
        let (file, table) = (format!("{date}_{id}_{name}.sql"), format!("{name}_{id}"));
        let (upgrade, downgrade) = (
            format!("CREATE TABLE {table} (a);"),
            format!("DROP TABLE {table};"),
        );
        shell.migration(&file, parent, &upgrade, &downgrade);
    }
}

#[test]
fn two_revisions_with_the_same_ids_on_both_branches_get_new_ids() {
    for (own, is_locked) in [
        (["20260105_0000", "20260106_0000"], false),
        // The dates allow either parent, but the lock file tells which.
        (["20260103_0600", "20260104_0600"], true),
    ] {
        let shell = Shell::new();
        fs::remove_file(shell.path("migrations/20260103_0000_003_tags.sql")).unwrap();
        branch(&shell, "main", ["20260103_0000", "20260104_0000"]);
        if is_locked {
            shell.ok("lock");
        }
        branch(&shell, "own", own);
        let out = rebase(&shell);
        assert!(
            out.contains("_005_own.sql: 005 revises 004")
                && out.ends_with("_006_own.sql: 006 revises 005"),
            "{out}"
        );
        let pending = &shell.json("pending -d app.db --json")["pending"];
        assert_eq!(pending.as_array().unwrap().len(), 6);
    }
}

#[test]
fn rebase_orders_three_branches_with_the_same_id() {
    let shell = Shell::new();
    for (date, name) in [("20260104", "a"), ("20260105", "b"), ("20260106", "c")] {
        let (file, upgrade, downgrade) = (
            format!("{date}_0000_004_{name}.sql"),
            format!("CREATE TABLE {name} (a);"),
            format!("DROP TABLE {name};"),
        );
        shell.migration(&file, "003", &upgrade, &downgrade);
    }
    assert_eq!(
        rebase(&shell),
        "migrations: 20260105_0000_004_b.sql → 20260105_0000_005_b.sql: 005 revises 004\n\
         migrations: 20260106_0000_004_c.sql → 20260106_0000_006_c.sql: 006 revises 005"
    );
    let pending = &shell.json("pending -d app.db --json")["pending"];
    assert_eq!(pending.as_array().unwrap().len(), 6);
}

#[test]
fn rebase_makes_no_guess_if_a_parent_is_ambiguous() {
    let shell = Shell::new();
    fs::remove_file(shell.path("migrations/20260103_0000_003_tags.sql")).unwrap();
    branch(&shell, "main", ["20260103_0000", "20260104_0000"]);
    branch(&shell, "own", ["20260103_0600", "20260104_0600"]);
    assert!(shell.run("rebase").2.starts_with(
        "error: two files are revision 003, and other files revise it without saying which\n\
         help: rename one of the files by hand"
    ));
}

#[test]
fn older_duplicate_on_the_later_branch_gets_the_new_id() {
    let shell = Shell::new();
    shell.migration(
        "20260106_0000_004_main.sql",
        "003",
        "CREATE TABLE main (a);",
        "DROP TABLE main;",
    );
    shell.migration(
        "20260104_0000_004_own.sql",
        "002",
        "CREATE TABLE own (a);",
        "DROP TABLE own;",
    );
    let out = rebase(&shell);
    assert!(
        out.starts_with("migrations: 20260104_0000_004_own.sql → ")
            && out.ends_with("_005_own.sql: 005 revises 004"),
        "{out}"
    );
    assert!(shell.path("migrations/20260106_0000_004_main.sql").exists());
    let pending = &shell.json("pending -d app.db --json")["pending"];
    assert_eq!(pending.as_array().unwrap().len(), 5);
}

#[test]
fn rebase_requires_that_other_defects_are_fixed() {
    let shell = Shell::new();
    shell.migration(
        "20260104_0000_004_left.sql",
        "002",
        "COMMIT;",
        "DROP TABLE l;",
    );
    let before = fs::read_to_string(shell.path("migrations/20260104_0000_004_left.sql")).unwrap();
    assert!(shell.run("rebase").2.contains("[transaction-control]"));
    assert_eq!(
        fs::read_to_string(shell.path("migrations/20260104_0000_004_left.sql")).unwrap(),
        before
    );
}
