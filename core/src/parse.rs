//! One migration file: header, directives, sections, statements.

use std::borrow::Cow;
use std::ops::Range;

use crate::defect::{Code, Defect};
use crate::name::{self, Date, NameError};
use crate::revision::{Destroys, Downgrade, Half};
use crate::rules;
use crate::snippet::Snippet;
use crate::source::File;
use crate::sql::{self, Kind, Token, Unterminated};

/// What is known of a migration file, however broken it is: as much as the chain can be judged by.
#[derive(Debug)]
pub struct Parsed {
    /// The file.
    pub path: String,
    /// Its text, with `\n` for every line end and without a byte-order mark.
    pub text: String,
    /// The revision, where the name tells.
    pub id: Option<String>,
    /// The date, where the name tells a real one.
    pub date: Option<Date>,
    /// What it revises, where the file tells.
    pub revises: Option<Revises>,
    /// The rest, which is complete where the file has no defect.
    pub body: Option<Body>,
}

/// What `@revises` says.
#[derive(Debug)]
pub struct Revises {
    /// The parents, and where in the text each is named; none for `base`.
    pub parents: Vec<(String, Range<usize>)>,
    /// Where they, or `base`, are named.
    pub span: Range<usize>,
}

/// The part of a file that the chain does not depend on.
#[derive(Debug)]
pub struct Body {
    /// The summary.
    pub summary: String,
    /// The upgrade.
    pub upgrade: Half,
    /// The downgrade.
    pub downgrade: Downgrade,
    /// What the upgrade declares to destroy.
    pub destroys: Vec<Destroys>,
}

/// Reads a file, and adds what is wrong with it to `defects`.
pub fn parse(file: &File, defects: &mut Vec<Defect>) -> Parsed {
    let (id, date) = read_name(file, defects);
    let Some(text) = decode(file, defects) else {
        let path = file.path.clone();
        return Parsed { path, text: String::new(), id, date, revises: None, body: None };
    };
    let mut parser = Parser::new(&file.path, &text, defects);
    parser.report_unreadable();
    parser.walk();
    let body = parser.finish();
    let revises = parser.revises.and_then(|revises| revises.known);
    Parsed { path: file.path.clone(), id, date, revises, body, text }
}

fn read_name(file: &File, defects: &mut Vec<Defect>) -> (Option<String>, Option<Date>) {
    match name::parse(&file.name) {
        Ok(name) => (Some(name.id), Some(name.date)),
        Err(NameError::Date(id)) => {
            defects.push(
                Defect::new(Code::BadDate, "there is no such date or time")
                    .at(&file.path)
                    .help("give the date and time (UTC) at which the revision was written: YYYYMMDD_HHMM"),
            );
            (Some(id), None)
        }
        Err(NameError::Form(what)) => {
            defects.push(Defect::new(Code::BadFileName, format!("the name {what}")).at(&file.path).help(
                "name it YYYYMMDD_HHMM_<revision>_<slug>.sql, such as 20260502_1500_005_add_sessions.sql",
            ));
            (None, None)
        }
    }
}

fn decode(file: &File, defects: &mut Vec<Defect>) -> Option<String> {
    match std::str::from_utf8(&file.bytes) {
        Ok(text) => Some(text.trim_start_matches('\u{feff}').replace("\r\n", "\n").replace('\r', "\n")),
        Err(error) => {
            let start = error.valid_up_to();
            let lossy = String::from_utf8_lossy(&file.bytes);
            let utf16 = file.bytes.starts_with(&[0xff, 0xfe]) || file.bytes.starts_with(&[0xfe, 0xff]);
            let note = format!(
                "the byte {:#04x}{}",
                file.bytes[start],
                if utf16 { ": it looks like UTF-16" } else { "" }
            );
            defects.push(
                Defect::new(Code::NotUtf8, "the file is not UTF-8")
                    .at(&file.path)
                    .showing(Snippet::new(&lossy, 1, start..start + 1, note))
                    .help("save it as UTF-8"),
            );
            None
        }
    }
}

const DIRECTIVES: &[&str] = &["revises", "upgrade", "downgrade", "irreversible", "destroys"];

/// A directive line.
#[derive(Clone)]
struct Directive<'t> {
    name: &'t str,
    /// From the dashes to the end of the line.
    line: Range<usize>,
    /// The name, with its `@`.
    name_span: Range<usize>,
    arguments: &'t str,
    arguments_start: usize,
}

impl Directive<'_> {
    fn arguments_span(&self) -> Range<usize> {
        self.arguments_start..self.arguments_start + self.arguments.len()
    }
}

/// A directive that stands once: its line, and what it says where that was understood.
struct Once<T> {
    line: Range<usize>,
    known: Option<T>,
}

/// A section of SQL.
struct Section {
    directive: Range<usize>,
    text: Range<usize>,
    tokens: Range<usize>,
}

struct Parser<'t, 'd> {
    path: &'t str,
    text: &'t str,
    tokens: Vec<Token>,
    defects: &'d mut Vec<Defect>,
    /// Something was opened and never closed, so what seems to be missing may be in it.
    truncated: bool,
    summary: Option<&'t str>,
    revises: Option<Once<Revises>>,
    irreversible: Option<Once<&'t str>>,
    destroys: Vec<Destroys>,
    upgrade: Option<Section>,
    downgrade: Option<Section>,
}

impl<'t, 'd> Parser<'t, 'd> {
    fn new(path: &'t str, text: &'t str, defects: &'d mut Vec<Defect>) -> Self {
        Self {
            path,
            text,
            tokens: sql::tokens(text),
            defects,
            truncated: false,
            summary: None,
            revises: None,
            irreversible: None,
            destroys: Vec::new(),
            upgrade: None,
            downgrade: None,
        }
    }

    /// Adds a defect at `span`, with a note below the mark.
    fn defect(
        &mut self,
        code: Code,
        title: impl Into<String>,
        span: Range<usize>,
        note: impl Into<String>,
        help: impl Into<String>,
    ) {
        let snippet = Snippet::new(self.text, 1, span, note);
        self.defects.push(Defect::new(code, title).at(self.path).showing(snippet).help(help));
    }

    /// Adds a defect of the file as a whole.
    fn file_defect(&mut self, code: Code, title: impl Into<String>, help: impl Into<String>) {
        self.defects.push(Defect::new(code, title).at(self.path).help(help));
    }

    fn report_unreadable(&mut self) {
        if let Some(Token { kind: Kind::Unterminated(what), span }) = self.tokens.last().cloned() {
            self.truncated = true;
            let opening = span.start..span.start + 1;
            match what {
                Unterminated::String => self.defect(
                    Code::UnterminatedString,
                    "a quote is opened and never closed",
                    opening,
                    "opened here",
                    "close it with the same quote; inside, a quote is written twice",
                ),
                Unterminated::Comment => self.defect(
                    Code::UnterminatedComment,
                    "a comment is opened and never closed",
                    opening.start..opening.end + 1,
                    "opened here",
                    "close it with */",
                ),
            }
        }
        // One is enough: in a file that is no text, there are thousands.
        if let Some(token) = self.tokens.iter().find(|token| token.kind == Kind::Illegal).cloned() {
            let text = token.text(self.text).to_owned();
            self.defect(
                Code::InvalidToken,
                format!("SQLite cannot read `{text}`"),
                token.span,
                "",
                "remove it, or quote it",
            );
        }
    }

    /// Goes through the tokens: header, sections, and the directives that part them.
    fn walk(&mut self) {
        let mut sql_in_header = false;
        for index in 0..self.tokens.len() {
            let token = self.tokens[index].clone();
            if token.kind == Kind::LineComment && self.is_alone(&token) {
                self.comment_line(index, &token);
            } else if !token.is_comment()
                && self.upgrade.is_none()
                && self.downgrade.is_none()
                && !sql_in_header
            {
                sql_in_header = true;
                self.defect(
                    Code::SqlInHeader,
                    "SQL stands before `-- @upgrade`",
                    token.span,
                    "in no section, so it would never run",
                    "put it below `-- @upgrade`",
                );
            }
        }
    }

    /// Whether nothing but white space stands before the comment on its line.
    fn is_alone(&self, comment: &Token) -> bool {
        let before = &self.text[..comment.span.start];
        before[before.rfind('\n').map_or(0, |newline| newline + 1)..].trim().is_empty()
    }

    fn comment_line(&mut self, index: usize, token: &Token) {
        let text = token.text(self.text);
        let plain = text.trim_start_matches('-').trim();
        if let Some(rest) = text.strip_prefix("-- @") {
            let name =
                rest.split_whitespace().next().filter(|name| rest.starts_with(name)).unwrap_or_default();
            let start = token.span.start + 3;
            let arguments = rest[name.len()..].trim();
            self.directive(
                index,
                &Directive {
                    name,
                    line: token.span.start..token.span.start + text.trim_end().len(),
                    name_span: start..start + 1 + name.len(),
                    arguments,
                    arguments_start: start + 1 + rest.len() - rest[name.len()..].trim_start().len(),
                },
            );
        } else if let Some(rest) = plain.strip_prefix('@') {
            let word: String = rest.chars().take_while(char::is_ascii_alphanumeric).collect();
            if DIRECTIVES.contains(&word.as_str()) {
                self.defect(
                    Code::MalformedDirective,
                    format!("`@{word}` is not written as a directive"),
                    token.span.start..token.span.start + text.trim_end().len(),
                    "a comment like any other",
                    format!("write `-- @{word}`: two dashes, one space"),
                );
            }
        } else if self.in_header() && self.summary.is_none() && plain.chars().any(char::is_alphanumeric) {
            self.summary = Some(plain);
        }
    }

    fn in_header(&self) -> bool {
        self.upgrade.is_none() && self.downgrade.is_none()
    }

    fn directive(&mut self, index: usize, directive: &Directive<'t>) {
        match directive.name {
            "upgrade" | "downgrade" => self.section(index, directive),
            "revises" | "irreversible" | "destroys" if !self.in_header() => self.defect(
                Code::MisplacedDirective,
                format!("`@{}` stands after `@upgrade`", directive.name),
                directive.name_span.clone(),
                "belongs in the header",
                "move it above `-- @upgrade`",
            ),
            "revises" => self.revises(directive),
            "irreversible" => self.irreversible(directive),
            "destroys" => self.destroys(directive),
            name => {
                let help = match did_you_mean(name, DIRECTIVES.iter().copied()) {
                    Some(known) => format!("did you mean `-- @{known}`?"),
                    None => format!("the directives are @{}", DIRECTIVES.join(", @")),
                };
                self.defect(
                    Code::UnknownDirective,
                    format!("there is no directive `@{name}`"),
                    directive.name_span.clone(),
                    "",
                    format!("{help} A comment that is none does not begin with `-- @`"),
                );
            }
        }
    }

    /// Begins a section, which goes on to the next one or to the end.
    fn section(&mut self, index: usize, directive: &Directive<'t>) {
        if !directive.arguments.is_empty() {
            self.defect(
                Code::MalformedDirective,
                format!("something follows `@{}`", directive.name),
                directive.arguments_span(),
                "would be lost",
                format!("leave `-- @{}` alone on its line", directive.name),
            );
        }
        let is_upgrade = directive.name == "upgrade";
        let begun = if is_upgrade { &self.upgrade } else { &self.downgrade };
        if let Some(line) = begun.as_ref().map(|section| section.directive.clone()) {
            let first = Snippet::new(self.text, 1, line, "").line;
            self.defect(
                Code::DuplicateSection,
                format!("`@{}` begins twice", directive.name),
                directive.line.clone(),
                format!("it began on line {first}"),
                "join the two",
            );
            return;
        }
        if is_upgrade && self.downgrade.is_some() {
            self.defect(
                Code::MisplacedDirective,
                "`@upgrade` stands after `@downgrade`",
                directive.line.clone(),
                "",
                "put the upgrade first",
            );
        }
        // The section before this one ends here.
        let line_start = self.text[..directive.line.start].rfind('\n').map_or(0, |newline| newline + 1);
        for before in [&mut self.upgrade, &mut self.downgrade].into_iter().flatten() {
            if before.tokens.end > index {
                before.tokens.end = index;
                before.text.end = line_start;
            }
        }
        let start = (directive.line.end..self.text.len()).find(|&at| self.text.as_bytes()[at] == b'\n');
        let text = start.map_or(self.text.len(), |newline| newline + 1)..self.text.len();
        let section =
            Section { directive: directive.line.clone(), text, tokens: index + 1..self.tokens.len() };
        *(if is_upgrade { &mut self.upgrade } else { &mut self.downgrade }) = Some(section);
    }

    fn revises(&mut self, directive: &Directive<'t>) {
        if let Some(first) = self.revises.as_ref().map(|revises| revises.line.clone()) {
            self.duplicate(directive, first, "name every parent in one, `-- @revises 005 006`");
            return;
        }
        let known = self.parents(directive);
        self.revises = Some(Once { line: directive.line.clone(), known });
    }

    fn parents(&mut self, directive: &Directive<'t>) -> Option<Revises> {
        let mut parents: Vec<(String, Range<usize>)> = Vec::new();
        let mut malformed =
            directive.arguments.is_empty().then(|| (directive.name_span.clone(), "no revision follows"));
        let mut base = false;
        let mut at = 0;
        for id in directive.arguments.split_whitespace() {
            at += directive.arguments[at..].find(id).unwrap_or_default();
            let span = directive.arguments_start + at..directive.arguments_start + at + id.len();
            at += id.len();
            if id == "base" {
                base = true;
            } else if name::check_id(id).is_err() {
                malformed = malformed.or(Some((span, "not the id of a revision")));
            } else if parents.iter().any(|(known, _)| known == id) {
                malformed = malformed.or(Some((span, "named twice")));
            } else {
                parents.push((id.to_owned(), span));
            }
        }
        if base && !parents.is_empty() {
            malformed = malformed.or(Some((directive.arguments_span(), "a first revision has no parent")));
        }
        if let Some((span, note)) = malformed {
            let help = "name the revision that this one follows, `-- @revises 004`, or `-- @revises base` for the first";
            self.defect(Code::MalformedDirective, "`@revises` does not name a revision", span, note, help);
            return None;
        }
        Some(Revises { parents, span: directive.arguments_span() })
    }

    fn irreversible(&mut self, directive: &Directive<'t>) {
        if let Some(first) = self.irreversible.as_ref().map(|irreversible| irreversible.line.clone()) {
            self.duplicate(directive, first, "keep one reason");
            return;
        }
        let reason = (!directive.arguments.is_empty()).then_some(directive.arguments);
        if reason.is_none() {
            self.defect(
                Code::MalformedDirective,
                "`@irreversible` does not say why",
                directive.name_span.clone(),
                "no reason follows",
                "say why, for whoever wants to downgrade: `-- @irreversible the old hashes are gone`",
            );
        }
        self.irreversible = Some(Once { line: directive.line.clone(), known: reason });
    }

    /// `@destroys TABLE[.COLUMN] REASON`, the names quoted as in SQL where they need it.
    fn destroys(&mut self, directive: &Directive<'t>) {
        let arguments = directive.arguments;
        let tokens = sql::tokens(arguments);
        let is_name = |token: Option<&Token>| {
            token.filter(|t| matches!(t.kind, Kind::Word | Kind::QuotedWord)).cloned()
        };
        // A name and its dot follow each other without a space; a digit after a dot makes it a number, and no name.
        let dotted = tokens
            .get(1)
            .is_some_and(|dot| dot.text(arguments) == "." && dot.span.start == tokens[0].span.end);
        let table = is_name(tokens.first());
        let column = if dotted { is_name(tokens.get(2)) } else { None };
        let end = column.as_ref().or(table.as_ref()).map_or(0, |token| token.span.end);
        let rest = &arguments[end..];
        let reason = rest.trim();
        let (Some(table), false) = (table, reason.is_empty() || !rest.starts_with(char::is_whitespace))
        else {
            self.defect(
                Code::MalformedDirective,
                "`@destroys` does not say what or why",
                if arguments.is_empty() { directive.name_span.clone() } else { directive.arguments_span() },
                "",
                "name the table or column, then the reason: `-- @destroys users.nickname nobody used it`",
            );
            return;
        };
        let name = |token: &Token| Cow::Owned(sql::unquote(token.text(arguments)));
        let destroys = Destroys {
            table: name(&table),
            column: column.as_ref().map(name),
            reason: Cow::Owned(reason.to_owned()),
        };
        let same = |known: &&Destroys| {
            let column =
                |destroys: &Destroys| destroys.column.as_ref().map(|column| column.to_ascii_lowercase());
            known.table.eq_ignore_ascii_case(&destroys.table) && column(known) == column(&destroys)
        };
        if self.destroys.iter().find(same).is_some() {
            self.defect(
                Code::DuplicateDirective,
                format!("`@destroys {}` stands twice", arguments[..end].trim()),
                directive.line.clone(),
                "",
                "keep one",
            );
            return;
        }
        self.destroys.push(destroys);
    }

    fn duplicate(&mut self, directive: &Directive<'t>, first: Range<usize>, help: &str) {
        let line = Snippet::new(self.text, 1, first, "").line;
        let title = format!("`@{}` stands twice", directive.name);
        self.defect(
            Code::DuplicateDirective,
            title,
            directive.line.clone(),
            format!("it stands on line {line}"),
            help,
        );
    }

    /// Reports what is missing, and puts together what is there.
    fn finish(&mut self) -> Option<Body> {
        let upgrade = self.upgrade.take();
        let downgrade = self.downgrade.take();
        // Where the header never ended, what it lacks may stand in what swallowed its end.
        let header_is_whole = !self.truncated || upgrade.is_some();
        if self.summary.is_none() && header_is_whole {
            let help = "say in its first line what the revision does: `-- Add app passwords.`";
            self.file_defect(Code::MissingSummary, "no comment says what the revision does", help);
        }
        if self.revises.is_none() && header_is_whole {
            let help =
                "name the revision that it follows, `-- @revises 004`, or `-- @revises base` for the first";
            self.file_defect(Code::MissingParent, "nothing says which revision this one revises", help);
        }
        self.report_missing_sections(upgrade.as_ref(), downgrade.as_ref());
        let is_merge =
            self.revises.as_ref().and_then(|r| r.known.as_ref()).is_some_and(|r| r.parents.len() > 1);
        let upgrade = upgrade.map(|section| self.half(&section, "upgrade", is_merge));
        let downgrade = match (downgrade, &self.irreversible) {
            (Some(section), _) => Some(Downgrade::Sql(self.half(&section, "downgrade", is_merge))),
            (None, Some(Once { known: Some(reason), .. })) => {
                Some(Downgrade::Irreversible(Cow::Owned((*reason).to_owned())))
            }
            (None, _) => None,
        };
        let destroys = std::mem::take(&mut self.destroys);
        Some(Body { summary: self.summary?.to_owned(), upgrade: upgrade?, downgrade: downgrade?, destroys })
    }

    fn report_missing_sections(&mut self, upgrade: Option<&Section>, downgrade: Option<&Section>) {
        if self.truncated {
            return;
        }
        if upgrade.is_none() {
            let help = "put the SQL that upgrades below a line `-- @upgrade`";
            self.file_defect(Code::MissingSection, "there is no `@upgrade`", help);
        }
        match (downgrade, self.irreversible.as_ref().map(|irreversible| irreversible.line.clone())) {
            (None, None) => {
                let help = "put the SQL that reverts the upgrade below a line `-- @downgrade`,\nor say in the header why nothing can: `-- @irreversible REASON`";
                self.file_defect(Code::MissingSection, "there is no `@downgrade`", help);
            }
            (Some(_), Some(line)) => self.defect(
                Code::ReversibleAndNot,
                "the revision is irreversible, and has a downgrade",
                line,
                "said here",
                "keep one of them: `@irreversible` stands in place of `@downgrade`",
            ),
            _ => {}
        }
    }

    /// Cuts a section into statements, and checks each.
    fn half(&mut self, section: &Section, name: &str, may_be_empty: bool) -> Half {
        let tokens: Vec<Token> = self.tokens[section.tokens.clone()].to_vec();
        let statements = sql::statements(self.text, &tokens);
        if statements.is_empty() && !may_be_empty {
            let note = "followed by no SQL";
            let help = match name {
                "upgrade" => "write the SQL that upgrades",
                _ => {
                    "write the SQL that reverts the upgrade, or say in the header why nothing can:\n`-- @irreversible REASON` in place of `-- @downgrade`"
                }
            };
            self.defect(
                Code::EmptySection,
                format!("`@{name}` is empty"),
                section.directive.clone(),
                note,
                help,
            );
        }
        for statement in &statements {
            for breach in rules::check(self.text, statement) {
                self.defect(breach.code, breach.title, breach.span, breach.note, breach.help);
            }
        }
        let text = self.text[section.text.clone()].trim_end();
        // A file has at most 64 MiB.
        let offset = |at: usize| u32::try_from(at - section.text.start).unwrap_or(u32::MAX);
        let spans = statements.iter().filter_map(|statement| {
            Some((offset(statement.first()?.span.start), offset(statement.last()?.span.end)))
        });
        Half {
            line: Snippet::new(self.text, 1, section.text.start..section.text.start, "").line,
            statements: Cow::Owned(spans.collect()),
            sql: Cow::Owned(text.to_owned()),
        }
    }
}

/// The one of `known` that `name` may have been meant to be.
pub(crate) fn did_you_mean<'k>(name: &str, known: impl Iterator<Item = &'k str>) -> Option<&'k str> {
    let name = name.to_lowercase();
    let most = (name.chars().count() / 3).max(1);
    known
        .map(|known| (strsim::damerau_levenshtein(&name, known), known))
        .filter(|(d, _)| *d <= most)
        .min()
        .map(|(_, k)| k)
}
