//! Equality of schemas, and the text of their differences.

use revchain_core::schema::{ColumnOrder, Schema, SchemaFilter, diff};

/// Asserts that two schemas are equal, each next to a table that they can refer to.
fn assert_equal(one: &str, other: &str) {
    let table = "CREATE TABLE about (a, b, c)";
    let (one, other) = (Schema::read([table, one]), Schema::read([other, table]));
    assert_eq!(diff(&one, &other).to_string(), "");
    assert_eq!(one.fingerprint(), other.fingerprint());
}

/// Asserts that two schemas differ, and the text of the difference.
fn assert_different(one: &[&str], other: &[&str], expected: &str) {
    let (one, other) = (
        Schema::read(one.iter().copied()),
        Schema::read(other.iter().copied()),
    );
    assert_eq!(diff(&one, &other).to_string(), expected);
    assert_ne!(one.fingerprint(), other.fingerprint());
}

fn assert_columns_differ(one: &str, other: &str, expected: &str) {
    assert_different(
        &[&format!("CREATE TABLE t ({one})")],
        &[&format!("CREATE TABLE t ({other})")],
        expected,
    );
}

/// Pairs of statements that define the same object.
const EQUIVALENT: &[(&str, &str)] = &[
    (
        "CREATE TABLE t (a TEXT, b INTEGER)",
        "create table \"T\"( [a] text ,`B`integer -- b\n/* c */)",
    ),
    (
        "CREATE TABLE t (a VARCHAR(10), b DECIMAL(5,2))",
        "CREATE TABLE t (a varchar ( 10 ), b \"decimal\"(5 , 2))",
    ),
    (
        "CREATE TABLE t (a INTEGER PRIMARY KEY, b UNIQUE)",
        "CREATE TABLE t (a INTEGER, b, UNIQUE (b), PRIMARY KEY (a))",
    ),
    (
        "CREATE TABLE t (a INTEGER PRIMARY KEY)",
        "CREATE TABLE t (a INTEGER, PRIMARY KEY (a DESC))",
    ),
    (
        "CREATE TABLE t (a INTEGER PRIMARY KEY)",
        "CREATE TABLE t (a INTEGER NOT NULL PRIMARY KEY)",
    ),
    (
        "CREATE TABLE t (a INTEGER PRIMARY KEY AUTOINCREMENT)",
        "CREATE TABLE t (a INTEGER, PRIMARY KEY(a AUTOINCREMENT))",
    ),
    (
        "CREATE TABLE t (a REFERENCES p(x))",
        "CREATE TABLE t (a, CONSTRAINT f FOREIGN KEY (a) REFERENCES \"p\" (x) ON DELETE NO ACTION)",
    ),
    (
        "CREATE TABLE t (a REFERENCES p(x) MATCH FULL)",
        "CREATE TABLE t (a REFERENCES p(x) NOT DEFERRABLE INITIALLY IMMEDIATE)",
    ),
    (
        "CREATE TABLE t (a CHECK (a > 0), b)",
        "CREATE TABLE t (a, b, CHECK(A>0))",
    ),
    (
        "CREATE TABLE t (a, b, CHECK (a > 0) CHECK (b > 0))",
        "CREATE TABLE t (a, b, CHECK (b > 0), CHECK (a > 0))",
    ),
    (
        "CREATE TABLE t (a CHECK (a = \"x\"))",
        "CREATE TABLE t (a CHECK (\"a\" = 'x'))",
    ),
    (
        "CREATE TABLE t (a DEFAULT hybrid, b DEFAULT \"x\")",
        "CREATE TABLE t (a DEFAULT 'hybrid', b DEFAULT ('x'))",
    ),
    (
        "CREATE TABLE t (a DEFAULT NULL, b NULL)",
        "CREATE TABLE t (a, b)",
    ),
    (
        "CREATE TABLE t (a DEFAULT -1, b DEFAULT (1 + 2))",
        "CREATE TABLE t (a DEFAULT (- 1), b DEFAULT (1+2))",
    ),
    (
        "CREATE TABLE t (a DEFAULT current_timestamp, b DEFAULT true)",
        "CREATE TABLE t (a DEFAULT (CURRENT_TIMESTAMP), b DEFAULT TRUE)",
    ),
    (
        "CREATE TABLE t (a TEXT COLLATE BINARY UNIQUE ON CONFLICT ABORT)",
        "CREATE TABLE t (a TEXT UNIQUE)",
    ),
    (
        "CREATE TABLE t (a AS (b + 1), b)",
        "CREATE TABLE t (a GENERATED ALWAYS AS (b+1) VIRTUAL, b)",
    ),
    (
        "CREATE TABLE t (a TEXT CONSTRAINT k NOT NULL, CONSTRAINT u UNIQUE (a))",
        "CREATE TABLE t (a TEXT NOT NULL UNIQUE)",
    ),
    (
        "CREATE TABLE t (a TEXT PRIMARY KEY) WITHOUT ROWID, STRICT",
        "CREATE TABLE t (a TEXT NOT NULL PRIMARY KEY) strict, without rowid",
    ),
    (
        "CREATE TABLE t (a, b, PRIMARY KEY (a, b)) WITHOUT ROWID",
        "CREATE TABLE t (a NOT NULL, b NOT NULL, PRIMARY KEY (a ASC, b)) WITHOUT ROWID",
    ),
    (
        "CREATE TABLE t (\"key\" TEXT, \"order\" TEXT)",
        "CREATE TABLE t (key TEXT, [order] TEXT)",
    ),
    (
        "CREATE INDEX i ON about (a ASC, lower(b)) WHERE c",
        "create index main.I on \"about\"(\"a\",LOWER ( b ))where c",
    ),
    (
        "CREATE VIEW v AS SELECT a FROM about",
        "create view if not exists v as select \"a\" from [about] -- all",
    ),
    (
        "CREATE TRIGGER g INSERT ON t BEGIN SELECT 1; END",
        "CREATE TRIGGER g BEFORE INSERT ON \"t\" FOR EACH ROW BEGIN SELECT 1; END",
    ),
    (
        "CREATE VIRTUAL TABLE f USING fts5(a, b)",
        "CREATE VIRTUAL TABLE \"f\" USING FTS5 ( a , b )",
    ),
];

#[test]
fn equivalent_spellings_have_the_same_fingerprint() {
    for (one, other) in EQUIVALENT {
        assert_equal(one, other);
    }
}

#[test]
fn deferral_belongs_to_the_last_foreign_key() {
    for (columns, expected) in [
        (
            "a REFERENCES p NOT NULL DEFERRABLE INITIALLY DEFERRED",
            "a NOT NULL REFERENCES p DEFERRABLE INITIALLY DEFERRED",
        ),
        (
            "a REFERENCES p, b REFERENCES q, c DEFERRABLE INITIALLY DEFERRED",
            "a REFERENCES p, b REFERENCES q DEFERRABLE INITIALLY DEFERRED, c",
        ),
        (
            "a REFERENCES p DEFERRABLE INITIALLY DEFERRED UNIQUE NOT DEFERRABLE",
            "a REFERENCES p UNIQUE",
        ),
        (
            "a REFERENCES p DEFERRABLE INITIALLY DEFERRED DEFERRABLE",
            "a REFERENCES p",
        ),
    ] {
        assert_equal(
            &format!("CREATE TABLE t ({columns})"),
            &format!("CREATE TABLE t ({expected})"),
        );
    }
}

/// Pairs of column lists that differ, and the text of the difference.
const DIFFERENT_COLUMNS: &[(&str, &str, &str)] = &[
    (
        "a TEXT PRIMARY KEY, b",
        "a TEXT, b",
        "t.a: TEXT PRIMARY KEY → TEXT",
    ),
    ("a INTEGER", "a INT", "t.a: INTEGER → INT"),
    (
        "a INTEGER PRIMARY KEY",
        "a INTEGER PRIMARY KEY DESC",
        "t.a: INTEGER PRIMARY KEY → INTEGER PRIMARY KEY DESC",
    ),
    (
        "a INT, PRIMARY KEY (a DESC)",
        "a INT PRIMARY KEY",
        "t.a: INT → INT PRIMARY KEY\n- t PRIMARY KEY (a DESC)",
    ),
    (
        "a INTEGER PRIMARY KEY",
        "a INTEGER PRIMARY KEY AUTOINCREMENT",
        "t.a: INTEGER PRIMARY KEY → INTEGER PRIMARY KEY AUTOINCREMENT",
    ),
    ("a", "a BLOB", "t.a: (no type) → BLOB"),
    ("a NOT NULL", "a", "t.a: NOT NULL → (no type)"),
    (
        "a TEXT DEFAULT 'x'",
        "a TEXT DEFAULT 'X'",
        "t.a: TEXT DEFAULT 'x' → TEXT DEFAULT 'X'",
    ),
    (
        "a DEFAULT current_date",
        "a DEFAULT 'current_date'",
        "t.a: DEFAULT CURRENT_DATE → DEFAULT 'current_date'",
    ),
    ("a DEFAULT 1", "a DEFAULT -1", "t.a: DEFAULT 1 → DEFAULT -1"),
    ("a COLLATE nocase", "a", "t.a: COLLATE NOCASE → (no type)"),
    ("a, b", "b, a", "t: columns in the order a, b → b, a"),
    ("a, c", "a, b, c", "+ t.b\nt: columns in the order a, b, c"),
    ("a, b INTEGER", "a", "- t.b INTEGER"),
    (
        "a CHECK (a > 0)",
        "a CHECK (a >= 0)",
        "- t CHECK (a > 0)\n+ t CHECK (a >= 0)",
    ),
    (
        "a CHECK (a = 'x')",
        "a CHECK (a = 'X')",
        "- t CHECK (a = 'x')\n+ t CHECK (a = 'X')",
    ),
    (
        "a, CONSTRAINT n CHECK (a)",
        "a CHECK (a)",
        "- t CONSTRAINT n CHECK (a)\n+ t CHECK (a)",
    ),
    (
        "a UNIQUE",
        "a UNIQUE ON CONFLICT REPLACE",
        "t.a: UNIQUE → UNIQUE ON CONFLICT REPLACE",
    ),
    (
        "a, b, UNIQUE (a, b)",
        "a, b, UNIQUE (b, a)",
        "- t UNIQUE (a, b)\n+ t UNIQUE (b, a)",
    ),
    (
        "a REFERENCES p",
        "a REFERENCES p ON DELETE CASCADE",
        "t.a: REFERENCES p → REFERENCES p ON DELETE CASCADE",
    ),
    (
        "a REFERENCES p",
        "a REFERENCES p DEFERRABLE INITIALLY DEFERRED",
        "t.a: REFERENCES p → REFERENCES p DEFERRABLE INITIALLY DEFERRED",
    ),
    (
        "a, b, FOREIGN KEY (a, b) REFERENCES p",
        "a, b",
        "- t FOREIGN KEY (a, b) REFERENCES p",
    ),
    (
        "a AS (1) STORED",
        "a AS (1)",
        "t.a: AS (1) STORED → AS (1) VIRTUAL",
    ),
    (
        "a PRIMARY KEY",
        "a PRIMARY KEY NOT NULL",
        "t.a: PRIMARY KEY → PRIMARY KEY NOT NULL",
    ),
];

/// Pairs of statements that differ, and the text of the difference.
const DIFFERENT_STATEMENTS: &[(&str, &str, &str)] = &[
    (
        "CREATE TABLE t (a INT) STRICT",
        "CREATE TABLE t (a INT)",
        "t: STRICT → no options",
    ),
    (
        "CREATE INDEX i ON t (a)",
        "CREATE UNIQUE INDEX i ON t (a)",
        "index i: ON t (a) → UNIQUE ON t (a)",
    ),
    (
        "CREATE INDEX i ON t (a)",
        "CREATE INDEX i ON t (a DESC)",
        "index i: ON t (a) → ON t (a DESC)",
    ),
    (
        "CREATE INDEX i ON t (a)",
        "CREATE INDEX i ON t (a) WHERE a > 1",
        "index i: ON t (a) → ON t (a) WHERE a > 1",
    ),
    (
        "CREATE VIEW v AS SELECT a, b, c, d, e FROM t WHERE a = 1 AND b = 2",
        "CREATE VIEW v AS SELECT a, b, c, d, e FROM t WHERE a = 7 AND b = 2",
        "view v: … t WHERE a = 1 AND b = 2 → … t WHERE a = 7 AND b = 2",
    ),
    (
        "CREATE VIEW v AS SELECT 1",
        "CREATE TABLE v (a)",
        "- view v AS SELECT 1\n+ table v (a)",
    ),
    (
        "CREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT 1; END",
        "CREATE TRIGGER g INSERT ON t BEGIN SELECT 1; END",
        "trigger g: AFTER INSERT ON t BEGIN … → BEFORE INSERT ON t BEGIN …",
    ),
    (
        "CREATE VIRTUAL TABLE f USING fts5(a)",
        "CREATE VIRTUAL TABLE f USING fts5(a, tokenize = 'porter')",
        "table f: USING fts5(a) → USING fts5(a, tokenize = 'porter')",
    ),
];

#[test]
fn semantic_differences_are_shown() {
    for (one, other, expected) in DIFFERENT_COLUMNS {
        assert_columns_differ(one, other, expected);
    }
    for (one, other, expected) in DIFFERENT_STATEMENTS {
        assert_different(&[one], &[other], expected);
    }
}

#[test]
fn indexes_and_triggers_of_a_dropped_table_are_not_listed() {
    let table = "CREATE TABLE t (a, b)";
    let index = "CREATE INDEX i ON t (a)";
    let trigger = "CREATE TRIGGER t AFTER INSERT ON t BEGIN SELECT 1; END";
    assert_different(&[table, index, trigger], &[], "- table t (a, b)");
    assert_different(&[], &[table, index, trigger], "+ table t (a, b)");
    assert_different(
        &[table, index, trigger],
        &[table],
        "- index i ON t (a)\n- trigger t AFTER INSERT ON t BEGIN SELECT 1; END",
    );
}

#[test]
fn tables_of_sqlite_and_revchain_are_ignored() {
    let schema = Schema::read([
        "CREATE TABLE sqlite_sequence(name,seq)",
        "CREATE TABLE sqlite_stat1(tbl,idx,stat)",
        "CREATE TABLE revchain_history (revision)",
    ]);
    assert!(schema.is_empty());
}

#[test]
fn shadow_tables_are_ignored_in_any_order() {
    let table = "CREATE VIRTUAL TABLE docs USING fts5(body)";
    let shadows = [
        "CREATE TABLE 'docs_data'(id INTEGER PRIMARY KEY, block BLOB)",
        "CREATE TABLE 'docs_idx'(segid, term)",
    ];
    let own = "CREATE TABLE docs_own (a)";
    let alone = Schema::read([table, own]);
    let before = Schema::read([shadows[0], shadows[1], own, table]);
    let after = Schema::read([table, shadows[0], own, shadows[1]]);
    assert_eq!(alone.fingerprint(), before.fingerprint());
    assert_eq!(alone.fingerprint(), after.fingerprint());
    // The prefix alone identifies a shadow table of a module that only the application registers.
    let unknown = Schema::read([
        "CREATE VIRTUAL TABLE v USING vec0(a)",
        "CREATE TABLE v_chunks (a)",
        "CREATE TABLE w (a)",
    ]);
    assert_eq!(unknown.tables().collect::<Vec<_>>(), ["v", "w"]);
}

#[test]
fn table_named_like_a_shadow_table_counts() {
    for (texts, tables) in [
        // The search index reads its content from this table.
        (
            [
                "CREATE VIRTUAL TABLE docs USING fts5(a, content=docs_content)",
                "CREATE TABLE docs_content (a)",
            ],
            vec!["docs", "docs_content"],
        ),
        // A contentless search index can still store unindexed columns.
        (
            [
                "CREATE VIRTUAL TABLE docs USING fts5(a, b UNINDEXED, content='', contentless_unindexed=1)",
                "CREATE TABLE 'docs_content'(id INTEGER PRIMARY KEY, c1)",
            ],
            vec!["docs"],
        ),
        (
            [
                "CREATE VIRTUAL TABLE v USING vec0(a)",
                "CREATE VIRTUAL TABLE v_search USING fts5(a)",
            ],
            vec!["v", "v_search"],
        ),
    ] {
        assert_eq!(
            Schema::read(texts).tables().collect::<Vec<_>>(),
            tables,
            "{texts:?}"
        );
    }
}

#[test]
fn filter_includes_names_that_no_pattern_matches() {
    let ignored = SchemaFilter {
        ignored: vec!["APP_*".to_owned(), "other".to_owned()],
        own: None,
    };
    assert!(ignored.includes("a") && ignored.includes("app"));
    assert!(!ignored.includes("app_x") && !ignored.includes("Other"));
    let own = SchemaFilter {
        own: Some(vec!["A".to_owned(), "app_y".to_owned()]),
        ..ignored
    };
    assert!(own.includes("a") && !own.includes("b") && !own.includes("app_y"));
}

#[test]
fn changed_schema_equals_a_schema_read_anew() {
    let texts: Vec<String> = (0..200)
        .map(|n| format!("CREATE TABLE t{n} (a INTEGER, b TEXT)"))
        .collect();
    let mut schema = Schema::read(texts.iter().map(String::as_str));
    let added = [
        "CREATE TABLE t7 (a INTEGER)",
        "CREATE VIRTUAL TABLE t8 USING fts5(a)",
    ];
    schema.apply_delta([texts[7].as_str(), &texts[8]], added);
    let rest = texts
        .iter()
        .enumerate()
        .filter(|(n, _)| ![7, 8].contains(n))
        .map(|(_, text)| text.as_str());
    assert_eq!(
        schema.fingerprint(),
        Schema::read(rest.chain(added)).fingerprint()
    );
    schema.apply_delta(added, [texts[7].as_str(), &texts[8]]);
    assert_eq!(
        schema.fingerprint(),
        Schema::read(texts.iter().map(String::as_str)).fingerprint()
    );
}

#[test]
fn change_of_ignored_tables_changes_nothing() {
    let table = "CREATE VIRTUAL TABLE v USING vec0(a)";
    let mut schema = Schema::read([table]);
    schema.apply_delta(
        [],
        [
            "CREATE TABLE v_chunks (a)",
            "CREATE INDEX v_i ON v_chunks (a) WHERE a <> \"b\"",
        ],
    );
    assert_eq!(schema.fingerprint(), Schema::read([table]).fingerprint());
    // A new column with the quoted name does not make the ignored table count.
    let named = "CREATE TABLE t (b)";
    schema.apply_delta([], [named]);
    assert_eq!(
        schema.fingerprint(),
        Schema::read([table, named]).fingerprint()
    );
}

#[test]
fn table_added_with_free_column_order_has_free_order() {
    let mut schema = Schema::read(["CREATE TABLE t (a)"]).with_column_order(ColumnOrder::Free);
    schema.apply_delta([], ["CREATE TABLE u (b, a)"]);
    let all = Schema::read(["CREATE TABLE t (a)", "CREATE TABLE u (a, b)"])
        .with_column_order(ColumnOrder::Free);
    assert_eq!(schema.fingerprint(), all.fingerprint());
}

#[test]
fn quoted_name_follows_the_existing_columns() {
    let (one, two) = ("CREATE TABLE t (a)", "CREATE TABLE t (a, b)");
    let view = "CREATE VIEW v AS SELECT a FROM t WHERE a = \"b\"";
    let mut schema = Schema::read([one, view]);
    schema.apply_delta([one], [two]);
    assert_eq!(
        schema.fingerprint(),
        Schema::read([two, view]).fingerprint()
    );
    schema.apply_delta([two], [one]);
    assert_eq!(
        schema.fingerprint(),
        Schema::read([one, view]).fingerprint()
    );
}

#[test]
fn free_column_order_ignores_the_order() {
    let one = Schema::read(["CREATE TABLE t (a, b)"]).with_column_order(ColumnOrder::Free);
    let other = Schema::read(["CREATE TABLE t (b, a)"]).with_column_order(ColumnOrder::Free);
    assert_eq!(one.fingerprint(), other.fingerprint());
    assert!(diff(&one, &other).is_empty());
}

/// SQLite reads an unknown name in double quotes as a string.
/// A rename makes SQLite write that name as a string.
#[test]
fn unknown_quoted_name_is_a_string() {
    let table = "CREATE TABLE t (kind, \"see also\")";
    for (one, other) in [
        (
            "CREATE VIEW v AS SELECT kind FROM t WHERE kind = \"A\"",
            "CREATE VIEW v AS SELECT \"kind\" FROM \"t\" WHERE kind = 'A'",
        ),
        (
            "CREATE INDEX i ON t (kind) WHERE kind != \"x y\"",
            "CREATE INDEX i ON \"t\" (\"kind\") WHERE kind != 'x y'",
        ),
        (
            "CREATE TRIGGER g AFTER INSERT ON t WHEN new.kind = \"\" BEGIN DELETE FROM t WHERE kind = \"b\"; END",
            "CREATE TRIGGER g AFTER INSERT ON t WHEN new.\"kind\" = '' BEGIN DELETE FROM t WHERE \"kind\" = 'b'; END",
        ),
    ] {
        // If the view comes first, the table is not yet known.
        let schemas = [
            Schema::read([one, table]),
            Schema::read([table, one]),
            Schema::read([other, table]),
        ];
        assert_eq!(diff(&schemas[0], &schemas[2]).to_string(), "");
        assert_eq!(schemas[0].fingerprint(), schemas[1].fingerprint());
        assert_eq!(schemas[0].fingerprint(), schemas[2].fingerprint());
    }
    let column = [
        "CREATE VIEW v AS SELECT kind FROM t WHERE kind = \"see also\"",
        table,
    ];
    let string = [
        "CREATE VIEW v AS SELECT kind FROM t WHERE kind = 'see also'",
        table,
    ];
    assert_ne!(
        Schema::read(column).fingerprint(),
        Schema::read(string).fingerprint()
    );
}

#[test]
fn unknown_syntax_is_compared_by_token() {
    let table = "CREATE TABLE t (a TEXT FROBNICATED)";
    assert_equal(table, "create table T(a /* x */ text frobnicated)");
    assert_different(
        &[table],
        &["CREATE TABLE t (a TEXT POLISHED)"],
        "t.a: TEXT FROBNICATED → TEXT POLISHED",
    );
    assert_different(
        &["CREATE TABLE t (a) FAST"],
        &["CREATE TABLE t (a) SLOW"],
        "table t: (a) FAST → (a) SLOW",
    );
    assert_different(
        &["CREATE SEQUENCE s START 1"],
        &["CREATE SEQUENCE s START 2"],
        "- CREATE SEQUENCE s START 1\n+ CREATE SEQUENCE s START 2",
    );
}

#[test]
fn control_characters_in_a_name_are_escaped() {
    let shown = diff(
        &Schema::default(),
        &Schema::read(["CREATE TABLE \"a\u{1b}[31m\nb\" (c)"]),
    )
    .to_string();
    assert_eq!(shown, "+ table \"a\\u{1b}[31m\\nb\" (c)");
}

/// Only the application stores fingerprints. This test detects accidental changes.
#[test]
fn fingerprint_is_pinned() {
    let schema = Schema::read([
        "CREATE TABLE t (a TEXT NOT NULL, CHECK (a <> ''))",
        "CREATE INDEX i ON t (a)",
    ]);
    assert_eq!(
        revchain_core::model::checksum::hex(&schema.fingerprint()),
        "3d7eaf4b587412b90d8aa445f188db4274c6143827cc8510da1e40a10b8d51ed"
    );
}

/// Returns the differences that make a program written for the old schema fail.
fn breaking(old: &[&str], new: &[&str]) -> String {
    let [old, new] = [old, new].map(|texts| Schema::read(texts.iter().copied()));
    diff(&old, &new).breaking().to_string()
}

/// A table with columns that are named like keywords.
const T: &str = "CREATE TABLE t (a, \"key\", \"check\")";

/// An old statement, and new statements that demand no more of a writer.
const WEAKER: &[(&str, &[&str])] = &[
    // A keyword, a string and a function are not columns.
    (
        T,
        &["CREATE TABLE t (a, key, \"check\", n, m, FOREIGN KEY (n, m) REFERENCES p (a, key))"],
    ),
    (
        T,
        &["CREATE TABLE t (a, key, \"check\", n CHECK (n <> 'a'))"],
    ),
    (
        T,
        &["CREATE TABLE t (a, key, \"check\", n CHECK (key(n) > 0))"],
    ),
    (T, &["CREATE TABLE t (a, key, \"check\", n TEXT UNIQUE)"]),
    (
        T,
        &["CREATE TABLE t (a, key, \"check\", n AS (a) NOT NULL)"],
    ),
    (
        T,
        &["CREATE TABLE t (a, key, \"check\", n INTEGER PRIMARY KEY NOT NULL)"],
    ),
    (
        T,
        &["CREATE TABLE t (a, key, \"check\", n NOT NULL DEFAULT 'NULL')"],
    ),
    (
        T,
        &["CREATE TABLE t (a, key, \"check\", n DEFAULT 'NOT NULL')"],
    ),
    // A row with NULL in a key equals no other row and has no parent.
    (T, &["CREATE TABLE t (a, key, \"check\", n, UNIQUE (a, n))"]),
    (
        T,
        &["CREATE TABLE t (a, key, \"check\", n, FOREIGN KEY (a, n) REFERENCES p (x, y))"],
    ),
    (
        T,
        &[
            "CREATE TABLE t (a, key, \"check\", n)",
            "CREATE UNIQUE INDEX i ON t (a, n)",
        ],
    ),
    (
        T,
        &[
            "CREATE TABLE t (a, key, \"check\", n)",
            "CREATE UNIQUE INDEX i ON t (n) WHERE a > 0",
        ],
    ),
    (
        "CREATE TABLE t (a UNIQUE, b REFERENCES p, c AS (a))",
        &["CREATE TABLE t (a, b, c)"],
    ),
    (
        T,
        &["CREATE TABLE t (a DEFAULT (CAST(1 AS TEXT)), key, \"check\")"],
    ),
    (
        T,
        &[
            "CREATE TABLE t (a, key, \"check\", n DEFAULT 0, m DEFAULT 0, FOREIGN KEY (n, m) REFERENCES p (a, b))",
        ],
    ),
    (
        "CREATE TABLE t (a TEXT NOT NULL UNIQUE)",
        &["CREATE TABLE t (a INTEGER NOT NULL UNIQUE)"],
    ),
    (
        "CREATE TABLE t (a TEXT NOT NULL)",
        &["CREATE TABLE t (a TEXT NOT NULL DEFAULT '')"],
    ),
    (
        "CREATE TABLE t (a TEXT PRIMARY KEY) STRICT, WITHOUT ROWID",
        &["CREATE TABLE t (a TEXT PRIMARY KEY)"],
    ),
];

#[test]
fn weaker_write_requirements_are_not_breaking() {
    for (old, new) in WEAKER {
        assert_eq!(breaking(&[old], new), "", "{new:?}");
    }
    // The index is on a table that has the same name as a column.
    let both = ["CREATE TABLE t (a)", "CREATE TABLE a (t, n)"];
    assert_eq!(
        breaking(
            &both[..1],
            &[both[0], both[1], "CREATE UNIQUE INDEX i ON a (t)"]
        ),
        ""
    );
}

/// An old table, new statements that demand more of a writer, and the text of the difference.
const STRONGER: &[(&str, &[&str], &str)] = &[
    ("(a)", &["(a UNIQUE)"], "t.a: (no type) → UNIQUE"),
    (
        "(a TEXT)",
        &["(a TEXT PRIMARY KEY)"],
        "t.a: TEXT → TEXT PRIMARY KEY",
    ),
    (
        "(a)",
        &["(a REFERENCES p (x))"],
        "t.a: (no type) → REFERENCES p(x)",
    ),
    (
        "(a, b)",
        &["(a, b AS (a))"],
        "t.b: (no type) → AS (a) VIRTUAL",
    ),
    ("(a)", &["(a CHECK (a > 0))"], "+ t CHECK (a > 0)"),
    (
        "(a, b)",
        &["(a, b, FOREIGN KEY (a, b) REFERENCES p (x, y))"],
        "+ t FOREIGN KEY (a, b)",
    ),
    ("(a)", &["(a, n NOT NULL)"], "+ t.n NOT NULL"),
    ("(a)", &["(a, n NOT NULL DEFAULT NULL)"], "+ t.n NOT NULL"),
    (
        "(a)",
        &["(a, n NOT NULL REFERENCES p ON DELETE SET DEFAULT)"],
        "+ t.n NOT NULL",
    ),
    // The second row that gets the default repeats the value of the first.
    (
        "(a)",
        &["(a, n DEFAULT 0 UNIQUE)"],
        "+ t.n UNIQUE DEFAULT 0",
    ),
    (
        "(a)",
        &["(a, n DEFAULT 0)", "CREATE UNIQUE INDEX i ON t (n)"],
        "+ index i UNIQUE",
    ),
    (
        "(a)",
        &["(a, n DEFAULT 0, UNIQUE (a, n))"],
        "+ t UNIQUE (a, n)",
    ),
    (
        "(a)",
        &["(a)", "CREATE UNIQUE INDEX i ON t (a)"],
        "+ index i UNIQUE",
    ),
    (
        "(a)",
        &["(a, n)", "CREATE UNIQUE INDEX i ON t (a) WHERE n IS NULL"],
        "+ index i UNIQUE",
    ),
    ("(a TEXT)", &["(a TEXT) STRICT"], "t: no options → STRICT"),
];

#[test]
fn stronger_write_requirements_are_breaking() {
    for (old, new, words) in STRONGER {
        let new: Vec<String> = new
            .iter()
            .map(|text| text.replacen("(", "CREATE TABLE t (", usize::from(text.starts_with('('))))
            .collect();
        let new: Vec<&str> = new.iter().map(String::as_str).collect();
        let breaking = breaking(&[&format!("CREATE TABLE t {old}")], &new);
        assert!(
            breaking.starts_with(words) && breaking.lines().count() == 1,
            "{new:?}: {breaking}"
        );
    }
    let spaced = [
        "CREATE TABLE t (\"a b\")",
        "CREATE TABLE t (\"a b\", CHECK (\"a b\" > 0))",
    ];
    assert_ne!(breaking(&spaced[..1], &spaced[1..]), "");
    let table = "CREATE TABLE t (a, b)";
    let index = |columns: &str| format!("INDEX i ON t ({columns})");
    let (plain, unique) = (
        format!("CREATE {}", index("a")),
        format!("CREATE UNIQUE {}", index("a")),
    );
    assert!(breaking(&[table, &plain], &[table, &unique]).starts_with("index i: "));
    assert_eq!(breaking(&[table, &unique], &[table, &plain]), "");
    assert_eq!(
        breaking(
            &[table, &plain],
            &[table, &format!("CREATE {}", index("b"))]
        ),
        ""
    );
}

#[test]
fn removed_tables_and_columns_are_breaking() {
    let table = "CREATE TABLE t (a, b)";
    for (gone, expected) in [
        ("CREATE TABLE u (a)", "- table u"),
        ("CREATE VIEW v AS SELECT a FROM t", "- view v"),
        ("CREATE VIRTUAL TABLE f USING fts5 (a)", "- table f USING"),
        ("CREATE INDEX i ON t (a)", ""),
        ("CREATE TRIGGER r AFTER INSERT ON t BEGIN SELECT 1; END", ""),
    ] {
        let shown = breaking(&[table, gone], &[table]);
        assert!(
            shown.starts_with(expected) && shown.is_empty() == expected.is_empty(),
            "{shown}"
        );
        assert_eq!(breaking(&[table], &[table, gone]), "");
    }
    let search = |columns: &str| format!("CREATE VIRTUAL TABLE f USING fts5 ({columns})");
    for (new, breaks) in [
        ("a", true),
        ("a, c", true),
        ("b, a", false),
        ("a, b UNINDEXED, c", false),
        ("a, b, tokenize = porter", false),
    ] {
        let breaking = breaking(&[&search("a, b, prefix = 2")], &[&search(new)]);
        assert_eq!(!breaking.is_empty(), breaks, "{new}");
    }
}

/// The view has quoted names that are strings or columns of the table, and the tables many checks.
#[test]
fn statement_with_thousands_of_names_is_read() {
    const MANY: usize = 8000;
    let list = |item: &dyn Fn(usize) -> String| (0..MANY).map(item).collect::<Vec<_>>().join(", ");
    let names = list(&|n| format!("\"x{n}\", a{n}"));
    let view = format!("CREATE VIEW v AS SELECT 1 FROM t WHERE t.a IN ({names})");
    let columns = (0..2000)
        .map(|n| format!("x{n}"))
        .collect::<Vec<_>>()
        .join(", ");
    let checks = list(&|n| format!("CHECK (\"x{n}\" > {n})"));
    let table = format!("CREATE TABLE t ({columns}, {checks})");
    let checks = list(&|n| format!("CHECK (\"x{n}\" < {n})"));
    let other = format!("CREATE TABLE t ({columns}, {checks})");
    let mut schema = Schema::read([view.as_str()]);
    assert!(schema.is_ambiguous());
    schema.apply_delta([], [table.as_str()]);
    let (both, other) = ([table.as_str(), &view], [other.as_str(), &view]);
    assert_eq!(schema.fingerprint(), Schema::read(both).fingerprint());
    assert_eq!(diff(&schema, &Schema::read(other)).lines().len(), 2 * MANY);
}
