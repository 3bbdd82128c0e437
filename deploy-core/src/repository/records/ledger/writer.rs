//! The thread: groups become commits, and commits come to where they count.

use std::sync::Arc;
use std::time::{Duration, Instant};

use git2::Oid;

use super::group::Group;
use super::queue::Queue;
use super::{LedgerError, LedgerStats, Written, offline};
use crate::repository::Repository;
use crate::repository::change::{CommitError, is_checked_out};
use crate::repository::push::{Pushed, push};
use crate::repository::records::branch::{Branch, contains, move_ref, remember};
use crate::repository::records::{Reach, RecordsError};

/// How often a group is made again because others were faster.
const ATTEMPTS: usize = 20;

/// How long the first of a group waits for those under way: with a remote, and without one.
const LINGER: (Duration, Duration) = (Duration::from_millis(200), Duration::from_millis(50));

pub(super) struct Writer {
    pub(super) repository: Repository,
    pub(super) branch: Branch,
    /// Whether the remote's branch is the one that counts.
    remote: bool,
    /// What entries are made on.
    tip: Option<Oid>,
    /// Where the branch of this clone is.
    local: Option<Oid>,
    queue: Arc<Queue>,
    stats: LedgerStats,
}

/// What came of publishing a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Published {
    Done,
    /// Others were faster.
    Elsewhere,
}

impl Writer {
    pub(super) fn open(
        repository: &Repository,
        reach: Reach,
        queue: Arc<Queue>,
    ) -> Result<Self, LedgerError> {
        let repository = repository.for_thread()?;
        let branch = Branch::of(&repository).map_err(RecordsError::from)?;
        let remote = reach == Reach::Remote && branch.remote.is_some();
        if !remote && is_checked_out(&repository, &branch.name)? {
            return Err(LedgerError::CheckedOut { branch: branch.name });
        }
        let stats = LedgerStats::default();
        let mut writer = Self { repository, branch, remote, tip: None, local: None, queue, stats };
        if remote {
            offline::settle(&mut writer)?;
        }
        writer.look()?;
        writer.queue.set_tip(writer.tip);
        Ok(writer)
    }

    pub(super) fn run(mut self) -> LedgerStats {
        // Also where this thread dies: nobody shall wait for it.
        let queue = Abandon(Arc::clone(&self.queue));
        let linger = if self.remote { LINGER.0 } else { LINGER.1 };
        while let Some(waiting) = queue.0.next(linger) {
            let (begun, pushing) = (Instant::now(), self.stats.pushing);
            let mut group = Group::new(waiting);
            let result = self.write(&mut group);
            if let Ok(Some(written)) = result {
                self.queue.set_tip(Some(written.commit));
                self.stats.entries += group.len();
                self.stats.commits += 1;
            }
            self.stats.working += begun.elapsed().saturating_sub(self.stats.pushing - pushing);
            if let Some(result) = result.transpose() {
                group.answer(&result);
            }
        }
        self.stats
    }

    /// Commits a group and brings it to where it counts, made anew as often as others
    /// were faster; `None` where nothing of it is left.
    fn write(&mut self, group: &mut Group) -> Result<Option<Written>, LedgerError> {
        for attempt in 0..ATTEMPTS {
            let Some(commit) = group.commit(&self.repository, self.tip)? else { return Ok(None) };
            match self.publish(commit)? {
                Published::Done => return Ok(Some(Written { commit })),
                Published::Elsewhere => {
                    let pause = Duration::from_millis(fastrand::u64(0..20 * (attempt as u64 + 1)));
                    std::thread::sleep(pause);
                    self.refresh()?;
                }
            }
        }
        Err(LedgerError::Busy { branch: self.branch.name.clone(), attempts: ATTEMPTS })
    }

    /// Brings a commit on top of the tip to where it counts.
    fn publish(&mut self, commit: Oid) -> Result<Published, LedgerError> {
        match self.remote {
            true => self.push(commit),
            false => self.move_here(commit),
        }
    }

    fn move_here(&mut self, commit: Oid) -> Result<Published, LedgerError> {
        match move_ref(&self.repository, &self.branch.head(), commit, self.local, "records") {
            Ok(()) => {
                let kept = self.branch.seen_here();
                let seen = self.repository.ref_commit(&kept)?;
                remember(&self.repository, &kept, commit, seen);
                (self.tip, self.local) = (Some(commit), Some(commit));
                Ok(Published::Done)
            }
            Err(CommitError::Moved { .. }) => Ok(Published::Elsewhere),
            Err(error) => Err(error.into()),
        }
    }

    /// Pushes a commit to where the remote's branch was seen last.
    pub(super) fn push(&mut self, commit: Oid) -> Result<Published, LedgerError> {
        let Some(remote) = self.branch.remote.clone() else { return self.move_here(commit) };
        let head = self.branch.head();
        let begun = Instant::now();
        let options = ["--no-follow-tags", "--recurse-submodules=no"];
        let pushed = push(self.repository.git(), &remote, Some(commit), &head, Some(self.tip), &options);
        self.stats.pushes += 1;
        self.stats.pushing += begun.elapsed();
        match pushed? {
            Pushed::Done => {}
            // Somebody made the very same commit; that it is there is not our doing.
            Pushed::Same | Pushed::Elsewhere(_) => return Ok(Published::Elsewhere),
            Pushed::Refused(reason) => {
                return Err(LedgerError::PushRefused { branch: self.branch.name.clone(), reason });
            }
            Pushed::NoAnswer(message) => self.look_whether_it_arrived(&remote, commit, message)?,
        }
        self.follow(commit);
        Ok(Published::Done)
    }

    /// The line was cut, or git failed before it was open: the remote knows.
    fn look_whether_it_arrived(&self, remote: &str, commit: Oid, message: String) -> Result<(), LedgerError> {
        let unreachable = |message| LedgerError::Unreachable { remote: remote.to_owned(), message };
        if self.branch.fetch(&self.repository, None).is_err() {
            return Err(unreachable(message));
        }
        match self.branch.tips(&self.repository)?.remote {
            Some(tip) if contains(self.repository.git2(), tip, commit)? => Ok(()),
            _ => Err(unreachable(message)),
        }
    }

    /// What this clone knows of the remote follows what was pushed; the next fetch mends
    /// what cannot be written now.
    fn follow(&mut self, commit: Oid) {
        let (repository, before) = (&self.repository, self.tip);
        for reference in [self.branch.tracking(), self.branch.seen_there()].into_iter().flatten() {
            // Git moves the first itself, where the clone's configuration says so.
            let at = repository.ref_commit(&reference).ok().flatten();
            if at == before {
                remember(repository, &reference, commit, before);
            }
        }
        self.tip = Some(commit);
    }

    /// Asks anew where the branch is.
    pub(super) fn refresh(&mut self) -> Result<(), LedgerError> {
        if self.remote {
            self.branch.fetch(&self.repository, None)?;
        }
        self.look()
    }

    /// Looks where the branch is, as this clone knows it.
    pub(super) fn look(&mut self) -> Result<(), LedgerError> {
        let tips = self.branch.tips(&self.repository)?;
        self.local = tips.local;
        self.tip = if self.remote { tips.remote } else { tips.tip };
        if let (false, Some(local), Some(tip)) = (self.remote, tips.local, tips.tip)
            && !contains(self.repository.git2(), tip, local)?
        {
            return Err(LedgerError::Behind { branch: self.branch.name.clone() });
        }
        Ok(())
    }
}

/// Closes a queue when the thread that empties it ends.
struct Abandon(Arc<Queue>);

impl Drop for Abandon {
    fn drop(&mut self) {
        self.0.abandon();
    }
}
