//! Rollouts: deployment jobs in containers, with windows, priorities and waves.
//!
//! A rollout (`rollouts/<id>.toml`) carries packages or schedules to many
//! systems. Each of its jobs is an ordinary deployment or deletion, with all its
//! checks, records and audit; a rollout only decides which of them may begin
//! when. Nothing waits: whoever runs what is due does it once and ends.

mod change;
mod create;
mod desired;
mod due;
mod file;
mod frames;
mod jobs;
mod kept;
mod planned;
mod purge;
mod run;
mod scope;
mod state;
mod store;
mod survey;
mod targets;
mod timing;
mod wake;
mod what;

pub use change::{Chosen, Deal, DealError, Dealer, Dealt};
pub use create::{CreateError, Created, create};
pub use desired::{Contradiction, Demand, DemandError, Environment, Rule, demands};
pub use due::{Due, Live, Outlook, Part, Stand, Unwritten, Why, outlook};
pub use file::{Accepted, FOLDER, RolloutFile, Sequence};
pub use frames::{FrameError, Frames};
pub use jobs::{Deed, Job, JobId};
pub use kept::{Begun, Cancelled, Kept, Over, Woken, fixed_keys_changed};
pub use planned::{Difference, PlanRulesError, as_rollouts, differences, servers_with};
pub use purge::{PurgeError, PurgeReport, Purged, purge, purgeable};
pub use run::{Around, Problem, RunError, RunReport, Runner, Told};
pub use scope::{Ground, GroundError, Scope, ScopeError, Thing};
pub use state::{ABORTED, JobState, OWN_FAILURE, State};
pub use store::{Listed, Rollout, RolloutError, all, environments, find, path};
pub use survey::{Survey, SurveyError, Surveyed, Tally};
pub use targets::{Fleet, TargetError, is_built_in};
pub use timing::{Shut, Timing};
pub use wake::{AddressError, Broadcast, Mac};
pub use what::{NotCarried, What, WhatError};
