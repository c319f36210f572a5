use revchain::sql;

const IN_CONST: &str = sql!(in "chains/merge", "SELECT 1");

macro_rules! query {
    ($text:literal) => {
        sql!(in "chains/merge", $text)
    };
}

fn main() {
    assert_eq!(IN_CONST, "SELECT 1");
    assert_eq!(query!("SELECT 2"), "SELECT 2");
    let raw: &'static str = sql!(in "chains/merge", r#"SELECT 1 AS "one""#);
    assert_eq!(raw, "SELECT 1 AS \"one\"");
    let pieces = sql!(in "chains/merge", "SELECT ", "1", concat!(" + ", 2, " AS ", 'n'),);
    assert_eq!(pieces, "SELECT 1 + 2 AS n");
}
