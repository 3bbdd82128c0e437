//! What a repository decides about its rules, and how much a rule may do.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::replace::Unmatched;
use super::tags::TagTable;
use super::toml_place::TomlError;

/// Bounds of one run; the same in every build of the program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Operations of a script.
    pub operations: u64,
    /// Values that replacements may look at and bytes that the trace may grow by, over all rules.
    pub work: u64,
    /// Calls within calls.
    pub call_levels: usize,
    /// Depth of expressions.
    pub expression_depth: usize,
    /// Bytes of a text.
    pub text: usize,
    /// Items of an array.
    pub array: usize,
    /// Keys of a map.
    pub map: usize,
    /// Wall time of a run, a backstop; needs [`Settings::clock`].
    pub time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            operations: 20_000_000,
            work: 200_000_000,
            call_levels: 32,
            expression_depth: 64,
            text: 4 << 20,
            array: 100_000,
            map: 10_000,
            time: Duration::from_secs(60),
        }
    }
}

/// Answers the time that has passed since some fixed moment.
pub type Clock = Arc<dyn Fn() -> Duration + Send + Sync>;

/// What holds for all rules of a repository.
#[derive(Clone)]
pub struct Settings {
    /// What happens where a call matched nothing, unless the call or its rule says otherwise.
    pub unmatched: Unmatched,
    /// How much a rule may do.
    pub limits: Limits,
    /// The tags, with the repository's corrections.
    pub tags: Arc<TagTable>,
    /// The clock of the wall-time backstop; without one there is none.
    pub clock: Option<Clock>,
}

impl Settings {
    /// The defaults, with the vendor's tags.
    pub fn new() -> Result<Self, TomlError> {
        Ok(Self {
            unmatched: Unmatched::default(),
            limits: Limits::default(),
            tags: Arc::new(TagTable::built_in()?),
            clock: None,
        })
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("unmatched", &self.unmatched)
            .field("limits", &self.limits)
            .field("clock", &self.clock.is_some())
            .finish_non_exhaustive()
    }
}
