//! What servers were last seen to hold other than it was deployed.
//!
//! A cache of this clone, written by whoever looks at servers, so that those who
//! only read records can say it too. What was deployed since is not meant by it.

use std::collections::BTreeMap;

use super::Repository;
use super::cache_lines;
use super::records::RecordId;

const FILE: &str = "drift";

/// A schedule that was seen to differ from what was deployed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// The record of what was deployed.
    pub record: RecordId,
    /// How many differences counted.
    pub differences: usize,
    /// When, in seconds since 1970.
    pub when: i64,
}

/// All that was seen to differ.
#[derive(Debug, Default)]
pub struct DriftSeen(BTreeMap<(String, String), Seen>);

impl DriftSeen {
    /// As this clone knows it.
    pub fn load(repository: &Repository) -> Self {
        let bytes = repository.read_cache(FILE).unwrap_or_default();
        Self(cache_lines::read(&bytes).filter_map(entry).collect())
    }

    /// What was seen of a schedule on a server since a record was made.
    pub fn of(&self, server: &str, schedule: &str, record: RecordId) -> Option<&Seen> {
        let seen = self.0.get(&(server.to_owned(), schedule.to_owned()))?;
        (seen.record == record).then_some(seen)
    }

    /// Remembers what was seen on a server: of everything that was compared there, these differ.
    pub fn add(
        &mut self,
        server: &str,
        compared: &[String],
        differing: impl Iterator<Item = (String, Seen)>,
    ) {
        for schedule in compared {
            self.0.remove(&(server.to_owned(), schedule.clone()));
        }
        self.0.extend(differing.map(|(schedule, seen)| ((server.to_owned(), schedule), seen)));
    }

    /// Keeps it for others.
    pub fn store(&self, repository: &Repository) {
        let lines = self.0.iter().map(|((server, schedule), seen)| {
            let Seen { record, differences, when } = seen;
            let entry = serde_json::json!([server, schedule, record.to_string(), differences, when]);
            cache_lines::line(&entry.to_string())
        });
        repository.write_cache(FILE, lines.collect::<String>().as_bytes());
    }
}

fn entry(line: &str) -> Option<((String, String), Seen)> {
    let (server, schedule, record, differences, when): (_, _, String, _, _) =
        serde_json::from_str(line).ok()?;
    Some(((server, schedule), Seen { record: record.parse().ok()?, differences, when }))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::repository::testing::Sandbox;

    #[test]
    fn what_was_seen_is_known_until_something_else_stands_there() {
        let sandbox = Sandbox::new();
        let repository = sandbox.repository();
        let seen = Seen { record: RecordId::new(), differences: 2, when: 1_780_000_000 };
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let mut all = DriftSeen::load(&repository);
        let both = names(&["A \t\"B\"", "C"]);
        all.add("PROD", &both, both.iter().map(|name| (name.clone(), seen)));
        all.store(&repository);
        let mut all = DriftSeen::load(&repository);
        assert_eq!(all.of("PROD", "A \t\"B\"", seen.record), Some(&seen));
        assert_eq!(all.of("QA", "C", seen.record), None);
        assert_eq!(all.of("PROD", "C", RecordId::new()), None);
        all.add("PROD", &names(&["C"]), std::iter::empty());
        all.store(&repository);
        let all = DriftSeen::load(&repository);
        assert_eq!(all.of("PROD", "C", seen.record), None);
        assert_eq!(all.of("PROD", "A \t\"B\"", seen.record), Some(&seen));
        sandbox.write(".git/opcon-deploy/drift", "nonsense");
        assert!(DriftSeen::load(&repository).0.is_empty());
    }
}
