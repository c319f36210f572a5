//! The statements that a migration must not contain.

use revchain_core::parse::parse;
use revchain_core::source::directory::File;
use revchain_core::sql::tokenizer::{statements, tokens};
use revchain_core::{Defect, DefectKind, DefectList};

use crate::support::{name, text};

/// Checks that each of the statements in `sql` has exactly the violation `expected`.
fn check_all(sql: &str, expected: Option<DefectKind>) {
    let tokens = tokens(sql);
    for statement in statements(sql, &tokens) {
        let span = statement[0].span.start..statement[statement.len() - 1].span.end;
        let file = File {
            name: name(1, "001"),
            path: name(1, "001"),
            bytes: Some(text("base").replace("SELECT 1", &sql[span.clone()]).into()),
        };
        let mut defects = DefectList::new();
        parse(&file, &mut defects);
        let kinds: Vec<DefectKind> = defects.iter().map(Defect::kind).collect();
        assert_eq!(kinds, Vec::from_iter(expected), "{}", &sql[span]);
    }
}

/// The pragmas that are allowed, separated by spaces.
const PRAGMAS: &str = "application_id user_version foreign_key_check integrity_check quick_check \
    incremental_vacuum optimize foreign_key_list index_info index_list index_xinfo \
    table_info table_list table_xinfo";

#[test]
fn transaction_control_is_forbidden() {
    let sql =
        "BEGIN; begin immediate; COMMIT; END; END TRANSACTION; ROLLBACK; SAVEPOINT a; RELEASE a";
    check_all(sql, Some(DefectKind::TransactionControl));
    let sql = "INSERT OR ROLLBACK INTO a VALUES (1);
        CREATE TRIGGER t AFTER INSERT ON a BEGIN SELECT RAISE(ROLLBACK, 'x'); END";
    check_all(sql, None);
}

#[test]
fn statements_outside_the_transaction_are_forbidden() {
    let sql = "VACUUM; vacuum into 'x'; ATTACH 'x' AS y; DETACH y;
        PRAGMA foreign_keys = OFF; PRAGMA main.journal_mode(wal); PRAGMA /* x */ \"journal_mode\";
        PRAGMA recursive_triggers = ON; PRAGMA writable_schema = 1; PRAGMA no_such_pragma;
        EXPLAIN PRAGMA recursive_triggers = 1; EXPLAIN QUERY PLAN PRAGMA recursive_triggers = 1";
    check_all(sql, Some(DefectKind::NotTransactional));
    let sql = "PRAGMA user_version = 3; PRAGMA main.application_id = 7; PRAGMA main.TABLE_LIST";
    check_all(sql, None);
    for pragma in PRAGMAS.split(' ') {
        check_all(&format!("PRAGMA {pragma}; PRAGMA main.{pragma}(a)"), None);
    }
}

#[test]
fn legacy_alter_table_help_says_what_to_do_instead() {
    let text = text("base").replace("SELECT 1", "PRAGMA legacy_alter_table = ON");
    let file = File {
        name: name(1, "001"),
        path: name(1, "001"),
        bytes: Some(text.into()),
    };
    let mut defects = DefectList::new();
    parse(&file, &mut defects);
    let help = defects.iter().next().unwrap().help_text();
    assert!(
        help.contains("drop it before and create it again at the end"),
        "{help}"
    );
}

#[test]
fn own_names_are_forbidden_in_any_quotes() {
    let sql = "DELETE FROM revchain_history; DROP TABLE IF EXISTS 'revchain_history';
        SELECT * FROM main.[REVCHAIN_HISTORY]; CREATE TABLE \"revchain_x\" (a);
        ALTER TABLE a RENAME TO `revchain_history`;
        INSERT INTO main.'revchain_history' VALUES (1);
        UPDATE OR REPLACE 'revchain_history' SET checksum = 'x';
        \u{feff}DROP TABLE \u{feff}revchain_history";
    check_all(sql, Some(DefectKind::OwnTable));
    let sql = "INSERT INTO a VALUES (1, 'revchain_history'); CREATE TABLE revchain (a);
        SELECT 1 -- revchain_history";
    check_all(sql, None);
}

/// SQLite reads the string as a name in each of these statements.
#[test]
fn own_names_are_forbidden_as_strings() {
    let sql = "DROP TABLE 'revchain_h'; DROP INDEX 'revchain_i'; DROP VIEW 'revchain_v';
        DROP TRIGGER 'revchain_t'; DROP INDEX IF EXISTS 'revchain_i';
        INSERT INTO 'revchain_h' DEFAULT VALUES; REPLACE INTO 'revchain_h' DEFAULT VALUES;
        DELETE FROM 'revchain_h'; SELECT * FROM a JOIN 'revchain_h'; SELECT 1 IN 'revchain_h';
        UPDATE 'revchain_h' SET a = ''; UPDATE OR IGNORE 'revchain_h' SET a = '';
        UPDATE OR FAIL 'revchain_h' SET a = ''; UPDATE OR ABORT 'revchain_h' SET a = '';
        UPDATE OR ROLLBACK 'revchain_h' SET a = ''; CREATE INDEX i ON 'revchain_h' (a);
        CREATE TRIGGER t AFTER INSERT ON 'revchain_h' BEGIN SELECT 1; END;
        CREATE TRIGGER t AFTER INSERT ON a BEGIN DELETE FROM 'revchain_h'; END;
        ALTER TABLE a RENAME TO 'revchain_h'; ALTER TABLE a RENAME 'revchain_a' TO b;
        CREATE TABLE a (b REFERENCES 'revchain_h' (a)); REINDEX 'revchain_h'; ANALYZE 'revchain_h'";
    check_all(sql, Some(DefectKind::OwnTable));
    check_all(
        "SELECT b IS DISTINCT FROM 'revchain_h' FROM a; 'revchain_h'",
        None,
    );
}

#[test]
fn bind_parameters_are_forbidden() {
    let sql = "SELECT ?; INSERT INTO a VALUES (:x); SELECT @a; SELECT $a";
    check_all(sql, Some(DefectKind::BindParameter));
    check_all("SELECT '?', \":a\"", None);
}
