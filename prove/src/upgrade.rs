//! An upgrade with its effect on the schema, as the checks of its declarations see it.

use std::collections::HashSet;

use revchain_core::Revision;
use revchain_core::load::SourceInfo;
use revchain_core::schema::Schema;

use crate::trial;

/// An upgrade, the schemas before and after it, and the results of its trials.
pub(crate) struct Upgrade<'u> {
    pub(crate) revision: &'u Revision,
    pub(crate) source: &'u SourceInfo,
    pub(crate) before: &'u Schema,
    pub(crate) after: &'u Schema,
    pub(crate) trial: &'u trial::Outcome,
    /// The offset from which on values are not judged; `None` for the end of the script.
    pub(crate) judged_up_to: Option<usize>,
    /// The lowercase names in rejected statements. Defects of these objects are not reported.
    pub(crate) tainted_names: &'u HashSet<String>,
}

impl Upgrade<'_> {
    /// Returns `true` if an earlier defect may be the cause of a defect of the object.
    pub(crate) fn is_tainted(&self, name: &str) -> bool {
        self.tainted_names.contains(&name.to_ascii_lowercase())
    }
}
