//! Plans as values, for tests of what is made of them.

use crate::definition::diff::render::{Line, Style};
use crate::deploy::{Digests, FoundBy, LocalChange, Options, PLAN_SCHEMA, Plan, PlannedSchedule, Stands};
use crate::opcon::{ImportRules, Inventory, Named, SystemVersion};
use crate::repository::records::{
    Action, Digest, Kind, Person, Phase, Pin, Record, RecordId, Source, Status, Told,
};
use crate::repository::servers::ServerType;

fn ann() -> Person {
    Person { name: "Ann".into(), email: "ann@corp.example".into(), opcon_user: None, role: None }
}

pub(in crate::deploy) fn record() -> Record {
    Record {
        id: RecordId::new(),
        kind: Kind::Schedule,
        action: Action::Deploy,
        name: "P".into(),
        original_name: None,
        server: "S".into(),
        status: Status::Active,
        phase: Phase::Done,
        user: ann(),
        runner: None,
        begun: "2026-11-18T09:00:00+00:00".parse().unwrap(),
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

pub(in crate::deploy) fn known(drift: bool) -> Stands {
    let change = LocalChange {
        op: "replace".into(),
        pointer: "/scheduleList/0/startTime".into(),
        words: "startTime: 06:00 → 07:00".into(),
        accepted: false,
    };
    let local_changes = if drift { vec![change] } else { Vec::new() };
    Stands::Known { record: Box::new(record()), by: FoundBy::Information, drift, local_changes }
}

pub(in crate::deploy) fn pin() -> Pin {
    Pin {
        blob: "b".into(),
        version: Some(3),
        record: RecordId::new(),
        user: ann(),
        since: "2026-11-19T09:00:00+00:00".parse().unwrap(),
    }
}

/// A plan of one schedule without findings.
pub(in crate::deploy) fn plan(server_type: ServerType, stands: Stands) -> Plan {
    let digest = || Digest::of(b"");
    Plan {
        schema: PLAN_SCHEMA,
        server: "S".into(),
        server_type,
        settings: "c".into(),
        commit: "c".into(),
        person: ann(),
        what: vec!["P".into()],
        asked_rules: Vec::new(),
        reference: None,
        description: String::new(),
        tag: None,
        package: None,
        schedules: vec![PlannedSchedule {
            name: "P".into(),
            original_name: None,
            source: Source::default(),
            stands,
            difference: vec![Line { style: Style::Heading, text: "P".into() }],
            unchanged: false,
            in_daily: Vec::new(),
            pin: None,
            planned: digest(),
            found: None,
        }],
        rules: Vec::new(),
        rules_left_out: false,
        environment: None,
        options: Options::default(),
        import_rules: ImportRules::default(),
        target: SystemVersion { opcon: "23.0".into(), impex: "23.0".into() },
        sections: Vec::new(),
        explained: Vec::new(),
        digests: Digests { source: digest(), rules: digest(), target: digest(), output: digest() },
    }
}

/// A target with one role and nothing else.
pub(in crate::deploy) fn inventory() -> Inventory {
    Inventory {
        machines: Vec::new(),
        machine_groups: Vec::new(),
        batch_users: Vec::new(),
        roles: vec![Named("Finance".into())],
        departments: Vec::new(),
        access_codes: Vec::new(),
        resources: Vec::new(),
        thresholds: Vec::new(),
        properties: Vec::new(),
        calendars: Vec::new(),
        users: 0,
        schedules: 0,
    }
}
