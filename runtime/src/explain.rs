//! What tells a database from a revision. A program carries the fingerprints of its revisions and not their schemas, so
//! these are found by running the chain in memory: only where something is wrong, and somebody is to be told what.

use revchain_core::schema::{ColumnOrder, Diff, Schema, diff};
use revchain_core::{Conflict, Found, Revision, plan};
use rusqlite::Connection;

use crate::connection::{ForeignKeysOff, execute};
use crate::schema::{Dump, dump};
use crate::{Error, Options};

/// The error of a conflict, with what tells the database from the revision that it should be at.
pub(crate) fn conflict(mut conflict: Conflict, options: &Options<'_>, found: &Found) -> Error {
    let chain = options.migrations.chain();
    let within = |revision: &str| match chain.position(revision) {
        Some(place) => chain.ancestry(place),
        None => vec![false; chain.revisions().len()],
    };
    match (&mut conflict, found) {
        (Conflict::Unrecognized { nearest, diff, .. }, Found::Unmanaged(schema)) => {
            if let Some((revision, difference)) = self::nearest(options, schema) {
                (*nearest, *diff) = (Some(revision), difference);
            }
        }
        (Conflict::BaselineDiffers { revision, diff, .. }, Found::Unmanaged(schema)) => {
            *diff = difference(options, &within(revision), schema);
        }
        (Conflict::Drifted { diff, .. }, Found::Managed { schema: Some(schema), .. }) => {
            if let Ok(stamped) = plan::stamped(chain, found) {
                *diff = difference(options, &stamped, schema);
            }
        }
        _ => {}
    }
    Error::from_conflict(conflict)
}

/// What tells a schema from that of a database which has these revisions.
pub(crate) fn difference(options: &Options<'_>, stamped: &[bool], actual: &Schema) -> Diff {
    let chain = options.migrations.chain();
    let mut expected = Schema::default();
    let revisions =
        chain.revisions().iter().zip(stamped).filter(|(_, is)| **is).map(|(revision, _)| revision);
    replay(revisions, |_, schema| expected = schema.clone());
    let last = stamped.iter().rposition(|is| *is);
    let order = match last.is_none_or(|place| chain.lines()[place]) {
        true => ColumnOrder::Fixed,
        false => ColumnOrder::Free,
    };
    diff(&expected.with_column_order(order), &actual.clone().with_column_order(order))
}

/// The revision whose schema is nearest, the newest of those that are equally near, and what tells the two apart.
fn nearest(options: &Options<'_>, actual: &Schema) -> Option<(String, Diff)> {
    let mut nearest: Option<(usize, &Revision, Schema)> = None;
    replay(options.migrations.revisions(), |revision, schema| {
        let distance = schema.distance(actual);
        if nearest.as_ref().is_none_or(|(least, ..)| distance <= *least) {
            nearest = Some((distance, revision, schema.clone()));
        }
    });
    // Where they have nothing in common, none is near.
    nearest
        .filter(|(distance, _, schema)| {
            *distance < schema.distance(&Schema::default()) + actual.distance(&Schema::default())
        })
        .map(|(_, revision, schema)| (revision.id().to_owned(), diff(&schema, actual)))
}

/// Runs upgrades in memory, as far as they run, and shows the schema after each.
fn replay<'r>(
    revisions: impl IntoIterator<Item = &'r Revision>,
    mut show: impl FnMut(&'r Revision, &Schema),
) {
    let result = Connection::open_in_memory().and_then(|connection| {
        let _foreign_keys = ForeignKeysOff::new(&connection)?;
        let mut before = Dump::default();
        let mut schema = Schema::default();
        for revision in revisions {
            for statement in revision.upgrade().statements() {
                // What needs functions that only the program's own connection has is left out.
                let _ = execute(&connection, statement.sql(), []);
            }
            let after = dump(&connection)?;
            let (gone, new) = before.changes(&after);
            schema.change(gone, new);
            before = after;
            show(revision, &schema);
        }
        Ok(())
    });
    // Without memory for it there is no diff, and the error is told all the same.
    drop(result);
}
