//! ImpEx2: whole definitions out of and into a system, by the connector profile.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::body::{Body, cut};
use super::error::{Cause, OpConError, Service, first_words};
use super::http::HttpSystem;
use super::profile::Method;
use super::request::{Answer, Request, segment};
use super::retry::Repeat;
use super::wire::error_items;
use crate::definition::Definition;

/// What an insert may touch, and what it does in the daily.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ImportRules {
    /// Whether values of global properties are written.
    pub update_properties: bool,
    /// Whether values of resources and thresholds are written.
    pub update_variables: bool,
    /// Whether schedule instance properties are written.
    pub update_schedule_instance_properties: bool,
    /// Whether schedule instance properties are added to those there; only if they are not written.
    pub merge_schedule_instance_properties: bool,
    /// Whether scripts are left out.
    pub exclude_scripts: bool,
    /// Whether calendars are left out.
    pub exclude_calendars: bool,
    /// Sets the auto build of the schedules.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auto_build: Option<AutoBuild>,
    /// Sets after how many days instances are deleted; 0 resets it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auto_delete_days: Option<u32>,
    /// Whether a schedule that is already there is an error.
    pub do_not_overwrite: bool,
    /// Whether the schedules are rebuilt in the daily, from today on.
    pub rebuild_daily: bool,
    /// Whether SAP job definitions are inserted rather than linked.
    pub insert_sap_jobs: bool,
    /// Whether the versions of scripts there are replaced.
    pub reset_scripts: bool,
}

impl Default for ImportRules {
    /// The defaults of the global rules.
    fn default() -> Self {
        Self {
            update_properties: true,
            update_variables: true,
            update_schedule_instance_properties: true,
            merge_schedule_instance_properties: false,
            exclude_scripts: false,
            exclude_calendars: false,
            auto_build: None,
            auto_delete_days: None,
            do_not_overwrite: false,
            rebuild_daily: false,
            insert_sap_jobs: false,
            reset_scripts: false,
        }
    }
}

/// How far ahead a schedule is built by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AutoBuild {
    /// For how many days.
    pub days: u32,
    /// How many days in advance.
    pub advance: u32,
}

/// What an insert wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Inserted {
    /// The schedules, as the system names them.
    pub schedules: Vec<String>,
}

/// A definition as it came from a system, not yet read: reading a large one takes
/// a while, and may be done where that does not matter.
#[derive(Debug, Clone)]
pub struct Extract {
    name: String,
    server: String,
    answer: Answer,
}

impl Extract {
    /// What a system sent for a schedule.
    pub fn new(name: impl Into<String>, server: impl Into<String>, bytes: Vec<u8>) -> Self {
        let answer = Answer { url: None, status: 200, total: None, body: bytes };
        Self { name: name.into(), server: server.into(), answer }
    }

    /// The bytes of the definition, as the system wrote them.
    pub fn bytes(&self) -> &[u8] {
        &self.answer.body
    }

    /// Reads the definition; an error names where it came from and how it starts.
    pub fn into_definition(self) -> Result<Definition, OpConError> {
        let read = match Definition::read(&self.answer.body) {
            Err(error) => Err(format!("is not a definition ({error})")),
            Ok(definition) => {
                let asked = self.name.to_lowercase();
                match definition.names().iter().any(|name| name.to_lowercase() == asked) {
                    true => Ok(definition),
                    false => Err(format!("holds `{}`", definition.names().join("`, `"))),
                }
            }
        };
        read.map_err(|problem| OpConError {
            doing: doing_extract(&self.name, &self.server),
            cause: Box::new(self.answer.garbled(problem)),
            url: self.answer.url,
            server: self.server,
        })
    }
}

fn doing_extract(name: &str, server: &str) -> String {
    format!("extract `{name}` from `{server}`")
}

impl HttpSystem {
    pub(crate) async fn impex_version(&self) -> Result<String, OpConError> {
        let request = self.version_request();
        self.version_in(&request, self.signed(&request).await?)
    }

    /// For a look at the service where there is no sign-on.
    pub(crate) async fn impex_version_unsigned(&self) -> Result<String, OpConError> {
        let request = self.version_request();
        self.version_in(&request, self.unsigned(&request).await?)
    }

    fn version_request(&self) -> Request {
        let route = &self.profile.version;
        let doing = format!("ask ImpEx2 of `{}` for its version", self.server());
        impex_request(doing, route.method, route.path.clone(), Repeat::Reading)
    }

    fn version_in(&self, request: &Request, answer: Answer) -> Result<String, OpConError> {
        let fail = |cause| self.transport.error(request, cause);
        let pointer = &self.profile.version.answer_version;
        let version = answer.json().map_err(fail)?;
        match version.pointer(pointer) {
            Some(Value::String(version)) => Ok(version.clone()),
            Some(Value::Number(version)) => Ok(version.to_string()),
            _ => Err(fail(answer.garbled(format!("has no version at `{pointer}`")))),
        }
    }

    pub(crate) async fn extract_schedule(&self, name: &str) -> Result<Extract, OpConError> {
        let route = &self.profile.extract;
        let doing = doing_extract(name, self.server());
        let request = self.named_request(
            doing,
            route.method,
            &route.path,
            route.request_name.as_deref(),
            name,
            Repeat::Reading,
        )?;
        let mut answer = self.signed(&request).await?;
        let start = first_words(&answer.body);
        let Some(body) = cut(std::mem::take(&mut answer.body), &route.answer_definition) else {
            let problem = format!("has no definition at `{}`", route.answer_definition);
            let cause = Cause::Garbled { status: answer.status, problem, start };
            return Err(self.transport.error(&request, cause));
        };
        answer.body = body;
        Ok(Extract { name: name.to_owned(), server: self.server().to_owned(), answer })
    }

    pub(crate) async fn insert_definition(
        &self,
        definition: &Definition,
        rules: &ImportRules,
    ) -> Result<Inserted, OpConError> {
        let names = definition.names();
        let what = match names.as_slice() {
            [only] => format!("`{only}`"),
            [first, others @ ..] => format!("`{first}` and {} more", others.len()),
            [] => "nothing".to_owned(),
        };
        let doing = format!("insert {what} into `{}`", self.server());
        self.insert_value(doing, definition.value(), rules).await
    }

    /// Sends what is to be inserted, in the form of a definition; never twice.
    pub(super) async fn insert_value(
        &self,
        doing: String,
        definition: &Value,
        rules: &ImportRules,
    ) -> Result<Inserted, OpConError> {
        let route = &self.profile.insert;
        let mut request = impex_request(doing, route.method, route.path.clone(), Repeat::Never);
        let fail = |request: &Request, cause| self.transport.error(request, cause);
        let body = serde_json::to_value(rules).and_then(|rules| {
            let definition = (route.request_definition.as_str(), definition);
            serde_json::to_vec(&Body::new([definition, (route.request_rules.as_str(), &rules)]))
        });
        request.body = Some(Bytes::from(
            body.map_err(|error| fail(&request, Cause::Settings { message: error.to_string() }))?,
        ));
        let answer = self.signed(&request).await?;
        let said = answer.json().map_err(|cause| fail(&request, cause))?;
        match said.pointer(&route.answer_result).and_then(Value::as_str) {
            Some(result) if result.eq_ignore_ascii_case(&route.success) => {}
            Some(_) => {
                let items = error_items(&answer.body);
                let cause = match items.is_empty() {
                    true => answer.garbled(format!("does not say `{}`", route.success)),
                    false => Cause::Rejected { status: answer.status, items },
                };
                return Err(fail(&request, cause));
            }
            None => {
                let problem = format!("says nothing at `{}` of how it went", route.answer_result);
                return Err(fail(&request, answer.garbled(problem)));
            }
        }
        let listed = said.pointer(&route.answer_schedules).and_then(Value::as_array);
        let written = listed.into_iter().flatten().filter_map(|schedule| {
            schedule.as_str().or_else(|| schedule.get("name")?.as_str()).map(str::to_owned)
        });
        Ok(Inserted { schedules: written.collect() })
    }

    pub(crate) async fn delete_schedule(&self, name: &str) -> Result<(), OpConError> {
        let route = &self.profile.delete;
        let doing = format!("delete `{name}` from `{}`", self.server());
        let pointer = route.request_name.as_deref();
        let request = self.named_request(doing, route.method, &route.path, pointer, name, Repeat::Unsent)?;
        self.signed(&request).await.map(|_| ())
    }

    /// A request about one schedule, its name in the path or in the body.
    fn named_request(
        &self,
        doing: String,
        method: Method,
        path: &str,
        pointer: Option<&str>,
        name: &str,
        repeat: Repeat,
    ) -> Result<Request, OpConError> {
        let mut request = impex_request(doing, method, path.to_owned(), repeat);
        let settings =
            |request: &Request, message| self.transport.error(request, Cause::Settings { message });
        if path.contains("{name}") {
            let Some(segment) = segment(name) else {
                let message = format!("a schedule called `{name}` cannot be named in a URL");
                return Err(settings(&request, message));
            };
            request.path = path.replace("{name}", &segment);
        }
        if let Some(pointer) = pointer {
            let body = serde_json::to_vec(&Body::new([(pointer, &Value::from(name))]));
            request.body = Some(Bytes::from(body.map_err(|error| settings(&request, error.to_string()))?));
        }
        Ok(request)
    }
}

fn impex_request(doing: String, method: Method, path: String, repeat: Repeat) -> Request {
    Request { doing, service: Service::Impex, method: method.into(), path, body: None, repeat }
}
