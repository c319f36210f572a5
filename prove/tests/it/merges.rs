//! Scripts that copy rows into a table that has rows, or that empty and fill a table.

use crate::support::{assert_one_defect, assert_proven, summaries};

const TWO: &str = "CREATE TABLE a (id INTEGER PRIMARY KEY, name TEXT);
    CREATE TABLE b (id INTEGER PRIMARY KEY, name TEXT);";
const ONE: &str = "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT, kind TEXT);";

#[test]
fn merge_of_two_numbered_tables_is_rejected() {
    for (upgrade, table) in [
        ("INSERT INTO a SELECT id, name FROM b; DROP TABLE b;", "b"),
        (
            "CREATE TABLE c (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO c SELECT * FROM a;
             INSERT INTO c SELECT * FROM b; DROP TABLE a; DROP TABLE b;",
            "b",
        ),
        (
            "CREATE TABLE c (id INTEGER PRIMARY KEY, name TEXT);
             INSERT INTO c SELECT * FROM a UNION ALL SELECT * FROM b; DROP TABLE a; DROP TABLE b;",
            "a",
        ),
    ] {
        let line = format!("@assumes {table}(id) values");
        assert_eq!(summaries(&[(TWO, ""), (upgrade, "")]).len(), 1, "{upgrade}");
        let assumed = format!("{line} the ids differ\n{upgrade}");
        assert_proven(&[(TWO, ""), (&assumed, "")]);
    }
}

#[test]
fn merge_that_skips_or_replaces_rows_is_rejected() {
    for (words, lost) in [
        ("IGNORE", "all rows of `b`"),
        ("REPLACE", "values of `a.name`"),
    ] {
        let upgrade = format!("INSERT OR {words} INTO a SELECT id, name FROM b; DROP TABLE b;");
        let steps = [(TWO, ""), (upgrade.as_str(), "")];
        assert_one_defect(&steps, "rows-lost 002:5", &[lost, "remove OR IGNORE"]);
    }
}

#[test]
fn merge_with_new_keys_is_accepted() {
    for upgrade in [
        "INSERT INTO a (name) SELECT name FROM b; CREATE TABLE old_ids AS SELECT id FROM b; DROP TABLE b;",
        "INSERT INTO a SELECT id + (SELECT coalesce(max(id), 0) FROM a), name FROM b; DROP TABLE b;",
        "CREATE TABLE c (id INTEGER, kind TEXT, name TEXT, PRIMARY KEY (id, kind));
         INSERT INTO c SELECT id, 'a', name FROM a; INSERT INTO c SELECT id, 'b', name FROM b;
         DROP TABLE a; DROP TABLE b;",
    ] {
        assert_proven(&[(TWO, ""), (upgrade, "")]);
    }
}

#[test]
fn limit_of_a_copy_loses_rows() {
    for limit in [3, 20, 1000] {
        let upgrade = format!(
            "CREATE TABLE n (id INTEGER PRIMARY KEY, name TEXT, kind TEXT);
             INSERT INTO n SELECT * FROM t ORDER BY id LIMIT {limit}; DROP TABLE t;
             ALTER TABLE n RENAME TO t;"
        );
        assert_one_defect(&[(ONE, ""), (&upgrade, "")], "rows-lost 002:6", &["`t`"]);
    }
}

#[test]
fn table_that_is_emptied_and_filled_again_is_judged() {
    for (filter, list) in [(" WHERE kind <> 'x'", "*"), ("", "id, kind, name")] {
        let upgrade = format!(
            "CREATE TEMP TABLE copy AS SELECT {list} FROM t{filter}; DELETE FROM t;
             INSERT INTO t SELECT * FROM copy; DROP TABLE copy;"
        );
        let found = summaries(&[(ONE, ""), (&upgrade, "")]);
        assert_eq!(found, ["rows-lost 002:6"], "{upgrade}");
    }
    for upgrade in [
        "CREATE TEMP TABLE copy AS SELECT * FROM t; DELETE FROM t;
         INSERT INTO t SELECT * FROM copy; DROP TABLE copy;",
        // Other rows take the place of the deleted rows.
        "DELETE FROM t; INSERT INTO t (name) VALUES ('a'), ('b');",
        "CREATE TEMP TABLE kinds AS SELECT DISTINCT kind FROM t;
         DELETE FROM t WHERE kind IS NULL; DROP TABLE kinds;",
    ] {
        assert_proven(&[(ONE, ""), (upgrade, "")]);
    }
}

#[test]
fn column_that_only_a_trigger_changes_is_judged() {
    const TRIGGER: &str = "CREATE TRIGGER touch AFTER UPDATE ON t BEGIN
        UPDATE t SET kind = CURRENT_TIMESTAMP WHERE id = NEW.id; END;";
    let table = format!("{ONE} {TRIGGER}");
    let update = "UPDATE t SET name = upper(name);";
    assert_one_defect(
        &[(&table, ""), (update, "")],
        "rows-lost 002:5",
        &[
            "values of `t.kind`",
            "drop the trigger first",
            "`-- @destroys t.kind REASON`",
        ],
    );
    // A value that differs from run to run does not come from the old value.
    let precise = table.replace("CURRENT_TIMESTAMP", "strftime('%s %f', 'now')");
    let found = summaries(&[(&precise, ""), (update, "")]);
    assert_eq!(found, ["rows-lost 002:5"]);
    let without = format!("DROP TRIGGER touch; {update} {TRIGGER}");
    assert_proven(&[(&table, ""), (&without, "")]);
    let declared = format!("@destroys t.kind an upgrade counts as a change\n{update}");
    assert_proven(&[(&table, ""), (&declared, "")]);
    // The trigger keeps a column that follows from others.
    let derived = table.replace("CURRENT_TIMESTAMP", "lower(NEW.name)");
    assert_proven(&[(&derived, ""), (update, "")]);
}

#[test]
fn column_that_a_trigger_sets_in_the_copy_is_lost() {
    const TRIGGER: &str = "AFTER INSERT ON t BEGIN
        UPDATE t SET kind = CURRENT_TIMESTAMP WHERE id = NEW.id; END;";
    let table = format!("{ONE} CREATE TRIGGER made {TRIGGER}");
    let created = format!("CREATE TRIGGER made {TRIGGER}");
    let copy = "DROP TRIGGER made; CREATE TABLE n (id INTEGER PRIMARY KEY, name TEXT, kind TEXT);";
    let rest = "INSERT INTO n SELECT * FROM t; DROP TABLE t; ALTER TABLE n RENAME TO t;";
    let early = format!(
        "{copy} {} {rest}",
        created
            .replace("ON t", "ON n")
            .replace("UPDATE t", "UPDATE n")
    );
    assert_one_defect(
        &[(&table, ""), (&early, "")],
        "rows-lost 002:6",
        &["values of `t.kind`"],
    );
    let late = format!("{copy} {rest} {created}");
    assert_proven(&[(&table, ""), (&late, "")]);
}

#[test]
fn merge_with_new_keys_is_judged_alike_for_each_name() {
    let key = "id INTEGER PRIMARY KEY";
    for [from, to] in [["a", "b"], ["b", "a"]] {
        for key in [key, "id INTEGER PRIMARY KEY AUTOINCREMENT"] {
            let tables =
                format!("CREATE TABLE {from} ({key}, x TEXT); CREATE TABLE {to} ({key}, x TEXT);");
            let copy = format!("INSERT INTO {to} SELECT id, x FROM {from}; DROP TABLE {from};");
            let steps = [(tables.as_str(), ""), (copy.as_str(), "")];
            assert_one_defect(
                &steps,
                "fails-on-rows 002:5",
                &["leave the key out of the copy"],
            );
            let advised = copy.replace("SELECT id,", "(x) SELECT");
            assert_proven(&[(&tables, ""), (&advised, "")]);
            let constant = advised.replace("SELECT x", "SELECT 'x'");
            let found = summaries(&[(&tables, ""), (&constant, "")]);
            assert_eq!(found, ["undeclared-destruction 002:5"], "{constant}");
        }
        // The keys of a table that another table references must arrive.
        let tables = format!(
            "CREATE TABLE {from} ({key}, x TEXT); CREATE TABLE {to} ({key}, x TEXT);
             CREATE TABLE c (id INTEGER PRIMARY KEY, p INTEGER REFERENCES {from} (id));"
        );
        let upgrade = format!(
            "@destroys c it is a test\nINSERT INTO {to} (x) SELECT x FROM {from}; DROP TABLE c;\nDROP TABLE {from};"
        );
        let found = summaries(&[(&tables, ""), (&upgrade, "")]);
        assert_eq!(found, ["undeclared-destruction 002:7"], "{upgrade}");
    }
}
