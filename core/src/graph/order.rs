//! Sorting of the files, and the checks for cycles and for dates in the wrong order.

use std::collections::{BTreeSet, HashSet};

use super::file_graph::{FileGraph, FileIndex};
use crate::{Defect, DefectKind, DefectList};

impl FileGraph<'_> {
    /// Fills `order` with the files, so that each file comes after its parents.
    ///
    /// If several files could come next, the oldest file comes next.
    /// Leaves out the files in a cycle, and the descendants of these files.
    pub(super) fn sort(&mut self) {
        let mut waiting: Vec<usize> = self.parents.iter().map(Vec::len).collect();
        let roots = (0..self.files.len()).filter(|&file| waiting[file] == 0);
        let mut ready: BTreeSet<_> = roots.map(|file| (self.age(file), file)).collect();
        while let Some((_, file)) = ready.pop_first() {
            self.order.push(file);
            for &child in &self.children[file] {
                waiting[child] -= 1;
                if waiting[child] == 0 {
                    ready.insert((self.age(child), child));
                }
            }
        }
    }

    /// Returns the files in `order` as a set.
    fn sorted(&self) -> HashSet<FileIndex> {
        self.order.iter().copied().collect()
    }

    /// Reports each cycle.
    pub(super) fn check_cycles(&self, defects: &mut DefectList) {
        let sorted = self.sorted();
        let mut seen = sorted.clone();
        for start in 0..self.files.len() {
            // Each file outside `sorted` has a parent outside `sorted`, so the path enters a cycle.
            let mut path = Vec::new();
            let mut file = start;
            while seen.insert(file) {
                path.push(file);
                let mut parents = self.parents[file].iter();
                if let Some(&parent) = parents.find(|parent| !sorted.contains(parent)) {
                    file = parent;
                }
            }
            if let Some(first) = path.iter().position(|&visited| visited == file) {
                defects.push(self.cycle(&path[first..]));
            }
        }
    }

    /// Makes the defect for a cycle.
    ///
    /// In `cycle`, each file is followed by a parent. The first file is a parent of the last file.
    fn cycle(&self, cycle: &[FileIndex]) -> Defect {
        let ages = cycle.iter().map(|&file| (self.age(file), file));
        let youngest = ages.clone().max().map_or(cycle[0], |(_, file)| file);
        let oldest = ages.min().map_or(cycle[0], |(_, file)| file);
        let position = cycle.iter().position(|&file| file == oldest).unwrap_or(0);

        // The title lists each parent before its child, from the oldest file back to the oldest.
        let (from_oldest, after) = (&cycle[..=position], &cycle[position + 1..]);
        let files = from_oldest.iter().rev().chain(after.iter().rev());
        let mut ids: Vec<&str> = files.map(|&file| self.id(file)).collect();
        ids.push(self.id(oldest));
        let title = format!("revisions revise each other: {}", ids.join(" → "));

        let id = self.id(oldest);
        let help = format!("make {id} revise the revision before the cycle");
        let mut defect = Defect::new(DefectKind::Cycle, title).help(help);
        if youngest != oldest {
            defect = defect.with(self.path(youngest));
        }
        let parent = self.id(cycle[(position + 1) % cycle.len()]);
        let note = "the oldest file of the cycle";
        self.at_revises(oldest, Some(parent), note, defect)
    }

    /// Reports each file that is dated before one of its parents.
    pub(super) fn check_dates(&self, defects: &mut DefectList) {
        // Skip the parents that `sort` left out: `check_cycles` reports their cycle.
        let sorted = self.sorted();
        for (file, parsed) in self.files.iter().enumerate() {
            for &parent in &self.parents[file] {
                let dates = (parsed.date, self.files[parent].date);
                let (Some(date), Some(parent_date)) = dates else {
                    continue;
                };
                if date >= parent_date || !sorted.contains(&parent) {
                    continue;
                }
                let (id, parent_id) = (self.id(file), self.id(parent));
                let title = format!("{id} is dated {date:#}, before {parent_id}, which it revises");
                let prefix = parent_date.prefix();
                let help = format!(
                    "date its file {prefix} or later, or check that it revises the right revision"
                );
                let defect = Defect::new(DefectKind::DatedBeforeParent, title).help(help);
                let defect = defect.with(self.path(parent));
                let note = format!("{parent_id} is dated {parent_date:#}");
                defects.push(self.at_revises(file, Some(parent_id), &note, defect));
            }
        }
    }
}
