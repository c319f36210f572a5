//! Conditions that leave out rows, constraints that few values break, and rows that arrive only
//! in part.

use crate::support::{assert_one_defect, assert_proven, rebuild, summaries};

/// Returns an upgrade that rebuilds `t` with the rows that satisfy a condition.
fn filtered(columns: &str, condition: &str) -> String {
    let copy = format!("INSERT INTO new SELECT * FROM t WHERE {condition}");
    rebuild(columns, &copy)
}

#[test]
fn filter_that_leaves_out_rows_is_rejected() {
    let columns = "id INTEGER PRIMARY KEY, b TEXT NOT NULL, n INTEGER NOT NULL";
    let table = format!("CREATE TABLE t ({columns});");
    for condition in [
        "b NOT LIKE 'tmp%'",
        "b LIKE '%test%'",
        "b GLOB 'x-[0-9]*'",
        "substr(b, 1, 3) <> 'tmp'",
        "replace(b, '-', '') <> 'ab'",
        "n NOT BETWEEN 10 AND 20",
        "n > 1000000000",
        "n < 5",
        "id > 1",
        "id <> 1",
    ] {
        let found = summaries(&[(&table, ""), (&filtered(columns, condition), "")]);
        assert_eq!(found, ["rows-lost 002:6"], "{condition}");
    }
    let columns = "k TEXT PRIMARY KEY NOT NULL, v TEXT";
    let table = format!("CREATE TABLE t ({columns});");
    for condition in ["k <> 'schema'", "k NOT LIKE 'tmp%'"] {
        let found = summaries(&[(&table, ""), (&filtered(columns, condition), "")]);
        assert_eq!(found, ["rows-lost 002:6"], "{condition}");
    }
}

#[test]
fn deleted_key_that_rows_can_reference_is_rejected() {
    for (key, condition) in [
        ("INTEGER PRIMARY KEY", "id = 2"),
        ("INTEGER PRIMARY KEY", "id IN (4, 5, 6)"),
        ("INTEGER PRIMARY KEY", "id < 10 AND id <> 7"),
        ("TEXT PRIMARY KEY NOT NULL", "id = 'guest'"),
        ("TEXT PRIMARY KEY NOT NULL", "id LIKE 'tmp-%'"),
    ] {
        let (kind, _) = key.split_once(' ').unwrap();
        for null in ["", " NOT NULL"] {
            let tables = format!(
                "CREATE TABLE roles (id {key}, name TEXT);
                 CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT,
                   role {kind}{null} REFERENCES roles (id));"
            );
            let delete = format!("DELETE FROM roles WHERE {condition};");
            let found = summaries(&[(&tables, ""), (&delete, "")]);
            assert_eq!(found, ["fails-on-rows 002:5"], "{key}{null}: {condition}");
            let all = format!(
                "DELETE FROM users WHERE role IN (SELECT id FROM roles WHERE {condition});\n{delete}"
            );
            assert_proven(&[(&tables, ""), (&all, "")]);
        }
    }
}

#[test]
fn key_that_a_script_writes_is_accepted() {
    let table = "CREATE TABLE t (k TEXT PRIMARY KEY NOT NULL, v TEXT);";
    for upgrade in [
        "UPDATE t SET k = 'colour' WHERE k = 'color';",
        "INSERT INTO t VALUES ('theme', 'dark'); UPDATE t SET v = 'light' WHERE k = 'theme';",
        "DELETE FROM t WHERE k = 'old'; UPDATE t SET v = '1' WHERE k LIKE 'app.%';",
    ] {
        assert_proven(&[(table, ""), (upgrade, "")]);
    }
}

#[test]
fn check_that_few_texts_break_is_rejected() {
    let table = "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT);";
    for check in [
        "a = lower(a)",
        "a = trim(a)",
        "a NOT LIKE '%,%'",
        "instr(a, '/') = 0",
        "a NOT GLOB '*[A-Z]*'",
    ] {
        let columns = format!("id INTEGER PRIMARY KEY, a TEXT CHECK ({check})");
        let upgrade = rebuild(&columns, "INSERT INTO new SELECT id, a FROM t");
        let found = summaries(&[(table, ""), (&upgrade, "")]);
        assert_eq!(found, ["fails-on-rows 002:6"], "{check}");
    }
}

#[test]
fn values_in_a_column_of_another_meaning_are_rejected() {
    let table = "CREATE TABLE t (id INTEGER PRIMARY KEY, price INTEGER NOT NULL);";
    let columns = "id INTEGER PRIMARY KEY, amount INTEGER NOT NULL, price INTEGER NOT NULL";
    let shifted = rebuild(columns, "INSERT INTO new SELECT *, 1 FROM t");
    assert_one_defect(
        &[(table, ""), (&shifted, "")],
        "rows-lost 002:6",
        &["values of `t.price` into `t.amount`", "name the columns"],
    );
    // The names say that the values move.
    let moved = "INSERT INTO new (id, amount, price) SELECT id, price, 1 FROM t";
    assert_proven(&[(table, ""), (&rebuild(columns, moved), "")]);
    let table = "CREATE TABLE t (id INTEGER PRIMARY KEY, w INTEGER, h INTEGER);";
    let copy = |list: &str| {
        format!(
            "CREATE TABLE box (id INTEGER PRIMARY KEY, h INTEGER, w INTEGER);
             INSERT INTO box SELECT {list} FROM t; DROP TABLE t;"
        )
    };
    assert_proven(&[(table, ""), (&copy("id, h, w"), "")]);
    assert_eq!(
        summaries(&[(table, ""), (&copy("*"), "")]),
        ["undeclared-destruction 002:6"]
    );
}

#[test]
fn move_to_another_table_keeps_each_row() {
    let table = "CREATE TABLE t (id INTEGER PRIMARY KEY, mail TEXT, city TEXT);";
    let part = "CREATE TABLE a (id INTEGER PRIMARY KEY, mail TEXT%, city TEXT);";
    let (plain, unique) = (part.replace('%', ""), part.replace('%', " UNIQUE"));
    let filter =
        format!("{plain} INSERT INTO a SELECT * FROM t WHERE mail IS NOT NULL; DROP TABLE t;");
    let ignore = format!("{unique} INSERT OR IGNORE INTO a SELECT * FROM t; DROP TABLE t;");
    for upgrade in [filter, ignore] {
        let found = summaries(&[(table, ""), (&upgrade, "")]);
        assert_eq!(found, ["rows-lost 002:5"], "{upgrade}");
    }
    let all = format!("{plain} INSERT INTO a SELECT * FROM t; DROP TABLE t;");
    assert_proven(&[(table, ""), (&all, "")]);
    let columns = "CREATE TABLE a (t INTEGER PRIMARY KEY, mail TEXT NOT NULL, city TEXT NOT NULL);
        INSERT INTO a SELECT id, mail, city FROM t WHERE mail IS NOT NULL AND city IS NOT NULL;
        ALTER TABLE t DROP COLUMN mail;";
    assert_one_defect(
        &[(table, ""), (columns, "")],
        "rows-lost 002:6",
        &["values of `t.mail` in some rows"],
    );
}

#[test]
fn new_table_with_swapped_keys_is_rejected() {
    let tables = "CREATE TABLE g (id INTEGER PRIMARY KEY);
        CREATE TABLE u (id INTEGER PRIMARY KEY, g INTEGER REFERENCES g);";
    let link = |columns: &str| {
        format!(
            "CREATE TABLE ug (u INTEGER NOT NULL REFERENCES u, g INTEGER NOT NULL REFERENCES g,
             PRIMARY KEY (u, g)) WITHOUT ROWID;
             INSERT INTO ug ({columns}) SELECT id, g FROM u WHERE g IS NOT NULL;"
        )
    };
    assert_proven(&[(tables, ""), (&link("u, g"), "")]);
    assert_eq!(
        summaries(&[(tables, ""), (&link("g, u"), "")]),
        ["fails-on-rows 002:7"]
    );
}

#[test]
fn downgrade_that_drops_old_values_is_rejected() {
    let table = "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT);";
    let upgrade = "ALTER TABLE t RENAME COLUMN a TO b;";
    let lossy = "ALTER TABLE t DROP COLUMN b; ALTER TABLE t ADD COLUMN a TEXT;";
    let found = summaries(&[(table, ""), (upgrade, lossy)]);
    assert_eq!(found, ["rows-lost 002:6"]);
    assert_proven(&[
        (table, ""),
        (upgrade, "ALTER TABLE t RENAME COLUMN b TO a;"),
    ]);
}
