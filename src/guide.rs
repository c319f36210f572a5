//! The guide, with a page for each task.

#[doc = include_str!("../docs/guide/getting-started.md")]
#[allow(clippy::needless_doctest_main, reason = "the page shows a build.rs")]
pub mod getting_started {}
#[doc = include_str!("../docs/guide/migration-files.md")]
pub mod migration_files {}
#[doc = include_str!("../docs/guide/rebuilding.md")]
pub mod rebuilding {}
#[doc = include_str!("../docs/guide/proof.md")]
pub mod proof {}
#[doc = include_str!("../docs/guide/developing.md")]
pub mod developing {}
#[doc = include_str!("../docs/guide/branches.md")]
pub mod branches {}
#[doc = include_str!("../docs/guide/adopting.md")]
pub mod adopting {}
#[doc = include_str!("../docs/guide/from-sqlx.md")]
pub mod from_sqlx {}
#[doc = include_str!("../docs/guide/from-refinery.md")]
pub mod from_refinery {}
#[doc = include_str!("../docs/guide/from-rusqlite_migration.md")]
pub mod from_rusqlite_migration {}
#[doc = include_str!("../docs/guide/from-diesel.md")]
pub mod from_diesel {}
#[doc = include_str!("../docs/guide/from-alembic.md")]
pub mod from_alembic {}
#[doc = include_str!("../docs/guide/running.md")]
pub mod running {}
#[doc = include_str!("../docs/guide/connections.md")]
pub mod connections {}
#[doc = include_str!("../docs/guide/newer-databases.md")]
pub mod newer_databases {}
#[doc = include_str!("../docs/guide/backups.md")]
pub mod backups {}
#[doc = include_str!("../docs/guide/operations.md")]
pub mod operations {}
#[doc = include_str!("../docs/guide/several-chains.md")]
pub mod several_chains {}
#[doc = include_str!("../docs/guide/pools.md")]
pub mod pools {}
#[doc = include_str!("../docs/guide/testing.md")]
pub mod testing {}
#[doc = include_str!("../docs/guide/ci.md")]
pub mod ci {}
#[doc = include_str!("../docs/guide/versions.md")]
pub mod versions {}
#[doc = include_str!("../docs/guide/commands.md")]
pub mod commands {}
#[doc = include_str!("../docs/guide/json.md")]
pub mod json {}
#[doc = include_str!("../docs/guide/features.md")]
pub mod features {}
