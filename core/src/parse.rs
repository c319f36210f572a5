//! One migration file: header, directives, sections, statements.

mod header;

use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::Range;

use self::header::{DIRECTIVES, Directive, Once};
use crate::checksum;
use crate::defect::{Code, Defect, add};
use crate::name::{self, Date, NameError};
use crate::revision::{Destroys, Downgrade, Half};
use crate::rules;
use crate::snippet::{Snippet, line_number, line_start};
use crate::source::File;
use crate::sql::{self, Kind, Token, Unterminated};
use crate::suggest::did_you_mean;

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
    /// The revision's checksum, where the file is whole.
    pub checksum: Option<[u8; 32]>,
    /// Whether anything is wrong with it.
    pub has_defects: bool,
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
    /// Whether it says that not all of it can be proven.
    pub is_unproven: bool,
    /// Whether it says that older programs can read and write the database after it.
    pub is_compatible: bool,
}

/// Reads a file, and adds what is wrong with it to `defects`.
pub fn parse(file: &File, defects: &mut Vec<Defect>) -> Parsed {
    let mut own = Vec::new();
    let mut parsed = parse_alone(file, &mut own);
    // What could not be read is a defect already.
    parsed.has_defects = file.bytes.is_none() || !own.is_empty();
    own.into_iter().for_each(|defect| add(defects, defect));
    parsed
}

fn parse_alone(file: &File, defects: &mut Vec<Defect>) -> Parsed {
    let (id, date) = read_name(file, defects);
    let path = file.path.clone();
    let Some(text) = file.bytes.as_deref().and_then(|bytes| decode(&path, bytes, defects)) else {
        let (revises, body, checksum) = (None, None, None);
        return Parsed { path, text: String::new(), id, date, revises, body, checksum, has_defects: true };
    };
    let mut parser = Parser::new(&path, &text, defects);
    parser.walk();
    let body = parser.finish();
    parser.tell_of_more();
    let revises = parser.revises.and_then(|revises| revises.known);
    let checksum = checksum(id.as_deref(), revises.as_ref(), body.as_ref());
    Parsed { path, text, id, date, revises, body, checksum, has_defects: false }
}

fn checksum(id: Option<&str>, revises: Option<&Revises>, body: Option<&Body>) -> Option<[u8; 32]> {
    let parents = revises?.parents.iter().map(|(id, _)| id.as_str());
    let Body { upgrade, downgrade, .. } = body?;
    Some(checksum::revision(id?, parents, upgrade, downgrade))
}

fn read_name(file: &File, defects: &mut Vec<Defect>) -> (Option<String>, Option<Date>) {
    match name::parse(&file.name) {
        Ok(name) => (Some(name.id), Some(name.date)),
        Err(NameError::Date(id)) => {
            defects.push(
                Defect::new(Code::BadDate, format!("there is no such date or time: {}", &file.name[..13]))
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

fn decode(path: &str, bytes: &[u8], defects: &mut Vec<Defect>) -> Option<String> {
    let normal = |text: &str| text.replace("\r\n", "\n").replace('\r', "\n");
    match std::str::from_utf8(bytes) {
        Ok(text) => Some(normal(text.trim_start_matches('\u{feff}'))),
        Err(error) => {
            let (before, after) = bytes.split_at(error.valid_up_to());
            // Only its own line is shown, and of what comes after it a little: there may be much more that is no text.
            let is_end = |&byte: &u8| matches!(byte, b'\n' | b'\r');
            let line = before.iter().rposition(is_end).map_or(0, |end| end + 1);
            let number = 1 + normal(&String::from_utf8_lossy(&before[..line])).matches('\n').count();
            let mut shown = String::from_utf8_lossy(&before[line..]).into_owned();
            let start = shown.len();
            shown += &normal(&String::from_utf8_lossy(&after[..after.len().min(SHOWN)]));
            let utf16 = bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]);
            let note =
                format!("the byte {:#04x}{}", after[0], if utf16 { ": it looks like UTF-16" } else { "" });
            defects.push(
                Defect::new(Code::NotUtf8, "the file is not UTF-8")
                    .at(path)
                    .showing(Snippet::new(
                        &shown,
                        u32::try_from(number).unwrap_or(u32::MAX),
                        start..start + 1,
                        note,
                    ))
                    .help("save it as UTF-8"),
            );
            None
        }
    }
}

/// How much is looked at of what stands behind a byte that is not UTF-8: more than a message shows of a line.
const SHOWN: usize = 1000;

/// How many defects of one file are told. A file that has more has one mistake many times.
const MOST: usize = 20;

/// How many more are counted. In a file that has so many there is nothing left to be understood.
const MOST_COUNTED: usize = 100_000;

/// A section of SQL.
struct Section {
    directive: Range<usize>,
    /// Whether something stands on the directive's line that may have been meant as its SQL.
    is_followed: bool,
    text: Range<usize>,
    tokens: Range<usize>,
}

struct Parser<'t, 'd> {
    path: &'t str,
    text: &'t str,
    tokens: Vec<Token>,
    defects: &'d mut Vec<Defect>,
    /// How many more defects this file has than are told.
    untold: usize,
    has_directives: bool,
    summary: Option<&'t str>,
    revises: Option<Once<Revises>>,
    irreversible: Option<Once<&'t str>>,
    unproven: Option<Once<&'t str>>,
    compatible: Option<Once<()>>,
    destroys: Vec<Destroys>,
    /// The tables and columns of these, in small letters.
    destroyed: HashSet<(String, Option<String>)>,
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
            untold: 0,
            has_directives: false,
            summary: None,
            revises: None,
            irreversible: None,
            unproven: None,
            compatible: None,
            destroys: Vec::new(),
            destroyed: HashSet::new(),
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
        if self.is_full() {
            self.untold += 1;
            return;
        }
        let snippet = Snippet::new(self.text, 1, span, note);
        self.defects.push(Defect::new(code, title).at(self.path).showing(snippet).help(help));
    }

    /// Whether as many defects are found as are told: more of them are only counted, and what they say is not made.
    fn is_full(&self) -> bool {
        self.defects.len() >= MOST
    }

    /// Whether it has more defects than are counted.
    fn is_hopeless(&self) -> bool {
        self.untold >= MOST_COUNTED
    }

    /// Adds a defect of the file as a whole.
    fn file_defect(&mut self, code: Code, title: impl Into<String>, help: impl Into<String>) {
        self.defects.push(Defect::new(code, title).at(self.path).help(help));
    }

    /// Says how many more there are than are told.
    fn tell_of_more(&mut self) {
        if self.untold > 0 {
            if let Some(last) = self.defects.pop() {
                let at_least = if self.is_hopeless() { "at least " } else { "" };
                let help = format!("{}\n(this file has {at_least}{} more)", last.help_text(), self.untold);
                self.defects.push(last.help(help));
            }
        }
    }

    /// Goes on after a mistake that is reported as if it had not been made, so that one mistake is one error.
    fn quietly(&mut self, go_on: impl FnOnce(&mut Self)) {
        let (reported, untold) = (self.defects.len(), self.untold);
        go_on(self);
        self.defects.truncate(reported);
        self.untold = untold;
    }

    /// Whether something is opened and never closed, so that what seems to be missing may be in it.
    fn is_truncated(&self) -> bool {
        matches!(self.tokens.last(), Some(Token { kind: Kind::Unterminated(_), .. }))
    }

    /// How many tokens stand before the first section.
    fn header_length(&self) -> usize {
        let sections = [&self.upgrade, &self.downgrade].into_iter().flatten();
        sections.map(|section| section.tokens.start).min().unwrap_or(self.tokens.len())
    }

    /// Where SQL stands in the header; nowhere if something unreadable comes first, which is then the mistake.
    fn header_sql(&self) -> Option<Range<usize>> {
        let first = self.tokens[..self.header_length()].iter().find(|token| !token.is_comment())?;
        let is_sql = !matches!(first.kind, Kind::Unterminated(_) | Kind::Illegal);
        is_sql.then(|| first.span.clone())
    }

    fn report_header_sql(&mut self, span: Range<usize>) {
        if self.upgrade.is_some() || self.is_truncated() {
            self.defect(
                Code::SqlInHeader,
                "SQL stands before `-- @upgrade`",
                span,
                "in no section, so it would never run",
                "put it below `-- @upgrade`, or make it a comment: `-- …`",
            );
        } else {
            self.defect(
                Code::MissingSection,
                "there is no `@upgrade`",
                span,
                "SQL in no section would never run",
                "put a line `-- @upgrade` above the SQL that upgrades",
            );
        }
    }

    /// Reports what SQLite cannot read among the tokens from `first` on.
    fn report_unreadable(&mut self, first: usize) {
        if let Some(Token { kind: Kind::Unterminated(what), span }) = self.tokens[first..].last().cloned() {
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
        if let Some(token) = self.tokens[first..].iter().find(|token| token.kind == Kind::Illegal).cloned() {
            let text = token.text(self.text).to_owned();
            match text.find('\0').map(|nul| token.span.start + nul) {
                Some(nul) => self.defect(
                    Code::InvalidToken,
                    "there is a NUL character",
                    nul..nul + 1,
                    "SQLite would stop here",
                    "remove it; in a text, write char(0)",
                ),
                None => self.defect(
                    Code::InvalidToken,
                    format!("SQLite cannot read `{text}`"),
                    token.span,
                    "",
                    "remove it, or quote it",
                ),
            }
        }
    }

    /// Goes through the tokens: header, sections, and the directives that part them.
    fn walk(&mut self) {
        for index in 0..self.tokens.len() {
            if self.is_hopeless() {
                return;
            }
            let token = self.tokens[index].clone();
            if token.kind == Kind::LineComment && self.is_alone(&token) {
                self.comment_line(index, &token);
            }
        }
    }

    /// Whether nothing but white space stands before the comment on its line.
    fn is_alone(&self, comment: &Token) -> bool {
        let before = &self.text[line_start(self.text, comment.span.start)..comment.span.start];
        // Only what is white space to SQLite: anything else would be a token of the section before.
        before.trim_matches([' ', '\t', '\x0c', '\u{feff}']).is_empty()
    }

    fn comment_line(&mut self, index: usize, token: &Token) {
        let text = token.text(self.text);
        let plain = text.trim_start_matches('-').trim();
        if text.starts_with("-- @") {
            self.directive(index, &Directive::read(text, token.span.start, 3));
        } else if plain.starts_with('@') {
            let at = text.find('@').unwrap_or_default();
            let directive = Directive::read(text, token.span.start, at);
            let is_meant = |name: &&&str| directive.name.trim_end_matches(':') == **name;
            if let Some(name) = DIRECTIVES.iter().find(is_meant) {
                self.defect(
                    Code::MalformedDirective,
                    format!("`@{name}` is not written as a directive"),
                    directive.line.clone(),
                    "a comment like any other",
                    format!("write `-- @{name}`: two dashes, one space"),
                );
                self.quietly(|parser| parser.directive(index, &Directive { name, ..directive }));
            }
        } else if self.in_header() && self.summary.is_none() && plain.chars().any(char::is_alphanumeric) {
            self.summary = Some(plain);
        }
    }

    fn in_header(&self) -> bool {
        self.upgrade.is_none() && self.downgrade.is_none()
    }

    fn directive(&mut self, index: usize, directive: &Directive<'t>) {
        self.has_directives = true;
        match directive.name {
            "upgrade" | "downgrade" => self.section(index, directive),
            name if DIRECTIVES.contains(&name) && self.in_header() => self.header_directive(directive),
            name if DIRECTIVES.contains(&name) => {
                self.defect(
                    Code::MisplacedDirective,
                    format!("`@{}` comes after `@upgrade`", directive.name),
                    directive.name_span.clone(),
                    "belongs in the header",
                    "move it above `-- @upgrade`",
                );
                self.quietly(|parser| parser.header_directive(directive));
            }
            // What was meant is looked for where it is told.
            _ if self.is_full() => self.untold += 1,
            name => {
                let abbreviated =
                    || DIRECTIVES.iter().copied().find(|known| !name.is_empty() && known.starts_with(name));
                let meant = did_you_mean(name, DIRECTIVES.iter().copied()).or_else(abbreviated);
                let help = match meant {
                    Some(known) => format!("did you mean `-- @{known}`?"),
                    None => format!("the directives are @{}.", DIRECTIVES.join(", @")),
                };
                self.defect(
                    Code::UnknownDirective,
                    format!("there is no directive `@{name}`"),
                    directive.name_span.clone(),
                    "",
                    format!("{help} (A plain comment must not begin with `-- @`.)"),
                );
                if let Some(name) = meant {
                    self.quietly(|parser| parser.directive(index, &Directive { name, ..directive.clone() }));
                }
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
                "this would be ignored",
                format!("leave `-- @{}` alone on its line, and put the SQL below it", directive.name),
            );
        }
        let is_upgrade = directive.name == "upgrade";
        let begun = if is_upgrade { &self.upgrade } else { &self.downgrade };
        if let Some(line) = begun.as_ref().map(|section| section.directive.clone()) {
            // To count lines again and again would take long in a long file.
            let first = if self.is_full() { 0 } else { line_number(self.text, line.start) };
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
                "`@upgrade` comes after `@downgrade`",
                directive.line.clone(),
                "",
                "put the upgrade first",
            );
        }
        // The section before this one ends here.
        let line_start = line_start(self.text, directive.line.start);
        for before in [&mut self.upgrade, &mut self.downgrade].into_iter().flatten() {
            if before.tokens.end > index {
                before.tokens.end = index;
                before.text.end = line_start;
            }
        }
        let start = (directive.line.end..self.text.len()).find(|&at| self.text.as_bytes()[at] == b'\n');
        let text = start.map_or(self.text.len(), |newline| newline + 1)..self.text.len();
        let section = Section {
            directive: directive.line.clone(),
            is_followed: !directive.arguments.is_empty(),
            text,
            tokens: index + 1..self.tokens.len(),
        };
        *(if is_upgrade { &mut self.upgrade } else { &mut self.downgrade }) = Some(section);
    }

    /// Reports what is missing, and puts together what is there.
    fn finish(&mut self) -> Option<Body> {
        // What it seems to lack may stand where it was not read.
        if self.is_hopeless() {
            return None;
        }
        if !self.has_directives && !self.is_truncated() {
            // What it lacks is all of a migration, and that is one mistake: mostly, a file of another tool.
            let (title, help) = match self.tokens.iter().any(|token| !token.is_comment()) {
                true => ("this is SQL, but no migration yet", "put around it what makes it one:"),
                false => ("the file is empty", "write the migration in it:"),
            };
            let help = format!("{help}\n-- What it does.\n-- @revises 001\n-- @upgrade\n…\n-- @downgrade\n…");
            self.file_defect(Code::MissingSection, title, help);
            return None;
        }
        let header_sql = self.header_sql();
        // What else the header holds then comes of that: in a line without its dashes, an apostrophe opens a string.
        self.report_unreadable(if header_sql.is_some() { self.header_length() } else { 0 });
        if let Some(span) = &header_sql {
            self.report_header_sql(span.clone());
        }
        let upgrade = self.upgrade.take();
        let downgrade = self.downgrade.take();
        // Where the header never ended, what it lacks may stand in what swallowed its end.
        let header_is_whole = !self.is_truncated() || upgrade.is_some();
        if self.summary.is_none() && header_is_whole {
            let help = "say in its first line what the revision does: `-- Add app passwords.`";
            self.file_defect(Code::MissingSummary, "no comment says what the revision does", help);
        }
        if self.revises.is_none() && header_is_whole {
            let help =
                "name the revision that it follows, `-- @revises 004`, or `-- @revises base` for the first";
            self.file_defect(Code::MissingParent, "nothing says which revision this one revises", help);
        }
        self.report_missing_sections(upgrade.as_ref(), downgrade.as_ref(), header_sql.is_some());
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
        // What lacks a summary, which is said already, can be proven all the same.
        let summary = self.summary.unwrap_or_default().to_owned();
        let (is_unproven, is_compatible) = (self.unproven.is_some(), self.compatible.is_some());
        Some(Body { summary, upgrade: upgrade?, downgrade: downgrade?, destroys, is_unproven, is_compatible })
    }

    fn report_missing_sections(
        &mut self,
        upgrade: Option<&Section>,
        downgrade: Option<&Section>,
        header_has_sql: bool,
    ) {
        if self.is_truncated() {
            return;
        }
        if upgrade.is_none() && !header_has_sql {
            let help = "put the SQL that upgrades below a line `-- @upgrade`";
            self.file_defect(Code::MissingSection, "there is no `@upgrade`", help);
        }
        match (downgrade, self.irreversible.as_ref().map(|irreversible| irreversible.line.clone())) {
            (None, None) => {
                let help = "put the SQL that reverts the upgrade below a line `-- @downgrade`,\nor say in the header why nothing can: `-- @irreversible REASON`";
                self.file_defect(Code::MissingSection, "there is no `@downgrade`", help);
            }
            // One in a section is misplaced, which is said already.
            (Some(_), Some(line)) if upgrade.is_none_or(|section| line.start < section.directive.start) => {
                self.defect(
                    Code::ReversibleAndNot,
                    "the revision is marked irreversible, but has a downgrade",
                    line,
                    "said here",
                    "keep one of them: `@irreversible` stands in place of `@downgrade`",
                )
            }
            _ => {}
        }
    }

    /// Cuts a section into statements, and checks each.
    fn half(&mut self, section: &Section, name: &str, may_be_empty: bool) -> Half {
        // They are as many as the file has bytes, so there is room for one list of them.
        let tokens = std::mem::take(&mut self.tokens);
        let half = self.half_of(&tokens[section.tokens.clone()], section, name, may_be_empty);
        self.tokens = tokens;
        half
    }

    fn half_of(&mut self, tokens: &[Token], section: &Section, name: &str, may_be_empty: bool) -> Half {
        let statements = sql::statements(self.text, tokens);
        // An irreversible revision needs no downgrade; that it has one all the same is said already.
        let needs_none = name == "downgrade" && self.irreversible.is_some();
        if statements.is_empty() && !may_be_empty && !needs_none && !section.is_followed {
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
            if self.is_hopeless() {
                break;
            }
            for breach in rules::check(self.text, statement) {
                self.defect(breach.code, breach.title, breach.span, breach.note, breach.help);
            }
        }
        let text = &self.text[section.text.clone()];
        let trimmed = text.trim_end_matches([' ', '\t', '\n', '\x0c', '\r']).len();
        // White space at the end can be part of the last token: a quote that is not closed runs to the end.
        let last = statements.last().and_then(|statement| statement.last());
        let text = &text[..last.map_or(trimmed, |token| trimmed.max(token.span.end - section.text.start))];
        let line = line_number(self.text, section.text.start);
        Half::new(text.to_owned(), line, section.text.start, &statements)
    }
}
