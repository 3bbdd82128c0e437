//! The rules of a repository: which there are, what they say, in which version.
//!
//! Whoever tries rules sees the work tree (a bare repository: HEAD); a file
//! that is not what main holds is marked so. Texts come from `rules/` alone:
//! a name is encoded before it becomes a path, and links are not followed.

mod batch;
mod error;
mod prepare;
mod server;
mod store;
mod subject;
mod survey;
mod tests_of_rules;

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use git2::Oid;

use super::Repository;
use super::files::{self, At, File, Reader};
use super::history::{History, Version};
use super::layout::{Kind, RULES};
use super::listing::Listing;
use super::pack::blob_id;
use super::records::RuleRef;
use super::resolve::{ResolveError, resolve};
use super::settings::RuleSettings;
use super::toml_file::nearest;
use crate::definition::{RuleName, decode, encode};
use crate::rules::features::FeatureTable;
use crate::rules::tags::TagTable;
use crate::rules::{
    Clock, Diagnostic, Imports, Language, Level, Limits, RuleErrors, RuleSet, RuleSource, Settings,
};
pub use batch::{BatchFile, BatchReport, apply_files};
pub use error::RuleFileError;
pub use prepare::{Order, PrepareError, Prepared};
pub use server::{NamedServer, TargetServer};
pub use store::{NewRule, Outcome, StoreError, StoredRule, StoredRules, store};
pub use subject::{Item, Subject, SubjectError};
pub use survey::{Broken, Survey, survey};
pub use tests_of_rules::{TestFile, TestResult};

/// The repository's additions to the table of tags.
pub const TAGS: &str = "rules/tags.toml";
/// The repository's additions to the table of features.
pub const FEATURES: &str = "rules/features.toml";

/// The level of what no order names.
const IMPORT: &str = "import";

/// One rule, as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleFile {
    /// Its name.
    pub name: String,
    /// Where it lies, from the root.
    pub path: String,
    /// How it is written.
    pub language: Language,
    /// Its text.
    pub text: String,
    /// The version of main that has this text.
    pub version: Option<usize>,
    /// Whether main holds another text, or none.
    pub differs: bool,
}

impl RuleFile {
    /// The name with the version, as it is written: `NAME@3`.
    pub fn label(&self) -> String {
        match self.version {
            Some(version) => format!("{}@{version}", self.name),
            None => self.name.clone(),
        }
    }

    /// What is kept of it in records.
    fn record(&self, level: &str) -> RuleRef {
        RuleRef {
            name: self.name.clone(),
            level: level.to_owned(),
            version: self.version,
            blob: blob_id(self.text.as_bytes()).to_string(),
        }
    }

    /// The rule as a source for the engine.
    pub fn source(&self, level: Level) -> Result<RuleSource, RuleFileError> {
        Ok(RuleSource {
            name: RuleName::new(&self.name)?,
            level,
            language: self.language,
            text: self.text.clone(),
            version: self.version.map(|version| version.to_string()),
        })
    }
}

/// How a rule is written, by the end of its file's name.
pub fn language_of(path: &str) -> Option<Language> {
    if path.ends_with(".rhai") {
        Some(Language::Rhai)
    } else if path.ends_with(".json") {
        Some(Language::VendorJson)
    } else {
        None
    }
}

/// What is wrong with rules.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Diagnosis {
    /// What keeps a rule from being used.
    pub errors: Vec<Diagnostic>,
    /// What has no effect.
    pub remarks: Vec<Diagnostic>,
}

/// The rules of a repository, in the work tree or on main.
pub struct RuleFiles<'r> {
    repository: &'r Repository,
    history: Option<&'r History>,
    files: BTreeMap<String, File>,
    /// `[rules]` of deploy.toml, as it stands where the rules do.
    wanted: RuleSettings,
}

impl std::fmt::Debug for RuleFiles<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RuleFiles").field("files", &self.files.len()).finish_non_exhaustive()
    }
}

impl<'r> RuleFiles<'r> {
    /// The rules as the work tree has them; without a history none has a version.
    pub fn of_work_tree(
        repository: &'r Repository,
        history: Option<&'r History>,
    ) -> Result<Self, RuleFileError> {
        let rules = format!("{RULES}/");
        let all = files::all(repository, &|folder| folder.starts_with(&rules))?;
        let ours = all.into_iter().filter(|file| file.path.starts_with(&rules));
        let files = ours.map(|file| (file.path.clone(), file)).collect();
        Ok(Self { repository, history, files, wanted: repository.settings().rules.clone() })
    }

    /// The rules as main's tip has them.
    pub fn of_main(repository: &'r Repository, history: &'r History) -> Result<Self, RuleFileError> {
        Self::of_commit(repository, history, history.tip().commit)
    }

    /// The rules as a commit has them; their versions are those of main.
    pub fn of_commit(
        repository: &'r Repository,
        history: &'r History,
        commit: Oid,
    ) -> Result<Self, RuleFileError> {
        let git = repository.git2();
        let tree = git.find_commit(commit)?.tree()?;
        let listing = Listing::read(git, &tree, Kind::Rule)?;
        let file = |path: &str, blob| (path.to_owned(), File { path: path.to_owned(), at: At::Blob(blob) });
        let mut files: BTreeMap<String, File> =
            listing.iter().map(|(_, stored)| file(&stored.path, stored.blob)).collect();
        for table in [TAGS, FEATURES] {
            if let Ok(entry) = tree.get_path(std::path::Path::new(table)) {
                files.extend([file(table, entry.id())]);
            }
        }
        Ok(Self { repository, history: Some(history), files, wanted: repository.settings().rules.clone() })
    }

    /// With `[rules]` of other settings than the work tree's.
    pub fn with_settings(mut self, settings: &RuleSettings) -> Self {
        self.wanted = settings.clone();
        self
    }

    /// The names of all rules, sorted.
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self
            .files
            .keys()
            .filter_map(|path| Kind::of(path))
            .filter(|(kind, _)| *kind == Kind::Rule)
            .map(|(_, stem)| decode(stem).unwrap_or_else(|| stem.to_owned()))
            .collect();
        names.sort();
        names.dedup();
        names
    }

    /// What a user wrote for a rule: `NAME` as it stands, `NAME@3` or `NAME@REF` as it was.
    pub fn get(&self, text: &str) -> Result<RuleFile, RuleFileError> {
        if let Some(file) = self.file_of(text)? {
            return self.read(text, file);
        }
        let Some((bare, _)) = text.rsplit_once('@').filter(|(bare, at)| !bare.is_empty() && !at.is_empty())
        else {
            return Err(self.unknown(text));
        };
        let Some(history) = self.history else { return Err(self.unknown(text)) };
        let found = match resolve(self.repository, history, Kind::Rule, text) {
            Err(ResolveError::Unknown { .. }) => return Err(self.unknown(bare)),
            found => found?,
        };
        let blob = self.repository.git2().find_blob(found.blob)?;
        let language = language_of(&found.path).unwrap_or(Language::Rhai);
        let text = text_of(&found.path, blob.content().to_vec())?;
        Ok(RuleFile {
            name: found.name,
            path: found.path,
            language,
            text,
            version: found.number,
            differs: false,
        })
    }

    /// Compiles rules; what they import comes from here too.
    pub fn compile(&self, sources: &[RuleSource], settings: &Arc<Settings>) -> Result<RuleSet, RuleErrors> {
        let imports: Imports<'_> = &|name| self.import(name);
        RuleSet::compile(sources, imports, Arc::clone(settings))
    }

    /// What is wrong with rules, and what was passed over in those that can be used.
    pub fn diagnose(&self, files: &[RuleFile], settings: &Arc<Settings>) -> Result<Diagnosis, RuleFileError> {
        let mut sources =
            files.iter().map(|file| file.source(Level::Deployment)).collect::<Result<Vec<_>, _>>()?;
        let mut errors: Vec<Diagnostic> = Vec::new();
        let compiled = match self.compile(&sources, settings) {
            Ok(compiled) => Ok(compiled),
            Err(found) => {
                // A rule that several import is told once.
                for error in found.0 {
                    if !errors.contains(&error) {
                        errors.push(error);
                    }
                }
                sources.retain(|source| errors.iter().all(|error| error.rule != source.name.as_str()));
                self.compile(&sources, settings)
            }
        };
        let remarks = compiled.map(|compiled| compiled.remarks().to_vec()).unwrap_or_default();
        Ok(Diagnosis { errors, remarks })
    }

    /// The text of a script that another imports: by its plain name, from here, never through a link.
    pub fn import(&self, name: &str) -> Option<String> {
        let file = self.files.get(&format!("{RULES}/{}.rhai", encode(name)))?;
        self.text(file).ok()
    }

    /// What holds for all rules here: `[rules]` of deploy.toml, and the tags with `rules/tags.toml`.
    pub fn settings(&self, clock: Option<Clock>) -> Result<Arc<Settings>, RuleFileError> {
        let wanted = &self.wanted;
        let mut limits = Limits::default();
        limits.operations = wanted.operations.map_or(limits.operations, std::num::NonZeroU64::get);
        Ok(Arc::new(Settings {
            unmatched: wanted.unmatched.into(),
            limits,
            tags: Arc::new(self.tags()?),
            clock,
        }))
    }

    /// The tags, with the repository's corrections.
    pub fn tags(&self) -> Result<TagTable, RuleFileError> {
        let tags = |source| RuleFileError::Tags { path: TAGS, source };
        let table = TagTable::built_in().map_err(tags)?;
        match self.files.get(TAGS) {
            Some(file) => table.with(&self.text(file)?).map_err(tags),
            None => Ok(table),
        }
    }

    /// From which release on OpCon knows what, with the repository's additions.
    pub fn features(&self) -> Result<FeatureTable, RuleFileError> {
        let features = |source| RuleFileError::Tags { path: FEATURES, source };
        let table = FeatureTable::built_in().map_err(features)?;
        match self.files.get(FEATURES) {
            Some(file) => table.with(&self.text(file)?).map_err(features),
            None => Ok(table),
        }
    }

    /// The tables of the repository that take part in every transformation or check of one.
    pub(super) fn tables(&self) -> Result<Vec<RuleRef>, RuleFileError> {
        let there = [TAGS, FEATURES].into_iter().filter_map(|path| self.files.get(path));
        there
            .map(|file| {
                let blob = blob_id(&self.bytes(file)?).to_string();
                Ok(RuleRef { name: file.path.clone(), level: IMPORT.to_owned(), version: None, blob })
            })
            .collect()
    }

    /// The versions of a rule on main, oldest first.
    pub fn versions(&self, name: &str) -> Vec<Version> {
        self.history.map(|history| history.versions(Kind::Rule, &encode(name))).unwrap_or_default()
    }

    /// The file of a name; an error where there are two.
    fn file_of(&self, name: &str) -> Result<Option<&File>, RuleFileError> {
        let path = |end: &str| format!("{RULES}/{}.{end}", encode(name));
        match (self.files.get(&path("rhai")), self.files.get(&path("json"))) {
            (Some(_), Some(_)) => Err(RuleFileError::Twice { name: name.to_owned() }),
            (rhai, json) => Ok(rhai.or(json)),
        }
    }

    fn read(&self, name: &str, file: &File) -> Result<RuleFile, RuleFileError> {
        let text = self.text(file)?;
        let blob = blob_id(text.as_bytes());
        let versions = self.versions(name);
        let same = versions.iter().rev().find(|version| version.blob == Some(blob));
        let differs = self.history.is_some() && versions.last().is_none_or(|last| last.blob != Some(blob));
        Ok(RuleFile {
            name: name.to_owned(),
            path: file.path.clone(),
            language: language_of(&file.path).unwrap_or(Language::Rhai),
            text,
            version: same.map(|version| version.number),
            differs,
        })
    }

    fn text(&self, file: &File) -> Result<String, RuleFileError> {
        text_of(&file.path, self.bytes(file)?)
    }

    fn bytes(&self, file: &File) -> Result<Vec<u8>, RuleFileError> {
        if file.at == At::NotAFile {
            return Err(RuleFileError::NotAFile { path: file.path.clone() });
        }
        let mut bytes = Vec::new();
        let failed = |source: io::Error| RuleFileError::Io { path: file.path.clone(), source };
        Reader::new(self.repository.git2().path()).read(file, &mut bytes).map_err(failed)?;
        Ok(bytes)
    }

    fn unknown(&self, name: &str) -> RuleFileError {
        let near = nearest(name, &self.names()).map(str::to_owned);
        RuleFileError::Unknown { name: name.to_owned(), near }
    }
}

fn text_of(path: &str, bytes: Vec<u8>) -> Result<String, RuleFileError> {
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let line = 1 + error.as_bytes()[..at].iter().filter(|byte| **byte == b'\n').count();
        RuleFileError::NotText { path: path.to_owned(), line }
    })
}
