//! Making the cache file of the log from the messages of the branch.

use std::collections::HashMap;

use git2::Oid;

use super::super::RecordId;
use super::super::block::{RECORD_ID, many_lines};
use super::block_row::{self, KEYS, Key};
use crate::repository::Repository;
use crate::repository::cache_tables::{self, COMMIT, CommitRow, Form, Tables, Writer};
use crate::repository::commits::{Commit, LogError};

const FORM: Form = Form { file: "records", magic: b"ocdrec 2", tables: 3, paths: false };

/// The table of the commits, oldest first.
pub(super) const COMMITS: usize = 0;
/// The table of the names of records, in the order of their first blocks.
pub(super) const IDS: usize = 1;
/// The table of the blocks, in the order of the branch.
pub(super) const BLOCKS: usize = 2;

/// The width of a name.
pub(super) const ID: usize = 16;

type Texts = [u32; KEYS];

/// What the log keeps of one commit.
struct Taken {
    commit: CommitRow,
    blocks: Vec<(RecordId, Texts)>,
}

/// The tables up to a tip.
pub(super) fn up_to(repository: &Repository, tip: Oid) -> Result<Tables, LogError> {
    cache_tables::up_to(repository, FORM, tip, take, append)
}

fn take(writer: &mut Writer, commit: &Commit<'_>) -> Taken {
    let mut blocks: Vec<(RecordId, Texts)> = Vec::new();
    for line in commit.lines() {
        let Some((key, value)) = line.split_once(':') else { continue };
        let Some(value) = value.strip_prefix(' ') else { continue };
        if let Some((_, texts)) = blocks.last_mut()
            && let Some(key) = Key::of(key)
        {
            texts[key as usize] = writer.text(&many_lines(value));
        } else if key == RECORD_ID
            && let Ok(id) = value.parse()
        {
            blocks.push((id, Texts::default()));
        }
    }
    let mut row = CommitRow::of(writer, commit);
    // Where records only leave the lists, the message tells of it.
    if blocks.iter().all(|(_, texts)| texts[Key::Archived as usize] != 0) {
        row.message = writer.text(commit.subject());
    }
    Taken { commit: row, blocks }
}

fn append(writer: &mut Writer, commits: Vec<Taken>) {
    let ids = writer.tables[IDS].chunks_exact(ID);
    let mut records: HashMap<[u8; ID], u32> = ids.filter_map(|id| id.try_into().ok()).zip(0u32..).collect();
    for Taken { commit, blocks } in commits {
        let number = (writer.tables[COMMITS].len() / COMMIT) as u32;
        commit.encode(&mut writer.tables[COMMITS]);
        for (id, texts) in blocks {
            let next = records.len() as u32;
            let record = *records.entry(id.bytes()).or_insert(next);
            if record == next {
                writer.tables[IDS].extend_from_slice(&id.bytes());
            }
            block_row::encode(record, number, &texts, &mut writer.tables[BLOCKS]);
        }
    }
}
