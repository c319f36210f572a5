//! Random chains, and the files of a chain.

use std::fs;
use std::path::Path;

use super::draft::Step;
use super::kinds::{BROKEN, Kind, SOUND, Standing};
use super::model::Schema;
use super::rng::Rng;

pub(crate) struct RandomChain {
    pub(crate) seed: u64,
    pub(crate) steps: Vec<Step>,
    /// The kind of the broken step at the end; `None` if all steps are sound.
    pub(crate) broken: Option<&'static str>,
}

impl RandomChain {
    /// Returns a chain of sound steps, and often a broken step at its end.
    pub(crate) fn random(seed: u64) -> Self {
        let mut rng = Rng::new(seed);
        let mut chain = Self {
            seed,
            steps: Vec::new(),
            broken: None,
        };
        for _ in 0..=1 + rng.below(2) {
            chain.push(&SOUND[0], &mut rng);
        }
        for _ in 0..1 + rng.below(4) {
            chain.push_any(SOUND, &mut rng);
        }
        if rng.chance(30) && chain.push_any(BROKEN, &mut rng) {
            chain.broken = chain.steps.last().map(|step| step.kind);
        }
        chain
    }

    /// Returns a chain that ends with a step of this kind; `None` if no step fits the tables.
    pub(crate) fn of_kind(seed: u64, kind: &Kind) -> Option<Self> {
        let mut rng = Rng::new(seed);
        let mut chain = Self {
            seed,
            steps: Vec::new(),
            broken: None,
        };
        for name in [
            "create_table",
            "create_table",
            "create_table",
            "create_view",
            "create_trigger",
        ] {
            let kind = SOUND.iter().find(|kind| kind.name == name)?;
            if name == "create_table" || rng.chance(20) {
                chain.push(kind, &mut rng);
            }
        }
        chain.push(kind, &mut rng).then_some(chain)
    }

    fn schema(&self) -> Schema {
        let last = self.steps.last();
        last.map(|step| step.after.clone()).unwrap_or_default()
    }

    /// Adds a step of this kind. Returns `false` if no step fits the tables.
    fn push(&mut self, kind: &Kind, rng: &mut Rng) -> bool {
        let step = kind.step(rng, &self.schema());
        let has_step = step.is_some();
        self.steps.extend(step);
        has_step
    }

    /// Adds a step of a random kind that holds. Returns `false` if a few kinds do not fit.
    fn push_any(&mut self, kinds: &[Kind], rng: &mut Rng) -> bool {
        for _ in 0..20 {
            let kind = &kinds[rng.below(kinds.len())];
            if kind.standing == Standing::Holds && self.push(kind, rng) {
                return true;
            }
        }
        false
    }

    /// Returns the id of the revision at an index.
    pub(crate) fn id(index: usize) -> String {
        format!("{:03}", index + 1)
    }

    /// Returns the name and the text of each file.
    pub(crate) fn files(&self) -> Vec<(String, String)> {
        let steps = self.steps.iter().enumerate();
        steps
            .map(|(index, step)| {
                let parent = match index.checked_sub(1) {
                    Some(index) => Self::id(index),
                    None => "base".to_owned(),
                };
                let id = Self::id(index);
                let name = format!("20260101_0{id}_{id}_{}.sql", step.kind);
                (name, text(step, &parent))
            })
            .collect()
    }

    pub(crate) fn write(&self, directory: &Path) {
        fs::create_dir_all(directory).unwrap();
        for (name, text) in self.files() {
            fs::write(directory.join(name), text).unwrap();
        }
    }

    /// Returns the files as one text, for a failure.
    pub(crate) fn show(&self) -> String {
        let mut shown = format!("the chain of seed {}\n", self.seed);
        for (name, text) in self.files() {
            shown += &format!("=== {name}\n{text}");
        }
        shown
    }
}

fn text(step: &Step, parent: &str) -> String {
    let mut text = format!("-- A step: {}.\n-- @revises {parent}\n", step.kind);
    for directive in &step.header {
        text += &format!("-- {directive}\n");
    }
    if step.downgrade.is_empty() {
        text += "-- @irreversible the step has no downgrade\n";
    }
    text += &format!("-- @upgrade\n{};\n", step.upgrade.join(";\n"));
    if !step.downgrade.is_empty() {
        text += &format!("-- @downgrade\n{};\n", step.downgrade.join(";\n"));
    }
    text
}
