//! The command `merge`.

use std::fs;

use serde_json::json;

use crate::support::Shell;

/// Returns a directory with the heads 003 and 004, which both revise 002.
fn two_heads() -> Shell {
    let shell = Shell::new();
    shell.migration(
        "20260104_0000_004_links.sql",
        "002",
        "CREATE TABLE links (a);",
        "DROP TABLE links;",
    );
    shell
}

#[test]
fn merge_writes_a_revision_that_revises_both_heads() {
    let shell = two_heads();
    let path = shell.ok("merge");
    assert!(
        path.starts_with("migrations/") && path.ends_with("_005_merge_003_and_004.sql"),
        "{path}"
    );
    let text = fs::read_to_string(shell.path(&path)).unwrap();
    assert!(
        text.starts_with("-- Merge 003 and 004.\n-- @revises 003 004\n"),
        "{text}"
    );
    shell.ok("check");
    assert!(
        shell
            .ok("upgrade -d app.db")
            .contains("new database at 005: 5 revisions")
    );
    shell.ok("downgrade -d app.db -r base --yes");
    assert_eq!(
        shell.ok("merge"),
        "migrations: there is one head: nothing to do"
    );
    assert_eq!(
        shell.json("merge --json"),
        json!({ "path": null, "revision": null, "revises": null })
    );
}

#[test]
fn merge_joins_two_released_branches() {
    let shell = two_heads();
    let pending = shell.run("pending -d app.db").2;
    assert!(pending.contains("help: run `revchain rebase`"), "{pending}");
    // Each branch has locked its revision, and git has merged the files.
    let merged = shell.ok("merge");
    shell.ok("lock");
    let lock = shell.path("migrations/revchain.lock");
    let text = fs::read_to_string(&lock).unwrap();
    let (of_merge, others): (Vec<&str>, Vec<&str>) =
        text.lines().partition(|line| line.starts_with("005 "));
    assert_eq!(of_merge.len(), 1);
    fs::write(&lock, others.join("\n") + "\n").unwrap();
    fs::remove_file(shell.path(&merged)).unwrap();
    assert!(
        shell
            .run("pending -d app.db")
            .2
            .contains("help: both are released: run `revchain merge`")
    );
    assert_eq!(shell.run("rebase").0, 1);
    let output = shell.json("merge Join --json --revision 7a");
    assert_eq!(
        (&output["revision"], &output["revises"]),
        (&json!("7a"), &json!("003 004"))
    );
    let path = output["path"].as_str().unwrap();
    assert!(path.ends_with("_7a_join.sql"), "{path}");
    let lock = fs::read_to_string(&lock).unwrap();
    let head = path.rsplit('/').next().unwrap();
    assert!(lock.ends_with(&format!("\nhead {head}\n")), "{lock}");
    shell.ok("check");
}

#[test]
fn merge_rejects_ids_that_it_cannot_use() {
    let shell = two_heads();
    for (arguments, message) in [
        (
            "merge --revision 003",
            "error: the chain already has a revision 003",
        ),
        ("merge --revision A!", "error: invalid revision id `A!`"),
        ("merge ---", "error: "),
    ] {
        let (code, _, error) = shell.run(arguments);
        assert_eq!(code, 2, "{error}");
        assert!(error.starts_with(message), "{error}");
    }
    assert_eq!(fs::read_dir(shell.path("migrations")).unwrap().count(), 4);
}

#[test]
fn merge_does_not_hide_a_duplicate_revision() {
    let shell = Shell::new();
    shell.migration(
        "20260104_0000_003_links.sql",
        "002",
        "CREATE TABLE links (a);",
        "DROP TABLE links;",
    );
    let (code, _, error) = shell.run("merge");
    assert_eq!(code, 1);
    assert!(
        error.contains("[duplicate-revision]")
            && error.contains("help: run `revchain rebase`, or give 20260104_0000_003_links.sql"),
        "{error}"
    );
}

#[test]
fn merged_lock_of_one_minute_passes_the_check() {
    let shell = Shell::new();
    shell.ok("lock");
    let lock = shell.path("migrations/revchain.lock");
    let common = fs::read_to_string(&lock).unwrap();
    let (common, _) = common.rsplit_once("head ").unwrap();
    let names = ["20260104_0000_004_b.sql", "20260104_0000_005_c.sql"];
    // Each branch has its own revision after 003, and has locked it.
    let [theirs, ours] = names.map(|name| {
        shell.migration(name, "003", "SELECT 1;", "SELECT 2;");
        shell.ok("lock");
        let text = fs::read_to_string(&lock).unwrap();
        fs::remove_file(shell.path("migrations").join(name)).unwrap();
        fs::write(&lock, format!("{common}head x\n")).unwrap();
        text.strip_prefix(common).unwrap().to_owned()
    });
    for name in names {
        shell.migration(name, "003", "SELECT 1;", "SELECT 2;");
    }
    let conflict = format!("{common}<<<<<<< HEAD\n{ours}=======\n{theirs}>>>>>>> main\n");
    fs::write(&lock, conflict).unwrap();
    shell.ok("merge");
    shell.ok("check migrations");
}
