//! The records branch: here, on the remote, and as it was last seen.
//!
//! Where there is a remote its branch is the truth. A local branch of the
//! name holds what was recorded without the remote: all of it in a clone that
//! has none, what `--offline` left in one that has.

use std::time::Duration;

use git2::{ErrorCode, Oid};

use super::RecordsError;
use crate::repository::change::CommitError;
use crate::repository::git::GitError;
use crate::repository::{MainSettingsError, Repository};

/// Where the truth is for one command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// The clone has no remote: its own branch is the truth.
    Local,
    /// The remote's branch is the truth; nothing stands before it is pushed.
    Remote,
    /// There is a remote and the user leaves it out; the record says so.
    Offline,
}

impl Reach {
    /// Of a clone, and whether the user leaves the remote out.
    pub fn of(repository: &Repository, offline: bool) -> Self {
        match (repository.remote(), offline) {
            (None, _) => Self::Local,
            (Some(_), false) => Self::Remote,
            (Some(_), true) => Self::Offline,
        }
    }
}

/// How often a ref that another git holds is tried again, and after how long.
const LOCKED: (usize, Duration) = (100, Duration::from_millis(10));

/// The refs of the records.
#[derive(Debug, Clone)]
pub(super) struct Branch {
    /// Its name, as main's settings have it.
    pub(super) name: String,
    /// The remote, where the clone has it.
    pub(super) remote: Option<String>,
}

/// Where the branch is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tips {
    pub(super) local: Option<Oid>,
    pub(super) remote: Option<Oid>,
    /// The one to be read: the local one where it holds all of the remote's.
    pub(super) tip: Option<Oid>,
}

impl Branch {
    pub(super) fn of(repository: &Repository) -> Result<Self, MainSettingsError> {
        let name = repository.settings_of_main()?.git.records;
        Ok(Self { name, remote: repository.remote().map(str::to_owned) })
    }

    /// The branch of this clone, and of a remote.
    pub(super) fn head(&self) -> String {
        format!("refs/heads/{}", self.name)
    }

    /// The remote's, as this clone knows it.
    pub(super) fn tracking(&self) -> Option<String> {
        self.remote.as_ref().map(|remote| format!("refs/remotes/{remote}/{}", self.name))
    }

    /// What was seen on the branch of this clone.
    pub(super) fn seen_here(&self) -> String {
        format!("refs/opcon-deploy/seen/heads/{}", self.name)
    }

    /// What was seen on the remote's.
    pub(super) fn seen_there(&self) -> Option<String> {
        self.remote.as_ref().map(|remote| format!("refs/opcon-deploy/seen/remotes/{remote}/{}", self.name))
    }

    /// Where it is, after making sure that nothing that was seen is gone.
    pub(super) fn tips(&self, repository: &Repository) -> Result<Tips, RecordsError> {
        if repository.git2().is_shallow() {
            return Err(RecordsError::Shallow);
        }
        let read = |name: Option<String>| match name {
            Some(name) => repository.ref_commit(&name),
            None => Ok(None),
        };
        // What was seen before where it is: both only grow, so that another command
        // in this clone cannot make it look as if something were gone.
        let (seen_here, seen_there) = (read(Some(self.seen_here()))?, read(self.seen_there())?);
        let (local, remote) = (read(Some(self.head()))?, read(self.tracking())?);
        let git = repository.git2();
        let tip = match (local, remote) {
            (Some(local), Some(remote)) if contains(git, local, remote)? => Some(local),
            (local, remote) => remote.or(local),
        };
        if let (Some(kept), Some(seen)) = (self.seen_there(), seen_there) {
            self.keep(repository, kept, seen, remote)?;
        } else if let (Some(kept), Some(remote)) = (self.seen_there(), remote) {
            remember(repository, &kept, remote, None);
        }
        match seen_here {
            Some(seen) => self.keep(repository, self.seen_here(), seen, local.or(remote))?,
            None => local.into_iter().for_each(|local| remember(repository, &self.seen_here(), local, None)),
        }
        Ok(Tips { local, remote, tip })
    }

    /// Refuses a tip that does not hold what was seen, and remembers one that does.
    fn keep(
        &self,
        repository: &Repository,
        kept: String,
        seen: Oid,
        tip: Option<Oid>,
    ) -> Result<(), RecordsError> {
        match tip {
            Some(tip) if tip == seen => Ok(()),
            Some(tip) if contains(repository.git2(), tip, seen)? => {
                remember(repository, &kept, tip, Some(seen));
                Ok(())
            }
            tip => {
                let there = kept.starts_with("refs/opcon-deploy/seen/remotes/");
                let remote = self.remote.clone().filter(|_| there);
                Err(RecordsError::Rewritten { branch: self.name.clone(), remote, kept, seen, tip })
            }
        }
    }

    /// Fetches the branch, and main with it where `main` names it. Nothing without a remote.
    pub(super) fn fetch(&self, repository: &Repository, main: Option<&str>) -> Result<(), RecordsError> {
        let (Some(remote), Some(tracking)) = (&self.remote, self.tracking()) else { return Ok(()) };
        let records = format!("+{}:{tracking}", self.head());
        let main = main.map(|main| format!("+refs/heads/{main}:refs/remotes/{remote}/{main}"));
        let both: Vec<&str> = main.as_deref().into_iter().chain([records.as_str()]).collect();
        match self.fetched(repository, remote, &both)? {
            Fetched::Done => return Ok(()),
            // Git fetches nothing where one branch is missing.
            Fetched::Missing(name) if name == self.head() => {
                if let Some(main) = &main {
                    self.fetched(repository, remote, &[main])?.done(remote)?;
                }
            }
            missing => return missing.done(remote),
        }
        let seen = self.seen_there().map_or(Ok(None), |kept| repository.ref_commit(&kept))?;
        if let (Some(seen), Some(kept)) = (seen, self.seen_there()) {
            self.keep(repository, kept, seen, None)?;
        }
        match repository.git2().find_reference(&tracking) {
            Ok(mut stale) => Ok(stale.delete()?),
            Err(error) if error.code() == ErrorCode::NotFound => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    fn fetched(
        &self,
        repository: &Repository,
        remote: &str,
        refspecs: &[&str],
    ) -> Result<Fetched, RecordsError> {
        let args = [&["fetch", "--quiet", "--no-tags", "--", remote], refspecs].concat();
        let mut tries = 0..LOCKED.0;
        loop {
            let message = match repository.git().run(&args) {
                Ok(_) => return Ok(Fetched::Done),
                Err(GitError::Failed { message, .. }) => message,
                Err(error) => return Err(error.into()),
            };
            if let Some((_, name)) = message.split_once("couldn't find remote ref ") {
                return Ok(Fetched::Missing(name.lines().next().unwrap_or_default().trim().to_owned()));
            }
            // Another command of this clone fetched the same at the same moment.
            let locked = ["cannot lock ref", "unable to update local ref", "index.lock"];
            if !locked.iter().any(|words| message.contains(words)) || tries.next().is_none() {
                return Err(RecordsError::Unreachable { remote: remote.to_owned(), message });
            }
            std::thread::sleep(LOCKED.1);
        }
    }
}

enum Fetched {
    Done,
    /// The remote has no such ref; nothing was fetched.
    Missing(String),
}

impl Fetched {
    fn done(self, remote: &str) -> Result<(), RecordsError> {
        match self {
            Fetched::Done => Ok(()),
            Fetched::Missing(name) => {
                let branch = name.strip_prefix("refs/heads/").unwrap_or(&name).to_owned();
                Err(RecordsError::NotThere { remote: remote.to_owned(), branch })
            }
        }
    }
}

/// Whether a commit is another, or descends from it. Made for a line of commits: it looks
/// at those between the two.
pub(super) fn contains(git: &git2::Repository, tip: Oid, other: Oid) -> Result<bool, git2::Error> {
    if tip == other {
        return Ok(true);
    }
    match git.merge_base(tip, other) {
        Ok(base) => Ok(base == other),
        Err(error) if error.code() == ErrorCode::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Keeps a tip for the next command. Where that cannot be written nothing else can be
/// either, and whoever only reads goes on.
pub(super) fn remember(repository: &Repository, kept: &str, tip: Oid, seen: Option<Oid>) {
    let _ = repository.move_ref(kept, tip, seen, "seen");
}

/// Moves a ref as [`Repository::move_ref`] does, waiting for another git that holds it.
pub(super) fn move_ref(
    repository: &Repository,
    reference: &str,
    to: Oid,
    from: Option<Oid>,
    message: &str,
) -> Result<(), CommitError> {
    let mut tries = 0..LOCKED.0;
    loop {
        match repository.move_ref(reference, to, from, message) {
            Err(CommitError::Locked(_)) if tries.next().is_some() => std::thread::sleep(LOCKED.1),
            other => return other,
        }
    }
}
