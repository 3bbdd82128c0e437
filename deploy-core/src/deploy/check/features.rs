//! What jobs need of the agents that run them. With alternates or a group every
//! machine must have it; machines that do not exist are told elsewhere.

use std::collections::BTreeSet;

use serde_json::Value;

use super::estate::{group_of, machines_of};
use super::findings::Where;
use super::{Findings, Job, Subject, fold};
use crate::definition::{is_encrypted, items, text_in};
use crate::deploy::Severity;
use crate::opcon::Machine;
use crate::rules::features::is_something;
use crate::rules::token_parts;

/// Something that an agent must be able to do.
struct Need {
    /// To stand behind "needs".
    words: &'static str,
    /// The machine has it where it has all of one of these sets.
    any_of: &'static [&'static [&'static str]],
    /// Whether a job needs it, by its data.
    needed: fn(&Value) -> bool,
}

const EMBEDDED_SCRIPT: Need = Need {
    words: "embedded scripts",
    any_of: &[&["centralizedScripts.v1"]],
    needed: |data| text_in(data, "scriptName").is_some(),
};
const FILE_ARRIVAL: Need = Need {
    words: "file arrival",
    any_of: &[&["fileWatcher.v1"], &["fileWatcher.v2"]],
    needed: |data| text_in(data, "jobAction").is_some_and(|action| bare(action) == "filearrival"),
};
/// The second version is an addition to the first.
const OUTPUT_PARSING: Need = Need {
    words: "job output parsing",
    any_of: &[&["jobOutputParsing.v1"]],
    needed: |data| is_something(&data["jobOutputParsingList"]),
};
const OUTPUT_PARSING_2: Need = Need {
    words: "job output parsing of a log of its own",
    any_of: &[&["jobOutputParsing.v1", "jobOutputParsing.v2"]],
    needed: |data| is_something(&data["jobOutputParsingList"]) && is_something(&data["applicationLogPath"]),
};
const ENVIRONMENT: Need = Need {
    words: "environment variables",
    any_of: &[&["environmentVariables.v1"]],
    needed: |data| is_something(&data["environmentVariableList"]),
};
const SHELL: Need = Need {
    words: "a command shell",
    any_of: &[&["shellExecution.v1"]],
    needed: |data| is_something(&data["runInCommandShell"]),
};
const TOKENS: Need =
    Need { words: "encrypted tokens", any_of: &[&["encryptedTokens.v1"]], needed: |_| false };

/// What is looked at in the data of each kind of job.
const NEEDS: &[(&str, &[Need])] = &[
    ("windowsData", &[EMBEDDED_SCRIPT, FILE_ARRIVAL, OUTPUT_PARSING, OUTPUT_PARSING_2, ENVIRONMENT, SHELL]),
    ("unixData", &[EMBEDDED_SCRIPT, FILE_ARRIVAL, OUTPUT_PARSING, OUTPUT_PARSING_2, ENVIRONMENT]),
    ("ibmiData", &[FILE_ARRIVAL]),
];

impl Need {
    fn is_met_by(&self, machine: &Machine) -> bool {
        let has = |wanted: &&str| machine.features.iter().any(|feature| feature.eq_ignore_ascii_case(wanted));
        self.any_of.iter().any(|all| all.iter().all(has))
    }

    /// Names the machines that cannot do it.
    fn tell(&self, subject: &Subject<'_>, job: Job<'_>, findings: &mut Findings) {
        let mut told = BTreeSet::new();
        for machine in machines(subject, job.value) {
            if !self.is_met_by(machine) && told.insert(&machine.name) {
                let message = format!("machine `{}` does not support {}", machine.name, self.words);
                findings.add(Severity::Warning, Where::job(job.schedule, job.name), message);
            }
        }
    }
}

/// Every machine that may run a job, as far as the target has them.
fn machines<'s>(subject: &Subject<'s>, job: &Value) -> Vec<&'s Machine> {
    let estate = subject.estate;
    let mut machines: Vec<&Machine> =
        machines_of(subject, job).into_iter().filter_map(|name| estate.machine(name)).collect();
    if let Some(group) = group_of(subject, job) {
        machines.extend(estate.machines_in(group));
    }
    machines
}

pub(super) fn check(subject: &Subject<'_>, findings: &mut Findings) {
    for job in subject.jobs() {
        for (data, needs) in NEEDS {
            let Some(data) = job.value.get(data) else { continue };
            for need in needs.iter().filter(|need| (need.needed)(data)) {
                need.tell(subject, job, findings);
            }
        }
    }
}

/// Jobs whose texts hold a token of an encrypted property.
pub(super) fn encrypted_tokens(subject: &Subject<'_>, findings: &mut Findings) {
    let here = items(subject.definition.value(), "propertyList").filter(|property| is_encrypted(property));
    let here: BTreeSet<String> = here.filter_map(|property| text_in(property, "name")).map(fold).collect();
    if here.is_empty() && !subject.estate.encrypts() {
        return;
    }
    let is_encrypted = |name: &str| {
        let name = fold(name);
        here.contains(&name) || subject.estate.is_encrypted(&name)
    };
    for job in subject.jobs() {
        for data in NEEDS.iter().filter_map(|(data, _)| job.value.get(data)) {
            if holds_token(data, &is_encrypted) {
                TOKENS.tell(subject, job, findings);
            }
        }
    }
}

fn holds_token(value: &Value, is_encrypted: &dyn Fn(&str) -> bool) -> bool {
    match value {
        Value::String(text) if text.contains("[[") || text.contains("{{") => token_parts(text)
            .iter()
            .any(|(scope, index, name)| scope.is_empty() && *index == 0 && is_encrypted(name)),
        Value::Array(items) => items.iter().any(|item| holds_token(item, is_encrypted)),
        Value::Object(map) => map.values().any(|item| holds_token(item, is_encrypted)),
        _ => false,
    }
}

fn bare(word: &str) -> String {
    word.chars().filter(|character| character.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}
