//! The revision ids, dates and slugs of imported migrations.

use std::collections::HashSet;

use revchain_core::Date;
use revchain_core::source::file_name::{LONGEST_ID, check_id};

use crate::developer::naming;
use crate::developer::source_tree::date_of;

/// The slug and the words for a migration without a name.
const UNNAMED: &str = "migration";

/// The first made-up date, 2000-01-01 00:00.
const FIRST_MADE_UP: Date = Date::from_number(200_001_010_000);

/// Returns a revision id for each id of the tool.
///
/// The id of the tool is the revision if it fits. Capitals become small letters.
/// Otherwise the revision is the position in the chain, such as `007`.
pub(crate) fn revision_ids<'i>(ids: impl Iterator<Item = &'i str>) -> Vec<String> {
    let mut used = HashSet::new();
    let mut revisions = Vec::new();
    for (id, position) in ids.zip(1_usize..) {
        let id = id.to_ascii_lowercase();
        let mut revision = if check_id(&id).is_ok() {
            id
        } else {
            format!("{position:03}")
        };
        // An id that does not fit may stand at the position that is the id of another migration.
        while !used.insert(revision.clone()) && revision.len() < LONGEST_ID {
            revision.push('x');
        }
        revisions.push(revision);
    }
    revisions
}

/// The date of a revision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DateOf {
    /// The date in the name of the migration.
    Name(Date),
    /// A date that is made up, because the name has none after `before`.
    MadeUp(Date),
}

/// Returns the date of a migration whose parents have dates up to `before`.
///
/// The date is the one in `id` if it exists and is not before that of the parents.
/// Otherwise the date is made up: one day after 2000-01-01, or one minute after a date in a name.
pub(crate) fn date(id: &str, before: Option<Date>) -> DateOf {
    let in_id = date_in(id).filter(|date| before.is_none_or(|before| before <= *date));
    match in_id {
        Some(date) => DateOf::Name(date),
        None => DateOf::MadeUp(next_made_up(before)),
    }
}

/// Returns the date in an id: `YYYYMMDDHHMM[SS]`, `YYYYMMDD`, or seconds since 1970.
fn date_in(id: &str) -> Option<Date> {
    if !id.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let digits = match id.len() {
        14 | 12 => id[..12].to_owned(),
        8 => format!("{id}0000"),
        10 => {
            let time = jiff::Timestamp::from_second(id.parse().ok()?).ok()?;
            return Some(date_of(time)).filter(|date| is_plausible(*date));
        }
        _ => return None,
    };
    let date = Date::checked_from_number(digits.parse().ok()?)?;
    Some(date).filter(|date| is_plausible(*date))
}

/// Returns `true` for dates from 1990 on. Earlier dates are numbers, such as `00010101`.
fn is_plausible(date: Date) -> bool {
    Date::new(1990, 1, 1, 0, 0).is_some_and(|first| date >= first)
}

/// Returns the made-up date after `before`.
fn next_made_up(before: Option<Date>) -> Date {
    let Some(before) = before else {
        return FIRST_MADE_UP;
    };
    let number = before.number();
    let [year, month, day, hour, minute] = [
        number / 100_000_000,
        number / 1_000_000 % 100,
        number / 10_000 % 100,
        number / 100 % 100,
        number % 100,
    ]
    .map(|field| i16::try_from(field).unwrap_or_default());
    let small = |field: i16| i8::try_from(field).unwrap_or_default();
    let time = jiff::civil::DateTime::new(
        year,
        small(month),
        small(day),
        small(hour),
        small(minute),
        0,
        0,
    );
    // Made-up dates are at midnight, a day apart. The years are those in which nobody wrote
    // migrations for the tools.
    let is_made_up = number % 10_000 == 0 && year < 2015;
    let step = jiff::Span::new().minutes(if is_made_up { 24 * 60 } else { 1 });
    let next = time
        .and_then(|time| time.checked_add(step))
        .and_then(|time| time.to_zoned(jiff::tz::TimeZone::UTC));
    next.map_or(before, |next| date_of(next.timestamp()))
}

/// Returns the words of a name as the description of a revision.
pub(crate) fn description(name: &str) -> String {
    let words = name.split(|c: char| !c.is_alphanumeric());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    let words = if words.is_empty() {
        UNNAMED.to_owned()
    } else {
        words.join(" ")
    };
    let mut chars = words.chars();
    let first = chars.next().unwrap_or_default();
    first.to_uppercase().chain(chars).collect()
}

/// Returns the slug for a name.
pub(crate) fn slug(name: &str) -> String {
    naming::slug(name).unwrap_or_else(|| UNNAMED.to_owned())
}

#[cfg(test)]
mod tests {
    use super::{DateOf, date, description, revision_ids, slug};

    /// Returns the dates of migrations that follow each other, and the number of made-up dates.
    fn shown(ids: &[&str]) -> (Vec<String>, usize) {
        let (mut shown, mut made_up) = (Vec::new(), 0);
        let mut before = None;
        for id in ids {
            let date = match date(id, before) {
                DateOf::Name(date) => date,
                DateOf::MadeUp(date) => {
                    made_up += 1;
                    date
                }
            };
            shown.push(date.prefix());
            before = Some(date);
        }
        (shown, made_up)
    }

    #[test]
    fn dates_in_ids_are_kept_while_they_rise() {
        let ids = ["20240131120059", "20240230000000", "1706788800", "20230101"];
        let expected = [
            "20240131_1200",
            "20240131_1201",
            "20240201_1200",
            "20240201_1201",
        ];
        assert_eq!(shown(&ids), (expected.map(str::to_owned).to_vec(), 2));
    }

    #[test]
    fn numbers_get_a_day_each() {
        let expected = ["20000101_0000", "20000102_0000", "20240131_0000"];
        let ids = ["1", "00000002", "20240131"];
        assert_eq!(shown(&ids), (expected.map(str::to_owned).to_vec(), 2));
    }

    #[test]
    fn id_that_does_not_fit_becomes_the_position() {
        let ids = ["AE10", "head", "a_b", "003", "1"].into_iter();
        assert_eq!(revision_ids(ids), ["ae10", "002", "003", "003x", "1"]);
    }

    #[test]
    fn name_becomes_description_and_slug() {
        assert_eq!(description("_create-users "), "Create users");
        assert_eq!(slug("Create-Users v2"), "create_users_v2");
        assert_eq!(
            (description("_").as_str(), slug("é").as_str()),
            ("Migration", "migration")
        );
    }
}
