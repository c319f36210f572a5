//! The directives that declare constraints, conditions and stand-ins.

use crate::support::{Directory, text};
use revchain_core::load::SourceInfo;
use revchain_core::{
    ArgumentCount, AssumesKind, DefectKind, FunctionStandIn, LoadedMigrations, LoosensKind,
};

/// Creates a directory with one revision whose header has these lines.
fn with_header(lines: &str) -> Directory {
    let text = text("base").replace("base\n", &format!("base\n{lines}\n"));
    Directory::new().with("20260101_1200_001_x.sql", text)
}

fn source(directory: &Directory) -> SourceInfo {
    let loaded = LoadedMigrations::read(directory.path(), "migrations");
    assert!(loaded.defects.is_empty(), "{:?}", loaded.defects);
    loaded.sources[0].clone()
}

/// Asserts that the header has exactly one defect, and that the message contains `parts`.
#[track_caller]
fn assert_malformed(line: &str, position: &str, parts: &[&str]) {
    let defects = with_header(line).load().unwrap_err();
    let message = defects.to_string();
    let start = "[malformed-directive] ";
    assert_eq!(defects.iter().count(), 1, "{message}");
    assert!(message.starts_with(start), "{message}");
    assert!(message.contains(&format!(".sql:{position}\n")), "{message}");
    for part in parts {
        assert!(message.contains(part), "no {part:?} in:\n{message}");
    }
}

#[test]
fn loosens_is_read_with_table_column_kind_and_reason() {
    let info = source(&with_header(
        "-- @loosens users.email unique two may share one\n\
         -- @loosens \"a b\".[c.d] not-null  it was wrong \n\
         -- @loosens log STRICT old files have texts",
    ));
    let found: Vec<_> = info
        .loosens
        .iter()
        .map(|l| (&*l.table, l.column.as_deref(), l.kind, &*l.reason))
        .collect();
    assert_eq!(
        found,
        [
            (
                "users",
                Some("email"),
                LoosensKind::Unique,
                "two may share one"
            ),
            ("a b", Some("c.d"), LoosensKind::NotNull, "it was wrong"),
            ("log", None, LoosensKind::Strict, "old files have texts"),
        ]
    );
}

#[test]
fn assumes_is_read_with_table_columns_kind_and_reason() {
    let chain = with_header(
        "-- @assumes users(email) unique the program checks it\n\
         -- @assumes \"a b\" ( \"c)d\" , e ) values it is JSON",
    )
    .chain();
    let assumes = chain.head().unwrap().assumes();
    assert_eq!(*assumes[0].columns, ["email"]);
    assert_eq!(assumes[0].kind, AssumesKind::Unique);
    assert_eq!(assumes[0].reason, "the program checks it");
    assert_eq!(assumes[1].table, "a b");
    assert_eq!(*assumes[1].columns, ["c)d", "e"]);
    assert_eq!(assumes[1].kind, AssumesKind::Values);
}

#[test]
fn stand_ins_are_read_in_the_order_of_the_file() {
    let info = source(&with_header(
        "-- @function normalize(1)\n-- @function \"join all\" ( * )\n-- @function now_ms(0)\n\
         -- @collation german\n-- @collation \"de-DE\"\n-- @module spellfix1",
    ));
    let function = |name: &str, arguments| FunctionStandIn {
        name: name.to_owned(),
        arguments,
    };
    assert_eq!(
        info.stand_ins.functions,
        [
            function("normalize", ArgumentCount::Exactly(1)),
            function("join all", ArgumentCount::Any),
            function("now_ms", ArgumentCount::Exactly(0)),
        ]
    );
    assert_eq!(info.stand_ins.collations, ["german", "de-DE"]);
    assert_eq!(info.stand_ins.modules, ["spellfix1"]);
}

#[test]
fn declarations_do_not_change_the_checksum() {
    let plain = *with_header("").chain().head().unwrap().checksum();
    for line in [
        "-- @loosens a.b unique why",
        "-- @assumes a(b) unique why",
        "-- @function f(1)",
        "-- @collation c",
        "-- @module m",
        "-- @was sqlx:4",
    ] {
        let declared = *with_header(line).chain().head().unwrap().checksum();
        assert_eq!(declared, plain, "{line}");
    }
}

#[test]
fn malformed_loosens_shows_a_right_one_and_the_kinds() {
    let form = "`-- @loosens users.email unique two accounts may share an address`";
    let kinds = "the kinds are key, unique, check, not-null, default, collate, references, \
                 autoincrement, strict, generated";
    for (line, position) in [
        ("-- @loosens", "3:4"),
        ("-- @loosens users", "3:13"),
        ("-- @loosens users.email unique", "3:13"),
        ("-- @loosens (users) unique why", "3:13"),
    ] {
        assert_malformed(line, position, &[form, kinds]);
    }
}

#[test]
fn malformed_assumes_shows_a_right_one_and_the_kinds() {
    let form = "`-- @assumes users(email) unique the program has always checked it`";
    let kinds = "the kinds are unique, not-null, check, references, values";
    for (line, position) in [
        ("-- @assumes", "3:4"),
        ("-- @assumes users unique why", "3:13"),
        ("-- @assumes users.email unique why", "3:13"),
        ("-- @assumes users() unique why", "3:13"),
        ("-- @assumes users(a, ) unique why", "3:13"),
        ("-- @assumes users(a b) unique why", "3:13"),
        ("-- @assumes users(a", "3:13"),
        ("-- @assumes users(a)", "3:13"),
        ("-- @assumes users(a)unique why", "3:21"),
        ("-- @assumes users(a) unique", "3:13"),
    ] {
        assert_malformed(line, position, &[form, kinds]);
    }
}

#[test]
fn unknown_kind_suggests_the_nearest() {
    assert_malformed(
        "-- @loosens users.email uniqe why",
        "3:25",
        &[
            "`@loosens` has no kind `uniqe`",
            "did you mean `unique`?",
            "the kinds are key, ",
        ],
    );
    assert_malformed(
        "-- @assumes users(email) notnull why",
        "3:26",
        &["did you mean `not-null`?", "the kinds are unique, "],
    );
    assert_malformed(
        "-- @loosens users.email something why",
        "3:25",
        &["has no kind `something`", "name the table or column"],
    );
}

#[test]
fn malformed_stand_in_shows_a_right_one() {
    for (line, position, form) in [
        ("-- @function", "3:4", "`-- @function normalize(1)`"),
        ("-- @function f", "3:14", "`-- @function normalize(1)`"),
        ("-- @function f(-1)", "3:14", "`-- @function join_all(*)`"),
        ("-- @function f(128)", "3:14", "`-- @function join_all(*)`"),
        ("-- @function f(1) it is ours", "3:14", "normalize(1)"),
        ("-- @collation", "3:4", "`-- @collation german`"),
        ("-- @collation a b", "3:15", "`-- @collation german`"),
        ("-- @module", "3:4", "`-- @module spellfix1`"),
        ("-- @module m(a)", "3:12", "`-- @module spellfix1`"),
        ("-- @module 'a", "3:12", "`-- @module spellfix1`"),
        ("-- @module 'a'", "3:12", "`-- @module spellfix1`"),
    ] {
        assert_malformed(line, position, &[form]);
    }
}

#[test]
fn duplicate_declaration_is_rejected() {
    for (line, other) in [
        ("@loosens a.b unique x", "@loosens A.\"B\" unique y"),
        ("@assumes a(b, c) unique x", "@assumes a(b,\"C\") unique y"),
        ("@function f(1)", "@function F(1)"),
        ("@collation c", "@collation \"C\""),
        ("@module m", "@module M"),
    ] {
        let directory = with_header(&format!("-- {line}\n-- {other}"));
        assert_eq!(directory.kinds(), [DefectKind::DuplicateDirective]);
        let message = directory.load().unwrap_err().to_string();
        assert!(message.contains("appears twice"), "{message}");
    }
}

#[test]
fn different_declarations_are_accepted() {
    for (line, other) in [
        ("@loosens a.b unique x", "@loosens a.b check x"),
        ("@loosens a unique x", "@loosens a.b unique x"),
        ("@assumes a(b) unique x", "@assumes a(b) not-null x"),
        ("@assumes a(b) unique x", "@assumes a(b, c) unique x"),
        ("@function f(1)", "@function f(2)"),
        ("@function f(1)", "@collation f"),
    ] {
        let directory = with_header(&format!("-- {line}\n-- {other}"));
        assert_eq!(directory.kinds(), [], "{line}, {other}");
    }
}
