//! The directives `@job` and `@requires`.

use revchain_core::embedded::{decode_chain, encode};
use revchain_core::model::checksum;
use revchain_core::plan::planner::plan;
use revchain_core::{
    Adopt, Chain, DatabaseState, DefectKind, FinishedJob, LoadedMigrations, Plan, Policy, Request,
    Revision, Step, Target, check_code,
};

use crate::plan::{history, tables};
use crate::support::{Directory, name, positions, text};

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

/// Returns a chain in which 003 and 004 require the job of 001, and 005 that of 003.
fn waiting_chain() -> Chain {
    let third: &[&str] = &["@requires encrypt", "@job index"];
    chain_of(&[
        &["@job encrypt"],
        &[],
        third,
        &["@requires encrypt"],
        &["@requires index"],
    ])
    .chain()
}

/// Returns the state of a database with these revisions, in which these jobs are finished.
fn finished(chain: &Chain, ids: &[&str], jobs: &[(&str, &str)]) -> DatabaseState {
    let mut state = history(chain, ids);
    if let DatabaseState::Managed { finished_jobs, .. } = &mut state {
        finished_jobs.extend(jobs.iter().map(|(revision, job)| FinishedJob {
            revision: (*revision).to_owned(),
            job: (*job).to_owned(),
        }));
    }
    state
}

fn plan_of(chain: &Chain, state: &DatabaseState, request: &Request) -> Plan {
    plan(chain, state, &Policy::default(), request).unwrap()
}

/// Returns a short text for each step, such as `+003`, or `encrypt for 003` for a job.
fn texts(chain: &Chain, steps: &[Step]) -> Vec<String> {
    let text = |step: &Step| {
        let id = step.revision(chain).map_or("history", Revision::id);
        match step {
            Step::RunJob(job) => {
                assert!(
                    chain[job.revision]
                        .jobs()
                        .iter()
                        .any(|one| one.name() == job.name)
                );
                format!("{} for {}", job.name, chain[job.required_by].id())
            }
            Step::Downgrade(_) => format!("-{id}"),
            Step::Stamp(_) => format!("={id}"),
            _ => format!("+{id}"),
        }
    };
    steps.iter().map(text).collect()
}

#[track_caller]
fn assert_upgrade(state: &DatabaseState, target: &str, expected: &[&str]) {
    let chain = waiting_chain();
    let plan = plan_of(&chain, state, &Request::Upgrade(target.into()));
    assert_eq!(texts(&chain, &plan.steps), expected);
}

#[test]
fn required_job_runs_once_before_its_first_upgrade() {
    let steps = [
        "+history",
        "+001",
        "+002",
        "encrypt for 003",
        "+003",
        "+004",
        "index for 005",
        "+005",
    ];
    assert_upgrade(&DatabaseState::Empty, "head", &steps);
    assert_upgrade(&DatabaseState::Empty, "002", &steps[..3]);
    let chain = waiting_chain();
    assert_upgrade(&history(&chain, &["001", "002"]), "head", &steps[3..]);
    assert_upgrade(&history(&chain, &["001", "002"]), "+2", &steps[3..6]);
}

#[test]
fn finished_job_does_not_run_again() {
    let chain = waiting_chain();
    let state = finished(&chain, &["001", "002"], &[("001", "encrypt")]);
    assert_upgrade(&state, "head", &["+003", "+004", "index for 005", "+005"]);
    // The row of another revision, or of another job, is not that of the required job.
    for other in [("002", "encrypt"), ("001", "index"), ("003", "index")] {
        let state = finished(&chain, &["001", "002"], &[other]);
        let steps = ["encrypt for 003", "+003"];
        assert_upgrade(&state, "003", &steps);
    }
}

#[test]
fn adoption_runs_the_jobs_of_later_upgrades() {
    let chain = waiting_chain();
    let policy = Policy {
        adopt: Adopt::at("002"),
        ..Policy::default()
    };
    let plan = plan(&chain, &tables(), &policy, &Request::Upgrade("003".into())).unwrap();
    let steps = ["+history", "=001", "=002", "encrypt for 003", "+003"];
    assert_eq!(texts(&chain, &plan.steps), steps);
}

#[test]
fn stamp_and_downgrade_run_no_job() {
    let chain = waiting_chain();
    let all = ["001", "002", "003", "004", "005"];
    let stamp = plan_of(&chain, &DatabaseState::Empty, &Request::Stamp(Target::Head));
    assert_eq!((stamp.jobs().count(), stamp.steps.len()), (0, 6));
    let downgrade = Request::Downgrade("002".into());
    let downgrade = plan_of(&chain, &history(&chain, &all), &downgrade);
    assert_eq!(texts(&chain, &downgrade.steps), ["-005", "-004", "-003"]);
}

#[test]
#[cfg(feature = "stored-downgrades")]
fn redo_runs_the_unfinished_jobs() {
    let chain = chain_of(&[&["@job a"], &["@requires a", "@job b"], &["@requires b"]]).chain();
    let mut state = finished(
        &chain,
        &["001", "002", "003"],
        &[("001", "a"), ("002", "b")],
    );
    let plan = plan_of(&chain, &state, &Request::Redo);
    assert_eq!(texts(&chain, &plan.steps), ["-003", "+003"]);
    // 003 alone is reverted, but the job of 002 was not finished.
    if let DatabaseState::Managed { finished_jobs, .. } = &mut state {
        finished_jobs.pop();
    }
    let plan = plan_of(&chain, &state, &Request::Redo);
    assert_eq!(texts(&chain, &plan.steps), ["-003", "b for 003", "+003"]);
}

#[test]
fn plan_is_split_at_its_first_jobs() {
    let third: &[&str] = &["@requires a b"];
    let chain = chain_of(&[
        &["@job a", "@job b"],
        &[],
        third,
        &["@job c"],
        &["@requires c"],
    ])
    .chain();
    let mut plan = plan_of(
        &chain,
        &DatabaseState::Empty,
        &Request::Upgrade(Target::Head),
    );
    let split = plan.split_off().unwrap();
    assert_eq!(texts(&chain, &plan.steps), ["+history", "+001", "+002"]);
    assert_eq!(positions(&plan.stamped), [0, 1]);
    assert_eq!(plan.split_off(), None);
    let jobs: Vec<&str> = split.jobs.iter().map(|job| job.name.as_str()).collect();
    assert_eq!(jobs, ["a", "b"]);
    assert_eq!(
        texts(&chain, &split.rest.steps),
        ["+003", "+004", "c for 005", "+005"]
    );
    // The rest is the plan of the database after the first part and the jobs.
    let state = finished(&chain, &["001", "002"], &[("001", "a"), ("001", "b")]);
    let mut rest = plan_of(&chain, &state, &Request::Upgrade(Target::Head));
    assert_eq!(split.rest, rest);
    let split = rest.split_off().unwrap();
    assert_eq!(texts(&chain, &rest.steps), ["+003", "+004"]);
    assert_eq!(positions(&rest.stamped), [0, 1, 2, 3]);
    assert_eq!(texts(&chain, &split.rest.steps), ["+005"]);
}

#[test]
fn jobs_whose_functions_the_program_lacks_are_reported() {
    let directory = chain_of(&[&["@job job"], &["@job  index"], &["@job a"]]);
    let mut loaded = LoadedMigrations::read(directory.path(), "migrations");
    assert!(check_code(
        &mut loaded,
        &["a".to_owned(), "indx".to_owned()]
    ));
    let defects = loaded.into_chain().unwrap_err().to_string();
    for part in [
        "the program passes no function `job` to `embed_migrations!`",
        "001_x.sql:3:9\n",
        "the program passes no function `index` to `embed_migrations!`",
        "002_x.sql:3:10\n",
        "did you mean `-- @job indx`?",
    ] {
        assert!(defects.contains(part), "no {part:?} in:\n{defects}");
    }
}
