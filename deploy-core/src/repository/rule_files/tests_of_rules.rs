//! The tests under `rules/tests/`, and where they get what they name.

use std::path::PathBuf;
use std::sync::Arc;

use super::{RuleFile, RuleFileError, RuleFiles};
use crate::definition::{decode, encode, read_json};
use crate::repository::files::File;
use crate::repository::layout::Kind;
use crate::repository::resolve::resolve;
use crate::repository::toml_file;
use crate::rules::test::{Sources, TestCase, TestOutcome, run};
use crate::rules::{Context, Level, RuleSet, RuleSource, Settings};

const FOLDER: &str = "rules/tests/";

/// A test, read.
#[derive(Debug, Clone)]
pub struct TestFile {
    /// Its name: the file's, without the end.
    pub name: String,
    /// Where it lies.
    pub path: String,
    /// What it says.
    pub case: TestCase,
}

/// A test that was run.
#[derive(Debug)]
pub struct TestResult {
    /// Its name.
    pub name: String,
    /// Where it lies.
    pub path: String,
    /// What it is about.
    pub description: String,
    /// What came of it.
    pub outcome: TestOutcome,
}

impl RuleFiles<'_> {
    /// The names of all tests, sorted.
    pub fn tests(&self) -> Vec<String> {
        let stems = self.files.keys().filter_map(|path| path.strip_prefix(FOLDER)?.strip_suffix(".toml"));
        stems
            .filter(|stem| !stem.contains('/'))
            .map(|stem| decode(stem).unwrap_or_else(|| stem.to_owned()))
            .collect()
    }

    /// Reads a test.
    pub fn test(&self, name: &str) -> Result<TestFile, RuleFileError> {
        let path = format!("{FOLDER}{}.toml", encode(name));
        let Some(file) = self.files.get(&path) else {
            let near = toml_file::nearest(name, &self.tests()).map(str::to_owned);
            return Err(RuleFileError::UnknownTest { name: name.to_owned(), near });
        };
        let case = TestCase::read(&self.text(file)?).map_err(|error| toml_file::TomlError {
            path: PathBuf::from(&path),
            line: error.line,
            column: error.column,
            message: error.message,
        })?;
        Ok(TestFile { name: name.to_owned(), path, case })
    }

    /// Runs a test.
    pub fn run(&self, test: TestFile, settings: &Arc<Settings>) -> TestResult {
        let outcome = run(&test.case, self, settings);
        TestResult { name: test.name, path: test.path, description: test.case.description, outcome }
    }

    /// The rules of a test, compiled, and the context they run in, for other definitions than the test's.
    pub fn of_test(
        &self,
        test: &TestFile,
        settings: &Arc<Settings>,
    ) -> Result<(RuleSet, Arc<Context>), String> {
        let sources: Vec<RuleSource> =
            test.case.rules.iter().map(|name| self.rule(name)).collect::<Result<_, _>>()?;
        let rules = self.compile(&sources, settings).map_err(|errors| errors.to_string())?;
        let existing = match &test.case.target.existing {
            Some(file) => Some(read_json(&self.file(file)?).map_err(|error| format!("`{file}`: {error}"))?),
            None => None,
        };
        Ok((rules, test.case.context(existing.as_ref())))
    }

    /// The path of a file beside a test, as a path below `rules/tests/`; `None` where it leads elsewhere.
    pub fn beside_tests(name: &str) -> Option<String> {
        let is_plain = |part: &str| !part.is_empty() && encode(part) == part;
        name.split('/').all(is_plain).then(|| format!("{FOLDER}{name}"))
    }

    fn beside(&self, name: &str) -> Result<&File, String> {
        let path = Self::beside_tests(name).ok_or_else(|| format!("`{name}` is no file below {FOLDER}"))?;
        self.files.get(&path).ok_or_else(|| format!("there is no file `{path}`"))
    }
}

impl Sources for RuleFiles<'_> {
    fn definition(&self, name: &str) -> Result<Vec<u8>, String> {
        let history = self.history.ok_or_else(|| format!("no version is known of `{name}`"))?;
        let found =
            resolve(self.repository, history, Kind::Schedule, name).map_err(|error| error.to_string())?;
        let blob = self.repository.git2().find_blob(found.blob).map_err(|error| error.to_string())?;
        Ok(blob.content().to_vec())
    }

    fn file(&self, name: &str) -> Result<Vec<u8>, String> {
        self.bytes(self.beside(name)?).map_err(|error| error.to_string())
    }

    fn rule(&self, name: &str) -> Result<RuleSource, String> {
        let file: RuleFile = self.get(name).map_err(|error| error.to_string())?;
        file.source(Level::Deployment).map_err(|error| error.to_string())
    }

    fn import(&self, name: &str) -> Option<String> {
        Self::import(self, name)
    }
}
