//! The end of an import before a migration whose SQL cannot be imported.

use serde_json::{Value, json};

use super::assemble::{Assembly, Source, assemble};
use super::cascades::{self, OnChildren};
use super::item::Item;
use super::pragmas;
use super::proof;
use super::source::with_origin;
use super::tool::Enforcement;
use crate::support::{Failure, FailureKind, Result};

/// The reason why an import ends before the last migration.
#[derive(Debug, Clone)]
pub(crate) struct Stop {
    /// The path of the first migration that is not imported.
    pub(crate) path: String,
    /// The part that later SQL depends on, or that is all that the migration has.
    pub(crate) item: Item,
    /// The first failure without that part; `None` if no later SQL fails.
    pub(crate) reason: Option<String>,
    /// The number of migrations that are not imported.
    pub(crate) left: usize,
}

impl Stop {
    pub(crate) fn to_json(&self) -> Value {
        json!({
            "path": self.path,
            "because_of": self.item.to_json(),
            "reason": self.reason,
            "left": self.left,
        })
    }
}

/// Assembles the drafts up to the first migration that later SQL depends on, and that cannot be
/// imported, or that has nothing but a part that needs a decision.
///
/// # Errors
///
/// Fails if the upgrades do not run for another reason, or if no draft is left.
pub(crate) fn assemble_sound(
    source: Source<'_>,
    directory: &str,
) -> Result<(Assembly, Option<Stop>)> {
    let migrations = source.migrations;
    let mut stopped: Option<Stop> = None;
    let mut count = migrations.len();
    loop {
        let assembly = assemble(source, count)?;
        if assembly.drafts.is_empty() {
            let item = stopped.map(|stop| (stop.item, stop.reason));
            let undecided = assembly.undecided.map(|(_, item)| (item, None));
            return Err(nothing_left(item.or(undecided)));
        }
        let (first_left, item, reason) = match proof::check(&assembly.drafts, directory) {
            Ok(_) => match assembly.undecided.clone() {
                Some((first_left, item)) => (first_left, item, None),
                None => return Ok((assembly, stopped)),
            },
            Err(rejected) => {
                let Some((first_left, item)) = cause(&assembly, rejected.index) else {
                    let failure = with_cascades(rejected.failure, source, &assembly);
                    return Err(with_origin(failure, &assembly));
                };
                let reason = rejected.failure.message.lines().next().unwrap_or_default();
                (first_left, item, Some(reason.to_owned()))
            }
        };
        count = first_left;
        stopped = Some(Stop {
            path: migrations[count].path().to_owned(),
            item,
            reason,
            left: migrations.len() - count,
        });
    }
}

/// Adds the deletes whose cascades ran at the tool to a failure on foreign keys.
fn with_cascades(failure: Failure, source: Source<'_>, assembly: &Assembly) -> Failure {
    let breaks_keys = matches!(failure.kind, FailureKind::Failed("foreign-keys"));
    if !breaks_keys || source.tool.enforcement() == Enforcement::Off {
        return failure;
    }
    let cascades = cascades::find(&assembly.drafts, source.migrations).unwrap_or_default();
    let mut help = Vec::new();
    for cascade in &cascades {
        if let OnChildren::Write(children) = &cascade.effect {
            let (place, statement) = (&cascade.place, &cascade.statement);
            help.push(format!("below {place}: {statement}, write:"));
            help.extend(children.iter().map(|statement| format!("  {statement}")));
        }
    }
    failure.help(&help.join("\n"))
}

/// Returns the first part on which the failing draft can depend, and the index of its migration.
fn cause(assembly: &Assembly, failing: usize) -> Option<(usize, Item)> {
    let drafts = assembly.drafts.get(..=failing)?;
    let migration = drafts.last()?.migration;
    // If the drafts fail with the pragmas too, the pragmas are not the cause. Drafts without
    // pragmas need no second run, which would have no limit.
    let has_pragmas = drafts
        .iter()
        .any(|draft| draft.upgrade_with_pragmas.is_some());
    let depends_on_pragmas = has_pragmas && pragmas::run_with_pragmas(drafts).unwrap_or(true);
    let mut items = assembly.items.iter();
    let cause = items.find(|(index, item)| {
        *index <= migration
            && item.kind.can_matter()
            && (depends_on_pragmas || !item.kind.is_schema_pragma())
    });
    cause.cloned()
}

fn nothing_left(stopped: Option<(Item, Option<String>)>) -> Failure {
    let Some((item, reason)) = stopped else {
        return Failure::failed("no-migrations", "the migrations have no SQL");
    };
    let place = item.place();
    let message = match reason {
        Some(reason) => {
            format!("nothing can be imported: later SQL depends on {place}\n{reason}")
        }
        None => format!("nothing can be imported: {place} is not SQL that revchain can run"),
    };
    let help = "write its effect as SQL, or pass the schema after it: --first DATABASE";
    Failure::failed("stopped", message).help(help)
}
