//! Requests on a database in memory that loses answers, and that others change.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::Duration;

use revchain::{Replicated, embed_migrations};
use revchain_core::{Request, Target};
use revchain_runtime::Outcome;
use revchain_runtime::rusqlite::Connection;

use super::run;
use crate::error::{Error, ErrorKind};
use crate::prepare::{self, Preparation};
use crate::remote::{ApplyError, Bound, ReadError, Remote, of_message};
use crate::report::Report;

static TOKENS: Replicated = embed_migrations!("../../migrations", replicated = true);
static UNIQUE: Replicated = embed_migrations!("tests/chains/unique", replicated = true);
static PARENTS: Replicated = embed_migrations!("tests/chains/parents", replicated = "002");
static SEEDED: Replicated = embed_migrations!("tests/chains/seeded", replicated = "002");
static RIGHT: Replicated = embed_migrations!("tests/chains/right", replicated = true);

/// An event at the next transaction.
enum Fault {
    /// The transaction is applied, and its answer is lost.
    LosesAnswer,
    /// The transaction is lost.
    LosesRequest,
    /// Somebody else has changed the database since the read.
    Changed(Box<dyn FnOnce(&mut Connection) + Send>),
    /// The transaction arrives.
    None,
}

/// The replica on this machine.
enum Replica {
    Equal,
    Other(Mutex<Connection>),
    GivesNoAnswer,
}

struct Fake {
    database: Mutex<Connection>,
    replica: Replica,
    faults: Mutex<VecDeque<Fault>>,
    deadline: Duration,
}

impl Fake {
    fn new(faults: impl IntoIterator<Item = Fault>) -> Self {
        let database = Connection::open_in_memory().unwrap();
        database.pragma_update(None, "foreign_keys", true).unwrap();
        Self {
            database: Mutex::new(database),
            replica: Replica::Equal,
            faults: Mutex::new(faults.into_iter().collect()),
            deadline: Duration::from_secs(30),
        }
    }

    fn execute(&self, sql: &str) {
        self.database.lock().unwrap().execute_batch(sql).unwrap();
    }

    fn query(&self, sql: &str) -> String {
        let database = self.database.lock().unwrap();
        database.query_row(sql, [], |row| row.get(0)).unwrap()
    }

    fn history(&self) -> String {
        self.query("SELECT coalesce(group_concat(revision, ' '), '') FROM revchain_history")
    }
}

fn rows(database: &Connection, sql: &str) -> Result<Vec<String>, ReadError> {
    let read = || {
        let mut statement = database.prepare(sql)?;
        let rows = statement.query_map([], |row| row.get(0))?;
        rows.collect::<Result<Vec<String>, _>>()
    };
    read().map_err(|error| ReadError::Refused(error.to_string()))
}

impl Remote for Fake {
    async fn read(&self, sql: String) -> Result<Vec<String>, ReadError> {
        rows(&self.database.lock().unwrap(), &sql)
    }

    async fn read_local(&self, sql: String) -> Result<Vec<String>, ReadError> {
        match &self.replica {
            Replica::Equal => self.read(sql).await,
            Replica::Other(replica) => rows(&replica.lock().unwrap(), &sql),
            Replica::GivesNoAnswer => Err(ReadError::Unknown("starting".to_owned())),
        }
    }

    async fn apply(&self, statements: Vec<Bound>, _: Duration) -> Result<(), ApplyError> {
        let mut database = self.database.lock().unwrap();
        let fault = self.faults.lock().unwrap().pop_front();
        let mut result = Ok(());
        match fault.unwrap_or(Fault::None) {
            Fault::LosesAnswer => result = Err(ApplyError::Unknown("lost answer".to_owned())),
            Fault::LosesRequest => return Err(ApplyError::Unknown("lost request".to_owned())),
            Fault::Changed(change) => change(&mut database),
            Fault::None => {}
        }
        let transaction = database.transaction().unwrap();
        let ran = statements.iter();
        let ran = ran.map(|bound| prepare::run(&transaction, bound));
        let ran: Result<(), _> = ran.collect();
        ran.and_then(|()| transaction.commit())
            .map_err(|error| of_message(error.to_string()))?;
        result
    }
}

fn carry_out(fake: &Fake, preparation: Preparation<'_>) -> Result<Report, Error> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    runtime.block_on(run(fake, preparation, fake.deadline))
}

fn request_with(
    fake: &Fake,
    chain: &Replicated,
    request: &Request,
    max_entry_size: usize,
) -> Result<Report, Error> {
    let preparation = Preparation {
        migrations: chain,
        migrator: &chain.migrator(),
        ignored_tables: &[],
        max_entry_size,
        request,
    };
    carry_out(fake, preparation)
}

fn upgrade(fake: &Fake, chain: &Replicated, target: impl Into<Target>) -> Result<Report, Error> {
    request_with(fake, chain, &Request::Upgrade(target.into()), 100_000)
}

fn downgrade(fake: &Fake, chain: &Replicated, target: &str) -> Result<Report, Error> {
    request_with(fake, chain, &Request::Downgrade(target.into()), 100_000)
}

#[test]
fn lost_answer_does_not_apply_a_revision_twice() {
    let fake = Fake::new([Fault::LosesAnswer]);
    let report = upgrade(&fake, &TOKENS, "head").unwrap();
    assert_eq!(report.outcome, Outcome::UpToDate);
    assert_eq!(report.entries, 0);
    assert_eq!(report.to.as_deref(), Some("009"));
    assert_eq!(fake.history(), "001 002 003 004 005 006 007 008 009");
}

#[test]
fn lost_request_is_sent_again() {
    let fake = Fake::new([Fault::LosesRequest, Fault::LosesRequest]);
    let report = upgrade(&fake, &TOKENS, "head").unwrap();
    assert_eq!((report.outcome, report.entries), (Outcome::New, 1));
    // Each attempt on a database without a history has one read, and one at the head, too.
    assert_eq!(report.reads, 3);
    assert_eq!(upgrade(&fake, &TOKENS, "head").unwrap().reads, 1);
}

#[test]
fn database_at_base_with_a_history_is_upgraded() {
    let fake = Fake::new([]);
    assert_eq!(
        upgrade(&fake, &TOKENS, "head").unwrap().outcome,
        Outcome::New
    );
    downgrade(&fake, &TOKENS, "base").unwrap();
    let report = upgrade(&fake, &TOKENS, "head").unwrap();
    assert_eq!(report.outcome, Outcome::Upgraded);
}

#[test]
fn lost_answer_of_one_step_down_reverts_one_revision() {
    let fake = Fake::new([Fault::None, Fault::LosesAnswer]);
    upgrade(&fake, &TOKENS, "head").unwrap();
    downgrade(&fake, &TOKENS, "-1").unwrap();
    assert_eq!(fake.history(), "001 002 003 004 005 006 007 008");
}

#[test]
fn cluster_without_answers_is_unreachable_at_the_deadline() {
    let mut fake = Fake::new((0..100).map(|_| Fault::LosesRequest));
    fake.deadline = Duration::from_millis(300);
    let error = upgrade(&fake, &TOKENS, "head").unwrap_err();
    assert_eq!(error.code(), "unreachable");
    assert!(error.to_string().ends_with("lost request"), "{error}");
}

/// Returns a database at a revision of [`TOKENS`].
fn tokens_at(revision: &str) -> Replica {
    let mut database = Connection::open_in_memory().unwrap();
    let migrator = TOKENS.migrator();
    migrator.upgrade_to(&mut database, revision).unwrap();
    Replica::Other(Mutex::new(database))
}

#[test]
fn leader_decides_if_the_replica_differs() {
    for replica in [tokens_at("005"), tokens_at("head"), Replica::GivesNoAnswer] {
        let mut fake = Fake::new([]);
        fake.replica = replica;
        let report = upgrade(&fake, &TOKENS, "008").unwrap();
        assert_eq!((report.outcome, report.entries), (Outcome::New, 1));
        let report = upgrade(&fake, &TOKENS, "head").unwrap();
        assert_eq!((report.outcome, report.reads), (Outcome::Upgraded, 1));
        let report = upgrade(&fake, &TOKENS, "head").unwrap();
        assert_eq!((report.outcome, report.reads), (Outcome::UpToDate, 1));
        // The drift of the replica is no drift of the cluster.
        if let Replica::Other(replica) = &fake.replica {
            let replica = replica.lock().unwrap();
            replica.execute_batch("CREATE TABLE other (x)").unwrap();
        }
        downgrade(&fake, &TOKENS, "-1").unwrap();
        assert_eq!(upgrade(&fake, &TOKENS, "head").unwrap().entries, 1);
    }
}

#[test]
fn other_program_that_is_faster_is_found_done() {
    let other = |database: &mut Connection| {
        TOKENS.migrator().upgrade(database).unwrap();
    };
    let fake = Fake::new([Fault::Changed(Box::new(other))]);
    let report = upgrade(&fake, &TOKENS, "head").unwrap();
    assert_eq!((report.outcome, report.entries), (Outcome::UpToDate, 0));
    assert_eq!(report.reads, 2);
}

#[test]
fn table_made_between_read_and_transaction_is_drift() {
    let other = |database: &mut Connection| {
        database.execute_batch("CREATE TABLE other (x)").unwrap();
    };
    let fake = Fake::new([Fault::None, Fault::Changed(Box::new(other))]);
    upgrade(&fake, &TOKENS, "008").unwrap();
    let error = upgrade(&fake, &TOKENS, "head").unwrap_err();
    assert_eq!(error.code(), "drifted");
    assert_eq!(fake.history(), "001 002 003 004 005 006 007 008");
}

#[test]
fn table_made_in_a_new_database_stops_the_upgrade() {
    let other = |database: &mut Connection| {
        database.execute_batch("CREATE TABLE other (x)").unwrap();
    };
    let fake = Fake::new([Fault::Changed(Box::new(other))]);
    let error = upgrade(&fake, &TOKENS, "head").unwrap_err();
    assert_eq!(error.code(), "unrecognized");
}

#[test]
fn tables_of_hiqlite_are_no_tables_of_the_chain() {
    let fake = Fake::new([]);
    fake.execute("CREATE TABLE _metadata (key TEXT NOT NULL PRIMARY KEY, data BLOB NOT NULL)");
    let report = upgrade(&fake, &TOKENS, "008").unwrap();
    assert_eq!(report.outcome, Outcome::New);
    // Another version of hiqlite makes it with another text.
    fake.execute("DROP TABLE _metadata; CREATE TABLE _metadata (key TEXT PRIMARY KEY, data BLOB)");
    let report = upgrade(&fake, &TOKENS, "head").unwrap();
    assert_eq!(report.outcome, Outcome::Upgraded);
}

#[test]
fn split_upgrade_that_another_program_completes_is_done() {
    let other = |database: &mut Connection| {
        TOKENS.migrator().upgrade(database).unwrap();
    };
    let fake = Fake::new([Fault::None, Fault::Changed(Box::new(other))]);
    let request = Request::Upgrade(Target::Head);
    let report = request_with(&fake, &TOKENS, &request, 12_000).unwrap();
    assert_eq!((report.outcome, report.entries), (Outcome::New, 1));
    assert_eq!(report.to.as_deref(), Some("009"));
    assert!(report.applied.len() < 9, "{:?}", report.applied);
    assert_eq!(fake.history(), "001 002 003 004 005 006 007 008 009");
}

#[test]
fn error_after_the_first_entry_names_the_committed_revision() {
    let fake = Fake::new([]);
    upgrade(&fake, &UNIQUE, "001").unwrap();
    fake.execute("INSERT INTO items (name) VALUES ('a'), ('a')");
    let error = upgrade(&fake, &UNIQUE, "head").unwrap_err();
    assert_eq!(error.committed(), None);
    let ErrorKind::Refused(refused) = error.kind() else {
        panic!("{error:?}");
    };
    let statement = refused.statement.as_ref().unwrap();
    assert_eq!((statement.revision.as_str(), statement.line), ("002", 8));
    assert!(statement.path.ends_with("_002_unique_names.sql"));
    assert_eq!(fake.history(), "001");
}

#[test]
fn violated_key_is_refused_at_the_commit() {
    let fake = Fake::new([]);
    upgrade(&fake, &RIGHT, "head").unwrap();
    fake.execute("INSERT INTO items VALUES (1, 'a'); INSERT INTO owners VALUES (1, 1)");
    // The history says that `owners` is not there, and `items` is dropped below its rows.
    fake.execute("DELETE FROM revchain_history WHERE revision = '002'");
    let migrator = RIGHT.migrator().ignore_tables(["owners"]);
    let request = Request::Downgrade(Target::Base);
    let preparation = Preparation {
        migrations: &RIGHT,
        migrator: &migrator,
        ignored_tables: &["owners".to_owned()],
        max_entry_size: 100_000,
        request: &request,
    };
    let error = carry_out(&fake, preparation).unwrap_err();
    assert_eq!(error.code(), "refused");
    assert!(
        error.to_string().contains("FOREIGN KEY constraint failed"),
        "{error}"
    );
    assert_eq!(fake.history(), "001");
}

#[test]
fn virtual_tables_are_copied_with_their_shadow_tables() {
    let fake = Fake::new([]);
    fake.execute("CREATE VIRTUAL TABLE words USING fts5 (word); INSERT INTO words VALUES ('a')");
    let migrator = TOKENS.migrator().ignore_tables(["words*"]);
    let ignored = ["words*".to_owned()];
    let preparation = Preparation {
        migrations: &TOKENS,
        migrator: &migrator,
        ignored_tables: &ignored,
        max_entry_size: 100_000,
        request: &Request::Upgrade(Target::Head),
    };
    let report = carry_out(&fake, preparation).unwrap();
    assert_eq!(report.outcome, Outcome::New);
}

#[test]
fn unproven_upgrade_runs_only_on_a_new_database() {
    let fake = Fake::new([]);
    let report = upgrade(&fake, &PARENTS, "head").unwrap();
    assert_eq!((report.outcome, report.entries), (Outcome::New, 1));

    // A file at 001 has come into the cluster. The rebuild of 002 would delete its notes.
    let fake = Fake::new([]);
    upgrade(&fake, &PARENTS, "001").unwrap();
    fake.execute("INSERT INTO tags VALUES (1, 'a'); INSERT INTO notes VALUES (1, 1)");
    let error = upgrade(&fake, &PARENTS, "head").unwrap_err();
    assert_eq!(error.code(), "unproven");
    assert_eq!(
        format!("{error:#}"),
        "the upgrade of 002 is not proven for a cluster\n\
         help: upgrade the file to 002 or further on a single machine, and begin the cluster with \
         it; upgrade a new cluster to 002 or further at once"
    );
    assert_eq!(fake.query("SELECT count(*) || '' FROM notes"), "1");
    assert_eq!(fake.history(), "001");
}

#[test]
fn unproven_downgrade_is_rejected() {
    let fake = Fake::new([]);
    upgrade(&fake, &PARENTS, "head").unwrap();
    fake.execute("INSERT INTO tags VALUES (1, 'a', ''); INSERT INTO notes VALUES (1, 1)");
    assert_eq!(downgrade(&fake, &PARENTS, "-1").unwrap().entries, 1);
    let error = downgrade(&fake, &PARENTS, "001").unwrap_err();
    assert_eq!(error.code(), "unproven");
    assert_eq!(
        format!("{error:#}"),
        "the downgrade of 002 is not proven for a cluster\n\
         help: a cluster goes down to 002, and no further: write a new revision that undoes the \
         change"
    );
    assert_eq!(fake.query("SELECT count(*) || '' FROM notes"), "1");
    assert_eq!(fake.history(), "001 002");
}

#[test]
fn unproven_revisions_of_a_new_database_share_an_entry() {
    let request = Request::Upgrade(Target::Head);
    let fake = Fake::new([]);
    let error = request_with(&fake, &PARENTS, &request, 3_000).unwrap_err();
    let ErrorKind::TooLarge { revision, size, .. } = error.kind() else {
        panic!("{error:?}");
    };
    assert_eq!(revision, "002");
    // 003 alone goes into another entry.
    let fake = Fake::new([]);
    let report = request_with(&fake, &PARENTS, &request, *size).unwrap();
    assert_eq!(report.entries, 2);
}

#[test]
fn new_cluster_that_would_lose_rows_is_rejected() {
    let fake = Fake::new([]);
    let error = upgrade(&fake, &SEEDED, "head").unwrap_err();
    assert_eq!(error.code(), "needs-file");
    assert_eq!(
        error.to_string(),
        "a new cluster must begin with a file of a single machine: \
         with foreign keys enforced, the upgrade of 002 loses all rows of `notes`"
    );
    assert_eq!(fake.query("SELECT count(*) || '' FROM sqlite_master"), "0");

    // A file of a single machine is at 002.
    let migrator = SEEDED.migrator();
    migrator
        .upgrade_to(&mut fake.database.lock().unwrap(), "002")
        .unwrap();
    assert_eq!(upgrade(&fake, &SEEDED, "head").unwrap().entries, 1);
    assert_eq!(fake.query("SELECT count(*) || '' FROM notes"), "1");
}
