//! The proof for a cluster.

use revchain_core::{Defect, LoadedMigrations, replicated_revisions};
use revchain_prove::{Scope, prove_replicated};

use crate::support::{Directory, sorted, summary};

/// Returns the defects of a chain that is proven for a cluster, from the revision after `after` on.
fn defects_after(directory: &Directory, after: Option<&str>) -> Vec<Defect> {
    let loaded = LoadedMigrations::read(&directory.0, "migrations");
    let revisions = replicated_revisions(loaded.chain.as_ref().unwrap(), after).unwrap();
    sorted(prove_replicated(loaded, Scope::Unlocked, &revisions))
}

fn defects(steps: &[(&str, &str)]) -> Vec<Defect> {
    defects_after(&Directory::of(steps), None)
}

fn shown(defects: &[Defect]) -> String {
    let texts: Vec<String> = defects.iter().map(Defect::to_string).collect();
    texts.join("\n\n")
}

#[track_caller]
fn assert_proven(steps: &[(&str, &str)]) {
    let found = defects(steps);
    assert!(found.is_empty(), "{}", shown(&found));
}

/// Asserts that the last revision has one defect with this summary, and returns the defect.
#[track_caller]
fn assert_defect(steps: &[(&str, &str)], expected: &str) -> Defect {
    let found = defects(steps);
    let [defect] = &found[..] else {
        panic!("{} defects\n{}", found.len(), shown(&found));
    };
    assert_eq!(summary(defect), expected, "{defect}");
    let directory = Directory::of(steps);
    let id = format!("{:03}", steps.len());
    let excluded = defects_after(&directory, Some(&id));
    assert!(excluded.is_empty(), "{}", shown(&excluded));
    assert!(
        defect
            .to_string()
            .contains(&format!("`replicated = \"{id}\"`")),
        "{defect}"
    );
    defect.clone()
}

const NOTES: (&str, &str) = (
    "CREATE TABLE notes (id INTEGER PRIMARY KEY, title TEXT, date TEXT, random TEXT);
     CREATE TABLE changes (time TEXT, now TEXT, note INTEGER);",
    "DROP TABLE changes; DROP TABLE notes;",
);

#[test]
fn function_of_time_chance_or_connection_is_rejected() {
    for (expression, name) in [
        ("CURRENT_TIMESTAMP", "current_timestamp"),
        ("datetime('now')", "datetime()"),
        ("date(date)", "date()"),
        ("strftime('%Y', 'now')", "strftime()"),
        ("lower(hex(randomblob(8)))", "randomblob()"),
        ("\"random\"()", "random()"),
        ("title || changes()", "changes()"),
        ("last_insert_rowid()", "last_insert_rowid()"),
        ("sqlite_version()", "sqlite_version()"),
        (
            "(SELECT count(*) FROM pragma_table_info('notes'))",
            "pragma_table_info()",
        ),
        ("CASE WHEN random() > 0 THEN 1 ELSE 2 END", "random()"),
    ] {
        let upgrade = format!("UPDATE notes SET title = {expression};");
        let defect = assert_defect(&[NOTES, (&upgrade, "")], "replicated-function 002:5");
        assert!(
            defect.title().contains(&format!("uses {name}, ")),
            "{defect}"
        );
    }
}

#[test]
fn function_in_a_new_object_is_rejected() {
    for upgrade in [
        "CREATE TABLE t (a, at TEXT DEFAULT CURRENT_TIMESTAMP);",
        "CREATE TABLE t (a, at TEXT DEFAULT (datetime('now')));",
        "CREATE TABLE t (a TEXT CHECK (date(a) IS NOT NULL));",
        "CREATE TABLE t (a TEXT, b TEXT AS (date(a)));",
        "CREATE INDEX i ON notes (date(date));",
        "CREATE VIEW v AS SELECT * FROM notes WHERE date < CURRENT_DATE;",
        "CREATE VIEW v AS SELECT * FROM notes WHERE date < date('now', '-1 day');",
        "CREATE TRIGGER r AFTER INSERT ON notes BEGIN
           UPDATE notes SET date = datetime('now') WHERE id = new.id; END;",
    ] {
        let found = defects(&[NOTES, (upgrade, "")]);
        let kinds: Vec<_> = found.iter().map(|defect| defect.kind().name()).collect();
        assert_eq!(
            kinds,
            ["replicated-function"],
            "{upgrade}\n{}",
            shown(&found)
        );
    }
}

#[test]
fn name_or_text_that_looks_like_a_function_is_accepted() {
    for upgrade in [
        "UPDATE notes SET date = 'now', random = 'random()';",
        "INSERT INTO changes (time, now) VALUES ('now', 'CURRENT_TIMESTAMP');",
        "INSERT INTO changes SELECT date, random, id FROM notes ORDER BY id;",
        "CREATE TABLE time (id INTEGER PRIMARY KEY, at datetime(6), other date (3));",
        "CREATE TABLE t (id INTEGER PRIMARY KEY, c TEXT REFERENCES changes (time));
         DROP TABLE t;",
        "CREATE INDEX i ON changes (time, now);",
        "CREATE INDEX i ON notes (random);",
        "CREATE VIEW v AS SELECT date(date) AS date, now FROM notes, changes;",
        "CREATE VIEW v AS WITH now(x) AS (SELECT 1), date(y) AS (SELECT 2) SELECT x, y FROM now, date;",
        "CREATE TABLE t (a DEFAULT 'now', \"current_timestamp\" TEXT);",
        "CREATE TRIGGER r AFTER UPDATE OF date ON notes WHEN new.date > old.date BEGIN
           INSERT INTO changes (time, now) VALUES (new.date, new.random); END;",
        "ALTER TABLE notes ADD COLUMN changes INTEGER DEFAULT 0;",
    ] {
        assert_proven(&[NOTES, (upgrade, "")]);
    }
}

#[test]
fn function_in_a_downgrade_is_rejected() {
    let downgrade = "UPDATE notes SET title = random(); DROP TABLE t;";
    let found = defects(&[NOTES, ("CREATE TABLE t (a);", downgrade)]);
    assert_eq!(found.len(), 1, "{}", shown(&found));
    assert!(
        found[0].title().starts_with("the downgrade of 002"),
        "{}",
        found[0]
    );
}

#[test]
fn clock_in_the_schema_at_the_head_is_rejected() {
    let first = (
        "CREATE TABLE t (id INTEGER PRIMARY KEY, at TEXT DEFAULT CURRENT_TIMESTAMP);",
        "DROP TABLE t;",
    );
    let other = ("CREATE TABLE u (id INTEGER PRIMARY KEY);", "DROP TABLE u;");
    let directory = Directory::of(&[first, other]);
    let found = defects_after(&directory, Some("001"));
    let [defect] = &found[..] else {
        panic!("{}", shown(&found));
    };
    assert_eq!(summary(defect), "replicated-function 001:4", "{defect}");
    assert!(
        defect.help_text().contains("revchain new --rebuild t"),
        "{defect}"
    );
    let rebuild = "@loosens t.at default the program passes it
        CREATE TABLE new (id INTEGER PRIMARY KEY, at TEXT);
        INSERT INTO new SELECT id, at FROM t ORDER BY id;
        DROP TABLE t;
        ALTER TABLE new RENAME TO t;";
    let directory = Directory::of(&[first, other, (rebuild, "")]);
    let found = defects_after(&directory, Some("001"));
    assert!(found.is_empty(), "{}", shown(&found));
}

#[test]
fn object_of_the_program_at_the_head_is_rejected() {
    let index = "@function fold(1)\nCREATE INDEX i ON notes (fold(title));";
    let directory = Directory::of(&[NOTES, (index, "DROP INDEX i;")]);
    let found = defects_after(&directory, Some("002"));
    assert_eq!(found.len(), 1, "{}", shown(&found));
    assert_eq!(
        summary(&found[0]),
        "replicated-directive 002:5",
        "{}",
        found[0]
    );
    let directory = Directory::of(&[NOTES, (index, "DROP INDEX i;"), ("DROP INDEX i;", "")]);
    let found = defects_after(&directory, Some("002"));
    assert!(found.is_empty(), "{}", shown(&found));
}

/// A table of one machine, and what a later revision drops before the head.
fn with_object(object: &str) -> (String, String) {
    let upgrade = format!(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT, at TEXT DEFAULT CURRENT_TIMESTAMP);
         CREATE TABLE log (id INTEGER PRIMARY KEY, v TEXT);
         {object}"
    );
    (upgrade, "DROP TABLE t; DROP TABLE log;".to_owned())
}

#[test]
fn function_that_a_statement_fires_is_rejected() {
    let trigger = "CREATE TRIGGER r AFTER UPDATE ON t BEGIN
            INSERT INTO log (v) VALUES (CURRENT_TIMESTAMP); END;";
    let chance = "CREATE TRIGGER r AFTER DELETE ON t BEGIN
            INSERT INTO log (v) VALUES (hex(randomblob(4))); END;";
    let index = "CREATE INDEX i ON log (date(v));";
    let update = "UPDATE t SET v = upper(v);";
    let insert = "INSERT INTO t (v) SELECT v FROM log ORDER BY id;";
    let delete = "DELETE FROM t WHERE v = 'x' OR id > 0;";
    let write = "UPDATE log SET v = '2026-01-0' || id;";
    for (object, statement, user) in [
        (
            trigger,
            update,
            "current_timestamp, which differs between machines: the trigger `r`",
        ),
        (
            "",
            insert,
            "current_timestamp, which differs between machines: the table `t`",
        ),
        (
            chance,
            delete,
            "randomblob, which differs between machines: the trigger `r`",
        ),
        (
            index,
            write,
            "date, which differs between machines: the index `i`",
        ),
    ] {
        let (upgrade, downgrade) = with_object(object);
        let drop = "@destroys t no longer needed\n@destroys log no longer needed
            DROP TABLE t; DROP TABLE log;";
        let steps = [(&*upgrade, &*downgrade), (statement, ""), (drop, "")];
        let directory = Directory::of(&steps);
        let found = defects_after(&directory, Some("001"));
        let texts = shown(&found);
        assert_eq!(found.len(), 1, "{statement}\n{texts}");
        assert_eq!(summary(&found[0]), "replicated-function 002:5", "{texts}");
        assert!(found[0].title().contains(user), "{texts}");
    }
}

/// Returns the reason why a new cluster cannot run two revisions that ran on one machine.
fn needs_file(first: &str, second: &str) -> Option<String> {
    let directory = Directory::of(&[(first, ""), (second, "")]);
    let loaded = LoadedMigrations::read(&directory.0, "migrations");
    let revisions = replicated_revisions(loaded.chain.as_ref().unwrap(), Some("002")).unwrap();
    let proven = prove_replicated(loaded, Scope::Unlocked, &revisions);
    let needs_file = proven.needs_file.clone();
    let found = sorted(proven);
    assert!(found.is_empty(), "{}", shown(&found));
    needs_file
}

#[test]
fn new_cluster_that_would_lose_inserted_rows_needs_a_file() {
    let rows = "INSERT INTO p VALUES (1, 'a', NULL); INSERT INTO c VALUES (1, 1);";
    for (action, reason) in [
        (
            "CASCADE",
            "the upgrade of 002 loses all rows of `c` and all rows of `g`",
        ),
        ("SET NULL", "the upgrade of 002 loses values of `c.p_id`"),
        (
            "NO ACTION",
            "the COMMIT of the upgrade of 002 fails: FOREIGN KEY constraint failed",
        ),
    ] {
        let family = family(action, false);
        let rebuild = rebuild_by_rename(action, false);
        assert_eq!(needs_file(&family, &rebuild), None, "{action}");
        let with_rows = format!("{family}\n{rows} INSERT INTO g VALUES (1, 1);");
        let expected = format!("with foreign keys enforced, {reason}");
        assert_eq!(needs_file(&with_rows, &rebuild), Some(expected), "{action}");
    }
}

#[test]
fn new_cluster_with_another_clock_or_order_needs_a_file() {
    let table =
        "CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT, at TEXT DEFAULT CURRENT_TIMESTAMP);
        INSERT INTO t (v, at) VALUES ('a', ''), ('b', '');";
    let drop = "@loosens t.at default the program passes it
        CREATE TABLE n (id INTEGER PRIMARY KEY, v TEXT, at TEXT);
        INSERT INTO n SELECT id, v, at FROM t ORDER BY id;
        DROP TABLE t; ALTER TABLE n RENAME TO t;";
    assert_eq!(needs_file(table, drop), None);
    let insert = format!("{drop} INSERT INTO t (v, at) VALUES ('c', datetime('now'));");
    let expected = "the upgrade of 002 evaluates datetime, which differs between machines";
    assert_eq!(needs_file(table, &insert).as_deref(), Some(expected));
    let order = format!(
        "{drop} CREATE TABLE o (n INTEGER PRIMARY KEY, v); INSERT INTO o (v) SELECT v FROM t;"
    );
    let expected =
        "the upgrade of 002 leaves other values of `o` if rows are read in another order";
    assert_eq!(needs_file(table, &order).as_deref(), Some(expected));
}

#[test]
fn temporary_object_is_rejected() {
    for create in [
        "CREATE TEMP TABLE x AS SELECT id FROM notes",
        "CREATE TEMPORARY TABLE x AS SELECT id FROM notes",
        "CREATE TABLE IF NOT EXISTS temp.x AS SELECT id FROM notes",
    ] {
        let upgrade = format!("{create}; DROP TABLE x;");
        assert_defect(&[NOTES, (&upgrade, "")], "replicated-temporary 002:5");
    }
    let temp = "CREATE TABLE temp AS SELECT id FROM notes;
        UPDATE notes SET title = (SELECT temp.id FROM temp WHERE temp.id = notes.id);
        DROP TABLE temp;";
    assert_proven(&[NOTES, (temp, "")]);
}

#[test]
fn pragma_is_rejected() {
    assert_defect(
        &[NOTES, ("CREATE TABLE t (a); PRAGMA optimize;", "")],
        "replicated-pragma 002:5",
    );
}

#[test]
fn directive_for_the_program_is_rejected() {
    for (header, upgrade) in [
        ("@function fold(1)", "UPDATE notes SET title = fold(title);"),
        (
            "@collation words",
            "CREATE INDEX i ON notes (title COLLATE words);",
        ),
        (
            "@unproven the program has it",
            "UPDATE notes SET title = fold(title);",
        ),
        ("@job fill", "CREATE TABLE t (a);"),
    ] {
        let upgrade = format!("{header}\n{upgrade}");
        let found = defects(&[NOTES, (&upgrade, "")]);
        let kinds: Vec<_> = found.iter().map(|defect| defect.kind().name()).collect();
        assert_eq!(
            kinds,
            ["replicated-directive"],
            "{header}\n{}",
            shown(&found)
        );
        assert_eq!(found[0].line_column().unwrap().0, 3, "{}", found[0]);
    }
    let found = defects(&[NOTES, ("-- @code fill\n", "")]);
    assert_eq!(
        shown(&found).matches("replicated-directive").count(),
        2,
        "{}",
        shown(&found)
    );
}

/// Returns a chain with the parent `p`, the child `c` and the grandchild `g`.
fn family(action: &str, is_self_referencing: bool) -> String {
    let up = if is_self_referencing {
        format!("up INTEGER REFERENCES p (id) ON DELETE {action}")
    } else {
        "up INTEGER".to_owned()
    };
    format!(
        "CREATE TABLE p (id INTEGER PRIMARY KEY, name TEXT, {up});
         CREATE TABLE c (id INTEGER PRIMARY KEY, p_id INTEGER DEFAULT 1 REFERENCES p (id) ON DELETE {action});
         CREATE TABLE g (id INTEGER PRIMARY KEY, c_id INTEGER DEFAULT 1 REFERENCES c (id) ON DELETE {action});"
    )
}

fn rebuild_by_rename(action: &str, is_self_referencing: bool) -> String {
    let family = family(action, is_self_referencing);
    let p = family
        .lines()
        .next()
        .unwrap()
        .replace("TABLE p", "TABLE p_new");
    format!(
        "{p}
         INSERT INTO p_new SELECT id, name, up FROM p;
         DROP TABLE p;
         ALTER TABLE p_new RENAME TO p;"
    )
}

fn rebuild_by_copy(action: &str, is_self_referencing: bool) -> String {
    let family = family(action, is_self_referencing);
    let p = family.lines().next().unwrap();
    format!(
        "CREATE TABLE p_aside AS SELECT id, name, up FROM p;
         DROP TABLE p;
         {p}
         INSERT INTO p SELECT id, name, up FROM p_aside;
         DROP TABLE p_aside;"
    )
}

/// Returns the SQL of a help that puts rows aside, and the SQL that puts them back.
fn asides(defect: &Defect, before: &str, after: &str) -> [String; 2] {
    let help = defect.help_text();
    let (_, rest) = help.split_once(&format!("aside, {before}:\n")).unwrap();
    let (before, rest) = rest
        .split_once(&format!("put them back {after}:\n"))
        .unwrap();
    let (after, _) = rest.split_once("if 002 has run").unwrap();
    [before, after].map(str::to_owned)
}

/// Applies the help of a rebuild of `p` to an upgrade.
fn fixed(defect: &Defect, upgrade: &str) -> String {
    let after = "as soon as `p` has its rows again";
    let [before, after] = asides(defect, "before this statement", after);
    let (start, rest) = upgrade.split_once("DROP TABLE p;").unwrap();
    let filling = ["RENAME TO p;", "FROM p_aside;"]
        .into_iter()
        .find(|filling| rest.contains(filling))
        .unwrap();
    let (rebuild, end) = rest.split_once(filling).unwrap();
    let is_told = defect.help_text().contains("write `REFERENCES p_new`");
    let start = if is_told {
        start.replace("REFERENCES p (", "REFERENCES p_new (")
    } else {
        start.to_owned()
    };
    format!("{start}{before}DROP TABLE p;{rebuild}{filling}\n{after}{end}")
}

#[test]
fn rebuild_of_a_parent_is_judged_with_foreign_keys() {
    const LOSS: &str = "replicated-loss";
    const FAILURE: &str = "replicated-failure";
    // The action, and the results of the rebuild by a rename and by a copy.
    for (action, by_rename, by_copy) in [
        ("NO ACTION", FAILURE, ""),
        ("RESTRICT", FAILURE, ""),
        ("CASCADE", LOSS, LOSS),
        ("SET NULL", LOSS, LOSS),
        ("SET DEFAULT", FAILURE, FAILURE),
    ] {
        for is_self_referencing in [false, true] {
            let family = family(action, is_self_referencing);
            let copy = rebuild_by_copy(action, is_self_referencing);
            for (upgrade, expected) in [
                (&rebuild_by_rename(action, is_self_referencing), by_rename),
                (&copy, by_copy),
            ] {
                let found = defects(&[(&family, ""), (upgrade, "")]);
                let kinds: Vec<_> = found.iter().map(|defect| defect.kind().name()).collect();
                let context = format!(
                    "{action} {is_self_referencing}\n{upgrade}\n{}",
                    shown(&found)
                );
                if expected.is_empty() {
                    assert!(kinds.is_empty(), "{context}");
                    continue;
                }
                assert!(kinds == [LOSS] || kinds == [FAILURE], "{context}");
                if !is_self_referencing {
                    assert_eq!(kinds, [expected], "{context}");
                }
                assert_proven(&[(&family, ""), (&fixed(&found[0], upgrade), "")]);
            }
        }
    }
}

#[test]
fn cascade_of_a_rebuild_names_the_lost_rows() {
    let upgrade = rebuild_by_rename("CASCADE", false);
    let defect = assert_defect(
        &[(&family("CASCADE", false), ""), (&upgrade, "")],
        "replicated-loss 002:7",
    );
    assert_eq!(
        defect.title(),
        "with foreign keys enforced, the upgrade of 002 loses all rows of `c`"
    );
}

#[test]
fn rows_come_back_before_the_script_changes_them() {
    let family = family("CASCADE", false);
    let (before, after) = (
        "ALTER TABLE c ADD COLUMN t TEXT; ALTER TABLE g RENAME TO h;\n",
        "ALTER TABLE c RENAME COLUMN t TO title; DROP TABLE h;
         CREATE TABLE copies AS SELECT id FROM c ORDER BY id;",
    );
    for rebuild in [
        rebuild_by_rename("CASCADE", false),
        rebuild_by_copy("CASCADE", false),
    ] {
        let upgrade = format!("@destroys g it is a test\n{before}{rebuild}{after}");
        let found = defects(&[(&family, ""), (&upgrade, "")]);
        assert_eq!(found.len(), 1, "{}", shown(&found));
        assert_proven(&[(&family, ""), (&fixed(&found[0], &upgrade), "")]);
    }
}

#[test]
fn commit_fails_because_of_the_parent_with_children() {
    let family = "CREATE TABLE p (id INTEGER PRIMARY KEY);
        CREATE TABLE c (id INTEGER PRIMARY KEY, p_id INTEGER REFERENCES p (id));
        CREATE TABLE q (id INTEGER PRIMARY KEY);
        CREATE TABLE d (id INTEGER PRIMARY KEY, q_id INTEGER REFERENCES q (id));";
    let rebuild = |name: &str| {
        format!(
            "CREATE TABLE {name}_new (id INTEGER PRIMARY KEY, name TEXT);
             INSERT INTO {name}_new (id) SELECT id FROM {name};
             DROP TABLE {name};
             ALTER TABLE {name}_new RENAME TO {name};\n"
        )
    };
    let (p, q) = (rebuild("p"), rebuild("q"));
    let upgrade = format!("{p}{q}");
    let defect = assert_defect(&[(family, ""), (&upgrade, "")], "replicated-failure 002:7");
    let upgrade = format!("{}{q}", fixed(&defect, &p));
    let defect = assert_defect(&[(family, ""), (&upgrade, "")], "replicated-failure 002:17");
    assert!(defect.help_text().contains("DELETE FROM d;"), "{defect}");
}

#[test]
fn parent_that_is_gone_is_dropped_last() {
    let family = "CREATE TABLE p (id INTEGER PRIMARY KEY);
        CREATE TABLE c (id INTEGER PRIMARY KEY, p_id INTEGER REFERENCES p (id) ON DELETE CASCADE);";
    let header = "@destroys c.p_id it is a test\n@destroys p it is a test\n";
    let upgrade = format!("{header}DROP TABLE p; ALTER TABLE c DROP COLUMN p_id;");
    let defect = assert_defect(&[(family, ""), (&upgrade, "")], "replicated-loss 002:7");
    assert!(
        defect
            .help_text()
            .starts_with("move this statement to the end of the script"),
        "{defect}"
    );
    let upgrade = format!("{header}ALTER TABLE c DROP COLUMN p_id; DROP TABLE p;");
    assert_proven(&[(family, ""), (&upgrade, "")]);
}

#[test]
fn rows_of_a_full_text_index_keep_their_rowids() {
    let family = "CREATE TABLE p (id INTEGER PRIMARY KEY);
        CREATE TABLE c (id TEXT NOT NULL PRIMARY KEY, t TEXT, p_id INTEGER REFERENCES p (id));
        CREATE VIRTUAL TABLE search USING fts5 (t, content = 'c');";
    let upgrade = "CREATE TABLE p_new (id INTEGER PRIMARY KEY, name TEXT);
        INSERT INTO p_new (id) SELECT id FROM p;
        DROP TABLE p;
        ALTER TABLE p_new RENAME TO p;";
    let defect = assert_defect(&[(family, ""), (upgrade, "")], "replicated-failure 002:7");
    assert_proven(&[(family, ""), (&fixed(&defect, upgrade), "")]);
}

#[test]
fn trigger_of_a_child_does_not_see_the_rows_that_are_put_aside() {
    let family = format!(
        "{}\nCREATE TRIGGER kept BEFORE DELETE ON c BEGIN SELECT RAISE(ABORT, 'kept'); END;",
        family("CASCADE", false)
    );
    let upgrade = rebuild_by_copy("CASCADE", false);
    let found = defects(&[(&family, ""), (&upgrade, "")]);
    assert_eq!(found.len(), 1, "{}", shown(&found));
    assert_proven(&[(&family, ""), (&fixed(&found[0], &upgrade), "")]);
}

#[test]
fn replaced_row_of_a_tree_loses_the_reference_to_it() {
    let tree = "CREATE TABLE p (id INTEGER PRIMARY KEY, name TEXT,
        up INTEGER REFERENCES p (id) ON DELETE SET NULL);";
    let replace = "INSERT OR REPLACE INTO p SELECT id, name, up FROM p ORDER BY id;";
    assert_defect(&[(tree, ""), (replace, "")], "replicated-loss 002:5");
}

#[test]
fn change_of_a_key_cascades_only_with_foreign_keys() {
    let family = "CREATE TABLE p (id INTEGER PRIMARY KEY);
        CREATE TABLE c (id INTEGER PRIMARY KEY, p_id INTEGER REFERENCES p (id) ON UPDATE CASCADE);";
    let upgrade = "UPDATE p SET id = -id; UPDATE c SET p_id = -p_id;";
    let defect = assert_defect(&[(family, ""), (upgrade, "")], "replicated-failure 002:5");
    let [before, after] = asides(&defect, "before this statement", "after this statement");
    let upgrade = format!("{before}UPDATE p SET id = -id;\n{after}UPDATE c SET p_id = -p_id;");
    assert_proven(&[(family, ""), (&upgrade, "")]);
}

#[test]
fn downgrade_is_judged_with_foreign_keys() {
    let family = family("CASCADE", false);
    let downgrade = rebuild_by_copy("CASCADE", false);
    let found = defects(&[
        (&family, ""),
        ("CREATE TABLE t (a);", &format!("DROP TABLE t; {downgrade}")),
    ]);
    assert_eq!(found.len(), 1, "{}", shown(&found));
    assert_eq!(found[0].kind().name(), "replicated-loss");
    assert!(
        found[0]
            .title()
            .contains("the downgrade of 002 loses all rows of `c`"),
        "{}",
        found[0]
    );
}

const TAGS: (&str, &str) = (
    "CREATE TABLE notes (id INTEGER PRIMARY KEY, title TEXT, tag TEXT);
     CREATE TABLE tags (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT);",
    "DROP TABLE tags; DROP TABLE notes;",
);

#[test]
fn statement_that_depends_on_the_order_of_rows_is_rejected() {
    for upgrade in [
        "INSERT INTO tags (name) SELECT title FROM notes;",
        "UPDATE notes SET tag = (SELECT name FROM tags LIMIT 1);",
        "UPDATE notes SET tag = (SELECT group_concat(name) FROM tags);",
        "UPDATE notes SET tag = t.name FROM tags AS t WHERE t.name <> notes.title;",
        "CREATE TABLE firsts (id INTEGER PRIMARY KEY, name TEXT);
         INSERT INTO firsts SELECT id, name FROM tags LIMIT 2;",
    ] {
        let found = defects(&[TAGS, (upgrade, "")]);
        let kinds: Vec<_> = found.iter().map(|defect| defect.kind().name()).collect();
        assert_eq!(kinds, ["replicated-order"], "{upgrade}\n{}", shown(&found));
    }
}

#[test]
fn statement_with_an_order_of_rows_is_accepted() {
    for upgrade in [
        "INSERT INTO tags (name) SELECT title FROM notes ORDER BY id;",
        "UPDATE notes SET tag = (SELECT name FROM tags ORDER BY id LIMIT 1);",
        "UPDATE notes SET tag = (SELECT group_concat(name) FROM (SELECT name FROM tags ORDER BY id));",
        "UPDATE notes SET tag = t.name FROM tags AS t WHERE t.id = notes.id;",
        "INSERT INTO tags (id, name) SELECT id + 1000000, title FROM notes;",
        "CREATE TABLE words (word TEXT PRIMARY KEY);
         INSERT INTO words SELECT DISTINCT title FROM notes WHERE title IS NOT NULL;",
    ] {
        assert_proven(&[TAGS, (upgrade, "")]);
    }
}

#[test]
fn locked_revision_is_proven_for_a_cluster() {
    let family = family("CASCADE", false);
    let upgrade = rebuild_by_copy("CASCADE", false);
    let directory = Directory::of(&[(&family, ""), (&upgrade, "")]);
    directory.lock(&["001", "002"]);
    let found = defects_after(&directory, None);
    assert_eq!(found.len(), 1, "{}", shown(&found));
    assert_eq!(
        found[0].help_text(),
        "the revision is locked: if 002 has run on a single machine only, write `replicated = \"002\"`"
    );
    assert!(defects_after(&directory, Some("002")).is_empty());
}

#[test]
fn earlier_branch_is_not_taken_for_an_ancestor() {
    let steps = [
        NOTES,
        ("@revises 001\nCREATE TABLE a (a);", "DROP TABLE a;"),
        (
            "@revises 001\nCREATE TABLE b (b DEFAULT CURRENT_DATE); DROP TABLE b;",
            "",
        ),
        ("@revises 002 003\nCREATE TABLE d (d);", "DROP TABLE d;"),
    ];
    let directory = Directory::of(&steps);
    assert_eq!(defects_after(&directory, Some("002")).len(), 1);
    assert_eq!(defects_after(&directory, Some("003")).len(), 0);
    assert_eq!(defects_after(&directory, Some("004")).len(), 0);
}
