//! Where things lie in a central repository.

use crate::definition::{PackageName, RuleName, ScheduleName};

/// The folder of the schedule definitions.
pub const SCHEDULES: &str = "schedules";
/// The folder of the packages.
pub const PACKAGES: &str = "packages";
/// The folder of the transformation rules.
pub const RULES: &str = "rules";
/// The folder of the servers.
pub const SERVERS: &str = "servers";
/// The folder of the scripts.
pub const SCRIPTS: &str = "scripts";

/// What a file of the repository is about; its versions are counted by this.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Kind {
    /// `schedules/**/<NAME>.json`
    Schedule = 1,
    /// `packages/<NAME>.toml`
    Package = 2,
    /// `rules/<name>.rhai` or `.json`
    Rule = 3,
}

impl Kind {
    /// The kind and the file stem of a path, where it is one whose versions are counted.
    pub fn of(path: &str) -> Option<(Kind, &str)> {
        let (folder, rest) = path.split_once('/')?;
        match folder {
            SCHEDULES => {
                let file = rest.rsplit('/').next()?;
                Some((Kind::Schedule, file.strip_suffix(".json")?))
            }
            PACKAGES if !rest.contains('/') => Some((Kind::Package, rest.strip_suffix(".toml")?)),
            RULES if !rest.contains('/') => {
                Some((Kind::Rule, rest.strip_suffix(".rhai").or_else(|| rest.strip_suffix(".json"))?))
            }
            _ => None,
        }
    }

    /// The word for it in messages.
    pub fn word(self) -> &'static str {
        match self {
            Kind::Schedule => "schedule",
            Kind::Package => "package",
            Kind::Rule => "rule",
        }
    }
}

/// The path of a schedule: in an application's folder, or directly under `schedules/`.
pub fn schedule_path(app: Option<&str>, name: &ScheduleName) -> String {
    match app {
        Some(app) => format!("{SCHEDULES}/{app}/{}.json", name.stem()),
        None => format!("{SCHEDULES}/{}.json", name.stem()),
    }
}

/// The application of a schedule: the folders between `schedules/` and its file.
pub fn app_of(path: &str) -> &str {
    let inner = path.strip_prefix("schedules/").unwrap_or(path);
    inner.rsplit_once('/').map_or("", |(app, _)| app)
}

/// The path of a package.
pub fn package_path(name: &PackageName) -> String {
    format!("{PACKAGES}/{}.toml", name.stem())
}

/// The path of a rule written in rhai.
pub fn rule_path(name: &RuleName) -> String {
    format!("{RULES}/{}.rhai", name.stem())
}

/// An application folder given by a user, as a path of encoded names; `None`
/// where a part of it is empty.
pub fn app_folder(given: &str) -> Option<String> {
    let given = given.trim_matches('/');
    // As a shell completes it, with the folder of all applications before it.
    let given = given.strip_prefix("schedules/").unwrap_or(given);
    let parts: Vec<&str> = given.split('/').collect();
    if parts.iter().any(|part| part.is_empty()) {
        return None;
    }
    Some(parts.into_iter().map(crate::definition::encode).collect::<Vec<_>>().join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_tell_their_kind() {
        assert_eq!(Kind::of("schedules/a/b/X.json"), Some((Kind::Schedule, "X")));
        assert_eq!(Kind::of("schedules/X.json"), Some((Kind::Schedule, "X")));
        assert_eq!(Kind::of("packages/P.toml"), Some((Kind::Package, "P")));
        assert_eq!(Kind::of("rules/r.rhai"), Some((Kind::Rule, "r")));
        assert_eq!(Kind::of("rules/tests/r.toml"), None);
        assert_eq!(Kind::of("schedules/README.md"), None);
        assert_eq!(Kind::of("deploy.toml"), None);
    }

    #[test]
    fn an_application_cannot_leave_the_folder() {
        assert_eq!(app_folder("Finance/EU").as_deref(), Some("Finance/EU"));
        assert_eq!(app_folder("../etc").as_deref(), Some("%2E%2E/etc"));
        assert_eq!(app_folder("schedules/Finance/").as_deref(), Some("Finance"));
        assert_eq!(app_folder("a//b"), None);
        assert_eq!(app_of("schedules/Finance/EU/X.json"), "Finance/EU");
        assert_eq!(app_of("schedules/X.json"), "");
    }
}
