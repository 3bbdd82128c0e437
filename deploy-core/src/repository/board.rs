//! The board: schedules × servers, what stands there against what main holds.
//!
//! It rests on the records, and on what the last look at a server found; what a
//! system really holds, only asking it tells.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::drift_seen::{DriftSeen, Seen};
use super::history::{History, Version};
use super::layout;
use super::records::log::{RecordLog, Row};
use super::records::{Kind, STANDS_OTHERWISE};
use crate::definition::decode;

/// What stands where.
#[derive(Debug)]
pub struct Board<'l> {
    /// The servers of the cells, by name.
    pub servers: BTreeSet<&'l str>,
    /// The schedules by their names in the repository.
    pub lines: BTreeMap<String, Line<'l>>,
}

/// One schedule.
#[derive(Debug, Default)]
pub struct Line<'l> {
    /// Its latest version on main; none where main has not got it.
    pub main: Option<usize>,
    /// Where it stands, or is on its way to.
    pub cells: Vec<Cell<'l>>,
}

/// One schedule on one server.
#[derive(Debug)]
pub struct Cell<'l> {
    /// The server.
    pub server: &'l str,
    /// The name there.
    pub name: &'l str,
    /// The record of what stands there, and how that is to main.
    pub standing: Option<(Row<'l>, Against)>,
    /// Operations that have begun or are scheduled.
    pub pending: Vec<Row<'l>>,
    /// Whether content is pinned there.
    pub pinned: bool,
    /// What the server was last seen to hold other than it was deployed.
    pub seen: Option<Seen>,
}

/// How what stands there is to what main holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Against {
    /// It is the latest.
    Latest,
    /// So many versions came after it.
    Behind(usize),
    /// It is so many versions newer than main as it is known here.
    Ahead(usize),
    /// It is no version of main.
    NoVersion,
    /// The schedule was deleted on main since.
    Deleted,
    /// Main never had the schedule.
    NotOnMain,
}

impl Cell<'_> {
    /// Whether it is known to be other than it was deployed.
    pub fn is_drifted(&self) -> bool {
        self.seen.is_some() || self.drift().is_some()
    }

    /// That what stands there is not what was sent, as far as records tell.
    pub fn drift(&self) -> Option<&str> {
        let reason = self.standing.as_ref()?.0.reason()?;
        reason.starts_with(STANDS_OTHERWISE).then_some(reason)
    }
}

impl Board<'_> {
    /// Adds what servers were last seen to hold; what was deployed since is not meant by it.
    pub fn add_seen(&mut self, seen: &DriftSeen) {
        for cell in self.lines.values_mut().flat_map(|line| &mut line.cells) {
            if let Some((row, _)) = &cell.standing {
                cell.seen = seen.of(cell.server, cell.name, row.id()).copied();
            }
        }
    }
}

/// Puts the board together; with `everything` also of schedules that stand nowhere.
pub fn board<'l>(
    log: &'l RecordLog,
    history: &History,
    pinned: &BTreeSet<(String, String)>,
    everything: bool,
) -> Board<'l> {
    let latest: HashMap<String, Version> = history
        .latest(layout::Kind::Schedule)
        .into_iter()
        .map(|(stem, version)| (decode(&stem).unwrap_or(stem), version))
        .collect();
    let mut lines: BTreeMap<String, Line<'l>> = BTreeMap::new();
    for row in log.standing() {
        if row.kind() == Some(Kind::Schedule) {
            let against = against(&row, latest.get(in_repository(&row)));
            cell(&mut lines, &row).standing = Some((row, against));
        }
    }
    for row in log.rows().filter(|row| row.is_open() && row.kind() == Some(Kind::Schedule)) {
        cell(&mut lines, &row).pending.push(row);
    }
    for cell in lines.values_mut().flat_map(|line| &mut line.cells) {
        cell.pinned = !pinned.is_empty() && pinned.contains(&(cell.server.to_owned(), cell.name.to_owned()));
    }
    let exists = latest.into_iter().filter(|(_, version)| version.blob.is_some());
    for (name, version) in exists {
        if let Some(line) = lines.get_mut(&name) {
            line.main = Some(version.number);
        } else if everything {
            lines.insert(name, Line { main: Some(version.number), cells: Vec::new() });
        }
    }
    let servers = lines.values().flat_map(|line| &line.cells).map(|cell| cell.server).collect();
    Board { servers, lines }
}

fn in_repository<'l>(row: &Row<'l>) -> &'l str {
    row.original_name().unwrap_or(row.name())
}

fn cell<'b, 'l>(lines: &'b mut BTreeMap<String, Line<'l>>, row: &Row<'l>) -> &'b mut Cell<'l> {
    let (server, name) = (row.server(), row.name());
    let cells = &mut lines.entry(in_repository(row).to_owned()).or_default().cells;
    let place = cells.iter().position(|cell| cell.server == server && cell.name == name);
    let place = place.unwrap_or_else(|| {
        cells.push(Cell { server, name, standing: None, pending: Vec::new(), pinned: false, seen: None });
        cells.len() - 1
    });
    &mut cells[place]
}

fn against(row: &Row<'_>, latest: Option<&Version>) -> Against {
    let Some(latest) = latest else { return Against::NotOnMain };
    let Some(blob) = latest.blob else { return Against::Deleted };
    match row.version() {
        // A version may hold the content of another: a move makes one, and so does going back.
        _ if row.blob().is_some_and(|own| own == blob.to_string()) => Against::Latest,
        None => Against::NoVersion,
        Some(version) if version < latest.number => Against::Behind(latest.number - version),
        Some(version) if version > latest.number => Against::Ahead(version - latest.number),
        Some(_) => Against::Latest,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::repository::records::Records;
    use crate::repository::records::log::testing::{BRANCH, id, record};
    use crate::repository::testing::Sandbox;

    fn cells(sandbox: &Sandbox, everything: bool) -> Vec<String> {
        let repository = sandbox.repository();
        let tip = repository.ref_commit(BRANCH).unwrap();
        let log = RecordLog::load(&repository, tip).unwrap();
        let pinned = Records::at(&repository, tip).pinned().unwrap();
        let history = History::load(&repository).unwrap();
        let board = board(&log, &history, &pinned, everything);
        let mut all = Vec::new();
        for (name, line) in &board.lines {
            let main = line.main.unwrap_or_default();
            all.push(format!("{name} {main}"));
            for cell in &line.cells {
                let against = cell.standing.map(|(_, against)| against);
                let pinned = if cell.pinned { " pinned" } else { "" };
                let pending = cell.pending.len();
                all.push(format!("{} {} {against:?} {pending}{pinned}", cell.server, cell.name));
            }
        }
        all
    }

    #[test]
    fn what_stands_there_is_shown_against_main() {
        let sandbox = Sandbox::new();
        for (name, versions) in [("Payroll", 3), ("Billing", 1), ("Gone", 1), ("Unused", 1)] {
            for version in 0..versions {
                sandbox.commit_schedule(name, &format!("0{version}:00"));
            }
        }
        sandbox.git(&["rm", "--quiet", "schedules/Gone.json"]);
        sandbox.commit("Gone");
        let mut number = 0;
        let mut stands = |server: &str, name: &str, version: usize| {
            number += 1;
            let mut record = record(number, server, name, version);
            if version == 0 {
                record.source = Default::default();
            }
            sandbox.deployed(100 * i64::from(number), &record, None)
        };
        stands("DEV", "Payroll", 3);
        stands("PROD", "Payroll", 1);
        stands("QA", "Payroll", 0);
        stands("PROD", "Gone", 1);
        stands("PROD", "Elsewhere", 4);
        stands("PROD", "Billing", 7);
        let mut renamed = record(20, "QA", "Billing_QA", 1);
        renamed.original_name = Some("Billing".into());
        sandbox.begin(9000, &renamed, None);
        let pin = crate::repository::records::Pin {
            blob: "c".repeat(40),
            version: Some(2),
            record: id(1),
            user: renamed.user.clone(),
            since: renamed.begun,
        };
        sandbox.tell(9100, crate::repository::records::Entry::pin("PROD", "Payroll", &pin));
        let expected = [
            "Billing 1",
            "PROD Billing Some(Ahead(6)) 0",
            "QA Billing_QA None 1",
            "Elsewhere 0",
            "PROD Elsewhere Some(NotOnMain) 0",
            "Gone 0",
            "PROD Gone Some(Deleted) 0",
            "Payroll 3",
            "DEV Payroll Some(Latest) 0",
            "PROD Payroll Some(Behind(2)) 0 pinned",
            "QA Payroll Some(NoVersion) 0",
        ];
        assert_eq!(cells(&sandbox, false), expected);
        assert_eq!(cells(&sandbox, true).last().unwrap(), "Unused 1");
        // The content of a version behind is that of the latest: nothing would change.
        let mut same = record(30, "PROD", "Payroll", 1);
        same.source.blob = Some(sandbox.git(&["rev-parse", "HEAD:schedules/Payroll.json"]));
        sandbox.deployed(9200, &same, None);
        assert!(cells(&sandbox, false).contains(&"PROD Payroll Some(Latest) 0 pinned".to_owned()));
    }
}
