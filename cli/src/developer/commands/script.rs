//! `script`: printing the SQL of an upgrade or a downgrade.

use std::mem;
use std::path::Path;

use revchain_core::load::SourceInfo;
use revchain_core::model::checksum;
use revchain_core::plan::planner::plan;
use revchain_core::script::{Form, Found};
use revchain_core::{
    Chain, DatabaseState, HistoryRow, Plan, Policy, Request, RevisionSet, StandIns, Target,
};
use revchain_prove::{Scope, prove, prove_replicated};
use revchain_runtime::{Error, Migrations};

use crate::developer::args::ScriptArgs;
use crate::developer::schema::subject::revisions_at;
use crate::developer::source::{Source, identify};
use crate::developer::source_tree::{SourceTree, load};
use crate::support::script::{SqlPlan, no_script};
use crate::support::{Failure, Result};

/// Prints the SQL that brings a database from one revision to another. Reads no database.
pub(crate) fn run(args: &ScriptArgs, source: &Source<'_>) -> Result {
    let directory = args.migrations.clone();
    let directory = directory.unwrap_or_else(|| source.directory());
    let (migrations, sources) = read(&directory, source, args)?;
    let chain = migrations.chain();
    let [from, to] = ends(chain, args)?;
    let rows = rows(chain, &from);
    let plan = plan_between(chain, &from, &to, &rows)?;
    check_stand_ins(chain, &from, &sources)?;
    check_stand_ins(chain, &to, &sources)?;
    let found = if from.is_empty() {
        Found::new_database(chain, migrations.name().is_some(), &[])
    } else {
        Found::History(rows)
    };
    let sql = SqlPlan {
        migrations: &migrations,
        plan: &plan,
        found,
        schema: None,
        form: if args.bare { Form::Bare } else { Form::Shell },
    };
    sql.answer()
}

/// Reads and proves the chain of the directory. A bare script is proven for a cluster.
///
/// The stamps name the program of an application, as if that program had run the upgrade.
fn read(
    directory: &Path,
    source: &Source<'_>,
    args: &ScriptArgs,
) -> Result<(Migrations, Vec<SourceInfo>)> {
    let loaded = load(directory);
    let replicated = match &loaded.chain {
        Some(chain) if args.bare => {
            let [mut from, to] = ends(chain, args)?;
            let both: Vec<_> = from.iter().filter(|index| to.contains(*index)).collect();
            from.extend(&to);
            for index in both {
                from.remove(index);
            }
            Some(from)
        }
        _ => None,
    };
    let mut loaded = match replicated {
        Some(revisions) => prove_replicated(loaded, Scope::Unlocked, &revisions),
        None => prove(loaded, Scope::Unlocked),
    };
    let sources = mem::take(&mut loaded.sources);
    let tree = SourceTree::new(directory, loaded, source.embedded())?;
    let Some(chain) = tree.chain else {
        let message = format!("{}: there is no chain", directory.display());
        return Err(Failure::failed("no-chain", message));
    };
    let shown = directory.to_string_lossy().into_owned();
    let migrations = identify(Migrations::from_chain(chain, shown), source.name())?;
    let program = source.embedded().and_then(Migrations::program);
    Ok((
        match program {
            Some(program) => migrations.stamped_by(program),
            None => migrations,
        },
        sources,
    ))
}

/// Returns the revisions of a database before and after the script.
fn ends(chain: &Chain, args: &ScriptArgs) -> Result<[RevisionSet; 2]> {
    Ok([revisions(chain, &args.from)?, revisions(chain, &args.to)?])
}

/// Returns the revisions of a database at the revision that an argument names.
fn revisions(chain: &Chain, argument: &str) -> Result<RevisionSet> {
    let revisions = revisions_at(chain, &Target::from(argument))?;
    Ok(match revisions.newest() {
        Some(newest) => chain.ancestry(newest),
        None => revisions,
    })
}

/// Returns the history of a database with these revisions, in the order of the chain.
fn rows(chain: &Chain, stamped: &RevisionSet) -> Vec<HistoryRow> {
    let revisions = stamped.iter().map(|index| &chain[index]);
    let row = revisions.map(|revision| {
        let checksum = checksum::hex(revision.checksum());
        HistoryRow::new(revision.id().to_owned(), checksum)
    });
    row.collect()
}

fn plan_between(
    chain: &Chain,
    from: &RevisionSet,
    to: &RevisionSet,
    rows: &[HistoryRow],
) -> Result<Plan> {
    let id = |revisions: &RevisionSet| match revisions.newest() {
        Some(newest) => Target::Revision(chain[newest].id().to_owned()),
        None => Target::Base,
    };
    if from == to {
        let failure = Failure::usage(format!("--from and --to are both {}", id(from)));
        return Err(failure.help("name two revisions"));
    }
    let request = if from.iter().all(|index| to.contains(index)) {
        Request::Upgrade(id(to))
    } else {
        Request::Downgrade(id(to))
    };
    let state = if from.is_empty() {
        DatabaseState::Empty
    } else {
        DatabaseState::Managed {
            rows: rows.to_vec(),
            schema: None,
            finished_jobs: Vec::new(),
        }
    };
    plan(chain, &state, &Policy::default(), &request).map_err(|conflict| {
        let error = Error::from_conflict(conflict);
        let failure = Failure::failed(error.code(), error.message());
        failure.help(&error.help().unwrap_or_default())
    })
}

/// Fails if a revision declares an object that only the program has.
fn check_stand_ins(chain: &Chain, revisions: &RevisionSet, sources: &[SourceInfo]) -> Result<()> {
    for index in revisions.iter() {
        let declared = sources.get(index.get()).map(|source| &source.stand_ins);
        if let Some(name) = declared.and_then(first_stand_in) {
            let id = chain[index].id();
            let message =
                format!("there is no SQL for a shell: {id} needs the {name} of the program");
            return Err(no_script(message).help("run the upgrade with the program"));
        }
    }
    Ok(())
}

fn first_stand_in(stand_ins: &StandIns) -> Option<String> {
    let mut functions = stand_ins.functions.iter();
    let mut collations = stand_ins.collations.iter();
    let mut modules = stand_ins.modules.iter();
    let function = functions
        .next()
        .map(|function| format!("function {function}"));
    let collation = || collations.next().map(|name| format!("collation {name}"));
    let module = || modules.next().map(|name| format!("module {name}"));
    function.or_else(collation).or_else(module)
}
