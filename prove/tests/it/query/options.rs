//! The arguments of a query: the revision, all rows, and the objects of the program.

use revchain_core::Defect;
use revchain_prove::{QueryRequest, check_query};

use super::{defects, library};
use crate::support::{Directory, T};

fn check(directory: &Directory, request: QueryRequest<'_>) -> Vec<String> {
    let check = check_query(&directory.0, &request, false);
    check.defects.iter().map(Defect::to_string).collect()
}

fn request(sql: &str) -> QueryRequest<'_> {
    QueryRequest {
        sql,
        ..QueryRequest::default()
    }
}

#[test]
fn query_is_for_the_revision() {
    let added = (
        "ALTER TABLE t ADD COLUMN c TEXT;",
        "ALTER TABLE t DROP COLUMN c;",
    );
    let directory = Directory::of(&[T, added]);
    let sql = "SELECT c FROM t";
    let at = |revision| {
        let request = QueryRequest {
            revision: Some(revision),
            ..request(sql)
        };
        check(&directory, request)
    };
    assert!(check(&directory, request(sql)).is_empty());
    assert!(at("002").is_empty());
    assert!(at("001")[0].contains("no such column: c"));
    assert!(at("003")[0].contains("the chain has no revision `003`"));
}

#[test]
fn all_rows_are_changed_on_request() {
    let directory = library();
    let all = |sql| {
        let request = QueryRequest {
            allows_all_rows: true,
            ..request(sql)
        };
        check(&directory, request)
    };
    assert!(all("DELETE FROM posts").is_empty());
    assert!(all("UPDATE users SET age = NULL").is_empty());
    for sql in ["DELETE FROM posts WHERE id = 1", "SELECT 1"] {
        assert!(all(sql)[0].contains("`all` allows nothing"), "{sql}");
    }
}

#[test]
fn objects_of_the_program_are_declared() {
    let directory = library();
    let call = "SELECT id FROM users WHERE fuzzy(name, ?1) > 0.5";
    let declared = QueryRequest {
        functions: &["fuzzy"],
        ..request(call)
    };
    assert!(check(&directory, request(call))[0].contains("sql!(function \"fuzzy\""));
    assert!(check(&directory, declared).is_empty());
    // A function of SQLite stays known to other queries.
    let lower = QueryRequest {
        functions: &["lower"],
        ..request("SELECT lower(name, 'de') FROM users")
    };
    assert!(check(&directory, lower).is_empty());
    assert!(defects(&directory, "SELECT lower(name) FROM users").is_empty());
    // The declaration is for one query.
    assert_eq!(check(&directory, request(call)).len(), 1);
    let order = "SELECT id FROM users ORDER BY name COLLATE german";
    let declared = QueryRequest {
        collations: &["german"],
        ..request(order)
    };
    assert!(check(&directory, request(order))[0].contains("sql!(collation \"german\""));
    assert!(check(&directory, declared).is_empty());
    let table = "SELECT value FROM split(?1)";
    let declared = QueryRequest {
        modules: &["split"],
        ..request(table)
    };
    assert_eq!(check(&directory, request(table)).len(), 1);
    assert!(check(&directory, declared).is_empty());
}

#[test]
fn declaration_of_a_query_is_unknown_to_others() {
    let directory = library();
    let order = "SELECT id FROM users ORDER BY name COLLATE swedish";
    let declared = QueryRequest {
        functions: &["tags"],
        collations: &["swedish"],
        ..request(order)
    };
    assert!(check(&directory, declared).is_empty());
    assert!(check(&directory, request(order))[0].contains("swedish"));
    let insert = "INSERT INTO tags (name) VALUES (?1)";
    assert!(check(&directory, request(insert)).is_empty());
}

#[test]
fn objects_that_a_migration_declares_are_known() {
    let directory = Directory::of(&[(
        "@function slug(1)\n@module vec0\nCREATE TABLE t (a TEXT, b TEXT AS (slug(a)));
             CREATE VIRTUAL TABLE v USING vec0(id INTEGER PRIMARY KEY, embedding FLOAT[4]);",
        "",
    )]);
    for sql in [
        "SELECT slug(a), b FROM t",
        "SELECT id, distance FROM v WHERE embedding MATCH ?1 AND k = 5 ORDER BY distance",
        "INSERT INTO v (id, embedding) VALUES (?1, ?2)",
    ] {
        assert!(defects(&directory, sql).is_empty(), "{sql}");
    }
}

#[test]
fn string_in_double_quotes_of_a_view_is_accepted() {
    let view = "CREATE TABLE t (a TEXT); CREATE VIEW v AS SELECT a FROM t WHERE a = \"x\";";
    let directory = Directory::of(&[(view, "")]);
    assert!(defects(&directory, "SELECT a AS \"b\" FROM v").is_empty());
}

#[test]
fn suggestions_are_names_of_the_schema() {
    let directory = library();
    for (sql, help) in [
        ("SELECT id FROM usres", "did you mean `users`?"),
        ("SELECT emial FROM users", "did you mean `email`?"),
        ("SELECT u.emial FROM users u", "did you mean `email`?"),
        ("SELECT x.email FROM users y", "did you mean `y.email`?"),
        (
            "SELECT u.id FROM users AS u WHERE users.id = 1",
            "did you mean `u.id`?",
        ),
        ("SELECT id FROM users WHRE id = 1", "did you mean `WHERE`?"),
        (
            "SELECT id FROM users INDEXED BY posts_by_user WHERE id = 1",
            "it is an index of another table",
        ),
        (
            "SELECT value FROM generate_seres(1, 2)",
            "did you mean `generate_series`?",
        ),
        (
            "SELECT value FROM split(?1)",
            "if the program registers it, say so: `sql!(module \"split\", \"…\")`",
        ),
        (
            "SELECT id FROM users u JOIN posts p ON p.user_id = u.id",
            "write `u.id` or `p.id`",
        ),
        (
            "SELECT 1 FROM users WHERE x.id = 1",
            "the query reads `users`, and no `x`",
        ),
        (
            "SELECT title FROM docs WHERE bdy = 'x'",
            "did you mean `body`?",
        ),
        (
            "UPDATE published SET title = ?1 WHERE id = ?2",
            "add an INSTEAD OF trigger",
        ),
        (
            "UPDATE posts SET word_count = ?1 WHERE id = ?2",
            "leave the column out",
        ),
        ("SELECT lowr(email) FROM users", "did you mean `lower`?"),
        ("SELCT id FROM users", "did you mean `SELECT`?"),
        (
            "SELECT substr(email) FROM users",
            "call `substr` with 2 or 3 arguments",
        ),
        (
            "SELECT id FROM users WHERE id = '5'",
            "write 5 without quotes",
        ),
        ("SELECT id FROM users WHERE name = 5", "write '5' in quotes"),
        (
            "INSERT INTO users (name) VALUES ('a')",
            "add `email` to the column list",
        ),
        (
            "SELECT id FROM users WHERE name <> NULL",
            "write `IS NOT NULL`",
        ),
    ] {
        let found = check(&directory, request(sql));
        assert_eq!(found.len(), 1, "{sql}");
        assert!(found[0].contains(help), "{}", found[0]);
    }
}

#[test]
fn failure_that_depends_on_rows_is_no_defect() {
    let directory = library();
    for sql in [
        "SELECT json_extract(name, '$.a') FROM users",
        "SELECT abs(-9223372036854775808 + 0 * id) FROM users",
        "INSERT INTO users (id, email) SELECT id, email FROM users",
        "INSERT INTO events (id, kind, at) SELECT kind, kind, at FROM events",
        "DELETE FROM guarded WHERE a > 0",
        "UPDATE users SET age = name WHERE id > 0",
    ] {
        assert!(defects(&directory, sql).is_empty(), "{sql}");
    }
}
