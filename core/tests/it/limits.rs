//! Hostile directories: each is a defect, without a panic, a wait, or unbounded memory or output.

use std::collections::BTreeSet;
use std::fs;

use revchain_core::graph::validate::link as link_files;
use revchain_core::lock_file;
use revchain_core::parse::parse;
use revchain_core::source::directory::{self, File, MAX_FILE_SIZE, MAX_TOTAL_SIZE};
use revchain_core::{Chain, Defect, DefectKind, DefectList, Defects, LockFile};

use crate::support::{Directory, name, text};

/// Number of files in the tests of the cap on defects.
const COUNT: usize = 4000;

/// Parses and links files as `load` does, without a disk.
fn link(
    files: impl IntoIterator<Item = (String, String)>,
    locked: Option<&str>,
) -> (Option<Chain>, DefectList) {
    let mut defects = DefectList::new();
    let parsed = files.into_iter().map(|(name, text)| {
        let path = format!("migrations/{name}");
        parse(
            &File {
                name,
                path,
                bytes: Some(text.into_bytes()),
            },
            &mut defects,
        )
    });
    let parsed = parsed.collect();
    let lock: Option<LockFile> = locked.and_then(|text| {
        lock_file::parse(
            "migrations/revchain.lock".to_owned(),
            text.as_bytes(),
            &mut defects,
        )
    });
    let chain = link_files(parsed, lock.as_ref(), &mut defects);
    (chain, defects)
}

/// Parses one file and returns its defects.
fn parse_bytes(bytes: Vec<u8>) -> Defects {
    let mut defects = DefectList::new();
    let file = File {
        name: name(1, "001"),
        path: name(1, "001"),
        bytes: Some(bytes),
    };
    parse(&file, &mut defects);
    defects.into()
}

/// Returns the first defect in the order of the report.
fn first(defects: &Defects) -> &Defect {
    defects.iter().next().unwrap()
}

/// Returns the name of the file of revision `r<number>`, dated after the one before.
fn dated(number: usize) -> String {
    let (year, month, day) = (2000 + number / 336, 1 + number / 28 % 12, 1 + number % 28);
    format!("{year:04}{month:02}{day:02}_1200_r{number}_x.sql")
}

/// Returns `COUNT` files, each of which revises the file with the index that `parent` returns.
fn graph(parent: impl Fn(usize) -> Option<usize>) -> Vec<(String, String)> {
    let file = |index: usize| {
        let revises = parent(index).map_or("base".to_owned(), |parent| format!("r{parent}"));
        (dated(index), text(&revises))
    };
    (0..COUNT).map(file).collect()
}

/// Returns for each kind the number of reported defects and the number of omitted ones.
fn counts(defects: &Defects) -> Vec<(DefectKind, usize, usize)> {
    let kinds: BTreeSet<DefectKind> = defects.iter().map(Defect::kind).collect();
    let count = |kind: DefectKind| {
        let of_kind: Vec<&Defect> = defects
            .iter()
            .filter(|defect| defect.kind() == kind)
            .collect();
        let omitted = of_kind.iter().filter_map(|defect| {
            let (_, rest) = defect.help_text().split_once("(and ")?;
            rest.split_once(" more of this kind)")?
                .0
                .parse::<usize>()
                .ok()
        });
        (kind, of_kind.len(), omitted.sum())
    };
    kinds.into_iter().map(count).collect()
}

/// Asserts that there are `found` defects of this kind, of which at most 100 are reported.
fn assert_capped(case: &str, files: Vec<(String, String)>, kind: DefectKind, found: usize) {
    let (_, defects) = link(files, None);
    let (reported, omitted) = (found.min(100), found.saturating_sub(100));
    let counts = counts(&defects.into());
    assert!(
        counts.contains(&(kind, reported, omitted)),
        "{case}: {counts:?}"
    );
    assert!(
        counts.iter().all(|(_, reported, _)| *reported <= 100),
        "{case}: {counts:?}"
    );
}

#[test]
fn defects_of_the_graph_are_capped_and_counted() {
    let half = COUNT / 2;
    let bush = graph(|index| (index > 0).then_some(0));
    let comb =
        graph(|index| (index > 0).then(|| if index % 2 == 1 { index - 1 } else { index - 2 }));
    let broom = graph(|index| (index > 0).then(|| (index - 1).min(half)));
    let backwards = graph(|index| (index + 1 < COUNT).then_some(index + 1));
    assert_capped(
        "roots",
        graph(|_| None),
        DefectKind::MultipleRoots,
        COUNT - 1,
    );
    assert_capped(
        "unknown",
        graph(|index| Some(index + COUNT)),
        DefectKind::UnknownParent,
        COUNT,
    );
    assert_capped("itself", graph(Some), DefectKind::SelfParent, COUNT);
    assert_capped("bush", bush, DefectKind::MultipleHeads, COUNT - 2);
    assert_capped("comb", comb, DefectKind::MultipleHeads, half - 1);
    assert_capped("broom", broom, DefectKind::MultipleHeads, COUNT - half - 2);
    assert_capped(
        "pairs",
        graph(|index| Some(index ^ 1)),
        DefectKind::Cycle,
        half,
    );
    assert_capped(
        "cycle",
        graph(|index| Some((index + 1) % COUNT)),
        DefectKind::Cycle,
        1,
    );
    assert_capped(
        "backwards",
        backwards,
        DefectKind::DatedBeforeParent,
        COUNT - 1,
    );
}

#[test]
fn defects_of_files_are_capped_and_counted() {
    let same_id = |index: usize| dated(index).replace(&format!("r{index}_"), "1_");
    let same_id = (0..COUNT)
        .map(|index| (same_id(index), text("base")))
        .collect();
    let bad_names = (0..COUNT)
        .map(|index| (format!("{index}.sql"), text("base")))
        .collect();
    let empty = (0..COUNT)
        .map(|index| (dated(index), String::new()))
        .collect();
    assert_capped("same id", same_id, DefectKind::DuplicateRevision, COUNT - 1);
    assert_capped("bad names", bad_names, DefectKind::BadFileName, COUNT);
    assert_capped("empty", empty, DefectKind::MissingSection, COUNT);
}

#[test]
fn defects_of_a_lock_are_capped_and_counted() {
    let line = |id: usize| {
        let parent = id.checked_sub(1).map(|parent| format!("r{parent}"));
        let parent = parent.unwrap_or("base".to_owned());
        format!("r{id} {parent} {} 12345678 12345678 x\n", "0".repeat(64))
    };
    let lock = (0..COUNT).rev().map(line).collect::<String>() + "head x\n";
    let (chain, defects) = link(graph(|index| index.checked_sub(1)), Some(&lock));
    assert!(chain.is_some());
    assert_eq!(
        counts(&defects.into()),
        [
            (DefectKind::LockedRevisionChanged, 100, COUNT - 100),
            (DefectKind::LockedOrderChanged, 100, COUNT - 101),
        ]
    );
}

#[test]
fn missing_locked_revisions_are_capped_and_counted() {
    let locked = |count: usize| {
        let line = |id: usize| format!("r{id} base {} 12345678 12345678 x\n", "0".repeat(64));
        let lock = (0..count).map(line).collect::<String>() + "head x\n";
        Directory::new()
            .with(lock_file::FILE_NAME, lock)
            .load()
            .unwrap_err()
    };
    let defects = locked(130);
    assert_eq!(
        counts(&defects),
        [(DefectKind::LockedRevisionMissing, 100, 30)]
    );
    let message = defects.to_string();
    assert!(
        message.contains("revision r99 is missing")
            && message.ends_with(
                "\n      (and 30 more of this kind)\n\
                 more: run `revchain explain locked-revision-missing`"
            ),
        "{message}"
    );
    let message = locked(100).to_string();
    assert!(
        message.contains("revision r99 is missing") && !message.contains("more of this kind"),
        "{message}"
    );
}

#[test]
fn stray_files_are_capped_and_counted() {
    let directory = Directory::of((0..300).map(|number| (format!("{number}.txt"), "")));
    let defects = directory.load().unwrap_err();
    assert_eq!(counts(&defects), [(DefectKind::StrayFile, 100, 200)]);
    let message = defects.to_string();
    assert!(
        message.ends_with(
            "may be here\n      (and 200 more of this kind)\n\
             more: run `revchain explain stray-file`"
        ),
        "{message}"
    );
}

#[test]
fn deeply_nested_sql_is_parsed() {
    let trigger = format!("CREATE TRIGGER t BEGIN {}END", "a;".repeat(100_000));
    for (case, sql, kind) in [
        ("parentheses", "(".repeat(100_000), None),
        ("CASE", "CASE ".repeat(100_000), None),
        (
            "comments",
            format!("SELECT 1{};", "/*".repeat(100_000)),
            Some(DefectKind::UnterminatedComment),
        ),
        ("trigger", trigger, None),
    ] {
        let text = text("base").replace("SELECT 1;", &sql);
        let (chain, defects) = link([(name(1, "001"), text)], None);
        assert!(chain.is_some() || kind.is_some(), "{case}");
        let found = defects
            .iter()
            .map(Defect::kind)
            .find(|found| Some(*found) == kind);
        assert_eq!(found, kind, "{case}: {defects:?}");
        let length = defects
            .iter()
            .map(|defect| defect.to_string().len())
            .sum::<usize>();
        assert!(length < 200_000, "{case}: {length}");
    }
}

#[test]
fn large_file_that_is_not_utf8_has_a_short_message() {
    let defects = parse_bytes(vec![0xff; 4 << 20]);
    assert_eq!(first(&defects).kind(), DefectKind::NotUtf8);
    assert!(first(&defects).to_string().len() < 1000);
}

#[test]
fn byte_that_is_not_utf8_is_shown_in_its_line() {
    for end in ["\n", "\r\n", "\r"] {
        let start = format!("-- A.{end}{end}-- ä ");
        let bytes = [start.as_bytes(), b"\xff and more", end.as_bytes(), b"last"].concat();
        let defects = parse_bytes(bytes);
        assert_eq!(first(&defects).line_column(), Some((3, 6)), "{end:?}");
        assert!(
            first(&defects)
                .to_string()
                .contains("\n3 | -- ä \u{fffd} and more\n  |      ^ the byte 0xff"),
            "{}",
            first(&defects)
        );
    }
}

/// Creates a file of this length that takes no room on the disk.
fn sparse(directory: &Directory, name: &str, length: u64) {
    let file = fs::File::create(directory.path().join(name)).unwrap();
    file.set_len(length).unwrap();
}

#[test]
fn oversized_file_is_not_read() {
    let directory = Directory::new();
    sparse(&directory, &name(1, "001"), 1 << 30);
    sparse(&directory, &name(2, "002"), MAX_FILE_SIZE + 1);
    sparse(&directory, "revchain.lock", 1 << 30);
    let mut defects = DefectList::new();
    let (files, lock) = directory::read(directory.path(), "migrations", &mut defects);
    assert!(files.iter().all(|file| file.bytes.is_none()));
    assert!(lock.is_some_and(|lock| lock.bytes.is_none()));
    let titles: Vec<&str> = defects.iter().map(Defect::title).collect();
    assert_eq!(
        titles,
        [
            "the file cannot be read: it has 1073741824 bytes; the limit is 64 MiB",
            "the file cannot be read: it has 67108865 bytes; the limit is 64 MiB",
            "the file cannot be read: it has 1073741824 bytes; the limit is 64 MiB",
        ]
    );
}

#[test]
fn files_beyond_the_total_size_are_not_read() {
    let directory = Directory::new();
    for day in 1..7 {
        sparse(
            &directory,
            &name(day, &format!("00{day}")),
            MAX_FILE_SIZE - 1,
        );
    }
    let mut defects = DefectList::new();
    let (files, _) = directory::read(directory.path(), "migrations", &mut defects);
    let lengths = files
        .iter()
        .filter_map(|file| file.bytes.as_ref())
        .map(|bytes| bytes.len() as u64);
    let read: u64 = lengths.sum();
    assert!(
        read <= MAX_TOTAL_SIZE && read > MAX_TOTAL_SIZE / 2,
        "{read}"
    );
    let titles: Vec<&str> = defects.iter().map(Defect::title).collect();
    assert_eq!(
        titles,
        ["the file cannot be read: all files together may have at most 256 MiB"; 2]
    );
}

/// Pipes, sockets, devices and links, as Unix has them.
#[cfg(unix)]
mod special_files {
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;
    use std::process::Command;

    use super::*;

    fn defects(directory: &Directory) -> Vec<Defect> {
        directory.load().unwrap_err().iter().cloned().collect()
    }

    /// The kernel reports a length of zero for this file, which never ends.
    #[cfg(target_os = "linux")]
    #[test]
    fn file_longer_than_its_reported_length_is_rejected() {
        let endless = "/proc/self/pagemap";
        if fs::File::open(endless).is_err() {
            return;
        }
        let directory = Directory::new();
        symlink(endless, directory.path().join(name(1, "001"))).unwrap();
        assert_eq!(defects(&directory)[0].kind(), DefectKind::UnreadableFile);
    }

    #[test]
    fn entry_that_is_not_a_file_is_rejected_without_waiting() {
        let directory = Directory::new()
            .with_folder(&name(1, "001"))
            .with_folder("revchain.lock");
        let path = |name: &str| directory.path().join(name);
        let _listener = UnixListener::bind(path("a.sql")).unwrap();
        let pipes = [path(&name(2, "002")), path("b.sql")];
        assert!(
            Command::new("mkfifo")
                .args(pipes)
                .status()
                .unwrap()
                .success()
        );
        symlink("/dev/zero", path(&name(3, "003"))).unwrap();
        symlink("/dev/tty", path("c.txt")).unwrap();
        let found: Vec<(DefectKind, Option<String>)> = defects(&directory)
            .iter()
            .map(|defect| (defect.kind(), defect.path().map(str::to_owned)))
            .collect();
        let at = |kind, name: &str| (kind, Some(format!("migrations/{name}")));
        for expected in [
            at(DefectKind::StrayFile, &name(1, "001")),
            at(DefectKind::UnreadableFile, &name(2, "002")),
            at(DefectKind::UnreadableFile, &name(3, "003")),
            at(DefectKind::UnreadableFile, "a.sql"),
            at(DefectKind::UnreadableFile, "b.sql"),
            at(DefectKind::StrayFile, "c.txt"),
            at(DefectKind::StrayFile, "revchain.lock"),
        ] {
            assert!(found.contains(&expected), "{expected:?} {found:?}");
        }
    }

    #[test]
    fn links_are_followed_to_files_and_to_the_directory_only() {
        let elsewhere = Directory::of([("one.txt", text("base"))]).with_folder("folder");
        let directory = Directory::new();
        let path = |name: &str| directory.path().join(name);
        symlink(elsewhere.path().join("one.txt"), path(&name(1, "001"))).unwrap();
        let outer = Directory::new();
        let link = outer.path().join("link");
        symlink(directory.path(), &link).unwrap();
        assert_eq!(
            revchain_core::load::load(&link, "link")
                .unwrap()
                .revisions()
                .len(),
            1
        );
        symlink(path(&name(2, "002")), path(&name(2, "002"))).unwrap();
        symlink("nowhere", path(&name(3, "003"))).unwrap();
        symlink(elsewhere.path().join("folder"), path(&name(4, "004"))).unwrap();
        symlink("..", path("up")).unwrap();
        let kinds: Vec<DefectKind> = defects(&directory).iter().map(Defect::kind).collect();
        let unreadable = DefectKind::UnreadableFile;
        assert_eq!(
            kinds,
            [
                unreadable,
                unreadable,
                DefectKind::StrayFile,
                DefectKind::StrayFile
            ]
        );
        let looping = outer.path().join("loop");
        symlink(&looping, &looping).unwrap();
        for path in [looping, outer.path().join("gone"), path(&name(1, "001"))] {
            let defects = revchain_core::load::load(&path, "m").unwrap_err();
            let kinds: Vec<DefectKind> = defects.iter().map(Defect::kind).collect();
            assert_eq!(kinds, [DefectKind::UnreadableDirectory]);
        }
    }
}

/// Invisible characters wherever a user can write text. The file names need Unix.
#[cfg(unix)]
mod escaping {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::symlink;

    use super::*;

    /// Invisible characters: line endings, escape sequences, direction marks, joiners, zero widths.
    const UNSEEN: &str = "\u{1b}[2J\u{7}\u{7f}\u{85}\u{9b}1m\u{ad}\u{61c}\u{200b}\u{200d}\u{200e}\u{2028}\u{2029}\u{202e}\u{2066}\u{feff}\u{e0041}";

    /// Asserts that a message contains no invisible character.
    fn assert_visible(message: &str) {
        let is_unseen = |c: &char| c.is_control() || !c.is_ascii() && UNSEEN.contains(*c);
        let unseen: String = message
            .chars()
            .filter(|c| *c != '\n' && is_unseen(c))
            .collect();
        assert!(unseen.is_empty(), "{unseen:?} in {message:?}");
    }

    /// Loads hostile directories and collects the kinds of their defects.
    #[derive(Default)]
    struct Checker {
        seen: BTreeSet<DefectKind>,
    }

    impl Checker {
        fn check(&mut self, case: &str, directory: &Directory) {
            let load = revchain_core::load::load(directory.path(), &format!("m{UNSEEN}"));
            let defects = load.err().unwrap_or_else(|| panic!("{case}"));
            for defect in defects.iter() {
                self.seen.insert(defect.kind());
                assert_visible(&defect.to_string());
                assert!(
                    defect.help_text().len() < 2000 && defect.to_string().len() < 4000,
                    "{case}: {defect}"
                );
            }
        }

        /// Checks a directory with one file of this text.
        fn check_text(&mut self, case: &str, text: &str) {
            self.check(case, &Directory::of([(name(1, "001"), text)]));
        }

        /// Checks a valid file with these additional lines in its header.
        fn check_header(&mut self, case: &str, lines: &str) {
            let lines = format!("{lines}\n-- @revises");
            self.check_text(case, &text("base").replace("-- @revises", &lines));
        }

        /// Checks a valid file with this SQL as its upgrade.
        fn check_upgrade(&mut self, case: &str, sql: &str) {
            self.check_text(case, &text("base").replace("SELECT 1;", sql));
        }

        /// Checks the chain of these revisions: day, id and parents.
        fn check_chain(&mut self, case: &str, files: &[(u8, &str, &str)]) {
            let files = files
                .iter()
                .map(|(day, id, revises)| (name(*day, id), text(revises)));
            self.check(case, &Directory::of(files));
        }
    }

    #[test]
    fn control_characters_in_any_message_are_escaped() {
        let mut checker = Checker::default();
        check_directories(&mut checker);
        check_headers(&mut checker);
        check_scripts(&mut checker);
        check_graphs(&mut checker);
        check_locks(&mut checker);
        let needs_sqlite = [
            DefectKind::SqlError,
            DefectKind::CreatesNothing,
            DefectKind::DowngradeDoesNotRestore,
            DefectKind::UndeclaredDestruction,
            DefectKind::DestroysNothing,
            DefectKind::ForeignKeyViolation,
            DefectKind::RowsLost,
            DefectKind::ForgottenInRebuild,
            DefectKind::NeedlesslyUnproven,
            DefectKind::NeedlessStandIn,
            DefectKind::LoosenedInRebuild,
            DefectKind::LoosensNothing,
            DefectKind::AssumesNothing,
            DefectKind::FailsOnRows,
            DefectKind::DoubleQuotedString,
            DefectKind::RunsTooLong,
            DefectKind::Incompatible,
        ];
        // Both messages contain only the name of a function, which has no control character.
        let needs_program = [DefectKind::UnknownCode, DefectKind::CodeFails];
        // These messages show a query, which has no directory.
        let needs_query = [
            DefectKind::NotOneStatement,
            DefectKind::NotAQuery,
            DefectKind::InvalidQuery,
            DefectKind::MixedParameters,
            DefectKind::ParameterGap,
            DefectKind::InsertWithoutColumns,
            DefectKind::MissingValue,
            DefectKind::ChangesAllRows,
            DefectKind::ComparesWithNull,
            DefectKind::ComparesTypes,
            DefectKind::WrongType,
            DefectKind::QueryFails,
        ];
        // The proof for a cluster runs SQLite, too.
        let needs_cluster = [
            DefectKind::ReplicatedDirective,
            DefectKind::ReplicatedFunction,
            DefectKind::ReplicatedPragma,
            DefectKind::ReplicatedTemporary,
            DefectKind::ReplicatedSize,
            DefectKind::ReplicatedLoss,
            DefectKind::ReplicatedFailure,
            DefectKind::ReplicatedOrder,
        ];
        let others = [
            &needs_sqlite[..],
            &needs_program,
            &needs_query,
            &needs_cluster,
        ]
        .concat();
        let seen = &checker.seen;
        let is_missing = |kind: &&DefectKind| !seen.contains(kind) && !others.contains(kind);
        let missing: Vec<&DefectKind> = DefectKind::ALL.iter().filter(is_missing).collect();
        assert!(missing.is_empty(), "no directory here has {missing:?}");
    }

    fn check_directories(checker: &mut Checker) {
        let u = UNSEEN;
        checker.check("empty", &Directory::new());
        let names: [&[u8]; 4] = [
            b"20260101_1200_001_\xff\xfe.sql",
            b"20260101_1200_\n\x1b]0;x\x07.sql",
            b"\n.txt",
            b"\xff\x9b2J",
        ];
        let directory = Directory::new()
            .with(&format!("2026{u}.sql"), "")
            .with(&format!("20261301_1200_1{u}_x.sql"), "")
            .with("20261301_1200_1_x.sql", "")
            .with_folder(&format!("folder{u}"));
        for name in names {
            fs::write(directory.path().join(OsStr::from_bytes(name)), "").unwrap();
        }
        symlink("nowhere", directory.path().join(format!("{u}.sql"))).unwrap();
        checker.check("names", &directory);
        let not_utf8 = [u.as_bytes(), b"\xff", u.as_bytes()].concat();
        checker.check("not UTF-8", &Directory::of([(name(1, "001"), not_utf8)]));
        let removed = Directory::new();
        fs::remove_dir(removed.path()).unwrap();
        checker.check("no directory", &removed);
    }

    fn check_headers(checker: &mut Checker) {
        let u = UNSEEN;
        let good = text("base");
        let summary = format!("-- {}\n", u.replace(char::is_alphanumeric, ""));
        checker.check_text("no summary", &good.replace("-- Do something.\n", &summary));
        let no_parent = good.replace("-- @revises base\n", &format!("-- {u}\n"));
        checker.check_text("no parent", &no_parent);
        checker.check_text("no sections", &format!("-- A.{u}\n-- @revises base\n"));
        checker.check_text("SQL only", &format!("SELECT '{u}';"));
        checker.check_header("irreversible and not", &format!("-- @irreversible {u}"));
        checker.check_header(
            "directives",
            &format!(
                "-- @{u}\n-- @revise{u} x\n-- @upgrade{u}\n--@destroys {u}\n-- @irreversible\n\
                 -- @destroys {u}\n-- @unproven\n-- @loosens {u}\n-- @assumes {u}\n\
                 -- @loosens \"{u}\" {u} x\n-- @function {u}\n-- @collation {u}\n-- @module {u}\n\
                 -- @was {u}\n-- @was {u}:1\n-- @was sqlx:{u}\n-- @was knex:{u}\n-- @was knex:{u}"
            ),
        );
        let twice = format!("-- @destroys \"{u}\" x\n-- @destroys \"{u}\" {u}");
        checker.check_header("directive twice", &twice);
        checker.check_header("SQL in the header", &format!("SELECT '{u}';"));
    }

    fn check_scripts(checker: &mut Checker) {
        let u = UNSEEN;
        checker.check_upgrade("quote", &format!("SELECT '{u}"));
        checker.check_upgrade("comment", &format!("SELECT /* {u}"));
        checker.check_upgrade("character", &format!("SELECT \u{1b}{u};"));
        checker.check_upgrade("NUL", &format!("SELECT '\0{u}';"));
        checker.check_upgrade("empty section", &format!("-- {u}"));
        let twice = text("base") + &format!("-- @downgrade {u}\n");
        checker.check_text("section twice", &twice);
        checker.check_upgrade("misplaced", &format!("-- @destroys a {u}\nSELECT 1;"));
        checker.check_upgrade("transactions", &format!("BEGIN /* {u} */;"));
        checker.check_upgrade("pragmas", &format!("PRAGMA \"{u}\" = 1; VACUUM;"));
        checker.check_upgrade("own tables", &format!("DROP TABLE \"revchain_{u}\";"));
        checker.check_upgrade("parameters", &format!("SELECT :ä\u{202e}\u{200b}, '{u}';"));
    }

    fn check_graphs(checker: &mut Checker) {
        let u = UNSEEN;
        checker.check_chain("same id", &[(1, "001", "base"), (2, "001", "base")]);
        checker.check_header("jobs", &format!("-- @job {u}\n-- @requires a {u}"));
        checker.check_text("parents", &text(&format!("{u} x{u}")));
        checker.check_text("itself", &text("001").replace("Do", u));
        checker.check_chain("cycle", &[(1, "1", "2"), (2, "2", "1")]);
        checker.check_chain("roots", &[(1, "1", "base"), (2, "2", "base")]);
        checker.check_chain("heads", &[(1, "1", "base"), (2, "2", "1"), (2, "3", "1")]);
        let was = format!("base\n-- @was knex:{u}");
        checker.check_chain(
            "was",
            &[(1, "1", &was), (2, "2", &was.replace("base", "1"))],
        );
        let job = format!("base\n-- @job a\n-- {u}");
        let second = (2, "2", "1\n-- @job a\n-- @requires b");
        checker.check_chain("jobs", &[(1, "1", &job), second]);
        checker.check_chain("dates", &[(2, "1", "base"), (1, "2", "1")]);
        checker.check_text("unknown parent", &text("2").replace("Do", u));
    }

    fn check_locks(checker: &mut Checker) {
        let u = UNSEEN;
        let one = || Directory::of([(name(1, "001"), text("base"))]);
        let two = || Directory::of([(name(1, "1"), text("base")), (name(2, "2"), text("1"))]);
        let line = |id: &str| format!("{id} base {} 12345678 12345678 {u}\n", "0".repeat(64));
        let locked = |ids: &[&str]| {
            let lines: String = ids.iter().map(|id| line(id)).collect();
            lines + &format!("head {u}.sql\n")
        };
        checker.check(
            "malformed",
            &one().with(lock_file::FILE_NAME, format!("001 {u}\n{u}")),
        );
        checker.check(
            "changed",
            &two().with(lock_file::FILE_NAME, locked(&["2", "1"])),
        );
        let same_parents = locked(&["2", "1"]).replace("2 base", "2 1");
        checker.check("order", &two().with(lock_file::FILE_NAME, same_parents));
        checker.check("missing", &one().with(lock_file::FILE_NAME, locked(&["2"])));
        let text = lock_file::render(&one().chain(), []).replace("head ", &format!("head {u}"));
        checker.check("head", &one().with(lock_file::FILE_NAME, text));
    }
}
