//! `deployments reschedule`: what waits gets another time.

use clap::Args;
use deploy_core::repository::records::{Phase, Record, Scheduled};
use deploy_core::repository::servers;

use super::super::batch::{Appointing, Clock, waiting};
use super::super::changing::{ChangeArgs, now};
use super::super::deploy::tell_scheduled;
use super::super::open;
use super::cancel::may_change;
use crate::CommandResult;
use crate::cli::Global;
use crate::system::who;
use crate::ui::Ui;

/// Give what waits another time
///
/// The job that stands in the daily is taken out, and one for the new time added.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  opcon-deploy deployments reschedule 0198d3a0-53c1 --at '2026-12-02 06:30'"
)]
pub(super) struct RescheduleArgs {
    /// The id of the record, or the beginning of it
    #[arg(value_name = "ID")]
    id: String,
    /// When instead: by the batch server's clock, or with an offset
    #[arg(long, value_name = "TIME")]
    at: String,
}

pub(super) fn run(args: RescheduleArgs, global: &Global, ui: &Ui) -> CommandResult {
    let repository = open(global, ui)?;
    let records = ChangeArgs::default().records(&repository)?;
    let operations = waiting(&records, &args.id)?;
    let who = who(&repository)?;
    may_change(&repository, &operations, &who)?;
    let before: Vec<Record> = operations.into_iter().map(|operation| operation.record).collect();
    // It stays with the server whose daily has it.
    let server = before.iter().find_map(|record| record.scheduled.as_ref()).map(|one| one.server.clone());
    let clock = Clock::of(servers::find(&repository, &server.unwrap_or_default())?)?;
    let at = clock.moment(&args.at, now())?;
    let anew = |record: &Record| Record {
        phase: Phase::Scheduling,
        begun: now(),
        // The job that stands there is known until the other one does.
        scheduled: record.scheduled.clone().map(|scheduled| Scheduled {
            at,
            zone: clock.zone.name().to_owned(),
            ..scheduled
        }),
        ..record.clone()
    };
    let records: Vec<Record> = before.iter().map(anew).collect();
    let appointing = Appointing::new(&repository, &clock, &who, ui)?;
    tell_scheduled(&appointing.appoint_anew(&before, records)?, ui)
}
