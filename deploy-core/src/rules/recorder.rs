//! Writing the trace while rules run: who changed what, who relays whom, who came too late.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::document::Owner;
use super::replace::Matcher;
use super::trace::{Call, CallRef, Hit, Ignored, Level, Note, RuleTrace, Spot, Trace, What};

/// A change that has been made but not yet written down.
pub(crate) struct Change {
    pub(crate) pointer: String,
    pub(crate) old: Option<Value>,
    pub(crate) new: Option<Value>,
}

/// How many notes of a rule are kept, and how much of each.
const NOTES: usize = 1_000;
const NOTE_LENGTH: usize = 4_000;

/// What the trace shows of a value that is kept encrypted.
pub(crate) const ENCRYPTED: &str = "(encrypted)";

impl Change {
    /// How much the trace grows by it.
    pub(crate) fn weight(&self) -> u64 {
        let bytes = |value: &Option<Value>| value.as_ref().and_then(Value::as_str).map_or(0, str::len);
        256 + (bytes(&self.old) + bytes(&self.new)) as u64
    }

    /// The change without the values, which nobody is to see.
    pub(crate) fn masked(mut self) -> Self {
        for value in [&mut self.old, &mut self.new].into_iter().flatten() {
            match value {
                Value::Object(map) => {
                    map.insert("value".to_owned(), ENCRYPTED.into());
                }
                other => *other = ENCRYPTED.into(),
            }
        }
        self
    }
}

/// A hit, by its place in the trace.
#[derive(Clone, Copy)]
struct HitRef {
    call: CallRef,
    hit: usize,
    owner: Owner,
}

#[derive(Default)]
pub(crate) struct Recorder {
    pub(crate) trace: Trace,
    /// The last hit at each place.
    last: HashMap<(Owner, String), HitRef>,
    /// All hits of a tag.
    by_tag: HashMap<String, Vec<HitRef>>,
    /// Jobs and schedules that a call which named them has taken, by tag.
    taken: HashMap<String, HashMap<Owner, CallRef>>,
}

impl Recorder {
    pub(crate) fn begin_rule(&mut self, level: Level, name: &str, version: Option<&str>) {
        self.trace.rules.push(RuleTrace {
            level,
            name: name.to_owned(),
            version: version.map(str::to_owned),
            calls: Vec::new(),
            notes: Vec::new(),
        });
    }

    pub(crate) fn note(&mut self, line: usize, text: impl Into<String>) {
        let Some(rule) = self.trace.rules.last_mut() else {
            return;
        };
        match rule.notes.len() {
            0..NOTES => rule.notes.push(Note { line, text: text.into().chars().take(NOTE_LENGTH).collect() }),
            NOTES => rule.notes.push(Note { line: 0, text: "more is left out".to_owned() }),
            _ => {}
        }
    }

    /// Begins a call of a tag.
    pub(crate) fn begin_call(&mut self, line: usize, what: What) -> CallRef {
        let rule = self.trace.rules.len().saturating_sub(1);
        let calls = match self.trace.rules.last_mut() {
            Some(rule) => &mut rule.calls,
            None => return CallRef { rule, call: 0 },
        };
        calls.push(Call { line, what, hits: Vec::new(), ignored: Vec::new() });
        CallRef { rule, call: calls.len() - 1 }
    }

    /// The call that stands for the changes of a script's line.
    pub(crate) fn line_call(&mut self, line: usize) -> CallRef {
        let rule = self.trace.rules.len().saturating_sub(1);
        let known = self.trace.rules.last().and_then(|rule| {
            rule.calls.iter().rposition(|call| call.what == What::Script && call.line == line)
        });
        match known {
            Some(call) => CallRef { rule, call },
            None => self.begin_call(line, What::Script),
        }
    }

    fn call_mut(&mut self, at: CallRef) -> Option<&mut Call> {
        self.trace.rules.get_mut(at.rule)?.calls.get_mut(at.call)
    }

    /// Writes down what a call changed below one owner.
    pub(crate) fn hits(
        &mut self,
        at: CallRef,
        owner: Owner,
        names: (Option<String>, Option<String>),
        changes: Vec<Change>,
    ) {
        for change in changes {
            let mut spot =
                Spot { schedule: names.0.clone(), job: names.1.clone(), pointer: change.pointer.clone() };
            if change.pointer == "/name" {
                let old = change.old.as_ref().and_then(Value::as_str).map(str::to_owned);
                match owner {
                    Owner::Schedule(_) => spot.schedule = old,
                    Owner::Job(..) => spot.job = old,
                    Owner::Top => {}
                }
            }
            let call = self.trace.rules.get_mut(at.rule).and_then(|rule| rule.calls.get_mut(at.call));
            let Some(call) = call else {
                return;
            };
            call.hits.push(Hit { spot, old: change.old, new: change.new, relayed: None });
            let reference = HitRef { call: at, hit: call.hits.len() - 1, owner };
            if let What::Tag { tag, .. } = &call.what {
                match self.by_tag.get_mut(tag) {
                    Some(hits) => hits.push(reference),
                    None => {
                        self.by_tag.insert(tag.clone(), vec![reference]);
                    }
                }
            }
            if let Some(before) = self.last.insert((owner, change.pointer), reference)
                && let Some(hit) = self.call_mut(before.call).and_then(|call| call.hits.get_mut(before.hit))
            {
                hit.relayed = Some(at);
            }
        }
    }

    /// Writes down that a call came too late.
    pub(crate) fn ignored(&mut self, at: CallRef, spot: Spot, by: CallRef) {
        if let Some(call) = self.call_mut(at) {
            call.ignored.push(Ignored { spot, by });
        }
    }

    /// Marks a job or schedule as taken by a call that named it.
    pub(crate) fn take(&mut self, tag: &str, owner: Owner, by: CallRef) {
        self.taken.entry(tag.to_owned()).or_default().entry(owner).or_insert(by);
    }

    /// The call that has taken a job or schedule, if one has.
    pub(crate) fn taken(&self, tag: &str, owner: Owner) -> Option<CallRef> {
        if self.taken.is_empty() {
            return None;
        }
        self.taken.get(tag)?.get(&owner).copied()
    }

    /// Finds the values that earlier calls of the same tag changed away from under this one.
    pub(crate) fn find_ignored(
        &mut self,
        at: CallRef,
        tag: &str,
        matcher: Matcher<'_>,
        applies: impl Fn(&Spot) -> bool,
    ) {
        let Some(references) = self.by_tag.get(tag) else {
            return;
        };
        let mut found = Vec::new();
        let mut seen = HashSet::new();
        for reference in references.iter().filter(|reference| reference.call != at) {
            let hit = self.trace.call(reference.call).and_then(|(_, call)| call.hits.get(reference.hit));
            let Some(hit) = hit else {
                continue;
            };
            let matches = |value: &Option<Value>| {
                value.as_ref().and_then(Value::as_str).is_some_and(|text| matcher.matches(text))
            };
            if matches(&hit.old)
                && !matches(&hit.new)
                && hit.relayed != Some(at)
                && applies(&hit.spot)
                && seen.insert((reference.owner, hit.spot.pointer.clone()))
            {
                found.push(Ignored { spot: hit.spot.clone(), by: reference.call });
            }
        }
        if let Some(call) = self.call_mut(at) {
            call.ignored.extend(found);
        }
    }
}
