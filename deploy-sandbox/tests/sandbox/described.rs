//! A description of the answers, as small as it can be: per path, the fields
//! an answer has and their types. Every answer any test gets is checked
//! against it.

use reqwest::{Method, StatusCode};
use serde_json::Value;

use crate::document;

/// What an answer is.
enum Shape {
    /// An object with these fields.
    One(&'static str),
    /// A list of them.
    List(&'static str),
    Number,
    /// Anything that is JSON.
    Free,
}

use Shape::{Free, List, Number, One};

/// Fields as `name type`; `?` allows null, `n` is a whole number, `s` a string, `b` a boolean,
/// `o` an object, `l` a list.
const MACHINE: &str = "id n, name s, type o, status o, state o, groups l";
const GROUP: &str = "id n, name s, type o, machines l";
const BATCH_USER: &str = "id n, loginName s, platform o, roles l";
const USER: &str = "id n, loginName s, name s, roles l, isDisabled b";
const NAMED: &str = "id n, name s";
const CALENDAR: &str = "id n, name s, type n, dates l, description s?";
const RESOURCE: &str = "id n, name s, value n, used n, description s?";
const THRESHOLD: &str = "id n, name s, value n, description s?";
const PROPERTY: &str = "id n, name s, value s?, encrypted b, documentation s?";
const SCRIPT: &str = "id n, name s, type o";
const VERSION: &str = "id n, version n, latest b, hash s, author o, message s?";
const SCHEDULE: &str = "id n, name s, subSchedule b, properties l, propertiesList l, autoBuildSettings o?";
const JOB: &str =
    "id s, name s, jobName s, jobType o, type o, schedule o, primaryMachine o?, machine o?, frequencies l";
const DAILY_SCHEDULE: &str = "id s, uid n, name s, date s, masterId n, instance n, status o, definedStartTime s, computedStartTime o, details o, instanceProperties l";
const DAILY_JOB: &str = "id s, uid n, name s, jobName s, jobType o, type o, status o, jobStatus o, schedule o, frequency o, primaryMachine o?, terminationDescription s, computedStartTime o, properties l";
const ACTION: &str = "id n, result s, message s?";
const FREQUENCY: &str = "name s, jobTimesEstimation o";
const TOKEN: &str = "id s, user o, tokenType o, validFrom s, validUntil s";
const HEADER: &str = "id n, name s, type s, weekDays o, startOffset o";

fn shape(path: &str) -> Shape {
    let path = path.split('?').next().unwrap_or_default().trim_end_matches('/').to_lowercase();
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let rest = |one: &'static str, rest: &[&str]| match rest {
        [] | ["v2"] => List(one),
        ["count"] => Number,
        ["count_by_status"] => One(""),
        [_] => One(one),
        _ => Free,
    };
    match parts.as_slice() {
        ["api", "version"] => One("opConRestApiProductVersion s"),
        ["api", "tokens"] => Free,
        ["api", "features"] => List("id n, licenses n, valid b, userIds l"),
        ["api", "machines", tail @ ..] => rest(MACHINE, tail),
        ["api", "machinegroups", tail @ ..] => rest(GROUP, tail),
        ["api", "batchusers", tail @ ..] => rest(BATCH_USER, tail),
        ["api", "users", tail @ ..] => rest(USER, tail),
        ["api", "roles" | "departments" | "accesscodes", tail @ ..] => rest(NAMED, tail),
        ["api", "calendars", tail @ ..] => rest(CALENDAR, tail),
        ["api", "resources", tail @ ..] => rest(RESOURCE, tail),
        ["api", "thresholds", tail @ ..] => rest(THRESHOLD, tail),
        ["api", "globalproperties", tail @ ..] => rest(PROPERTY, tail),
        ["api", "scripts", _, "versions", _] | ["api", "scriptversions", _] => One(VERSION),
        ["api", "scripts", tail @ ..] => rest(SCRIPT, tail),
        ["api", "scriptrunners"] => List("name s"),
        ["api", "masterschedules", tail @ ..] => rest(SCHEDULE, tail),
        ["api", "masterjobs", tail @ ..] => rest(JOB, tail),
        ["api", "frequencies"] => List(FREQUENCY),
        ["api", "jobtags"] => List("name s, tagCount n"),
        ["api", "namedinstances"] => List(NAMED),
        ["api", "impex", "schedules", tail @ ..] => rest(HEADER, tail),
        ["api", "dailyschedules", "dates"] => Free,
        ["api", "dailyschedules", _, "properties"] | ["api", "dailyjobs", _, "properties"] => {
            List("key s, value s")
        }
        ["api", "dailyjobs", _, "status"] => One("id n, description s, category s"),
        ["api", "dailyschedules", tail @ ..] => rest(DAILY_SCHEDULE, tail),
        ["api", "dailyjobs", tail @ ..] => rest(DAILY_JOB, tail),
        [
            "api",
            "schedulebuilds" | "scheduleactions" | "jobactions" | "machineactions" | "deleteactions"
            | "jobinstanceactions",
            ..,
        ] => One(ACTION),
        ["impex2", "version"] => One("version s"),
        _ => Free,
    }
}

/// Checks an answer; a failure is the test's.
pub(crate) fn check(method: &Method, path: &str, status: StatusCode, body: &Value) {
    let place = format!("{method} {path} -> {status}: {body}");
    document::check(method, path, status, body);
    if status == StatusCode::NO_CONTENT {
        assert_eq!(*body, Value::Null, "{place}");
        return;
    }
    if !status.is_success() {
        let errors = body.as_array().unwrap_or_else(|| panic!("not an array of errors: {place}"));
        assert!(!errors.is_empty(), "{place}");
        errors.iter().for_each(|error| fields(error, "resource s, name s, code n, message s", &place));
        return;
    }
    match (shape(path), method) {
        (One(of), &Method::GET) | (One(of) | List(of), &Method::POST | &Method::PUT) => {
            fields(body, of, &place)
        }
        (List(of), _) => body.as_array().expect(&place).iter().for_each(|item| fields(item, of, &place)),
        (Number, _) => assert!(body.is_u64(), "{place}"),
        (Free, _) if path.to_lowercase().ends_with("/tokens") && *method != Method::DELETE => {
            fields(body, TOKEN, &place)
        }
        _ => {}
    }
}

fn fields(value: &Value, fields: &str, place: &str) {
    assert!(value.is_object(), "not an object: {place}");
    for field in fields.split(", ").filter(|field| !field.is_empty()) {
        let (name, kind) = field.split_once(' ').unwrap();
        let (kind, optional) = kind.strip_suffix('?').map_or((kind, false), |kind| (kind, true));
        let value = value.get(name).unwrap_or_else(|| panic!("no `{name}`: {place}"));
        let fits = match kind {
            "n" => value.is_i64() || value.is_u64(),
            "s" => value.is_string(),
            "b" => value.is_boolean(),
            "o" => value.is_object(),
            "l" => value.is_array(),
            other => panic!("unknown kind {other}"),
        };
        assert!(fits || (optional && value.is_null()), "`{name}` is {value}: {place}");
    }
}
