//! One run of rules over one definition.
//!
//! Functions that scripts call find the session of their thread here: handles stay small values
//! without locks, and one compiled rule set serves many threads.

use std::cell::RefCell;
use std::sync::Arc;

use serde_json::Value;

use super::context::Context;
use super::document::Owner;
use super::recorder::Recorder;
use super::replace::Unmatched;
use super::settings::Settings;
use super::trace::Warning;

/// Why a run ended early, other than by an error of the script itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Stop {
    /// The script said so.
    Failed { line: usize, column: usize, message: String },
    /// A call matched nothing, and was asked to be strict.
    Unmatched { line: usize, column: usize, message: String },
    /// Too much work for one run.
    Limit { line: usize, column: usize, message: String },
}

impl Stop {
    pub(crate) fn message(&self) -> &str {
        let (Self::Failed { message, .. } | Self::Unmatched { message, .. } | Self::Limit { message, .. }) =
            self;
        message
    }
}

/// A prefix to be applied after all rules.
#[derive(Debug, Clone)]
pub(crate) struct Prefix {
    pub(crate) prefix: String,
    /// The rule that brought it; none for that of the context.
    pub(crate) rule: Option<(String, Option<String>)>,
}

pub(crate) struct Session {
    pub(crate) document: Value,
    pub(crate) recorder: Recorder,
    pub(crate) context: Arc<Context>,
    pub(crate) settings: Arc<Settings>,
    pub(crate) warnings: Vec<Warning>,
    pub(crate) prefixes: Vec<Prefix>,
    /// Departments for jobs without one, used where a prefix is.
    pub(crate) departments: Vec<(super::replace::Request, usize)>,
    pub(crate) removed: Vec<(Owner, &'static str)>,
    pub(crate) stop: Option<Stop>,
    /// What happens where a call of the rule at hand matched nothing.
    pub(crate) unmatched: Unmatched,
    pub(crate) rule: String,
    /// Values looked at so far.
    pub(crate) work: u64,
    /// When it began, by the clock of the settings.
    pub(crate) begun: std::time::Duration,
}

/// How many warnings are kept.
const WARNINGS: usize = 10_000;

thread_local! {
    static CURRENT: RefCell<Option<Session>> = const { RefCell::new(None) };
}

impl Session {
    pub(crate) fn new(document: Value, context: Arc<Context>, settings: Arc<Settings>) -> Self {
        Self {
            document,
            recorder: Recorder::default(),
            unmatched: settings.unmatched,
            begun: settings.clock.as_ref().map(|clock| clock()).unwrap_or_default(),
            context,
            settings,
            warnings: Vec::new(),
            prefixes: Vec::new(),
            departments: Vec::new(),
            removed: Vec::new(),
            stop: None,
            rule: String::new(),
            work: 0,
        }
    }

    /// Runs with this session as the one of the thread, and takes it back.
    pub(crate) fn enter<T>(self, run: impl FnOnce() -> T) -> (T, Option<Self>) {
        /// Leaves nothing behind, also where a panic is caught further out.
        struct Cleared;
        impl Drop for Cleared {
            fn drop(&mut self) {
                CURRENT.with(|current| current.replace(None));
            }
        }
        CURRENT.with(|current| current.replace(Some(self)));
        let cleared = Cleared;
        let result = run();
        let session = CURRENT.with(RefCell::take);
        drop(cleared);
        (result, session)
    }

    /// The session of this thread, where rules are running.
    pub(crate) fn with<T>(use_it: impl FnOnce(&mut Self) -> T) -> Option<T> {
        CURRENT.with(|current| current.borrow_mut().as_mut().map(use_it))
    }

    pub(crate) fn warn(&mut self, line: usize, text: impl Into<String>) {
        self.add_warning(line, text.into(), false);
    }

    /// Warns of a call that matched nothing.
    pub(crate) fn warn_unmatched(&mut self, line: usize, text: String) {
        self.add_warning(line, text, true);
    }

    fn add_warning(&mut self, line: usize, text: String, unmatched: bool) {
        if self.warnings.len() < WARNINGS {
            self.warnings.push(Warning { rule: self.rule.clone(), line, text, unmatched });
        }
    }
}
