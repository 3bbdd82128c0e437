//! Leases: who may touch a target, one at a time.
//!
//! A lease is a ref of the remote (of this clone where there is none), one for
//! each server. It points to a commit that says who holds it and what for, new
//! with every renewal, so that whoever waits sees by its own clock alone
//! whether the holder lives. Every move of the ref is a compare and swap.

mod acquire;
mod error;
mod holder;
mod keep;
mod site;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use super::{Person, Reach};
use crate::repository::Repository;
pub use error::LeaseError;
pub use holder::Holder;
use holder::Note;
use keep::{Keeper, Member};
use site::{Site, Swap};

/// Who wants a lease, and for what.
#[derive(Debug, Clone, Copy)]
pub struct Claim<'a> {
    /// The target.
    pub server: &'a str,
    /// Who wants it.
    pub owner: &'a Person,
    /// The name of the machine, for people.
    pub host: &'a str,
    /// What for, in a few words: `deploy Payroll@3`.
    pub purpose: &'a str,
    /// How long to wait for a living holder.
    pub wait: Duration,
}

/// A lease that was got.
#[derive(Debug)]
pub struct Got {
    /// The lease.
    pub lease: Lease,
    /// Whether another held it first: what was planned before may be out of date.
    pub waited: bool,
    /// The dead holder it was taken from: what that one left is to be settled first.
    pub took_over: Option<Holder>,
}

/// A lease that is held: a thread renews it, and dropping it gives it back.
#[derive(Debug)]
pub struct Lease {
    keeper: Arc<Keeper>,
    /// Which of those that are kept together.
    at: usize,
    thread: Arc<Mutex<Option<JoinHandle<()>>>>,
}

/// How often a lease is broken again that is renewed at the same moment.
const ATTEMPTS: usize = 5;

impl Lease {
    /// Takes the lease of a server, waiting for a living holder (told by `waiting` once for
    /// each holder); one whose holder died is taken over.
    ///
    /// A holder that shows no sign of life while it is waited for is waited out, even where
    /// that takes longer than the claim says.
    pub fn acquire(
        repository: &Repository,
        reach: Reach,
        claim: &Claim<'_>,
        waiting: &dyn Fn(&Holder),
    ) -> Result<Got, LeaseError> {
        let seconds = repository.settings_of_main()?.git.lock_seconds.get();
        let length = Duration::from_secs(seconds.into());
        let site = Site::open(repository, reach)?;
        acquire::acquire(site, claim, length, &acquire::System::new(), waiting)
    }

    /// Takes the leases of several servers, with one push where there is a remote, and keeps
    /// them together. One that somebody has is not waited for: there is none in its place.
    pub fn acquire_all(
        repository: &Repository,
        reach: Reach,
        claims: &[Claim<'_>],
    ) -> Result<Vec<Option<Lease>>, LeaseError> {
        if claims.is_empty() {
            return Ok(Vec::new());
        }
        let seconds = repository.settings_of_main()?.git.lock_seconds.get();
        let length = Duration::from_secs(seconds.into());
        acquire::acquire_all(Site::open(repository, reach)?, claims, length)
    }

    /// Gives several back, with one push for those that were taken together; what went wrong.
    pub fn release_all(leases: Vec<Lease>) -> Vec<LeaseError> {
        let mut left = leases;
        let mut wrong = Vec::new();
        while let Some(first) = left.first() {
            let keeper = Arc::clone(&first.keeper);
            let (together, others): (Vec<Lease>, Vec<Lease>) =
                left.into_iter().partition(|lease| Arc::ptr_eq(&lease.keeper, &keeper));
            let which: Vec<usize> = together.iter().map(|lease| lease.at).collect();
            wrong.extend(keeper.release(&which).into_iter().filter_map(Result::err));
            left = others;
        }
        wrong
    }

    /// Asked before the target is touched: whether the lease is certainly still held. Where
    /// that was not confirmed within seconds it is now, which takes a push.
    pub fn still_held(&self) -> Result<(), LeaseError> {
        self.keeper.still_held(self.at)
    }

    /// Gives it back, and tells what went wrong. One that was broken and that nobody has
    /// taken is back already.
    pub fn release(self) -> Result<(), LeaseError> {
        self.end()
    }

    fn start(site: Site, members: Vec<Member>) -> Result<Vec<Self>, LeaseError> {
        let count = members.len();
        let keeper = Arc::new(Keeper::new(site, members));
        let thread = Arc::new(Mutex::new(None));
        let lease = |at| Self { keeper: Arc::clone(&keeper), at, thread: Arc::clone(&thread) };
        let leases: Vec<Self> = (0..count).map(lease).collect();
        let kept = Arc::clone(&keeper);
        let handle = std::thread::Builder::new().name("lease".to_owned()).spawn(move || kept.run())?;
        *thread.lock().unwrap_or_else(PoisonError::into_inner) = Some(handle);
        Ok(leases)
    }

    fn end(&self) -> Result<(), LeaseError> {
        let released = self.keeper.release(&[self.at]).pop().unwrap_or(Ok(()));
        // The last one that is dropped sees the thread out.
        if Arc::strong_count(&self.thread) == 1 {
            let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
            if let Some(thread) = thread {
                let _ = thread.join();
            }
        }
        released
    }

    /// All that are held, by server.
    pub fn list(repository: &Repository, reach: Reach) -> Result<Vec<Holder>, LeaseError> {
        let site = Site::open(repository, reach)?;
        let mut holders = Vec::new();
        for (reference, commit) in site.all()? {
            let server = site.server_of(&reference).unwrap_or_default();
            // One that was given back meanwhile is none.
            if let Some(note) = site.note(&reference, commit)? {
                holders.push(note.holder(server, commit));
            }
        }
        holders.sort_by(|a, b| a.server.cmp(&b.server));
        Ok(holders)
    }

    /// Takes it away from whoever holds it; who that was.
    pub fn break_one(
        repository: &Repository,
        reach: Reach,
        server: &str,
    ) -> Result<Option<Holder>, LeaseError> {
        let site = Site::open(repository, reach)?;
        let reference = site.reference(server);
        let mut broken = None;
        for _ in 0..ATTEMPTS {
            let Some(commit) = site.find(&reference)? else { return Ok(broken) };
            let Some(note) = site.note(&reference, commit)? else { continue };
            let holder = note.holder(server.to_owned(), commit);
            match site.swap(&reference, Some(commit), None)? {
                Swap::Done => return Ok(Some(holder)),
                Swap::Elsewhere => broken = Some(holder),
            }
        }
        match broken {
            Some(holder) => Err(LeaseError::Held { holder: Box::new(holder) }),
            None => Ok(None),
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let _ = self.end();
    }
}
