//! The version index: a file in the common git directory that answers "which
//! commits touched this file" without asking git again.
//!
//! Fixed-width entries, oldest first, behind tables of names; a checksum at
//! the end. A damaged or outdated file is built anew; it is replaced whole, so
//! that two commands at once cannot mix their halves.

use std::collections::HashMap;

use git2::Oid;

use super::log::{self, Commit};
use super::{HistoryError, Rewritten};
use crate::repository::Repository;
use crate::repository::layout::Kind;

const FILE: &str = "versions";
const MAGIC: &[u8; 8] = b"ocdver 1";
const ID: usize = 20;
const ENTRY: usize = ID + ID + 8 + 4 + 4 + 4;

/// The index in memory.
#[derive(Debug)]
pub struct Index {
    tip: Oid,
    things: Vec<(Kind, String)>,
    paths: Vec<String>,
    authors: Vec<String>,
    /// Encoded entries, [`ENTRY`] bytes each.
    entries: Vec<u8>,
}

/// A commit that touched one thing.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    /// Place in the first-parent order.
    pub(super) position: usize,
    pub(super) commit: Oid,
    pub(super) blob: Option<Oid>,
    pub(super) time: i64,
    path: u32,
    author: u32,
}

/// The index of all versions up to a tip: read, extended or built, and stored if it changed.
pub(super) fn up_to(repository: &Repository, tip: Oid) -> Result<(Index, Option<Rewritten>), HistoryError> {
    let known = repository.read_cache(FILE).and_then(|bytes| Index::decode(&bytes));
    let (index, rewritten) = match known {
        Some(index) if index.tip == tip => return Ok((index, None)),
        Some(index) => extend(repository, index, tip)?,
        None => (Index::empty().extended(repository, tip, None)?, None),
    };
    repository.write_cache(FILE, &index.encode());
    Ok((index, rewritten))
}

/// Adds what came since. Where the old tip is not on the new first-parent
/// line, what they have in common stays and the rest is counted again.
fn extend(
    repository: &Repository,
    mut index: Index,
    tip: Oid,
) -> Result<(Index, Option<Rewritten>), HistoryError> {
    let former_tip = index.tip;
    let positions: HashMap<Oid, usize> =
        (0..index.len()).map(|position| (index.entry(position).commit, position)).collect();
    let mut commit = Some(tip);
    while let Some(id) = commit {
        if id == former_tip {
            return Ok((index.extended(repository, tip, Some(id))?, None));
        }
        if let Some(position) = positions.get(&id) {
            index.entries.truncate((position + 1) * ENTRY);
            let rewritten = Some(Rewritten { former_tip });
            return Ok((index.extended(repository, tip, Some(id))?, rewritten));
        }
        commit = repository.git2().find_commit(id)?.parent_id(0).ok();
    }
    let index = Index::empty().extended(repository, tip, None)?;
    Ok((index, Some(Rewritten { former_tip })))
}

impl Index {
    fn empty() -> Self {
        Self { tip: Oid::ZERO_SHA1, things: vec![], paths: vec![], authors: vec![], entries: vec![] }
    }

    fn extended(
        mut self,
        repository: &Repository,
        tip: Oid,
        since: Option<Oid>,
    ) -> Result<Self, HistoryError> {
        let range = since.map_or_else(|| tip.to_string(), |since| format!("{since}..{tip}"));
        let mut writer = Writer::new(&mut self);
        let mut newest_first = Vec::new();
        log::walk(repository.git(), &range, |commit| writer.encode(commit, &mut newest_first))?;
        for entry in newest_first.chunks_exact(ENTRY).rev() {
            self.entries.extend_from_slice(entry);
        }
        self.tip = tip;
        Ok(self)
    }

    fn len(&self) -> usize {
        self.entries.len() / ENTRY
    }

    fn entry(&self, position: usize) -> Entry {
        let bytes = &self.entries[position * ENTRY..][..ENTRY];
        let id = |at: usize| Oid::from_bytes(&bytes[at..at + ID]).unwrap_or(Oid::ZERO_SHA1);
        let number = |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
        let mut time = [0; 8];
        time.copy_from_slice(&bytes[40..48]);
        Entry {
            position,
            commit: id(0),
            blob: Some(id(ID)).filter(|blob| !blob.is_zero()),
            time: i64::from_le_bytes(time),
            path: number(52),
            author: number(56),
        }
    }

    /// The number of the thing an entry is about, without decoding the rest.
    fn thing_at(&self, position: usize) -> u32 {
        let at = position * ENTRY + 48;
        let bytes = &self.entries[at..at + 4];
        u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
    }

    /// All entries of one thing, oldest first.
    pub(super) fn entries_of(&self, kind: Kind, stem: &str) -> Vec<Entry> {
        let Some(thing) = self.things.iter().position(|(k, s)| *k == kind && s == stem) else {
            return Vec::new();
        };
        (0..self.len()).filter(|at| self.thing_at(*at) as usize == thing).map(|at| self.entry(at)).collect()
    }

    /// For everything of a kind: how many versions it has, and the last.
    pub(super) fn latest(&self, kind: Kind) -> Vec<(&str, usize, Entry)> {
        let mut counts = vec![(0usize, 0usize); self.things.len()];
        for position in 0..self.len() {
            if let Some(count) = counts.get_mut(self.thing_at(position) as usize) {
                *count = (count.0 + 1, position);
            }
        }
        let things = self.things.iter().zip(counts);
        things
            .filter(|((k, _), (count, _))| *k == kind && *count > 0)
            .map(|((_, stem), (count, last))| (stem.as_str(), count, self.entry(last)))
            .collect()
    }

    pub(super) fn path(&self, entry: &Entry) -> &str {
        self.paths.get(entry.path as usize).map_or("", String::as_str)
    }

    pub(super) fn author(&self, entry: &Entry) -> &str {
        self.authors.get(entry.author as usize).map_or("", String::as_str)
    }

    fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.entries.len() + 64 * 1024);
        out.extend_from_slice(MAGIC);
        out.extend_from_slice(self.tip.as_bytes());
        let put_text = |out: &mut Vec<u8>, text: &str| {
            out.extend_from_slice(&(text.len() as u32).to_le_bytes());
            out.extend_from_slice(text.as_bytes());
        };
        out.extend_from_slice(&(self.things.len() as u32).to_le_bytes());
        for (kind, stem) in &self.things {
            out.push(*kind as u8);
            put_text(&mut out, stem);
        }
        for table in [&self.paths, &self.authors] {
            out.extend_from_slice(&(table.len() as u32).to_le_bytes());
            table.iter().for_each(|text| put_text(&mut out, text));
        }
        out.extend_from_slice(&self.entries);
        out.extend_from_slice(&crc32fast::hash(&out).to_le_bytes());
        out
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let (body, checksum) = bytes.split_last_chunk::<4>()?;
        if crc32fast::hash(body) != u32::from_le_bytes(*checksum) {
            return None;
        }
        let mut rest = body.strip_prefix(MAGIC)?;
        let tip = Oid::from_bytes(rest.split_off(..ID)?).ok()?;
        let mut things = Vec::new();
        for _ in 0..take_number(&mut rest)? {
            let kind = match rest.split_off_first()? {
                1 => Kind::Schedule,
                2 => Kind::Package,
                3 => Kind::Rule,
                _ => return None,
            };
            things.push((kind, take_text(&mut rest)?));
        }
        let mut table =
            || (0..take_number(&mut rest)?).map(|_| take_text(&mut rest)).collect::<Option<Vec<_>>>();
        let (paths, authors) = (table()?, table()?);
        let index = Self { tip, things, paths, authors, entries: rest.to_vec() };
        index.entries.len().is_multiple_of(ENTRY).then_some(index)
    }
}

fn take_number(bytes: &mut &[u8]) -> Option<u32> {
    let number = bytes.split_off(..4)?;
    Some(u32::from_le_bytes([number[0], number[1], number[2], number[3]]))
}

fn take_text(bytes: &mut &[u8]) -> Option<String> {
    let length = take_number(bytes)? as usize;
    String::from_utf8(bytes.split_off(..length)?.to_vec()).ok()
}

/// Encodes commits, giving every name a number.
struct Writer<'i> {
    things: Numbers<(Kind, String)>,
    paths: Numbers<String>,
    authors: Numbers<String>,
    index: &'i mut Index,
}

type Numbers<T> = HashMap<T, u32>;

fn numbers<T: Clone + Eq + std::hash::Hash>(list: &[T]) -> Numbers<T> {
    list.iter().cloned().zip(0..).collect()
}

fn number_of<T: Clone + Eq + std::hash::Hash>(numbers: &mut Numbers<T>, list: &mut Vec<T>, item: T) -> u32 {
    if let Some(number) = numbers.get(&item) {
        return *number;
    }
    let number = list.len() as u32;
    list.push(item.clone());
    numbers.insert(item, number);
    number
}

impl<'i> Writer<'i> {
    fn new(index: &'i mut Index) -> Self {
        let (things, paths) = (numbers(&index.things), numbers(&index.paths));
        Self { things, paths, authors: numbers(&index.authors), index }
    }

    /// One entry for each thing the commit touched: a move is one version.
    fn encode(&mut self, commit: Commit, out: &mut Vec<u8>) {
        let author = number_of(&mut self.authors, &mut self.index.authors, commit.author);
        let mut touches = commit.touches;
        // Of several files of one thing the one that is still there counts.
        touches.sort_by(|a, b| (a.kind, &a.stem, a.blob.is_none()).cmp(&(b.kind, &b.stem, b.blob.is_none())));
        touches.dedup_by(|later, first| later.kind == first.kind && later.stem == first.stem);
        for touch in touches {
            let thing = number_of(&mut self.things, &mut self.index.things, (touch.kind, touch.stem));
            let path = number_of(&mut self.paths, &mut self.index.paths, touch.path);
            out.extend_from_slice(commit.id.as_bytes());
            out.extend_from_slice(touch.blob.unwrap_or(Oid::ZERO_SHA1).as_bytes());
            out.extend_from_slice(&commit.time.to_le_bytes());
            for number in [thing, path, author] {
                out.extend_from_slice(&number.to_le_bytes());
            }
        }
    }
}
