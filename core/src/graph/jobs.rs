//! The checks of jobs: each has a name of its own, and `@requires` names the job of an ancestor.

use std::collections::{HashMap, HashSet};
use std::iter;
use std::ops::Range;

use super::file_graph::{FileGraph, FileIndex};
use crate::diagnostics::Snippet;
use crate::diagnostics::suggest::did_you_mean;
use crate::parse::Body;
use crate::{Defect, DefectKind, DefectList, Script};

impl<'f> FileGraph<'f> {
    /// Reports each job whose name a file with a lower rank has, and each that is also code.
    ///
    /// Also reports each `@requires` that names no job of an ancestor.
    pub(super) fn check_jobs(&self, defects: &mut DefectList) {
        let mut ranked: Vec<FileIndex> = (0..self.files.len()).collect();
        ranked.sort_by_cached_key(|&file| self.rank(file));
        let code = self.files_of_code(&ranked);
        let mut known: HashMap<&str, FileIndex> = HashMap::new();
        for &file in &ranked {
            for (name, span) in self.body(file).flat_map(|body| &body.jobs) {
                let first = *known.entry(name).or_insert(file);
                if first != file {
                    let title = format!("two revisions have the job `{name}`");
                    let help = "give each job a function of its own";
                    let note = format!("{} has this job, too", self.id(first));
                    defects.push(self.duplicate(file, first, span, [&title, &note, help]));
                } else if let Some(&other) = code.get(name.as_str()) {
                    let title = format!("`{name}` is both a job and code");
                    let help = "give the job a function of its own: the types of the two differ";
                    let note = format!("{} runs it as code", self.id(other));
                    defects.push(self.duplicate(file, other, span, [&title, &note, help]));
                }
            }
        }
        // Without the right parents, the ancestors are not known.
        if self.is_complete {
            for &file in &ranked {
                self.check_requires(file, &known, defects);
            }
        }
    }

    fn body(&self, file: FileIndex) -> impl Iterator<Item = &'f Body> {
        self.files[file].body.iter()
    }

    /// Returns the first file with each name of `@code`.
    fn files_of_code(&self, ranked: &[FileIndex]) -> HashMap<&'f str, FileIndex> {
        let mut code = HashMap::new();
        for &file in ranked {
            for body in self.body(file) {
                let scripts = iter::once(&body.upgrade).chain(body.downgrade.script());
                for line in scripts.flat_map(Script::code) {
                    code.entry(line.name()).or_insert(file);
                }
            }
        }
        code
    }

    fn check_requires(
        &self,
        file: FileIndex,
        jobs: &HashMap<&str, FileIndex>,
        defects: &mut DefectList,
    ) {
        let mut requires = self.body(file).flat_map(|body| &body.requires).peekable();
        if requires.peek().is_none() {
            return;
        }
        let ancestry = self.ancestry(file);
        for (name, span) in requires {
            let owner = jobs.get(name.as_str()).copied();
            if owner.is_some_and(|owner| owner != file && ancestry.contains(&owner)) {
                continue;
            }
            let title = format!("no ancestor has the job `{name}`");
            let (note, help) = match owner {
                Some(owner) if owner == file => (
                    "its own job, which runs after its upgrade".to_owned(),
                    "remove it, or put the SQL that needs the job into a later revision".to_owned(),
                ),
                Some(owner) => {
                    let owner = self.id(owner);
                    let help = format!("make this revision a descendant of {owner}");
                    (format!("the job of {owner}"), help)
                }
                None => (
                    "no revision has this job".to_owned(),
                    unknown_help(name, file, jobs, &ancestry),
                ),
            };
            let snippet = Snippet::new(&self.files[file].text, 1, span.clone(), note);
            let defect = Defect::new(DefectKind::UnknownJob, title).help(help);
            defects.push(defect.at(self.path(file)).showing(snippet));
        }
    }

    /// Returns the defect of a job whose name another file has, too.
    ///
    /// `texts` are the title, the note and the help.
    fn duplicate(
        &self,
        file: FileIndex,
        other: FileIndex,
        span: &Range<usize>,
        texts: [&str; 3],
    ) -> Defect {
        let [title, note, help] = texts;
        let snippet = Snippet::new(&self.files[file].text, 1, span.clone(), note);
        let mut defect = Defect::new(DefectKind::DuplicateJob, title).help(help);
        if other != file {
            defect = defect.with(self.path(other));
        }
        defect.at(self.path(file)).showing(snippet)
    }
}

/// Returns the help for the name of a job that no revision has.
fn unknown_help(
    name: &str,
    file: FileIndex,
    jobs: &HashMap<&str, FileIndex>,
    ancestry: &HashSet<FileIndex>,
) -> String {
    let is_possible = |owner: &FileIndex| *owner != file && ancestry.contains(owner);
    let possible = jobs.iter().filter(|(_, owner)| is_possible(owner));
    match did_you_mean(name, possible.map(|(job, _)| *job)) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => {
            format!("add `-- @job {name}` to the revision that begins the job, or remove the line")
        }
    }
}
