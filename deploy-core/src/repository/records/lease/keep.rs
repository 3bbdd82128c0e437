//! Keeping a lease: renewed at a quarter of its length, until it is given back.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use git2::Oid;

use super::{Holder, LeaseError, Note, Site, Swap};

/// A lease confirmed so recently is not asked about again.
const FRESH: Duration = Duration::from_secs(5);

/// How often giving back is tried where another git holds the ref.
const ATTEMPTS: usize = 20;

#[derive(Debug)]
pub(super) struct Keeper {
    server: String,
    reference: String,
    length: Duration,
    held: Mutex<Held>,
    changed: Condvar,
}

#[derive(Debug)]
struct Held {
    site: Site,
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

impl Keeper {
    /// Of a lease that was just got.
    pub(super) fn new(site: Site, server: &str, note: Note, commit: Oid) -> Self {
        let (reference, length) = (site.reference(server), note.length);
        let confirmed = Confirmed::now();
        let held = Held { site, note, commit, confirmed, trouble: None, end: None };
        Self { server: server.to_owned(), reference, length, held: Mutex::new(held), changed: Condvar::new() }
    }

    /// Renews it until it ends.
    pub(super) fn run(&self) {
        let mut held = self.lock();
        while held.end.is_none() {
            let interval = match held.trouble {
                None => (self.length / 4).saturating_sub(held.confirmed.age()),
                Some(_) => self.length / 24,
            };
            if interval.is_zero() {
                let _ = self.renew(&mut held);
                continue;
            }
            let waited = self.changed.wait_timeout(held, interval);
            let (guard, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
            held = guard;
            if timeout.timed_out() && held.end.is_none() && held.trouble.is_some() {
                let _ = self.renew(&mut held);
            }
        }
    }

    pub(super) fn still_held(&self) -> Result<(), LeaseError> {
        let mut held = self.lock();
        if held.end.is_some() || held.confirmed.age() >= FRESH.min(self.length / 8) {
            let renewed = self.renew(&mut held);
            let age = held.confirmed.age();
            return match renewed {
                // Nobody may take it for dead yet.
                Err(error) if held.end.is_none() && age >= self.length / 2 => {
                    Err(LeaseError::Expired { server: self.server.clone(), message: error.to_string() })
                }
                Err(_) if held.end.is_none() => Ok(()),
                renewed => renewed,
            };
        }
        Ok(())
    }

    /// Puts another commit in the place of the last.
    fn renew(&self, held: &mut Held) -> Result<(), LeaseError> {
        if let Some(end) = &held.end {
            let by = if let End::Lost(by) = end { by.clone() } else { None };
            return Err(LeaseError::Lost { server: self.server.clone(), by });
        }
        // From before the push: whoever waits has not seen it earlier.
        let begun = Confirmed::now();
        let renewed = self.try_renew(held);
        match &renewed {
            Ok(()) => (held.confirmed, held.trouble) = (begun, None),
            Err(LeaseError::Lost { by, .. }) => {
                held.end = Some(End::Lost(by.clone()));
                self.changed.notify_all();
            }
            Err(error) => held.trouble = Some(error.to_string()),
        }
        renewed
    }

    fn try_renew(&self, held: &mut Held) -> Result<(), LeaseError> {
        let note = held.note.renewed();
        let commit = held.site.commit(&self.server, &note, Some(held.commit))?;
        if held.site.swap(&self.reference, Some(held.commit), Some(commit))? == Swap::Done {
            (held.note, held.commit) = (note, commit);
            return Ok(());
        }
        self.lost(held)
    }

    /// Who has it, if it is not ours any more; where it is, another git was at the ref.
    fn lost(&self, held: &Held) -> Result<(), LeaseError> {
        let by = match held.site.find(&self.reference)? {
            Some(commit) if commit == held.commit => {
                let error = git2::Error::from_str("another git command holds its ref");
                return Err(LeaseError::Object(error));
            }
            Some(commit) => held.site.note(&self.reference, commit)?.map(|note| (note, commit)),
            None => None,
        };
        let by = by.map(|(note, commit)| Box::new(note.holder(self.server.clone(), commit)));
        Err(LeaseError::Lost { server: self.server.clone(), by })
    }

    /// Gives it back; the second time does nothing.
    pub(super) fn release(&self) -> Result<(), LeaseError> {
        let mut held = self.lock();
        match &held.end {
            Some(End::Released) | Some(End::Lost(None)) => return Ok(()),
            Some(End::Lost(by)) => {
                return Err(LeaseError::Lost { server: self.server.clone(), by: by.clone() });
            }
            None => {}
        }
        held.end = Some(End::Released);
        self.changed.notify_all();
        for _ in 0..ATTEMPTS {
            if held.site.swap(&self.reference, Some(held.commit), None)? == Swap::Done {
                return Ok(());
            }
            match self.lost(&held) {
                // Broken, and nobody came after.
                Err(LeaseError::Lost { by: None, .. }) => return Ok(()),
                Err(LeaseError::Object(_)) => std::thread::sleep(self.length.min(FRESH) / 500),
                other => return other,
            }
        }
        self.lost(&held)
    }

    fn lock(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
