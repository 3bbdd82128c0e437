//! The check of a whole repository, as its work tree has it (a bare one: as
//! HEAD has it): every file by itself, then what they say about each other.

mod code;
mod definitions;
mod finding;
mod names;
mod packages;
mod place;
mod references;
mod rollouts;
mod rules;
mod servers;
mod shared;
mod since;
mod texts;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests;

use std::collections::HashSet;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::AtomicUsize;

use super::Repository;
use super::files::{self, At, File, FilesError, Reader};
use super::init::is_unwired;
use super::layout::Kind;
use super::toml_file::TomlError;
use crate::definition::{Definition, decode};
pub use code::codes;
use definitions::Facts;
pub use finding::{Finding, Report};
use packages::Stock;
use place::What;
use rollouts::Containers;
use shared::Shared;

/// What to check besides the files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CheckOptions {
    /// A former tip that must still be on the first-parent line.
    pub since: Option<String>,
}

/// Why a repository could not be checked.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// The files could not be listed.
    #[error(transparent)]
    Files(#[from] FilesError),
    /// The repository could not be read.
    #[error("cannot read the repository: {0}")]
    Object(#[from] git2::Error),
}

/// Checks a repository; counts the definitions it has looked at in `done`.
pub fn check(
    repository: &Repository,
    options: &CheckOptions,
    done: &AtomicUsize,
) -> Result<Report, CheckError> {
    let files = files::all(repository, &|folder| place::is_ours(folder))?;
    let mut findings = Vec::new();
    let counted: Vec<(&File, Kind, &str)> = files
        .iter()
        .filter_map(|file| match place::what(&file.path) {
            What::Counted(kind, stem) => Some((file, kind, stem)),
            _ => None,
        })
        .collect();
    let named: Vec<(&str, Kind, &str)> =
        counted.iter().map(|(file, kind, stem)| (file.path.as_str(), *kind, *stem)).collect();
    names::check(&named, &mut findings);
    let schedules = check_definitions(repository, &counted, done, &mut findings);
    let Texts { packages, servers, containers } = check_texts(repository, &files, &mut findings)?;
    rules::check(repository, &mut findings);
    let stems = |wanted: Kind| {
        named.iter().filter(|(_, kind, _)| *kind == wanted).map(|(_, _, stem)| *stem).collect::<HashSet<_>>()
    };
    let stock = Stock { repository, schedules: stems(Kind::Schedule), rules: stems(Kind::Rule) };
    packages::check(&packages, &stock, &mut findings);
    rollouts::check(&containers, &servers, &packages, &stock, &mut findings);
    findings.extend(unresolved(repository)?);
    if is_unwired(repository) {
        let message = "this clone does not know the drivers for `git diff` and `git merge`; `opcon-deploy init` wires them";
        findings.push(Finding::new(code::UNWIRED, ".gitattributes", message));
    }
    if let Some(old) = &options.since {
        findings.extend(since::check(repository, old)?);
    }
    // A conflict is told once, where its markers stand.
    let marked: HashSet<Option<String>> = findings
        .iter()
        .filter(|finding| finding.code == code::CONFLICT.code && finding.line.is_some())
        .map(|finding| finding.path.clone())
        .collect();
    findings.retain(|finding| {
        finding.code != code::CONFLICT.code || finding.line.is_some() || !marked.contains(&finding.path)
    });
    findings.sort_by(|a, b| (&a.path, a.line, a.column).cmp(&(&b.path, b.line, b.column)));
    let rollouts = containers.rollouts.len();
    Ok(Report { findings, schedules, packages: packages.len(), rollouts })
}

/// Checks the rollouts and environments alone, against everything they name.
pub fn check_rollouts(repository: &Repository) -> Result<Report, CheckError> {
    let files = files::all(repository, &|folder| place::is_ours(folder))?;
    let mut findings = Vec::new();
    let counted = |kind: Kind| {
        let stems = files.iter().filter_map(move |file| match place::what(&file.path) {
            What::Counted(other, stem) if other == kind => Some(stem),
            _ => None,
        });
        stems.collect::<HashSet<_>>()
    };
    let stock = Stock { repository, schedules: counted(Kind::Schedule), rules: counted(Kind::Rule) };
    let is_needed = |file: &&File| {
        let what = place::what(&file.path);
        matches!(what, What::Rollout | What::Environment | What::Server(_) | What::Counted(Kind::Package, _))
    };
    let needed: Vec<File> = files.iter().filter(is_needed).cloned().collect();
    let Texts { packages, servers, containers } = check_texts(repository, &needed, &mut findings)?;
    let looked_at = containers.rollouts.len();
    rollouts::check(&containers, &servers, &packages, &stock, &mut findings);
    let is_of_one = |path: &str| matches!(place::what(path), What::Rollout | What::Environment);
    findings.retain(|finding| finding.path.as_deref().is_some_and(is_of_one));
    findings.sort_by(|a, b| (&a.path, a.line, a.column).cmp(&(&b.path, b.line, b.column)));
    Ok(Report { findings, rollouts: looked_at, ..Report::default() })
}

/// The report on a repository whose settings cannot be read, so that nothing else can be.
pub fn unreadable_settings(error: TomlError) -> Report {
    let path = error.path.display().to_string();
    Report { findings: vec![texts::of_toml(&path, error)], ..Report::default() }
}

/// The definitions by themselves and among each other; gives how many there are.
fn check_definitions(
    repository: &Repository,
    counted: &[(&File, Kind, &str)],
    done: &AtomicUsize,
    findings: &mut Vec<Finding>,
) -> usize {
    let files: Vec<(&File, &str)> = counted
        .iter()
        .filter(|(file, kind, _)| *kind == Kind::Schedule && file.at != At::NotAFile)
        .map(|(file, _, stem)| (*file, *stem))
        .collect();
    let shared = Mutex::new(Shared::default());
    let mut facts: Vec<(&str, Facts)> = files
        .iter()
        .zip(definitions::examine(repository, &files, &shared, done))
        .map(|((file, _), facts)| (file.path.as_str(), facts))
        .collect();
    for (_, facts) in &mut facts {
        findings.append(&mut facts.findings);
    }
    references::check(&facts, findings);
    if let Ok(shared) = shared.into_inner() {
        let read = |number: usize| {
            let mut bytes = Vec::new();
            Reader::new(repository.git2().path()).read(files[number].0, &mut bytes).ok()?;
            Definition::read(&bytes).ok()
        };
        shared.findings(&|number| files[number].0.path.clone(), &read, findings);
    }
    files.len()
}

/// The files that could be read and are held against each other, with their paths or names.
#[derive(Default)]
struct Texts {
    packages: Vec<(String, super::package::Package)>,
    servers: Vec<(String, super::servers::Server)>,
    containers: Containers,
}

/// Everything that is not a definition.
fn check_texts(
    repository: &Repository,
    files: &[File],
    findings: &mut Vec<Finding>,
) -> Result<Texts, git2::Error> {
    let mut reader = Reader::new(repository.git2().path());
    let mut bytes = Vec::new();
    let mut read = Texts::default();
    let mut has_users = false;
    for file in files {
        let (path, what) = (file.path.as_str(), place::what(&file.path));
        match what {
            What::Unknown => {
                if !is_ignored(repository, path)? {
                    findings.push(unknown(path));
                }
                continue;
            }
            What::Plain => continue,
            _ if file.at == At::NotAFile => {
                let message = "is a symbolic link; the repository takes plain files only";
                findings.push(Finding::new(code::NOT_A_FILE, path, message));
                continue;
            }
            What::Counted(Kind::Schedule, _) => continue,
            _ => {}
        }
        has_users |= what == What::Users;
        if let Err(error) = reader.read(file, &mut bytes) {
            findings.push(Finding::new(code::UNREADABLE, path, error.to_string()));
            continue;
        }
        match what {
            What::Counted(Kind::Package, _) => {
                let package = texts::package(path, &bytes, findings);
                read.packages.extend(package.map(|package| (path.to_owned(), package)));
            }
            What::Counted(Kind::Rule, _) => texts::rule(path, &bytes, findings),
            What::Settings => texts::settings(path, &bytes, findings),
            What::Users => texts::users(path, &bytes, findings),
            What::Server(stem) => {
                let server = servers::server(path, &bytes, files, findings);
                read.servers.extend(decode(stem).zip(server));
            }
            What::Rollout => {
                let rollout = texts::toml(path, &bytes, findings);
                read.containers.rollouts.extend(rollout.map(|rollout| (path.to_owned(), rollout)));
            }
            What::Environment => {
                let environment = texts::toml(path, &bytes, findings);
                read.containers.environments.extend(environment.map(|file| (path.to_owned(), file)));
            }
            What::DriftAccepted => texts::drift_accepted(path, &bytes, findings),
            What::Connector => servers::connector(path, &bytes, findings),
            What::Script => servers::script(path, &bytes, files, findings),
            What::Toml => texts::any(path, &bytes, findings),
            What::Counted(Kind::Schedule, _) | What::Plain | What::Unknown => {}
        }
    }
    if !has_users {
        findings.push(texts::no_users());
    }
    Ok(read)
}

fn unknown(path: &str) -> Finding {
    let message = match path.rsplit_once('.') {
        Some((_, end)) if path.starts_with("schedules/") && end.eq_ignore_ascii_case("json") => {
            format!("the repository has no use for it; a definition ends in `.json`, not `.{end}`")
        }
        _ if path.ends_with('/') => "the repository has no use for this folder".to_owned(),
        _ => "the repository has no use for this file".to_owned(),
    };
    Finding::new(code::UNKNOWN_FILE, path, message)
}

fn is_ignored(repository: &Repository, path: &str) -> Result<bool, git2::Error> {
    if repository.has_work_tree() { repository.git2().is_path_ignored(Path::new(path)) } else { Ok(false) }
}

/// Paths that git's index says are in conflict: one side may have deleted them.
fn unresolved(repository: &Repository) -> Result<Vec<Finding>, git2::Error> {
    if !repository.has_work_tree() {
        return Ok(Vec::new());
    }
    let index = repository.git2().index()?;
    let mut paths = HashSet::new();
    for conflict in index.conflicts()? {
        let conflict = conflict?;
        let entry = conflict.our.or(conflict.their).or(conflict.ancestor);
        paths.extend(entry.map(|entry| String::from_utf8_lossy(&entry.path).into_owned()));
    }
    let message = "git has an unresolved conflict here; `git add` or `git rm` it when it is resolved";
    Ok(paths.iter().map(|path| Finding::new(code::CONFLICT, path, message)).collect())
}
