//! Numbers as text.

use std::time::Duration;

use revchain_benches::Spread;

/// Formats a number of revisions, such as `1,000`.
pub(super) fn count(count: usize) -> String {
    if count < 1000 {
        count.to_string()
    } else {
        format!("{},{:03}", count / 1000, count % 1000)
    }
}

/// Formats seconds with three digits, such as `28.4 µs`.
pub(super) fn seconds(seconds: f64) -> String {
    let (value, unit) = match seconds {
        s if s < 1e-3 => (s * 1e6, "µs"),
        s if s < 1.0 => (s * 1e3, "ms"),
        s => (s, "s"),
    };
    let digits = if value < 10.0 {
        2
    } else {
        usize::from(value < 100.0)
    };
    format!("{value:.digits$} {unit}")
}

pub(super) fn duration(duration: Duration) -> String {
    seconds(duration.as_secs_f64())
}

/// Formats a factor, such as `1.02 ×`.
pub(super) fn ratio(ratio: f64) -> String {
    let digits = match ratio {
        r if r < 0.1 => 4,
        r if r < 10.0 => 2,
        r if r < 100.0 => 1,
        _ => 0,
    };
    format!("{ratio:.digits$} ×")
}

pub(super) fn kilobytes(bytes: u64) -> String {
    format!("{} KB", bytes / 1000)
}

pub(super) fn mebibytes(kib: f64) -> String {
    format!("{:.1}", kib / 1024.0)
}

/// Formats the median with the extremes in parentheses.
pub(super) fn spread(Spread { min, median, max }: Spread<Duration>) -> String {
    let (min, median, max) = (duration(min), duration(median), duration(max));
    format!("{median} ({min} – {max})")
}

/// Formats times with the ratio of the median to that of the floor.
pub(super) fn spread_with_ratio(times: &[Duration], floor: &[Duration]) -> Option<String> {
    let (times, floor) = (Spread::new(times)?, Spread::new(floor)?);
    let factor = times.median.as_secs_f64() / floor.median.as_secs_f64();
    Some(format!("{} · {}", spread(times), ratio(factor)))
}

/// Returns the median of some times, in seconds.
pub(super) fn median(times: &[Duration]) -> Option<f64> {
    Some(Spread::new(times)?.median.as_secs_f64())
}
