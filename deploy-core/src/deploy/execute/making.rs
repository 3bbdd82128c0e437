//! From a plan to the transaction that carries it out.

use std::sync::Arc;

use chrono::{DateTime, FixedOffset};
use serde_json::Value;

use super::transaction::{PackagePiece, Piece, Transaction};
use crate::definition::{Definition, split};
use crate::deploy::{Plan, Planned, PlannedSchedule};
use crate::repository::records::{
    Action, Digest, Kind, PackageRef, Person, Phase, Pin, Record, RecordId, Records, RecordsError, Standing,
    Status, Told,
};

/// What the records of a deployment say besides its plan.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Who asked for it.
    pub user: Person,
    /// Who runs it, where that is somebody else.
    pub runner: Option<Person>,
    /// Whether the remote was left out.
    pub offline: bool,
    /// When it begins.
    pub begun: DateTime<FixedOffset>,
    /// What was accepted in so many words.
    pub accepted: Vec<String>,
    /// Whether a package writes schedules anew that stand there unchanged.
    pub update_unchanged: bool,
}

/// What the records say of the schedules of a plan before it is carried out.
#[derive(Debug)]
pub struct Before {
    schedules: Vec<(Option<Standing>, Option<Pin>)>,
    package: Option<Record>,
}

impl Before {
    /// Reads it.
    pub fn read(records: &Records<'_>, plan: &Plan) -> Result<Self, RecordsError> {
        let of = |schedule: &PlannedSchedule| {
            let (server, name) = (&plan.server, &schedule.name);
            Ok((records.active_of(server, name)?, records.pin(server, name)?))
        };
        let package = match &plan.package {
            Some(package) => records.package(&plan.server, &package.name)?,
            None => None,
        };
        Ok(Self { schedules: plan.schedules.iter().map(of).collect::<Result<_, RecordsError>>()?, package })
    }
}

impl Transaction {
    /// That carries out a plan.
    pub fn deploying(planned: Planned, before: Before, asked: &Asked) -> Self {
        let Planned { plan, definition, mut found } = planned;
        let mut parts = split(definition);
        let together = (plan.schedules.len() > 1 || plan.package.is_some()).then(RecordId::new);
        let mut package = plan.package.as_ref().map(|package| Record {
            name: package.name.clone(),
            source: package.source.clone(),
            transaction: together,
            previous: before.package.as_ref().map(|record| record.id),
            ..record(&plan, Kind::Package, asked)
        });
        let member_of = package.as_ref().map(|package| PackageRef {
            name: package.name.clone(),
            version: package.source.version,
            record: package.id,
        });
        let leave_unchanged = package.is_some() && !asked.update_unchanged;
        let mut pieces = Vec::new();
        for (schedule, (standing, pin)) in plan.schedules.iter().zip(before.schedules) {
            let at = parts.iter().position(|part| part.names() == [schedule.name.as_str()]);
            let Some(at) = at else { continue };
            let (part, found) = (parts.swap_remove(at), found.remove(&schedule.name));
            let part = match &found {
                Some(found) if leave_unchanged && schedule.unchanged => as_it_stands(part, found),
                _ => part,
            };
            let (wanted, found) = (part.to_bytes(), found.map(|found| found.to_bytes()));
            let record = Record {
                name: schedule.name.clone(),
                original_name: schedule.original_name.clone(),
                source: schedule.source.clone(),
                transaction: together,
                previous: standing.as_ref().map(|standing| standing.record.id),
                planned: Some(Digest::of(&wanted)),
                found: found.as_deref().map(Digest::of),
                package: member_of.clone(),
                ..record(&plan, Kind::Schedule, asked)
            };
            if let Some(package) = &mut package {
                package.members.push(record.id);
            }
            pieces.push(Arc::new(Piece { record, wanted: Some(wanted), found, standing, pin }));
        }
        let package = package.map(|record| PackagePiece { record, previous: before.package, stays: true });
        Self { pieces, package, rules: plan.import_rules, previous: Status::Inactive }
    }
}

/// What all records of a plan have in common.
fn record(plan: &Plan, kind: Kind, asked: &Asked) -> Record {
    Record {
        id: RecordId::new(),
        kind,
        action: Action::Deploy,
        name: String::new(),
        original_name: None,
        server: plan.server.clone(),
        status: Status::Deploying,
        phase: Phase::Begun,
        user: asked.user.clone(),
        runner: asked.runner.clone(),
        begun: asked.begun,
        ended: None,
        reason: None,
        offline: asked.offline,
        transaction: None,
        previous: None,
        undoes: None,
        settings: Some(plan.settings.clone()),
        source: Default::default(),
        planned: None,
        found: None,
        deployed: None,
        told: Told {
            description: plan.description.clone(),
            tag: plan.tag.clone(),
            accepted: asked.accepted.clone(),
            environment: plan.environment.clone(),
            options: Some(plan.import_rules.clone()),
        },
        package: None,
        members: Vec::new(),
        rules: plan.rules.clone(),
    }
}

/// The part with the schedule exactly as it stands: only its deployment information is written.
fn as_it_stands(part: Definition, found: &Definition) -> Definition {
    let mut value = part.into_value();
    if let (Some(part), Some(schedules)) = (value.as_object_mut(), found.value().get("scheduleList")) {
        part.insert("scheduleList".to_owned(), Value::clone(schedules));
    }
    Definition::from_sorted(value)
}
