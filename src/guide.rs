//! The guide, with a page for each task.
//!
//! Begin with [`getting_started`]. These are the other pages:
//!
//! - Write migrations: [`migration_files`], [`rebuilding`], [`proof`], [`developing`],
//!   [`lock_file`], [`branches`], [`testing`], [`agents`].
//! - Run the program: [`running`], [`connections`], [`pools`], [`newer_databases`],
//!   [`several_chains`].
//! - Operate it: [`operations`], [`drift`], [`backups`], [`ci`].
//! - Come from something else: [`adopting`], [`from_sqlx`], [`from_refinery`],
//!   [`from_rusqlite_migration`], [`from_diesel`], [`from_alembic`].
//! - Look something up: [`commands`], [`pictures`], [`errors`], [`json`], [`features`],
//!   [`versions`].

#![allow(
    clippy::needless_doctest_main,
    reason = "the pages show whole programs"
)]

/// The links between pages. A page on disk links to a file, which rustdoc does not have.
///
/// Markdown takes the first definition of a link, so these definitions precede those of a page.
macro_rules! links {
    () => {
        "\
[adopting]: crate::guide::adopting
[adopting#another-order-of-columns]: crate::guide::adopting#another-order-of-columns
[adopting#taking-over-user_version]: crate::guide::adopting#taking-over-user_version
[adopting#the-record-of-another-tool]: crate::guide::adopting#the-record-of-another-tool
[agents]: crate::guide::agents
[backups]: crate::guide::backups
[backups#a-backup-now]: crate::guide::backups#a-backup-now
[branches]: crate::guide::branches
[branches#merge-two-released-branches]: crate::guide::branches#merge-two-released-branches
[ci]: crate::guide::ci
[commands]: crate::guide::commands
[commands#exit-codes]: crate::guide::commands#exit-codes
[commands#overview]: crate::guide::commands#overview
[connections]: crate::guide::connections
[connections#wal]: crate::guide::connections#wal
[developing]: crate::guide::developing
[developing#after-a-change-of-the-branch]: crate::guide::developing#after-a-change-of-the-branch
[developing#an-edited-draft]: crate::guide::developing#an-edited-draft
[developing#redo]: crate::guide::developing#redo
[drift]: crate::guide::drift
[errors]: crate::guide::errors
[features]: crate::guide::features
[from-alembic]: crate::guide::from_alembic
[from-diesel]: crate::guide::from_diesel
[from-refinery]: crate::guide::from_refinery
[from-rusqlite_migration]: crate::guide::from_rusqlite_migration
[from-sqlx]: crate::guide::from_sqlx
[json]: crate::guide::json
[lock-file]: crate::guide::lock_file
[migration-files]: crate::guide::migration_files
[migration-files#the-text]: crate::guide::migration_files#the-text
[newer-databases]: crate::guide::newer_databases
[newer-databases#compatible]: crate::guide::newer_databases#compatible
[newer-databases#stored-downgrades]: crate::guide::newer_databases#stored-downgrades
[operations]: crate::guide::operations
[pictures]: crate::guide::pictures
[pools]: crate::guide::pools
[proof]: crate::guide::proof
[proof#equal-schemas]: crate::guide::proof#equal-schemas
[proof#failures-on-rows]: crate::guide::proof#failures-on-rows
[proof#locked-revisions]: crate::guide::proof#locked-revisions
[proof#stand-ins]: crate::guide::proof#stand-ins
[proof#unproven]: crate::guide::proof#unproven
[proof#without-the-proof]: crate::guide::proof#without-the-proof
[rebuilding]: crate::guide::rebuilding
[rebuilding#the-downgrade]: crate::guide::rebuilding#the-downgrade
[running]: crate::guide::running
[running#errors]: crate::guide::running#errors
[running#events]: crate::guide::running#events
[running#reach-of-a-script]: crate::guide::running#reach-of-a-script
[running#settings-of-the-connection]: crate::guide::running#settings-of-the-connection
[running#the-marker]: crate::guide::running#the-marker
[several-chains]: crate::guide::several_chains
[testing]: crate::guide::testing
[testing#migrations-with-data]: crate::guide::testing#migrations-with-data
[testing#the-snapshot]: crate::guide::testing#the-snapshot
[versions]: crate::guide::versions
"
    };
}

macro_rules! pages {
    ($($module:ident $page:literal,)+) => {
        $(
            #[doc = links!()]
            #[doc = include_str!("guide/error_links.md")]
            #[doc = include_str!(concat!("../docs/guide/", $page, ".md"))]
            pub mod $module {}
        )+
    };
}

pages! {
    getting_started "getting-started",
    migration_files "migration-files",
    rebuilding "rebuilding",
    proof "proof",
    developing "developing",
    branches "branches",
    lock_file "lock-file",
    pictures "pictures",
    adopting "adopting",
    from_sqlx "from-sqlx",
    from_refinery "from-refinery",
    from_rusqlite_migration "from-rusqlite_migration",
    from_diesel "from-diesel",
    from_alembic "from-alembic",
    running "running",
    connections "connections",
    drift "drift",
    newer_databases "newer-databases",
    backups "backups",
    operations "operations",
    several_chains "several-chains",
    pools "pools",
    testing "testing",
    ci "ci",
    agents "agents",
    versions "versions",
    commands "commands",
    json "json",
    features "features",
}

#[doc = links!()]
#[doc = include_str!("guide/error_links.md")]
#[doc = include_str!("../docs/guide/errors.md")]
pub mod errors {
    #[cfg(feature = "cli")]
    pub use revchain_cli::catalogue::*;
}
