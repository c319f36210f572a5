//! Alembic: the output of `alembic upgrade head --sql`, and of `alembic downgrade head:base --sql`.
//!
//! The scripts `<id>_<words>.py` beside the output give the names and the dates.

use std::mem;

use super::found::{Layout, duplicate};
use crate::developer::import::migration::{Migration, Sql, Upgrade};
use crate::developer::import::tree::{SourceFile, Tree};
use crate::support::{Failure, Result};

/// The start of the comment above the SQL of a revision.
const UPGRADE: &str = "-- Running upgrade ";
const DOWNGRADE: &str = "-- Running downgrade ";
/// The comment above the SQL of `alembic stamp`.
const STAMP: &str = "-- Running stamp_revision ";

/// Returns `true` if a line is a mark of Alembic.
pub(super) fn is_mark(line: &str) -> bool {
    [UPGRADE, DOWNGRADE]
        .iter()
        .any(|mark| line.starts_with(mark))
}

/// A step of Alembic: `<from> -> <to>`, and the SQL below this comment.
struct Step {
    is_upgrade: bool,
    from: Vec<String>,
    to: Vec<String>,
    sql: Sql,
}

/// Splits the comma-separated ids of one side of the arrow.
fn ids(side: &str) -> Vec<String> {
    let ids = side.split(',').map(str::trim);
    ids.filter(|id| !id.is_empty()).map(str::to_owned).collect()
}

/// Reads the comment above a step. Returns `None` for another line.
fn step(line: &str, file: &SourceFile, number: usize) -> Option<Step> {
    let is_upgrade = line.starts_with(UPGRADE);
    let rest = line
        .strip_prefix(UPGRADE)
        .or_else(|| line.strip_prefix(DOWNGRADE))?;
    let (from, to) = rest.split_once("->")?;
    Some(Step {
        is_upgrade,
        from: ids(from),
        to: ids(to),
        sql: Sql {
            path: file.path.clone(),
            first_line: number + 1,
            text: String::new(),
        },
    })
}

/// Splits a file into steps. The first step also has the SQL above its comment.
fn steps(file: &SourceFile) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut above = String::new();
    let mut is_open = true;
    for (line, number) in file.text.lines().zip(1..) {
        if let Some(mut step) = step(line, file, number) {
            if steps.is_empty() {
                // An empty line stands for the comment, so that line numbers stay the same.
                step.sql.first_line = 1;
                step.sql.text = mem::take(&mut above) + "\n";
            }
            steps.push(step);
            is_open = true;
        } else if line.starts_with(STAMP) {
            is_open = false;
        } else if is_open {
            let text = steps
                .last_mut()
                .map_or(&mut above, |last| &mut last.sql.text);
            *text += line;
            text.push('\n');
        }
    }
    steps
}

pub(super) fn read(tree: &Tree) -> Result<Layout> {
    let mut layout = Layout::default();
    let mut downgrades: Vec<Step> = Vec::new();
    for file in tree.files.iter().filter(|file| file.is_sql()) {
        let steps = steps(file);
        if steps.is_empty() {
            layout.ignored.push(file.path.clone());
        }
        for step in steps {
            if step.is_upgrade {
                add(&mut layout.migrations, step)?;
            } else {
                downgrades.push(step);
            }
        }
    }
    for downgrade in downgrades {
        // A downgrade goes from the revision to its parents.
        let mut migrations = layout.migrations.iter_mut();
        let reverted = migrations.find(|migration| {
            downgrade.from == [migration.version.clone()]
                && migration.parents.as_ref() == Some(&downgrade.to)
        });
        if let Some(migration) = reverted {
            migration.downgrade = Some(downgrade.sql);
        }
    }
    for migration in &mut layout.migrations {
        take_name(migration, tree);
    }
    Ok(layout)
}

/// Takes the name and the date of a migration from its script, if the tree has the script.
fn take_name(migration: &mut Migration, tree: &Tree) {
    let prefix = format!("{}_", migration.version);
    let mut scripts = tree.files.iter().filter(|file| file.is_python());
    let Some(script) = scripts.find(|file| file.base_name().starts_with(&prefix)) else {
        return;
    };
    let words = script.base_name()[prefix.len()..].trim_end_matches(".py");
    words.clone_into(&mut migration.name);
    // The docstring has the line `Create Date: 2024-01-05 09:30:00.000000`.
    let mut lines = script.text.lines();
    let date = lines.find_map(|line| line.strip_prefix("Create Date:"));
    let digits = date
        .unwrap_or_default()
        .chars()
        .filter(char::is_ascii_digit);
    migration.date = Some(digits.take(12).collect());
}

fn add(migrations: &mut Vec<Migration>, step: Step) -> Result<()> {
    let [version] = &step.to[..] else {
        let (path, to) = (&step.sql.path, step.to.join(", "));
        let message = format!("{path}: an upgrade leads to several revisions: {to}");
        return Err(Failure::failed("bad-version", message));
    };
    if let Some(other) = migrations.iter().find(|other| other.version == *version) {
        return Err(duplicate(version, other.path(), &step.sql.path));
    }
    let upgrade = Upgrade::Sql(step.sql);
    let mut migration = Migration::new(version, version, &format!("revision {version}"), upgrade);
    migration.parents = Some(step.from);
    migrations.push(migration);
    Ok(())
}
