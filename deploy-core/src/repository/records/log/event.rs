//! What happened, one thing after the other.

use super::super::Phase;
use super::block_row::BlockRow;
use super::{Change, RecordLog, Row};

/// One thing that happened.
#[derive(Debug, Clone, Copy)]
pub struct Event<'l> {
    /// The commit that tells it.
    pub change: Change<'l>,
    /// The record as that commit has it; none where the commit tells of no record.
    pub row: Option<Row<'l>>,
}

impl Event<'_> {
    /// Whether an operation began, rather than ended.
    pub fn is_beginning(&self) -> bool {
        self.row.is_some_and(|row| row.phase() != Some(Phase::Done))
    }
}

/// Every block in full, and every commit without a block. That a record is no
/// longer active is left out: it is a consequence of what is told beside it.
pub(super) fn events(log: &RecordLog) -> impl DoubleEndedIterator<Item = Event<'_>> {
    let places = blocks_by_commit(log);
    places.into_iter().filter_map(move |(commit, block)| {
        let row = match block {
            Some(block) => Some(Row::at(log, block)?),
            None => None,
        };
        Some(Event { change: log.change(commit)?, row })
    })
}

fn blocks_by_commit(log: &RecordLog) -> Vec<(u32, Option<u32>)> {
    let mut places = Vec::with_capacity(log.blocks() as usize);
    let mut blocks = BlockRow::all(log.table(super::build::BLOCKS)).zip(0u32..).peekable();
    for commit in 0..log.commits() {
        let mut any = false;
        while let Some((row, place)) = blocks.next_if(|(row, _)| row.commit() == commit) {
            any = true;
            if row.is_full() {
                places.push((commit, Some(place)));
            }
        }
        if !any {
            places.push((commit, None));
        }
    }
    places
}
