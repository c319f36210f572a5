//! The replica on this machine: whether it is as the leader has it, and whether it is at the head.

use std::time::Duration;

use revchain_core::sql::inspect::created_name;
use revchain_core::{Request, Target};
use revchain_runtime::{Migrations, Migrator};
use tokio::time::sleep;

use crate::error::{Error, ErrorKind};
use crate::remote::Remote;
use crate::request::{Deadline, read, read_local};

/// The time between two reads of the replica.
const PAUSE: Duration = Duration::from_millis(50);

/// The tables that each machine makes by itself, so that their text can differ.
const OWN_TABLES: [&str; 2] = ["_metadata", "_migrations"];

/// Compares the replica with the leader, until they are equal.
///
/// A replica that is behind becomes equal in a moment. A replica that differs does not.
pub(crate) async fn check(
    remote: &impl Remote,
    chain_name: Option<&str>,
    wait: Duration,
) -> Result<(), Error> {
    let mut deadline = Deadline::new(wait);
    loop {
        let replica = read_local(remote, chain_name).await?.dump;
        let leader = read(remote, chain_name, &replica, &mut deadline, &mut 0).await?;
        let Some(leader) = leader else {
            return Ok(());
        };
        let only = |these: &[String], others: &[String]| -> Vec<String> {
            let only = these.iter().filter(|statement| {
                let name = created_name(statement).unwrap_or_default();
                !OWN_TABLES.contains(&&*name) && !others.contains(statement)
            });
            only.cloned().collect()
        };
        let here = only(&replica.statements, &leader.dump.statements);
        let there = only(&leader.dump.statements, &replica.statements);
        if here.is_empty() && there.is_empty() {
            return Ok(());
        }
        if deadline.left() <= PAUSE {
            return Err(Error::new(ErrorKind::ReplicaDiffers {
                replica: here,
                leader: there,
            }));
        }
        sleep(PAUSE).await;
    }
}

/// Waits until the replica is at the head of the program.
pub(crate) async fn wait_for_head(
    remote: &impl Remote,
    migrations: &Migrations,
    migrator: &Migrator<'_>,
    wait: Duration,
) -> Result<(), Error> {
    let deadline = Deadline::new(wait);
    loop {
        let copy = read_local(remote, migrations.name()).await?;
        let plan = migrator.plan(&copy.connection, Request::Upgrade(Target::Head))?;
        if plan.is_empty() {
            return Ok(());
        }
        if deadline.left() <= PAUSE {
            let head = migrations.head().map(|head| head.id().to_owned());
            return Err(Error::new(ErrorKind::Behind {
                current: plan.from().map(str::to_owned),
                head: head.unwrap_or_default(),
                waited: deadline.wait(),
            }));
        }
        sleep(PAUSE).await;
    }
}
