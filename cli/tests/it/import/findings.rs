//! The findings of the proof in revisions that have run already.

use serde_json::json;

use super::{failure, shell};

const PARENT: &str = "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT);
CREATE TABLE posts (id INTEGER PRIMARY KEY, author INTEGER REFERENCES users ON DELETE CASCADE);
CREATE TABLE tags (post INTEGER NOT NULL REFERENCES posts (id) ON DELETE CASCADE);
CREATE TABLE stars (user INTEGER REFERENCES users (id) ON DELETE SET NULL);
";

#[test]
fn destruction_is_a_finding_and_no_defect() {
    let shell = shell(&[
        ("old/1_a.sql", "CREATE TABLE a (a, b);"),
        ("old/2_b.sql", "ALTER TABLE a DROP COLUMN b;"),
    ]);
    let report = shell.json("import sqlx old --json");
    assert_eq!(report["findings"][0]["code"], "undeclared-destruction");
    assert_eq!(report["findings"][0]["revision"], "2");
    shell.ok("check migrations");
    assert_eq!(shell.run("check migrations --all").0, 1);
    let text = shell.ok("import sqlx old --directory again");
    assert!(
        text.contains("\n  [undeclared-destruction] the upgrade of 2 drops `a.b`"),
        "{text}"
    );
}

#[test]
fn text_shows_at_most_20_findings() {
    let tables: String = (0..30)
        .map(|n| format!("CREATE TABLE t{n} (a, b);\n"))
        .collect();
    let drops: String = (0..30).map(|n| format!("DROP TABLE t{n};\n")).collect();
    let keep = "CREATE TABLE keep (a);";
    let shell = shell(&[("old/1_a.sql", &(tables + keep)), ("old/2_b.sql", &drops)]);
    let text = shell.ok("import sqlx old");
    assert_eq!(
        text.matches("\n  [undeclared-destruction]").count(),
        20,
        "{text}"
    );
    assert!(
        text.contains("\n  … and 10 more (--json shows all)"),
        "{text}"
    );
}

#[test]
fn deletes_of_parents_show_the_statements_for_children() {
    let shell = shell(&[
        ("old/1_a.sql", PARENT),
        (
            "old/2_b.sql",
            "-- Comment.\n\nBEGIN;\nDELETE FROM users WHERE name IS NULL;",
        ),
    ]);
    let report = shell.json("import sqlx old --json");
    assert_eq!(
        (
            &report["cascades"][0]["path"],
            &report["cascades"][0]["line"]
        ),
        (&json!("old/2_b.sql"), &json!(4))
    );
    let write = report["cascades"][0]["write"].as_array().unwrap();
    let statements = [
        "DELETE FROM posts WHERE author IS NOT NULL AND NOT EXISTS \
         (SELECT 1 FROM users AS parent WHERE parent.id = posts.author);",
        "UPDATE stars SET user = NULL WHERE user IS NOT NULL AND NOT EXISTS \
         (SELECT 1 FROM users AS parent WHERE parent.id = stars.user);",
        "DELETE FROM tags WHERE post IS NOT NULL AND NOT EXISTS \
         (SELECT 1 FROM posts AS parent WHERE parent.id = tags.post);",
    ];
    assert_eq!(write[..], statements.map(|statement| json!(statement)));
    assert_eq!(
        report["cascades"][0]["statement"],
        "DELETE FROM users WHERE name IS NULL"
    );
    let text = shell.ok("import sqlx old --directory again");
    assert!(
        text.contains(&format!("\n    {}\n", statements[0])),
        "{text}"
    );
}

/// The statements are those that the import advises.
#[test]
fn advised_child_deletes_have_the_effect_of_cascades() {
    let shell = shell(&[
        ("old/1_a.sql", PARENT),
        ("old/2_b.sql", "DELETE FROM users WHERE name IS NULL;"),
    ]);
    let report = shell.json("import sqlx old --json");
    let rows = "INSERT INTO users VALUES (1, NULL), (2, 'b');
        INSERT INTO posts VALUES (1, 1), (2, 2), (3, NULL);
        INSERT INTO tags VALUES (1), (2); INSERT INTO stars VALUES (1), (2);";
    let delete = "DELETE FROM users WHERE name IS NULL;";
    let write = report["cascades"][0]["write"].as_array().unwrap();
    let write: Vec<&str> = write
        .iter()
        .map(|statement| statement.as_str().unwrap())
        .collect();
    let after = |keys: &str, sql: &str| {
        let db = revchain_runtime::rusqlite::Connection::open_in_memory().unwrap();
        db.execute_batch(&format!("{PARENT}{rows}PRAGMA foreign_keys = {keys};{sql}"))
            .unwrap();
        let rows = |column: &str, table: &str| {
            let sql = format!("SELECT group_concat(rowid || quote({column})) FROM {table}");
            db.query_row(&sql, [], |row| row.get::<_, Option<String>>(0))
                .unwrap()
        };
        [
            rows("name", "users"),
            rows("author", "posts"),
            rows("post", "tags"),
            rows("user", "stars"),
        ]
    };
    let cascaded = after("ON", delete);
    assert_eq!(
        after("OFF", &format!("{delete}{}", write.join(""))),
        cascaded
    );
    assert_ne!(after("OFF", delete), cascaded);
}

#[test]
fn rebuild_of_a_parent_names_the_kept_children() {
    let rebuild = "CREATE TABLE new (id INTEGER PRIMARY KEY, name TEXT NOT NULL DEFAULT '');
INSERT INTO new SELECT id, coalesce(name, '') FROM users;
DROP TABLE users;
ALTER TABLE new RENAME TO users;";
    let files = [("old/1_a.sql", PARENT), ("old/2_b.sql", rebuild)];
    let shell = shell(&files);
    let report = shell.json("import sqlx old --json");
    assert_eq!(report["cascades"][0]["keeps"], json!(["posts", "stars"]));
    assert_eq!(report["cascades"][0]["write"], json!([]));
    let outside = format!("-- no-transaction\nPRAGMA foreign_keys = OFF;\n{rebuild}");
    let outside = self::shell(&[files[0], ("old/2_b.sql", &outside)]);
    assert_eq!(outside.json("import old --json")["cascades"], json!([]));
}

#[test]
fn replace_on_a_parent_names_the_kept_children() {
    let replace = "INSERT OR REPLACE INTO users VALUES (1, 'a');";
    let shell = shell(&[("old/1_a.sql", PARENT), ("old/2_b.sql", replace)]);
    let report = shell.json("import sqlx old --json");
    assert_eq!(report["cascades"][0]["keeps"], json!(["posts", "stars"]));
    let text = shell.ok("import sqlx old --directory again");
    assert!(text.contains("VALUES (1, 'a'): posts, stars\n"), "{text}");
}

#[test]
fn tool_without_enforcement_has_no_cascades() {
    let shell = shell(&[
        ("old/1_a.up.sql", PARENT),
        ("old/2_b.up.sql", "DELETE FROM users WHERE name IS NULL;"),
    ]);
    let report = shell.json("import golang-migrate old --json");
    assert_eq!(report["cascades"], json!([]));
}

#[test]
fn squash_joins_revisions_between_which_keys_break() {
    let shell = shell(&[
        (
            "old/1_a.sql",
            "CREATE TABLE a (id INTEGER PRIMARY KEY);\nCREATE TABLE b (a REFERENCES a);",
        ),
        ("old/2_b.sql", "INSERT INTO b VALUES (1);"),
        ("old/3_c.sql", "INSERT INTO a VALUES (1);"),
    ]);
    let codes = |arguments: &str| {
        let report = shell.json(arguments);
        let findings = report["findings"].as_array().unwrap().iter();
        findings
            .map(|finding| finding["code"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(codes("import sqlx old --json"), ["foreign-key-violation"]);
    let text = shell.ok("import sqlx old --dry-run --directory again");
    assert!(text.contains("--squash"), "{text}");
    assert_eq!(
        codes("import sqlx old --squash 2..3 --directory joined --json"),
        [""; 0]
    );
}

#[test]
fn broken_keys_show_the_deletes_to_write() {
    let tables = "CREATE TABLE p (id INTEGER PRIMARY KEY);
CREATE TABLE c (p INTEGER NOT NULL REFERENCES p (id) ON DELETE CASCADE);
INSERT INTO p VALUES (1), (2);
INSERT INTO c VALUES (1), (2);";
    let shell = shell(&[
        ("old/1_a.sql", tables),
        ("old/2_b.sql", "-- Comment.\nDELETE FROM p WHERE id = 1;"),
    ]);
    let (code, error) = failure(&shell, "import sqlx old");
    assert_eq!(code, 1);
    assert!(
        error.contains("below old/2_b.sql:2: DELETE FROM p WHERE id = 1, write:"),
        "{error}"
    );
    assert!(
        error.contains("DELETE FROM c WHERE p IS NOT NULL AND NOT EXISTS"),
        "{error}"
    );
}
