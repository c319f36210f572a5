//! Stand-ins for functions, collations and modules that only the program registers.

use std::fs;

use revchain_core::Chain;
use revchain_prove::Scope;

use crate::support::{Directory, T, assert_one_defect, assert_proven, summaries};

/// A step of a chain: the upgrade with its header, and the downgrade.
type Step<'s> = (&'s str, &'s str);

/// The uses of objects that only a program registers, each with the directive that declares it.
const USES: [(&str, Step<'_>); 14] = [
    (
        "@function slug(1)",
        ("CREATE INDEX i ON t (slug(a));", "DROP INDEX i;"),
    ),
    (
        "@function slug(2)",
        ("UPDATE t SET a = slug(a, 'x');", "SELECT 1;"),
    ),
    (
        "@function slug(*)",
        ("UPDATE t SET a = slug(a, slug(b));", "SELECT 1;"),
    ),
    (
        "@function uuid(0)",
        (
            "CREATE TABLE u (id TEXT PRIMARY KEY DEFAULT (uuid()) NOT NULL, a);\n\
             INSERT INTO u (a) VALUES (1), (2);\nINSERT INTO u SELECT uuid(), a FROM u;",
            "DROP TABLE u;",
        ),
    ),
    (
        "@function slug(1)",
        (
            "ALTER TABLE t ADD COLUMN c AS (slug(a));",
            "ALTER TABLE t DROP COLUMN c;",
        ),
    ),
    (
        "@function now_ms(0)",
        (
            "CREATE TABLE u (a, at DEFAULT (now_ms()));",
            "DROP TABLE u;",
        ),
    ),
    (
        "@function regexp(2)",
        (
            "CREATE TABLE u (a CHECK (a REGEXP '^x'));\nINSERT INTO u VALUES ('xy');",
            "DROP TABLE u;",
        ),
    ),
    (
        "@function is_valid(1)",
        (
            "CREATE TABLE u (a, CONSTRAINT valid CHECK (is_valid(a)));\nINSERT INTO u VALUES ('x');",
            "DROP TABLE u;",
        ),
    ),
    (
        "@function \"to slug\"(1)",
        (
            "CREATE TABLE u (a, b AS (\"to slug\"(a)) STORED);\nINSERT INTO u (a) VALUES ('x');",
            "DROP TABLE u;",
        ),
    ),
    (
        "@function slug(1)",
        (
            "CREATE VIEW v AS SELECT slug(a) AS s FROM t;",
            "DROP VIEW v;",
        ),
    ),
    (
        "@function slug(1)",
        (
            "CREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT slug(new.a); END;",
            "DROP TRIGGER g;",
        ),
    ),
    (
        "@collation swedish",
        (
            "CREATE TABLE s (a TEXT COLLATE swedish PRIMARY KEY);",
            "DROP TABLE s;",
        ),
    ),
    (
        "@collation \"sv-SE\"",
        (
            "CREATE INDEX i ON t (a COLLATE \"sv-SE\");",
            "DROP INDEX i;",
        ),
    ),
    (
        "@module vec0",
        (
            "CREATE VIRTUAL TABLE v USING vec0(a float[3]);\nINSERT INTO v VALUES ('[1]');",
            "DROP TABLE v;",
        ),
    ),
];

fn chain(steps: &[Step<'_>]) -> Chain {
    let loaded = Directory::of(steps).prove(Scope::All);
    assert_eq!(loaded.notes, [] as [&str; 0]);
    loaded
        .into_chain()
        .unwrap_or_else(|defects| panic!("{defects}"))
}

#[test]
fn declared_object_keeps_the_schema_known() {
    for (directive, (upgrade, downgrade)) in USES {
        let declared = format!("{directive}\n{upgrade}");
        let last = ("CREATE TABLE after (a);", "DROP TABLE after;");
        let chain = chain(&[T, (&declared, downgrade), last]);
        let known = chain
            .revisions()
            .iter()
            .filter(|r| r.fingerprint().is_some());
        assert_eq!(known.count(), 3, "{directive}");
    }
}

#[test]
fn advised_directive_is_accepted() {
    for (directive, (upgrade, downgrade)) in USES {
        let directory = Directory::of(&[T, (upgrade, downgrade)]);
        let defects = directory.prove(Scope::All).into_chain().unwrap_err();
        let message = defects.to_string();
        assert_eq!(defects.iter().count(), 1, "{message}");
        let line = format!("-- {directive}");
        assert!(
            message.contains(&format!("`{line}`")),
            "{line} in:\n{message}"
        );
        let path = directory.0.join("20260101_0001_002_step.sql");
        let text = fs::read_to_string(&path).unwrap();
        fs::write(
            &path,
            text.replace("-- @upgrade", &format!("{line}\n-- @upgrade")),
        )
        .unwrap();
        let result = directory.prove(Scope::All).into_chain();
        assert!(result.is_ok(), "{}", result.unwrap_err());
    }
}

#[test]
fn undeclared_object_is_reported_once() {
    assert_eq!(
        summaries(&[
            T,
            (
                "UPDATE t SET a = slug(b);\nCREATE INDEX i ON t (slug(a), hash(b));\nUPDATE t SET b = slug(a);",
                "DROP INDEX i;",
            ),
            ("CREATE INDEX j ON t (slug(b));", "DROP INDEX j;"),
        ]),
        ["sql-error 002:4", "sql-error 002:5"]
    );
}

#[test]
fn misspelled_function_gets_a_suggestion() {
    assert_one_defect(
        &[T, ("UPDATE t SET a = lenght(a);", "SELECT 1;")],
        "sql-error 002:4",
        &["did you mean `length`?", "`-- @function lenght(1)`"],
    );
    assert_one_defect(
        &[
            (
                "@function normalize(1)\nCREATE TABLE t (a, b AS (normalize(a)));",
                "DROP TABLE t;",
            ),
            (
                "CREATE VIEW v AS SELECT normalise(a) AS b FROM t;",
                "DROP VIEW v;",
            ),
        ],
        "sql-error 002:4",
        &["did you mean `normalize`?", "`-- @function normalise(1)`"],
    );
    assert_one_defect(
        &[("CREATE TABLE t (a TEXT COLLATE NO_CASE);", "DROP TABLE t;")],
        "sql-error 001:4",
        &["did you mean `NOCASE`?"],
    );
    assert_one_defect(
        &[("CREATE VIRTUAL TABLE v USING fst5(a);", "DROP TABLE v;")],
        "sql-error 001:4",
        &["did you mean `fts5`?"],
    );
}

#[test]
fn other_number_of_arguments_is_advised() {
    assert_one_defect(
        &[
            T,
            (
                "@function slug(1)\nUPDATE t SET a = slug(a);\nUPDATE t SET b = slug(b, 'x');",
                "SELECT 1;",
            ),
        ],
        "sql-error 002:6",
        &["wrong number of arguments", "`-- @function slug(*)`"],
    );
    assert_proven(&[
        T,
        (
            "@function slug(1)\n@function slug(2)\nUPDATE t SET a = slug(a), b = slug(b, 'x');",
            "SELECT 1;",
        ),
    ]);
}

#[test]
fn aggregate_of_the_program_needs_unproven() {
    let create = "CREATE VIEW v AS SELECT median(a) OVER (ORDER BY b) AS m FROM t;";
    let advice = "@unproven the program registers median()";
    assert_one_defect(&[T, (create, "DROP VIEW v;")], "sql-error 002:4", &[advice]);
    assert_proven(&[T, (&format!("{advice}\n{create}"), "DROP VIEW v;")]);
}

#[test]
fn stand_in_is_registered_from_its_revision_on() {
    let index = "@function slug(1)\nCREATE INDEX i ON t (slug(a));";
    let later = "INSERT INTO t (a) VALUES ('x');\nUPDATE t SET b = slug(a);";
    assert_proven(&[T, (index, "DROP INDEX i;"), (later, "DELETE FROM t;")]);
    let earlier = "UPDATE t SET b = slug(a);";
    assert_one_defect(
        &[T, (earlier, "SELECT 1;"), (index, "DROP INDEX i;")],
        "sql-error 002:4",
        &["`-- @function slug(1)`"],
    );
}

#[test]
fn rest_of_a_revision_with_a_stand_in_is_checked() {
    assert_one_defect(
        &[
            T,
            (
                "@function slug(1)\nUPDATE t SET a = slug(a);\nUPDATE t SET nope = 1;",
                "SELECT 1;",
            ),
        ],
        "sql-error 002:6",
        &["no such column: nope"],
    );
    assert_one_defect(
        &[
            T,
            (
                "@collation x\nCREATE INDEX i ON t (a COLLATE x);",
                "SELECT 1;",
            ),
        ],
        "downgrade-does-not-restore 002:7",
        &["+ index i"],
    );
}

#[test]
fn needless_stand_in_is_rejected() {
    for (directive, problem) in [
        (
            "@function slug(1)",
            "no statement of 002 or a later revision uses it",
        ),
        (
            "@function sum_it(2)",
            "no statement of 002 or a later revision uses it",
        ),
        (
            "@function sum_up(1)",
            "no statement of 002 or a later revision uses it",
        ),
        (
            "@function lowr(1)",
            "no statement of 002 or a later revision uses it",
        ),
        ("@function lower(1)", "SQLite has this function"),
        ("@function lower(*)", "SQLite has this function"),
        (
            "@collation swedish",
            "no statement of 002 or a later revision uses it",
        ),
        ("@collation nocase", "SQLite has this collation"),
        (
            "@module vec0",
            "no statement of 002 or a later revision uses it",
        ),
        ("@module FTS5", "SQLite has this module"),
    ] {
        let upgrade =
            format!("@function sum_it(1)\n{directive}\nUPDATE t SET a = lower(sum_it(b));");
        assert_one_defect(
            &[T, (&upgrade, "SELECT 1;")],
            "needless-stand-in 002:4",
            &[problem, "remove the line"],
        );
    }
    // A later revision can use the object.
    assert_proven(&[
        ("@function slug(1)\nCREATE TABLE t (a, b);", "DROP TABLE t;"),
        ("UPDATE t SET b = slug(a);", "SELECT 1;"),
    ]);
}

#[test]
fn misspelled_declaration_is_one_defect() {
    let update = "UPDATE t SET a = slug(b, 'x');";
    for (declared, statement, words) in [
        (
            "@function slugg(2)",
            update,
            &[
                "did you mean `slugg`?",
                "correct it: `-- @function slug(2)`",
            ],
        ),
        (
            "@function slug(1)",
            update,
            &[
                "correct the call",
                "correct the declaration: `-- @function slug(2)`",
            ],
        ),
        (
            "@collation swedich",
            "CREATE INDEX i ON t (a COLLATE swedish);",
            &[
                "did you mean `swedich`?",
                "correct it: `-- @collation swedish`",
            ],
        ),
        (
            "@module vecs0",
            "CREATE VIRTUAL TABLE v USING vec0(a);",
            &["did you mean `vecs0`?", "correct it: `-- @module vec0`"],
        ),
    ] {
        let upgrade = format!("{declared}\n{statement}");
        assert_one_defect(&[T, (&upgrade, "")], "sql-error 002:6", words);
        // Both advices are accepted.
        let line = words[1].split("`-- ").nth(1).unwrap().trim_end_matches('`');
        assert_proven(&[T, (&format!("{line}\n{statement}"), "")]);
    }
    assert_proven(&[
        T,
        (
            &format!("@function slugg(2)\n{}", update.replace("slug", "slugg")),
            "",
        ),
    ]);
    // The declaration can be in an earlier revision than the call.
    let table = format!("@function slugg(2)\n{}", T.0);
    assert_one_defect(
        &[(&table, T.1), (update, "")],
        "sql-error 002:5",
        &["did you mean `slugg`?"],
    );
    // A declaration beside the mistake is needless for another reason.
    let upgrade = format!("@function slugg(2)\n@function hash(1)\n{update}");
    assert_eq!(
        summaries(&[T, (&upgrade, "")]),
        ["needless-stand-in 002:4", "sql-error 002:7"]
    );
}

#[test]
fn statement_that_a_stand_in_rejects_may_be_unproven() {
    let strict = "CREATE TABLE u (n INTEGER) STRICT;\nINSERT INTO u VALUES (rank_of('x'));";
    let declared = format!("@function rank_of(1)\n{strict}");
    assert_one_defect(
        &[T, (&declared, "DROP TABLE u;")],
        "sql-error 002:6",
        &[
            "cannot store TEXT value",
            "the proof runs a stand-in",
            "`-- @unproven REASON`",
        ],
    );
    let unproven = format!("@unproven the program computes a number\n{declared}");
    let chain = chain(&[T, (&unproven, "DROP TABLE u;")]);
    assert!(chain.head().unwrap().fingerprint().is_some());
}

#[test]
fn virtual_table_of_the_program_can_be_used() {
    assert_proven(&[
        (
            "@module spellfix1\nCREATE VIRTUAL TABLE words USING spellfix1;\n\
             INSERT INTO words (word, rank) VALUES ('a', 1);\n\
             CREATE TABLE t (a);\n\
             CREATE VIEW v AS SELECT w.word, score, \"soundslike\" FROM words w WHERE words MATCH 'a';\n\
             CREATE TRIGGER g AFTER INSERT ON t BEGIN INSERT INTO words (word) VALUES (new.a); END;\n\
             INSERT INTO t VALUES ('b');",
            "DROP VIEW v; DROP TABLE t; DROP TABLE words;",
        ),
        (
            "ALTER TABLE words RENAME TO terms;\nINSERT INTO t SELECT word FROM terms WHERE langid = 1;\n\
             DELETE FROM terms WHERE distance > 3 OR terms MATCH 'x'; UPDATE terms SET top = 1;",
            "ALTER TABLE terms RENAME TO words;",
        ),
        (
            "ALTER TABLE t RENAME COLUMN a TO b;\nINSERT INTO terms VALUES (1, 2, 3, 4, 5, 6, 7, 8, 9, 10);\n\
             INSERT INTO terms VALUES ('c', 2);",
            "ALTER TABLE t RENAME COLUMN b TO a;",
        ),
    ]);
}

#[test]
fn virtual_table_of_the_program_has_its_own_fingerprint() {
    let create = "CREATE VIRTUAL TABLE \"v\" USING m('a''b', c)";
    let real = chain(&[(&format!("@module m\n{create};"), "DROP TABLE v;")]);
    let renamed = chain(&[
        (
            &format!("@module m\n{};", create.replace("\"v\"", "main.w")),
            "DROP TABLE w;",
        ),
        ("ALTER TABLE w RENAME TO v;", "ALTER TABLE v RENAME TO w;"),
    ]);
    let fingerprint = |chain: &Chain| *chain.head().unwrap().fingerprint().unwrap();
    assert_eq!(fingerprint(&real), fingerprint(&renamed));
    let schema = revchain_core::schema::Schema::read([create]);
    assert_eq!(fingerprint(&real), schema.fingerprint());
}

#[test]
fn change_that_no_virtual_table_permits_is_rejected() {
    for (sql, message) in [
        (
            "CREATE INDEX i ON v (a);",
            "virtual tables may not be indexed",
        ),
        (
            "ALTER TABLE v ADD COLUMN b;",
            "virtual tables may not be altered",
        ),
        (
            "CREATE TRIGGER g AFTER INSERT ON v BEGIN SELECT 1; END;",
            "cannot create triggers on virtual tables",
        ),
    ] {
        assert_one_defect(
            &[
                (
                    "@module m\nCREATE VIRTUAL TABLE v USING m(a);",
                    "DROP TABLE v;",
                ),
                (sql, "SELECT 1;"),
            ],
            "sql-error 002:4",
            &[message],
        );
    }
}

#[test]
fn dropped_virtual_table_of_the_program_is_destroyed() {
    let create = "@module m\nCREATE VIRTUAL TABLE v USING m(a);";
    assert_one_defect(
        &[(create, "DROP TABLE v;"), ("DROP TABLE v;", "")],
        "undeclared-destruction 002:5",
        &["@destroys v"],
    );
}

#[test]
fn missing_column_of_another_table_is_reported() {
    for sql in [
        "SELECT t.nope FROM t JOIN v ON v.x = t.a;",
        "INSERT INTO t (nope) SELECT x FROM v;",
        "SELECT nope FROM t;",
    ] {
        assert_one_defect(
            &[
                T,
                (
                    "@module m\nCREATE VIRTUAL TABLE v USING m(a);",
                    "DROP TABLE v;",
                ),
                (sql, "SELECT 1;"),
            ],
            "sql-error 003:4",
            &["nope"],
        );
    }
}

#[test]
fn copy_of_a_virtual_table_makes_the_schema_unknown() {
    let loaded = Directory::of(&[
        (
            "@module m\nCREATE VIRTUAL TABLE v USING m(a);",
            "DROP TABLE v;",
        ),
        ("CREATE TABLE t AS SELECT * FROM v;", "DROP TABLE t;"),
    ])
    .prove(Scope::All);
    assert!(loaded.notes[0].starts_with("002: CREATE TABLE … AS SELECT reads"));
    let chain = loaded.into_chain().unwrap();
    let known: Vec<bool> = chain
        .revisions()
        .iter()
        .map(|r| r.fingerprint().is_some())
        .collect();
    assert_eq!(known, [true, false]);
}

#[test]
fn duplicates_fail_through_a_function_of_one_argument() {
    let index = |declared: &str, expression: &str| {
        format!("{declared}\nCREATE UNIQUE INDEX i ON t ({expression});")
    };
    let one = index("@function slug(1)", "slug(a)");
    let advice = "@assumes t(a) values REASON";
    assert_one_defect(
        &[T, (&one, "DROP INDEX i;")],
        "fails-on-rows 002:5",
        &[&format!("`-- {advice}`")],
    );
    let assumed = format!("{advice}\n{one}");
    assert_proven(&[T, (&assumed, "DROP INDEX i;")]);
    // The program's function can return other values for other second arguments.
    let two = index("@function slug(2)", "slug(a, id)");
    assert_proven(&[T, (&two, "DROP INDEX i;")]);
}

#[test]
fn failure_without_a_stand_in_is_reported_beside_one() {
    let index = "@function slug(1)\nCREATE INDEX i ON t (slug(a));";
    assert_one_defect(
        &[
            T,
            (index, "DROP INDEX i;"),
            ("CREATE UNIQUE INDEX j ON t (b);", "DROP INDEX j;"),
        ],
        "fails-on-rows 003:4",
        &["`-- @assumes t(b) unique REASON`"],
    );
    assert_one_defect(
        &[
            T,
            (index, "DROP INDEX i;"),
            (
                "@unproven it uses slug\nUPDATE t SET nope = 1;",
                "SELECT 1;",
            ),
        ],
        "sql-error 003:5",
        &["no such column: nope"],
    );
}

#[test]
fn virtual_table_of_the_program_can_be_filled_anew() {
    let create = "CREATE VIRTUAL TABLE v USING m(a, b);\nINSERT INTO v SELECT a, b FROM t;";
    let declared = format!("@module m\n{create}");
    let other = "DROP TABLE v;\nCREATE VIRTUAL TABLE v USING m(a, b, c=d);\n\
                 INSERT INTO v (a, b) SELECT a, b FROM t;";
    let back = format!("DROP TABLE v;\n{create}");
    assert_proven(&[T, (&declared, "DROP TABLE v;"), (other, &back)]);
}
