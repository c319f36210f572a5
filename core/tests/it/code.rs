//! The directive `@code`, which names a function of the program.

use crate::support::Directory;
use revchain_core::{Chain, CodeLine, DefectKind, LoadedMigrations, Part, check_code};

const FILE: &str = "20260101_1200_001_x.sql";

/// Creates a directory with one revision whose upgrade has these lines.
fn with_upgrade(lines: &str) -> Directory {
    let text = format!(
        "-- Do something.\n-- @revises base\n\n-- @upgrade\n{lines}\n\n-- @downgrade\nSELECT 2;\n"
    );
    Directory::new().with(FILE, text)
}

/// Returns the parts of the upgrade: statements as written, and functions after `@`.
fn parts(chain: &Chain) -> Vec<String> {
    let text = |part| match part {
        Part::Statement(statement) => statement.sql().to_owned(),
        Part::Code(code) => format!("@{} {}", code.name(), code.is_on_rows()),
    };
    chain.revisions()[0].upgrade().parts().map(text).collect()
}

#[test]
fn parts_are_in_the_order_of_the_file() {
    let directory = with_upgrade(
        "-- @code first\nSELECT 1;\n  -- @code second on rows\n-- a comment\n\
         CREATE TRIGGER t AFTER INSERT ON x BEGIN SELECT 1; END;\nSELECT 3\n-- @code third",
    );
    let trigger = "CREATE TRIGGER t AFTER INSERT ON x BEGIN SELECT 1; END";
    let expected = [
        "@first false",
        "SELECT 1",
        "@second true",
        trigger,
        "SELECT 3",
        "@third false",
    ];
    let chain = directory.chain();
    assert_eq!(parts(&chain), expected);
    let lines: Vec<u32> = chain.revisions()[0]
        .code()
        .map(|code| code.line())
        .collect();
    assert_eq!(lines, [5, 7, 11]);
}

#[test]
fn script_of_code_alone_is_not_empty() {
    assert_eq!(
        parts(&with_upgrade("-- @code only").chain()),
        ["@only false"]
    );
}

#[test]
fn code_of_the_downgrade_belongs_to_the_downgrade() {
    let text = "-- Do something.\n-- @revises base\n-- @upgrade\n-- @code up\n-- @downgrade\n-- @code down\n";
    let chain = Directory::new().with(FILE, text).chain();
    let names: Vec<&str> = chain.revisions()[0]
        .code()
        .map(|code: CodeLine<'_>| code.name())
        .collect();
    assert_eq!(names, ["up", "down"]);
    assert_eq!(parts(&chain), ["@up false"]);
}

#[test]
fn code_changes_the_checksum() {
    let checksum = |lines| *with_upgrade(lines).chain().head().unwrap().checksum();
    let different = [
        checksum("SELECT 1; SELECT 2;"),
        checksum("SELECT 1;\n-- @code f\nSELECT 2;"),
        checksum("SELECT 1;\n-- @code g\nSELECT 2;"),
        checksum("SELECT 1;\n-- @code f on rows\nSELECT 2;"),
        checksum("SELECT 1;\n-- @code f\n-- @code f\nSELECT 2;"),
        checksum("SELECT 1; SELECT 2;\n-- @code f"),
    ];
    for (index, one) in different.iter().enumerate() {
        assert!(!different[..index].contains(one), "{index}");
    }
    let same = checksum("SELECT 1;\n\n  -- @code   f  \n-- comment\nSELECT 2;");
    assert_eq!(same, different[1]);
}

#[test]
fn wrong_code_line_is_one_defect() {
    let cases = [
        (
            "-- @code\nSELECT 1;",
            DefectKind::MalformedDirective,
            "names no function",
        ),
        (
            "-- @code 1st\nSELECT 1;",
            DefectKind::MalformedDirective,
            "`1st` is not the name",
        ),
        (
            "-- @code a::b\nSELECT 1;",
            DefectKind::MalformedDirective,
            "`a::b` is not the name",
        ),
        (
            "-- @code a b\nSELECT 1;",
            DefectKind::MalformedDirective,
            "`b` follows the name",
        ),
        (
            "SELECT 1\n-- @code a\n+ 2;",
            DefectKind::MisplacedDirective,
            "inside a statement",
        ),
        (
            "SELECT 1\n-- @code a\nSELECT 2;",
            DefectKind::MisplacedDirective,
            "inside a statement",
        ),
        (
            "SELECT 1;\n--@code a\nSELECT 2;",
            DefectKind::MalformedDirective,
            "not written as",
        ),
        (
            "SELECT 1;\n-- @coed a\nSELECT 2;",
            DefectKind::UnknownDirective,
            "`-- @code`?",
        ),
    ];
    for (lines, kind, part) in cases {
        let defects = with_upgrade(lines).load().unwrap_err();
        let message = defects.to_string();
        assert_eq!(
            defects
                .iter()
                .map(|defect| defect.kind())
                .collect::<Vec<_>>(),
            [kind],
            "{message}"
        );
        assert!(message.contains(part), "no {part:?} in:\n{message}");
    }
}

#[test]
fn code_in_the_header_is_misplaced() {
    let text = "-- Do something.\n-- @revises base\n-- @code f\n-- @upgrade\nSELECT 1;\n-- @downgrade\nSELECT 2;\n";
    let directory = Directory::new().with(FILE, text);
    assert_eq!(directory.kinds(), [DefectKind::MisplacedDirective]);
}

#[test]
fn functions_that_the_program_lacks_are_reported() {
    let directory = with_upgrade("-- @code encrypt_token\n-- @code known\n-- @code other");
    let mut loaded = LoadedMigrations::read(directory.path(), "migrations");
    let functions = ["known".to_owned(), "encrypt_tokens".to_owned()];
    assert!(check_code(&mut loaded, &functions));
    let message = loaded.into_chain().unwrap_err().to_string();
    for part in [
        "did you mean `-- @code encrypt_tokens`?",
        ".sql:5:1\n",
        "code = [crate::other]",
    ] {
        assert!(message.contains(part), "no {part:?} in:\n{message}");
    }
    assert!(!message.contains("`known`"), "{message}");
}
