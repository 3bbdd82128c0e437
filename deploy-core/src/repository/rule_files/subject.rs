//! What rules are tried on: stored versions, packages, files; joined into one definition.

use git2::Oid;

use crate::definition::{Definition, Disagreement, ReadError, encode, join};
use crate::repository::Repository;
use crate::repository::files::{self, Reader};
use crate::repository::history::History;
use crate::repository::layout::{Kind, SCHEDULES};
use crate::repository::package::{Package, StoredError};
use crate::repository::resolve::{Found, ResolveError, resolve};
use crate::rules;

/// One thing that a user named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    /// `NAME`, `NAME@3`, `NAME@REF` or `package:NAME[@V]`.
    Stored(String),
    /// The content of a file.
    File {
        /// How the user wrote it.
        label: String,
        /// What it holds.
        bytes: Vec<u8>,
    },
}

/// Why there is nothing to try rules on.
#[derive(Debug, thiserror::Error)]
pub enum SubjectError {
    /// A name stands for nothing.
    #[error(transparent)]
    Resolve(#[from] ResolveError),
    /// A package cannot be read.
    #[error(transparent)]
    Package(#[from] StoredError),
    /// Two packages at once.
    #[error("two packages are two deploys: name one of them")]
    TwoPackages,
    /// A file holds no definition.
    #[error("`{label}`: {source}")]
    NoDefinition {
        /// The file.
        label: String,
        /// What is wrong with it.
        source: ReadError,
    },
    /// A pin names content that is not there.
    #[error("package `{package}` pins `{schedule}` to the content `{blob}`, which is not here")]
    NoContent {
        /// The package.
        package: String,
        /// The schedule.
        schedule: String,
        /// What it is pinned to.
        blob: String,
    },
    /// The same schedule twice.
    #[error("schedule `{0}` is named twice")]
    Twice(String),
    /// The files could not be listed.
    #[error(transparent)]
    Files(#[from] files::FilesError),
    /// A file could not be read.
    #[error("cannot read `{path}`: {source}")]
    Io {
        /// The file.
        path: String,
        /// The cause.
        source: std::io::Error,
    },
    /// An object could not be read.
    #[error("cannot read the repository: {}", .0.message())]
    Object(#[from] git2::Error),
}

/// One definition with all that was named.
#[derive(Debug)]
pub struct Subject {
    /// The schedules and what they share.
    pub definition: Definition,
    /// What it was made of, with versions.
    pub labels: Vec<String>,
    /// The package, with its rules.
    pub package: Option<(rules::Package, Vec<String>)>,
    /// Files of the work tree that were taken in place of the latest version.
    pub from_work_tree: Vec<String>,
    /// Shared objects that the joined do not agree on.
    pub disagreements: Vec<Disagreement>,
}

/// A part of the whole, with the time of its commit; what is in no commit is the newest.
struct Part {
    definition: Definition,
    label: String,
    time: i64,
}

impl Subject {
    /// Finds and joins what was named; of shared objects that differ the newest commit's is taken.
    pub fn read(
        repository: &Repository,
        history: Option<&History>,
        items: Vec<Item>,
    ) -> Result<Self, SubjectError> {
        let mut reader = SubjectReader { repository, history, from_work_tree: Vec::new() };
        let (mut parts, mut package) = (Vec::new(), None);
        for item in items {
            match item {
                Item::File { label, bytes } => parts.push(file(label, &bytes)?),
                Item::Stored(text) => match text.strip_prefix("package:") {
                    Some(_) if package.is_some() => return Err(SubjectError::TwoPackages),
                    Some(name) => package = Some(reader.package(name, &mut parts)?),
                    None => parts.push(reader.schedule(&text)?),
                },
            }
        }
        let mut names = std::collections::HashSet::new();
        for name in parts.iter().flat_map(|part| part.definition.names()) {
            if !names.insert(name) {
                return Err(SubjectError::Twice(name.to_owned()));
            }
        }
        let labels = parts.iter().map(|part| part.label.clone()).collect();
        parts.sort_by_key(|part| std::cmp::Reverse(part.time));
        let (definition, disagreements) = join(parts.into_iter().map(|part| part.definition).collect());
        Ok(Self { definition, labels, package, from_work_tree: reader.from_work_tree, disagreements })
    }
}

fn file(label: String, bytes: &[u8]) -> Result<Part, SubjectError> {
    match Definition::read(bytes) {
        Ok(definition) => Ok(Part { definition, label, time: i64::MAX }),
        Err(source) => Err(SubjectError::NoDefinition { label, source }),
    }
}

struct SubjectReader<'r> {
    repository: &'r Repository,
    history: Option<&'r History>,
    from_work_tree: Vec<String>,
}

impl SubjectReader<'_> {
    /// A version; a name alone is what the work tree has, where that is another content.
    fn schedule(&mut self, text: &str) -> Result<Part, SubjectError> {
        let stem = encode(text);
        let Some(history) = self.history else {
            let unknown = ResolveError::Unknown { kind: Kind::Schedule, name: text.to_owned(), near: None };
            return self.work_tree(text, None)?.ok_or(unknown.into());
        };
        let versions = history.versions(Kind::Schedule, &stem);
        let latest = versions.last().and_then(|version| Some((version.path.clone(), version.blob?)));
        let named = !versions.is_empty();
        let found = resolve(self.repository, history, Kind::Schedule, text);
        if (named || matches!(found, Err(ResolveError::Unknown { .. })))
            && let Some(part) = self.work_tree(text, latest)?
        {
            return Ok(part);
        }
        self.stored(&found?)
    }

    fn stored(&self, found: &Found) -> Result<Part, SubjectError> {
        let definition = self.repository.definition(found)?;
        Ok(Part { definition, label: found.label(), time: self.time(found.commit)? })
    }

    fn time(&self, commit: Oid) -> Result<i64, git2::Error> {
        Ok(self.repository.git2().find_commit(commit)?.time().seconds())
    }

    /// The schedule as the work tree has it, if that is not what the latest version has.
    fn work_tree(&mut self, name: &str, latest: Option<(String, Oid)>) -> Result<Option<Part>, SubjectError> {
        if !self.repository.has_work_tree() {
            return Ok(None);
        }
        let stem = encode(name);
        let path = match &latest {
            Some((path, _)) => path.clone(),
            None => {
                let folder = format!("{SCHEDULES}/");
                let all = files::all(self.repository, &|found| found.starts_with(&folder))?;
                match all.into_iter().find(|file| Kind::of(&file.path) == Some((Kind::Schedule, &stem))) {
                    Some(file) => file.path,
                    None => return Ok(None),
                }
            }
        };
        let at = self.repository.root().join(&path);
        // A link, a folder, or nothing: what is committed counts.
        if !at.symlink_metadata().is_ok_and(|metadata| metadata.is_file()) {
            return Ok(None);
        }
        let file = files::File { path: path.clone(), at: files::At::Disk(at) };
        let mut bytes = Vec::new();
        Reader::new(self.repository.git2().path())
            .read(&file, &mut bytes)
            .map_err(|source| SubjectError::Io { path: path.clone(), source })?;
        let part = self::file(path.clone(), &bytes)?;
        if let Some((_, blob)) = latest {
            let stored = self.repository.git2().find_blob(blob)?;
            if Definition::read(stored.content()).is_ok_and(|stored| stored == part.definition) {
                return Ok(None);
            }
        }
        self.from_work_tree.push(path);
        Ok(Some(Part { label: format!("{name} in the work tree"), ..part }))
    }

    fn package(
        &mut self,
        text: &str,
        parts: &mut Vec<Part>,
    ) -> Result<(rules::Package, Vec<String>), SubjectError> {
        let Some(history) = self.history else {
            let unknown = ResolveError::Unknown { kind: Kind::Package, name: text.to_owned(), near: None };
            return Err(unknown.into());
        };
        let found = resolve(self.repository, history, Kind::Package, text)?;
        let git = self.repository.git2();
        let package = Package::of_blob(git, &found.path, found.blob)?;
        for pin in &package.schedules {
            let content = Oid::from_str(&pin.blob).and_then(|blob| git.find_blob(blob));
            let Ok(content) = content else {
                return Err(SubjectError::NoContent {
                    package: found.name.clone(),
                    schedule: pin.name.clone(),
                    blob: pin.blob.clone(),
                });
            };
            let part = file(pin.label(), content.content())?;
            let commit = pin.commit.as_deref().and_then(|commit| Oid::from_str(commit).ok());
            let time = commit.and_then(|commit| self.time(commit).ok()).unwrap_or(i64::MAX);
            parts.push(Part { time, ..part });
        }
        let version = found.number.map_or_else(String::new, |number| number.to_string());
        Ok((rules::Package { name: found.name, version }, package.rules))
    }
}
