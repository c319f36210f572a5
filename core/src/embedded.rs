//! The form of a chain in a program: sections, each compressed by itself.
//!
//! The bytes begin with the version of the format. The sections follow in the order of [`Section`].
//! Each section consists of:
//!
//! - the length of the decoded bytes (32 bits);
//! - the length of the compressed bytes (32 bits);
//! - the first 8 bytes of SHA-256 over the decoded bytes;
//! - the compressed bytes: an
//!   [LZ4 block](https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md).
//!
//! The decoded [`Section::Chain`] consists of:
//!
//! - the length of the numbers, and the numbers;
//! - the length of the hashes, and the hashes, which no compression makes smaller;
//! - the texts, in UTF-8.
//!
//! The numbers are [LEB128](https://en.wikipedia.org/wiki/LEB128) without a sign.
//! They contain the lengths of the texts, so the texts need no separators.
//! All other numbers are little-endian.

use std::fmt;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::model::checksum;
use crate::model::revision::{Code, Proven};
use crate::model::shared::{Shared, Text};
use crate::schema::SchemaSqlHash;
use crate::{
    Assumes, AssumesKind, Chain, Date, Destroys, Downgrade, Job, Revision, Script, Tool, Was,
};

/// The version of the format. The macro and the runtime of one build always agree.
const VERSION: u8 = 3;

/// A section of the embedded bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Section {
    /// The revisions.
    Chain,
    /// The encoded snapshot; empty if the program has no snapshot.
    Snapshot,
}

/// The damage of embedded bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Damaged {
    /// The bytes have another version.
    Version,
    /// The bytes end too early.
    Truncated,
    /// A section is not the one that was compressed.
    Checksum,
    /// A number or a text is impossible.
    Malformed,
}

impl fmt::Display for Damaged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Version => "the embedded chain has an unknown format version",
            Self::Truncated => "the embedded chain is incomplete",
            Self::Checksum => "the embedded chain does not match its checksum",
            Self::Malformed => "the embedded chain cannot be decoded",
        })
    }
}

impl std::error::Error for Damaged {}

type Result<T> = std::result::Result<T, Damaged>;

/// The length of the checksum of a section.
const CHECKSUM_LENGTH: usize = 8;

/// Returns the bytes that a program embeds. `snapshot` is empty for a chain without a snapshot.
pub fn encode(chain: &Chain, snapshot: &[u8]) -> Vec<u8> {
    let mut bytes = vec![VERSION];
    for section in [&encode_chain(chain)[..], snapshot] {
        let compressed = lz4_flex::block::compress(section);
        for length in [section.len(), compressed.len()] {
            bytes.extend(u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes());
        }
        bytes.extend(checksum_of(section));
        bytes.extend(compressed);
    }
    bytes
}

/// Decodes the chain.
///
/// # Errors
///
/// Fails if [`encode`] has not made the bytes.
pub fn decode_chain(bytes: &[u8]) -> Result<Chain> {
    let section = decode_section(bytes, Section::Chain)?;
    let mut reader = Reader::new(&section)?;
    let hash_offset = reader.number()?.checked_sub(1);
    let hash_offset = hash_offset.map(|offset| offset.try_into().map_err(|_| Damaged::Malformed));
    let count = reader.count()?;
    let mut chain = Chain {
        revisions: Vec::with_capacity(count),
        hash_offset: hash_offset.transpose()?,
    };
    for _ in 0..count {
        let revision = reader.revision(&chain.revisions)?;
        chain.revisions.push(revision);
    }
    // One list for all scripts, so that decoding allocates nothing for each.
    let spans: Arc<[(u32, u32)]> = reader.spans.into();
    for revision in &mut chain.revisions {
        revision.upgrade.spans.attach(&spans);
        if let Downgrade::Sql(script) = &mut revision.downgrade {
            script.spans.attach(&spans);
        }
    }
    Ok(chain)
}

/// Decodes a section.
///
/// # Errors
///
/// Fails if [`encode`] has not made the bytes.
pub fn decode_section(bytes: &[u8], section: Section) -> Result<Vec<u8>> {
    let mut rest = bytes.strip_prefix(&[VERSION]).ok_or(Damaged::Version)?;
    for other in [Section::Chain, Section::Snapshot] {
        let length = split_u32(&mut rest)?;
        let compressed = split_u32(&mut rest)?;
        let checksum = split(&mut rest, CHECKSUM_LENGTH)?;
        let compressed = split(&mut rest, compressed)?;
        if other != section {
            continue;
        }
        // A block of LZ4 grows at most 255-fold. The check bounds the memory for damaged bytes.
        if length / 255 > compressed.len() {
            return Err(Damaged::Checksum);
        }
        let decoded = lz4_flex::block::decompress(compressed, length);
        let decoded = decoded.map_err(|_| Damaged::Checksum)?;
        if decoded.len() != length || checksum_of(&decoded) != checksum {
            return Err(Damaged::Checksum);
        }
        return Ok(decoded);
    }
    Err(Damaged::Truncated)
}

fn checksum_of(bytes: &[u8]) -> [u8; CHECKSUM_LENGTH] {
    let mut checksum = [0; CHECKSUM_LENGTH];
    checksum.copy_from_slice(&Sha256::digest(bytes)[..CHECKSUM_LENGTH]);
    checksum
}

fn split<'b>(bytes: &mut &'b [u8], length: usize) -> Result<&'b [u8]> {
    let (first, rest) = bytes.split_at_checked(length).ok_or(Damaged::Truncated)?;
    *bytes = rest;
    Ok(first)
}

fn split_u32(bytes: &mut &[u8]) -> Result<usize> {
    let (number, rest) = bytes.split_first_chunk().ok_or(Damaged::Truncated)?;
    *bytes = rest;
    usize::try_from(u32::from_le_bytes(*number)).map_err(|_| Damaged::Malformed)
}

fn split_number(bytes: &mut &[u8]) -> Result<u64> {
    let mut number = 0_u64;
    for shift in (0..64).step_by(7) {
        let byte = split(bytes, 1)?[0];
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(number);
        }
    }
    Err(Damaged::Malformed)
}

fn push_number(bytes: &mut Vec<u8>, mut number: u64) {
    while number > 0x7f {
        bytes.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    bytes.push(number.to_le_bytes()[0]);
}

/// The flags of a revision.
const IS_COMPATIBLE: u64 = 1;
const HAS_DOWNGRADE: u64 = 2;
const IS_PROVEN: u64 = 4;
const IS_LOCKED: u64 = 8;
const HAS_JOBS: u64 = 16;

#[derive(Default)]
struct Writer {
    numbers: Vec<u8>,
    hashes: Vec<u8>,
    texts: String,
}

fn encode_chain(chain: &Chain) -> Vec<u8> {
    let mut writer = Writer::default();
    writer.number(chain.hash_offset.map_or(0, |offset| u64::from(offset) + 1));
    writer.count(chain.len());
    let by_id = chain.index_by_id();
    for (index, revision) in chain.revisions.iter().enumerate() {
        let parents = revision.revises().filter_map(|id| by_id.get(id));
        let distances: Vec<usize> = parents.map(|parent| index - parent.get()).collect();
        writer.revision(revision, &distances);
    }
    let mut bytes = Vec::new();
    for part in [&writer.numbers, &writer.hashes] {
        push_number(&mut bytes, part.len() as u64);
        bytes.extend(part);
    }
    bytes.extend(writer.texts.as_bytes());
    bytes
}

impl Writer {
    fn number(&mut self, number: u64) {
        push_number(&mut self.numbers, number);
    }

    fn count(&mut self, count: usize) {
        self.number(count as u64);
    }

    fn text(&mut self, text: &str) {
        self.count(text.len());
        self.texts.push_str(text);
    }

    /// Writes a revision. `distances` has the distance to each parent, in revisions.
    fn revision(&mut self, revision: &Revision, distances: &[usize]) {
        self.text(&revision.id);
        self.count(distances.len());
        for distance in distances {
            self.count(*distance);
        }
        self.text(&revision.path);
        self.number(revision.date.number());
        self.text(&revision.summary);
        let has_jobs = !(revision.upgrade.jobs.is_empty() && revision.upgrade.requires.is_empty());
        let flags = [
            (revision.is_compatible, IS_COMPATIBLE),
            (
                matches!(revision.downgrade, Downgrade::Sql(_)),
                HAS_DOWNGRADE,
            ),
            (revision.proven.is_some(), IS_PROVEN),
            (revision.is_locked, IS_LOCKED),
            (has_jobs, HAS_JOBS),
        ];
        let flags = flags.iter().filter(|(is_set, _)| *is_set);
        self.number(flags.map(|(_, flag)| flag).sum());
        self.script(&revision.upgrade);
        match &revision.downgrade {
            Downgrade::Sql(script) => self.script(script),
            Downgrade::Irreversible(reason) => self.text(reason),
        }
        if has_jobs {
            self.jobs(&revision.upgrade);
        }
        self.count(revision.destroys.len());
        for declared in &revision.destroys {
            self.text(&declared.table);
            // No column has an empty name.
            self.text(declared.column.as_deref().unwrap_or_default());
            self.text(&declared.reason);
        }
        self.count(revision.assumes.len());
        for declared in &revision.assumes {
            self.text(&declared.table);
            self.count(declared.columns.len());
            for column in &declared.columns {
                self.text(column);
            }
            let kind = AssumesKind::ALL.iter();
            self.count(kind.take_while(|kind| **kind != declared.kind).count());
            self.text(&declared.reason);
        }
        self.count(revision.was.len());
        for was in &revision.was {
            let tool = Tool::ALL.iter().take_while(|tool| **tool != was.tool);
            self.count(tool.count() * 2 + usize::from(was.is_empty));
            self.text(&was.version);
        }
        self.hashes.extend(revision.checksum);
        if let Some(proven) = &revision.proven {
            self.hashes.extend(proven.fingerprint);
            self.hashes.extend(proven.sql_hash.to_bytes());
        }
    }

    fn jobs(&mut self, upgrade: &Script) {
        self.count(upgrade.jobs.len());
        for job in &upgrade.jobs {
            self.text(&job.name);
            self.number(job.line.into());
        }
        self.count(upgrade.requires.len());
        for name in &upgrade.requires {
            self.text(name);
        }
    }

    fn script(&mut self, script: &Script) {
        self.text(&script.sql);
        self.number(script.line.into());
        self.count(script.spans.len());
        let mut last = 0;
        for &(start, end) in &*script.spans {
            self.number((start - last).into());
            self.number((end - start).into());
            last = end;
        }
        self.count(script.code.len());
        for code in &script.code {
            self.text(&code.name);
            self.number(code.offset.into());
            self.number(code.is_on_rows.into());
        }
    }
}

struct Reader<'b> {
    numbers: &'b [u8],
    hashes: &'b [u8],
    texts: Arc<str>,
    /// The offset of the next text.
    position: u32,
    /// The spans of all scripts so far.
    spans: Vec<(u32, u32)>,
    /// The list to which spans belong until all spans are known.
    no_spans: Arc<[(u32, u32)]>,
}

impl<'b> Reader<'b> {
    fn new(mut bytes: &'b [u8]) -> Result<Self> {
        let mut part = || {
            let length = split_number(&mut bytes)?;
            split(
                &mut bytes,
                length.try_into().map_err(|_| Damaged::Malformed)?,
            )
        };
        Ok(Self {
            numbers: part()?,
            hashes: part()?,
            texts: std::str::from_utf8(bytes)
                .map_err(|_| Damaged::Malformed)?
                .into(),
            position: 0,
            spans: Vec::new(),
            no_spans: Arc::new([]),
        })
    }

    fn number(&mut self) -> Result<u64> {
        split_number(&mut self.numbers)
    }

    fn small(&mut self) -> Result<u32> {
        self.number()?.try_into().map_err(|_| Damaged::Malformed)
    }

    /// Reads the length of a list. Each item has at least one number, so no list is longer.
    fn count(&mut self) -> Result<usize> {
        let count = usize::try_from(self.number()?).map_err(|_| Damaged::Malformed)?;
        if count > self.numbers.len() {
            return Err(Damaged::Malformed);
        }
        Ok(count)
    }

    fn text(&mut self) -> Result<Text> {
        let start = self.position;
        let end = start.checked_add(self.small()?).ok_or(Damaged::Malformed)?;
        if self.texts.get(start as usize..end as usize).is_none() {
            return Err(Damaged::Truncated);
        }
        self.position = end;
        Ok(Text::new(&self.texts, start..end))
    }

    fn string(&mut self) -> Result<String> {
        Ok(str::to_owned(&self.text()?))
    }

    fn hash<const N: usize>(&mut self) -> Result<[u8; N]> {
        let (hash, rest) = self.hashes.split_first_chunk().ok_or(Damaged::Truncated)?;
        self.hashes = rest;
        Ok(*hash)
    }

    fn revision(&mut self, before: &[Revision]) -> Result<Revision> {
        let id = self.text()?;
        let mut parents = Vec::new();
        for _ in 0..self.count()? {
            let distance = usize::try_from(self.number()?).ok();
            let index = distance.and_then(|distance| before.len().checked_sub(distance));
            let parent = index.and_then(|index| before.get(index));
            parents.push(parent.ok_or(Damaged::Malformed)?);
        }
        let path = self.text()?;
        let date = Date::checked_from_number(self.number()?).ok_or(Damaged::Malformed)?;
        let summary = self.text()?;
        let flags = self.number()?;
        let mut upgrade = self.script()?;
        let downgrade = if flags & HAS_DOWNGRADE != 0 {
            Downgrade::Sql(self.script()?)
        } else {
            Downgrade::Irreversible(self.string()?)
        };
        if flags & HAS_JOBS != 0 {
            self.jobs(&mut upgrade)?;
        }
        let destroys = (0..self.count()?)
            .map(|_| self.destroys())
            .collect::<Result<_>>()?;
        let assumes = (0..self.count()?)
            .map(|_| self.assumes())
            .collect::<Result<_>>()?;
        let was = (0..self.count()?)
            .map(|_| self.was())
            .collect::<Result<_>>()?;
        let checksum = self.hash()?;
        let proven = if flags & IS_PROVEN != 0 {
            Some(Proven {
                fingerprint: self.hash()?,
                sql_hash: SchemaSqlHash::from_bytes(self.hash()?),
            })
        } else {
            None
        };
        let parent_checksums = parents.iter().map(|parent| &parent.chain_checksum);
        Ok(Revision {
            id,
            chain_checksum: checksum::chain(parent_checksums, &checksum),
            parents: match parents[..] {
                // A copy of the id, which shares its text.
                [parent] => parent.id.clone(),
                _ => {
                    let ids: Vec<&str> = parents.iter().map(|parent| parent.id()).collect();
                    ids.join(" ").into()
                }
            },
            path,
            date,
            summary,
            upgrade,
            downgrade,
            destroys,
            assumes,
            was,
            is_compatible: flags & IS_COMPATIBLE != 0,
            is_locked: flags & IS_LOCKED != 0,
            checksum,
            proven,
        })
    }

    fn script(&mut self) -> Result<Script> {
        let sql = self.text()?;
        let line = self.small()?;
        let first = self.spans.len();
        let mut end = 0_u32;
        for _ in 0..self.count()? {
            let start = end.checked_add(self.small()?).ok_or(Damaged::Malformed)?;
            end = start.checked_add(self.small()?).ok_or(Damaged::Malformed)?;
            if sql.get(start as usize..end as usize).is_none() {
                return Err(Damaged::Malformed);
            }
            self.spans.push((start, end));
        }
        let bound = |count: usize| u32::try_from(count).map_err(|_| Damaged::Malformed);
        let range = bound(first)?..bound(self.spans.len())?;
        let code = (0..self.count()?)
            .map(|_| self.code())
            .collect::<Result<_>>()?;
        Ok(Script {
            sql,
            line,
            code,
            jobs: Vec::new(),
            requires: Vec::new(),
            spans: Shared::new(&self.no_spans, range),
        })
    }

    fn jobs(&mut self, upgrade: &mut Script) -> Result<()> {
        for _ in 0..self.count()? {
            upgrade.jobs.push(Job {
                name: self.text()?,
                line: self.small()?,
            });
        }
        for _ in 0..self.count()? {
            upgrade.requires.push(self.text()?);
        }
        Ok(())
    }

    fn code(&mut self) -> Result<Code> {
        Ok(Code {
            name: self.text()?,
            offset: self.small()?,
            is_on_rows: self.number()? == 1,
        })
    }

    fn destroys(&mut self) -> Result<Destroys> {
        Ok(Destroys {
            table: self.string()?,
            column: Some(self.string()?).filter(|name| !name.is_empty()),
            reason: self.string()?,
        })
    }

    fn assumes(&mut self) -> Result<Assumes> {
        let table = self.string()?;
        let columns = (0..self.count()?)
            .map(|_| self.string())
            .collect::<Result<_>>()?;
        let kind = usize::try_from(self.number()?).map_err(|_| Damaged::Malformed)?;
        Ok(Assumes {
            table,
            columns,
            kind: *AssumesKind::ALL.get(kind).ok_or(Damaged::Malformed)?,
            reason: self.string()?,
        })
    }

    fn was(&mut self) -> Result<Was> {
        let number = usize::try_from(self.number()?).map_err(|_| Damaged::Malformed)?;
        Ok(Was {
            tool: *Tool::ALL.get(number / 2).ok_or(Damaged::Malformed)?,
            version: self.string()?,
            is_empty: number % 2 == 1,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn code() -> impl Strategy<Value = Vec<Code>> {
        let code = ("[a-z]{1,8}", 0..40_u32, any::<bool>());
        let code = code.prop_map(|(name, offset, is_on_rows)| Code {
            name: name.into(),
            offset,
            is_on_rows,
        });
        proptest::collection::vec(code, 0..3)
    }

    fn script() -> impl Strategy<Value = Script> {
        let offsets = any::<[prop::sample::Index; 4]>();
        (".{0,40}", 0..u32::MAX, offsets, code()).prop_map(|(sql, line, offsets, code)| {
            let bounds: Vec<usize> = (0..=sql.len())
                .filter(|&offset| sql.is_char_boundary(offset))
                .collect();
            let mut offsets = offsets.map(|offset| bounds[offset.index(bounds.len())]);
            offsets.sort_unstable();
            let [a, b, c, d] = offsets.map(|offset| u32::try_from(offset).unwrap_or(0));
            Script {
                sql: sql.into(),
                line,
                spans: [(a, b), (c, d)].into_iter().collect(),
                code,
                jobs: Vec::new(),
                requires: Vec::new(),
            }
        })
    }

    fn upgrade() -> impl Strategy<Value = Script> {
        let jobs = proptest::collection::vec(("[a-z]{1,8}", 0..u32::MAX), 0..3);
        let requires = proptest::collection::vec("[a-z]{1,8}", 0..3);
        (script(), jobs, requires).prop_map(|(script, jobs, requires)| {
            let jobs = jobs.into_iter().map(|(name, line)| Job {
                name: name.into(),
                line,
            });
            Script {
                jobs: jobs.collect(),
                requires: requires.into_iter().map(Into::into).collect(),
                ..script
            }
        })
    }

    fn destroys() -> impl Strategy<Value = Destroys> {
        let column = proptest::option::of(".{1,8}");
        (".{0,8}", column, ".{0,8}").prop_map(|(table, column, reason)| Destroys {
            table,
            column,
            reason,
        })
    }

    fn assumes() -> impl Strategy<Value = Assumes> {
        let columns = proptest::collection::vec(".{1,8}", 1..4);
        let kind = proptest::sample::select(AssumesKind::ALL);
        (".{0,8}", columns, kind, ".{0,8}").prop_map(|(table, columns, kind, reason)| Assumes {
            table,
            columns,
            kind,
            reason,
        })
    }

    fn was() -> impl Strategy<Value = Was> {
        let tool = proptest::sample::select(Tool::ALL);
        (tool, ".{1,8}", any::<bool>()).prop_map(|(tool, version, is_empty)| Was {
            tool,
            version,
            is_empty,
        })
    }

    fn revision() -> impl Strategy<Value = Revision> {
        let downgrade = prop_oneof![
            script().prop_map(Downgrade::Sql),
            ".{0,8}".prop_map(Downgrade::Irreversible)
        ];
        let lists = (
            proptest::collection::vec(destroys(), 0..3),
            proptest::collection::vec(assumes(), 0..3),
            proptest::collection::vec(was(), 0..3),
        );
        let proven = proptest::option::of(any::<([u8; 32], [u8; 16])>());
        let texts = (".{0,30}", ".{0,30}");
        (
            texts,
            upgrade(),
            downgrade,
            lists,
            any::<(bool, bool, [u8; 32])>(),
            proven,
        )
            .prop_map(
                |((path, summary), upgrade, downgrade, (destroys, assumes, was), flags, proven)| {
                    Revision {
                        id: "".into(),
                        parents: "".into(),
                        path: path.into(),
                        date: Date::MIN,
                        summary: summary.into(),
                        upgrade,
                        downgrade,
                        destroys,
                        assumes,
                        was,
                        is_compatible: flags.0,
                        is_locked: flags.1,
                        checksum: flags.2,
                        chain_checksum: [0; 32],
                        proven: proven.map(|(fingerprint, sql_hash)| Proven {
                            fingerprint,
                            sql_hash: SchemaSqlHash::from_bytes(sql_hash),
                        }),
                    }
                },
            )
    }

    /// Returns chains in which revisions have no parent, one, or several.
    fn chain() -> impl Strategy<Value = Chain> {
        let parents = proptest::collection::vec(any::<prop::sample::Index>(), 0..3);
        let steps = proptest::collection::vec((revision(), parents), 0..8);
        steps.prop_map(|steps| {
            let mut revisions: Vec<Revision> = Vec::new();
            for (mut revision, parents) in steps {
                let mut parents: Vec<usize> = parents
                    .iter()
                    .filter(|_| !revisions.is_empty())
                    .map(|parent| parent.index(revisions.len()))
                    .collect();
                parents.sort_unstable();
                parents.dedup();
                let ids: Vec<&str> = parents.iter().map(|&index| revisions[index].id()).collect();
                revision.parents = ids.join(" ").into();
                let checksums = parents
                    .iter()
                    .map(|&index| &revisions[index].chain_checksum);
                revision.chain_checksum = checksum::chain(checksums, &revision.checksum);
                revision.id = format!("r{}", revisions.len()).into();
                revisions.push(revision);
            }
            Chain::new(revisions)
        })
    }

    proptest! {
        #[test]
        fn decoded_chain_is_the_encoded_chain(
            chain in chain(),
            snapshot in proptest::collection::vec(0_u8..4, 0..400),
        ) {
            let bytes = encode(&chain, &snapshot);
            prop_assert_eq!(decode_chain(&bytes), Ok(chain));
            prop_assert_eq!(decode_section(&bytes, Section::Snapshot), Ok(snapshot));
        }

        #[test]
        fn damaged_bytes_are_an_error(
            chain in chain(),
            position in any::<prop::sample::Index>(),
            change in 1_u8..,
        ) {
            let bytes = encode(&chain, b"snapshot");
            let position = position.index(bytes.len());
            let mut changed = bytes.clone();
            changed[position] ^= change;
            for damaged in [&changed[..], &bytes[..position]] {
                let found = decode_chain(damaged);
                let snapshot = decode_section(damaged, Section::Snapshot);
                // LZ4 can have two forms of the same bytes, and the damage is in one section.
                prop_assert!(found.is_err() || found.as_ref() == Ok(&chain));
                prop_assert!(snapshot.is_err() || snapshot == Ok(b"snapshot".to_vec()));
                let is_truncated = damaged.len() < bytes.len();
                prop_assert!(!is_truncated || found.is_err() || snapshot.is_err());
            }
        }

        #[test]
        fn arbitrary_numbers_do_not_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut section = vec![VERSION];
            let compressed = lz4_flex::block::compress(&bytes);
            for length in [bytes.len(), compressed.len()] {
                section.extend(u32::try_from(length).unwrap_or(0).to_le_bytes());
            }
            section.extend(checksum_of(&bytes));
            section.extend(compressed);
            let _ = decode_chain(&section);
        }
    }
}
