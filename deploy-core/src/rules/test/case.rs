//! The form of a test.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use crate::rules::context::{Context, Deployment, Package, Target, TargetFrequencies};
use crate::rules::toml_place::TomlError;

/// A test of rules.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TestCase {
    /// What it is about.
    #[serde(default)]
    pub description: String,
    /// The rules, in order; `NAME@VERSION` for a version other than today's.
    pub rules: Vec<String>,
    /// What they are applied to.
    pub given: Given,
    /// The server it is for.
    #[serde(default)]
    pub target: TargetTable,
    /// The package and the deploy it is for.
    #[serde(default)]
    pub deploy: Deploy,
    /// What must come out.
    #[serde(default)]
    pub expect: Expect,
}

/// The definition of a test: one of the three.
#[derive(Debug, Clone, Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Given {
    /// A stored definition, `NAME[@VERSION]`.
    pub definition: Option<String>,
    /// A file beside the test.
    pub file: Option<String>,
    /// The definition itself.
    pub inline: Option<String>,
}

/// The server of a test.
#[derive(Debug, Clone, Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TargetTable {
    /// Name of the server.
    #[serde(default)]
    pub name: String,
    /// Type of the server.
    #[serde(default, rename = "type")]
    pub kind: String,
    /// Class of the server.
    #[serde(default)]
    pub class: String,
    /// Its values for rules.
    #[serde(default)]
    pub vars: BTreeMap<String, Value>,
    /// A definition beside the test that stands on the target, for its frequencies.
    pub existing: Option<String>,
}

/// The package and the deploy of a test.
#[derive(Debug, Clone, Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deploy {
    /// Name of the package.
    pub package: Option<String>,
    /// Version of the package.
    #[serde(default)]
    pub package_version: String,
    /// Who deploys.
    #[serde(default)]
    pub user: String,
    /// The description given.
    #[serde(default)]
    pub description: String,
    /// The prefix of an environment.
    pub environment: Option<String>,
}

/// What must come out of a test.
#[derive(Debug, Clone, Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// Place → value; places as of [`crate::rules::value_at`].
    #[serde(default)]
    pub values: BTreeMap<String, Value>,
    /// Places where nothing may stand.
    #[serde(default)]
    pub absent: Vec<String>,
    /// A file beside the test that holds the whole result.
    pub golden: Option<String>,
    /// The rules must fail with a message that holds this.
    pub failure: Option<String>,
    /// Warnings that hold these; without the key no warning may come.
    #[serde(default)]
    pub warning: Option<Messages>,
    /// Nothing may change.
    #[serde(default)]
    pub unchanged: bool,
}

/// One text, or several.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(untagged)]
pub enum Messages {
    /// One.
    One(String),
    /// Several.
    Many(Vec<String>),
}

impl Messages {
    /// The texts.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        match self {
            Self::One(text) => std::slice::from_ref(text),
            Self::Many(texts) => texts,
        }
        .iter()
        .map(String::as_str)
    }
}

impl TestCase {
    /// Reads a test; what is wrong with it is told with line, column and near names.
    pub fn read(text: &str) -> Result<Self, TomlError> {
        let case: Self = toml::from_str(text).map_err(|error| TomlError::of(text, &error))?;
        let place = |word: &str| text.find(word).unwrap_or(0);
        let given = [&case.given.definition, &case.given.file, &case.given.inline];
        if given.into_iter().flatten().count() != 1 {
            let message = "`given` names one of `definition`, `file`, `inline`".to_owned();
            return Err(TomlError::at(text, place("[given]"), message));
        }
        let expect = &case.expect;
        let asks = !expect.values.is_empty()
            || !expect.absent.is_empty()
            || expect.golden.is_some()
            || expect.failure.is_some()
            || expect.warning.is_some()
            || expect.unchanged;
        if !asks {
            let message = "`expect` asks for nothing: the test could not fail".to_owned();
            return Err(TomlError::at(text, place("[expect]"), message));
        }
        Ok(case)
    }

    /// The context that the rules of the test run in.
    pub fn context(&self, existing: Option<&Value>) -> Arc<Context> {
        let target = &self.target;
        let frequencies = existing.map(|definition| {
            let mut frequencies = TargetFrequencies::default();
            frequencies.add_definition(definition);
            frequencies
        });
        Arc::new(Context {
            target: Target {
                name: target.name.clone(),
                kind: target.kind.clone(),
                class: target.class.clone(),
                vars: target.vars.clone(),
            },
            package: self.deploy.package.clone().map(|name| {
                let version = self.deploy.package_version.clone();
                Package { name, version }
            }),
            deployment: Deployment {
                user: self.deploy.user.clone(),
                description: self.deploy.description.clone(),
            },
            environment: self.deploy.environment.clone(),
            frequencies,
        })
    }
}
