//! A database whose schema a command shows: that of a revision in memory, or that of a user.

use std::cell::OnceCell;
use std::path::{Path, PathBuf};

use revchain_core::schema::{ColumnOrder, Schema, SchemaFilter, SchemaSql};
use revchain_core::{Chain, LoadedMigrations, RevisionSet, StandIns, Target};
use revchain_prove::schema_at;
use revchain_runtime::internal::{read_schema_sql, stand_ins};
use revchain_runtime::rusqlite::{self, Connection};
use revchain_runtime::{Migrations, Revision};

use super::Model;
use crate::developer::source::Source;
use crate::developer::source_tree::load;
use crate::support::{Failure, Location, Result, cannot_open, open_read_only};

/// A database whose schema a command shows.
pub(crate) struct Subject {
    /// The revision or the database, as the answer names it.
    pub(crate) label: String,
    /// The id of the newest revision; `None` at base, and for a database of a user.
    pub(crate) revision: Option<String>,
    /// The path of a database of a user.
    pub(crate) database: Option<String>,
    /// The rule for the order of columns, for a revision of a chain.
    pub(crate) order: Option<ColumnOrder>,
    connection: Connection,
}

impl Subject {
    /// Opens a database of a user. The database need not have a chain.
    pub(crate) fn of_database(location: &Location) -> Result<Self> {
        let path = location.display().to_string();
        Ok(Self {
            label: path.clone(),
            revision: None,
            database: Some(path),
            order: None,
            connection: open_read_only(location)?,
        })
    }

    /// Reads the schema of the tables and views that `filter` includes.
    pub(crate) fn schema(&self, filter: &SchemaFilter) -> Result<Schema> {
        let sql = self.rejected(read_schema_sql(&self.connection, filter))?;
        Ok(self.without_stand_ins(sql).schema().clone())
    }

    fn without_stand_ins(&self, sql: SchemaSql) -> SchemaSql {
        // A malicious database could have a table that looks like a stand-in.
        if self.database.is_none() && stand_ins::has_any(&self.connection) {
            return sql.with_replaced(stand_ins::virtual_table);
        }
        sql
    }

    /// Reads the facts of a schema that [`schema`](Self::schema) returned.
    pub(crate) fn model(&self, schema: &Schema) -> Result<Model> {
        self.rejected(Model::read(&self.connection, schema))
    }

    /// Returns `true` if several chains share the database.
    pub(crate) fn is_shared(&self) -> Result<bool> {
        let sql = "SELECT count(*) > 1 FROM main.sqlite_master
                   WHERE type = 'table' AND name LIKE 'revchain~_history%' ESCAPE '~'";
        self.rejected(self.connection.query_row(sql, [], |row| row.get(0)))
    }

    fn rejected<T>(&self, result: rusqlite::Result<T>) -> Result<T> {
        result.map_err(|error| cannot_open(Path::new(&self.label), error))
    }
}

/// The chain of a command, which is loaded when it is first needed.
pub(crate) struct ChainOf<'s> {
    /// The chain of an application.
    embedded: Option<&'s Migrations>,
    /// The directory of any other chain.
    directory: PathBuf,
    loaded: OnceCell<LoadedMigrations>,
}

impl<'s> ChainOf<'s> {
    /// Returns the chain of `directory`, or that of `source` if the arguments name no directory.
    pub(crate) fn new(source: &'s Source<'_>, directory: Option<&Path>) -> Self {
        let embedded = source.embedded().filter(|_| directory.is_none());
        Self {
            embedded,
            directory: directory.map_or_else(|| source.directory(), Path::to_owned),
            loaded: OnceCell::new(),
        }
    }

    /// Returns the chain.
    ///
    /// # Errors
    ///
    /// Fails if the directory has defects. The chain need not be proven.
    pub(crate) fn chain(&self) -> Result<&Chain> {
        if let Some(migrations) = self.embedded {
            return Ok(migrations.chain());
        }
        let loaded = self.loaded.get_or_init(|| load(&self.directory));
        match &loaded.chain {
            Some(chain) if loaded.defects.is_empty() => Ok(chain),
            _ => Err(load(&self.directory)
                .into_chain_and_lock_file()
                .err()
                .map_or_else(|| self.changed(), Failure::from)),
        }
    }

    /// Returns the failure for files that another program has changed meanwhile.
    fn changed(&self) -> Failure {
        let message = format!("{}: the files have changed", self.directory.display());
        Failure::failed("io", message).help("run the command again")
    }

    /// Makes a database in memory with the schema of a target.
    pub(crate) fn at(&self, target: &Target) -> Result<Subject> {
        let chain = self.chain()?;
        let revisions = revisions_at(chain, target)?;
        let connection = schema_at(chain, &revisions, |revision| self.stand_ins(revision))?;
        let newest = revisions.newest();
        let revision = newest.map(|index| chain[index].id().to_owned());
        let id = revision.as_deref().unwrap_or("base");
        let label = match target {
            Target::Revision(_) | Target::Base => id.to_owned(),
            _ => format!("{target} ({id})"),
        };
        Ok(Subject {
            label,
            order: newest.map(|index| chain.column_order(index)),
            revision,
            database: None,
            connection,
        })
    }

    fn stand_ins(&self, revision: &Revision) -> Option<&StandIns> {
        let loaded = self.loaded.get()?;
        let index = loaded.chain.as_ref()?.index_of(revision.id())?;
        Some(&loaded.sources.get(index.get())?.stand_ins)
    }

    /// Returns `true` if the chain has this target. Fails if the chain has defects.
    pub(crate) fn has(&self, target: &Target) -> Result<bool> {
        Ok(match target {
            Target::Revision(id) => self.chain()?.index_of(id).is_some(),
            _ => true,
        })
    }
}

/// Returns the revisions of a database at `target`. `-1` is the revision before the head.
pub(crate) fn revisions_at(chain: &Chain, target: &Target) -> Result<RevisionSet> {
    let count = match target {
        Target::Head => chain.len(),
        Target::Base => 0,
        Target::Revision(id) => {
            let Some(index) = chain.index_of(id) else {
                return Err(unknown(chain, target));
            };
            return Ok(chain.ancestry(index));
        }
        Target::Steps(steps) => {
            let steps = usize::try_from(steps.unsigned_abs()).unwrap_or(usize::MAX);
            if steps > chain.len() {
                return Err(unknown(chain, target));
            }
            if target.to_string().starts_with('-') {
                chain.len() - steps
            } else {
                steps
            }
        }
    };
    let mut revisions = RevisionSet::empty(chain.len());
    for index in chain.indices().take(count) {
        revisions.insert(index);
    }
    Ok(revisions)
}

fn unknown(chain: &Chain, target: &Target) -> Failure {
    let failure = Failure::usage(format!("there is no revision `{target}`"));
    match (chain.revisions().first(), chain.head()) {
        (Some(first), Some(head)) => failure.help(&format!(
            "name a revision from {} to {}",
            first.id(),
            head.id()
        )),
        _ => failure,
    }
}
