//! The definition while rules work on it.
//!
//! Items keep their index until the last rule is done: one that is removed leaves a
//! `null` behind, which every walk passes over and [`sweep`] takes away.

use serde_json::{Map, Value};

/// Whose a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Owner {
    Top,
    Schedule(usize),
    Job(usize, usize),
}

pub(crate) fn items<'v>(value: &'v Value, list: &str) -> &'v [Value] {
    value.get(list).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

pub(crate) fn items_mut<'v>(value: &'v mut Value, list: &str) -> &'v mut [Value] {
    value.get_mut(list).and_then(Value::as_array_mut).map(Vec::as_mut_slice).unwrap_or_default()
}

pub(crate) fn name_of(value: &Value) -> Option<&str> {
    value.get("name").and_then(Value::as_str)
}

impl Owner {
    pub(crate) fn get(self, document: &Value) -> Option<&Value> {
        match self {
            Self::Top => Some(document),
            Self::Schedule(schedule) => items(document, "scheduleList").get(schedule),
            Self::Job(schedule, job) => {
                items(items(document, "scheduleList").get(schedule)?, "jobList").get(job)
            }
        }
    }

    pub(crate) fn get_mut(self, document: &mut Value) -> Option<&mut Value> {
        match self {
            Self::Top => Some(document),
            Self::Schedule(schedule) => items_mut(document, "scheduleList").get_mut(schedule),
            Self::Job(schedule, job) => {
                items_mut(items_mut(document, "scheduleList").get_mut(schedule)?, "jobList").get_mut(job)
            }
        }
    }

    /// The names of the schedule and the job.
    pub(crate) fn names(self, document: &Value) -> (Option<String>, Option<String>) {
        let name = |owner: Self| owner.get(document).and_then(name_of).map(str::to_owned);
        match self {
            Self::Top => (None, None),
            Self::Schedule(_) => (name(self), None),
            Self::Job(schedule, _) => (name(Self::Schedule(schedule)), name(self)),
        }
    }
}

/// The value under a JSON pointer, made where it is missing (objects only).
pub(crate) fn make<'v>(value: &'v mut Value, pointer: &str) -> Option<&'v mut Value> {
    let mut at = value;
    for key in pointer.split('/').skip(1) {
        let key = key.replace("~1", "/").replace("~0", "~");
        at = match at {
            Value::Array(items) => items.get_mut(key.parse::<usize>().ok()?)?,
            Value::Object(map) => map.entry(key).or_insert(Value::Null),
            Value::Null => {
                *at = Value::Object(Map::new());
                at.as_object_mut()?.entry(key).or_insert(Value::Null)
            }
            _ => return None,
        };
    }
    Some(at)
}

/// Takes away what was removed.
pub(crate) fn sweep(document: &mut Value, lists: &[(Owner, &'static str)]) {
    // Innermost first, so that the indexes of outer items still hold.
    let mut lists = lists.to_vec();
    lists.sort_by_key(|(owner, _)| std::cmp::Reverse(matches!(owner, Owner::Job(..))));
    for (owner, list) in lists {
        if let Some(Value::Array(items)) = owner.get_mut(document).and_then(|owner| owner.get_mut(list)) {
            items.retain(|item| !item.is_null());
        }
    }
}
