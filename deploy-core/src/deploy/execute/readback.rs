//! Reading back: does a target hold what was sent?
//!
//! A system adds to what it takes: fields that were not named, numbers of its
//! own, versions of scripts and dates of calendars that it had before. None of
//! that is a mismatch; everything that was sent must be there.

use serde_json::{Map, Value};

use crate::definition::diff::{diff, render};
use crate::definition::form::{self, Node, Order, SHARED_LISTS};
use crate::definition::{Definition, Purpose, equal, sort_sets};
use crate::opcon::ImportRules;

/// What differs between what was sent and what stands there, in lines; empty where it holds.
pub(super) fn mismatch(sent: &Definition, stands: &Definition, rules: &ImportRules) -> Vec<String> {
    let expected = expected(sent, stands, rules);
    if equal(expected.value(), stands.value(), Purpose::Target) {
        return Vec::new();
    }
    let difference = diff(&expected, stands);
    match difference.is_empty() {
        true => Vec::new(),
        false => render::lines(&difference).into_iter().map(|line| line.text).collect(),
    }
}

/// What was sent, completed by what the system may have of its own.
fn expected(sent: &Definition, stands: &Definition, rules: &ImportRules) -> Definition {
    let mut value = sent.value().clone();
    if let (Some(own), Some(theirs)) = (value.as_object_mut(), stands.value().as_object()) {
        for (list, key) in SHARED_LISTS {
            let items = |map: &Map<String, Value>| match map.get(*list) {
                Some(Value::Array(items)) => items.clone(),
                _ => Vec::new(),
            };
            let shared = shared(list, key, items(own), items(theirs), rules);
            own.remove(*list);
            if theirs.contains_key(*list) || !shared.is_empty() {
                own.insert((*list).to_owned(), Value::Array(shared));
            }
        }
        for schedule in own.get_mut("scheduleList").and_then(Value::as_array_mut).into_iter().flatten() {
            let name = schedule.get("name").cloned();
            let standing = stands.schedules().iter().find(|other| other.get("name").cloned() == name);
            if let (Some(schedule), Some(standing)) = (schedule.as_object_mut(), standing) {
                take_from_target(schedule, standing, rules);
            }
        }
        complete_object(own, theirs, Node::root());
    }
    sort_sets(&mut value);
    Definition::from_sorted(value)
}

/// The fields that the options of the insert decide, not the definition.
fn take_from_target(schedule: &mut Map<String, Value>, standing: &Value, rules: &ImportRules) {
    let mut decided = Vec::new();
    if rules.auto_build.is_some() {
        decided.extend(["autoBuildDays", "autoBuildDaysInAdvance"]);
    }
    if rules.auto_delete_days.is_some() {
        decided.push("autoDeleteDays");
    }
    if !rules.update_schedule_instance_properties {
        decided.push("instancePropertiesList");
    }
    for key in decided {
        match standing.get(key) {
            Some(value) => schedule.insert(key.to_owned(), value.clone()),
            None => schedule.remove(key),
        };
    }
}

/// The shared objects of one kind that must stand there.
fn shared(list: &str, key: &[&str], sent: Vec<Value>, stands: Vec<Value>, rules: &ImportRules) -> Vec<Value> {
    let left_out = match list {
        "scriptList" => rules.exclude_scripts,
        "calendarList" => rules.exclude_calendars,
        _ => false,
    };
    if left_out {
        return stands;
    }
    let same = |a: &Value, b: &Value| form::compare_item_keys(key, a, b).is_eq();
    let mut all: Vec<Value> =
        stands.iter().filter(|theirs| !sent.iter().any(|own| same(own, theirs))).cloned().collect();
    for mut own in sent {
        if let Some(theirs) = stands.iter().find(|theirs| same(&own, theirs)) {
            settle(list, &mut own, theirs, rules);
        }
        all.push(own);
    }
    all.sort_by(|a, b| form::compare_item_keys(key, a, b));
    all
}

/// One shared object that stands there already.
fn settle(list: &str, own: &mut Value, theirs: &Value, rules: &ImportRules) {
    let is_theirs = match list {
        // What a role may is the target's business.
        "roleList" => true,
        "propertyList" => !rules.update_properties,
        "variableList" => !rules.update_variables,
        _ => false,
    };
    if is_theirs {
        own.clone_from(theirs);
        return;
    }
    let more = match list {
        // Values move at run time.
        "propertyList" | "variableList" => {
            if let (Some(value), Some(own)) = (theirs.get("value"), own.as_object_mut()) {
                own.insert("value".to_owned(), value.clone());
            }
            return;
        }
        "scriptList" => "versionList",
        "calendarList" => "dateList",
        _ => return,
    };
    let known = own.get(more).and_then(Value::as_array).cloned().unwrap_or_default();
    let Order::Set(key) = Node::root().child(list).child(more).order() else { return };
    let added = theirs.get(more).and_then(Value::as_array).into_iter().flatten().filter(|theirs| {
        let is_new = !known.iter().any(|own| form::compare_item_keys(key, own, theirs).is_eq());
        // Dates that passed before the export are not in it; those after are either sent or gone.
        is_new && (more == "versionList" || known.first().is_none_or(|first| text(theirs) < text(first)))
    });
    let added: Vec<Value> = added.cloned().collect();
    if let Some(Value::Array(items)) = own.get_mut(more) {
        items.extend(added);
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// Adds the fields that were not sent and stand there.
fn complete(own: &mut Value, theirs: &Value, node: &Node) {
    match (own, theirs) {
        (Value::Object(own), Value::Object(theirs)) => complete_object(own, theirs, node),
        (Value::Array(own), Value::Array(theirs)) => match node.order() {
            Order::Set(key) if !key.is_empty() => {
                let mut left = theirs.iter().peekable();
                for item in own {
                    // Both are sorted by the key: what the cursor passes cannot come again.
                    while left.next_if(|theirs| form::compare_item_keys(key, theirs, item).is_lt()).is_some()
                    {
                    }
                    let paired = left.next_if(|theirs| form::compare_item_keys(key, theirs, item).is_eq());
                    if let Some(theirs) = paired {
                        complete(item, theirs, node);
                    }
                }
            }
            _ => own.iter_mut().zip(theirs).for_each(|(own, theirs)| complete(own, theirs, node)),
        },
        _ => {}
    }
}

fn complete_object(own: &mut Map<String, Value>, theirs: &Map<String, Value>, node: &Node) {
    for (key, theirs) in theirs {
        match own.get_mut(key) {
            Some(own) => complete(own, theirs, node.child(key)),
            None => {
                own.insert(key.clone(), theirs.clone());
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;

    fn definition(value: Value) -> Definition {
        Definition::from_value(value).unwrap()
    }

    #[test]
    fn what_the_system_adds_is_no_mismatch() {
        let sent = definition(json!({
            "scheduleList": [{"name": "P", "jobList": [{"name": "B"}, {"name": "A", "tagList": ["x"]}]}],
            "propertyList": [{"name": "ENV", "value": "1"}],
            "scriptList": [{"data": {"name": "S"}, "versionList": [{"version": 2, "content": "b"}]}],
        }));
        let stands = definition(json!({
            "descriptionList": ["Export Date : 2026-11-20 06:33:00"],
            "scheduleList": [{"name": "P", "id": 7, "documentation": "{\"opcon-deploy\":1}\n",
                "jobList": [{"name": "A", "tagList": ["x"], "type": "Null Job"}, {"name": "B"}]}],
            "calendarList": [],
            "propertyList": [{"name": "ENV", "value": "2"}, {"name": "OTHER", "value": "3"}],
            "scriptList": [{"data": {"name": "S"}, "versionList": [
                {"version": 1, "content": "a"}, {"version": 2, "content": "b"}]}],
            "externalDependencyList": [],
        }));
        assert_eq!(mismatch(&sent, &stands, &ImportRules::default()), [] as [&str; 0]);
    }

    #[test]
    fn what_was_sent_and_is_not_there_is_told() {
        let sent = definition(json!({
            "scheduleList": [{"name": "P", "startTime": "06:00", "jobList": [{"name": "A"}, {"name": "B"}]}],
            "scriptList": [{"data": {"name": "S"}, "versionList": [{"version": 2, "content": "b"}]}],
        }));
        let stands = definition(json!({
            "scheduleList": [{"name": "P", "startTime": "07:00", "jobList": [{"name": "A"}, {"name": "C"}]}],
            "scriptList": [],
        }));
        let lines = mismatch(&sent, &stands, &ImportRules::default()).join("\n");
        for word in ["startTime", "06:00", "07:00", "`B`", "`C`", "S"] {
            assert!(lines.contains(word.trim_matches('`')), "{word} in\n{lines}");
        }
        let rules = ImportRules { exclude_scripts: true, ..ImportRules::default() };
        assert!(!mismatch(&sent, &stands, &rules).join("\n").contains("script"));
    }

    #[test]
    fn options_decide_their_fields() {
        let sent = definition(json!({"scheduleList": [{"name": "P", "autoBuildDays": "1",
            "instancePropertiesList": ["A=1"]}]}));
        let stands = definition(json!({"scheduleList": [{"name": "P", "autoBuildDays": "7",
            "autoBuildDaysInAdvance": "2", "instancePropertiesList": ["A=2"]}]}));
        assert!(!mismatch(&sent, &stands, &ImportRules::default()).is_empty());
        let rules = ImportRules {
            auto_build: Some(crate::opcon::AutoBuild { days: 7, advance: 2 }),
            update_schedule_instance_properties: false,
            ..ImportRules::default()
        };
        assert_eq!(mismatch(&sent, &stands, &rules), [] as [&str; 0]);
    }
}
