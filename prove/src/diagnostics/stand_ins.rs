//! The texts about functions, collations and modules that only the program registers.

use revchain_core::diagnostics::suggest::did_you_mean;
use revchain_core::load::SourceInfo;
use revchain_core::schema::quote;
use revchain_core::sql::calls::{Call, calls};
use revchain_core::sql::sqlite_messages::UnregisteredObject;
use revchain_core::{
    ArgumentCount, Chain, Defect, DefectKind, Downgrade, FunctionStandIn, Revision,
};

use super::location::at_directive;
use crate::needless_stand_ins::{NeedlessStandIn, Reason};

/// Returns the help for a statement that uses an object which SQLite lacks.
///
/// `known` are the names of the objects of this kind that SQLite has.
/// `misspelled` is a declared name that nothing uses, and that is similar to the object's.
pub(crate) fn help_for_unregistered(
    chain: &Chain,
    object: UnregisteredObject<'_>,
    known: &[String],
    misspelled: Option<&str>,
) -> String {
    let (name, directive) = match object {
        UnregisteredObject::Function(name) => {
            if needs_aggregate(chain, name) {
                return format!(
                    "if the program registers it, declare that in the header: `-- @unproven the program registers {name}()`"
                );
            }
            // SQLite reports the operator as it is written.
            let is_operator = name.eq_ignore_ascii_case("regexp");
            let called = if is_operator { "regexp" } else { name };
            (name, format!("@function {}", function(chain, called)))
        }
        UnregisteredObject::Collation(name) => (name, format!("@collation {}", quote(name))),
        UnregisteredObject::Module(name) => (name, format!("@module {}", quote(name))),
    };
    if let Some(meant) = misspelled {
        let meant = quote(meant);
        return format!(
            "did you mean `{meant}`?\nor, if its declaration is misspelled, correct it: `-- {directive}`"
        );
    }
    let declare =
        format!("if the program registers it, declare that in the header: `-- {directive}`");
    match did_you_mean(name, known.iter().map(String::as_str)) {
        Some(meant) => format!("did you mean `{meant}`?\n{declare}"),
        None => declare,
    }
}

/// Returns the help for a call of a stand-in with another number of arguments.
pub(crate) fn help_for_miscalled(chain: &Chain, name: &str) -> String {
    format!(
        "correct the call; if the program registers the function with this number of arguments,\n\
         correct the declaration: `-- @function {}`",
        function(chain, name)
    )
}

/// Returns the line for a statement that fails with a stand-in, but may not fail in the program.
pub(crate) fn help_for_stand_in() -> &'static str {
    "(the proof runs a stand-in, which gives back its first argument; if the statement succeeds in the program,\n\
     declare in the header: `-- @unproven REASON`)"
}

/// Returns `true` if the chain calls a function as only an aggregate can be called.
///
/// A stand-in is no aggregate.
pub(crate) fn needs_aggregate(chain: &Chain, name: &str) -> bool {
    all_calls(chain, name)
        .iter()
        .any(|call| call.needs_aggregate)
}

/// Returns the function with the number of arguments in all calls, or `*` if these differ.
fn function(chain: &Chain, name: &str) -> FunctionStandIn {
    let calls = all_calls(chain, name);
    let count = match &calls[..] {
        [first, rest @ ..] if rest.iter().all(|call| call.arguments == first.arguments) => {
            u8::try_from(first.arguments).ok()
        }
        _ => None,
    };
    FunctionStandIn {
        name: name.to_owned(),
        arguments: count.map_or(ArgumentCount::Any, ArgumentCount::Exactly),
    }
}

fn all_calls(chain: &Chain, name: &str) -> Vec<Call> {
    let mut found = Vec::new();
    for revision in chain.revisions() {
        found.extend(calls(revision.upgrade().sql(), name));
        if let Downgrade::Sql(script) = revision.downgrade() {
            found.extend(calls(script.sql(), name));
        }
    }
    found
}

/// Describes a directive that declares a stand-in without need.
pub(crate) fn needless_stand_in(
    revision: &Revision,
    source: &SourceInfo,
    needless: &NeedlessStandIn,
) -> Defect {
    let NeedlessStandIn {
        directive,
        index,
        arguments,
        reason,
        ..
    } = needless;
    let (problem, help) = match reason {
        Reason::BuiltIn => (
            format!("SQLite has this {directive}"),
            "remove the line: the proof runs SQLite's own".to_owned(),
        ),
        Reason::Unused { meant } => (
            format!(
                "no statement of {} or a later revision uses it",
                revision.id()
            ),
            match meant {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => "remove the line".to_owned(),
            },
        ),
    };
    let title = format!("`@{directive} {arguments}`: {problem}");
    let defect = Defect::new(DefectKind::NeedlessStandIn, title).help(help);
    at_directive(defect, revision, source, directive, *index)
}

/// Returns the note that a table got its columns from a virtual table of the program.
pub(crate) fn unknown_columns(revision: &Revision) -> String {
    let id = revision.id();
    format!(
        "{id}: CREATE TABLE … AS SELECT reads a virtual table of the program, so the schema is unknown from here on"
    )
}
