//! Rules that do not compile, tests of rules that cannot be read. Nothing is run.

use std::collections::HashSet;

use super::code;
use super::finding::Finding;
use crate::repository::Repository;
use crate::repository::rule_files::{RuleFile, RuleFileError, RuleFiles};
use crate::rules::{Diagnostic, Level, Settings};

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
    let settings = match rules.settings(None) {
        Ok(settings) => settings,
        Err(RuleFileError::Tags { path, source }) if is_new(path) => {
            let finding = Finding::new(code::TOML, path, source.message);
            return findings.push(finding.at(source.line, source.column));
        }
        Err(_) => return,
    };
    for name in rules.names() {
        match rules.get(&name) {
            Ok(file) if is_new(&file.path) => compile(&rules, &file, &settings, findings),
            Err(RuleFileError::NotText { path, line }) if is_new(&path) => {
                findings.push(Finding::new(code::RULE, &path, "not UTF-8 text").at(line, 1));
            }
            _ => {}
        }
    }
}

fn compile(
    rules: &RuleFiles<'_>,
    file: &RuleFile,
    settings: &std::sync::Arc<Settings>,
    findings: &mut Vec<Finding>,
) {
    let Ok(source) = file.source(Level::Deployment) else { return };
    let of = |code, diagnostic: &Diagnostic| {
        let finding = Finding::new(code, &file.path, diagnostic.said());
        if diagnostic.line > 0 { finding.at(diagnostic.line, diagnostic.column) } else { finding }
    };
    match rules.compile(&[source], settings) {
        Ok(compiled) => {
            findings.extend(compiled.remarks().iter().map(|remark| of(code::RULE_PASSED_OVER, remark)));
        }
        Err(errors) => {
            // What is wrong with an imported rule is told with that rule.
            let own = errors.0.iter().filter(|error| error.rule == file.name);
            findings.extend(own.map(|error| of(code::RULE, error)));
        }
    }
}
