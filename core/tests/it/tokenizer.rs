//! Tests of the tokenizer against SQLite's rules.

use revchain_core::sql::tokenizer::{Kind, statements, tokens, unquote};

/// Returns the kind and the text of each token.
fn kinds(sql: &str) -> String {
    let tokens = tokens(sql).into_iter();
    let shown = tokens.map(|token| format!("{:?} {}", token.kind, token.text(sql)));
    shown.collect::<Vec<_>>().join(" | ")
}

/// Returns the tokens of one kind, separated by spaces.
fn of_kind(kind: Kind, sql: &str) -> String {
    let mut tokens = tokens(sql);
    tokens.retain(|token| token.kind == kind);
    let texts = tokens.iter().map(|token| token.text(sql));
    texts.collect::<Vec<_>>().join(" ")
}

fn split(sql: &str) -> Vec<&str> {
    let tokens = tokens(sql);
    statements(sql, &tokens)
        .into_iter()
        .map(|statement| &sql[statement[0].span.start..statement[statement.len() - 1].span.end])
        .collect()
}

#[test]
fn quotes_and_comments_hide_their_content() {
    assert_eq!(
        kinds("a '-- b''/*' \"c;\"\"\" [d;] `e;` -- f ; '\n/* ; ' */ g"),
        "Word a | String '-- b''/*' | QuotedWord \"c;\"\"\" | QuotedWord [d;] | QuotedWord `e;` | \
         LineComment -- f ; ' | BlockComment /* ; ' */ | Word g"
    );
}

#[test]
fn long_operator_is_one_token() {
    let sql = "a->>b->c||d<>e!=f==g<<h>>i<=j>=k|l&~m";
    let operators = "->> -> || <> != == << >> <= >= | & ~";
    assert_eq!(of_kind(Kind::Operator, sql), operators);
}

#[test]
fn other_operator_is_one_character() {
    let sql = "(a/b%c+d-e*f),g.h<i>j=k;~l";
    let operators = "( / % + - * ) , . < > = ; ~";
    assert_eq!(of_kind(Kind::Operator, sql), operators);
    assert_eq!(of_kind(Kind::Illegal, "a<!b>!c|d"), "! !");
}

#[test]
fn word_with_special_first_letter_stays_whole() {
    for word in "x X1 x_ e1 a$1 _ \u{ff46}oo \u{f000} é\u{feff}".split(' ') {
        assert_eq!(kinds(word), format!("Word {word}"));
    }
    assert_eq!(kinds("xx'00'"), "Word xx | String '00'");
}

#[test]
fn malformed_number_is_illegal() {
    let numbers =
        "1 1.5 .5 1. 1e5 1.5E-10 0xFf 1_000 1e+5 1.e5 .5e1 0X0 1e-1_0 0x1_f 0 00 0.5 0e-1";
    for number in numbers.split(' ') {
        assert_eq!(kinds(number), format!("Number {number}"));
    }
    let illegal = "1abc 0x 0xg 1__0 1e 1_ 0x_1 1._5 1e5e5 1x5 1e5.5 1.5x";
    for number in illegal.split(' ') {
        assert_ne!(of_kind(Kind::Illegal, number), "", "{number} is legal");
    }
    assert_eq!(kinds("1-2"), "Number 1 | Operator - | Number 2");
    assert_eq!(kinds("1e-a"), "Illegal 1e | Operator - | Word a");
    // A hexadecimal number has no exponent.
    assert_eq!(kinds("0xe-1"), "Number 0xe | Operator - | Number 1");
}

#[test]
fn malformed_parameter_is_illegal() {
    for parameter in "? ?12 :a @a #a $a $a::b $::a $a(x) $a::b(x:y)".split(' ') {
        assert_eq!(kinds(parameter), format!("Parameter {parameter}"));
    }
    for illegal in [":", "$", "#", "$(a)", "$a(b c)", "$a(b", "::"] {
        assert_ne!(of_kind(Kind::Illegal, illegal), "", "{illegal} is legal");
    }
    assert_eq!(kinds("?a"), "Parameter ? | Word a");
    assert_eq!(kinds("$a(x)b"), "Parameter $a(x) | Word b");
    assert!(kinds("$ab(c d)").starts_with("Illegal $ab(c | "));
}

#[test]
fn malformed_blob_is_illegal() {
    assert_eq!(kinds("x'00ff'"), "Blob x'00ff'");
    assert_eq!(kinds("x'00''b'"), "Blob x'00' | String 'b'");
    for illegal in ["x'1'", "x'zz'", "x'0g'"] {
        assert_ne!(of_kind(Kind::Illegal, illegal), "", "{illegal} is legal");
    }
}

#[test]
fn nul_or_unknown_mark_is_illegal() {
    for illegal in [
        "\0", "'a\0b'", "-- a\0b", "\"\0\"", "\\", "!", "{", "}", "^",
    ] {
        assert_ne!(of_kind(Kind::Illegal, illegal), "", "{illegal:?} is legal");
    }
}

#[test]
fn byte_order_mark_between_tokens_is_white_space() {
    assert_eq!(
        kinds("\u{feff}COMMIT;\u{feff}\u{feff}a\u{feff}b"),
        "Word COMMIT | Operator ; | Word a\u{feff}b"
    );
}

#[test]
fn open_quote_or_comment_is_unterminated() {
    for open in ["'a", "\"a", "`a", "[a", "x'00", "'a''", "'a\0"] {
        assert_eq!(kinds(open), format!("Unterminated(String) {open}"));
    }
    for open in ["/* a", "/*/"] {
        assert_eq!(kinds(open), format!("Unterminated(Comment) {open}"));
    }
}

#[test]
fn semicolon_outside_quotes_ends_a_statement() {
    assert_eq!(
        split("-- x\nSELECT ';'; ;\n/* y */ SELECT (1, (2)) -- z\n"),
        ["SELECT ';'", "SELECT (1, (2))"]
    );
    assert_eq!(split(" ; -- nothing\n;"), Vec::<&str>::new());
    assert_eq!(split("CREATE TEMP TABLE a (b); SELECT 1").len(), 2);
    assert_eq!(
        split("CREATE TABLE trigger_x (a); SELECT 1"),
        ["CREATE TABLE trigger_x (a)", "SELECT 1"]
    );
}

#[test]
fn trigger_with_inner_semicolons_is_one_statement() {
    let trigger = "CREATE TEMP TRIGGER t AFTER INSERT ON a BEGIN\n  \
                   SELECT CASE WHEN 1 THEN 2 END;\n  DELETE FROM b; /* ; */\nEND";
    let sql = format!("{trigger};\nSELECT 1;");
    assert_eq!(split(&sql), [trigger, "SELECT 1"]);
    assert_eq!(split(trigger), [trigger]);
    for create in [
        "CREATE TRIGGER",
        "create temporary trigger",
        "CREATE /* ; */ TEMP -- ;\n TRIGGER",
        "EXPLAIN CREATE TRIGGER",
        "EXPLAIN QUERY PLAN CREATE TRIGGER",
    ] {
        let trigger = format!("{create} t AFTER INSERT ON a BEGIN SELECT 1; SELECT 2; end");
        let sql = format!("{trigger}; SELECT 1");
        assert_eq!(split(&sql), [&trigger, "SELECT 1"]);
    }
}

#[test]
fn quoted_name_loses_its_quotes() {
    for quoted in ["ab", "\"ab\"", "[ab]", "`ab`", "'ab'"] {
        assert_eq!(unquote(quoted), "ab");
    }
    assert_eq!(unquote("\"a\"\"b\""), "a\"b");
    assert_eq!(unquote("[a b]"), "a b");
}
