//! The jobs of a chain on sample rows, as a test of the program runs them.

use std::error::Error;

use revchain_core::LoadedMigrations;
use revchain_prove::testing::{Unproven, prove, prove_with};
use revchain_runtime::internal::{
    CodeFunction, CodeTable, JobFunction, JobTable, call_code, call_job,
};
use revchain_runtime::{Done, Migrations, Progress, Step};
use rusqlite::{Result, Transaction};

use crate::support::{Directory, assert_proven, summary};

type BoxError = Box<dyn Error + Send + Sync>;

/// Hashes one token a call.
fn hash(transaction: &Transaction<'_>, _: &mut Progress<'_>) -> Result<Done> {
    let sql = "UPDATE t SET hash = '#' || token, token = NULL WHERE id IN
               (SELECT id FROM t WHERE token IS NOT NULL LIMIT 1)";
    let count = transaction.execute(sql, [])?;
    Ok(if count == 0 { Done::Yes } else { Done::NotYet })
}

fn reject_empty(
    transaction: &Transaction<'_>,
    _: &mut Progress<'_>,
) -> std::result::Result<Done, BoxError> {
    let sql = "SELECT EXISTS (SELECT 1 FROM t WHERE token = '')";
    if transaction.query_row(sql, [], |row| row.get(0))? {
        return Err("a token is empty".into());
    }
    Ok(Done::Yes)
}

fn panics(transaction: &Transaction<'_>, _: &mut Progress<'_>) -> Result<Done> {
    let count: i64 = transaction.query_row("SELECT count(*) FROM t", [], |row| row.get(0))?;
    assert_eq!(count, 0, "rows");
    Ok(Done::Yes)
}

/// Needs a column that a later revision drops.
fn needs_token(transaction: &Transaction<'_>, _: &mut Progress<'_>) -> Result<Done> {
    transaction.execute("UPDATE t SET hash = token", [])?;
    Ok(Done::Yes)
}

/// Fails if the job has run before.
fn only_once(
    transaction: &Transaction<'_>,
    _: &mut Progress<'_>,
) -> std::result::Result<Done, BoxError> {
    let sql = "SELECT EXISTS (SELECT 1 FROM t WHERE token = 'done')";
    if transaction.query_row(sql, [], |row| row.get(0))? {
        return Err("it has run before".into());
    }
    transaction.execute("UPDATE t SET token = 'done'", [])?;
    Ok(Done::Yes)
}

fn needs_context(
    _: &Transaction<'_>,
    progress: &mut Progress<'_>,
) -> std::result::Result<Done, BoxError> {
    let _: &String = progress.context().ok_or("there is no context")?;
    Ok(Done::Yes)
}

fn rejects_hashes(step: &mut Step<'_>) -> std::result::Result<(), BoxError> {
    let sql = "SELECT EXISTS (SELECT 1 FROM t WHERE hash LIKE '#%')";
    if step.query_row(sql, [], |row| row.get(0))? {
        return Err("a hash is no token".into());
    }
    Ok(())
}

macro_rules! jobs {
    ($($name:ident)*) => {
        static JOBS: JobTable = JobTable::new(&[$(JobFunction {
            name: stringify!($name),
            run: |transaction, progress| call_job($name, transaction, progress),
        }),*]);
    };
}

jobs! { hash reject_empty panics needs_token only_once needs_context }

static CODE: CodeTable = CodeTable::new(&[CodeFunction {
    name: "rejects_hashes",
    run: |step| call_code(rejects_hashes, step),
}]);

const TABLE: &str = "CREATE TABLE t (id INTEGER PRIMARY KEY, token TEXT);";

const ADD_HASH: &str = "ALTER TABLE t ADD COLUMN hash TEXT;";

fn migrations(steps: &[(&str, &str)]) -> (Directory, Migrations) {
    assert_proven(steps);
    let directory = Directory::of(steps);
    let shown = directory.0.to_string_lossy().into_owned();
    let chain = LoadedMigrations::read(&directory.0, &shown).chain.unwrap();
    let migrations = Migrations::from_chain(chain, shown);
    (directory, migrations.with_code(&CODE).with_jobs(&JOBS))
}

fn summaries(proof: std::result::Result<(), Unproven>) -> Vec<String> {
    match proof {
        Ok(()) => Vec::new(),
        Err(unproven) => unproven.defects().unwrap().iter().map(summary).collect(),
    }
}

#[track_caller]
fn proof(steps: &[(&str, &str)]) -> Vec<String> {
    let (_directory, migrations) = migrations(steps);
    summaries(prove(&migrations))
}

/// Returns an upgrade with a job, and its downgrade.
fn with_job(job: &str) -> String {
    format!("@job {job}\n{ADD_HASH}")
}

const DROP_HASH: &str = "ALTER TABLE t DROP COLUMN hash;";

#[test]
fn job_on_sample_rows_succeeds() {
    assert!(proof(&[(TABLE, ""), (&with_job("hash"), DROP_HASH)]).is_empty());
}

#[test]
fn failing_job_is_a_defect_at_its_line() {
    for job in ["reject_empty", "panics"] {
        let found = proof(&[(TABLE, ""), (&with_job(job), DROP_HASH)]);
        assert_eq!(found, ["code-fails 002:3"], "{job}");
    }
}

#[test]
fn assumed_values_reach_no_job() {
    let upgrade = format!(
        "@assumes t(token) values the program writes no empty text\n{}",
        with_job("panics")
    );
    assert!(proof(&[(TABLE, ""), (&upgrade, DROP_HASH)]).is_empty());
}

#[test]
fn job_runs_again_after_a_downgrade() {
    let found = proof(&[(TABLE, ""), (&with_job("only_once"), DROP_HASH)]);
    assert_eq!(found, ["code-fails 002:3"]);
}

#[test]
fn downgrade_runs_on_the_rows_of_the_job() {
    let downgrade = format!("-- @code rejects_hashes\n{DROP_HASH}");
    let found = proof(&[(TABLE, ""), (&with_job("hash"), &downgrade)]);
    assert_eq!(found, ["code-fails 002:7"]);
}

#[test]
fn job_runs_at_the_head_unless_a_revision_requires_it() {
    let upgrade = with_job("needs_token");
    let drop = "@destroys t.token the hash replaces it\nALTER TABLE t DROP COLUMN token;";
    let steps = [(TABLE, ""), (&*upgrade, DROP_HASH), (drop, "")];
    assert_eq!(proof(&steps), ["code-fails 002:3"]);
    let (_directory, migrations) = migrations(&steps);
    let text = prove(&migrations).unwrap_err().to_string();
    for words in [
        "`needs_token` of 002 fails at the head where",
        "add `-- @requires needs_token` to the revision",
    ] {
        assert!(text.contains(words), "no {words:?} in:\n{text}");
    }
    let drop = format!("@requires needs_token\n{drop}");
    assert!(proof(&[(TABLE, ""), (&upgrade, DROP_HASH), (&drop, "")]).is_empty());
}

#[test]
fn context_reaches_the_job() {
    let (_directory, migrations) =
        migrations(&[(TABLE, ""), (&with_job("needs_context"), DROP_HASH)]);
    assert_eq!(summaries(prove(&migrations)), ["code-fails 002:3"]);
    let migrator = migrations.migrator().context("key".to_owned());
    assert!(prove_with(&migrator).is_ok());
}
