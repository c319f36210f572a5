//! When two schemas are equal, and how it is said that they are not.

use revchain_core::schema::{ColumnOrder, Part, Schema, diff};

/// The two are equal, beside a table that some of them are about.
fn equal(one: &str, other: &str) {
    let table = "CREATE TABLE about (a, b, c)";
    let (one, other) = (Schema::read([table, one]), Schema::read([other, table]));
    assert_eq!(diff(&one, &other).to_string(), "");
    assert_eq!(one.fingerprint(), other.fingerprint());
}

/// The two differ, and this is what is said of it.
fn differ(one: &[&str], other: &[&str], expected: &str) {
    let (one, other) = (Schema::read(one.iter().copied()), Schema::read(other.iter().copied()));
    assert_eq!(diff(&one, &other).to_string(), expected);
    assert_ne!(one.fingerprint(), other.fingerprint());
}

fn columns_differ(one: &str, other: &str, expected: &str) {
    differ(&[&format!("CREATE TABLE t ({one})")], &[&format!("CREATE TABLE t ({other})")], expected);
}

#[test]
fn what_sqlite_does_not_see_does_not_matter() {
    for (one, other) in [
        ("CREATE TABLE t (a TEXT, b INTEGER)", "create table \"T\"( [a] text ,`B`integer -- b\n/* c */)"),
        (
            "CREATE TABLE t (a VARCHAR(10), b DECIMAL(5,2))",
            "CREATE TABLE t (a varchar ( 10 ), b \"decimal\"(5 , 2))",
        ),
        (
            "CREATE TABLE t (a INTEGER PRIMARY KEY, b UNIQUE)",
            "CREATE TABLE t (a INTEGER, b, UNIQUE (b), PRIMARY KEY (a))",
        ),
        ("CREATE TABLE t (a INTEGER PRIMARY KEY)", "CREATE TABLE t (a INTEGER, PRIMARY KEY (a DESC))"),
        ("CREATE TABLE t (a INTEGER PRIMARY KEY)", "CREATE TABLE t (a INTEGER NOT NULL PRIMARY KEY)"),
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
        ("CREATE TABLE t (a CHECK (a > 0), b)", "CREATE TABLE t (a, b, CHECK(A>0))"),
        (
            "CREATE TABLE t (a, b, CHECK (a > 0) CHECK (b > 0))",
            "CREATE TABLE t (a, b, CHECK (b > 0), CHECK (a > 0))",
        ),
        ("CREATE TABLE t (a CHECK (a = \"x\"))", "CREATE TABLE t (a CHECK (\"a\" = 'x'))"),
        (
            "CREATE TABLE t (a DEFAULT hybrid, b DEFAULT \"x\")",
            "CREATE TABLE t (a DEFAULT 'hybrid', b DEFAULT ('x'))",
        ),
        ("CREATE TABLE t (a DEFAULT NULL, b NULL)", "CREATE TABLE t (a, b)"),
        (
            "CREATE TABLE t (a DEFAULT -1, b DEFAULT (1 + 2))",
            "CREATE TABLE t (a DEFAULT (- 1), b DEFAULT (1+2))",
        ),
        (
            "CREATE TABLE t (a DEFAULT current_timestamp, b DEFAULT true)",
            "CREATE TABLE t (a DEFAULT (CURRENT_TIMESTAMP), b DEFAULT TRUE)",
        ),
        ("CREATE TABLE t (a TEXT COLLATE BINARY UNIQUE ON CONFLICT ABORT)", "CREATE TABLE t (a TEXT UNIQUE)"),
        ("CREATE TABLE t (a AS (b + 1), b)", "CREATE TABLE t (a GENERATED ALWAYS AS (b+1) VIRTUAL, b)"),
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
        ("CREATE TABLE t (\"key\" TEXT, \"order\" TEXT)", "CREATE TABLE t (key TEXT, [order] TEXT)"),
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
        ("CREATE VIRTUAL TABLE f USING fts5(a, b)", "CREATE VIRTUAL TABLE \"f\" USING FTS5 ( a , b )"),
    ] {
        equal(one, other);
    }
}

#[test]
fn what_sqlite_sees_matters_and_is_said() {
    for (one, other, expected) in [
        ("a TEXT PRIMARY KEY, b", "a TEXT, b", "t.a: TEXT PRIMARY KEY → TEXT"),
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
        ("a TEXT DEFAULT 'x'", "a TEXT DEFAULT 'X'", "t.a: TEXT DEFAULT 'x' → TEXT DEFAULT 'X'"),
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
        ("a CHECK (a > 0)", "a CHECK (a >= 0)", "- t CHECK (a > 0)\n+ t CHECK (a >= 0)"),
        ("a CHECK (a = 'x')", "a CHECK (a = 'X')", "- t CHECK (a = 'x')\n+ t CHECK (a = 'X')"),
        ("a, CONSTRAINT n CHECK (a)", "a CHECK (a)", "- t CONSTRAINT n CHECK (a)\n+ t CHECK (a)"),
        ("a UNIQUE", "a UNIQUE ON CONFLICT REPLACE", "t.a: UNIQUE → UNIQUE ON CONFLICT REPLACE"),
        ("a, b, UNIQUE (a, b)", "a, b, UNIQUE (b, a)", "- t UNIQUE (a, b)\n+ t UNIQUE (b, a)"),
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
        ("a, b, FOREIGN KEY (a, b) REFERENCES p", "a, b", "- t FOREIGN KEY (a, b) REFERENCES p"),
        ("a AS (1) STORED", "a AS (1)", "t.a: AS (1) STORED → AS (1) VIRTUAL"),
        ("a PRIMARY KEY", "a PRIMARY KEY NOT NULL", "t.a: PRIMARY KEY → PRIMARY KEY NOT NULL"),
    ] {
        columns_differ(one, other, expected);
    }
    for (one, other, expected) in [
        ("CREATE TABLE t (a INT) STRICT", "CREATE TABLE t (a INT)", "t: STRICT → no options"),
        ("CREATE INDEX i ON t (a)", "CREATE UNIQUE INDEX i ON t (a)", "index i: ON t (a) → UNIQUE ON t (a)"),
        ("CREATE INDEX i ON t (a)", "CREATE INDEX i ON t (a DESC)", "index i: ON t (a) → ON t (a DESC)"),
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
        ("CREATE VIEW v AS SELECT 1", "CREATE TABLE v (a)", "- view v AS SELECT 1\n+ table v (a)"),
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
    ] {
        differ(&[one], &[other], expected);
    }
}

#[test]
fn what_a_table_takes_along_is_not_said_apart() {
    let spaced = ["CREATE TABLE t (\"a b\")", "CREATE TABLE t (\"a b\", CHECK (\"a b\" > 0))"];
    assert_ne!(breaking(&spaced[..1], &spaced[1..]), "");
    let table = "CREATE TABLE t (a, b)";
    let index = "CREATE INDEX i ON t (a)";
    let trigger = "CREATE TRIGGER t AFTER INSERT ON t BEGIN SELECT 1; END";
    differ(&[table, index, trigger], &[], "- table t (a, b)");
    differ(&[], &[table, index, trigger], "+ table t (a, b)");
    differ(
        &[table, index, trigger],
        &[table],
        "- index i ON t (a)\n- trigger t AFTER INSERT ON t BEGIN SELECT 1; END",
    );
}

#[test]
fn what_others_keep_does_not_count() {
    let schema = Schema::read([
        "CREATE TABLE sqlite_sequence(name,seq)",
        "CREATE TABLE sqlite_stat1(tbl,idx,stat)",
        "CREATE TABLE revchain_history (revision)",
        "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)",
        "CREATE TABLE refinery_schema_history(version INT4 PRIMARY KEY)",
        "CREATE TABLE _sqlx_migrations (version BIGINT PRIMARY KEY)",
        "CREATE TABLE __diesel_schema_migrations (version VARCHAR(50))",
        "CREATE TABLE goose_db_version (id)",
        "CREATE TABLE \"flyway_schema_history\" (a)",
        "CREATE INDEX \"flyway_schema_history_s_idx\" ON \"flyway_schema_history\" (a)",
        "CREATE TABLE _litestream_seq (id)",
        "CREATE TABLE _litestream_lock (id)",
        "CREATE TABLE seaql_migrations (version)",
        "CREATE TABLE Alembic_Version (version_num)",
    ]);
    assert!(schema.is_empty());
    assert_eq!(schema.fingerprint(), Schema::default().fingerprint());
    assert_eq!(schema.tables().count(), 0);
}

#[test]
fn shadow_tables_do_not_count_in_whatever_order_they_come() {
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
    // Of a module that only the program knows, whatever begins so is a shadow.
    let unknown = Schema::read([
        "CREATE VIRTUAL TABLE v USING vec0(a)",
        "CREATE TABLE v_chunks (a)",
        "CREATE TABLE w (a)",
    ]);
    assert_eq!(unknown.tables().collect::<Vec<_>>(), ["v", "w"]);
}

#[test]
fn a_table_that_is_called_like_a_shadow_and_is_none_counts() {
    for (texts, tables) in [
        // It reads its content from there.
        (
            [
                "CREATE VIRTUAL TABLE docs USING fts5(a, content=docs_content)",
                "CREATE TABLE docs_content (a)",
            ],
            vec!["docs", "docs_content"],
        ),
        // It has none, and keeps some columns all the same.
        (
            [
                "CREATE VIRTUAL TABLE docs USING fts5(a, b UNINDEXED, content='', contentless_unindexed=1)",
                "CREATE TABLE 'docs_content'(id INTEGER PRIMARY KEY, c1)",
            ],
            vec!["docs"],
        ),
        (
            ["CREATE VIRTUAL TABLE v USING vec0(a)", "CREATE VIRTUAL TABLE v_search USING fts5(a)"],
            vec!["v", "v_search"],
        ),
    ] {
        assert_eq!(Schema::read(texts).tables().collect::<Vec<_>>(), tables, "{texts:?}");
    }
}

#[test]
fn tables_can_be_left_out_by_name() {
    let texts = [
        "CREATE TABLE a (a)",
        "CREATE TABLE app_x (a)",
        "CREATE INDEX i ON app_x (a)",
        "CREATE TABLE Other (a)",
    ];
    let part = Part { ignored: vec!["APP_*".to_owned(), "other".to_owned()], own: None };
    let left = Schema::read_part(texts, &part);
    assert_eq!(left.fingerprint(), Schema::read([texts[0]]).fingerprint());
}

#[test]
fn a_change_gives_what_reading_all_of_it_gives() {
    let texts: Vec<String> = (0..200).map(|n| format!("CREATE TABLE t{n} (a INTEGER, b TEXT)")).collect();
    let mut schema = Schema::read(texts.iter().map(String::as_str));
    let added = ["CREATE TABLE t7 (a INTEGER)", "CREATE VIRTUAL TABLE t8 USING fts5(a)"];
    schema.change([texts[7].as_str(), &texts[8]], added);
    let rest = texts.iter().enumerate().filter(|(n, _)| ![7, 8].contains(n)).map(|(_, text)| text.as_str());
    assert_eq!(schema.fingerprint(), Schema::read(rest.chain(added)).fingerprint());
    schema.change(added, [texts[7].as_str(), &texts[8]]);
    assert_eq!(schema.fingerprint(), Schema::read(texts.iter().map(String::as_str)).fingerprint());
}

#[test]
fn a_change_of_what_does_not_count_changes_nothing() {
    let table = "CREATE VIRTUAL TABLE v USING vec0(a)";
    let mut schema = Schema::read([table]);
    schema.change([], ["CREATE TABLE v_chunks (a)", "CREATE INDEX v_i ON v_chunks (a) WHERE a <> \"b\""]);
    assert_eq!(schema.fingerprint(), Schema::read([table]).fingerprint());
    // Nor where it is read in another way, now that something is called so.
    let named = "CREATE TABLE t (b)";
    schema.change([], [named]);
    assert_eq!(schema.fingerprint(), Schema::read([table, named]).fingerprint());
}

#[test]
fn what_is_added_where_the_order_of_columns_is_free_is_free() {
    let mut schema = Schema::read(["CREATE TABLE t (a)"]).with_column_order(ColumnOrder::Free);
    schema.change([], ["CREATE TABLE u (b, a)"]);
    let all =
        Schema::read(["CREATE TABLE t (a)", "CREATE TABLE u (a, b)"]).with_column_order(ColumnOrder::Free);
    assert_eq!(schema.fingerprint(), all.fingerprint());
}

#[test]
fn a_string_becomes_a_name_when_something_is_called_so_and_a_string_again_when_it_is_gone() {
    let (one, two) = ("CREATE TABLE t (a)", "CREATE TABLE t (a, b)");
    let view = "CREATE VIEW v AS SELECT a FROM t WHERE a = \"b\"";
    let mut schema = Schema::read([one, view]);
    schema.change([one], [two]);
    assert_eq!(schema.fingerprint(), Schema::read([two, view]).fingerprint());
    schema.change([two], [one]);
    assert_eq!(schema.fingerprint(), Schema::read([one, view]).fingerprint());
}

#[test]
fn the_order_of_columns_can_be_set_free() {
    let one = Schema::read(["CREATE TABLE t (a, b)"]).with_column_order(ColumnOrder::Free);
    let other = Schema::read(["CREATE TABLE t (b, a)"]).with_column_order(ColumnOrder::Free);
    assert_eq!(one.fingerprint(), other.fingerprint());
    assert!(diff(&one, &other).is_empty());
}

/// SQLite takes a name in double quotes that nothing has for a string, and writes it as one when it renames something.
#[test]
fn a_name_that_nothing_has_is_a_string() {
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
        // In whatever order they come: at first the table is not known.
        let schemas = [Schema::read([one, table]), Schema::read([table, one]), Schema::read([other, table])];
        assert_eq!(diff(&schemas[0], &schemas[2]).to_string(), "");
        assert_eq!(schemas[0].fingerprint(), schemas[1].fingerprint());
        assert_eq!(schemas[0].fingerprint(), schemas[2].fingerprint());
    }
    let column = ["CREATE VIEW v AS SELECT kind FROM t WHERE kind = \"see also\"", table];
    let string = ["CREATE VIEW v AS SELECT kind FROM t WHERE kind = 'see also'", table];
    assert_ne!(Schema::read(column).fingerprint(), Schema::read(string).fingerprint());
}

#[test]
fn what_cannot_be_read_is_held_token_by_token() {
    let table = "CREATE TABLE t (a TEXT FROBNICATED)";
    equal(table, "create table T(a /* x */ text frobnicated)");
    differ(&[table], &["CREATE TABLE t (a TEXT POLISHED)"], "t.a: TEXT FROBNICATED → TEXT POLISHED");
    differ(&["CREATE TABLE t (a) FAST"], &["CREATE TABLE t (a) SLOW"], "table t: (a) FAST → (a) SLOW");
    differ(
        &["CREATE SEQUENCE s START 1"],
        &["CREATE SEQUENCE s START 2"],
        "- CREATE SEQUENCE s START 1\n+ CREATE SEQUENCE s START 2",
    );
}

#[test]
fn nothing_in_a_name_steers_the_terminal() {
    let shown = diff(&Schema::default(), &Schema::read(["CREATE TABLE \"a\u{1b}[31m\nb\" (c)"])).to_string();
    assert_eq!(shown, "+ table \"a\\u{1b}[31m\\nb\" (c)");
}

/// Fingerprints are not kept anywhere but in the program that has them; this pins that they do not change by accident.
#[test]
fn the_fingerprint_is_pinned() {
    let schema =
        Schema::read(["CREATE TABLE t (a TEXT NOT NULL, CHECK (a <> ''))", "CREATE INDEX i ON t (a)"]);
    assert_eq!(
        revchain_core::checksum::hex(&schema.fingerprint()),
        "3d7eaf4b587412b90d8aa445f188db4274c6143827cc8510da1e40a10b8d51ed"
    );
}

/// What of the difference a program fails on that was written for the first.
fn breaking(old: &[&str], new: &[&str]) -> String {
    let [old, new] = [old, new].map(|texts| Schema::read(texts.iter().copied()));
    diff(&old, &new).breaking().to_string()
}

#[test]
fn what_asks_no_more_of_those_who_write_breaks_nothing() {
    const T: &str = "CREATE TABLE t (a, \"key\", \"check\")";
    for (old, new) in [
        // A word, a string and a function are no columns.
        (T, &["CREATE TABLE t (a, key, \"check\", n, m, FOREIGN KEY (n, m) REFERENCES p (a, key))"][..]),
        (T, &["CREATE TABLE t (a, key, \"check\", n CHECK (n <> 'a'))"]),
        (T, &["CREATE TABLE t (a, key, \"check\", n CHECK (key(n) > 0))"]),
        (T, &["CREATE TABLE t (a, key, \"check\", n TEXT UNIQUE)"]),
        (T, &["CREATE TABLE t (a, key, \"check\", n AS (a) NOT NULL)"]),
        (T, &["CREATE TABLE t (a, key, \"check\", n INTEGER PRIMARY KEY NOT NULL)"]),
        (T, &["CREATE TABLE t (a, key, \"check\", n NOT NULL DEFAULT 'NULL')"]),
        (T, &["CREATE TABLE t (a, key, \"check\", n DEFAULT 'NOT NULL')"]),
        // A row that has NULL there is equal to no other, and points at nothing.
        (T, &["CREATE TABLE t (a, key, \"check\", n, UNIQUE (a, n))"]),
        (T, &["CREATE TABLE t (a, key, \"check\", n, FOREIGN KEY (a, n) REFERENCES p (x, y))"]),
        (T, &["CREATE TABLE t (a, key, \"check\", n)", "CREATE UNIQUE INDEX i ON t (a, n)"]),
        (T, &["CREATE TABLE t (a, key, \"check\", n)", "CREATE UNIQUE INDEX i ON t (n) WHERE a > 0"]),
        ("CREATE TABLE t (a UNIQUE, b REFERENCES p, c AS (a))", &["CREATE TABLE t (a, b, c)"]),
        (T, &["CREATE TABLE t (a DEFAULT (CAST(1 AS TEXT)), key, \"check\")"]),
        (
            T,
            &[
                "CREATE TABLE t (a, key, \"check\", n DEFAULT 0, m DEFAULT 0, FOREIGN KEY (n, m) REFERENCES p (a, b))",
            ],
        ),
        ("CREATE TABLE t (a TEXT NOT NULL UNIQUE)", &["CREATE TABLE t (a INTEGER NOT NULL UNIQUE)"]),
        ("CREATE TABLE t (a TEXT NOT NULL)", &["CREATE TABLE t (a TEXT NOT NULL DEFAULT '')"]),
        (
            "CREATE TABLE t (a TEXT PRIMARY KEY) STRICT, WITHOUT ROWID",
            &["CREATE TABLE t (a TEXT PRIMARY KEY)"],
        ),
    ] {
        assert_eq!(breaking(&[old], new), "", "{new:?}");
    }
    // One on a table of the same name as a column.
    let both = ["CREATE TABLE t (a)", "CREATE TABLE a (t, n)"];
    assert_eq!(breaking(&both[..1], &[both[0], both[1], "CREATE UNIQUE INDEX i ON a (t)"]), "");
}

#[test]
fn what_asks_more_of_those_who_write_breaks_older_programs() {
    for (old, new, words) in [
        ("(a)", &["(a UNIQUE)"][..], "t.a: (no type) → UNIQUE"),
        ("(a TEXT)", &["(a TEXT PRIMARY KEY)"], "t.a: TEXT → TEXT PRIMARY KEY"),
        ("(a)", &["(a REFERENCES p (x))"], "t.a: (no type) → REFERENCES p(x)"),
        ("(a, b)", &["(a, b AS (a))"], "t.b: (no type) → AS (a) VIRTUAL"),
        ("(a)", &["(a CHECK (a > 0))"], "+ t CHECK (a > 0)"),
        ("(a, b)", &["(a, b, FOREIGN KEY (a, b) REFERENCES p (x, y))"], "+ t FOREIGN KEY (a, b)"),
        ("(a)", &["(a, n NOT NULL)"], "+ t.n NOT NULL"),
        ("(a)", &["(a, n NOT NULL DEFAULT NULL)"], "+ t.n NOT NULL"),
        ("(a)", &["(a, n NOT NULL REFERENCES p ON DELETE SET DEFAULT)"], "+ t.n NOT NULL"),
        // The second row that is given none has the same as the first.
        ("(a)", &["(a, n DEFAULT 0 UNIQUE)"], "+ t.n UNIQUE DEFAULT 0"),
        ("(a)", &["(a, n DEFAULT 0)", "CREATE UNIQUE INDEX i ON t (n)"], "+ index i UNIQUE"),
        ("(a)", &["(a, n DEFAULT 0, UNIQUE (a, n))"], "+ t UNIQUE (a, n)"),
        ("(a)", &["(a)", "CREATE UNIQUE INDEX i ON t (a)"], "+ index i UNIQUE"),
        ("(a)", &["(a, n)", "CREATE UNIQUE INDEX i ON t (a) WHERE n IS NULL"], "+ index i UNIQUE"),
        ("(a TEXT)", &["(a TEXT) STRICT"], "t: no options → STRICT"),
    ] {
        let new: Vec<String> = new
            .iter()
            .map(|text| text.replacen("(", "CREATE TABLE t (", usize::from(text.starts_with('('))))
            .collect();
        let new: Vec<&str> = new.iter().map(String::as_str).collect();
        let breaking = breaking(&[&format!("CREATE TABLE t {old}")], &new);
        assert!(breaking.starts_with(words) && breaking.lines().count() == 1, "{new:?}: {breaking}");
    }
    let spaced = ["CREATE TABLE t (\"a b\")", "CREATE TABLE t (\"a b\", CHECK (\"a b\" > 0))"];
    assert_ne!(breaking(&spaced[..1], &spaced[1..]), "");
    let table = "CREATE TABLE t (a, b)";
    let index = |columns: &str| format!("INDEX i ON t ({columns})");
    let (plain, unique) = (format!("CREATE {}", index("a")), format!("CREATE UNIQUE {}", index("a")));
    assert!(breaking(&[table, &plain], &[table, &unique]).starts_with("index i: "));
    assert_eq!(breaking(&[table, &unique], &[table, &plain]), "");
    assert_eq!(breaking(&[table, &plain], &[table, &format!("CREATE {}", index("b"))]), "");
}

#[test]
fn what_can_be_read_must_stay() {
    let table = "CREATE TABLE t (a, b)";
    for (gone, told) in [
        ("CREATE TABLE u (a)", "- table u"),
        ("CREATE VIEW v AS SELECT a FROM t", "- view v"),
        ("CREATE VIRTUAL TABLE f USING fts5 (a)", "- table f USING"),
        ("CREATE INDEX i ON t (a)", ""),
        ("CREATE TRIGGER r AFTER INSERT ON t BEGIN SELECT 1; END", ""),
    ] {
        let said = breaking(&[table, gone], &[table]);
        assert!(said.starts_with(told) && said.is_empty() == told.is_empty(), "{said}");
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
