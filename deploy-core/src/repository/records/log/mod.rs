//! The log of all records there ever were, made from the messages of the
//! records branch: one pass of `git log`, and after that only what is new.
//!
//! It answers lists. What decides stays on the branch: a record in full, and
//! the definitions it knows, are read from the trees of its commits.

mod block_row;
mod build;
mod event;
mod find;
mod full;
mod row;
mod standing;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub(crate) mod testing;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

use git2::Oid;

use crate::repository::Repository;
use crate::repository::cache_tables::{COMMIT, CommitRow, Tables};
pub use crate::repository::commits::LogError;
use crate::repository::commits::whole;
use block_row::{BLOCK, BlockRow};
pub use event::{Act, Event, Forgotten, PinAct};
pub use find::FindError;
pub use full::{FullError, Which};
pub use row::Row;
pub use standing::Moment;

/// All records of a commit of the records branch.
#[derive(Debug)]
pub struct RecordLog {
    /// Nothing where there is no such branch yet.
    tables: Option<Tables>,
    /// For each record, by number: which blocks tell of it.
    told: Vec<Told>,
}

/// Which blocks tell of a record: by their places.
#[derive(Debug, Clone, Copy)]
struct Told {
    first: u32,
    /// The last that says all of it.
    full: u32,
    /// The last that says where it stands.
    last: u32,
    /// Whether it has left the lists.
    archived: bool,
}

/// A change of the branch: a commit of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change<'l> {
    /// The commit.
    pub id: Oid,
    /// When it was made, by the clock of who made it, in seconds since 1970.
    pub time: i64,
    /// Who wrote it: `Name <email>`.
    pub author: &'l str,
    /// Who committed it: `Name <email>`.
    pub committer: &'l str,
    /// Whether it carries a signature; what that is worth, verifying tells.
    pub signed: bool,
    /// The first line of its message, where it tells of no record.
    pub subject: &'l str,
}

impl RecordLog {
    /// Reads the log up to a tip of the branch; empty where there is none.
    pub fn load(repository: &Repository, tip: Option<Oid>) -> Result<Self, LogError> {
        let Some(tip) = tip else { return Ok(Self { tables: None, told: Vec::new() }) };
        whole(repository)?;
        let tables = build::up_to(repository, tip)?;
        let told = told(&tables);
        Ok(Self { tables: Some(tables), told })
    }

    /// The commit it is of.
    pub fn tip(&self) -> Option<Oid> {
        self.tables.as_ref().map(Tables::tip)
    }

    /// How many records there are.
    pub fn len(&self) -> usize {
        self.told.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.told.is_empty()
    }

    /// All records in the order in which they began.
    pub fn rows(&self) -> impl DoubleEndedIterator<Item = Row<'_>> {
        (0..self.told.len()).filter_map(|number| Row::of(self, number as u32))
    }

    /// What happened, in the order of the branch.
    pub fn events(&self) -> impl DoubleEndedIterator<Item = Event<'_>> {
        event::events(self)
    }

    fn text(&self, text: u32) -> &str {
        self.tables.as_ref().map_or("", |tables| tables.text(text))
    }

    fn table(&self, table: usize) -> &[u8] {
        self.tables.as_ref().map_or(&[], |tables| tables.table(table))
    }

    /// How many commits the branch has.
    fn commits(&self) -> u32 {
        (self.table(build::COMMITS).len() / COMMIT) as u32
    }

    fn commit(&self, number: u32) -> Option<CommitRow> {
        CommitRow::decode(self.table(build::COMMITS), number as usize)
    }

    fn change(&self, number: u32) -> Option<Change<'_>> {
        let row = self.commit(number)?;
        Some(Change {
            id: row.id,
            time: row.time,
            author: self.text(row.author),
            committer: self.text(row.committer),
            signed: row.signed,
            subject: self.text(row.message),
        })
    }

    fn blocks(&self) -> u32 {
        (self.table(build::BLOCKS).len() / BLOCK) as u32
    }

    fn block(&self, number: u32) -> Option<BlockRow<'_>> {
        BlockRow::at(self.table(build::BLOCKS), number)
    }
}

/// The places of the blocks that tell of each record.
fn told(tables: &Tables) -> Vec<Told> {
    let mut told: Vec<Told> = Vec::with_capacity(tables.table(build::IDS).len() / build::ID);
    for (place, row) in BlockRow::all(tables.table(build::BLOCKS)).enumerate() {
        let (place, record) = (place as u32, row.record() as usize);
        match told.get_mut(record) {
            Some(told) => {
                if row.has_status() {
                    told.last = place;
                }
                if row.is_full() {
                    told.full = place;
                }
                told.archived |= row.is_archived();
            }
            // Records are numbered in the order of their first blocks.
            None => told.push(Told { first: place, full: place, last: place, archived: row.is_archived() }),
        }
    }
    told
}
