//! The judge: migrates a database with random rows, and compares it with what was to become of it.
//!
//! The judge shares no code with the proof. It knows from the generator where each value must be.

use revchain_runtime::Migrations;
use rusqlite::Connection;

use super::chain::RandomChain;
use super::constraints;
use super::constraints::rows;
use super::draft::{Expectation, Relation, Step};
use super::model::Schema;
use super::rng::Rng;
use super::rows::insert;

/// A run of a chain on one database.
struct Trial<'c> {
    migrations: &'c Migrations,
    db: Connection,
    rng: Rng,
    /// The most rows that a table gets between two revisions.
    most: usize,
    /// The constraints and objects that the current step must leave.
    constraints: Vec<String>,
}

/// Migrates several databases with random rows. Returns the first loss or failure.
pub(crate) fn judge(
    migrations: &Migrations,
    chain: &RandomChain,
    databases: u64,
) -> Result<(), String> {
    let steps = chain.steps.iter();
    let constraints: Vec<_> = steps
        .map(|step| constraints::of_schema(&step.after))
        .collect();
    for number in 0..databases {
        let mut trial = Trial {
            migrations,
            db: Connection::open_in_memory().unwrap(),
            rng: Rng::new(chain.seed ^ (number << 40)),
            most: [6, 2, 12][usize::try_from(number % 3).unwrap()],
            constraints: Vec::new(),
        };
        let mut before = Schema::default();
        for (index, step) in chain.steps.iter().enumerate() {
            let id = RandomChain::id(index);
            if trial.rng.chance(85) {
                insert(&trial.db, &mut trial.rng, &before, trial.most);
            }
            trial.constraints.clone_from(&constraints[index]);
            trial
                .run(&id, step, &before)
                .map_err(|problem| format!("{id} ({}): {problem}", step.kind))?;
            before.clone_from(&step.after);
        }
    }
    Ok(())
}

impl Trial<'_> {
    /// Runs a step, and for a downgrade that restores all, the downgrade and the step again.
    fn run(&mut self, id: &str, step: &Step, before: &Schema) -> Result<(), String> {
        let old = step.expectations.iter();
        let old = old.map(|expectation| rows(&self.db, &expectation.before));
        let old: Vec<Vec<String>> = old
            .collect::<Result<_, _>>()
            .map_err(|error| error.to_string())?;
        let tables = before.tables.iter().map(|table| super::sql::q(&table.name));
        let tables: Vec<String> = tables.collect();
        let contents = self.contents(&tables)?;
        self.upgrade(id, step, &old)?;
        if step.restores && !step.downgrade.is_empty() {
            let downgraded = self.migrations.migrator().downgrade_to(&mut self.db, "-1");
            downgraded.map_err(|error| format!("the downgrade failed: {error:#}"))?;
            let restored = self.contents(&tables)?;
            if contents != restored {
                return Err(format!(
                    "after the downgrade:\n{}",
                    difference(&contents, &restored)
                ));
            }
            self.upgrade(id, step, &old)?;
        }
        Ok(())
    }

    fn upgrade(&mut self, id: &str, step: &Step, old: &[Vec<String>]) -> Result<(), String> {
        let upgraded = self.migrations.migrator().upgrade_to(&mut self.db, id);
        upgraded.map_err(|error| format!("the upgrade failed: {error:#}"))?;
        for (expectation, old) in step.expectations.iter().zip(old) {
            self.compare(expectation, old)?;
        }
        let actual = constraints::of_database(&self.db).map_err(|error| error.to_string())?;
        let expected = self.constraints.iter();
        let missing: Vec<&str> = expected
            .filter(|line| !actual.contains(line))
            .map(String::as_str)
            .collect();
        if !missing.is_empty() {
            return Err(format!("the schema lacks\n  {}", missing.join("\n  ")));
        }
        let orphans = rows(&self.db, "SELECT * FROM pragma_foreign_key_check");
        match orphans {
            Ok(orphans) if orphans.is_empty() => Ok(()),
            other => Err(format!("foreign keys: {other:?}")),
        }
    }

    fn compare(&self, expectation: &Expectation, old: &[String]) -> Result<(), String> {
        let subject = &expectation.subject;
        let new = rows(&self.db, &expectation.after);
        let new = new.map_err(|error| format!("{subject}: {error}"))?;
        let is_met = match expectation.relation {
            Relation::Equal => old == new,
            Relation::NotLess => number(old) <= number(&new),
        };
        if is_met {
            return Ok(());
        }
        Err(format!("{subject}:\n{}", difference(old, &new)))
    }

    fn contents(&self, tables: &[String]) -> Result<Vec<String>, String> {
        let mut contents = Vec::new();
        for table in tables {
            let rows = rows(&self.db, &format!("SELECT * FROM {table}"));
            let rows = rows.map_err(|error| error.to_string())?;
            contents.extend(rows.into_iter().map(|row| format!("{table} {row}")));
        }
        Ok(contents)
    }
}

/// Returns the number in a result such as `[Integer(7)]`.
fn number(rows: &[String]) -> i64 {
    let digits = rows[0].trim_matches(|c: char| !c.is_ascii_digit() && c != '-');
    digits.parse().unwrap()
}

fn difference(old: &[String], new: &[String]) -> String {
    let lost = old.iter().filter(|row| !new.contains(row)).take(3);
    let other = new.iter().filter(|row| !old.contains(row)).take(3);
    let lines = lost.map(|row| format!("  - {row}"));
    let mut lines: Vec<String> = lines.chain(other.map(|row| format!("  + {row}"))).collect();
    lines.push(format!("  {} rows before, {} after", old.len(), new.len()));
    lines.join("\n")
}
