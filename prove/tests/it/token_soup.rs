//! Chains of arbitrary tokens: the proof may reject a chain, but it must not panic.

use proptest::prelude::*;
use proptest::sample::select;
use revchain_prove::Scope;

use crate::support::{Directory, FAMILY, T};

/// Words and marks of SQL, and the names in the first two revisions.
const TOKENS: &str = "
    CREATE TEMP VIRTUAL TABLE INDEX UNIQUE TRIGGER VIEW IF EXISTS AS USING fts5
    ALTER ADD DROP RENAME COLUMN TO INSERT OR REPLACE INTO VALUES UPDATE SET DELETE FROM
    WITH SELECT WHERE ON CONFLICT DO NOTHING BEGIN END AFTER NOT NULL DEFAULT CHECK
    PRIMARY KEY REFERENCES CASCADE WITHOUT ROWID INTEGER TEXT
    t p c id a b p_id new \"t\" [a] `b` main. ; ; ; ( ( ) ) , , * = . - 'x' x'0f' 1 -2.5 ? ä /* */";

/// Statements that run, so that the tokens after them meet other schemas.
const STATEMENTS: &[&str] = &[
    ";\nDROP TABLE c;\n",
    ";\nALTER TABLE t RENAME TO u;\n",
    ";\nALTER TABLE t ADD COLUMN d NOT NULL DEFAULT 1;\n",
    ";\nINSERT INTO t (a, b) SELECT b, a FROM t;\n",
    ";\nCREATE TABLE new AS SELECT * FROM t;\n",
    ";\nUPDATE OR",
    ";\nDELETE FROM",
    ";\nREPLACE INTO",
];

fn script() -> impl Strategy<Value = String> {
    let tokens: Vec<&str> = TOKENS.split_whitespace().collect();
    let part = prop_oneof![4 => select(tokens), 1 => select(STATEMENTS)];
    prop::collection::vec(part, 1..20).prop_map(|parts| parts.join(" "))
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 100,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn proof_of_arbitrary_tokens_does_not_panic(
        scripts in prop::collection::vec((script(), script()), 1..4),
    ) {
        let mut steps = vec![T, FAMILY];
        steps.extend(scripts.iter().map(|(up, down)| (up.as_str(), down.as_str())));
        let loaded = Directory::of(&steps).prove(Scope::All);
        let _ = loaded.into_chain();
    }
}
