//! The kinds of defects.

use std::fmt;

macro_rules! kinds {
    ($($(#[$doc:meta])+ $kind:ident = $name:literal,)+) => {
        /// The kind of a defect. Messages show the [`name`](Self::name) of the kind in brackets.
        ///
        /// The name is that of the variant in kebab case: `RowsLost` has the name `rows-lost`.
        /// The command `revchain explain rows-lost` prints the page of this kind.
        ///
        /// ```
        /// # use revchain_core::DefectKind;
        /// assert_eq!(DefectKind::RowsLost.name(), "rows-lost");
        /// ```
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum DefectKind {
            $($(#[$doc])+ $kind,)+
        }

        impl DefectKind {
            /// All kinds.
            pub const ALL: &'static [Self] = &[$(Self::$kind),+];

            /// Returns the name that messages show in brackets, such as `unknown-parent`.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$kind => $name,)+
                }
            }
        }
    };
}

kinds! {
    /// The directory cannot be read, does not exist, or is not a directory.
    UnreadableDirectory = "unreadable-directory",
    /// The directory contains no migration.
    EmptyDirectory = "empty-directory",
    /// The directory contains a file or a directory that is not a migration.
    StrayFile = "stray-file",
    /// A migration file cannot be read, for example because of its permissions or its size.
    UnreadableFile = "unreadable-file",
    /// The name of a file does not have the form `YYYYMMDD_HHMM_<revision>_<slug>.sql`.
    BadFileName = "bad-file-name",
    /// The date or the time in the name of a file does not exist.
    BadDate = "bad-date",
    /// Two files have the same revision id.
    DuplicateRevision = "duplicate-revision",
    /// A file is not UTF-8.
    NotUtf8 = "not-utf8",
    /// A string or a quoted identifier is not closed.
    UnterminatedString = "unterminated-string",
    /// A block comment is not closed.
    UnterminatedComment = "unterminated-comment",
    /// A file contains a NUL character, or text that is not an SQLite token.
    InvalidToken = "invalid-token",
    /// The header contains no comment that describes the revision.
    MissingSummary = "missing-summary",
    /// The directive `@revises` is missing.
    MissingParent = "missing-parent",
    /// `@revises` names a revision that does not exist.
    UnknownParent = "unknown-parent",
    /// A revision revises itself.
    SelfParent = "self-parent",
    /// Revisions revise each other in a cycle.
    Cycle = "cycle",
    /// Several revisions revise `base`.
    MultipleRoots = "multiple-roots",
    /// Several revisions are heads: no other revision revises them.
    MultipleHeads = "multiple-heads",
    /// A revision is dated before a revision that it revises.
    DatedBeforeParent = "dated-before-parent",
    /// The directive `@upgrade` is missing, or both `@downgrade` and `@irreversible` are missing.
    MissingSection = "missing-section",
    /// A section begins twice.
    DuplicateSection = "duplicate-section",
    /// A section contains no SQL.
    EmptySection = "empty-section",
    /// A revision has both `@downgrade` and `@irreversible`.
    ReversibleAndNot = "reversible-and-not",
    /// A directive has an unknown name.
    UnknownDirective = "unknown-directive",
    /// A directive that may appear only once appears twice.
    DuplicateDirective = "duplicate-directive",
    /// A directive has invalid arguments, or does not begin with exactly `-- @`.
    MalformedDirective = "malformed-directive",
    /// A directive of the header appears in a section, or `@upgrade` comes after `@downgrade`.
    MisplacedDirective = "misplaced-directive",
    /// Two revisions declare the same `@was`.
    DuplicateWas = "duplicate-was",
    /// `@code` names a function that the program does not pass to the macro.
    UnknownCode = "unknown-code",
    /// A function that `@code` names fails on sample rows. Only a test of the program reports it.
    CodeFails = "code-fails",
    /// `@requires` names no job of an ancestor.
    UnknownJob = "unknown-job",
    /// Two revisions have a job of the same name, or a function is both a job and code.
    DuplicateJob = "duplicate-job",
    /// SQL appears before `@upgrade`.
    SqlInHeader = "sql-in-header",
    /// A statement begins or ends a transaction.
    TransactionControl = "transaction-control",
    /// A statement cannot run in a transaction, or has no effect in a transaction.
    NotTransactional = "not-transactional",
    /// A statement contains a name that begins with `revchain_`. These names belong to revchain.
    OwnTable = "own-table",
    /// A statement has a bind parameter.
    BindParameter = "bind-parameter",
    /// The lock file is malformed, for example because of a merge conflict.
    MalformedLock = "malformed-lock",
    /// A revision was edited after it had been locked.
    LockedRevisionChanged = "locked-revision-changed",
    /// The file of a locked revision is missing.
    LockedRevisionMissing = "locked-revision-missing",
    /// The order of locked revisions changed.
    LockedOrderChanged = "locked-order-changed",
    /// The head of the chain differs from the head in the lock file.
    LockHeadDiffers = "lock-head-differs",
    /// SQLite rejects a statement.
    SqlError = "sql-error",
    /// A `CREATE … IF NOT EXISTS` does nothing, because another definition exists already.
    CreatesNothing = "creates-nothing",
    /// A downgrade does not restore the schema from before the upgrade.
    DowngradeDoesNotRestore = "downgrade-does-not-restore",
    /// An upgrade drops a table or a column that no `@destroys` names.
    UndeclaredDestruction = "undeclared-destruction",
    /// A `@destroys` names something that the upgrade does not destroy.
    DestroysNothing = "destroys-nothing",
    /// A revision leaves a row that violates a foreign key, or an invalid foreign key.
    ForeignKeyViolation = "foreign-key-violation",
    /// A revision that rebuilds a table loses rows or values.
    RowsLost = "rows-lost",
    /// A revision that rebuilds a table loses an index or a trigger of the table.
    ForgottenInRebuild = "forgotten-in-rebuild",
    /// A revision is marked `@compatible`, but older programs fail after it.
    Incompatible = "incompatible",
    /// A revision is marked `@unproven`, but the proof can check the whole revision.
    NeedlesslyUnproven = "needlessly-unproven",
    /// A revision declares a function, collation or module that nothing uses, or that SQLite has.
    NeedlessStandIn = "needless-stand-in",
    /// A revision that rebuilds a table loses a constraint or a property of the table.
    LoosenedInRebuild = "loosened-in-rebuild",
    /// A `@loosens` names something that the upgrade does not loosen.
    LoosensNothing = "loosens-nothing",
    /// A `@assumes` declares a condition that the upgrade does not need.
    AssumesNothing = "assumes-nothing",
    /// A revision fails on rows that a database can have.
    FailsOnRows = "fails-on-rows",
    /// A string is written in double quotes, which are for names.
    DoubleQuotedString = "double-quoted-string",
    /// A statement does not end within the proof's limit.
    RunsTooLong = "runs-too-long",
    /// A revision that runs on a cluster needs the program in the database.
    ReplicatedDirective = "replicated-directive",
    /// A function that a cluster evaluates has another result on each replica.
    ReplicatedFunction = "replicated-function",
    /// A revision that runs on a cluster has a pragma, which works on one connection.
    ReplicatedPragma = "replicated-pragma",
    /// A revision that runs on a cluster creates an object that belongs to one connection.
    ReplicatedTemporary = "replicated-temporary",
    /// A revision that runs on a cluster has too much SQL for one entry of a log.
    ReplicatedSize = "replicated-size",
    /// A revision loses rows or values while foreign keys are enforced, as they are on a cluster.
    ReplicatedLoss = "replicated-loss",
    /// A revision fails while foreign keys are enforced, as they are on a cluster.
    ReplicatedFailure = "replicated-failure",
    /// A revision leaves rows that depend on the order in which rows are read.
    ReplicatedOrder = "replicated-order",
    /// A text that `sql!` takes is empty, or has several statements.
    NotOneStatement = "not-one-statement",
    /// A text that `sql!` takes changes the schema, the transaction or the connection.
    NotAQuery = "not-a-query",
    /// SQLite rejects a query at the head of the chain.
    InvalidQuery = "invalid-query",
    /// A query has parameters with names and parameters without.
    MixedParameters = "mixed-parameters",
    /// The numbers of a query's parameters have a gap.
    ParameterGap = "parameter-gap",
    /// An INSERT in a query has no column list.
    InsertWithoutColumns = "insert-without-columns",
    /// An INSERT in a query omits a column that is NOT NULL and has no default.
    MissingValue = "missing-value",
    /// An UPDATE or a DELETE in a query has no WHERE.
    ChangesAllRows = "changes-all-rows",
    /// A query compares a value with NULL by an operator whose result is then NULL.
    ComparesWithNull = "compares-with-null",
    /// A query compares a column of a STRICT table with a literal of another type.
    ComparesTypes = "compares-types",
    /// A query writes a value that the type of a STRICT column excludes.
    WrongType = "wrong-type",
    /// A query fails when it runs, whatever rows and parameters it gets.
    QueryFails = "query-fails",
}

impl fmt::Display for DefectKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
