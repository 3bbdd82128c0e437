//! A definition as indented lines for line-by-line comparison: what `git diff`
//! and `git log -p` show instead of the JSON.
//!
//! Noise and the header are left out, encrypted values are hidden, and every
//! job begins a line of its own that git can show above its changes.

use serde_json::{Map, Value};

use super::form::{self, Node, Order, Part};
use super::{Definition, hide_encrypted};

/// The lines of a definition.
pub fn to_lines(definition: &Definition) -> String {
    let mut out = String::new();
    for schedule in definition.schedules() {
        let node = Node::root().child("scheduleList");
        write_item(&mut out, "schedule", schedule, &["name"], node, 0);
    }
    for (key, value) in sorted(definition.value().as_object()) {
        if key != "scheduleList" && matches!(form::part(key), Part::Own | Part::Shared) {
            write_field(&mut out, key, value, Node::root().child(key), 0);
        }
    }
    out
}

fn sorted(map: Option<&Map<String, Value>>) -> Vec<(&String, &Value)> {
    let mut entries: Vec<_> =
        map.into_iter().flatten().filter(|(key, value)| !form::is_noise(key, value)).collect();
    // Plain fields before lists, so that a thing's own fields stand together.
    entries.sort_by_key(|(key, value)| (value.is_array(), *key));
    entries
}

fn line(out: &mut String, depth: usize, text: &str) {
    out.extend(std::iter::repeat_n("  ", depth));
    out.push_str(text.trim_end());
    out.push('\n');
}

/// `jobList` holds things called `job`.
fn singular(list: &str) -> &str {
    list.strip_suffix("sList").or_else(|| list.strip_suffix("List")).unwrap_or(list)
}

fn write_field(out: &mut String, name: &str, value: &Value, node: &Node, depth: usize) {
    match value {
        Value::Array(items) if items.iter().all(|item| !item.is_object() && !item.is_array()) => {
            for item in items {
                line(out, depth, &format!("{}: {}", singular(name), scalar(item)));
            }
        }
        Value::Array(items) => {
            let key = match node.order() {
                Order::Set(key) => key,
                Order::Kept => &["name"],
            };
            items.iter().for_each(|item| write_item(out, singular(name), item, key, node, depth));
        }
        Value::Object(map) => {
            for (key, value) in sorted(Some(map)) {
                write_field(out, &format!("{name}.{key}"), value, node.child(key), depth);
            }
        }
        value => line(out, depth, &format!("{name}: {}", scalar(value))),
    }
}

/// A thing of a list: its name, and its fields below.
fn write_item(out: &mut String, kind: &str, item: &Value, key: &[&str], node: &Node, depth: usize) {
    let item = hide_encrypted(item);
    let names = key.iter().filter_map(|path| form::field(&item, path)).map(scalar);
    let names: Vec<String> = names.filter(|name| !name.is_empty()).collect();
    // Jobs stand at the margin: they are the headings of the text.
    let depth = if kind == "job" { 0 } else { depth };
    line(out, depth, &format!("{kind} {}", names.join(" ")));
    for (field, value) in sorted(item.as_object()) {
        if !key.contains(&field.as_str()) {
            write_field(out, field, value, node.child(field), depth + 1);
        }
    }
}

fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) if text.chars().any(char::is_control) => text.escape_debug().to_string(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn jobs_are_headings_and_secrets_are_hidden() {
        let definition = Definition::read(
            br#"{"descriptionList":["Export Date : 2026-01-01"],
                 "scheduleList":[{"name":"P","id":"7","startTime":"06:00","jobList":[
                   {"name":"B","type":"Windows","windowsData":{"commandLine":"a\nb"},"tagList":["x"]},
                   {"name":"A","frequencyList":[{"name":"AllDays","startOffset":"01:00"}]}]}],
                 "propertyList":[{"name":"PW","value":"geheim","encrypted":true}]}"#,
        );
        let text = to_lines(&definition.unwrap());
        let expected = "schedule P\n  startTime: 06:00\njob A\n  frequency AllDays\n    startOffset: 01:00\n\
                        job B\n  type: Windows\n  windowsData.commandLine: a\\nb\n  tag: x\n\
                        property PW\n  encrypted: true\n  value: (encrypted)\n";
        assert_eq!(text, expected);
    }
}
