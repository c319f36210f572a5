//! Revision 004, which changes data: `notes:read` becomes `notes.read`.

use revchain::rusqlite::Connection;
use token_store::MIGRATIONS;

/// Creates a database at 003 with these scopes.
fn database(scopes: &[Option<&str>]) -> Connection {
    let mut connection = Connection::open_in_memory().unwrap();
    MIGRATIONS
        .migrator()
        .upgrade_to(&mut connection, "003")
        .unwrap();
    for (id, scopes) in (0_i64..).zip(scopes) {
        connection
            .execute(
                "INSERT INTO app_passwords VALUES (?1, X'00', 0, 0, ?2, NULL)",
                (id, scopes),
            )
            .unwrap();
        connection
            .execute(
                "INSERT INTO login_flow_sessions VALUES (?1, X'00', '', ?2, 0, 0)",
                (id, scopes),
            )
            .unwrap();
    }
    connection
}

/// Returns the scopes of the app passwords, and asserts that the login sessions have the same.
fn scopes(connection: &Connection) -> Vec<Option<String>> {
    let read = |sql: &str| -> Vec<Option<String>> {
        let mut statement = connection.prepare(sql).unwrap();
        statement
            .query_map([], |row| row.get(0))
            .unwrap()
            .map(Result::unwrap)
            .collect()
    };
    let scopes = read("SELECT scopes FROM app_passwords ORDER BY rowid");
    assert_eq!(
        read("SELECT requested_scopes FROM login_flow_sessions ORDER BY rowid"),
        scopes
    );
    scopes
}

fn text(scopes: &str) -> Option<String> {
    Some(scopes.to_owned())
}

#[test]
fn upgrade_and_downgrade_convert_the_separator() {
    let before = [Some(r#"["notes:read","openid"]"#), None, Some("not json")];
    let mut connection = database(&before);

    MIGRATIONS
        .migrator()
        .upgrade_to(&mut connection, "004")
        .unwrap();
    assert_eq!(
        scopes(&connection),
        [text(r#"["notes.read","openid"]"#), None, text("not json")]
    );

    MIGRATIONS
        .migrator()
        .downgrade_to(&mut connection, "003")
        .unwrap();
    assert_eq!(
        scopes(&connection),
        before.map(|scopes| scopes.map(str::to_owned))
    );
}

#[test]
fn empty_list_of_scopes_stays_empty() {
    let mut connection = database(&[Some("[]")]);
    MIGRATIONS.upgrade(&mut connection).unwrap();
    assert_eq!(scopes(&connection), [text("[]")]);
}
