//! What tells a database from a revision. A program carries the fingerprints of its revisions and not their schemas, so
//! these are found by running the chain in memory: only where something is wrong, and somebody is to be told what.

use std::borrow::Cow;

use revchain_core::schema::{ColumnOrder, Diff, Part, Schema, Texts, diff};
use revchain_core::{Conflict, Found, Revision, plan, words};
use rusqlite::Connection;

use crate::connection::{ForeignKeysOff, execute};
use crate::schema::texts;
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
            if let Some((revision, difference)) = self::nearest(options, schema.schema()) {
                (*nearest, *diff) = (Some(revision), difference);
            }
        }
        (Conflict::BaselineDiffers { revision, diff, .. }, Found::Unmanaged(schema)) => {
            *diff = difference(options, &within(revision), schema.schema()).unwrap_or_default();
        }
        (Conflict::Drifted { diff, .. }, Found::Managed { schema: Some(schema), .. }) => {
            if let Ok(stamped) = plan::stamped(chain, found, &options.policy) {
                *diff = difference(options, &stamped, schema.schema()).unwrap_or_default();
            }
        }
        _ => {}
    }
    Error::from_conflict(conflict)
}

/// What tells a schema from that of a database which has these revisions; nothing where that is not known, since not all of
/// them run without the program.
pub(crate) fn difference(options: &Options<'_>, stamped: &[bool], actual: &Schema) -> Option<Diff> {
    let chain = options.migrations.chain();
    let mut expected = Schema::default();
    let revisions = chain.revisions().iter().zip(stamped).filter(|(_, is)| **is);
    let revisions: Vec<&Revision> = revisions.map(|(revision, _)| revision).collect();
    if !replay(&revisions, &mut |schema| expected = schema.clone()) {
        return None;
    }
    let order =
        stamped.iter().rposition(|is| *is).map_or(ColumnOrder::Fixed, |place| chain.column_order(place));
    Some(diff(&expected.with_column_order(order), &actual.clone().with_column_order(order)))
}

/// The revision whose schema is nearest, the newest of those that are equally near, and what tells the two apart.
fn nearest(options: &Options<'_>, actual: &Schema) -> Option<(String, Diff)> {
    let chain = options.migrations.chain();
    let linear = chain.linear();
    let mut actual = actual.clone();
    let mut nearest: Option<(usize, usize, Schema)> = None;
    let mut place = 0;
    let revisions: Vec<&Revision> = chain.revisions().iter().collect();
    replay(&revisions, &mut |schema| {
        let mut schema = Cow::Borrowed(schema);
        if !linear[place] {
            schema = Cow::Owned(schema.into_owned().with_column_order(ColumnOrder::Free));
            actual = std::mem::take(&mut actual).with_column_order(ColumnOrder::Free);
        }
        let distance = schema.distance(&actual);
        if nearest.as_ref().is_none_or(|(least, ..)| distance <= *least) {
            nearest = Some((distance, place, schema.into_owned()));
        }
        place += 1;
    });
    let (_, place, schema) = nearest?;
    // Where no table has a name in common, none is near.
    let is_near = schema.names().any(|name| actual.names().any(|other| other.eq_ignore_ascii_case(name)));
    let actual = actual.with_column_order(schema.column_order());
    is_near.then(|| (options.revision(place).id().to_owned(), diff(&schema, &actual)))
}

/// Runs upgrades in memory, and shows the schema after each. It ends where a statement does not run, as one does that needs
/// what only the program's own connection has. Whether all ran.
fn replay(revisions: &[&Revision], show: &mut dyn FnMut(&Schema)) -> bool {
    let result = Connection::open_in_memory().and_then(|connection| {
        let _foreign_keys = ForeignKeysOff::new(&connection)?;
        let mut before = Texts::default();
        let mut schema = Schema::default();
        for revision in revisions {
            for statement in revision.upgrade().statements() {
                // One that only changes rows is of no matter to the schema.
                if let Err(error) = execute(&connection, statement.sql(), []) {
                    if !words::changes_rows_only(statement.sql()) {
                        return Err(error);
                    }
                }
            }
            let after = texts(&connection, Part::default())?;
            let (gone, new) = before.changes(&after);
            schema.change(gone, new);
            before = after;
            show(&schema);
        }
        Ok(())
    });
    result.is_ok()
}
