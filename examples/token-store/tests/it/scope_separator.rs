//! Revision 004, which changes data: `notes:read` becomes `notes.read`.

use revchain::rusqlite::Connection;
use token_store::MIGRATIONS;

/// A database at 003, with these scopes.
fn database(scopes: &[Option<&str>]) -> Connection {
    let mut connection = Connection::open_in_memory().unwrap();
    MIGRATIONS.upgrade_to(&mut connection, "003").unwrap();
    for (id, scopes) in (0_i64..).zip(scopes) {
        connection
            .execute("INSERT INTO app_passwords VALUES (?1, X'00', 0, 0, ?2, NULL)", (id, scopes))
            .unwrap();
        connection
            .execute("INSERT INTO login_flow_sessions VALUES (?1, X'00', '', ?2, 0, 0)", (id, scopes))
            .unwrap();
    }
    connection
}

/// The scopes of the app passwords, which those of the login flow's sessions must equal.
fn scopes(connection: &Connection) -> Vec<Option<String>> {
    let read = |sql: &str| -> Vec<Option<String>> {
        let mut statement = connection.prepare(sql).unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    let scopes = read("SELECT scopes FROM app_passwords ORDER BY rowid");
    assert_eq!(read("SELECT requested_scopes FROM login_flow_sessions ORDER BY rowid"), scopes);
    scopes
}

fn text(scopes: &str) -> Option<String> {
    Some(scopes.to_owned())
}

#[test]
fn scopes_get_a_dot_and_get_their_colon_back() {
    let before = [Some(r#"["notes:read","openid"]"#), None, Some("not json")];
    let mut connection = database(&before);

    MIGRATIONS.upgrade_to(&mut connection, "004").unwrap();
    assert_eq!(scopes(&connection), [text(r#"["notes.read","openid"]"#), None, text("not json")]);

    MIGRATIONS.downgrade_to(&mut connection, "003").unwrap();
    assert_eq!(scopes(&connection), before.map(|scopes| scopes.map(str::to_owned)));
}

#[test]
fn an_empty_list_of_scopes_stays_one() {
    let mut connection = database(&[Some("[]")]);
    MIGRATIONS.upgrade(&mut connection).unwrap();
    assert_eq!(scopes(&connection), [text("[]")]);
}
