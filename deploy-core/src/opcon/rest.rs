//! The OpCon REST API: lists, licence, inventory, scripts.

use futures_util::future::try_join_all;
use globset::{GlobBuilder, GlobMatcher};
use serde_json::Value;

use super::error::{Cause, OpConError};
use super::http::HttpSystem;
use super::model::{Counts, Feature, Inventory, Licence, MasterJob, MasterSchedule, Script, ScriptVersion};
use super::request::{Answer, Request};
use super::wire::{FromWire, Wire};

/// Entries asked for at a time.
const PAGE: usize = 1000;

/// More patterns than this are matched here, over the whole list.
const PATTERNS_ASKED: usize = 8;

/// Numbers of schedules in one address.
const IDS_ASKED: usize = 100;

const SCHEDULES: &str = "/api/masterschedules";

impl HttpSystem {
    pub(crate) async fn rest_version(&self) -> Result<String, OpConError> {
        let doing = format!("ask `{}` for its version", self.transport.server);
        let request = Request::get(doing, "/api/version");
        let answer = self.unsigned(&request).await?;
        let fail = |cause| self.transport.error(&request, cause);
        let version = answer.json().map_err(fail)?;
        let version = Wire(&version).text(&["opConRestApiProductVersion"]);
        version.ok_or_else(|| fail(answer.garbled("has no `opConRestApiProductVersion`")))
    }

    pub(crate) async fn read_user(&self) -> Result<Option<String>, OpConError> {
        let doing = format!("ask `{}` who is signed on", self.transport.server);
        let request = Request::get(doing, "/api/tokens");
        let answer = self.signed(&request).await?;
        let token = answer.json().map_err(|cause| self.transport.error(&request, cause))?;
        let token = token.get(0).unwrap_or(&token);
        Ok(Wire(token).object(&["user"]).and_then(|user| user.text(&["loginName", "name"])))
    }

    pub(crate) async fn read_licence(&self) -> Result<Licence, OpConError> {
        let wanted = &self.profile.licence.feature;
        let features: Vec<Feature> = self.list("the licensed features", "/api/features", &[]).await?;
        let is_wanted = |feature: &&Feature| {
            feature.id.eq_ignore_ascii_case(wanted)
                || feature.name.as_ref().is_some_and(|name| name.eq_ignore_ascii_case(wanted))
        };
        let found = features.iter().find(is_wanted);
        Ok(Licence {
            feature: wanted.clone(),
            valid: found.is_some_and(|feature| feature.valid),
            licences: found.and_then(|feature| feature.licences),
        })
    }

    pub(crate) async fn list_schedules(&self, patterns: &[&str]) -> Result<Vec<MasterSchedule>, OpConError> {
        let whole = patterns.is_empty() || patterns.len() > PATTERNS_ASKED;
        let mut found: Vec<MasterSchedule> = if whole || patterns.contains(&"*") {
            self.list("the schedules", SCHEDULES, &[]).await?
        } else {
            let asked = patterns.iter().map(async |pattern| {
                self.list::<MasterSchedule>("the schedules", SCHEDULES, &[("name", *pattern)]).await
            });
            try_join_all(asked).await?.into_iter().flatten().collect()
        };
        // Systems differ in what they let a pattern match: decide here.
        if !patterns.is_empty() {
            let matchers: Vec<_> = patterns.iter().filter_map(|pattern| NamePattern::new(pattern)).collect();
            found.retain(|schedule| matchers.iter().any(|matcher| matcher.matches(&schedule.name)));
        }
        found.sort_by(|a, b| (a.name.as_str(), a.id).cmp(&(b.name.as_str(), b.id)));
        found.dedup_by_key(|schedule| schedule.id);
        Ok(found)
    }

    pub(crate) async fn list_master_jobs(&self, schedules: &[i64]) -> Result<Vec<MasterJob>, OpConError> {
        // No longer than what every server takes as an address.
        let asked = schedules.chunks(IDS_ASKED).map(async |ids| {
            let ids = ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
            self.list::<MasterJob>("the jobs", "/api/masterjobs", &[("scheduleIds", ids.as_str())]).await
        });
        Ok(try_join_all(asked).await?.into_iter().flatten().collect())
    }

    /// The schedules that have container jobs, by name.
    pub(crate) async fn list_containing(&self) -> Result<Vec<String>, OpConError> {
        let query = [("jobType", "Container")];
        let jobs: Vec<MasterJob> = self.list("the container jobs", "/api/masterjobs", &query).await?;
        let mut schedules: Vec<String> = jobs.into_iter().map(|job| job.schedule).collect();
        schedules.sort();
        schedules.dedup();
        Ok(schedules)
    }

    pub(crate) async fn read_inventory(&self) -> Result<Inventory, OpConError> {
        let extended = [("extendedProperties", "true")];
        let (
            machines,
            machine_groups,
            batch_users,
            roles,
            departments,
            access_codes,
            resources,
            thresholds,
            properties,
            calendars,
            users,
            schedules,
        ) = tokio::try_join!(
            self.list("the machines", "/api/machines", &extended),
            self.list("the machine groups", "/api/machinegroups", &[]),
            self.list("the batch users", "/api/batchusers", &[]),
            self.list("the roles", "/api/roles", &[]),
            self.list("the departments", "/api/departments", &[]),
            self.list("the access codes", "/api/accesscodes", &[]),
            self.list("the resources", "/api/resources", &[]),
            self.list("the thresholds", "/api/thresholds", &[]),
            self.list("the global properties", "/api/globalproperties", &[]),
            self.list("the calendars", "/api/calendars", &[]),
            self.count("the users", "/api/users"),
            self.count("the schedules", SCHEDULES),
        )?;
        Ok(Inventory {
            machines,
            machine_groups,
            batch_users,
            roles,
            departments,
            access_codes,
            resources,
            thresholds,
            properties,
            calendars,
            users,
            schedules,
        })
    }

    pub(crate) async fn read_counts(&self) -> Result<Counts, OpConError> {
        let (machines, machine_groups, users, schedules) = tokio::try_join!(
            self.count("the machines", "/api/machines"),
            self.count("the machine groups", "/api/machinegroups"),
            self.count("the users", "/api/users"),
            self.count("the schedules", SCHEDULES),
        )?;
        Ok(Counts { machines, machine_groups, users, schedules })
    }

    pub(crate) async fn list_scripts(&self, pattern: &str) -> Result<Vec<Script>, OpConError> {
        let query = [("scriptName", pattern), ("includeVersions", "true")];
        let mut scripts: Vec<Script> = self.list("the scripts", "/api/scripts", &query).await?;
        if let Some(matcher) = NamePattern::new(pattern) {
            scripts.retain(|script| matcher.matches(&script.name));
        }
        scripts.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(scripts)
    }

    pub(crate) async fn read_script(&self, script: &Script, number: i64) -> Result<String, OpConError> {
        let doing =
            format!("read version {number} of script `{}` on `{}`", script.name, self.transport.server);
        let known = script.versions.iter().find(|version| version.number == number);
        let Some(known) = known else {
            let request = Request::get(doing, format!("/api/scripts/{}", script.id));
            return Err(self.transport.error(&request, Cause::NotFound { items: Vec::new() }));
        };
        if let Some(content) = &known.content {
            return Ok(content.clone());
        }
        let request = Request::get(doing, format!("/api/scripts/{}/versions/{}", script.id, known.id));
        let answer = self.signed(&request).await?;
        let fail = |cause| self.transport.error(&request, cause);
        let version = answer.json().map_err(fail)?;
        match ScriptVersion::from_wire(Wire(&version)) {
            Some(ScriptVersion { number: found, content: Some(content), .. }) if found == number => {
                Ok(content)
            }
            Some(ScriptVersion { content: Some(_), .. }) => {
                Err(fail(answer.garbled("is another version of the script")))
            }
            _ => Err(fail(answer.garbled("has no `content`"))),
        }
    }

    /// Reads a whole list, page by page.
    pub(crate) async fn list<T: FromWire>(
        &self,
        what: &str,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<Vec<T>, OpConError> {
        let doing = format!("list {what} of `{}`", self.transport.server);
        let mut found = Vec::new();
        let mut first_of_page = Value::Null;
        loop {
            let (limit, offset) = (PAGE.to_string(), found.len().to_string());
            let paging = [("limit", limit.as_str()), ("offset", offset.as_str()), ("includeCount", "true")];
            let request = Request::get(doing.as_str(), path).with_query(query).with_query(&paging);
            let answer = self.signed(&request).await?;
            let entries = entries(&answer).map_err(|cause| self.transport.error(&request, cause))?;
            let garbled = |problem: String| Err(self.transport.error(&request, answer.garbled(problem)));
            let received = entries.len();
            for entry in &entries {
                match T::from_wire(Wire(entry)) {
                    Some(entry) => found.push(entry),
                    None => return garbled(format!("holds {} without what identifies it", T::WHAT)),
                }
            }
            match answer.total {
                Some(total) if found.len() >= total => return Ok(found),
                Some(total) if received == 0 => {
                    return garbled(format!("ends after {} of {total} entries", found.len()));
                }
                None if received != PAGE => return Ok(found),
                _ => {}
            }
            match entries.into_iter().next() {
                Some(first) if first == first_of_page => {
                    return garbled("repeats the page before: `offset` is ignored".to_owned());
                }
                first => first_of_page = first.unwrap_or_default(),
            }
        }
    }

    /// Asks how many there are, without the entries.
    async fn count(&self, what: &str, path: &str) -> Result<usize, OpConError> {
        let doing = format!("count {what} of `{}`", self.transport.server);
        let query = [("limit", "0"), ("offset", "0"), ("includeCount", "true")];
        let request = Request::get(doing, path).with_query(&query);
        let answer = self.signed(&request).await?;
        let missing = || self.transport.error(&request, answer.garbled("has no header `TotalResourceCount`"));
        answer.total.ok_or_else(missing)
    }
}

fn entries(answer: &Answer) -> Result<Vec<Value>, Cause> {
    match answer.json()? {
        Value::Array(entries) => Ok(entries),
        _ => Err(answer.garbled("is not a list")),
    }
}

/// A name with wildcards: `*` any characters, `?` one; the case of letters is free, as in OpCon.
#[derive(Debug, Clone)]
pub struct NamePattern(GlobMatcher);

impl NamePattern {
    /// `None` only for patterns too large to be matched.
    pub fn new(pattern: &str) -> Option<Self> {
        let escaped: String = pattern
            .to_lowercase()
            .chars()
            .map(|character| match character {
                '*' | '?' => character.to_string(),
                other => globset::escape(other.encode_utf8(&mut [0; 4])),
            })
            .collect();
        let mut glob = GlobBuilder::new(&escaped);
        glob.literal_separator(false).backslash_escape(false);
        Some(Self(glob.build().ok()?.compile_matcher()))
    }

    /// Whether a name fits.
    pub fn matches(&self, name: &str) -> bool {
        self.0.is_match(name.to_lowercase())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn patterns_know_two_wildcards_and_no_case() {
        let cases = [
            ("PAY*", "Payroll", true),
            ("PAY*", "MyPayroll", false),
            ("?AY", "DAY", true),
            ("?AY", "AY", false),
            ("*", "a/b", true),
            ("A[1]{x}!", "a[1]{x}!", true),
            ("A[1]", "A1", false),
            ("a\\b", "a\\b", true),
            ("**/x", "y/x", true),
            ("", "", true),
            ("Zahlung Ä*", "zahlung ä1", true),
        ];
        for (pattern, name, expected) in cases {
            assert_eq!(NamePattern::new(pattern).unwrap().matches(name), expected, "{pattern} {name}");
        }
    }
}
