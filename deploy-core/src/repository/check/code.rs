//! The table of what `check` can find. The codes are stable: people filter
//! and pipelines match by them.

use crate::definition::validate::{self, Code, Severity};

macro_rules! codes {
    ($($name:ident = $severity:ident $code:literal: $meaning:literal;)*) => {
        $(pub(super) const $name: Code =
            Code { code: $code, severity: Severity::$severity, meaning: $meaning };)*

        /// What concerns the repository: files, names, references, pins, settings, history.
        const REPOSITORY: &[Code] = &[$($name),*];
    };
}

codes! {
    UNREADABLE = Error "unreadable": "a file cannot be read";
    NOT_A_FILE = Error "not-a-file": "a definition, package or rule is a symbolic link instead of a plain file";
    CONFLICT = Error "conflict": "a merge left a conflict that nobody has resolved";
    JSON = Error "json": "a file is not JSON, or a key stands twice in one object";
    NOT_A_DEFINITION = Error "not-a-definition": "a JSON file under schedules/ holds no schedule";
    SEVERAL_SCHEDULES = Error "several-schedules": "a file holds several schedules; `import` splits them";
    NOT_CANONICAL = Warning "not-canonical": "a definition is not in canonical form; `fmt` writes it";
    FILE_NAME = Error "file-name": "a file name is not how a name is written, and not safe on every system";
    FOLDER_NAME = Warning "folder-name": "the name of an application's folder is not safe on every system";
    NAME_MISMATCH = Error "name-mismatch": "the schedule in a file has another name than the file";
    SAME_NAME = Error "same-name": "two files stand for the same schedule, package or rule";
    SAME_BUT_FOR_CASE = Error "same-but-for-case": "the names of two schedules, packages or rules differ in case only";
    SUB_SCHEDULE = Warning "sub-schedule-missing": "a container job runs a schedule that is not in the repository";
    EXTERNAL_SCHEDULE = Warning "external-schedule-missing": "a job depends on a schedule that is not in the repository";
    EXTERNAL_JOB = Warning "external-job-missing": "a job depends on a job that its schedule in the repository does not have";
    SHARED_DIFFERS = Warning "shared-differs": "schedules carry the same shared object (script, calendar, role, …) with different content; deployed together, only one of them can win";
    SHARED_VALUE = Note "shared-value": "schedules carry the same property with different values";
    TOML = Error "toml": "a TOML file cannot be read, or has a key that nobody knows";
    PIN_UNKNOWN = Error "pin-unknown-schedule": "a package pins a schedule that never was in the repository";
    PIN_NO_VERSION = Error "pin-no-version": "a package pins a version that the schedule does not have";
    PIN_DELETED = Error "pin-deleted": "a package pins a version that is the schedule's deletion";
    PIN_DISAGREES = Error "pin-disagrees": "commit or blob of a pin are not those of its version";
    PIN_NO_CONTENT = Error "pin-no-content": "the repository does not hold the content a pin names";
    PIN_GONE = Warning "pin-schedule-gone": "a package pins a schedule that is not in the repository any more";
    PIN_UNNUMBERED = Note "pin-unnumbered": "a pin made on another branch holds no version; `package update` gives it one";
    PINS_UNCHECKED = Warning "pins-unchecked": "the pins of packages could not be compared with the versions";
    PIN_TWICE = Error "pin-twice": "a package pins a schedule twice";
    TWO_PACKAGES = Error "two-packages": "a schedule is in two packages";
    PACKAGE_RULE = Warning "package-rule-missing": "a package names a rule that is not in the repository";
    SERVER_VALUE = Error "server-value": "a server file or connector profile holds a value that cannot work";
    SERVER_FILE = Error "server-file-missing": "a server file names a certificate file or a connector profile that is not there";
    SERVER_RULE = Warning "server-rule-missing": "a server names a default rule that is not in the repository";
    SCRIPT_FILES = Error "script-files": "script.toml and the files beside it do not name the same versions";
    ROLLOUT_VALUE = Error "rollout-value": "a rollout holds a value that cannot work: an end before the start, time frames that never open, a thing named twice";
    ROLLOUT_TARGET = Error "rollout-target": "a rollout or an environment's rule names a server or a group that is not there, or targets that nobody is in";
    ROLLOUT_WHAT = Error "rollout-what": "a rollout or an environment's rule names a package, a schedule or a version that main does not have";
    ROLLOUT_RULE = Warning "rollout-rule-missing": "a rollout names a transformation rule that is not in the repository";
    ROLLOUT_CONFLICT = Note "rollout-conflict": "two rollouts bring the same thing to the same server in different versions";
    ENVIRONMENT_RULE = Error "environment-rule": "a rule of an environment cannot work, or undoes what another one does";
    RULE = Error "rule": "a transformation rule does not compile";
    RULE_PASSED_OVER = Warning "rule-passed-over": "a part of a transformation rule has no effect";
    EMAIL_TWICE = Error "email-twice": "two people in users.toml have the same e-mail address";
    USER_TWICE = Error "user-twice": "two people in users.toml have the same name";
    USER_EMAIL = Error "user-email": "an address in users.toml is none that a commit could have";
    USER_NAME = Error "user-name": "somebody in users.toml has no name";
    SIGNING_KEY = Error "signing-key": "a signing key in users.toml is no SSH public key and no fingerprint";
    SIGNING_KEY_TWICE = Error "signing-key-twice": "two people in users.toml have the same signing key";
    NO_ADMINISTRATOR = Warning "no-administrator": "users.toml names people, and nobody with the role Administration";
    NO_USERS = Note "no-users": "users.toml names nobody: roles are switched off";
    UNKNOWN_FILE = Note "unknown-file": "a file or folder that the repository has no use for";
    LARGE_FOLDER = Note "large-folder": "a folder holds so many definitions that commits and history get slow";
    UNWIRED = Note "unwired": "`.gitattributes` asks for drivers that this clone does not know; `init` wires them";
    SINCE_UNKNOWN = Error "since-unknown": "the former tip is no commit of this clone";
    SINCE_REWRITTEN = Error "since-rewritten": "the history was rewritten: the former tip is not part of it";
    SINCE_RENUMBERED = Error "since-renumbered": "a merge took the former tip off the first-parent line: versions are renumbered";
}

/// Everything `check` can find, in the order of the codes.
pub fn codes() -> Vec<Code> {
    let mut all: Vec<Code> = REPOSITORY.iter().chain(validate::CODES).copied().collect();
    all.sort_by_key(|row| row.code);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_plain() {
        let all = codes();
        assert!(all.windows(2).all(|pair| pair[0].code != pair[1].code));
        for row in all {
            assert!(row.code.chars().all(|c| c.is_ascii_lowercase() || c == '-'), "{}", row.code);
            assert!(!row.meaning.ends_with('.'), "{}", row.meaning);
        }
    }
}
