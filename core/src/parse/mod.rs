//! Parsing of one migration file.

mod check;
mod code;
mod declarations;
pub(crate) mod decode;
mod directive;
pub mod forbidden;
mod header;
mod jobs;
mod outline;
mod sections;
mod stand_ins;
mod was;

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use self::decode::decode;
use crate::diagnostics::Snippet;
use crate::model::checksum;
use crate::model::declarations::Loosens;
use crate::model::stand_ins::StandIns;
use crate::model::was::Was;
use crate::source::directory::File;
use crate::source::file_name::{FileName, FileNameError};
use crate::sql::tokenizer::{Token, tokens};
use crate::{Assumes, Date, Defect, DefectKind, DefectList, Destroys, Downgrade, Script};

/// A parsed migration file.
///
/// If a defect prevents the parsing of a part, the field of this part is `None`.
#[derive(Debug, Default)]
pub struct Parsed {
    /// The path of the file.
    pub path: String,
    /// The text, with `\n` for every line end and without a byte-order mark.
    pub text: String,
    /// The id of the revision, from the file name.
    pub id: Option<String>,
    /// The date, from the file name.
    pub date: Option<Date>,
    /// The parents: the arguments of `@revises`.
    pub revises: Option<Revises>,
    /// The other parts; `None` if the upgrade or the downgrade is missing.
    pub body: Option<Body>,
    /// The checksum of the revision; `None` if `id`, `revises` or `body` is `None`.
    pub checksum: Option<[u8; 32]>,
    /// `true` if the file has a defect.
    pub has_defects: bool,
}

impl Parsed {
    /// Iterates over the ids of the parents; empty if `revises` is `None`.
    pub(crate) fn parents(&self) -> impl Iterator<Item = &str> {
        let parents = self.revises.iter().flat_map(|revises| &revises.parents);
        parents.map(|(id, _)| id.as_str())
    }
}

/// The arguments of `@revises`.
#[derive(Debug)]
pub struct Revises {
    /// The id of each parent, and the span of the id in the text; empty for `base`.
    pub parents: Vec<(String, Range<usize>)>,
    /// The span of all arguments in the text.
    pub span: Range<usize>,
}

/// The parts of a file that do not affect the order of the chain.
#[derive(Debug)]
pub struct Body {
    /// The summary: the first comment line that is not a directive; empty if there is none.
    pub summary: String,
    /// The upgrade.
    pub upgrade: Script,
    /// The downgrade.
    pub downgrade: Downgrade,
    /// The tables and columns that `@destroys` declares.
    pub destroys: Vec<Destroys>,
    /// The constraints that `@loosens` declares.
    pub loosens: Vec<Loosens>,
    /// The conditions that `@assumes` declares.
    pub assumes: Vec<Assumes>,
    /// The objects that `@function`, `@collation` and `@module` declare.
    pub stand_ins: StandIns,
    /// The ids that `@was` declares, and the span of each in the text.
    pub was: Vec<(Was, Range<usize>)>,
    /// The jobs that `@job` declares.
    pub jobs: Vec<(String, Range<usize>)>,
    /// The jobs of other revisions that `@requires` names.
    pub requires: Vec<(String, Range<usize>)>,
    /// `true` if the file is marked `@unproven`.
    pub is_unproven: bool,
    /// `true` if the file is marked `@compatible`.
    pub is_compatible: bool,
}

/// Parses a file. Adds the defects of the file to `defects`.
pub fn parse(file: &File, defects: &mut DefectList) -> Parsed {
    let count_before = defects.count();
    let (id, date) = parse_name(file, defects);
    let mut parsed = Parsed {
        path: file.path.clone(),
        id,
        date,
        // `directory::read` reported the file if it has no bytes.
        has_defects: file.bytes.is_none(),
        ..Parsed::default()
    };
    let bytes = file.bytes.as_deref();
    if let Some(text) = bytes.and_then(|bytes| decode(&file.path, bytes, defects)) {
        let tokens = tokens(&text);
        let mut parser = Parser {
            path: &file.path,
            text: &text,
            tokens: &tokens,
            header: Header::default(),
            upgrade: None,
            downgrade: None,
            code: Vec::new(),
            has_directives: false,
            defects,
            is_muted: false,
        };
        parser.read_comments();
        parser.check();
        parsed.body = parser.read_body();
        parsed.revises = parser.header.revises;
        parsed.checksum = checksum(&parsed);
        parsed.text = text;
    }
    parsed.has_defects |= defects.count() > count_before;
    parsed
}

fn parse_name(file: &File, defects: &mut DefectList) -> (Option<String>, Option<Date>) {
    let (id, kind, title, help) = match FileName::parse(&file.name) {
        Ok(name) => return (Some(name.id), Some(name.date)),
        Err(FileNameError::Date { id }) => {
            let title = format!("there is no such date or time: {}", &file.name[..13]);
            let help =
                "give the date and time (UTC) at which the revision was written: YYYYMMDD_HHMM";
            (Some(id), DefectKind::BadDate, title, help)
        }
        Err(FileNameError::Form(problem)) => {
            let title = format!("the name {problem}");
            let help = "name it YYYYMMDD_HHMM_<revision>_<slug>.sql, \
                        such as 20260502_1500_005_add_sessions.sql";
            (None, DefectKind::BadFileName, title, help)
        }
    };
    let mut help = help.to_owned();
    if is_name_of_tool(&file.name) {
        let directory = file.path.rsplit_once('/').map_or(".", |(parent, _)| parent);
        help += &format!(
            "\nor, if another tool wrote its files, import them: `revchain import {directory}`"
        );
    }
    defects.push(Defect::new(kind, title).help(help).at(&file.path));
    (id, None)
}

/// Returns `true` for the names of other tools: `V2__x.sql`, `002_x.sql`, `20240709101501_x.sql`.
fn is_name_of_tool(name: &str) -> bool {
    let (first, _) = name.split_once('_').unwrap_or_default();
    let number = first.strip_prefix(['V', 'U']).unwrap_or(first);
    let is_number = number.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    // A date of revchain has eight digits.
    is_number && !number.is_empty() && number.len() != 8
}

fn checksum(parsed: &Parsed) -> Option<[u8; 32]> {
    parsed.revises.as_ref()?;
    let (id, body) = (parsed.id.as_deref()?, parsed.body.as_ref()?);
    let (upgrade, downgrade) = (&body.upgrade, &body.downgrade);
    Some(checksum::revision(id, parsed.parents(), upgrade, downgrade))
}

/// The parser of one file, with the parts that the parser has read.
struct Parser<'t, 'd> {
    path: &'t str,
    text: &'t str,
    tokens: &'t [Token],
    header: Header<'t>,
    upgrade: Option<Section>,
    downgrade: Option<Section>,
    /// The `@code` lines of both sections.
    code: Vec<FoundCode<'t>>,
    has_directives: bool,
    defects: &'d mut DefectList,
    /// If `true`, the parser drops each defect, because a reported defect is the cause.
    is_muted: bool,
}

/// The summary, and all directives except `@upgrade` and `@downgrade`.
#[derive(Default)]
struct Header<'t> {
    summary: Option<&'t str>,
    /// The arguments of `@revises`; `None` if the directive is missing, malformed or duplicated.
    revises: Option<Revises>,
    /// The reason of `@irreversible`.
    irreversible: Option<&'t str>,
    destroys: Vec<Destroys>,
    loosens: Vec<Loosens>,
    assumes: Vec<Assumes>,
    stand_ins: StandIns,
    was: Vec<(Was, Range<usize>)>,
    jobs: Vec<(String, Range<usize>)>,
    requires: Vec<(String, Range<usize>)>,
    /// The name and the lowercase words of each directive that may appear several times.
    declared: HashSet<(&'t str, Vec<String>)>,
    /// The span and the number of the first line of each directive that may appear only once.
    first_lines: HashMap<&'t str, (Range<usize>, u32)>,
}

/// A section: the SQL below `@upgrade` or `@downgrade`.
struct Section {
    /// The span of the directive line.
    directive: Range<usize>,
    /// `true` if the directive has arguments. Then an empty section is not a second defect.
    has_arguments: bool,
    text: Range<usize>,
    tokens: Range<usize>,
}

/// A `@code` line of a file.
struct FoundCode<'t> {
    name: &'t str,
    is_on_rows: bool,
    line: Range<usize>,
}

impl Parser<'_, '_> {
    /// Returns `true` if a section has begun. The first section ends the header.
    fn has_sections(&self) -> bool {
        self.upgrade.is_some() || self.downgrade.is_some()
    }

    /// Returns `true` if the file contains the directive, even with malformed arguments.
    fn has(&self, directive: &str) -> bool {
        self.header.first_lines.contains_key(directive)
    }

    /// Reports a defect of the file as a whole.
    fn report(&mut self, defect: Defect) {
        if !self.is_muted {
            self.defects.push(defect.at(self.path));
        }
    }

    /// Reports a defect at `span` in the text. The message shows `note` after the mark.
    fn report_at(&mut self, span: Range<usize>, note: impl Into<String>, mut defect: Defect) {
        // A full list only counts the defect, so skip the slow search for the line number.
        if !self.defects.is_full(defect.kind()) {
            defect = defect.showing(Snippet::new(self.text, 1, span, note));
        }
        self.report(defect);
    }
}
