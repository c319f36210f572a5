//! Parsing of the sections of a file, and the construction of the body.

use std::mem;
use std::ops::Range;

use super::directive::Directive;
use super::{Body, Parser, Section, forbidden};
use crate::diagnostics::snippet::{line_number, line_start};
use crate::sql::tokenizer::statements;
use crate::{Defect, DefectKind, Downgrade, Job, Script};

impl<'t> Parser<'t, '_> {
    /// Begins a section. The section ends at the next section, or at the end of the file.
    ///
    /// `index` is the index of the directive in `tokens`.
    pub(super) fn begin_section(&mut self, directive: &Directive<'t>, index: usize) {
        let name = directive.name;
        let has_arguments = !directive.arguments.is_empty();
        if has_arguments {
            let help = format!("leave `-- @{name}` alone on its line, and put the SQL below it");
            self.report_arguments(directive, help);
        }
        if !self.is_first(directive, "join the two sections") {
            return;
        }
        let is_upgrade = name == "upgrade";
        if is_upgrade && self.downgrade.is_some() {
            let title = "`@upgrade` comes after `@downgrade`";
            let defect = Defect::new(DefectKind::MisplacedDirective, title);
            let defect = defect.help("put the upgrade first");
            self.report_at(directive.line.clone(), "", defect);
        }
        let (text, line) = (self.text, directive.line.clone());
        let (section, open) = if is_upgrade {
            (&mut self.upgrade, &mut self.downgrade)
        } else {
            (&mut self.downgrade, &mut self.upgrade)
        };
        if let Some(open) = open {
            open.text.end = line_start(text, line.start);
            open.tokens.end = index;
        }
        let newline = text[line.end..].find('\n');
        let text_start = newline.map_or(text.len(), |newline| line.end + newline + 1);
        *section = Some(Section {
            directive: line,
            has_arguments,
            text: text_start..text.len(),
            tokens: index + 1..self.tokens.len(),
        });
    }

    /// Splits both sections into statements, and returns the body.
    ///
    /// Returns `None` if the upgrade is missing, or if both the downgrade and the reason of
    /// `@irreversible` are missing.
    pub(super) fn read_body(&mut self) -> Option<Body> {
        let revises = self.header.revises.as_ref();
        let is_merge = revises.is_some_and(|revises| revises.parents.len() > 1);
        // A revision can consist of its job.
        let may_be_empty = is_merge || !self.header.jobs.is_empty();
        let (upgrade, downgrade) = (self.upgrade.take(), self.downgrade.take());
        let help = "write the SQL that upgrades";
        let upgrade =
            upgrade.map(|section| self.read_script("upgrade", section, may_be_empty, help));
        // With `@irreversible`, any downgrade is a defect. Do not also report an empty one.
        let may_be_empty = may_be_empty || self.has("irreversible");
        let help = "write the SQL that reverts the upgrade, or say in the header why nothing can:\n\
                    `-- @irreversible REASON` in place of `-- @downgrade`";
        let downgrade =
            downgrade.map(|section| self.read_script("downgrade", section, may_be_empty, help));
        let reason = self.header.irreversible.map(str::to_owned);
        let irreversible = reason.map(Downgrade::Irreversible);
        let (jobs, requires) = (
            mem::take(&mut self.header.jobs),
            mem::take(&mut self.header.requires),
        );
        // The checksum of the upgrade includes the jobs.
        let upgrade = upgrade.map(|script| Script {
            jobs: self.jobs(&jobs),
            requires: requires
                .iter()
                .map(|(name, _)| name.as_str().into())
                .collect(),
            ..script
        });
        Some(Body {
            // The body exists even without a summary, so that the proof can run.
            summary: self.header.summary.unwrap_or_default().to_owned(),
            upgrade: upgrade?,
            downgrade: downgrade.map(Downgrade::Sql).or(irreversible)?,
            destroys: mem::take(&mut self.header.destroys),
            loosens: mem::take(&mut self.header.loosens),
            assumes: mem::take(&mut self.header.assumes),
            stand_ins: mem::take(&mut self.header.stand_ins),
            was: mem::take(&mut self.header.was),
            jobs,
            requires,
            is_unproven: self.has("unproven"),
            is_compatible: self.has("compatible"),
        })
    }

    fn jobs(&self, names: &[(String, Range<usize>)]) -> Vec<Job> {
        let jobs = names.iter().map(|(name, span)| Job {
            name: name.as_str().into(),
            line: line_number(self.text, span.start),
        });
        jobs.collect()
    }

    /// Splits a section into statements. Reports forbidden statements, and a missing statement.
    fn read_script(
        &mut self,
        directive: &str,
        section: Section,
        may_be_empty: bool,
        help: &str,
    ) -> Script {
        let (text, start) = (self.text, section.text.start);
        let statements = statements(text, &self.tokens[section.tokens]);
        for statement in &statements {
            for violation in forbidden::check(text, statement) {
                let defect = Defect::new(violation.kind, violation.title).help(violation.help);
                self.report_at(violation.span, violation.note, defect);
            }
        }
        let code = self.code_of(&section.text, &statements);
        if statements.is_empty() && code.is_empty() && !may_be_empty && !section.has_arguments {
            let title = format!("`@{directive}` is empty");
            let defect = Defect::new(DefectKind::EmptySection, title).help(help);
            self.report_at(section.directive, "followed by no SQL", defect);
        }
        let sql = &text[section.text];
        let mut length = sql.trim_end_matches([' ', '\t', '\n', '\x0c', '\r']).len();
        // If a quote is not closed, the last token includes the white space at the end.
        if let Some(last) = statements.last().and_then(|statement| statement.last()) {
            length = length.max(last.span.end - start);
        }
        let sql = sql[..length].to_owned();
        Script {
            code,
            ..Script::new(sql, line_number(text, start), start, &statements)
        }
    }
}
