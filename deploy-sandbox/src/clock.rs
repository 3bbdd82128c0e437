//! The clock a sandbox lives by: it can be set, stopped and moved, so that a
//! night of jobs passes in a moment.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};

/// A clock that can be set. Clones show the same time.
#[derive(Debug, Clone)]
pub struct Clock(Arc<Mutex<Face>>);

#[derive(Debug, Clone, Copy)]
enum Face {
    /// Goes on, this far from the machine's clock.
    Running {
        ahead: TimeDelta,
    },
    Stopped {
        at: DateTime<Utc>,
    },
}

impl Clock {
    /// The machine's own time.
    pub fn real() -> Self {
        Self(Arc::new(Mutex::new(Face::Running { ahead: TimeDelta::zero() })))
    }

    /// What the clock shows.
    pub fn now(&self) -> DateTime<Utc> {
        match *self.face() {
            Face::Running { ahead } => Utc::now() + ahead,
            Face::Stopped { at } => at,
        }
    }

    /// Sets the clock; it goes on from there.
    pub fn set(&self, time: DateTime<Utc>) {
        *self.face() = Face::Running { ahead: time - Utc::now() };
    }

    /// Sets the clock and stops it.
    pub fn stop_at(&self, time: DateTime<Utc>) {
        *self.face() = Face::Stopped { at: time };
    }

    /// Moves the clock, running or stopped.
    pub fn advance(&self, by: TimeDelta) {
        match &mut *self.face() {
            Face::Running { ahead } => *ahead += by,
            Face::Stopped { at } => *at += by,
        }
    }

    fn face(&self) -> MutexGuard<'_, Face> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_can_be_stopped_moved_and_set_going() {
        let clock = Clock::real();
        let start = DateTime::UNIX_EPOCH + TimeDelta::days(20_000);
        clock.stop_at(start);
        clock.clone().advance(TimeDelta::hours(2));
        assert_eq!(clock.now(), start + TimeDelta::hours(2));
        clock.set(start);
        assert!(clock.now() >= start && clock.now() < start + TimeDelta::minutes(1));
    }
}
