//! The revisions that another tool has recorded, by the `@was` of the chain.

use std::collections::{HashMap, HashSet};

use super::record_problem::RecordProblem;
use crate::history::tool_record::ToolRecord;
use crate::{Chain, Conflict, RevisionIndex, RevisionSet, Tool, Was};

/// The revisions of a database by the records of other tools.
#[derive(Debug)]
pub(super) struct Recorded {
    pub(super) revisions: RevisionSet,
    /// The revisions before the first that a tool can have recorded.
    pub(super) unrecordable: RevisionSet,
    /// The tools whose records count.
    pub(super) tools: Vec<Tool>,
}

/// Returns the revisions that other tools have recorded.
///
/// Returns `None` if the database has no record of a tool that the chain names.
///
/// # Errors
///
/// Fails if a record does not describe a set of revisions; see [`RecordProblem`].
pub(super) fn recorded(
    chain: &Chain,
    records: &[ToolRecord],
) -> Result<Option<Recorded>, Conflict> {
    let mut applied: Vec<(ToolVersions<'_>, RevisionSet)> = Vec::new();
    for record in records {
        let versions = ToolVersions::of(chain, record.tool);
        if versions.revisions.is_empty() {
            continue;
        }
        let revisions = versions.applied(record);
        let revisions = revisions.map_err(|problem| Conflict::Record {
            tool: record.tool,
            problem,
        })?;
        applied.push((versions, revisions));
    }
    if applied.is_empty() {
        return Ok(None);
    }
    check_agreement(chain, &applied)?;
    let recordable = |index: &RevisionIndex| {
        let mut tools = applied.iter();
        tools.any(|(versions, _)| versions.can_record(*index))
    };
    let mut unrecordable = RevisionSet::empty(chain.len());
    for index in chain.indices().take_while(|index| !recordable(index)) {
        unrecordable.insert(index);
    }
    Ok(Some(Recorded {
        revisions: with_ancestors(chain, &applied)?,
        unrecordable,
        tools: applied.iter().map(|(versions, _)| versions.tool).collect(),
    }))
}

/// Fails if one tool has recorded a revision, and another could have, but has not.
fn check_agreement(
    chain: &Chain,
    applied: &[(ToolVersions<'_>, RevisionSet)],
) -> Result<(), Conflict> {
    for index in chain.indices() {
        let recordable = applied
            .iter()
            .filter(|(versions, _)| versions.can_record(index));
        let (has, lacks): (Vec<_>, Vec<_>) =
            recordable.partition(|(_, revisions)| revisions.contains(index));
        if let ([(has, _), ..], [(lacks, _), ..]) = (&has[..], &lacks[..]) {
            return Err(Conflict::Record {
                tool: lacks.tool,
                problem: RecordProblem::Contradicted {
                    missing: lacks.described(index),
                    other: has.tool,
                },
            });
        }
    }
    Ok(())
}

/// Returns the recorded revisions with the ancestors that no tool can have recorded.
///
/// Fails if the records lack an ancestor that a tool can have recorded.
fn with_ancestors(
    chain: &Chain,
    applied: &[(ToolVersions<'_>, RevisionSet)],
) -> Result<RevisionSet, Conflict> {
    let by_id: HashMap<&str, RevisionIndex> = chain.index_by_id();
    let mut revisions = RevisionSet::empty(chain.len());
    for (_, of_tool) in applied {
        revisions.extend(of_tool);
    }
    let mut gap: Option<(Tool, RevisionIndex)> = None;
    let mut missing = Vec::new();
    // Parents come before their children, so one pass from the end is enough.
    for child in chain.indices().rev() {
        if !revisions.contains(child) {
            continue;
        }
        for &parent in chain[child].revises().filter_map(|id| by_id.get(id)) {
            let mut tools = applied.iter();
            let able = tools.find(|(versions, _)| versions.can_record(parent));
            if let Some((versions, _)) = able.filter(|_| !revisions.contains(parent)) {
                missing.push(versions.described(parent));
                gap = gap.or(Some((versions.tool, child)));
            }
            revisions.insert(parent);
        }
    }
    let Some((tool, child)) = gap else {
        return Ok(revisions);
    };
    missing.reverse();
    let revision = chain[child].id().to_owned();
    Err(Conflict::Record {
        tool,
        problem: RecordProblem::Gap { revision, missing },
    })
}

/// The meaning of the rows of a record.
enum Form {
    /// One row for each migration.
    Rows,
    /// The newest migration alone: each older one was applied as well.
    Newest,
    /// The heads alone: each ancestor was applied as well.
    Heads,
}

fn form(tool: Tool) -> Form {
    match tool {
        Tool::UserVersion | Tool::GolangMigrate => Form::Newest,
        Tool::Alembic => Form::Heads,
        _ => Form::Rows,
    }
}

/// The versions of one tool in a chain.
struct ToolVersions<'c> {
    chain: &'c Chain,
    tool: Tool,
    /// The revisions that the tool can have recorded, with the versions of each in order.
    revisions: Vec<(RevisionIndex, Vec<&'c Was>)>,
}

impl<'c> ToolVersions<'c> {
    fn of(chain: &'c Chain, tool: Tool) -> Self {
        let revisions = chain.indices().map(|index| {
            let was = chain[index].was().iter();
            (index, was.filter(|was| was.tool == tool).collect())
        });
        Self {
            chain,
            tool,
            revisions: revisions
                .filter(|(_, was): &(_, Vec<&Was>)| !was.is_empty())
                .collect(),
        }
    }

    fn all(&self) -> impl Iterator<Item = &'c Was> + '_ {
        self.revisions.iter().flat_map(|(_, was)| was).copied()
    }

    /// Returns `true` if the tool has a version for the revision that changed something.
    fn can_record(&self, index: RevisionIndex) -> bool {
        let mut was = self.chain[index].was().iter();
        was.any(|was| was.tool == self.tool && !was.is_empty)
    }

    /// Returns the revisions of a record. For heads, these include all ancestors.
    fn applied(&self, record: &ToolRecord) -> Result<RevisionSet, RecordProblem> {
        let failed = record.versions.iter().filter(|version| version.is_failed);
        let failed: Vec<String> = failed.map(|version| version.version.clone()).collect();
        if !failed.is_empty() {
            return Err(RecordProblem::Failed { versions: failed });
        }
        let versions = self.named(record)?;
        match form(self.tool) {
            Form::Heads => self.up_to_heads(&versions),
            Form::Rows => self.complete(&versions),
            Form::Newest => self.complete(&self.up_to_newest(&versions)),
        }
    }

    /// Returns the recorded versions that the chain names. Fails if it lacks one of them.
    ///
    /// Versions before the first that the chain names are no problem: the chain begins after them.
    fn named<'r>(&self, record: &'r ToolRecord) -> Result<HashSet<&'r str>, RecordProblem> {
        let known: HashSet<&str> = self.all().map(|was| &*was.version).collect();
        let recorded = record.versions.iter().map(|version| &*version.version);
        let (named, unnamed): (HashSet<_>, HashSet<_>) =
            recorded.partition(|version| known.contains(version));
        let first = self.all().filter_map(|was| number(&was.version)).min();
        let has_order = !matches!(form(self.tool), Form::Heads);
        let is_older = |version: &&str| match (number(version), &first) {
            (Some(number), Some(first)) => has_order && number < *first,
            _ => false,
        };
        let are_all_older = unnamed.iter().all(is_older);
        if unnamed.is_empty() || are_all_older && !named.is_empty() {
            return Ok(named);
        }
        let order = record.versions.iter().map(|version| &version.version);
        let versions = order.filter(|version| unnamed.contains(version.as_str()));
        Err(RecordProblem::Unnamed {
            versions: versions
                .filter(|version| are_all_older || !is_older(&version.as_str()))
                .cloned()
                .collect(),
            are_all_older,
        })
    }

    /// Returns the versions up to the newest in `versions`, for a tool whose versions are numbers.
    fn up_to_newest(&self, versions: &HashSet<&str>) -> HashSet<&'c str> {
        let newest = versions.iter().filter_map(|version| number(version)).max();
        let all = self.all().map(|was| &*was.version);
        all.filter(|version| number(version) <= newest && newest.is_some())
            .collect()
    }

    /// Returns the revisions of which all versions are applied, `empty` versions aside.
    ///
    /// Fails if only some versions of a revision are applied.
    fn complete(&self, applied: &HashSet<&str>) -> Result<RevisionSet, RecordProblem> {
        let mut revisions = RevisionSet::empty(self.chain.len());
        for (index, was) in &self.revisions {
            let real = was.iter().filter(|was| !was.is_empty);
            let (has, lacks): (Vec<&Was>, Vec<&Was>) =
                real.partition(|was| applied.contains(&*was.version));
            if has.is_empty() {
                continue;
            }
            if !lacks.is_empty() {
                return Err(self.incomplete(*index, lacks.into_iter()));
            }
            revisions.insert(*index);
        }
        Ok(revisions)
    }

    /// Returns the revisions up to the heads that the tool has recorded.
    fn up_to_heads(&self, heads: &HashSet<&str>) -> Result<RevisionSet, RecordProblem> {
        let by_id = self.chain.index_by_id();
        let mut revisions = RevisionSet::empty(self.chain.len());
        for (index, was) in &self.revisions {
            let mut versions = was.iter();
            let Some(head) = versions.rposition(|was| heads.contains(&*was.version)) else {
                continue;
            };
            let (before, after) = was.split_at(head + 1);
            if before.iter().all(|was| was.is_empty) {
                // The revision itself is not applied yet.
                let parents = self.chain[*index].revises();
                for parent in parents.filter_map(|id| by_id.get(id)) {
                    revisions.extend(&self.chain.ancestry(*parent));
                }
                continue;
            }
            let mut lacks = after.iter().filter(|was| !was.is_empty).peekable();
            if lacks.peek().is_some() {
                return Err(self.incomplete(*index, lacks.copied()));
            }
            revisions.extend(&self.chain.ancestry(*index));
        }
        Ok(revisions)
    }

    fn incomplete<'w>(
        &self,
        index: RevisionIndex,
        lacks: impl Iterator<Item = &'w Was>,
    ) -> RecordProblem {
        RecordProblem::Incomplete {
            revision: self.chain[index].id().to_owned(),
            missing: lacks.map(|was| was.version.clone()).collect(),
        }
    }

    /// Returns the id of a revision with its version, such as `003 (sqlx:3)`.
    fn described(&self, index: RevisionIndex) -> String {
        let mut was = self.chain[index].was().iter();
        let was = was.find(|was| was.tool == self.tool && !was.is_empty);
        let id = self.chain[index].id();
        was.map_or_else(|| id.to_owned(), |was| format!("{id} ({was})"))
    }
}

/// Returns a version as a number. Two versions have an order only if both are numbers.
fn number(version: &str) -> Option<u128> {
    let is_number = version.bytes().all(|byte| byte.is_ascii_digit());
    version.parse().ok().filter(|_| is_number)
}
