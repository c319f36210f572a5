//! The command `explain`, and the last line of each error.

use serde_json::json;

use crate::support::Shell;

#[test]
fn name_prints_the_page_without_migrations_or_database() {
    let shell = Shell(tempfile::tempdir().unwrap());
    let page = shell.ok("explain rows-lost");
    assert!(page.starts_with("# rows-lost\n\n"), "{page}");
    assert_eq!(page, shell.ok("explain [rows-lost]"));
    let object = shell.json("explain rows-lost --json");
    assert_eq!(object["page"], json!(page + "\n"));
}

#[test]
fn no_name_lists_all_names() {
    let shell = Shell(tempfile::tempdir().unwrap());
    let list = shell.ok("explain");
    let (errors, defects) = list.split_once("\n\nDefects of migrations").unwrap();
    assert!(errors.starts_with("Errors of commands"), "{list}");
    let has = |part: &str, name: &str| part.lines().any(|line| line.starts_with(name));
    assert!(
        has(errors, "  drifted  ") && !has(defects, "  drifted  "),
        "{list}"
    );
    assert!(has(defects, "  rows-lost  "), "{list}");
    let count = list.lines().filter(|line| line.starts_with("  ")).count();
    assert!(count > 100, "{list}");
    let object = shell.json("explain --json");
    assert_eq!(object["pages"].as_array().unwrap().len(), count);
}

#[test]
fn unknown_name_suggests_a_similar_name() {
    let shell = Shell(tempfile::tempdir().unwrap());
    let (code, _, error) = shell.run("explain row-lost");
    assert_eq!(code, 2);
    assert_eq!(
        error,
        "error: no error has the name `row-lost`\nhelp: did you mean `rows-lost`?"
    );
}

#[test]
fn part_of_a_name_or_a_result_code_suggests_a_name() {
    let shell = Shell(tempfile::tempdir().unwrap());
    for (name, help) in [
        ("drift", "did you mean `drifted`?"),
        ("SQLITE_BUSY", "did you mean `busy`?"),
        ("SQLITE_IOERR_READ", "did you mean `io`?"),
        ("SQLITE_MISMATCH", "did you mean `sqlite`?"),
        (
            "restore",
            "for help on the command, run `revchain restore --help`",
        ),
        ("zzzz", "run `revchain explain` to list all names"),
    ] {
        let (code, _, error) = shell.run(&format!("explain {name}"));
        assert_eq!(code, 2);
        assert!(error.ends_with(&format!("\nhelp: {help}")), "{error}");
    }
}

#[test]
fn error_ends_with_the_command_that_explains_it() {
    let shell = Shell::new();
    shell.ok("upgrade -d app.db");
    let (_, _, error) = shell.run("upgrade -d app.db 009");
    let last = error.lines().last();
    assert_eq!(last, Some("more: run `revchain explain unknown-target`"));
}

#[test]
fn each_defect_ends_with_the_command_that_explains_it() {
    let shell = Shell::new();
    shell.migration(
        "20260104_0000_004_bad.sql",
        "003",
        "SELECT nonsense;",
        "SELECT 1;",
    );
    let (_, _, error) = shell.run("check");
    assert!(error.starts_with("error: [sql-error] "), "{error}");
    let last = error.lines().last();
    assert_eq!(last, Some("more: run `revchain explain sql-error`"));
}
