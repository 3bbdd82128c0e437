//! Work whose time has passed, and that never began: `doctor` ends it.

use deploy_core::deploy::batch::{Fate, fate, is_overdue};
use deploy_core::opcon::Wait;
use deploy_core::repository::Repository;
use deploy_core::repository::records::{OpenOperation, Phase, Record, Records, Status};
use deploy_core::repository::servers;

use super::super::changing::now;
use super::{called_off, end, told, what};
use crate::Exit;
use crate::error::CommandError;
use crate::system::{Target, block_on, who};
use crate::ui::{Ui, local_time, one_line};

/// Work that waited together, the record that its job names first.
pub(in super::super) struct Overdue(Vec<OpenOperation>);

/// All of it.
pub(in super::super) fn overdue(records: &Records<'_>) -> Result<Vec<Overdue>, CommandError> {
    let mut groups: Vec<Overdue> = Vec::new();
    for operation in records.open_operations()? {
        if !is_overdue(&operation.record, now()) {
            continue;
        }
        let together = operation.record.transaction;
        let group = groups.iter_mut().find(|group| {
            together.is_some() && group.0.first().is_some_and(|first| first.record.transaction == together)
        });
        match group {
            Some(group) => group.0.push(operation),
            None => groups.push(Overdue(vec![operation])),
        }
    }
    Ok(groups)
}

impl Overdue {
    fn records(&self) -> Vec<Record> {
        self.0.iter().map(|operation| operation.record.clone()).collect()
    }

    /// What it is, for who looks.
    pub(in super::super) fn text(&self) -> String {
        let records = self.records();
        let Some((first, scheduled)) =
            records.first().and_then(|first| Some((first, first.scheduled.as_ref()?)))
        else {
            return String::new();
        };
        let action = super::super::records::action_word(Some(first.action));
        let state = match first.phase {
            Phase::Scheduling if first.reason.is_some() => first.reason.clone().unwrap_or_default(),
            Phase::Scheduling => {
                format!("was cut off while it was scheduled ({})", local_time(first.begun.timestamp()))
            }
            _ => format!("was to begin at {} and has not", told(&scheduled.at, &scheduled.zone)),
        };
        format!(
            "{action} of {} on `{}`, asked for by {}, {state}; record {}",
            what(&records),
            first.server,
            first.user.name,
            first.id
        )
    }

    /// Asks the batch server what became of it, and ends it unless it may still begin.
    pub(in super::super) fn settle(&self, repository: &Repository, ui: &Ui) -> Result<Exit, CommandError> {
        let records = self.records();
        let Some((first, scheduled)) =
            records.first().and_then(|first| Some((first, first.scheduled.as_ref()?)))
        else {
            return Ok(Exit::Done);
        };
        let batch = servers::find(repository, &scheduled.server)?;
        let wanted = called_off::wanted(repository, &batch, first, scheduled)?;
        let opcon_user = who(repository)?.person.opcon_user;
        let target = Target::connect(repository, batch, opcon_user.as_deref(), ui)?;
        let became = block_on(async {
            target.system.sign_on().await?;
            let became = fate(&*target.system, first, &wanted, Wait::default()).await;
            target.sign_off().await;
            Ok::<Fate, CommandError>(became?)
        })??;
        match became {
            Fate::Over(reason) => {
                end(repository, &self.0, Status::Failed, &reason)?;
                ui.note(format!(
                    "{} on `{}`: {}",
                    what(&records),
                    one_line(&first.server),
                    one_line(&reason)
                ));
            }
            Fate::Waiting(words) => {
                ui.note(format!(
                    "{} on `{}` may still begin: {}",
                    what(&records),
                    one_line(&first.server),
                    one_line(&words)
                ));
            }
        }
        Ok(Exit::Done)
    }
}
