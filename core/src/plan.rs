//! The plan: what a database needs, decided from facts. Pure, so that every row of the table is tested without
//! a database, and an engine has only to carry it out.

use crate::Target;
use crate::chain::Chain;
use crate::checksum;
use crate::conflict::Conflict;
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
    /// The place in the chain of the newest revision that is stamped before; `None` for base.
    pub from: Option<usize>,
    /// The place in the chain of the newest revision that is stamped afterwards; `None` for base.
    pub to: Option<usize>,
    /// The steps.
    pub steps: Vec<Step>,
}

impl Plan {
    /// Whether any step runs SQL of a migration.
    pub fn runs_sql(&self) -> bool {
        self.steps.iter().any(|step| matches!(step, Step::Upgrade(_) | Step::Downgrade(_)))
    }

    /// The places of the revisions whose upgrade is run.
    pub fn upgrades(&self) -> impl Iterator<Item = usize> + '_ {
        self.steps.iter().filter_map(|step| if let Step::Upgrade(place) = *step { Some(place) } else { None })
    }
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
            let history = History::read(chain, rows)?;
            match request {
                // A stamp is the way to mend what is not as it should be.
                Request::Stamp(_) => steps.extend(history.edited.iter().copied().map(Step::Stamp)),
                _ => history.verify(chain)?,
            }
            stamped = history.stamped;
            from = newest(&stamped);
        }
        Found::Unmanaged(tables) => match (request, baseline) {
            (Request::Stamp(_), _) => {}
            (Request::Upgrade(_), Some(baseline)) => {
                let kept = within(chain, baseline)?;
                steps.extend(places_of(&kept).map(Step::Stamp));
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

/// The newest revision that a database has; `None` at base, and where there is no history.
///
/// # Errors
///
/// Where history and chain disagree.
pub fn current(chain: &Chain, found: &Found) -> Result<Option<usize>, Conflict> {
    let Found::Managed(rows) = found else { return Ok(None) };
    let history = History::read(chain, rows)?;
    history.verify(chain)?;
    Ok(newest(&history.stamped))
}

/// The rows of a history as places in the chain.
struct History {
    /// For each revision, whether it is stamped.
    stamped: Vec<bool>,
    /// Those whose checksum is no longer the one that was stamped.
    edited: Vec<usize>,
}

impl History {
    fn read(chain: &Chain, rows: &[Stamped]) -> Result<Self, Conflict> {
        let places = chain.places();
        let is_unknown = |row: &&Stamped| !places.contains_key(row.revision.as_str());
        let unknown: Vec<String> = rows.iter().filter(is_unknown).map(|row| row.revision.clone()).collect();
        if !unknown.is_empty() {
            let head = chain.head().map(|head| head.id().to_owned()).unwrap_or_default();
            return Err(Conflict::Ahead { related: unknown.len() < rows.len(), unknown, head });
        }
        let mut stamped = vec![false; chain.revisions().len()];
        let mut edited = Vec::new();
        for row in rows {
            let place = places[row.revision.as_str()];
            stamped[place] = true;
            if row.checksum != checksum::hex(chain.revisions()[place].checksum()) {
                edited.push(place);
            }
        }
        edited.sort_unstable();
        Ok(Self { stamped, edited })
    }

    /// Whether it is one that upgrades and downgrades of this chain can have left.
    fn verify(&self, chain: &Chain) -> Result<(), Conflict> {
        let revision = |place: usize| &chain.revisions()[place];
        if !self.edited.is_empty() {
            let edited = self.edited.iter().map(|&place| revision(place));
            return Err(Conflict::Edited {
                revisions: edited.map(|edited| (edited.id().to_owned(), edited.path().to_owned())).collect(),
                current: newest(&self.stamped)
                    .map(|place| revision(place).id().to_owned())
                    .unwrap_or_default(),
            });
        }
        let places = chain.places();
        for stamped in places_of(&self.stamped).map(revision) {
            let is_stamped = |id: &str| places.get(id).is_some_and(|&place| self.stamped[place]);
            if let Some(missing) = stamped.revises().find(|id| !is_stamped(id)) {
                return Err(Conflict::Gap { revision: stamped.id().to_owned(), missing: missing.to_owned() });
            }
        }
        Ok(())
    }
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
            let count = usize::try_from(count)
                .map_err(|_| out_of_reach(format!("{count} goes back: use `downgrade`")))?;
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
            let applied: Vec<usize> = places_of(stamped).collect();
            let back = usize::try_from(count.checked_neg().unwrap_or(i64::MAX)).map_err(|_| {
                out_of_reach(format!("+{count} goes forward: use `upgrade`, or write -{count} to go back"))
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
            if places_of(&kept).any(|place| !stamped[place]) {
                let current = newest(stamped).map_or("base", |place| chain.revisions()[place].id());
                return Err(out_of_reach(format!(
                    "the database is at {current}, and {target} is not one of its ancestors: use `upgrade`"
                )));
            }
            kept
        }
    };
    for place in places_of(stamped).rev().filter(|&place| !kept[place]) {
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
        return Err(out_of_reach("a stamp needs a revision, head or base, not a number of steps".to_owned()));
    }
    let wanted = within(chain, target)?;
    steps.retain(|step| !matches!(step, Step::Stamp(place) if !wanted[*place]));
    steps.extend(places_of(stamped).rev().filter(|&place| !wanted[place]).map(Step::Unstamp));
    steps.extend(places_of(&wanted).filter(|&place| !stamped[place]).map(Step::Stamp));
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

fn places_of(set: &[bool]) -> impl DoubleEndedIterator<Item = usize> + '_ {
    set.iter().enumerate().filter(|(_, is_in)| **is_in).map(|(place, _)| place)
}

fn newest(set: &[bool]) -> Option<usize> {
    set.iter().rposition(|&is_in| is_in)
}
