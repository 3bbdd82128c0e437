//! A master: what one schedule is made of on a system.

use std::sync::Mutex;

use axum::body::Bytes;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::large;

/// A schedule definition and its id on this system.
#[derive(Debug)]
pub(crate) struct Master {
    pub(crate) id: u32,
    pub(crate) name: String,
    content: Content,
    /// The last extract; see [`super::extract`].
    pub(super) cache: Mutex<Option<Cached>>,
}

#[derive(Debug)]
enum Content {
    Stored(Box<Stored>),
    /// Made when it is asked for.
    Generated(u32),
}

/// An extract that is good until something in it changes.
#[derive(Debug, Clone)]
pub(super) struct Cached {
    pub(super) shared_revision: u64,
    pub(super) day: NaiveDate,
    pub(super) bytes: Bytes,
    /// Where the export date stands in it.
    pub(super) date_at: usize,
}

/// The parts of a definition that belong to the schedule.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Stored {
    /// Its entry in `scheduleList`.
    pub(crate) schedule: Value,
    /// Its dependencies on jobs of other schedules.
    pub(crate) external: Vec<Value>,
    /// The shared objects it was inserted with: list and name.
    pub(crate) shared: Vec<(String, String)>,
    /// Top-level keys that nobody here understands, carried as they are.
    pub(crate) rest: Map<String, Value>,
}

impl Master {
    pub(crate) fn stored(id: u32, stored: Stored) -> Self {
        let name = stored.schedule["name"].as_str().unwrap_or_default().to_owned();
        Self { id, name, content: Content::Stored(Box::new(stored)), cache: Mutex::new(None) }
    }

    pub(crate) fn generated(id: u32, number: u32) -> Self {
        Self { id, name: large::name(number), content: Content::Generated(number), cache: Mutex::new(None) }
    }

    /// The number of a schedule that is made when it is asked for.
    pub(crate) fn generated_number(&self) -> Option<u32> {
        match self.content {
            Content::Generated(number) => Some(number),
            Content::Stored(_) => None,
        }
    }

    /// What the schedule is made of, for reading.
    pub(crate) fn with<T>(&self, read: impl FnOnce(&Stored) -> T) -> T {
        match &self.content {
            Content::Stored(stored) => read(stored),
            Content::Generated(number) => read(&large::stored(*number)),
        }
    }

    /// The schedule without a need for its jobs.
    pub(crate) fn with_header<T>(&self, read: impl FnOnce(&Value) -> T) -> T {
        match &self.content {
            Content::Stored(stored) => read(&stored.schedule),
            Content::Generated(number) => read(&large::header(*number)),
        }
    }
}
