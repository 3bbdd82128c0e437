//! The schedule that the jobs are added to, and frequencies it does not have yet.

use serde_json::Value;

use super::{BatchJob, Slot};
use crate::definition::{Definition, ReadError};

/// The schedule that comes with the program, in canonical form.
pub const TEMPLATE: &str = include_str!("../../../../templates/BATCH_DEPLOY.json");
/// The schedule of the housekeeping, which comes with the program, too.
pub const UTILITIES: &str = include_str!("../../../../templates/DEPLOY_UTILITIES.json");

/// Whether a definition of the schedule has a frequency for every one of its jobs.
pub fn has_frequency(definition: &Definition, frequency: &str) -> bool {
    BatchJob::ALL.iter().all(|job| {
        jobs(definition.value()).any(|found| {
            found["name"] == job.name() && frequencies(found).any(|found| found["name"] == frequency)
        })
    })
}

/// The definition with a frequency for the very minute of a slot, made after that of its hour.
/// `None` where the jobs do not have that either.
pub fn with_frequency(definition: &Definition, slot: &Slot) -> Result<Option<Definition>, ReadError> {
    let exact = slot.exactly();
    let hour = format!("DEP-FRQ-{:02}:00", slot.minutes / 60);
    let mut value = definition.value().clone();
    for job in BatchJob::ALL {
        let found = value["scheduleList"][0]["jobList"].as_array_mut();
        let found = found.into_iter().flatten().find(|found| found["name"] == job.name());
        let list = found.and_then(|job| job["frequencyList"].as_array_mut());
        let Some(list) = list else { return Ok(None) };
        if list.iter().any(|frequency| frequency["name"] == exact.frequency) {
            continue;
        }
        let Some(like) = list.iter().find(|frequency| frequency["name"] == hour) else { return Ok(None) };
        let mut new = like.clone();
        new["name"] = exact.frequency.as_str().into();
        new["startOffset"] = format!("{:02}:{:02}", slot.minutes / 60, slot.minutes % 60).into();
        list.push(new);
    }
    Definition::from_value(value).map(Some)
}

fn jobs(definition: &Value) -> impl Iterator<Item = &Value> {
    definition["scheduleList"][0]["jobList"].as_array().into_iter().flatten()
}

fn frequencies(job: &Value) -> impl Iterator<Item = &Value> {
    job["frequencyList"].as_array().into_iter().flatten()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use chrono::DateTime;

    use super::*;

    #[test]
    fn a_minute_gets_a_frequency_of_its_own_after_that_of_its_hour() {
        let template = Definition::read(TEMPLATE.as_bytes()).unwrap();
        assert_eq!(String::from_utf8(template.to_bytes()).unwrap(), TEMPLATE);
        let slot = Slot::of_hour(&DateTime::parse_from_rfc3339("2026-12-01T18:37:00+01:00").unwrap());
        assert!(has_frequency(&template, "DEP-FRQ-18:00") && !has_frequency(&template, "DEP-FRQ-18:37"));
        let more = with_frequency(&template, &slot).unwrap().unwrap();
        assert!(has_frequency(&more, "DEP-FRQ-18:37"));
        let job = jobs(more.value()).find(|job| job["name"] == "IMPORT").unwrap();
        let new = frequencies(job).find(|frequency| frequency["name"] == "DEP-FRQ-18:37").unwrap();
        assert_eq!((&new["startOffset"], &new["period"]), (&"18:37".into(), &"On Request".into()));
        // Once is enough, and without an hour to go by there is none.
        let again = with_frequency(&more, &slot).unwrap().unwrap();
        assert_eq!(again.to_bytes(), more.to_bytes());
        let bare = Definition::from_value(serde_json::json!({"scheduleList": [{"name": "BATCH_DEPLOY"}]}));
        assert!(with_frequency(&bare.unwrap(), &slot).unwrap().is_none());
    }
}
