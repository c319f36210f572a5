//! The date of a revision.

use std::fmt;

/// A date and a time of day in UTC, to the minute.
///
/// `{}` writes `2026-01-13`, and `{:#}` writes `2026-01-13 12:00`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    /// The digits `YYYYMMDDHHMM`, as a number.
    number: u64,
}

impl Date {
    /// The date 0001-01-01 00:00.
    pub const MIN: Self = Self::from_number(1_01_01_00_00);

    /// Makes a date; `None` if the calendar has no such date. Months and days begin at 1.
    pub const fn new(year: u16, month: u8, day: u8, hour: u8, minute: u8) -> Option<Self> {
        let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let days = match month {
            4 | 6 | 9 | 11 => 30,
            2 if is_leap => 29,
            2 => 28,
            1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
            _ => 0,
        };
        if day == 0 || day > days || hour > 23 || minute > 59 || year > 9999 {
            return None;
        }
        let date = (year as u64 * 100 + month as u64) * 100 + day as u64;
        let number = (date * 100 + hour as u64) * 100 + minute as u64;
        Some(Self { number })
    }

    /// Returns the date as the number `YYYYMMDDHHMM`.
    #[doc(hidden)]
    pub const fn number(self) -> u64 {
        self.number
    }

    /// Makes a date from its [`number`](Self::number).
    ///
    /// # Panics
    ///
    /// Panics if the calendar has no such date. In a constant, the panic is a compile error.
    #[doc(hidden)]
    pub const fn from_number(number: u64) -> Self {
        match Self::checked_from_number(number) {
            Some(date) => date,
            None => panic!("there is no such date"),
        }
    }

    /// Makes a date from its [`number`](Self::number); `None` if the calendar has no such date.
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

    /// Returns the date as at the start of a file name: `YYYYMMDD_HHMM`.
    pub fn prefix(self) -> String {
        format!("{:08}_{:04}", self.number / 10_000, self.number % 10_000)
    }
}

impl fmt::Display for Date {
    /// Writes `YYYY-MM-DD`. The format `{:#}` writes `YYYY-MM-DD HH:MM`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (day, time) = (self.number / 10_000, self.number % 10_000);
        let (year, month) = (day / 10_000, day / 100 % 100);
        write!(f, "{year:04}-{month:02}-{:02}", day % 100)?;
        if f.alternate() {
            write!(f, " {:02}:{:02}", time / 100, time % 100)?;
        }
        Ok(())
    }
}
