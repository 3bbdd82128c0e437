//! Where leases are: refs of the remote, or of this clone.

use std::cell::OnceCell;

use git2::{ErrorCode, Oid};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::{LeaseError, Note, Reach};
use crate::repository::Repository;
use crate::repository::change::create_ref;
use crate::repository::git::{Git, GitError};
use crate::repository::push::{Move, Pushed, push_all};

/// What a server's name may not hold as part of a ref.
const UNSAFE: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_');

/// A ref, where it was seen, and where it is to be.
pub(super) type Swapping<'a> = (&'a str, Option<Oid>, Option<Oid>);

/// So many refs are moved by one push: a line of words has its limits.
const TOGETHER: usize = 64;

/// What came of moving a ref.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Swap {
    /// It was there, and is where it was to be.
    Done,
    /// It was not there; nothing was done.
    Elsewhere,
}

pub(super) struct Site {
    git2: git2::Repository,
    git: Git,
    /// `None`: this clone itself.
    remote: Option<String>,
    prefix: String,
}

impl std::fmt::Debug for Site {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Site").field("remote", &self.remote).field("prefix", &self.prefix).finish()
    }
}

impl Site {
    pub(super) fn open(repository: &Repository, reach: Reach) -> Result<Self, LeaseError> {
        let prefix = repository.settings_of_main()?.git.lock_prefix;
        let valid = git2::Reference::is_valid_name(&format!("{prefix}x")) && prefix.starts_with("refs/");
        if !valid || prefix.matches('/').count() < 2 {
            return Err(LeaseError::Prefix { prefix });
        }
        let remote = repository.remote().filter(|_| reach == Reach::Remote);
        Ok(Self {
            git2: repository.reopen()?,
            git: repository.git().clone(),
            remote: remote.map(str::to_owned),
            prefix,
        })
    }

    /// The ref of a server's lease.
    pub(super) fn reference(&self, server: &str) -> String {
        format!("{}{}", self.prefix, utf8_percent_encode(server, UNSAFE))
    }

    /// The server of a ref.
    pub(super) fn server_of(&self, reference: &str) -> Option<String> {
        let encoded = reference.strip_prefix(&self.prefix)?;
        Some(percent_decode_str(encoded).decode_utf8_lossy().into_owned())
    }

    /// The commit of a note, on top of the one it takes the place of: hosts that let
    /// branches go forwards only take it too. It is not signed: it proves nothing and
    /// soon is gone.
    pub(super) fn commit(&self, server: &str, note: &Note, parent: Option<Oid>) -> Result<Oid, LeaseError> {
        let tree = self.git2.find_tree(self.git2.treebuilder(None)?.write()?)?;
        let nobody = || git2::Signature::now("opcon-deploy", "opcon-deploy");
        let who = git2::Signature::now(&note.name, &note.email).or_else(|_| nobody())?;
        let parent = parent.map(|parent| self.git2.find_commit(parent)).transpose()?;
        let parents: Vec<_> = parent.iter().collect();
        Ok(self.git2.commit(None, &who, &who, &note.message(server), &tree, &parents)?)
    }

    /// Where a ref is.
    pub(super) fn find(&self, reference: &str) -> Result<Option<Oid>, LeaseError> {
        Ok(self
            .listed(&[reference])?
            .into_iter()
            .find(|(name, _)| name == reference)
            .map(|(_, commit)| commit))
    }

    /// All leases there are.
    pub(super) fn all(&self) -> Result<Vec<(String, Oid)>, LeaseError> {
        let mut all = self.listed(&[&format!("{}*", self.prefix)])?;
        all.retain(|(name, _)| name.strip_prefix(&self.prefix).is_some_and(|rest| !rest.contains('/')));
        if self.prefix.starts_with("refs/heads/") {
            // Among branches not everything is a lease.
            let mut leases = Vec::new();
            for (name, commit) in all {
                match self.note(&name, commit) {
                    Err(LeaseError::NotALease { .. }) => {}
                    _ => leases.push((name, commit)),
                }
            }
            return Ok(leases);
        }
        Ok(all)
    }

    /// Refs and where they are.
    fn listed(&self, patterns: &[&str]) -> Result<Vec<(String, Oid)>, LeaseError> {
        if let Some(remote) = &self.remote {
            let args = [&["ls-remote", "--refs", "--", remote], patterns].concat();
            let lines = self.run(remote, &args)?;
            let found = lines.lines().filter_map(|line| {
                let (commit, name) = line.split_once('\t')?;
                Some((name.to_owned(), Oid::from_str(commit).ok()?))
            });
            return Ok(found.collect());
        }
        let mut found = Vec::new();
        for pattern in patterns {
            for reference in self.git2.references_glob(pattern)? {
                let reference = reference?;
                if let (Ok(name), Some(commit)) = (reference.name(), reference.target()) {
                    found.push((name.to_owned(), commit));
                }
            }
        }
        Ok(found)
    }

    /// What a lease says; `None` where it is gone meanwhile.
    pub(super) fn note(&self, reference: &str, commit: Oid) -> Result<Option<Note>, LeaseError> {
        if let (Some(remote), Err(_)) = (&self.remote, self.git2.find_commit(commit)) {
            let args = ["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--", remote, reference];
            match self.run(remote, &args) {
                Err(LeaseError::Unreachable { message, .. })
                    if message.contains("couldn't find remote ref") =>
                {
                    return Ok(None);
                }
                other => other?,
            };
        }
        let commit = match self.git2.find_commit(commit) {
            Ok(commit) => commit,
            Err(error) if error.code() == ErrorCode::NotFound => return Ok(None),
            Err(_) => return Err(LeaseError::NotALease { reference: reference.to_owned() }),
        };
        let note = Note::parse(&String::from_utf8_lossy(commit.message_bytes()));
        note.map(Some).ok_or_else(|| LeaseError::NotALease { reference: reference.to_owned() })
    }

    /// Moves a ref from where it was seen to somewhere else; `None` is nowhere.
    pub(super) fn swap(
        &self,
        reference: &str,
        from: Option<Oid>,
        to: Option<Oid>,
    ) -> Result<Swap, LeaseError> {
        self.swap_all(&[(reference, from, to)]).pop().unwrap_or(Ok(Swap::Elsewhere))
    }

    /// Moves several refs, each by itself, with as few pushes as can be; what came of each.
    pub(super) fn swap_all(&self, swaps: &[Swapping<'_>]) -> Vec<Result<Swap, LeaseError>> {
        let Some(remote) = &self.remote else {
            return swaps.iter().map(|&(reference, from, to)| self.swap_here(reference, from, to)).collect();
        };
        swaps.chunks(TOGETHER).flat_map(|together| self.swap_there(remote, together)).collect()
    }

    fn swap_there(&self, remote: &str, swaps: &[Swapping<'_>]) -> Vec<Result<Swap, LeaseError>> {
        // A hook of this clone has no say in it: nothing of the user's work is pushed.
        let options = ["--no-verify", "--no-follow-tags", "--recurse-submodules=no"];
        let moves: Vec<Move<'_>> = swaps
            .iter()
            .map(|&(reference, from, commit)| Move { reference, commit, expected: Some(from) })
            .collect();
        let unreachable = |message| LeaseError::Unreachable { remote: remote.to_owned(), message };
        let answers = match push_all(&self.git, remote, &moves, &options) {
            Ok(answers) => answers,
            Err(error) => {
                let others = (1..swaps.len()).map(|_| Err(unreachable(error.to_string())));
                let mut failed: Vec<_> = others.collect();
                failed.push(Err(error.into()));
                return failed;
            }
        };
        // Asked once for all of them: where the remote cannot be reached that takes its time.
        let there = OnceCell::new();
        let stands = |reference: &str| {
            let asked = there.get_or_init(|| {
                let names: Vec<&str> = swaps.iter().map(|(reference, ..)| *reference).collect();
                self.listed(&names).ok()
            });
            let found = |asked: &Vec<(String, Oid)>| {
                asked.iter().find(|(name, _)| name == reference).map(|(_, commit)| *commit)
            };
            asked.as_ref().map(found)
        };
        let answers = answers.into_iter().zip(swaps).map(|(pushed, &(reference, _, to))| match pushed {
            Pushed::Done => Ok(Swap::Done),
            // Git says "up to date" also to whoever did not bring it there.
            Pushed::Same | Pushed::Elsewhere(_) => Ok(Swap::Elsewhere),
            Pushed::Refused(reason) => Err(LeaseError::Refused { reference: reference.to_owned(), reason }),
            // The answer may have been lost on the way; nobody else makes the same commit.
            Pushed::NoAnswer(message) => match stands(reference) {
                Some(found) if found == to => Ok(Swap::Done),
                _ => Err(unreachable(message)),
            },
        });
        answers.collect()
    }

    fn swap_here(&self, reference: &str, from: Option<Oid>, to: Option<Oid>) -> Result<Swap, LeaseError> {
        let swapped = match (from, to) {
            (None, Some(to)) => create_ref(&self.git2, reference, to, "lease"),
            (Some(from), Some(to)) => {
                self.git2.reference_matching(reference, to, true, from, "lease").map(drop)
            }
            (from, None) => match self.git2.find_reference(reference) {
                Ok(mut found) if found.target() == from => found.delete(),
                Ok(_) => return Ok(Swap::Elsewhere),
                Err(error) => Err(error),
            },
        };
        match swapped {
            Ok(()) => Ok(Swap::Done),
            Err(error) => match error.code() {
                ErrorCode::Exists | ErrorCode::Modified | ErrorCode::NotFound | ErrorCode::Locked => {
                    Ok(Swap::Elsewhere)
                }
                _ => Err(error.into()),
            },
        }
    }

    fn run(&self, remote: &str, args: &[&str]) -> Result<String, LeaseError> {
        self.git.run(args).map_err(|error| match error {
            GitError::Failed { message, .. } => {
                LeaseError::Unreachable { remote: remote.to_owned(), message }
            }
            other => other.into(),
        })
    }
}
