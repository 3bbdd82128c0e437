//! What a definition only names and the target must have: sub-schedules,
//! machines, machine groups, batch users, roles.

use std::collections::HashSet;

use serde_json::Value;

use super::findings::Where;
use super::{Findings, Subject, fold, is_token};
use crate::definition::{sub_schedule, text_in};
use crate::deploy::Severity;
use crate::rules::tags::place::Scope;

const MACHINES: &str = "Job_Machine_Name";
const GROUP: &str = "Job_Machine_Group_Name";
const GROUP_OF_SCHEDULE: &str = "Schedule_Build_For_All_Machines_In_Group";

/// The machines that a job names: primary, alternates, both ends of a file transfer.
pub(super) fn machines_of<'s>(subject: &Subject<'_>, job: &'s Value) -> Vec<&'s str> {
    let mut machines = subject.tags.texts(MACHINES, Scope::Job, job);
    // The first alternate has no number in some releases.
    machines.extend(text_in(job, "alternateMachine"));
    machines.retain(|name| !is_token(name));
    machines
}

/// The machine group that a job names.
pub(super) fn group_of<'s>(subject: &Subject<'_>, job: &'s Value) -> Option<&'s str> {
    subject.tags.texts(GROUP, Scope::Job, job).into_iter().find(|name| !is_token(name))
}

pub(super) fn sub_schedules(subject: &Subject<'_>, findings: &mut Findings) {
    let sent: HashSet<String> = subject.definition.names().into_iter().map(fold).collect();
    for job in subject.jobs() {
        let Some(name) = sub_schedule(job.value).filter(|name| !is_token(name)) else { continue };
        if !sent.contains(&fold(name)) && !subject.masters.contains(&fold(name)) {
            let message = format!(
                "sub-schedule `{name}` is neither on `{}` nor part of the deployment",
                subject.server
            );
            findings.add(Severity::Error, Where::job(job.schedule, job.name), message);
        }
    }
}

pub(super) fn machines(subject: &Subject<'_>, findings: &mut Findings) {
    for job in subject.jobs() {
        for name in machines_of(subject, job.value) {
            if subject.estate.machine(name).is_none() {
                let message = format!("machine `{name}` does not exist on `{}`", subject.server);
                findings.add(Severity::Error, Where::job(job.schedule, job.name), message);
            }
        }
    }
}

pub(super) fn machine_groups(subject: &Subject<'_>, findings: &mut Findings) {
    let mut look = |name: &str, at: Where<'_>| {
        if !is_token(name) && !subject.estate.has_group(name) {
            let message = format!("machine group `{name}` does not exist on `{}`", subject.server);
            findings.add(Severity::Error, at, message);
        }
    };
    for schedule in subject.definition.schedules() {
        let at = Where { schedule: text_in(schedule, "name"), job: None };
        for name in subject.tags.texts(GROUP_OF_SCHEDULE, Scope::Schedule, schedule) {
            look(name, at);
        }
    }
    for job in subject.jobs() {
        for name in subject.tags.texts(GROUP, Scope::Job, job.value) {
            look(name, Where::job(job.schedule, job.name));
        }
    }
}

/// What names the user of a platform: the platform's number, and a tag or a place of the form.
const USERS: [(i64, &str); 8] = [
    (3, "Windows_User"),
    (5, "IBMi_User_Id"),
    (6, "Unix_User_Id"),
    (9, "MCP_User"),
    (21, "SQL_Job_User"),
    (21, "SQL_Script_User"),
    (21, "SQL_DTExec_User"),
    (OPEN_VMS, ""),
];
const UNIX: i64 = 6;
const UNIX_GROUP: &str = "Unix_Group_Id";
/// No tag changes the users of OpenVMS.
const OPEN_VMS: i64 = 4;

pub(super) fn batch_users(subject: &Subject<'_>, findings: &mut Findings) {
    for job in subject.jobs() {
        for (platform, tag) in USERS {
            let users = match platform {
                OPEN_VMS => text_in(&job.value["openVmsData"], "userId").into_iter().collect(),
                _ => subject.tags.texts(tag, Scope::Job, job.value),
            };
            let group = match platform {
                UNIX => subject.tags.texts(UNIX_GROUP, Scope::Job, job.value).into_iter().next(),
                _ => None,
            };
            for user in users.into_iter().filter(|user| !is_token(user)) {
                let shown = match group {
                    Some(group) => format!("{group}/{user}"),
                    None => user.to_owned(),
                };
                if ![user, &shown].iter().any(|login| subject.estate.has_user(platform, login)) {
                    let platform = platform_name(platform);
                    let message =
                        format!("batch user `{shown}` ({platform}) does not exist on `{}`", subject.server);
                    findings.add(Severity::Error, Where::job(job.schedule, job.name), message);
                }
            }
        }
    }
}

fn platform_name(platform: i64) -> &'static str {
    match platform {
        3 => "Windows",
        OPEN_VMS => "OpenVMS",
        5 => "IBM i",
        UNIX => "UNIX",
        9 => "MCP",
        _ => "SQL",
    }
}

pub(super) fn roles(subject: &Subject<'_>, findings: &mut Findings) {
    let mut look = |role: &Value, at: Where<'_>| {
        let name = role.as_str().or_else(|| text_in(role, "name")).filter(|name| !name.is_empty());
        if let Some(name) = name
            && !subject.estate.has("roleList", name)
        {
            let message = format!("role `{name}` does not exist on `{}`", subject.server);
            findings.add(Severity::Warning, at, message);
        }
    };
    let list = |owner: &Value| owner["roleList"].as_array().cloned().unwrap_or_default();
    for schedule in subject.definition.schedules() {
        let at = Where { schedule: text_in(schedule, "name"), job: None };
        list(schedule).iter().for_each(|role| look(role, at));
    }
    for job in subject.jobs() {
        list(job.value).iter().for_each(|role| look(role, Where::job(job.schedule, job.name)));
    }
    list(subject.definition.value()).iter().for_each(|role| look(role, Where::default()));
}
