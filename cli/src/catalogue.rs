//! The catalogue: a page for each error and for each defect, by the name at the end of a message.
//!
//! The command `explain NAME` prints a page.

/// A page of the catalogue.
#[derive(Debug)]
pub(crate) struct Page {
    /// The name of the error or the defect.
    pub(crate) name: &'static str,
    /// The page, in Markdown.
    pub(crate) text: &'static str,
}

impl Page {
    /// Returns the first paragraph, which states the fact in one line.
    pub(crate) fn summary(&self) -> &'static str {
        self.text.lines().nth(2).unwrap_or_default()
    }
}

/// Returns the page of a name.
pub(crate) fn find(name: &str) -> Option<&'static Page> {
    PAGES.iter().find(|page| page.name == name)
}

macro_rules! pages {
    ($($module:ident $name:literal,)+) => {
        /// All pages, sorted by name.
        pub(crate) const PAGES: &[Page] = &[$(Page {
            name: $name,
            text: include_str!(concat!("../catalogue/", $name, ".md")),
        }),+];

        $(
            #[doc = include_str!(concat!("../catalogue/", $name, ".md"))]
            pub mod $module {}
        )+
    };
}

pages! {
    ambiguous "ambiguous",
    assumes_nothing "assumes-nothing",
    backup "backup",
    bad_date "bad-date",
    bad_file_name "bad-file-name",
    bad_name "bad-name",
    bad_section "bad-section",
    bad_version "bad-version",
    baseline_differs "baseline-differs",
    before_upgrade "before-upgrade",
    behind "behind",
    bind_parameter "bind-parameter",
    busy "busy",
    changed "changed",
    changes_all_rows "changes-all-rows",
    code "code",
    code_fails "code-fails",
    compares_types "compares-types",
    compares_with_null "compares-with-null",
    corrupt "corrupt",
    creates_nothing "creates-nothing",
    cycle "cycle",
    damaged "damaged",
    damaged_program "damaged-program",
    dated_before_parent "dated-before-parent",
    depends_on_pragma "depends-on-pragma",
    destroys_nothing "destroys-nothing",
    disk_full "disk-full",
    double_quoted_string "double-quoted-string",
    downgrade_does_not_restore "downgrade-does-not-restore",
    drifted "drifted",
    duplicate_directive "duplicate-directive",
    duplicate_job "duplicate-job",
    duplicate_revision "duplicate-revision",
    duplicate_section "duplicate-section",
    duplicate_version "duplicate-version",
    duplicate_was "duplicate-was",
    edited "edited",
    empty_directory "empty-directory",
    empty_section "empty-section",
    fails_on_rows "fails-on-rows",
    foreign_key_violation "foreign-key-violation",
    foreign_keys "foreign-keys",
    forgotten_in_rebuild "forgotten-in-rebuild",
    gap "gap",
    has_downgrade "has-downgrade",
    has_migrations "has-migrations",
    ignored_own "ignored-own",
    in_transaction "in-transaction",
    incompatible "incompatible",
    insert_without_columns "insert-without-columns",
    invalid_query "invalid-query",
    invalid_token "invalid-token",
    io "io",
    irreversible "irreversible",
    job "job",
    lock_head_differs "lock-head-differs",
    locked "locked",
    locked_order_changed "locked-order-changed",
    locked_revision_changed "locked-revision-changed",
    locked_revision_missing "locked-revision-missing",
    loosened_in_rebuild "loosened-in-rebuild",
    loosens_nothing "loosens-nothing",
    malformed_directive "malformed-directive",
    malformed_lock "malformed-lock",
    misplaced_directive "misplaced-directive",
    missing "missing",
    missing_code "missing-code",
    missing_parent "missing-parent",
    missing_section "missing-section",
    missing_summary "missing-summary",
    missing_value "missing-value",
    mixed_parameters "mixed-parameters",
    moves_by_position "moves-by-position",
    multiple_heads "multiple-heads",
    multiple_roots "multiple-roots",
    needless_stand_in "needless-stand-in",
    needlessly_unproven "needlessly-unproven",
    newer "newer",
    no_chain "no-chain",
    no_journal "no-journal",
    no_migrations "no-migrations",
    no_script "no-script",
    no_table "no-table",
    no_wal "no-wal",
    not_a_database "not-a-database",
    not_a_query "not-a-query",
    not_a_table "not-a-table",
    not_among "not-among",
    not_checked "not-checked",
    not_one_statement "not-one-statement",
    not_owned "not-owned",
    not_the_head "not-the-head",
    not_transactional "not-transactional",
    not_utf8 "not-utf8",
    on_connect "on-connect",
    open "open",
    other_name "other-name",
    out_of_memory "out-of-memory",
    out_of_reach "out-of-reach",
    output "output",
    own_table "own-table",
    parameter_gap "parameter-gap",
    query_fails "query-fails",
    read_only "read-only",
    record_contradicted "record-contradicted",
    record_differs "record-differs",
    record_failed "record-failed",
    record_gap "record-gap",
    record_incomplete "record-incomplete",
    record_unnamed "record-unnamed",
    replicated_directive "replicated-directive",
    replicated_failure "replicated-failure",
    replicated_function "replicated-function",
    replicated_loss "replicated-loss",
    replicated_order "replicated-order",
    replicated_pragma "replicated-pragma",
    replicated_size "replicated-size",
    replicated_temporary "replicated-temporary",
    reversible_and_not "reversible-and-not",
    rows_lost "rows-lost",
    runs_too_long "runs-too-long",
    same_schema "same-schema",
    self_parent "self-parent",
    sql_error "sql-error",
    sql_in_header "sql-in-header",
    sqlite "sqlite",
    statement "statement",
    stopped "stopped",
    stray_file "stray-file",
    temporary_tables "temporary-tables",
    temporary_triggers "temporary-triggers",
    transaction_control "transaction-control",
    transaction_ended "transaction-ended",
    undecidable "undecidable",
    undeclared_destruction "undeclared-destruction",
    unknown_code "unknown-code",
    unknown_directive "unknown-directive",
    unknown_job "unknown-job",
    unknown_parent "unknown-parent",
    unknown_schema "unknown-schema",
    unknown_target "unknown-target",
    unmanaged "unmanaged",
    unreadable_directory "unreadable-directory",
    unreadable_file "unreadable-file",
    unrecognized "unrecognized",
    unterminated_comment "unterminated-comment",
    unterminated_string "unterminated-string",
    untrusted "untrusted",
    wrong_directory "wrong-directory",
    wrong_schema "wrong-schema",
    wrong_type "wrong-type",
}
