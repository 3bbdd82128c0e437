//! What a plan must not be executed for, unless it is accepted in so many words.

use serde::Serialize;

use super::{Check, LocalChange, Plan, PlannedSchedule, Severity, Stands};
use crate::deploy::planner::told;
use crate::deploy::{Accept, Entrance};
use crate::repository::servers::ServerClass;

/// One reason not to execute a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Refusal {
    /// What it is about.
    pub kind: RefusalKind,
    /// The schedule, by its name on the target.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schedule: Option<String>,
    /// Why, without a full stop.
    pub message: String,
    /// The differences, where there are some.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub local_changes: Vec<LocalChange>,
}

/// What a refusal is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RefusalKind {
    /// A check has errors: that cannot be accepted.
    Errors,
    /// What stands on a production server is not what was deployed.
    Drift,
    /// A server that is not production has the schedule already.
    Existing,
    /// What stands there has neither deployment information nor a record.
    Unknown,
    /// Checks have warnings.
    Warnings,
    /// The content was rolled away from.
    Pinned,
}

impl RefusalKind {
    /// The option that accepts it; nothing accepts errors.
    pub fn option(self) -> Option<&'static str> {
        match self {
            Self::Errors => None,
            Self::Drift => Some("--accept-drift"),
            Self::Existing => Some("--accept-existing"),
            Self::Unknown => Some("--accept-unknown"),
            Self::Warnings => Some("--accept-warnings"),
            Self::Pinned => Some("--accept-pinned"),
        }
    }
}

impl Plan {
    /// Why it must not be executed, given what was accepted.
    ///
    /// Whoever sits at a terminal is shown a pin with the plan; anybody else has to accept it.
    pub fn refusals(&self, accept: &Accept, entrance: Entrance) -> Vec<Refusal> {
        let mut refusals = Vec::new();
        refusals.extend(self.of_findings(RefusalKind::Errors, Severity::Error));
        for schedule in &self.schedules {
            refusals.extend(self.of_what_stands(schedule, accept));
            let pinned = !accept.pinned && entrance == Entrance::Unattended;
            refusals.extend(schedule.pin.as_ref().filter(|_| pinned).map(|pin| Refusal {
                kind: RefusalKind::Pinned,
                schedule: Some(schedule.name.clone()),
                message: format!(
                        "{} of `{}` was rolled back on `{}` by {}",
                        pin.version
                            .map_or_else(|| "this content".to_owned(), |number| format!("version {number}")),
                        schedule.name,
                        self.server,
                        pin.user.name
                    ),
                local_changes: Vec::new(),
            }));
        }
        if !accept.warnings {
            refusals.extend(self.of_findings(RefusalKind::Warnings, Severity::Warning));
        }
        refusals
    }

    /// One refusal for all findings of a severity. What stands there and what was selected is refused by itself.
    fn of_findings(&self, kind: RefusalKind, severity: Severity) -> Option<Refusal> {
        let counts = |check: Check| {
            severity == Severity::Error || !matches!(check, Check::Comparison | Check::Selection)
        };
        let mut findings =
            self.findings().filter(|(check, finding)| finding.severity == severity && counts(*check));
        let (check, first) = findings.next()?;
        let place = match (&first.schedule, &first.job) {
            (Some(schedule), Some(job)) => format!("`{schedule}`, job `{job}`: "),
            (Some(schedule), None) => format!("`{schedule}`: "),
            _ => String::new(),
        };
        let more = match findings.count() {
            0 => String::new(),
            1 => " (and one more)".to_owned(),
            more => format!(" (and {more} more)"),
        };
        let message = format!("{check}: {place}{}{more}", first.message);
        Some(Refusal { kind, schedule: None, message, local_changes: Vec::new() })
    }

    fn of_what_stands(&self, schedule: &PlannedSchedule, accept: &Accept) -> Option<Refusal> {
        let (name, server) = (&schedule.name, &self.server);
        let production = self.server_type.class() == ServerClass::Production;
        let (kind, message, local_changes) = match &schedule.stands {
            Stands::Nothing => return None,
            Stands::Unknown if !accept.unknown => {
                let message = format!(
                    "`{name}` stands on `{server}` without deployment information and without a record"
                );
                (RefusalKind::Unknown, message, Vec::new())
            }
            Stands::Known { record, drift: true, local_changes, .. } if production && !accept.drift => {
                let message = format!("`{name}` was changed on `{server}` since it was {}", told(record));
                (RefusalKind::Drift, message, local_changes.clone())
            }
            Stands::Known { record, drift, local_changes, .. } if !production && !accept.existing => {
                let changed = if *drift { ", and was changed since" } else { "" };
                let message = format!("`{name}` stands on `{server}` already, {}{changed}", told(record));
                (RefusalKind::Existing, message, local_changes.clone())
            }
            Stands::Known { .. } | Stands::Unknown => return None,
        };
        Some(Refusal { kind, schedule: Some(name.clone()), message, local_changes })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::deploy::planner::testing::{known, plan};
    use crate::deploy::{Finding, Section};
    use crate::repository::servers::ServerType;

    const NOTHING: Accept =
        Accept { drift: false, existing: false, unknown: false, warnings: false, pinned: false };

    fn kinds(plan: &Plan, accept: Accept, entrance: Entrance) -> Vec<RefusalKind> {
        plan.refusals(&accept, entrance).into_iter().map(|refusal| refusal.kind).collect()
    }

    #[test]
    fn what_stands_there_is_refused_by_the_type_of_the_server() {
        use RefusalKind::{Drift, Existing, Unknown};
        let cases: [(Stands, ServerType, &[RefusalKind]); 7] = [
            (Stands::Nothing, ServerType::Production, &[]),
            (Stands::Unknown, ServerType::Production, &[Unknown]),
            (Stands::Unknown, ServerType::Test, &[Unknown]),
            (known(false), ServerType::Training, &[]),
            (known(true), ServerType::PreProduction, &[Drift]),
            (known(false), ServerType::Integration, &[Existing]),
            (known(true), ServerType::Development, &[Existing]),
        ];
        let all = Accept { drift: true, existing: true, unknown: true, warnings: true, pinned: true };
        for (stands, server_type, expected) in cases {
            let plan = plan(server_type, stands);
            assert_eq!(kinds(&plan, NOTHING, Entrance::Terminal), expected, "{server_type}");
            assert_eq!(kinds(&plan, all, Entrance::Unattended), [], "{server_type}");
        }
    }

    #[test]
    fn errors_can_never_be_accepted_and_pins_stop_only_who_cannot_be_asked() {
        let all = Accept { drift: true, existing: true, unknown: true, warnings: true, pinned: true };
        let mut plan = plan(ServerType::Production, Stands::Nothing);
        let finding = |severity, message: &str| Finding {
            severity,
            schedule: Some("P".into()),
            job: Some("J".into()),
            message: message.into(),
        };
        plan.sections = vec![
            Section { check: Check::Comparison, findings: vec![finding(Severity::Warning, "drift")] },
            Section {
                check: Check::Machines,
                findings: vec![finding(Severity::Error, "no machine"), finding(Severity::Error, "none")],
            },
            Section { check: Check::Roles, findings: vec![finding(Severity::Warning, "no role")] },
        ];
        let refusals = plan.refusals(&NOTHING, Entrance::Unattended);
        let told: Vec<&str> = refusals.iter().map(|refusal| refusal.message.as_str()).collect();
        assert_eq!(
            told,
            ["Machines: `P`, job `J`: no machine (and one more)", "Roles: `P`, job `J`: no role"]
        );
        assert_eq!(kinds(&plan, all, Entrance::Terminal), [RefusalKind::Errors]);
        plan.sections.clear();
        plan.schedules[0].pin = Some(crate::deploy::planner::testing::pin());
        assert_eq!(kinds(&plan, NOTHING, Entrance::Terminal), []);
        assert_eq!(kinds(&plan, NOTHING, Entrance::Unattended), [RefusalKind::Pinned]);
    }
}
