//! A minimal program with Diesel: it opens its database, runs the migrations, and runs one query.

mod chain;

use std::error::Error;

use diesel::prelude::*;
use diesel::sql_types::BigInt;
use diesel_migrations::MigrationHarness;

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    value: i64,
}

fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let path = std::env::args()
        .nth(1)
        .ok_or("the argument must be a database")?;
    let mut connection = SqliteConnection::establish(&path)?;
    connection.run_pending_migrations(chain::MIGRATIONS)?;
    let count: Count = diesel::sql_query("SELECT count(*) AS value FROM t1 WHERE a = 1")
        .get_result(&mut connection)?;
    println!("{}", count.value);
    Ok(())
}
