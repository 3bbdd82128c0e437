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
/// Keys whose values are names that get the prefix.
const NAMES: &[&str] = &[
    "scheduleName",
    "predecessorScheduleName",
    "frequencyName",
    "predecessorFrequencyName",
    "resourceName",
    "thresholdName",
    "subScheduleName",
];
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
        prefix(&mut property["name"]);
    }
    list(definition, "variableList").for_each(|variable| prefix(&mut variable["name"]));
    for schedule in list(definition, "scheduleList") {
        prefix(&mut schedule["name"]);
        if schedule["startTime"] == "06:00" {
            schedule["startTime"] = "07:00".into();
        }
        list(schedule, "frequencyList").for_each(|frequency| prefix(&mut frequency["name"]));
        for job in list(schedule, "jobList") {
            list(job, "frequencyList").for_each(|frequency| prefix(&mut frequency["name"]));
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
    if let Value::String(name) = name
        && !name.is_empty()
    {
        name.insert_str(0, PREFIX);
    }
}

/// The replacements that go by the key, and the tokens of every text.
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
        Value::String(text) => tokens(text),
        _ => {}
    }
}

fn by_key(key: &str, text: &mut String) {
    if MACHINES.contains(&key) {
        for (old, new) in [("WINDEV", "WINPRD"), ("UNXDEV", "UNXPRD"), ("SQLDEV", "SQLPRD")] {
            part(text, old, new);
        }
        if let Some(rest) = text.strip_prefix("IBMIDEV") {
            *text = format!("IBMIPRD{rest}");
        }
    } else if key == "machineGroup" {
        if matches!(text.as_str(), "GRP_WIN_DEV" | "GRP_UNX_DEV") {
            *text = text.replace("DEV", "PRD");
        }
    } else if let Some((_, parts)) = PARTS.iter().find(|(name, _)| *name == key) {
        parts.iter().for_each(|(old, new)| part(text, old, new));
    } else if NAMES.contains(&key) && !text.is_empty() {
        text.insert_str(0, PREFIX);
    } else if key == "event" {
        event(text);
    }
    tokens(text);
}

fn part(text: &mut String, old: &str, new: &str) {
    if text.contains(old) {
        *text = text.replace(old, new);
    }
}

/// The name of a schedule, property, resource or threshold among the arguments of an event.
fn event(text: &mut String) {
    let at = if text.starts_with("$JOB:") {
        1
    } else if text.starts_with("$SCHEDULE:") {
        1
    } else if text.starts_with("$PROPERTY:")
        || text.starts_with("$RESOURCE:")
        || text.starts_with("$THRESHOLD:")
    {
        0
    } else {
        return;
    };
    if let Some((comma, _)) = text.match_indices(',').nth(at) {
        text.insert_str(comma + 1, PREFIX);
    }
}

/// Names of global properties in `[[NAME]]`; system properties and those with a scope stay.
fn tokens(text: &mut String) {
    if !text.contains("[[") {
        return;
    }
    let mut out = String::with_capacity(text.len() + 8);
    let mut rest = text.as_str();
    while let Some(at) = rest.find("[[") {
        let (before, token) = rest.split_at(at + 2);
        out.push_str(before);
        let name = token.split("]]").next().unwrap_or_default();
        if !name.starts_with(['$', '=']) && !name.contains('.') {
            out.push_str(PREFIX);
        }
        rest = token;
    }
    out.push_str(rest);
    *text = out;
}
