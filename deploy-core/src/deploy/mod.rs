//! The pipeline: what it takes to bring a schedule to a target and to know what stands there.
//!
//! `select → transform → observe → check` makes a `Plan`, a value: simulate
//! prints it, deploy executes it, and there is no other way to a target.
//!
//! * `select` (git only): what was asked for, as commits have it.
//! * `transform` (rules only): the joined definition as the target is to have it.
//! * `observe` (network only): what the target is and what stands there.
//! * `check` (pure): the findings, each in its section, and what must be accepted.
//! * `execute` (network and records): lease → "Deploying" committed and pushed →
//!   insert → read back → "Active" committed and pushed → lease released.

mod order;

pub use order::{Accept, Entrance, Options, Order, What};
