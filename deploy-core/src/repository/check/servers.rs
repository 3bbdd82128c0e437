//! Server files with what they name, connector profiles, scripts.

use std::collections::BTreeSet;

use super::code;
use super::finding::Finding;
use super::texts::toml;
use crate::definition::encode;
use crate::opcon::ConnectorProfile;
use crate::repository::files::File;
use crate::repository::scripts::ScriptFile;
use crate::repository::servers::{CONNECTORS, Server};

/// A server: its values, and the files it names.
pub(super) fn server(path: &str, bytes: &[u8], files: &[File], findings: &mut Vec<Finding>) {
    let Some(server) = toml::<Server>(path, bytes, findings) else { return };
    for (key, problem) in server.problems() {
        findings.push(Finding::new(code::SERVER_VALUE, path, format!("`{key}`: {problem}")));
    }
    let is_there = |wanted: &str| files.binary_search_by(|file| file.path.as_str().cmp(wanted)).is_ok();
    let named = [
        ("ca", server.ca.as_ref().map(|ca| format!("servers/{}", encode(ca)))),
        ("connector", server.connector.as_ref().map(|name| format!("{CONNECTORS}/{}.toml", encode(name)))),
    ];
    for (key, file) in named {
        if let Some(file) = file.filter(|file| !is_there(file)) {
            let message = format!("`{key}` names `{file}`, which is not there");
            findings.push(Finding::new(code::SERVER_FILE, path, message));
        }
    }
    for rule in &server.rules {
        let name = rule.rsplit_once('@').map_or(rule.as_str(), |(name, _)| name);
        let found = [rule.as_str(), name].iter().any(|name| {
            let stem = encode(name);
            is_there(&format!("rules/{stem}.rhai")) || is_there(&format!("rules/{stem}.json"))
        });
        if !found {
            let message = format!("the default rule `{rule}` is not in the repository");
            findings.push(Finding::new(code::SERVER_RULE, path, message));
        }
    }
}

/// A connector profile.
pub(super) fn connector(path: &str, bytes: &[u8], findings: &mut Vec<Finding>) {
    let Some(profile) = toml::<ConnectorProfile>(path, bytes, findings) else { return };
    if let Err((key, problem)) = profile.check() {
        findings.push(Finding::new(code::SERVER_VALUE, path, format!("`{key}` {problem}")));
    }
}

/// A script: its versions are the files beside it.
pub(super) fn script(path: &str, bytes: &[u8], files: &[File], findings: &mut Vec<Finding>) {
    let Some(script) = toml::<ScriptFile>(path, bytes, findings) else { return };
    let folder = path.strip_suffix("script.toml").unwrap_or(path);
    let named: BTreeSet<String> =
        script.versions.iter().map(|version| script.content_file(version.number)).collect();
    let there: BTreeSet<String> = files
        .iter()
        .filter_map(|file| file.path.strip_prefix(folder))
        .filter(|file| *file != "script.toml" && !file.starts_with('.'))
        .map(str::to_owned)
        .collect();
    for file in named.symmetric_difference(&there) {
        let message = match named.contains(file) {
            true => format!("names a version whose file `{file}` is not there"),
            false => format!("`{file}` beside it is no version it names"),
        };
        findings.push(Finding::new(code::SCRIPT_FILES, path, message));
    }
}
