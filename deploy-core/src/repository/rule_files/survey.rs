//! Looking at every stored version: in parallel, one definition per thread at a time.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use git2::Oid;
use rayon::prelude::*;

use crate::definition::{Definition, decode};
use crate::repository::Repository;
use crate::repository::history::History;
use crate::repository::layout::Kind;

/// A stored version for which something does not hold.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Broken {
    /// The version, as it is written: `NAME@3`.
    pub version: String,
    /// What does not hold.
    pub reason: String,
}

/// What came of a survey.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Survey {
    /// How many different definitions were looked at.
    pub definitions: usize,
    /// Of stored files that are no definitions, how many.
    pub unreadable: usize,
    /// The versions for which it does not hold; at most [`Survey::KEPT`].
    pub broken: Vec<Broken>,
    /// How many more there are.
    pub more: usize,
}

impl Survey {
    /// So many are told one by one.
    pub const KEPT: usize = 100;
}

/// Holds every stored definition against `holds`, each content once; counts them in `done`.
pub fn survey(
    repository: &Repository,
    history: &History,
    done: &AtomicUsize,
    holds: &(dyn Fn(Definition) -> Result<(), String> + Sync),
) -> Survey {
    let mut contents: HashMap<Oid, (String, usize)> = HashMap::new();
    for (stem, _) in history.latest(Kind::Schedule) {
        for version in history.versions(Kind::Schedule, &stem) {
            if let Some(blob) = version.blob {
                contents.entry(blob).or_insert_with(|| (stem.clone(), version.number));
            }
        }
    }
    let contents: Vec<(Oid, (String, usize))> = contents.into_iter().collect();
    let result = Mutex::new(Survey { definitions: contents.len(), ..Survey::default() });
    let path = repository.git2().path().to_path_buf();
    let open = || git2::Repository::open(&path).ok();
    contents.par_iter().for_each_init(open, |git, (blob, (stem, number))| {
        let read = git.as_ref().and_then(|git| Definition::read(git.find_blob(*blob).ok()?.content()).ok());
        let found = read.map(holds);
        done.fetch_add(1, Ordering::Relaxed);
        let Ok(mut result) = result.lock() else { return };
        match found {
            None => result.unreadable += 1,
            Some(Ok(())) => {}
            Some(Err(_)) if result.broken.len() >= Survey::KEPT => result.more += 1,
            Some(Err(reason)) => {
                let name = decode(stem).unwrap_or_else(|| stem.clone());
                result.broken.push(Broken { version: format!("{name}@{number}"), reason });
            }
        }
    });
    let mut result = result.into_inner().unwrap_or_default();
    result.broken.sort();
    result
}
