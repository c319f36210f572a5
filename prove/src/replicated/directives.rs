//! The directives that a cluster cannot follow: they need the program in the database.

use revchain_core::{Defect, DefectKind};

use super::Subject;
use crate::diagnostics::location::at_directive;

/// Reports each directive for a function, a collation, a module or a job of the program.
pub(super) fn check(subject: &Subject<'_>) -> Vec<Defect> {
    let (revision, source) = (subject.revision, subject.source);
    let stand_ins = &source.stand_ins;
    let requires = revision.requires().count();
    let in_header = [
        ("unproven", usize::from(source.is_unproven)),
        ("function", stand_ins.functions.len()),
        ("collation", stand_ins.collations.len()),
        ("module", stand_ins.modules.len()),
        ("job", revision.jobs().len()),
        ("requires", requires.min(1)),
    ];
    let mut defects = Vec::new();
    for (name, count) in in_header {
        for index in 0..count {
            let defect = defect(subject, name);
            defects.push(at_directive(defect, revision, source, name, index));
        }
    }
    for line in revision.code() {
        let defect = defect(subject, "code").at(revision.path());
        defects.push(defect.showing(line.snippet()));
    }
    defects
}

fn defect(subject: &Subject<'_>, name: &str) -> Defect {
    let id = subject.revision.id();
    let title = format!("{id} has `@{name}`, and a replica has only SQLite, not the program");
    let fix = match name {
        "code" | "job" | "requires" => {
            "change the rows with SQL, or in the program after the upgrade, and remove the line"
        }
        "module" => "use a table or a virtual table of SQLite, and remove the line",
        "collation" => "use a collation of SQLite, such as NOCASE, and remove the line",
        _ => "use the functions of SQLite, and remove the line",
    };
    subject.help(Defect::new(DefectKind::ReplicatedDirective, title), fix)
}
