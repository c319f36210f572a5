//! What `embed_migrations!` says at build time: one case for each defect, one folder named after it, one `.stderr`.
//! `TRYBUILD=overwrite cargo test --test ui` writes those anew.

#![allow(clippy::unwrap_used)]

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Once;

use revchain::Code;

const UI: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/ui");

/// Cases that are no defect of a directory: the macro's arguments are wrong, or there are several defects.
const OTHERS: [&str; 7] = [
    "not-a-string",
    "two-arguments",
    "unknown-argument",
    "argument-twice",
    "bad-chain-name",
    "several-defects",
    "several-proof-defects",
];

#[test]
fn every_defect_is_an_error_that_says_how_to_mend_it() {
    prepare();
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}

#[test]
fn a_sound_chain_compiles_wherever_it_is_embedded() {
    let chains = prepare();
    // Only here is it known where that is.
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
    let mut expected: Vec<_> = Code::ALL.iter().map(|code| code.name()).chain(OTHERS).collect();
    expected.sort_unstable();
    assert_eq!(cases("rs"), expected);
    assert_eq!(cases("stderr"), expected);
    for code in Code::ALL.iter().filter(|code| **code != Code::UnreadableDirectory) {
        assert!(Path::new(UI).join("chains").join(code.name()).is_dir(), "{code} has no folder");
    }
}

#[test]
fn every_case_shows_the_defect_it_is_named_after() {
    for code in Code::ALL {
        let message = stderr(code.name());
        assert!(message.starts_with(&format!("error: [{code}] ")), "{message}");
        assert!(message.contains("\n         chains/"), "{code} names no file:\n{message}");
        assert!(message.contains("\n       help: "), "{code} does not say what to do:\n{message}");
    }
}

#[test]
fn one_mistake_is_one_error() {
    for case in cases("stderr").iter().filter(|case| !case.starts_with("several-")) {
        assert_eq!(errors(case).len(), 1, "{}", stderr(case));
    }
}

#[test]
fn every_defect_of_a_directory_is_reported_in_one_build() {
    assert_eq!(
        codes("several-defects"),
        ["bad-file-name", "missing-section", "not-transactional", "bind-parameter", "stray-file"]
    );
}

#[test]
fn the_proof_goes_on_after_a_defect_and_reports_none_that_follows_from_it() {
    assert_eq!(
        codes("several-proof-defects"),
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
fn no_message_shows_where_it_was_built() {
    for case in cases("stderr") {
        assert!(!stderr(&case).contains(env!("CARGO_MANIFEST_DIR")), "{}", stderr(&case));
    }
}

/// The names of the cases' files with this extension, in order.
fn cases(extension: &str) -> Vec<String> {
    let files = fs::read_dir(UI).unwrap().map(|entry| entry.unwrap().path());
    let mut names: Vec<_> = files
        .filter(|path| path.extension().is_some_and(|e| e == extension))
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    names.sort();
    names
}

fn stderr(case: &str) -> String {
    fs::read_to_string(format!("{UI}/{case}.stderr")).unwrap()
}

fn errors(case: &str) -> Vec<String> {
    stderr(case).lines().filter(|line| line.starts_with("error")).map(str::to_owned).collect()
}

fn codes(case: &str) -> Vec<String> {
    let errors = errors(case);
    errors.iter().map(|line| line["error: [".len()..].split(']').next().unwrap().to_owned()).collect()
}

/// Copies the chains to where the cases find them: trybuild compiles these as a package of its own, below the target
/// directory.
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
        // One byte more than is read. Neither a dangling link nor a closed file is the same on every machine.
        let unreadable = chains.join("unreadable-file/20260102_1200_002_create_tags.sql");
        File::create(unreadable).unwrap().set_len((64 << 20) + 1).unwrap();
    });
    chains
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
