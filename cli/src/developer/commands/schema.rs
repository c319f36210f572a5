//! `schema`: printing the schema of a revision or of a database, and comparing two schemas.

use std::ffi::OsString;

use revchain_core::Target;
use revchain_core::diagnostics::escape::escape;
use revchain_core::schema::{ColumnOrder, Schema, SchemaFilter, diff};
use serde_json::json;

use crate::developer::args::{SchemaArgs, SchemaFormat};
use crate::developer::schema::diagram::Diagram;
use crate::developer::schema::subject::{ChainOf, Subject};
use crate::developer::schema::{dot, json, mermaid, operand};
use crate::developer::source::Source;
use crate::support::{Answer, Exit, Location, Result};

/// Prints the schema that the arguments name, or the differences between two schemas.
///
/// Writes nothing, and creates no file.
pub(crate) fn run(args: &SchemaArgs, source: &Source<'_>) -> Result {
    let chain = ChainOf::new(source, args.migrations.as_deref());
    if let Some([from, to]) = args.diff.as_deref() {
        return compare(args, &chain, [from, to]);
    }
    let subject = match &args.database {
        Some(path) => Subject::of_database(&Location::parse(path.as_os_str())?)?,
        None => chain.at(&args.revision.as_deref().map_or(Target::Head, Target::from))?,
    };
    let schema = subject.schema(&filter(args))?;
    if args.format == SchemaFormat::Sql && !args.output.json {
        return Ok(Answer::document(schema.to_sql(), json!({})));
    }
    let model = subject.model(&schema)?;
    if args.output.json {
        return Ok(Answer::new(String::new(), json::object(&subject, &model)));
    }
    let diagram = Diagram::of(&model);
    let text = match args.format {
        SchemaFormat::Sql => schema.to_sql(),
        SchemaFormat::Mermaid => mermaid::write(&diagram),
        SchemaFormat::Dot => dot::write(&diagram),
    };
    Ok(Answer::document(text, json!({})))
}

fn filter(args: &SchemaArgs) -> SchemaFilter {
    SchemaFilter {
        ignored: args.ignore_tables.clone(),
        own: None,
    }
}

/// Compares two schemas.
fn compare(args: &SchemaArgs, chain: &ChainOf<'_>, names: [&OsString; 2]) -> Result {
    let [from, to] = [
        operand::open(names[0], chain)?,
        operand::open(names[1], chain)?,
    ];
    let schemas = [
        schema_beside(args, chain, &from, &to)?,
        schema_beside(args, chain, &to, &from)?,
    ];
    // After a merge, the order of columns depends on the order in which branches were applied.
    let is_free = [&from, &to]
        .iter()
        .any(|subject| subject.order == Some(ColumnOrder::Free));
    let order = if is_free {
        ColumnOrder::Free
    } else {
        ColumnOrder::Fixed
    };
    let [old, new] = schemas.map(|schema| schema.with_column_order(order));
    let diff = diff(&old, &new);
    let lines: Vec<&str> = diff.lines().collect();
    let json = json!({ "from": from.label, "to": to.label, "diff": lines });
    let [from, to] = [escape(&from.label), escape(&to.label)];
    if diff.is_empty() {
        let text = format!("the schemas of {from} and {to} are equal");
        return Ok(Answer::new(text, json));
    }
    let mut text = format!("--- {from}\n+++ {to}");
    for line in lines {
        text.push('\n');
        text += &escape(line);
    }
    let mut answer = Answer::new(text, json);
    answer.exit = Exit::Failure;
    Ok(answer)
}

/// Reads the schema of one side of a comparison.
///
/// If several chains share a database, a revision is compared with the tables of its chain.
fn schema_beside(
    args: &SchemaArgs,
    chain: &ChainOf<'_>,
    subject: &Subject,
    other: &Subject,
) -> Result<Schema> {
    let is_beside_revision = subject.database.is_some() && other.database.is_none();
    if is_beside_revision && subject.is_shared()? {
        return subject.schema(&chain.chain()?.own_objects(&args.ignore_tables));
    }
    subject.schema(&filter(args))
}
