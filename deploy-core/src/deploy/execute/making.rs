//! From a plan to the transaction that carries it out.

use std::sync::Arc;

use chrono::{DateTime, FixedOffset};

use super::transaction::{PackagePiece, Piece, Transaction};
use crate::deploy::{Content, Plan, Planned, PlannedSchedule};
use crate::repository::records::{
    Action, Kind, PackageRef, Person, Phase, Pin, Record, RecordId, Records, RecordsError, Scheduled, Source,
    Standing, Status, Told,
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
    /// Why.
    pub description: String,
    /// What was accepted in so many words.
    pub accepted: Vec<String>,
    /// The commit of main whose settings, users and servers apply.
    pub settings: String,
}

impl Asked {
    /// A record that begins.
    pub fn record(&self, kind: Kind, action: Action, server: &str, name: &str) -> Record {
        Record {
            id: RecordId::new(),
            kind,
            action,
            name: name.to_owned(),
            original_name: None,
            server: server.to_owned(),
            status: Status::Deploying,
            phase: Phase::Begun,
            user: self.user.clone(),
            runner: self.runner.clone(),
            begun: self.begun,
            ended: None,
            reason: None,
            offline: self.offline,
            transaction: None,
            previous: None,
            undoes: None,
            settings: Some(self.settings.clone()),
            source: Source::default(),
            planned: None,
            found: None,
            deployed: None,
            told: Told {
                description: self.description.clone(),
                accepted: self.accepted.clone(),
                ..Told::default()
            },
            scheduled: None,
            report: None,
            package: None,
            members: Vec::new(),
            rules: Vec::new(),
        }
    }
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
            source: package.source.clone(),
            transaction: together,
            previous: before.package.as_ref().map(|record| record.id),
            ..record(&plan, Kind::Package, &package.name, asked)
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
                original_name: schedule.original_name.clone(),
                source: schedule.source.clone(),
                transaction: together,
                previous: standing.as_ref().map(|standing| standing.record.id),
                planned: Some(schedule.planned.clone()),
                found: schedule.found.clone(),
                package: member_of.clone(),
                ..record(&plan, Kind::Schedule, &schedule.name, asked)
            };
            if let Some(package) = &mut package {
                package.members.push(record.id);
            }
            pieces.push(Arc::new(Piece { record, wanted: Some(planned), found, standing, pin }));
        }
        let package = package.map(|record| PackagePiece { record, previous: before.package, stays: true });
        Self {
            pieces,
            scripts: Vec::new(),
            package,
            rules: plan.import_rules,
            previous: Status::Inactive,
            supersedes: Vec::new(),
            taken_up: Vec::new(),
        }
    }
}

/// The records of a plan that is carried out when its time has come: one for the package, or one
/// for each schedule. Nothing of their content is kept; the plan is made again then.
pub fn waiting(plan: &Plan, action: Action, asked: &Asked, scheduled: &Scheduled) -> Vec<Record> {
    let of = |kind, name: &str, source: &Source| Record {
        action,
        phase: Phase::Scheduling,
        source: source.clone(),
        scheduled: Some(scheduled.clone()),
        ..record(plan, kind, name, asked)
    };
    if let Some(package) = &plan.package {
        return vec![of(Kind::Package, &package.name, &package.source)];
    }
    let together = (plan.schedules.len() > 1).then(RecordId::new);
    let schedules = plan.schedules.iter().map(|schedule| Record {
        original_name: schedule.original_name.clone(),
        transaction: together,
        ..of(Kind::Schedule, &schedule.name, &schedule.source)
    });
    schedules.collect()
}

/// What all records of a plan have in common.
fn record(plan: &Plan, kind: Kind, name: &str, asked: &Asked) -> Record {
    let begun = asked.record(kind, Action::Deploy, &plan.server, name);
    let told = Told {
        tag: plan.tag.clone(),
        environment: plan.environment.clone(),
        options: Some(plan.import_rules.clone()),
        ..begun.told.clone()
    };
    Record { told, rules: plan.rules.clone(), ..begun }
}
