//! What must hold for any bytes: each target is a function that panics where it does not. libFuzzer calls them
//! (`fuzz_targets/`), and so does a test on stable Rust (`tests/fuzz.rs`), with the corpus and mutations of it.

#![forbid(unsafe_code)]

use std::collections::HashSet;

use revchain_core::name::{self, Date};
use revchain_core::parse::{self, Parsed};
use revchain_core::schema::{Part, Schema, Texts, diff};
use revchain_core::snippet::is_unseen;
use revchain_core::source::File;
use revchain_core::sql::{self, Kind};
use revchain_core::{Chain, Defect, Downgrade, Lock, chain, lock as locks, proof, rebase, words};
use rusqlite::Connection;

/// The name of the file that bytes are, where they name none themselves.
const FILE: &str = "20260101_1200_001_x.sql";

/// Takes bytes for the files of a directory: a line `=== name` begins one.
pub fn parser(bytes: &[u8]) {
    let files = files(bytes);
    let (chain, lock, defects) = link(&files, None);
    check_defects(&defects);
    assert!(chain.is_some() || !defects.is_empty(), "neither a chain nor a defect");
    check_rebase(&files, lock.as_ref());
    let Some(chain) = chain else { return };
    for revision in chain.revisions() {
        let halves = [Some(revision.upgrade()), downgrade(revision)];
        for half in halves.into_iter().flatten() {
            for statement in half.statements() {
                assert!(!statement.sql().is_empty());
                check_text(&statement.snippet(Some(statement.sql().len() / 2)).to_string());
                let _ = words::names(statement.sql());
            }
            let _ = proof::tables_at_stake(half, &Schema::default());
        }
    }
    if defects.is_empty() {
        check_what_does_not_count(&files, &chain);
        check_own_lock(&files, &chain);
    }
}

fn downgrade(revision: &revchain_core::Revision) -> Option<&revchain_core::Half> {
    match revision.downgrade() {
        Downgrade::Sql(half) => Some(half),
        Downgrade::Irreversible(_) => None,
    }
}

fn files(bytes: &[u8]) -> Vec<File> {
    let mut files = vec![(FILE.to_owned(), Vec::new())];
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        match line.strip_prefix(b"=== ") {
            Some(name) => {
                let name = String::from_utf8_lossy(name).trim_end().replace('/', "");
                files.push((name, Vec::new()));
            }
            None => files.last_mut().expect("there is one").1.extend_from_slice(line),
        }
    }
    if files.len() > 1 && files[0].1.is_empty() {
        files.remove(0);
    }
    let mut names = HashSet::new();
    files.retain(|(name, _)| names.insert(name.clone()));
    let file = |(name, bytes): (String, _)| File { path: format!("m/{name}"), name, bytes: Some(bytes) };
    files.into_iter().map(file).collect()
}

/// Does without a disk what reading a directory does; `lock` is taken for the file's.
fn link(files: &[File], lock: Option<&str>) -> (Option<Chain>, Option<Lock>, Vec<Defect>) {
    let mut defects = Vec::new();
    let mut found = None;
    let mut parsed: Vec<Parsed> = Vec::new();
    for file in files {
        match &file.bytes {
            Some(bytes) if file.name == locks::FILE_NAME => {
                found = locks::parse(file.path.clone(), bytes, &mut defects);
            }
            _ => parsed.push(parse::parse(file, &mut defects)),
        }
    }
    if let Some(text) = lock {
        found = locks::parse("m/revchain.lock".to_owned(), text.as_bytes(), &mut defects);
        assert!(found.is_some(), "{defects:?}");
    }
    let nothing = parsed.is_empty();
    let chain = chain::link(parsed, found.as_ref(), &mut defects);
    if let (Some(chain), Some(found)) = (&chain, &found) {
        defects.extend(found.other_head(chain));
    }
    (chain.filter(|_| !nothing || defects.is_empty()), found, defects)
}

fn check_text(text: &str) {
    assert!(text.chars().all(|c| c == '\n' || !is_unseen(c)), "{text:?}");
}

fn check_defects(defects: &[Defect]) {
    for defect in defects {
        let message = defect.to_string();
        assert!(message.contains("\nhelp: ") && message.len() < 20_000, "{message}");
        check_text(&message);
    }
}

/// What a rebase writes are files, under names that are good.
fn check_rebase(files: &[File], lock: Option<&Lock>) {
    let files: Vec<File> = files.iter().filter(|file| file.name != locks::FILE_NAME).cloned().collect();
    let Some(now) = Date::new(2026, 6, 1, 12, 0) else { return };
    match rebase::plan(&files, lock, now) {
        Ok(edits) => {
            for edit in edits {
                assert!(name::parse(&edit.to).is_ok_and(|name| name.id == edit.revision), "{edit:?}");
            }
        }
        Err(rebase::RebaseError::Defects(defects)) => check_text(&defects.to_string()),
        Err(rebase::RebaseError::Refused(reason)) => check_text(&reason),
    }
}

/// Line ends, a byte-order mark, white space at the end, and comments never change what files mean.
fn check_what_does_not_count(files: &[File], chain: &Chain) {
    let text = |file: &File| String::from_utf8(file.bytes.clone().unwrap_or_default()).unwrap_or_default();
    let lines = |text: &str| text.replace("\r\n", "\n").replace('\r', "\n");
    let is_lock = |file: &File| file.name == locks::FILE_NAME;
    let same = |change: &dyn Fn(&str) -> String| {
        let changed = files.iter().map(|file| match is_lock(file) {
            true => file.clone(),
            false => File { bytes: Some(change(&text(file)).into_bytes()), ..file.clone() },
        });
        let changed: Vec<File> = changed.collect();
        let (now, _, defects) = link(&changed, None);
        assert!(defects.is_empty(), "{defects:?}");
        let checksums =
            |chain: &Chain| chain.revisions().iter().map(|r| *r.chain_checksum()).collect::<Vec<_>>();
        assert_eq!(now.as_ref().map(checksums), Some(checksums(chain)), "{changed:?}");
    };
    same(&|text| format!("\u{feff}{}", lines(text).replace('\n', "\r\n")));
    same(&|text| lines(text).replace('\n', "\r"));
    same(&|text| format!("{text}\n-- The end.\n \t\n"));
    same(&|text| {
        let mut commented = String::new();
        let mut at = 0;
        for token in sql::tokens(text).into_iter().filter(|token| !token.is_comment()) {
            commented += &text[at..token.span.end];
            commented += "/* ; */";
            at = token.span.end;
        }
        commented + &text[at..]
    });
}

/// The lock of a chain is one of it, and is written again as it is.
fn check_own_lock(files: &[File], chain: &Chain) {
    let files: Vec<File> = files.iter().filter(|file| file.name != locks::FILE_NAME).cloned().collect();
    let text = locks::text(chain, chain.revisions());
    let (now, _, defects) = link(&files, Some(&text));
    assert!(defects.is_empty(), "{defects:?}");
    let now = now.expect("it is the same chain");
    assert_eq!(locks::text(&now, now.revisions()), text);
}

/// Takes bytes for SQL: its tokens cover it, and written one a line they are the same.
pub fn tokens(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let text = &*text;
    let is_space =
        |text: &str| text.chars().all(|c| matches!(c, ' ' | '\t' | '\n' | '\x0c' | '\r' | '\u{feff}'));
    let tokens = sql::tokens(text);
    let mut end = 0;
    for token in &tokens {
        assert!(!token.span.is_empty() && is_space(&text[end..token.span.start]), "{token:?}");
        let name = sql::unquote(token.text(text));
        assert!(name.len() <= token.span.len());
        end = token.span.end;
    }
    assert!(is_space(&text[end..]));
    let statements = sql::statements(text, &tokens);
    let within: usize = statements.iter().map(|statement| statement.len()).sum();
    let outside = tokens.iter().filter(|token| token.is_comment() || token.text(text) == ";").count();
    assert!(within <= tokens.len() && tokens.len() <= within + outside);
    // What SQLite cannot read may be so because of what follows it.
    let readable = |text: &str| -> Vec<(Kind, String)> {
        let tokens = sql::tokens(text).into_iter().filter(|token| token.kind != Kind::Illegal);
        tokens.map(|token| (token.kind, token.text(text).to_owned())).collect()
    };
    let one = readable(text);
    let lines: Vec<&str> = one.iter().map(|(_, token)| token.as_str()).collect();
    assert_eq!(readable(&lines.join("\n")), one);
}

/// Takes bytes for a lock.
pub fn lock(bytes: &[u8]) {
    let mut defects = Vec::new();
    let Some(lock) = locks::parse("m/revchain.lock".to_owned(), bytes, &mut defects) else {
        assert_eq!(defects.len(), 1);
        check_defects(&defects);
        return;
    };
    assert!(defects.is_empty(), "{defects:?}");
    // Another head changes nothing else, and is what is read then.
    let text = lock.with_head(FILE);
    let again = locks::parse("m/revchain.lock".to_owned(), text.as_bytes(), &mut defects);
    let again = again.unwrap_or_else(|| panic!("{defects:?}"));
    assert_eq!(again.with_head(FILE), text);
    for word in text.split_ascii_whitespace() {
        assert_eq!(lock.has(word), again.has(word));
    }
    // A chain that has nothing to do with it: every revision is missing, and some are told.
    let migration = "-- A.\n-- @revises base\n-- @upgrade\nSELECT 1;\n-- @downgrade\nSELECT 1;\n";
    let file = |name: &str, bytes: &[u8]| File {
        name: name.to_owned(),
        path: format!("m/{name}"),
        bytes: Some(bytes.to_vec()),
    };
    let files = [file(FILE, migration.as_bytes()), file(locks::FILE_NAME, text.as_bytes())];
    let (_, _, defects) = link(&files, None);
    check_defects(&defects);
    check_rebase(&files, Some(&again));
}

/// Takes bytes for statements that make a schema: reads each, and all that SQLite carries out.
pub fn normal_form(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let tokens = sql::tokens(&text);
    let statements = sql::statements(&text, &tokens);
    let statements = statements
        .iter()
        .filter_map(|tokens| Some(&text[tokens.first()?.span.start..tokens.last()?.span.end]));
    let statements: Vec<&str> = statements.take(MOST_STATEMENTS).collect();
    let wild = Schema::read(statements.iter().copied());
    check_schema(&wild, &statements);
    let Ok(db) = Connection::open_in_memory() else { return };
    let mut before = Texts::default();
    let mut changing = Schema::default();
    for statement in statements.iter().filter(|statement| makes_schema(statement)) {
        if db.execute_batch(statement).is_err() {
            continue;
        }
        let Ok(now) = texts(&db) else { return };
        // Read as a whole, and from one statement to the next, it is the same.
        let (out, into) = before.changes(&now);
        changing.change(out, into);
        assert_eq!(changing.fingerprint(), now.schema().fingerprint(), "{statement}");
        before = now;
    }
    let all: Vec<String> = stored(&db).unwrap_or_default();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    let schema = before.schema();
    check_schema(schema, &all);
    check_columns(schema, &db);
    // What SQLite keeps, run again, is kept again.
    let Ok(again) = Connection::open_in_memory() else { return };
    if all.iter().all(|statement| again.execute_batch(statement).is_ok()) {
        let Ok(again) = texts(&again) else { return };
        assert_eq!(diff(schema, again.schema()).to_string(), "", "{all:?}");
        assert_eq!(schema.fingerprint(), again.schema().fingerprint());
    }
    let empty = Schema::default();
    let difference = diff(schema, &wild);
    assert_eq!(difference.is_empty(), *schema == wild, "{difference}");
    check_text(&difference.to_string());
    check_text(&diff(schema, &empty).to_string());
}

/// How many statements are carried out of one input.
const MOST_STATEMENTS: usize = 40;

/// Whether a statement makes or changes something, and cannot go on for ever.
fn makes_schema(statement: &str) -> bool {
    let tokens: Vec<_> = sql::tokens(statement).into_iter().filter(|token| !token.is_comment()).collect();
    let has = |word: &str| tokens.iter().any(|token| token.is_word(statement, word));
    let is_first = |word: &str| tokens.first().is_some_and(|token| token.is_word(statement, word));
    let is_second = |word: &str| tokens.get(1).is_some_and(|token| token.is_word(statement, word));
    let selects = has("SELECT") || has("VALUES") || has("WITH");
    let is_copy = (is_second("TABLE") || is_second("TEMP") || is_second("TEMPORARY")) && selects;
    let is_temporary = has("TEMP") || has("TEMPORARY");
    (is_first("CREATE") && !is_copy && !is_temporary) || is_first("ALTER") || is_first("DROP")
}

fn stored(db: &Connection) -> rusqlite::Result<Vec<String>> {
    let own = "tbl_name NOT GLOB 'revchain_*' AND tbl_name NOT GLOB 'sqlite_*'";
    let mut statement = db.prepare(&format!(
        "SELECT sql FROM main.sqlite_master WHERE sql IS NOT NULL AND {own} ORDER BY rowid"
    ))?;
    let rows = statement
        .query_map([], |row| Ok(String::from_utf8_lossy(row.get_ref(0)?.as_bytes()?).into_owned()))?;
    rows.collect()
}

fn texts(db: &Connection) -> rusqlite::Result<Texts> {
    Ok(Texts::new(stored(db)?.join("\0"), Part::default()))
}

/// The same texts are the same schema, whatever their order and however often they are read.
fn check_schema(schema: &Schema, texts: &[&str]) {
    let again = Schema::read(texts.iter().copied());
    assert_eq!(again.fingerprint(), schema.fingerprint());
    assert_eq!(diff(schema, &again).to_string(), "");
    let _ = schema.names().count() + schema.tables().flat_map(|table| schema.children(table)).count();
}

/// Each table has the columns that SQLite says it has.
fn check_columns(schema: &Schema, db: &Connection) {
    let sql = "SELECT name FROM pragma_table_xinfo(?) ORDER BY cid";
    for table in schema.tables() {
        let columns = schema.columns(table).unwrap_or_default();
        let Ok(mut statement) = db.prepare(sql) else { return };
        let Ok(rows) = statement.query_map([table], |row| row.get::<_, String>(0)) else { continue };
        let Ok(known) = rows.collect::<rusqlite::Result<Vec<String>>>() else { continue };
        assert!(columns.is_empty() || columns == known, "{table:?}: {columns:?} {known:?}");
    }
}
