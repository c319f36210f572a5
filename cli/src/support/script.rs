//! The SQL of a plan, which a shell or another engine runs.

use revchain_core::plan::steps::stamped_before;
use revchain_core::script::{
    AppliedAt, Form, Found, NoScript, SCHEMA_TEXT, ScriptContext, Transaction, groups, key_guards,
    schema_guard,
};
use revchain_core::sql::inspect::changes_rows_only;
use revchain_core::{Chain, DatabaseState, Plan, Revision, Script, Step};
use revchain_runtime::internal::{KeyChanges, current_time};
use revchain_runtime::rusqlite::{self, Connection};
use revchain_runtime::{Migrations, Migrator, Request};
use serde_json::json;

use crate::support::{Answer, Failure, Location, Result, in_database, open_to_inspect};

/// A plan whose SQL a command prints.
pub(crate) struct SqlPlan<'p> {
    pub(crate) migrations: &'p Migrations,
    pub(crate) plan: &'p Plan,
    /// The database that the SQL expects.
    pub(crate) found: Found,
    /// The text of the schema that the SQL expects, for a database without a history.
    pub(crate) schema: Option<String>,
    pub(crate) form: Form,
}

/// Returns the SQL of a request on a database, and changes nothing.
pub(crate) fn sql_of_request(
    location: &Location,
    migrator: &Migrator<'_>,
    ignored: &[String],
    request: Request,
) -> Result {
    let connection = open_to_inspect(migrator, location)?;
    let state = in_database(location, migrator.state(&connection))?;
    let plan = in_database(location, migrator.plan(&connection, request))?;
    let migrations = migrator.migrations();
    let (found, schema) = match state {
        DatabaseState::Managed { rows, .. } => (Found::History(rows), None),
        DatabaseState::Unmanaged(_) => {
            let schema = connection.query_row(SCHEMA_TEXT, [], |row| row.get(0));
            (
                Found::Unmanaged,
                schema.map_err(|error| no_script(error.to_string()))?,
            )
        }
        DatabaseState::Empty | DatabaseState::OtherChain { .. } => {
            let others = in_database(location, migrator.chains(&connection))?;
            let is_shared = migrations.name().is_some() || !others.is_empty();
            let found = Found::new_database(migrations.chain(), is_shared, ignored);
            (found, None)
        }
    };
    let sql = SqlPlan {
        migrations,
        plan: plan.steps(),
        found,
        schema,
        form: Form::Shell,
    };
    sql.answer()
}

impl SqlPlan<'_> {
    /// Returns the SQL as a document, and its statements as JSON.
    ///
    /// # Errors
    ///
    /// Fails with `no-script` if a step needs the program.
    pub(crate) fn answer(self) -> Result {
        let (chain, plan, form) = (self.migrations.chain(), self.plan, self.form);
        let (from, to) = (plan.id_before(chain), plan.id_after(chain));
        let (text, statements) = if plan.is_empty() {
            let at = to.unwrap_or("base");
            (
                format!("/* The database is at {at}: nothing to do. */\n"),
                Vec::new(),
            )
        } else {
            let transaction = self.transaction()?;
            let [from, to] = [from, to].map(|id| id.unwrap_or("base"));
            let advice = match form {
                Form::Shell => "One transaction: stop at the first error.",
                Form::Bare => "Run it in one transaction.",
            };
            let title = format!("revchain: {from} to {to}. {advice}");
            (transaction.text(&title, form), transaction.list(form))
        };
        let json = json!({ "from": from, "to": to, "statements": statements });
        Ok(Answer::document(text, json))
    }

    fn transaction(&self) -> Result<Transaction<'_>> {
        let chain = self.migrations.chain();
        let context = ScriptContext {
            chain,
            chain_name: self.migrations.name(),
            program: self.migrations.program(),
            applied_at: match self.form {
                Form::Shell => AppliedAt::DatabaseClock,
                Form::Bare => AppliedAt::Milliseconds(current_time()),
            },
        };
        let groups = groups(&context, self.plan, self.found.clone());
        let mut groups = groups.map_err(|reason| needs_program(chain, &reason))?;
        if let (Some(first), Some(schema)) = (groups.first_mut(), &self.schema) {
            first.start.push(schema_guard(Some(schema)));
        }
        let tables = rehearse(chain, self.plan)?;
        Ok(Transaction {
            chain,
            groups,
            checks: key_guards(Some(&tables)),
        })
    }
}

/// Runs the scripts of a plan on empty tables, and returns the tables whose keys must be checked.
///
/// The connection has nothing but what SQLite has, as that of a shell.
fn rehearse(chain: &Chain, plan: &Plan) -> Result<Vec<String>> {
    let connection = Connection::open_in_memory().map_err(|error| no_script(error.to_string()))?;
    let before = stamped_before(&plan.steps, &plan.stamped);
    let result = connection.pragma_update(None, "foreign_keys", false);
    result.map_err(|error| no_script(error.to_string()))?;
    for index in before.iter() {
        run(&connection, &chain[index], chain[index].upgrade(), true)?;
    }
    let scripts = || plan.steps.iter().filter_map(|step| script(chain, step));
    let all: Vec<&Script> = scripts().map(|(_, script)| script).collect();
    let changes = KeyChanges::of(&all, &connection);
    for (revision, script) in scripts() {
        run(&connection, revision, script, false)?;
    }
    let tables = changes.and_then(|changes| changes.tables(&connection));
    tables.map_err(|error| no_script(error.to_string()))
}

/// Returns the revision and the script that a step runs.
fn script<'c>(chain: &'c Chain, step: &Step) -> Option<(&'c Revision, &'c Script)> {
    let revision = &chain[step.index()?];
    match step {
        Step::Upgrade(_) => Some((revision, revision.upgrade())),
        Step::Downgrade(_) => Some((revision, revision.downgrade().script()?)),
        _ => None,
    }
}

/// Runs a script. If only the schema matters, a statement that only changes rows can fail.
fn run(
    connection: &Connection,
    revision: &Revision,
    script: &Script,
    only_schema: bool,
) -> Result<()> {
    for statement in script.statements() {
        let sql = statement.sql();
        let Err(error) = execute(connection, sql) else {
            continue;
        };
        if !(only_schema && changes_rows_only(sql)) {
            let id = revision.id();
            let failure = no_script(format!("SQLite alone cannot run {id}: {error}"));
            let line = statement.snippet(None).line();
            let help = format!(
                "run the upgrade with the program; see {}:{line}",
                revision.path()
            );
            return Err(failure.help(&help));
        }
    }
    Ok(())
}

fn execute(connection: &Connection, sql: &str) -> rusqlite::Result<()> {
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([])?;
    while rows.next()?.is_some() {}
    Ok(())
}

/// Returns the failure for a plan that only the program can run.
fn needs_program(chain: &Chain, reason: &NoScript) -> Failure {
    let (id, fact) = match reason {
        NoScript::Code { revision, name } => (
            chain[*revision].id(),
            format!("it runs the function {name} of the program"),
        ),
        NoScript::Job { revision, name } => (
            chain[*revision].id(),
            format!("the program runs its job {name}"),
        ),
        NoScript::Stored { revision } => (
            &**revision,
            "the chain lacks the revision, and only the database has its downgrade".to_owned(),
        ),
    };
    let failure = no_script(format!("there is no SQL for {id}: {fact}"));
    failure.help("run the command of the program instead")
}

pub(crate) fn no_script(message: impl Into<String>) -> Failure {
    Failure::failed("no-script", message)
}
