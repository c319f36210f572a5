//! The token store as a server of three nodes on one machine, with the migrations of the
//! repository.
//!
//! ```sh
//! cargo run --example token-store -- 1 data/1
//! ```
//!
//! Each node has its number, its directory, and three ports above `TOKEN_STORE_PORT` (7000):
//! 7001 for requests by HTTP, 7101 and 7201 for the other nodes.

use std::env;
use std::error::Error;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hiqlite::{Client, Node, NodeConfig, Param};
use revchain::{Replicated, embed_migrations};
use revchain_hiqlite::Upgrade;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// The file that is brought into the cluster was at 009, and each revision after 005 is proven for
/// a cluster.
static MIGRATIONS: Replicated = embed_migrations!("../../migrations", replicated = "005");

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let (Some(node), Some(directory)) = (arguments.next(), arguments.next()) else {
        return Err("usage: token-store NODE DIRECTORY".into());
    };
    let port: u16 = env::var("TOKEN_STORE_PORT").map_or(Ok(7000), |port| port.parse())?;
    let node: u16 = node.parse()?;
    std::fs::create_dir_all(&directory)?;

    let client = hiqlite::start_node(config(node, port, directory)?).await?;
    client.wait_until_healthy_db().await;
    // Each node asks for the upgrade. One of them does it, and the others find it done.
    println!("{}", MIGRATIONS.upgrade_cluster(&client).await?);
    MIGRATIONS.check_replica(&client).await?;

    let listener = TcpListener::bind(("127.0.0.1", port + node)).await?;
    println!("node {node} serves http://{}", listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept().await?;
        let client = client.clone();
        tokio::spawn(async move {
            if let Err(error) = serve(&client, stream).await {
                eprintln!("{error}");
            }
        });
    }
}

fn config(node: u16, port: u16, directory: String) -> Result<NodeConfig, Box<dyn Error>> {
    let nodes = (1..=3).map(|id| Node {
        id: u64::from(id),
        addr_raft: format!("127.0.0.1:{}", port + 100 + id),
        addr_api: format!("127.0.0.1:{}", port + 200 + id),
    });
    Ok(NodeConfig {
        node_id: u64::from(node),
        nodes: nodes.collect(),
        listen_addr_api: "127.0.0.1".into(),
        listen_addr_raft: "127.0.0.1".into(),
        data_dir: directory.into(),
        // A server takes them from its secrets.
        secret_raft: "a secret of the nodes".to_owned(),
        secret_api: "a secret of the clients".to_owned(),
        enc_keys: cryptr::EncKeys::generate()?,
        health_check_delay: Duration::ZERO,
        ..NodeConfig::default()
    })
}

/// Answers `PUT /USER/PASSWORD`, which any node accepts, and `GET /USER` from the local replica.
async fn serve(client: &Client, stream: TcpStream) -> Result<(), Box<dyn Error + Send + Sync>> {
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    stream.read_line(&mut line).await?;
    let mut words = line.split(' ');
    let method = words.next().unwrap_or_default();
    let path = words.next().unwrap_or_default().trim_matches('/');
    let answer = match (method, path.split_once('/')) {
        ("PUT", Some((user, password))) => put(client, user, password).await,
        ("GET", None) => get(client, path).await,
        _ => Ok("PUT /USER/PASSWORD or GET /USER".to_owned()),
    };
    let (status, body) = match answer {
        Ok(body) => ("200 OK", body),
        Err(error) => ("500 Internal Server Error", error.to_string()),
    };
    let length = body.len() + 1;
    let answer = format!(
        "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}\n"
    );
    stream.get_mut().write_all(answer.as_bytes()).await?;
    Ok(())
}

async fn put(client: &Client, user: &str, password: &str) -> Result<String, hiqlite::Error> {
    // The statement replaces what is there, because an answer that is lost sends it twice.
    // The time comes from this node as a parameter: a clock in SQL would differ on each node.
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.unwrap_or_default().as_secs().cast_signed();
    let sql = "INSERT OR REPLACE INTO app_passwords
               (user_id, encrypted_password, created_at, updated_at) VALUES ($1, $2, $3, $3)";
    let parameters = vec![
        Param::Text(user.to_owned()),
        Param::Blob(password.as_bytes().to_vec()),
        Param::Integer(now),
    ];
    client.execute(sql, parameters).await?;
    Ok(format!("{user} is stored"))
}

async fn get(client: &Client, user: &str) -> Result<String, hiqlite::Error> {
    let sql = "SELECT CAST(encrypted_password AS TEXT) || '' AS v FROM app_passwords
               WHERE user_id = $1";
    let rows = client
        .query_raw(sql, vec![Param::Text(user.to_owned())])
        .await?;
    let Some(mut row) = rows.into_iter().next() else {
        return Ok(format!("there is no {user}"));
    };
    row.try_get("v")
}
