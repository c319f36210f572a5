//! The compile errors of `embed_migrations!` and `sql!`.
//!
//! Each kind of defect has a case: a program, a directory in `chains/`, and a `.stderr` file.
//! `TRYBUILD=overwrite cargo test -p revchain --test ui` writes the `.stderr` files again.

#![allow(clippy::unwrap_used)]

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Once;

use revchain::DefectKind;

const UI: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/ui");

/// The cases for wrong arguments of the macro, and for several defects in one directory.
const OTHER_CASES: [&str; 14] = [
    "not-a-string",
    "two-arguments",
    "unknown-argument",
    "argument-twice",
    "bad-chain-name",
    "code-not-a-list",
    "code-twice",
    "superfluous-code",
    "job-of-another-type",
    "replicated-unknown",
    "replicated-code",
    "replicated-not-a-revision",
    "several-defects",
    "several-proof-defects",
];

/// The defects that only `sql!` reports.
const OF_QUERIES: [DefectKind; 12] = [
    DefectKind::NotOneStatement,
    DefectKind::NotAQuery,
    DefectKind::InvalidQuery,
    DefectKind::MixedParameters,
    DefectKind::ParameterGap,
    DefectKind::InsertWithoutColumns,
    DefectKind::MissingValue,
    DefectKind::ChangesAllRows,
    DefectKind::ComparesWithNull,
    DefectKind::ComparesTypes,
    DefectKind::WrongType,
    DefectKind::QueryFails,
];

#[test]
fn compile_errors_match_the_stderr_files() {
    prepare();
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}

/// `TRYBUILD=overwrite cargo test -p revchain --test ui queries` writes the `.stderr` files again.
#[test]
fn compile_errors_of_queries_match_the_stderr_files() {
    prepare();
    trybuild::TestCases::new().compile_fail("tests/ui/sql/*.rs");
}

#[test]
fn every_defect_of_a_query_has_a_case() {
    for kind in OF_QUERIES {
        let message = fs::read_to_string(format!("{UI}/sql/{kind}.stderr")).unwrap();
        assert!(
            message.starts_with(&format!("error: [{kind}] ")),
            "{message}"
        );
        assert!(message.contains("\n       help: "), "{message}");
        assert_eq!(message.matches("error: ").count(), 1, "{message}");
    }
}

#[test]
fn valid_chains_compile_in_every_position() {
    let chains = prepare();
    // The absolute path depends on the machine, so the case is generated.
    let absolute = Path::new(env!("CARGO_TARGET_TMPDIR")).join("absolute-path.rs");
    let directory = chains.join("merge");
    let program = format!(
        "static MIGRATIONS: revchain::Migrations = revchain::embed_migrations!({directory:?});\n\
         fn main() {{ assert_eq!(MIGRATIONS.revisions().len(), 4); }}\n"
    );
    fs::write(&absolute, program).unwrap();
    let cases = trybuild::TestCases::new();
    cases.pass("tests/ui/pass/*.rs");
    cases.pass(absolute);
}

#[test]
fn every_defect_has_a_case() {
    let kinds = compile_errors().map(|kind| kind.name());
    let mut expected: Vec<_> = kinds.chain(OTHER_CASES).collect();
    expected.sort_unstable();
    assert_eq!(cases("rs"), expected);
    assert_eq!(cases("stderr"), expected);
    for kind in compile_errors().filter(|kind| **kind != DefectKind::UnreadableDirectory) {
        assert!(
            Path::new(UI).join("chains").join(kind.name()).is_dir(),
            "{kind} has no directory"
        );
    }
}

#[test]
fn cases_show_the_defect_of_their_name() {
    for kind in compile_errors() {
        let message = stderr(kind.name());
        assert!(
            message.starts_with(&format!("error: [{kind}] ")),
            "{message}"
        );
        assert!(
            message.contains("\n         chains/"),
            "{kind} names no file:\n{message}"
        );
        assert!(
            message.contains("\n       help: "),
            "{kind} has no help:\n{message}"
        );
    }
}

#[test]
fn one_defect_is_one_error() {
    for case in cases("stderr")
        .iter()
        .filter(|case| !case.starts_with("several-"))
    {
        assert_eq!(errors(case).len(), 1, "{}", stderr(case));
    }
}

#[test]
fn all_defects_of_a_directory_are_reported_in_one_build() {
    assert_eq!(
        kinds("several-defects"),
        [
            "bad-file-name",
            "missing-section",
            "not-transactional",
            "bind-parameter",
            "stray-file"
        ]
    );
}

#[test]
fn proof_continues_and_skips_consequences_of_defects() {
    assert_eq!(
        kinds("several-proof-defects"),
        [
            "sql-error",
            "missing-summary",
            "downgrade-does-not-restore",
            "undeclared-destruction",
            "foreign-key-violation",
            "needlessly-unproven"
        ]
    );
}

#[test]
fn messages_do_not_contain_the_build_directory() {
    for case in cases("stderr") {
        assert!(
            !stderr(&case).contains(env!("CARGO_MANIFEST_DIR")),
            "{}",
            stderr(&case)
        );
    }
}

/// Returns the kinds of defects that the macro reports.
fn compile_errors() -> impl Iterator<Item = &'static DefectKind> {
    let kinds = DefectKind::ALL.iter();
    let kinds = kinds.filter(|kind| !OF_QUERIES.contains(kind));
    // Only a test of the program runs the functions.
    kinds.filter(|kind| **kind != DefectKind::CodeFails)
}

/// Returns the sorted names of the cases that have a file with this extension.
fn cases(extension: &str) -> Vec<String> {
    let files = fs::read_dir(UI).unwrap().map(|entry| entry.unwrap().path());
    let mut names: Vec<_> = files
        .filter(|path| path.extension().is_some_and(|e| e == extension))
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    names.sort();
    names
}

/// Returns the expected compile errors of a case.
fn stderr(case: &str) -> String {
    fs::read_to_string(format!("{UI}/{case}.stderr")).unwrap()
}

/// Returns the first lines of the errors of a case.
fn errors(case: &str) -> Vec<String> {
    stderr(case)
        .lines()
        .filter(|line| line.starts_with("error"))
        .map(str::to_owned)
        .collect()
}

/// Returns the kinds of the errors of a case.
fn kinds(case: &str) -> Vec<String> {
    let errors = errors(case).into_iter();
    errors
        .map(|line| {
            let kind = line.strip_prefix("error: [").unwrap();
            kind.split(']').next().unwrap().to_owned()
        })
        .collect()
}

/// Copies the chains to the package that trybuild generates below the target directory.
///
/// Returns the directory of the copies.
fn prepare() -> PathBuf {
    static COPIED: Once = Once::new();
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let chains = target.join("tests/trybuild/revchain/chains");
    COPIED.call_once(|| {
        if chains.exists() {
            fs::remove_dir_all(&chains).unwrap();
        }
        copy(&Path::new(UI).join("chains"), &chains);
        let everything = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/chains/everything");
        copy(Path::new(everything), &chains.join("everything"));
        // The file is one byte too large. A broken link would depend on the machine.
        let unreadable = chains.join("unreadable-file/20260102_1200_002_create_tags.sql");
        File::create(unreadable)
            .unwrap()
            .set_len((64 << 20) + 1)
            .unwrap();
        // The file would be large in the repository.
        let large = chains.join("replicated-size/20260102_1200_002_add_words.sql");
        fs::write(large, large_revision()).unwrap();
    });
    chains
}

/// Returns a revision whose second statement makes it too large for a cluster.
fn large_revision() -> String {
    let insert = |id| {
        format!(
            "INSERT INTO words VALUES ({id}, '{}');",
            "x".repeat(800_000)
        )
    };
    format!(
        "-- Add words.\n-- @revises 001\n\n-- @upgrade\n\
         CREATE TABLE words (id INTEGER PRIMARY KEY, word TEXT NOT NULL);\n{}\n{}\n\n\
         -- @downgrade\nDROP TABLE words;\n",
        insert(1),
        insert(2),
    )
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}
