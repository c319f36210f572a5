//! `schema`: the schema of a revision or of a database, as SQL, JSON and diagrams.

use std::fs;
use std::process::ExitCode;

use revchain_cli::Commands;
use revchain_prove::migrations_from_directory;
use revchain_runtime::rusqlite::Connection;
use serde_json::{Value, json};

use crate::support::{App, Shell};

/// Tables with a key, a self-reference, a composite key, a one-to-one relation, and a view.
const LIBRARY: &str = "
    CREATE TABLE authors (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE,
        mentor INTEGER REFERENCES authors);
    CREATE TABLE books (isbn TEXT, copy INTEGER, author INTEGER NOT NULL REFERENCES authors (id)
        ON DELETE CASCADE, title TEXT DEFAULT 'it''s -- new', PRIMARY KEY (isbn, copy)) WITHOUT ROWID;
    CREATE TABLE covers (id INTEGER PRIMARY KEY, isbn TEXT NOT NULL, copy INTEGER NOT NULL,
        pixels INTEGER CHECK (pixels > 0), area INT AS (pixels * 2) STORED, half INT AS (pixels / 2),
        UNIQUE (isbn, copy), FOREIGN KEY (isbn, copy) REFERENCES books) STRICT;
    CREATE INDEX books_by_title ON books (lower(title), author) WHERE title <> '';
    CREATE VIEW titles AS SELECT title, name FROM books JOIN authors ON id = author;
    CREATE TRIGGER no_titles INSTEAD OF INSERT ON titles BEGIN SELECT 1; SELECT 2; END;";

/// Returns a shell without migrations, and with a database `any.db` of this schema.
fn shell(sql: &str) -> Shell {
    let shell = Shell::new();
    fs::remove_dir_all(shell.path("migrations")).unwrap();
    let db = Connection::open(shell.path("any.db")).unwrap();
    db.execute_batch(sql).unwrap();
    shell
}

/// Returns the table with this name in the output of `--json`.
fn table<'v>(schema: &'v Value, name: &str) -> &'v Value {
    let tables = schema["tables"].as_array().unwrap();
    tables.iter().find(|table| table["name"] == name).unwrap()
}

#[test]
fn head_is_the_default() {
    let shell = Shell::new();
    let head = "CREATE TABLE notes (\n  a\n);\n\nCREATE TABLE tags (\n  a\n);\n\nCREATE TABLE users (\n  a\n);";
    assert_eq!(shell.ok("schema"), head);
    assert_eq!(shell.ok("schema migrations"), head);
    assert_eq!(shell.ok("schema -r head"), head);
    assert_eq!(shell.ok("schema -r +3"), head);
}

#[test]
fn each_target_names_a_revision() {
    let shell = Shell::new();
    for (target, tables) in [
        ("base", 0),
        ("001", 1),
        ("-2", 1),
        ("-1", 2),
        ("+2", 2),
        ("-3", 0),
    ] {
        let schema = shell.json(&format!("schema --json -r {target}"));
        assert_eq!(
            schema["tables"].as_array().unwrap().len(),
            tables,
            "{target}"
        );
    }
    let (code, _, error) = shell.run("schema -r 009");
    assert_eq!(code, 2);
    assert_eq!(
        error,
        "error: there is no revision `009`\nhelp: name a revision from 001 to 003"
    );
    assert_eq!(shell.run("schema -r -4").0, 2);
}

#[test]
fn defects_of_the_directory_are_reported() {
    let shell = Shell::new();
    fs::write(
        shell.path("migrations/20260104_0000_004_bad.sql"),
        "-- Bad.\n",
    )
    .unwrap();
    let (code, _, error) = shell.run("schema");
    assert_eq!(code, 1);
    assert!(error.contains("[missing-section]"), "{error}");
}

#[test]
fn unmanaged_database_needs_no_directory() {
    let shell = shell(LIBRARY);
    let before = fs::read_dir(shell.0.path()).unwrap().count();
    assert_eq!(
        shell.ok("schema -d any.db"),
        "CREATE TABLE authors (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  mentor INTEGER REFERENCES authors
);

CREATE TABLE books (
  isbn TEXT,
  copy INTEGER,
  author INTEGER NOT NULL REFERENCES authors(id) ON DELETE CASCADE,
  title TEXT DEFAULT 'it''s -- new',
  PRIMARY KEY (isbn, copy)
) WITHOUT ROWID;
CREATE INDEX books_by_title ON books (lower(title), author) WHERE title <> '';

CREATE TABLE covers (
  id INTEGER PRIMARY KEY,
  isbn TEXT NOT NULL,
  copy INTEGER NOT NULL,
  pixels INTEGER,
  area INT AS (pixels * 2) STORED,
  half INT AS (pixels / 2) VIRTUAL,
  UNIQUE (isbn, copy),
  FOREIGN KEY (isbn, copy) REFERENCES books,
  CHECK (pixels > 0)
) STRICT;

CREATE VIEW titles AS
SELECT title, name
FROM books
  JOIN authors ON id = author;

CREATE TRIGGER no_titles INSTEAD OF INSERT ON titles
BEGIN
  SELECT 1;
  SELECT 2;
END;"
    );
    assert_eq!(fs::read_dir(shell.0.path()).unwrap().count(), before);
}

#[test]
fn json_has_the_facts_of_each_table() {
    let shell = shell(LIBRARY);
    let schema = shell.json("schema -d any.db --json");
    assert_eq!(schema["database"], "any.db");
    assert_eq!(schema["revision"], Value::Null);
    let authors = table(&schema, "authors");
    assert_eq!(authors["unique"], json!([["name"]]));
    assert_eq!(
        authors["foreign_keys"],
        json!([{ "columns": ["mentor"], "parent": "authors", "parent_columns": ["id"],
            "on_delete": "NO ACTION", "on_update": "NO ACTION" }])
    );
    let books = table(&schema, "books");
    assert_eq!(books["without_rowid"], true);
    assert_eq!(books["columns"][1]["primary_key"], 2);
    assert_eq!(books["columns"][3]["default"], "'it''s -- new'");
    assert_eq!(books["indexes"][0]["columns"], json!([null, "author"]));
    assert_eq!(books["indexes"][0]["partial"], true);
    let covers = table(&schema, "covers");
    assert_eq!(covers["strict"], true);
    assert_eq!(covers["checks"], json!(["CHECK (pixels > 0)"]));
    assert_eq!(covers["columns"][4]["generated"], "stored");
    assert_eq!(covers["columns"][5]["generated"], "virtual");
    assert_eq!(
        covers["foreign_keys"][0]["parent_columns"],
        json!(["isbn", "copy"])
    );
    assert_eq!(schema["views"][0]["columns"], json!(["title", "name"]));
    assert_eq!(schema["views"][0]["triggers"][0]["name"], "no_titles");
}

#[test]
fn mermaid_has_keys_and_cardinalities() {
    let shell = shell(LIBRARY);
    let diagram = shell.ok("schema -d any.db --format mermaid");
    for line in [
        "  \"authors\" {",
        "    INTEGER id PK",
        "    TEXT name UK \"NOT NULL\"",
        "    INTEGER mentor FK",
        "    TEXT isbn PK \"NOT NULL\"",
        "    INT area \"generated\"",
        "  \"titles (view)\" {",
        "  \"authors\" |o--o{ \"authors\" : \"mentor\"",
        "  \"authors\" ||--o{ \"books\" : \"author\"",
        "  \"books\" ||--o| \"covers\" : \"isbn, copy\"",
    ] {
        assert!(
            diagram.lines().any(|found| found == line),
            "{line}\n{diagram}"
        );
    }
}

#[test]
fn dot_has_an_edge_for_each_foreign_key() {
    let shell = shell(LIBRARY);
    let graph = shell.ok("schema -d any.db --format dot");
    let edges: Vec<&str> = graph.lines().filter(|line| line.contains(" -> ")).collect();
    assert_eq!(
        edges,
        [
            "  n0:c2 -> n0:t [arrowtail=crowodot, arrowhead=teeodot, tooltip=\"mentor\"]",
            "  n1:c2 -> n0:t [arrowtail=crowodot, arrowhead=teetee, tooltip=\"author\"]",
            "  n2:c1 -> n1:t [arrowtail=teeodot, arrowhead=teetee, tooltip=\"isbn, copy\"]",
        ]
    );
}

#[test]
fn tables_that_belong_to_no_schema_are_left_out() {
    let shell = Shell::new();
    shell.ok("upgrade -d app.db");
    let db = Connection::open(shell.path("app.db")).unwrap();
    db.execute_batch(
        "CREATE VIRTUAL TABLE docs USING fts5(title, body, tokenize='porter');
         CREATE TABLE alembic_version (version_num TEXT);
         CREATE TABLE counted (id INTEGER PRIMARY KEY AUTOINCREMENT);
         ANALYZE;",
    )
    .unwrap();
    let schema = shell.json("schema -d app.db --json");
    let tables = schema["tables"].as_array().unwrap();
    let names: Vec<&str> = tables
        .iter()
        .map(|table| table["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["counted", "docs", "notes", "tags", "users"]);
    assert_eq!(table(&schema, "docs")["module"], "fts5");
    let sql = shell.ok("schema -d app.db --ignore-tables tags,n*,users,counted");
    assert_eq!(
        sql,
        "CREATE VIRTUAL TABLE docs USING fts5(title, body, tokenize='porter');"
    );
}

#[test]
fn missing_module_hides_nothing_else() {
    let shell = shell("CREATE TABLE t (a TEXT);");
    let db = Connection::open(shell.path("any.db")).unwrap();
    db.execute_batch(
        "PRAGMA writable_schema = ON;
         INSERT INTO sqlite_master VALUES ('table', 'v', 'v', 0,
            'CREATE VIRTUAL TABLE v USING vec0(embedding float[3])');",
    )
    .unwrap();
    drop(db);
    let schema = shell.json("schema -d any.db --json");
    assert_eq!(table(&schema, "v")["module"], "vec0");
    assert_eq!(table(&schema, "v")["columns"], json!([]));
    assert_eq!(table(&schema, "t")["columns"][0]["type"], "TEXT");
    assert!(
        shell
            .ok("schema -d any.db")
            .contains("USING vec0(embedding float[3])")
    );
    assert!(
        shell
            .ok("schema -d any.db --format mermaid")
            .contains("\"v (vec0)\" {")
    );
}

#[test]
fn view_of_a_missing_table_hides_nothing_else() {
    let shell = shell("CREATE TABLE t (a); CREATE VIEW v AS SELECT b FROM nowhere;");
    let schema = shell.json("schema -d any.db --json");
    assert_eq!(schema["views"][0]["columns"], json!([]));
    assert_eq!(schema["tables"][0]["name"], "t");
}

#[test]
fn leftovers_of_alter_table_do_not_show() {
    let shell = shell(
        "CREATE TABLE old (a TEXT, b); -- comment
         CREATE INDEX i ON old (a);
         ALTER TABLE old RENAME TO \"key\";
         ALTER TABLE key RENAME COLUMN a TO \"order\";
         ALTER TABLE key DROP COLUMN b;",
    );
    let db = Connection::open(shell.path("new.db")).unwrap();
    db.execute_batch("create table key(\"order\" text); create index i on key([order])")
        .unwrap();
    let sql = "CREATE TABLE key (\n  \"order\" TEXT\n);\nCREATE INDEX i ON key (\"order\");";
    assert_eq!(shell.ok("schema -d any.db"), sql);
    assert_eq!(shell.ok("schema -d new.db"), sql);
}

#[test]
fn hostile_names_stay_names() {
    let names = [
        "\"};\nx",
        "<script>alert(1)</script>",
        "a --> b",
        "%%{init: {}}%%",
        "]]>",
        "to",
        "if",
        "",
        "`**x**`",
        "\u{1b}[31m\u{202e}",
    ];
    let tables: Vec<String> = names
        .iter()
        .map(|name| {
            let name = format!("\"{}\"", name.replace('"', "\"\""));
            format!("CREATE TABLE {name} ({name} {name}, UNIQUE ({name}), FOREIGN KEY ({name}) REFERENCES {name});")
        })
        .collect();
    let shell = shell(&tables.concat());
    let schema = shell.json("schema -d any.db --json");
    assert_eq!(schema["tables"].as_array().unwrap().len(), names.len());
    for name in names {
        assert_eq!(
            table(&schema, name)["foreign_keys"][0]["columns"],
            json!([name])
        );
    }
    // The SQL makes the same schema.
    let (_, sql, _) = shell.run("schema -d any.db");
    Connection::open(shell.path("again.db"))
        .unwrap()
        .execute_batch(&sql)
        .unwrap();
    assert_eq!(shell.run("schema --diff any.db again.db").0, 0, "{sql}");
    for format in ["mermaid", "dot"] {
        let text = shell.ok(&format!("schema -d any.db --format {format}"));
        for code in ["<script", "-->", "%%", "\u{1b}", "\u{202e}", "`"] {
            let is_escaped = format == "dot" && ["%%", "`"].contains(&code);
            assert!(is_escaped || !text.contains(code), "{code:?}\n{text}");
        }
        let relations = text
            .lines()
            .filter(|line| line.contains("|o--o|") || line.contains(" -> n"));
        assert_eq!(relations.count(), names.len(), "{text}");
    }
}

#[test]
fn database_in_wal_mode_gets_no_other_file() {
    let shell = shell("PRAGMA journal_mode = WAL; CREATE TABLE t (a);");
    let files = || fs::read_dir(shell.0.path()).unwrap().count();
    let (count, bytes) = (files(), fs::read(shell.path("any.db")).unwrap());
    assert_eq!(shell.ok("schema -d any.db"), "CREATE TABLE t (\n  a\n);");
    assert_eq!(files(), count);
    assert_eq!(fs::read(shell.path("any.db")).unwrap(), bytes);
}

#[test]
fn database_that_is_in_use_shows_its_newest_schema() {
    let shell = shell("PRAGMA journal_mode = WAL; CREATE TABLE t (a);");
    let db = Connection::open(shell.path("any.db")).unwrap();
    db.execute_batch("CREATE TABLE u (a)").unwrap();
    assert!(shell.ok("schema -d any.db").contains("CREATE TABLE u"));
}

#[cfg(unix)]
#[test]
fn read_only_file_is_read() {
    use std::os::unix::fs::PermissionsExt;
    let shell = shell("CREATE TABLE t (a);");
    fs::set_permissions(shell.path("any.db"), fs::Permissions::from_mode(0o400)).unwrap();
    assert_eq!(
        shell.ok("schema -d sqlite:any.db"),
        "CREATE TABLE t (\n  a\n);"
    );
}

#[test]
fn missing_database_is_not_created() {
    let shell = Shell::new();
    let (code, _, error) = shell.run("schema -d missing.db");
    assert_eq!(code, 1);
    assert!(
        error.starts_with("error: missing.db: there is no such file"),
        "{error}"
    );
    assert_eq!(shell.run("schema --diff 001 missing.db").0, 2);
    assert!(!shell.path("missing.db").exists());
}

#[test]
fn file_that_is_no_database_is_an_error() {
    let shell = Shell::new();
    fs::write(shell.path("text.db"), "no database, but a long text of more than one hundred bytes, which SQLite rejects at its first look at it").unwrap();
    let (code, out, error) = shell.run("schema -d text.db");
    assert_eq!((code, &*out), (1, ""));
    assert!(error.contains("file is not a database"), "{error}");
}

#[test]
fn diff_of_revisions_shows_what_changes() {
    let shell = Shell::new();
    let (code, out, _) = shell.run("schema --diff 001 head");
    assert_eq!(code, 1);
    assert_eq!(
        out,
        "--- 001\n+++ head (003)\n+ table notes (a)\n+ table tags (a)"
    );
    let (code, out, _) = shell.run("schema --diff -1 +1");
    assert_eq!(code, 1);
    assert_eq!(out, "--- -1 (002)\n+++ +1 (001)\n- table notes (a)");
    let (code, out, _) = shell.run("schema --diff 003 head");
    assert_eq!(code, 0);
    assert_eq!(out, "the schemas of 003 and head (003) are equal");
}

#[test]
fn diff_to_a_database_shows_its_drift() {
    let shell = Shell::new();
    shell.ok("upgrade -d app.db");
    assert_eq!(shell.run("schema --diff head app.db").0, 0);
    let db = Connection::open(shell.path("app.db")).unwrap();
    db.execute_batch("DROP TABLE tags; ALTER TABLE users ADD COLUMN b TEXT")
        .unwrap();
    let diff = shell.json("schema --diff head app.db --json");
    assert_eq!(diff["from"], "head (003)");
    assert_eq!(diff["to"], "app.db");
    assert_eq!(diff["diff"], json!(["- table tags (a)", "+ users.b TEXT"]));
    let drift = shell.json("check -d app.db --json");
    let message = drift["error"]["message"].as_str().unwrap();
    assert!(
        message.contains("- table tags (a)\n    + users.b TEXT"),
        "{message}"
    );
}

#[test]
fn diff_of_databases_needs_no_directory() {
    let shell = shell("CREATE TABLE t (a INTEGER);");
    let db = Connection::open(shell.path("other")).unwrap();
    db.execute_batch("CREATE TABLE t (a TEXT);").unwrap();
    let (code, out, _) = shell.run("schema --diff any.db other");
    assert_eq!(code, 1);
    assert_eq!(out, "--- any.db\n+++ other\nt.a: INTEGER → TEXT");
    assert_eq!(shell.run("schema --diff other file:other").0, 0);
}

#[test]
fn revision_precedes_a_file_of_the_same_name() {
    let shell = Shell::new();
    Connection::open(shell.path("001")).unwrap();
    assert_eq!(
        shell.run("schema --diff 001 001").1,
        "the schemas of 001 and 001 are equal"
    );
    let (_, out, _) = shell.run("schema --diff 001 ./001");
    assert_eq!(out, "--- 001\n+++ ./001\n- table users (a)");
}

#[test]
fn shared_database_is_compared_by_the_tables_of_the_chain() {
    let shell = Shell::new();
    shell.ok("upgrade -d app.db");
    let db = Connection::open(shell.path("app.db")).unwrap();
    db.execute_batch(
        "CREATE TABLE revchain_history_other (revision TEXT PRIMARY KEY); CREATE TABLE theirs (a);",
    )
    .unwrap();
    assert_eq!(shell.run("schema --diff head app.db").0, 0);
    assert!(shell.ok("schema -d app.db").contains("theirs"));
}

#[test]
fn conflicting_arguments_are_a_usage_error() {
    let shell = Shell::new();
    for arguments in [
        "schema -d app.db -r 001",
        "schema migrations -d app.db",
        "schema --diff 001",
        "schema --diff 001 002 -r 003",
        "schema --json --format dot",
        "schema --format png",
    ] {
        assert_eq!(shell.run(arguments).0, 2, "{arguments}");
    }
}

#[test]
fn application_prints_its_own_chain() {
    let shell = Shell::new();
    let migrations = migrations_from_directory(shell.path("migrations")).unwrap();
    fs::remove_dir_all(shell.path("migrations")).unwrap();
    let commands = Commands::new(migrations.migrator());
    assert_eq!(App::run(&commands, &["schema"]), ExitCode::SUCCESS);
    let path = shell.path("app.db");
    migrations.open(&path).unwrap();
    let diff = |revision| {
        App::run(
            &commands,
            &["schema", "--diff", revision, path.to_str().unwrap()],
        )
    };
    assert_eq!(diff("head"), ExitCode::SUCCESS);
    assert_eq!(diff("002"), ExitCode::FAILURE);
}
