//! What a deployment would change on the target: what stands there against what
//! is sent, as far as sending it makes a difference.
//!
//! Shared objects are compared by existence and definition. None is ever taken
//! away by a deployment, and one that the target has already, though not as part
//! of this schedule, is not new.

use serde_json::Value;

use super::target::fold;
use crate::definition::diff::{Change, Difference, Thing, diff};
use crate::definition::form::Part;
use crate::definition::form::{SHARED_LISTS, field};
use crate::definition::{Definition, Purpose, equal, items};
use crate::opcon::{Inventory, Script};
use crate::repository::settings::DeploySettings;

/// What the target has besides its schedules.
pub(super) struct Estate<'t> {
    pub(super) inventory: &'t Inventory,
    pub(super) scripts: &'t [Script],
}

/// Whether nothing would change, and what would.
pub(super) fn compare(
    estate: &Estate<'_>,
    settings: &DeploySettings,
    found: &Definition,
    planned: &Definition,
) -> (bool, Difference) {
    let (found, planned) = (touched(found, planned), sent(estate, found, planned));
    if equal(found.value(), planned.value(), Purpose::Target) {
        return (true, Difference::default());
    }
    let mut difference = diff(&found, &planned);
    difference.changes.retain(|change| is_written(change, settings));
    (false, difference)
}

/// Whether a change happens: values do not, where the settings keep those of the target, nor
/// what other schedules depend on.
fn is_written(change: &Change, settings: &DeploySettings) -> bool {
    let is_value = change.field.as_deref() == Some("value");
    match change.place.thing {
        _ if change.part == Part::Reverse => false,
        Thing::Property => settings.update_properties || !is_value,
        Thing::Resource | Thing::Threshold | Thing::Variable => settings.update_variables || !is_value,
        _ => true,
    }
}

/// What stands there, with those shared objects alone that are sent.
fn touched(found: &Definition, planned: &Definition) -> Definition {
    let mut value = found.value().clone();
    for (list, key) in SHARED_LISTS {
        let Some(standing) = value.get_mut(list).and_then(Value::as_array_mut) else { continue };
        standing.retain_mut(|item| {
            // What a role may is the target's business.
            if *list == "roleList" {
                return false;
            }
            let Some(new) = named_like(planned, list, key, item) else { return false };
            if *list == "scriptList" {
                keep_versions(item, new);
            }
            true
        });
    }
    without_empty_lists(value)
}

/// A list that is not there says what an empty one says.
fn without_empty_lists(mut value: Value) -> Definition {
    if let Some(map) = value.as_object_mut() {
        map.retain(|_, value| !value.as_array().is_some_and(Vec::is_empty));
    }
    Definition::from_sorted(value)
}

/// Versions of a script that the target has besides stay as they are.
fn keep_versions(standing: &mut Value, new: &Value) {
    let numbers: Vec<&Value> = items(new, "versionList").map(|version| &version["version"]).collect();
    if let Some(versions) = standing.get_mut("versionList").and_then(Value::as_array_mut) {
        versions.retain(|version| numbers.contains(&&version["version"]));
    }
}

/// What is sent, without those shared objects that the target has outside of this schedule.
fn sent(estate: &Estate<'_>, found: &Definition, planned: &Definition) -> Definition {
    let mut value = planned.value().clone();
    for (list, key) in SHARED_LISTS {
        let Some(new) = value.get_mut(list).and_then(Value::as_array_mut) else { continue };
        new.retain(|item| {
            let stands_here = *list != "roleList" && named_like(found, list, key, item).is_some();
            stands_here || !estate.has(list, key, item)
        });
    }
    without_empty_lists(value)
}

fn named_like<'d>(definition: &'d Definition, list: &str, key: &[&str], item: &Value) -> Option<&'d Value> {
    items(definition.value(), list)
        .find(|other| key.iter().all(|path| field(other, path) == field(item, path)))
}

impl Estate<'_> {
    /// Whether the target has a shared object of that name.
    fn has(&self, list: &str, key: &[&str], item: &Value) -> bool {
        let name = key.last().and_then(|path| field(item, path)).and_then(Value::as_str);
        let Some(name) = name.map(fold) else { return false };
        let is = |other: &str| fold(other) == name;
        let Inventory {
            roles, access_codes, departments, calendars, properties, resources, thresholds, ..
        } = self.inventory;
        match list {
            "roleList" => roles.iter().any(|role| is(&role.0)),
            "accessCodeList" => access_codes.iter().any(|code| is(&code.0)),
            "departmentList" => departments.iter().any(|department| is(&department.0)),
            "scriptList" => self.scripts.iter().any(|script| is(&script.name)),
            "calendarList" => calendars.iter().any(|calendar| is(&calendar.name)),
            "propertyList" => properties.iter().any(|property| is(&property.name)),
            _ => match Thing::Variable.of_item(item) {
                Thing::Threshold => thresholds.iter().any(|threshold| is(&threshold.name)),
                _ => resources.iter().any(|resource| is(&resource.name)),
            },
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::deploy::planner::testing::inventory;

    fn definition(start: &str, lists: Value) -> Definition {
        let mut value = json!({"scheduleList": [{"name": "P", "startTime": start}]});
        value.as_object_mut().unwrap().extend(lists.as_object().unwrap().clone());
        Definition::from_value(value).unwrap()
    }

    fn compared(settings: &DeploySettings, found: Value, planned: Value) -> (bool, String) {
        let inventory = inventory();
        let estate = Estate { inventory: &inventory, scripts: &[] };
        let (found, planned) = (definition("06:00", found), definition("06:00", planned));
        let (unchanged, difference) = compare(&estate, settings, &found, &planned);
        (unchanged, difference.in_words())
    }

    #[test]
    fn only_what_would_change_differs() {
        let settings = DeploySettings::default();
        let unchanged = (true, "no difference".to_owned());
        let cases = [
            // What is on the target only stays there.
            (json!({"roleList": [{"name": "ocadm"}]}), json!({})),
            // What is sent only is on the target as well.
            (json!({}), json!({"roleList": [{"name": "Finance"}], "departmentList": []})),
            (
                json!({"roleList": [{"name": "Finance", "machineList": ["A"]}]}),
                json!({"roleList": [{"name": "Finance"}]}),
            ),
            (
                json!({"scriptList": [{"data": {"name": "S"}, "versionList": [{"version": "1"}, {"version": "2"}]}]}),
                json!({"scriptList": [{"data": {"name": "S"}, "versionList": [{"version": "1"}]}]}),
            ),
            (json!({"externalDependencyOnList": [{"jobName": "X"}]}), json!({})),
            (
                json!({"propertyList": [{"name": "A", "value": "1"}]}),
                json!({"propertyList": [{"name": "A", "value": "2"}]}),
            ),
        ];
        for (found, planned) in cases {
            assert_eq!(compared(&settings, found.clone(), planned), unchanged, "{found}");
        }
        let new = compared(&settings, json!({}), json!({"calendarList": [{"name": "New"}]}));
        assert_eq!(new, (false, "calendars: 1 added".to_owned()));
    }

    #[test]
    fn values_that_the_settings_keep_are_not_written() {
        let own = |value: &str| json!({"propertyList": [{"name": "A", "value": value, "type": value}]});
        let settings = DeploySettings::default();
        assert_eq!(compared(&settings, own("1"), own("2")).1, "properties: 1 changed");
        let kept = DeploySettings { update_properties: false, ..settings };
        let (unchanged, _) = compared(&kept, own("1"), own("2"));
        assert!(!unchanged);
    }
}
