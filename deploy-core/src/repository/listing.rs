//! What files of the repository a commit holds.

use std::collections::HashMap;

use git2::{ObjectType, Oid, Tree, TreeWalkMode, TreeWalkResult};

use super::layout::Kind;

/// One versioned file of a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Where it lies.
    pub path: String,
    /// Its content.
    pub blob: Oid,
}

/// The files of one kind in a commit, by their stems.
#[derive(Debug, Default)]
pub struct Listing {
    files: HashMap<String, Stored>,
    /// Lower-cased stem to stem: names that differ only in case.
    folded: HashMap<String, String>,
    /// Stem to path of those that lie in a second place too.
    second: HashMap<String, String>,
}

impl Listing {
    /// Reads the files of a kind from a commit's tree.
    pub fn read(repository: &git2::Repository, tree: &Tree<'_>, kind: Kind) -> Result<Self, git2::Error> {
        let folder = match kind {
            Kind::Schedule => super::layout::SCHEDULES,
            Kind::Package => super::layout::PACKAGES,
            Kind::Rule => super::layout::RULES,
        };
        let mut listing = Self::default();
        let Some(entry) = tree.get_name(folder) else { return Ok(listing) };
        let Some(ObjectType::Tree) = entry.kind() else { return Ok(listing) };
        repository.find_tree(entry.id())?.walk(TreeWalkMode::PreOrder, |inner, entry| {
            if entry.kind() == Some(ObjectType::Blob)
                && let Ok(name) = entry.name()
            {
                let path = format!("{folder}/{inner}{name}");
                if let Some((found, stem)) = Kind::of(&path)
                    && found == kind
                {
                    let stem = stem.to_owned();
                    listing.folded.insert(stem.to_lowercase(), stem.clone());
                    let earlier = listing.files.insert(stem.clone(), Stored { path, blob: entry.id() });
                    if let Some(earlier) = earlier {
                        listing.second.insert(stem, earlier.path);
                    }
                }
            }
            TreeWalkResult::Ok
        })?;
        Ok(listing)
    }

    /// The file of a stem.
    pub fn get(&self, stem: &str) -> Option<&Stored> {
        self.files.get(stem)
    }

    /// Where else a stem lies, if it lies in two places.
    pub fn second_path(&self, stem: &str) -> Option<&str> {
        self.second.get(stem).map(String::as_str)
    }

    /// The stem that is the same but for its case.
    pub fn same_but_for_case(&self, stem: &str) -> Option<&str> {
        self.folded.get(&stem.to_lowercase()).map(String::as_str).filter(|other| *other != stem)
    }

    /// All of them, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Stored)> {
        self.files.iter().map(|(stem, stored)| (stem.as_str(), stored))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }
}
