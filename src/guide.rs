//! The guide, with a page for each task.
//!
//! Begin with [`getting_started`]. These are the other pages:
//!
//! - Write migrations: [`migration_files`], [`rebuilding`], [`code`], [`jobs`], [`proof`],
//!   [`developing`], [`lock_file`], [`branches`], [`testing`], [`agents`].
//! - Run the program: [`running`], [`queries`], [`connections`], [`pools`], [`newer_databases`],
//!   [`several_chains`], [`replicas`], [`replicated`], [`cluster`].
//! - Operate it: [`operations`], [`drift`], [`backups`], [`script`], [`ci`].
//! - Come from something else: [`adopting`], [`from_sqlx`], [`from_refinery`],
//!   [`from_rusqlite_migration`], [`from_diesel`], [`from_alembic`].
//! - Look something up: [`commands`], [`pictures`], [`errors`], [`json`], [`features`],
//!   [`versions`].

#![allow(
    clippy::test_attr_in_doctest,
    reason = "a page shows a test as a program has it"
)]
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
[branches#two-locked-revisions-of-the-same-id]: crate::guide::branches#two-locked-revisions-of-the-same-id
[ci]: crate::guide::ci
[cluster]: crate::guide::cluster
[code]: crate::guide::code
[code#a-released-function]: crate::guide::code#a-released-function
[code#build-and-test]: crate::guide::code#build-and-test
[code#context]: crate::guide::code#context
[code#new-databases]: crate::guide::code#new-databases
[code#progress]: crate::guide::code#progress
[code#the-function]: crate::guide::code#the-function
[commands]: crate::guide::commands
[commands#exit-codes]: crate::guide::commands#exit-codes
[commands#overview]: crate::guide::commands#overview
[commands#schema]: crate::guide::commands#schema
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
[getting-started#rebuild-after-a-new-migration]: crate::guide::getting_started#rebuild-after-a-new-migration
[jobs]: crate::guide::jobs
[jobs#an-example]: crate::guide::jobs#an-example
[jobs#commands]: crate::guide::jobs#commands
[jobs#run-the-jobs]: crate::guide::jobs#run-the-jobs
[jobs#the-state]: crate::guide::jobs#the-state
[jobs#with-tokio]: crate::guide::jobs#with-tokio
[json]: crate::guide::json
[lock-file]: crate::guide::lock_file
[lock-file#lock-revisions]: crate::guide::lock_file#lock-revisions
[migration-files]: crate::guide::migration_files
[migration-files#the-text]: crate::guide::migration_files#the-text
[migration-files#values-that-only-rust-can-compute]: crate::guide::migration_files#values-that-only-rust-can-compute
[newer-databases]: crate::guide::newer_databases
[newer-databases#compatible]: crate::guide::newer_databases#compatible
[newer-databases#stored-downgrades]: crate::guide::newer_databases#stored-downgrades
[operations]: crate::guide::operations
[pictures]: crate::guide::pictures
[pools]: crate::guide::pools
[pools#sqlx]: crate::guide::pools#sqlx
[proof]: crate::guide::proof
[proof#equal-schemas]: crate::guide::proof#equal-schemas
[proof#failures-on-rows]: crate::guide::proof#failures-on-rows
[proof#locked-revisions]: crate::guide::proof#locked-revisions
[proof#stand-ins]: crate::guide::proof#stand-ins
[proof#unproven]: crate::guide::proof#unproven
[proof#without-the-proof]: crate::guide::proof#without-the-proof
[queries]: crate::guide::queries
[rebuilding]: crate::guide::rebuilding
[rebuilding#the-downgrade]: crate::guide::rebuilding#the-downgrade
[replicas]: crate::guide::replicas
[replicas#the-command]: crate::guide::replicas#the-command
[replicas#the-method]: crate::guide::replicas#the-method
[replicated]: crate::guide::replicated
[running]: crate::guide::running
[running#errors]: crate::guide::running#errors
[running#events]: crate::guide::running#events
[running#foreign-keys]: crate::guide::running#foreign-keys
[running#reach-of-a-script]: crate::guide::running#reach-of-a-script
[running#settings-of-the-connection]: crate::guide::running#settings-of-the-connection
[running#the-marker]: crate::guide::running#the-marker
[script]: crate::guide::script
[script#d1-and-rqlite]: crate::guide::script#d1-and-rqlite
[several-chains]: crate::guide::several_chains
[testing]: crate::guide::testing
[testing#migrations-with-code]: crate::guide::testing#migrations-with-code
[testing#migrations-with-data]: crate::guide::testing#migrations-with-data
[testing#the-snapshot]: crate::guide::testing#the-snapshot
[versions]: crate::guide::versions
"
    };
}

macro_rules! pages {
    ($($module:ident $page:literal $summary:literal,)+) => {
        $(
            // The list of the pages shows the first paragraph.
            #[doc = concat!($summary, "\n\n")]
            #[doc = links!()]
            #[doc = include_str!("guide/error_links.md")]
            #[doc = include_str!(concat!("../docs/guide/", $page, ".md"))]
            pub mod $module {}
        )+
    };
}

pages! {
    getting_started "getting-started" "A first program: install, write a migration, open a database.",
    migration_files "migration-files" "The name, the directives and the SQL of a migration file.",
    rebuilding "rebuilding" "Changes of a table that `ALTER TABLE` cannot make.",
    code "code" "Rust functions that run in a migration.",
    jobs "jobs" "Long work after an upgrade, in small transactions that resume.",
    proof "proof" "The checks of a build, and what they cannot know.",
    developing "developing" "Write a migration, try it, edit it, and release it.",
    branches "branches" "Two branches that both add a revision: rebase and merge.",
    lock_file "lock-file" "The file `revchain.lock`, which protects released revisions.",
    pictures "pictures" "Pictures of a chain and of a schema.",
    adopting "adopting" "Databases that another tool or no tool has managed.",
    from_sqlx "from-sqlx" "Move from sqlx, with its migrations and databases.",
    from_refinery "from-refinery" "Move from refinery, with its migrations and databases.",
    from_rusqlite_migration "from-rusqlite_migration" "Move from rusqlite_migration, with its migrations and databases.",
    from_diesel "from-diesel" "Move from Diesel, with its migrations and databases.",
    from_alembic "from-alembic" "Move from Alembic, with its migrations and databases.",
    running "running" "The transaction, waiting, foreign keys, events and errors of a request.",
    queries "queries" "Queries that the compiler checks against the head of the chain.",
    connections "connections" "Connections that need a key, functions, or settings such as WAL mode.",
    drift "drift" "A database whose schema is no longer that of its revision.",
    newer_databases "newer-databases" "A database that a newer version of the program has upgraded.",
    backups "backups" "Backups, restores and dry runs.",
    operations "operations" "The steps of an operator: before an upgrade, after an error, and back.",
    script "script" "The SQL of an upgrade, for any shell, D1 and rqlite.",
    several_chains "several-chains" "A library and a program that share a database file.",
    replicas "replicas" "Replicas by Litestream, LiteFS and others, which wait for a migration.",
    replicated "replicated" "The proof for a database on several machines.",
    pools "pools" "Connection pools and asynchronous programs.",
    testing "testing" "Tests of queries, and of migrations with data.",
    ci "ci" "Checks of a pull request.",
    cluster "cluster" "From one file to three machines, which a cluster keeps equal.",
    agents "agents" "Instructions for a language model that writes migrations.",
    versions "versions" "The promises between versions, and the range of rusqlite.",
    commands "commands" "Each command with its arguments and exit codes.",
    json "json" "The output of the commands with `--json`.",
    features "features" "The cargo features, and the size of each.",
}

/// All errors and defects, with a page for each name at the end of a message.
///
#[doc = links!()]
#[doc = include_str!("guide/error_links.md")]
#[doc = include_str!("../docs/guide/errors.md")]
pub mod errors {
    #[cfg(feature = "cli")]
    pub use revchain_cli::catalogue::*;
}
