//! Rollouts and environments: can what they name be found, and do they get in each other's way?

use std::collections::HashMap;

use super::code;
use super::finding::Finding;
use super::packages::Stock;
use crate::definition::{decode, encode};
use crate::repository::history::History;
use crate::repository::layout::Kind;
use crate::repository::package::Package;
use crate::repository::records::Records;
use crate::repository::resolve::{ResolveError, versions};
use crate::repository::servers::Server;
use crate::rollout::{DemandError, Environment, Fleet, Kept, NotCarried, RolloutFile, What, demands};

/// The files that could be read, with their paths.
#[derive(Debug, Default)]
pub(super) struct Containers {
    pub(super) rollouts: Vec<(String, RolloutFile)>,
    pub(super) environments: Vec<(String, Environment)>,
}

/// Findings on all of them.
pub(super) fn check(
    containers: &Containers,
    servers: &[(String, Server)],
    packages: &[(String, Package)],
    stock: &Stock<'_>,
    findings: &mut Vec<Finding>,
) {
    if containers.rollouts.is_empty() && containers.environments.is_empty() {
        return;
    }
    let fleet = Fleet::new(servers);
    // Without a history there are no versions; the pins of packages say why.
    let history = History::load(stock.repository).ok();
    let history = history.as_ref();
    // What one that is over named may be gone by now.
    let records = Records::open(stock.repository).ok();
    let is_live = |(path, _): &&(String, RolloutFile)| {
        let over = records.as_ref().map(|records| Kept::is_over(records, &name_of(path)));
        !matches!(over, Some(Ok(true)))
    };
    let live: Vec<&(String, RolloutFile)> = containers.rollouts.iter().filter(is_live).collect();
    let carried = |path: &str, text: &str, to_remove: bool| {
        let what = What::parse(text, to_remove).ok()?;
        let problem = not_carried(&what, to_remove, history?, packages, stock)?;
        Some(Finding::new(code::ROLLOUT_WHAT, path, problem))
    };
    for (path, file) in &live {
        let values = file.problems().into_iter();
        findings
            .extend(values.map(|(key, problem)| {
                Finding::new(code::ROLLOUT_VALUE, path, format!("`{key}`: {problem}"))
            }));
        if !file.to.is_empty()
            && let Err(error) = fleet.waves(&file.to, &file.order)
        {
            findings.push(Finding::new(code::ROLLOUT_TARGET, path, error.to_string()));
        }
        findings.extend(file.each().filter_map(|(key, text)| carried(path, text, key == "uninstall")));
        for rule in &file.rules {
            let bare = rule.rsplit_once('@').map_or(rule.as_str(), |(name, _)| name);
            if ![rule, bare].iter().any(|name| stock.rules.contains(encode(name).as_str())) {
                let message = format!("rule `{rule}` is not in the repository");
                findings.push(Finding::new(code::ROLLOUT_RULE, path, message));
            }
        }
    }
    in_each_others_way(&live, fleet, findings);
    for (path, environment) in &containers.environments {
        let problems = environment.problems().into_iter();
        findings.extend(problems.map(|(rule, problem)| {
            Finding::new(code::ENVIRONMENT_RULE, path, format!("rule `{rule}`: {problem}"))
        }));
        for rule in &environment.rules {
            if let Err(error) = fleet.targets(&rule.to) {
                findings.push(Finding::new(
                    code::ROLLOUT_TARGET,
                    path,
                    format!("rule `{}`: {error}", rule.name),
                ));
            }
            findings.extend(rule.each().filter_map(|(text, to_remove)| carried(path, text, to_remove)));
        }
    }
    let named: Vec<(String, Environment)> =
        containers.environments.iter().map(|(path, file)| (name_of(path), file.clone())).collect();
    let members = |what: &What| members(what, packages);
    if let Err(DemandError::Contradiction(contradiction)) = demands(&named, fleet, &members) {
        let own = |(path, _): &&(String, Environment)| {
            contradiction.other.starts_with(&format!("{}/", name_of(path)))
        };
        let path = containers.environments.iter().find(own).map_or("", |(path, _)| path);
        findings.push(Finding::new(code::ENVIRONMENT_RULE, path, contradiction.to_string()));
    }
}

/// Why something cannot be carried, in words.
fn not_carried(
    what: &What,
    to_remove: bool,
    history: &History,
    packages: &[(String, Package)],
    stock: &Stock<'_>,
) -> Option<String> {
    let error = match to_remove {
        true => versions(stock.repository, history, what.kind, &what.text).err().map(NotCarried::from)?,
        false => what.find(stock.repository, history).err()?,
    };
    let stem = encode(what.name());
    let stands = match what.kind {
        Kind::Package => packages.iter().any(|(path, _)| *path == format!("packages/{stem}.toml")),
        _ => stock.schedules.contains(stem.as_str()),
    };
    match error {
        // Not on main yet, but it will come with the very change that brings this file.
        NotCarried::Resolve(ResolveError::Unknown { .. }) if stands => None,
        error => Some(error.to_string()),
    }
}

/// The same thing on its way to the same server twice.
fn in_each_others_way(rollouts: &[&(String, RolloutFile)], fleet: Fleet<'_>, findings: &mut Vec<Finding>) {
    let mut first: HashMap<(String, String), (&str, String)> = HashMap::new();
    for (path, file) in rollouts {
        let targets = fleet.targets(&file.to).unwrap_or_default();
        let mut told = false;
        for (key, text) in file.each() {
            let Ok(what) = What::parse(text, key == "uninstall") else { continue };
            for server in &targets {
                let wanted = format!("{key} {text}");
                match first.get(&(server.clone(), what.thing())) {
                    Some((other, theirs)) if *other != path && *theirs != wanted && !told => {
                        told = true;
                        let message = format!(
                            "{} goes to `{server}` otherwise in `{other}`; if both are due at once, the one of lower priority ends as a conflict",
                            what.thing()
                        );
                        findings.push(Finding::new(code::ROLLOUT_CONFLICT, path, message));
                    }
                    Some(_) => {}
                    None => drop(first.insert((server.clone(), what.thing()), (path, wanted))),
                }
            }
        }
    }
}

fn members(what: &What, packages: &[(String, Package)]) -> Vec<String> {
    if what.kind != Kind::Package {
        return Vec::new();
    }
    let path = format!("packages/{}.toml", encode(what.name()));
    let package = packages.iter().find(|(other, _)| *other == path);
    package.into_iter().flat_map(|(_, package)| &package.schedules).map(|pin| pin.name.clone()).collect()
}

/// The name that a file of a folder stands for.
fn name_of(path: &str) -> String {
    let file = path.rsplit('/').next().unwrap_or(path);
    let stem = file.strip_suffix(".toml").unwrap_or(file);
    decode(stem).unwrap_or_else(|| stem.to_owned())
}
