//! Scripts and their versions: on the target, or brought along.

use serde_json::Value;

use super::findings::Where;
use super::{Findings, Subject, fold, is_token};
use crate::definition::{form, items, text_in};
use crate::deploy::Severity;
use crate::opcon::Script;

pub(super) fn check(subject: &Subject<'_>, findings: &mut Findings) {
    let standing = |name: &str| subject.scripts.iter().find(|script| fold(&script.name) == fold(name));
    let brought: Vec<(&str, &Value)> = items(subject.definition.value(), "scriptList")
        .filter_map(|script| Some((form::field(script, "data/name")?.as_str()?, script)))
        .collect();
    for (name, script) in &brought {
        if let Some(standing) = standing(name) {
            disagreements(subject, name, script, standing, findings);
        }
    }
    for job in subject.jobs() {
        for data in ["windowsData", "unixData"].map(|data| &job.value[data]) {
            let Some(name) = text_in(data, "scriptName").filter(|name| !is_token(name)) else { continue };
            let at = Where::job(job.schedule, job.name);
            let coming =
                brought.iter().find(|(other, _)| fold(other) == fold(name)).map(|(_, script)| *script);
            let there = standing(name);
            if coming.is_none() && there.is_none() {
                let message =
                    format!("script `{name}` is neither on `{}` nor part of the deployment", subject.server);
                findings.add(Severity::Error, at, message);
                continue;
            }
            let Some(version) = wanted(data) else { continue };
            let has = coming.is_some_and(|script| numbers(script).any(|(number, _)| number == version))
                || there.is_some_and(|script| script.versions.iter().any(|known| known.number == version));
            if !has {
                let message = format!(
                    "version {version} of script `{name}` is neither on `{}` nor part of the deployment",
                    subject.server
                );
                findings.add(Severity::Error, at, message);
            }
        }
    }
}

/// The version that a job wants; none where it takes the latest.
fn wanted(data: &Value) -> Option<i64> {
    number(&data["scriptVersion"]).filter(|version| *version > 0)
}

fn number(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.trim().parse().ok())
}

fn numbers(script: &Value) -> impl Iterator<Item = (i64, &Value)> {
    items(script, "versionList").filter_map(|version| Some((number(&version["version"])?, version)))
}

/// One number of a script has the same content everywhere; who takes the latest takes the target's.
fn disagreements(
    subject: &Subject<'_>,
    name: &str,
    script: &Value,
    standing: &Script,
    findings: &mut Findings,
) {
    for (number, version) in numbers(script) {
        let known = standing.versions.iter().find(|known| known.number == number);
        let contents = known.and_then(|known| known.content.as_deref()).zip(text_in(version, "content"));
        if contents.is_some_and(|(there, here)| there != here) {
            let message =
                format!("version {number} of script `{name}` has another content on `{}`", subject.server);
            findings.add(Severity::Error, Where::default(), message);
        }
    }
    let newest = |numbers: &mut dyn Iterator<Item = i64>| numbers.max().unwrap_or(0);
    let here = newest(&mut numbers(script).map(|(number, _)| number));
    let there = newest(&mut standing.versions.iter().map(|version| version.number));
    if there > here {
        let message = format!(
            "script `{name}` has version {there} on `{}`, newer than version {here} of the deployment: \
             jobs that take the latest take that",
            subject.server
        );
        findings.add(Severity::Note, Where::default(), message);
    }
}
