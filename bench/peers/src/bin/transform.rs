//! `transform FROM TO`: the replacements of `bench/rules/calls.rhai` by hand: each file is
//! parsed, walked, and written again with two blanks of indentation, on all cores. It checks
//! nothing, traces nothing and sorts nothing.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use rayon::prelude::*;
use serde_json::Value;

const MACHINES: &[&str] = &["primaryMachine", "alternateMachine1", "alternateMachine2", "alternateMachine3"];
const PARTS: &[(&str, &[(&str, &str)])] = &[
    (
        "commandLine",
        &[
            ("-env DEV", "-env PRD"),
            ("\\\\devfs01\\", "\\\\prdfs01\\"),
            ("\\\\devfs02\\", "\\\\prdfs02\\"),
            ("\\Dev\\", "\\Prd\\"),
        ],
    ),
    ("workingDirectory", &[("\\Dev\\", "\\Prd\\")]),
    ("startImage", &[("/opt/dev/", "/opt/prd/")]),
    ("parameters", &[("--env=dev", "--env=prd")]),
    ("userId", &[("DEVDOM\\", "PRDDOM\\")]),
];
/// Prefixes of the names of resources and thresholds, which get another before them.
const NAMES: &[&str] = &["RES_", "THR_"];
const PREFIX: &str = "Q_";

fn main() -> ExitCode {
    let paths: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [from, to] = paths.as_slice() else { return ExitCode::FAILURE };
    let Ok(entries) = std::fs::read_dir(from) else { return ExitCode::FAILURE };
    let files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    let done = std::fs::create_dir_all(to).is_ok() && files.par_iter().all(|file| one(file, to).is_some());
    if done { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn one(file: &Path, to: &Path) -> Option<()> {
    let mut value: Value = serde_json::from_slice(&std::fs::read(file).ok()?).ok()?;
    top(&mut value);
    let mut bytes = serde_json::to_vec_pretty(&value).ok()?;
    bytes.push(b'\n');
    std::fs::write(to.join(file.file_name()?), bytes).ok()
}

fn top(definition: &mut Value) {
    for property in list(definition, "propertyList") {
        let new = match (property["name"].as_str(), property["value"].as_str()) {
            (Some("ENV_NAME"), Some("DEV")) => Some("PRD"),
            (Some("API_URL"), Some("https://api.dev.corp.example:9010/api")) => {
                Some("https://api.corp.example:9010/api")
            }
            _ => None,
        };
        if let Some(new) = new {
            property["value"] = new.into();
        }
    }
    list(definition, "variableList").for_each(|variable| prefix(&mut variable["name"]));
    for schedule in list(definition, "scheduleList") {
        if schedule["startTime"] == "06:00" {
            schedule["startTime"] = "07:00".into();
        }
        for job in list(schedule, "jobList") {
            for tag in list(job, "tagList").filter(|tag| **tag == "dev") {
                *tag = "prd".into();
            }
        }
    }
    walk(definition);
}

fn list<'v>(value: &'v mut Value, key: &str) -> impl Iterator<Item = &'v mut Value> {
    value.get_mut(key).and_then(Value::as_array_mut).into_iter().flatten()
}

fn prefix(name: &mut Value) {
    if let Value::String(name) = name {
        prefix_text(name);
    }
}

fn prefix_text(name: &mut String) {
    if NAMES.iter().any(|begin| name.starts_with(begin)) {
        name.insert_str(0, PREFIX);
    }
}

/// The replacements that go by the key.
fn walk(value: &mut Value) {
    match value {
        Value::Object(map) => {
            for (key, value) in map.iter_mut() {
                if let Value::String(text) = value {
                    by_key(key, text);
                } else {
                    walk(value);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(walk),
        _ => {}
    }
}

fn by_key(key: &str, text: &mut String) {
    if MACHINES.contains(&key) {
        for (old, new) in
            [("WINDEV", "WINPRD"), ("UNXDEV", "UNXPRD"), ("SQLDEV", "SQLPRD"), ("IBMIDEV", "IBMIPRD")]
        {
            part(text, old, new);
        }
    } else if key == "machineGroup" {
        if matches!(text.as_str(), "GRP_WIN_DEV" | "GRP_UNX_DEV") {
            *text = text.replace("DEV", "PRD");
        }
    } else if let Some((_, parts)) = PARTS.iter().find(|(name, _)| *name == key) {
        parts.iter().for_each(|(old, new)| part(text, old, new));
    } else if matches!(key, "resourceName" | "thresholdName") {
        prefix_text(text);
    } else if key == "event" {
        event(text);
    }
}

fn part(text: &mut String, old: &str, new: &str) {
    if text.contains(old) {
        *text = text.replace(old, new);
    }
}

/// The name of the resource or threshold that an event sets.
fn event(text: &mut String) {
    if !text.starts_with("$RESOURCE:") && !text.starts_with("$THRESHOLD:") {
        return;
    }
    if let Some((action, rest)) = text.split_once(',')
        && NAMES.iter().any(|begin| rest.starts_with(begin))
    {
        *text = format!("{action},{PREFIX}{rest}");
    }
}
