//! Values of another type than their place asks for.

use serde_json::Value;

use super::super::form::{self, Node, Order};
use super::super::read::kind;
use super::{Findings, WRONG_TYPE};

/// Lists that are not sets and yet known to be lists.
const LISTS: &[&str] = &["descriptionList", "instancePropertiesList", "instancePropertyList"];

/// Sets of plain texts.
const TEXTS: &[&str] = &["tagList", "dateList"];

/// Fields that are texts wherever they are known.
const NAMED: &[&str] = &["name", "startTime", "documentation", "type", "primaryMachine", "machineGroup"];

pub(super) fn check(definition: &Value, findings: &mut Findings) {
    check_fields(definition, Node::root(), "", findings);
    for (at, schedule) in super::items(definition, "scheduleList").enumerate() {
        check_texts(schedule, &format!("/scheduleList/{at}"), findings);
        for (number, job) in super::items(schedule, "jobList").enumerate() {
            check_texts(job, &format!("/scheduleList/{at}/jobList/{number}"), findings);
        }
    }
}

fn check_fields(owner: &Value, node: &Node, pointer: &str, findings: &mut Findings) {
    for (key, value) in owner.as_object().into_iter().flatten() {
        let child = node.child(key);
        let is_list = matches!(child.order(), Order::Set(_)) || LISTS.contains(&key.as_str());
        if !is_list {
            continue;
        }
        let pointer = format!("{pointer}/{key}");
        let Some(items) = value.as_array() else {
            if !value.is_null() {
                let message = format!("`{key}` must be a list; this is {}", kind(value));
                findings.add(WRONG_TYPE, pointer, message);
            }
            continue;
        };
        let holds_texts = TEXTS.contains(&key.as_str()) || LISTS.contains(&key.as_str());
        for (at, item) in items.iter().enumerate() {
            let pointer = format!("{pointer}/{at}");
            if holds_texts != item.is_string() || holds_texts == item.is_object() {
                let wanted = if holds_texts { "texts" } else { "objects" };
                let message = format!("`{key}` holds {wanted}; item {} is {}", at + 1, kind(item));
                findings.add(WRONG_TYPE, pointer, message);
            } else {
                check_fields(item, child, &pointer, findings);
            }
        }
    }
}

fn check_texts(owner: &Value, pointer: &str, findings: &mut Findings) {
    for key in NAMED {
        if let Some(value) = form::field(owner, key)
            && !value.is_string()
            && !value.is_null()
        {
            let message = format!("`{key}` must be a text; this is {}", kind(value));
            findings.add(WRONG_TYPE, format!("{pointer}/{key}"), message);
        }
    }
}
