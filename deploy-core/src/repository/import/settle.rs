//! Refusing what contradicts itself within a request or with what is stored.

use std::collections::{HashMap, HashSet};

use super::ItemError;
use super::read::{Read, Ready, State, Unread};
use crate::definition::decode;
use crate::repository::listing::Listing;

/// A schedule of the request; if it is to be taken, with its file stem.
pub(super) struct Settled {
    pub(super) name: String,
    pub(super) source: String,
    pub(super) result: Result<(String, State), ItemError>,
}

/// One line for each schedule, in the order of the sources.
pub(super) fn settle(read: Read, sources: &[String], stored: &Listing) -> Vec<Settled> {
    let known = known_stems(&read, stored);
    let mut labels: HashMap<String, Vec<(String, Option<git2::Oid>)>> = HashMap::new();
    for (results, label) in read.iter().zip(sources) {
        for ready in results.iter().flatten() {
            let blob = match &ready.state {
                State::Equal => None,
                State::New { blob, .. } => Some(*blob),
            };
            labels.entry(ready.name.stem()).or_default().push((label.clone(), blob));
        }
    }
    let mut taken = HashSet::new();
    let mut settled = Vec::new();
    for (results, label) in read.into_iter().zip(sources) {
        for result in results {
            let (name, result) = match result {
                Err(Unread { name, error }) => (name.unwrap_or_else(|| label.clone()), Err(error)),
                Ok(Ready { name, state }) => {
                    let stem = name.stem();
                    // Of sources that agree the first is taken.
                    if labels[&stem].iter().all(|(_, blob)| *blob == labels[&stem][0].1)
                        && !taken.insert(stem.clone())
                    {
                        continue;
                    }
                    let refused = case_clash(&stem, &known).or_else(|| contradiction(label, &labels[&stem]));
                    (name.to_string(), refused.map_or(Ok((stem, state)), Err))
                }
            };
            settled.push(Settled { name, source: label.clone(), result });
        }
    }
    settled
}

/// All stems that are or would be in the repository, by their lower case.
fn known_stems(read: &Read, stored: &Listing) -> HashMap<String, HashSet<String>> {
    let mut known: HashMap<String, HashSet<String>> = HashMap::new();
    let of_request = read.iter().flatten().flatten().map(|ready| ready.name.stem());
    for stem in stored.iter().map(|(stem, _)| stem.to_owned()).chain(of_request) {
        known.entry(stem.to_lowercase()).or_default().insert(stem);
    }
    known
}

fn case_clash(stem: &str, known: &HashMap<String, HashSet<String>>) -> Option<ItemError> {
    let other = known.get(&stem.to_lowercase())?.iter().find(|other| *other != stem)?;
    Some(ItemError::CaseClash { other: decode(other).unwrap_or_else(|| other.clone()) })
}

/// Which of two contradicting sources is meant nobody knows: neither is taken.
fn contradiction(label: &str, all: &[(String, Option<git2::Oid>)]) -> Option<ItemError> {
    let first = all.first()?;
    if all.iter().all(|(_, blob)| *blob == first.1) {
        return None;
    }
    let other = all.iter().map(|(other, _)| other).find(|other| *other != label)?;
    Some(ItemError::Contradiction { other: other.clone() })
}
