//! Scripts: the statements of a plan, their guards, and their text.

use crate::plan::LINE;
use crate::support::{Directory, name};
use revchain_core::history::table::Value;
use revchain_core::model::checksum;
use revchain_core::plan::planner::plan;
use revchain_core::schema::SchemaFilter;
use revchain_core::script::copy::{CopiedTable, copy_query};
use revchain_core::script::{
    AppliedAt, Form, Found, Group, Guard, NoScript, Origin, ScriptContext, Statement, Transaction,
    failed_guard, groups, key_guards, schema_guard, stop_guard,
};
use revchain_core::{
    Chain, Conflict, DatabaseState, HistoryRow, Plan, Policy, Request, RevisionIndex, Target,
};

fn context(chain: &Chain) -> ScriptContext<'_> {
    ScriptContext {
        chain,
        chain_name: None,
        program: Some("shop 1.0"),
        applied_at: AppliedAt::Milliseconds(1_700_000_000_000),
    }
}

/// Returns the history of a database with the first revisions of a chain.
fn rows(chain: &Chain, count: usize) -> Vec<HistoryRow> {
    let revisions = chain.revisions()[..count].iter();
    let row = revisions.map(|revision| {
        HistoryRow::new(revision.id().to_owned(), checksum::hex(revision.checksum()))
    });
    row.collect()
}

fn plan_from(chain: &Chain, count: usize, request: &Request) -> Result<(Plan, Found), Conflict> {
    let (state, found) = match count {
        0 => (DatabaseState::Empty, Found::New(SchemaFilter::default())),
        _ => {
            let rows = rows(chain, count);
            let state = DatabaseState::Managed {
                rows: rows.clone(),
                schema: None,
                finished_jobs: Vec::new(),
            };
            (state, Found::History(rows))
        }
    };
    Ok((plan(chain, &state, &Policy::default(), request)?, found))
}

fn groups_from<'c>(chain: &'c Chain, count: usize, request: &Request) -> Vec<Group<'c>> {
    let (plan, found) = plan_from(chain, count, request).unwrap();
    groups(&context(chain), &plan, found).unwrap()
}

fn upgrade(target: impl Into<Target>) -> Request {
    Request::Upgrade(target.into())
}

/// Loads a chain of one revision with this upgrade, written after `@upgrade`.
fn chain_of(upgrade: &str) -> Chain {
    let text =
        format!("-- Do.\n-- @revises base\n\n-- @upgrade\n{upgrade}\n-- @downgrade\nSELECT 2;\n");
    Directory::of([(name(1, "001"), text)]).chain()
}

fn transaction<'c>(
    chain: &'c Chain,
    groups: Vec<Group<'c>>,
    checks: Vec<Statement<'c>>,
) -> Transaction<'c> {
    Transaction {
        chain,
        groups,
        checks,
    }
}

fn shell(chain: &Chain) -> String {
    let groups = groups_from(chain, 0, &upgrade(Target::Head));
    transaction(chain, groups, Vec::new()).text("up", Form::Shell)
}

#[test]
fn upgrade_has_a_group_for_each_revision() {
    let groups = groups_from(&LINE, 2, &upgrade("004"));
    let revisions: Vec<_> = groups.iter().map(|group| group.revision).collect();
    let expected = [2, 3].map(|position| Some(RevisionIndex::new(position)));
    assert_eq!(revisions, expected);
    for (group, count) in groups.iter().zip([2, 3]) {
        let [exists, history, _, _] = &group.start[..] else {
            panic!("{:?}", group.start);
        };
        assert_eq!(exists.origin(), Origin::Guard(Guard::History));
        let stamps = rows(&LINE, count);
        let stamps = stamps.iter();
        let stamps: Vec<_> = stamps
            .map(|row| format!("{}:{}", row.revision, row.checksum))
            .collect();
        let newest = LINE.revisions()[count - 1].id();
        let parameters = [Value::Text(stamps.join(" ")), Value::from(newest)];
        assert_eq!(history.parameters(), parameters);
    }
}

#[test]
fn statement_has_the_line_of_its_file() {
    let groups = groups_from(&LINE, 4, &upgrade("005"));
    let [statement, stamp] = &groups[0].statements[..] else {
        panic!("{groups:?}");
    };
    let origin = Origin::Revision {
        revision: RevisionIndex::new(4),
        is_downgrade: false,
        position: 0,
        line: 5,
    };
    assert_eq!((statement.sql(), statement.origin()), ("SELECT 1", origin));
    assert_eq!(stamp.origin(), Origin::History);
    assert_eq!(stamp.parameters()[0], Value::from("005"));
    assert_eq!(stamp.parameters()[3], Value::Integer(1_700_000_000_000));
}

#[test]
fn downgrade_reverts_the_newest_revision_first() {
    let groups = groups_from(
        &LINE,
        3,
        &Request::Downgrade(Target::Revision("001".into())),
    );
    let ids = groups.iter().map(|group| group.statements[1].parameters());
    let ids: Vec<_> = ids.collect();
    assert_eq!(ids, [[Value::from("003")], [Value::from("002")]]);
    assert_eq!(groups[0].statements[0].sql(), "SELECT 2");
    // The second part expects what the first has left.
    let newest = &groups[1].start[1].parameters()[1];
    assert_eq!(*newest, Value::from("002"));
}

#[test]
fn new_database_gets_a_history_before_its_guards() {
    let groups = groups_from(&LINE, 0, &upgrade("001"));
    let origins: Vec<_> = groups[0].start.iter().map(|start| start.origin()).collect();
    let guard = Origin::Guard(Guard::History);
    let history = Origin::History;
    assert_eq!(origins, [history, guard, guard]);
    let no_history = [Value::Null, Value::Null];
    assert_eq!(groups[0].start[1].parameters(), no_history);
}

#[test]
fn text_ends_no_line_with_a_semicolon() {
    let (plan, found) = plan_from(&LINE, 1, &upgrade("002")).unwrap();
    let context = ScriptContext {
        applied_at: AppliedAt::DatabaseClock,
        ..context(&LINE)
    };
    let groups = groups(&context, &plan, found).unwrap();
    let checks = key_guards(Some(&["it's".to_owned()]));
    let text = transaction(&LINE, groups, checks).text("001 to 002 */", Form::Shell);
    let [first, second] = [0, 1].map(|position: usize| {
        let revision = &LINE.revisions()[position];
        (
            checksum::hex(revision.checksum()),
            checksum::hex(&checksum::script(revision.upgrade())),
        )
    });
    let expected = include_str!("script.sql")
        .replace("CHECKSUM1", &first.0)
        .replace("CHECKSUM2", &second.0)
        .replace("UPGRADE2", &second.1);
    assert_eq!(text, expected, "{text}");
    let ends = text.lines().filter(|line| line.ends_with(';'));
    assert_eq!(ends.collect::<Vec<_>>(), [";"]);
}

#[test]
fn bare_text_begins_no_transaction() {
    let groups = groups_from(&LINE, 1, &upgrade("002"));
    let text = transaction(&LINE, groups, Vec::new()).text("up", Form::Bare);
    assert!(text.starts_with("/* up */\nPRAGMA defer_foreign_keys = ON\n; SELECT"));
    assert!(
        !text.contains("BEGIN") && !text.contains("COMMIT") && !text.contains("foreign_keys = OFF")
    );
    assert!(text.contains("1700000000000"));
}

#[test]
fn list_has_the_statements_of_the_bare_text() {
    let groups = groups_from(&LINE, 1, &upgrade("003"));
    let transaction = transaction(&LINE, groups, key_guards(None));
    let list = transaction.list(Form::Bare);
    let text = transaction.text("up", Form::Bare);
    // Two guards and a view, two statements of each revision, and one check.
    assert_eq!(list.len(), 1 + 4 + 2 * 2 + 1);
    let mut rest = &*text;
    for statement in &list {
        let at = rest.find(&**statement).unwrap();
        rest = &rest[at + statement.len()..];
    }
}

#[test]
fn terminator_lines_of_the_shell_get_a_comment() {
    let sql = "CREATE TABLE t (a,\n  GO\n, b DEFAULT (8\n /\n2) -- go\n, c DEFAULT '\n/\ngo\n');";
    let text = shell(&chain_of(sql));
    let expected = "; CREATE TABLE t (a,\n  /**/ GO\n, b DEFAULT (8\n /**/ /\n2) -- go\n, c DEFAULT '\n/\ngo\n')\n";
    assert!(text.contains(expected), "{text}");
}

#[test]
fn comments_at_the_end_of_a_statement_are_left_out() {
    let text = shell(&chain_of("SELECT 1 -- first;\n; SELECT 2; -- second;\n"));
    assert!(text.contains("; SELECT 1\n; SELECT 2\n; INSERT"), "{text}");
}

#[test]
fn text_value_is_one_literal() {
    let value = |text: &str| Value::from(text).to_string();
    assert_eq!(value("it's\n;"), "'it''s\n;'");
    assert_eq!(
        value("a\0b\rc"),
        "('a' || char(0) || 'b' || char(13) || 'c')"
    );
}

#[test]
fn program_values_have_no_script() {
    let code = "-- Hash.\n-- @revises base\n\n-- @upgrade\nSELECT 1;\n-- @code hash\n-- @downgrade\nSELECT 2;\n";
    let job = "-- Fill.\n-- @revises base\n-- @job fill\n\n-- @upgrade\nSELECT 1;\n-- @downgrade\nSELECT 2;\n";
    let revision = RevisionIndex::new(0);
    let (hash, fill) = ("hash".to_owned(), "fill".to_owned());
    for (text, reason) in [
        (
            code,
            NoScript::Code {
                revision,
                name: hash,
            },
        ),
        (
            job,
            NoScript::Job {
                revision,
                name: fill,
            },
        ),
    ] {
        let chain = Directory::of([(name(1, "001"), text)]).chain();
        let (plan, found) = plan_from(&chain, 0, &upgrade(Target::Head)).unwrap();
        let result = groups(&context(&chain), &plan, found);
        assert_eq!(result.unwrap_err(), reason);
    }
}

#[test]
fn schema_guard_takes_the_expected_text() {
    let guard = schema_guard(Some("table t CREATE TABLE t (a)"));
    assert_eq!(guard.origin(), Origin::Guard(Guard::Schema));
    let end = "IS NOT 'table t CREATE TABLE t (a)'";
    assert!(
        guard.literal_sql().ends_with(end),
        "{}",
        guard.literal_sql()
    );
}

#[test]
fn message_of_a_guard_names_the_guard() {
    let history = groups_from(&LINE, 1, &upgrade("002"))[0].start[1].clone();
    let guards = [
        (history, Guard::History),
        (key_guards(None)[0].clone(), Guard::ForeignKeys),
        (schema_guard(None), Guard::Schema),
        (stop_guard(), Guard::Stop),
    ];
    for (statement, guard) in guards {
        assert_eq!(statement.origin(), Origin::Guard(guard));
        // SQLite's message has the text of the guard.
        assert_eq!(failed_guard(statement.sql()), Some(guard));
    }
    assert_eq!(failed_guard("UNIQUE constraint failed: t.a"), None);
}

#[test]
fn copy_has_the_schema_and_the_rows_of_the_tables() {
    let tables = [
        CopiedTable::history(Some("billing")),
        CopiedTable::new("my \"log\"", ["a"]),
    ];
    let query = copy_query(&tables);
    assert!(
        query.contains("quote(rowid) || ', ' || quote(revision)"),
        "{query}"
    );
    assert!(query.ends_with(") ORDER BY part, position"), "{query}");
    let insert = "'INSERT INTO main.\"my \"\"log\"\"\" (\"a\") VALUES (' || quote(\"a\") || ')'";
    assert!(query.contains(insert), "{query}");
    assert!(
        query.contains("FROM main.revchain_history_billing"),
        "{query}"
    );
}
