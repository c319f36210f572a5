//! The image: a database at the head, as the build has made it, that a program carries along. A new database in memory is
//! a copy of it, whatever the chain's length.
//!
//! It is embedded without its zeros, of which it has many: as runs, each the number of zeros before it and its own length (both
//! 32 bits, little-endian), and its bytes; and before all, the length of the whole (64 bits).

use std::io::{self, Read};

use revchain_core::Target;
use revchain_core::sql::{self, Kind};
use rusqlite::{Connection, MAIN_DB};

use crate::connection::quote;
use crate::{Migrations, Origin, history, marker};

/// How many zeros end a run: fewer cost less than to begin another.
const GAP: usize = 16;

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
    let rows = history::stamps(&connection).ok()?;
    connection.execute_batch("PRAGMA secure_delete = ON; DELETE FROM main.revchain_history").ok()?;
    for stamp in rows {
        let sql = "INSERT INTO main.revchain_history VALUES (?1, ?2, ?3, 0, 0)";
        connection.execute(sql, [&stamp.revision, &stamp.checksum, Origin::Image.name()]).ok()?;
    }
    // What a copy would not be found to be at the head by, it had better be made from.
    if !marker::is_at_head(&connection, migrations.chain()) {
        return None;
    }
    let bytes = connection.serialize(MAIN_DB).ok()?.to_vec();
    Some(encode(&bytes))
}

/// Words by which SQL can learn what time it is, or anything that is another at each run.
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
];

/// Whether any upgrade has such a word, wherever: in a default, a trigger, or where it runs.
fn may_tell_the_moment(migrations: &Migrations) -> bool {
    migrations.revisions().iter().any(|revision| {
        let text = revision.upgrade().sql();
        sql::tokens(text).iter().any(|token| {
            matches!(token.kind, Kind::Word | Kind::QuotedWord)
                && MOMENTS.iter().any(|word| sql::unquote(token.text(text)).eq_ignore_ascii_case(word))
        })
    })
}

/// Whether any table has rows, in which a moment could have been kept; but for the history, and for what SQLite counts.
fn has_rows(connection: &Connection) -> rusqlite::Result<bool> {
    let mut statement = connection.prepare(
        "SELECT name FROM main.sqlite_master
         WHERE type = 'table' AND rootpage > 0 AND name <> 'revchain_history' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'",
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
    let mut reader = Reader::new(migrations.image())?;
    let mut connection = Connection::open_in_memory().ok()?;
    let length = reader.length;
    connection.deserialize_read_exact(MAIN_DB, &mut reader, length, false).ok()?;
    marker::is_at_head(&connection, migrations.chain()).then_some(connection)
}

/// Stands in for the method of rusqlite 0.34, which versions before that do not have.
#[allow(dead_code, reason = "where there is the method, this is not called")]
trait Deserialize {
    fn deserialize_read_exact<N, R>(&mut self, _: N, _: R, _: usize, _: bool) -> rusqlite::Result<()> {
        Err(rusqlite::Error::InvalidQuery)
    }
}

impl Deserialize for Connection {}

fn encode(bytes: &[u8]) -> Vec<u8> {
    let mut encoded = (bytes.len() as u64).to_le_bytes().to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let zeros = bytes[at..].iter().take_while(|byte| **byte == 0).count();
        let start = at + zeros;
        // A run goes on over a few zeros.
        let mut end = start;
        let mut ahead = start;
        while ahead < bytes.len() && ahead - end < GAP {
            ahead += 1;
            if bytes[ahead - 1] != 0 {
                end = ahead;
            }
        }
        for length in [start - at, end - start] {
            encoded.extend(u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes());
        }
        encoded.extend(&bytes[start..end]);
        at = end;
    }
    encoded
}

/// Gives the bytes of an encoded image.
struct Reader<'i> {
    /// How long the whole is.
    length: usize,
    rest: &'i [u8],
    zeros: usize,
    run: &'i [u8],
}

impl<'i> Reader<'i> {
    fn new(encoded: &'i [u8]) -> Option<Self> {
        let (length, rest) = encoded.split_first_chunk()?;
        Some(Self { length: u64::from_le_bytes(*length).try_into().ok()?, rest, zeros: 0, run: &[] })
    }

    /// Begins the next run, if there is one.
    fn next(&mut self) -> Option<()> {
        let (zeros, rest) = self.rest.split_first_chunk()?;
        let (length, rest) = rest.split_first_chunk()?;
        self.zeros = usize::try_from(u32::from_le_bytes(*zeros)).ok()?;
        (self.run, self.rest) = rest.split_at_checked(usize::try_from(u32::from_le_bytes(*length)).ok()?)?;
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
        for bytes in [bytes.as_slice(), &bytes[..9_005], &[], &[0; 100], &[1], &[0, 1, 0]] {
            let encoded = encode(bytes);
            let mut reader = Reader::new(&encoded).expect("it has a length");
            let mut read = Vec::new();
            reader.read_to_end(&mut read).expect("it can be read");
            assert_eq!((read.as_slice(), reader.length), (bytes, bytes.len()));
        }
        assert!(encode(&[0; 1 << 20]).len() < 32);
    }

    #[test]
    fn what_is_cut_off_ends_there() {
        let encoded = encode(&[5; 100]);
        for length in 0..encoded.len() {
            let mut read = Vec::new();
            if let Some(mut reader) = Reader::new(&encoded[..length]) {
                reader.read_to_end(&mut read).expect("it can be read");
            }
            assert!(read.is_empty());
        }
    }
}
