//! Transformation rules: one definition, many systems.
//!
//! Rules are rhai scripts or files of the vendor's JSON form. They are compiled once
//! and applied to any number of definitions, on any number of threads; every change is traced.
//! See `docs/rules.md`. This module knows neither git nor files: texts come in as values, and what a
//! script imports is asked of a callback.

mod apply;
mod compile;
mod context;
mod convert;
mod diagnostic;
mod document;
mod engine;
mod events;
mod explain;
pub mod features;
mod invariants;
mod lookup;
mod merge;
mod recorder;
mod reference;
mod replace;
mod session;
mod settings;
mod source;
pub mod tags;
pub mod test;
mod tokens;
mod toml_place;
mod trace;
mod vendor;

pub use apply::{Outcome, RuleError};
pub use compile::{Imports, RuleErrors, RuleSet};
pub use context::{Context, Deployment, Package, Target, TargetFrequencies};
pub use convert::convert;
pub use diagnostic::Diagnostic;
pub use events::NameKind;
pub use explain::{Line, LineKind};
pub use invariants::BrokenInvariant;
pub use lookup::value_at;
pub use reference::{reference_markdown, tag_markdown};
pub use replace::Unmatched;
pub(crate) use replace::add_to_list;
pub use settings::{Clock, Limits, Settings};
pub use source::{Head, Language, RuleSource, head};
pub(crate) use tokens::parts as token_parts;
pub use toml_place::TomlError;
pub use trace::{Call, CallRef, Hit, Ignored, Level, Note, RuleTrace, Spot, Trace, Warning, What};

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests;
