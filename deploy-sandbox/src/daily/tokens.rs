//! Resolving `[[…]]` and `{{…}}` in command lines.

use chrono::NaiveDateTime;

use super::{DailyJob, DailySchedule};
use crate::seal;
use crate::state::{State, fold};
use crate::text::{boolean, filled};

/// Where the values of tokens come from.
pub(super) struct Tokens<'t> {
    pub(super) state: &'t State,
    pub(super) schedule: &'t DailySchedule,
    pub(super) job: &'t DailyJob,
    pub(super) now: NaiveDateTime,
}

/// Properties may hold tokens, but not without end.
const DEEPEST: usize = 16;

impl Tokens<'_> {
    /// The text with all tokens replaced, innermost first.
    pub(super) fn resolve(&self, text: &str) -> Result<String, String> {
        let mut text = text.to_owned();
        for _ in 0..DEEPEST * 16 {
            let Some((start, end)) = innermost(&text) else { return Ok(text) };
            let name = text[start + 2..end].trim().to_owned();
            let value =
                self.value(&name).ok_or_else(|| format!("The property '{name}' could not be resolved"))?;
            text.replace_range(start..end + 2, &value);
        }
        Err("The properties of the command line never end".to_owned())
    }

    fn value(&self, name: &str) -> Option<String> {
        if let Some(system) = name.strip_prefix('$') {
            return self.system(system);
        }
        let (scope, bare) = match name.split_once('.') {
            Some((scope, bare)) => (scope.to_uppercase(), bare),
            None => (String::new(), name),
        };
        let unquoted = |name: &str| name.trim_matches('"').to_owned();
        match scope.as_str() {
            "JI" => find(&self.job.properties, &unquoted(bare)),
            "SI" => find(&self.schedule.properties, &unquoted(bare)),
            "OI" => self.global(&unquoted(bare)),
            _ => {
                let name = unquoted(name);
                find(&self.job.properties, &name)
                    .or_else(|| find(&self.schedule.properties, &name))
                    .or_else(|| self.global(&name))
            }
        }
    }

    fn global(&self, name: &str) -> Option<String> {
        let entry = &self.state.shared.get("propertyList", name)?.entry;
        let value = filled(entry, "value").unwrap_or_default();
        match boolean(entry, "encrypted") {
            Some(true) => Some(seal::open(value)),
            _ => Some(value.to_owned()),
        }
    }

    /// System properties; a format stands behind a hyphen.
    fn system(&self, name: &str) -> Option<String> {
        let (bare, format) = match name.rsplit_once('-') {
            Some((bare, format)) => (bare.trim(), Some(format)),
            None => (name, None),
        };
        let time = match bare.to_uppercase().as_str() {
            "JOB NAME" => return Some(self.job.name.clone()),
            "SCHEDULE NAME" => return Some(self.schedule.name.clone()),
            "MACHINE NAME" => return filled(&self.job.definition, "primaryMachine").map(str::to_owned),
            "SCHEDULE DATE" => self.schedule.start,
            "DATE" | "NOW" | "TIME" => self.now,
            _ => return None,
        };
        let default = if bare.eq_ignore_ascii_case("TIME") { "HH:MM" } else { "YYYY-MM-DD" };
        Some(time.format(&strftime(format.unwrap_or(default))).to_string())
    }
}

/// `YYYYMMDD` and the like, in chrono's words. `MM` behind a colon or `HH` is minutes.
fn strftime(format: &str) -> String {
    let format = format.to_uppercase().replace("HH:MM", "%H:%%").replace("HHMM", "%H%%");
    format
        .replace("YYYY", "%Y")
        .replace("YY", "%y")
        .replace("MM", "%m")
        .replace("DD", "%d")
        .replace("HH", "%H")
        .replace("SS", "%S")
        .replace("%%", "%M")
}

/// Where the first token that holds no other stands: `[[…]]` or `{{…}}`.
fn innermost(text: &str) -> Option<(usize, usize)> {
    let closed = |open: &str, close: &str| {
        text.match_indices(close).find_map(|(end, _)| Some((text[..end].rfind(open)?, end)))
    };
    match (closed("[[", "]]"), closed("{{", "}}")) {
        (Some(one), Some(other)) => Some(if one.1 < other.1 { one } else { other }),
        (one, other) => one.or(other),
    }
}

fn find(properties: &[(String, String)], name: &str) -> Option<String> {
    properties.iter().find(|(other, _)| fold(other) == fold(name)).map(|(_, value)| value.clone())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use chrono::NaiveDate;
    use serde_json::json;

    use super::*;
    use crate::daily::{JobState, ScheduleState};
    use crate::state::SharedObject;

    #[test]
    fn tokens_are_looked_up_from_the_job_outwards_and_nest() {
        let now = NaiveDate::from_ymd_opt(2026, 11, 20).unwrap().and_hms_opt(6, 5, 0).unwrap();
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let job = DailyJob {
            uid: 1,
            name: "LOAD_2".into(),
            master_name: "LOAD".into(),
            frequency: "Daily".into(),
            state: JobState::Running,
            reason: None,
            start_offset: 0,
            estimated_minutes: 0,
            forced: false,
            started: None,
            ended: None,
            termination: String::new(),
            messages: vec![],
            output: String::new(),
            properties: vec![pair("Step", "7"), pair("File.Name", "a b.csv")],
            definition: json!({"primaryMachine": "SANDBOX"}),
        };
        let schedule = DailySchedule {
            uid: 2,
            master_id: 3,
            date: now.date(),
            instance: 1,
            name: "Stores".into(),
            container: None,
            state: ScheduleState::InProcess,
            start: now.date().and_hms_opt(4, 0, 0).unwrap(),
            ended: None,
            properties: vec![pair("REGION", "EMEA"), pair("step", "9")],
            named_instance: None,
            documentation: String::new(),
            jobs: vec![],
        };
        let mut state = State::default();
        for entry in [
            json!({"name": "PATH_EMEA", "value": "/srv/[[SI.REGION]]"}),
            json!({"name": "SECRET", "value": seal::close("s3cret"), "encrypted": true}),
        ] {
            let name = entry["name"].as_str().unwrap().to_owned();
            state.shared.put("propertyList", &name, SharedObject { id: 1, entry });
        }
        let tokens = Tokens { state: &state, schedule: &schedule, job: &job, now };
        for (text, resolved) in [
            ("[[Step]]/[[SI.STEP]]", "7/9"),
            ("[[PATH_[[REGION]]]]/x", "/srv/EMEA/x"),
            ("{{step}}-[[PATH_{{REGION}}]]", "7-/srv/EMEA"),
            ("[[JI.\"File.Name\"]]", "a b.csv"),
            ("[[OI.SECRET]]", "s3cret"),
            ("[[$JOB NAME]] [[$SCHEDULE NAME]] [[$MACHINE NAME]]", "LOAD_2 Stores SANDBOX"),
            ("[[$SCHEDULE DATE-YYYYMMDD]] [[$DATE]] [[$TIME-HHMM]]", "20261120 2026-11-20 0605"),
            ("no token ]] [[", "no token ]] [["),
        ] {
            assert_eq!(tokens.resolve(text).unwrap(), resolved, "{text}");
        }
        assert_eq!(tokens.resolve("[[NOPE]]").unwrap_err(), "The property 'NOPE' could not be resolved");
    }
}
