//! Storing scripts: one commit for the request, or none.

use std::collections::HashMap;

use super::plan::{Conflict, Incoming, Plan};
use super::{ScriptError, ScriptFile, folder};
use crate::definition::{ScriptName, decode};
use crate::repository::Repository;
use crate::repository::change::{Change, Committed, Content};
use crate::repository::layout::SCRIPTS;
use crate::repository::package::CommitOptions;

/// What came of storing scripts.
#[derive(Debug)]
pub struct ScriptsImported {
    /// What was done with each, those included with which nothing was to be done.
    pub plans: Vec<Plan>,
    /// The commit; `None` where there was nothing new.
    pub committed: Option<Committed>,
}

/// Stores scripts. A number that is stored with other content stops everything,
/// unless `reset` replaces all stored versions by those that come; `show` sees
/// the plans before anything is written.
pub fn import(
    repository: &Repository,
    incoming: &[Incoming],
    reset: bool,
    options: &CommitOptions,
    trailers: &[(String, String)],
    show: &dyn Fn(&[Plan]),
    waiting: &dyn Fn(),
) -> Result<ScriptsImported, ScriptError> {
    let mut change = Change::begin(repository, &options.destination, waiting)?;
    let mut plans = Vec::new();
    let mut conflicts: Vec<Conflict> = Vec::new();
    let mut names: HashMap<String, &str> = HashMap::new();
    for script in incoming {
        ScriptName::new(script.name.clone())?;
        match names.insert(script.name.to_lowercase(), &script.name) {
            Some(other) if other == script.name => {
                return Err(ScriptError::Twice {
                    name: script.name.clone(),
                    incoming: script.source.clone(),
                });
            }
            Some(other) => {
                return Err(ScriptError::CaseClash { name: script.name.clone(), other: other.to_owned() });
            }
            None => {}
        }
        if let Some(other) = same_but_for_case(&change, &script.name)? {
            return Err(ScriptError::CaseClash { name: script.name.clone(), other });
        }
        let folder = folder(&script.name);
        let path = format!("{folder}/script.toml");
        let before = change.read(&path)?.map(|bytes| ScriptFile::read(&path, &bytes)).transpose()?;
        let stored = |file: &str| change.read(&format!("{folder}/{file}"));
        match Plan::make(script, before.as_ref(), &stored, reset)? {
            Ok(plan) => plans.push(plan),
            Err(found) => conflicts.extend(found),
        }
    }
    if !conflicts.is_empty() {
        return Err(ScriptError::Conflicts(conflicts));
    }
    show(&plans);
    for plan in plans.iter().filter(|plan| !plan.is_empty()) {
        let folder = folder(&plan.name);
        for (file, content) in &plan.writes {
            change.put(format!("{folder}/{file}"), Content::Bytes(content.clone()));
        }
        plan.deletes.iter().for_each(|file| change.remove(format!("{folder}/{file}")));
        let text = toml::to_string(&plan.file)?;
        change.put(format!("{folder}/script.toml"), Content::Bytes(text.into_bytes()));
    }
    let changed: Vec<&Plan> = plans.iter().filter(|plan| !plan.is_empty()).collect();
    if changed.is_empty() {
        return Ok(ScriptsImported { plans, committed: None });
    }
    let mut message = match (&options.message, changed.as_slice()) {
        (Some(message), _) => message.trim_end().to_owned(),
        (None, [one]) => format!("Import script {}: {}", one.name.escape_debug(), one.words()),
        (None, many) => format!("Import {} scripts", many.len()),
    };
    message.push_str("\n\n");
    for (key, value) in trailers {
        message.push_str(&format!("{key}: {value}\n"));
    }
    for plan in &changed {
        message.push_str(&format!("Script: {} | {}\n", crate::definition::encode(&plan.name), plan.words()));
    }
    let committed = change.commit(&message, options.push)?;
    Ok(ScriptsImported { plans, committed })
}

/// A stored script whose name differs in case only: one of them would be lost on Windows and macOS.
fn same_but_for_case(change: &Change<'_>, name: &str) -> Result<Option<String>, git2::Error> {
    let Some(tree) = change.base_tree()? else { return Ok(None) };
    let Some(entry) = tree.get_name(SCRIPTS) else { return Ok(None) };
    let folder = change.repository().git2().find_tree(entry.id())?;
    let mut names = folder.iter().filter_map(|entry| decode(entry.name().ok()?));
    Ok(names.find(|other| other != name && other.to_lowercase() == name.to_lowercase()))
}
