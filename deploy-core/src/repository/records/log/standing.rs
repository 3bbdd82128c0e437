//! What stands where, and what stood there once.

use std::collections::HashMap;

use super::super::Action;
use super::block_row::{BlockRow, Key};
use super::row::word;
use super::{Change, RecordLog, Row, build};

/// A moment of the branch: what it said after one of its commits.
#[derive(Debug, Clone, Copy)]
pub struct Moment<'l> {
    /// The last commit that counts.
    pub change: Change<'l>,
    /// A commit that counts because it came before, though its clock says later.
    pub later: Option<Change<'l>>,
    number: u32,
}

impl RecordLog {
    /// The last commit whose clock says that it was made by then; what came
    /// before it on the branch counts, whatever its clock says. Nothing where
    /// the branch began later.
    pub fn moment(&self, time: i64) -> Option<Moment<'_>> {
        let number = (0..self.commits())
            .rev()
            .find(|number| self.commit(*number).is_some_and(|commit| commit.time <= time))?;
        let later = (0..number).filter_map(|number| self.change(number)).find(|change| change.time > time);
        Some(Moment { change: self.change(number)?, later, number })
    }

    /// What stands on the servers: schedules and packages that are active, and the scripts last sent.
    pub fn standing(&self) -> Vec<Row<'_>> {
        self.standing_after(u32::MAX)
    }

    /// What stood on the servers at a moment.
    pub fn standing_at(&self, moment: &Moment<'_>) -> Vec<Row<'_>> {
        self.standing_after(moment.number)
    }

    fn standing_after(&self, commit: u32) -> Vec<Row<'_>> {
        let mut standing: HashMap<[u32; 3], (u32, u32)> = HashMap::new();
        let blocks = BlockRow::all(self.table(build::BLOCKS)).zip(0u32..);
        for (row, place) in blocks.take_while(|(row, _)| row.commit() <= commit) {
            // A change of status names no kind: that of the record counts.
            let full = match row.is_full() {
                true => Some(row),
                false => self.told.get(row.record() as usize).and_then(|told| self.block(told.first)),
            };
            let Some(full) = full else { continue };
            let key = [full.text(Key::Kind), row.text(Key::Server), row.text(Key::Name)];
            match self.text(row.text(Key::Status)) {
                "Active" | "Deployed" if row.is_full() => {
                    standing.insert(key, (row.record(), place));
                }
                "Deleted" if word(self.text(full.text(Key::Action))) == Some(Action::Delete) => {
                    standing.remove(&key);
                }
                "Inactive" | "Rolledback" | "Deleted"
                    if standing.get(&key).is_some_and(|(record, _)| *record == row.record()) =>
                {
                    standing.remove(&key);
                }
                _ => {}
            }
        }
        let mut rows: Vec<Row<'_>> =
            standing.into_values().filter_map(|(_, place)| Row::at(self, place)).collect();
        rows.sort_by_key(|row| (row.name(), row.server(), row.number()));
        rows
    }
}
