//! Names, versions, packages and patterns become blobs.

use std::collections::BTreeMap;

use git2::Oid;

use super::{SelectError, Selected, SelectedPackage, Selection, work_tree};
use crate::definition::{decode, encode};
use crate::deploy::{Context, Order};
use crate::opcon::NamePattern;
use crate::repository::layout::Kind;
use crate::repository::listing::Listing;
use crate::repository::package::{self, Package};
use crate::repository::records::Source;
use crate::repository::resolve::{Found, ResolveError, resolve};

/// How packages are written.
const PACKAGE: &str = "package:";

/// Whether a name stands for all that fit it; no name of OpCon holds these characters.
pub(super) fn is_pattern(what: &str) -> bool {
    what.contains(['*', '?'])
}

/// Collects what was asked for.
pub(super) struct Finder<'c, 'r> {
    context: &'c Context<'r>,
    /// The commit that stands in for main's tip, and how it was written.
    at: Option<(Oid, String)>,
    /// What lies in that commit, by kind; read once.
    listings: BTreeMap<Kind, Listing>,
    items: BTreeMap<String, Selected>,
    package: Option<SelectedPackage>,
}

impl<'c, 'r> Finder<'c, 'r> {
    pub(super) fn new(context: &'c Context<'r>, order: &Order) -> Result<Self, SelectError> {
        let git = context.repository.git2();
        let at = match &order.reference {
            None => None,
            Some(reference) => {
                let commit = git.revparse_single(reference).and_then(|object| object.peel_to_commit());
                let unknown = |_| ResolveError::NoRef { reference: reference.clone() };
                Some((commit.map_err(unknown)?.id(), reference.clone()))
            }
        };
        Ok(Self { context, at, listings: BTreeMap::new(), items: BTreeMap::new(), package: None })
    }

    /// Adds what was written.
    pub(super) fn add(&mut self, what: &str) -> Result<(), SelectError> {
        if let Some(name) = what.strip_prefix(PACKAGE) {
            return self.add_package(name);
        }
        if let Some(package) = &self.package {
            return Err(both(&package.name, what));
        }
        if !is_pattern(what) {
            let found = self.find(Kind::Schedule, what);
            let selected = match (found, self.context.trying && self.at.is_none()) {
                (Err(SelectError::Resolve(error @ ResolveError::Unknown { .. })), true) => {
                    work_tree::new_schedule(self.context, what)?.ok_or(error)?
                }
                (found, _) => self.selected(found?)?,
            };
            return match self.items.insert(selected.name.clone(), selected) {
                Some(twice) => Err(SelectError::Twice(twice.name)),
                None => Ok(()),
            };
        }
        for name in self.fitting(Kind::Schedule, what)? {
            let found = self.find(Kind::Schedule, &name)?;
            let selected = self.selected(found)?;
            // Named besides and the same: once is enough.
            match self.items.get(&name) {
                Some(other) if other.blob != selected.blob => return Err(SelectError::Twice(name)),
                _ => drop(self.items.insert(name, selected)),
            }
        }
        Ok(())
    }

    pub(super) fn finish(self) -> Result<Selection, SelectError> {
        if self.items.is_empty() {
            return Err(SelectError::Nothing);
        }
        let tip = self.context.history.tip();
        let (commit, reference) = self.at.unwrap_or_else(|| (tip.commit, tip.branch.clone()));
        Ok(Selection {
            items: self.items.into_values().collect(),
            package: self.package,
            commit,
            reference,
            settings_commit: self.context.server.commit,
            remarks: Vec::new(),
        })
    }

    /// What a name stands for: a version of main, or what the given commit has.
    fn find(&mut self, kind: Kind, text: &str) -> Result<Found, SelectError> {
        let Context { repository, history, .. } = self.context;
        if let Some((commit, reference)) = self.at.clone() {
            let stem = encode(text);
            if let Some(stored) = self.listing(kind, commit)?.get(&stem) {
                let (path, blob) = (stored.path.clone(), stored.blob);
                let versions = history.versions(kind, &stem);
                let number = versions.iter().rev().find(|version| version.blob == Some(blob));
                return Ok(Found {
                    name: text.to_owned(),
                    number: number.map(|version| version.number),
                    commit,
                    path,
                    blob,
                });
            }
            if !text.contains('@') {
                let (name, reference) = (text.to_owned(), reference);
                return Err(ResolveError::NotAtRef { kind, name, reference }.into());
            }
        }
        Ok(resolve(repository, history, kind, text)?)
    }

    /// The names that fit a pattern; one at least.
    fn fitting(&mut self, kind: Kind, pattern: &str) -> Result<Vec<String>, SelectError> {
        let none = || SelectError::NoMatch { what: kind.word(), pattern: pattern.to_owned() };
        let matcher = NamePattern::new(pattern).ok_or_else(none)?;
        let stems: Vec<String> = match self.at.clone() {
            Some((commit, _)) => {
                self.listing(kind, commit)?.iter().map(|(stem, _)| stem.to_owned()).collect()
            }
            None => {
                let latest = self.context.history.latest(kind).into_iter();
                latest.filter(|(_, version)| version.blob.is_some()).map(|(stem, _)| stem).collect()
            }
        };
        let mut names: Vec<String> = stems.iter().filter_map(|stem| decode(stem)).collect();
        names.retain(|name| matcher.matches(name));
        names.sort();
        if names.is_empty() { Err(none()) } else { Ok(names) }
    }

    fn listing(&mut self, kind: Kind, commit: Oid) -> Result<&Listing, git2::Error> {
        if !self.listings.contains_key(&kind) {
            let git = self.context.repository.git2();
            let listing = Listing::read(git, &git.find_commit(commit)?.tree()?, kind)?;
            self.listings.insert(kind, listing);
        }
        Ok(&self.listings[&kind])
    }

    fn add_package(&mut self, text: &str) -> Result<(), SelectError> {
        let name = match is_pattern(text) {
            false => text.to_owned(),
            true => {
                let mut names = self.fitting(Kind::Package, text)?.into_iter();
                match (names.next(), names.next()) {
                    (Some(one), Some(other)) => return Err(SelectError::TwoPackages { one, other }),
                    (one, _) => one.unwrap_or_default(),
                }
            }
        };
        let found = self.find(Kind::Package, &name)?;
        if let Some(package) = &self.package {
            return Err(match package.name == found.name {
                true => both(&package.name, text),
                false => SelectError::TwoPackages { one: package.name.clone(), other: found.name },
            });
        }
        if let Some(other) = self.items.keys().next() {
            return Err(both(&found.name, other));
        }
        let git = self.context.repository.git2();
        let package = Package::of_blob(git, &found.path, found.blob)?;
        for pin in &package.schedules {
            let selected = self.pinned(&found.name, pin)?;
            if let Some(twice) = self.items.insert(selected.name.clone(), selected) {
                return Err(SelectError::Twice(twice.name));
            }
        }
        if self.items.is_empty() {
            return Err(SelectError::EmptyPackage(found.name));
        }
        self.package =
            Some(SelectedPackage { name: found.name.clone(), source: source(&found), rules: package.rules });
        Ok(())
    }

    /// The content that a package pins: a version of main where main has it.
    fn pinned(&self, package: &str, pin: &package::Pin) -> Result<Selected, SelectError> {
        let git = self.context.repository.git2();
        let missing = || SelectError::NoContent {
            package: package.to_owned(),
            schedule: pin.name.clone(),
            blob: pin.blob.clone(),
        };
        let blob = Oid::from_str(&pin.blob).map_err(|_| missing())?;
        if !git.odb()?.exists(blob) {
            return Err(missing());
        }
        let versions = self.context.history.versions(Kind::Schedule, &encode(&pin.name));
        let same = |version: &&crate::repository::history::Version| version.blob == Some(blob);
        let numbered = versions.iter().find(|version| same(version) && Some(version.number) == pin.version);
        match numbered.or_else(|| versions.iter().rev().find(same)) {
            Some(version) => Ok(Selected {
                name: pin.name.clone(),
                source: Source {
                    version: Some(version.number),
                    commit: Some(version.commit.to_string()),
                    blob: Some(pin.blob.clone()),
                },
                path: version.path.clone(),
                blob,
                time: version.time,
            }),
            None => Ok(Selected {
                name: pin.name.clone(),
                source: Source { version: None, commit: pin.commit.clone(), blob: Some(pin.blob.clone()) },
                path: pin.name.clone(),
                blob,
                time: i64::MAX,
            }),
        }
    }

    fn selected(&self, found: Found) -> Result<Selected, git2::Error> {
        let time = self.context.repository.git2().find_commit(found.commit)?.time().seconds();
        Ok(Selected { source: source(&found), name: found.name, path: found.path, blob: found.blob, time })
    }
}

fn source(found: &Found) -> Source {
    Source {
        version: found.number,
        commit: Some(found.commit.to_string()),
        blob: Some(found.blob.to_string()),
    }
}

fn both(package: &str, other: &str) -> SelectError {
    SelectError::PackageAndMore { package: package.to_owned(), other: other.to_owned() }
}
