//! Values that do not arrive, and values that arrive elsewhere.

use crate::support::{assert_one_defect, assert_proven, rebuild, summaries};

/// Asserts that an upgrade from the table `t` loses values, and that the advised line is accepted.
#[track_caller]
fn assert_lost(table: &str, upgrade: &str, kind: &str, title: &str, declared: &str) {
    let first = (table, "");
    let line = format!("`-- @destroys {declared} REASON`");
    assert_one_defect(&[first, (upgrade, "")], kind, &[title, &line]);
    let upgrade = format!("@destroys {declared} it is meant\n{upgrade}");
    assert_proven(&[first, (&upgrade, "")]);
}

#[track_caller]
fn assert_kept(table: &str, upgrade: &str) {
    assert_proven(&[(table, ""), (upgrade, "")]);
}

#[test]
fn swapped_columns_are_rejected() {
    for (table, new, copy) in [
        (
            "width INTEGER, height INTEGER",
            "height INTEGER, width INTEGER",
            "SELECT *",
        ),
        (
            "width BOOLEAN, height BOOLEAN",
            "height BOOLEAN, width BOOLEAN",
            "SELECT *",
        ),
        (
            "width REAL, height REAL",
            "width REAL, height REAL",
            "SELECT id, height, width",
        ),
    ] {
        let table = format!("CREATE TABLE t (id INTEGER PRIMARY KEY, {table});");
        let upgrade = rebuild(
            &format!("id INTEGER PRIMARY KEY, {new}"),
            &format!("INSERT INTO new {copy} FROM t"),
        );
        let words = ["copies the values of `t.width` into `t.height`"];
        assert_one_defect(&[(&table, ""), (&upgrade, "")], "rows-lost 002:6", &words);
        // A declaration of one column does not excuse the other.
        let declared = format!("@destroys t.width it is meant\n{upgrade}");
        assert_one_defect(&[(&table, ""), (&declared, "")], "rows-lost 002:7", &words);
    }
}

#[test]
fn explicit_update_excuses_only_its_column() {
    let columns = "id INTEGER PRIMARY KEY, email TEXT, phone TEXT";
    let copy = rebuild(
        columns,
        "INSERT INTO new (id, email) SELECT id, email FROM t",
    );
    assert_lost(
        &format!("CREATE TABLE t ({columns});"),
        &format!("UPDATE t SET email = lower(email);\n{copy}"),
        "rows-lost 002:7",
        "loses the values of `t.phone`",
        "t.phone",
    );
    let table = format!("CREATE TABLE t ({columns});");
    assert_kept(&table, "UPDATE t SET phone = NULL, email = upper(email);");
    // The value that the UPDATE leaves must arrive.
    let copy = rebuild(
        columns,
        "INSERT INTO new (id, phone) SELECT id, phone FROM t",
    );
    assert_lost(
        &table,
        &format!("UPDATE t SET email = 'x' || email;\n{copy}"),
        "rows-lost 002:7",
        "loses the values of `t.email`",
        "t.email",
    );
}

#[test]
fn column_dropped_and_added_again_is_lost() {
    assert_lost(
        "CREATE TABLE n (id INTEGER PRIMARY KEY, config VARCHAR(9));",
        "ALTER TABLE n DROP COLUMN config; ALTER TABLE n ADD COLUMN config TEXT;",
        "rows-lost 002:5",
        "loses the values of `n.config`",
        "n.config",
    );
}

#[test]
fn column_that_becomes_constant_is_lost() {
    let table = "CREATE TABLE t (id INTEGER PRIMARY KEY, status TEXT NOT NULL, name TEXT);";
    let columns = "id INTEGER PRIMARY KEY, status TEXT NOT NULL, name TEXT";
    for value in [
        "'active'",
        "name",
        "coalesce(name, 'none')",
        "CAST(id AS TEXT)",
    ] {
        let copy = format!("INSERT INTO new SELECT id, {value}, name FROM t");
        assert_lost(
            &table.replace("name TEXT", "name TEXT NOT NULL"),
            &rebuild(&columns.replace("name TEXT", "name TEXT NOT NULL"), &copy),
            "rows-lost 002:6",
            "loses the values of `t.status`",
            "t.status",
        );
    }
}

#[test]
fn value_that_depends_on_the_old_value_is_kept() {
    let table = "CREATE TABLE t (id INTEGER PRIMARY KEY, status INTEGER NOT NULL, at TEXT, doc TEXT DEFAULT '{}');";
    let columns = "id INTEGER PRIMARY KEY, status TEXT NOT NULL, at, doc TEXT DEFAULT '{}'";
    for (status, at, doc) in [
        (
            "CASE status WHEN 0 THEN 'open' WHEN 1 THEN 'done' ELSE 'unknown' END",
            "at",
            "doc",
        ),
        (
            "CASE WHEN status > 0 THEN 'yes' ELSE 'no' END",
            "strftime('%s', at)",
            "upper(doc)",
        ),
        (
            "status || ''",
            "julianday(at)",
            "json_extract(doc, '$.a.b')",
        ),
        ("printf('%05d', status)", "date(at)", "doc ->> 'a'"),
    ] {
        let copy = format!("INSERT INTO new SELECT id, {status}, {at}, {doc} FROM t");
        assert_kept(table, &rebuild(columns, &copy));
    }
}

#[test]
fn text_that_becomes_a_number_is_rejected() {
    let table = "CREATE TABLE t (id INTEGER PRIMARY KEY, zip TEXT);";
    for affinity in ["NUMERIC", "INTEGER", "DECIMAL(5)", "REAL"] {
        assert_lost(
            table,
            &rebuild(
                &format!("id INTEGER PRIMARY KEY, zip {affinity}"),
                "INSERT INTO new SELECT id, zip FROM t",
            ),
            "rows-lost 002:6",
            "changes values of `t.zip`: '0306' becomes 306",
            "t.zip",
        );
    }
    assert_kept(
        table,
        &rebuild(
            "id INTEGER PRIMARY KEY, zip INTEGER",
            "INSERT INTO new SELECT id, CAST(zip AS INTEGER) FROM t",
        ),
    );
    assert_lost(
        table,
        &rebuild(
            "id INTEGER PRIMARY KEY, zip INTEGER",
            "INSERT INTO new SELECT id, CAST(zip AS TEXT) FROM t",
        ),
        "rows-lost 002:6",
        "changes values of `t.zip`",
        "t.zip",
    );
    assert_kept(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, zip INTEGER);",
        &rebuild(
            "id INTEGER PRIMARY KEY, zip TEXT",
            "INSERT INTO new SELECT id, zip FROM t",
        ),
    );
}

#[test]
fn values_moved_by_hand_have_arrived() {
    assert_kept(
        "CREATE TABLE n (id INTEGER PRIMARY KEY, config VARCHAR(9));",
        "ALTER TABLE n RENAME COLUMN config TO config_old; ALTER TABLE n ADD COLUMN config TEXT;
         UPDATE n SET config = config_old; ALTER TABLE n DROP COLUMN config_old;",
    );
    assert_kept(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT);",
        "ALTER TABLE t RENAME COLUMN a TO b; ALTER TABLE t ADD COLUMN a TEXT;",
    );
    assert_kept(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT);",
        "CREATE TABLE archive AS SELECT * FROM t; DROP TABLE t;",
    );
    assert_kept(
        "CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE t (id INTEGER PRIMARY KEY, p INTEGER REFERENCES p (id));",
        "CREATE TABLE link (t INTEGER NOT NULL REFERENCES t (id), p INTEGER NOT NULL REFERENCES p (id));
         INSERT INTO link SELECT id, p FROM t WHERE p IS NOT NULL;
         CREATE TABLE new (id INTEGER PRIMARY KEY); INSERT INTO new SELECT id FROM t;
         DROP TABLE t; ALTER TABLE new RENAME TO t;",
    );
    assert_kept(
        "CREATE TABLE posts (id INTEGER PRIMARY KEY, tag TEXT);",
        "CREATE TABLE tags (id INTEGER PRIMARY KEY, name TEXT UNIQUE);
         INSERT INTO tags (name) SELECT DISTINCT tag FROM posts WHERE tag IS NOT NULL;
         ALTER TABLE posts ADD COLUMN tag_id INTEGER REFERENCES tags (id);
         UPDATE posts SET tag_id = (SELECT id FROM tags WHERE name = tag); ALTER TABLE posts DROP COLUMN tag;",
    );
}

#[test]
fn flag_that_occurs_elsewhere_has_not_arrived() {
    assert_lost(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, f BOOLEAN NOT NULL);",
        "CREATE TABLE u (x INTEGER); INSERT INTO u VALUES (0), (1); ALTER TABLE t DROP COLUMN f;",
        "undeclared-destruction 002:5",
        "drops `t.f` with all its values",
        "t.f",
    );
}

#[test]
fn table_split_by_a_condition_has_arrived() {
    let table = "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT NOT NULL, admin TEXT NOT NULL DEFAULT 'f');";
    let split = |second: &str| {
        format!(
            "CREATE TABLE u (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
             CREATE TABLE a (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
             INSERT INTO u SELECT id, name FROM t WHERE admin = 'f';
             INSERT INTO a SELECT id, name FROM t WHERE admin = '{second}'; DROP TABLE t;"
        )
    };
    assert_kept(table, &split("t"));
    assert_lost(
        table,
        &split("f"),
        "undeclared-destruction 002:8",
        "drops `t` with all its rows",
        "t",
    );
}

#[test]
fn condition_that_the_new_table_requires_is_accepted() {
    let table = "CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE t (id INTEGER PRIMARY KEY, p INTEGER REFERENCES p (id), a TEXT);";
    let columns = "id INTEGER PRIMARY KEY, p INTEGER NOT NULL REFERENCES p (id), a TEXT";
    let copy = "INSERT INTO new SELECT id, p, a FROM t WHERE p IS NOT NULL";
    assert_kept(table, &rebuild(columns, copy));
    let loses = "INSERT INTO new SELECT id, p, a FROM t WHERE p IS NOT NULL AND a IS NOT NULL";
    assert_lost(
        table,
        &rebuild(columns, loses),
        "rows-lost 002:6",
        "rows of `t`",
        "t",
    );
}

#[test]
fn join_on_a_computed_text_is_accepted() {
    assert_kept(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); CREATE TABLE u (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);",
        &rebuild(
            "id INTEGER PRIMARY KEY, a TEXT, u INTEGER",
            "INSERT INTO new SELECT t.id, t.a, u.id FROM t JOIN u ON u.name = 'user-' || t.id",
        ),
    );
    let family = "CREATE TABLE p (id INTEGER PRIMARY KEY, name TEXT); CREATE TABLE t (id INTEGER PRIMARY KEY, p INTEGER NOT NULL REFERENCES p (id));";
    let copy = "INSERT INTO new SELECT t.id, t.p, p.name FROM t JOIN p ON p.id = t.p";
    let columns = "id INTEGER PRIMARY KEY, p INTEGER REFERENCES p (id), name TEXT";
    let not_null = columns.replace("p INTEGER", "p INTEGER NOT NULL");
    assert_kept(family, &rebuild(&not_null, copy));
    assert_lost(
        &family.replace(" NOT NULL", ""),
        &rebuild(columns, copy),
        "rows-lost 002:6",
        "loses 4 of 15 rows of `t`",
        "t",
    );
}

#[test]
fn advised_line_for_a_renamed_table_is_accepted() {
    assert_lost(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT, made TEXT);",
        "ALTER TABLE t RENAME TO t_old; CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT, made TEXT);
         INSERT INTO t (id, name) SELECT id, name FROM t_old; DROP TABLE t_old;",
        "rows-lost 002:6",
        "loses the values of `t.made`",
        "t.made",
    );
}

#[test]
fn counter_that_falls_is_rejected() {
    let columns = "id INTEGER PRIMARY KEY AUTOINCREMENT, a TEXT";
    let table = format!("CREATE TABLE t ({columns});");
    let copy = "INSERT INTO new SELECT id, a FROM t";
    assert_one_defect(
        &[(&table, ""), (&rebuild(columns, copy), "")],
        "rows-lost 002:6",
        &[
            "lowers the AUTOINCREMENT counter of `t`",
            "INSERT INTO sqlite_sequence",
        ],
    );
    for counter in [
        "DELETE FROM sqlite_sequence WHERE name = 'new';
         INSERT INTO sqlite_sequence (name, seq) SELECT 'new', seq FROM sqlite_sequence WHERE name = 't'",
        "UPDATE sqlite_sequence SET seq = (SELECT seq FROM sqlite_sequence WHERE name = 't') WHERE name = 'new'",
    ] {
        assert_kept(&table, &rebuild(columns, &format!("{copy}; {counter}")));
    }
}

#[test]
fn moved_rowids_are_rejected_if_something_uses_them() {
    let table = "CREATE TABLE t (id TEXT PRIMARY KEY, a TEXT);";
    let again = |rest: &str| {
        format!(
            "{}\n{rest}",
            rebuild(
                "id TEXT PRIMARY KEY, a TEXT",
                "INSERT INTO new SELECT id, a FROM t"
            )
        )
    };
    assert_kept(table, &again(""));
    let view = "CREATE VIEW v AS SELECT rowid, a FROM t;";
    assert_one_defect(
        &[
            (&format!("{table} {view}"), ""),
            (&format!("DROP VIEW v;\n{}", again(view)), ""),
        ],
        "rows-lost 002:7",
        &["changes the rowids of `t`, and `v` uses them"],
    );
    let index = format!("{table} CREATE VIRTUAL TABLE f USING fts5(a, content = 't');");
    assert_one_defect(
        &[(&index, ""), (&again(""), "")],
        "rows-lost 002:6",
        &["gives the rows of `t` new rowids, and the full-text index `f` keeps the old ones"],
    );
    assert_kept(&index, &again("INSERT INTO f (f) VALUES ('rebuild');"));
    let with_rowids = again("").replace("new SELECT id", "new (rowid, id, a) SELECT rowid, id");
    assert_kept(&index, &with_rowids);
}

#[test]
fn rows_of_virtual_tables_are_checked() {
    for (module, columns) in [("rtree", "id, low, high"), ("fts5", "a, b")] {
        let table = format!("CREATE VIRTUAL TABLE t USING {module}({columns});");
        let new = format!("CREATE VIRTUAL TABLE new USING {module}({columns});");
        let rename = "DROP TABLE t; ALTER TABLE new RENAME TO t;";
        let rowid = if module == "fts5" { "rowid, " } else { "" };
        let copy = format!("INSERT INTO new ({rowid}{columns}) SELECT {rowid}{columns} FROM t;");
        assert_kept(&table, &format!("{new} {copy} {rename}"));
        assert_lost(
            &table,
            &format!("{new} {rename}"),
            "rows-lost 002:5",
            "loses all rows of `t`",
            "t",
        );
    }
}

#[test]
fn rows_that_only_a_dropped_column_tells_apart_have_arrived() {
    let table = "CREATE TABLE t (a TEXT NOT NULL CHECK (a IN ('green', 'blue')), b TEXT);";
    let upgrade = format!(
        "@destroys t.a not needed\n{}",
        rebuild("b TEXT", "INSERT INTO new SELECT b FROM t")
    );
    assert_proven(&[(table, ""), (&upgrade, "")]);
    let some = upgrade.replace("FROM t;", "FROM t WHERE b IS NOT NULL;");
    assert_eq!(summaries(&[(table, ""), (&some, "")]), ["rows-lost 002:7"]);
}
