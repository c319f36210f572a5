//! The directive `@was`.

use revchain_core::{DefectKind, Tool};

use crate::support::{Directory, name, text};

/// Returns the text of a migration that revises `parents` and has these lines in its header.
fn with_was(parents: &str, lines: &[&str]) -> String {
    let revises = format!("@revises {parents}\n");
    let lines: String = lines.iter().map(|line| format!("-- {line}\n")).collect();
    text(parents).replace(&revises, &format!("{revises}{lines}"))
}

fn one(line: &str) -> Directory {
    Directory::of([(name(1, "001"), with_was("base", &[line]))])
}

#[test]
fn was_is_read_in_the_order_of_the_file() {
    let lines = [
        "@was sqlx:20240101000001",
        "@was user_version:6",
        "@was  sqlx: 0020240101000002  empty ",
        "@was knex:2024 add users.js",
        "@was alembic:00ab",
    ];
    let chain = Directory::of([(name(1, "001"), with_was("base", &lines))]).chain();
    let was = chain.head().unwrap().was();
    let found: Vec<_> = was
        .iter()
        .map(|was| (was.to_string(), was.is_empty))
        .collect();
    let expected = [
        ("sqlx:20240101000001", false),
        ("user_version:6", false),
        ("sqlx:20240101000002", true),
        ("knex:2024 add users.js", false),
        ("alembic:00ab", false),
    ];
    assert_eq!(
        found,
        expected.map(|(was, is_empty)| (was.to_owned(), is_empty))
    );
}

#[test]
fn malformed_was_shows_a_right_one_and_the_tools() {
    let form = "`-- @was sqlx:20240101000001`";
    let tools = "the tools are sqlx, refinery, diesel, alembic, ";
    for (line, position, title) in [
        ("@was", "3:4", "does not name a tool and a version"),
        ("@was sqlx 4", "3:9", "does not name a tool and a version"),
        ("@was sqlx:", "3:9", "`@was sqlx:` names no version"),
        ("@was diesel: ", "3:9", "`@was diesel:` names no version"),
        (
            "@was sqlx:4a",
            "3:9",
            "`4a` is not a version of sqlx: it records numbers",
        ),
        ("@was goose:-1", "3:9", "`-1` is not a version of goose"),
        ("@was goose:+1", "3:9", "`+1` is not a version of goose"),
        (
            "@was user_version:0",
            "3:9",
            "`0` is not a version of user_version",
        ),
        (
            "@was user_version:2147483648",
            "3:9",
            "is not a version of user_version",
        ),
        ("@was sqlx:empty", "3:9", "`empty` is not a version of sqlx"),
        ("@was sqll:4", "3:9", "did you mean `sqlx`?"),
        (
            "@was rusqlite_migration:4",
            "3:9",
            "did you mean `user_version`?",
        ),
        ("@was SQLX:4", "3:9", "did you mean `sqlx`?"),
    ] {
        let message = one(line).load().unwrap_err().to_string();
        assert!(message.starts_with("[malformed-directive] "), "{message}");
        let position = format!(".sql:{position}\n");
        for part in [&*position, title, form, tools] {
            assert!(message.contains(part), "no {part:?} in:\n{message}");
        }
    }
}

/// Diesel records the name of a directory without its dashes.
#[test]
fn dashes_of_a_diesel_version_do_not_count() {
    for version in ["2024-01-05-093000", "20240105093000"] {
        let chain = one(&format!("@was diesel:{version}")).chain();
        assert_eq!(chain.head().unwrap().was()[0].version, "20240105093000");
    }
}

#[test]
fn every_tool_has_a_name_of_its_own() {
    for tool in Tool::ALL {
        assert_eq!(Tool::from_name(tool.name()), Some(*tool));
        let chain = one(&format!("@was {tool}:7")).chain();
        assert_eq!(chain.head().unwrap().was()[0].tool, *tool);
    }
}

#[test]
fn same_was_twice_in_a_file_is_a_duplicate_directive() {
    let lines = ["@was sqlx:4", "@was sqlx:04 empty"];
    let directory = Directory::of([(name(1, "001"), with_was("base", &lines))]);
    assert_eq!(directory.kinds(), [DefectKind::DuplicateDirective]);
}

#[test]
fn same_was_in_two_revisions_is_a_defect_of_the_second() {
    let directory = Directory::of([
        (
            name(1, "001"),
            with_was("base", &["@was sqlx:1", "@was refinery:1"]),
        ),
        (
            name(2, "002"),
            with_was("001", &["@was sqlx:2", "@was sqlx:01"]),
        ),
    ]);
    assert_eq!(directory.kinds(), [DefectKind::DuplicateWas]);
    let message = directory.load().unwrap_err().to_string();
    assert!(message.contains("20260102_1200_002_x.sql:4:9"), "{message}");
    assert!(message.contains("20260101_1200_001_x.sql"), "{message}");
    assert!(message.contains("001 has this line, too"), "{message}");
}
