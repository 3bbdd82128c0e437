//! The kinds of things a definition holds, and the words for them.
//!
//! Difference, merge and validation speak of jobs, frequencies and
//! dependencies; this is where a list of the form becomes such a kind, and an
//! item of it the few words a reader knows it by.

use serde_json::Value;

use super::form;

/// A kind of thing in a definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Thing {
    /// A schedule.
    Schedule,
    /// A job of a schedule.
    Job,
    /// A frequency of a schedule or a job.
    Frequency,
    /// A dependency between two jobs of one schedule.
    InternalDependency,
    /// A dependency on a job of another schedule.
    ExternalDependency,
    /// A dependency of another schedule's job on a job of this one.
    ReverseDependency,
    /// A dependency of a job on an expression.
    ExpressionDependency,
    /// A dependency of a job on a resource.
    ResourceDependency,
    /// A dependency of a job on a threshold.
    ThresholdDependency,
    /// An event of a schedule or a job.
    Event,
    /// A tag of a job.
    Tag,
    /// A set of instance properties of a schedule or a job.
    InstanceProperty,
    /// A named instance of a schedule.
    NamedInstance,
    /// A role.
    Role,
    /// An access code.
    AccessCode,
    /// A department.
    Department,
    /// A script.
    Script,
    /// A calendar.
    Calendar,
    /// A global property.
    Property,
    /// A resource.
    Resource,
    /// A threshold.
    Threshold,
    /// An entry of `variableList` that is neither resource nor threshold.
    Variable,
    /// Anything else at the top of a definition.
    Definition,
}

impl Thing {
    /// What a top-level list holds.
    pub(crate) fn at_top(list: &str) -> Option<Self> {
        Some(match list {
            "scheduleList" => Self::Schedule,
            "externalDependencyList" => Self::ExternalDependency,
            "externalDependencyOnList" => Self::ReverseDependency,
            "roleList" => Self::Role,
            "accessCodeList" => Self::AccessCode,
            "departmentList" => Self::Department,
            "scriptList" => Self::Script,
            "calendarList" => Self::Calendar,
            "propertyList" => Self::Property,
            "variableList" => Self::Variable,
            _ => return None,
        })
    }

    /// What a list of a schedule holds.
    pub(crate) fn in_schedule(list: &str) -> Option<Self> {
        Some(match list {
            "jobList" => Self::Job,
            "internalDependencyList" => Self::InternalDependency,
            "instancePropertiesList" => Self::InstanceProperty,
            "namedInstancesList" => Self::NamedInstance,
            _ => return Self::in_both(list),
        })
    }

    /// What a list of a job holds.
    pub(crate) fn in_job(list: &str) -> Option<Self> {
        Some(match list {
            "expressionDependencyList" => Self::ExpressionDependency,
            "resourceDependencyList" => Self::ResourceDependency,
            "thresholdDependencyList" => Self::ThresholdDependency,
            "instancePropertyList" => Self::InstanceProperty,
            "tagList" => Self::Tag,
            _ => return Self::in_both(list),
        })
    }

    fn in_both(list: &str) -> Option<Self> {
        Some(match list {
            "frequencyList" => Self::Frequency,
            "eventList" => Self::Event,
            "roleList" => Self::Role,
            _ => return None,
        })
    }

    /// The kind of one item: entries of `variableList` say theirs themselves.
    pub(crate) fn of_item(self, item: &Value) -> Self {
        match (self, item["type"].as_str().map(str::to_ascii_lowercase).as_deref()) {
            (Self::Variable, Some("resource")) => Self::Resource,
            (Self::Variable, Some("threshold")) => Self::Threshold,
            (thing, _) => thing,
        }
    }

    /// Whether the key of such a thing is what it says and not a name, so that
    /// an edited one looks like one removed and one added.
    pub(crate) fn is_keyed_by_content(self) -> bool {
        matches!(
            self,
            Self::Event
                | Self::InternalDependency
                | Self::ExternalDependency
                | Self::ReverseDependency
                | Self::ExpressionDependency
                | Self::ResourceDependency
                | Self::ThresholdDependency
        )
    }

    /// The word for one.
    pub fn singular(self) -> &'static str {
        self.words().0
    }

    /// The word for several.
    pub fn plural(self) -> &'static str {
        self.words().1
    }

    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Schedule => ("schedule", "schedules"),
            Self::Job => ("job", "jobs"),
            Self::Frequency => ("frequency", "frequencies"),
            Self::InternalDependency => ("dependency", "dependencies"),
            Self::ExternalDependency => ("external dependency", "external dependencies"),
            Self::ReverseDependency => ("dependency on it", "dependencies on it"),
            Self::ExpressionDependency => ("expression", "expressions"),
            Self::ResourceDependency => ("resource dependency", "resource dependencies"),
            Self::ThresholdDependency => ("threshold dependency", "threshold dependencies"),
            Self::Event => ("event", "events"),
            Self::Tag => ("tag", "tags"),
            Self::InstanceProperty => ("instance property", "instance properties"),
            Self::NamedInstance => ("named instance", "named instances"),
            Self::Role => ("role", "roles"),
            Self::AccessCode => ("access code", "access codes"),
            Self::Department => ("department", "departments"),
            Self::Script => ("script", "scripts"),
            Self::Calendar => ("calendar", "calendars"),
            Self::Property => ("property", "properties"),
            Self::Resource => ("resource", "resources"),
            Self::Threshold => ("threshold", "thresholds"),
            Self::Variable => ("variable", "variables"),
            Self::Definition => ("definition", "definitions"),
        }
    }

    /// What a reader knows one item by.
    pub(crate) fn label(self, item: &Value) -> String {
        let text = |key: &str| item[key].as_str().filter(|text| !text.is_empty());
        let with_frequency = |name: &str, frequency: &str| match (text(name), text(frequency)) {
            (Some(name), Some(frequency)) => format!("{name} ({frequency})"),
            (name, _) => name.unwrap_or("?").to_owned(),
        };
        let relation = || match item["dependencyType"].as_str() {
            Some(kind) if !kind.is_empty() => kind.to_lowercase(),
            _ => "after".to_owned(),
        };
        let job = |schedule: Option<&str>, job: String| match schedule {
            Some(schedule) => format!("{schedule} / {job}"),
            None => job,
        };
        match self {
            Self::InternalDependency => format!(
                "{} {} {}",
                with_frequency("jobName", "frequencyName"),
                relation(),
                with_frequency("predecessorJobName", "predecessorFrequencyName"),
            ),
            Self::ExternalDependency | Self::ReverseDependency => format!(
                "{} {} {}",
                job(text("scheduleName"), with_frequency("jobName", "frequencyName")),
                relation(),
                job(
                    text("predecessorScheduleName"),
                    with_frequency("predecessorJobName", "predecessorFrequencyName")
                ),
            ),
            Self::ExpressionDependency => with_frequency("expression", "frequencyName"),
            Self::ResourceDependency => with_frequency("resourceName", "frequencyName"),
            Self::ThresholdDependency => with_frequency("thresholdName", "frequencyName"),
            Self::Event => match (text("jobStatus"), text("event")) {
                (Some(status), Some(event)) => format!("{status}: {event}"),
                (status, event) => event.or(status).unwrap_or("?").to_owned(),
            },
            Self::Script => form::field(item, "data/name").and_then(Value::as_str).unwrap_or("?").to_owned(),
            _ => match item {
                Value::String(text) => text.clone(),
                Value::Object(_) => text("name").unwrap_or("?").to_owned(),
                other => other.to_string(),
            },
        }
    }
}
