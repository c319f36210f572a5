//! The directives `@job` and `@requires`.

use revchain_core::embedded::{decode_chain, encode};
use revchain_core::model::checksum;
use revchain_core::{DefectKind, Revision};

use crate::support::{Directory, name, text};

/// Returns the text of a migration that revises `parents` and has these lines in its header.
fn with_lines(parents: &str, lines: &[&str]) -> String {
    let revises = format!("@revises {parents}\n");
    let lines: String = lines.iter().map(|line| format!("-- {line}\n")).collect();
    text(parents).replace(&revises, &format!("{revises}{lines}"))
}

/// Returns a directory of a linear chain, whose revisions have these lines in their headers.
fn chain_of(headers: &[&[&str]]) -> Directory {
    let mut parent = "base".to_owned();
    let files = headers.iter().zip(1..).map(|(lines, day)| {
        let id = format!("{day:03}");
        let file = (name(day, &id), with_lines(&parent, lines));
        parent = id;
        file
    });
    Directory::of(files.collect::<Vec<_>>())
}

/// Returns the only defect as text, and checks its kind.
#[track_caller]
fn defect_of(headers: &[&[&str]], kind: DefectKind) -> String {
    let directory = chain_of(headers);
    assert_eq!(directory.kinds(), [kind]);
    directory.load().unwrap_err().to_string()
}

fn jobs(revision: &Revision) -> Vec<(&str, u32)> {
    let jobs = revision.jobs().iter();
    jobs.map(|job| (job.name(), job.line())).collect()
}

#[test]
fn jobs_and_requirements_are_read_in_the_order_of_the_file() {
    let chain = chain_of(&[
        &["@job encrypt", "@job  Größe_2 "],
        &[],
        &["@requires Größe_2  encrypt"],
        &["@requires encrypt", "@requires Größe_2", "@job rest"],
    ])
    .chain();
    let [first, second, third, fourth] = chain.revisions() else {
        panic!("{chain:?}");
    };
    assert_eq!(jobs(first), [("encrypt", 3), ("Größe_2", 4)]);
    assert!(first.requires().eq([""; 0]));
    assert!(jobs(second).is_empty());
    assert!(third.requires().eq(["Größe_2", "encrypt"]));
    assert!(fourth.requires().eq(["encrypt", "Größe_2"]));
    assert_eq!(jobs(fourth), [("rest", 5)]);
}

#[test]
fn jobs_and_requirements_survive_the_embedding() {
    let directory = chain_of(&[&["@job encrypt"], &["@requires encrypt", "@job rest"]]);
    let chain = directory.chain();
    assert_eq!(decode_chain(&encode(&chain, &[])), Ok(chain));
}

#[test]
fn revision_with_a_job_may_have_empty_scripts() {
    let text = "-- Encrypt.\n-- @revises base\n-- @job encrypt\n-- @upgrade\n-- @downgrade\n";
    let chain = Directory::of([(name(1, "001"), text)]).chain();
    assert_eq!(jobs(&chain.revisions()[0]), [("encrypt", 3)]);

    let without_job = text.replace("-- @job encrypt\n", "");
    let kinds = Directory::of([(name(1, "001"), without_job)]).kinds();
    assert_eq!(kinds, [DefectKind::EmptySection; 2]);
}

#[test]
fn malformed_directives_show_a_right_one() {
    for (line, position, title) in [
        ("@job", "3:4", "`@job` names no function"),
        (
            "@job two jobs",
            "3:9",
            "`two jobs` is not the name of one function",
        ),
        (
            "@job crate::a",
            "3:9",
            "`crate::a` is not the name of one function",
        ),
        ("@requires", "3:4", "`@requires` names no job"),
        ("@requires a, b", "3:14", "`a,` is not the name of a job"),
        ("@requires a 1b", "3:16", "`1b` is not the name of a job"),
    ] {
        let directory = chain_of(&[&[line]]);
        let message = directory.load().unwrap_err().to_string();
        assert!(message.starts_with("[malformed-directive] "), "{message}");
        let position = format!(".sql:{position}\n");
        for part in [&*position, title, "-- @", "encrypt_tokens`"] {
            assert!(message.contains(part), "no {part:?} in:\n{message}");
        }
    }
}

#[test]
fn same_job_twice_in_a_file_is_a_duplicate_directive() {
    let message = defect_of(&[&["@job a", "@job a"]], DefectKind::DuplicateDirective);
    assert!(message.contains("`@job a` appears twice"), "{message}");
    assert!(message.contains(".sql:4:1\n"), "{message}");
    let twice: &[&[&str]] = &[&["@job a"], &["@requires a a"]];
    let message = defect_of(twice, DefectKind::DuplicateDirective);
    assert!(message.contains("`@requires a` appears twice"), "{message}");
    // Rust distinguishes the two functions.
    assert!(chain_of(&[&["@job a", "@job A"]]).load().is_ok());
}

#[test]
fn same_job_in_two_revisions_is_a_defect_of_the_second() {
    let message = defect_of(
        &[&["@job a"], &["@job b", "@job a"]],
        DefectKind::DuplicateJob,
    );
    assert!(
        message.contains("two revisions have the job `a`"),
        "{message}"
    );
    assert!(message.contains("20260102_1200_002_x.sql:4:9"), "{message}");
    assert!(message.contains("20260101_1200_001_x.sql"), "{message}");
    assert!(message.contains("001 has this job, too"), "{message}");
}

#[test]
fn job_that_is_also_code_is_a_duplicate_job() {
    for section in ["-- @upgrade\n", "-- @downgrade\n"] {
        let code = text("base").replace(section, &format!("{section}-- @code encrypt\n"));
        let directory = Directory::of([
            (name(1, "001"), code),
            (name(2, "002"), with_lines("001", &["@job encrypt"])),
        ]);
        assert_eq!(directory.kinds(), [DefectKind::DuplicateJob]);
        let message = directory.load().unwrap_err().to_string();
        assert!(
            message.contains("`encrypt` is both a job and code"),
            "{message}"
        );
        assert!(message.contains("001 runs it as code"), "{message}");
        assert!(message.contains("002_x.sql:3:9"), "{message}");
    }
}

#[test]
fn requirement_of_no_job_suggests_the_job_of_an_ancestor() {
    let headers: &[&[&str]] = &[&["@job encrypt"], &["@requires encrpt"]];
    let message = defect_of(headers, DefectKind::UnknownJob);
    assert!(
        message.contains("no ancestor has the job `encrpt`"),
        "{message}"
    );
    assert!(message.contains("002_x.sql:3:14"), "{message}");
    assert!(message.contains("did you mean `encrypt`?"), "{message}");

    let message = defect_of(&[&[], &["@requires index"]], DefectKind::UnknownJob);
    assert!(
        message.contains("add `-- @job index` to the revision"),
        "{message}"
    );
}

#[test]
fn requirement_of_the_own_job_is_an_unknown_job() {
    let message = defect_of(&[&["@job a", "@requires a"]], DefectKind::UnknownJob);
    assert!(
        message.contains("its own job, which runs after its upgrade"),
        "{message}"
    );
}

#[test]
fn requirement_of_a_later_job_is_an_unknown_job() {
    let message = defect_of(&[&["@requires a"], &["@job a"]], DefectKind::UnknownJob);
    assert!(message.contains("the job of 002"), "{message}");
    assert!(
        message.contains("make this revision a descendant of 002"),
        "{message}"
    );
}

#[test]
fn requirement_of_a_job_on_another_branch_is_an_unknown_job() {
    let branches = |merged: &[&str], other: &[&str]| {
        Directory::of([
            (name(1, "001"), text("base")),
            (name(2, "002"), with_lines("001", &["@job a"])),
            (name(3, "003"), with_lines("001", other)),
            (name(4, "004"), with_lines("002 003", merged)),
        ])
    };
    let directory = branches(&[], &["@requires a"]);
    assert_eq!(directory.kinds(), [DefectKind::UnknownJob]);
    assert!(branches(&["@requires a"], &[]).load().is_ok());
}

#[test]
fn directive_in_a_section_is_misplaced() {
    let text = text("base").replace("SELECT 1;\n", "-- @job a\nSELECT 1;\n");
    let directory = Directory::of([(name(1, "001"), text)]);
    assert_eq!(directory.kinds(), [DefectKind::MisplacedDirective]);
}

#[test]
fn jobs_are_part_of_the_checksum_of_the_upgrade() {
    let checksums = |headers: &[&[&str]]| {
        let chain = chain_of(headers).chain();
        let last = chain.head().unwrap();
        (*last.checksum(), checksum::script(last.upgrade()))
    };
    let job: &[&str] = &["@job a", "@job b"];
    let all = [
        checksums(&[job, &[]]),
        checksums(&[job, &["@requires a"]]),
        checksums(&[job, &["@requires b"]]),
        checksums(&[job, &["@requires a b"]]),
        checksums(&[job, &["@job c"]]),
        checksums(&[job, &["@job c", "@requires a"]]),
    ];
    for (position, one) in all.iter().enumerate() {
        for other in &all[..position] {
            assert!(one.0 != other.0 && one.1 != other.1, "{position}");
        }
    }
    // The line on which a job stands does not matter.
    let moved = checksums(&[job, &["Another line.", "@job c"]]);
    assert_eq!(moved, all[4]);
}
