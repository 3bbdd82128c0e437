//! The ready-made rules that the program brings along, each with its test.

use clap::ValueEnum;
use clap::builder::PossibleValue;

/// A rule to begin with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ready {
    name: &'static str,
    pub(super) rule: &'static str,
    pub(super) test: &'static str,
    /// What the test is given: the name of a file beside it, and its text.
    pub(super) given: (&'static str, &'static str),
}

macro_rules! ready {
    ($($name:literal with $given:literal),* $(,)?) => {
        &[$(Ready {
            name: $name,
            rule: include_str!(concat!("../../../../rules/", $name, ".rhai")),
            test: include_str!(concat!("../../../../rules/tests/", $name, ".toml")),
            given: ($given, include_str!(concat!("../../../../rules/tests/", $given))),
        }),*]
    };
}

const ALL: &[Ready] = ready![
    "batch-site" with "batch.json",
    "business-hours-guard" with "late.json",
    "command-line-parameters" with "sample.json",
    "department" with "sample.json",
    "environment-prefix" with "sample.json",
    "hold-new-schedules" with "sample.json",
    "machines" with "sample.json",
    "notification-addresses" with "sample.json",
    "sql-servers" with "sample.json",
    "start-times" with "sample.json",
    "strip-non-production" with "sample.json",
    "tags" with "sample.json",
    "users" with "sample.json",
];

impl Ready {
    pub(super) fn name(self) -> &'static str {
        self.name
    }

    /// The test, of a rule that is called so.
    pub(super) fn test_of(self, name: &str) -> String {
        self.test.replace(&format!("rules = [{:?}]", self.name), &format!("rules = [{name:?}]"))
    }
}

impl ValueEnum for Ready {
    fn value_variants<'a>() -> &'a [Self] {
        ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.name))
    }
}
