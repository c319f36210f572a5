//! `graph`: drawing a chain, the history of a database, or both.

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use revchain_core::Chain;
use revchain_core::history::tool_record::ToolRecord;
use revchain_runtime::rusqlite::Connection;
use revchain_runtime::{Migrations, Migrator};

use crate::developer::args::{GraphArgs, GraphFormat};
use crate::developer::graph::{
    Graph, chain_nodes, directory_nodes, no_chain, read_histories, read_history, read_unmanaged,
};
use crate::developer::import::tool::Tool;
use crate::developer::source::{DEFAULT_DIRECTORY, Source, commands, identify, read_chain};
use crate::developer::source_tree::load;
use crate::support::{
    Answer, Location, Result, UpgradePreview, command_line, must_exist, open_to_inspect,
};

/// The place of the chain that the graph draws.
enum ChainOf {
    /// The directory with the files.
    Directory(PathBuf),
    /// The program that runs the command.
    Program,
    /// There is no directory, so the database alone is drawn.
    Nothing,
}

/// Draws the chain. If the arguments name a database, also draws its history.
pub(crate) fn run(args: &GraphArgs, source: &Source<'_>) -> Result {
    let chain = chain_of(args, source);
    let mut graph = Graph::default();
    match &chain {
        ChainOf::Directory(directory) => {
            graph.directory = Some(directory.display().to_string());
            graph.nodes = directory_nodes(directory)?;
        }
        ChainOf::Program => {
            let revisions = source.embedded().map(|chain| chain.revisions());
            graph.nodes = chain_nodes(revisions.unwrap_or_default());
        }
        ChainOf::Nothing => {}
    }
    if args.database.path.is_some() {
        add_database(&mut graph, args, source, &chain)?;
    }
    graph.connect();
    note_heads(&mut graph);
    let text = match args.format {
        GraphFormat::Text => graph.to_text(),
        GraphFormat::Mermaid => graph.to_mermaid(),
        GraphFormat::Dot => graph.to_dot(),
    };
    Ok(Answer::new(text, graph.to_json()))
}

fn chain_of(args: &GraphArgs, source: &Source<'_>) -> ChainOf {
    if let Some(directory) = &args.migrations {
        return ChainOf::Directory(directory.clone());
    }
    let directory = source.directory();
    if source.embedded().is_some() {
        return ChainOf::Program;
    }
    // A database can be drawn where there are no migrations.
    let is_default = directory == Path::new(DEFAULT_DIRECTORY);
    if args.database.path.is_some() && is_default && !directory.exists() {
        return ChainOf::Nothing;
    }
    ChainOf::Directory(directory)
}

/// Adds the history of the database, or says in a note that it has none.
fn add_database(
    graph: &mut Graph,
    args: &GraphArgs,
    source: &Source<'_>,
    chain: &ChainOf,
) -> Result<()> {
    let name = source.name();
    let empty = no_chain(name)?;
    let (location, reader) = commands(&empty).database_of(&args.database)?;
    must_exist(&location)?;
    // The settings of an application can be needed to open the database.
    let opener = match source {
        Source::Application(app) => app.database_of(&args.database)?.1,
        Source::Directory { .. } => reader.clone(),
    };
    let connection = open_to_inspect(&opener, &location)?;
    graph.database = Some(location.display().to_string());
    let is_chain_known = !matches!(chain, ChainOf::Nothing);
    let histories = match chain {
        ChainOf::Directory(directory) => {
            // With two heads there is no chain, so each row comes with a description.
            let chain = load(directory).chain.unwrap_or(Chain::new(Vec::new()));
            let migrations = Migrations::from_chain(chain, String::new());
            let migrations = identify(migrations, name)?;
            Vec::from_iter(read_history(&location, &connection, &migrations)?)
        }
        ChainOf::Program => {
            let migrations = opener.migrations();
            Vec::from_iter(read_history(&location, &connection, migrations)?)
        }
        ChainOf::Nothing => {
            let mut histories = read_histories(&location, &connection)?;
            histories.retain(|history| name.is_none() || history.chain() == name);
            histories
        }
    };
    for history in &histories {
        graph.add_history(history, is_chain_known);
    }
    if !histories.is_empty() {
        return Ok(());
    }
    let note = match chain {
        ChainOf::Directory(directory) => {
            graph.set_pending();
            adoption(directory, args, name, &connection)
        }
        ChainOf::Program => {
            graph.set_pending();
            preview(&opener, &location, &connection)
        }
        ChainOf::Nothing => {
            let records = read_unmanaged(&location, &connection, &reader)?;
            add_records(graph, records.as_deref())
        }
    };
    graph.notes.push(format!("{}: {note}", location.display()));
    Ok(())
}

/// Returns what an upgrade to the chain of a directory would do with an unmanaged database.
fn adoption(
    directory: &Path,
    args: &GraphArgs,
    name: Option<&str>,
    connection: &Connection,
) -> String {
    // Only a valid chain has schemas. The graph is drawn without them, too.
    let Ok(migrations) = read_chain(directory, name) else {
        return NO_HISTORY.to_owned();
    };
    match commands(&migrations).database_of(&args.database) {
        Ok((location, migrator)) => preview(&migrator, &location, connection),
        Err(_) => NO_HISTORY.to_owned(),
    }
}

const NO_HISTORY: &str = "it has no history of this chain";

fn preview(migrator: &Migrator<'_>, location: &Location, connection: &Connection) -> String {
    match UpgradePreview::new(migrator, location, connection) {
        Ok(preview) => preview
            .note
            .unwrap_or_else(|| "it is empty; an upgrade applies all revisions".to_owned()),
        Err(_) => NO_HISTORY.to_owned(),
    }
}

/// Adds the records of other tools. Returns what comes next.
fn add_records(graph: &mut Graph, records: Option<&[ToolRecord]>) -> String {
    let Some(records) = records else {
        return "it is empty, and has no history".to_owned();
    };
    let records = records.iter().filter(|record| record.last().is_some());
    let records: Vec<&ToolRecord> = records.collect();
    for record in &records {
        graph.add_record(record);
    }
    let fact = match names(&records) {
        Some(names) => format!("it has no history, but the record of {names}"),
        None => "it has tables but no history".to_owned(),
    };
    let has_record = |tool: &&Tool| records.iter().any(|record| record.tool == tool.record());
    match Tool::value_variants().iter().find(has_record) {
        Some(tool) => {
            let import = command_line(&format!("import {} DIR", tool.name()));
            format!("{fact}; `{import}` writes a chain from its migrations")
        }
        None => {
            format!("{fact}; write its schema as the first revision, and an upgrade adopts it")
        }
    }
}

/// Returns the names of the tools; `None` if there is no record.
fn names(records: &[&ToolRecord]) -> Option<String> {
    if records.is_empty() {
        return None;
    }
    let names: Vec<&str> = records.iter().map(|record| record.tool.name()).collect();
    Some(names.join(" and "))
}

/// Adds what to do about several heads.
fn note_heads(graph: &mut Graph) {
    let count = graph.count_heads();
    if count < 2 {
        return;
    }
    let (rebase, merge) = (command_line("rebase"), command_line("merge"));
    graph.notes.push(format!(
        "{count} heads: run `{rebase}` to put one behind the other, or `{merge}` to join them"
    ));
}
