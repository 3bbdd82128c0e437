//! What a deployment would change on the target: what stands there against what
//! is sent, as far as sending it makes a difference.
//!
//! Shared objects are compared by existence and definition. None is ever taken
//! away by a deployment, and one that the target has already, though not as part
//! of this schedule, is not new.

use serde_json::Value;

use crate::definition::diff::{Change, Difference, Thing, diff};
use crate::definition::form::Part;
use crate::definition::form::{SHARED_LISTS, field};
use crate::definition::{Definition, Purpose, equal, items};
use crate::deploy::estate::{Estate, RESOURCES, THRESHOLDS, fold};
use crate::opcon::Script;
use crate::repository::settings::DeploySettings;

/// What the target has besides its schedules.
pub(super) struct Standing<'t> {
    pub(super) estate: &'t Estate,
    pub(super) scripts: &'t [Script],
}

/// Whether nothing would change, and what would.
pub(super) fn compare(
    standing: &Standing<'_>,
    settings: &DeploySettings,
    found: Definition,
    planned: Definition,
) -> (bool, Difference) {
    let (found, planned) = (found.into_value(), planned.into_value());
    let mut touched = Vec::new();
    for (list, key) in SHARED_LISTS {
        touched.push((*list, shared(standing, list, key, &found, &planned)));
    }
    let (mut theirs, mut new) = (found, planned);
    for (list, (of_theirs, of_new)) in touched {
        replace(&mut theirs, list, of_theirs);
        replace(&mut new, list, of_new);
    }
    let (found, planned) = (without_empty_lists(theirs), without_empty_lists(new));
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

/// The shared objects of one kind that are compared: of what stands there those that are sent, of
/// what is sent those that the target does not have outside of this schedule.
fn shared(
    standing: &Standing<'_>,
    list: &str,
    key: &[&str],
    found: &Value,
    planned: &Value,
) -> (Vec<Value>, Vec<Value>) {
    let named_like = |definition: &Value, item: &Value| {
        let same = |other: &&Value| key.iter().all(|path| field(other, path) == field(item, path));
        items(definition, list).find(same).cloned()
    };
    // What a role may is the target's business.
    let is_compared = list != "roleList";
    let theirs = items(found, list).filter(|_| is_compared).filter_map(|item| {
        let new = named_like(planned, item)?;
        let mut item = item.clone();
        if list == "scriptList" {
            keep_versions(&mut item, &new);
        }
        Some(item)
    });
    let ours = items(planned, list).filter(|item| {
        let stands_here = is_compared && named_like(found, item).is_some();
        stands_here || !standing.has(list, key, item)
    });
    (theirs.collect(), ours.cloned().collect())
}

/// Versions of a script that the target has besides stay as they are.
fn keep_versions(standing: &mut Value, new: &Value) {
    let numbers: Vec<&Value> = items(new, "versionList").map(|version| &version["version"]).collect();
    if let Some(versions) = standing.get_mut("versionList").and_then(Value::as_array_mut) {
        versions.retain(|version| numbers.contains(&&version["version"]));
    }
}

fn replace(definition: &mut Value, list: &str, items: Vec<Value>) {
    if let Some(list) = definition.get_mut(list) {
        *list = Value::Array(items);
    }
}

/// A list that is not there says what an empty one says.
fn without_empty_lists(mut value: Value) -> Definition {
    if let Some(map) = value.as_object_mut() {
        map.retain(|_, value| !value.as_array().is_some_and(Vec::is_empty));
    }
    Definition::from_sorted(value)
}

impl Standing<'_> {
    /// Whether the target has a shared object of that name.
    fn has(&self, list: &str, key: &[&str], item: &Value) -> bool {
        let name = key.last().and_then(|path| field(item, path)).and_then(Value::as_str);
        name.is_some_and(|name| match (list, Thing::Variable.of_item(item)) {
            ("scriptList", _) => self.scripts.iter().any(|script| fold(&script.name) == fold(name)),
            ("variableList", Thing::Threshold) => self.estate.has(THRESHOLDS, name),
            ("variableList", _) => self.estate.has(RESOURCES, name),
            (list, _) => self.estate.has(list, name),
        })
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
        let estate = Estate::of(inventory());
        let standing = Standing { estate: &estate, scripts: &[] };
        let (found, planned) = (definition("06:00", found), definition("06:00", planned));
        let (unchanged, difference) = compare(&standing, settings, found, planned);
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
