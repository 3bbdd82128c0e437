//! What stands where, and what stood there once.

use std::collections::HashMap;

use super::block_row::{BlockRow, Key};
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
        let mut effects = Effects::default();
        let blocks = BlockRow::all(self.table(build::BLOCKS)).zip(0u32..);
        for (row, place) in blocks.take_while(|(row, _)| row.commit() <= commit) {
            let effect = effects.of(self, row.text(Key::Status));
            if effect == Effect::None {
                continue;
            }
            // A change of status names neither kind nor action: those of the record count.
            let full = match row.is_full() {
                true => Some(row),
                false => self.told.get(row.record() as usize).and_then(|told| self.block(told.first)),
            };
            let Some(full) = full else { continue };
            let key = [full.text(Key::Kind), row.text(Key::Server), row.text(Key::Name)];
            let is_deletion = || effect == Effect::Deleted && self.text(full.text(Key::Action)) == "delete";
            if effect == Effect::Stands {
                if row.is_full() {
                    standing.insert(key, (row.record(), place));
                }
            } else if standing.get(&key).is_some_and(|(record, _)| *record == row.record()) || is_deletion() {
                standing.remove(&key);
            }
        }
        let rows = standing.into_values().filter_map(|(_, place)| Row::in_block(self, place));
        let mut rows: Vec<_> = rows.map(|row| (row.name(), row.server(), row.number(), row)).collect();
        rows.sort_unstable_by_key(|(name, server, number, _)| (*name, *server, *number));
        rows.into_iter().map(|(_, _, _, row)| row).collect()
    }
}

/// What a status does to what stands there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Effect {
    Stands,
    Gone,
    Deleted,
    None,
}

/// What the statuses do, by the numbers of their texts: there are few of them.
#[derive(Debug, Default)]
struct Effects(Vec<(u32, Effect)>);

impl Effects {
    fn of(&mut self, log: &RecordLog, status: u32) -> Effect {
        if let Some((_, effect)) = self.0.iter().find(|(known, _)| *known == status) {
            return *effect;
        }
        let effect = match log.text(status) {
            "Active" | "Deployed" => Effect::Stands,
            "Inactive" | "Rolledback" => Effect::Gone,
            "Deleted" => Effect::Deleted,
            _ => Effect::None,
        };
        self.0.push((status, effect));
        effect
    }
}
