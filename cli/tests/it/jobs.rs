//! Jobs and functions of the program, which the program `revchain` cannot run.

use serde_json::json;

use crate::support::Shell;

/// Adds a revision with a job, and one that requires the job if `is_required` is `true`.
fn shell(is_required: bool) -> Shell {
    let shell = Shell::new();
    let header = "003\n-- @job fill_tags";
    shell.migration(
        "20260104_0000_004_filled.sql",
        header,
        "ALTER TABLE tags ADD COLUMN b;",
        "ALTER TABLE tags DROP COLUMN b;",
    );
    if is_required {
        shell.migration(
            "20260105_0000_005_last.sql",
            "004\n-- @requires fill_tags",
            "CREATE TABLE last (a);",
            "DROP TABLE last;",
        );
    }
    shell
}

#[test]
fn upgrade_names_the_pending_job_and_the_command() {
    let shell = shell(false);
    let expected = "  job fill_tags of 004: pending
help: the program runs the jobs, or `revchain run-jobs -d app.db` does";
    let text = shell.ok("upgrade -d app.db");
    assert_eq!(text.split_once('\n').unwrap().1, expected);
}

#[test]
fn status_and_history_show_jobs() {
    let shell = shell(false);
    shell.ok("upgrade -d app.db");
    shell.sql("UPDATE revchain_jobs SET rows_done = 5, rows_total = 9");
    let expected = "app.db: 004 (head)\n  job fill_tags of 004: pending, 5 of 9 rows";
    assert_eq!(shell.ok("status -d app.db"), expected);
    let history = shell.ok("history -d app.db");
    let line = history.lines().nth(1).unwrap();
    assert!(
        line.contains("(head) (current) (job fill_tags: pending, 5 of 9 rows)"),
        "{line}"
    );
    let jobs = &shell.json("status -d app.db --json")["jobs"];
    assert_eq!(jobs[0]["job"], "fill_tags");
    assert_eq!(jobs[0]["rows_done"], 5);
    let history = shell.json("history -d app.db --json");
    assert_eq!(history["revisions"][0]["jobs"], *jobs);
    shell.sql("UPDATE revchain_jobs SET state = 'done'");
    assert_eq!(shell.ok("status -d app.db"), "app.db: 004 (head)");
}

#[test]
fn failing_job_fails_the_check() {
    let shell = shell(false);
    shell.ok("upgrade -d app.db");
    assert_eq!(
        shell.json("check -d app.db --json")["failing_jobs"],
        json!([])
    );
    shell.sql("UPDATE revchain_jobs SET attempts = 3, last_error = 'no key'");
    let (code, _, error) = shell.run("check -d app.db");
    assert_eq!(code, 1);
    assert!(
        error.contains("job fill_tags of 004: pending, failed 3 times: no key"),
        "{error}"
    );
    assert!(
        error.contains("run `revchain run-jobs -d app.db`"),
        "{error}"
    );
}

#[test]
fn program_without_the_function_runs_no_job() {
    let shell = shell(false);
    shell.ok("upgrade -d app.db");
    let (code, out, error) = shell.run("run-jobs -d app.db");
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(error.contains("`fill_tags`"), "{error}");
    assert!(error.contains("explain missing-code"), "{error}");
    let shell = Shell::new();
    shell.ok("upgrade -d app.db");
    assert_eq!(shell.ok("run-jobs -d app.db"), "app.db: no unfinished jobs");
    let json = shell.json("run-jobs -d app.db --json");
    assert_eq!(
        json,
        json!({ "database": "app.db", "jobs": [], "unfinished": 0 })
    );
}

#[test]
fn required_job_is_listed_before_its_revision() {
    let shell = shell(true);
    // The job of an upgrade from 003 on needs the program.
    shell.ok("upgrade -d app.db 004");
    let expected = "app.db: 1 pending\n  the job fill_tags of 004 runs\n  005  Add last.";
    assert_eq!(shell.ok("pending -d app.db"), expected);
    let pending = &shell.json("pending -d app.db --json")["pending"][0];
    assert_eq!(
        pending["jobs_before"],
        json!([{ "revision": "004", "job": "fill_tags" }])
    );
    shell.sql("INSERT INTO tags (a) VALUES (1)");
    let (code, _, error) = shell.run("upgrade -d app.db");
    assert_eq!(code, 1, "{error}");
    assert!(error.contains("`fill_tags`"), "{error}");
    assert!(shell.ok("current -d app.db").contains("004"));
}

#[test]
fn program_without_the_function_changes_nothing() {
    let shell = Shell::new();
    shell.ok("upgrade -d app.db");
    shell.migration(
        "20260104_0000_004_coded.sql",
        "003",
        "ALTER TABLE tags ADD COLUMN b;\n-- @code fill_tags",
        "ALTER TABLE tags DROP COLUMN b;",
    );
    let (code, _, error) = shell.run("upgrade -d app.db");
    assert_eq!(code, 1);
    assert!(error.contains("`fill_tags`"), "{error}");
    assert!(error.contains("explain missing-code"), "{error}");
    assert!(shell.ok("current -d app.db").starts_with("app.db: 003 "));
    assert_eq!(shell.run("upgrade -d new.db").0, 1);
    assert!(!shell.path("new.db").exists());
    let history = shell.ok("history -d app.db");
    assert!(
        history.contains("Add coded. (head) (code: fill_tags)"),
        "{history}"
    );
}
