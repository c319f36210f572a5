//! The image: a database at the head, as the build has made it, that a program carries along. A new database is a copy of
//! it, in memory or as a file, whatever the chain's length.
//!
//! It is embedded without its zeros, of which it has many: as runs, each the number of zeros before it and its own length (both
//! 32 bits, little-endian), and its bytes; and before all, the length of the whole (64 bits). The moment at which a copy is
//! made, in each row of the history, is a run without bytes.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use revchain_core::Target;
use revchain_core::sql::{self, Kind};
use rusqlite::{Connection, MAIN_DB, OpenFlags};

use crate::connection::quote;
use crate::{Migrations, Origin, history, marker};

/// How many zeros end a run: fewer cost less than to begin another.
const GAP: usize = 16;

/// Stands for the moment in the rows of the history, until a copy is made. In milliseconds since 1970, it is in the year 4873.
const TIME: [u8; 6] = *b"Srevch";

/// In place of the length of a run: it is [`TIME`].
const IS_TIME: u32 = u32::MAX;

/// Makes the image of a chain; none where a database at the head depends on the moment at which it is made, or where the
/// chain does not run without the program.
#[doc(hidden)]
pub fn build(migrations: &Migrations) -> Option<Vec<u8>> {
    let mut connection = Connection::open_in_memory().ok()?;
    migrations.upgrade_to(&mut connection, Target::Head).ok()?;
    if may_tell_the_moment(migrations) && has_rows(&connection).ok()? {
        return None;
    }
    // When and how long is of no use to anybody who has a copy, and would make every build another.
    // An UPDATE would leave what was there in the gaps of the pages, and gaps of other lengths.
    let table = migrations.history_table();
    connection.execute_batch(&format!("PRAGMA secure_delete = ON; DELETE FROM main.{table}")).ok()?;
    let [.., a, b, c, d, e, f] = TIME;
    let time = i64::from_be_bytes([0, 0, a, b, c, d, e, f]);
    for revision in migrations.revisions() {
        history::insert(&connection, migrations, revision, Origin::Image, time, Duration::ZERO).ok()?;
    }
    // What a copy would not be found to be at the head by, it had better be made from.
    if !is_at_head(&connection, migrations) {
        return None;
    }
    let bytes = connection.serialize(MAIN_DB).ok()?.to_vec();
    let (encoded, times) = encode(&bytes);
    (times == migrations.revisions().len()).then_some(encoded)
}

/// Whether the marker says so.
fn is_at_head(connection: &Connection, migrations: &Migrations) -> bool {
    let place = marker::place(connection, migrations).unwrap_or(None);
    place.is_some_and(|place| place + 1 == migrations.revisions().len())
}

/// Words by which SQL can learn what time it is, or anything that is another at each run or in another build.
const MOMENTS: &[&str] = &[
    "random",
    "randomblob",
    "current_date",
    "current_time",
    "current_timestamp",
    "date",
    "time",
    "datetime",
    "julianday",
    "unixepoch",
    "strftime",
    "timediff",
    "sqlite_version",
    "sqlite_source_id",
    "sqlite_compileoption_get",
    "sqlite_compileoption_used",
    "fts5_source_id",
];

/// Whether any upgrade has such a word, wherever: in a default, a trigger, or where it runs.
fn may_tell_the_moment(migrations: &Migrations) -> bool {
    migrations.revisions().iter().any(|revision| {
        let text = revision.upgrade().sql();
        sql::tokens(text).iter().any(|token| {
            matches!(token.kind, Kind::Word | Kind::QuotedWord) && is_moment(&sql::unquote(token.text(text)))
        })
    })
}

fn is_moment(word: &str) -> bool {
    // Of the pragmas that are read as tables, nearly each tells of the connection or of SQLite.
    let is_pragma = word.get(..7).is_some_and(|start| start.eq_ignore_ascii_case("pragma_"));
    is_pragma || MOMENTS.iter().any(|moment| word.eq_ignore_ascii_case(moment))
}

/// Whether any table has rows, in which a moment could have been kept; but for the history, and for what SQLite counts.
fn has_rows(connection: &Connection) -> rusqlite::Result<bool> {
    let mut statement = connection.prepare(
        "SELECT name FROM main.sqlite_master
         WHERE type = 'table' AND rootpage > 0 AND name NOT GLOB 'revchain_*' AND name NOT GLOB 'sqlite_*'",
    )?;
    let tables: Vec<String> = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    for table in tables {
        let sql = format!("SELECT EXISTS (SELECT 1 FROM main.{})", quote(&table));
        if connection.query_row(&sql, [], |row| row.get(0))? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// A new database in memory, a copy of the image; none where this SQLite, or this version of rusqlite, cannot make one.
pub(crate) fn open(migrations: &Migrations) -> Option<Connection> {
    let time = time();
    let mut reader = Reader::new(migrations.image(), &time)?;
    let mut connection = Connection::open_in_memory().ok()?;
    let length = reader.length;
    connection.deserialize_read_exact(MAIN_DB, &mut reader, length, false).ok()?;
    is_at_head(&connection, migrations).then_some(connection)
}

/// What became of a new file.
pub(crate) enum Created {
    /// It is there.
    Whole,
    /// It is not. Another process has begun one, beside the path and so called: it is at it, or was killed.
    Begun(PathBuf),
    /// It is not.
    No,
}

/// Makes a new file at `path`, a copy of the image, if nothing is there: all of it, or nothing. Where that cannot be, the
/// chain can still be run.
pub(crate) fn create(migrations: &Migrations, path: &Path) -> Created {
    try_create(migrations, path).unwrap_or(Created::No)
}

fn try_create(migrations: &Migrations, path: &Path) -> Option<Created> {
    let time = time();
    let reader = Reader::new(migrations.image(), &time)?;
    let name = path.file_name()?;
    let is_there = |path: &Path| path.symlink_metadata().is_ok();
    // What SQLite takes for something else than a file.
    let text = path.as_os_str().as_encoded_bytes();
    if is_there(path) || text.starts_with(b"file:") || text.starts_with(b":") {
        return None;
    }
    let beside = |ending: &str| {
        let mut name = name.to_owned();
        name.push(ending);
        path.with_file_name(name)
    };
    // Where a database was removed and has left these, SQLite knows what to do.
    if is_there(&beside("-journal")) || is_there(&beside("-wal")) {
        return None;
    }
    let new = beside(NEW);
    let file = match new_file(&new) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            return is_begun(&new, reader).then_some(Created::Begun(new));
        }
        file => file.ok()?,
    };
    let is_whole = write(file, reader).is_ok() && is_sound(migrations, &new);
    // Never over a file that has come to be there since. Whoever reads it now has all of it.
    let is_made = is_whole && fs::hard_link(&new, path).is_ok();
    let _ = fs::remove_file(&new);
    if !is_made {
        return None;
    }
    // Where folders cannot be synchronised, SQLite does not do so either.
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let _ = File::open(folder).and_then(|folder| folder.sync_all());
    Some(Created::Whole)
}

/// Whether a file is the beginning of a copy, or all of it, and not somebody's.
fn is_begun(path: &Path, mut reader: Reader<'_>) -> bool {
    let is_of_a_size =
        path.symlink_metadata().is_ok_and(|file| file.is_file() && file.len() <= reader.length as u64);
    let Some(found) = is_of_a_size.then(|| fs::read(path).ok()).flatten() else { return false };
    // What stands for the moment is another in each.
    reader.time = &TIME;
    let Ok(whole) = reader.whole() else { return false };
    let mut at = 0;
    while at < found.len() {
        match whole[at..].starts_with(&TIME) {
            true => at += TIME.len(),
            false if found[at] != whole[at] => return false,
            false => at += 1,
        }
    }
    true
}

/// What a copy is called before it is whole: the name of the database, and this.
const NEW: &str = "-revchain";

fn new_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    // As SQLite makes them.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o644);
    options.open(path)
}

/// The file is closed before it gets its name: to close one takes SQLite's locks on it away.
fn write(mut file: File, reader: Reader<'_>) -> io::Result<()> {
    file.write_all(&reader.whole()?)?;
    file.sync_all()
}

/// Whether SQLite, as this program has it, finds the copy at the head.
fn is_sound(migrations: &Migrations, path: &Path) -> bool {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags);
    connection.is_ok_and(|connection| is_at_head(&connection, migrations))
}

/// The bytes that stand for this moment in a row of the history: SQLite keeps milliseconds since 1970 in six, the
/// first of them the most significant.
fn time() -> [u8; TIME.len()] {
    let bytes = history::now().to_be_bytes();
    let mut time = [0; TIME.len()];
    time.copy_from_slice(&bytes[bytes.len() - TIME.len()..]);
    time
}

/// Stands in for the method of rusqlite 0.34, which versions before that do not have.
#[allow(dead_code, reason = "where there is the method, this is not called")]
trait Deserialize {
    fn deserialize_read_exact<N, R>(&mut self, _: N, _: R, _: usize, _: bool) -> rusqlite::Result<()> {
        Err(rusqlite::Error::InvalidQuery)
    }
}

impl Deserialize for Connection {}

/// The bytes without their zeros, and how often the moment stands in them.
fn encode(bytes: &[u8]) -> (Vec<u8>, usize) {
    let mut encoded = (bytes.len() as u64).to_le_bytes().to_vec();
    let mut times = 0;
    let mut rest = bytes;
    while !rest.is_empty() {
        let (mut zeros, mut run);
        (zeros, rest) = split_zeros(rest);
        (run, rest) = split_run(rest);
        // There is no zero in it, so it is in one run.
        while let Some(at) = run.windows(TIME.len()).position(|window| *window == TIME) {
            push_run(zeros, &run[..at], &mut encoded);
            encoded.extend(0_u32.to_le_bytes());
            encoded.extend(IS_TIME.to_le_bytes());
            times += 1;
            (zeros, run) = (0, &run[at + TIME.len()..]);
        }
        push_run(zeros, run, &mut encoded);
    }
    (encoded, times)
}

/// How many zeros the bytes begin with, and what follows. Most of an image is zeros, and builds are not optimised, so it looks
/// at many at once.
fn split_zeros(bytes: &[u8]) -> (usize, &[u8]) {
    const ZEROS: [u8; 64] = [0; 64];
    let whole = bytes.chunks_exact(ZEROS.len()).take_while(|chunk| *chunk == ZEROS).count() * ZEROS.len();
    let zeros = whole + bytes[whole..].iter().take_while(|byte| **byte == 0).count();
    (zeros, &bytes[zeros..])
}

/// The run that the bytes begin with, which goes on over a few zeros, and what follows.
fn split_run(bytes: &[u8]) -> (&[u8], &[u8]) {
    let (mut end, mut ahead) = (0, 0);
    while ahead < bytes.len() && ahead - end < GAP {
        ahead += 1;
        if bytes[ahead - 1] != 0 {
            end = ahead;
        }
    }
    bytes.split_at(end)
}

fn push_run(zeros: usize, run: &[u8], encoded: &mut Vec<u8>) {
    // Nothing at all would be the end.
    if zeros == 0 && run.is_empty() {
        return;
    }
    for length in [zeros, run.len()] {
        encoded.extend(u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes());
    }
    encoded.extend(run);
}

/// Gives the bytes of an encoded image.
struct Reader<'i> {
    /// How long the whole is.
    length: usize,
    rest: &'i [u8],
    time: &'i [u8; TIME.len()],
    zeros: usize,
    run: &'i [u8],
}

impl<'i> Reader<'i> {
    /// What stands for the moment becomes `time`. None where there is no image.
    fn new(encoded: &'i [u8], time: &'i [u8; TIME.len()]) -> Option<Self> {
        let (length, rest) = encoded.split_first_chunk()?;
        Some(Self { length: u64::from_le_bytes(*length).try_into().ok()?, rest, time, zeros: 0, run: &[] })
    }

    /// All of it at once.
    fn whole(mut self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::with_capacity(self.length);
        self.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// Begins the next run, if there is one.
    fn next(&mut self) -> Option<()> {
        let (zeros, rest) = self.rest.split_first_chunk()?;
        let (length, rest) = rest.split_first_chunk()?;
        self.zeros = usize::try_from(u32::from_le_bytes(*zeros)).ok()?;
        (self.run, self.rest) = match u32::from_le_bytes(*length) {
            IS_TIME => (self.time.as_slice(), rest),
            length => rest.split_at_checked(usize::try_from(length).ok()?)?,
        };
        Some(())
    }
}

impl Read for Reader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.zeros == 0 && self.run.is_empty() && self.next().is_none() {
            return Ok(0);
        }
        if self.zeros > 0 {
            let count = self.zeros.min(buffer.len());
            buffer[..count].fill(0);
            self.zeros -= count;
            return Ok(count);
        }
        self.run.read(buffer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_is_read_again() {
        let mut bytes = vec![0; 10_000];
        bytes[0] = 1;
        bytes[20..4000].fill(7);
        bytes[4010] = 3;
        bytes[9_000..9_010].copy_from_slice(b"0123456789");
        bytes[5_000..5_006].copy_from_slice(&TIME);
        bytes[5_006..5_012].copy_from_slice(&TIME);
        for bytes in [bytes.as_slice(), &bytes[..9_005], &[], &[0; 100], &[1], &[0, 1, 0], &TIME, &TIME[..5]]
        {
            let (encoded, _) = encode(bytes);
            let mut reader = Reader::new(&encoded, &TIME).expect("it has a length");
            let mut read = Vec::new();
            reader.read_to_end(&mut read).expect("it can be read");
            assert_eq!((read.as_slice(), reader.length), (bytes, bytes.len()));
        }
        assert!(encode(&[0; 1 << 20]).0.len() < 32);
    }

    #[test]
    fn what_is_cut_off_ends_there() {
        let (encoded, _) = encode(&[5; 100]);
        for length in 0..encoded.len() {
            let mut read = Vec::new();
            if let Some(mut reader) = Reader::new(&encoded[..length], &TIME) {
                reader.read_to_end(&mut read).expect("it can be read");
            }
            assert!(read.is_empty());
        }
    }
}
