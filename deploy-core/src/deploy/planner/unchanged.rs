//! Schedules of a package that stand there unchanged: where the settings do not
//! want them written anew, they are sent as they stand, so that nothing but
//! their deployment information changes.

use std::collections::HashMap;

use serde_json::Value;

use super::Shared;
use super::look::Looked;
use crate::definition::form::{SHARED_LISTS, field};
use crate::definition::{Definition, information, items};

/// A shared object, by its list and its name.
type Key = (&'static str, String);

/// What stands there, to be sent again without its deployment information.
pub(super) struct AsItStands {
    bytes: Vec<u8>,
    /// The shared objects in it.
    keys: Vec<Key>,
}

/// Whether the settings leave schedules as they stand.
pub(super) fn is_left(shared: &Shared) -> bool {
    shared.package.is_some() && !shared.settings.deploy.update_unchanged
}

impl AsItStands {
    pub(super) fn of(found: &Definition, planned: &Definition) -> Self {
        let mut value = found.value().clone();
        for schedule in value["scheduleList"].as_array_mut().into_iter().flatten() {
            information::remove(schedule);
        }
        for (list, _) in SHARED_LISTS {
            // A list that is left out of the deployment was taken out of the plan.
            if items(planned.value(), list).next().is_none()
                && let Some(list) = value.get_mut(list)
            {
                *list = Value::Array(Vec::new());
            }
        }
        let keys = keys(&value);
        Self { bytes: Definition::from_sorted(value).to_bytes(), keys }
    }
}

/// Puts what stands there in the place of what was planned.
pub(super) fn leave(looked: &mut [Looked]) {
    if looked.iter().all(|seen| seen.as_it_stands.is_none()) {
        return;
    }
    // What others of the transaction write holds for all of it.
    let written = written(looked);
    for seen in looked {
        let Some(AsItStands { bytes, keys }) = seen.as_it_stands.take() else { continue };
        seen.planned = match keys.iter().any(|key| written.contains_key(key)) {
            true => with(&bytes, &written).unwrap_or(bytes),
            false => bytes,
        };
    }
}

fn with(bytes: &[u8], written: &HashMap<Key, Value>) -> Option<Vec<u8>> {
    let mut value = Definition::read(bytes).ok()?.into_value();
    for (list, key) in SHARED_LISTS {
        for item in value[list].as_array_mut().into_iter().flatten() {
            if let Some(new) = key_of(list, key, item).and_then(|key| written.get(&key)) {
                item.clone_from(new);
            }
        }
    }
    Some(Definition::from_sorted(value).to_bytes())
}

/// The shared objects of the schedules that are written.
fn written(looked: &[Looked]) -> HashMap<Key, Value> {
    let mut written = HashMap::new();
    for seen in looked.iter().filter(|seen| seen.as_it_stands.is_none()) {
        let Ok(planned) = Definition::read(&seen.planned) else { continue };
        let mut planned = planned.into_value();
        for (list, key) in SHARED_LISTS {
            for item in planned[list].as_array_mut().map(std::mem::take).unwrap_or_default() {
                if let Some(key) = key_of(list, key, &item) {
                    written.insert(key, item);
                }
            }
        }
    }
    written
}

fn keys(definition: &Value) -> Vec<Key> {
    let of_list = |(list, key): &'static (&'static str, &'static [&'static str])| {
        items(definition, list).filter_map(move |item| key_of(list, key, item))
    };
    SHARED_LISTS.iter().flat_map(of_list).collect()
}

fn key_of(list: &'static str, key: &[&str], item: &Value) -> Option<Key> {
    let words: Option<Vec<&str>> = key.iter().map(|path| field(item, path)?.as_str()).collect();
    Some((list, words?.join(" ")))
}
