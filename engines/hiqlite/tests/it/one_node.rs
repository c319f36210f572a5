//! One node: it is the leader, and its replica is the database.

use crate::cluster::Cluster;

#[test]
fn verbs_on_a_new_cluster_reach_their_targets() {
    let mut cluster = Cluster::start(1);
    let mut ask = |command: &str| cluster.ask(1, command);
    assert_eq!(ask("current tokens"), "base");
    assert_eq!(
        ask("upgrade-to tokens 005"),
        "new database at 005 in 1 log entry"
    );
    assert_eq!(
        ask("upgrade tokens"),
        "upgraded from 005 to 009 in 1 log entry"
    );
    assert_eq!(ask("current tokens"), "009");
    assert_eq!(ask("history tokens"), "001 002 003 004 005 006 007 008 009");
    assert_eq!(ask("schema tokens"), "the schema is that of 009");
    assert_eq!(
        ask("downgrade tokens -2"),
        "downgraded from 009 to 007 in 1 log entry"
    );
    assert_eq!(ask("stamp tokens 006"), "stamped at 006 in 1 log entry");
    assert_eq!(ask("history tokens"), "001 002 003 004 005 006");
    assert_eq!(ask("stamp tokens 007"), "stamped at 007 in 1 log entry");
    assert_eq!(
        ask("downgrade tokens base"),
        "downgraded from 007 to base in 1 log entry"
    );
    assert_eq!(ask("check tokens"), "ok");
}

#[test]
fn upgrade_at_the_head_needs_one_read() {
    let mut cluster = Cluster::start(1);
    cluster.ask(1, "upgrade tokens");
    let answer = cluster.ask(1, "upgrade tokens");
    assert_eq!(answer, "at 009, nothing to do after 1 reads");
}

#[test]
fn drifted_cluster_is_rejected_with_the_difference() {
    let mut cluster = Cluster::start(1);
    cluster.ask(1, "upgrade-to tokens 008");
    assert_eq!(cluster.ask(1, "execute CREATE TABLE other (x)"), "ok");
    let answer = cluster.ask(1, "upgrade tokens");
    assert!(answer.starts_with("drifted: "), "{answer}");
    assert!(answer.contains("other"), "{answer}");
    assert_eq!(cluster.ask(1, "current tokens"), "008");
}

#[test]
fn refused_statement_is_reported_with_file_and_line() {
    let mut cluster = Cluster::start(1);
    cluster.ask(1, "upgrade-to unique 001");
    cluster.ask(1, "execute INSERT INTO items (name) VALUES ('a'), ('a')");
    let before = cluster.ask(1, "rows");
    let answer = cluster.ask(1, "upgrade unique");
    assert!(answer.starts_with("refused: the cluster refused the upgrade of 002: "));
    assert!(
        answer.contains("UNIQUE constraint failed: items.name"),
        "{answer}"
    );
    let place = "--> tests/chains/unique/20260102_0000_002_unique_names.sql:8\n";
    assert!(answer.contains(place), "{answer}");
    assert_eq!(cluster.ask(1, "rows"), before);
    // The cluster still accepts writes, and the upgrade after the rows are fixed.
    assert_eq!(
        cluster.ask(1, "execute DELETE FROM items WHERE id = 2"),
        "ok"
    );
    assert_eq!(
        cluster.ask(1, "upgrade unique"),
        "upgraded from 001 to 002 in 1 log entry"
    );
}

#[test]
fn chain_of_several_entries_is_split_at_revisions() {
    let mut cluster = Cluster::start(1);
    // An entry of 2.7 MB would end the log writer of hiqlite.
    assert_eq!(
        cluster.ask(1, "upgrade large"),
        "new database at 003 in 2 log entries"
    );
    assert_eq!(cluster.ask(1, "history large"), "001 002 003");
    assert_eq!(
        cluster.ask(1, "execute CREATE TABLE still_writes (x)"),
        "ok"
    );
}

#[test]
fn revision_larger_than_an_entry_is_an_error() {
    let mut cluster = Cluster::start(1);
    let answer = cluster.ask(1, "split tokens 1000");
    assert!(
        answer.starts_with("too-large: 001 needs an entry of "),
        "{answer}"
    );
    assert!(
        answer.contains("at most 1000: ../../migrations/20251217_2200_001_initial_schema.sql"),
        "{answer}"
    );
    assert_eq!(cluster.ask(1, "current tokens"), "base");
}

#[test]
fn each_part_of_a_split_upgrade_has_its_guard() {
    let mut cluster = Cluster::start(1);
    let answer = cluster.ask(1, "split tokens 12000");
    assert!(answer.starts_with("new database at 009 in "), "{answer}");
    assert!(answer.ends_with(" log entries"), "{answer}");
    assert_eq!(cluster.ask(1, "schema tokens"), "the schema is that of 009");
}

#[test]
fn own_migrations_of_hiqlite_are_adopted_by_was() {
    let mut cluster = Cluster::start(1);
    assert_eq!(cluster.ask(1, "migrate"), "ok");
    let answer = cluster.ask(1, "upgrade recorded");
    // 001 and 002 have the same schema: only the record of hiqlite decides.
    assert_eq!(
        answer,
        "adopted at 002, then upgraded to 003 in 1 log entry"
    );
    assert_eq!(
        cluster.ask(1, "schema recorded"),
        "the schema is that of 003"
    );
}

#[test]
fn wait_for_head_ends_when_the_head_arrives() {
    let mut cluster = Cluster::start(1);
    cluster.ask(1, "upgrade-to tokens 008");
    assert_eq!(
        cluster.ask(1, "wait tokens 100"),
        "error: the replica on this machine is at 008 and not at 009 after 100ms"
    );
    cluster.ask(1, "upgrade tokens");
    assert_eq!(cluster.ask(1, "wait tokens 100"), "ok");
}

#[test]
fn program_of_another_branch_is_rejected() {
    let mut cluster = Cluster::start(1);
    assert_eq!(
        cluster.ask(1, "upgrade left"),
        "new database at 002 in 1 log entry"
    );
    let answer = cluster.ask(1, "upgrade right");
    assert!(answer.starts_with("edited: "), "{answer}");
}

#[test]
fn older_program_accepts_compatible_revisions_only() {
    let mut cluster = Cluster::start(1);
    let mut ask = |command: &str| cluster.ask(1, command);
    assert_eq!(
        ask("upgrade release-2"),
        "new database at 002 in 1 log entry"
    );
    assert_eq!(
        ask("upgrade release-1"),
        "at 002, nothing to do after 1 reads"
    );
    assert_eq!(ask("wait release-1 100"), "ok");
    assert_eq!(
        ask("upgrade release-3"),
        "upgraded from 002 to 003 in 1 log entry"
    );
    for command in [
        "upgrade release-1",
        "upgrade release-2",
        "downgrade release-2 001",
    ] {
        let answer = ask(command);
        assert!(answer.starts_with("newer: "), "{command}: {answer}");
    }
    let answer = ask("wait release-2 100");
    assert!(answer.starts_with("error: "), "{answer}");
    assert_eq!(ask("history release-3"), "001 002 003");
}

#[test]
fn two_chains_share_a_cluster() {
    let mut cluster = Cluster::start(1);
    let mut ask = |command: &str| cluster.ask(1, command);
    assert_eq!(ask("upgrade tokens"), "new database at 009 in 1 log entry");
    assert_eq!(ask("upgrade billing"), "new database at 001 in 1 log entry");
    assert_eq!(ask("schema tokens"), "the schema is that of 009");
    assert_eq!(ask("schema billing"), "the schema is that of 001");
    assert_eq!(
        ask("downgrade tokens -1"),
        "downgraded from 009 to 008 in 1 log entry"
    );
    assert_eq!(ask("history billing"), "001");
    assert_eq!(
        ask("downgrade billing base"),
        "downgraded from 001 to base in 1 log entry"
    );
    assert_eq!(
        ask("upgrade tokens"),
        "upgraded from 008 to 009 in 1 log entry"
    );
    assert_eq!(ask("check tokens"), "ok");
}

#[test]
fn statements_that_return_rows_are_applied() {
    let mut cluster = Cluster::start(1);
    let answer = cluster.ask(1, "upgrade returning");
    assert_eq!(answer, "new database at 001 in 1 log entry");
    // Two items, and a row of the history.
    assert!(cluster.ask(1, "rows").starts_with("3 "));
}
