//! Directories from an enemy: an error for each, no panic, no waiting, no memory and no time without end, and no message that
//! steers a terminal.

#![allow(clippy::unwrap_used)]

mod common;

use std::collections::BTreeSet;
use std::fs;

use common::{Directory, name, text};
use revchain_core::schema::{Schema, diff};
use revchain_core::source::{self, File};
use revchain_core::{Chain, Code, Defect, Defects, Lock, chain, lock, parse};

/// One of each kind of character that is not seen: the ends of lines, escape sequences for a terminal in both forms, what
/// reorders, what joins, what is of no width.
const UNSEEN: &str = "\u{1b}[2J\u{7}\u{7f}\u{85}\u{9b}1m\u{ad}\u{61c}\u{200b}\u{200d}\u{200e}\u{2028}\u{2029}\u{202e}\u{2066}\u{feff}\u{e0041}";

fn check_message(message: &str) {
    let is_unseen = |c: &char| c.is_control() || !c.is_ascii() && UNSEEN.contains(*c);
    let unseen: String = message.chars().filter(|c| *c != '\n' && is_unseen(c)).collect();
    assert!(unseen.is_empty(), "{unseen:?} in {message:?}");
}

/// What `load` does, without a disk.
fn link(
    files: impl IntoIterator<Item = (String, String)>,
    locked: Option<&str>,
) -> (Option<Chain>, Vec<Defect>) {
    let mut defects = Vec::new();
    let parsed = files.into_iter().map(|(name, text)| {
        let path = format!("migrations/{name}");
        parse::parse(&File { name, path, bytes: Some(text.into_bytes()) }, &mut defects)
    });
    let parsed = parsed.collect();
    let lock: Option<Lock> = locked
        .and_then(|text| lock::parse("migrations/revchain.lock".to_owned(), text.as_bytes(), &mut defects));
    let chain = chain::link(parsed, lock.as_ref(), &mut defects);
    (chain, defects)
}

/// The name of the file of revision `r<number>`, each dated a day or more after the one before.
fn dated(number: usize) -> String {
    let (year, month, day) = (2000 + number / 336, 1 + number / 28 % 12, 1 + number % 28);
    format!("{year:04}{month:02}{day:02}_1200_r{number}_x.sql")
}

/// Of each kind, how many are told, and how many more there are.
fn counts(defects: Vec<Defect>) -> Vec<(Code, usize, usize)> {
    let defects = Defects::from_list(defects).unwrap();
    let kinds: BTreeSet<Code> = defects.iter().map(Defect::code).collect();
    let count = |code: Code| {
        let of_it: Vec<&Defect> = defects.iter().filter(|defect| defect.code() == code).collect();
        let more = of_it.iter().filter_map(|defect| {
            let (_, rest) = defect.help_text().split_once("(and ")?;
            rest.split_once(" more of this kind)")?.0.parse::<usize>().ok()
        });
        (code, of_it.len(), more.sum())
    };
    kinds.into_iter().map(count).collect()
}

#[test]
fn of_each_kind_of_defect_a_hundred_are_told_and_the_others_counted() {
    const COUNT: usize = 4000;
    let parents = |index: usize, parent: &dyn Fn(usize) -> Option<usize>| {
        parent(index).map_or("base".to_owned(), |parent| format!("r{parent}"))
    };
    let files = |parent: &dyn Fn(usize) -> Option<usize>| -> Vec<(String, String)> {
        (0..COUNT).map(|index| (dated(index), text(&parents(index, parent)))).collect()
    };
    let half = COUNT / 2;
    for (what, files, code, found) in [
        ("roots", files(&|_| None), Code::MultipleRoots, COUNT - 1),
        ("unknown", files(&|index| Some(index + COUNT)), Code::UnknownParent, COUNT),
        ("itself", files(&Some), Code::SelfParent, COUNT),
        ("a bush", files(&|index| (index > 0).then_some(0)), Code::MultipleHeads, COUNT - 2),
        (
            "a comb",
            files(&|index| (index > 0).then(|| if index % 2 == 1 { index - 1 } else { index - 2 })),
            Code::MultipleHeads,
            half - 1,
        ),
        (
            "a broom",
            files(&|index| (index > 0).then(|| (index - 1).min(half))),
            Code::MultipleHeads,
            COUNT - half - 2,
        ),
        ("pairs", files(&|index| Some(index ^ 1)), Code::Cycle, half),
        ("a circle", files(&|index| Some((index + 1) % COUNT)), Code::Cycle, 1),
        (
            "backwards",
            files(&|index| (index + 1 < COUNT).then_some(index + 1)),
            Code::DatedBeforeParent,
            COUNT - 1,
        ),
        (
            "the same",
            (0..COUNT)
                .map(|index| (dated(index).replace(&format!("r{index}_"), "1_"), text("base")))
                .collect(),
            Code::DuplicateRevision,
            COUNT - 1,
        ),
        (
            "no names",
            (0..COUNT).map(|index| (format!("{index}.sql"), text("base"))).collect(),
            Code::BadFileName,
            COUNT,
        ),
        (
            "empty",
            (0..COUNT).map(|index| (dated(index), String::new())).collect(),
            Code::MissingSection,
            COUNT,
        ),
    ] {
        let (_, defects) = link(files, None);
        let (told, more) = (found.min(100), found.saturating_sub(100));
        let counts = counts(defects);
        assert!(counts.contains(&(code, told, more)), "{what}: {counts:?}");
        assert!(counts.iter().all(|(_, told, _)| *told <= 100), "{what}: {counts:?}");
    }
}

#[test]
fn a_file_with_any_number_of_mistakes_takes_no_more_room_than_those_that_are_told() {
    let mistakes = "-- @nonsense\n".repeat(50);
    let files = (0..500).map(|index| (dated(index), mistakes.clone()));
    let (_, defects) = link(files, None);
    assert!(defects.len() < 9500, "{}", defects.len());
    let directives = counts(defects).into_iter().find(|(code, ..)| *code == Code::UnknownDirective);
    assert_eq!(directives, Some((Code::UnknownDirective, 100, 500 * 20 - 100)));
}

#[test]
fn what_is_said_of_a_lock_is_as_little() {
    const COUNT: usize = 5000;
    let line = |id: usize| format!("r{id} base {} 12345678 12345678 x\n", "0".repeat(64));
    let files = || {
        (0..COUNT).map(|index| {
            (dated(index), text(&if index == 0 { "base".to_owned() } else { format!("r{}", index - 1) }))
        })
    };
    let lock = (0..COUNT).rev().map(line).collect::<String>() + "head x\n";
    let (chain, defects) = link(files(), Some(&lock));
    assert!(chain.is_some());
    let counts = counts(defects);
    assert_eq!(
        counts,
        [(Code::LockedRevisionChanged, 100, COUNT - 100), (Code::LockedOrderChanged, 100, COUNT - 101)]
    );
}

#[test]
fn a_hundred_thousand_files_are_a_chain() {
    let files = (0..source::MOST_FILES).map(|index| {
        (dated(index), text(&if index == 0 { "base".to_owned() } else { format!("r{}", index - 1) }))
    });
    let (chain, defects) = link(files, None);
    assert!(defects.is_empty(), "{}", defects[0]);
    assert_eq!(chain.unwrap().revisions().len(), source::MOST_FILES);
}

/// Many of one thing in a file, in every place where they are compared with each other or looked for.
#[test]
fn a_long_file_is_read_in_one_go() {
    const MANY: usize = 20_000;
    let upgrade = |sql: &str| text("base").replace("SELECT 1;", sql);
    let header = |lines: &str| text("base").replace("\n-- @upgrade", &format!("{lines}\n-- @upgrade"));
    let numbered = |what: &dyn Fn(usize) -> String| (0..MANY).map(what).collect::<String>();
    for (what, text, code) in [
        ("parents", text(&numbered(&|n| format!("p{n} "))), Some(Code::UnknownParent)),
        ("tables", header(&numbered(&|n| format!("-- @destroys t{n} x\n"))), None),
        ("the same table", header(&"-- @destroys t x\n".repeat(MANY)), Some(Code::DuplicateDirective)),
        (
            "lines, then parents",
            "\n".repeat(1 << 20) + &"-- @revises a\n".repeat(MANY),
            Some(Code::DuplicateDirective),
        ),
        (
            "lines, then sections",
            text("base") + &"\n".repeat(1 << 20) + &"-- @downgrade\n".repeat(MANY),
            Some(Code::DuplicateSection),
        ),
        ("a long directive", format!("-- @{}", "x".repeat(1 << 20)), Some(Code::UnknownDirective)),
        ("parentheses", upgrade(&"(".repeat(100_000)), None),
        ("cases", upgrade(&"CASE ".repeat(100_000)), None),
        ("comments", upgrade(&format!("SELECT 1{};", "/*".repeat(100_000))), Some(Code::UnterminatedComment)),
        ("statements", upgrade(&"a;".repeat(100_000)), None),
        ("parameters", upgrade(&"?;".repeat(100_000)), Some(Code::BindParameter)),
        ("a trigger", upgrade(&format!("CREATE TRIGGER t BEGIN {}END", "a;".repeat(100_000))), None),
        ("one word", upgrade(&"x".repeat(4 << 20)), None),
        ("one quoted word", upgrade(&format!("\"{}\"", "\"\"".repeat(1 << 20))), None),
        ("nothing", "\r".repeat(4 << 20), Some(Code::MissingSection)),
        ("NUL", "\0".repeat(1 << 20), Some(Code::MissingSection)),
    ] {
        let (chain, defects) = link([(name(1, "001"), text)], None);
        assert!(chain.is_some() || code.is_some(), "{what}");
        assert_eq!(
            defects.iter().map(Defect::code).find(|found| Some(*found) == code),
            code,
            "{what}: {defects:?}"
        );
        let told = defects.iter().map(|defect| defect.to_string().len()).sum::<usize>();
        assert!(told < 200_000, "{what}: {told}");
    }
    let mut defects = Vec::new();
    let bytes = Some(vec![0xff; 4 << 20]);
    parse::parse(&File { name: name(1, "001"), path: name(1, "001"), bytes }, &mut defects);
    assert_eq!(defects[0].code(), Code::NotUtf8);
    assert!(defects[0].to_string().len() < 1000);
}

#[test]
fn a_byte_that_is_not_utf8_is_shown_in_its_line() {
    for end in ["\n", "\r\n", "\r"] {
        let bytes =
            [format!("-- A.{end}{end}-- ä ").as_bytes(), b"\xff and more", end.as_bytes(), b"last"].concat();
        let mut defects = Vec::new();
        parse::parse(&File { name: name(1, "001"), path: name(1, "001"), bytes: Some(bytes) }, &mut defects);
        assert_eq!(defects[0].line_column(), Some((3, 6)), "{end:?}");
        assert!(
            defects[0].to_string().contains("\n3 | -- ä \u{fffd} and more\n  |      ^ the byte 0xff"),
            "{}",
            defects[0]
        );
    }
}

/// A view of so many names in double quotes, each a string or a name of the table, and a table of so many constraints.
#[test]
fn a_long_statement_of_a_schema_is_read_in_one_go() {
    const MANY: usize = 8000;
    let list = |item: &dyn Fn(usize) -> String| (0..MANY).map(item).collect::<Vec<_>>().join(", ");
    let view =
        format!("CREATE VIEW v AS SELECT 1 FROM t WHERE t.a IN ({})", list(&|n| format!("\"x{n}\", a{n}")));
    let columns = (0..2000).map(|n| format!("x{n}")).collect::<Vec<_>>().join(", ");
    let table = format!("CREATE TABLE t ({columns}, {})", list(&|n| format!("CHECK (\"x{n}\" > {n})")));
    let other = format!("CREATE TABLE t ({columns}, {})", list(&|n| format!("CHECK (\"x{n}\" < {n})")));
    let mut schema = Schema::read([view.as_str()]);
    assert!(schema.is_ambiguous());
    schema.change([], [table.as_str()]);
    assert_eq!(schema.fingerprint(), Schema::read([table.as_str(), view.as_str()]).fingerprint());
    assert_eq!(diff(&schema, &Schema::read([other.as_str(), view.as_str()])).lines().len(), 2 * MANY);
}

#[cfg(unix)]
mod on_disk {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;
    use std::process::Command;

    use super::*;

    fn defects(directory: &Directory) -> Vec<Defect> {
        directory.load().unwrap_err().iter().cloned().collect()
    }

    #[test]
    fn files_that_are_too_large_are_not_read_nor_more_than_so_much_of_all() {
        let directory = Directory::new();
        let sparse = |name: &str, length: u64| {
            fs::File::create(directory.path().join(name)).unwrap().set_len(length).unwrap()
        };
        sparse(&name(1, "001"), 1 << 30);
        sparse(&name(2, "002"), source::LARGEST + 1);
        for day in 3..9 {
            sparse(&name(day, &format!("00{day}")), source::LARGEST - 1);
        }
        sparse("revchain.lock", 1 << 30);
        let mut defects = Vec::new();
        let (files, lock) = source::read(directory.path(), "migrations", &mut defects);
        let read: u64 =
            files.iter().filter_map(|file| file.bytes.as_ref()).map(|bytes| bytes.len() as u64).sum();
        assert!(read <= source::LARGEST_OF_ALL && read > source::LARGEST_OF_ALL / 2, "{read}");
        assert!(lock.is_some_and(|lock| lock.bytes.is_none()));
        let titles: Vec<&str> = defects.iter().map(Defect::title).collect();
        assert_eq!(
            titles,
            [
                "the file cannot be read: it has 1073741824 bytes; the limit is 64 MiB",
                "the file cannot be read: it has 67108865 bytes; the limit is 64 MiB",
                "the file cannot be read: all files together may have at most 256 MiB",
                "the file cannot be read: all files together may have at most 256 MiB",
                "the file cannot be read: it has 1073741824 bytes; the limit is 64 MiB",
            ]
        );
    }

    /// The kernel says that it is empty, and never stops giving.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_file_that_is_longer_than_it_says_is_read_to_the_limit() {
        let endless = "/proc/self/pagemap";
        if fs::File::open(endless).is_err() {
            return;
        }
        let directory = Directory::new();
        symlink(endless, directory.path().join(name(1, "001"))).unwrap();
        assert_eq!(defects(&directory)[0].code(), Code::UnreadableFile);
    }

    #[test]
    fn what_is_no_file_is_told_and_not_waited_for() {
        let directory = Directory::new().with_folder(&name(1, "001")).with_folder("revchain.lock");
        let path = |name: &str| directory.path().join(name);
        let _listener = UnixListener::bind(path("a.sql")).unwrap();
        assert!(
            Command::new("mkfifo").args([path(&name(2, "002")), path("b.sql")]).status().unwrap().success()
        );
        symlink("/dev/zero", path(&name(3, "003"))).unwrap();
        symlink("/dev/tty", path("c.txt")).unwrap();
        let found: Vec<(Code, Option<String>)> = defects(&directory)
            .iter()
            .map(|defect| (defect.code(), defect.path().map(str::to_owned)))
            .collect();
        let at = |code, name: &str| (code, Some(format!("migrations/{name}")));
        for expected in [
            at(Code::StrayFile, &name(1, "001")),
            at(Code::UnreadableFile, &name(2, "002")),
            at(Code::UnreadableFile, &name(3, "003")),
            at(Code::UnreadableFile, "a.sql"),
            at(Code::UnreadableFile, "b.sql"),
            at(Code::StrayFile, "c.txt"),
            at(Code::StrayFile, "revchain.lock"),
        ] {
            assert!(found.contains(&expected), "{expected:?} {found:?}");
        }
    }

    #[test]
    fn symbolic_links_are_followed_to_files_and_to_a_directory_and_nowhere_else() {
        let elsewhere = Directory::of([("one.txt", text("base"))]).with_folder("folder");
        let directory = Directory::new();
        let path = |name: &str| directory.path().join(name);
        symlink(elsewhere.path().join("one.txt"), path(&name(1, "001"))).unwrap();
        let outer = Directory::new();
        let link = outer.path().join("link");
        symlink(directory.path(), &link).unwrap();
        assert_eq!(revchain_core::load(&link, "link").unwrap().revisions().len(), 1);
        symlink(path(&name(2, "002")), path(&name(2, "002"))).unwrap();
        symlink("nowhere", path(&name(3, "003"))).unwrap();
        symlink(elsewhere.path().join("folder"), path(&name(4, "004"))).unwrap();
        symlink("..", path("up")).unwrap();
        let codes: Vec<Code> = defects(&directory).iter().map(Defect::code).collect();
        assert_eq!(codes, [Code::UnreadableFile, Code::UnreadableFile, Code::StrayFile, Code::StrayFile]);
        let looping = outer.path().join("loop");
        symlink(&looping, &looping).unwrap();
        for nowhere in [looping, outer.path().join("gone"), path(&name(1, "001"))] {
            let defects = revchain_core::load(&nowhere, "m").unwrap_err();
            assert_eq!(defects.iter().map(Defect::code).collect::<Vec<_>>(), [Code::UnreadableDirectory]);
        }
    }

    #[test]
    fn more_files_than_a_chain_has_are_counted_and_not_all_told() {
        let directory = Directory::of((0..300).map(|number| (format!("{number}.txt"), "")));
        assert_eq!(counts(defects(&directory)), [(Code::StrayFile, 100, 200)]);
        let message = directory.load().unwrap_err().to_string();
        assert!(message.ends_with("may be here\n      (and 200 more of this kind)"), "{message}");
    }

    /// In each place where a user can write: names of files, summaries, directives, what they take, ids, SQL, the lock.
    #[test]
    fn nothing_in_a_directory_steers_the_terminal() {
        let u = UNSEEN;
        let mut seen: BTreeSet<Code> = BTreeSet::new();
        let mut check = |what: &str, directory: Directory| {
            let load = revchain_core::load(directory.path(), &format!("m{u}"));
            let defects = load.err().unwrap_or_else(|| panic!("{what}"));
            for defect in defects.iter() {
                seen.insert(defect.code());
                check_message(&defect.to_string());
                assert!(
                    defect.help_text().len() < 2000 && defect.to_string().len() < 4000,
                    "{what}: {defect}"
                );
            }
        };
        let one = |text: &str| Directory::of([(name(1, "001"), text)]);
        let header = |lines: &str| text("base").replace("-- @revises", &format!("{lines}\n-- @revises"));
        let upgrade = |sql: &str| one(&text("base").replace("SELECT 1;", sql));
        check("nothing", Directory::new());
        check("names", {
            let names: [&[u8]; 4] = [
                b"20260101_1200_001_\xff\xfe.sql",
                b"20260101_1200_\n\x1b]0;x\x07.sql",
                b"\n.txt",
                b"\xff\x9b2J",
            ];
            let directory = Directory::new()
                .with(&format!("2026{u}.sql"), "")
                .with(&format!("20261301_1200_1{u}_x.sql"), "");
            names
                .iter()
                .for_each(|name| fs::write(directory.path().join(OsStr::from_bytes(name)), "").unwrap());
            symlink("nowhere", directory.path().join(format!("{u}.sql"))).unwrap();
            directory.with("20261301_1200_1_x.sql", "").with_folder(&format!("folder{u}"))
        });
        check("the same id", Directory::of([(name(1, "001"), text("base")), (name(2, "001"), text("base"))]));
        check("not UTF-8", Directory::of([(name(1, "001"), [u.as_bytes(), b"\xff", u.as_bytes()].concat())]));
        check("a quote", upgrade(&format!("SELECT '{u}")));
        check("a comment", upgrade(&format!("SELECT /* {u}")));
        check("a character", upgrade(&format!("SELECT \u{1b}{u};")));
        check("a NUL", upgrade(&format!("SELECT '\0{u}';")));
        check(
            "no summary",
            one(&text("base")
                .replace("-- Do something.\n", &format!("-- {}\n", u.replace(char::is_alphanumeric, "")))),
        );
        check("no parent", one(&text("base").replace("-- @revises base\n", &format!("-- {u}\n"))));
        check("parents", one(&text(&format!("{u} x{u}"))));
        check("itself", one(&text("001").replace("Do", u)));
        check("a circle", Directory::of([(name(1, "1"), text("2")), (name(2, "2"), text("1"))]));
        check("roots", Directory::of([(name(1, "1"), text("base")), (name(2, "2"), text("base"))]));
        check(
            "heads",
            Directory::of([
                (name(1, "1"), text("base")),
                (name(2, "2"), text("1")),
                (name(2, "3"), text("1")),
            ]),
        );
        check("dates", Directory::of([(name(2, "1"), text("base")), (name(1, "2"), text("1"))]));
        check("no sections", one(&format!("-- A.{u}\n-- @revises base\n")));
        check("SQL only", one(&format!("SELECT '{u}';")));
        check("an empty section", upgrade(&format!("-- {u}")));
        check("a section twice", one(&(text("base") + &format!("-- @downgrade {u}\n"))));
        check("both", one(&header(&format!("-- @irreversible {u}"))));
        check(
            "directives",
            one(&header(&format!(
                "-- @{u}\n-- @revise{u} x\n-- @upgrade{u}\n--@destroys {u}\n-- @irreversible\n-- @destroys {u}\n-- @unproven"
            ))),
        );
        check("twice", one(&header(&format!("-- @destroys \"{u}\" x\n-- @destroys \"{u}\" {u}"))));
        check("misplaced", upgrade(&format!("-- @destroys a {u}\nSELECT 1;")));
        check("SQL in the header", one(&header(&format!("SELECT '{u}';"))));
        check("transactions", upgrade(&format!("BEGIN /* {u} */;")));
        check("pragmas", upgrade(&format!("PRAGMA \"{u}\" = 1; VACUUM;")));
        check("own tables", upgrade(&format!("DROP TABLE \"revchain_{u}\";")));
        check("parameters", upgrade(&format!("SELECT :ä\u{202e}\u{200b}, '{u}';")));
        check("the lock", one(&text("base")).with("revchain.lock", format!("001 {u}\n{u}")));
        let line = |id: &str| format!("{id} base {} 12345678 12345678 {u}\n", "0".repeat(64));
        let locked =
            |lines: &[&str]| lines.iter().map(|id| line(id)).collect::<String>() + &format!("head {u}.sql\n");
        check(
            "locked",
            Directory::of([(name(1, "1"), text("base")), (name(2, "2"), text("1"))])
                .with("revchain.lock", locked(&["2", "1"])),
        );
        check("locked and gone", one(&text("base")).with("revchain.lock", locked(&["2"])));
        check("the head", {
            let directory = one(&text("base"));
            let chain = directory.chain();
            let text = lock::text(&chain, []);
            directory.with("revchain.lock", text.replace("head ", &format!("head {u}")))
        });
        check("no directory", {
            let directory = Directory::new();
            fs::remove_dir(directory.path()).unwrap();
            directory
        });
        check("an unknown parent", one(&text("2").replace("Do", u)));
        let needs_sqlite = [
            Code::SqlError,
            Code::DowngradeDoesNotRestore,
            Code::UndeclaredDestruction,
            Code::DestroysNothing,
            Code::ForeignKeyViolation,
            Code::RowsLost,
            Code::ForgottenInRebuild,
            Code::NeedlesslyUnproven,
            Code::Incompatible,
        ];
        let unseen: Vec<&Code> =
            Code::ALL.iter().filter(|code| !seen.contains(code) && !needs_sqlite.contains(code)).collect();
        assert!(unseen.is_empty(), "no directory here has {unseen:?}");
    }
}
