//! Cache files of tables: fixed-width rows of numbers that are looked at where
//! they lie, and the texts they refer to, each stored once.
//!
//! A file belongs to one commit. It is replaced whole, so that two commands at
//! once cannot mix their halves; one that is damaged, or of another make, is as
//! if it were not there.

use std::collections::HashMap;
use std::ops::Range;

use git2::Oid;

use super::Repository;
use super::commits::{self, Commit, LogError};

const ID: usize = 20;

/// What a cache file is called and how it is laid out.
#[derive(Debug, Clone, Copy)]
pub(super) struct Form {
    /// Its name in the private folder.
    pub(super) file: &'static str,
    /// Its first bytes; others for every change of what is in the rows.
    pub(super) magic: &'static [u8; 8],
    /// How many tables there are.
    pub(super) tables: usize,
    /// Whether the paths that commits touched are wanted.
    pub(super) paths: bool,
}

/// A cache file in memory.
#[derive(Debug)]
pub(super) struct Tables {
    bytes: Vec<u8>,
    tables: Vec<Range<usize>>,
    /// Where each text ends.
    ends: Range<usize>,
    heap: String,
}

/// Brings a cache file up to a tip. What it knew stays where the tip descends
/// from it; else all is read again. `take` sees the new commits newest first,
/// `append` gets what it made of them oldest first.
pub(super) fn up_to<T>(
    repository: &Repository,
    form: Form,
    tip: Oid,
    take: impl Fn(&mut Writer, &Commit<'_>) -> T,
    append: impl Fn(&mut Writer, Vec<T>),
) -> Result<Tables, LogError> {
    let known = repository.read_cache(form.file).and_then(|bytes| Tables::decode(bytes, form));
    let mut bytes = None;
    if let Some(known) = known {
        if known.tip() == tip {
            return Ok(known);
        }
        if repository.git2().find_commit(known.tip()).is_ok() {
            let writer = Writer::extending(&known, form);
            bytes = read_on(repository, form, tip, Some(known.tip()), writer, &take, &append)?;
        }
    }
    let bytes = match bytes {
        Some(bytes) => bytes,
        None => read_on(repository, form, tip, None, Writer::new(form), &take, &append)?.unwrap_or_default(),
    };
    repository.write_cache(form.file, &bytes);
    Tables::decode(bytes, form).ok_or_else(|| LogError::Output("too much for one cache file".to_owned()))
}

/// The bytes of a cache file with the commits after `since`; nothing where the tip does not descend from it.
fn read_on<T>(
    repository: &Repository,
    form: Form,
    tip: Oid,
    since: Option<Oid>,
    mut writer: Writer,
    take: &impl Fn(&mut Writer, &Commit<'_>) -> T,
    append: &impl Fn(&mut Writer, Vec<T>),
) -> Result<Option<Vec<u8>>, LogError> {
    let mut taken = Vec::new();
    let mut expected = Some(tip);
    let mut linear = true;
    let range = commits::Range { tip, since, paths: form.paths };
    commits::walk(repository.git(), range, |commit| {
        linear &= expected == Some(commit.id);
        expected = commit.parent;
        taken.push(take(&mut writer, &commit));
    })?;
    if !linear || expected != since {
        return Ok(None);
    }
    taken.reverse();
    append(&mut writer, taken);
    Ok(Some(writer.finish(tip)))
}

impl Tables {
    fn decode(bytes: Vec<u8>, form: Form) -> Option<Self> {
        let (body, checksum) = bytes.split_last_chunk::<4>()?;
        if crc32fast::hash(body) != u32::from_le_bytes(*checksum) || !body.starts_with(form.magic) {
            return None;
        }
        let mut at = form.magic.len() + ID;
        let mut lengths = Vec::new();
        for _ in 0..form.tables + 2 {
            lengths.push(number(body, at)? as usize);
            at += 4;
        }
        let mut ranges = Vec::new();
        for length in lengths {
            let end = at.checked_add(length).filter(|end| *end <= body.len())?;
            ranges.push(at..end);
            at = end;
        }
        let (heap, ends) = (ranges.pop()?, ranges.pop()?);
        let heap = std::str::from_utf8(&body[heap]).ok()?.to_owned();
        Some(Self { tables: ranges, ends, heap, bytes })
    }

    /// The commit it is of.
    pub(super) fn tip(&self) -> Oid {
        // Behind the magic; checked when it was decoded.
        self.bytes.get(8..8 + ID).and_then(|id| Oid::from_bytes(id).ok()).unwrap_or(Oid::ZERO_SHA1)
    }

    /// The rows of a table.
    pub(super) fn table(&self, table: usize) -> &[u8] {
        self.tables.get(table).map_or(&[], |range| &self.bytes[range.clone()])
    }

    /// A text by its number; 0 is the empty one.
    pub(super) fn text(&self, text: u32) -> &str {
        let Some(before) = (text as usize).checked_sub(1) else { return "" };
        let ends = &self.bytes[self.ends.clone()];
        let end = |at: usize| number(ends, at * 4).unwrap_or_default() as usize;
        self.heap.get(end(before)..end(before + 1)).unwrap_or_default()
    }

    fn texts(&self) -> usize {
        self.ends.len() / 4
    }
}

/// Four bytes of a row as a number.
#[inline]
pub(super) fn number(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 4)?.try_into().ok().map(u32::from_le_bytes)
}

/// A cache file being put together.
#[derive(Debug)]
pub(super) struct Writer {
    form: Form,
    /// The tables; rows are appended.
    pub(super) tables: Vec<Vec<u8>>,
    ends: Vec<u8>,
    heap: Vec<u8>,
    numbers: HashMap<String, u32>,
}

impl Writer {
    fn new(form: Form) -> Self {
        let (tables, heap) = (vec![Vec::new(); form.tables], Vec::new());
        let numbers = HashMap::from([(String::new(), 0)]);
        Self { form, tables, ends: vec![0; 4], heap, numbers }
    }

    fn extending(known: &Tables, form: Form) -> Self {
        let numbers = (0..known.texts() as u32).map(|text| (known.text(text).to_owned(), text)).collect();
        Self {
            form,
            tables: (0..form.tables).map(|table| known.table(table).to_vec()).collect(),
            ends: known.bytes[known.ends.clone()].to_vec(),
            heap: known.heap.clone().into_bytes(),
            numbers,
        }
    }

    /// The number of a text.
    pub(super) fn text(&mut self, text: &str) -> u32 {
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        let number = (self.ends.len() / 4) as u32;
        self.heap.extend_from_slice(text.as_bytes());
        self.ends.extend_from_slice(&(self.heap.len() as u32).to_le_bytes());
        self.numbers.insert(text.to_owned(), number);
        number
    }

    fn finish(self, tip: Oid) -> Vec<u8> {
        let parts: Vec<&Vec<u8>> = self.tables.iter().chain([&self.ends, &self.heap]).collect();
        let mut out = Vec::with_capacity(parts.iter().map(|part| part.len() + 4).sum::<usize>() + 64);
        out.extend_from_slice(self.form.magic);
        out.extend_from_slice(tip.as_bytes());
        for part in &parts {
            out.extend_from_slice(&(part.len() as u32).to_le_bytes());
        }
        parts.iter().for_each(|part| out.extend_from_slice(part));
        out.extend_from_slice(&crc32fast::hash(&out).to_le_bytes());
        out
    }
}

/// A commit in a table: [`COMMIT`] bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct CommitRow {
    pub(super) id: Oid,
    pub(super) time: i64,
    /// The texts `Name <email>`.
    pub(super) author: u32,
    pub(super) committer: u32,
    pub(super) signed: bool,
    /// What is kept of its message.
    pub(super) message: u32,
}

/// The width of a [`CommitRow`].
pub(super) const COMMIT: usize = ID + 8 + 4 * 4;

impl CommitRow {
    /// Of a commit; nothing is kept of its message.
    pub(super) fn of(writer: &mut Writer, commit: &Commit<'_>) -> Self {
        Self {
            id: commit.id,
            time: commit.time,
            author: writer.text(commit.author),
            committer: writer.text(commit.committer),
            signed: commit.signed,
            message: 0,
        }
    }

    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.id.as_bytes());
        out.extend_from_slice(&self.time.to_le_bytes());
        for number in [self.author, self.committer, u32::from(self.signed), self.message] {
            out.extend_from_slice(&number.to_le_bytes());
        }
    }

    /// The row at a place in a table; nothing where there are fewer.
    pub(super) fn decode(table: &[u8], at: usize) -> Option<Self> {
        let row = table.get(at.checked_mul(COMMIT)?..)?.get(..COMMIT)?;
        let number = |at| number(row, at);
        Some(Self {
            id: Oid::from_bytes(&row[..ID]).ok()?,
            time: i64::from_le_bytes(row[ID..ID + 8].try_into().ok()?),
            author: number(28)?,
            committer: number(32)?,
            signed: number(36)? != 0,
            message: number(40)?,
        })
    }
}
