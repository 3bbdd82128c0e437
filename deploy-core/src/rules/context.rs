//! What a rule is told of the deploy it works for.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

/// Where a definition goes, as part of what, and for whom.
#[derive(Debug, Clone, Default)]
pub struct Context {
    /// The server that the definition is being transformed for.
    pub target: Target,
    /// The package that is being deployed, if any.
    pub package: Option<Package>,
    /// The deploy itself.
    pub deployment: Deployment,
    /// A prefix for every name (`E` makes `E_NAME`), applied after all rules.
    pub environment: Option<String>,
    /// The frequencies that the target already has, where they are known.
    pub frequencies: Option<TargetFrequencies>,
}

/// The server a definition goes to.
#[derive(Debug, Clone, Default)]
pub struct Target {
    /// Name of the server.
    pub name: String,
    /// Type of the server: `Production`, `Test` …
    pub kind: String,
    /// Class of the server: `production`, `test` or `development`.
    pub class: String,
    /// The server's own values for rules.
    pub vars: BTreeMap<String, Value>,
}

/// The package that is being deployed.
#[derive(Debug, Clone, Default)]
pub struct Package {
    /// Name of the package.
    pub name: String,
    /// Its version, as shown to people.
    pub version: String,
}

/// The deploy that a definition is being transformed for.
#[derive(Debug, Clone, Default)]
pub struct Deployment {
    /// Who deploys.
    pub user: String,
    /// The description given.
    pub description: String,
}

/// Frequencies as they stand on a target.
#[derive(Debug, Clone, Default)]
pub struct TargetFrequencies {
    by_place: HashMap<(String, Option<String>, String), Value>,
    by_name: HashMap<String, Value>,
}

impl TargetFrequencies {
    /// Takes the frequencies of a definition that stands on the target.
    pub fn add_definition(&mut self, definition: &Value) {
        for schedule in items(definition, "scheduleList") {
            let name = text(schedule, "name");
            for frequency in items(schedule, "frequencyList") {
                self.add(&name, None, frequency);
            }
            for job in items(schedule, "jobList") {
                let job_name = text(job, "name");
                for frequency in items(job, "frequencyList") {
                    self.add(&name, Some(&job_name), frequency);
                }
            }
        }
    }

    /// Takes one frequency that any schedule of the target may use.
    pub fn add_named(&mut self, frequency: &Value) {
        self.by_name.insert(text(frequency, "name"), frequency.clone());
    }

    fn add(&mut self, schedule: &str, job: Option<&str>, frequency: &Value) {
        let name = text(frequency, "name");
        self.by_name.entry(name.clone()).or_insert_with(|| frequency.clone());
        self.by_place.insert((schedule.to_owned(), job.map(str::to_owned), name), frequency.clone());
    }

    /// The target's frequency of that name: of the same job, of the same schedule, or of any.
    pub fn find(&self, schedule: &str, job: Option<&str>, name: &str) -> Option<&Value> {
        let of = |job: Option<&str>| {
            self.by_place.get(&(schedule.to_owned(), job.map(str::to_owned), name.to_owned()))
        };
        job.and_then(|job| of(Some(job))).or_else(|| of(None)).or_else(|| self.by_name.get(name))
    }
}

fn items<'v>(value: &'v Value, list: &str) -> &'v [Value] {
    value.get(list).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn text(value: &Value, key: &str) -> String {
    value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
}
