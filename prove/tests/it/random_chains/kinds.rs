//! The kinds of steps: those that are sound, and those that lose something or fail.

use super::draft::{Draft, Step};
use super::model::Schema;
use super::rng::Rng;
use super::{broken, changes, loosened, rebuilds, sound};

/// The judgment of the present proof on a kind of step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// The proof accepts a sound step, or rejects a broken step.
    Holds,
    /// The proof does not do so yet, so the random chains leave the kind out.
    #[expect(dead_code, reason = "the proof rejects each kind at present")]
    Open,
}

pub(crate) struct Kind {
    pub(crate) name: &'static str,
    pub(crate) standing: Standing,
    write: fn(&mut Draft<'_>) -> Option<()>,
}

impl Kind {
    /// Returns a random step of this kind; `None` if the schema has nothing that it fits.
    pub(crate) fn step(&self, rng: &mut Rng, before: &Schema) -> Option<Step> {
        let mut draft = Draft::new(rng, before);
        (self.write)(&mut draft)?;
        Some(draft.finish(self.name))
    }
}

macro_rules! kinds {
    ($($standing:ident $module:ident::$name:ident,)*) => {
        &[$(Kind {
            name: stringify!($name),
            standing: Standing::$standing,
            write: $module::$name,
        }),*]
    };
}

/// Steps that lose nothing and fail nowhere.
pub(crate) const SOUND: &[Kind] = kinds![
    Holds sound::create_table,
    Holds sound::add_column,
    Holds sound::add_virtual_column,
    Holds sound::rename_column,
    Holds sound::rename_table,
    Holds sound::drop_declared_column,
    Holds sound::drop_declared_table,
    Holds sound::create_index,
    Holds sound::drop_index,
    Holds sound::create_view,
    Holds sound::create_trigger,
    Holds sound::insert_rows,
    Holds sound::count_with_recursion,
    Holds changes::update_rows,
    Holds changes::update_all_rows,
    Holds changes::delete_rows,
    Holds changes::delete_all_rows,
    Holds changes::delete_family,
    Holds changes::archive_rows,
    Holds changes::merge_columns,
    Holds changes::move_column,
    Holds changes::reuse_name,
    Holds changes::convert_column,
    Holds rebuilds::with_new_column,
    Holds rebuilds::reordered,
    Holds rebuilds::by_position,
    Holds rebuilds::old_aside,
    Holds rebuilds::with_needless_or_ignore,
    Holds rebuilds::without_rowid,
    Holds rebuilds::not_null_by_coalesce,
    Holds rebuilds::not_null_after_update,
    Holds rebuilds::unique_after_delete,
    Holds rebuilds::check_after_update,
    Holds rebuilds::without_declared_column,
    Holds rebuilds::without_declared_rows,
    Holds rebuilds::loosened,
    Holds rebuilds::integer_to_text,
    Holds rebuilds::split_column,
    Holds rebuilds::extract_words,
    Holds rebuilds::with_text_of_parent,
];

/// Steps that lose something or fail at some users.
pub(crate) const BROKEN: &[Kind] = kinds![
    Holds broken::copy_omits_column,
    Holds broken::copy_omits_column_with_default,
    Holds broken::copy_swaps_columns,
    Holds broken::copy_repeats_column,
    Holds broken::copy_by_position_swaps,
    Holds broken::copy_sets_null,
    Holds broken::copy_sets_constant,
    Holds broken::copy_reads_quoted_typo,
    Holds broken::update_reads_quoted_typo,
    Holds broken::copy_filters_nulls,
    Holds broken::copy_filters_word,
    Holds broken::copy_filters_after_delete,
    Holds broken::copy_joins_parent,
    Holds broken::copy_groups_rows,
    Holds broken::copy_limits_rows,
    Holds broken::or_ignore_new_not_null,
    Holds broken::or_ignore_new_unique,
    Holds broken::or_ignore_new_check,
    Holds broken::or_replace_new_unique,
    Holds broken::new_not_null_fails,
    Holds broken::new_unique_fails,
    Holds broken::new_check_fails,
    Holds broken::text_to_number,
    Holds broken::counter_is_lost,
    Holds broken::children_follow_old_table,
    Holds broken::update_then_omits_other,
    Holds broken::declared_column_hides_other,
    Holds broken::split_copies_some,
    Holds broken::downgrade_omits_column,
    Holds broken::second_copy_omits_column,
    Holds broken::conversion_forgets_null,
    Holds broken::refill_from_some_rows,
    Holds loosened::loses_not_null,
    Holds loosened::loses_unique,
    Holds loosened::loses_check,
    Holds loosened::loses_default,
    Holds loosened::loses_collation,
    Holds loosened::loses_reference,
    Holds loosened::loses_action,
    Holds loosened::loses_generated,
    Holds loosened::loses_autoincrement,
    Holds loosened::loses_key,
    Holds loosened::loses_strict,
    Holds loosened::loses_index,
    Holds loosened::loses_trigger,
    Holds loosened::unique_index_becomes_plain,
    Holds loosened::index_loses_where,
    Holds loosened::loses_view,
    Holds loosened::create_table_as,
    Holds loosened::drops_column,
    Holds loosened::drops_table,
    Holds loosened::drops_and_adds_column,
    Holds loosened::merge_forgets_column,
    Holds loosened::unique_index_fails,
    Holds loosened::unique_index_on_new_column_fails,
    Holds loosened::stored_column_fails,
    Holds loosened::delete_leaves_children,
    Holds loosened::drop_leaves_children,
    Holds loosened::new_reference_fails,
];
