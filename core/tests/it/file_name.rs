//! The names of migration files, and the dates and ids in them.

use revchain_core::Date;
use revchain_core::source::file_name::{FileName, FileNameError, LONGEST_ID, check_id};

#[test]
fn valid_name_is_parsed() {
    let text = "20260113_1200_002_add_app_passwords.sql";
    let name = FileName::parse(text).expect("the name is valid");
    assert_eq!(
        (name.id.as_str(), name.slug.as_str()),
        ("002", "add_app_passwords")
    );
    assert_eq!(name.date, Date::from_number(202601131200));
    assert_eq!(name.to_string(), text);
}

#[test]
fn invalid_name_reports_its_mistake() {
    for (name, expected) in [
        ("20260113_1200_002_x.SQL", "does not end"),
        ("2026-01-13_1200_002_x.sql", "date of eight digits"),
        ("V1__initial.sql", "date of eight digits"),
        ("20260113_002_x.sql", "time of four digits"),
        ("20260113_1200__x.sql", "no revision"),
        ("20260113_1200_A_x.sql", "`A`"),
        ("20260113_1200_head_x.sql", "names a target"),
        ("20260113_1200_002.sql", "no slug"),
        ("20260113_1200_002__.sql", "no slug"),
        ("20260113_1200_002_Übung.sql", "characters other than"),
        (
            "20260113_1200_000000000000000000000000000000001_x.sql",
            "33 characters",
        ),
    ] {
        match FileName::parse(name) {
            Err(FileNameError::Form(error)) => {
                assert!(error.contains(expected), "{name}: {error}");
            }
            other => panic!("{name}: {other:?}"),
        }
    }
}

#[test]
fn id_has_at_most_32_characters() {
    assert_eq!(check_id(&"a".repeat(LONGEST_ID)), Ok(()));
    assert!(check_id(&"a".repeat(LONGEST_ID + 1)).is_err());
}

#[test]
fn nonexistent_date_reports_the_id() {
    for name in [
        "20260230_1200_1_x.sql",
        "20261301_1200_1_x.sql",
        "20260101_2400_1_x.sql",
        "20260101_1260_1_x.sql",
        "20250229_0000_1_x.sql",
        "20260100_0000_1_x.sql",
    ] {
        let error = FileNameError::Date { id: "1".to_owned() };
        assert_eq!(FileName::parse(name), Err(error), "{name}");
    }
    assert!(FileName::parse("20240229_2359_1_x.sql").is_ok());
}

#[test]
fn texts_and_number_have_the_same_digits() {
    let date = Date::from_number(202402291748);
    assert_eq!(
        (date.prefix().as_str(), date.number()),
        ("20240229_1748", 202402291748)
    );
    assert_eq!(format!("{date} {date:#}"), "2024-02-29 2024-02-29 17:48");
}

#[test]
fn leap_day_exists_in_leap_years_only() {
    assert_eq!(Date::new(1900, 2, 29, 0, 0), None);
    assert!(Date::new(2000, 2, 29, 0, 0).is_some());
}
