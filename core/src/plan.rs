//! The plan: what a database needs, decided from facts. Pure, so that every row of the table is tested without
//! a database, and an engine has only to carry it out.

use std::collections::HashMap;
use std::fmt;

use crate::Target;
use crate::chain::Chain;
use crate::checksum;
use crate::revision::Downgrade;
use crate::suggest::did_you_mean;

/// What is stamped for one revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamped {
    /// The revision's id.
    pub revision: String,
    /// Its checksum in hexadecimal.
    pub checksum: String,
}

/// What is found in a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// No history and no table: a new database.
    Nothing,
    /// No history, but these tables.
    Unmanaged(Vec<String>),
    /// A history.
    Managed(Vec<Stamped>),
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// Run upgrades up to the target. What is beyond it stays.
    Upgrade(Target),
    /// Run downgrades down to the target.
    Downgrade(Target),
    /// Record that the database is at the target, and run nothing.
    Stamp(Target),
}

/// One thing to do. The number is the revision's place in the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Make the history, which is not there yet.
    CreateHistory,
    /// Run the upgrade, and record it.
    Upgrade(usize),
    /// Run the downgrade, and remove the record.
    Downgrade(usize),
    /// Record it, in place of any older record.
    Stamp(usize),
    /// Remove the record.
    Unstamp(usize),
}

/// What is to be done, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The newest revision that is stamped before; `None` for base.
    pub from: Option<usize>,
    /// The newest revision that is stamped afterwards.
    pub to: Option<usize>,
    /// The steps.
    pub steps: Vec<Step>,
}

/// Why nothing can be done.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Conflict {
    /// The database has tables, but no history, and no baseline was given.
    #[non_exhaustive]
    Unmanaged {
        /// The tables.
        tables: Vec<String>,
    },
    /// The database has revisions that the chain does not have.
    #[non_exhaustive]
    Ahead {
        /// Those revisions, in the order in which they were stamped.
        unknown: Vec<String>,
        /// The chain's head.
        head: String,
        /// Whether the database has any revision that the chain has.
        related: bool,
    },
    /// Revisions were edited after they had been applied.
    #[non_exhaustive]
    Edited {
        /// Those revisions and their files.
        revisions: Vec<(String, String)>,
    },
    /// The history lacks a revision that one in it revises.
    #[non_exhaustive]
    Gap {
        /// The revision that is stamped.
        revision: String,
        /// The one that is not.
        missing: String,
    },
    /// The chain has no such revision.
    #[non_exhaustive]
    UnknownTarget {
        /// What was asked for.
        target: String,
        /// What may have been meant, or what there is.
        hint: String,
    },
    /// The target is not in the direction that was asked for, or too many steps away.
    #[non_exhaustive]
    OutOfReach {
        /// What is wrong with it.
        reason: String,
    },
    /// A revision on the way down cannot be reverted.
    #[non_exhaustive]
    Irreversible {
        /// The revision.
        revision: String,
        /// The reason that its file gives.
        reason: String,
        /// Its file.
        path: String,
    },
}

impl Step {
    /// The place of the revision that the step is about.
    pub fn place(self) -> Option<usize> {
        match self {
            Self::CreateHistory => None,
            Self::Upgrade(place) | Self::Downgrade(place) | Self::Stamp(place) | Self::Unstamp(place) => {
                Some(place)
            }
        }
    }
}

impl Conflict {
    /// A short name for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unmanaged { .. } => "unmanaged",
            Self::Ahead { .. } => "ahead",
            Self::Edited { .. } => "edited",
            Self::Gap { .. } => "gap",
            Self::UnknownTarget { .. } => "unknown-target",
            Self::OutOfReach { .. } => "out-of-reach",
            Self::Irreversible { .. } => "irreversible",
        }
    }
}

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unmanaged { tables } => write!(
                f,
                "the database has tables ({}) but no history: it was not made by these migrations\n\
                 help: if its tables are those of a revision, such as 001, say so: .baseline(\"001\") on the options takes\n      \
                 every such database along, the command `stamp -r 001` records it for this one; if they are those of\n      \
                 another program that shares the file, the revision is \"base\"",
                few(tables)
            ),
            Self::Ahead { unknown, head, related: true } => write!(
                f,
                "the database is ahead of this program: it is at {}, and this program ends at {head}\n\
                 help: use the newer program that upgraded it, or let that program downgrade it to {head}",
                few(unknown)
            ),
            Self::Ahead { unknown, related: false, .. } => write!(
                f,
                "the database belongs to another chain: none of its revisions ({}) is known here\n\
                 help: check that this is the right file for this program",
                few(unknown)
            ),
            Self::Edited { revisions } => {
                let ids: Vec<_> = revisions.iter().map(|(id, _)| id.clone()).collect();
                let were = if ids.len() == 1 { "was" } else { "were" };
                write!(f, "{} {were} edited after the database had applied it", few(&ids))?;
                revisions.iter().take(FEW).try_for_each(|(_, path)| write!(f, "\n  {path}"))?;
                write!(
                    f,
                    "\nhelp: put the file back as it was, and write the change as a new revision; if the database does\n      \
                     have what the file says now, record that: the command `stamp -r head`, or .stamp(…, \"head\")"
                )
            }
            Self::Gap { revision, missing } => write!(
                f,
                "the history has {revision}, but not {missing}, which {revision} revises\n\
                 help: somebody changed revchain_history by hand; `stamp` records where the database really is"
            ),
            Self::UnknownTarget { target, hint } => write!(f, "there is no revision `{target}`: {hint}"),
            Self::OutOfReach { reason } => f.write_str(reason),
            Self::Irreversible { revision, reason, path } => {
                write!(
                    f,
                    "{revision} cannot be reverted: {reason}\n  {path}\nhelp: nothing was changed; restore a backup from before {revision}"
                )
            }
        }
    }
}

impl std::error::Error for Conflict {}

/// How many names a sentence holds.
const FEW: usize = 3;

fn few(names: &[String]) -> String {
    let shown = names[..names.len().min(FEW)].join(", ");
    if names.len() > FEW { format!("{shown}, … {} in all", names.len()) } else { shown }
}

/// Decides what brings a database to where it is asked to be. `baseline` is where a database is that has tables
/// but no history.
///
/// # Errors
///
/// Why nothing can be done; then nothing may be.
pub fn plan(
    chain: &Chain,
    found: &Found,
    baseline: Option<&Target>,
    request: &Request,
) -> Result<Plan, Conflict> {
    let mut stamped = vec![false; chain.revisions().len()];
    let mut steps = Vec::new();
    let mut from = None;
    match found {
        Found::Nothing => {}
        Found::Managed(rows) => {
            read_history(chain, rows, request, &mut stamped, &mut steps)?;
            from = newest(&stamped);
        }
        Found::Unmanaged(tables) => match (request, baseline) {
            (Request::Stamp(_), _) => {}
            (Request::Upgrade(_), Some(baseline)) => {
                let kept = within(chain, baseline)?;
                steps.extend(places(&kept).map(Step::Stamp));
                stamped = kept;
            }
            _ => return Err(Conflict::Unmanaged { tables: tables.clone() }),
        },
    }
    let after = match request {
        Request::Upgrade(target) => upgrade(chain, &stamped, target, &mut steps)?,
        Request::Downgrade(target) => downgrade(chain, &stamped, target, &mut steps)?,
        Request::Stamp(target) => stamp(chain, &stamped, target, &mut steps)?,
    };
    // To be at base is worth a record only where it was asked for.
    let managed = matches!(found, Found::Managed(_));
    if !managed && (!steps.is_empty() || matches!(request, Request::Stamp(_))) {
        steps.insert(0, Step::CreateHistory);
    }
    Ok(Plan { from, to: newest(&after), steps })
}

/// Which revisions are stamped, if history and chain agree. For a stamp they need not agree on checksums: it is
/// the way to mend that.
fn read_history(
    chain: &Chain,
    rows: &[Stamped],
    request: &Request,
    stamped: &mut [bool],
    steps: &mut Vec<Step>,
) -> Result<(), Conflict> {
    let places: HashMap<&str, usize> =
        chain.revisions().iter().enumerate().map(|(i, r)| (r.id(), i)).collect();
    let unknown: Vec<String> = rows
        .iter()
        .map(|row| &row.revision)
        .filter(|id| !places.contains_key(id.as_str()))
        .cloned()
        .collect();
    if !unknown.is_empty() {
        let head = chain.head().map(|head| head.id().to_owned()).unwrap_or_default();
        return Err(Conflict::Ahead { related: unknown.len() < rows.len(), unknown, head });
    }
    let mut edited = Vec::new();
    for row in rows {
        let place = places[row.revision.as_str()];
        stamped[place] = true;
        if row.checksum != checksum::hex(chain.revisions()[place].checksum()) {
            edited.push(place);
        }
    }
    edited.sort_unstable();
    if let Request::Stamp(_) = request {
        steps.extend(edited.into_iter().map(Step::Stamp));
        return Ok(());
    }
    if !edited.is_empty() {
        let revisions = edited.iter().map(|&place| &chain.revisions()[place]);
        return Err(Conflict::Edited {
            revisions: revisions.map(|r| (r.id().to_owned(), r.path().to_owned())).collect(),
        });
    }
    for (place, revision) in chain.revisions().iter().enumerate().filter(|(place, _)| stamped[*place]) {
        debug_assert_eq!(places[revision.id()], place);
        if let Some(missing) =
            revision.revises().find(|id| !places.get(id).is_some_and(|&parent| stamped[parent]))
        {
            return Err(Conflict::Gap { revision: revision.id().to_owned(), missing: missing.to_owned() });
        }
    }
    Ok(())
}

fn upgrade(
    chain: &Chain,
    stamped: &[bool],
    target: &Target,
    steps: &mut Vec<Step>,
) -> Result<Vec<bool>, Conflict> {
    let mut wanted = match *target {
        Target::Steps(count) => {
            let pending: Vec<usize> = (0..stamped.len()).filter(|&place| !stamped[place]).collect();
            let count = usize::try_from(count).map_err(|_| {
                out_of_reach(format!("an upgrade does not go {count}: use `downgrade` to go back"))
            })?;
            if count > pending.len() {
                let reason = match pending.len() {
                    0 => "nothing is pending: the database is at head".to_owned(),
                    pending => format!("+{count} goes beyond head: {pending} pending"),
                };
                return Err(out_of_reach(reason));
            }
            let mut wanted = vec![false; stamped.len()];
            pending[..count].iter().for_each(|&place| wanted[place] = true);
            wanted
        }
        _ => within(chain, target)?,
    };
    for (place, wanted) in wanted.iter_mut().enumerate() {
        if *wanted && !stamped[place] {
            steps.push(Step::Upgrade(place));
        }
        *wanted |= stamped[place];
    }
    Ok(wanted)
}

fn downgrade(
    chain: &Chain,
    stamped: &[bool],
    target: &Target,
    steps: &mut Vec<Step>,
) -> Result<Vec<bool>, Conflict> {
    let kept = match *target {
        Target::Head => {
            return Err(out_of_reach("a downgrade does not lead to head: use `upgrade`".to_owned()));
        }
        Target::Steps(count) => {
            let applied: Vec<usize> = places(stamped).collect();
            let back = usize::try_from(count.checked_neg().unwrap_or(i64::MAX)).map_err(|_| {
                out_of_reach(format!("a downgrade goes back: write -{count}, or use `upgrade`"))
            })?;
            if back > applied.len() {
                let reason = match applied.len() {
                    0 => "the database is at base: there is nothing to revert".to_owned(),
                    applied => format!("-{back} goes below base: {applied} applied"),
                };
                return Err(out_of_reach(reason));
            }
            let mut kept = stamped.to_vec();
            applied[applied.len() - back..].iter().for_each(|&place| kept[place] = false);
            kept
        }
        _ => {
            let kept = within(chain, target)?;
            if places(&kept).any(|place| !stamped[place]) {
                let current = newest(stamped).map_or("base", |place| chain.revisions()[place].id());
                return Err(out_of_reach(format!(
                    "the database is at {current}, and {target} does not lie before that: use `upgrade`"
                )));
            }
            kept
        }
    };
    for place in places(stamped).rev().filter(|&place| !kept[place]) {
        let revision = &chain.revisions()[place];
        if let Downgrade::Irreversible(reason) = revision.downgrade() {
            return Err(Conflict::Irreversible {
                revision: revision.id().to_owned(),
                reason: reason.to_string(),
                path: revision.path().to_owned(),
            });
        }
        steps.push(Step::Downgrade(place));
    }
    Ok(kept)
}

fn stamp(
    chain: &Chain,
    stamped: &[bool],
    target: &Target,
    steps: &mut Vec<Step>,
) -> Result<Vec<bool>, Conflict> {
    if let Target::Steps(_) = target {
        return Err(out_of_reach(
            "a stamp names a revision, head or base: steps lead nowhere without running".to_owned(),
        ));
    }
    let wanted = within(chain, target)?;
    steps.retain(|step| !matches!(step, Step::Stamp(place) if !wanted[*place]));
    steps.extend(places(stamped).rev().filter(|&place| !wanted[place]).map(Step::Unstamp));
    steps.extend(places(&wanted).filter(|&place| !stamped[place]).map(Step::Stamp));
    Ok(wanted)
}

/// For each revision, whether a database at `target` has it.
fn within(chain: &Chain, target: &Target) -> Result<Vec<bool>, Conflict> {
    let count = chain.revisions().len();
    match target {
        Target::Head => Ok(vec![true; count]),
        Target::Base => Ok(vec![false; count]),
        Target::Revision(id) => match chain.position(id) {
            Some(place) => Ok(chain.ancestry(place)),
            None => Err(unknown_target(chain, id)),
        },
        Target::Steps(_) => Err(unknown_target(chain, &target.to_string())),
    }
}

fn unknown_target(chain: &Chain, target: &str) -> Conflict {
    let ids = || chain.revisions().iter().map(|revision| revision.id());
    let hint = match (did_you_mean(target, ids()), ids().next(), ids().next_back()) {
        (Some(meant), ..) => format!("did you mean {meant}?"),
        (None, Some(first), Some(head)) => format!("the chain goes from {first} to {head}"),
        _ => "the chain is empty".to_owned(),
    };
    Conflict::UnknownTarget { target: target.to_owned(), hint }
}

fn out_of_reach(reason: String) -> Conflict {
    Conflict::OutOfReach { reason }
}

fn places(set: &[bool]) -> impl DoubleEndedIterator<Item = usize> + '_ {
    set.iter().enumerate().filter(|(_, is_in)| **is_in).map(|(place, _)| place)
}

fn newest(set: &[bool]) -> Option<usize> {
    set.iter().rposition(|&is_in| is_in)
}
