//! Actions in sentences.

use super::super::records::log::{Act, Event, PinAct, Row};
use super::super::records::{Action, Kind, Phase, Status};
use super::changes::Made;

/// So many names are told; of more, how many they are.
const NAMES: usize = 3;

/// The first line of the message, and what it does not name.
pub(super) fn of_change(made: &Made<'_>) -> String {
    let subject = made.message.lines().next().unwrap_or_default();
    let unnamed: Vec<&str> = made.names.lines().filter(|name| !subject.contains(name)).collect();
    match unnamed.as_slice() {
        [] => subject.to_owned(),
        few if few.len() <= NAMES => format!("{subject} ({})", few.join(", ")),
        many => format!("{subject} ({} and {} more)", many[..NAMES].join(", "), many.len() - NAMES),
    }
}

pub(super) fn of_event(event: &Event<'_>) -> String {
    match event.act {
        Act::Operation(row) => of_operation(&row),
        Act::Pinned(pin) => format!("pinned {}: its content was rolled away from", at(&pin)),
        Act::Unpinned(pin) => format!("lifted the pin of {}", at(&pin)),
        Act::Forgotten(one) => format!("forgot `{}` on {}: {}", one.name, one.server, one.reason),
        Act::Other => event.change.subject.to_owned(),
    }
}

fn at(pin: &PinAct<'_>) -> String {
    format!("`{}` on {}", pin.name, pin.server)
}

fn of_operation(row: &Row<'_>) -> String {
    let kind = match row.kind() {
        Some(Kind::Package) => "package ",
        Some(Kind::Script) => "script ",
        Some(Kind::Schedule) | None => "",
    };
    let version = row.version().map(|version| format!(" version {version}")).unwrap_or_default();
    let (now, then, doing, preposition) = match row.action() {
        Some(Action::Rollback) => ("roll back", "rolled back", "rolling back", "on"),
        Some(Action::Delete) => ("delete", "deleted", "deleting", "from"),
        Some(Action::Adopt) => ("adopt", "adopted", "adopting", "as it stands on"),
        Some(Action::Simulate) => ("simulate", "simulated", "simulating", "for"),
        Some(Action::Import) => ("import", "imported", "importing", "from"),
        Some(Action::Deploy) | None => ("deploy", "deployed", "deploying", "to"),
    };
    let done = match (row.status(), row.phase()) {
        (Some(Status::Failed), _) => format!("failed to {now}"),
        (Some(Status::Cancelled), _) => format!("cancelled {doing}"),
        (_, Some(Phase::Done)) => then.to_owned(),
        (_, Some(Phase::Scheduling | Phase::Scheduled)) => format!("scheduled to {now}"),
        _ => format!("began to {now}"),
    };
    let mut words = format!("{done} {kind}`{}`{version} {preposition} {}", row.name(), row.server());
    if let Some(original) = row.original_name() {
        words.push_str(&format!(" (`{original}` in the repository)"));
    }
    if let Some(package) = row.package() {
        words.push_str(&format!(" with package {package}"));
    }
    if let (Some(at), Some(Phase::Scheduling | Phase::Scheduled)) = (row.at(), row.phase()) {
        words.push_str(&format!(" at {}", at.format("%Y-%m-%d %H:%M%:z")));
    }
    for more in [row.tag(), row.description(), row.reason()].into_iter().flatten() {
        words.push_str(": ");
        words.push_str(more);
    }
    words
}
