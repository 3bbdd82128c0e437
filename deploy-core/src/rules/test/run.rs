//! Running a test.

use std::sync::Arc;

use serde_json::Value;

use super::case::TestCase;
use crate::definition::{Definition, read_json};
use crate::rules::apply::RuleError;
use crate::rules::compile::RuleSet;
use crate::rules::context::Context;
use crate::rules::lookup::value_at;
use crate::rules::settings::Settings;
use crate::rules::source::RuleSource;

/// Where a test gets what it names. Each answers a reason where it cannot.
pub trait Sources {
    /// A stored definition, `NAME[@VERSION]`.
    fn definition(&self, name: &str) -> Result<Vec<u8>, String>;
    /// A file beside the test.
    fn file(&self, name: &str) -> Result<Vec<u8>, String>;
    /// A rule, `NAME[@VERSION]`.
    fn rule(&self, name: &str) -> Result<RuleSource, String>;
    /// The text of a rule that another imports.
    fn import(&self, name: &str) -> Option<String>;
}

/// What came of a test.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TestOutcome {
    /// What is not as expected; nothing, if the test passed.
    pub failures: Vec<String>,
    /// Of the failures those that a new golden file would not mend.
    pub failures_beside_golden: Vec<String>,
    /// The golden file and what it would hold now.
    pub golden: Option<(String, Vec<u8>)>,
}

impl TestOutcome {
    /// Whether all is as expected.
    pub fn passed(&self) -> bool {
        self.failures.is_empty()
    }
}

/// Runs a test.
pub fn run(case: &TestCase, sources: &dyn Sources, settings: &Arc<Settings>) -> TestOutcome {
    let mut outcome = TestOutcome::default();
    if let Err(reason) = run_into(case, sources, settings, &mut outcome) {
        outcome.failures.push(reason);
    }
    outcome
}

fn run_into(
    case: &TestCase,
    sources: &dyn Sources,
    settings: &Arc<Settings>,
    outcome: &mut TestOutcome,
) -> Result<(), String> {
    let given = &case.given;
    let bytes = match (&given.definition, &given.file, &given.inline) {
        (Some(name), ..) => sources.definition(name)?,
        (_, Some(file), _) => sources.file(file)?,
        (.., inline) => inline.clone().unwrap_or_default().into_bytes(),
    };
    let definition = Definition::read(&bytes).map_err(|error| format!("the given definition: {error}"))?;
    let rules: Vec<RuleSource> =
        case.rules.iter().map(|name| sources.rule(name)).collect::<Result<_, _>>()?;
    let rules = RuleSet::compile(&rules, &|name| sources.import(name), Arc::clone(settings))
        .map_err(|errors| errors.to_string())?;
    let existing = match &case.target.existing {
        Some(file) => {
            let bytes = sources.file(file)?;
            Some(read_json(&bytes).map_err(|error| format!("`{file}`: {error}"))?)
        }
        None => None,
    };
    let result = rules.apply(definition.clone(), &case.context(existing.as_ref()));
    let expect = &case.expect;
    let done = match (result, &expect.failure) {
        (Err(error), Some(wanted)) if error.to_string().contains(wanted) => return Ok(()),
        (Err(error), Some(wanted)) => return Err(format!("failed with “{error}”, not with “{wanted}”")),
        (Err(error), None) => return Err(format!("failed: {error}")),
        (Ok(_), Some(wanted)) => return Err(format!("did not fail with “{wanted}”")),
        (Ok(done), None) => done,
    };
    let failures = &mut outcome.failures;
    let value = done.definition.value();
    for (place, wanted) in &expect.values {
        match value_at(value, place) {
            Some(found) if found == wanted => {}
            Some(found) => failures.push(format!("`{place}` is {found}, not {wanted}")),
            None => failures.push(format!("`{place}` is not there; expected {wanted}")),
        }
    }
    for place in &expect.absent {
        if let Some(found) = value_at(value, place) {
            failures.push(format!("`{place}` is {found}; nothing was expected there"));
        }
    }
    if expect.unchanged {
        differences(definition.value(), value, failures);
    }
    let warnings: Vec<&str> = done.warnings.iter().map(|warning| warning.text.as_str()).collect();
    match &expect.warning {
        None => failures.extend(warnings.iter().map(|text| format!("unexpected warning: {text}"))),
        Some(wanted) => {
            let missing = wanted.iter().filter(|wanted| !warnings.iter().any(|text| text.contains(wanted)));
            failures.extend(missing.map(|wanted| format!("no warning holds “{wanted}”")));
        }
    }
    if let Some(file) = &expect.golden {
        outcome.failures_beside_golden.clone_from(failures);
        match sources.file(file).and_then(|bytes| Definition::read(&bytes).map_err(|error| error.to_string()))
        {
            Ok(golden) => differences(golden.value(), value, failures),
            Err(reason) => failures.push(format!("`{file}`: {reason}")),
        }
        outcome.golden = Some((file.clone(), done.definition.to_bytes()));
    }
    Ok(())
}

/// How many differences are told one by one.
const SHOWN: usize = 20;

/// Tells where two values differ.
fn differences(wanted: &Value, found: &Value, failures: &mut Vec<String>) {
    let mut all = Vec::new();
    compare("", wanted, found, &mut all);
    let more = all.len().saturating_sub(SHOWN);
    failures.extend(all.into_iter().take(SHOWN));
    if more > 0 {
        failures.push(format!("and {more} more differences"));
    }
}

fn compare(pointer: &str, wanted: &Value, found: &Value, all: &mut Vec<String>) {
    match (wanted, found) {
        (Value::Object(a), Value::Object(b)) => {
            for (key, wanted) in a {
                match b.get(key) {
                    Some(found) => compare(&format!("{pointer}/{key}"), wanted, found, all),
                    None => all.push(format!("`{pointer}/{key}` is gone; it was {wanted}")),
                }
            }
            for (key, found) in b.iter().filter(|(key, _)| !a.contains_key(*key)) {
                all.push(format!("`{pointer}/{key}` is new: {found}"));
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (at, (wanted, found)) in a.iter().zip(b).enumerate() {
                compare(&format!("{pointer}/{at}"), wanted, found, all);
            }
        }
        (wanted, found) if wanted == found => {}
        (wanted, found) => all.push(format!("`{pointer}` is {found}, not {wanted}")),
    }
}

/// What must hold for any definition: the rules give a definition whose references are closed (or refuse
/// it themselves), and, where they say that they are idempotent, a second time changes nothing.
pub fn check_invariants(
    rules: &RuleSet,
    definition: Definition,
    context: &Arc<Context>,
) -> Result<(), String> {
    let told = |error: RuleError| error.to_string();
    let once = match rules.apply(definition, context) {
        Ok(once) => once,
        // What a rule refuses is its own business.
        Err(RuleError::Failed(_) | RuleError::Unmatched(_)) => return Ok(()),
        Err(error) => return Err(error.to_string()),
    };
    if !rules.is_idempotent() {
        return Ok(());
    }
    let twice = rules.apply(once.definition.clone(), context).map_err(told)?;
    let mut failures = Vec::new();
    differences(once.definition.value(), twice.definition.value(), &mut failures);
    match failures.first() {
        None => Ok(()),
        Some(first) => Err(format!("applied twice is not as applied once: {first}")),
    }
}
