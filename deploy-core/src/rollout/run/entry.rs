//! What a run writes into the records.

use git2::Oid;
use serde::Serialize;

use crate::repository::pack::blob_id;
use crate::repository::records::{Entry, Expected, Place, plain};
use crate::rollout::kept::{BEGUN, OVER, WOKEN};
use crate::rollout::{Begun, JobId, JobState, Over, Woken};

/// The bytes of a file.
pub(in crate::rollout) fn bytes(value: &impl Serialize) -> Vec<u8> {
    toml::to_string(value).unwrap_or_default().into_bytes()
}

/// The blob that a state will be.
pub(super) fn blob_of(state: &JobState) -> Oid {
    blob_id(&bytes(state))
}

/// How far a job is; it rests on the state that was seen.
pub(in crate::rollout) fn of_state(rollout: &str, job: &JobId, state: &JobState, seen: Option<Oid>) -> Entry {
    let path = Place::Job(rollout, &state.server, job.as_str()).path();
    let subject = format!(
        "Rollout `{}`: {} on `{}` {}",
        plain(rollout),
        plain(&state.what),
        plain(&state.server),
        state.state
    );
    Entry {
        subject,
        expects: vec![(path.clone(), seen.map_or(Expected::Absent, Expected::Blob))],
        edits: vec![(path, Some(bytes(state)))],
        ..Entry::default()
    }
}

/// A job is taken: only while its rollout is not over.
pub(super) fn of_claim(rollout: &str, job: &JobId, state: &JobState, seen: Option<Oid>) -> Entry {
    let mut entry = of_state(rollout, job, state, seen);
    entry.expects.push((Place::Rollout(rollout).file(OVER), Expected::Absent));
    entry
}

/// A rollout begins.
pub(super) fn of_begin(rollout: &str, begun: &Begun) -> Entry {
    let path = Place::Rollout(rollout).file(BEGUN);
    Entry {
        subject: format!("Rollout `{}` begins for {}", plain(rollout), plain(&begun.asker.name)),
        expects: vec![(path.clone(), Expected::Absent)],
        edits: vec![(path, Some(bytes(begun)))],
        ..Entry::default()
    }
}

/// A rollout is over.
pub(in crate::rollout) fn of_over(rollout: &str, over: &Over) -> Entry {
    let path = Place::Rollout(rollout).file(OVER);
    let how = match (&over.cancelled, over.good) {
        (Some(cancelled), _) => cancelled.words(),
        (None, true) => "succeeded".to_owned(),
        (None, false) => "is over, not all of it succeeded".to_owned(),
    };
    Entry {
        subject: format!("Rollout `{}` {}", plain(rollout), plain(&how)),
        expects: vec![(path.clone(), Expected::Absent)],
        edits: vec![(path, Some(bytes(over)))],
        ..Entry::default()
    }
}

/// A server is woken for a rollout, or does not count as woken any more.
pub(super) fn of_woken(rollout: &str, server: &str, woken: Option<&Woken>) -> Entry {
    let path = Place::Job(rollout, server, WOKEN).path();
    let what = match woken {
        Some(Woken { up: None, .. }) => "is woken",
        Some(Woken { up: Some(_), .. }) => "was woken",
        None => "does not count as woken any more",
    };
    Entry {
        subject: format!("Rollout `{}`: `{}` {what}", plain(rollout), plain(server)),
        edits: vec![(path, woken.map(bytes))],
        ..Entry::default()
    }
}

/// What records keep of a rollout goes; its history stays.
pub(in crate::rollout) fn of_purged(rollout: &str) -> Entry {
    Entry {
        subject: format!("Rollout `{}` is purged", plain(rollout)),
        edits: vec![(Place::Rollout(rollout).path(), None)],
        ..Entry::default()
    }
}
