//! What a command says: for people, or in JSON.

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use anstyle::{AnsiColor, Style};
use revchain_core::snippet::{escape, is_unseen};
use revchain_runtime::{Applied, Drift, Report};
use serde_json::{Value, json};

use crate::failure::Failure;

/// The answer of a command, in both forms.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) text: String,
    pub(crate) json: Value,
}

pub(crate) const CURRENT: Style = AnsiColor::Green.on_default().bold();
pub(crate) const PENDING: Style = AnsiColor::Yellow.on_default();
pub(crate) const FAINT: Style = Style::new().dimmed();
const ERROR: Style = AnsiColor::Red.on_default().bold();

/// Says the answer, or why there is none, and gives the exit code. Colours are left out where no terminal shows them.
pub(crate) fn finish(result: Result<Answer, Failure>, as_json: bool) -> ExitCode {
    let written = match &result {
        Ok(answer) if as_json => writeln!(io::stdout(), "{}", json_text(&answer.json)),
        Ok(answer) => writeln!(anstream::stdout(), "{}", answer.text),
        Err(Failure { code, message, json: more, .. }) if as_json => {
            let mut error = json!({ "code": code, "message": message });
            if let (Some(error), Some(more)) =
                (error.as_object_mut(), more.as_ref().and_then(Value::as_object))
            {
                error.extend(more.clone());
            }
            writeln!(io::stdout(), "{}", json_text(&json!({ "error": error })))
        }
        // Not the user's mistake, but what they wanted.
        Err(Failure { code: "declined", message, .. }) => writeln!(anstream::stderr(), "{message}"),
        Err(failure) => {
            // Paths and names are in it, and no styles.
            let lines: Vec<String> = failure.message.lines().map(escape).collect();
            writeln!(anstream::stderr(), "{ERROR}error{ERROR:#}: {}", lines.join("\n"))
        }
    };
    match (result, written) {
        (Err(failure), _) => ExitCode::from(failure.exit),
        // Whoever read the answer has read enough, as `head` does.
        (Ok(_), Err(error)) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        (Ok(_), Err(_)) => ExitCode::FAILURE,
        (Ok(_), Ok(())) => ExitCode::SUCCESS,
    }
}

/// JSON in which nothing steers a terminal: it need not escape all that does.
fn json_text(json: &Value) -> String {
    let mut text = String::new();
    for c in json.to_string().chars() {
        if is_unseen(c) {
            let units =
                c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")).collect::<String>();
            text.push_str(&units);
        } else {
            text.push(c);
        }
    }
    text
}

/// The report as JSON. Durations are in microseconds.
pub(crate) fn report(database: &str, report: &Report) -> Value {
    let applied = |applied: &[Applied]| -> Vec<Value> {
        applied.iter().map(|a| json!({ "revision": a.revision, "duration_us": micros(a.duration) })).collect()
    };
    json!({
        "database": database,
        "outcome": report.outcome.name(),
        "from": report.from,
        "to": report.to,
        "applied": applied(&report.applied),
        "reverted": applied(&report.reverted),
        "stamped": report.stamped,
        "unstamped": report.unstamped,
        "backup": report.backup,
        "rehearsal": report.rehearsal.as_ref().map(|rehearsal| json!({
            "tables": rehearsal.tables.iter().map(|rows| json!({
                "table": rows.table, "before": rows.before, "after": rows.after,
            })).collect::<Vec<_>>(),
            "diff": rehearsal.diff.lines().collect::<Vec<_>>(),
        })),
    })
}

/// The lines of a difference; null where it is not known.
pub(crate) fn drift(drift: &Drift) -> Value {
    json!(drift.diff.as_ref().map(|diff| diff.lines().collect::<Vec<_>>()))
}

pub(crate) fn micros(duration: Duration) -> u64 {
    duration.as_micros().try_into().unwrap_or(u64::MAX)
}

/// A point in time as RFC 3339, in UTC, to the second.
pub(crate) fn time(time: SystemTime) -> String {
    let rounded = jiff::Timestamp::try_from(time).and_then(|t| jiff::Timestamp::from_second(t.as_second()));
    rounded.map_or_else(|_| "at no time".to_owned(), |time| time.to_string())
}
