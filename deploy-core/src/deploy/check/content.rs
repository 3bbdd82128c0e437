//! What OpCon would refuse in the definition itself, and documentation that has
//! no room for deployment information.

use super::findings::Where;
use super::{Findings, Subject};
use crate::definition::validate::validate;
use crate::definition::{information, text_in};
use crate::deploy::Severity;

/// Findings that are limits of OpCon; others may stand in what a system exported itself.
const LIMITS: [&str; 6] = [
    "name-too-long",
    "name-characters",
    "name-missing",
    "text-too-long",
    "duplicate-job",
    "duplicate-schedule",
];

pub(super) fn check(subject: &Subject<'_>, findings: &mut Findings) {
    for finding in validate(subject.definition) {
        let is_limit = LIMITS.contains(&finding.code);
        let severity = match finding.severity {
            Severity::Error if is_limit => Severity::Error,
            Severity::Note => continue,
            _ => Severity::Note,
        };
        findings.add(severity, Where::default(), finding.message);
    }
    for schedule in subject.definition.schedules() {
        let missing = information::missing_room(schedule);
        if missing > 0 {
            let name = text_in(schedule, "name").unwrap_or_default();
            let message = format!(
                "the documentation leaves no room for deployment information: its last {missing} characters are cut on `{}`",
                subject.server
            );
            findings.add(Severity::Warning, Where::schedule(name), message);
        }
    }
}
