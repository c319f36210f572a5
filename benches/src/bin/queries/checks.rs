//! Measures the checks of queries in one process, without a compiler.

use std::error::Error;
use std::path::Path;
use std::time::{Duration, Instant};

use revchain_benches::{Spread, chain, write_chain};
use revchain_prove::{QueryRequest, check_query};

/// The number of queries.
const QUERIES: usize = 1_000;

/// Prints a row for a short and for a long chain.
pub(crate) fn measure(work: &Path) -> Result<(), Box<dyn Error>> {
    println!("| revisions | the first query | each further query | {QUERIES} queries |");
    println!("| --- | --- | --- | --- |");
    for count in [10, 100] {
        let directory = work.join(count.to_string());
        write_chain(&directory, &chain(count))?;
        let start = Instant::now();
        let mut times = Vec::new();
        for number in 0..QUERIES {
            times.push(check(&directory, &query(number))?);
        }
        let total = start.elapsed();
        let further = Spread::new(&times[1..]).ok_or("no times")?;
        println!(
            "| {count} | {:.2?} | {:.2?} ({:.2?} – {:.2?}) | {total:.2?} |",
            times[0], further.median, further.min, further.max
        );
    }
    Ok(())
}

/// Returns one of many queries on the tables that each chain has.
fn query(number: usize) -> String {
    let table = 1 + number % 4;
    match number % 5 {
        0 => format!("SELECT id, a, b FROM t{table} WHERE a = ?1 ORDER BY b LIMIT {number}"),
        1 => format!("INSERT INTO t{table} (a, b, c) VALUES (?1, ?2, {number})"),
        2 => format!("UPDATE t{table} SET b = ?1 WHERE id = ?2 AND a > {number}"),
        3 => format!("DELETE FROM t{table} WHERE a < {number} AND b IS NULL"),
        _ => format!(
            "SELECT x.id, count(*) FROM t1 x JOIN t{table} y ON y.a = x.a WHERE x.c > {number} GROUP BY x.id"
        ),
    }
}

/// Checks a query, and returns the time.
fn check(directory: &Path, sql: &str) -> Result<Duration, Box<dyn Error>> {
    let request = QueryRequest {
        sql,
        ..QueryRequest::default()
    };
    let start = Instant::now();
    let check = check_query(directory, &request, false);
    let time = start.elapsed();
    match check.defects.first() {
        Some(defect) => Err(defect.to_string().into()),
        None => Ok(time),
    }
}
