//! The jobs of revision 010 in the commands of the program.

use revchain::rusqlite::Connection;
use token_store::Key;

use crate::binding::insert_older;
use crate::cli::{Program, assert_contains, assert_starts};
use crate::fixture::KEY;

/// The jobs as `status` and `upgrade` show them before their first batch.
const PENDING: &str = "\n  job bind_refresh_tokens of 010: pending\n  \
                       job bind_app_passwords of 010: pending\n";

/// A program with a database at 009, which has the secrets of 250 users.
fn program_at_009() -> Program {
    let program = Program::new();
    program.run(&["db", "upgrade", "-r", "009"]).succeeds();
    let connection = Connection::open(program.path().join("tokens.db")).unwrap();
    connection.execute_batch("BEGIN").unwrap();
    for user in 0..250 {
        insert_older(&connection, user);
    }
    connection.execute_batch("COMMIT").unwrap();
    program
}

#[test]
fn upgrade_leaves_the_jobs_pending() {
    let program = program_at_009();
    let said = program.run(&["db", "upgrade"]).succeeds();
    assert_starts(&said, "tokens.db: upgraded from 009 to 010: 1 revision");
    assert_contains(&said, PENDING);
    assert_contains(&said, "`token-store db run-jobs`");

    let said = program.run(&["db", "status"]).succeeds();
    assert_eq!(said, format!("tokens.db: 010 (head){PENDING}"));
}

#[test]
fn history_shows_the_jobs_and_the_code() {
    let program = program_at_009();
    program.run(&["db", "upgrade"]).succeeds();
    let said = program.run(&["db", "history"]).succeeds();
    let line = said.lines().nth(1).unwrap();
    for part in [
        "010 ",
        "(code: unbind_secrets)",
        "(job bind_refresh_tokens: pending)",
        "(job bind_app_passwords: pending)",
    ] {
        assert_contains(line, part);
    }
}

#[test]
fn run_jobs_with_the_key_converts_all_secrets() {
    let program = program_at_009();
    program.run(&["db", "upgrade"]).succeeds();
    let key = [("TOKEN_ENCRYPTION_KEY", KEY)];
    let said = program.run_with(&["db", "run-jobs"], &key).succeeds();
    assert_eq!(said, "tokens.db: 2 jobs ran: all finished\n");

    let status = program.run(&["db", "status"]).succeeds();
    assert_eq!(status, "tokens.db: 010 (head)\n");
    let history = program.run(&["db", "history"]).succeeds();
    assert_contains(&history, "(job bind_app_passwords: done)");
    let connection = Connection::open(program.path().join("tokens.db")).unwrap();
    let sql = "SELECT (SELECT min(encryption) FROM refresh_tokens),
                      (SELECT min(encryption) FROM app_passwords)";
    let read = |row: &revchain::rusqlite::Row<'_>| Ok([row.get(0)?, row.get(1)?]);
    let encryptions: [i64; 2] = connection.query_row(sql, [], read).unwrap();
    assert_eq!(encryptions, [2, 2]);
}

#[test]
fn run_jobs_stops_after_its_budget() {
    let program = program_at_009();
    program.run(&["db", "upgrade"]).succeeds();
    let key = [("TOKEN_ENCRYPTION_KEY", KEY)];
    let command = ["db", "run-jobs", "--budget", "0"];
    let said = program.run_with(&command, &key).succeeds();
    assert_starts(&said, "tokens.db: 1 job ran: 0 finished, 2 unfinished");
    let status = program.run(&["db", "status"]).succeeds();
    assert_contains(
        &status,
        "bind_refresh_tokens of 010: pending, 100 of 250 rows",
    );
}

#[test]
fn failing_job_is_an_error_of_run_jobs_and_check() {
    let program = program_at_009();
    program.run(&["db", "upgrade"]).succeeds();
    let other = Key::generate_text();
    for (variables, cause) in [
        (
            &[][..],
            "there is no key for secrets: set TOKEN_ENCRYPTION_KEY",
        ),
        (
            &[("TOKEN_ENCRYPTION_KEY", &*other)],
            "the refresh token of \"user-000\" was encrypted with another key",
        ),
    ] {
        let said = program
            .run_with(&["db", "run-jobs"], variables)
            .fails_with(1);
        assert_contains(&said, "the job `bind_refresh_tokens` of 010 failed");
        assert_contains(&said, cause);
        let said = program.run(&["db", "check"]).fails_with(1);
        assert_starts(
            &said,
            "error: tokens.db: the schema is that of 010, but jobs fail",
        );
        assert_contains(&said, cause);
    }
    let key = [("TOKEN_ENCRYPTION_KEY", KEY)];
    program.run_with(&["db", "run-jobs"], &key).succeeds();
    program.run(&["db", "check"]).succeeds();
}

#[test]
fn jobs_of_a_new_database_need_no_key() {
    let program = Program::new();
    let said = program.run(&["db", "upgrade"]).succeeds();
    assert_contains(&said, PENDING);
    let said = program.run(&["db", "run-jobs"]).succeeds();
    assert_eq!(said, "tokens.db: 2 jobs ran: all finished\n");
}

#[test]
fn downgrade_of_bound_secrets_needs_the_key() {
    let program = program_at_009();
    program.run(&["db", "upgrade"]).succeeds();
    let key = [("TOKEN_ENCRYPTION_KEY", KEY)];
    program.run_with(&["db", "run-jobs"], &key).succeeds();

    let downgrade = ["db", "downgrade", "--yes"];
    let said = program.run(&downgrade).fails_with(1);
    assert_contains(
        &said,
        "the function `unbind_secrets` failed in the downgrade of 010",
    );
    assert_contains(&said, "set TOKEN_ENCRYPTION_KEY");
    let said = program.run_with(&downgrade, &key).succeeds();
    assert_starts(&said, "tokens.db: downgraded from 010 to 009");
}

#[test]
fn invalid_key_is_a_warning() {
    let program = Program::new();
    let key = [("TOKEN_ENCRYPTION_KEY", "open sesame")];
    let finished = program.run_with(&["db", "pending"], &key);
    assert_starts(&finished.err, "warning: TOKEN_ENCRYPTION_KEY is not a key");
    finished.succeeds();
}
