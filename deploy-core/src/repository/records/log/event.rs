//! What happened, one thing after the other.

use super::block_row::{BlockRow, Key};
use super::{Change, RecordLog, Row};

/// One thing that happened.
#[derive(Debug, Clone, Copy)]
pub struct Event<'l> {
    /// The commit that tells it.
    pub change: Change<'l>,
    /// What was done.
    pub act: Act<'l>,
    /// Whether a later commit tells of the same operation.
    pub is_superseded: bool,
}

/// What was done.
#[derive(Debug, Clone, Copy)]
pub enum Act<'l> {
    /// An operation began, came further or ended: the record as the commit has it.
    Operation(Row<'l>),
    /// Content was rolled away from, and shall not come back by itself.
    Pinned(PinAct<'l>),
    /// It may come back.
    Unpinned(PinAct<'l>),
    /// Somebody said that it does not stand there.
    Forgotten(Forgotten<'l>),
    /// The commit tells of no record.
    Other,
}

/// A pin that was made or lifted.
#[derive(Debug, Clone, Copy)]
pub struct PinAct<'l> {
    /// The server.
    pub server: &'l str,
    /// The schedule.
    pub name: &'l str,
    /// The blob that was rolled away from.
    pub blob: &'l str,
    /// Who did it: `Name <email>`.
    pub by: &'l str,
}

/// An installation that was taken out of the records.
#[derive(Debug, Clone, Copy)]
pub struct Forgotten<'l> {
    /// The server.
    pub server: &'l str,
    /// The schedule or package.
    pub name: &'l str,
    /// Why.
    pub reason: &'l str,
    /// Who did it: `Name <email>`.
    pub by: &'l str,
}

/// Every block that tells of something done, and every commit without a block.
/// That a record is no longer active is left out: it follows from what is told beside it.
pub(super) fn events(log: &RecordLog) -> impl DoubleEndedIterator<Item = Event<'_>> {
    blocks_by_commit(log).into_iter().filter_map(move |(commit, block)| {
        let change = log.change(commit)?;
        let Some(place) = block else {
            return Some(Event { change, act: Act::Other, is_superseded: false });
        };
        let act = act(log, place)?;
        let last = |row: Row<'_>| log.told.get(row.number() as usize).map(|told| told.full);
        let is_superseded = matches!(act, Act::Operation(row) if last(row) != Some(place));
        Some(Event { change, act, is_superseded })
    })
}

fn act(log: &RecordLog, place: u32) -> Option<Act<'_>> {
    let block = log.block(place)?;
    if block.is_full() {
        return Row::in_block(log, place).map(Act::Operation);
    }
    let text = |key| log.text(block.text(key));
    if block.has_status() {
        return Some(Act::Forgotten(Forgotten {
            server: text(Key::Server),
            name: text(Key::Name),
            reason: text(Key::Reason),
            by: text(Key::By),
        }));
    }
    let of =
        |key| PinAct { server: text(Key::Server), name: text(Key::Name), blob: text(key), by: text(Key::By) };
    Some(match block.text(Key::Pinned) {
        0 => Act::Unpinned(of(Key::Unpinned)),
        _ => Act::Pinned(of(Key::Pinned)),
    })
}

fn blocks_by_commit(log: &RecordLog) -> Vec<(u32, Option<u32>)> {
    let mut places = Vec::with_capacity(log.blocks() as usize);
    let mut blocks = BlockRow::all(log.table(super::build::BLOCKS)).zip(0u32..).peekable();
    for commit in 0..log.commits() {
        let mut any = false;
        while let Some((row, place)) = blocks.next_if(|(row, _)| row.commit() == commit) {
            any |= !row.is_archived();
            if row.is_act() {
                places.push((commit, Some(place)));
            }
        }
        if !any {
            places.push((commit, None));
        }
    }
    places
}
