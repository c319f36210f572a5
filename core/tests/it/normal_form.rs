//! The normal form of SQL, seen in the text after the name of a virtual table.

use revchain_core::schema::{Schema, diff};

fn schema(sql: &str) -> Schema {
    Schema::read([format!("CREATE VIRTUAL TABLE f USING {sql}").as_str()])
}

fn normal(sql: &str) -> String {
    let shown = diff(&Schema::default(), &schema(sql)).to_string();
    let normal = shown.strip_prefix("+ table f USING ");
    normal.expect("the table is new").to_owned()
}

#[test]
fn formatting_and_case_are_normalized() {
    for sql in [
        "check(length(a)>0 and b in('X','y'))",
        "CHECK ( length ( \"a\" ) > 0 /* x */ AND [b] IN ('X', 'y') ) -- y",
        "Check (LENGTH(`A`)\n>\t0 And B In ('X','y'))",
    ] {
        let expected = "check (length(a) > 0 and b in ('X', 'y'))";
        assert!(normal(sql).eq_ignore_ascii_case(expected), "{sql}");
        assert_eq!(schema(sql), schema(expected), "{sql}");
    }
    assert_eq!(normal("x'ab'"), "x'AB'");
    assert_eq!(normal("1_000.5E3 0XfF"), "1000.5e3 0xff");
}

#[test]
fn different_meaning_stays_different() {
    for (one, other) in [
        ("'a'", "'A'"),
        ("\"order\"", "order"),
        ("\"null\"", "null"),
        ("\"current_date\"", "current_date"),
        ("\"a b\"", "a b"),
        ("a.b", "a b"),
        ("\"it's\"", "its"),
    ] {
        assert_ne!(schema(one), schema(other));
    }
    assert_eq!(schema("\"key\""), schema("key"));
}

#[test]
fn case_matters_only_in_strings() {
    let sql = "A 'B''C' D \"It's\" 'E'";
    assert_eq!(schema(sql), schema("a 'B''C' d \"it's\" 'E'"));
    for other in [
        "a 'b''C' d \"it's\" 'E'",
        "a 'B''c' d \"it's\" 'E'",
        "a 'B''C' d \"it's\" 'e'",
    ] {
        assert_ne!(schema(sql), schema(other));
    }
}
