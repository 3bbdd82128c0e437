//! One definition after the other, on all cores: read once, compared with its
//! canonical form, validated; what the checks across files need is kept, the
//! definition is not.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;
use serde_json::Value;

use super::code;
use super::finding::Finding;
use super::shared::{Shared, seen_in};
use crate::definition::{Definition, ReadError, decode, encode, sub_schedule, validate::validate};
use crate::repository::Repository;
use crate::repository::files::{File, Reader};
use crate::repository::format::{Buffers, CONFLICT, conflict_line};

/// What is kept of a definition.
#[derive(Debug, Default)]
pub(super) struct Facts {
    /// The schedule in it; none where it could not be read.
    pub(super) name: Option<String>,
    /// Its jobs ([`job_id`]), sorted.
    pub(super) jobs: Vec<u64>,
    /// What it needs of others.
    pub(super) needs: Vec<Need>,
    pub(super) findings: Vec<Finding>,
}

/// A schedule, or a job of one, that a definition refers to.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Need {
    pub(super) schedule: String,
    /// The job depended on; none where a container job runs the schedule.
    pub(super) job: Option<String>,
    /// The job that needs it.
    pub(super) by: String,
    /// Where that is said.
    pub(super) pointer: String,
}

/// A job name as a number: ten thousand schedules have a million of them.
pub(super) fn job_id(name: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    hasher.finish()
}

/// Looks at all definitions; the facts in the order of the files.
pub(super) fn examine(
    repository: &Repository,
    files: &[(&File, &str)],
    shared: &Mutex<Shared>,
    done: &AtomicUsize,
) -> Vec<Facts> {
    let git_dir = repository.git2().path().to_path_buf();
    files
        .par_iter()
        .enumerate()
        .map_init(
            || (Reader::new(&git_dir), Buffers::default()),
            |(reader, buffers), (number, (file, stem))| {
                let facts = match reader.read(file, &mut buffers.bytes) {
                    Ok(()) => look_at(number, &file.path, stem, buffers, shared),
                    Err(error) => {
                        let finding = Finding::new(code::UNREADABLE, &file.path, error.to_string());
                        Facts { findings: vec![finding], ..Facts::default() }
                    }
                };
                done.fetch_add(1, Ordering::Relaxed);
                facts
            },
        )
        .collect()
}

fn look_at(number: usize, path: &str, stem: &str, buffers: &mut Buffers, shared: &Mutex<Shared>) -> Facts {
    let (definition, canonical) = match buffers.definition() {
        Ok(read) => read,
        Err(error) => return unreadable(path, &buffers.bytes, &error),
    };
    let mut facts = Facts::default();
    if !canonical {
        facts.findings.push(not_canonical(path, &buffers.bytes, &buffers.canonical));
    }
    match definition.names().as_slice() {
        [name] => {
            if encode(name) != stem {
                facts.findings.push(name_mismatch(path, stem, name));
            }
            facts.name = Some((*name).to_owned());
        }
        names => {
            let message =
                format!("holds {} schedules; `opcon-deploy import --file` splits them", names.len());
            facts
                .findings
                .push(Finding::new(code::SEVERAL_SCHEDULES, path, message).pointer("/scheduleList"));
        }
    }
    let found = validate(&definition).into_iter().map(|found| Finding {
        code: found.code,
        severity: found.severity,
        pointer: Some(found.pointer),
        ..Finding::new(code::JSON, path, found.message)
    });
    facts.findings.extend(found);
    references(&definition, &mut facts);
    let seen = seen_in(definition.value());
    if let Ok(mut shared) = shared.lock() {
        shared.add(number, seen);
    }
    facts
}

/// The finding for bytes that are no definition.
fn unreadable(path: &str, bytes: &[u8], error: &ReadError) -> Facts {
    let finding = match (conflict_line(bytes), error) {
        (Some(line), _) => conflict(path, line),
        (None, ReadError::Json { message, line, column }) => {
            Finding::new(code::JSON, path, message).at(*line, *column)
        }
        (None, ReadError::Empty | ReadError::Utf16 | ReadError::NotUtf8 { .. }) => {
            Finding::new(code::JSON, path, error.to_string()).at(1, 1)
        }
        (None, _) => Finding::new(code::NOT_A_DEFINITION, path, error.to_string()),
    };
    Facts { findings: vec![finding], ..Facts::default() }
}

pub(super) fn conflict(path: &str, line: usize) -> Finding {
    Finding::new(code::CONFLICT, path, CONFLICT).at(line, 1)
}

fn not_canonical(path: &str, bytes: &[u8], canonical: &[u8]) -> Finding {
    let same = bytes.iter().zip(canonical).take_while(|(a, b)| a == b).count();
    let line = 1 + bytes[..same].iter().filter(|byte| **byte == b'\n').count();
    let start = bytes[..same].iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let column = 1 + String::from_utf8_lossy(&bytes[start..same]).chars().count();
    let message = format!("not in canonical form from here on; `opcon-deploy fmt \"{path}\"` writes it");
    Finding::new(code::NOT_CANONICAL, path, message).at(line, column)
}

fn name_mismatch(path: &str, stem: &str, name: &str) -> Finding {
    let message = match decode(stem) {
        Some(file) => {
            format!(
                "the file is called `{file}`, the schedule in it `{name}`, which belongs into `{}.json`",
                encode(name)
            )
        }
        None => format!("schedule `{name}` belongs into a file called `{}.json`", encode(name)),
    };
    Finding::new(code::NAME_MISMATCH, path, message).pointer("/scheduleList/0/name")
}

/// The jobs of the definition, and what they need of other schedules.
fn references(definition: &Definition, facts: &mut Facts) {
    for (at, schedule) in definition.schedules().iter().enumerate() {
        for (number, job) in list(schedule, "jobList").iter().enumerate() {
            let Some(name) = job["name"].as_str() else { continue };
            facts.jobs.push(job_id(name));
            if let Some(other) = sub_schedule(job).filter(|other| is_literal(other)) {
                facts.needs.push(Need {
                    schedule: other.to_owned(),
                    job: None,
                    by: name.to_owned(),
                    pointer: format!("/scheduleList/{at}/jobList/{number}"),
                });
            }
        }
    }
    facts.jobs.sort_unstable();
    let text = |item: &Value, key: &str| {
        item[key].as_str().filter(|text| !text.is_empty() && is_literal(text)).map(str::to_owned)
    };
    for (at, item) in list(definition.value(), "externalDependencyList").iter().enumerate() {
        if let (Some(schedule), Some(job)) =
            (text(item, "predecessorScheduleName"), text(item, "predecessorJobName"))
        {
            facts.needs.push(Need {
                schedule,
                job: Some(job),
                by: item["jobName"].as_str().unwrap_or_default().to_owned(),
                pointer: format!("/externalDependencyList/{at}"),
            });
        }
    }
}

/// Whether a name is what it says: tokens are filled in at run time.
fn is_literal(name: &str) -> bool {
    !name.contains("[[") && !name.contains("{{")
}

fn list<'v>(owner: &'v Value, key: &str) -> &'v [Value] {
    owner.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}
