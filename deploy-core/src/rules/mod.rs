//! Transformation rules: one definition, many systems.
//!
//! Rules are rhai scripts or files of the vendor's JSON form. They are compiled once
//! and applied to any number of definitions, on any number of threads; every change is traced.
//! See `docs/rules.md`. This module knows neither git nor files: texts come in as values, and what a
//! script imports is asked of a callback.

mod context;
mod diagnostic;
mod document;
mod events;
mod recorder;
mod replace;
mod session;
mod settings;
pub mod tags;
mod tokens;
mod trace;

pub use context::{Context, Deployment, Package, Target, TargetFrequencies};
pub use diagnostic::Diagnostic;
pub use events::NameKind;
pub use replace::Unmatched;
pub use settings::{Clock, Limits, Settings};
pub use trace::{Call, CallRef, Hit, Ignored, Level, Note, RuleTrace, Spot, Trace, Warning, What};
