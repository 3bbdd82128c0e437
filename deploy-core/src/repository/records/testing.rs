//! Records to write in tests.

use chrono::{DateTime, FixedOffset};

use super::{Action, Kind, Person, Phase, Pin, Record, RecordId, Source, Status, Told};

pub(crate) fn time() -> DateTime<FixedOffset> {
    DateTime::parse_from_rfc3339("2026-05-28T21:30:00+02:00").unwrap()
}

pub(crate) fn person(name: &str) -> Person {
    let email = format!("{}@example.org", name.to_lowercase());
    Person { name: name.to_owned(), email, opcon_user: None, role: None }
}

/// A deployment that begins.
pub(crate) fn deployment(server: &str, name: &str) -> Record {
    Record {
        id: RecordId::new(),
        kind: Kind::Schedule,
        action: Action::Deploy,
        name: name.to_owned(),
        original_name: None,
        server: server.to_owned(),
        status: Status::Deploying,
        phase: Phase::Begun,
        user: person("Ann"),
        runner: None,
        begun: time(),
        ended: None,
        reason: None,
        offline: false,
        transaction: None,
        previous: None,
        undoes: None,
        settings: None,
        source: Source { version: Some(3), commit: None, blob: None },
        planned: None,
        found: None,
        deployed: None,
        told: Told::default(),
        scheduled: None,
        report: None,
        package: None,
        members: Vec::new(),
        rules: Vec::new(),
    }
}

/// The record as it ends.
pub(crate) fn ended(record: &Record, status: Status) -> Record {
    Record { status, phase: Phase::Done, ended: Some(time()), ..record.clone() }
}

pub(crate) fn pin(record: &Record) -> Pin {
    let blob = "1".repeat(40);
    Pin { blob, version: Some(3), record: record.id, user: record.user.clone(), since: time() }
}
