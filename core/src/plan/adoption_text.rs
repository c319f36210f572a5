//! The sentences of the conflicts of a database without a history.

use super::advice::{IGNORE, RIGHT_FILE, few, undo_statements};
use super::record_problem::place;
use crate::Tool;
use crate::diagnostics::escape::escape;
use crate::diagnostics::text::Text;
use crate::schema::Diff;

/// The largest number of revisions that a message lists with their summaries.
const MAX_REVISIONS: usize = 10;

const CHANGE_DATABASE: &str = "change the database to that schema";
const IGNORE_ORDER: &str = "accept the other order of columns: .ignore_column_order(true) or \
                            --ignore-column-order";

pub(super) fn unmanaged(tables: &[String], adoptable: Option<&str>) -> Text {
    if let Some(revision) = adoptable {
        return Text::new("the database has no history yet").help(format!(
            "run an upgrade: it recognizes the schema of {revision} and continues from there"
        ));
    }
    let tables = few(tables);
    let message = format!("the database has tables ({tables}) but no history");
    if !cfg!(feature = "normal-form") {
        return Text::new(message)
            .help("build the program with the feature `adopt` of revchain, which recognizes the revision")
            .help("or record the revision that the database has: .stamp(…) or `stamp -r 001`")
            .help(RIGHT_FILE)
            .help(IGNORE);
    }
    let help = "name the revision that such databases have: .adopt(Adopt::at(\"001\")), \
                or run `stamp -r 001` for this one";
    Text::new(message).help(help).help(IGNORE)
}

pub(super) fn unrecognized(
    tables: &[String],
    nearest: Option<&str>,
    unknown_from: Option<&str>,
    diff: &Diff,
) -> Text {
    let mut message = match (unknown_from.map(escape), nearest) {
        (Some(unknown), _) => format!(
            "the database has tables but no history, and the schemas of the chain are unknown from \
             {unknown} on; no revision before {unknown} has its schema"
        ),
        (None, Some(_)) => {
            "the database has tables but no history, and no revision has its schema".to_owned()
        }
        (None, None) => format!(
            "the database has tables or views ({}) but no history, and no revision has a similar \
             schema",
            few(tables)
        ),
    };
    if let Some(nearest) = nearest {
        let indented = diff.indented();
        message += &format!("; the nearest is {}{indented}", escape(nearest));
    }
    let mut text = Text::new(message);
    if let Some(unknown) = unknown_from.map(escape) {
        text = text
            .help(format!(
                "make the schemas known: replace `@unproven` in {unknown} by `@function`, \
                 `@collation` or `@module`"
            ))
            .help(format!(
                "or record the revision that the database really has, {unknown} or a later one: \
                 `stamp -r REVISION`"
            ));
    }
    text = match nearest {
        Some(nearest) => text.help(Diff::legend(nearest)),
        None => text.help(RIGHT_FILE),
    };
    if diff.is_column_order() {
        text = text.help(IGNORE_ORDER);
    }
    if nearest.is_some() && unknown_from.is_none() {
        text = text
            .help("for one database: change it to that schema")
            .help("for databases of users: add a revision with their schema to the chain");
    }
    text.help(IGNORE)
}

pub(super) fn ambiguous(revisions: &[String], summaries: &[String], recorded: &[String]) -> Text {
    let mut message =
        "the database has tables but no history, and several revisions have its schema".to_owned();
    for (revision, summary) in revisions.iter().zip(summaries).take(MAX_REVISIONS) {
        message += &format!("\n  {}  {}", escape(revision), escape(summary));
    }
    if revisions.len() > MAX_REVISIONS {
        message += &format!("\n  … {} in all", revisions.len());
    }
    let mut text = Text::new(message);
    for was in recorded {
        text = text.help(format!(
            "another tool has recorded a version: declare it in its revision, `-- @was {}`",
            escape(was)
        ));
    }
    text.help(
        "find out which revision the database has: the revisions differ in their effect on rows",
    )
    .help("for this database alone, name that revision: `upgrade --adopt-as REVISION`")
}

pub(super) fn not_among(named: &[String], possible: &[String]) -> Text {
    let (named, all) = (few(named), few(possible));
    let text = match possible {
        [one] => {
            let one = escape(one);
            Text::new(format!(
                "the database has no history, and its revision is {one}, not {named}"
            ))
            .help(format!(
                "run `upgrade` without `--adopt-as`: it adopts the database at {one}"
            ))
        }
        _ => Text::new(format!(
            "the database has no history, and {named} is not among the revisions with its schema: {all}"
        ))
        .help("name one of these revisions: `upgrade --adopt-as REVISION`"),
    };
    text.help(
        "or compare the schema with that of your revision: `upgrade --adopt REVISION --dry-run`",
    )
}

pub(super) fn record_differs(
    tools: &[Tool],
    revisions: &[String],
    is_of: &[String],
    diff: &Diff,
) -> Text {
    let places: Vec<String> = tools.iter().map(|tool| place(*tool)).collect();
    let places = places.join(" and ");
    let recorded = revisions
        .last()
        .map_or("base".to_owned(), |last| escape(last));
    let schema = match is_of {
        [] => "no revision has the schema of the database".to_owned(),
        is_of => format!("the schema is that of {}", few(is_of)),
    };
    let indented = diff.indented();
    let message = format!("{places} says {recorded}, but {schema}{indented}");
    let mut text = Text::new(message).help(Diff::legend(&recorded));
    if diff.is_column_order() {
        text = text.help(IGNORE_ORDER);
    }
    let undo = undo_statements(diff).map_or(String::new(), |undo| format!(": {undo}"));
    text = text.help(format!(
        "find out what changed the schema after {recorded}, and undo it{undo}"
    ));
    // After a stamp of a revision with another schema, each request would fail on drift.
    text = match is_of {
        [] => text,
        [one] => text.help(format!(
            "or record the revision of the schema, if the record is wrong: `stamp -r {}`",
            escape(one)
        )),
        _ => text
            .help("or record one of these revisions, if the record is wrong: `stamp -r REVISION`"),
    };
    text.help(IGNORE)
}

pub(super) fn baseline_differs(revision: &str, diff: &Diff) -> Text {
    let message = format!(
        "the database has no history, and its schema differs from that of {revision}{}",
        diff.indented()
    );
    let mut text = Text::new(message).help(Diff::legend(revision));
    if diff.is_column_order() {
        text = text.help(IGNORE_ORDER);
    }
    text.help(CHANGE_DATABASE).help(IGNORE)
}
