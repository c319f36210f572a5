//! The renames of an upgrade, and the statements that take them back.

use revchain_core::Script;
use revchain_core::schema::quote;

use super::objects::{Kind, Objects};
use crate::tables::{DdlEffect, effect};

/// The tables that exist before a script, as its statements rename and drop them.
pub(super) struct Renames {
    tables: Vec<Tracked>,
    /// The statements that take renames back, each with the index of its table.
    inverse: Vec<(usize, Inverse)>,
}

/// The statement that takes a rename back.
pub(super) struct Inverse {
    pub(super) statement: String,
    /// The statement that frees the old name of a column, if the upgrade has used the name again.
    pub(super) frees_name: Option<String>,
}

struct Tracked {
    /// The name before the script.
    origin: String,
    /// The name after the statements so far.
    name: String,
    is_dropped: bool,
}

impl Renames {
    pub(super) fn of(script: &Script, before: &Objects) -> Self {
        let tables = before.all.iter();
        let tables =
            tables.filter(|object| matches!(object.kind, Kind::Table | Kind::VirtualTable));
        let tables = tables.map(|table| Tracked {
            origin: table.name.clone(),
            name: table.name.clone(),
            is_dropped: false,
        });
        let mut renames = Self {
            tables: tables.collect(),
            inverse: Vec::new(),
        };
        for statement in script.statements() {
            if let Some((name, effect)) = effect(statement.sql()) {
                renames.apply(&name, effect);
            }
        }
        renames
    }

    fn apply(&mut self, name: &str, effect: DdlEffect) {
        let mut tables = self.tables.iter_mut().enumerate();
        let found = tables.find(|(_, table)| !table.is_dropped && is_same(&table.name, name));
        let Some((index, table)) = found else {
            return;
        };
        let shown = quote(&table.name);
        match effect {
            DdlEffect::DropTable => table.is_dropped = true,
            DdlEffect::RenameTable(to) => {
                let inverse = format!("ALTER TABLE {} RENAME TO {shown};", quote(&to));
                let inverse = Inverse {
                    statement: inverse,
                    frees_name: None,
                };
                self.inverse.push((index, inverse));
                table.name = to;
            }
            DdlEffect::RenameColumn(from, to) => {
                let (from, to) = (quote(&from), quote(&to));
                let inverse = Inverse {
                    statement: format!("ALTER TABLE {shown} RENAME COLUMN {to} TO {from};"),
                    frees_name: Some(format!("ALTER TABLE {shown} DROP COLUMN {from};")),
                };
                self.inverse.push((index, inverse));
            }
            _ => {}
        }
    }

    /// Returns `true` if the script creates the table `name`, which replaces no older table.
    pub(super) fn is_created(&self, name: &str) -> bool {
        let mut tables = self.tables.iter();
        !tables.any(|table| {
            // A new table with the name of a dropped table replaces it.
            let old_name = if table.is_dropped {
                &table.origin
            } else {
                &table.name
            };
            is_same(old_name, name)
        })
    }

    /// Returns the statements that take the renames back, in the order in which they must run.
    pub(super) fn inverse(&self) -> impl Iterator<Item = &Inverse> {
        let kept = self.inverse.iter().rev();
        let kept = kept.filter(|(index, _)| !self.tables[*index].is_dropped);
        kept.map(|(_, inverse)| inverse)
    }
}

fn is_same(name: &str, other: &str) -> bool {
    name.eq_ignore_ascii_case(other)
}
