//! Schemas after ALTER, compared with direct definitions.

use revchain_core::schema::diff;
use revchain_runtime::rusqlite::version_number;

use super::schema;

/// Asserts that ALTER statements result in the same schema as direct definitions.
fn assert_same_as(before: &str, alter: &str, after: &str) {
    let (altered, normal_form) = (schema(&format!("{before}; {alter}")), schema(after));
    assert_eq!(diff(&normal_form, &altered).to_string(), "", "{alter}");
    assert_eq!(normal_form.fingerprint(), altered.fingerprint(), "{alter}");
    let [normal_form, altered] = [normal_form, altered].map(|schema| schema.to_sql());
    assert_eq!(
        normal_form.to_lowercase(),
        altered.to_lowercase(),
        "{alter}"
    );
}

/// Returns a schema of a table with an index, a view, a trigger, a parent and a child.
fn shop(table: &str, id: &str, name: &str, price: &str) -> String {
    format!(
        "CREATE TABLE kinds (kind TEXT PRIMARY KEY);
         CREATE TABLE {table} (
             {id} INTEGER PRIMARY KEY, -- the number
             {name} TEXT NOT NULL UNIQUE CHECK ({name} <> ''),
             kind TEXT DEFAULT 'x' REFERENCES kinds (kind) ON DELETE SET NULL,
             {price} INTEGER CONSTRAINT dear CHECK ({price} > 0 AND {table}.{price} < 1000),
             CONSTRAINT pair UNIQUE ({name}, {price})
         );
         CREATE INDEX by_price ON {table} ({price} DESC, lower({name})) WHERE {name} <> \"none\";
         CREATE TABLE parts (part INTEGER PRIMARY KEY, thing INTEGER REFERENCES {table} ({id}), {name} TEXT);
         CREATE VIEW cheap AS SELECT t.{name}, {price} AS cost FROM {table} AS t JOIN parts ON thing = t.{id} WHERE t.kind = 'x';
         CREATE TRIGGER new_thing AFTER UPDATE OF {name}, {price} ON {table} WHEN new.{price} > old.{price} BEGIN
             INSERT INTO parts (thing) SELECT {id} FROM {table} WHERE {table}.{name} = new.{name};
             UPDATE {table} SET {price} = 2 WHERE {id} = new.{id};
         END"
    )
}

#[test]
fn renamed_schema_equals_a_direct_definition() {
    let before = shop("things", "id", "name", "price");
    for (alter, after) in [
        ("ALTER TABLE things RENAME TO goods", shop("goods", "id", "name", "price")),
        ("ALTER TABLE things RENAME TO \"the goods\"", shop("\"the goods\"", "id", "name", "price")),
        ("ALTER TABLE things RENAME TO \"order\"", shop("\"order\"", "id", "name", "price")),
        ("ALTER TABLE things RENAME TO 'key'", shop("key", "id", "name", "price")),
        ("ALTER TABLE things RENAME COLUMN id TO number", shop("things", "number", "name", "price")),
        ("ALTER TABLE things RENAME id TO \"group\"", shop("things", "\"group\"", "name", "price")),
        ("ALTER TABLE things RENAME price TO [in cents]", shop("things", "id", "name", "[in cents]")),
        ("ALTER TABLE things RENAME price TO Preis", shop("things", "id", "name", "preis")),
        ("ALTER TABLE things RENAME price TO \"cents\"", shop("things", "id", "name", "cents")),
        (
            "ALTER TABLE things RENAME name TO label; ALTER TABLE parts RENAME name TO label",
            shop("things", "id", "label", "price"),
        ),
        (
            "ALTER TABLE things RENAME TO goods; ALTER TABLE goods RENAME id TO i; ALTER TABLE goods RENAME TO things;
             ALTER TABLE things RENAME COLUMN i TO id",
            before.clone(),
        ),
    ] {
        assert_same_as(&before, alter, &after);
    }
}

#[test]
fn table_renamed_to_a_keyword_equals_a_direct_definition() {
    let table = |name: &str| {
        format!(
            "CREATE TABLE {name} (a); CREATE TRIGGER g AFTER INSERT ON {name} BEGIN INSERT INTO {name} (a) SELECT 1; END"
        )
    };
    for keyword in [
        "key", "view", "temp", "action", "trigger", "replace", "plan", "match",
    ] {
        assert_same_as(
            &table("x"),
            &format!("ALTER TABLE x RENAME TO \"{keyword}\""),
            &table(keyword),
        );
    }
}

/// A table, a column to add, and the resulting table.
const ADDED_COLUMNS: &[(&str, &str, &str)] = &[
    ("t (a PRIMARY KEY)", "b", "t (a PRIMARY KEY, b)"),
    (
        "t (a PRIMARY KEY -- last\n)",
        "b TEXT /* new */",
        "t (a PRIMARY KEY, b TEXT)",
    ),
    (
        "t (a PRIMARY KEY /* x */ )",
        "COLUMN b TEXT NOT NULL DEFAULT 'x'",
        "t (a PRIMARY KEY, b TEXT DEFAULT 'x' NOT NULL)",
    ),
    (
        "t (a, PRIMARY KEY (a))",
        "b CHECK (b > 0) COLLATE nocase",
        "t (a PRIMARY KEY, b COLLATE nocase, CHECK (b > 0))",
    ),
    (
        "t (a, CHECK (a > 0), PRIMARY KEY (a))",
        "b REFERENCES p ON DELETE CASCADE",
        "t (a, b REFERENCES p ON DELETE CASCADE, PRIMARY KEY (a), CHECK (a > 0))",
    ),
    (
        "t (a PRIMARY KEY) WITHOUT ROWID",
        "b INT DEFAULT (1)",
        "t (a PRIMARY KEY, b INT DEFAULT 1) WITHOUT ROWID",
    ),
    (
        "t (a INTEGER PRIMARY KEY) STRICT",
        "b ANY",
        "t (a INTEGER PRIMARY KEY, b ANY) STRICT",
    ),
    (
        "t (a PRIMARY KEY)",
        "b AS (a || 'x') VIRTUAL",
        "t (a PRIMARY KEY, b GENERATED ALWAYS AS (a || 'x'))",
    ),
    (
        "t (a PRIMARY KEY)",
        "\"b c\" 'long text' CONSTRAINT n CHECK (\"b c\" <> '')",
        "t (a PRIMARY KEY, [b c] LONG TEXT CONSTRAINT n CHECK ([b c] <> ''))",
    ),
];

#[test]
fn added_or_dropped_column_equals_a_direct_definition() {
    const REST: &str = "CREATE INDEX i ON t (a); CREATE VIEW v AS SELECT a FROM t;
        CREATE TRIGGER g AFTER INSERT ON t BEGIN UPDATE t SET a = 1; END; CREATE TABLE c (x REFERENCES t (a))";
    let with =
        |table: &str| format!("CREATE TABLE p (x PRIMARY KEY); CREATE TABLE {table}; {REST}");
    for (before, column, after) in ADDED_COLUMNS {
        assert_same_as(
            &with(before),
            &format!("ALTER TABLE t ADD {column}"),
            &with(after),
        );
        let name = column.trim_start_matches("COLUMN ");
        let name = if name.starts_with('"') {
            "[b c]"
        } else {
            &name[..1]
        };
        // SQLite cannot drop a column that a table constraint names.
        assert_same_as(
            &with(before),
            &format!("ALTER TABLE t ADD {column}; ALTER TABLE t DROP COLUMN {name}"),
            &with(before),
        );
    }
    for (before, after) in [
        ("t (a PRIMARY KEY, b, c)", "t (a PRIMARY KEY, c)"),
        (
            "t (b /* x */ TEXT, -- y\n a PRIMARY KEY, c)",
            "t (a PRIMARY KEY, c)",
        ),
        (
            "t (a, c, b CHECK (b > 0) NOT NULL, PRIMARY KEY (a))",
            "t (a PRIMARY KEY, c)",
        ),
        (
            "t (a, b DEFAULT ',)', c, PRIMARY KEY (a), CHECK (c > a))",
            "t (a, c, CHECK (c > a), PRIMARY KEY (a))",
        ),
        ("t (a PRIMARY KEY, c, b -- last\n)", "t (a PRIMARY KEY, c)"),
    ] {
        assert_same_as(&with(before), "ALTER TABLE t DROP b", &with(after));
    }
}

/// SQLite adds and drops constraints since version 3.53.
#[test]
fn altered_constraint_equals_a_direct_definition() {
    if version_number() < 3_053_000 {
        return;
    }
    let with = |table: &str| format!("CREATE TABLE {table}; CREATE INDEX i ON t (a)");
    for (before, alter, after) in [
        (
            "t (a, b)",
            "ADD CONSTRAINT n CHECK (a > b)",
            "t (a, b, CONSTRAINT n CHECK (a > b))",
        ),
        (
            "t (a, b -- x\n)",
            "ADD CHECK (a > b)",
            "t (a, b, CHECK (a > b))",
        ),
        (
            "t (a CONSTRAINT n CHECK (a), b)",
            "ALTER b SET NOT NULL",
            "t (a CONSTRAINT n CHECK (a), b NOT NULL)",
        ),
        (
            "t (a, b NOT NULL)",
            "ALTER COLUMN b DROP NOT NULL",
            "t (a, b)",
        ),
        (
            "t (a, b CONSTRAINT n CHECK (b) UNIQUE)",
            "DROP CONSTRAINT n",
            "t (a, b UNIQUE)",
        ),
        (
            "t (a, b, CONSTRAINT n CHECK (b), UNIQUE (a))",
            "DROP CONSTRAINT n",
            "t (a UNIQUE, b)",
        ),
    ] {
        assert_same_as(
            &with(before),
            &format!("ALTER TABLE t {alter}"),
            &with(after),
        );
    }
}
