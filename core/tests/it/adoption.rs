//! The revisions of a database without a history: by the record of another tool, and by the schema.

use proptest::prelude::*;
use proptest::sample::Index;
use revchain_core::history::state::UnmanagedState;
use revchain_core::history::tool_record::ToolRecord;
use revchain_core::model::revision::Proven;
use revchain_core::plan::planner::plan;
use revchain_core::schema::{Schema, SchemaSql};
use revchain_core::{
    Adopt, Chain, Conflict, DatabaseState, Plan, Policy, RecordProblem, Request, Target, Tool,
};

use crate::support::{Directory, ids, name, positions, text};

/// Makes a chain of these revisions: id, parents, and the versions in `@was`.
fn chain(revisions: &[(&str, &str, &[&str])]) -> Chain {
    let files = revisions.iter().zip(1..).map(|((id, parents, was), day)| {
        let was: String = was.iter().map(|was| format!("\n-- @was {was}")).collect();
        let revises = format!("@revises {parents}");
        let text = text(parents).replacen(&revises, &format!("{revises}{was}"), 1);
        (name(day, id), text)
    });
    Directory::of(files).chain()
}

/// Makes a linear chain of the revisions 001, 002 and so on, with these versions in `@was`.
fn line(was: &[&[&str]]) -> Chain {
    let ids: Vec<String> = (1..=was.len())
        .map(|number| format!("{number:03}"))
        .collect();
    let revisions: Vec<(&str, &str, &[&str])> = was
        .iter()
        .enumerate()
        .map(|(index, was)| {
            let parent = index.checked_sub(1).map_or("base", |parent| &ids[parent]);
            (&*ids[index], parent, *was)
        })
        .collect();
    chain(&revisions)
}

/// Returns the SQL of a schema with the table `t` of these columns.
fn schema(columns: &[&str]) -> SchemaSql {
    SchemaSql::new(format!("CREATE TABLE t ({})", columns.join(", ")))
}

/// Returns the chain as if it were proven: each revision has the table `t` with these columns.
///
/// Without columns, the schema of the revision is unknown.
fn proven(chain: Chain, columns: &[&[&str]]) -> Chain {
    let proven = columns.iter().map(|columns| {
        let sql = schema(columns);
        let fingerprint = sql.schema().fingerprint();
        let sql_hash = sql.hash();
        Some(Proven {
            fingerprint,
            sql_hash,
        })
        .filter(|_| !columns.is_empty())
    });
    chain.with_proven(proven)
}

fn record(tool: Tool, versions: &[&str]) -> ToolRecord {
    ToolRecord::new(tool, versions.iter().map(|version| (*version, false)))
}

fn try_plan(
    chain: &Chain,
    schema: SchemaSql,
    records: &[ToolRecord],
    adopt: Adopt,
) -> Result<Plan, Conflict> {
    let records = records.to_vec();
    let state = DatabaseState::Unmanaged(UnmanagedState { schema, records });
    let policy = Policy {
        adopt,
        ..Policy::default()
    };
    plan(chain, &state, &policy, &Request::Upgrade(Target::Head))
}

/// Returns the ids of the revisions at which a database with this record is adopted.
///
/// The chain is not proven, so the record alone decides.
#[track_caller]
fn adopted<'c>(chain: &'c Chain, records: &[ToolRecord]) -> Vec<&'c str> {
    let plan = try_plan(chain, schema(&["a"]), records, Adopt::Detect);
    let plan = plan.unwrap_or_else(|conflict| panic!("{conflict:?}"));
    let upgraded: Vec<usize> = plan.upgrades().map(|index| index.get()).collect();
    let all = ids(chain);
    let is_adopted = |position: &usize| !upgraded.contains(position);
    positions(&plan.stamped)
        .into_iter()
        .filter(is_adopted)
        .map(|position| all[position])
        .collect()
}

#[track_caller]
fn problem(chain: &Chain, record: ToolRecord) -> RecordProblem {
    let conflict = try_plan(chain, schema(&["a"]), &[record], Adopt::Detect).unwrap_err();
    assert!(conflict.code().starts_with("record-"), "{conflict:?}");
    match conflict {
        Conflict::Record { problem, .. } => problem,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn text_of(chain: &Chain, record: ToolRecord) -> String {
    let conflict = try_plan(chain, schema(&["a"]), &[record], Adopt::Detect).unwrap_err();
    format!("{conflict}\n{}", conflict.help().unwrap())
}

#[test]
fn recorded_versions_are_the_revisions() {
    let chain = line(&[&["sqlx:10"], &["sqlx:20"], &["sqlx:30"]]);
    for (versions, expected) in [
        (&["10"][..], &["001"][..]),
        (&["10", "20"], &["001", "002"]),
        (&["10", "20", "30"], &["001", "002", "003"]),
    ] {
        assert_eq!(adopted(&chain, &[record(Tool::Sqlx, versions)]), expected);
    }
}

#[test]
fn leading_zeros_of_numbers_do_not_count() {
    let chain = line(&[&["goose:0001"], &["goose:2"]]);
    assert_eq!(adopted(&chain, &[record(Tool::Goose, &["1"])]), ["001"]);
}

#[test]
fn newest_number_stands_for_all_before_it() {
    for tool in [Tool::UserVersion, Tool::GolangMigrate] {
        let was: Vec<String> = (1..=3).map(|number| format!("{tool}:{number}")).collect();
        let chain = line(&[&[&was[0]], &[&was[1]], &[&was[2]]]);
        assert_eq!(adopted(&chain, &[record(tool, &["2"])]), ["001", "002"]);
        assert_eq!(
            problem(&chain, record(tool, &["4"])).to_unnamed(),
            (vec!["4".to_owned()], false)
        );
    }
}

#[test]
fn heads_stand_for_their_ancestors() {
    let chain = chain(&[
        ("001", "base", &["alembic:aa"]),
        ("002", "001", &["alembic:bb"]),
        ("003", "001", &["alembic:cc"]),
        ("004", "002 003", &["alembic:dd"]),
    ]);
    for (heads, expected) in [
        (&["aa"][..], &["001"][..]),
        (&["cc"], &["001", "003"]),
        (&["bb", "cc"], &["001", "002", "003"]),
        (&["dd"], &["001", "002", "003", "004"]),
    ] {
        assert_eq!(adopted(&chain, &[record(Tool::Alembic, heads)]), expected);
    }
}

#[test]
fn set_that_merges_allow_is_adopted_as_a_set() {
    let chain = chain(&[
        ("001", "base", &["sqlx:1"]),
        ("002", "001", &["sqlx:2"]),
        ("003", "001", &["sqlx:3"]),
        ("004", "002 003", &["sqlx:4"]),
    ]);
    let record = record(Tool::Sqlx, &["1", "3"]);
    assert_eq!(adopted(&chain, &[record]), ["001", "003"]);
}

#[test]
fn unnamed_version_is_a_problem() {
    let chain = line(&[&["sqlx:10"], &["sqlx:20"]]);
    for versions in [&["10", "15"][..], &["10", "20", "15"], &["10", "15", "5"]] {
        let found = problem(&chain, record(Tool::Sqlx, versions)).to_unnamed();
        assert_eq!(found, (vec!["15".to_owned()], false), "{versions:?}");
    }
    let text = text_of(&chain, record(Tool::Sqlx, &["10", "30"]));
    assert!(
        text.contains("the record of sqlx has versions that no `@was` of the chain names: 30\n")
            && text.contains("`-- @was sqlx:30`"),
        "{text}"
    );
}

#[test]
fn version_before_the_first_named_one_is_no_problem() {
    let chain = line(&[&["sqlx:10"], &["sqlx:20"]]);
    assert_eq!(
        adopted(&chain, &[record(Tool::Sqlx, &["5", "10"])]),
        ["001"]
    );
}

#[test]
fn only_older_versions_are_a_problem() {
    for tool in [Tool::Sqlx, Tool::UserVersion] {
        let was = [format!("{tool}:10"), format!("{tool}:20")];
        let chain = line(&[&[&was[0]], &[&was[1]]]);
        let found = problem(&chain, record(tool, &["5"])).to_unnamed();
        assert_eq!(found, (vec!["5".to_owned()], true));
        let text = text_of(&chain, record(tool, &["5"]));
        assert!(text.contains(&format!("`-- @was {tool}:5`")), "{text}");
    }
}

/// The ids of Alembic have no order, so an id of digits is not older than another.
#[test]
fn unnamed_head_is_a_problem_even_if_it_is_a_low_number() {
    let chain = line(&[&["alembic:10"], &["alembic:20"]]);
    let found = problem(&chain, record(Tool::Alembic, &["10", "05"])).to_unnamed();
    assert_eq!(found, (vec!["05".to_owned()], false));
}

#[test]
fn missing_parent_is_a_problem_that_names_it() {
    let chain = line(&[&["dbmate:1"], &["dbmate:2"], &["dbmate:3"], &["dbmate:4"]]);
    match problem(&chain, record(Tool::Dbmate, &["1", "4"])) {
        RecordProblem::Gap {
            revision, missing, ..
        } => {
            assert_eq!(revision, "004");
            assert_eq!(missing, ["002 (dbmate:2)", "003 (dbmate:3)"]);
        }
        other => panic!("{other:?}"),
    }
    let text = text_of(&chain, record(Tool::Dbmate, &["1", "4"]));
    assert!(
        text.contains("lacks revisions that come before it: 002 (dbmate:2), 003 (dbmate:3)\n"),
        "{text}"
    );
}

/// Only the chain has the first revision: the other tool did not make the first schema.
#[test]
fn ancestor_without_a_version_is_applied() {
    let chain = line(&[&[], &["sqlx:2"], &["refinery:9"], &["sqlx:4"]]);
    assert_eq!(
        adopted(&chain, &[record(Tool::Sqlx, &["2"])]),
        ["001", "002"]
    );
    assert_eq!(
        adopted(&chain, &[record(Tool::Sqlx, &["2", "4"])]),
        ["001", "002", "003", "004"]
    );
}

/// A revision of the chain alone stands between: it has only the version of an empty migration.
#[test]
fn ancestor_with_an_empty_version_alone_is_applied() {
    let chain = line(&[&["sqlx:1"], &["sqlx:2 empty"], &["sqlx:3"]]);
    assert_eq!(
        adopted(&chain, &[record(Tool::Sqlx, &["1", "3"])]),
        ["001", "002", "003"]
    );
}

#[test]
fn squashed_revision_needs_all_its_versions() {
    let chain = line(&[&["sqlx:1", "sqlx:2", "sqlx:3"], &["sqlx:4"]]);
    assert_eq!(
        adopted(&chain, &[record(Tool::Sqlx, &["1", "2", "3"])]),
        ["001"]
    );
    match problem(&chain, record(Tool::Sqlx, &["1", "2"])) {
        RecordProblem::Incomplete {
            revision, missing, ..
        } => assert_eq!((&*revision, &missing[..]), ("001", &["3".to_owned()][..])),
        other => panic!("{other:?}"),
    }
    let text = text_of(&chain, record(Tool::Sqlx, &["1"]));
    assert!(text.contains("versions of 001; it lacks 2, 3\n"), "{text}");
}

#[test]
fn squashed_revision_needs_the_last_of_its_heads() {
    let chain = line(&[&["alembic:a", "alembic:b"], &["alembic:c"]]);
    assert_eq!(adopted(&chain, &[record(Tool::Alembic, &["b"])]), ["001"]);
    match problem(&chain, record(Tool::Alembic, &["a"])) {
        RecordProblem::Incomplete { missing, .. } => assert_eq!(missing, ["b"]),
        other => panic!("{other:?}"),
    }
}

#[test]
fn squashed_number_needs_the_last() {
    let chain = line(&[&["user_version:1", "user_version:2"], &["user_version:3"]]);
    let of = |version: &str| record(Tool::UserVersion, &[version]);
    assert_eq!(adopted(&chain, &[of("2")]), ["001"]);
    assert!(matches!(
        problem(&chain, of("1")),
        RecordProblem::Incomplete { .. }
    ));
}

#[test]
fn empty_version_does_not_decide() {
    let chain = line(&[
        &["sqlx:1 empty", "sqlx:2", "sqlx:3 empty"],
        &["sqlx:4", "sqlx:5 empty"],
    ]);
    for (versions, expected) in [
        (&["1", "2"][..], &["001"][..]),
        (&["2"], &["001"]),
        (&["1", "2", "3"], &["001"]),
        (&["1", "2", "3", "4"], &["001", "002"]),
        (&["1", "2", "4", "5"], &["001", "002"]),
    ] {
        assert_eq!(
            adopted(&chain, &[record(Tool::Sqlx, versions)]),
            expected,
            "{versions:?}"
        );
    }
}

#[test]
fn empty_number_stands_for_the_numbers_before_it() {
    let chain = line(&[
        &["user_version:1", "user_version:2 empty"],
        &["user_version:3"],
    ]);
    let of = |version: &str| adopted(&chain, &[record(Tool::UserVersion, &[version])]);
    assert_eq!(of("1"), ["001"]);
    assert_eq!(of("2"), ["001"]);
    assert_eq!(of("3"), ["001", "002"]);
}

#[test]
fn empty_head_is_at_its_revision_or_before_it() {
    let chain = line(&[
        &["alembic:a"],
        &["alembic:b empty", "alembic:c", "alembic:d empty"],
    ]);
    for (head, expected) in [
        ("a", &["001"][..]),
        ("b", &["001"]),
        ("c", &["001", "002"]),
        ("d", &["001", "002"]),
    ] {
        assert_eq!(
            adopted(&chain, &[record(Tool::Alembic, &[head])]),
            expected,
            "{head}"
        );
    }
}

#[test]
fn failed_migration_is_a_problem_that_names_it() {
    let chain = line(&[&["sqlx:1"], &["sqlx:2"]]);
    let record = ToolRecord::new(Tool::Sqlx, [("1", false), ("2", true)]);
    assert!(matches!(
        problem(&chain, record.clone()),
        RecordProblem::Failed { .. }
    ));
    let text = text_of(&chain, record);
    assert!(
        text.starts_with("the record of sqlx says that the migration 2 did not complete\n")
            && text.contains("repair the database with sqlx"),
        "{text}"
    );
}

#[test]
fn versions_in_messages_are_escaped() {
    let chain = line(&[&["knex:a"]]);
    let text = text_of(&chain, record(Tool::Knex, &["a", "\u{1b}[2J"]));
    assert!(!text.contains('\u{1b}') && text.contains("[2J"), "{text:?}");
}

#[test]
fn records_of_two_tools_are_joined() {
    let chain = line(&[&["refinery:1"], &["refinery:2"], &["sqlx:3"], &["sqlx:4"]]);
    let refinery = record(Tool::Refinery, &["1", "2"]);
    let sqlx = record(Tool::Sqlx, &["3"]);
    assert_eq!(
        adopted(&chain, &[refinery.clone(), sqlx]),
        ["001", "002", "003"]
    );
    let sqlx = record(Tool::Sqlx, &[]);
    assert_eq!(adopted(&chain, &[refinery, sqlx]), ["001", "002"]);
}

/// A record that stayed behind when the program moved to another tool must not lose a revision.
#[test]
fn records_that_disagree_on_a_revision_are_a_problem() {
    let chain = line(&[
        &["user_version:1", "sqlx:1"],
        &["user_version:2", "sqlx:2"],
        &["user_version:3", "sqlx:3"],
    ]);
    let records = [
        record(Tool::Sqlx, &["1", "2"]),
        record(Tool::UserVersion, &["3"]),
    ];
    let conflict = try_plan(&chain, schema(&["a"]), &records, Adopt::Detect).unwrap_err();
    assert_eq!(conflict.code(), "record-contradicted");
    let message = "`user_version` has a revision that the record of sqlx lacks: 003 (sqlx:3)";
    assert_eq!(conflict.to_string(), message);
    let records = [
        record(Tool::Sqlx, &["1", "2"]),
        record(Tool::UserVersion, &["2"]),
    ];
    assert_eq!(adopted(&chain, &records), ["001", "002"]);
}

/// The second tool has recorded 003, but 002 belongs to the first.
#[test]
fn gap_between_two_records_is_a_problem() {
    let chain = line(&[&["user_version:1"], &["user_version:2"], &["sqlx:3"]]);
    let records = [
        record(Tool::UserVersion, &["1"]),
        record(Tool::Sqlx, &["3"]),
    ];
    let conflict = try_plan(&chain, schema(&["a"]), &records, Adopt::Detect).unwrap_err();
    let message = "003 is recorded, but `user_version` lacks revisions that come before it: \
                   002 (user_version:2)";
    assert_eq!(conflict.to_string(), message);
}

/// The first revision is from before the tool, so the tool has no version for it.
#[test]
fn empty_record_leaves_the_first_revision_to_the_schema() {
    let chain = proven(line(&[&[], &["sqlx:1"]]), &[&["a"], &["a", "b"]]);
    let empty = [record(Tool::Sqlx, &[])];
    let plan = try_plan(&chain, schema(&["a"]), &empty, Adopt::Detect).unwrap();
    assert_eq!(plan.upgrades().count(), 1);
    let other = try_plan(&chain, schema(&["a", "b"]), &empty, Adopt::Detect).unwrap_err();
    assert_eq!(other.code(), "record-differs");
}

#[test]
fn record_of_a_tool_that_the_chain_lacks_is_ignored() {
    let chain = proven(line(&[&["sqlx:1"], &["sqlx:2"]]), &[&["a"], &["a", "b"]]);
    let foreign = record(Tool::Diesel, &["1", "2"]);
    let plan = try_plan(&chain, schema(&["a"]), &[foreign], Adopt::Detect).unwrap();
    assert_eq!(plan.recorded_by, []);
    assert_eq!(plan.upgrades().count(), 1);
}

/// 005 and 006 have the same schema. Only the record tells them apart.
#[test]
fn record_decides_between_revisions_of_one_schema() {
    let chain = proven(
        line(&[
            &["user_version:5"],
            &["user_version:6"],
            &["user_version:7"],
        ]),
        &[&["a"], &["a"], &["a", "b"]],
    );
    for (version, upgrades) in [("5", 2), ("6", 1)] {
        let record = record(Tool::UserVersion, &[version]);
        // A preference never overrides the record.
        for adopt in [Adopt::Detect, Adopt::detect_preferring(["002"])] {
            let plan =
                try_plan(&chain, schema(&["a"]), std::slice::from_ref(&record), adopt).unwrap();
            assert_eq!(plan.upgrades().count(), upgrades, "{version}");
            assert_eq!(plan.recorded_by, [Tool::UserVersion]);
        }
    }
}

#[test]
fn record_and_schema_that_disagree_are_shown_both() {
    let chain = proven(
        line(&[&["sqlx:1"], &["sqlx:2"], &["sqlx:3"]]),
        &[&["a"], &["a", "b"], &["a", "b"]],
    );
    let sqlx = record(Tool::Sqlx, &["1"]);
    let conflict = try_plan(&chain, schema(&["a", "b"]), &[sqlx], Adopt::Detect).unwrap_err();
    assert_eq!(conflict.code(), "record-differs");
    assert!(
        conflict
            .to_string()
            .starts_with("the record of sqlx says 001, but the schema is that of 002, 003"),
        "{conflict}"
    );
    match conflict {
        Conflict::RecordDiffers {
            tools,
            revisions,
            is_of,
            ..
        } => {
            assert_eq!(tools, [Tool::Sqlx]);
            assert_eq!(revisions, ["001"]);
            assert_eq!(is_of, ["002", "003"]);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn record_without_migrations_contradicts_tables() {
    for chain in [
        line(&[&["sqlx:1"]]),
        proven(line(&[&["sqlx:1"]]), &[&["a"]]),
    ] {
        let empty = record(Tool::Sqlx, &[]);
        let conflict = try_plan(&chain, schema(&["a"]), &[empty], Adopt::Detect).unwrap_err();
        assert_eq!(conflict.code(), "record-differs");
        assert!(conflict.to_string().contains("says base"), "{conflict}");
    }
}

#[test]
fn record_without_tables_contradicts_the_schema() {
    let chain = proven(line(&[&["sqlx:1"]]), &[&["a"]]);
    let sqlx = record(Tool::Sqlx, &["1"]);
    let none = SchemaSql::default();
    let conflict = try_plan(&chain, none, &[sqlx], Adopt::Detect).unwrap_err();
    assert_eq!(conflict.code(), "record-differs");
}

/// The schema of 002 is unknown, so only the record can decide.
#[test]
fn record_alone_decides_where_the_schema_is_unknown() {
    let chain = proven(
        line(&[&["sqlx:1"], &["sqlx:2"], &["sqlx:3"]]),
        &[&["a"], &[], &[]],
    );
    let sqlx = record(Tool::Sqlx, &["1", "2"]);
    let plan = try_plan(&chain, schema(&["x"]), &[sqlx], Adopt::Detect).unwrap();
    assert_eq!(plan.upgrades().count(), 1);
}

#[test]
fn ambiguous_schema_names_the_version_to_declare() {
    let chain = proven(line(&[&[], &[]]), &[&["a"], &["a"]]);
    let sqlx = record(Tool::Sqlx, &["1", "2"]);
    let user_version = record(Tool::UserVersion, &["5"]);
    let records = [sqlx, user_version];
    let conflict = try_plan(&chain, schema(&["a"]), &records, Adopt::Detect).unwrap_err();
    let help = conflict.help().unwrap();
    assert!(
        help.contains("`-- @was sqlx:2`\n") && help.contains("`-- @was user_version:5`\n"),
        "{help}"
    );
}

#[test]
fn unrecognized_schema_names_the_first_unknown_revision() {
    let chain = proven(line(&[&[], &[], &[]]), &[&["a"], &[], &[]]);
    let conflict = try_plan(&chain, schema(&["x"]), &[], Adopt::Detect).unwrap_err();
    assert!(
        conflict.to_string().contains("unknown from 002 on"),
        "{conflict}"
    );
    let help = conflict.help().unwrap();
    assert!(
        help.contains("`@unproven` in 002") && help.contains("`stamp -r REVISION`"),
        "{help}"
    );
    assert!(!help.contains("unchecked"), "{help}");
}

#[test]
fn declared_revision_overrides_the_record() {
    let chain = proven(line(&[&["sqlx:1"], &["sqlx:2"]]), &[&["a"], &["a"]]);
    let sqlx = record(Tool::Sqlx, &["1"]);
    let adopt = Adopt::at("002");
    let plan = try_plan(&chain, schema(&["a"]), &[sqlx], adopt).unwrap();
    assert_eq!(
        (plan.upgrades().count(), &plan.recorded_by[..]),
        (0, &[][..])
    );
}

#[test]
fn other_order_of_columns_is_advised_to_be_ignored() {
    let diff =
        revchain_core::schema::diff(schema(&["a", "b"]).schema(), schema(&["b", "a"]).schema());
    assert!(diff.is_column_order(), "{diff}");
    let other = schema(&["b", "a", "c"]);
    let diff = revchain_core::schema::diff(schema(&["a", "b"]).schema(), other.schema());
    assert!(!diff.is_column_order(), "{diff}");
    assert!(!revchain_core::schema::diff(&Schema::default(), &Schema::default()).is_column_order());
}

/// Makes a chain of `parents.len() + 1` revisions with one head. Each has a version of sqlx.
fn random_chain(parents: &[(Index, Index)]) -> (Chain, Vec<Vec<usize>>) {
    let mut all: Vec<Vec<usize>> = vec![Vec::new()];
    for (index, (first, second)) in parents.iter().enumerate() {
        let mut chosen = vec![first.index(index + 1), second.index(index + 1)];
        chosen.sort_unstable();
        chosen.dedup();
        all.push(chosen);
    }
    let has_child = |index: usize| all.iter().any(|parents| parents.contains(&index));
    let heads: Vec<usize> = (0..all.len()).filter(|&index| !has_child(index)).collect();
    if heads.len() > 1 {
        all.push(heads);
    }
    let id = |index: usize| format!("r{index:02}");
    let revisions: Vec<(String, String, String)> = all
        .iter()
        .enumerate()
        .map(|(index, parents)| {
            let parents: Vec<String> = parents.iter().map(|parent| id(*parent)).collect();
            let parents = match parents.len() {
                0 => "base".to_owned(),
                _ => parents.join(" "),
            };
            (id(index), parents, format!("sqlx:{}", index + 1))
        })
        .collect();
    let was: Vec<[&str; 1]> = revisions.iter().map(|(.., was)| [was.as_str()]).collect();
    let revisions: Vec<(&str, &str, &[&str])> = revisions
        .iter()
        .zip(&was)
        .map(|((id, parents, _), was)| (id.as_str(), parents.as_str(), &was[..]))
        .collect();
    (chain(&revisions), all)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn set_is_adopted_if_it_has_the_parents_of_each(
        parents in proptest::collection::vec(any::<(Index, Index)>(), 0..7),
        recorded in any::<u16>(),
    ) {
        let (chain, parents) = random_chain(&parents);
        let is_recorded = |index: &usize| recorded & (1 << *index) != 0;
        let set: Vec<usize> = (0..parents.len()).filter(is_recorded).collect();
        prop_assume!(!set.is_empty());
        let versions: Vec<String> = set.iter().map(|index| (index + 1).to_string()).collect();
        let versions: Vec<&str> = versions.iter().map(String::as_str).collect();
        let records = [record(Tool::Sqlx, &versions)];
        let missing: Vec<usize> = (0..parents.len())
            .filter(|index| !set.contains(index))
            .filter(|index| descends_from(&parents, &set, *index))
            .collect();
        if missing.is_empty() {
            let mut expected: Vec<String> = set.iter().map(|index| format!("r{index:02}")).collect();
            expected.sort_unstable();
            let mut found = adopted(&chain, &records);
            found.sort_unstable();
            prop_assert_eq!(found, expected);
        } else {
            let Conflict::Record { problem: RecordProblem::Gap { revision, missing: named, .. }, .. } =
                try_plan(&chain, schema(&["a"]), &records, Adopt::Detect).unwrap_err()
            else {
                panic!("the record has a gap");
            };
            let child: usize = revision[1..].parse().unwrap();
            prop_assert!(missing.iter().any(|index| parents[child].contains(index)));
            let mut named: Vec<String> =
                named.iter().map(|named| named.split(' ').next().unwrap().to_owned()).collect();
            named.sort_unstable();
            let expected: Vec<String> =
                missing.iter().map(|index| format!("r{index:02}")).collect();
            prop_assert_eq!(named, expected);
        }
    }
}

/// Returns `true` if a revision of `set` descends from `ancestor`.
fn descends_from(parents: &[Vec<usize>], set: &[usize], ancestor: usize) -> bool {
    let mut open: Vec<usize> = set.to_vec();
    while let Some(index) = open.pop() {
        if parents[index].contains(&ancestor) {
            return true;
        }
        open.extend(&parents[index]);
    }
    false
}

/// A part of a record problem that a test compares.
trait Unnamed {
    fn to_unnamed(&self) -> (Vec<String>, bool);
}

impl Unnamed for RecordProblem {
    fn to_unnamed(&self) -> (Vec<String>, bool) {
        match self {
            Self::Unnamed {
                versions,
                are_all_older,
                ..
            } => (versions.clone(), *are_all_older),
            other => panic!("{other:?}"),
        }
    }
}
