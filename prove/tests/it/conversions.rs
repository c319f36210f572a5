//! Values that a script converts into another column, before the old column goes.

use crate::support::{assert_one_defect, assert_proven, summaries};

const TABLE: &str = "CREATE TABLE t (id INTEGER PRIMARY KEY, price REAL, made TEXT,
    first TEXT NOT NULL, last TEXT NOT NULL, note TEXT,
    state TEXT NOT NULL CHECK (state IN ('open', 'done')));";

/// Returns an upgrade that fills the new column `n` with `value`, and drops the column `old`.
fn convert(value: &str, old: &str) -> String {
    format!(
        "ALTER TABLE t ADD COLUMN n; UPDATE t SET n = {value}; ALTER TABLE t DROP COLUMN {old};"
    )
}

#[test]
fn converted_values_have_arrived() {
    for (value, old) in [
        ("round(price * 100)", "price"),
        ("unixepoch(made)", "made"),
        ("first || ' ' || last", "first"),
        ("first || ' ' || last", "last"),
        ("upper(note)", "note"),
    ] {
        assert_proven(&[(TABLE, ""), (&convert(value, old), "")]);
    }
}

#[test]
fn flag_for_each_value_has_arrived() {
    let table = "CREATE TABLE t (id INTEGER PRIMARY KEY, state TEXT NOT NULL);";
    let upgrade = convert("CASE state WHEN 'done' THEN 1 ELSE 0 END", "state");
    // A text can have other values, which the flag does not tell apart.
    assert_one_defect(
        &[(table, ""), (&upgrade, "")],
        "undeclared-destruction 002:5",
        &["`t.state`"],
    );
    let table = table.replace("NOT NULL", "NOT NULL CHECK (state IN ('open', 'done'))");
    let upgrade = "ALTER TABLE t ADD COLUMN n;
        UPDATE t SET n = CASE state WHEN 'done' THEN 1 ELSE 0 END;
        CREATE TABLE new (id INTEGER PRIMARY KEY, n); INSERT INTO new SELECT id, n FROM t;
        DROP TABLE t; ALTER TABLE new RENAME TO t;";
    assert_proven(&[(&table, ""), (upgrade, "")]);
}

#[test]
fn new_table_with_converted_columns_has_arrived() {
    let table = "CREATE TABLE t (id INTEGER PRIMARY KEY, price REAL, note TEXT);";
    let upgrade = "CREATE TABLE items (id INTEGER PRIMARY KEY, cents INTEGER, note TEXT);
        INSERT INTO items SELECT id, round(price * 100), note FROM t; DROP TABLE t;";
    assert_proven(&[(table, ""), (upgrade, "")]);
    let upgrade = upgrade.replace("round(price * 100)", "100");
    assert_eq!(
        summaries(&[(table, ""), (&upgrade, "")]),
        ["undeclared-destruction 002:6"]
    );
}

#[test]
fn part_of_a_value_is_no_conversion() {
    for (value, old) in [
        ("length(note)", "note"),
        ("substr(first, 1, 1)", "first"),
        ("note IS NOT NULL", "note"),
        ("lower(last)", "first"),
        ("coalesce(note, first)", "first"),
        ("price > 5", "price"),
        ("random()", "price"),
        ("CAST(price AS INTEGER)", "price"),
        ("round(price)", "price"),
        ("date(made)", "made"),
    ] {
        assert_one_defect(
            &[(TABLE, ""), (&convert(value, old), "")],
            "undeclared-destruction 002:5",
            &[&format!("`t.{old}`")],
        );
    }
}

#[test]
fn conversion_to_null_loses_values() {
    let steps = [(TABLE, ""), (&convert("first || note", "first"), "")];
    assert_one_defect(
        &steps,
        "rows-lost 002:5",
        &[
            "loses values of `t.first`: `t.n` is NULL in some rows",
            "note = NULL",
            "`-- @destroys t.first REASON`",
        ],
    );
    let declared = format!("@destroys t.first not needed\n{}", steps[1].0);
    assert_proven(&[(TABLE, ""), (&declared, "")]);
}

#[test]
fn copy_of_some_rows_loses_the_others() {
    let convert = |set: &str| {
        format!(
            "ALTER TABLE t ADD COLUMN n; ALTER TABLE t ADD COLUMN m; {set}; ALTER TABLE t DROP COLUMN note;"
        )
    };
    let some = convert("UPDATE t SET n = note WHERE made IS NOT NULL");
    assert_one_defect(
        &[(TABLE, ""), (&some, "")],
        "rows-lost 002:5",
        &[
            "values of `t.note`: `t.n` is NULL in some rows",
            "made = NULL",
        ],
    );
    let both = convert(
        "UPDATE t SET n = note WHERE made IS NOT NULL; UPDATE t SET m = note WHERE made IS NULL",
    );
    assert_proven(&[(TABLE, ""), (&both, "")]);
}

#[test]
fn text_that_the_new_type_converts_is_lost() {
    let table = "CREATE TABLE t (id INTEGER PRIMARY KEY, zip TEXT);";
    let upgrade = "ALTER TABLE t ADD COLUMN n INTEGER; UPDATE t SET n = zip;
        ALTER TABLE t DROP COLUMN zip;";
    assert_one_defect(
        &[(table, ""), (upgrade, "")],
        "undeclared-destruction 002:6",
        &["`t.zip`"],
    );
    assert_proven(&[(table, ""), (&upgrade.replace("INTEGER", "TEXT"), "")]);
}
