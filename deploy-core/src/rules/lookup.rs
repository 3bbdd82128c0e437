//! Finding a value by a place that people can write: a pointer, or one below a name.

use serde_json::Value;

use super::document::{items, name_of};

/// The value at a place: `@JOB/…` is a pointer below the (first) job of that name, `@@SCHEDULE/…`
/// below a schedule, `/…` from the top of the definition.
pub fn value_at<'v>(definition: &'v Value, place: &str) -> Option<&'v Value> {
    let named = |list: &'v [Value], name: &str| list.iter().find(|item| name_of(item) == Some(name));
    let split = |rest: &str| {
        let (name, pointer) = rest.split_once('/')?;
        Some((name.to_owned(), format!("/{pointer}")))
    };
    let schedules = items(definition, "scheduleList");
    if let Some(rest) = place.strip_prefix("@@") {
        let (name, pointer) = split(rest)?;
        return named(schedules, &name)?.pointer(&pointer);
    }
    if let Some(rest) = place.strip_prefix('@') {
        let (name, pointer) = split(rest)?;
        let job = schedules.iter().find_map(|schedule| named(items(schedule, "jobList"), &name))?;
        return job.pointer(&pointer);
    }
    definition.pointer(place)
}
