//! `status`: the board of schedules and servers.

use clap::Args;
use deploy_core::repository::board::{Against, Board, Cell, board};
use deploy_core::repository::drift_seen::DriftSeen;
use deploy_core::repository::records::log::{RecordLog, Row};
use deploy_core::repository::records::{Action, Phase};
use serde_json::{Value, json};

use super::list::Filter;
use super::records::{action_word, note_open, records, utc};
use super::{completions, history, note_age, open};
use crate::cli::Global;
use crate::ui::{Table, Ui, local_time, utc_time};
use crate::{CommandResult, Exit};

/// Show which version of a schedule stands on which server
///
/// Told by the records: what a system really holds, only asking it tells.
/// `2 (-1)` is version 2, one behind main; `(+1)` is ahead of main as it is
/// known here. `drift` is what records, or a `drift` in this clone, found last.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  opcon-deploy status\n  opcon-deploy status 'FIN_*' --server PROD\n  opcon-deploy status --all --json"
)]
pub struct StatusArgs {
    /// Part of the name of a schedule, or a pattern
    #[arg(value_name = "FILTER", add = clap_complete::ArgValueCandidates::new(completions::schedules))]
    filter: Option<String>,
    /// This server only, or those whose names fit a pattern
    #[arg(long, value_name = "SERVER", add = clap_complete::ArgValueCandidates::new(completions::servers))]
    server: Option<String>,
    /// Show the schedules too that stand nowhere
    #[arg(long)]
    all: bool,
}

pub(super) fn run(args: StatusArgs, global: &Global, ui: &Ui) -> CommandResult {
    let (filter, server) = (Filter::new(args.filter.as_deref())?, Filter::whole(args.server.as_deref())?);
    let repository = open(global, ui)?;
    let records = records(&repository, global)?;
    note_open(&records, ui)?;
    let log = RecordLog::load(&repository, records.tip())?;
    note_age(&repository, &[&repository.settings().git.records], ui);
    let history = history(&repository, ui)?;
    let mut board = board(&log, &history, &records.pinned()?, args.all);
    board.add_seen(&DriftSeen::load(&repository));
    board.servers.retain(|name| server.takes(name));
    for line in board.lines.values_mut() {
        line.cells.retain(|cell| board.servers.contains(cell.server));
    }
    let takes = |name: &str, cells: &[Cell<'_>]| {
        (args.all || !cells.is_empty()) && (filter.takes(name) || cells.iter().any(|c| filter.takes(c.name)))
    };
    board.lines.retain(|name, line| takes(name, &line.cells));
    if ui.is_json() {
        ui.json("status", &as_json(&board))?;
    } else if board.lines.is_empty() {
        ui.note(if log.is_empty() { "no records" } else { "nothing matches" });
    } else {
        ui.print(&table(&board).to_string());
        legend(&board, ui);
    }
    Ok(Exit::Done)
}

fn table(board: &Board<'_>) -> Table {
    let shown =
        |server: &&&str| board.lines.values().any(|line| line.cells.iter().any(|c| c.server == **server));
    let servers: Vec<&str> = board.servers.iter().filter(shown).copied().collect();
    let mut table = Table::new(["SCHEDULE", "MAIN"].into_iter().chain(servers.iter().copied())).right(1);
    for (name, line) in &board.lines {
        let main = line.main.map_or_else(|| "-".to_owned(), |main| main.to_string());
        let on = |server: &&str| {
            let cells = line.cells.iter().filter(|cell| cell.server == *server);
            let words: Vec<String> = cells.map(|cell| in_words(name, cell)).collect();
            words.join("; ")
        };
        table.row([name.clone(), main].into_iter().chain(servers.iter().map(on)));
    }
    table
}

/// What a cell of the table says.
fn in_words(schedule: &str, cell: &Cell<'_>) -> String {
    let mut words = Vec::new();
    if cell.name != schedule {
        words.push(format!("{}:", cell.name));
    }
    if let Some((row, against)) = &cell.standing {
        words.push(row.version().map_or_else(|| "no version".to_owned(), |version| version.to_string()));
        match against {
            Against::Latest | Against::NoVersion => {}
            Against::Behind(count) => words.push(format!("(-{count})")),
            Against::Ahead(count) => words.push(format!("(+{count})")),
            Against::Deleted => words.push("(deleted on main)".to_owned()),
            Against::NotOnMain => words.push("(not on main)".to_owned()),
        }
    }
    words.extend(cell.is_drifted().then(|| "drift".to_owned()));
    words.extend(cell.pinned.then(|| "pinned".to_owned()));
    words.extend(cell.pending.iter().map(|row| pending(row).to_owned()));
    words.join(" ")
}

fn pending(row: &Row<'_>) -> &'static str {
    match (row.phase(), row.action()) {
        (Some(Phase::Scheduling | Phase::Scheduled), _) => "scheduled",
        (_, Some(Action::Rollback)) => "rolling back",
        (_, Some(Action::Delete)) => "deleting",
        _ => "deploying",
    }
}

fn legend(board: &Board<'_>, ui: &Ui) {
    let cells = || board.lines.values().flat_map(|line| &line.cells);
    let seen = cells().filter_map(|cell| Some((cell, cell.seen?)));
    if let Some((cell, seen)) = seen.max_by_key(|(_, seen)| seen.when) {
        let when = local_time(seen.when);
        ui.note(format!("drift: something else stood there than was deployed, last seen {when}"));
        ui.hint(format!("`opcon-deploy drift {}` tells what differs now", cell.server));
    }
    if let Some(cell) = cells().find(|cell| cell.drift().is_some())
        && let Some((row, _)) = &cell.standing
    {
        ui.note("drift: what was read back was not what was sent");
        ui.hint(format!("`opcon-deploy deployments show {}` tells what differs", row.id()));
    }
}

fn as_json(board: &Board<'_>) -> Vec<Value> {
    let lines = board.lines.iter().map(|(name, line)| {
        let cells: Vec<Value> = line.cells.iter().map(cell).collect();
        json!({ "schedule": name, "version": line.main, "servers": cells })
    });
    lines.collect()
}

fn cell(cell: &Cell<'_>) -> Value {
    let operation = |row: &Row<'_>| {
        json!({
            "record": row.id(), "action": action_word(row.action()), "phase": row.phase(),
            "version": row.version(), "user": row.user(), "begun": utc(row.begun()),
        })
    };
    let standing = cell.standing.as_ref();
    let (word, by) = match standing.map(|(_, against)| *against) {
        None => (None, 0),
        Some(Against::Latest) => (Some("latest"), 0),
        Some(Against::Behind(count)) => (Some("behind"), count),
        Some(Against::Ahead(count)) => (Some("ahead"), count),
        Some(Against::NoVersion) => (Some("noVersion"), 0),
        Some(Against::Deleted) => (Some("deleted"), 0),
        Some(Against::NotOnMain) => (Some("notOnMain"), 0),
    };
    json!({
        "server": cell.server, "name": cell.name, "main": word, "by": by,
        "record": standing.map(|(row, _)| row.id()),
        "version": standing.and_then(|(row, _)| row.version()),
        "package": standing.and_then(|(row, _)| row.package()),
        "user": standing.map(|(row, _)| row.user()),
        "since": standing.and_then(|(row, _)| utc(row.changed())),
        "drift": cell.drift(), "pinned": cell.pinned,
        "driftSeen": cell.seen.map(|seen| {
            json!({ "differences": seen.differences, "at": utc_time(seen.when) })
        }),
        "pending": cell.pending.iter().map(operation).collect::<Vec<_>>(),
    })
}
