//! The step from the migrations of a tool to drafts of revisions.

use std::collections::HashMap;

use super::clean::{Cleaned, Context, Removed, clean};
use super::draft::{Draft, Reverse};
use super::item::{Item, ItemKind};
use super::migration::{Migration, Upgrade};
use super::names::{self, DateOf};
use super::squash::{Span, squash};
use super::tool::Tool;
use crate::developer::naming;
use crate::support::Result;
use revchain_core::{Date, Tool as Record, Was};

/// The drafts, and what the report says about the way to them.
#[derive(Debug, Default)]
pub(crate) struct Assembly {
    /// The drafts. Each one comes after its parents.
    pub(crate) drafts: Vec<Draft>,
    /// The listed parts, each with the index of its migration.
    pub(crate) items: Vec<(usize, Item)>,
    pub(crate) skipped: Vec<Skipped>,
    /// The first part that needs a decision in a migration without other SQL, and the index of the
    /// migration. A chain without the part would record that the migration changed nothing.
    pub(crate) undecided: Option<(usize, Item)>,
    pub(crate) removed: Removed,
    /// The number of dates that are not those in the names.
    pub(crate) made_up_dates: usize,
}

/// The migrations to import.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Source<'m> {
    pub(crate) tool: Tool,
    pub(crate) migrations: &'m [Migration],
    /// The drafts to join.
    pub(crate) squash: &'m [Span],
}

/// A migration without SQL.
#[derive(Debug, Clone)]
pub(crate) struct Skipped {
    pub(crate) path: String,
    pub(crate) version: String,
}

/// The parts of a migration that become a draft.
struct Parts<'m> {
    migration: &'m Migration,
    index: usize,
    upgrade: Cleaned,
    downgrade: Reverse,
}

/// Cleans the first `count` migrations, and makes a draft of each one that has SQL.
///
/// # Errors
///
/// Fails if SQL cannot be split into statements, or if branches cannot be joined.
pub(crate) fn assemble(source: Source<'_>, count: usize) -> Result<Assembly> {
    let tool = source.tool;
    let migrations = source.migrations.get(..count).unwrap_or(source.migrations);
    let ids = names::revision_ids(migrations.iter().map(|migration| migration.id.as_str()));
    let mut assembly = Assembly::default();
    let mut builder = Builder::new(tool, migrations);
    for (index, migration) in migrations.iter().enumerate() {
        let parts = assembly.clean(tool, migration, index)?;
        let parents = builder.parents_of(migration);
        if parts.upgrade.statements == 0 && parents.len() < 2 {
            assembly.find_undecided(index);
            assembly.skipped.push(Skipped {
                path: migration.path().to_owned(),
                version: migration.version.clone(),
            });
            builder.skip(migration, &parents);
            continue;
        }
        builder.add(&parts, parents, ids[index].clone());
    }
    assembly.made_up_dates = builder.made_up_dates;
    assembly.drafts = builder.drafts;
    for span in source.squash {
        squash(&mut assembly.drafts, span)?;
    }
    Ok(assembly)
}

impl Assembly {
    /// Cleans both scripts of a migration. Lists what the upgrade loses.
    fn clean<'m>(
        &mut self,
        tool: Tool,
        migration: &'m Migration,
        index: usize,
    ) -> Result<Parts<'m>> {
        let context = Context {
            tool,
            is_template: migration.is_template,
        };
        let upgrade = match &migration.upgrade {
            Upgrade::Sql(sql) => clean(sql, context)?,
            Upgrade::Code { path } => {
                let item = Item {
                    kind: ItemKind::Code,
                    path: path.clone(),
                    line: None,
                    text: String::new(),
                };
                self.items.push((index, item));
                Cleaned::default()
            }
        };
        if let Some(mark) = &migration.no_transaction {
            let item = Item {
                kind: ItemKind::NoTransaction,
                path: mark.path.clone(),
                line: Some(mark.line),
                text: mark.text.clone(),
            };
            self.items.push((index, item));
        }
        let items = upgrade.items.iter().cloned();
        self.items.extend(items.map(|item| (index, item)));
        self.removed += upgrade.removed;
        let downgrade = self.clean_downgrade(tool, migration, context);
        Ok(Parts {
            migration,
            index,
            upgrade,
            downgrade,
        })
    }

    /// Sets `undecided` if a migration without SQL has a part that may have changed the database.
    fn find_undecided(&mut self, migration: usize) {
        if self.undecided.is_some() {
            return;
        }
        let mut items = self.items.iter();
        // A `ROLLBACK` has undone nothing if there is no other SQL.
        let undecided = items.find(|(index, item)| {
            *index == migration && item.kind.needs_decision() && item.kind != ItemKind::Rollback
        });
        self.undecided = undecided.cloned();
    }

    fn clean_downgrade(&mut self, tool: Tool, migration: &Migration, context: Context) -> Reverse {
        let Some(sql) = &migration.downgrade else {
            let reason = match tool {
                Tool::Refinery | Tool::Plain => format!("{} has no downgrades", tool.name()),
                _ => format!("no downgrade was written for {}", tool.name()),
            };
            return Reverse::Irreversible(reason);
        };
        // Databases in the field do not need the downgrade, so it cannot stop the import.
        let cleaned = match clean(sql, context) {
            Ok(cleaned) => cleaned,
            Err(failure) => return Reverse::Irreversible(failure.message),
        };
        self.removed += cleaned.removed;
        let mut items = cleaned.items.iter();
        if let Some(item) = items.find(|item| item.kind.can_matter()) {
            let reason = format!("the downgrade for {} has `{}`", tool.name(), item.text);
            return Reverse::Irreversible(reason);
        }
        if cleaned.statements == 0 {
            let reason = format!("the downgrade for {} is empty", tool.name());
            return Reverse::Irreversible(reason);
        }
        Reverse::Sql(cleaned.with_lead())
    }
}

/// The drafts so far.
struct Builder {
    record: Record,
    drafts: Vec<Draft>,
    made_up_dates: usize,
    /// The ids of the revisions that stand for each version: one, or those of the parents of a
    /// skipped migration.
    revisions: HashMap<String, Vec<String>>,
    /// The empty versions before the first draft.
    leading: Vec<Was>,
    /// `true` if the first migration has no version: it is the schema before the tool.
    has_first: bool,
}

impl Builder {
    fn new(tool: Tool, migrations: &[Migration]) -> Self {
        let first = migrations.first();
        Self {
            record: tool.record(),
            drafts: Vec::new(),
            made_up_dates: 0,
            revisions: HashMap::new(),
            leading: Vec::new(),
            has_first: first.is_some_and(|first| first.version.is_empty()),
        }
    }

    /// Returns the ids of the revisions that the migration revises.
    fn parents_of(&self, migration: &Migration) -> Vec<String> {
        let Some(versions) = &migration.parents else {
            let last = self.drafts.last();
            return last.map(|draft| draft.id.clone()).into_iter().collect();
        };
        let mut parents: Vec<String> = Vec::new();
        for version in versions {
            match self.revisions.get(version) {
                Some(ids) => parents.extend(ids.iter().cloned()),
                None => parents.push(version.clone()),
            }
        }
        if versions.is_empty() && self.has_first {
            parents.extend(self.drafts.first().map(|first| first.id.clone()));
        }
        let mut known = Vec::new();
        parents.retain(|parent| {
            let is_new = !known.contains(parent);
            known.push(parent.clone());
            is_new
        });
        parents
    }

    /// Records the version of a migration without SQL at the revision before it.
    fn skip(&mut self, migration: &Migration, parents: &[String]) {
        self.revisions
            .insert(migration.version.clone(), parents.to_vec());
        let Some(was) = self.was(migration, true) else {
            return;
        };
        let mut drafts = self.drafts.iter_mut().rev();
        match drafts.find(|draft| parents.contains(&draft.id)) {
            Some(draft) => draft.was.push(was),
            None => self.leading.push(was),
        }
    }

    fn was(&self, migration: &Migration, is_empty: bool) -> Option<Was> {
        if migration.version.is_empty() {
            return None;
        }
        Some(Was {
            tool: self.record,
            version: migration.version.clone(),
            is_empty,
        })
    }

    /// Returns the date of a migration, which is not before those of its parents.
    fn date(&mut self, migration: &Migration, parents: &[String]) -> Date {
        let drafts = self.drafts.iter();
        let before = drafts.filter(|draft| parents.contains(&draft.id));
        let before = before.map(|draft| draft.date).max();
        let dated = migration.date.as_ref().unwrap_or(&migration.id);
        match names::date(dated, before) {
            DateOf::Name(date) => date,
            DateOf::MadeUp(date) => {
                self.made_up_dates += 1;
                date
            }
        }
    }

    fn add(&mut self, parts: &Parts<'_>, parents: Vec<String>, id: String) {
        let migration = parts.migration;
        let date = self.date(migration, &parents);
        let mut was = std::mem::take(&mut self.leading);
        was.extend(self.was(migration, false));
        self.revisions
            .insert(migration.version.clone(), vec![id.clone()]);
        let mut comment = parts.upgrade.lead.clone();
        let has_words = |line: &String| {
            let words = line.trim_start_matches('-').trim();
            words.contains(char::is_alphanumeric) && !words.starts_with('@')
        };
        match comment.iter().position(has_words) {
            Some(0) => {}
            _ => {
                let description = names::description(&migration.name);
                comment.insert(0, format!("-- {}", naming::summary(&description)));
            }
        }
        let is_empty = parts.upgrade.statements == 0;
        let downgrade = match &parts.downgrade {
            // An empty merge has nothing to revert.
            Reverse::Irreversible(_) if is_empty => Reverse::Sql(String::new()),
            downgrade => downgrade.clone(),
        };
        // Inside a transaction, `PRAGMA foreign_keys` has no effect.
        let turns_keys_off =
            migration.no_transaction.is_some() && parts.upgrade.removed.foreign_keys > 0;
        self.drafts.push(Draft {
            id,
            date,
            slug: names::slug(&migration.name),
            comment,
            parents,
            was,
            upgrade: parts.upgrade.text.clone(),
            upgrade_with_pragmas: parts.upgrade.with_pragmas.clone(),
            downgrade,
            turns_keys_off,
            migration: parts.index,
            sources: vec![migration.path().to_owned()],
        });
    }
}
