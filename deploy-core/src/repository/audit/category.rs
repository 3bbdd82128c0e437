//! What an action was about: the vendor's categories.

use std::fmt;

use serde::Serialize;

use super::super::layout::{PACKAGES, RULES, SCHEDULES, SCRIPTS, SERVERS};
use super::super::{settings, users};
use crate::definition::decode;

/// What an action was about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[repr(u32)]
pub enum Category {
    /// Something was done on a target; told by the records.
    Deployment,
    /// `packages/`
    Package,
    /// `schedules/`
    Schedule,
    /// `scripts/`
    Script,
    /// `servers/`
    Server,
    /// `rules/`
    TransformationRule,
    /// `users.toml`
    User,
    /// `deploy.toml`
    GlobalRule,
}

impl Category {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Deployment,
        Self::Package,
        Self::Schedule,
        Self::Script,
        Self::Server,
        Self::TransformationRule,
        Self::User,
        Self::GlobalRule,
    ];

    /// The vendor's word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Deployment => "Deployment",
            Self::Package => "Package",
            Self::Schedule => "Schedule",
            Self::Script => "Script",
            Self::Server => "Server",
            Self::TransformationRule => "TransformationRule",
            Self::User => "User",
            Self::GlobalRule => "GlobalRule",
        }
    }

    /// The category of a file of main, and the name of what the file is about.
    pub(super) fn of(path: &str) -> Option<(Self, String)> {
        match path {
            settings::FILE => return Some((Self::GlobalRule, String::new())),
            users::FILE => return Some((Self::User, String::new())),
            "drift-accepted.toml" => return Some((Self::Deployment, String::new())),
            _ => {}
        }
        let (folder, rest) = path.split_once('/')?;
        let file = rest.rsplit('/').next().unwrap_or(rest);
        if file.starts_with('.') || file.ends_with(".md") {
            return None;
        }
        let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
        let name = |encoded: &str| decode(encoded).unwrap_or_else(|| encoded.to_owned());
        Some(match folder {
            SCHEDULES => (Self::Schedule, name(stem)),
            PACKAGES => (Self::Package, name(stem)),
            RULES => (Self::TransformationRule, name(stem)),
            SERVERS => (Self::Server, name(stem)),
            SCRIPTS => (Self::Script, name(rest.split('/').next().unwrap_or(rest))),
            // What is to stand on targets, and when.
            "environments" | "rollouts" => (Self::Deployment, name(stem)),
            _ => return None,
        })
    }
}

impl fmt::Display for Category {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_tell_what_was_done() {
        let cases = [
            ("schedules/Finance/EU/50%25.json", "Schedule 50%"),
            ("packages/FINANCE.toml", "Package FINANCE"),
            ("rules/tests/machines.toml", "TransformationRule machines"),
            ("scripts/Clean up/2.ps1", "Script Clean up"),
            ("servers/PROD.toml", "Server PROD"),
            ("users.toml", "User "),
            ("deploy.toml", "GlobalRule "),
            ("environments/prod.toml", "Deployment prod"),
        ];
        for (path, told) in cases {
            let found = Category::of(path).map(|(category, name)| format!("{category} {name}"));
            assert_eq!(found.as_deref(), Some(told), "{path}");
        }
        assert_eq!(Category::of("README.md"), None);
        assert_eq!(Category::of("docs/schedules/x.json"), None);
        assert_eq!(Category::of("packages/.gitkeep"), None);
        assert_eq!(Category::of("schedules/Finance/README.md"), None);
    }
}
