//! Jobs of a chain that `embed_migrations!` embeds, with the functions of the program.

use std::time::Duration;

use revchain::rusqlite::{self, Connection, Transaction};
use revchain::{Done, Jobs, Migrations, Progress, Step, embed_migrations};

use super::states;
use crate::support::{Fixture, count};

static MIGRATIONS: Migrations = embed_migrations!(
    "tests/chains/jobs",
    code = [welcome, super::embedded::shout]
);

fn welcome(step: &mut Step<'_>) -> rusqlite::Result<()> {
    step.execute("INSERT INTO notes (body) VALUES ('welcome')", [])?;
    Ok(())
}

/// Writes the next note in upper case.
fn shout(transaction: &Transaction<'_>, progress: &mut Progress<'_>) -> rusqlite::Result<Done> {
    let last: i64 = progress.watermark()?.unwrap_or(0);
    let sql = "UPDATE notes SET body = upper(body) WHERE id =
               (SELECT min(id) FROM notes WHERE id > ?1) RETURNING id";
    let mut statement = transaction.prepare(sql)?;
    let mut rows = statement.query([last])?;
    let Some(row) = rows.next()? else {
        return Ok(Done::Yes);
    };
    progress.set_watermark(row.get::<_, i64>(0)?)?;
    Ok(Done::NotYet)
}

#[test]
fn embedded_chain_runs_code_and_jobs() {
    let fixture = Fixture::new();
    let mut db = Connection::open(fixture.db()).unwrap();
    let migrator = MIGRATIONS.migrator();
    migrator.upgrade_to(&mut db, "001").unwrap();
    assert_eq!(states(&MIGRATIONS, &db), ["001 shout pending"]);
    db.execute("INSERT INTO notes (body) VALUES ('b')", [])
        .unwrap();
    let report = MIGRATIONS.upgrade(&mut db).unwrap();
    assert_eq!((&*report.jobs[0].job, report.jobs[0].batches), ("shout", 3));
    let sql = "SELECT count(*) FROM notes WHERE body IN ('WELCOME', 'B')";
    assert_eq!(count(&db, sql), 2);
    assert!(
        MIGRATIONS
            .run_jobs(&mut db, Duration::ZERO)
            .unwrap()
            .is_done()
    );
}

#[test]
fn new_database_of_an_embedded_chain_has_its_jobs() {
    let fixture = Fixture::new();
    let migrator = MIGRATIONS.migrator().jobs(Jobs::BeforeOpenReturns);
    let db = migrator.open(fixture.db()).unwrap();
    assert_eq!(states(&MIGRATIONS, &db), ["001 shout done"]);
    assert!(MIGRATIONS.check(&db).unwrap().is_same());
}
