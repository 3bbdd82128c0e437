//! Tests of rules: `rules/tests/<name>.toml`.
//!
//! A test names a definition, a target and rules, and what must come out. What it names is asked
//! of the caller; nothing is read here.

mod case;
mod run;

pub use case::{Deploy, Expect, Given, Messages, TargetTable, TestCase};
pub use run::{Sources, TestOutcome, check_invariants, run};
