//! What a path of the repository is for.

use crate::repository::layout::Kind;
use crate::repository::rule_files::{FEATURES, TAGS};
use crate::repository::{drift_accepted, settings, users};

/// What stands at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What<'p> {
    /// A schedule, package or rule, with its file stem.
    Counted(Kind, &'p str),
    /// `deploy.toml`
    Settings,
    /// `users.toml`
    Users,
    /// `servers/<NAME>.toml`, with its file stem.
    Server(&'p str),
    /// `drift-accepted.toml`
    DriftAccepted,
    /// `servers/connectors/<NAME>.toml`
    Connector,
    /// `scripts/<NAME>/script.toml`
    Script,
    /// `rollouts/<id>.toml`
    Rollout,
    /// `environments/<NAME>.toml`
    Environment,
    /// Another TOML file.
    Toml,
    /// Known, and nothing to look into.
    Plain,
    /// Nobody knows it.
    Unknown,
}

const FOLDERS: &[&str] =
    &["schedules/", "packages/", "rules/", "servers/", "scripts/", "rollouts/", "environments/"];

/// Whether files below a folder (`…/`) are looked at.
pub(super) fn is_ours(folder: &str) -> bool {
    FOLDERS.iter().any(|ours| folder.starts_with(ours))
}

/// What a path is for.
pub(super) fn what(path: &str) -> What<'_> {
    let (folder, rest) = path.split_once('/').unwrap_or(("", path));
    let file = path.trim_end_matches('/').rsplit('/').next().unwrap_or(path);
    let is_folder = path.ends_with('/');
    if let Some((kind, stem)) = Kind::of(path) {
        return What::Counted(kind, stem);
    }
    if file.starts_with('.') || (!is_folder && file.ends_with(".md")) {
        return What::Plain;
    }
    let ends = |ends: &[&str]| ends.iter().any(|end| file.ends_with(end));
    match folder {
        "" => at_root(path),
        "servers" if !rest.contains('/') && ends(&[".pem", ".crt"]) => What::Plain,
        "servers" if !rest.contains('/') && ends(&[".toml"]) => {
            What::Server(rest.strip_suffix(".toml").unwrap_or(rest))
        }
        "servers"
            if rest.matches('/').count() == 1 && rest.starts_with("connectors/") && ends(&[".toml"]) =>
        {
            What::Connector
        }
        "rollouts" if !rest.contains('/') && ends(&[".toml"]) => What::Rollout,
        "environments" if !rest.contains('/') && ends(&[".toml"]) => What::Environment,
        "rules" if path == TAGS || path == FEATURES => What::Toml,
        "rules" if rest.starts_with("tests/") && ends(&[".toml"]) => What::Toml,
        "rules" if rest.starts_with("tests/") || ends(&[".rhai"]) => What::Plain,
        "scripts" if rest.matches('/').count() == 1 && file == "script.toml" => What::Script,
        "scripts" if rest.contains('/') => What::Plain,
        "docs" => What::Plain,
        _ => What::Unknown,
    }
}

fn at_root(path: &str) -> What<'_> {
    match path {
        settings::FILE => What::Settings,
        users::FILE => What::Users,
        drift_accepted::FILE => What::DriftAccepted,
        "CODEOWNERS" | "Jenkinsfile" | "azure-pipelines.yml" => What::Plain,
        _ if path.starts_with("LICENSE") || path.starts_with("LICENCE") => What::Plain,
        _ => What::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_known_by_where_they_lie() {
        let cases = [
            ("schedules/a/X.json", What::Counted(Kind::Schedule, "X")),
            ("packages/P.toml", What::Counted(Kind::Package, "P")),
            ("rules/r.rhai", What::Counted(Kind::Rule, "r")),
            ("deploy.toml", What::Settings),
            ("users.toml", What::Users),
            ("servers/QA.toml", What::Server("QA")),
            ("servers/connectors/old.toml", What::Connector),
            ("servers/connectors/x/old.toml", What::Unknown),
            ("environments/qa.toml", What::Environment),
            ("rollouts/finance.toml", What::Rollout),
            ("drift-accepted.toml", What::DriftAccepted),
            ("rules/features.toml", What::Toml),
            ("servers/root.pem", What::Plain),
            ("rules/tests/r.toml", What::Toml),
            ("rules/tests/in.json", What::Plain),
            ("rules/lib/dates.rhai", What::Plain),
            ("scripts/S/script.toml", What::Script),
            ("scripts/S/3.ps1", What::Plain),
            ("README.md", What::Plain),
            (".github/", What::Plain),
            ("schedules/.gitkeep", What::Plain),
            ("docs/", What::Plain),
            ("schedules/X.JSON", What::Unknown),
            ("schedules/a/X.json.orig", What::Unknown),
            ("packages/old/P.toml", What::Unknown),
            ("deploy.tml", What::Unknown),
            ("target/", What::Unknown),
        ];
        for (path, expected) in cases {
            assert_eq!(what(path), expected, "{path}");
        }
        assert!(is_ours("schedules/") && is_ours("schedules/a/") && !is_ours("target/"));
    }
}
