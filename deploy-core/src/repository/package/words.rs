//! What a version of a package changed, in a few words.

use git2::Oid;

use super::{Package, StoredError};
use crate::repository::Repository;
use crate::repository::history::Version;
use crate::repository::what_changed;

/// The trailer that holds it: `Package: <file stem> | <what changed>`.
pub const TRAILER: &str = "Package";

/// So many schedules are named; more are counted.
const NAMED: usize = 5;

/// What differs between two states of a package; empty where nothing does.
pub(super) fn between(before: &Package, after: &Package) -> String {
    let mut parts = Vec::new();
    let added = after.schedules.iter().filter(|pin| before.pin(&pin.name).is_none());
    parts.extend(list("added", added.map(|pin| pin.label().escape_debug().to_string())));
    let removed = before.schedules.iter().filter(|pin| after.pin(&pin.name).is_none());
    parts.extend(list("removed", removed.map(|pin| pin.name.escape_debug().to_string())));
    let moved = after.schedules.iter().filter_map(|pin| {
        let old = before.pin(&pin.name).filter(|old| *old != pin)?;
        Some(format!("{} {} → {}", pin.name.escape_debug(), old.at(), pin.at()))
    });
    parts.extend(list("moved", moved));
    if before.rules != after.rules {
        parts.push(match after.rules.as_slice() {
            [] => "no rules any more".to_owned(),
            rules => format!("rules {}", rules.join(", ").escape_debug()),
        });
    }
    if before.description != after.description {
        parts.push("description".to_owned());
    }
    parts.join("; ")
}

/// The words for a first version.
pub(super) fn of_new(package: &Package) -> String {
    let count = package.schedules.len();
    format!("new: {count} {}", if count == 1 { "schedule" } else { "schedules" })
}

fn list(verb: &str, items: impl Iterator<Item = String>) -> Option<String> {
    let items: Vec<String> = items.collect();
    match items.len() {
        0 => None,
        count if count > NAMED => Some(format!("{verb} {count} schedules")),
        _ => Some(format!("{verb} {}", items.join(", "))),
    }
}

/// What a version of a package changed, against the one before it.
pub fn of_version(
    repository: &Repository,
    stem: &str,
    before: Option<&Version>,
    version: &Version,
) -> Result<String, git2::Error> {
    let git = repository.git2();
    let commit = git.find_commit(version.commit)?;
    // Under a former name the trailer names that one.
    let file = version.path.rsplit('/').next().and_then(|file| file.strip_suffix(".toml")).unwrap_or(stem);
    let message = commit.message().unwrap_or_default();
    if let Some(words) = what_changed::in_message(message, TRAILER, file) {
        return Ok(words.to_owned());
    }
    let Some(blob) = version.blob else { return Ok("deleted".to_owned()) };
    let read = |blob: Oid| match Package::of_blob(git, &version.path, blob) {
        Ok(package) => Ok(Some(package)),
        Err(StoredError::Toml(_)) => Ok(None),
        Err(StoredError::Object(error)) => Err(error),
    };
    let words = match (before.and_then(|before| before.blob).map(read).transpose()?, read(blob)?) {
        (_, None) => "not a package".to_owned(),
        (None, Some(after)) => of_new(&after),
        (Some(None), Some(_)) => "a package again".to_owned(),
        (Some(Some(before)), Some(after)) => between(&before, &after),
    };
    Ok(match (words.is_empty(), before) {
        (true, Some(before)) if before.path != version.path => format!("moved from {}", before.path),
        (true, _) => "only how it is written".to_owned(),
        (false, _) => words,
    })
}

#[cfg(test)]
mod tests {
    use super::super::Pin;
    use super::*;

    #[test]
    fn changes_are_told_in_a_few_words() {
        let pin = |name: &str, version| Pin {
            name: name.into(),
            version: Some(version),
            commit: None,
            blob: "b".into(),
        };
        let package = |pins: &[(&str, usize)], rules: &[&str]| Package {
            rules: rules.iter().map(|rule| (*rule).to_owned()).collect(),
            schedules: pins.iter().map(|(name, version)| pin(name, *version)).collect(),
            ..Package::default()
        };
        let before = package(&[("A", 1), ("B", 2)], &[]);
        let after = package(&[("B", 3), ("C", 1)], &["to-qa"]);
        assert_eq!(between(&before, &after), "added C@1; removed A; moved B 2 → 3; rules to-qa");
        assert_eq!(between(&before, &before), "");
        let many: Vec<(String, usize)> = (0..9).map(|at| (format!("S{at}"), 1)).collect();
        let many: Vec<(&str, usize)> = many.iter().map(|(name, version)| (name.as_str(), *version)).collect();
        assert_eq!(
            between(&package(&[], &["r"]), &package(&many, &[])),
            "added 9 schedules; no rules any more"
        );
        assert_eq!(of_new(&package(&[("A", 1)], &[])), "new: 1 schedule");
    }
}
