//! One schedule: what stands there, whether it is what was deployed, and what
//! differs from what will.

use serde_json::Value;

use super::transform::keep_instance_properties;
use super::{PlanError, Shared};
use crate::definition::diff::{Change, Difference, Thing, diff, render};
use crate::definition::{Definition, Purpose, deviations, equal, essence, information};
use crate::deploy::{FoundBy, LocalChange, Stands};
use crate::repository::records::{Pin, Record, Records};
use crate::repository::settings::SharedValues;

/// A schedule as it is to be sent.
pub(super) struct Part {
    pub(super) name: String,
    pub(super) planned: Vec<u8>,
}

/// What was seen of it.
pub(super) struct Looked {
    pub(super) name: String,
    /// As it will be sent; only what stands there may have changed it.
    pub(super) planned: Vec<u8>,
    pub(super) found: Option<Vec<u8>>,
    pub(super) stands: Stands,
    /// What the deployment information that stands there says, where it names another record.
    pub(super) names_other: Option<String>,
    pub(super) difference: Vec<render::Line>,
    pub(super) unchanged: bool,
    /// What of the found state decides, as bytes.
    pub(super) state: Option<Vec<u8>>,
    pub(super) pin: Option<Pin>,
}

/// Looks at one schedule.
pub(super) fn look(
    shared: &Shared,
    part: Part,
    found: Option<Definition>,
    blob: Option<&str>,
) -> Result<Looked, PlanError> {
    let Part { name, planned } = part;
    let Some(found) = found else {
        return Ok(Looked {
            name,
            planned,
            found: None,
            stands: Stands::Nothing,
            names_other: None,
            difference: Vec::new(),
            unchanged: false,
            state: None,
            pin: None,
        });
    };
    let unreadable = |source| PlanError::Unreadable { schedule: name.clone(), path: name.clone(), source };
    let before = Definition::read(&planned).map_err(unreadable)?;
    let after = keep_instance_properties(shared, before, &found);
    let comparable = without_excluded(shared, &found);
    let unchanged = equal(comparable.value(), after.value(), Purpose::Target);
    let difference = match unchanged {
        true => Vec::new(),
        false => render::lines(&written(shared, diff(&comparable, &after))),
    };
    let (stands, names_other, pin) = shared.handles.with(|repository| {
        let records = Records::at(repository, shared.records);
        let (stands, names_other) = stands(shared, &records, &name, &found)?;
        let pin = records.pin(&shared.server.name, &name)?.filter(|pin| Some(pin.blob.as_str()) == blob);
        Ok::<_, PlanError>((stands, names_other, pin))
    })?;
    Ok(Looked {
        planned: after.to_bytes(),
        state: Some(essence(found.value())),
        found: Some(found.to_bytes()),
        name,
        stands,
        names_other,
        difference,
        unchanged,
        pin,
    })
}

/// What stands there, without the lists that are left out of this deployment.
fn without_excluded(shared: &Shared, found: &Definition) -> Definition {
    let settings = &shared.settings.deploy;
    let excluded = [("scriptList", settings.exclude_scripts), ("calendarList", settings.exclude_calendars)];
    let mut comparable = found.clone();
    if excluded.iter().any(|(_, excluded)| *excluded) {
        let mut value = comparable.into_value();
        for (list, _) in excluded.iter().filter(|(_, excluded)| *excluded) {
            if let Some(list) = value.get_mut(list) {
                *list = Value::Array(Vec::new());
            }
        }
        comparable = Definition::from_sorted(value);
    }
    comparable
}

/// The changes that will be written: values are not, where the settings keep those of the target.
fn written(shared: &Shared, mut difference: Difference) -> Difference {
    let settings = &shared.settings.deploy;
    let is_value = |change: &Change| change.field.as_deref() == Some("value");
    difference.changes.retain(|change| match change.place.thing {
        Thing::Property => settings.update_properties || !is_value(change),
        Thing::Resource | Thing::Threshold | Thing::Variable => {
            settings.update_variables || !is_value(change)
        }
        _ => true,
    });
    difference
}

/// What the records know of what stands there; with it the record that stands in its
/// deployment information, where that is not the one.
fn stands(
    shared: &Shared,
    records: &Records<'_>,
    name: &str,
    found: &Definition,
) -> Result<(Stands, Option<String>), PlanError> {
    let server = &shared.server.name;
    let said = found.schedules().first().and_then(information::of_schedule).map(|said| said.record);
    let standing = match records.active_of(server, name)? {
        Some(standing) => Some((standing.record, standing.deployed)),
        None => None,
    };
    let Some((record, deployed)) = standing else { return Ok((Stands::Unknown, said)) };
    let by = match said.as_deref() == Some(record.id.to_string().as_str()) {
        true => FoundBy::Information,
        false => FoundBy::ServerAndName,
    };
    let other = said.filter(|_| by == FoundBy::ServerAndName);
    let local_changes = match deployed {
        Some(blob) => {
            let bytes = records.content(blob)?;
            let deployed = Definition::read(&bytes).map_err(|source| PlanError::Deployed {
                schedule: name.to_owned(),
                server: server.clone(),
                source,
            })?;
            local_changes(shared, name, &deployed, found)
        }
        None => vec![nothing_to_compare(&record)],
    };
    let drift = local_changes.iter().any(|change| !change.accepted);
    Ok((Stands::Known { record: Box::new(record), by, drift, local_changes }, other))
}

/// What was changed on the target since, and whether it counts.
fn local_changes(shared: &Shared, name: &str, deployed: &Definition, found: &Definition) -> Vec<LocalChange> {
    if equal(deployed.value(), found.value(), Purpose::Target)
        && shared.settings.drift.shared_values == SharedValues::Ignore
    {
        return Vec::new();
    }
    let deviations = deviations(deployed.value(), found.value()).into_iter();
    let told = deviations.filter_map(|deviation| {
        let moves = match (deviation.is_value, shared.settings.drift.shared_values) {
            (true, SharedValues::Ignore) => return None,
            (is_value, SharedValues::Note) => is_value,
            (_, _) => false,
        };
        let accepts =
            |entry: &crate::repository::drift_accepted::Acceptance| entry.accepts(name, &deviation.pointer);
        Some(LocalChange {
            accepted: moves || shared.accepted.iter().any(accepts),
            op: deviation.op.to_owned(),
            pointer: deviation.pointer,
            words: deviation.words,
        })
    });
    told.collect()
}

/// A record that is active, and does not hold what was deployed: that it is the same nobody can say.
fn nothing_to_compare(record: &Record) -> LocalChange {
    LocalChange {
        op: "replace".to_owned(),
        pointer: String::new(),
        words: format!("record {} does not hold what was deployed", record.id),
        accepted: false,
    }
}
