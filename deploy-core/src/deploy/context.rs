//! What all steps of one command share.

use chrono::{DateTime, FixedOffset};

use crate::repository::Repository;
use crate::repository::history::History;
use crate::repository::records::{Person, Records};
use crate::repository::servers::Named;
use crate::repository::settings::Settings;

/// What all steps of one command share: read once, as commits have it.
#[derive(Debug, Clone)]
pub struct Context<'r> {
    /// The central repository.
    pub repository: &'r Repository,
    /// The versions, counted from main.
    pub history: &'r History,
    /// The records, as one commit has them.
    pub records: &'r Records<'r>,
    /// The settings of main's tip.
    pub settings: Settings,
    /// Who asks.
    pub person: Person,
    /// The target, as main's tip has it.
    pub server: Named,
    /// Whether nothing will be changed: the work tree is looked at too, and what a
    /// deployment would refuse is only said.
    pub trying: bool,
    /// Whether content must be on the remote; not where the remote is left out.
    pub must_be_pushed: bool,
    /// Whether a schedule of a package may be deployed alone.
    pub may_deploy_packaged: bool,
    /// What time it is where the command runs.
    pub now: DateTime<FixedOffset>,
}
