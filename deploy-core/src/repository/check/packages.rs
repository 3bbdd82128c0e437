//! The pins of packages: does what they name exist, and is it what they say?

use std::collections::{HashMap, HashSet};

use super::code;
use super::finding::Finding;
use crate::definition::{decode, encode};
use crate::repository::Repository;
use crate::repository::history::{History, HistoryError, Version};
use crate::repository::layout::Kind;
use crate::repository::package::{Package, Pin};

/// What the pins are held against.
pub(super) struct Stock<'a> {
    pub(super) repository: &'a Repository,
    /// File stems of the schedules as they stand.
    pub(super) schedules: HashSet<&'a str>,
    /// File stems of the rules as they stand.
    pub(super) rules: HashSet<&'a str>,
}

/// Findings on all packages, given with the paths of their files.
pub(super) fn check(packages: &[(String, Package)], stock: &Stock<'_>, findings: &mut Vec<Finding>) {
    let mut owner: HashMap<&str, &str> = HashMap::new();
    for (path, package) in packages {
        let mut seen = HashSet::new();
        for pin in &package.schedules {
            if !seen.insert(pin.name.as_str()) {
                let message = format!("schedule `{}` stands twice in the package", pin.name);
                findings.push(Finding::new(code::PIN_TWICE, path, message));
            } else if let Some(other) = owner.insert(&pin.name, path).filter(|other| other != path) {
                let message =
                    format!("schedule `{}` is in `{other}` too; a schedule belongs to one package", pin.name);
                findings.push(Finding::new(code::TWO_PACKAGES, path, message));
            }
        }
        for rule in &package.rules {
            let bare = rule.rsplit_once('@').map_or(rule.as_str(), |(name, _)| name);
            if ![rule, bare].iter().any(|name| stock.rules.contains(encode(name).as_str())) {
                let message = format!("rule `{rule}` is not in the repository");
                findings.push(Finding::new(code::PACKAGE_RULE, path, message));
            }
        }
    }
    if packages.iter().all(|(_, package)| package.schedules.is_empty()) {
        return;
    }
    match History::load(stock.repository) {
        Ok(history) => {
            for (path, package) in packages {
                findings
                    .extend(package.schedules.iter().filter_map(|pin| check_pin(path, pin, &history, stock)));
            }
        }
        Err(error) => {
            let hint = match error {
                HistoryError::Shallow => "; `git fetch --unshallow` brings the whole history",
                _ => "",
            };
            findings.push(Finding::new(
                code::PINS_UNCHECKED,
                "",
                format!("the pins were not checked: {error}{hint}"),
            ));
        }
    }
}

fn check_pin(path: &str, pin: &Pin, history: &History, stock: &Stock<'_>) -> Option<Finding> {
    let finding = |code, message: String| Some(Finding::new(code, path, message));
    let (name, stem) = (&pin.name, encode(&pin.name));
    let versions = history.versions(Kind::Schedule, &stem);
    let stands = stock.schedules.contains(stem.as_str());
    if versions.is_empty() && !stands {
        return finding(code::PIN_UNKNOWN, format!("there is no schedule `{name}`{}", near(name, stock)));
    }
    let Some(number) = pin.version else {
        return check_blob(path, pin, &versions, stock);
    };
    let Some(version) = number.checked_sub(1).and_then(|at| versions.get(at)) else {
        let message = format!("schedule `{name}` has no version {number}; its latest is {}", versions.len());
        return finding(code::PIN_NO_VERSION, message);
    };
    let Some(blob) = version.blob else {
        return finding(code::PIN_DELETED, format!("version {number} of schedule `{name}` is its deletion"));
    };
    let disagrees = |what: &str, said: &str, is: git2::Oid| {
        let message =
            format!("version {number} of schedule `{name}` has {what} `{is}`; the pin says `{said}`");
        finding(code::PIN_DISAGREES, message)
    };
    match &pin.commit {
        Some(commit) if *commit != version.commit.to_string() => {
            return disagrees("commit", commit, version.commit);
        }
        _ => {}
    }
    if pin.blob != blob.to_string() {
        return disagrees("blob", &pin.blob, blob);
    }
    if !stands {
        let message = format!(
            "schedule `{name}` is not in the repository any more; `opcon-deploy package remove` takes it out"
        );
        return finding(code::PIN_GONE, message);
    }
    None
}

/// A pin without a version: its content must exist, and may have a number by now.
fn check_blob(path: &str, pin: &Pin, versions: &[Version], stock: &Stock<'_>) -> Option<Finding> {
    let name = &pin.name;
    let blob =
        git2::Oid::from_str(&pin.blob).ok().filter(|blob| stock.repository.git2().find_blob(*blob).is_ok());
    let Some(blob) = blob else {
        let message =
            format!("the content `{}` pinned for schedule `{name}` is not in the repository", pin.blob);
        return Some(Finding::new(code::PIN_NO_CONTENT, path, message));
    };
    let version = versions.iter().rev().find(|version| version.blob == Some(blob))?;
    let message = format!(
        "the content pinned for schedule `{name}` is its version {}; `opcon-deploy package update` writes numbers",
        version.number
    );
    Some(Finding::new(code::PIN_UNNUMBERED, path, message))
}

fn near(name: &str, stock: &Stock<'_>) -> String {
    let names: Vec<String> = stock.schedules.iter().filter_map(|stem| decode(stem)).collect();
    match crate::repository::toml_file::nearest(name, &names) {
        Some(near) => format!("; did you mean `{near}`?"),
        None => String::new(),
    }
}
