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
pub(super) fn server(
    path: &str,
    bytes: &[u8],
    files: &[File],
    findings: &mut Vec<Finding>,
) -> Option<Server> {
    let server = toml::<Server>(path, bytes, findings)?;
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
    Some(server)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repository::files::At;

    fn found(path: &str, text: &str, there: &[&str]) -> Vec<String> {
        let mut files: Vec<File> =
            there.iter().map(|path| File { path: (*path).to_owned(), at: At::NotAFile }).collect();
        files.sort_by(|a, b| a.path.cmp(&b.path));
        let mut findings = Vec::new();
        match path.split('/').collect::<Vec<_>>()[..] {
            ["scripts", ..] => script(path, text.as_bytes(), &files, &mut findings),
            ["servers", "connectors", _] => connector(path, text.as_bytes(), &mut findings),
            _ => drop(server(path, text.as_bytes(), &files, &mut findings)),
        }
        findings.iter().map(|finding| finding.code.to_owned()).collect()
    }

    #[test]
    fn servers_and_what_they_name() {
        let least = "type = \"Test\"\naddress = \"qa\"\ncredential = \"qa\"\n";
        let there = ["rules/to-qa.rhai", "servers/ca.pem", "servers/connectors/old.toml"];
        let server = |more: &str| found("servers/QA.toml", &format!("{least}{more}"), &there);
        assert!(server("ca = \"ca.pem\"\nconnector = \"old\"\nrules = [\"to-qa@3\"]").is_empty());
        assert_eq!(server("ca = \"other.pem\"\nconnector = \"new\""), ["server-file-missing"; 2]);
        assert_eq!(server("rules = [\"to-prod\"]"), ["server-rule-missing"]);
        assert_eq!(server("concurrency = 0"), ["server-value"]);
        assert_eq!(server("timezone = \"Europe/Belin\""), ["server-value"]);
        assert!(server("timezone = \"Europe/Berlin\"").is_empty());
        assert_eq!(server("adress = \"x\""), ["toml"]);
        let path = "[extract]\npath = \"no slash\"";
        assert_eq!(found("servers/connectors/old.toml", path, &[]), ["server-value"]);
    }

    #[test]
    fn scripts_and_the_files_beside_them() {
        let text = "runner = \"Bash\"\nextension = \"sh\"\n[[version]]\nnumber = 2\n";
        let script = |there: &[&str]| found("scripts/S/script.toml", text, there);
        assert!(script(&["scripts/S/script.toml", "scripts/S/2.sh"]).is_empty());
        assert_eq!(script(&["scripts/S/script.toml", "scripts/S/3.sh"]), ["script-files"; 2]);
    }
}
