//! The check that no two revisions declare the same `@was`.

use std::collections::HashMap;

use super::file_graph::{FileGraph, FileIndex};
use crate::diagnostics::Snippet;
use crate::model::was::Tool;
use crate::{Defect, DefectKind, DefectList};

impl FileGraph<'_> {
    /// Reports each `@was` that a file with a lower rank declares, too.
    pub(super) fn check_was(&self, defects: &mut DefectList) {
        let mut ranked: Vec<FileIndex> = (0..self.files.len()).collect();
        ranked.sort_by_cached_key(|&file| self.rank(file));
        let mut known: HashMap<(Tool, &str), FileIndex> = HashMap::new();
        for file in ranked {
            let body = self.files[file].body.as_ref();
            for (was, span) in body.into_iter().flat_map(|body| &body.was) {
                let first = *known.entry((was.tool, &was.version)).or_insert(file);
                if first == file {
                    continue;
                }
                let title = format!("two revisions were {was}");
                let help = "keep the line in the revision that does what that migration did";
                let note = format!("{} has this line, too", self.id(first));
                let snippet = Snippet::new(&self.files[file].text, 1, span.clone(), note);
                let defect = Defect::new(DefectKind::DuplicateWas, title).help(help);
                let defect = defect.with(self.path(first)).at(self.path(file));
                defects.push(defect.showing(snippet));
            }
        }
    }
}
