//! The plan of a request as transactions, after its run in memory on the schema that was found.

use revchain_core::history::table::Value;
use revchain_core::script::{
    AppliedAt, DEFER_KEYS, Found, Group, NoScript, Origin, ScriptContext, Statement, groups,
    schema_guard,
};
use revchain_core::{
    Chain, DatabaseState, Request, RevisionIndex, RevisionSet, Step, replicated_revisions,
};
use revchain_runtime::internal::current_time;
use revchain_runtime::rusqlite::{self, Connection, types};
use revchain_runtime::{Migrator, Outcome, Plan, Replicated};

use crate::copy::{Dump, schema_text};
use crate::error::{Error, ErrorKind, RefusedStatement};
use crate::remote::Bound;

/// The bytes of an entry beside the SQL and the parameters of a statement.
const STATEMENT_OVERHEAD: usize = 64;

/// A request, and what it needs of the settings.
pub(crate) struct Preparation<'p> {
    pub(crate) migrations: &'p Replicated,
    pub(crate) migrator: &'p Migrator<'p>,
    pub(crate) ignored_tables: &'p [String],
    /// The largest size of an entry, in bytes.
    pub(crate) max_entry_size: usize,
    pub(crate) request: &'p Request,
}

/// The transactions of a request.
pub(crate) struct Prepared {
    pub(crate) outcome: Outcome,
    pub(crate) from: Option<String>,
    pub(crate) to: Option<String>,
    /// Empty if nothing is to be done.
    pub(crate) parts: Vec<Part>,
}

/// The statements of one transaction.
pub(crate) struct Part {
    /// The statements. The guards are the first ones.
    pub(crate) statements: Vec<PartStatement>,
    pub(crate) changes: Vec<Change>,
}

/// A statement of a transaction.
pub(crate) struct PartStatement {
    pub(crate) bound: Bound,
    /// The place in a migration; `None` for a guard and for the history.
    pub(crate) place: Option<RefusedStatement>,
}

/// A change of the history.
pub(crate) enum Change {
    Applied(String),
    Reverted(String),
    Stamped(String),
    Unstamped(String),
}

impl Preparation<'_> {
    /// Plans the request for the database, and runs its scripts in memory.
    ///
    /// `dump` has made the database of `connection`.
    ///
    /// # Errors
    ///
    /// Fails if the state of the database does not allow the request, if a script fails on the
    /// schema, or if the schema afterwards is not the proven one.
    pub(crate) fn prepare(
        &self,
        dump: &Dump,
        mut connection: Connection,
    ) -> Result<Prepared, Error> {
        let migrator = self.migrator;
        let plan = migrator.plan(&connection, self.request.clone())?;
        let mut prepared = Prepared {
            outcome: Outcome::UpToDate,
            from: plan.from().map(str::to_owned),
            to: plan.to().map(str::to_owned),
            parts: Vec::new(),
        };
        let state = migrator.state(&connection)?;
        let creates_history = !matches!(state, DatabaseState::Managed { .. });
        if plan.is_empty() && !(creates_history && matches!(self.request, Request::Stamp(_))) {
            return Ok(prepared);
        }
        let unproven = self.unproven_steps(&plan)?;
        let context = ScriptContext {
            chain: self.migrations.chain(),
            chain_name: self.migrations.name(),
            program: self.migrations.program(),
            applied_at: AppliedAt::Milliseconds(current_time()),
        };
        let is_empty = matches!(state, DatabaseState::Empty);
        let found = self.found(&connection, state)?;
        let groups = groups(&context, plan.steps(), found);
        let groups = groups.map_err(|reason| needs_program(context.chain, reason))?;
        let parts = self.split(&groups, unproven)?;
        let mut schema = schema_text(&connection)?;
        let is_upgrade = matches!(self.request, Request::Upgrade(_));
        prepared.outcome = if is_upgrade && is_empty && schema.is_none() {
            // The proof has run the scripts on an empty database when the program was built.
            Outcome::New
        } else {
            // The runtime judges the scripts and the schema afterwards, as on one machine.
            migrator.apply(&mut connection, plan.clone())?.outcome
        };
        let replay = if parts.len() > 1 {
            Some(dump.open()?)
        } else {
            None
        };
        let steps = plan.steps().steps.iter();
        let mut steps = steps.filter(|step| **step != Step::CreateHistory);
        for groups in parts {
            let changes = groups.iter().filter_map(|_| steps.next());
            let changes = changes.filter_map(|step| change(context.chain, step));
            let part = Part {
                statements: part_statements(context.chain, groups, schema.as_deref()),
                changes: changes.collect(),
            };
            // The guard of the next part needs the schema that this part leaves.
            if let Some(replay) = &replay {
                part.run(replay)?;
                schema = schema_text(replay)?;
            }
            prepared.parts.push(part);
        }
        Ok(prepared)
    }

    fn found(&self, connection: &Connection, state: DatabaseState) -> Result<Found, Error> {
        Ok(match state {
            DatabaseState::Managed { rows, .. } => Found::History(rows),
            DatabaseState::Empty => {
                let ignored = self.ignored_tables;
                let others = self.migrator.chains(connection)?;
                let is_shared = self.migrations.name().is_some() || !others.is_empty();
                Found::new_database(self.migrations.chain(), is_shared, ignored)
            }
            DatabaseState::Unmanaged(_) | DatabaseState::OtherChain { .. } => Found::Unmanaged,
        })
    }

    /// Returns the number of steps up to the last one that is not proven for a cluster.
    ///
    /// Only a new database can have such steps: it has no rows but those of the chain.
    fn unproven_steps(&self, plan: &Plan) -> Result<usize, Error> {
        let chain = self.migrations.chain();
        let after = self.migrations.after();
        let proven = replicated_revisions(chain, after);
        let proven = proven.unwrap_or_else(|_| RevisionSet::full(chain.len()));
        let steps = &plan.steps().steps;
        let adopts = steps.iter().any(|step| matches!(step, Step::Adopt(_)));
        let is_new = plan.from().is_none() && !adopts;
        let mut last = 0;
        for (position, step) in steps.iter().enumerate() {
            let (index, is_downgrade) = match step {
                Step::Upgrade(index) => (*index, false),
                Step::Downgrade(index) => (*index, true),
                _ => continue,
            };
            if proven.contains(index) {
                continue;
            }
            if !is_new || is_downgrade {
                return Err(self.unproven(index, is_downgrade));
            }
            if let Some(reason) = self.migrations.needs_file() {
                let reason = reason.to_owned();
                return Err(Error::new(ErrorKind::NeedsFile { reason }));
            }
            last = position + 1;
        }
        let creates = steps.iter().take(last);
        let creates = creates.filter(|step| **step == Step::CreateHistory);
        Ok(last - creates.count())
    }

    fn unproven(&self, index: RevisionIndex, is_downgrade: bool) -> Error {
        Error::new(ErrorKind::Unproven {
            revision: self.migrations.chain()[index].id().to_owned(),
            after: self.migrations.after().unwrap_or_default().to_owned(),
            is_downgrade,
        })
    }

    /// Divides the groups into those that fit into an entry together.
    ///
    /// The first `together` groups stay in one entry: no program finds a database between them.
    fn split<'g, 'c>(
        &self,
        groups: &'g [Group<'c>],
        together: usize,
    ) -> Result<Vec<&'g [Group<'c>]>, Error> {
        let mut parts = Vec::new();
        let mut first = 0;
        let mut size = 0;
        for (position, group) in groups.iter().enumerate() {
            // The guards of a schema are about as large as the schema, which is in the SQL.
            let start = total_size(&group.start);
            let own = total_size(&group.statements);
            let alone = start + own;
            let grown = if position == first { alone } else { size + own };
            let must_grow = position < together;
            if alone > self.max_entry_size || must_grow && grown > self.max_entry_size {
                return Err(self.too_large(group, grown));
            }
            size = grown;
            if grown > self.max_entry_size {
                parts.push(&groups[first..position]);
                first = position;
                size = alone;
            }
        }
        parts.push(&groups[first..]);
        Ok(parts)
    }

    fn too_large(&self, group: &Group<'_>, size: usize) -> Error {
        let revision = group.revision.map(|index| &self.migrations.chain()[index]);
        Error::new(ErrorKind::TooLarge {
            revision: revision.map_or("base", |revision| revision.id()).to_owned(),
            path: revision.map_or("", |revision| revision.path()).to_owned(),
            size,
            limit: self.max_entry_size,
        })
    }
}

impl Part {
    /// Returns the statements of the whole transaction.
    pub(crate) fn bound(&self) -> Vec<Bound> {
        let statements = self.statements.iter();
        statements
            .map(|statement| statement.bound.clone())
            .collect()
    }

    fn run(&self, connection: &Connection) -> rusqlite::Result<()> {
        let mut statements = self.statements.iter();
        statements.try_for_each(|statement| run(connection, &statement.bound))
    }
}

/// Runs a statement to its end.
pub(crate) fn run(connection: &Connection, (sql, values): &Bound) -> rusqlite::Result<()> {
    let mut statement = connection.prepare(sql)?;
    for (position, value) in values.iter().enumerate() {
        let value = match value {
            Value::Null => types::Value::Null,
            Value::Integer(integer) => types::Value::Integer(*integer),
            Value::Text(text) => types::Value::Text(text.clone()),
        };
        statement.raw_bind_parameter(position + 1, value)?;
    }
    let mut rows = statement.raw_query();
    while rows.next()?.is_some() {}
    Ok(())
}

/// Returns the statements of a transaction that begins on a schema with this text.
fn part_statements(
    chain: &Chain,
    groups: &[Group<'_>],
    schema_text: Option<&str>,
) -> Vec<PartStatement> {
    let mut statements = vec![PartStatement {
        bound: (DEFER_KEYS.to_owned(), Vec::new()),
        place: None,
    }];
    let start = groups.iter().take(1).flat_map(|group| &group.start);
    statements.extend(start.map(|statement| PartStatement::new(chain, statement)));
    statements.push(PartStatement::new(chain, &schema_guard(schema_text)));
    let rest = groups.iter().flat_map(|group| &group.statements);
    statements.extend(rest.map(|statement| PartStatement::new(chain, statement)));
    statements
}

impl PartStatement {
    fn new(chain: &Chain, statement: &Statement<'_>) -> Self {
        let place = match statement.origin() {
            Origin::Revision {
                revision,
                is_downgrade,
                line,
                ..
            } => Some(RefusedStatement {
                revision: chain[revision].id().to_owned(),
                path: chain[revision].path().to_owned(),
                line,
                is_downgrade,
            }),
            Origin::Guard(_) | Origin::History => None,
        };
        Self {
            bound: bind(statement),
            place,
        }
    }
}

/// Returns the SQL of a statement with its parameters.
pub(crate) fn bind(statement: &Statement<'_>) -> Bound {
    (
        statement.sql().to_owned(),
        statement.parameters().to_owned(),
    )
}

fn total_size(statements: &[Statement<'_>]) -> usize {
    let sizes = statements.iter().map(|statement| {
        let values = statement.parameters().iter().map(|value| match value {
            Value::Text(text) => text.len() + 8,
            Value::Null | Value::Integer(_) => 16,
        });
        statement.sql().len() + values.sum::<usize>() + STATEMENT_OVERHEAD
    });
    sizes.sum()
}

fn change(chain: &Chain, step: &Step) -> Option<Change> {
    let id = step.revision(chain)?.id().to_owned();
    Some(match step {
        Step::Upgrade(_) => Change::Applied(id),
        Step::Downgrade(_) => Change::Reverted(id),
        Step::Adopt(_) | Step::Stamp(_) => Change::Stamped(id),
        Step::Unstamp(_) => Change::Unstamped(id),
        Step::CreateHistory | Step::DowngradeStored(_) | Step::RunJob(_) => return None,
    })
}

fn needs_program(chain: &Chain, reason: NoScript) -> Error {
    let (revision, reason) = match reason {
        NoScript::Code { revision, name } => {
            let reason = format!("runs the function `{name}` of the program");
            (chain[revision].id().to_owned(), reason)
        }
        NoScript::Job { revision, name } => {
            let reason = format!("has or requires the job `{name}` of the program");
            (chain[revision].id().to_owned(), reason)
        }
        NoScript::Stored { revision } => {
            let reason = "has a downgrade that only the database stores".to_owned();
            (revision, reason)
        }
    };
    Error::new(ErrorKind::NeedsProgram { revision, reason })
}
