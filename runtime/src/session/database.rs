//! The connection, the chain, and the settings of a request, as one value.

use revchain_core::{Chain, Revision, RevisionIndex};
use rusqlite::Connection;

use crate::migrations::Migrations;
use crate::settings::Settings;

/// The connection, the chain, and the settings of a request.
#[derive(Clone, Copy)]
pub(crate) struct Database<'s> {
    pub(crate) connection: &'s Connection,
    pub(crate) migrations: &'s Migrations,
    pub(crate) settings: &'s Settings<'s>,
}

impl<'s> Database<'s> {
    pub(crate) fn chain(&self) -> &'s Chain {
        self.migrations.chain()
    }

    pub(crate) fn revision(&self, index: RevisionIndex) -> &'s Revision {
        &self.migrations.chain()[index]
    }

    pub(crate) fn revision_at(&self, index: Option<RevisionIndex>) -> Option<&'s Revision> {
        index.map(|index| self.revision(index))
    }
}
