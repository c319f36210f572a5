//! The command `graph`.

use std::fs;
use std::process::ExitCode;

use revchain_cli::Commands;
use revchain_prove::migrations_from_directory;
use revchain_runtime::rusqlite::Connection;
use serde_json::{Value, json};

use crate::support::{App, Shell};

/// Adds the revision 004, which revises `revises`.
fn add_004(shell: &Shell, revises: &str) {
    shell.migration(
        "20260104_0000_004_links.sql",
        revises,
        "CREATE TABLE links (a);",
        "DROP TABLE links;",
    );
}

/// Adds a revision that merges 003 and 004.
fn add_merge(shell: &Shell) {
    add_004(shell, "002");
    shell.migration("20260105_0000_005_merge.sql", "003 004", "", "");
}

/// Creates a database with SQL.
fn database(shell: &Shell, name: &str, sql: &str) {
    let db = Connection::open(shell.path(name)).unwrap();
    db.execute_batch(sql).unwrap();
}

/// Returns a field of each node, newest first.
fn field(graph: &Value, name: &str) -> Vec<Value> {
    let nodes = graph["nodes"].as_array().unwrap();
    nodes.iter().map(|node| node[name].clone()).collect()
}

#[test]
fn chain_is_drawn_newest_first() {
    let shell = Shell::new();
    assert_eq!(
        shell.ok("graph"),
        "●  003  2026-01-03 00:00  Add tags. (head)\n\
         ●  002  2026-01-02 00:00  Add notes.\n\
         ●  001  2026-01-01 00:00  Add users."
    );
    assert_eq!(shell.ok("graph migrations"), shell.ok("graph"));
}

#[test]
fn merge_has_two_parents() {
    let shell = Shell::new();
    add_merge(&shell);
    assert_eq!(
        shell.ok("graph"),
        "●    005  2026-01-05 00:00  Add merge. (head)\n\
         ├─╮\n\
         │ ●  004  2026-01-04 00:00  Add links.\n\
         ● │  003  2026-01-03 00:00  Add tags.\n\
         ├─╯\n\
         ●  002  2026-01-02 00:00  Add notes.\n\
         ●  001  2026-01-01 00:00  Add users."
    );
    let graph = shell.json("graph --json");
    assert_eq!(graph["nodes"][0]["parents"], json!(["003", "004"]));
}

#[test]
fn two_heads_are_drawn_with_advice() {
    let shell = Shell::new();
    add_004(&shell, "002");
    let graph = shell.ok("graph");
    assert!(
        graph.starts_with(
            "●  004  2026-01-04 00:00  Add links. (head)\n\
             │ ●  003  2026-01-03 00:00  Add tags. (head)\n\
             ├─╯\n\
             ●  002  "
        ),
        "{graph}"
    );
    assert_eq!(
        graph.lines().last(),
        Some(
            "2 heads: run `revchain rebase` to put one behind the other, \
             or `revchain merge` to join them"
        )
    );
    shell.ok("rebase");
    assert!(!shell.ok("graph").contains("heads"));
}

#[test]
fn two_heads_with_one_id_are_drawn() {
    let shell = Shell::new();
    shell.migration(
        "20260104_0000_003_links.sql",
        "002",
        "CREATE TABLE links (a);",
        "DROP TABLE links;",
    );
    let graph = shell.ok("graph");
    assert!(
        graph.starts_with(
            "●  003  2026-01-04 00:00  Add links. (head, id used twice)\n\
             │ ●  003  2026-01-03 00:00  Add tags. (head)\n"
        ),
        "{graph}"
    );
}

#[test]
fn conflict_in_the_lock_file_is_no_obstacle() {
    let shell = Shell::new();
    shell.ok("lock 002");
    add_004(&shell, "002");
    let path = shell.path("migrations/revchain.lock");
    let text = fs::read_to_string(&path).unwrap();
    let head = text.lines().find(|line| line.contains("003_tags")).unwrap();
    let other = head.replace("20260103_0000_003_tags", "20260104_0000_004_links");
    let conflict = format!("<<<<<<< ours\n{head}\n=======\n{other}\n>>>>>>> theirs");
    fs::write(&path, text.replace(head, &conflict)).unwrap();
    let graph = shell.json("graph --json");
    assert_eq!(field(&graph, "head"), [true, true, false, false]);
    assert_eq!(field(&graph, "locked"), [false, false, true, true]);
}

#[test]
fn other_defects_are_reported_as_by_check() {
    let shell = Shell::new();
    add_004(&shell, "099");
    let (code, out, error) = shell.run("graph");
    assert_eq!((code, out.as_str()), (1, ""));
    assert_eq!(error, shell.run("check").2);
    assert!(error.starts_with("error: [unknown-parent] "), "{error}");
}

#[test]
fn marks_name_locks_drafts_and_irreversible_revisions() {
    let shell = Shell::new();
    let path = shell.path("migrations/20260104_0000_004_links.sql");
    let text = "-- Drop tags.\n-- @revises 003\n-- @irreversible the tags are lost\n\
                -- @destroys tags unused\n\n-- @upgrade\nDROP TABLE tags;\n";
    fs::write(path, text).unwrap();
    shell.ok("lock 002");
    assert_eq!(
        shell.ok("graph"),
        "○  004  2026-01-04 00:00  Drop tags. (head, draft, irreversible)\n\
         ○  003  2026-01-03 00:00  Add tags. (draft)\n\
         ●  002  2026-01-02 00:00  Add notes. (locked)\n\
         ●  001  2026-01-01 00:00  Add users. (locked)"
    );
    let graph = shell.json("graph --json");
    assert_eq!(graph["nodes"][0]["irreversible"], "the tags are lost");
}

#[test]
fn database_behind_shows_pending_revisions() {
    let shell = Shell::new();
    shell.ok("upgrade 002 -d app.db");
    assert_eq!(
        shell.ok("graph -d app.db"),
        "○  003  2026-01-03 00:00  pending  Add tags. (head)\n\
         ●  002  2026-01-02 00:00  applied  Add notes. (current)\n\
         ●  001  2026-01-01 00:00  applied  Add users."
    );
    let graph = shell.json("graph -d app.db --json");
    assert_eq!(field(&graph, "state"), ["pending", "applied", "applied"]);
    assert_eq!(graph["database"], "app.db");
}

#[test]
fn edited_revision_is_marked() {
    let shell = Shell::new();
    shell.ok("upgrade -d app.db");
    shell.migration(
        "20260102_0000_002_notes.sql",
        "001",
        "CREATE TABLE notes (a, b);",
        "DROP TABLE notes;",
    );
    let graph = shell.ok("graph -d app.db");
    assert!(graph.contains("Add notes. (edited since)"), "{graph}");
    assert_eq!(graph.matches("edited").count(), 1, "{graph}");
}

#[test]
fn revision_of_a_newer_program_is_drawn_from_the_database() {
    let shell = Shell::new();
    add_merge(&shell);
    shell.ok("upgrade -d app.db");
    fs::remove_file(shell.path("migrations/20260105_0000_005_merge.sql")).unwrap();
    fs::remove_file(shell.path("migrations/20260104_0000_004_links.sql")).unwrap();
    let graph = shell.ok("graph -d app.db");
    let lines: Vec<&str> = graph.lines().collect();
    assert!(lines[0].starts_with("●    005  20"), "{graph}");
    assert!(
        lines[0].contains("applied  Add merge. (current, unknown to this program, by revchain "),
        "{graph}"
    );
    assert_eq!(lines[1], "├─╮", "{graph}");
    assert!(lines[2].starts_with("│ ●  004  "), "{graph}");
    assert!(
        lines[3].starts_with("● │  003  2026-01-03 00:00"),
        "{graph}"
    );
    let graph = shell.json("graph -d app.db --json");
    assert_eq!(field(&graph, "unknown"), [true, true, false, false, false]);
}

#[test]
fn database_is_drawn_without_a_directory() {
    let shell = Shell::new();
    add_merge(&shell);
    shell.ok("upgrade -d app.db");
    let before = shell.json("graph -d app.db --json");
    fs::remove_dir_all(shell.path("migrations")).unwrap();
    let after = shell.json("graph -d app.db --json");
    assert_eq!(field(&before, "parents"), field(&after, "parents"));
    assert_eq!(field(&after, "unknown"), [false; 5]);
    assert_eq!(after["nodes"][0]["summary"], "Add merge.");
    assert_eq!(after["directory"], Value::Null);
}

#[test]
fn missing_directory_of_an_argument_is_an_error() {
    let shell = Shell::new();
    shell.ok("upgrade -d app.db");
    for arguments in ["graph none -d app.db", "graph --directory none -d app.db"] {
        let (code, _, error) = shell.run(arguments);
        assert_eq!(code, 1, "{arguments}");
        assert!(error.contains("[unreadable-directory]"), "{error}");
    }
    assert_eq!(shell.run("graph -d none.db").0, 1);
    assert!(!shell.path("none.db").exists());
}

#[test]
fn histories_of_all_chains_are_drawn() {
    let shell = Shell::new();
    shell.ok("upgrade 001 -d app.db --name billing");
    fs::remove_file(shell.path("migrations/20260102_0000_002_notes.sql")).unwrap();
    fs::remove_file(shell.path("migrations/20260103_0000_003_tags.sql")).unwrap();
    shell.migration(
        "20260101_0000_001_users.sql",
        "base",
        "CREATE TABLE b (a);",
        "DROP TABLE b;",
    );
    shell.ok("upgrade -d app.db");
    fs::remove_dir_all(shell.path("migrations")).unwrap();
    let graph = shell.json("graph -d app.db --json");
    assert_eq!(field(&graph, "chain"), [json!("billing"), Value::Null]);
    let billing = shell.json("graph -d app.db --name billing --json");
    assert_eq!(field(&billing, "chain"), ["billing"]);
}

#[test]
fn database_of_another_tool_is_drawn_as_a_line() {
    let shell = Shell::new();
    fs::remove_dir_all(shell.path("migrations")).unwrap();
    database(
        &shell,
        "app.db",
        "CREATE TABLE users (a);
         CREATE TABLE refinery_schema_history (version INT4 PRIMARY KEY, name VARCHAR(255),
            applied_on VARCHAR(255), checksum VARCHAR(255));
         INSERT INTO refinery_schema_history (version) VALUES (1), (2);",
    );
    assert_eq!(
        shell.ok("graph -d app.db"),
        "●  2  applied  by refinery (current)\n\
         ●  1  applied  by refinery\n\
         app.db: it has no history, but the record of refinery; `revchain import refinery DIR` \
         writes a chain from its migrations"
    );
    let graph = shell.json("graph -d app.db --json");
    assert_eq!(field(&graph, "parents"), [json!(["1"]), json!([])]);
}

#[test]
fn unmanaged_database_has_no_history() {
    let shell = Shell::new();
    fs::remove_dir_all(shell.path("migrations")).unwrap();
    database(&shell, "app.db", "CREATE TABLE users (a);");
    assert_eq!(
        shell.ok("graph -d app.db"),
        "app.db: it has tables but no history; write its schema as the first revision, \
         and an upgrade adopts it"
    );
    database(&shell, "empty.db", "");
    assert_eq!(
        shell.ok("graph -d empty.db"),
        "empty.db: it is empty, and has no history"
    );
}

#[test]
fn adoption_is_announced() {
    let shell = Shell::new();
    database(&shell, "app.db", "CREATE TABLE users (a);");
    let graph = shell.ok("graph -d app.db");
    assert_eq!(graph.matches("pending").count(), 3, "{graph}");
    assert_eq!(
        graph.lines().last(),
        Some(
            "app.db: it has tables but no history; \
             an upgrade adopts 001 and applies 2 revisions"
        )
    );
}

#[test]
fn mermaid_and_dot_have_a_box_for_each_revision() {
    let shell = Shell::new();
    add_merge(&shell);
    let mermaid = shell.ok("graph --format mermaid");
    assert!(
        mermaid.starts_with("flowchart BT\n  n0[\"001<br/>Add users.<br/>"),
        "{mermaid}"
    );
    for edge in [
        "n0 --> n1",
        "n1 --> n2",
        "n1 --> n3",
        "n2 --> n4",
        "n3 --> n4",
    ] {
        assert!(mermaid.contains(edge), "{edge}: {mermaid}");
    }
    assert_eq!(mermaid.matches("-->").count(), 5, "{mermaid}");
    let dot = shell.ok("graph --format dot");
    assert!(
        dot.starts_with("digraph revchain {\n") && dot.ends_with('}'),
        "{dot}"
    );
    assert_eq!(
        (dot.matches("[label=").count(), dot.matches("->").count()),
        (5, 5)
    );
}

#[test]
fn hostile_text_in_a_database_is_escaped() {
    let shell = Shell::new();
    shell.ok("upgrade -d app.db");
    shell.sql("UPDATE revchain_history SET summary = '\"] --> <b>' || char(10, 27) || '[31m' WHERE revision = '003'");
    shell.sql("UPDATE revchain_history SET revises = '003 001' WHERE revision = '002'");
    fs::remove_dir_all(shell.path("migrations")).unwrap();
    let text = shell.ok("graph -d app.db");
    assert_eq!(
        text.lines().filter(|line| line.contains('●')).count(),
        3,
        "{text}"
    );
    for format in ["text", "mermaid", "dot"] {
        let out = shell.ok(&format!("graph -d app.db --format {format}"));
        assert!(!out.contains('\u{1b}'), "{out}");
    }
    let mermaid = shell.ok("graph -d app.db --format mermaid");
    assert!(mermaid.contains("#34;#93; --#62; #60;b#62;"), "{mermaid}");
    let dot = shell.ok("graph -d app.db --format dot");
    assert!(dot.contains("&quot;] --&gt; &lt;b&gt;"), "{dot}");
}

#[test]
fn thousand_revisions_are_one_line_each() {
    let shell = Shell::new();
    for number in 4..=1000 {
        let (id, parent) = (format!("{number:03}"), format!("{:03}", number - 1));
        shell.migration(
            &format!("20260104_0000_{id}_x.sql"),
            &parent,
            &format!("CREATE TABLE t{id} (a);"),
            &format!("DROP TABLE t{id};"),
        );
    }
    let graph = shell.ok("graph");
    assert_eq!(graph.lines().count(), 1000);
    assert!(graph.starts_with("●  1000  "), "{graph}");
}

/// Adds rows to the history of `app.db`, up to the revision with this number.
fn stamp_up_to(shell: &Shell, last: u32) {
    let rows = format!(
        "INSERT INTO revchain_history (revision, checksum, origin, applied_at, duration_us)
         WITH RECURSIVE numbers (n) AS (SELECT 4 UNION ALL SELECT n + 1 FROM numbers WHERE n < {last})
         SELECT printf('%03d', n), '', 'upgrade', 0, 0 FROM numbers"
    );
    database(shell, "app.db", &rows);
}

#[test]
fn long_history_of_the_chain_is_read_completely() {
    let shell = Shell::new();
    shell.ok("upgrade -d app.db");
    for number in 4..=1100 {
        let (id, parent) = (format!("{number:03}"), format!("{:03}", number - 1));
        shell.migration(
            &format!("20260104_0000_{id}_x.sql"),
            &parent,
            &format!("CREATE TABLE t{id} (a);"),
            &format!("DROP TABLE t{id};"),
        );
    }
    stamp_up_to(&shell, 1100);
    let graph = shell.json("graph -d app.db --json");
    assert_eq!(graph["nodes"][0]["current"], true);
    assert_eq!(graph["notes"], json!([]));
}

#[test]
fn longer_history_of_a_database_is_cut_with_a_note() {
    let shell = Shell::new();
    shell.ok("upgrade -d app.db");
    fs::remove_dir_all(shell.path("migrations")).unwrap();
    stamp_up_to(&shell, 1100);
    let graph = shell.ok("graph -d app.db");
    assert_eq!(
        graph.lines().last(),
        Some("only the first 1000 rows of the history were read")
    );
    assert!(!graph.contains("current"), "{graph}");
}

#[test]
fn application_draws_its_own_chain() {
    let shell = Shell::new();
    let migrations = migrations_from_directory(shell.path("migrations")).unwrap();
    fs::remove_dir_all(shell.path("migrations")).unwrap();
    let commands = Commands::new(migrations.migrator());
    assert_eq!(App::run(&commands, &["graph"]), ExitCode::SUCCESS);
    let path = shell.path("app.db");
    migrations.open(&path).unwrap();
    let arguments = ["graph", "-d", path.to_str().unwrap()];
    assert_eq!(App::run(&commands, &arguments), ExitCode::SUCCESS);
}
