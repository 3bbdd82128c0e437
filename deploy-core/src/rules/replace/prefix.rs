//! Prefixes of all names: `Move_Schedule_Package` and `environment`.

use std::collections::HashSet;
use std::sync::Arc;

use serde_json::Value;

use super::names::Places;
use super::{Options, Request, Run, Unmatched};
use crate::rules::document::{Owner, items, name_of};
use crate::rules::events::NameKind;
use crate::rules::recorder::Change;
use crate::rules::session::{Prefix, Session};
use crate::rules::trace::Level;

const MOVED: &[NameKind] =
    &[NameKind::Schedule, NameKind::Frequency, NameKind::Property, NameKind::Resource, NameKind::Threshold];

const PREFIXED: &[NameKind] = &[
    NameKind::Schedule,
    NameKind::Property,
    NameKind::Resource,
    NameKind::Threshold,
    NameKind::Script,
    NameKind::Machine,
];

impl Run<'_> {
    /// Adds, replaces or removes the prefix of a moved package.
    pub(super) fn move_package(&mut self) {
        let request = self.request;
        let table = Arc::clone(&self.session.settings.tags);
        let known = known_names(&self.session.document);
        self.rename(&Places::of(&table, MOVED, None), None, &mut |named| {
            let is_system = named.kind == NameKind::Property && named.name.starts_with('$');
            if is_system || (!named.certain && !known.contains(named.name)) {
                return None;
            }
            let rest = named.name.strip_prefix(request.current.as_str())?;
            (!rest.is_empty()).then(|| format!("{}{rest}", request.new))
        });
    }

    fn prefix(&mut self) {
        let prefix = self.request.new.as_str();
        let table = Arc::clone(&self.session.settings.tags);
        let known = known_names(&self.session.document);
        self.rename(&Places::of(&table, PREFIXED, None), None, &mut |named| {
            if named.name.is_empty() || (!named.certain && !known.contains(named.name)) {
                return None;
            }
            match named.kind {
                NameKind::Property if named.name.starts_with('$') => Some(format!("{}_{prefix}", named.name)),
                _ => Some(format!("{prefix}_{}", named.name)),
            }
        });
    }
}

/// Applies a prefix after all rules.
pub(crate) fn apply_environment(session: &mut Session, prefix: &Prefix) {
    let table = Arc::clone(&session.settings.tags);
    let Some(tag) = table.get("environment") else {
        return;
    };
    let (name, version) = prefix.rule.clone().unwrap_or_else(|| ("environment".to_owned(), None));
    session.recorder.begin_rule(Level::Environment, &name, version.as_deref());
    let options = Options { unmatched: Some(Unmatched::Optional), ..Default::default() };
    let request =
        Request { tag: Arc::clone(tag), current: String::new(), new: prefix.prefix.clone(), options };
    let call = session.recorder.begin_call(0, request.what());
    Run { session, request: &request, call, count: 0, already: false, too_long: false, line: 0 }.prefix();
}

/// Sets departments where a prefix is used and a job has none.
pub(crate) fn apply_departments(session: &mut Session) {
    for (request, line) in std::mem::take(&mut session.departments) {
        let call = session.recorder.begin_call(line, request.what());
        let mut run =
            Run { session, request: &request, call, count: 0, already: false, too_long: false, line };
        run.each(false, true, &mut |_, job, changes| {
            let Some(job) = job.as_object_mut() else {
                return;
            };
            let is_empty = job.get("departmentName").is_none_or(|name| name == "" || name.is_null());
            if is_empty {
                let new = Value::String(request.new.clone());
                let old = job.insert("departmentName".to_owned(), new.clone());
                changes.push(Change { pointer: "/departmentName".to_owned(), old, new: Some(new) });
            }
        });
    }
}

/// The schedules and machines of the definition, by which a qualifier of a token is known.
fn known_names(document: &Value) -> HashSet<String> {
    let mut known = HashSet::new();
    for at in 0..items(document, "scheduleList").len() {
        let Some(schedule) = Owner::Schedule(at).get(document) else {
            continue;
        };
        known.extend(name_of(schedule).map(str::to_owned));
        for job in items(schedule, "jobList") {
            for key in ["primaryMachine", "alternateMachine1", "alternateMachine2", "alternateMachine3"] {
                known.extend(job.get(key).and_then(Value::as_str).map(str::to_owned));
            }
        }
    }
    known.remove("");
    known
}
