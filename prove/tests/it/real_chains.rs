//! Kinds of migrations that chains of public projects have.

use crate::support::{assert_one_defect, assert_proven, summaries};

#[test]
fn full_text_table_that_a_trigger_fills_can_be_refilled() {
    assert_proven(&[
        (
            "CREATE TABLE note(id INTEGER PRIMARY KEY, body TEXT NOT NULL); CREATE VIRTUAL TABLE note_fts USING fts5(body, note_id UNINDEXED); CREATE TRIGGER note_ai AFTER INSERT ON note BEGIN INSERT INTO note_fts(body,note_id) VALUES(NEW.body,NEW.id); END;",
            "",
        ),
        (
            "DROP TABLE note_fts; CREATE VIRTUAL TABLE note_fts USING fts5(body, note_id UNINDEXED, tokenize='porter'); INSERT INTO note_fts(body,note_id) SELECT body,id FROM note;",
            "",
        ),
    ]);
}

#[test]
fn list_of_values_as_key_has_few_rows() {
    assert_proven(&[
        (
            "CREATE TABLE g(kind TEXT NOT NULL PRIMARY KEY CHECK(kind IN('a','b')), x BOOLEAN NOT NULL);",
            "",
        ),
        (
            "CREATE TABLE kinds(kind TEXT PRIMARY KEY); INSERT INTO kinds VALUES('a'),('b'),('c'); CREATE TABLE n(kind TEXT NOT NULL PRIMARY KEY REFERENCES kinds(kind), x BOOLEAN NOT NULL); INSERT INTO n SELECT kind,x FROM g; DROP TABLE g; ALTER TABLE n RENAME TO g;",
            "",
        ),
    ]);
}

#[test]
fn update_after_a_rebuild_is_explicit() {
    assert_proven(&[
        (
            "CREATE TABLE m(id TEXT PRIMARY KEY, a TEXT, updated_at DATETIME);",
            "",
        ),
        (
            "CREATE TABLE n(id TEXT PRIMARY KEY, a TEXT, updated_at DATETIME); INSERT INTO n SELECT id,a,updated_at FROM m; DROP TABLE m; ALTER TABLE n RENAME TO m; UPDATE m SET updated_at='0001-01-01';",
            "",
        ),
    ]);
}

#[test]
fn empty_text_left_out_is_no_loss() {
    assert_proven(&[
        ("CREATE TABLE s(id INTEGER PRIMARY KEY, url TEXT);", ""),
        (
            "CREATE TABLE u(s INTEGER NOT NULL REFERENCES s(id), url TEXT NOT NULL, PRIMARY KEY(s,url)); INSERT INTO u SELECT id,url FROM s WHERE url IS NOT NULL AND url!=''; ALTER TABLE s DROP COLUMN url;",
            "",
        ),
    ]);
}

#[test]
fn empty_text_can_become_null() {
    assert_proven(&[
        (
            "CREATE TABLE users(id INTEGER PRIMARY KEY, pw VARCHAR(128) NOT NULL);",
            "",
        ),
        (
            "ALTER TABLE users ADD COLUMN pw2 VARCHAR(128); UPDATE users SET pw2=CASE WHEN LENGTH(pw)=0 THEN NULL ELSE pw END; ALTER TABLE users DROP COLUMN pw; ALTER TABLE users RENAME pw2 TO pw;",
            "",
        ),
    ]);
}

#[test]
fn value_of_a_stand_in_is_no_loss() {
    assert_proven(&[
        (
            "CREATE TABLE m(id INTEGER PRIMARY KEY, duration VARCHAR(6));",
            "",
        ),
        (
            "@function durationToTinyInt(1)\nCREATE TABLE n(id INTEGER PRIMARY KEY, duration TINYINT); INSERT INTO n SELECT id, durationToTinyInt(duration) FROM m; DROP TABLE m; ALTER TABLE n RENAME TO m;",
            "",
        ),
    ]);
}

#[test]
fn generated_column_can_be_dropped() {
    assert_proven(&[
        (
            "CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT, g TEXT AS (lower(a)) VIRTUAL);",
            "",
        ),
        ("ALTER TABLE t DROP COLUMN g;", ""),
    ]);
}

#[test]
fn new_ids_need_no_counter() {
    assert_proven(&[
        (
            "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a TEXT);",
            "",
        ),
        (
            "@destroys t.id renumbered\nCREATE TABLE n (id INTEGER PRIMARY KEY AUTOINCREMENT, a TEXT); INSERT INTO n(a) SELECT a FROM t; DROP TABLE t; ALTER TABLE n RENAME TO t;",
            "",
        ),
    ]);
}

#[test]
fn equal_rows_can_become_one_row() {
    assert_proven(&[
        ("CREATE TABLE ps(p INTEGER, s INTEGER);", ""),
        (
            "CREATE TABLE n(p INTEGER NOT NULL, s INTEGER NOT NULL, PRIMARY KEY(p,s)); INSERT INTO n SELECT DISTINCT p,s FROM ps WHERE p IS NOT NULL AND s IS NOT NULL; DROP TABLE ps; ALTER TABLE n RENAME TO ps;",
            "",
        ),
    ]);
    assert_proven(&[
        ("CREATE TABLE ps(p INTEGER, s INTEGER);", ""),
        (
            "CREATE TABLE n(p INTEGER NOT NULL, s INTEGER NOT NULL, PRIMARY KEY(p,s)); INSERT INTO n SELECT p,s FROM ps WHERE p IS NOT NULL AND s IS NOT NULL ON CONFLICT DO NOTHING; DROP TABLE ps; ALTER TABLE n RENAME TO ps;",
            "",
        ),
    ]);
}

#[test]
fn column_that_a_filter_looks_up_has_parents() {
    assert_proven(&[
        (
            "CREATE TABLE user(id TEXT PRIMARY KEY); CREATE TABLE ann(user_id TEXT NOT NULL, item TEXT, UNIQUE(user_id,item));",
            "",
        ),
        (
            "CREATE TABLE n(user_id TEXT NOT NULL REFERENCES user(id), item TEXT, UNIQUE(user_id,item));INSERT INTO n SELECT user_id,item FROM ann WHERE user_id IN (SELECT id FROM user); DROP TABLE ann; ALTER TABLE n RENAME TO ann;",
            "",
        ),
    ]);
    assert_proven(&[
        (
            "CREATE TABLE user(id TEXT PRIMARY KEY); CREATE TABLE ann(user_id TEXT NOT NULL, item TEXT, UNIQUE(user_id,item));",
            "",
        ),
        (
            "DELETE FROM ann WHERE user_id NOT IN (SELECT id FROM user); CREATE TABLE n(user_id TEXT NOT NULL REFERENCES user(id), item TEXT, UNIQUE(user_id,item));INSERT INTO n SELECT user_id,item FROM ann; DROP TABLE ann; ALTER TABLE n RENAME TO ann;",
            "",
        ),
    ]);
    for steps in [
        [
            (
                "CREATE TABLE user(id TEXT PRIMARY KEY); CREATE TABLE ann(user_id TEXT NOT NULL, item TEXT, UNIQUE(user_id,item));",
                "",
            ),
            (
                "DELETE FROM ann WHERE user_id NOT IN (SELECT id FROM user); CREATE TABLE n(user_id TEXT NOT NULL REFERENCES user(id), item TEXT, UNIQUE(user_id,item));INSERT INTO n(user_id) SELECT user_id FROM ann; DROP TABLE ann; ALTER TABLE n RENAME TO ann;",
                "",
            ),
        ],
        [
            (
                "CREATE TABLE user(id TEXT PRIMARY KEY); CREATE TABLE ann(user_id TEXT NOT NULL, item TEXT, UNIQUE(user_id,item));",
                "",
            ),
            (
                "DELETE FROM ann WHERE NOT EXISTS (SELECT 1 FROM user WHERE user.id = ann.user_id); CREATE TABLE n(user_id TEXT NOT NULL REFERENCES user(id), item TEXT, UNIQUE(user_id,item));INSERT INTO n(user_id) SELECT user_id FROM ann; DROP TABLE ann; ALTER TABLE n RENAME TO ann;",
                "",
            ),
        ],
    ] {
        assert_one_defect(&steps, "rows-lost 002:5", &["values of `ann.item`"]);
    }
}

#[test]
fn key_has_not_arrived_with_the_row_that_it_references() {
    let found = summaries(&[
        (
            "CREATE TABLE loc(id TEXT PRIMARY KEY NOT NULL, name TEXT NOT NULL); CREATE TABLE items(id TEXT PRIMARY KEY NOT NULL, name TEXT NOT NULL, parent TEXT REFERENCES items(id), loc TEXT REFERENCES loc(id));",
            "",
        ),
        (
            "CREATE TABLE ent(id TEXT PRIMARY KEY NOT NULL, name TEXT NOT NULL, parent TEXT REFERENCES ent(id)); CREATE TEMP TABLE m AS SELECT id, loc FROM items WHERE loc IS NOT NULL AND parent IS NULL; INSERT INTO ent SELECT id,name,parent FROM items; INSERT INTO ent SELECT id,name,NULL FROM loc; UPDATE ent SET parent=(SELECT loc FROM m WHERE m.id=ent.id) WHERE EXISTS(SELECT 1 FROM m WHERE m.id=ent.id); DROP TABLE m; DROP TABLE items; DROP TABLE loc;",
            "",
        ),
    ]);
    assert_eq!(found, ["undeclared-destruction 002:5"]);
}

#[test]
fn assumption_about_a_parent_leaves_rows_of_its_children() {
    assert_one_defect(
        &[
            (
                "CREATE TABLE w(id TEXT PRIMARY KEY, h TEXT NOT NULL DEFAULT '[]'); CREATE TABLE e(id TEXT PRIMARY KEY, w TEXT NOT NULL REFERENCES w(id), x TEXT, y TEXT);",
                "",
            ),
            (
                "@assumes w(h) values json\nUPDATE w SET h=json_insert(h,'$[#]',json('{\"a\":1}')) WHERE NOT EXISTS(SELECT 1 FROM json_each(w.h) WHERE json_extract(value,'$.name')='accept'); CREATE TABLE n(id TEXT PRIMARY KEY, w TEXT NOT NULL REFERENCES w(id), x TEXT, y TEXT); INSERT INTO n(id,w,x) SELECT id,w,x FROM e; DROP TABLE e; ALTER TABLE n RENAME TO e;",
                "",
            ),
        ],
        "rows-lost 002:6",
        &["values of `e.y`"],
    );
}

#[test]
fn one_of_two_assumptions_is_no_defect() {
    assert_one_defect(
        &[
            (
                "CREATE TABLE s(id TEXT PRIMARY KEY NOT NULL, w INTEGER, h INTEGER);",
                "",
            ),
            (
                "@assumes s(w) not-null x\nCREATE TABLE l(s TEXT PRIMARY KEY NOT NULL, w INTEGER NOT NULL, h INTEGER NOT NULL); INSERT INTO l SELECT id,w,h FROM s;",
                "",
            ),
        ],
        "fails-on-rows 002:6",
        &["`-- @assumes s(h) not-null REASON`"],
    );
    assert_proven(&[
        (
            "CREATE TABLE s(id TEXT PRIMARY KEY NOT NULL, w INTEGER, h INTEGER);",
            "",
        ),
        (
            "@assumes s(w) not-null x\n@assumes s(h) not-null x\nCREATE TABLE l(s TEXT PRIMARY KEY NOT NULL, w INTEGER NOT NULL, h INTEGER NOT NULL); INSERT INTO l SELECT id,w,h FROM s;",
            "",
        ),
    ]);
}

#[test]
fn advice_names_the_source_of_the_values() {
    for (steps, line) in [
        (
            [
                (
                    "CREATE TABLE album(id TEXT PRIMARY KEY, name TEXT); CREATE TABLE radio(id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE);",
                    "",
                ),
                (
                    "ALTER TABLE album ADD COLUMN x TEXT; UPDATE album SET x='' WHERE name='q'; CREATE TABLE radio_dg_tmp(id TEXT PRIMARY KEY, name TEXT COLLATE NOCASE NOT NULL UNIQUE); INSERT INTO radio_dg_tmp SELECT id,name FROM radio; DROP TABLE radio; ALTER TABLE radio_dg_tmp RENAME TO radio;",
                    "",
                ),
            ],
            "radio(name) values",
        ),
        (
            [
                (
                    "CREATE TABLE assets(id TEXT PRIMARY KEY NOT NULL, kind TEXT NOT NULL); CREATE TABLE ba(id TEXT PRIMARY KEY NOT NULL, assetId TEXT NOT NULL);",
                    "",
                ),
                ("INSERT INTO assets SELECT assetId,'ba' FROM ba;", ""),
            ],
            "ba(assetid) unique",
        ),
        (
            [
                (
                    "CREATE TABLE ga(gid INTEGER PRIMARY KEY, asset_id BLOB NOT NULL); CREATE TABLE ev(id INTEGER PRIMARY KEY, gid INTEGER NOT NULL REFERENCES ga(gid), asset_id INTEGER);",
                    "",
                ),
                (
                    "CREATE TABLE o(id INTEGER PRIMARY KEY, ev INTEGER NOT NULL REFERENCES ev(id), asset_id BLOB NOT NULL CHECK(length(asset_id)=32)); INSERT INTO o(ev,asset_id) SELECT e.id,g.asset_id FROM ev e JOIN ga g ON g.gid=e.gid;",
                    "",
                ),
            ],
            "ga(asset_id) check",
        ),
    ] {
        let line = format!("`-- @assumes {line} REASON`");
        assert_one_defect(&steps, "fails-on-rows 002:5", &[&line]);
    }
}

#[test]
fn advice_for_a_counter_follows_a_rename() {
    let counter = "SELECT 't', seq FROM sqlite_sequence WHERE name = 't_old'";
    assert_one_defect(
        &[
            (
                "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a TEXT);",
                "",
            ),
            (
                "ALTER TABLE t RENAME TO t_old; CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a TEXT); INSERT INTO t(id,a) SELECT id,a FROM t_old; DROP TABLE t_old;",
                "",
            ),
        ],
        "rows-lost 002:5",
        &[counter],
    );
    assert_proven(&[
        (
            "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a TEXT);",
            "",
        ),
        (
            "ALTER TABLE t RENAME TO t_old; CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a TEXT); INSERT INTO t(id,a) SELECT id,a FROM t_old; DELETE FROM sqlite_sequence WHERE name = 't'; INSERT INTO sqlite_sequence (name, seq) SELECT 't', seq FROM sqlite_sequence WHERE name = 't_old'; DROP TABLE t_old;",
            "",
        ),
    ]);
}

#[test]
fn declared_table_includes_its_columns() {
    assert_proven(&[
        (
            "CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT, b TEXT);",
            "",
        ),
        (
            "@destroys t x\nDROP TABLE t; CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT);",
            "",
        ),
    ]);
}

#[test]
fn counter_of_a_table_that_is_dropped_before_the_copy_is_kept() {
    let table = "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a TEXT);";
    let begin = "CREATE TEMP TABLE x AS SELECT * FROM t;";
    let again = format!("DROP TABLE t; {table} INSERT INTO t SELECT * FROM x; DROP TABLE x;");
    let before = "CREATE TEMP TABLE counter AS SELECT seq FROM sqlite_sequence WHERE name = 't';";
    let after = "UPDATE sqlite_sequence SET seq = (SELECT seq FROM counter) WHERE name = 't';";
    let lost = format!("{begin} {again}");
    assert_one_defect(
        &[(table, ""), (&lost, "")],
        "rows-lost 002:5",
        &[before, after],
    );
    let kept = format!("{begin} {before} {again} {after} DROP TABLE counter;");
    assert_proven(&[(table, ""), (&kept, "")]);
}

#[test]
fn value_that_an_expression_makes_has_a_line_to_paste() {
    let table = "CREATE TABLE t (id TEXT PRIMARY KEY NOT NULL, code TEXT NOT NULL);";
    let upgrade = "UPDATE t SET id = replace(code, '-', '');";
    assert_one_defect(
        &[(table, ""), (upgrade, "")],
        "fails-on-rows 002:5",
        &["`-- @assumes t(code) values REASON`"],
    );
    let assumed = format!("@assumes t(code) values the codes differ\n{upgrade}");
    assert_proven(&[(table, ""), (&assumed, "")]);
}
