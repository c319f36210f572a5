//! The plan: what a database needs, decided from facts. Pure, so that every row of the table is tested without
//! a database, and an engine has only to carry it out.

use std::cell::LazyCell;

use crate::Target;
use crate::chain::Chain;
use crate::checksum;
use crate::conflict::Conflict;
use crate::newer::Newer;
use crate::revision::{Downgrade, Revision};
use crate::schema::{Diff, Texts};
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
    /// No history, but tables or views.
    Unmanaged(Texts),
    /// No history under the name that the chain has, but one that is the chain's under another.
    Elsewhere {
        /// The name that it has there; `None` where it has none.
        name: Option<String>,
    },
    /// A history.
    Managed {
        /// Its rows, in the order in which they were written.
        rows: Vec<Stamped>,
        /// What is known of those that the chain does not have, in the same order.
        newer: Vec<Newer>,
        /// The schema, where it is to be compared with that of the revision.
        schema: Option<Texts>,
    },
}

/// What is to be done where the facts leave a choice.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Policy {
    /// Where a database is that has tables but no history.
    pub baseline: Option<Target>,
    /// Whether that is taken on trust, also where the schema is not that of the baseline.
    pub is_baseline_unchecked: bool,
    /// Which of the revisions that share a schema it is, where one of them is recognised.
    pub adopt_as: Vec<String>,
    /// What is done about a schema that is no longer that of its revision.
    pub on_drift: OnDrift,
    /// What is done about a database that is ahead of the chain.
    pub on_ahead: OnAhead,
}

/// What is done about a database that has revisions which the program does not know. Where all of them are compatible, as
/// `@compatible` says in a newer program, it is opened as it is in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum OnAhead {
    /// Nothing is done to it.
    #[default]
    Refuse,
    /// Where a downgrade is asked for, they are reverted by the SQL that the database keeps for that. An upgrade is refused
    /// all the same.
    Downgrade,
}

/// What is done about a database whose schema is no longer that of its revision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum OnDrift {
    /// Nothing is done to it, and the difference is shown.
    #[default]
    Refuse,
    /// It is told, and gone on with. What then comes of a migration is not checked.
    Warn,
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

/// One thing to do. The number is the revision's place in the chain, but where it says otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Make the history, which is not there yet.
    CreateHistory,
    /// Run the upgrade, and record it.
    Upgrade(usize),
    /// Run the downgrade, and remove the record.
    Downgrade(usize),
    /// Run the downgrade that the database keeps, and remove the record. The number is the place in [`Plan::reverted`].
    DowngradeNewer(usize),
    /// Record it: the database was recognised.
    Adopt(usize),
    /// Record it, in place of any older record.
    Stamp(usize),
    /// Remove the record.
    Unstamp(usize),
}

/// What is to be done, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The place of the newest revision of the chain that is stamped before; `None` for base.
    pub from: Option<usize>,
    /// The place of the newest revision of the chain that is stamped afterwards; `None` for base.
    pub to: Option<usize>,
    /// The steps.
    pub steps: Vec<Step>,
    /// For each revision of the chain, whether it is stamped afterwards.
    pub stamped: Vec<bool>,
    /// Whether the schema is known not to be that of the revision that the database is at.
    pub is_drifted: bool,
    /// The revisions that are stamped before and that the chain does not have, in the order in which they were stamped.
    pub newer: Vec<Newer>,
    /// Those of them that are reverted, the newest first.
    pub reverted: Vec<Revision>,
}

impl Plan {
    /// Whether any step runs SQL of a migration.
    pub fn runs_sql(&self) -> bool {
        let runs =
            |step: &Step| matches!(step, Step::Upgrade(_) | Step::Downgrade(_) | Step::DowngradeNewer(_));
        self.steps.iter().any(runs)
    }

    /// The revisions that the chain does not have and that stay.
    pub fn kept(&self) -> &[Newer] {
        &self.newer[..self.newer.len() - self.reverted.len()]
    }

    /// The newest revision before, whether the chain has it or not; `None` for base.
    pub fn id_before<'p>(&'p self, chain: &'p Chain) -> Option<&'p str> {
        newest_id(chain, self.from, &self.newer)
    }

    /// The newest revision afterwards, whether the chain has it or not; `None` for base.
    pub fn id_after<'p>(&'p self, chain: &'p Chain) -> Option<&'p str> {
        newest_id(chain, self.to, self.kept())
    }

    /// The revision that a step is about.
    pub fn revision<'p>(&'p self, step: Step, chain: &'p Chain) -> Option<&'p Revision> {
        match step {
            Step::DowngradeNewer(at) => self.reverted.get(at),
            _ => chain.revisions().get(step.place()?),
        }
    }

    /// The places of the revisions whose upgrade is run.
    pub fn upgrades(&self) -> impl Iterator<Item = usize> + '_ {
        self.steps.iter().filter_map(|step| if let Step::Upgrade(place) = *step { Some(place) } else { None })
    }
}

impl Step {
    /// The place of the revision that the step is about, where that is one of the chain.
    pub fn place(self) -> Option<usize> {
        match self {
            Self::CreateHistory | Self::DowngradeNewer(_) => None,
            Self::Upgrade(place)
            | Self::Downgrade(place)
            | Self::Adopt(place)
            | Self::Stamp(place)
            | Self::Unstamp(place) => Some(place),
        }
    }
}

/// Decides what brings a database to where it is asked to be.
///
/// # Errors
///
/// Why nothing can be done; then nothing may be.
pub fn plan(chain: &Chain, found: &Found, policy: &Policy, request: &Request) -> Result<Plan, Conflict> {
    let mut stamped = vec![false; chain.revisions().len()];
    let mut steps = Vec::new();
    let mut from = None;
    let mut is_drifted = false;
    let (mut newer, mut reverted) = (Vec::new(), Vec::new());
    match found {
        Found::Nothing => {}
        Found::Elsewhere { name } => match request {
            // Whoever says where it is may have two.
            Request::Stamp(_) => {}
            _ => return Err(Conflict::OtherName { name: name.clone() }),
        },
        Found::Managed { rows, newer: known, schema } => {
            let history = History::read(chain, rows, known);
            let is_readable = match request {
                Request::Upgrade(_) => history.is_compatible(),
                Request::Downgrade(_) => history.newer.is_empty() || history.may_revert(policy),
                Request::Stamp(_) => history.newer.is_empty(),
            };
            if !is_readable {
                return Err(history.ahead(chain, policy));
            }
            match request {
                // A stamp is the way to mend what is not as it should be.
                Request::Stamp(_) => steps.extend(history.edited.iter().copied().map(Step::Stamp)),
                _ => history.verify(chain)?,
            }
            // What the schema is after a revision that is not known, is not known.
            if history.newer.is_empty() && !matches!(request, Request::Stamp(_)) {
                is_drifted = drift(chain, &history.stamped, schema.as_ref(), policy)?;
            }
            stamped = history.stamped;
            newer = history.newer;
            from = newest(&stamped);
        }
        Found::Unmanaged(schema) => match (request, &policy.baseline) {
            (Request::Stamp(_), _) => {}
            (Request::Upgrade(_), Some(baseline)) => {
                stamped = within(chain, baseline)?;
                is_drifted = chain.has_schema(&stamped, schema) == Some(false);
                if is_drifted && !policy.is_baseline_unchecked {
                    let revision = name(chain, &stamped);
                    return Err(Conflict::BaselineDiffers { revision, diff: Diff::default() });
                }
                steps.extend(places_of(&stamped).map(Step::Stamp));
            }
            (Request::Upgrade(_), None) => {
                let place = recognise(chain, schema, policy)?;
                stamped[..=place].fill(true);
                steps.extend((0..=place).map(Step::Adopt));
            }
            (Request::Downgrade(_), _) => {
                let place = recognise(chain, schema, policy).ok();
                let adoptable = place.map(|place| chain.revisions()[place].id().to_owned());
                return Err(unmanaged(schema, adoptable));
            }
        },
    }
    let after = match request {
        Request::Upgrade(target) => upgrade(chain, &stamped, target, &mut steps)?,
        Request::Downgrade(target) => {
            let (kept, count) = kept(chain, &stamped, &newer, target)?;
            reverted = revert_newer(chain, &stamped, &newer, count)?;
            steps.extend((0..reverted.len()).map(Step::DowngradeNewer));
            downgrade(chain, &stamped, &kept, &mut steps)?;
            kept
        }
        Request::Stamp(target) => stamp(chain, &stamped, target, &mut steps)?,
    };
    // A revision that the newer ones know nothing of is none for a database that has those.
    if matches!(request, Request::Upgrade(_)) && !newer.is_empty() && !steps.is_empty() {
        return Err(ahead(chain, newer, true, policy));
    }
    // To be at base is worth a record only where it was asked for.
    let managed = matches!(found, Found::Managed { .. });
    if !managed && (!steps.is_empty() || matches!(request, Request::Stamp(_))) {
        steps.insert(0, Step::CreateHistory);
    }
    Ok(Plan { from, to: newest(&after), steps, stamped: after, is_drifted, newer, reverted })
}

fn newest_id<'c>(chain: &'c Chain, place: Option<usize>, newer: &'c [Newer]) -> Option<&'c str> {
    let known = || place.map(|place| chain.revisions()[place].id());
    newer.last().map(|newer| newer.revision.as_str()).or_else(known)
}

fn ahead(chain: &Chain, unknown: Vec<Newer>, related: bool, policy: &Policy) -> Conflict {
    let head = chain.head().map(|head| head.id().to_owned()).unwrap_or_default();
    let may_downgrade = related && policy.on_ahead == OnAhead::Downgrade;
    Conflict::Ahead { unknown, head, related, may_downgrade }
}

/// That a database has tables, and no history.
fn unmanaged(schema: &Texts, adoptable: Option<String>) -> Conflict {
    Conflict::Unmanaged { tables: names(schema), adoptable }
}

fn names(schema: &Texts) -> Vec<String> {
    schema.schema().names().map(str::to_owned).collect()
}

/// The last of the revisions that a database without a history has, by its schema.
///
/// # Errors
///
/// Where none has it, or several have.
pub fn recognise(chain: &Chain, schema: &Texts, policy: &Policy) -> Result<usize, Conflict> {
    if let Some(unknown) = policy.adopt_as.iter().find(|id| chain.position(id).is_none()) {
        return Err(unknown_target(chain, unknown));
    }
    let matching = chain.places_of(schema);
    let ids =
        |places: &[usize]| places.iter().map(|&place| chain.revisions()[place].id().to_owned()).collect();
    match &matching[..] {
        [] if !chain.is_proven() => Err(unmanaged(schema, None)),
        [] => Err(Conflict::Unrecognized { tables: names(schema), nearest: None, diff: Diff::default() }),
        [place] => Ok(*place),
        several => {
            let is_chosen =
                |place: &&usize| policy.adopt_as.iter().any(|id| id == chain.revisions()[**place].id());
            // Of several that are named, the newest.
            several
                .iter()
                .rev()
                .find(is_chosen)
                .copied()
                .ok_or_else(|| Conflict::Ambiguous { revisions: ids(several) })
        }
    }
}

/// Whether the database has drifted, and may have.
fn drift(chain: &Chain, stamped: &[bool], schema: Option<&Texts>, policy: &Policy) -> Result<bool, Conflict> {
    // At base, whatever is there is not the chain's.
    let has_drifted = schema
        .is_some_and(|schema| newest(stamped).is_some() && chain.has_schema(stamped, schema) == Some(false));
    if has_drifted && policy.on_drift == OnDrift::Refuse {
        let others = schema.map(|schema| chain.places_of(schema)).unwrap_or_default();
        return Err(Conflict::Drifted {
            revision: name(chain, stamped),
            is_of: others.last().map(|&place| chain.revisions()[place].id().to_owned()),
            diff: Diff::default(),
        });
    }
    Ok(has_drifted)
}

fn name(chain: &Chain, stamped: &[bool]) -> String {
    newest(stamped).map_or("base", |place| chain.revisions()[place].id()).to_owned()
}

/// The newest revision that a database has; `None` at base, and where there is no history.
///
/// # Errors
///
/// Where history and chain disagree.
pub fn current(chain: &Chain, found: &Found, policy: &Policy) -> Result<Option<usize>, Conflict> {
    Ok(newest(&stamped(chain, found, policy)?))
}

/// For each revision, whether a database has it; none where there is no history.
///
/// # Errors
///
/// Where history and chain disagree.
pub fn stamped(chain: &Chain, found: &Found, policy: &Policy) -> Result<Vec<bool>, Conflict> {
    let (rows, newer) = match found {
        Found::Managed { rows, newer, .. } => (rows, newer),
        Found::Elsewhere { name } => return Err(Conflict::OtherName { name: name.clone() }),
        Found::Nothing | Found::Unmanaged(_) => return Ok(vec![false; chain.revisions().len()]),
    };
    let history = History::read(chain, rows, newer);
    if !history.is_compatible() {
        return Err(history.ahead(chain, policy));
    }
    history.verify(chain)?;
    Ok(history.stamped)
}

/// The rows of a history as places in the chain.
struct History {
    /// For each revision, whether it is stamped.
    stamped: Vec<bool>,
    /// Those whose checksum is no longer the one that was stamped.
    edited: Vec<usize>,
    /// Those that the chain does not have.
    newer: Vec<Newer>,
}

impl History {
    /// `known` is what is known of those that the chain does not have.
    fn read(chain: &Chain, rows: &[Stamped], known: &[Newer]) -> Self {
        let places = LazyCell::new(|| chain.places());
        let mut stamped = vec![false; chain.revisions().len()];
        let (mut edited, mut newer) = (Vec::new(), Vec::new());
        let mut known = known.iter().peekable();
        for (index, row) in rows.iter().enumerate() {
            // Nearly always they stand in the order of the chain.
            let is_here = chain.revisions().get(index).is_some_and(|revision| revision.id() == row.revision);
            let place = if is_here { Some(index) } else { places.get(row.revision.as_str()).copied() };
            let Some(place) = place else {
                let this = known.next_if(|known| known.revision == row.revision);
                newer.push(this.cloned().unwrap_or_else(|| Newer::of(row)));
                continue;
            };
            stamped[place] = true;
            if !checksum::is_hex_of(&row.checksum, chain.revisions()[place].checksum()) {
                edited.push(place);
            }
        }
        edited.sort_unstable();
        Self { stamped, edited, newer }
    }

    /// Whether the database has any revision of the chain, or none at all.
    fn is_related(&self) -> bool {
        self.newer.is_empty() || newest(&self.stamped).is_some()
    }

    /// Whether this program can read and write the database as it is.
    fn is_compatible(&self) -> bool {
        self.is_related() && self.newer.iter().all(|newer| newer.is_compatible)
    }

    fn may_revert(&self, policy: &Policy) -> bool {
        self.is_related() && policy.on_ahead == OnAhead::Downgrade
    }

    fn ahead(self, chain: &Chain, policy: &Policy) -> Conflict {
        let related = self.is_related();
        ahead(chain, self.newer, related, policy)
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
                are_all: self.edited.len() == places_of(&self.stamped).count(),
            });
        }
        // Where every revision up to one is stamped, so are the parents of each.
        let first_missing = self.stamped.iter().position(|is| !*is).unwrap_or(self.stamped.len());
        let places = LazyCell::new(|| chain.places());
        for stamped in places_of(&self.stamped).filter(|place| *place > first_missing).map(revision) {
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

/// What a database that is taken down to `target` keeps: for each revision of the chain, whether it does, and how many of
/// the newer ones. Those are kept in the order in which they were stamped, in which none comes before its parents.
fn kept(
    chain: &Chain,
    stamped: &[bool],
    newer: &[Newer],
    target: &Target,
) -> Result<(Vec<bool>, usize), Conflict> {
    let kept = match *target {
        // Down from what this program does not know, its own head is.
        Target::Head if !newer.is_empty() => stamped.to_vec(),
        Target::Head => {
            return Err(out_of_reach("a downgrade does not lead to head: use `upgrade`".to_owned()));
        }
        Target::Revision(ref id) if newer.iter().any(|newer| newer.revision == *id) => {
            let count = newer.iter().take_while(|newer| newer.revision != *id).count() + 1;
            return Ok((stamped.to_vec(), count));
        }
        Target::Steps(count) => {
            let applied: Vec<usize> = places_of(stamped).collect();
            let back = usize::try_from(count.checked_neg().unwrap_or(i64::MAX)).map_err(|_| {
                out_of_reach(format!("+{count} goes forward: use `upgrade`, or write -{count} to go back"))
            })?;
            if back <= newer.len() {
                return Ok((stamped.to_vec(), newer.len() - back));
            }
            let back = back - newer.len();
            if back > applied.len() {
                let reason = match applied.len() + newer.len() {
                    0 => "the database is at base: there is nothing to revert".to_owned(),
                    applied => format!("-{} goes below base: {applied} applied", back + newer.len()),
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
                let current = newest_id(chain, newest(stamped), newer).unwrap_or("base");
                return Err(out_of_reach(format!(
                    "the database is at {current}, and {target} is not one of its ancestors: use `upgrade`"
                )));
            }
            kept
        }
    };
    Ok((kept, 0))
}

/// The newer revisions but for the first `kept`, the newest first, each with the downgrade that the database keeps.
fn revert_newer(
    chain: &Chain,
    stamped: &[bool],
    newer: &[Newer],
    kept: usize,
) -> Result<Vec<Revision>, Conflict> {
    let revert = |at: usize| {
        let id = &newer[at].revision;
        let revises_it = |other: &&Newer| {
            other.revises.iter().any(|parents| parents.split_ascii_whitespace().any(|parent| parent == id))
        };
        if let Some(other) = newer[..at].iter().find(revises_it) {
            let reason = format!("{}, which was stamped before it, revises it", other.revision);
            return Err(Conflict::Untrusted { revision: id.clone(), reason });
        }
        let is_stamped = |id: &str| {
            newer[..at].iter().any(|newer| newer.revision == id)
                || chain.position(id).is_some_and(|place| stamped[place])
        };
        newer[at].to_revert(is_stamped)
    };
    (kept..newer.len()).rev().map(revert).collect()
}

fn downgrade(chain: &Chain, stamped: &[bool], kept: &[bool], steps: &mut Vec<Step>) -> Result<(), Conflict> {
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
    Ok(())
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
