//! Transformation rules: one definition, many systems.
//!
//! Rules are rhai scripts or files of the vendor's JSON form. They are compiled once
//! and applied to any number of definitions, on any number of threads; every change is traced.
//! See `docs/rules.md`. This module knows neither git nor files: texts come in as values, and what a
//! script imports is asked of a callback.

mod apply;
mod compile;
mod context;
mod diagnostic;
mod document;
mod engine;
mod events;
mod invariants;
mod recorder;
mod replace;
mod session;
mod settings;
mod source;
pub mod tags;
mod tokens;
mod trace;
mod vendor;

pub use apply::{Outcome, RuleError};
pub use compile::{Imports, RuleErrors, RuleSet};
pub use context::{Context, Deployment, Package, Target, TargetFrequencies};
pub use diagnostic::Diagnostic;
pub use events::NameKind;
pub use invariants::BrokenInvariant;
pub use replace::Unmatched;
pub use settings::{Clock, Limits, Settings};
pub use source::{Head, Language, RuleSource, head};
pub use trace::{Call, CallRef, Hit, Ignored, Level, Note, RuleTrace, Spot, Trace, Warning, What};

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests;
