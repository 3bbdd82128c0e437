//! Schedules of a package that stand there unchanged: where the settings do not
//! want them written anew, they are sent as they stand, so that nothing but
//! their deployment information changes.

use std::collections::HashMap;

use rayon::prelude::*;
use serde_json::Value;

use super::Shared;
use super::look::Looked;
use crate::definition::form::{SHARED_LISTS, field};
use crate::definition::{Definition, information};

/// A shared object, by its list and its name.
type Key = (&'static str, String);

/// Puts what stands there in the place of what was planned.
pub(super) fn leave(shared: &Shared, looked: &mut [Looked]) {
    if shared.package.is_none() || shared.settings.deploy.update_unchanged {
        return;
    }
    if looked.iter().all(|seen| !seen.unchanged) {
        return;
    }
    // What others of the transaction write holds for all of it.
    let written = written(looked);
    looked.par_iter_mut().filter(|seen| seen.unchanged).for_each(|seen| {
        let read = |bytes: &[u8]| Definition::read(bytes).ok().map(Definition::into_value);
        let found = seen.found.as_deref().and_then(read);
        let (Some(mut found), Some(planned)) = (found, read(&seen.planned)) else { return };
        for schedule in found["scheduleList"].as_array_mut().into_iter().flatten() {
            information::remove(schedule);
        }
        for (list, key) in SHARED_LISTS {
            // A list that is left out of the deployment was taken out of the plan.
            if planned[list].as_array().is_none_or(Vec::is_empty) {
                if let Some(list) = found.get_mut(list) {
                    *list = Value::Array(Vec::new());
                }
                continue;
            }
            for item in found[list].as_array_mut().into_iter().flatten() {
                if let Some(new) = key_of(list, key, item).and_then(|key| written.get(&key)) {
                    item.clone_from(new);
                }
            }
        }
        seen.planned = Definition::from_sorted(found).to_bytes();
    });
}

/// The shared objects of the schedules that are written.
fn written(looked: &[Looked]) -> HashMap<Key, Value> {
    let mut written = HashMap::new();
    for seen in looked.iter().filter(|seen| !seen.unchanged) {
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

fn key_of(list: &'static str, key: &[&str], item: &Value) -> Option<Key> {
    let words: Option<Vec<&str>> = key.iter().map(|path| field(item, path)?.as_str()).collect();
    Some((list, words?.join(" ")))
}
