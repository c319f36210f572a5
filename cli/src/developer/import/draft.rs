//! A revision that `import` is about to write.

use revchain_core::source::file_name::FileName;
use revchain_core::{Date, Was};

/// The directives that a migration of another tool may have in its first comment.
///
/// With them, a user declares what the proof needs to know, before the import.
const TAKEN_OVER: &[&str] = &[
    "destroys",
    "loosens",
    "assumes",
    "function",
    "collation",
    "module",
    "unproven",
    "compatible",
];

/// A revision that `import` is about to write.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    pub(crate) id: String,
    pub(crate) date: Date,
    pub(crate) slug: String,
    /// The comment lines at the start. The first one is the summary.
    pub(crate) comment: Vec<String>,
    /// The ids of the parents; empty for the first revision.
    pub(crate) parents: Vec<String>,
    pub(crate) was: Vec<Was>,
    pub(crate) upgrade: String,
    /// The upgrade with the pragmas that change what its statements do; `None` without such
    /// pragmas.
    pub(crate) upgrade_with_pragmas: Option<String>,
    pub(crate) downgrade: Reverse,
    /// `true` if the tool did not enforce foreign keys while the upgrade ran.
    pub(crate) turns_keys_off: bool,
    /// The index of the last migration that is in the revision.
    pub(crate) migration: usize,
    /// The paths of the files that the revision is made of.
    pub(crate) sources: Vec<String>,
}

/// The downgrade of a draft.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reverse {
    Sql(String),
    /// No downgrade exists, for this reason.
    Irreversible(String),
}

/// The text of a draft.
#[derive(Debug, Clone)]
pub(crate) struct Rendered {
    pub(crate) text: String,
    /// The line of `-- @downgrade`, if there is one.
    pub(crate) downgrade_line: Option<u32>,
}

impl Draft {
    pub(crate) fn file_name(&self) -> String {
        let (date, id, slug) = (self.date, self.id.clone(), self.slug.clone());
        FileName { date, id, slug }.to_string()
    }

    /// Returns the upgrade with the pragmas that change what its statements do.
    pub(crate) fn replayed(&self) -> &str {
        self.upgrade_with_pragmas
            .as_deref()
            .unwrap_or(&self.upgrade)
    }

    /// Returns the text of the file.
    pub(crate) fn render(&self) -> Rendered {
        let mut lines: Vec<String> = Vec::new();
        let (directives, comment): (Vec<&String>, Vec<&String>) =
            self.comment.iter().partition(|line| is_taken_over(line));
        lines.extend(comment.into_iter().map(|line| without_directive(line)));
        let parents = match self.parents[..] {
            [] => "base".to_owned(),
            _ => self.parents.join(" "),
        };
        lines.push(format!("-- @revises {parents}"));
        for was in &self.was {
            let suffix = if was.is_empty { " empty" } else { "" };
            lines.push(format!("-- @was {was}{suffix}"));
        }
        lines.extend(directives.into_iter().cloned());
        if let Reverse::Irreversible(reason) = &self.downgrade {
            lines.push(format!("-- @irreversible {reason}"));
        }
        let mut text = lines.join("\n") + "\n\n-- @upgrade\n";
        push_script(&mut text, &self.upgrade);
        let mut downgrade_line = None;
        if let Reverse::Sql(sql) = &self.downgrade {
            text.push('\n');
            let line = text.matches('\n').count() + 1;
            downgrade_line = u32::try_from(line).ok();
            text += "-- @downgrade\n";
            push_script(&mut text, sql);
        }
        Rendered {
            text,
            downgrade_line,
        }
    }
}

fn push_script(text: &mut String, sql: &str) {
    if !sql.is_empty() {
        *text += sql;
        text.push('\n');
    }
}

/// Returns `true` if a comment line is a directive that the new file keeps.
pub(crate) fn is_taken_over(line: &str) -> bool {
    let directive = line.strip_prefix("-- @").unwrap_or_default();
    let name = directive.split_whitespace().next().unwrap_or_default();
    TAKEN_OVER.contains(&name)
}

/// Returns a comment line that revchain does not read as a directive.
pub(crate) fn without_directive(line: &str) -> String {
    let words = line.trim_start_matches('-').trim_start();
    match words.strip_prefix('@') {
        Some(rest) => format!("-- : @{rest}"),
        None => line.to_owned(),
    }
}
