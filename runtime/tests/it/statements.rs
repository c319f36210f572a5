//! The tokenizer and the statement splitter, compared with SQLite.

use fallible_iterator::FallibleIterator;
use proptest::prelude::*;
use revchain_core::sql::tokenizer::{Kind, statements, tokens};
use revchain_runtime::rusqlite::{Batch, Connection};

/// Returns the number of statements that SQLite finds. The tables `a` and `log` exist.
fn sqlite_count(sql: &str) -> usize {
    let connection = Connection::open_in_memory().unwrap();
    connection
        .execute_batch("CREATE TABLE a (b, c); CREATE TABLE log (x)")
        .unwrap();
    let mut batch = Batch::new(&connection, sql);
    let mut count = 0;
    while let Some(mut statement) = batch.next().unwrap() {
        count += 1;
        let mut rows = statement.raw_query();
        while rows.next().unwrap().is_some() {}
    }
    count
}

#[test]
fn statements_end_where_sqlite_ends_them() {
    for sql in [
        "SELECT 1; SELECT 2",
        "SELECT ';' ; -- ; \n SELECT \";\"; /* ; */ SELECT [b] FROM a AS \"x;y\"",
        "CREATE TRIGGER t AFTER INSERT ON a BEGIN INSERT INTO log VALUES (1); SELECT CASE WHEN 1 THEN 2 END; END; SELECT 1;",
        "CREATE TEMP TRIGGER t AFTER UPDATE OF b ON a WHEN new.b > 1 BEGIN DELETE FROM log; END",
        "CREATE TRIGGER IF NOT EXISTS \"end\" AFTER DELETE ON a BEGIN SELECT 1; /* ; END; */ SELECT 2; -- END;\n END; SELECT 1",
        "CREATE TABLE \"trigger\" (\"begin\" TEXT DEFAULT 'END;'); SELECT 1;",
        "EXPLAIN QUERY PLAN SELECT 1; EXPLAIN SELECT 2;",
        "CREATE VIEW v AS SELECT (SELECT (1)) AS x; WITH q(i) AS (SELECT 1) SELECT i FROM q;",
        "INSERT INTO a VALUES (x'3b', '''; SELECT 1;'), (1e-3, .5), (0x1F, 1_000);",
        "SELECT b ->> '$.x', b -> 'y', c << 2, ~c, c || 'x', c <> 1, c != 2, c == 3 FROM a;",
        ";;;",
        "",
    ] {
        // SQLite does not count empty statements either.
        assert_eq!(
            statements(sql, &tokens(sql)).len(),
            sqlite_count(sql),
            "{sql}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn token_that_sqlite_rejects_is_illegal(sql in r#"[-a-z0-9 '"`\[\]/*;:?$@#!<>=|&~.,()x_\n{}\\^]{1,12}"#) {
        let connection = Connection::open_in_memory().unwrap();
        let sql = format!("SELECT {sql}");
        let message = connection.prepare(&sql).err().map(|error| error.to_string()).unwrap_or_default();
        if message.contains("unrecognized token") {
            let unreadable = |kind| matches!(kind, Kind::Illegal | Kind::Unterminated(_));
            prop_assert!(tokens(&sql).iter().any(|token| unreadable(token.kind)), "{sql:?}: {message}");
        }
    }

    #[test]
    fn sql_that_sqlite_prepares_has_no_illegal_token(sql in r#"[-a-z0-9'"/*;.,()x_ \n+<>=|]{1,14}"#) {
        let connection = Connection::open_in_memory().unwrap();
        let sql = format!("SELECT {sql}");
        let found = tokens(&sql);
        // SQLite stops at the first semicolon, and accepts an unterminated comment.
        let one = !found.iter().any(|token| token.text(&sql) == ";" || token.text(&sql).starts_with("/*"));
        if one && connection.prepare(&sql).is_ok() {
            let unreadable = found.iter().find(|token| matches!(token.kind, Kind::Illegal | Kind::Unterminated(_)));
            prop_assert_eq!(unreadable, None, "{:?}", sql);
        }
    }
}
