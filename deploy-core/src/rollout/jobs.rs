//! Jobs: each thing of a rollout, on each of its targets.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::What;

/// What a job does with a thing on a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Deed {
    /// Brings it there.
    Deploy,
    /// Removes it.
    Uninstall,
}

/// The name of a job: the same for the same deed, whoever works it out and when.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct JobId(String);

/// One thing for one target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Its name.
    pub id: JobId,
    /// What is done.
    pub deed: Deed,
    /// With what; a thing to deploy has its version.
    pub what: What,
    /// Where.
    pub server: String,
    /// In which wave, from 0.
    pub wave: usize,
}

impl JobId {
    /// Of a deed. The version is left out: a rollout has each thing once.
    pub fn of(rollout: &str, deed: Deed, what: &What, server: &str) -> Self {
        let mut hash = Sha256::new();
        for part in [rollout, deed.word(), what.kind.word(), what.name(), server] {
            // No name holds a zero byte.
            hash.update(part.as_bytes());
            hash.update([0]);
        }
        Self(hash.finalize()[..6].iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// The name that a file of the records stands for.
    pub fn from_stem(stem: &str) -> Option<Self> {
        let is_one = stem.len() == 12 && stem.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        is_one.then(|| Self(stem.to_owned()))
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Deed {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Deploy => "deploy",
            Self::Uninstall => "uninstall",
        }
    }
}

impl Job {
    /// A job of a rollout.
    pub fn new(rollout: &str, deed: Deed, what: What, server: &str, wave: usize) -> Self {
        Self { id: JobId::of(rollout, deed, &what, server), deed, what, server: server.to_owned(), wave }
    }

    /// All of a rollout: wave by wave, server by server; on each what is to go goes first.
    pub fn all(rollout: &str, uninstall: &[What], deploy: &[What], waves: &[Vec<String>]) -> Vec<Self> {
        let things = || {
            let gone = uninstall.iter().map(|what| (Deed::Uninstall, what));
            gone.chain(deploy.iter().map(|what| (Deed::Deploy, what)))
        };
        let servers =
            waves.iter().enumerate().flat_map(|(wave, servers)| servers.iter().map(move |one| (wave, one)));
        servers
            .flat_map(|(wave, server)| {
                things().map(move |(deed, what)| Self::new(rollout, deed, what.clone(), server, wave))
            })
            .collect()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn what(text: &str) -> What {
        What::parse(text, false).unwrap()
    }

    #[test]
    fn jobs_are_things_times_targets() {
        let waves = vec![vec!["A".to_owned()], vec!["B".to_owned(), "C".to_owned()]];
        let jobs = Job::all("q4", &[what("Old")], &[what("package:FIN@14"), what("X@2")], &waves);
        let shown: Vec<String> = jobs
            .iter()
            .map(|job| format!("{} {} {} {}", job.wave, job.server, job.deed.word(), job.what))
            .collect();
        assert_eq!(shown.len(), 9);
        assert_eq!(
            shown[..4],
            ["0 A uninstall Old", "0 A deploy package:FIN@14", "0 A deploy X@2", "1 B uninstall Old"]
        );
        assert_eq!(jobs, Job::all("q4", &[what("Old")], &[what("package:FIN@14"), what("X@2")], &waves));
    }

    #[test]
    fn names_of_jobs_differ_in_everything_but_the_version() {
        let id =
            |rollout: &str, deed, text: &str, server: &str| JobId::of(rollout, deed, &what(text), server);
        let one = id("q4", Deed::Deploy, "package:FIN@14", "A");
        assert_eq!(one, id("q4", Deed::Deploy, "package:FIN@15", "A"));
        assert_eq!(JobId::from_stem(one.as_str()), Some(one.clone()));
        for other in [
            id("q5", Deed::Deploy, "package:FIN", "A"),
            id("q4", Deed::Uninstall, "package:FIN", "A"),
            id("q4", Deed::Deploy, "FIN", "A"),
            id("q4", Deed::Deploy, "package:FIM", "A"),
            id("q4", Deed::Deploy, "package:FIN", "B"),
        ] {
            assert_ne!(one, other);
        }
        assert_eq!(JobId::from_stem("../../etc/pw"), None);
    }
}
