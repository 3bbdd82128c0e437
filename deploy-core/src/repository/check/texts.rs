//! The files that are not definitions: settings, users, packages, other TOML, rules.

use super::code;
use super::definitions::conflict;
use super::finding::Finding;
use crate::definition::{ReadError, read_json};
use crate::repository::drift_accepted::DriftAccepted;
use crate::repository::format::conflict_line;
use crate::repository::package::Package;
use crate::repository::settings::Settings;
use crate::repository::toml_file::{TomlError, read_toml};
use crate::repository::users::{UserProblem, Users};

/// A package, where it can be read.
pub(super) fn package(path: &str, bytes: &[u8], findings: &mut Vec<Finding>) -> Option<Package> {
    toml(path, bytes, findings)
}

pub(super) fn settings(path: &str, bytes: &[u8], findings: &mut Vec<Finding>) {
    toml::<Settings>(path, bytes, findings);
}

/// The accepted differences.
pub(super) fn drift_accepted(path: &str, bytes: &[u8], findings: &mut Vec<Finding>) {
    toml::<DriftAccepted>(path, bytes, findings);
}

/// A TOML file whose keys are not known here.
pub(super) fn any(path: &str, bytes: &[u8], findings: &mut Vec<Finding>) {
    toml::<toml::Table>(path, bytes, findings);
}

/// A rule: the vendor's JSON must be JSON; a script is only looked through for conflicts.
pub(super) fn rule(path: &str, bytes: &[u8], findings: &mut Vec<Finding>) {
    let error = if path.ends_with(".json") { read_json(bytes).err() } else { None };
    match (conflict_line(bytes), error) {
        (Some(line), _) => findings.push(conflict(path, line)),
        (None, Some(ReadError::Json { message, line, column })) => {
            findings.push(Finding::new(code::JSON, path, message).at(line, column));
        }
        (None, Some(error)) => findings.push(Finding::new(code::JSON, path, error.to_string())),
        (None, None) => {}
    }
}

/// The people, and what could not work.
pub(super) fn users(path: &str, bytes: &[u8], findings: &mut Vec<Finding>) {
    let Some(users) = toml::<Users>(path, bytes, findings) else { return };
    if users.users.is_empty() {
        findings.push(no_users());
    }
    for problem in users.problems() {
        let code = match problem {
            UserProblem::NameTwice(_) => code::USER_TWICE,
            UserProblem::NoName => code::USER_NAME,
            UserProblem::Email { .. } => code::USER_EMAIL,
            UserProblem::EmailTwice { .. } => code::EMAIL_TWICE,
            UserProblem::Key { .. } => code::SIGNING_KEY,
            UserProblem::KeyTwice { .. } => code::SIGNING_KEY_TWICE,
            UserProblem::NoAdministrator => code::NO_ADMINISTRATOR,
        };
        findings.push(Finding::new(code, path, problem.to_string()));
    }
}

pub(super) fn no_users() -> Finding {
    let message = "nobody is named: roles are switched off, everybody may do everything";
    Finding::new(code::NO_USERS, crate::repository::users::FILE, message)
}

pub(super) fn toml<T: serde::de::DeserializeOwned>(
    path: &str,
    bytes: &[u8],
    findings: &mut Vec<Finding>,
) -> Option<T> {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text.strip_prefix('\u{feff}').unwrap_or(text),
        Err(error) => {
            let line = 1 + bytes[..error.valid_up_to()].iter().filter(|byte| **byte == b'\n').count();
            findings.push(Finding::new(code::TOML, path, "not UTF-8 text").at(line, 1));
            return None;
        }
    };
    match read_toml(path, text) {
        Ok(value) => Some(value),
        Err(error) => {
            findings.push(match conflict_line(bytes) {
                Some(line) => conflict(path, line),
                None => of_toml(path, error),
            });
            None
        }
    }
}

/// The finding for a TOML file that cannot be read.
pub(super) fn of_toml(path: &str, error: TomlError) -> Finding {
    Finding::new(code::TOML, path, error.message).at(error.line, error.column)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_told_apart() {
        let text = "[[user]]\nname = \"Ann\"\nemails = [\"a@x\", \"A@X\"]\nrole = \"All\"\n\n[[user]]\nname = \"ann\"\nemails = [\"a@x\"]\nrole = \"Test\"\n";
        let mut findings = Vec::new();
        users("users.toml", text.as_bytes(), &mut findings);
        let codes: Vec<&str> = findings.iter().map(|finding| finding.code).collect();
        assert_eq!(codes, ["email-twice", "user-twice", "email-twice", "no-administrator"]);
        findings.clear();
        users("users.toml", b"", &mut findings);
        assert_eq!(findings, [no_users()]);
    }

    #[test]
    fn broken_texts_name_their_place() {
        let cases: &[(&str, &[u8], &str)] = &[
            (
                "deploy.toml",
                b"[git]\nremot = \"x\"",
                "deploy.toml:2:1: error[toml]: unknown key `remot`; did you mean `remote`?",
            ),
            (
                "deploy.toml",
                b"a = 1\n<<<<<<< ours\n",
                "deploy.toml:2:1: error[conflict]: a conflict marker of git: keep one side and remove the markers",
            ),
            ("deploy.toml", b"[git]\n\xFF", "deploy.toml:2:1: error[toml]: not UTF-8 text"),
        ];
        for (path, bytes, expected) in cases {
            let mut findings = Vec::new();
            settings(path, bytes, &mut findings);
            assert_eq!(findings.iter().map(ToString::to_string).collect::<Vec<_>>(), [*expected]);
        }
        let mut findings = Vec::new();
        rule("rules/a.json", b"{\"a\":1,\"a\":2}", &mut findings);
        rule("rules/b.rhai", b"x;\n<<<<<<< ours\n", &mut findings);
        assert_eq!(findings[0].place(), "rules/a.json:1:10");
        assert_eq!(findings[1].place(), "rules/b.rhai:2:1");
    }
}
