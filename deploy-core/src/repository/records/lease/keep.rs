//! Keeping leases: renewed at a quarter of their length, until they are given back.
//!
//! Leases that were got together are kept together: one thread, one push for all of them.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use git2::Oid;

use super::site::Swapping;
use super::{Holder, LeaseError, Note, Site, Swap};

/// A lease confirmed so recently is not asked about again.
const FRESH: Duration = Duration::from_secs(5);

/// How often giving back is tried where another git holds the ref.
const ATTEMPTS: usize = 20;

#[derive(Debug)]
pub(super) struct Keeper {
    length: Duration,
    held: Mutex<Held>,
    changed: Condvar,
}

#[derive(Debug)]
struct Held {
    site: Site,
    members: Vec<Member>,
}

/// One lease.
#[derive(Debug)]
pub(super) struct Member {
    server: String,
    reference: String,
    note: Note,
    commit: Oid,
    confirmed: Confirmed,
    /// Why the last renewal did not succeed.
    trouble: Option<String>,
    end: Option<End>,
}

#[derive(Debug)]
enum End {
    Released,
    /// Whoever has it now.
    Lost(Option<Box<Holder>>),
}

/// A moment, on a clock that stands still while the machine sleeps and on one that may be set.
#[derive(Debug, Clone, Copy)]
struct Confirmed(Instant, SystemTime);

impl Confirmed {
    fn now() -> Self {
        Self(Instant::now(), SystemTime::now())
    }

    fn age(self) -> Duration {
        self.0.elapsed().max(self.1.elapsed().unwrap_or_default())
    }
}

impl Member {
    /// A lease that was just got.
    pub(super) fn new(site: &Site, server: &str, note: Note, commit: Oid) -> Self {
        let (reference, confirmed) = (site.reference(server), Confirmed::now());
        Self { server: server.to_owned(), reference, note, commit, confirmed, trouble: None, end: None }
    }

    /// Who has it, if it is not ours any more; where it is, another git was at the ref.
    fn lost(&self, site: &Site) -> Result<(), LeaseError> {
        let by = match site.find(&self.reference)? {
            Some(commit) if commit == self.commit => {
                let error = git2::Error::from_str("another git command holds its ref");
                return Err(LeaseError::Object(error));
            }
            Some(commit) => site.note(&self.reference, commit)?.map(|note| (note, commit)),
            None => None,
        };
        let by = by.map(|(note, commit)| Box::new(note.holder(self.server.clone(), commit)));
        Err(LeaseError::Lost { server: self.server.clone(), by })
    }
}

impl Keeper {
    /// Of leases that were just got.
    pub(super) fn new(site: Site, members: Vec<Member>) -> Self {
        let length = members.iter().map(|member| member.note.length).min().unwrap_or_default();
        Self { length, held: Mutex::new(Held { site, members }), changed: Condvar::new() }
    }

    /// Renews them until all have ended.
    pub(super) fn run(&self) {
        let mut held = self.lock();
        while held.members.iter().any(|member| member.end.is_none()) {
            let live = || held.members.iter().filter(|member| member.end.is_none());
            let troubled = live().any(|member| member.trouble.is_some());
            let interval = match troubled {
                false => {
                    let oldest = live().map(|member| member.confirmed.age()).max().unwrap_or_default();
                    (self.length / 4).saturating_sub(oldest)
                }
                true => self.length / 24,
            };
            if interval.is_zero() {
                self.renew(&mut held);
                continue;
            }
            let waited = self.changed.wait_timeout(held, interval);
            let (guard, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
            held = guard;
            if timeout.timed_out() && troubled {
                self.renew(&mut held);
            }
        }
    }

    pub(super) fn still_held(&self, at: usize) -> Result<(), LeaseError> {
        let mut held = self.lock();
        let is_fresh = |member: &Member| member.confirmed.age() < FRESH.min(self.length / 8);
        if held.members[at].end.is_none() && !is_fresh(&held.members[at]) {
            self.renew(&mut held);
        }
        let member = &held.members[at];
        let server = || member.server.clone();
        match (&member.end, &member.trouble) {
            (Some(End::Lost(by)), _) => Err(LeaseError::Lost { server: server(), by: by.clone() }),
            (Some(End::Released), _) => Err(LeaseError::Lost { server: server(), by: None }),
            // Nobody may take it for dead yet.
            (None, Some(message)) if member.confirmed.age() >= self.length / 2 => {
                Err(LeaseError::Expired { server: server(), message: message.clone() })
            }
            (None, _) => Ok(()),
        }
    }

    /// Puts other commits in the place of the last.
    fn renew(&self, held: &mut Held) {
        // From before the push: whoever waits has not seen it earlier.
        let begun = Confirmed::now();
        let Held { site, members } = held;
        let mut live: Vec<&mut Member> = members.iter_mut().filter(|member| member.end.is_none()).collect();
        let notes: Vec<Note> = live.iter().map(|member| member.note.renewed()).collect();
        let commit =
            |(member, note): (&&mut Member, &Note)| site.commit(&member.server, note, Some(member.commit));
        let commits = match live.iter().zip(&notes).map(commit).collect::<Result<Vec<Oid>, _>>() {
            Ok(commits) => commits,
            Err(error) => {
                live.iter_mut().for_each(|member| member.trouble = Some(error.to_string()));
                return;
            }
        };
        let swaps: Vec<Swapping<'_>> = live
            .iter()
            .zip(&commits)
            .map(|(member, commit)| (member.reference.as_str(), Some(member.commit), Some(*commit)))
            .collect();
        let swapped = site.swap_all(&swaps);
        for (((member, note), swapped), commit) in live.iter_mut().zip(notes).zip(swapped).zip(commits) {
            let swapped = match swapped {
                Ok(Swap::Done) => {
                    (member.note, member.commit) = (note, commit);
                    (member.confirmed, member.trouble) = (begun, None);
                    continue;
                }
                Ok(Swap::Elsewhere) => member.lost(site),
                Err(error) => Err(error),
            };
            match swapped {
                Err(LeaseError::Lost { by, .. }) => {
                    member.end = Some(End::Lost(by));
                    self.changed.notify_all();
                }
                Err(error) => member.trouble = Some(error.to_string()),
                Ok(()) => {}
            }
        }
    }

    /// Gives some of them back; the second time does nothing. What went wrong, for each.
    pub(super) fn release(&self, which: &[usize]) -> Vec<Result<(), LeaseError>> {
        let mut held = self.lock();
        let Held { site, members } = &mut *held;
        let ours: Vec<usize> = which.iter().copied().filter(|at| members[*at].end.is_none()).collect();
        let swaps: Vec<Swapping<'_>> = ours
            .iter()
            .map(|at| (members[*at].reference.as_str(), Some(members[*at].commit), None))
            .collect();
        let swapped = site.swap_all(&swaps);
        let each = ours.iter().zip(swapped);
        let mut given_back: Vec<(usize, Result<(), LeaseError>)> = each
            .map(|(at, swapped)| match swapped {
                Ok(Swap::Done) => (*at, Ok(())),
                Ok(Swap::Elsewhere) => (*at, self.give_back(site, &members[*at])),
                Err(error) => (*at, Err(error)),
            })
            .collect();
        let answers = which.iter().map(|at| {
            let tried = given_back.iter().position(|(one, _)| one == at);
            match (tried, &members[*at].end) {
                (Some(tried), _) => given_back.swap_remove(tried).1,
                (None, Some(End::Lost(by @ Some(_)))) => {
                    Err(LeaseError::Lost { server: members[*at].server.clone(), by: by.clone() })
                }
                (None, _) => Ok(()),
            }
        });
        let answers = answers.collect();
        ours.iter().for_each(|at| members[*at].end = Some(End::Released));
        self.changed.notify_all();
        answers
    }

    fn give_back(&self, site: &Site, member: &Member) -> Result<(), LeaseError> {
        for _ in 0..ATTEMPTS {
            if site.swap(&member.reference, Some(member.commit), None)? == Swap::Done {
                return Ok(());
            }
            match member.lost(site) {
                // Broken, and nobody came after.
                Err(LeaseError::Lost { by: None, .. }) => return Ok(()),
                Err(LeaseError::Object(_)) => std::thread::sleep(self.length.min(FRESH) / 500),
                other => return other,
            }
        }
        member.lost(site)
    }

    fn lock(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
