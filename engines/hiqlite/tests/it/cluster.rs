//! A cluster of processes on the loopback interface.

use std::env;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::node::ANSWER;

/// The nodes, each with its own directory.
pub(crate) struct Cluster {
    directory: TempDir,
    ports: String,
    variables: Vec<(&'static str, String)>,
    nodes: Vec<Option<Process>>,
}

struct Process {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Cluster {
    /// Starts the nodes, and waits until each of them is healthy.
    pub(crate) fn start(count: usize) -> Self {
        Self::start_with(count, &[])
    }

    /// Starts the nodes with environment variables.
    pub(crate) fn start_with(count: usize, variables: &[(&'static str, String)]) -> Self {
        let listeners = (0..2 * count).map(|_| TcpListener::bind("127.0.0.1:0").unwrap());
        let listeners: Vec<_> = listeners.collect();
        let ports = listeners.iter();
        let ports = ports.map(|listener| listener.local_addr().unwrap().port().to_string());
        let mut cluster = Self {
            directory: tempfile::tempdir().unwrap(),
            ports: ports.collect::<Vec<_>>().join(","),
            variables: variables.to_vec(),
            nodes: Vec::new(),
        };
        drop(listeners);
        for id in 1..=count {
            let process = cluster.spawn(id);
            cluster.nodes.push(Some(process));
        }
        for id in 1..=count {
            assert_eq!(cluster.receive(id), "ready");
        }
        cluster
    }

    fn spawn(&self, id: usize) -> Process {
        let directory = self.directory(id);
        std::fs::create_dir_all(&directory).unwrap();
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["--exact", "node::process", "--ignored", "--nocapture"])
            .env("NODE_ID", id.to_string())
            .env("NODE_PORTS", &self.ports)
            .env("NODE_DIR", directory)
            .envs(self.variables.iter().cloned())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        Process {
            input: child.stdin.take().unwrap(),
            output: BufReader::new(child.stdout.take().unwrap()),
            child,
        }
    }

    /// Returns the data directory of a node.
    pub(crate) fn directory(&self, id: usize) -> PathBuf {
        self.directory.path().join(id.to_string())
    }

    /// Sends a command to a node.
    pub(crate) fn send(&mut self, id: usize, command: &str) {
        let process = self.nodes[id - 1].as_mut().unwrap();
        writeln!(process.input, "{command}").unwrap();
    }

    /// Returns the next answer of a node.
    pub(crate) fn receive(&mut self, id: usize) -> String {
        let process = self.nodes[id - 1].as_mut().unwrap();
        let mut line = String::new();
        loop {
            line.clear();
            let length = process.output.read_line(&mut line).unwrap();
            assert_ne!(length, 0, "node {id} has ended");
            if let Some(answer) = line.trim_end().strip_prefix(ANSWER) {
                return answer.replace("\\n", "\n");
            }
        }
    }

    /// Sends a command to a node, and returns its answer.
    pub(crate) fn ask(&mut self, id: usize, command: &str) -> String {
        self.send(id, command);
        self.receive(id)
    }

    /// Sends a command to all running nodes at once, and returns their answers.
    pub(crate) fn ask_all(&mut self, command: &str) -> Vec<String> {
        let ids = self.running();
        for &id in &ids {
            self.send(id, command);
        }
        ids.into_iter().map(|id| self.receive(id)).collect()
    }

    /// Returns the ids of the running nodes.
    pub(crate) fn running(&self) -> Vec<usize> {
        let ids = self.nodes.iter().zip(1..);
        let ids = ids.filter(|(node, _)| node.is_some());
        ids.map(|(_, id)| id).collect()
    }

    /// Returns the id of the leader.
    pub(crate) fn leader(&mut self) -> usize {
        let id = self.running()[0];
        self.ask(id, "leader").parse().unwrap()
    }

    /// Ends a node with SIGKILL.
    pub(crate) fn kill(&mut self, id: usize) {
        let mut process = self.nodes[id - 1].take().unwrap();
        process.child.kill().unwrap();
        process.child.wait().unwrap();
    }

    /// Starts a node again, and waits until it is healthy.
    pub(crate) fn restart(&mut self, id: usize) {
        self.nodes[id - 1] = Some(self.spawn(id));
        assert_eq!(self.receive(id), "ready");
    }

    /// Fails unless the replicas come to have the same history, schema and rows.
    ///
    /// A node that was killed first repairs its log, and applies what it has missed.
    pub(crate) fn assert_equal(&mut self, chain: &str) {
        let start = Instant::now();
        loop {
            let checks = self.ask_all(&format!("check {chain}"));
            let rows = self.ask_all("rows");
            let is_equal = rows.iter().all(|row| *row == rows[0]);
            if is_equal && checks.iter().all(|check| check == "ok") {
                return;
            }
            let waited = start.elapsed();
            assert!(waited < Duration::from_secs(60), "{checks:#?} {rows:?}");
            sleep(Duration::from_millis(100));
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        for node in self.nodes.iter_mut().flatten() {
            let _ = node.child.kill();
            let _ = node.child.wait();
        }
    }
}
