//! Rules that do not compile, tests of rules that cannot be read. Nothing is run.

use std::collections::HashSet;

use super::code;
use super::finding::Finding;
use crate::repository::Repository;
use crate::repository::rule_files::{RuleFileError, RuleFiles};
use crate::rules::Diagnostic;

/// Findings on all rules; a file of which something is told already is left out.
pub(super) fn check(repository: &Repository, findings: &mut Vec<Finding>) {
    // Files that cannot be listed or read are told by those who look at all files.
    let Ok(rules) = RuleFiles::of_work_tree(repository, None) else { return };
    let told: HashSet<String> = findings.iter().filter_map(|finding| finding.path.clone()).collect();
    let is_new = |path: &str| !told.contains(path);
    for name in rules.tests() {
        if let Err(RuleFileError::Toml(error)) = rules.test(&name) {
            let path = error.path.display().to_string();
            if is_new(&path) {
                findings.push(Finding::new(code::TOML, &path, error.message).at(error.line, error.column));
            }
        }
    }
    if let Err(RuleFileError::Tags { path, source }) = rules.features()
        && is_new(path)
    {
        findings.push(Finding::new(code::TOML, path, source.message).at(source.line, source.column));
    }
    let settings = match rules.settings(None) {
        Ok(settings) => settings,
        Err(RuleFileError::Tags { path, source }) if is_new(path) => {
            let finding = Finding::new(code::TOML, path, source.message);
            return findings.push(finding.at(source.line, source.column));
        }
        Err(_) => return,
    };
    let mut files = Vec::new();
    for name in rules.names() {
        match rules.get(&name) {
            Ok(file) if is_new(&file.path) => files.push(file),
            Err(RuleFileError::NotText { path, line }) if is_new(&path) => {
                findings.push(Finding::new(code::RULE, &path, "not UTF-8 text").at(line, 1));
            }
            _ => {}
        }
    }
    let Ok(diagnosis) = rules.diagnose(&files, &settings) else { return };
    let path = |rule: &str| files.iter().find(|file| file.name == rule).map(|file| file.path.as_str());
    let mut tell = |code, diagnostic: &Diagnostic| {
        // What is wrong with an imported file of which something is told already is left out too.
        let Some(path) = path(&diagnostic.rule) else { return };
        let finding = Finding::new(code, path, diagnostic.said());
        findings.push(match diagnostic.line {
            0 => finding,
            line => finding.at(line, diagnostic.column),
        });
    };
    diagnosis.errors.iter().for_each(|error| tell(code::RULE, error));
    diagnosis.remarks.iter().for_each(|remark| tell(code::RULE_PASSED_OVER, remark));
}
