//! What should stand where: rules of `environments/<name>.toml`.
//!
//! A rule says that things must be (or must not be) on a group of targets. What
//! differs from what stands there becomes a rollout; nothing happens by itself.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Fleet, TargetError, What};
use crate::repository::layout::Kind;
use crate::repository::toml_file::{TomlError, read_toml};

/// An environment (`environments/<NAME>.toml`): what should stand on its targets.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Environment {
    /// What it is.
    #[serde(default)]
    pub description: String,
    /// One table for each rule.
    #[serde(default, rename = "rule")]
    pub rules: Vec<Rule>,
}

/// These things must be on these targets, and those must not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Its name, unique in the file.
    pub name: String,
    /// Why.
    #[serde(default)]
    pub description: String,
    /// Whether it is in force.
    #[serde(default)]
    pub enabled: bool,
    /// The targets: servers, and `group:NAME` for all of a group.
    pub to: Vec<String>,
    /// What must be there: `package:NAME`, `package:NAME@V`, `NAME` or `NAME@V`; without a
    /// version the latest.
    #[serde(default)]
    pub what: Vec<String>,
    /// What must not be there: `package:NAME` or `NAME`.
    #[serde(default)]
    pub uninstall: Vec<String>,
}

/// What a rule asks of one thing on one target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Demand {
    /// The rule, as `environment/rule`.
    pub rule: String,
    /// The thing, with the version it must have; without where it must not be there.
    pub wanted: Option<What>,
}

/// Two rules, or one with itself, that would undo each other's work for ever.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{thing} on `{server}`: rule `{one}` wants {one_wants}, rule `{other}` wants {other_wants}; each would undo the other's work in turn"
)]
pub struct Contradiction {
    /// The package or schedule.
    pub thing: String,
    /// The target.
    pub server: String,
    /// The first rule.
    pub one: String,
    /// What it wants.
    pub one_wants: String,
    /// The second.
    pub other: String,
    /// What that wants.
    pub other_wants: String,
}

impl Environment {
    /// Reads the text of the file.
    pub fn read(path: &str, bytes: &[u8]) -> Result<Self, TomlError> {
        read_toml(path, &String::from_utf8_lossy(bytes))
    }

    /// What is well-formed and cannot work, whatever the repository holds: the rule, and what is wrong.
    pub fn problems(&self) -> Vec<(String, String)> {
        let mut problems = Vec::new();
        for (at, rule) in self.rules.iter().enumerate() {
            let mut wrong = |problem: String| problems.push((rule.name.clone(), problem));
            if rule.name.trim().is_empty() {
                wrong("`name` is empty".to_owned());
            }
            if self.rules[..at].iter().any(|other| other.name.to_lowercase() == rule.name.to_lowercase()) {
                wrong("there are two rules of this name".to_owned());
            }
            if rule.what.is_empty() && rule.uninstall.is_empty() {
                wrong("`what` is empty, and so is `uninstall`: it asks for nothing".to_owned());
            }
            if rule.to.is_empty() {
                wrong("`to` is empty: it asks it of nobody".to_owned());
            }
            for (text, to_remove) in rule.each() {
                if let Err(problem) = What::parse(text, to_remove) {
                    wrong(problem.to_string());
                }
            }
        }
        problems
    }
}

impl Rule {
    /// Everything named, and whether it must not be there.
    pub(crate) fn each(&self) -> impl Iterator<Item = (&str, bool)> {
        let what = self.what.iter().map(|text| (text.as_str(), false));
        what.chain(self.uninstall.iter().map(|text| (text.as_str(), true)))
    }
}

/// Everything that the rules in force ask for, by target and thing; the first
/// contradiction is an error. `members` are the schedules of a package.
pub fn demands(
    environments: &[(String, Environment)],
    fleet: Fleet<'_>,
    members: &dyn Fn(&What) -> Vec<String>,
) -> Result<BTreeMap<(String, String), Demand>, DemandError> {
    let mut all: BTreeMap<(String, String), Demand> = BTreeMap::new();
    // Schedules that come or go with a package: they contradict, but nobody asks for them by themselves.
    let mut inner: BTreeMap<(String, String), Demand> = BTreeMap::new();
    for (environment, rule) in
        environments.iter().flat_map(|(name, file)| file.rules.iter().map(move |rule| (name, rule)))
    {
        if !rule.enabled {
            continue;
        }
        let label = format!("{environment}/{}", rule.name);
        let unknown = |source| DemandError::Target { rule: label.clone(), source };
        for server in fleet.targets(&rule.to).map_err(unknown)? {
            for (text, to_remove) in rule.each() {
                let Ok(what) = What::parse(text, to_remove) else { continue };
                let demand = Demand { rule: label.clone(), wanted: (!to_remove).then(|| what.clone()) };
                for schedule in members(&what) {
                    let key = (server.clone(), format!("schedule `{schedule}`"));
                    against(&all, &key, &demand, true)?;
                    inner.entry(key).or_insert_with(|| demand.clone());
                }
                let key = (server.clone(), what.thing());
                if what.kind == Kind::Schedule {
                    against(&inner, &key, &demand, true)?;
                }
                against(&all, &key, &demand, false)?;
                all.insert(key, demand);
            }
        }
    }
    Ok(all)
}

/// Why it is not known what the rules ask for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DemandError {
    /// The targets of a rule cannot be found.
    #[error("rule `{rule}`: {source}")]
    Target {
        /// The rule.
        rule: String,
        /// Why not.
        source: TargetError,
    },
    /// Rules undo each other's work.
    #[error(transparent)]
    Contradiction(#[from] Box<Contradiction>),
}

/// A demand against one that is there; of a package's schedule only whether it must be there counts.
fn against(
    there: &BTreeMap<(String, String), Demand>,
    key: &(String, String),
    new: &Demand,
    presence_only: bool,
) -> Result<(), Box<Contradiction>> {
    let Some(old) = there.get(key) else { return Ok(()) };
    let same = match presence_only {
        true => old.wanted.is_some() == new.wanted.is_some(),
        false => old.wanted == new.wanted,
    };
    if same {
        return Ok(());
    }
    let wants = |demand: &Demand| match &demand.wanted {
        Some(what) => format!("`{what}`"),
        None => "it removed".to_owned(),
    };
    Err(Box::new(Contradiction {
        thing: key.1.clone(),
        server: key.0.clone(),
        one: old.rule.clone(),
        one_wants: wants(old),
        other: new.rule.clone(),
        other_wants: wants(new),
    }))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::repository::servers::{Server, ServerType};

    fn asked(text: &str) -> Result<Vec<String>, String> {
        let servers: Vec<(String, Server)> = ["A", "B"]
            .map(|name| {
                let groups = vec!["retail".to_owned()];
                (name.to_owned(), Server { groups, ..Server::new(ServerType::Production, "host", "name") })
            })
            .into();
        let environment = Environment::read("environments/eu.toml", text.as_bytes()).unwrap();
        let members = |what: &What| match (what.kind, what.name()) {
            (Kind::Package, "FIN") => vec!["Ledger".to_owned()],
            _ => Vec::new(),
        };
        let all = [("eu".to_owned(), environment)];
        let demands = demands(&all, Fleet::new(&servers), &members).map_err(|error| error.to_string())?;
        Ok(demands
            .into_iter()
            .map(|((server, thing), demand)| match demand.wanted {
                Some(what) => format!("{server} {what}"),
                None => format!("{server} no {thing}"),
            })
            .collect())
    }

    fn rule(name: &str, to: &str, what: &[&str], uninstall: &[&str]) -> String {
        format!(
            "[[rule]]\nname = \"{name}\"\nenabled = true\nto = [\"{to}\"]\nwhat = {what:?}\nuninstall = {uninstall:?}\n"
        )
    }

    #[test]
    fn rules_in_force_ask_for_things_on_every_target() {
        let text = rule("one", "group:retail", &["package:FIN@14"], &["Old"]);
        let expected = ["A package:FIN@14", "A no schedule `Old`", "B package:FIN@14", "B no schedule `Old`"];
        assert_eq!(asked(&text).unwrap(), expected);
        assert!(asked(&text.replace("enabled = true", "")).unwrap().is_empty());
        let twice = format!("{text}{}", rule("two", "A", &["package:FIN@14"], &[]));
        assert_eq!(asked(&twice).unwrap(), expected);
        let error = asked(&rule("one", "group:retial", &["X"], &[])).unwrap_err();
        assert!(error.starts_with("rule `eu/one`: no server is in a group `retial`"), "{error}");
    }

    #[test]
    fn rules_that_undo_each_other_are_refused() {
        let with = |other: String| {
            asked(&[rule("one", "group:retail", &["package:FIN@14"], &[]), other].concat()).unwrap_err()
        };
        assert_eq!(
            with(rule("two", "B", &["package:FIN@13"], &[])),
            "package `FIN` on `B`: rule `eu/one` wants `package:FIN@14`, rule `eu/two` wants `package:FIN@13`; each would undo the other's work in turn"
        );
        assert!(with(rule("two", "A", &[], &["package:FIN"])).contains("rule `eu/two` wants it removed"));
        // A schedule that comes with a package is not removed by itself, whichever rule comes first.
        assert!(with(rule("two", "A", &[], &["Ledger"])).starts_with("schedule `Ledger` on `A`"));
        let first = [rule("one", "A", &[], &["Ledger"]), rule("two", "A", &["package:FIN"], &[])].concat();
        assert!(asked(&first).unwrap_err().starts_with("schedule `Ledger` on `A`"));
        let itself = rule("one", "A", &["package:FIN"], &["package:FIN"]);
        assert!(asked(&itself).unwrap_err().contains("rule `eu/one` wants it removed"));
    }

    #[test]
    fn what_cannot_work_is_named() {
        let text =
            "[[rule]]\nname = \"x\"\nto = []\n[[rule]]\nname = \"X\"\nto = [\"A\"]\nwhat = [\"FIN*\"]\n";
        let problems = Environment::read("e.toml", text.as_bytes()).unwrap().problems();
        let problems: Vec<String> =
            problems.into_iter().map(|(rule, problem)| format!("{rule}: {problem}")).collect();
        assert_eq!(problems.len(), 4, "{problems:?}");
        assert!(problems[2].contains("two rules") && problems[3].contains("is a pattern"), "{problems:?}");
    }
}
