//! Rules as users write them, over the sample definition.

mod convert;
mod hostile;
mod invariants;
mod properties;
mod ready_made;
mod reference;
mod rule_tests;
mod scripts;
mod tags;
mod trace;
mod vendor;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::*;
use crate::definition::{Definition, RuleName};

pub(super) const SAMPLE: &str = include_str!("../tags/example.json");

pub(super) fn sample() -> Definition {
    Definition::read(SAMPLE.as_bytes()).unwrap()
}

pub(super) fn source(name: &str, text: &str) -> RuleSource {
    let is_json = text.trim_start_matches('\u{feff}').trim_start().starts_with('{');
    RuleSource {
        name: RuleName::new(name).unwrap(),
        level: Level::Server,
        language: if is_json { Language::VendorJson } else { Language::Rhai },
        text: text.to_owned(),
        version: Some("3".to_owned()),
    }
}

pub(super) fn settings() -> Arc<Settings> {
    Arc::new(Settings::new().unwrap())
}

pub(super) fn context() -> Arc<Context> {
    let vars = BTreeMap::from([
        ("loader".to_owned(), Value::from("WINPRD09")),
        ("limit".to_owned(), Value::from(5)),
    ]);
    Arc::new(Context {
        target: Target { name: "PROD1".into(), kind: "Production".into(), class: "production".into(), vars },
        package: Some(Package { name: "FIN".into(), version: "2".into() }),
        deployment: Deployment { user: "maria".into(), description: "release 7".into() },
        ..Context::default()
    })
}

pub(super) fn compile(text: &str) -> Result<RuleSet, RuleErrors> {
    RuleSet::compile(&[source("rule", text)], &|_| None, settings())
}

/// Applies one rule to the sample definition.
pub(super) fn apply(text: &str) -> Result<Outcome, RuleError> {
    let rules = match compile(text) {
        Ok(rules) => rules,
        Err(errors) => panic!("{text}\n{errors}"),
    };
    rules.apply(sample(), &context())
}

pub(super) fn at<'v>(definition: &'v Definition, place: &str) -> Option<&'v Value> {
    value_at(definition.value(), place)
}

pub(super) fn text_at(definition: &Definition, place: &str) -> String {
    match at(definition, place) {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => "(nothing)".to_owned(),
    }
}
