//! The command `history`.

use crate::support::Shell;

#[test]
fn history_lists_all_revisions_newest_first() {
    let shell = Shell::new();
    shell.ok("upgrade -d app.db -r 002");
    let history = shell.ok("history -d app.db");
    let lines: Vec<&str> = history.lines().collect();
    assert_eq!(lines.len(), 4);
    assert!(
        lines[1].starts_with("  003  pending") && lines[1].ends_with("Add tags. (head)"),
        "{history}"
    );
    assert!(
        lines[2].starts_with("  002  20")
            && lines[2].ends_with("Z  upgrade   Add notes. (current)"),
        "{history}"
    );
}

#[test]
fn history_marks_edited_revisions() {
    let shell = Shell::new();
    shell.ok("upgrade -d app.db");
    shell.migration(
        "20260102_0000_002_notes.sql",
        "001",
        "CREATE TABLE notes (a, b);",
        "DROP TABLE notes;",
    );
    let history = shell.ok("history -d app.db");
    let edited: Vec<&str> = history
        .lines()
        .filter(|line| line.contains("(edited since)"))
        .collect();
    assert!(
        edited.len() == 1 && edited[0].starts_with("  002  "),
        "{history}"
    );
    assert_eq!(
        shell.json("history -d app.db --json")["revisions"][1]["edited"],
        true
    );
    assert_eq!(shell.run("upgrade -d app.db").0, 1);
    shell.ok("stamp -d app.db -r head");
    assert!(!shell.ok("history -d app.db").contains("(edited since)"));
}
