//! The process of a node: it reads a command from each line of its input, and answers with a line.

use std::collections::hash_map::DefaultHasher;
use std::env;
use std::hash::{Hash, Hasher};
use std::time::Duration;

use hiqlite::{Client, Node, NodeConfig};
use revchain_hiqlite::{Error, Outcome, Report, Upgrade};
use tokio::io::{AsyncBufReadExt, BufReader, stdin};

use crate::chains::chain;

/// Starts each answer, because the test harness writes to the output, too.
pub(crate) const ANSWER: &str = "=> ";

#[derive(rust_embed::RustEmbed)]
#[folder = "tests/hiqlite-migrations"]
struct OwnMigrations;

#[test]
#[ignore = "a node of another test"]
fn process() {
    if env::var("NODE_ID").is_err() {
        return;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(4)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(serve());
}

async fn serve() {
    let client = hiqlite::start_node(config()).await.unwrap();
    client.wait_until_healthy_db().await;
    println!("\n{ANSWER}ready");
    let mut lines = BufReader::new(stdin()).lines();
    while let Some(line) = lines.next_line().await.unwrap() {
        let answer = answer(&client, &line).await;
        println!("\n{ANSWER}{}", answer.replace('\n', "\\n"));
    }
}

fn config() -> NodeConfig {
    let ports = env::var("NODE_PORTS").unwrap();
    let ports: Vec<&str> = ports.split(',').collect();
    let nodes = ports.chunks(2).zip(1..).map(|(ports, id)| Node {
        id,
        addr_raft: format!("127.0.0.1:{}", ports[0]),
        addr_api: format!("127.0.0.1:{}", ports[1]),
    });
    let logs = env::var("NODE_LOGS").map_or(10_000, |logs| logs.parse().unwrap());
    NodeConfig {
        node_id: env::var("NODE_ID").unwrap().parse().unwrap(),
        nodes: nodes.collect(),
        listen_addr_api: "127.0.0.1".into(),
        listen_addr_raft: "127.0.0.1".into(),
        data_dir: env::var("NODE_DIR").unwrap().into(),
        raft_config: NodeConfig::default_raft_config(logs),
        secret_raft: "a secret of raft".to_owned(),
        secret_api: "a secret of the API".to_owned(),
        enc_keys: cryptr::EncKeys::generate().unwrap(),
        health_check_delay: Duration::ZERO,
        ..NodeConfig::default()
    }
}

/// Returns a client that is no node of the cluster.
async fn remote() -> Client {
    let config = config();
    let nodes = config.nodes.into_iter().map(|node| node.addr_api);
    let client = Client::remote(
        nodes.collect(),
        false,
        false,
        config.secret_api,
        false,
        None,
    );
    let client = client.await.unwrap();
    client.wait_until_healthy_db().await;
    client
}

/// Carries a command out: a verb, the name of a chain or a number, and the rest of the line.
async fn answer(client: &Client, line: &str) -> String {
    let mut words = line.splitn(3, ' ');
    let (verb, name) = (words.next().unwrap(), words.next().unwrap_or_default());
    let rest = words.next().unwrap_or_default();
    match verb {
        "upgrade" => reported(chain(name).upgrade_cluster(client).await),
        "upgrade-to" => reported(chain(name).cluster(client).upgrade_to(rest).await),
        "remote-upgrade" => {
            let client = remote().await;
            reported(chain(name).upgrade_cluster(&client).await)
        }
        "upgrades" => upgrades(client, name, rest.parse().unwrap()).await,
        "split" => {
            let chain = chain(name);
            let cluster = chain.cluster(client).max_entry_size(rest.parse().unwrap());
            reported(cluster.upgrade().await)
        }
        "downgrade" => reported(chain(name).downgrade_cluster(client, rest).await),
        "stamp" => reported(chain(name).cluster(client).stamp(rest).await),
        "current" => {
            let chain = chain(name);
            let current = chain.cluster(client).current().await.unwrap();
            current.map_or("base", |revision| revision.id()).to_owned()
        }
        "history" => {
            let chain = chain(name);
            let history = chain.cluster(client).history().await.unwrap();
            let ids = history.iter().map(|row| row.revision.as_str());
            ids.collect::<Vec<_>>().join(" ")
        }
        "schema" => {
            let chain = chain(name);
            chain.cluster(client).check().await.unwrap().to_string()
        }
        "check" => result(chain(name).check_replica(client).await),
        "wait" => {
            let chain = chain(name);
            let wait = Duration::from_millis(rest.parse().unwrap());
            result(chain.cluster(client).wait_for_head(wait).await)
        }
        "rows" => rows(client).await,
        "execute" => {
            let sql = format!("{name} {rest}");
            result(client.execute(sql, Vec::new()).await.map(drop))
        }
        "fill" => fill(client, name.parse().unwrap()).await,
        "migrate" => result(client.migrate::<OwnMigrations>().await),
        "by-hand" => by_hand(client, name).await,
        "leader" => {
            let metrics = client.metrics_db().await.unwrap();
            metrics.current_leader.unwrap_or_default().to_string()
        }
        "purged" => {
            let metrics = client.metrics_db().await.unwrap();
            metrics.purged.map_or(0, |log| log.index).to_string()
        }
        "diverge" => diverge(name),
        _ => panic!("there is no verb {verb}"),
    }
}

/// Upgrades several times at once. Returns the outcomes.
async fn upgrades(client: &Client, name: &str, count: usize) -> String {
    let tasks = (0..count).map(|_| {
        let (client, chain) = (client.clone(), chain(name));
        tokio::spawn(async move { chain.upgrade_cluster(&client).await })
    });
    let mut outcomes = Vec::new();
    for task in tasks.collect::<Vec<_>>() {
        outcomes.push(match task.await.unwrap() {
            Ok(report) => report.outcome.name().to_owned(),
            Err(error) => format!("{error:#}"),
        });
    }
    outcomes.join(" ")
}

/// Inserts rows into `items`, one entry of the log each.
async fn fill(client: &Client, count: usize) -> String {
    for number in 0..count {
        let sql = format!("INSERT INTO items (name) VALUES ('item {number}')");
        client.execute(sql, Vec::new()).await.unwrap();
    }
    "ok".to_owned()
}

/// Measures a transaction with the statements of all upgrades, and the upgrade by the crate.
///
/// Returns both times, and those of an upgrade at the head and of a linearizable read, in
/// microseconds.
async fn by_hand(client: &Client, name: &str) -> String {
    let chain = chain(name);
    let mut times = Vec::new();
    for _ in 0..40 {
        let scripts = chain.revisions().iter().map(|revision| revision.upgrade());
        let statements = scripts.flat_map(|script| script.statements());
        let statements = statements.map(|statement| (statement.sql().to_owned(), Vec::new()));
        let mut statements: Vec<_> = statements.collect();
        let sql = "CREATE TABLE applied (revision TEXT NOT NULL PRIMARY KEY)";
        statements.push((sql.to_owned(), Vec::new()));
        for revision in chain.revisions() {
            let sql = format!(
                "INSERT INTO applied (revision) VALUES ('{}')",
                revision.id()
            );
            statements.push((sql, Vec::new()));
        }
        settle().await;
        let start = std::time::Instant::now();
        client.txn(statements).await.unwrap();
        let hand = start.elapsed();
        // The downgrade needs the history.
        let sql = "DROP TABLE applied";
        client.execute(sql, Vec::new()).await.unwrap();
        chain.cluster(client).stamp("head").await.unwrap();
        chain.downgrade_cluster(client, "base").await.unwrap();
        client
            .execute("DROP TABLE revchain_history", Vec::new())
            .await
            .unwrap();
        settle().await;
        let start = std::time::Instant::now();
        chain.upgrade_cluster(client).await.unwrap();
        let upgrade = start.elapsed();
        settle().await;
        let start = std::time::Instant::now();
        chain.upgrade_cluster(client).await.unwrap();
        let at_head = start.elapsed();
        settle().await;
        let start = std::time::Instant::now();
        let sql = "SELECT '' AS v";
        client.query_consistent(sql, Vec::new()).await.unwrap();
        let read = start.elapsed();
        chain.downgrade_cluster(client, "base").await.unwrap();
        client
            .execute("DROP TABLE revchain_history", Vec::new())
            .await
            .unwrap();
        times.push([hand, upgrade, at_head, read].map(|time| time.as_micros()));
    }
    let median = |which: usize| {
        let mut times: Vec<_> = times.iter().map(|times| times[which]).collect();
        times.sort_unstable();
        times[times.len() / 2]
    };
    format!("{} {} {} {}", median(0), median(1), median(2), median(3))
}

/// Waits until the other nodes have applied the last entry, too.
async fn settle() {
    tokio::time::sleep(Duration::from_millis(20)).await;
}

/// Changes the database of this node without the log.
fn diverge(table: &str) -> String {
    let directory = env::var("NODE_DIR").unwrap();
    let path = format!("{directory}/state_machine/db/hiqlite.db");
    let connection = hiqlite::rusqlite::Connection::open(path).unwrap();
    let sql = format!("CREATE TABLE {table} (x)");
    result(connection.execute_batch(&sql))
}

/// Returns a hash of all rows of the replica, and their number.
async fn rows(client: &Client) -> String {
    let tables = "SELECT name || '' AS v FROM sqlite_master WHERE type = 'table'
        AND name NOT LIKE 'sqlite%' AND name <> '_metadata' ORDER BY name";
    let mut hasher = DefaultHasher::new();
    let mut count = 0;
    for table in texts(client, tables.to_owned()).await {
        let columns = format!("SELECT name || '' AS v FROM pragma_table_info('{table}')");
        let columns = texts(client, columns).await;
        let values = columns.iter().map(|column| format!("quote(\"{column}\")"));
        let values = values.collect::<Vec<_>>().join(" || ',' || ");
        let rows = texts(
            client,
            format!("SELECT {values} AS v FROM \"{table}\" ORDER BY rowid"),
        );
        let rows = rows.await;
        count += rows.len();
        (table, columns, rows).hash(&mut hasher);
    }
    format!("{count} {:016x}", hasher.finish())
}

async fn texts(client: &Client, sql: String) -> Vec<String> {
    let rows = client.query_raw(sql, Vec::new()).await.unwrap();
    let texts = rows.into_iter().map(|mut row| row.try_get("v").unwrap());
    texts.collect()
}

fn reported(result: Result<Report, Error>) -> String {
    match result {
        Ok(report) if report.outcome == Outcome::UpToDate => {
            format!("{report} after {} reads", report.reads)
        }
        Ok(report) => report.to_string(),
        Err(error) => format!("{}: {error:#}", error.code()),
    }
}

fn result<E: std::fmt::Display>(result: Result<(), E>) -> String {
    match result {
        Ok(()) => "ok".to_owned(),
        Err(error) => format!("error: {error}"),
    }
}
