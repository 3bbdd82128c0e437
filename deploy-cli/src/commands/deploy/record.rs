//! `deploy --record`: what OpCon starts when the time of a deployment has come.

use deploy_core::deploy::execute::Done;
use deploy_core::repository::Repository;
use deploy_core::repository::history::History;
use deploy_core::repository::records::{Action, OpenOperation, Records, Status};

use super::super::batch::{Taken, end};
use super::super::changing::{ChangeArgs, Changing};
use super::{Deploying, one, show};
use crate::CommandResult;
use crate::error::CommandError;
use crate::ui::{Ui, one_line};

pub(super) fn run(repository: &Repository, id: &str, change: ChangeArgs, ui: &Ui) -> CommandResult {
    let records = change.records(repository)?;
    let taken = Taken::take(repository, &records, id, Action::Deploy, ui)?;
    let done = match carry_out(&taken, records, change, ui) {
        Ok(done) => done,
        Err(error) => return Err(taken.fail(repository, error, ui)),
    };
    end_the_rest(repository, &taken, &done, ui);
    show::done(&done, ui)
}

fn carry_out(taken: &Taken, records: Records<'_>, change: ChangeArgs, ui: &Ui) -> Result<Done, CommandError> {
    let repository = records.repository();
    taken.refuse_gone(repository)?;
    let order = taken.order();
    let (asked, runner) = (taken.asked.clone(), taken.runner.clone());
    let changing = Changing::for_somebody(records, &order.server, change, asked, runner, ui)?;
    changing.identity.may_deploy_to(changing.server.server.kind.class())?;
    let history = History::load(repository)?;
    let prepared = Deploying::prepare(&changing, &history, order, taken.accept())?;
    let deploying = Deploying { taken: Some(taken), ..prepared };
    one::under_lease(&deploying, ui).inspect_err(|_| changing.sign_off())
}

/// Where the latest was taken, a schedule may not be among it any more.
fn end_the_rest(repository: &Repository, taken: &Taken, done: &Done, ui: &Ui) {
    let is_done = |operation: &&OpenOperation| {
        let id = operation.record.id;
        done.records.iter().chain(&done.package).any(|record| record.id == id)
    };
    let rest: Vec<OpenOperation> =
        taken.operations.iter().filter(|operation| !is_done(operation)).cloned().collect();
    if rest.is_empty() {
        return;
    }
    if let Err(error) =
        end(repository, &rest, Status::Cancelled, "it was not among what was asked for any more")
    {
        ui.warning(format!("records of what is gone are still open: {}", one_line(error.message())));
    }
}
