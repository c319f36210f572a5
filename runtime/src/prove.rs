//! The proof: a chain is run in memory, by the engine that runs it in production, and every defect that this shows is
//! found while the program is built.
//!
//! Each revision is upgraded, downgraded and upgraded again. One that fails is gone on after as if the statements that
//! SQLite refuses were not there; what names the same things is then not judged, and everything else is.

use std::collections::HashSet;

use revchain_core::draft::{Draft, Note};
use revchain_core::proof::{self, Run};
use revchain_core::revision::Proven;
use revchain_core::schema::{ColumnOrder, Part, Schema, Sum, Texts, diff};
use revchain_core::{Chain, Code, Defect, Downgrade, Lock, Revision, words};
use rusqlite::Connection;

use crate::connection::{ForeignKeysOff, quote};
use crate::error::{self, ErrorKind};
use crate::foreign_keys::Key;
use crate::schema::texts;
use crate::{Direction, engine, foreign_keys, rows};

/// What is proven of a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Of a locked revision only that its upgrade runs: the rest was proven when it was locked, and it has not changed.
    Unlocked,
    /// Everything.
    All,
}

/// Proves what the draft has of a chain: adds the defects that it shows, and to each revision its fingerprint.
pub fn prove(mut draft: Draft, scope: Scope) -> Draft {
    let Some(chain) = draft.chain.take() else { return draft };
    let lock = draft.lock.as_ref().filter(|_| scope == Scope::Unlocked);
    let proven = Connection::open_in_memory().and_then(|connection| {
        let _foreign_keys = ForeignKeysOff::new(&connection)?;
        let mut prover = Prover::new(&chain, lock, &draft.notes, &connection);
        let result = prover.prove();
        if let Err(source) = result {
            prover.defects.push(proof::stopped(prover.revision(), &error::message(&source)));
        }
        Ok((prover.proven, prover.defects, prover.remarks))
    });
    let (proven, defects, remarks) = proven.unwrap_or_else(|error| {
        // What could not be begun is not proven.
        let stopped = chain.head().map(|head| proof::stopped(head, &error::message(&error)));
        (Vec::new(), stopped.into_iter().collect(), Vec::new())
    });
    draft.defects.extend(defects);
    draft.remarks.extend(remarks);
    draft.chain = Some(chain.with_proven(proven));
    draft
}

struct Prover<'c> {
    chain: &'c Chain,
    lock: Option<&'c Lock>,
    notes: &'c [Note],
    connection: &'c Connection,
    /// The place of the revision that is proven.
    place: usize,
    /// The schema before or after it.
    texts: Texts,
    schema: Schema,
    sum: Sum,
    /// The names in statements that SQLite refused: what happens to these things cannot be judged.
    doubtful: HashSet<String>,
    /// Whether the schema is the one that every database has.
    is_known: bool,
    /// Whether the revision has a statement that needs what only the program registers.
    needs_program: bool,
    /// How many rows violate a foreign key already.
    violations: usize,
    proven: Vec<Option<Proven>>,
    defects: Vec<Defect>,
    remarks: Vec<String>,
}

impl<'c> Prover<'c> {
    fn new(chain: &'c Chain, lock: Option<&'c Lock>, notes: &'c [Note], connection: &'c Connection) -> Self {
        Self {
            chain,
            lock,
            notes,
            connection,
            place: 0,
            texts: Texts::default(),
            schema: Schema::default(),
            sum: Sum::default(),
            doubtful: HashSet::new(),
            is_known: true,
            needs_program: false,
            violations: 0,
            proven: Vec::new(),
            defects: Vec::new(),
            remarks: Vec::new(),
        }
    }

    fn revision(&self) -> &'c Revision {
        &self.chain.revisions()[self.place]
    }

    fn note(&self) -> &'c Note {
        &self.notes[self.place]
    }

    fn is_locked(&self) -> bool {
        self.lock.is_some_and(|lock| lock.has(self.revision().id()))
    }

    fn prove(&mut self) -> rusqlite::Result<()> {
        for (place, is_line) in self.chain.linear().into_iter().enumerate() {
            self.place = place;
            if !is_line {
                self.schema = std::mem::take(&mut self.schema).with_column_order(ColumnOrder::Free);
            }
            if !self.is_locked() {
                self.run_with_rows()?;
            }
            self.connection.execute_batch("BEGIN IMMEDIATE")?;
            self.prove_revision()?;
            self.connection.execute_batch("COMMIT")?;
            let proven = || Proven { fingerprint: self.schema.fingerprint(), texts: self.sum };
            self.proven.push(self.is_known.then(proven));
        }
        if self.is_known {
            self.find_keys_to_nothing()?;
            let (_, defects) = self.what_cannot_run()?;
            self.defects.extend(defects);
        }
        Ok(())
    }

    fn prove_revision(&mut self) -> rusqlite::Result<()> {
        let is_locked = self.is_locked();
        self.needs_program = false;
        let is_sound = self.run(Run::Upgrade)?;
        let before = std::mem::take(&mut self.texts);
        let after = texts(self.connection, Part::default())?;
        let (gone, new) = before.changes(&after);
        if !is_locked && is_sound {
            self.judge_destruction(&gone, &new);
        }
        self.sum.change(gone.iter().copied(), new.iter().copied());
        self.schema.change(gone, new);
        self.texts = after;
        if is_locked {
            return Ok(());
        }
        self.check_keys(Run::Upgrade)?;
        if let Downgrade::Sql(_) = self.revision().downgrade() {
            self.connection.execute_batch("SAVEPOINT revchain_upgraded")?;
            let violations = self.violations;
            let is_upgraded = self.prove_downgrade(&before, is_sound)?;
            // Either way, the database is as the upgrade has left it.
            self.violations = violations;
            if !is_upgraded {
                self.connection.execute_batch("ROLLBACK TO revchain_upgraded")?;
            }
            self.connection.execute_batch("RELEASE revchain_upgraded")?;
        }
        // What it makes may need the program only when it is used.
        if self.note().is_unproven && !self.needs_program && is_sound && self.what_cannot_run()?.0 {
            self.needs_program = true;
        }
        if self.note().is_unproven && !self.needs_program && is_sound {
            self.defects.push(proof::needlessly_unproven(self.revision(), self.note()));
        }
        Ok(())
    }

    /// Downgrades and upgrades again. Whether the database is as it was then.
    fn prove_downgrade(&mut self, before: &Texts, is_sound: bool) -> rusqlite::Result<bool> {
        let runs = self.run(Run::Downgrade)?;
        // After an upgrade of which something is missing there is no saying what should be there.
        if !(runs && is_sound) {
            return Ok(false);
        }
        let reverted = texts(self.connection, Part::default())?;
        if reverted != *before && !self.gives_back(before, &reverted) {
            return Ok(false);
        }
        self.check_keys(Run::Downgrade)?;
        if !self.run(Run::Again)? {
            return Ok(false);
        }
        // Where the texts are the same, so is what the same statements make of them.
        let again = || texts(self.connection, Part::default());
        Ok(reverted == *before || again()?.changes(&self.texts) == (Vec::new(), Vec::new()))
    }

    /// Whether the downgrade has given back the schema from before the upgrade.
    fn gives_back(&mut self, before: &Texts, reverted: &Texts) -> bool {
        let (lost, left) = before.changes(reverted);
        let (lost, left) = (Schema::read(lost), Schema::read(left));
        // What is in double quotes is a name or a string by what else there is.
        if lost == left && !lost.is_ambiguous() && !left.is_ambiguous() {
            return true;
        }
        let order = self.schema.column_order();
        let [expected, actual] =
            [before, reverted].map(|texts| texts.schema().clone().with_column_order(order));
        let diff = diff(&expected, &actual);
        if diff.is_empty() {
            return true;
        }
        if !diff.names().any(|name| self.is_doubtful(name)) {
            self.defects.push(proof::not_restored(self.chain, self.place, &diff));
        }
        false
    }

    /// Runs the revision with made-up rows in the tables that it rebuilds or adds to, and takes all of it back.
    fn run_with_rows(&mut self) -> rusqlite::Result<()> {
        let revision = self.revision();
        let mut tables = proof::tables_at_stake(revision.upgrade(), &self.schema);
        if let Downgrade::Sql(half) = revision.downgrade() {
            tables.extend(proof::tables_at_stake(half, &self.schema));
        }
        tables.sort_unstable();
        tables.dedup();
        tables.retain(|table| !self.is_doubtful(table));
        if tables.is_empty() || self.note().has_defects {
            return Ok(());
        }
        let judged = rows::judge(self.connection, revision, &self.schema, &tables)?;
        self.defects.extend(judged.defects);
        self.remarks.extend(judged.remarks);
        Ok(())
    }

    fn is_doubtful(&self, name: &str) -> bool {
        self.doubtful.contains(&name.to_ascii_lowercase())
    }

    fn judge_destruction(&mut self, gone: &[&str], new: &[&str]) {
        let (revision, note) = (self.revision(), self.note());
        let may_destroy = proof::may_destroy(revision);
        if !may_destroy && !revision.is_compatible() {
            return;
        }
        let mut after = self.schema.clone();
        after.change(gone.iter().copied(), new.iter().copied());
        if may_destroy {
            self.defects.extend(proof::destruction(revision, note, &self.schema, &after));
        }
        if revision.is_compatible() {
            self.defects.extend(proof::incompatible(revision, note, &self.schema, &after));
        }
    }

    /// Runs a half, and passes over what SQLite refuses. Whether it refused nothing.
    fn run(&mut self, run: Run) -> rusqlite::Result<bool> {
        let revision = self.revision();
        let direction = if run.is_upgrade() { Direction::Upgrade } else { Direction::Downgrade };
        let half = proof::half(revision, run);
        let mut is_sound = !self.note().has_defects;
        for (index, statement) in half.statements().enumerate() {
            // What the rules refuse, which is said already, must not run.
            if self.note().has_defects && !words::is_plain(statement.sql()) {
                continue;
            }
            let Err(error) = engine::run_statement(self.connection, revision, direction, &statement, &None)
            else {
                continue;
            };
            let (message, offset) = match error.kind() {
                ErrorKind::Statement(error) => (error.message.clone(), error::offset(&error.source)),
                kind => (kind.to_string(), None),
            };
            let names = words::names(statement.sql());
            let follows = self.note().has_defects || names.iter().any(|name| self.is_doubtful(name));
            if self.note().is_unproven && words::lacks_what_programs_register(statement.sql(), &message) {
                self.needs_program = true;
                if words::changes_rows_only(statement.sql()) {
                    continue;
                }
            } else {
                is_sound = false;
                if !follows {
                    self.defects.push(proof::refused(revision, run, index, offset, &message, &self.schema));
                }
            }
            self.is_known = false;
            self.doubtful.extend(names);
            if self.connection.is_autocommit() {
                // A conflict or a trigger has rolled all of it back.
                let statements = half.statements();
                self.doubtful.extend(statements.flat_map(|statement| words::names(statement.sql())));
                self.connection.execute_batch("BEGIN IMMEDIATE")?;
                if run != Run::Upgrade {
                    // What is gone on from is the database after the upgrade.
                    for statement in revision.upgrade().statements() {
                        let _ =
                            engine::run_statement(self.connection, revision, direction, &statement, &None);
                    }
                    self.connection.execute_batch("SAVEPOINT revchain_upgraded")?;
                }
                break;
            }
        }
        is_sound &= self.drop_temporary_tables(run)?;
        Ok(is_sound)
    }

    /// Whether the revision leaves no temporary table.
    fn drop_temporary_tables(&mut self, run: Run) -> rusqlite::Result<bool> {
        // Without the word, there is none; to ask takes longer.
        if !proof::half(self.revision(), run).sql().to_ascii_lowercase().contains("temp") {
            return Ok(true);
        }
        let Err(error) = engine::refuse_temporary_tables(self.connection, Some(self.revision())) else {
            return Ok(true);
        };
        if let ErrorKind::TemporaryTables { tables, .. } = error.kind() {
            self.defects.push(proof::leaves_temporary_tables(self.revision(), run, tables));
            for table in tables {
                let sql = format!("DROP TABLE IF EXISTS temp.{}", quote(table));
                let view = format!("DROP VIEW IF EXISTS temp.{}", quote(table));
                self.connection.execute_batch(&sql).or_else(|_| self.connection.execute_batch(&view))?;
            }
        }
        Ok(false)
    }

    fn check_keys(&mut self, run: Run) -> rusqlite::Result<()> {
        let found = foreign_keys::violations(self.connection);
        let count = found.as_ref().map_or(usize::MAX, |(_, count)| *count);
        let is_new = count > std::mem::replace(&mut self.violations, count);
        if !is_new || self.note().has_defects {
            return Ok(());
        }
        match found {
            Ok((mut violations, _)) => {
                violations.retain(|violation| {
                    !(self.is_doubtful(&violation.table) || self.is_doubtful(&violation.parent))
                });
                if !violations.is_empty() {
                    self.defects.push(rows::orphans(self.revision(), run, &violations, &self.schema));
                }
            }
            Err(source) if self.is_known => {
                self.defects.push(proof::mismatched_key(self.revision(), run, &error::message(&source)));
            }
            Err(_) => {}
        }
        Ok(())
    }

    /// The defects of views that cannot be read, and of triggers that cannot run: SQLite does not look into them when they
    /// are made. And whether any needs what only the program registers.
    fn what_cannot_run(&self) -> rusqlite::Result<(bool, Vec<Defect>)> {
        let mut statement = self.connection.prepare(
            "SELECT type, name, tbl_name, sql FROM main.sqlite_master WHERE type IN ('view', 'trigger') ORDER BY rowid",
        )?;
        let mut rows = statement.query([])?;
        let (mut needs_program, mut told, mut defects) = (false, HashSet::new(), Vec::new());
        while let Some(row) = rows.next()? {
            let (class, name, table, text): (String, String, String, String) =
                (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
            let sql = match words::trigger_event(&text).filter(|_| class == "trigger") {
                None => format!("SELECT * FROM main.{}", quote(&name)),
                Some(event) => firing(self.connection, &table, event)?,
            };
            let Err(error) = self.connection.prepare(&sql) else { continue };
            let message = error::message(&error);
            if words::lacks_what_programs_register(&text, &message) {
                needs_program = true;
            } else if words::may_be_to_blame(&text, &message) && told.insert((sql, message.clone())) {
                // All triggers of a table are read together, and one of them is to blame.
                defects.push(proof::unusable(self.chain, &class, &name, &message, &self.schema));
            }
        }
        Ok((needs_program, defects))
    }

    /// Reports the foreign keys of tables at the head that point at tables which no revision makes.
    fn find_keys_to_nothing(&mut self) -> rusqlite::Result<()> {
        for Key { table, parent, columns } in foreign_keys::all(self.connection)? {
            // Where rows have shown it, it is said.
            let is_said = self.defects.iter().any(|defect| {
                let names_parent = format!("has no match in {parent}");
                defect.code() == Code::ForeignKeyViolation
                    && defect.detail_lines().any(|line| line.ends_with(&names_parent))
            });
            let column = columns.first().map_or("", |(column, _)| column);
            if self.schema.columns(&parent).is_none() && !is_said {
                let defect = proof::key_to_nothing(self.chain, &table, column, &parent, &self.schema);
                self.defects.push(defect);
            }
        }
        Ok(())
    }
}

/// The statements that fire the triggers of a table or a view, without running them.
fn firing(connection: &Connection, table: &str, event: &str) -> rusqlite::Result<String> {
    let table_name = quote(table);
    Ok(match event {
        "INSERT" => format!("INSERT INTO main.{table_name} DEFAULT VALUES"),
        "DELETE" => format!("DELETE FROM main.{table_name}"),
        _ => {
            let sql = "SELECT name FROM pragma_table_xinfo(?1, 'main') WHERE hidden = 0";
            let mut statement = connection.prepare(sql)?;
            let names = statement.query_map([table], |row| row.get::<_, String>(0))?;
            let names: Vec<String> = names.collect::<Result<_, _>>()?;
            let set: Vec<String> =
                names.iter().map(|name| quote(name)).map(|name| format!("{name} = {name}")).collect();
            format!("UPDATE main.{table_name} SET {}", set.join(", "))
        }
    })
}
