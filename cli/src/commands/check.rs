//! `check`: comparing a database with the schema of its revision, and proving a directory.

use revchain_runtime::{Diff, JobEntry, SchemaCheck};
use serde_json::json;

use crate::app::Commands;
use crate::args::CheckArgs;
#[cfg(feature = "developer")]
use crate::developer::proof::prove_directory;
use crate::support::{
    Answer, Failure, Invocation, PLAIN, Result, in_database, jobs, must_exist, open_to_inspect,
    report,
};

/// Proves the directory if the arguments name a directory.
///
/// Checks the database if the arguments name a database, or if they name no directory.
pub(crate) fn run(app: &Commands<'_>, args: &CheckArgs) -> Result {
    #[cfg(feature = "developer")]
    if let Some(directory) = &args.migrations {
        let (proof, _) = prove_directory(directory, args)?;
        return with_database(app, proof, args);
    }
    #[cfg(feature = "developer")]
    if args.all || args.replicated.is_some() {
        let option = if args.all { "--all" } else { "--replicated" };
        let message = format!("{option} needs a directory of migrations");
        return Err(Failure::usage(message).help("pass DIR"));
    }
    check_database(app, args)
}

/// Checks the database if the arguments name a database, and adds the result to `proof`.
#[cfg(feature = "developer")]
pub(crate) fn with_database(app: &Commands<'_>, mut proof: Answer, args: &CheckArgs) -> Result {
    if args.database.path.is_none() {
        return Ok(proof);
    }
    let database = check_database(app, args)?;
    proof.text += &format!("\n{}", database.text);
    if let (Some(fields), Some(more)) = (proof.json.as_object_mut(), database.json.as_object()) {
        fields.extend(more.clone());
    }
    Ok(proof)
}

fn check_database(app: &Commands<'_>, args: &CheckArgs) -> Result {
    let (path, migrator) = app.database_of(&args.database)?;
    must_exist(&path)?;
    let connection = open_to_inspect(&migrator, &path)?;
    let check = in_database(&path, migrator.check(&connection))?;
    let mut jobs = jobs::jobs(&migrator, &path, &connection)?;
    jobs.retain(JobEntry::is_failing);
    let text = format!("{}: {check}", path.display());
    let json = json!({
        "database": path.display().to_string(),
        "current": check.revision(),
        "drift": report::drift(&check),
        "failing_jobs": jobs.iter().map(jobs::json).collect::<Vec<_>>(),
    });
    let failure = match &check {
        SchemaCheck::Same { .. } if jobs.is_empty() => {
            return Ok(Answer::new(text, json));
        }
        SchemaCheck::Same { .. } => {
            let message = format!(
                "{text}, but jobs fail{}",
                jobs::list_unfinished(&jobs, PLAIN)
            );
            let command = Invocation::new(Some(&args.database)).command("run-jobs");
            Failure::failed("job", message).help(&format!(
                "remove the cause, and run `{command}`, or start the program"
            ))
        }
        SchemaCheck::Unknown { reason, .. } => {
            Failure::failed("unknown-schema", text).details(json!({ "reason": reason }))
        }
        _ => {
            let legend = Diff::legend(check.revision().unwrap_or("base"));
            Failure::failed("drifted", text).help(&legend)
        }
    };
    Err(failure.details(json))
}
