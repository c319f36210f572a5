//! Tables whose constraints accept only some values.

use revchain_prove::Scope;

use crate::support::{Directory, sorted};

/// Asserts that the proof makes rows for `t`: the new column then fails on the rows.
#[track_caller]
fn assert_filled(tables: &str) {
    let add = ("ALTER TABLE t ADD COLUMN extra TEXT NOT NULL;", "");
    let loaded = Directory::of(&[(tables, ""), add]).prove(Scope::All);
    assert!(loaded.notes.is_empty(), "{tables}: {:?}", loaded.notes);
    let defects = sorted(loaded);
    assert_eq!(defects.len(), 1, "{tables}: {defects:?}");
    assert_eq!(defects[0].kind().name(), "fails-on-rows", "{tables}");
}

#[test]
fn values_satisfy_checks() {
    for columns in [
        "a TEXT CHECK (a GLOB '[A-Z][0-9][0-9]-*')",
        "a TEXT NOT NULL CHECK (a LIKE '%@%.%')",
        "a TEXT NOT NULL CHECK (json_valid(a))",
        "a TEXT, b TEXT, c TEXT, d TEXT, \"e f\" TEXT NOT NULL CHECK (\"e f\" IN ('red', 'green'))",
        "a TEXT NOT NULL CHECK (json_type(a) = 'array')",
        "a TEXT NOT NULL CHECK (date(a) IS NOT NULL)",
        "a TEXT NOT NULL CHECK (datetime(a) = a)",
        "a TEXT NOT NULL CHECK (a = upper(a))",
        "a TEXT NOT NULL CHECK (length(a) = 36 AND a GLOB '????????-*')",
        "a TEXT NOT NULL CHECK (length(a) = 64 AND a NOT GLOB '*[^0-9a-f]*')",
        "a TEXT NOT NULL CONSTRAINT c CHECK (length(a) BETWEEN 3 AND 5)",
        "a TEXT NOT NULL CHECK (substr(a, 1, 4) = 'usr_')",
        "a TEXT NOT NULL CHECK (instr(a, '/') > 0)",
        "a BLOB NOT NULL CHECK (length(a) = 32)",
        "a INTEGER NOT NULL CHECK (a BETWEEN 5 AND 9)",
        "a INTEGER NOT NULL CHECK (a % 2 = 0)",
        "a INTEGER NOT NULL CHECK (a > 1600000000)",
        "a INTEGER NOT NULL CHECK (a = 1)",
        "a REAL NOT NULL CHECK (a >= 0.0 AND a <= 1.0)",
        "a INTEGER NOT NULL, b INTEGER NOT NULL, CHECK (b < a)",
        "a TEXT, b TEXT, CHECK ((a IS NULL) <> (b IS NULL))",
        "kind TEXT NOT NULL CHECK (kind IN ('a', 'b')), a TEXT, b TEXT,
         CHECK (kind = 'a' AND a IS NOT NULL AND b IS NULL OR kind = 'b' AND b IS NOT NULL AND a IS NULL)",
    ] {
        for options in ["", " STRICT"] {
            assert_filled(&format!(
                "CREATE TABLE t (id INTEGER PRIMARY KEY, {columns}){options};"
            ));
        }
    }
}

#[test]
fn values_satisfy_expressions_over_json() {
    for rest in [
        "k TEXT AS (json_extract(d, '$.k')) VIRTUAL); CREATE INDEX i ON t (k);",
        "k TEXT AS (json_extract(d, '$.k')) STORED NOT NULL);",
        "k TEXT AS (d ->> 'k') VIRTUAL UNIQUE);",
        "k TEXT); CREATE UNIQUE INDEX i ON t (json_extract(d, '$.k'));",
    ] {
        assert_filled(&format!(
            "CREATE TABLE t (id INTEGER PRIMARY KEY, d TEXT NOT NULL, {rest}"
        ));
    }
}

#[test]
fn keys_in_a_cycle_are_closed() {
    for tables in [
        "CREATE TABLE t (id INTEGER PRIMARY KEY, b INTEGER NOT NULL REFERENCES b (id));
         CREATE TABLE b (id INTEGER PRIMARY KEY, t INTEGER NOT NULL REFERENCES t (id));",
        "CREATE TABLE t (id TEXT PRIMARY KEY, up TEXT NOT NULL REFERENCES t (id));",
        "CREATE TABLE p (x INTEGER, y TEXT, PRIMARY KEY (x, y));
         CREATE TABLE t (id INTEGER PRIMARY KEY, x INTEGER NOT NULL, y TEXT NOT NULL, FOREIGN KEY (x, y) REFERENCES p);",
        "CREATE TABLE p (id INTEGER PRIMARY KEY);
         CREATE TABLE t (p INTEGER NOT NULL UNIQUE REFERENCES p (id), q INTEGER REFERENCES p (id));",
    ] {
        assert_filled(tables);
    }
}

#[test]
fn trigger_that_rejects_rows_is_passed_by() {
    for body in ["SELECT RAISE(ABORT, 'no')", "SELECT RAISE(IGNORE)"] {
        assert_filled(&format!(
            "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT);
             CREATE TRIGGER g BEFORE INSERT ON t BEGIN {body}; END;"
        ));
    }
}
