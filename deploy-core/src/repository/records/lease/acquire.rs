//! Getting a lease: first come, first served, and the dead are not waited for for ever.

use std::time::{Duration, Instant};

use git2::Oid;

use super::keep::Member;
use super::site::Swapping;
use super::{Claim, Got, Holder, Lease, LeaseError, Note, Site, Swap};

/// How long a waiter rests between two looks: at first, and at most.
const PAUSE: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(2));

/// The waiter's own clock, and how it passes the time.
pub(super) trait Clock {
    /// Since some moment; it never goes back.
    fn now(&self) -> Duration;
    fn pause(&self, time: Duration);
}

/// The machine's.
pub(super) struct System(Instant);

impl System {
    pub(super) fn new() -> Self {
        Self(Instant::now())
    }
}

impl Clock for System {
    fn now(&self) -> Duration {
        self.0.elapsed()
    }

    fn pause(&self, time: Duration) {
        std::thread::sleep(time);
    }
}

/// A lease of somebody else, and since when it was seen unchanged.
struct Seen {
    commit: Oid,
    note: Note,
    since: Duration,
}

impl Seen {
    fn holder(&self, server: &str) -> Holder {
        self.note.clone().holder(server.to_owned(), self.commit)
    }
}

pub(super) fn acquire(
    site: Site,
    claim: &Claim<'_>,
    length: Duration,
    clock: &dyn Clock,
    waiting: &dyn Fn(&Holder),
) -> Result<Got, LeaseError> {
    let reference = site.reference(claim.server);
    let begun = clock.now();
    let mut seen: Option<Seen> = None;
    let mut told = None;
    let mut pause = PAUSE.0;
    let got = |site: Site, note, commit, waited, took_over| {
        let member = Member::new(&site, claim.server, note, commit);
        let lease = Lease::start(site, vec![member])?.pop().ok_or_else(not_started)?;
        Ok(Got { lease, waited, took_over })
    };
    loop {
        if seen.is_none() {
            let note = Note::new(claim, length);
            let commit = site.commit(claim.server, &note, None)?;
            if site.swap(&reference, None, Some(commit))? == Swap::Done {
                return got(site, note, commit, told.is_some(), None);
            }
        }
        let found = site.find(&reference)?;
        let now = clock.now();
        if found != seen.as_ref().map(|seen| seen.commit) {
            let note = found.map(|commit| Ok::<_, LeaseError>((commit, site.note(&reference, commit)?)));
            seen = match note.transpose()? {
                Some((commit, Some(note))) => Some(Seen { commit, note, since: now }),
                _ => None,
            };
        }
        // Given back in this moment: the next try is the first again.
        let Some(other) = &seen else {
            clock.pause(PAUSE.0 / 10);
            continue;
        };
        if told != Some(other.note.lease) {
            told = Some(other.note.lease);
            pause = PAUSE.0;
            waiting(&other.holder(claim.server));
        }
        let silent = now.saturating_sub(other.since);
        if silent >= other.note.length {
            let note = Note::new(claim, length);
            let commit = site.commit(claim.server, &note, Some(other.commit))?;
            if site.swap(&reference, Some(other.commit), Some(commit))? == Swap::Done {
                let dead = other.holder(claim.server);
                return got(site, note, commit, true, Some(dead));
            }
            continue;
        }
        // One that has missed a renewal is most likely dead: it pays to know for certain.
        let suspect = silent >= other.note.length * 3 / 8;
        let left = claim.wait.saturating_sub(now.saturating_sub(begun));
        if left.is_zero() && !suspect {
            return Err(LeaseError::Held { holder: Box::new(other.holder(claim.server)) });
        }
        let until = if left.is_zero() { other.note.length - silent } else { left };
        clock.pause(pause.min(until));
        pause = (pause * 2).min(PAUSE.1);
    }
}

fn not_started() -> LeaseError {
    LeaseError::Thread(std::io::Error::other("nothing to keep"))
}

/// One try for each: those that somebody has are not got.
pub(super) fn acquire_all(
    site: Site,
    claims: &[Claim<'_>],
    length: Duration,
) -> Result<Vec<Option<Lease>>, LeaseError> {
    let mut notes = Vec::with_capacity(claims.len());
    for claim in claims {
        let note = Note::new(claim, length);
        let commit = site.commit(claim.server, &note, None)?;
        notes.push((site.reference(claim.server), note, commit));
    }
    let swaps: Vec<Swapping<'_>> =
        notes.iter().map(|(reference, _, commit)| (reference.as_str(), None, Some(*commit))).collect();
    let swapped = site.swap_all(&swaps);
    let mut members = Vec::new();
    let mut which = Vec::new();
    let mut failed = None;
    for (((_, note, commit), claim), swapped) in notes.into_iter().zip(claims).zip(swapped) {
        match swapped {
            Ok(Swap::Done) => {
                which.push(Some(members.len()));
                members.push(Member::new(&site, claim.server, note, commit));
            }
            Ok(Swap::Elsewhere) => which.push(None),
            Err(error) => failed = Some(error),
        }
    }
    // Those that were got go back with the leases themselves.
    let mut leases: Vec<Option<Lease>> = Lease::start(site, members)?.into_iter().map(Some).collect();
    match failed {
        Some(error) => Err(error),
        None => Ok(which.into_iter().map(|at| at.and_then(|at| leases[at].take())).collect()),
    }
}
