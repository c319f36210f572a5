//! From a directory to a chain, or to every defect: what `load` promises.

#![allow(clippy::unwrap_used)]

mod common;

use common::{Directory, ids, name, revisions, text};
use revchain_core::revision::Proven;
use revchain_core::schema::{Part, Sum, Texts};
use revchain_core::{Chain, Code, Downgrade, Revision, checksum, source};

const NOTES: &str = "-- Create the notes.\n-- @revises base\n\n-- @upgrade\nCREATE TABLE notes (id INTEGER, body TEXT);\nCREATE INDEX idx_notes ON notes (body);\n\n-- @downgrade\nDROP TABLE notes;\n";

/// The chain of one file.
fn one(text: impl AsRef<[u8]>) -> Directory {
    Directory::new().with("20260101_1200_001_x.sql", text)
}

fn checksum_of(text: impl AsRef<[u8]>) -> [u8; 32] {
    *one(text).chain().head().unwrap().checksum()
}

fn chain_checksum(chain: &Chain) -> [u8; 32] {
    *chain.head().unwrap().chain_checksum()
}

/// The whole message of the only defect.
fn message(directory: &Directory) -> String {
    let defects = directory.load().unwrap_err();
    assert_eq!(defects.iter().count(), 1, "{defects}");
    defects.to_string()
}

#[test]
fn a_file_is_a_revision() {
    let text = "-- Add scopes.\n-- More about it.\n-- @revises base\n-- @destroys old nobody used it\n-- @destroys \"a b\".c it was empty\n\n-- @upgrade\nSELECT 1;\nSELECT 2\n\n-- @downgrade\n-- Back.\nSELECT 3;\n";
    let chain = Directory::new().with("20260227_1830_0a3_add_scopes.sql", text).chain();
    let revision = chain.head().unwrap();
    assert_eq!(revision.id(), "0a3");
    assert_eq!(revision.revises().count(), 0);
    assert_eq!(revision.summary(), "Add scopes.");
    assert_eq!(format!("{:#}", revision.date()), "2026-02-27 18:30");
    assert_eq!(revision.path(), "migrations/20260227_1830_0a3_add_scopes.sql");
    let statements: Vec<_> = revision.upgrade().statements().map(|statement| statement.sql()).collect();
    assert_eq!(statements, ["SELECT 1", "SELECT 2"]);
    let Downgrade::Sql(downgrade) = revision.downgrade() else { panic!("it has one") };
    assert_eq!(downgrade.sql(), "-- Back.\nSELECT 3;");
    let place = downgrade.statements().next().unwrap().snippet(None);
    assert_eq!((place.line(), place.column()), (13, 1));
    let destroys: Vec<_> =
        revision.destroys().iter().map(|d| (&*d.table, d.column.as_deref(), &*d.reason)).collect();
    assert_eq!(destroys, [("old", None, "nobody used it"), ("a b", Some("c"), "it was empty")]);
}

#[test]
fn an_irreversible_revision_says_why() {
    let text = "-- Hash.\n-- @revises base\n-- @irreversible the texts are gone\n-- @upgrade\nSELECT 1;\n";
    let chain = one(text).chain();
    let downgrade = chain.head().unwrap().downgrade();
    assert_eq!(*downgrade, Downgrade::Irreversible("the texts are gone".into()));
}

#[test]
fn what_is_known_beside_the_migrations_is_ignored() {
    let chain = revisions(&[("001", "base")])
        .with("README.md", "-- @upgrade")
        .with(".hidden.sql", "?")
        .with_folder(".git")
        .chain();
    assert_eq!(ids(&chain), ["001"]);
}

#[test]
fn nothing_else_is_skipped_in_silence() {
    let directory = revisions(&[("001", "base")])
        .with("notes.txt", "")
        .with("002_x.sql~", "")
        .with("20260102_1200_002_x.SQL", text("001"))
        .with_folder("old")
        .with_folder("20260103_1200_003_x.sql");
    assert_eq!(
        directory.codes(),
        [Code::StrayFile, Code::BadFileName, Code::StrayFile, Code::StrayFile, Code::StrayFile]
    );
}

#[test]
fn how_a_file_is_written_does_not_change_its_checksum() {
    let same = checksum_of(NOTES);
    for (what, text) in [
        ("line ends", NOTES.replace('\n', "\r\n")),
        ("old line ends", NOTES.replace('\n', "\r")),
        ("a byte-order mark", format!("\u{feff}{NOTES}")),
        ("both", format!("\u{feff}{}", NOTES.replace('\n', "\r\n"))),
        ("white space", NOTES.replace("notes (", "notes\n\t\u{c} (").replace(";\n", " ;  \n\n")),
        ("comments", NOTES.replace("notes (", "notes /* ; */ ( -- ; '\n").replace("DROP", "-- Back.\nDROP")),
        ("the summary", NOTES.replace("Create the notes", "Notes")),
        ("stray semicolons", NOTES.replace("CREATE INDEX", ";;CREATE INDEX").replace("DROP", ";DROP")),
        ("no last semicolon", NOTES.replace("notes;\n", "notes")),
    ] {
        assert_eq!(checksum_of(text), same, "{what}");
    }
}

#[test]
fn what_a_file_means_is_its_checksum() {
    let before = checksum_of(NOTES);
    for (what, text) in [
        ("a token", NOTES.replace("body TEXT", "body BLOB")),
        ("the case of a token", NOTES.replace("body TEXT", "body text")),
        ("where a token ends", NOTES.replace("idx_notes", "idx _notes")),
        ("a statement more", NOTES.replace("DROP", "SELECT 1; DROP")),
        ("where a statement ends", NOTES.replace("CREATE INDEX", ";CREATE;INDEX")),
        ("the downgrade", NOTES.replace("DROP TABLE", "DROP TABLE IF EXISTS")),
        (
            "what is in which half",
            NOTES.replace("-- @downgrade\n", "").replace("CREATE I", "-- @downgrade\nCREATE I"),
        ),
        (
            "reversible or not",
            NOTES
                .split("-- @downgrade")
                .next()
                .unwrap()
                .replace("-- @revises", "-- @irreversible no\n-- @revises"),
        ),
        ("white space in a string", NOTES.replace("body TEXT", "body TEXT DEFAULT ' '")),
    ] {
        assert_ne!(checksum_of(text), before, "{what}");
    }
    let other_id = Directory::new().with("20260101_1200_002_x.sql", NOTES).chain();
    assert_ne!(*other_id.head().unwrap().checksum(), before, "the id");
    let other_name = Directory::new().with("20260202_0000_001_other.sql", NOTES).chain();
    assert_eq!(*other_name.head().unwrap().checksum(), before, "neither the date nor the slug");
}

#[test]
fn the_parents_belong_to_the_checksum() {
    let under = |parents| {
        let chain = revisions(&[("001", "base"), ("002", "001"), ("003", "001"), ("004", parents)]).load();
        chain.map(|chain| *chain.head().unwrap().checksum())
    };
    assert_ne!(under("002 003").unwrap(), under("003 002").unwrap());
}

#[test]
fn the_heads_chain_checksum_pins_the_whole_history() {
    let before = revisions(&[("001", "base"), ("002", "001"), ("003", "002")]).chain();
    let after = revisions(&[("001", "base"), ("002", "001"), ("003", "002")])
        .with(&name(1, "001"), text("base").replace("SELECT 1", "SELECT 10"))
        .chain();
    let own = |chain: &Chain| *chain.head().unwrap().checksum();
    assert_eq!(own(&before), own(&after));
    assert_ne!(chain_checksum(&before), chain_checksum(&after));
    assert_ne!(chain_checksum(&before), own(&before));
}

/// Every database that there is has such checksums: where one changes, all of them are refused.
#[test]
fn a_checksum_is_for_ever() {
    let first = "-- A.\n-- @revises base\n-- @irreversible no\n-- @upgrade\nCREATE TABLE a(b); -- c\nINSERT INTO a VALUES ('ä  b');;\n";
    let second = "-- B.\n-- @revises 001\n-- @upgrade\nDROP TABLE /* d */ a;\n-- @downgrade\nSELECT 1\n";
    let chain = Directory::of([(name(1, "001"), first), (name(2, "002"), second)]).chain();
    let checksums =
        |revision: &Revision| (checksum::hex(revision.checksum()), checksum::hex(revision.chain_checksum()));
    // SHA-256 over what the module `checksum` says, computed by another program.
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
fn the_order_is_that_of_the_parents_and_not_of_the_names() {
    let chain = revisions(&[("9", "base"), ("b", "9"), ("1", "b"), ("a", "1")]).chain();
    assert_eq!(ids(&chain), ["9", "b", "1", "a"]);
    assert_eq!((chain.position("1"), chain.position("2")), (Some(2), None));
}

#[test]
fn revisions_may_be_of_the_same_minute() {
    let chain =
        Directory::of([("20260101_1200_b_x.sql", text("base")), ("20260101_1200_a_x.sql", text("b"))]);
    assert_eq!(ids(&chain.chain()), ["b", "a"]);
}

#[test]
fn a_merge_joins_two_branches() {
    let chain =
        revisions(&[("001", "base"), ("002", "001"), ("003", "001"), ("004", "002"), ("005", "003 004")])
            .chain();
    assert_eq!(ids(&chain), ["001", "002", "003", "004", "005"]);
    assert_eq!(chain.head().unwrap().revises().collect::<Vec<_>>(), ["003", "004"]);
    assert_eq!(chain.ancestry(3), [true, true, false, true, false]);
    assert_eq!(chain.ancestry(4), [true; 5]);
}

#[test]
fn only_a_merge_may_be_empty() {
    let empty = |parents: &str| format!("-- Merge.\n-- @revises {parents}\n-- @upgrade\n-- @downgrade\n");
    let fork = || revisions(&[("001", "base"), ("002", "001"), ("003", "001")]);
    assert_eq!(fork().with(&name(4, "004"), empty("002 003")).codes(), []);
    let child = revisions(&[("001", "base")]).with(&name(4, "004"), empty("001"));
    assert_eq!(child.codes(), [Code::EmptySection, Code::EmptySection]);
}

#[test]
fn a_directive_counts_only_where_sqlite_sees_a_comment() {
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
        let chain = directory.load().unwrap_or_else(|defects| panic!("{hidden}: {defects}"));
        assert!(chain.head().unwrap().upgrade().sql().contains("@downgrade"), "{hidden}");
    }
}

#[test]
fn a_directive_may_be_indented() {
    assert_eq!(one(text("base").replace("-- @", " \t-- @")).codes(), []);
}

#[test]
fn words_that_begin_and_end_blocks_are_not_transaction_control() {
    let trigger = "CREATE TRIGGER t AFTER INSERT ON a BEGIN\n  SELECT CASE 1 WHEN 1 THEN 2 END;\nEND;";
    assert_eq!(one(text("base").replace("SELECT 1;", trigger)).codes(), []);
    assert_eq!(one(text("base").replace("SELECT 1;", "PRAGMA table_info(a);")).codes(), []);
    assert_eq!(one(text("base").replace("SELECT 1;", "SELECT 'revchain_history', 'BEGIN;';")).codes(), []);
}

#[test]
fn white_space_that_sqlite_does_not_know_is_no_white_space() {
    let chain = one(text("base").replace("SELECT 1;\n", "SELECT a \u{a0}\n\n")).chain();
    let upgrade = chain.revisions()[0].upgrade();
    assert_eq!(upgrade.statements().next().unwrap().sql(), "SELECT a \u{a0}");
}

#[test]
fn every_defect_is_reported_in_the_order_of_the_files() {
    let directory = revisions(&[("001", "base"), ("002", "001"), ("003", "002")])
        .with(&name(2, "002"), text("001").replace("SELECT 1;", "COMMIT; SELECT ?;\nVACUUM;"))
        .with(&name(3, "003"), text("002").replace("-- Do something.\n", ""))
        .with("20260104_1200_004_X.sql", text("003"))
        .with("a.txt", "");
    assert_eq!(
        directory.codes(),
        [
            Code::TransactionControl,
            Code::BindParameter,
            Code::NotTransactional,
            Code::MissingSummary,
            Code::BadFileName,
            Code::StrayFile,
        ]
    );
}

#[test]
fn each_head_beyond_the_first_is_one_defect() {
    let directory = revisions(&[("001", "base"), ("002", "001"), ("003", "001"), ("004", "003")]);
    assert_eq!(
        message(&directory),
        "[multiple-heads] two revisions revise 001: only one can\n  \
         migrations/20260102_1200_002_x.sql\n  \
         migrations/20260103_1200_003_x.sql:2:13\n  |\n\
         2 | -- @revises 001\n  |             ^^^ 002 is the head since 2026-01-02\n\
         help: make 003 revise 002"
    );
    let merges = [("001", "base"), ("002", "001"), ("003", "001"), ("004", "002 003"), ("005", "002 003")];
    assert_eq!(revisions(&merges).codes(), [Code::MultipleHeads]);
    let three = [("001", "base"), ("002", "001"), ("003", "001"), ("004", "001")];
    assert_eq!(revisions(&three).codes(), [Code::MultipleHeads, Code::MultipleHeads]);
}

#[test]
fn a_second_head_that_is_older_is_told_to_take_a_date() {
    let directory = Directory::of([
        (name(1, "001"), text("base")),
        (name(2, "002"), text("001")),
        (name(9, "009"), text("002")),
        (name(5, "005"), text("001")),
    ]);
    assert!(message(&directory).ends_with("make 005 revise 009, and date its file 20260109_1200 or later"));
    let same_minute = Directory::of([
        (name(1, "001"), text("base")),
        (name(2, "002"), text("001")),
        (name(2, "003"), text("001")),
    ]);
    assert!(message(&same_minute).ends_with("make 003 revise 002"));
}

#[test]
fn a_circle_is_one_defect_and_so_is_what_leads_to_it() {
    let circle = [("001", "base"), ("002", "004"), ("003", "002"), ("004", "003"), ("005", "004")];
    let message = message(&revisions(&circle));
    assert!(message.starts_with("[cycle] revisions revise each other: 002 → 003 → 004 → 002\n"), "{message}");
}

#[test]
fn a_circle_is_shown_at_its_oldest_file_and_names_its_youngest() {
    let message = message(&revisions(&[("001", "base"), ("002", "003"), ("003", "002")]));
    assert!(message.contains("\n  migrations/20260103_1200_003_x.sql\n"), "{message}");
    assert!(message.contains("\n  migrations/20260102_1200_002_x.sql:2:13\n"), "{message}");
}

#[test]
fn of_several_parents_the_one_that_is_meant_is_marked() {
    let column = |directory: Directory| {
        let defects = directory.load().unwrap_err();
        defects.iter().next().unwrap().line_column().unwrap().1
    };
    assert_eq!(column(revisions(&[("001", "base"), ("002", "001 009")])), 17);
    assert_eq!(column(revisions(&[("001", "base"), ("002", "001 002")])), 17);
}

#[test]
fn a_revision_may_not_be_dated_before_what_it_revises() {
    let directory = Directory::of([(name(2, "001"), text("base")), (name(1, "002"), text("001"))]);
    let message = message(&directory);
    assert!(
        message.starts_with("[dated-before-parent] 002 is dated 2026-01-01 12:00, before 001"),
        "{message}"
    );
    assert!(message.contains("date its file 20260102_1200 or later"), "{message}");
}

#[test]
fn two_files_of_one_revision_are_told_the_next_that_is_free() {
    let help = |ids: [&str; 3]| {
        let [first, second, third] = ids;
        let directory = Directory::of([
            (name(1, first), text("base")),
            (name(2, second), text(first)),
            (name(3, third), text(first)),
            (name(4, third), text(second)),
        ]);
        let defects = directory.load().unwrap_err();
        defects.iter().next().unwrap().help_text().split(',').next().unwrap().to_owned()
    };
    assert_eq!(help(["001", "002", "009"]), "rename this one to 010");
    assert_eq!(help(["001", "002", "x"]), "rename this one to a free revision");
}

#[test]
fn where_a_directory_seems_to_be_missing_no_likely_parent_is_looked_for() {
    let ids: Vec<String> = (1..=22).map(|id| format!("{id:03}")).collect();
    let nearly = ids.iter().cycle().skip(1).map(|id| text(id.trim_start_matches('0')));
    let files = ids.iter().map(|id| format!("20260101_1200_{id}_x.sql")).zip(nearly);
    let defects = Directory::of(files).load().unwrap_err();
    let helps: Vec<_> = defects.iter().map(|defect| defect.help_text()).collect();
    assert_eq!(helps.len(), 22);
    assert_eq!(helps.iter().filter(|help| help.starts_with("did you mean")).count(), 20, "{helps:?}");
}

#[test]
fn what_follows_from_a_file_that_cannot_be_placed_is_not_reported() {
    let child = |id: &str| (name(3, "003"), text(id));
    for (file, content, code) in [
        ("2026-01-02_002_x.sql", text("001"), Code::BadFileName),
        ("002_x.sql", text("001"), Code::BadFileName),
        ("20260102_1200_002_X.sql", text("001"), Code::BadFileName),
        ("20260230_1200_002_x.sql", text("001"), Code::BadDate),
        ("20260102_1200_002_x.sql", text("002"), Code::SelfParent),
        ("20260102_1200_002_x.sql", text("000"), Code::UnknownParent),
        ("20260102_1200_002_x.sql", text("base"), Code::MultipleRoots),
        ("20260102_1200_002_x.sql", text(""), Code::MalformedDirective),
        ("20260102_1200_002_x.sql", text("001").replace("-- @revises 001\n", ""), Code::MissingParent),
        ("20260102_1200_002_x.sql", String::new(), Code::MissingSection),
    ] {
        let directory = Directory::of([(name(1, "001"), text("base")), child("002")]).with(file, content);
        assert_eq!(directory.codes(), [code], "{file}");
    }
    let binary = Directory::of([(name(1, "001"), text("base")), child("002")]).with(&name(2, "002"), [0xff]);
    assert_eq!(binary.codes(), [Code::NotUtf8]);
    let missing =
        Directory::of([(name(1, "001"), text("base")), child("009")]).with("002_x.sql", text("001"));
    assert_eq!(missing.codes(), [Code::BadFileName, Code::UnknownParent], "009 is nowhere");
}

#[cfg(unix)]
#[test]
fn the_revision_of_a_file_that_cannot_be_read_is_known() {
    let temp = tempfile::tempdir().unwrap();
    for (file, text) in [(name(1, "001"), text("base")), (name(3, "003"), text("002"))] {
        std::fs::write(temp.path().join(file), text).unwrap();
    }
    std::os::unix::fs::symlink("nowhere", temp.path().join(name(2, "002"))).unwrap();
    let defects = revchain_core::load(temp.path(), "migrations").unwrap_err();
    let codes: Vec<_> = defects.iter().map(|defect| defect.code()).collect();
    assert_eq!(codes, [Code::UnreadableFile]);
}

#[test]
fn what_follows_from_a_misread_directive_is_not_reported() {
    let good = text("base");
    for (text, code) in [
        (good.replace("@upgrade", "@upgarde"), Code::UnknownDirective),
        (good.replace("@upgrade", "@up"), Code::UnknownDirective),
        (good.replace("@downgrade", "@Downgrade"), Code::UnknownDirective),
        (good.replace("@revises", "@revise"), Code::UnknownDirective),
        (good.replace("-- @upgrade", "--@upgrade"), Code::MalformedDirective),
        (good.replace("-- @revises", "---- @revises:"), Code::MalformedDirective),
        (good.replace("-- @upgrade", "-- @upgrade now"), Code::MalformedDirective),
        (good.replace("-- @revises base\n", "") + "-- @revises base\n", Code::MisplacedDirective),
        (good.replace("SELECT 2;", "-- @irreversible it is gone"), Code::MisplacedDirective),
        (good.replace("-- @upgrade\n", ""), Code::MissingSection),
        (good.replace("-- @revises", "More about it.\n-- @revises"), Code::SqlInHeader),
        (good.replace("-- Do something.", "-- Do it.\nAdd the user's notes."), Code::SqlInHeader),
        (good.replace("-- Do", "/* Do"), Code::UnterminatedComment),
        (good.replace("SELECT 1;", "SELECT 'a;"), Code::UnterminatedString),
        (good.replace("SELECT 2;", "SELECT \"a;"), Code::UnterminatedString),
    ] {
        assert_eq!(one(&text).codes(), [code], "{text}");
    }
}

#[test]
fn a_mistake_is_marked_where_it_stands() {
    let good = text("base");
    let one_way = good.split("-- @downgrade").next().unwrap();
    for (text, code, mark) in [
        (good.replace("base", "001 A2"), Code::MalformedDirective, "2:17 ^^"),
        (good.replace("base", "002 002"), Code::MalformedDirective, "2:17 ^^^"),
        (good.replace("base", "  base 002"), Code::MalformedDirective, "2:15 ^^^^^^^^"),
        (good.replace(" base", ""), Code::MalformedDirective, "2:4 ^^^^^^^^"),
        (
            good.replace("base\n", "base\n-- @revises base\n"),
            Code::DuplicateDirective,
            "3:1 ^^^^^^^^^^^^^^^^",
        ),
        (
            one_way.replace("base\n", "base\n-- @irreversible\n"),
            Code::MalformedDirective,
            "3:4 ^^^^^^^^^^^^^",
        ),
        (good.replace("base\n", "base\n-- @destroys\n"), Code::MalformedDirective, "3:4 ^^^^^^^^^"),
        (good.replace("base\n", "base\n-- @destroys a \n"), Code::MalformedDirective, "3:14 ^"),
        (good.replace("base\n", "base\n-- @destroys a(b gone\n"), Code::MalformedDirective, "3:14 ^^^^^^^^"),
        (good.replace("@upgrade", "@upgrade now  "), Code::MalformedDirective, "4:13 ^^^"),
        (good.replace("SELECT 1;", "SELECT 1;\n-- @upgrade"), Code::DuplicateSection, "6:1 ^^^^^^^^^^^"),
        (
            good.replace("SELECT 1;", "SELECT 1;\n  -- @destroys a b"),
            Code::MisplacedDirective,
            "6:6 ^^^^^^^^^",
        ),
        (good.replace("SELECT 2;", "-- nothing"), Code::EmptySection, "7:1 ^^^^^^^^^^^^^"),
        (good.replace("SELECT 2;", "SELECT 2;\n-- @x"), Code::UnknownDirective, "9:4 ^^"),
        (good.replace("SELECT 2;", "SELECT 'a;"), Code::UnterminatedString, "8:8 ^"),
        (good.replace("SELECT 2;", "SELECT /* a;"), Code::UnterminatedComment, "8:8 ^^"),
        (good.replace("SELECT 2;", "SELECT \\ a, \\;"), Code::InvalidToken, "8:8 ^"),
        (good.replace("SELECT 2;", "SELECT 'ä\0';"), Code::InvalidToken, "8:10 ^^^^^"),
        (good.replace("SELECT 2;", "SELECT 2; COMMIT;"), Code::TransactionControl, "8:11 ^^^^^^"),
    ] {
        let directory = one(&text);
        let defects = directory.load().unwrap_err();
        let defect = defects.iter().next().unwrap();
        let (line, column) = defect.line_column().unwrap();
        let carets = defect.to_string().matches('^').count();
        assert_eq!(
            (defect.code(), format!("{line}:{column} {}", "^".repeat(carets))),
            (code, mark.to_owned()),
            "{text:?}"
        );
    }
}

#[test]
fn what_is_missing_is_told_and_only_that() {
    let good = text("base");
    let no_downgrade = good.split("-- @downgrade").next().unwrap();
    let one_way = no_downgrade.replace("-- @upgrade", "-- @irreversible no\n-- @upgrade");
    for (text, codes) in [
        (no_downgrade.to_owned(), vec![Code::MissingSection]),
        (good.replace("-- @upgrade\nSELECT 1;\n", ""), vec![Code::MissingSection]),
        ("-- Do.\n-- @revises base\n".to_owned(), vec![Code::MissingSection, Code::MissingSection]),
        (good.replace("-- Do something.\n", "-- ---\n"), vec![Code::MissingSummary]),
        (
            "-- @revises base\n-- @downgrade\nSELECT 1;\n".to_owned(),
            vec![Code::MissingSummary, Code::MissingSection],
        ),
        (
            "-- @revises base\n-- @upgrade\nSELECT 'a\n".to_owned(),
            vec![Code::MissingSummary, Code::UnterminatedString],
        ),
        (one_way.clone(), vec![]),
        (one_way + "-- @downgrade\nSELECT 2;\n", vec![Code::ReversibleAndNot]),
        (good.replace("SELECT 1;", "SELECT 1;\n-- @irreversible no"), vec![Code::MisplacedDirective]),
    ] {
        assert_eq!(one(&text).codes(), codes, "{text}");
    }
}

#[test]
fn an_empty_section_is_told_what_to_write_into_it() {
    let help = |empty: &str| {
        let defects = one(text("base").replace(empty, "")).load().unwrap_err();
        defects.iter().next().unwrap().help_text().to_owned()
    };
    assert_eq!(help("SELECT 1;"), "write the SQL that upgrades");
    assert!(help("SELECT 2;").starts_with("write the SQL that reverts the upgrade, or say"));
}

#[test]
fn what_is_destroyed_is_said_once() {
    let with = |destroys: &str| one(text("base").replace("base\n", &format!("base\n{destroys}"))).codes();
    assert_eq!(with("-- @destroys a x\n-- @destroys a.b x\n-- @destroys c.b x\n-- @destroys c.d x\n"), []);
    assert_eq!(with("-- @destroys a x\n-- @destroys A y\n"), [Code::DuplicateDirective]);
    assert_eq!(with("-- @destroys a.b x\n-- @destroys A.\"B\" y\n"), [Code::DuplicateDirective]);
}

#[test]
fn a_reason_may_begin_with_a_dot() {
    let chain = one(text("base").replace("base\n", "base\n-- @destroys a .b had it all\n")).chain();
    let destroys = &chain.head().unwrap().destroys()[0];
    assert_eq!((destroys.column.as_deref(), &*destroys.reason), (None, ".b had it all"));
}

#[test]
fn an_empty_file_is_one_defect_and_is_told_what_belongs_into_it() {
    for empty in ["", "\n \r\n", "\u{feff}", "-- Nothing.\n"] {
        let message = message(&one(empty));
        assert!(message.contains("the file is empty"), "{message}");
        assert!(message.contains("\n      -- @upgrade\n"), "{message}");
    }
    let message = message(&one("CREATE TABLE a (b);"));
    assert!(message.contains("this is SQL, but no migration yet"), "{message}");
}

#[test]
fn a_plain_sql_file_is_told_where_its_sections_belong() {
    let directory =
        one("-- Add tags.\n-- @revises base\nCREATE TABLE tags (a);\n-- @downgrade\nDROP TABLE tags;\n");
    let message = message(&directory);
    assert!(message.starts_with("[missing-section] there is no `@upgrade`\n"), "{message}");
    assert!(message.contains("x.sql:3:1\n"), "{message}");
}

#[test]
fn places_are_counted_in_characters_whatever_the_line_ends() {
    let text = "\u{feff}-- Größe.\r\n-- @revises base\r\n\r\n-- @upgrade\r\nSELECT 'ü', ?;\r\n-- @downgrade\r\nSELECT 1;\r\n";
    let defects = one(text).load().unwrap_err();
    assert_eq!(defects.iter().next().unwrap().line_column(), Some((5, 13)));
    assert!(!defects.to_string().contains("\\r"), "{defects}");
}

#[test]
fn a_file_that_is_not_utf8_is_shown_without_its_line_ends() {
    let message = message(&one(b"-- Add.\r\n-- Gr\xfc\xdfe.\r\n"));
    assert!(message.contains("x.sql:2:6\n"), "{message}");
    assert!(message.contains("2 | -- Gr\u{fffd}\u{fffd}e.\n"), "{message}");
    let utf16: Vec<u8> = "\u{feff}-- Add.".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert!(self::message(&one(utf16)).contains("it looks like UTF-16"));
}

#[test]
fn numbers_are_not_taken_for_misspelt_numbers() {
    let help = |parent: &str| {
        let defects = revisions(&[("001", "base"), ("002", "001"), ("003", parent)]).load().unwrap_err();
        defects.iter().next().unwrap().help_text().to_owned()
    };
    assert_eq!(help("2"), "did you mean 002? If not, add the file of 2");
    assert_eq!(help("005"), "add the file of 005, or name a revision that is there");
}

#[test]
fn a_name_shown_in_a_message_cannot_steer_the_terminal() {
    let defects = revisions(&[("001", "base")]).with("a\u{1b}[2J.txt", "").load().unwrap_err();
    assert!(!defects.to_string().contains('\u{1b}'));
}

#[test]
fn a_directory_that_cannot_be_read_is_one_defect() {
    let temp = tempfile::tempdir().unwrap();
    let codes = |path: &std::path::Path| {
        let defects = revchain_core::load(path, "migrations").unwrap_err();
        defects.iter().map(|defect| (defect.code(), defect.title().to_owned())).collect::<Vec<_>>()
    };
    assert_eq!(codes(temp.path()), [(Code::EmptyDirectory, "there are no migrations here".to_owned())]);
    let nowhere = temp.path().join("nowhere");
    assert_eq!(codes(&nowhere), [(Code::UnreadableDirectory, "there is no such directory".to_owned())]);
    std::fs::write(&nowhere, "").unwrap();
    assert_eq!(codes(&nowhere), [(Code::UnreadableDirectory, "this is not a directory".to_owned())]);
}

#[test]
fn a_file_of_more_than_64_mib_is_not_read() {
    let temp = tempfile::tempdir().unwrap();
    let file = std::fs::File::create(temp.path().join("20260101_0000_001_a.sql")).unwrap();
    for (length, is_read) in [(source::LARGEST, true), (source::LARGEST + 1, false)] {
        file.set_len(length).unwrap();
        let mut defects = Vec::new();
        let (files, _) = source::read(temp.path(), "m", &mut defects);
        assert_eq!((files.len(), files[0].bytes.is_some(), defects.is_empty()), (1, is_read, is_read));
    }
    let title = revchain_core::load(temp.path(), "m").unwrap_err().iter().next().unwrap().title().to_owned();
    assert_eq!(title, "the file cannot be read: it has 67108865 bytes; the limit is 64 MiB");
}

#[test]
fn a_nul_character_is_a_defect_wherever_it_stands() {
    for text in ["SELECT 'a\0b';", "SELECT 1 -- a\0b\n;", "SELECT \0;"] {
        let directory = tempfile::tempdir().unwrap();
        let file = format!("-- A.\n-- @revises base\n-- @upgrade\n{text}\n-- @downgrade\nSELECT 1;\n");
        std::fs::write(directory.path().join("20260101_0000_001_a.sql"), file).unwrap();
        let defects = revchain_core::load(directory.path(), "m").unwrap_err();
        let titles: Vec<_> = defects.iter().map(|defect| defect.title()).collect();
        assert_eq!(titles, ["there is a NUL character"], "{text:?}");
    }
}

#[test]
fn a_file_of_another_tool_is_one_defect_and_one_for_its_name() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("V1__initial.sql"), "CREATE TABLE a (b);\n-- It's here.\n").unwrap();
    std::fs::write(directory.path().join("20260101_0000_001_a.sql"), "CREATE TABLE a (b);").unwrap();
    let defects = revchain_core::load(directory.path(), "m").unwrap_err();
    let found: Vec<_> = defects.iter().map(|defect| (defect.path().unwrap(), defect.code().name())).collect();
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
fn odd_white_space_before_a_directive_is_an_error_and_no_panic() {
    for space in ["\u{a0}", "\u{3000}", "\u{2028}", "\u{85}"] {
        let directory = tempfile::tempdir().unwrap();
        let text =
            format!("-- A.\n-- @revises base\n-- @upgrade\nSELECT 1;\n{space}-- @downgrade\nSELECT 1;\n");
        std::fs::write(directory.path().join("20260101_0000_001_a.sql"), text).unwrap();
        revchain_core::load(directory.path(), "m").unwrap_err();
    }
}

#[test]
fn a_file_with_thousands_of_mistakes_is_told_of_some() {
    for line in ["SELECT :a;\n", "SELECT :a; ", "BEGIN;\n"] {
        let directory = tempfile::tempdir().unwrap();
        let text = format!(
            "-- A.\n-- @revises base\n-- @upgrade\n{}\n-- @downgrade\nSELECT 1;\n",
            line.repeat(20_000)
        );
        std::fs::write(directory.path().join("20260101_0000_001_a.sql"), text).unwrap();
        let defects = revchain_core::load(directory.path(), "m").unwrap_err();
        assert_eq!(defects.iter().count(), 20);
        let told = defects.to_string();
        assert!(told.contains("(this file has 19980 more)") && told.len() < 20_000, "{told}");
    }
}

#[test]
fn how_many_mistakes_are_told_is_counted_for_each_file() {
    let mistakes = "SELECT :a;\n".repeat(15);
    let directory = Directory::of([
        (name(1, "001"), text("base").replace("SELECT 1;", &mistakes)),
        (name(2, "002"), text("001").replace("SELECT 1;", &mistakes)),
    ]);
    let defects = directory.load().unwrap_err();
    assert_eq!(defects.iter().count(), 30);
    assert!(!defects.to_string().contains("more)"), "{defects}");
}

#[test]
fn heads_are_one_defect_each_and_never_told_to_revise_each_other() {
    let directory = tempfile::tempdir().unwrap();
    for (id, revises) in [("0", "base"), ("1", "0"), ("2", "0"), ("3", "0 1"), ("4", "1 2"), ("5", "1 2 3")] {
        let text =
            format!("-- A.\n-- @revises {revises}\n-- @upgrade\nSELECT 1;\n-- @downgrade\nSELECT 1;\n");
        std::fs::write(
            directory.path().join(format!("2026010{id}_0000_{id}_a.sql").replace("20260100", "20260101")),
            text,
        )
        .unwrap();
    }
    let defects = revchain_core::load(directory.path(), "m").unwrap_err();
    let helps: Vec<_> = defects.iter().map(|defect| defect.help_text().split(',').next().unwrap()).collect();
    assert_eq!(helps, ["make 4 revise 5"]);
}

#[test]
fn where_fingerprints_would_make_all_markers_the_same_other_bits_are_taken() {
    let chain = revisions(&[("001", "base"), ("002", "001")]).chain();
    // The first bits of both bases are then zero.
    let proven: Vec<_> = chain
        .revisions()
        .iter()
        .map(|revision| {
            let mut fingerprint = [0; 32];
            fingerprint[..4].copy_from_slice(&revision.chain_checksum()[..4]);
            Some(Proven { fingerprint, texts: Sum::default() })
        })
        .collect();
    let chain = chain.with_proven(proven);
    assert_ne!(chain.marker(0, 1), chain.marker(1, 1));
}

#[test]
fn a_schema_with_the_texts_of_the_proof_is_right_and_need_not_be_understood() {
    let chain = revisions(&[("001", "base")]).chain();
    let texts = "CREATE TABLE t (a)\0CREATE INDEX i ON t (a)";
    let mut sum = Sum::default();
    sum.change([], texts.split('\0'));
    // A fingerprint that no schema has: only the texts can be right.
    let chain = chain.with_proven([Some(Proven { fingerprint: [0; 32], texts: sum })]);
    let has_schema = |texts: &str, part: Part| chain.has_schema(&[true], &Texts::new(texts.to_owned(), part));
    assert_eq!(has_schema(texts, Part::default()), Some(true));
    assert_eq!(has_schema("CREATE INDEX i ON t (a)\0CREATE TABLE t (a)", Part::default()), Some(true));
    assert_eq!(has_schema("CREATE TABLE t (a)", Part::default()), Some(false));
    // Of a part, the texts say nothing.
    let part = Part { ignored: vec!["u".to_owned()], own: None };
    assert_eq!(has_schema(texts, part), Some(false));
}

#[test]
fn the_tables_and_views_that_a_chain_makes_are_its_own() {
    let sql = "CREATE TABLE a (x); CREATE TABLE IF NOT EXISTS main.\"B c\" (x); CREATE INDEX i ON a (x);
               CREATE VIEW v AS SELECT 1; CREATE VIRTUAL TABLE f USING fts5 (t); ALTER TABLE a RENAME TO d;
               ALTER TABLE d RENAME x TO y; ALTER TABLE d RENAME COLUMN y TO z; ALTER TABLE d ADD COLUMN e;
               CREATE TRIGGER t AFTER INSERT ON d BEGIN SELECT 1; END; DROP TABLE d; INSERT INTO f VALUES (1);
               CREATE TEMP TABLE other (x);";
    let text = format!("-- A.\n-- @revises base\n-- @upgrade\n{sql}\n-- @downgrade\nSELECT 1;\n");
    let chain = Directory::of([(name(1, "001"), text)]).chain();
    let part = chain.own_part(&["f".to_owned()]);
    assert_eq!(part.own.unwrap(), ["a", "B c", "v", "f", "d"]);
    assert_eq!(part.ignored, ["f"]);
}

#[test]
fn a_statement_that_ends_before_it_names_a_table_is_an_error_and_no_panic() {
    for sql in ["UPDATE OR", "UPDATE", "DELETE FROM", "WITH a AS (SELECT 1) REPLACE INTO"] {
        let text = format!("-- A.\n-- @revises base\n-- @upgrade\n{sql};\n-- @downgrade\nSELECT 1;\n");
        let chain = Directory::of([(name(1, "001"), text)]).chain();
        let schema = revchain_core::schema::Schema::default();
        assert!(revchain_core::proof::tables_at_stake(chain.revisions()[0].upgrade(), &schema).is_empty());
    }
}

/// What `@compatible` says is no part of what a revision does.
#[test]
fn compatible_stands_alone_in_the_header_and_is_no_edit() {
    let compatible = NOTES.replace("\n\n-- @upgrade", "\n-- @compatible\n\n-- @upgrade");
    assert_eq!(checksum_of(&compatible), checksum_of(NOTES));
    assert!(one(&compatible).chain().head().unwrap().is_compatible());
    assert!(!one(NOTES).chain().head().unwrap().is_compatible());
    for (from, to, code) in [
        ("-- @compatible", "-- @compatible 003", Code::MalformedDirective),
        ("-- @compatible", "-- @compatible\n-- @compatible", Code::DuplicateDirective),
        ("-- @compatible", "-- @compatibel", Code::UnknownDirective),
        ("-- @compatible", "--@compatible", Code::MalformedDirective),
    ] {
        assert_eq!(one(compatible.replace(from, to)).codes(), [code], "{to}");
    }
    let late = NOTES.replace("-- @downgrade", "-- @compatible\n-- @downgrade");
    assert_eq!(one(late).codes(), [Code::MisplacedDirective]);
}
