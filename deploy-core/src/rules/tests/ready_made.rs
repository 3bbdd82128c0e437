//! The rules of this project that users copy: each with its test.

use std::path::PathBuf;

use super::*;
use crate::rules::test::{Sources, TestCase, run};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../rules")
}

struct Folder;

impl Sources for Folder {
    fn definition(&self, name: &str) -> Result<Vec<u8>, String> {
        Err(format!("no definition `{name}` is stored here"))
    }

    fn file(&self, name: &str) -> Result<Vec<u8>, String> {
        std::fs::read(folder().join("tests").join(name)).map_err(|error| error.to_string())
    }

    fn rule(&self, name: &str) -> Result<RuleSource, String> {
        let path = folder().join(format!("{name}.rhai"));
        std::fs::read_to_string(path).map(|text| source(name, &text)).map_err(|error| error.to_string())
    }

    fn import(&self, _: &str) -> Option<String> {
        None
    }
}

fn names(below: &str, extension: &str) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder().join(below))
        .unwrap()
        .map(|entry| PathBuf::from(entry.unwrap().file_name()))
        .filter(|path| path.extension().is_some_and(|found| found == extension))
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn every_rule_has_a_test_and_passes_it() {
    let rules = names("", "rhai");
    assert!(rules.len() >= 12);
    assert_eq!(rules, names("tests", "toml"));
    for name in rules {
        let text = std::fs::read_to_string(folder().join("tests").join(format!("{name}.toml"))).unwrap();
        let case = TestCase::read(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(case.rules, std::slice::from_ref(&name));
        let outcome = run(&case, &Folder, &settings());
        assert!(outcome.passed(), "{name}\n{}", outcome.failures.join("\n"));
        let rule = Folder.rule(&name).unwrap();
        assert!(!head(&name, &rule.text).unwrap().description.is_empty(), "{name}");
    }
}
