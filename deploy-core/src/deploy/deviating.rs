//! What was changed on a target since something was deployed there, and what of it counts.

use chrono::NaiveDate;

use super::LocalChange;
use crate::definition::{Definition, Purpose, deviations, equal};
use crate::repository::Repository;
use crate::repository::drift_accepted::{Acceptance, AcceptedError, DriftAccepted};
use crate::repository::records::Record;
use crate::repository::servers::Named;
use crate::repository::settings::{Settings, SharedValues};

/// What counts as drift on one server.
#[derive(Debug, Clone)]
pub(super) struct Measure {
    shared_values: SharedValues,
    accepted: Vec<Acceptance>,
}

impl Measure {
    /// By the settings, and by what is accepted where the server's file stands.
    pub(super) fn of(
        repository: &Repository,
        settings: &Settings,
        server: &Named,
        today: NaiveDate,
    ) -> Result<Self, AcceptedError> {
        let accepted = DriftAccepted::at(repository, server.commit)?.counting(&server.name, today);
        Ok(Self { shared_values: settings.drift.shared_values, accepted })
    }

    /// Where what stands there is not what was deployed, and whether it counts.
    pub(super) fn local_changes(
        &self,
        schedule: &str,
        deployed: &Definition,
        found: &Definition,
    ) -> Vec<LocalChange> {
        // Nearly all are as they were deployed, values included.
        let ignored = self.shared_values == SharedValues::Ignore;
        let purpose = if ignored { Purpose::Target } else { Purpose::Import };
        if equal(deployed.value(), found.value(), purpose) {
            return Vec::new();
        }
        let deviations = deviations(deployed.value(), found.value()).into_iter();
        let told = deviations.filter_map(|deviation| {
            let moves = match (deviation.is_value, self.shared_values) {
                (true, SharedValues::Ignore) => return None,
                (is_value, SharedValues::Note) => is_value,
                (_, _) => false,
            };
            Some(LocalChange {
                accepted: moves || self.accepting(schedule, &deviation.pointer).is_some(),
                op: deviation.op.to_owned(),
                pointer: deviation.pointer,
                words: deviation.words,
            })
        });
        told.collect()
    }

    /// A schedule that was deployed and does not stand there.
    pub(super) fn gone(&self, schedule: &str) -> LocalChange {
        LocalChange {
            op: "remove".to_owned(),
            pointer: String::new(),
            words: "does not stand there any more".to_owned(),
            accepted: self.accepting(schedule, "").is_some(),
        }
    }

    /// What accepts a difference.
    pub(super) fn accepting(&self, schedule: &str, pointer: &str) -> Option<&Acceptance> {
        self.accepted.iter().find(|entry| entry.accepts(schedule, pointer))
    }
}

/// A record that is active, and does not hold what was deployed: that it is the same nobody can say.
pub(super) fn nothing_to_compare(record: &Record) -> LocalChange {
    LocalChange {
        op: "replace".to_owned(),
        pointer: String::new(),
        words: format!("record {} does not hold what was deployed", record.id),
        accepted: false,
    }
}
