//! Tags that change values where they stand.

use serde_json::{Map, Value};

use super::{Run, like, text_of};
use crate::rules::document::{Owner, items, items_mut, name_of};
use crate::rules::recorder::Change;
use crate::rules::tags::place::{Place, Scope, Site, visit_all};

impl Run<'_> {
    /// Replaces text at the tag's places.
    pub(super) fn texts(&mut self) {
        let request = self.request;
        let matcher = request.matcher();
        let when = request.tag.when.as_deref();
        self.places(&mut |site, changes| {
            if when.is_some_and(|flag| !is_set(site.holder.get(flag))) {
                return;
            }
            site.leaves(&mut |pointer, value| {
                let Some(new) = text_of(value).and_then(|text| matcher.apply(&text)) else {
                    return;
                };
                let new = like(value, new);
                if new != *value {
                    let old = std::mem::replace(value, new.clone());
                    changes.push(Change { pointer: pointer(), old: Some(old), new: Some(new) });
                }
            });
        });
    }

    /// Visits the tag's places of schedules, jobs and (where the call is for all) the top.
    pub(super) fn places(&mut self, visit: &mut dyn FnMut(&mut Site<'_>, &mut Vec<Change>)) {
        let request = self.request;
        let of = |scope: Scope| -> Vec<((), &Place)> {
            request.tag.places.iter().filter(|place| place.scope == scope).map(|place| ((), place)).collect()
        };
        let (top, schedule, job) = (of(Scope::Top), of(Scope::Schedule), of(Scope::Job));
        if !top.is_empty() {
            let options = &request.options;
            self.top(&mut |_, value, changes| {
                for (_, place) in &top {
                    place.visit(value, &mut |site| {
                        let fits = |wanted: &Option<super::Wildcard>, key: &str| {
                            wanted.as_ref().is_none_or(|wanted| {
                                site.beside(key).is_some_and(|name| wanted.matches(name))
                            })
                        };
                        if fits(&options.schedule, "scheduleName") && fits(&options.job, "jobName") {
                            visit(site, changes);
                        }
                    });
                }
            });
        }
        self.each(!schedule.is_empty(), !job.is_empty(), &mut |owner, value, changes| {
            let places = if matches!(owner, Owner::Job(..)) { &job } else { &schedule };
            visit_all(places, value, &mut |(), _, site| visit(site, changes));
        });
    }

    /// Replaces two values at once: two fields, or one that holds both.
    pub(super) fn pairs(&mut self) {
        let request = self.request;
        let mut keys = request.tag.places.iter();
        let (Some(first), second) = (keys.next(), keys.next().map(Place::last_key)) else {
            return;
        };
        let split = |pair: &str| -> (String, String) {
            let (a, b) = pair.split_once(',').unwrap_or((pair, ""));
            (a.trim().to_owned(), b.trim().to_owned())
        };
        let (current, new) = (split(&request.current), split(&request.new));
        self.each(false, true, &mut |_, value, changes| {
            first.visit(value, &mut |site| {
                let key = site.key;
                let Some(text) = site.beside(key) else {
                    return;
                };
                let other = second.and_then(|second| site.beside(second));
                if let (Some(other), Some(second)) = (other, second) {
                    if text == current.0 && other == current.1 {
                        set(site, key, new.0.clone(), changes);
                        set(site, second, new.1.clone(), changes);
                    }
                } else if split(text) == current {
                    set(site, key, format!("{},{}", new.0, new.1), changes);
                }
            });
        });
    }

    /// Moves the name of a machine to the group, or the other way round.
    pub(super) fn move_machine(&mut self, to: &str) {
        let matcher = self.request.matcher();
        self.places(&mut |site, changes| {
            let key = site.key;
            if let Some(new) = site.beside(key).and_then(|text| matcher.apply(text)) {
                set(site, key, String::new(), changes);
                set(site, to, new, changes);
            }
        });
    }

    /// Replaces a department; without a current value it waits for a prefix.
    pub(super) fn department(&mut self) {
        self.session.departments.push((self.request.clone(), self.line));
        if !self.request.current.is_empty() {
            self.texts();
        }
    }

    /// Replaces or adds a job tag.
    pub(super) fn job_tags(&mut self) {
        let request = self.request;
        if request.current != request.new {
            return self.texts();
        }
        let key = request.tag.places.first().map_or("tagList", Place::last_key);
        let mut already = false;
        self.each(false, true, &mut |_, job, changes| {
            if let Some(job) = job.as_object_mut() {
                let before = changes.len();
                add_to_list(job, key, &request.new, changes);
                already |= changes.len() == before;
            }
        });
        self.already |= already;
    }

    /// Adds a role to the definition.
    pub(super) fn add_role(&mut self) {
        let name = self.request.new.clone();
        self.top(&mut |_, top, changes| {
            let list = top
                .as_object_mut()
                .map(|top| top.entry("roleList").or_insert_with(|| Value::Array(Vec::new())));
            let Some(Value::Array(roles)) = list else {
                return;
            };
            if roles.iter().any(|role| role.get("name").and_then(Value::as_str) == Some(&name)) {
                return;
            }
            let role = serde_json::json!({ "name": name });
            roles.push(role.clone());
            let pointer = format!("/roleList/{}", roles.len() - 1);
            changes.push(Change { pointer, old: None, new: Some(role) });
        });
        let name = self.request.new.as_str();
        let has_it = items(&self.session.document, "roleList").iter().any(|role| name_of(role) == Some(name));
        if self.count == 0 && has_it {
            self.already = true;
            self.session.recorder.note(self.line, format!("the definition already has the role `{name}`"));
        }
    }

    /// Puts the target's frequencies in the place of those of the same name.
    pub(super) fn use_existing_frequencies(&mut self) {
        let context = std::sync::Arc::clone(&self.session.context);
        let Some(known) = context.frequencies.as_ref() else {
            let text = "the frequencies of the target are not known here: those of the definition stay";
            self.session.recorder.note(self.line, text);
            return;
        };
        let names: Vec<Option<String>> = items(&self.session.document, "scheduleList")
            .iter()
            .map(|schedule| name_of(schedule).map(str::to_owned))
            .collect();
        self.each(true, true, &mut |owner, value, changes| {
            let (schedule, job) = match owner {
                Owner::Schedule(at) => (names.get(at).cloned().flatten(), None),
                Owner::Job(at, _) => {
                    let name = value.get("name").and_then(Value::as_str).map(str::to_owned);
                    (names.get(at).cloned().flatten(), name)
                }
                Owner::Top => return,
            };
            let schedule = schedule.unwrap_or_default();
            for (at, item) in items_mut(value, "frequencyList").iter_mut().enumerate() {
                let Some(name) = item.get("name").and_then(Value::as_str) else {
                    continue;
                };
                let Some(theirs) = known.find(&schedule, job.as_deref(), name) else {
                    continue;
                };
                let mut new = theirs.clone();
                if let (Some(new), Some(flag)) = (new.as_object_mut(), item.get("isScheduleDefined")) {
                    new.insert("isScheduleDefined".to_owned(), flag.clone());
                }
                if new != *item {
                    let old = std::mem::replace(item, new.clone());
                    let pointer = format!("/frequencyList/{at}");
                    changes.push(Change { pointer, old: Some(old), new: Some(new) });
                }
            }
        });
    }
}

/// Adds a text to a list of texts, where it is not yet in it.
pub(crate) fn add_to_list(job: &mut Map<String, Value>, key: &str, text: &str, changes: &mut Vec<Change>) {
    let list = job.entry(key).or_insert_with(|| Value::Array(Vec::new()));
    if list.is_null() {
        *list = Value::Array(Vec::new());
    }
    let Value::Array(list) = list else {
        return;
    };
    let is_it = |item: &Value| item == text || item.get("name").is_some_and(|name| name == text);
    if !list.iter().any(is_it) {
        let new = match list.first() {
            Some(Value::Object(_)) => serde_json::json!({ "name": text }),
            _ => Value::String(text.to_owned()),
        };
        list.push(new.clone());
        let pointer = format!("/{key}/{}", list.len() - 1);
        changes.push(Change { pointer, old: None, new: Some(new) });
    }
}

fn set(site: &mut Site<'_>, key: &str, text: String, changes: &mut Vec<Change>) {
    let new = Value::String(text);
    if site.holder.get(key) == Some(&new) {
        return;
    }
    let pointer = site.pointer_to(key);
    let old = site.holder.insert(key.to_owned(), new.clone());
    changes.push(Change { pointer, old, new: Some(new) });
}

/// Whether a flag is on, however it is written.
pub(crate) fn is_set(flag: Option<&Value>) -> bool {
    matches!(flag, Some(Value::Bool(true))) || flag.and_then(Value::as_str) == Some("true")
}
