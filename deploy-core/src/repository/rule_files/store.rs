//! Storing rules: several in one commit, all of them or none.

use std::collections::HashMap;

use super::{RuleFile, RuleFileError, RuleFiles};
use crate::definition::{NameError, RuleName};
use crate::repository::Repository;
use crate::repository::change::{Change, CommitError, Committed, Content};
use crate::repository::history::{History, HistoryError};
use crate::repository::layout::{Kind, RULES};
use crate::repository::listing::Listing;
use crate::repository::package::CommitOptions;
use crate::rules::{Imports, Language, Level, RuleErrors, RuleSet, head};

/// The trailer that names a rule and what became of it.
const TRAILER: &str = "Rule";

/// A rule to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRule {
    /// Its name.
    pub name: String,
    /// How it is written.
    pub language: Language,
    /// Its text, stored as it is.
    pub text: String,
}

/// What became of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It was not there.
    New,
    /// It was there with another text.
    Changed,
    /// It was there with this text.
    Equal,
}

/// One stored rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredRule {
    /// Its name.
    pub name: String,
    /// Where it lies.
    pub path: String,
    /// What became of it.
    pub outcome: Outcome,
    /// The version it makes, or will make when merged; the one it equals.
    pub number: usize,
}

/// What came of storing rules.
#[derive(Debug)]
pub struct StoredRules {
    /// Each rule, in the order given.
    pub rules: Vec<StoredRule>,
    /// Whether the numbers are final: the commit is on main.
    pub on_main: bool,
    /// The commit; `None` where all were there already.
    pub committed: Option<Committed>,
}

/// Why no rule was stored.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Not a name.
    #[error(transparent)]
    Name(#[from] NameError),
    /// Two of one name.
    #[error("two of the files would be the rule `{0}`")]
    Twice(String),
    /// It is there, written the other way.
    #[error("rule `{name}` is there already as `{path}`")]
    OtherLanguage {
        /// The rule.
        name: String,
        /// Its file.
        path: String,
    },
    /// A name that differs from another's in case only.
    #[error("`{name}` differs only in case from the rule `{other}`")]
    OnlyCase {
        /// The new one.
        name: String,
        /// The one that is there.
        other: String,
    },
    /// They do not compile.
    #[error("{0}")]
    Compile(RuleErrors),
    /// The rules that are there cannot be read.
    #[error(transparent)]
    Files(#[from] RuleFileError),
    /// The versions could not be counted.
    #[error(transparent)]
    History(#[from] HistoryError),
    /// The commit was not made.
    #[error(transparent)]
    Commit(#[from] CommitError),
    /// The repository could not be read.
    #[error("cannot read the repository: {}", .0.message())]
    Object(#[from] git2::Error),
}

/// Compiles rules and stores them in one commit.
pub fn store(
    repository: &Repository,
    rules: &[NewRule],
    options: &CommitOptions,
    waiting: &dyn Fn(),
) -> Result<StoredRules, StoreError> {
    let names = names(rules)?;
    compile(repository, rules)?;
    let mut change = Change::begin(repository, &options.destination, waiting)?;
    let on_main = change.branch() == repository.settings().git.main;
    let history = History::load(repository).ok();
    let listing = match change.base_tree()? {
        Some(tree) => Listing::read(repository.git2(), &tree, Kind::Rule)?,
        None => Listing::default(),
    };
    let mut stored = Vec::new();
    for (rule, name) in rules.iter().zip(&names) {
        let stem = name.stem();
        let end = match rule.language {
            Language::Rhai => "rhai",
            Language::VendorJson => "json",
        };
        let path = format!("{RULES}/{stem}.{end}");
        if let Some(other) = listing.same_but_for_case(&stem) {
            return Err(StoreError::OnlyCase { name: rule.name.clone(), other: other.to_owned() });
        }
        let there = listing.get(&stem);
        if let Some(there) = there.filter(|there| there.path != path) {
            return Err(StoreError::OtherLanguage { name: rule.name.clone(), path: there.path.clone() });
        }
        let content = Content::Bytes(rule.text.clone().into_bytes());
        let outcome = match there {
            None => Outcome::New,
            Some(there) if there.blob == content.blob() => Outcome::Equal,
            Some(_) => Outcome::Changed,
        };
        let versions = history.as_ref().map_or(0, |history| history.versions(Kind::Rule, &stem).len());
        let number = versions + usize::from(outcome != Outcome::Equal);
        if outcome != Outcome::Equal {
            change.put(&path, content);
        }
        stored.push(StoredRule { name: rule.name.clone(), path, outcome, number });
    }
    let committed = if stored.iter().all(|rule| rule.outcome == Outcome::Equal) {
        None
    } else {
        change.commit(&message(&stored, &names, options), options.push)?
    };
    Ok(StoredRules { rules: stored, on_main, committed })
}

fn names(rules: &[NewRule]) -> Result<Vec<RuleName>, StoreError> {
    let mut names: Vec<RuleName> = Vec::new();
    for rule in rules {
        let name = RuleName::new(&rule.name)?;
        if names.iter().any(|other| other.stem().to_lowercase() == name.stem().to_lowercase()) {
            return Err(StoreError::Twice(rule.name.clone()));
        }
        names.push(name);
    }
    Ok(names)
}

/// Each by itself; what they import may be among them.
fn compile(repository: &Repository, rules: &[NewRule]) -> Result<(), StoreError> {
    let there = RuleFiles::of_work_tree(repository, None)?;
    let settings = there.settings(None)?;
    let given: HashMap<&str, &str> = rules
        .iter()
        .filter(|rule| rule.language == Language::Rhai)
        .map(|rule| (rule.name.as_str(), rule.text.as_str()))
        .collect();
    let imports: Imports<'_> =
        &|name| given.get(name).map(|text| (*text).to_owned()).or_else(|| there.import(name));
    let mut wrong = Vec::new();
    for rule in rules {
        let file = RuleFile {
            name: rule.name.clone(),
            path: String::new(),
            language: rule.language,
            text: rule.text.clone(),
            version: None,
            differs: true,
        };
        let source = file.source(Level::Deployment)?;
        if let Err(errors) = RuleSet::compile(&[source], imports, settings.clone()) {
            wrong.extend(errors.0.into_iter().filter(|error| error.rule == rule.name));
        }
        if rule.language == Language::Rhai
            && let Err(error) = head(&rule.name, &rule.text)
            && !wrong.contains(&error)
        {
            wrong.push(error);
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(StoreError::Compile(RuleErrors(wrong))) }
}

fn message(stored: &[StoredRule], names: &[RuleName], options: &CommitOptions) -> String {
    let changed: Vec<(&StoredRule, &RuleName)> =
        stored.iter().zip(names).filter(|(rule, _)| rule.outcome != Outcome::Equal).collect();
    let subject = match (&options.message, changed.as_slice()) {
        (Some(message), _) if !message.trim().is_empty() => message.trim_end().to_owned(),
        (_, [(one, _)]) => format!("Import rule {}", one.name.escape_debug()),
        (_, many) => format!("Import {} rules", many.len()),
    };
    let mut message = format!("{subject}\n\n");
    for (rule, name) in changed {
        let what = if rule.outcome == Outcome::New { "new" } else { "changed" };
        message.push_str(&format!("{TRAILER}: {} | {what}\n", name.stem()));
    }
    message
}
