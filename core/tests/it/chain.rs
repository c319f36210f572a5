//! Loading a directory: the chain, or every defect.

use crate::support::{Directory, ids, name, positions, revisions, text};
use revchain_core::load::load;
use revchain_core::model::checksum;
use revchain_core::model::revision::Proven;
use revchain_core::schema::{SchemaSql, SchemaSqlHash};
use revchain_core::source::directory::{self, MAX_FILE_SIZE};
use revchain_core::{
    Chain, Defect, DefectKind, DefectList, Downgrade, Revision, RevisionIndex, RevisionSet,
    SchemaMatch,
};

const NOTES: &str = "-- Create the notes.\n-- @revises base\n\n-- @upgrade\nCREATE TABLE notes (id INTEGER, body TEXT);\nCREATE INDEX idx_notes ON notes (body);\n\n-- @downgrade\nDROP TABLE notes;\n";

/// Creates a directory with one file.
fn one(text: impl AsRef<[u8]>) -> Directory {
    Directory::new().with("20260101_1200_001_x.sql", text)
}

fn checksum_of(text: impl AsRef<[u8]>) -> [u8; 32] {
    *one(text).chain().head().unwrap().checksum()
}

fn chain_checksum(chain: &Chain) -> [u8; 32] {
    *chain.head().unwrap().chain_checksum()
}

/// Returns the whole message of the only defect.
fn message(directory: &Directory) -> String {
    let defects = directory.load().unwrap_err();
    assert_eq!(defects.iter().count(), 1, "{defects}");
    defects.to_string()
}

#[test]
fn file_is_read_as_a_revision() {
    let text = "-- Add scopes.\n-- More about it.\n-- @revises base\n-- @destroys old nobody used it\n-- @destroys \"a b\".c it was empty\n\n-- @upgrade\nSELECT 1;\nSELECT 2\n\n-- @downgrade\n-- Back.\nSELECT 3;\n";
    let chain = Directory::new()
        .with("20260227_1830_0a3_add_scopes.sql", text)
        .chain();
    let revision = chain.head().unwrap();
    assert_eq!(revision.id(), "0a3");
    assert_eq!(revision.revises().count(), 0);
    assert_eq!(revision.summary(), "Add scopes.");
    assert_eq!(format!("{:#}", revision.date()), "2026-02-27 18:30");
    assert_eq!(
        revision.path(),
        "migrations/20260227_1830_0a3_add_scopes.sql"
    );
    let statements: Vec<_> = revision
        .upgrade()
        .statements()
        .map(|statement| statement.sql())
        .collect();
    assert_eq!(statements, ["SELECT 1", "SELECT 2"]);
    let Downgrade::Sql(downgrade) = revision.downgrade() else {
        panic!("it has one")
    };
    assert_eq!(downgrade.sql(), "-- Back.\nSELECT 3;");
    let snippet = downgrade.statements().next().unwrap().snippet(None);
    assert_eq!((snippet.line(), snippet.column()), (13, 1));
    let destroys: Vec<_> = revision
        .destroys()
        .iter()
        .map(|d| (&*d.table, d.column.as_deref(), &*d.reason))
        .collect();
    assert_eq!(
        destroys,
        [
            ("old", None, "nobody used it"),
            ("a b", Some("c"), "it was empty")
        ]
    );
}

#[test]
fn irreversible_revision_keeps_its_reason() {
    let text =
        "-- Hash.\n-- @revises base\n-- @irreversible the texts are gone\n-- @upgrade\nSELECT 1;\n";
    let chain = one(text).chain();
    let downgrade = chain.head().unwrap().downgrade();
    assert_eq!(
        *downgrade,
        Downgrade::Irreversible("the texts are gone".into())
    );
}

#[test]
fn known_other_files_are_ignored() {
    let chain = revisions(&[("001", "base")])
        .with("README.md", "-- @upgrade")
        .with(".hidden.sql", "?")
        .with_folder(".git")
        .chain();
    assert_eq!(ids(&chain), ["001"]);
}

#[test]
fn unknown_files_are_rejected() {
    let directory = revisions(&[("001", "base")])
        .with("notes.txt", "")
        .with("002_x.sql~", "")
        .with("20260102_1200_002_x.SQL", text("001"))
        .with_folder("old")
        .with_folder("20260103_1200_003_x.sql");
    assert_eq!(
        directory.kinds(),
        [
            DefectKind::StrayFile,
            DefectKind::BadFileName,
            DefectKind::StrayFile,
            DefectKind::StrayFile,
            DefectKind::StrayFile
        ]
    );
}

#[test]
fn formatting_does_not_change_the_checksum() {
    let same = checksum_of(NOTES);
    for (case, text) in [
        ("line ends", NOTES.replace('\n', "\r\n")),
        ("old line ends", NOTES.replace('\n', "\r")),
        ("a byte-order mark", format!("\u{feff}{NOTES}")),
        ("both", format!("\u{feff}{}", NOTES.replace('\n', "\r\n"))),
        (
            "white space",
            NOTES
                .replace("notes (", "notes\n\t\u{c} (")
                .replace(";\n", " ;  \n\n"),
        ),
        (
            "comments",
            NOTES
                .replace("notes (", "notes /* ; */ ( -- ; '\n")
                .replace("DROP", "-- Back.\nDROP"),
        ),
        ("the summary", NOTES.replace("Create the notes", "Notes")),
        (
            "stray semicolons",
            NOTES
                .replace("CREATE INDEX", ";;CREATE INDEX")
                .replace("DROP", ";DROP"),
        ),
        ("no last semicolon", NOTES.replace("notes;\n", "notes")),
    ] {
        assert_eq!(checksum_of(text), same, "{case}");
    }
}

#[test]
fn meaning_changes_the_checksum() {
    let before = checksum_of(NOTES);
    for (case, text) in [
        ("a token", NOTES.replace("body TEXT", "body BLOB")),
        (
            "the case of a token",
            NOTES.replace("body TEXT", "body text"),
        ),
        (
            "where a token ends",
            NOTES.replace("idx_notes", "idx _notes"),
        ),
        ("a statement more", NOTES.replace("DROP", "SELECT 1; DROP")),
        (
            "where a statement ends",
            NOTES.replace("CREATE INDEX", ";CREATE;INDEX"),
        ),
        (
            "the downgrade",
            NOTES.replace("DROP TABLE", "DROP TABLE IF EXISTS"),
        ),
        (
            "the script of a statement",
            NOTES
                .replace("-- @downgrade\n", "")
                .replace("CREATE I", "-- @downgrade\nCREATE I"),
        ),
        (
            "reversible or not",
            NOTES
                .split("-- @downgrade")
                .next()
                .unwrap()
                .replace("-- @revises", "-- @irreversible no\n-- @revises"),
        ),
        (
            "white space in a string",
            NOTES.replace("body TEXT", "body TEXT DEFAULT ' '"),
        ),
    ] {
        assert_ne!(checksum_of(text), before, "{case}");
    }
    let other_id = Directory::new()
        .with("20260101_1200_002_x.sql", NOTES)
        .chain();
    assert_ne!(*other_id.head().unwrap().checksum(), before, "the id");
    let other_name = Directory::new()
        .with("20260202_0000_001_other.sql", NOTES)
        .chain();
    assert_eq!(
        *other_name.head().unwrap().checksum(),
        before,
        "neither the date nor the slug"
    );
}

#[test]
fn parent_order_changes_the_checksum() {
    let under = |parents| {
        let chain = revisions(&[
            ("001", "base"),
            ("002", "001"),
            ("003", "001"),
            ("004", parents),
        ])
        .load();
        chain.map(|chain| *chain.head().unwrap().checksum())
    };
    assert_ne!(under("002 003").unwrap(), under("003 002").unwrap());
}

#[test]
fn ancestor_edit_changes_the_chain_checksum() {
    let before = revisions(&[("001", "base"), ("002", "001"), ("003", "002")]).chain();
    let after = revisions(&[("001", "base"), ("002", "001"), ("003", "002")])
        .with(
            &name(1, "001"),
            text("base").replace("SELECT 1", "SELECT 10"),
        )
        .chain();
    let own = |chain: &Chain| *chain.head().unwrap().checksum();
    assert_eq!(own(&before), own(&after));
    assert_ne!(chain_checksum(&before), chain_checksum(&after));
    assert_ne!(chain_checksum(&before), own(&before));
}

/// Existing databases store these checksums. A changed checksum would reject all of them.
#[test]
fn checksums_are_pinned() {
    let first = "-- A.\n-- @revises base\n-- @irreversible no\n-- @upgrade\nCREATE TABLE a(b); -- c\nINSERT INTO a VALUES ('ä  b');;\n";
    let second =
        "-- B.\n-- @revises 001\n-- @upgrade\nDROP TABLE /* d */ a;\n-- @downgrade\nSELECT 1\n";
    let chain = Directory::of([(name(1, "001"), first), (name(2, "002"), second)]).chain();
    let checksums = |revision: &Revision| {
        (
            checksum::hex(revision.checksum()),
            checksum::hex(revision.chain_checksum()),
        )
    };
    // Another program computed these SHA-256 sums. The module `checksum` documents their input.
    let first = (
        "69140da246bfbed85bbabb067ceab9fca205a03c106e204b74cd805fd6bb70e1".to_owned(),
        "240b99fb65545493d6dbc329a84e8465569444363e3ab91056adcfa01e58b585".to_owned(),
    );
    let second = (
        "65af8ac1cd11300c46971b21a21f0ee184e91feb57ed51736a3012df3a3bf9b9".to_owned(),
        "f4dae62e562258bda90903ed20a9d7eba7d0e13fa62d397bf4f3694766ba5877".to_owned(),
    );
    assert_eq!(checksums(&chain.revisions()[0]), first);
    assert_eq!(checksums(&chain.revisions()[1]), second);
}

#[test]
fn revisions_are_ordered_by_parents_not_by_names() {
    let chain = revisions(&[("9", "base"), ("b", "9"), ("1", "b"), ("a", "1")]).chain();
    assert_eq!(ids(&chain), ["9", "b", "1", "a"]);
    assert_eq!(chain.index_of("1"), Some(RevisionIndex::new(2)));
    assert_eq!(chain.index_of("2"), None);
}

#[test]
fn same_minute_revisions_are_accepted() {
    let chain = Directory::of([
        ("20260101_1200_b_x.sql", text("base")),
        ("20260101_1200_a_x.sql", text("b")),
    ]);
    assert_eq!(ids(&chain.chain()), ["b", "a"]);
}

#[test]
fn merge_joins_two_branches() {
    let chain = revisions(&[
        ("001", "base"),
        ("002", "001"),
        ("003", "001"),
        ("004", "002"),
        ("005", "003 004"),
    ])
    .chain();
    assert_eq!(ids(&chain), ["001", "002", "003", "004", "005"]);
    assert_eq!(
        chain.head().unwrap().revises().collect::<Vec<_>>(),
        ["003", "004"]
    );
    let ancestry = |position| positions(&chain.ancestry(RevisionIndex::new(position)));
    assert_eq!(ancestry(3), [0, 1, 3]);
    assert_eq!(ancestry(4), [0, 1, 2, 3, 4]);
}

#[test]
fn empty_sections_are_accepted_in_a_merge_only() {
    let empty =
        |parents: &str| format!("-- Merge.\n-- @revises {parents}\n-- @upgrade\n-- @downgrade\n");
    let fork = || revisions(&[("001", "base"), ("002", "001"), ("003", "001")]);
    assert_eq!(fork().with(&name(4, "004"), empty("002 003")).kinds(), []);
    let child = revisions(&[("001", "base")]).with(&name(4, "004"), empty("001"));
    assert_eq!(
        child.kinds(),
        [DefectKind::EmptySection, DefectKind::EmptySection]
    );
}

#[test]
fn directive_inside_other_sql_is_ignored() {
    for hidden in [
        "SELECT '\n-- @downgrade\n';",
        "SELECT 1 AS \"\n-- @downgrade\n\";",
        "SELECT 1 AS `\n-- @downgrade\n`;",
        "SELECT 1 AS [\n-- @downgrade\n];",
        "SELECT 1 /*\n-- @downgrade\n*/;",
        "SELECT 1; -- @downgrade",
        "SELECT 1; /* */ -- @downgrade",
    ] {
        let directory = one(text("base").replace("SELECT 1;", hidden));
        let chain = directory
            .load()
            .unwrap_or_else(|defects| panic!("{hidden}: {defects}"));
        assert!(
            chain.head().unwrap().upgrade().sql().contains("@downgrade"),
            "{hidden}"
        );
    }
}

#[test]
fn indented_directive_is_read() {
    assert_eq!(one(text("base").replace("-- @", " \t-- @")).kinds(), []);
}

#[test]
fn block_keywords_are_not_transaction_control() {
    let trigger =
        "CREATE TRIGGER t AFTER INSERT ON a BEGIN\n  SELECT CASE 1 WHEN 1 THEN 2 END;\nEND;";
    assert_eq!(one(text("base").replace("SELECT 1;", trigger)).kinds(), []);
    assert_eq!(
        one(text("base").replace("SELECT 1;", "PRAGMA table_info(a);")).kinds(),
        []
    );
    assert_eq!(
        one(text("base").replace("SELECT 1;", "SELECT 'revchain_history', 'BEGIN;';")).kinds(),
        []
    );
}

#[test]
fn non_sqlite_whitespace_is_part_of_a_token() {
    let chain = one(text("base").replace("SELECT 1;\n", "SELECT a \u{a0}\n\n")).chain();
    let upgrade = chain.revisions()[0].upgrade();
    assert_eq!(
        upgrade.statements().next().unwrap().sql(),
        "SELECT a \u{a0}"
    );
}

#[test]
fn defects_are_reported_in_file_order() {
    let directory = revisions(&[("001", "base"), ("002", "001"), ("003", "002")])
        .with(
            &name(2, "002"),
            text("001").replace("SELECT 1;", "COMMIT; SELECT ?;\nVACUUM;"),
        )
        .with(
            &name(3, "003"),
            text("002").replace("-- Do something.\n", ""),
        )
        .with("20260104_1200_004_X.sql", text("003"))
        .with("a.txt", "");
    assert_eq!(
        directory.kinds(),
        [
            DefectKind::TransactionControl,
            DefectKind::BindParameter,
            DefectKind::NotTransactional,
            DefectKind::MissingSummary,
            DefectKind::BadFileName,
            DefectKind::StrayFile,
        ]
    );
}

#[test]
fn each_extra_head_is_one_defect() {
    let directory = revisions(&[
        ("001", "base"),
        ("002", "001"),
        ("003", "001"),
        ("004", "003"),
    ]);
    assert_eq!(
        message(&directory),
        "[multiple-heads] two revisions revise 001: only one can\n  \
         migrations/20260102_1200_002_x.sql\n  \
         migrations/20260103_1200_003_x.sql:2:13\n  |\n\
         2 | -- @revises 001\n  |             ^^^ 002 is the head since 2026-01-02\n\
         help: run `revchain rebase`, or make 003 revise 002\n\
         more: run `revchain explain multiple-heads`"
    );
    let merges = [
        ("001", "base"),
        ("002", "001"),
        ("003", "001"),
        ("004", "002 003"),
        ("005", "002 003"),
    ];
    assert_eq!(revisions(&merges).kinds(), [DefectKind::MultipleHeads]);
    let three = [
        ("001", "base"),
        ("002", "001"),
        ("003", "001"),
        ("004", "001"),
    ];
    assert_eq!(
        revisions(&three).kinds(),
        [DefectKind::MultipleHeads, DefectKind::MultipleHeads]
    );
}

#[test]
fn older_second_head_is_told_to_take_a_later_date() {
    let directory = Directory::of([
        (name(1, "001"), text("base")),
        (name(2, "002"), text("001")),
        (name(9, "009"), text("002")),
        (name(5, "005"), text("001")),
    ]);
    let more = "\nmore: run `revchain explain multiple-heads`";
    let help = "make 005 revise 009, and date its file 20260109_1200 or later";
    assert!(message(&directory).ends_with(&format!("{help}{more}")));
    let same_minute = Directory::of([
        (name(1, "001"), text("base")),
        (name(2, "002"), text("001")),
        (name(2, "003"), text("001")),
    ]);
    assert!(message(&same_minute).ends_with(&format!("make 003 revise 002{more}")));
}

#[test]
fn cycle_and_its_descendants_are_one_defect() {
    let circle = [
        ("001", "base"),
        ("002", "004"),
        ("003", "002"),
        ("004", "003"),
        ("005", "004"),
    ];
    let message = message(&revisions(&circle));
    assert!(
        message.starts_with("[cycle] revisions revise each other: 002 → 003 → 004 → 002\n"),
        "{message}"
    );
}

#[test]
fn cycle_is_shown_at_its_oldest_file() {
    let message = message(&revisions(&[
        ("001", "base"),
        ("002", "003"),
        ("003", "002"),
    ]));
    assert!(
        message.contains("\n  migrations/20260103_1200_003_x.sql\n"),
        "{message}"
    );
    assert!(
        message.contains("\n  migrations/20260102_1200_002_x.sql:2:13\n"),
        "{message}"
    );
}

#[test]
fn wrong_parent_is_marked_among_several() {
    let column = |directory: Directory| {
        let defects = directory.load().unwrap_err();
        defects.iter().next().unwrap().line_column().unwrap().1
    };
    assert_eq!(
        column(revisions(&[("001", "base"), ("002", "001 009")])),
        17
    );
    assert_eq!(
        column(revisions(&[("001", "base"), ("002", "001 002")])),
        17
    );
}

#[test]
fn date_before_parent_is_rejected() {
    let directory = Directory::of([
        (name(2, "001"), text("base")),
        (name(1, "002"), text("001")),
    ]);
    let message = message(&directory);
    assert!(
        message.starts_with("[dated-before-parent] 002 is dated 2026-01-01 12:00, before 001"),
        "{message}"
    );
    assert!(
        message.contains("date its file 20260102_1200 or later"),
        "{message}"
    );
}

#[test]
fn duplicate_revision_help_names_the_file_and_a_free_id() {
    let help = |ids: [&str; 3]| {
        let [first, second, third] = ids;
        let directory = Directory::of([
            (name(1, first), text("base")),
            (name(2, second), text(first)),
            (name(3, third), text(first)),
            (name(4, third), text(second)),
        ]);
        let defects = directory.load().unwrap_err();
        defects.iter().next().unwrap().help_text().to_owned()
    };
    assert_eq!(
        help(["001", "002", "009"]),
        "run `revchain rebase`, or give 20260104_1200_009_x.sql the id 010, and make it revise the revision \
         before it"
    );
    let without_number = help(["001", "002", "x"]);
    assert!(
        without_number.contains("or give 20260104_1200_x_x.sql another id, and"),
        "{without_number}"
    );
}

#[test]
fn unplaceable_file_causes_no_further_defects() {
    let child = |id: &str| (name(3, "003"), text(id));
    for (file, content, kind) in [
        ("2026-01-02_002_x.sql", text("001"), DefectKind::BadFileName),
        ("002_x.sql", text("001"), DefectKind::BadFileName),
        (
            "20260102_1200_002_X.sql",
            text("001"),
            DefectKind::BadFileName,
        ),
        ("20260230_1200_002_x.sql", text("001"), DefectKind::BadDate),
        (
            "20260102_1200_002_x.sql",
            text("002"),
            DefectKind::SelfParent,
        ),
        (
            "20260102_1200_002_x.sql",
            text("000"),
            DefectKind::UnknownParent,
        ),
        (
            "20260102_1200_002_x.sql",
            text("base"),
            DefectKind::MultipleRoots,
        ),
        (
            "20260102_1200_002_x.sql",
            text(""),
            DefectKind::MalformedDirective,
        ),
        (
            "20260102_1200_002_x.sql",
            text("001").replace("-- @revises 001\n", ""),
            DefectKind::MissingParent,
        ),
        (
            "20260102_1200_002_x.sql",
            String::new(),
            DefectKind::MissingSection,
        ),
    ] {
        let directory =
            Directory::of([(name(1, "001"), text("base")), child("002")]).with(file, content);
        assert_eq!(directory.kinds(), [kind], "{file}");
    }
    let binary =
        Directory::of([(name(1, "001"), text("base")), child("002")]).with(&name(2, "002"), [0xff]);
    assert_eq!(binary.kinds(), [DefectKind::NotUtf8]);
    let missing = Directory::of([(name(1, "001"), text("base")), child("009")])
        .with("002_x.sql", text("001"));
    assert_eq!(
        missing.kinds(),
        [DefectKind::BadFileName, DefectKind::UnknownParent],
        "009 is nowhere"
    );
}

#[cfg(unix)]
#[test]
fn unreadable_file_still_provides_its_revision() {
    let temp = tempfile::tempdir().unwrap();
    for (file, text) in [
        (name(1, "001"), text("base")),
        (name(3, "003"), text("002")),
    ] {
        std::fs::write(temp.path().join(file), text).unwrap();
    }
    std::os::unix::fs::symlink("nowhere", temp.path().join(name(2, "002"))).unwrap();
    let defects = load(temp.path(), "migrations").unwrap_err();
    let kinds: Vec<_> = defects.iter().map(|defect| defect.kind()).collect();
    assert_eq!(kinds, [DefectKind::UnreadableFile]);
}

#[test]
fn misread_directive_causes_no_further_defects() {
    let good = text("base");
    for (text, kind) in [
        (
            good.replace("@upgrade", "@upgarde"),
            DefectKind::UnknownDirective,
        ),
        (
            good.replace("@upgrade", "@up"),
            DefectKind::UnknownDirective,
        ),
        (
            good.replace("@downgrade", "@Downgrade"),
            DefectKind::UnknownDirective,
        ),
        (
            good.replace("@revises", "@revise"),
            DefectKind::UnknownDirective,
        ),
        (
            good.replace("-- @upgrade", "--@upgrade"),
            DefectKind::MalformedDirective,
        ),
        (
            good.replace("-- @revises", "---- @revises:"),
            DefectKind::MalformedDirective,
        ),
        (
            good.replace("-- @upgrade", "-- @upgrade now"),
            DefectKind::MalformedDirective,
        ),
        (
            good.replace("-- @revises base\n", "") + "-- @revises base\n",
            DefectKind::MisplacedDirective,
        ),
        (
            good.replace("SELECT 2;", "-- @irreversible it is gone"),
            DefectKind::MisplacedDirective,
        ),
        (
            good.replace("-- @upgrade\n", ""),
            DefectKind::MissingSection,
        ),
        (
            good.replace("-- @revises", "More about it.\n-- @revises"),
            DefectKind::SqlInHeader,
        ),
        (
            good.replace("-- Do something.", "-- Do it.\nAdd the user's notes."),
            DefectKind::SqlInHeader,
        ),
        (
            good.replace("-- Do", "/* Do"),
            DefectKind::UnterminatedComment,
        ),
        (
            good.replace("SELECT 1;", "SELECT 'a;"),
            DefectKind::UnterminatedString,
        ),
        (
            good.replace("SELECT 2;", "SELECT \"a;"),
            DefectKind::UnterminatedString,
        ),
    ] {
        assert_eq!(one(&text).kinds(), [kind], "{text}");
    }
}

/// Asserts that the first defect has this kind, and this position as `line:column ^^^`.
#[track_caller]
fn assert_marked(text: &str, kind: DefectKind, mark: &str) {
    let defects = one(text).load().unwrap_err();
    let defect = defects.iter().next().unwrap();
    let (line, column) = defect.line_column().unwrap();
    let carets = "^".repeat(defect.to_string().matches('^').count());
    let found = (defect.kind(), format!("{line}:{column} {carets}"));
    assert_eq!(found, (kind, mark.to_owned()), "{text:?}");
}

#[test]
fn defect_of_the_header_is_marked_at_its_position() {
    let good = text("base");
    let one_way = good.split("-- @downgrade").next().unwrap();
    for (text, kind, mark) in [
        (
            good.replace("base", "001 A2"),
            DefectKind::MalformedDirective,
            "2:17 ^^",
        ),
        (
            good.replace("base", "002 002"),
            DefectKind::MalformedDirective,
            "2:17 ^^^",
        ),
        (
            good.replace("base", "  base 002"),
            DefectKind::MalformedDirective,
            "2:15 ^^^^^^^^",
        ),
        (
            good.replace(" base", ""),
            DefectKind::MalformedDirective,
            "2:4 ^^^^^^^^",
        ),
        (
            good.replace("base\n", "base\n-- @revises base\n"),
            DefectKind::DuplicateDirective,
            "3:1 ^^^^^^^^^^^^^^^^",
        ),
        (
            one_way.replace("base\n", "base\n-- @irreversible\n"),
            DefectKind::MalformedDirective,
            "3:4 ^^^^^^^^^^^^^",
        ),
        (
            good.replace("base\n", "base\n-- @destroys\n"),
            DefectKind::MalformedDirective,
            "3:4 ^^^^^^^^^",
        ),
        (
            good.replace("base\n", "base\n-- @destroys a \n"),
            DefectKind::MalformedDirective,
            "3:14 ^",
        ),
        (
            good.replace("base\n", "base\n-- @destroys a(b gone\n"),
            DefectKind::MalformedDirective,
            "3:14 ^^^^^^^^",
        ),
    ] {
        assert_marked(&text, kind, mark);
    }
}

#[test]
fn defect_of_a_section_is_marked_at_its_position() {
    let good = text("base");
    for (text, kind, mark) in [
        (
            good.replace("@upgrade", "@upgrade now  "),
            DefectKind::MalformedDirective,
            "4:13 ^^^",
        ),
        (
            good.replace("SELECT 1;", "SELECT 1;\n-- @upgrade"),
            DefectKind::DuplicateSection,
            "6:1 ^^^^^^^^^^^",
        ),
        (
            good.replace("SELECT 1;", "SELECT 1;\n  -- @destroys a b"),
            DefectKind::MisplacedDirective,
            "6:6 ^^^^^^^^^",
        ),
        (
            good.replace("SELECT 2;", "-- nothing"),
            DefectKind::EmptySection,
            "7:1 ^^^^^^^^^^^^^",
        ),
        (
            good.replace("SELECT 2;", "SELECT 2;\n-- @x"),
            DefectKind::UnknownDirective,
            "9:4 ^^",
        ),
        (
            good.replace("SELECT 2;", "SELECT 'a;"),
            DefectKind::UnterminatedString,
            "8:8 ^",
        ),
        (
            good.replace("SELECT 2;", "SELECT /* a;"),
            DefectKind::UnterminatedComment,
            "8:8 ^^",
        ),
        (
            good.replace("SELECT 2;", "SELECT \\ a, \\;"),
            DefectKind::InvalidToken,
            "8:8 ^",
        ),
        (
            good.replace("SELECT 2;", "SELECT 'ä\0';"),
            DefectKind::InvalidToken,
            "8:10 ^^^^^",
        ),
        (
            good.replace("SELECT 2;", "SELECT 2; COMMIT;"),
            DefectKind::TransactionControl,
            "8:11 ^^^^^^",
        ),
    ] {
        assert_marked(&text, kind, mark);
    }
}

#[test]
fn missing_part_is_reported_alone() {
    let good = text("base");
    let no_downgrade = good.split("-- @downgrade").next().unwrap();
    let one_way = no_downgrade.replace("-- @upgrade", "-- @irreversible no\n-- @upgrade");
    for (text, kinds) in [
        (no_downgrade.to_owned(), vec![DefectKind::MissingSection]),
        (
            good.replace("-- @upgrade\nSELECT 1;\n", ""),
            vec![DefectKind::MissingSection],
        ),
        (
            "-- Do.\n-- @revises base\n".to_owned(),
            vec![DefectKind::MissingSection, DefectKind::MissingSection],
        ),
        (
            good.replace("-- Do something.\n", "-- ---\n"),
            vec![DefectKind::MissingSummary],
        ),
        (
            "-- @revises base\n-- @downgrade\nSELECT 1;\n".to_owned(),
            vec![DefectKind::MissingSummary, DefectKind::MissingSection],
        ),
        (
            "-- @revises base\n-- @upgrade\nSELECT 'a\n".to_owned(),
            vec![DefectKind::MissingSummary, DefectKind::UnterminatedString],
        ),
        (one_way.clone(), vec![]),
        (
            one_way + "-- @downgrade\nSELECT 2;\n",
            vec![DefectKind::ReversibleAndNot],
        ),
        (
            good.replace("SELECT 1;", "SELECT 1;\n-- @irreversible no"),
            vec![DefectKind::MisplacedDirective],
        ),
    ] {
        assert_eq!(one(&text).kinds(), kinds, "{text}");
    }
}

#[test]
fn empty_section_help_names_the_missing_sql() {
    let help = |empty: &str| {
        let defects = one(text("base").replace(empty, "")).load().unwrap_err();
        defects.iter().next().unwrap().help_text().to_owned()
    };
    assert_eq!(help("SELECT 1;"), "write the SQL that upgrades");
    assert!(help("SELECT 2;").starts_with("write the SQL that reverts the upgrade, or say"));
}

#[test]
fn duplicate_destroys_directive_is_rejected() {
    let with =
        |destroys: &str| one(text("base").replace("base\n", &format!("base\n{destroys}"))).kinds();
    assert_eq!(
        with("-- @destroys a x\n-- @destroys a.b x\n-- @destroys c.b x\n-- @destroys c.d x\n"),
        []
    );
    assert_eq!(
        with("-- @destroys a x\n-- @destroys A y\n"),
        [DefectKind::DuplicateDirective]
    );
    assert_eq!(
        with("-- @destroys a.b x\n-- @destroys A.\"B\" y\n"),
        [DefectKind::DuplicateDirective]
    );
}

#[test]
fn destroys_reason_may_begin_with_a_dot() {
    let chain = one(text("base").replace("base\n", "base\n-- @destroys a .b had it all\n")).chain();
    let destroys = &chain.head().unwrap().destroys()[0];
    assert_eq!(
        (destroys.column.as_deref(), &*destroys.reason),
        (None, ".b had it all")
    );
}

#[test]
fn empty_file_help_shows_a_template() {
    for empty in ["", "\n \r\n", "\u{feff}", "-- Nothing.\n"] {
        let message = message(&one(empty));
        assert!(message.contains("the file is empty"), "{message}");
        assert!(
            message.contains("; ID is the revision before it, or base:\n")
                && message.contains("\n      -- @revises ID\n      -- @upgrade\n"),
            "{message}"
        );
    }
    let message = message(&one("CREATE TABLE a (b);"));
    assert!(
        message.contains("this is SQL, but no migration yet"),
        "{message}"
    );
}

#[test]
fn missing_downgrade_help_names_the_command() {
    let message = message(&one("-- Add.\n-- @revises base\n-- @upgrade\nSELECT 1;\n"));
    assert!(
        message.contains(
            "help: in the newest file, run `revchain new --downgrade`, which writes it\n"
        ),
        "{message}"
    );
}

#[test]
fn missing_upgrade_is_marked_at_the_first_statement() {
    let directory = one(
        "-- Add tags.\n-- @revises base\nCREATE TABLE tags (a);\n-- @downgrade\nDROP TABLE tags;\n",
    );
    let message = message(&directory);
    assert!(
        message.starts_with("[missing-section] there is no `@upgrade`\n"),
        "{message}"
    );
    assert!(message.contains("x.sql:3:1\n"), "{message}");
}

#[test]
fn columns_are_counted_in_characters() {
    let text = "\u{feff}-- Größe.\r\n-- @revises base\r\n\r\n-- @upgrade\r\nSELECT 'ü', ?;\r\n-- @downgrade\r\nSELECT 1;\r\n";
    let defects = one(text).load().unwrap_err();
    assert_eq!(defects.iter().next().unwrap().line_column(), Some((5, 13)));
    assert!(!defects.to_string().contains("\\r"), "{defects}");
}

#[test]
fn non_utf8_line_is_shown_without_its_line_ending() {
    let message = message(&one(b"-- Add.\r\n-- Gr\xfc\xdfe.\r\n"));
    assert!(message.contains("x.sql:2:6\n"), "{message}");
    assert!(
        message.contains("2 | -- Gr\u{fffd}\u{fffd}e.\n"),
        "{message}"
    );
}

#[test]
fn utf16_file_is_recognized_without_a_byte_order_mark() {
    for text in [
        "\u{feff}-- Add.",
        "-- Add.\r\n-- @revises base\r\n",
        "-- Add a table for J\u{fc}rgen.\n",
    ] {
        for encode in [u16::to_le_bytes, u16::to_be_bytes] {
            let bytes: Vec<u8> = text.encode_utf16().flat_map(encode).collect();
            let directory = one(bytes);
            assert_eq!(directory.kinds(), [DefectKind::NotUtf8], "{text}");
            let message = message(&directory);
            assert!(message.contains("it looks like UTF-16"), "{message}");
        }
    }
    let kinds = one("-- A\0dd.\n").kinds();
    assert!(!kinds.contains(&DefectKind::NotUtf8), "{kinds:?}");
}

#[test]
fn other_number_is_not_suggested_as_a_misspelling() {
    let help = |parent: &str| {
        let defects = revisions(&[("001", "base"), ("002", "001"), ("003", parent)])
            .load()
            .unwrap_err();
        defects.iter().next().unwrap().help_text().to_owned()
    };
    assert_eq!(help("2"), "did you mean 002? If not, add the file of 2");
    assert_eq!(
        help("005"),
        "add the file of 005, or name a revision that is there"
    );
}

// Windows allows no such file name.
#[cfg(unix)]
#[test]
fn control_characters_in_a_file_name_are_escaped() {
    let defects = revisions(&[("001", "base")])
        .with("a\u{1b}[2J.txt", "")
        .load()
        .unwrap_err();
    assert!(!defects.to_string().contains('\u{1b}'));
}

#[test]
fn unreadable_directory_is_one_defect() {
    let temp = tempfile::tempdir().unwrap();
    let kinds = |path: &std::path::Path| {
        let defects = load(path, "migrations").unwrap_err();
        defects
            .iter()
            .map(|defect| (defect.kind(), defect.title().to_owned()))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        kinds(temp.path()),
        [(
            DefectKind::EmptyDirectory,
            "there are no migrations here".to_owned()
        )]
    );
    let nowhere = temp.path().join("nowhere");
    assert_eq!(
        kinds(&nowhere),
        [(
            DefectKind::UnreadableDirectory,
            "there is no such directory".to_owned()
        )]
    );
    std::fs::write(&nowhere, "").unwrap();
    assert_eq!(
        kinds(&nowhere),
        [(
            DefectKind::UnreadableDirectory,
            "this is not a directory".to_owned()
        )]
    );
}

#[test]
fn file_over_the_size_limit_is_not_read() {
    let temp = tempfile::tempdir().unwrap();
    let file = std::fs::File::create(temp.path().join("20260101_0000_001_a.sql")).unwrap();
    for (length, is_read) in [(MAX_FILE_SIZE, true), (MAX_FILE_SIZE + 1, false)] {
        file.set_len(length).unwrap();
        let mut defects = DefectList::new();
        let (files, _) = directory::read(temp.path(), "m", &mut defects);
        assert_eq!(
            (files.len(), files[0].bytes.is_some(), defects.is_empty()),
            (1, is_read, is_read)
        );
    }
    let title = load(temp.path(), "m")
        .unwrap_err()
        .iter()
        .next()
        .unwrap()
        .title()
        .to_owned();
    assert_eq!(
        title,
        "the file cannot be read: it has 67108865 bytes; the limit is 64 MiB"
    );
}

#[test]
fn nul_character_is_rejected_anywhere() {
    for text in ["SELECT 'a\0b';", "SELECT 1 -- a\0b\n;", "SELECT \0;"] {
        let directory = tempfile::tempdir().unwrap();
        let file =
            format!("-- A.\n-- @revises base\n-- @upgrade\n{text}\n-- @downgrade\nSELECT 1;\n");
        std::fs::write(directory.path().join("20260101_0000_001_a.sql"), file).unwrap();
        let defects = load(directory.path(), "m").unwrap_err();
        let titles: Vec<_> = defects.iter().map(|defect| defect.title()).collect();
        assert_eq!(titles, ["there is a NUL character"], "{text:?}");
    }
}

#[test]
fn file_of_another_tool_has_two_defects() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(
        directory.path().join("V1__initial.sql"),
        "CREATE TABLE a (b);\n-- It's here.\n",
    )
    .unwrap();
    std::fs::write(
        directory.path().join("20260101_0000_001_a.sql"),
        "CREATE TABLE a (b);",
    )
    .unwrap();
    let defects = load(directory.path(), "m").unwrap_err();
    let found: Vec<_> = defects
        .iter()
        .map(|defect| (defect.path().unwrap(), defect.kind().name()))
        .collect();
    assert_eq!(
        found,
        [
            ("m/20260101_0000_001_a.sql", "missing-section"),
            ("m/V1__initial.sql", "bad-file-name"),
            ("m/V1__initial.sql", "missing-section"),
        ]
    );
}

#[test]
fn file_of_another_tool_names_the_import() {
    let import = "or, if another tool wrote its files, import them: `revchain import m`";
    for (file, is_of_tool) in [
        ("V1__initial.sql", true),
        ("0001_users.up.sql", true),
        ("20240709101501_users.sql", true),
        ("2026-01-02_002_users.sql", false),
        ("20260102_002_users.sql", false),
        ("users.sql", false),
    ] {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join(file), "CREATE TABLE a (b);").unwrap();
        let defects = load(directory.path(), "m").unwrap_err();
        let mut helps = defects.iter().map(Defect::help_text);
        assert_eq!(
            helps.any(|help| help.ends_with(import)),
            is_of_tool,
            "{file}"
        );
    }
}

#[test]
fn unusual_whitespace_before_a_directive_is_rejected() {
    for space in ["\u{a0}", "\u{3000}", "\u{2028}", "\u{85}"] {
        let directory = tempfile::tempdir().unwrap();
        let text = format!(
            "-- A.\n-- @revises base\n-- @upgrade\nSELECT 1;\n{space}-- @downgrade\nSELECT 1;\n"
        );
        std::fs::write(directory.path().join("20260101_0000_001_a.sql"), text).unwrap();
        load(directory.path(), "m").unwrap_err();
    }
}

#[test]
fn defects_of_one_file_are_capped_and_counted() {
    for line in ["SELECT :a;\n", "SELECT :a; ", "BEGIN;\n"] {
        let text = text("base").replace("SELECT 1;\n", &line.repeat(20_000));
        let defects = one(text).load().unwrap_err();
        assert_eq!(defects.iter().count(), 100);
        let output = defects.to_string();
        let (before_last, _) = output.rsplit_once("\nmore: ").unwrap();
        assert!(
            before_last.ends_with("(and 19900 more of this kind)") && output.len() < 40_000,
            "{output}"
        );
    }
}

#[test]
fn help_for_heads_forms_no_cycle() {
    let directory = tempfile::tempdir().unwrap();
    for (id, revises) in [
        ("0", "base"),
        ("1", "0"),
        ("2", "0"),
        ("3", "0 1"),
        ("4", "1 2"),
        ("5", "1 2 3"),
    ] {
        let text = format!(
            "-- A.\n-- @revises {revises}\n-- @upgrade\nSELECT 1;\n-- @downgrade\nSELECT 1;\n"
        );
        std::fs::write(
            directory
                .path()
                .join(format!("2026010{id}_0000_{id}_a.sql").replace("20260100", "20260101")),
            text,
        )
        .unwrap();
    }
    let defects = load(directory.path(), "m").unwrap_err();
    let helps: Vec<_> = defects
        .iter()
        .map(|defect| defect.help_text().split(", or ").nth(1).unwrap())
        .collect();
    assert_eq!(
        helps,
        ["make 4 revise 5, and date its file 20260105_0000 or later"]
    );
}

#[test]
fn colliding_markers_use_other_checksum_bits() {
    let chain = revisions(&[("001", "base"), ("002", "001")]).chain();
    // These fingerprints make the first bits of both markers zero.
    let proven: Vec<_> = chain
        .revisions()
        .iter()
        .map(|revision| {
            let mut fingerprint = [0; 32];
            fingerprint[..4].copy_from_slice(&revision.chain_checksum()[..4]);
            Some(Proven {
                fingerprint,
                sql_hash: SchemaSqlHash::default(),
            })
        })
        .collect();
    let chain = chain.with_proven(proven);
    let [first, second] = [0, 1].map(RevisionIndex::new);
    assert_ne!(chain.marker(first, 1), chain.marker(second, 1));
}

#[test]
fn schema_with_the_proven_sql_matches() {
    let chain = revisions(&[("001", "base")]).chain();
    let sql = "CREATE TABLE t (a)\0CREATE INDEX i ON t (a)";
    let mut sql_hash = SchemaSqlHash::default();
    sql_hash.apply_delta([], sql.split('\0'));
    // No schema has this fingerprint, so only the SQL can match.
    let chain = chain.with_proven([Some(Proven {
        fingerprint: [0; 32],
        sql_hash,
    })]);
    let schema_match = |sql: &str| {
        let sql = SchemaSql::new(sql.to_owned());
        chain.schema_match(&RevisionSet::full(1), &sql)
    };
    assert_eq!(schema_match(sql), SchemaMatch::Same);
    let reordered = "CREATE INDEX i ON t (a)\0CREATE TABLE t (a)";
    assert_eq!(schema_match(reordered), SchemaMatch::Same);
    let other = "CREATE TABLE t (a)";
    assert_eq!(schema_match(other), SchemaMatch::Different);
}

#[test]
fn tables_and_views_of_a_chain_are_its_own() {
    let sql = "CREATE TABLE a (x); CREATE TABLE IF NOT EXISTS main.\"B c\" (x); CREATE INDEX i ON a (x);
               CREATE VIEW v AS SELECT 1; CREATE VIRTUAL TABLE f USING fts5 (t); ALTER TABLE a RENAME TO d;
               ALTER TABLE d RENAME x TO y; ALTER TABLE d RENAME COLUMN y TO z; ALTER TABLE d ADD COLUMN e;
               CREATE TRIGGER t AFTER INSERT ON d BEGIN SELECT 1; END; DROP TABLE d; INSERT INTO f VALUES (1);
               CREATE TEMP TABLE other (x);";
    let text = format!("-- A.\n-- @revises base\n-- @upgrade\n{sql}\n-- @downgrade\nSELECT 1;\n");
    let chain = Directory::of([(name(1, "001"), text)]).chain();
    let filter = chain.own_objects(&["f".to_owned()]);
    let shadows = ["f_data", "f_idx", "f_content", "f_docsize", "f_config"];
    let own = [&["a", "B c", "v", "f"][..], &shadows, &["d"]].concat();
    assert_eq!(filter.own.unwrap(), own);
    assert_eq!(filter.ignored, ["f"]);
}

/// The checksum covers the effect of a revision, and `@compatible` has none.
#[test]
fn compatible_directive_does_not_change_the_checksum() {
    let compatible = NOTES.replace("\n\n-- @upgrade", "\n-- @compatible\n\n-- @upgrade");
    assert_eq!(checksum_of(&compatible), checksum_of(NOTES));
    assert!(one(&compatible).chain().head().unwrap().is_compatible());
    assert!(!one(NOTES).chain().head().unwrap().is_compatible());
    for (from, to, kind) in [
        (
            "-- @compatible",
            "-- @compatible 003",
            DefectKind::MalformedDirective,
        ),
        (
            "-- @compatible",
            "-- @compatible\n-- @compatible",
            DefectKind::DuplicateDirective,
        ),
        (
            "-- @compatible",
            "-- @compatibel",
            DefectKind::UnknownDirective,
        ),
        (
            "-- @compatible",
            "--@compatible",
            DefectKind::MalformedDirective,
        ),
    ] {
        assert_eq!(one(compatible.replace(from, to)).kinds(), [kind], "{to}");
    }
    let late = NOTES.replace("-- @downgrade", "-- @compatible\n-- @downgrade");
    assert_eq!(one(late).kinds(), [DefectKind::MisplacedDirective]);
}
