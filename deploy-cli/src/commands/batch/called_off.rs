//! The job of what is called off comes out of the daily.

use deploy_core::deploy::batch::{Appointment, Slot, take_out_all};
use deploy_core::opcon::Wait;
use deploy_core::repository::Repository;
use deploy_core::repository::records::{Phase, Record, Scheduled};
use deploy_core::repository::servers::{self, Named};
use deploy_core::repository::users::Identity;

use super::{appoint, there};
use crate::error::CommandError;
use crate::system::{Target, block_on};
use crate::ui::Ui;

/// Takes out the job of records that wait together.
pub(in super::super) fn clear(
    repository: &Repository,
    records: &[Record],
    who: &Identity,
    ui: &Ui,
) -> Result<(), CommandError> {
    let Some((first, scheduled)) = records.first().and_then(|first| Some((first, first.scheduled.as_ref()?)))
    else {
        return Ok(());
    };
    let batch = servers::find(repository, &scheduled.server)?;
    let wanted = wanted(repository, &batch, first, scheduled)?;
    let target = Target::connect(repository, batch, who.person.opcon_user.as_deref(), ui)?;
    let reason = format!("called off by {}", who.person.name);
    block_on(async {
        target.system.sign_on().await?;
        let out = take_out_all(&*target.system, first, &wanted, &reason, Wait::default()).await;
        target.sign_off().await;
        Ok::<(), CommandError>(out?)
    })?
}

/// Where a job may stand that its record does not name yet.
pub(super) fn wanted(
    repository: &Repository,
    batch: &Named,
    record: &Record,
    scheduled: &Scheduled,
) -> Result<Vec<Appointment>, CommandError> {
    if record.phase != Phase::Scheduling {
        return Ok(Vec::new());
    }
    let slot = Slot::of_hour(&scheduled.at);
    let names = there::names(repository, batch)?;
    Ok(names.into_iter().map(|name| appoint::appointment(record, scheduled, name, slot.clone())).collect())
}
