//! The encoding of an embedded snapshot.
//! It omits long sequences of zeros, because most bytes of a snapshot are zeros.
//!
//! The encoding begins with the length of the decoded bytes (64 bits).
//! Runs of other bytes follow. Each run consists of:
//!
//! - the number of zeros before the run (32 bits);
//! - the length of the run (32 bits);
//! - the bytes of the run.
//!
//! All numbers are little-endian.
//! A run with the length [`IS_TIMESTAMP`] has no bytes: it stands for the time of the copy.

use std::io::{self, Read};

/// The number of zeros that ends a run. Fewer zeros stay in the run, because each run has a header.
const GAP: usize = 16;

/// The bytes that stand for each time in the history of a snapshot. A copy gets the real time.
///
/// As milliseconds since 1970, these bytes are a time in the year 4877, so no real stamp has them.
/// No byte is zero, so the encoder finds the whole placeholder in one run.
pub const TIMESTAMP_PLACEHOLDER: [u8; 6] = *b"Srevch";

/// The length of a run that stands for a timestamp.
const IS_TIMESTAMP: u32 = u32::MAX;

/// A time in milliseconds since 1970, as SQLite stores the number: six bytes, big-endian.
pub(crate) type Timestamp = [u8; TIMESTAMP_PLACEHOLDER.len()];

/// Returns the bytes of a time in milliseconds since 1970.
pub(crate) fn timestamp(milliseconds: i64) -> Timestamp {
    let [_, _, timestamp @ ..] = milliseconds.to_be_bytes();
    timestamp
}

/// An encoded snapshot.
#[derive(Debug)]
pub struct Encoded {
    /// The bytes to embed.
    pub bytes: Vec<u8>,
    /// The number of placeholders that the encoder has replaced.
    pub timestamps: usize,
}

/// Encodes a database whose history has [`TIMESTAMP_PLACEHOLDER`] in place of each time.
pub fn encode(bytes: &[u8]) -> Encoded {
    let mut encoded = Encoded {
        bytes: (bytes.len() as u64).to_le_bytes().to_vec(),
        timestamps: 0,
    };
    let mut rest = bytes;
    while !rest.is_empty() {
        let (mut zeros, mut run);
        (zeros, rest) = split_zeros(rest);
        (run, rest) = split_run(rest);
        // The placeholder contains no zero, so no gap can split the placeholder.
        while let Some(start) = find_placeholder(run) {
            encoded.push_run(zeros, &run[..start]);
            encoded.push_timestamp();
            (zeros, run) = (0, &run[start + TIMESTAMP_PLACEHOLDER.len()..]);
        }
        encoded.push_run(zeros, run);
    }
    encoded
}

impl Encoded {
    fn push_run(&mut self, zeros: usize, run: &[u8]) {
        if zeros == 0 && run.is_empty() {
            return;
        }
        for length in [zeros, run.len()] {
            let length = u32::try_from(length).unwrap_or(u32::MAX);
            self.bytes.extend(length.to_le_bytes());
        }
        self.bytes.extend(run);
    }

    fn push_timestamp(&mut self) {
        self.bytes.extend(0_u32.to_le_bytes());
        self.bytes.extend(IS_TIMESTAMP.to_le_bytes());
        self.timestamps += 1;
    }
}

fn find_placeholder(run: &[u8]) -> Option<usize> {
    let mut windows = run.windows(TIMESTAMP_PLACEHOLDER.len());
    windows.position(|window| *window == TIMESTAMP_PLACEHOLDER)
}

/// Splits off the leading zeros. Returns the number of zeros, and the other bytes.
///
/// The macro runs this code unoptimized, and most bytes are zeros.
/// So this function compares 64 bytes at once.
fn split_zeros(bytes: &[u8]) -> (usize, &[u8]) {
    const ZEROS: [u8; 64] = [0; 64];
    let chunks = bytes
        .chunks_exact(ZEROS.len())
        .take_while(|chunk| *chunk == ZEROS);
    let whole = chunks.count() * ZEROS.len();
    let zeros = whole + bytes[whole..].iter().take_while(|byte| **byte == 0).count();
    (zeros, &bytes[zeros..])
}

/// Splits off the leading run. Gaps of fewer than [`GAP`] zeros are part of the run.
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

/// A reader that decodes a snapshot.
pub(crate) struct Decoder<'i> {
    /// The length of the decoded bytes.
    pub(crate) length: usize,
    rest: &'i [u8],
    timestamp: &'i Timestamp,
    zeros: usize,
    run: &'i [u8],
}

impl<'i> Decoder<'i> {
    /// Makes a reader that replaces each placeholder by `timestamp`.
    ///
    /// Returns `None` if the program has no snapshot: then `encoded` is empty.
    pub(crate) fn new(encoded: &'i [u8], timestamp: &'i Timestamp) -> Option<Self> {
        let (length, rest) = encoded.split_first_chunk()?;
        Some(Self {
            length: u64::from_le_bytes(*length).try_into().ok()?,
            rest,
            timestamp,
            zeros: 0,
            run: &[],
        })
    }

    /// Returns all decoded bytes.
    pub(crate) fn decode(mut self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::with_capacity(self.length);
        self.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// Begins the next run. Returns `None` after the last run.
    fn next_run(&mut self) -> Option<()> {
        let (zeros, rest) = self.rest.split_first_chunk()?;
        let (length, rest) = rest.split_first_chunk()?;
        self.zeros = usize::try_from(u32::from_le_bytes(*zeros)).ok()?;
        (self.run, self.rest) = match u32::from_le_bytes(*length) {
            IS_TIMESTAMP => (self.timestamp.as_slice(), rest),
            length => rest.split_at_checked(usize::try_from(length).ok()?)?,
        };
        Some(())
    }
}

impl Read for Decoder<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.zeros == 0 && self.run.is_empty() && self.next_run().is_none() {
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

    fn decode(encoded: &[u8]) -> Vec<u8> {
        let decoder = Decoder::new(encoded, &TIMESTAMP_PLACEHOLDER).expect("there is a length");
        decoder.decode().expect("the bytes are complete")
    }

    #[test]
    fn encoded_bytes_are_decoded() {
        let mut bytes = vec![0; 10_000];
        bytes[0] = 1;
        bytes[20..4000].fill(7);
        bytes[4010] = 3;
        bytes[9_000..9_010].copy_from_slice(b"0123456789");
        bytes[5_000..5_006].copy_from_slice(&TIMESTAMP_PLACEHOLDER);
        bytes[5_006..5_012].copy_from_slice(&TIMESTAMP_PLACEHOLDER);
        let placeholder: &[u8] = &TIMESTAMP_PLACEHOLDER;
        let cut: &[u8] = &bytes[..9_005];
        for bytes in [
            &bytes,
            cut,
            &[],
            &[0; 100],
            &[1],
            &[0, 1, 0],
            placeholder,
            &placeholder[..5],
        ] {
            assert_eq!(decode(&encode(bytes).bytes), bytes);
        }
    }

    #[test]
    fn zeros_take_little_room() {
        assert!(encode(&[0; 1 << 20]).bytes.len() < 32);
    }

    #[test]
    fn truncated_bytes_end_early() {
        let encoded = encode(&[5; 100]).bytes;
        for length in 8..encoded.len() {
            assert!(decode(&encoded[..length]).is_empty());
        }
        assert!(Decoder::new(&encoded[..7], &TIMESTAMP_PLACEHOLDER).is_none());
    }
}
