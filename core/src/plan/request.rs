//! Requests, and the settings that a plan follows.

use crate::Target;

/// A request to bring a database to a target, for `Migrator::plan` and `Migrator::dry_run`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Request {
    /// Run upgrades up to the target. Never reverts a revision that is newer than the target.
    Upgrade(Target),
    /// Run downgrades down to the target.
    Downgrade(Target),
    /// Record that the database is at the target, and run nothing.
    Stamp(Target),
    /// Revert the revisions that the database has in another form than the chain, and upgrade to
    /// the head.
    ///
    /// If the database has no such revision, revert the newest revision that is not locked.
    #[cfg(feature = "stored-downgrades")]
    Redo,
}

/// The settings for databases without a history, with drift, or with newer revisions.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Policy {
    /// The handling of a database with tables but no history.
    pub adopt: Adopt,
    /// The handling of drift.
    pub on_drift: OnDrift,
    /// The handling of a database that is newer than the program.
    pub on_newer: OnNewer,
}

/// The revision at which an upgrade adopts a database that has tables but no history.
///
/// `Migrator::adopt` sets it. An adoption writes the history, and leaves the tables as they are.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Adopt {
    /// The revisions that another tool has recorded, by the `@was` of the chain.
    ///
    /// If their schema is not that of the database, the upgrade fails with
    /// [`Conflict::RecordDiffers`].
    /// Without such a record: the revision whose schema the database has.
    /// If several revisions share that schema, the upgrade fails with [`Conflict::Ambiguous`], and
    /// if none has it, with [`Conflict::Unrecognized`].
    ///
    /// [`Conflict::RecordDiffers`]: crate::Conflict::RecordDiffers
    /// [`Conflict::Ambiguous`]: crate::Conflict::Ambiguous
    /// [`Conflict::Unrecognized`]: crate::Conflict::Unrecognized
    #[default]
    Detect,
    /// The same as [`Adopt::Detect`], with a choice between revisions that share a schema.
    ///
    /// If no record decides, and several revisions have the schema of the database, the newest one
    /// in this list wins.
    DetectPreferring(Vec<String>),
    /// The same as [`Adopt::DetectPreferring`], for a database that is at one of these revisions.
    ///
    /// If the database is at another revision, the upgrade fails with
    /// [`Conflict::NotAmong`](crate::Conflict::NotAmong).
    DetectAmong(Vec<String>),
    /// This revision. If the schema of the database differs, the upgrade fails with
    /// [`Conflict::BaselineDiffers`](crate::Conflict::BaselineDiffers), which has the differences.
    ///
    /// Without a proof, the schema of the revision is unknown, so the upgrade does not compare.
    At(Target),
    /// This revision, whatever the schema of the database is.
    ///
    /// The upgrade does not fix differences in the schema, so the engine reports drift.
    AtUnchecked(Target),
}

impl Adopt {
    /// Returns [`Adopt::DetectPreferring`] with these revisions, in any order.
    pub fn detect_preferring<R: Into<String>>(revisions: impl IntoIterator<Item = R>) -> Self {
        Self::DetectPreferring(revisions.into_iter().map(Into::into).collect())
    }

    /// Returns [`Adopt::DetectAmong`] with these revisions, in any order.
    pub fn detect_among<R: Into<String>>(revisions: impl IntoIterator<Item = R>) -> Self {
        Self::DetectAmong(revisions.into_iter().map(Into::into).collect())
    }

    /// Returns [`Adopt::At`] for this revision.
    pub fn at(target: impl Into<Target>) -> Self {
        Self::At(target.into())
    }

    /// Returns [`Adopt::AtUnchecked`] for this revision.
    pub fn at_unchecked(target: impl Into<Target>) -> Self {
        Self::AtUnchecked(target.into())
    }
}

/// The handling of a database that has revisions that the program lacks.
///
/// `Migrator::on_newer` sets it.
/// If all revisions that the program lacks are `@compatible`, the program can open the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum OnNewer {
    /// Fail with [`Conflict::Newer`](crate::Conflict::Newer).
    #[default]
    Refuse,
    /// Let a downgrade revert these revisions with the scripts that the database stores.
    ///
    /// An upgrade fails as under [`OnNewer::Refuse`].
    #[cfg(feature = "stored-downgrades")]
    Downgrade,
}

impl OnNewer {
    pub(crate) fn may_downgrade(self) -> bool {
        self != Self::Refuse
    }
}

/// The handling of a database whose schema differs from the schema of its revision.
///
/// `Migrator::on_drift` sets it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum OnDrift {
    /// Fail with [`Conflict::Drifted`](crate::Conflict::Drifted), which has the differences.
    #[default]
    Refuse,
    /// Emit `Event::Drifted` and continue. revchain does not verify the schema at the end.
    Warn,
}
