//! Where jobs and rollouts stand, in words.

use chrono::{DateTime, TimeDelta, Utc};
use deploy_core::rollout::{JobState, Rollout, Stand, State, Tally, Timing, Why};

use crate::ui::{style, styled};

/// Where a job stands: a word, and why.
pub(super) fn stand(stand: &Stand, state: Option<&JobState>, timing: &Timing) -> (&'static str, String) {
    let kept = || state.and_then(|state| state.message.clone()).unwrap_or_default();
    match stand {
        Stand::Waits(why) => ("waiting", waits(why, timing)),
        Stand::Ready => ("ready", kept()),
        Stand::Running => match state.is_some_and(|state| state.begun.is_some()) {
            true => ("running", "its target is being changed".to_owned()),
            false => ("running", "being prepared".to_owned()),
        },
        Stand::Ended(state, Some(unwritten)) => (state.words(), unwritten.message.clone()),
        Stand::Ended(state, None) => (state.words(), kept()),
    }
}

fn waits(why: &Why, timing: &Timing) -> String {
    match why {
        Why::Opens(opening) => format!("until {}", moment(opening, timing)),
        Why::NeverOpens => "no time frame opens before its end".to_owned(),
        Why::Wave(wave) => format!("for wave {}", wave + 1),
        Why::Soak(until) => format!("the wave before soaks until {}", moment(until, timing)),
        Why::Other(rollout) => format!("rollout `{rollout}` does the same right now"),
    }
}

/// A word in the colour of what it means.
pub(super) fn coloured(word: &str) -> String {
    let style = match word {
        "succeeded" | "already there" => style::ADDED,
        "failed" | "conflict" | "expired" => style::REMOVED,
        "running" | "ready" => style::CHANGED,
        _ => style::DIM,
    };
    styled(style, word)
}

/// The code of a failure, as it is shown.
pub(super) fn code(stand: &Stand, state: Option<&JobState>) -> Option<i32> {
    match stand {
        Stand::Ended(State::Failed, Some(unwritten)) => unwritten.code,
        Stand::Ended(State::Failed, None) => state.and_then(|state| state.code),
        _ => None,
    }
}

/// A moment in the zone of a rollout; with its offset where the clocks show it twice.
pub(super) fn moment(moment: &DateTime<Utc>, timing: &Timing) -> String {
    let shown = timing.zone.shows(moment);
    let is_once = timing.zone.moment(shown.naive_local()).is_ok();
    shown.format(if is_once { "%Y-%m-%d %H:%M" } else { "%Y-%m-%d %H:%M %:z" }).to_string()
}

/// From when to when.
pub(super) fn window(timing: &Timing) -> String {
    let shown = |time: Option<DateTime<Utc>>| time.map(|time| moment(&time, timing));
    match (shown(timing.start), shown(timing.end)) {
        (None, None) => String::new(),
        (Some(start), None) => format!("from {start}"),
        (None, Some(end)) => format!("until {end}"),
        (Some(start), Some(end)) => format!("{start} – {end}"),
    }
}

/// How many of the jobs are done.
pub(super) fn done(tally: &Tally) -> String {
    format!("{}/{}", tally.jobs - tally.waiting - tally.ready - tally.running, tally.jobs)
}

/// Everything a rollout carries, in one text.
pub(super) fn carried(rollout: &Rollout) -> String {
    let gone = rollout.file.uninstall.iter().map(|what| format!("-{what}"));
    rollout.file.what.iter().cloned().chain(gone).collect::<Vec<_>>().join(", ")
}

/// A length of time: `42s`, `3m05s`, `2h10m`.
pub(super) fn length(time: TimeDelta) -> String {
    let seconds = time.num_seconds().max(0);
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        _ => format!("{}h{:02}m", seconds / 3600, seconds / 60 % 60),
    }
}
