//! What an extract holds: the schedule, the shared objects as they are now,
//! the dependencies both ways, and when and by whom it was made.

use std::sync::PoisonError;

use axum::body::Bytes;
use chrono::{DateTime, NaiveDate, Utc};
use serde_json::{Map, Value, json};

use super::OPCON_VERSION;
use super::large;
use super::master::{Cached, Master};
use crate::state::State;

const DATE_LINE: &str = "Export Date : ";
/// `2026-11-20 06:33:00`; always as long as this.
const DATE_FORMAT: &str = "%Y-%m-%d %H:%M:%S";
const DATE_LENGTH: usize = 19;

/// The extract of a schedule as bytes. Made once, then only the export date is put in.
pub(super) fn bytes(master: &Master, state: &State, now: DateTime<Utc>) -> Bytes {
    if let Some(number) = master.generated_number() {
        return large::extract(number, now);
    }
    let day = now.date_naive();
    let mut cache = master.cache.lock().unwrap_or_else(PoisonError::into_inner);
    let good = |cached: &&Cached| cached.day == day && cached.shared_revision == state.shared_revision;
    let cached = match cache.as_ref().filter(good) {
        Some(cached) => cached.clone(),
        None => {
            let bytes = Bytes::from(value(master, state, now).to_string());
            let line = DATE_LINE.as_bytes();
            let at = bytes.windows(line.len()).position(|window| window == line).unwrap_or_default();
            let made =
                Cached { shared_revision: state.shared_revision, day, bytes, date_at: at + line.len() };
            *cache = Some(made.clone());
            made
        }
    };
    drop(cache);
    let mut bytes = cached.bytes.to_vec();
    let date = date(now);
    bytes[cached.date_at..cached.date_at + DATE_LENGTH].copy_from_slice(date.as_bytes());
    Bytes::from(bytes)
}

/// A moment as the line of the export date has it.
pub(super) fn date(now: DateTime<Utc>) -> String {
    now.format(DATE_FORMAT).to_string()
}

/// The extract of a schedule.
pub(super) fn value(master: &Master, state: &State, now: DateTime<Utc>) -> Value {
    master.with(|stored| {
        let mut whole = Map::new();
        // First, so that the export date is found before any text of a user.
        whole.insert(
            "descriptionList".into(),
            json!([
                format!("{DATE_LINE}{}", date(now)),
                "OpCon ImpEx2 export",
                format!("Export User : {}", crate::config::USER),
                format!("Schedule : {}", master.name),
            ]),
        );
        whole.insert("opConVersion".into(), json!(OPCON_VERSION));
        whole.insert("userDescription".into(), json!(""));
        for list in ["roleList", "accessCodeList", "departmentList", "scriptList"] {
            whole.insert(list.into(), shared(stored, state, list));
        }
        let mut calendars = shared(stored, state, "calendarList");
        keep_future_dates(&mut calendars, now.date_naive());
        whole.insert("calendarList".into(), calendars);
        for list in ["propertyList", "variableList"] {
            whole.insert(list.into(), shared(stored, state, list));
        }
        for (key, value) in &stored.rest {
            whole.insert(key.clone(), value.clone());
        }
        whole.insert("scheduleList".into(), Value::Array(vec![stored.schedule.clone()]));
        whole.insert("externalDependencyList".into(), Value::Array(stored.external.clone()));
        whole.insert("externalDependencyOnList".into(), Value::Array(depend_on(&master.name, state)));
        Value::Object(whole)
    })
}

fn shared(stored: &super::Stored, state: &State, list: &str) -> Value {
    let names = stored.shared.iter().filter(|(of, _)| of == list);
    let entries = names.filter_map(|(_, name)| state.shared.get(list, name));
    Value::Array(entries.map(|object| object.entry.clone()).collect())
}

/// A calendar is exported with the dates that are still to come.
fn keep_future_dates(calendars: &mut Value, today: NaiveDate) {
    let today = today.format("%Y-%m-%d").to_string();
    for calendar in calendars.as_array_mut().into_iter().flatten() {
        if let Some(dates) = calendar.get_mut("dateList").and_then(Value::as_array_mut) {
            dates.retain(|date| date.as_str().is_none_or(|date| date >= today.as_str()));
        }
    }
}

/// The dependencies of other schedules on jobs of this one.
fn depend_on(name: &str, state: &State) -> Vec<Value> {
    let others = state.masters.values().filter(|master| master.generated_number().is_none());
    others
        .flat_map(|master| {
            master.with(|stored| {
                let on_us = |item: &&Value| item["predecessorScheduleName"].as_str() == Some(name);
                stored.external.iter().filter(on_us).cloned().collect::<Vec<_>>()
            })
        })
        .collect()
}
