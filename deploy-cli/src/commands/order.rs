//! The words of `simulate` and `deploy`: what goes where, and how.

use clap::Args;
use clap_complete::ArgValueCandidates;
use deploy_core::deploy::{Accept, Entrance, Options, Order};
use deploy_core::opcon::AutoBuild;

use super::completions;
use crate::cli::Global;
use crate::error::CommandError;
use crate::names::ListArg;

/// What goes where, and how.
#[derive(Debug, Args)]
pub(super) struct OrderArgs {
    /// Schedules (`NAME`, `NAME@3`, a pattern) or packages (`package:NAME`)
    #[arg(value_name = "WHAT", add = ArgValueCandidates::new(completions::schedules))]
    pub(super) what: Vec<String>,
    #[command(flatten)]
    pub(super) list: ListArg,
    /// A rule of this deployment, after those of server and package; `RULE@V` pins a version
    #[arg(long = "rule", value_name = "RULE", add = ArgValueCandidates::new(completions::rules))]
    rules: Vec<String>,
    /// An environment's prefix in place of the server's
    #[arg(long, value_name = "PREFIX")]
    environment: Option<String>,
    /// Take definitions, packages and rules from a branch, tag or commit instead of main
    #[arg(long = "ref", value_name = "REF")]
    reference: Option<String>,
    /// Why, for records and for OpCon
    #[arg(short, long, value_name = "TEXT")]
    message: Option<String>,
    /// The release it belongs to
    #[arg(long, value_name = "RELEASE")]
    tag: Option<String>,
    /// Build the schedules automatically, for DAYS days, ADVANCE days ahead
    #[arg(long, value_name = "DAYS/ADVANCE", value_parser = auto_build)]
    auto_build: Option<AutoBuild>,
    /// Delete instances after so many days; 0 resets it
    #[arg(long, value_name = "DAYS")]
    auto_delete: Option<u32>,
    /// Rebuild the schedules in the daily, from today on
    #[arg(long)]
    rebuild_daily: bool,
    /// Refuse where a schedule of the name exists
    #[arg(long)]
    no_overwrite: bool,
}

/// Differences that are accepted in so many words.
#[derive(Debug, Clone, Copy, Args)]
pub(super) struct AcceptArgs {
    /// Go on where somebody changed a schedule on the target
    #[arg(long)]
    accept_drift: bool,
    /// Go on where a server that is not production has the schedule already
    #[arg(long)]
    accept_existing: bool,
    /// Go on where something stands there of which nothing is known
    #[arg(long)]
    accept_unknown: bool,
    /// Go on in spite of warnings
    #[arg(long)]
    accept_warnings: bool,
    /// Go on with content that was rolled away from
    #[arg(long)]
    accept_pinned: bool,
}

impl AcceptArgs {
    pub(super) fn accept(self) -> Accept {
        Accept {
            drift: self.accept_drift,
            existing: self.accept_existing,
            unknown: self.accept_unknown,
            warnings: self.accept_warnings,
            pinned: self.accept_pinned,
        }
    }
}

impl OrderArgs {
    /// Why, in the user's words.
    pub(super) fn message(&self) -> Option<&str> {
        self.message.as_deref()
    }

    /// The order, with what its list names.
    pub(super) fn order(
        &self,
        server: &str,
        entrance: Entrance,
        global: &Global,
    ) -> Result<Order, CommandError> {
        Ok(Order {
            what: self.list.and(self.what.clone(), global)?,
            server: server.to_owned(),
            rules: self.rules.clone(),
            environment: self.environment.clone(),
            reference: self.reference.clone(),
            description: self.message.clone().unwrap_or_default(),
            tag: self.tag.clone(),
            options: Options {
                auto_build: self.auto_build,
                auto_delete_days: self.auto_delete,
                rebuild_daily: self.rebuild_daily,
                no_overwrite: self.no_overwrite,
            },
            entrance,
        })
    }
}

fn auto_build(text: &str) -> Result<AutoBuild, String> {
    let numbers = text.split_once('/').and_then(|(days, advance)| {
        Some(AutoBuild { days: days.parse().ok()?, advance: advance.parse().ok()? })
    });
    numbers.ok_or_else(|| "write the days and how many in advance, such as `7/2`".to_owned())
}
