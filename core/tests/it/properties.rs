//! Properties that hold for any input.

use std::collections::{BTreeSet, HashSet};

use crate::support::{Directory, text};
use proptest::prelude::*;
use proptest::sample::select;
use revchain_core::graph::validate::link as link_files;
use revchain_core::parse::parse;
use revchain_core::schema::{Schema, diff};
use revchain_core::source::directory::File;
use revchain_core::sql::tokenizer::{self, Kind};
use revchain_core::sql::{inspect, sqlite_messages};
use revchain_core::{Chain, Defect, DefectList, RevisionSet};

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

/// Fragments of SQL and of migrations, and characters that break them.
const FRAGMENTS: &[&str] = &[
    "-- ",
    "-- @",
    "--",
    "@",
    "revises",
    "upgrade",
    "downgrade",
    "irreversible",
    "destroys",
    "loosens",
    "assumes",
    "function",
    "collation",
    "module",
    "001",
    " base",
    "\n",
    "\n",
    "\r\n",
    "\r",
    " ",
    "\t",
    "\u{c}",
    "\u{b}",
    "\u{a0}",
    "\u{feff}",
    "\u{2028}",
    "'",
    "\"",
    "`",
    "[",
    "]",
    "/*",
    "*/",
    ";",
    ";",
    "(",
    ")",
    ",",
    ".",
    "?",
    ":a",
    "$a",
    "$a::b(c)",
    "@a",
    "#",
    ":",
    "!",
    "!=",
    "->>",
    "<>",
    "||",
    "-",
    "{",
    "\\",
    "\0",
    "\u{1b}",
    "x'0f'",
    "x'",
    "1",
    "1.5e-3",
    "0xFF",
    "1_0",
    "1e",
    "1a",
    ".5",
    "ä",
    "日本",
    "\u{202e}",
    "a",
    "BEGIN",
    "END",
    "COMMIT",
    "VACUUM",
    "ATTACH",
    "PRAGMA",
    "foreign_keys",
    "CREATE",
    "TEMP",
    "TRIGGER",
    "TABLE",
    "SELECT",
    "revchain_history",
    "\n-- @revises base",
    "\n-- @upgrade\n",
    "\n-- @downgrade\n",
    "SELECT 1;",
    "-- Do something.\n",
];

fn some_text() -> impl Strategy<Value = String> {
    prop::collection::vec(select(FRAGMENTS), 0..40).prop_map(|fragments| fragments.concat())
}

/// Returns text that SQLite can tokenize. Most of it is a valid script.
fn a_script() -> impl Strategy<Value = String> {
    let fragments = [
        "SELECT",
        " a",
        "1 ",
        "\n",
        "\r\n",
        "\t",
        ";",
        "; ",
        "'ä;''\n'",
        "\u{a0}",
        " /* ; */",
        " -- ;\n",
        "(",
        "\u{3000}",
    ];
    prop::collection::vec(select(fragments.to_vec()), 1..12)
        .prop_map(|fragments| fragments.concat())
}

/// The characters that SQLite skips between tokens.
const WHITESPACE: [char; 6] = [' ', '\t', '\n', '\x0c', '\r', '\u{feff}'];

fn some_bytes() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..200),
        some_text().prop_map(String::into_bytes),
        some_text().prop_map(|text| ["-- Do.\n-- @revises base\n-- @upgrade\n", &text]
            .concat()
            .into_bytes()),
        (
            a_script(),
            "[ \u{a0}\u{3000}\u{2028}\u{feff}]{0,2}",
            a_script()
        )
            .prop_map(|(up, space, down)| {
                let header = "-- Do.\n-- @revises base\n";
                format!("{header}-- @upgrade\nSELECT {up}\n{space}-- @downgrade\nSELECT {down}")
                    .into_bytes()
            }),
        (some_text(), any::<u8>(), some_text()).prop_map(|(a, byte, b)| [
            a.as_bytes(),
            &[byte],
            b.as_bytes()
        ]
        .concat()),
    ]
}

/// Parses and links files as `load` does, without a disk.
fn link(files: Vec<(String, Vec<u8>)>) -> (Option<Chain>, Vec<Defect>) {
    let mut defects = DefectList::new();
    let parsed = files.into_iter().map(|(name, bytes)| {
        let path = format!("migrations/{name}");
        parse(
            &File {
                name,
                path,
                bytes: Some(bytes),
            },
            &mut defects,
        )
    });
    let parsed = parsed.collect();
    let chain = link_files(parsed, None, &mut defects);
    let defects: Vec<Defect> = defects.iter().cloned().collect();
    assert!(
        chain.is_some() || !defects.is_empty(),
        "neither a chain nor a defect"
    );
    // `load` returns no chain if there are defects.
    (chain.filter(|_| defects.is_empty()), defects)
}

/// Asserts that there is either a chain or a defect, and that both can be shown.
fn check(chain: Option<&Chain>, defects: &[Defect]) {
    assert_eq!(chain.is_none(), !defects.is_empty(), "{defects:?}");
    for defect in defects {
        let message = defect.to_string();
        assert!(
            message.starts_with(&format!("[{}] ", defect.kind())),
            "{message}"
        );
        assert!(message.contains("\nhelp: "), "no help: {message}");
        assert!(
            message.chars().all(|c| c == '\n' || !c.is_control()),
            "{message:?}"
        );
        assert!(
            !message.lines().any(|line| line.ends_with(' ')) || defect.line_column().is_some(),
            "{message:?}"
        );
    }
    for revision in chain.iter().flat_map(|chain| chain.revisions()) {
        for statement in revision.upgrade().statements() {
            assert!(!statement.sql().is_empty());
            let _ = statement.snippet(Some(usize::MAX)).to_string();
        }
    }
}

/// Returns the parents of each revision, which are among the revisions before it.
fn parents_of_a_dag() -> impl Strategy<Value = Vec<Vec<usize>>> {
    prop::collection::vec(
        prop::collection::vec(any::<prop::sample::Index>(), 1..4),
        0..12,
    )
    .prop_map(|picks| {
        let parents = |(at, picks): (usize, Vec<prop::sample::Index>)| {
            let parents: BTreeSet<usize> = picks.iter().map(|pick| pick.index(at + 1)).collect();
            parents.into_iter().collect()
        };
        [
            vec![Vec::new()],
            picks.into_iter().enumerate().map(parents).collect(),
        ]
        .concat()
    })
}

proptest! {
    #![proptest_config(config(1500))]

    #[test]
    fn every_extra_head_has_help_without_a_cycle(dag in parents_of_a_dag()) {
        let files = dag.iter().enumerate().map(|(index, parents)| {
            let parents: Vec<String> = parents.iter().map(|parent| format!("n{parent}")).collect();
            let revises = if parents.is_empty() { "base".to_owned() } else { parents.join(" ") };
            (format!("202601{:02}_1200_n{index}_x.sql", index + 1), text(&revises).into_bytes())
        });
        let (chain, defects) = link(files.collect());
        let is_revised = |index: &usize| dag.iter().any(|parents| parents.contains(index));
        let heads = (0..dag.len()).filter(|index| !is_revised(index)).count();
        prop_assert_eq!((defects.len(), chain.is_some()), (heads - 1, heads == 1));
        for defect in defects {
            // The help reads: run `revchain rebase`, or make nX revise nY
            let (_, by_hand) = defect.help_text().split_once(", or ").unwrap();
            let words: Vec<&str> = by_hand.split([' ', ',']).collect();
            let number = |word: &str| word[1..].parse::<usize>().unwrap();
            let (moved, behind) = (number(words[1]), number(words[3]));
            let mut open = vec![behind];
            let mut before = HashSet::new();
            while let Some(index) = open.pop() {
                if before.insert(index) {
                    open.extend(&dag[index]);
                }
            }
            prop_assert!(!before.contains(&moved), "{}", defect.help_text());
        }
    }
}

proptest! {
    #![proptest_config(config(1500))]

    #[test]
    fn any_bytes_are_a_chain_or_have_a_defect(bytes in some_bytes()) {
        let (chain, defects) = link(vec![("20260101_1200_001_x.sql".to_owned(), bytes)]);
        check(chain.as_ref(), &defects);
    }

    #[test]
    fn tokens_and_whitespace_cover_the_text(text in some_text()) {
        let mut end = 0;
        for token in tokenizer::tokens(&text) {
            prop_assert!(!token.span.is_empty() && text.get(token.span.clone()).is_some());
            prop_assert!(text[end..token.span.start].chars().all(|c| WHITESPACE.contains(&c)));
            end = token.span.end;
        }
        prop_assert!(text[end..].chars().all(|c| WHITESPACE.contains(&c)));
    }

    #[test]
    fn tokens_on_separate_lines_are_the_same_tokens(text in some_text()) {
        let read = |text: &str| -> Vec<(Kind, String)> {
            tokenizer::tokens(text).iter().map(|token| (token.kind, token.text(text).to_owned())).collect()
        };
        let mut tokens = read(&text);
        // A token can be illegal because of the text after it.
        tokens.retain(|(kind, _)| *kind != Kind::Illegal);
        let lines = tokens.iter().map(|(_, token)| token.as_str()).collect::<Vec<_>>().join("\n");
        prop_assert_eq!(read(&lines), tokens);
    }

    #[test]
    fn statements_contain_every_other_token(text in some_text()) {
        let tokens = tokenizer::tokens(&text);
        let statements = tokenizer::statements(&text, &tokens);
        let within: usize = statements.iter().map(|statement| statement.len()).sum();
        let outside = tokens.iter().filter(|token| token.is_comment() || token.text(&text) == ";").count();
        prop_assert!(within <= tokens.len() && tokens.len() <= within + outside);
        for statement in statements {
            prop_assert!(!statement[0].is_comment() && !statement[statement.len() - 1].is_comment());
        }
    }
}

const IDS: [&str; 5] = ["1", "2", "3", "4", "5"];

/// A file: its day, its id and its parents.
type Written = (u8, &'static str, Vec<&'static str>);

fn some_files() -> impl Strategy<Value = Vec<Written>> {
    let parents = prop_oneof![
        1 => Just(Vec::new()),
        5 => select(&IDS[..]).prop_map(|id| vec![id]),
        1 => select(&["2 3", "1 2", "3 4", "1 6"][..]).prop_map(|ids| ids.split(' ').collect()),
    ];
    prop::collection::vec((1..4_u8, select(&IDS[..]), parents), 1..6)
}

/// Returns files that are nearly a chain. Many of them are one.
fn nearly_a_chain() -> impl Strategy<Value = Vec<Written>> {
    prop::collection::vec((0..8_usize, 0..3_u8), 1..=IDS.len()).prop_map(|files| {
        let written = files.iter().enumerate().map(|(position, &(back, day))| {
            let parents = match (position, back) {
                (0, _) => Vec::new(),
                (2.., 0) => vec![IDS[position - 1], IDS[position - 2]],
                (2.., 1) => vec![IDS[position - 2]],
                _ => vec![IDS[position - 1]],
            };
            (
                u8::try_from(position).unwrap() + 1 + day / 2,
                IDS[position],
                parents,
            )
        });
        written.collect()
    })
}

/// Returns `true` if the files form a chain, by the plainest possible definition.
fn is_chain(files: &[Written]) -> bool {
    let ids: HashSet<_> = files.iter().map(|(_, id, _)| *id).collect();
    let date = |id: &str| files.iter().find(|file| file.1 == id).map(|file| file.0);
    let roots = files
        .iter()
        .filter(|(.., parents)| parents.is_empty())
        .count();
    let heads = ids
        .iter()
        .filter(|id| !files.iter().any(|(.., parents)| parents.contains(id)))
        .count();
    let dated = files
        .iter()
        .all(|(day, _, parents)| parents.iter().all(|id| date(id).is_some_and(|d| d <= *day)));
    // Repeatedly removing revisions without a parent removes all, unless there is a cycle.
    let mut left = ids.clone();
    while let Some(next) = files
        .iter()
        .find(|(_, id, parents)| left.contains(id) && !parents.iter().any(|p| left.contains(p)))
    {
        left.remove(next.1);
    }
    ids.len() == files.len() && roots == 1 && heads == 1 && dated && left.is_empty()
}

proptest! {
    #![proptest_config(config(800))]

    #[test]
    fn files_are_accepted_exactly_if_they_form_a_chain(files in prop_oneof![some_files(), nearly_a_chain()]) {
        let written = files.iter().enumerate().map(|(position, (day, id, parents))| {
            let parents = if parents.is_empty() { "base".to_owned() } else { parents.join(" ") };
            (format!("202601{day:02}_1200_{id}_x{position}.sql"), text(&parents).into_bytes())
        });
        let (chain, defects) = link(written.collect());
        check(chain.as_ref(), &defects);
        prop_assert_eq!(chain.is_some(), is_chain(&files), "{:?}", defects);
        let Some(chain) = chain else { return Ok(()) };
        for index in chain.indices() {
            for parent in chain[index].revises() {
                prop_assert!(chain.index_of(parent).is_some_and(|parent| parent < index));
            }
        }
        let head = chain.head_index().unwrap();
        prop_assert_eq!(chain.ancestry(head), RevisionSet::full(chain.len()));
    }

    #[test]
    fn any_files_are_a_chain_or_have_a_defect(
        files in prop::collection::vec(
            (
                select(&["20260101_1200_1_a.sql", "20260102_1200_2_b.sql", "20260102_1200_1_c.sql", "1.sql", "ü_2.sql",
                    "20261301_1200_3_d.sql", "20260101_1200_4_.sql", ".sql", "20260103_1200_5_\u{202e}.sql"][..]),
                prop_oneof![some_bytes(), Just(text("1").into_bytes()), Just(text("2 3").into_bytes())],
            ),
            1..6,
        )
    ) {
        let (chain, defects) = link(files.into_iter().map(|(name, bytes)| (name.to_owned(), bytes)).collect());
        check(chain.as_ref(), &defects);
    }
}

proptest! {
    #![proptest_config(config(40))]

    #[test]
    fn line_of_revisions_with_any_ids_is_loaded_in_order(
        ids in prop::collection::hash_set("[0-9a-z]{1,8}".prop_filter("a target", |id| !id.starts_with("hea") && id != "base"), 1..12)
            .prop_map(Vec::from_iter)
            .prop_shuffle(),
        days in prop::collection::vec(1..28_u8, 12),
        seed in any::<u64>(),
    ) {
        let mut days = days;
        days.sort_unstable();
        let mut files: Vec<_> = ids.iter().enumerate().map(|(position, id)| {
            let parent = if position == 0 { "base" } else { &ids[position - 1] };
            (crate::support::name(days[position], id), text(parent))
        }).collect();
        let count = files.len();
        files.rotate_left(usize::try_from(seed % 12).unwrap() % count);
        let chain = Directory::of(files).chain();
        prop_assert_eq!(crate::support::ids(&chain), ids.iter().map(String::as_str).collect::<Vec<_>>());
    }
}

proptest! {
    /// With equal markers, the engine could mistake a pending revision for an applied one.
    #[test]
    fn revisions_of_a_chain_have_distinct_markers(
        statements in prop::collection::vec("[a-c]{1,3}", 1..40),
        schema_version in any::<i32>(),
    ) {
        let files = statements.iter().enumerate().map(|(n, word)| {
            let revises = if n == 0 { "base".to_owned() } else { format!("{n}") };
            let text = format!(
                "-- A.\n-- @revises {revises}\n-- @upgrade\nSELECT '{word}';\n-- @downgrade\nSELECT 1;\n"
            );
            (format!("202601{:02}_00{:02}_{}_x.sql", 1 + n / 60, n % 60, n + 1), text.into_bytes())
        });
        let (chain, defects) = link(files.collect());
        prop_assert!(defects.is_empty(), "{:?}", defects);
        let chain = chain.unwrap();
        let markers: std::collections::BTreeSet<_> =
            chain.indices().map(|index| chain.marker(index, schema_version).unwrap()).collect();
        prop_assert_eq!(markers.len(), chain.revisions().len());
        prop_assert!(markers.iter().all(|marker| *marker < -1_000_000_000));
    }
}

proptest! {
    /// The schema reader reads text that is not a schema, and SQLite's messages contain any name.
    #[test]
    fn any_tokens_are_inspected_without_a_panic(words in prop::collection::vec(select(vec![
        "INSERT", "INTO", "t", "(", ")", ",", "a", "SELECT", "*", "FROM", "DROP", "TABLE", "ALTER", "RENAME", "TO", "COLUMN",
        "ADD", "DELETE", "UPDATE", "SET", "REPLACE", "OR", "WITH", "AS", ".", "'x'", "\"y\"", "CREATE", "INDEX", "ON", "VIEW",
        "TRIGGER", "BEGIN", "END", "DEFAULT", "CHECK", "REFERENCES", "PRIMARY", "KEY", "UNIQUE", "VIRTUAL", "USING", "-", "1",
    ]), 1..30)) {
        let sql = words.join(" ");
        let _ = inspect::named_objects(&sql);
        let _ = (inspect::created_name(&sql), inspect::insert_columns(&sql));
        let _ = (inspect::copies_by_select(&sql), inspect::copies_by_position(&sql));
        for message in ["no such table: main.t", "no such column: a", "NOT NULL constraint failed: t.a", &sql] {
            let _ = sqlite_messages::needs_app_defined_object(&sql, message);
            let _ = sqlite_messages::mentions_missing_name(&sql, message);
            let _ = sqlite_messages::fails_for_any_row(&sql, message, |_| Some(vec!["a"]));
        }
        let text = format!("-- A.\n-- @revises base\n-- @upgrade\n{sql}\n-- @downgrade\nSELECT 1;\n");
        let _ = link(vec![("20260101_0000_001_x.sql".to_owned(), text.into_bytes())]);
        let schema = Schema::read([sql.as_str(), "CREATE TABLE t (a, b)"]);
        let _ = diff(&schema, &Schema::default()).to_string();
    }
}
