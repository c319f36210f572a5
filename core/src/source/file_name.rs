//! The names of migration files, `YYYYMMDD_HHMM_<revision>_<slug>.sql`, and revision ids.

use std::fmt;

use crate::Date;

/// The maximum length of a revision id and of a chain's name, in characters.
pub const LONGEST_ID: usize = 32;

/// The description of a valid chain name, for messages.
pub const CHAIN_NAME: &str = "1 to 32 characters a-z, 0-9 and _";

/// Returns `true` if `name` is a valid chain name: 1 to 32 characters `[a-z0-9_]`.
pub fn is_chain_name(name: &str) -> bool {
    (1..=LONGEST_ID).contains(&name.len()) && name.bytes().all(is_slug_byte)
}

/// The parts of the name of a migration file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileName {
    /// The date and time at which the revision was written, in UTC.
    pub date: Date,
    /// The id of the revision.
    pub id: String,
    /// The short description of the revision, in words joined by underscores.
    pub slug: String,
}

/// The reason why a file name is not the name of a migration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileNameError {
    /// The name does not have the required form.
    /// The text describes the mistake, and completes the sentence "the name …".
    Form(String),
    /// The date or the time does not exist. The id of the revision is valid.
    Date {
        /// The id of the revision.
        id: String,
    },
}

impl FileName {
    /// Parses the name of a migration file.
    ///
    /// # Errors
    ///
    /// Returns the first mistake in the name.
    pub fn parse(file_name: &str) -> Result<Self, FileNameError> {
        let Some(stem) = file_name.strip_suffix(".sql") else {
            return form_error("does not end in `.sql`");
        };
        let mut parts = stem.splitn(4, '_');
        let mut next_part = || parts.next().unwrap_or_default();
        let (day, time, id, slug) = (next_part(), next_part(), next_part(), next_part());
        if !is_number(day, 8) {
            return form_error("does not begin with a date of eight digits, `YYYYMMDD_`");
        }
        if !is_number(time, 4) {
            return form_error("has no time of four digits after its date, `HHMM_`");
        }
        check_id(id).map_err(FileNameError::Form)?;
        if !slug.bytes().any(|byte| byte.is_ascii_alphanumeric()) {
            return form_error("has no slug after its revision, `_<slug>.sql`");
        }
        if !slug.bytes().all(is_slug_byte) {
            return form_error("has a slug with characters other than a-z, 0-9 and _");
        }
        let (id, slug) = (id.to_owned(), slug.to_owned());
        let number = format!("{day}{time}").parse();
        match number.ok().and_then(Date::checked_from_number) {
            Some(date) => Ok(Self { date, id, slug }),
            None => Err(FileNameError::Date { id }),
        }
    }
}

impl fmt::Display for FileName {
    /// Writes the file name in the form that [`parse`](FileName::parse) accepts.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_{}_{}.sql", self.date.prefix(), self.id, self.slug)
    }
}

fn form_error(problem: &str) -> Result<FileName, FileNameError> {
    Err(FileNameError::Form(problem.to_owned()))
}

fn is_number(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_slug_byte(byte: u8) -> bool {
    matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_')
}

/// Checks a revision id: 1 to 32 characters `[0-9a-z]`, but not `base`, `head` or `heads`.
///
/// # Errors
///
/// Returns the mistake in the id. The text completes the sentence "the name …".
pub fn check_id(id: &str) -> Result<(), String> {
    let length = id.len();
    if length == 0 {
        return Err("has no revision after its time, `<revision>_`".to_owned());
    }
    if length > LONGEST_ID {
        let limit = format!("at most {LONGEST_ID} are allowed");
        return Err(format!("has a revision of {length} characters: {limit}"));
    }
    if !id.bytes().all(|byte| is_slug_byte(byte) && byte != b'_') {
        let rule = "it is made of 0-9 and a-z";
        return Err(format!("has the revision `{id}`: {rule}"));
    }
    if matches!(id, "base" | "head" | "heads") {
        return Err(format!("has the revision `{id}`: that word names a target"));
    }
    Ok(())
}

/// Returns the number after the highest number in `ids`, with at least as many digits as `like`.
///
/// Returns `None` if `like` is not a number, if `ids` contains no number, or if the result would
/// exceed [`u64::MAX`].
pub fn next_id<'i>(like: &str, ids: impl Iterator<Item = &'i str>) -> Option<String> {
    like.parse::<u64>().ok()?;
    let highest = ids.filter_map(|id| id.parse::<u64>().ok()).max()?;
    let next = highest.checked_add(1)?;
    Some(format!("{next:0width$}", width = like.len()))
}
