//! From a plan to the transaction that carries it out.

use std::sync::Arc;

use chrono::{DateTime, FixedOffset};

use super::transaction::{PackagePiece, Piece, Transaction};
use crate::deploy::{Content, Plan, Planned, PlannedSchedule};
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
        let Planned { plan, mut contents } = planned;
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
        let mut pieces = Vec::new();
        for (schedule, (standing, pin)) in plan.schedules.iter().zip(before.schedules) {
            let Some(Content { planned, found }) = contents.remove(&schedule.name) else { continue };
            let record = Record {
                name: schedule.name.clone(),
                original_name: schedule.original_name.clone(),
                source: schedule.source.clone(),
                transaction: together,
                previous: standing.as_ref().map(|standing| standing.record.id),
                planned: Some(Digest::of(&planned)),
                found: found.as_deref().map(Digest::of),
                package: member_of.clone(),
                ..record(&plan, Kind::Schedule, asked)
            };
            if let Some(package) = &mut package {
                package.members.push(record.id);
            }
            pieces.push(Arc::new(Piece { record, wanted: Some(planned), found, standing, pin }));
        }
        let package = package.map(|record| PackagePiece { record, previous: before.package, stays: true });
        Self { pieces, package, rules: plan.import_rules, previous: Status::Inactive, supersedes: Vec::new() }
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
