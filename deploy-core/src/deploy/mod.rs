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

mod adopt;
pub mod batch;
mod check;
mod context;
mod deviating;
pub mod drift;
mod estate;
pub mod execute;
mod handles;
mod leftover;
mod order;
mod plan;
mod planner;
mod remove;
mod rollback;
mod select;
mod undone;

pub use adopt::{AdoptError, Adoption};
pub use context::Context;
pub use leftover::leftovers;
pub use order::{Accept, Entrance, Options, Order, What};
pub use plan::{
    Check, Digests, Finding, FoundBy, InDaily, LocalChange, PLAN_SCHEMA, Plan, PlannedPackage,
    PlannedSchedule, Refusal, RefusalKind, Section, Severity, Stands,
};
pub use planner::{Content, PlanError, Planned, Planner};
pub use remove::{Dependent, Removal, RemoveError, Removed};
pub use rollback::{ObserveError, Observed, ObservedSchedule, Undoing, UndonePackage};
pub use select::{Remark, SelectError, Selected, SelectedPackage, Selection, select};
pub use undone::{UndoError, Undone};
