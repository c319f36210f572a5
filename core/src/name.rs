//! The name of a migration file: `YYYYMMDD_HHMM_<revision>_<slug>.sql`.

use std::fmt;

/// The longest revision id, in characters.
pub const LONGEST_ID: usize = 32;

/// Whether a chain may have this name: 1 to 32 characters `[a-z0-9_]`.
pub fn is_chain_name(name: &str) -> bool {
    let is_known = |byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_');
    (1..=LONGEST_ID).contains(&name.len()) && name.bytes().all(is_known)
}

/// What chains may be called, in words.
pub const CHAIN_NAME: &str = "1 to 32 characters a-z, 0-9 and _";

/// What a file's name says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// When the revision was written.
    pub date: Date,
    /// The revision's id.
    pub id: String,
    /// What it is about, in words joined by underscores.
    pub slug: String,
}

impl Name {
    /// The file's name: what [`parse`] reads.
    pub fn file_name(&self) -> String {
        format!("{}_{}_{}.sql", self.date.prefix(), self.id, self.slug)
    }
}

/// A date and a time of day in UTC, to the minute: as much as a file's name says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
    hour: u8,
    minute: u8,
}

impl Date {
    /// A date, if there is such a one.
    pub const fn new(year: u16, month: u8, day: u8, hour: u8, minute: u8) -> Option<Self> {
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let days = match month {
            4 | 6 | 9 | 11 => 30,
            2 if leap => 29,
            2 => 28,
            1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
            _ => 0,
        };
        if day >= 1 && day <= days && hour < 24 && minute < 60 && year <= 9999 {
            Some(Self { year, month, day, hour, minute })
        } else {
            None
        }
    }

    /// The date as one number, which has the digits of [`prefix`](Self::prefix).
    #[doc(hidden)]
    pub const fn number(self) -> u64 {
        let day = (self.year as u64 * 100 + self.month as u64) * 100 + self.day as u64;
        (day * 100 + self.hour as u64) * 100 + self.minute as u64
    }

    /// The date that has this [`number`](Self::number). In a constant, another one is a compile error.
    #[doc(hidden)]
    pub const fn from_number(number: u64) -> Self {
        match Self::checked_from_number(number) {
            Some(date) => date,
            None => panic!("there is no such date"),
        }
    }

    /// The date that has this [`number`](Self::number), if there is such a one.
    #[doc(hidden)]
    pub const fn checked_from_number(number: u64) -> Option<Self> {
        if number > 999_999_999_999 {
            return None;
        }
        Self::new(
            (number / 100_000_000) as u16,
            (number / 1_000_000 % 100) as u8,
            (number / 10_000 % 100) as u8,
            (number / 100 % 100) as u8,
            (number % 100) as u8,
        )
    }

    /// The date as a file's name begins with it, `YYYYMMDD_HHMM`.
    pub fn prefix(self) -> String {
        let Self { year, month, day, hour, minute } = self;
        format!("{year:04}{month:02}{day:02}_{hour:02}{minute:02}")
    }
}

impl fmt::Display for Date {
    /// `YYYY-MM-DD`, and with `{:#}` the time as well: `YYYY-MM-DD HH:MM`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { year, month, day, hour, minute } = self;
        write!(f, "{year:04}-{month:02}-{day:02}")?;
        if f.alternate() { write!(f, " {hour:02}:{minute:02}") } else { Ok(()) }
    }
}

/// Why a file name is not that of a migration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NameError {
    /// The form is wrong; the text says where.
    Form(String),
    /// The form is right, but there is no such date or time; the rest of the name is known.
    Date(String),
}

/// Reads the name of a migration file.
///
/// # Errors
///
/// What is wrong with the name, in words that follow "the name …".
pub fn parse(file_name: &str) -> Result<Name, NameError> {
    let form = |what: &str| Err(NameError::Form(what.to_owned()));
    let Some(stem) = file_name.strip_suffix(".sql") else {
        return form("does not end in `.sql`");
    };
    let mut parts = stem.splitn(4, '_');
    let (day, time) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let digits = |text: &str, length| text.len() == length && text.bytes().all(|b| b.is_ascii_digit());
    if !digits(day, 8) {
        return form("does not begin with a date of eight digits, `YYYYMMDD_`");
    }
    if !digits(time, 4) {
        return form("has no time of four digits after its date, `HHMM_`");
    }
    let id = parts.next().unwrap_or_default();
    if let Err(what) = check_id(id) {
        return Err(NameError::Form(what));
    }
    let slug = parts.next().unwrap_or_default();
    if !slug.bytes().any(|b| b.is_ascii_alphanumeric()) {
        return form("has no slug after its revision, `_<slug>.sql`");
    }
    if !slug.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_') {
        return form("has a slug with characters other than a-z, 0-9 and _");
    }
    // Every part is a few ASCII digits, so it fits.
    let number = |text: &str, from, to| text[from..to].parse().unwrap_or(u8::MAX);
    let year = day[..4].parse().unwrap_or(u16::MAX);
    match Date::new(year, number(day, 4, 6), number(day, 6, 8), number(time, 0, 2), number(time, 2, 4)) {
        Some(date) => Ok(Name { date, id: id.to_owned(), slug: slug.to_owned() }),
        None => Err(NameError::Date(id.to_owned())),
    }
}

/// Checks a revision id: 1 to 32 characters of `[0-9a-z]`, and none of the words that name a target.
///
/// # Errors
///
/// What is wrong with it, in words that follow "the name …".
pub fn check_id(id: &str) -> Result<(), String> {
    if id.is_empty() {
        return Err("has no revision after its time, `<revision>_`".to_owned());
    }
    if id.len() > LONGEST_ID {
        return Err(format!("has a revision of {} characters: at most {LONGEST_ID} are allowed", id.len()));
    }
    if !id.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_lowercase()) {
        return Err(format!("has the revision `{id}`: it is made of 0-9 and a-z"));
    }
    if matches!(id, "base" | "head" | "heads") {
        return Err(format!("has the revision `{id}`: that word names a target"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_good_name_is_read() {
        let name = parse("20260113_1200_002_add_app_passwords.sql").expect("it is good");
        assert_eq!((name.id.as_str(), name.slug.as_str()), ("002", "add_app_passwords"));
        assert_eq!(name.file_name(), "20260113_1200_002_add_app_passwords.sql");
        assert_eq!(
            format!("{} {:#} {}", name.date, name.date, name.date.prefix()),
            "2026-01-13 2026-01-13 12:00 20260113_1200"
        );
    }

    #[test]
    fn a_date_is_a_number_of_the_same_digits() {
        let date = Date::from_number(202402291748);
        assert_eq!((date.prefix().as_str(), date.number()), ("20240229_1748", 202402291748));
    }

    #[test]
    fn a_bad_name_is_told_what_is_wrong() {
        for (name, what) in [
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
            ("20260113_1200_000000000000000000000000000000001_x.sql", "33 characters"),
        ] {
            match parse(name) {
                Err(NameError::Form(error)) => assert!(error.contains(what), "{name}: {error}"),
                other => panic!("{name}: {other:?}"),
            }
        }
    }

    #[test]
    fn a_revision_has_at_most_32_characters() {
        assert_eq!(check_id(&"a".repeat(LONGEST_ID)), Ok(()));
        assert!(check_id(&"a".repeat(LONGEST_ID + 1)).is_err());
    }

    #[test]
    fn a_date_that_does_not_exist_is_told_apart() {
        for name in [
            "20260230_1200_1_x.sql",
            "20261301_1200_1_x.sql",
            "20260101_2400_1_x.sql",
            "20260101_1260_1_x.sql",
            "20250229_0000_1_x.sql",
            "20260100_0000_1_x.sql",
        ] {
            assert_eq!(parse(name), Err(NameError::Date("1".to_owned())), "{name}");
        }
        assert!(parse("20240229_2359_1_x.sql").is_ok());
        assert!(Date::new(1900, 2, 29, 0, 0).is_none() && Date::new(2000, 2, 29, 0, 0).is_some());
    }
}
