//! The text of the proof's defects.

use std::collections::BTreeSet;

use revchain_prove::Scope;

use crate::support::Directory;

/// Control characters and invisible characters, as part of names.
const ODD: &str = "\u{1b}[2J\u{9b}\u{7f}\u{202e}\u{200b}\u{2028}\r\u{7}";

/// Returns the upgrade and the downgrade of the first revision, a table with an index.
fn first_revision() -> (String, String) {
    let n = ODD;
    let made = format!(
        "CREATE TABLE \"t{n}\" (a INTEGER PRIMARY KEY, \"c{n}\"); CREATE INDEX \"i{n}\" ON \"t{n}\" (\"c{n}\");"
    );
    let gone = format!("DROP TABLE \"t{n}\";");
    (made, gone)
}

/// Returns upgrades and downgrades of the second revision. Each has a defect.
fn second_revisions() -> Vec<(String, String)> {
    let n = ODD;
    let (made, gone) = first_revision();
    let rebuild = |copy: &str| {
        format!(
            "CREATE TABLE n (a INTEGER PRIMARY KEY, \"c{n}\"); {copy} DROP TABLE \"t{n}\"; ALTER TABLE n RENAME TO \"t{n}\";"
        )
    };
    let back = "SELECT 1;";
    vec![
        (
            format!("SELECT \"{n}\"; SELECT nothing(\"{n}\");"),
            back.to_owned(),
        ),
        (format!("SELECT * FROM \"t{n}x\";"), back.to_owned()),
        (
            format!("CREATE VIEW \"v{n}\" AS SELECT * FROM \"{n}\";"),
            format!("DROP VIEW \"v{n}\";"),
        ),
        (
            format!("CREATE TABLE \"x{n}\" (a);"),
            format!("CREATE TABLE \"y{n}\" (a CHECK (a <> '{n}'));"),
        ),
        (gone, made),
        (
            format!("@destroys \"{n}\" it is {n} gone\nCREATE TABLE x (a);"),
            "DROP TABLE x;".to_owned(),
        ),
        (
            format!(
                "CREATE TABLE \"k{n}\" (a REFERENCES \"p{n}\" (b)); INSERT INTO \"k{n}\" VALUES ('{n}');"
            ),
            format!("DROP TABLE \"k{n}\";"),
        ),
        (
            rebuild(&format!("INSERT INTO n (a) SELECT a FROM \"t{n}\";")),
            rebuild(""),
        ),
        (
            format!("@unproven {n}\nCREATE TABLE x (a);"),
            "DROP TABLE x;".to_owned(),
        ),
        (format!("CREATE TEMP TABLE \"m{n}\" (a);"), back.to_owned()),
        (
            format!("@compatible\nCREATE UNIQUE INDEX \"u{n}\" ON \"t{n}\" (\"c{n}\");"),
            format!("DROP INDEX \"u{n}\";"),
        ),
    ]
}

/// Each kind of defect that the proof finds appears with control characters in its names.
#[test]
fn control_characters_in_proof_messages_are_escaped() {
    let (made, gone) = first_revision();
    let mut seen = BTreeSet::new();
    for (upgrade, downgrade) in second_revisions() {
        // A line ending would end a directive of the header.
        let upgrade = match upgrade.split_once('\n') {
            Some((header, sql)) => format!("{}\n{sql}", header.replace(['\r', '\u{2028}'], "")),
            None => upgrade,
        };
        let directory = Directory::of(&[(&made, &gone), (&upgrade, &downgrade)]);
        let loaded = directory.prove(Scope::All);
        assert!(!loaded.defects.is_empty(), "{upgrade:?}");
        for defect in loaded.defects.iter() {
            seen.insert(defect.kind().name());
            let message = defect.to_string();
            let is_unseen = |c: &char| c.is_control() || !c.is_ascii() && ODD.contains(*c);
            let unseen: String = message
                .chars()
                .filter(|c| *c != '\n' && is_unseen(c))
                .collect();
            assert!(unseen.is_empty(), "{unseen:?} in {message:?}");
        }
    }
    assert_eq!(
        seen.into_iter().collect::<Vec<_>>(),
        [
            "destroys-nothing",
            "double-quoted-string",
            "downgrade-does-not-restore",
            "fails-on-rows",
            "foreign-key-violation",
            "forgotten-in-rebuild",
            "incompatible",
            "needlessly-unproven",
            "rows-lost",
            "sql-error",
            "undeclared-destruction",
        ]
    );
}
