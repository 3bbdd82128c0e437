//! What waited, and whose time has come.

use deploy_core::deploy::{Accept, Entrance, Options, Order};
use deploy_core::repository::Repository;
use deploy_core::repository::layout::Kind as Stored;
use deploy_core::repository::listing::Listing;
use deploy_core::repository::records::{
    Action, Entry, Kind, Ledger, OpenOperation, Person, Phase, Reach, Record, Records, Scheduled, Status,
};
use deploy_core::repository::servers;
use deploy_core::repository::users::{Identity, identify, identify_email};

use super::super::changing::now;
use super::waiting;
use crate::Exit;
use crate::error::CommandError;
use crate::system::runtime;
use crate::ui::{Ui, one_line};

/// Records that waited together, with who asked for it and who runs it.
pub(in super::super) struct Taken {
    pub(in super::super) operations: Vec<OpenOperation>,
    /// The record that the job names.
    pub(in super::super) first: Record,
    /// When and what exactly.
    pub(in super::super) scheduled: Scheduled,
    /// Who asked, as users.toml knows them now.
    pub(in super::super) asked: Identity,
    /// Who runs it, where that is somebody else.
    pub(in super::super) runner: Option<Person>,
}

impl Taken {
    /// Takes what waits under a record. What does not wait any more is no failure of its own: the
    /// exit code says so.
    pub(in super::super) fn take(
        repository: &Repository,
        records: &Records<'_>,
        id: &str,
        action: Action,
        ui: &Ui,
    ) -> Result<Self, CommandError> {
        let nothing = |mut error: CommandError| {
            error.code = Exit::NothingWaits;
            error
        };
        let operations = waiting(records, id).map_err(nothing)?;
        let first = operations.first().map(|operation| operation.record.clone());
        let waits = first.and_then(|first| Some((first.scheduled.clone()?, first)));
        let (scheduled, first) = waits.ok_or_else(|| nothing(CommandError::failed("nothing waits")))?;
        if first.phase != Phase::Scheduled {
            let message = format!("the record `{}` is still being scheduled", first.id);
            return Err(nothing(CommandError::failed(message)));
        }
        if first.action != action {
            let message = format!("the record `{}` waits for another command", first.id);
            return Err(CommandError::usage(message));
        }
        let settings = repository.settings_of_main()?;
        let runner = identify(repository, &settings)?;
        let (name, email) = (&first.user.name, &first.user.email);
        let asked = identify_email(repository, name, email);
        let is_other = asked.as_ref().map_or(true, |asked| asked.person.name != runner.person.name);
        if is_other {
            // Whoever may not run it may not record either that it failed.
            runner.may_run_for_others()?;
        }
        let asked = match asked {
            Ok(asked) => asked,
            Err(error) => return Err(fail(repository, &operations, error.into(), ui)),
        };
        let runner = is_other.then_some(runner.person);
        Ok(Self { operations, first, scheduled, asked, runner })
    }

    /// What is to be deployed, or simulated.
    pub(in super::super) fn order(&self) -> Order {
        let (record, scheduled) = (&self.first, &self.scheduled);
        Order {
            what: scheduled.what.clone(),
            server: record.server.clone(),
            rules: scheduled.rules.clone(),
            environment: record.told.environment.clone(),
            reference: scheduled.reference.clone(),
            description: record.told.description.clone(),
            tag: record.told.tag.clone(),
            options: record.told.options.as_ref().map(Options::from).unwrap_or_default(),
            entrance: Entrance::Unattended,
        }
    }

    /// What was accepted when it was scheduled.
    pub(in super::super) fn accept(&self) -> Accept {
        let has = |word: &str| self.first.told.accepted.iter().any(|accepted| accepted == word);
        Accept {
            drift: has("drift"),
            existing: has("existing"),
            unknown: has("unknown"),
            warnings: has("warnings"),
            pinned: has("pinned"),
        }
    }

    /// A package that was deleted meanwhile is not deployed.
    pub(in super::super) fn refuse_gone(&self, repository: &Repository) -> Result<(), CommandError> {
        let record = &self.first;
        if record.kind != Kind::Package {
            return Ok(());
        }
        let git = repository.git2();
        let tree = git.find_commit(repository.tip()?.commit)?.tree()?;
        let listing = Listing::read(git, &tree, Stored::Package)?;
        match listing.get(&deploy_core::definition::encode(&record.name)) {
            Some(_) => Ok(()),
            None => Err(CommandError::failed(format!(
                "package `{}` not found: it was deleted",
                one_line(&record.name)
            ))),
        }
    }

    /// Ends the records with the reason why it did not happen; the error to report.
    pub(in super::super) fn fail(
        &self,
        repository: &Repository,
        error: CommandError,
        ui: &Ui,
    ) -> CommandError {
        fail(repository, &self.operations, error, ui)
    }
}

fn fail(repository: &Repository, operations: &[OpenOperation], error: CommandError, ui: &Ui) -> CommandError {
    let reason = error.for_record();
    if let Err(open) = end(repository, operations, Status::Failed, &reason) {
        // What has begun meanwhile is ended by who began it.
        ui.detail(format!("its record is as it was: {}", one_line(open.message())));
    }
    error
}

/// Ends what waited, if it waits still. Who does it is judged by main as it is now.
pub(in super::super) fn end(
    repository: &Repository,
    operations: &[OpenOperation],
    status: Status,
    reason: &str,
) -> Result<(), CommandError> {
    let reach = Reach::of(repository, false);
    let at = now();
    let settings = repository.shared_main()?.0.to_string();
    let ended = operations.iter().map(|operation| {
        let record = Record {
            settings: Some(settings.clone()),
            status,
            phase: Phase::Done,
            ended: Some(at),
            reason: Some(reason.to_owned()),
            ..operation.record.clone()
        };
        Entry::ended(&record).seen(&record, operation.entry)
    });
    let Some(entry) = ended.reduce(Entry::and) else { return Ok(()) };
    let ledger = Ledger::start(repository, reach)?;
    runtime()?.block_on(ledger.write(entry))?;
    Ok(())
}

/// Ends what changed nothing on its target: with a report, and the words of how it went.
pub(in super::super) fn finish(
    repository: &Repository,
    taken: &Taken,
    report: String,
    status: Status,
    reason: &str,
) -> Result<(), CommandError> {
    let Some(seen) = taken.operations.first().map(|operation| operation.entry) else { return Ok(()) };
    let done = Record {
        phase: Phase::Verified,
        settings: Some(servers::find(repository, &taken.first.server)?.commit.to_string()),
        report: Some(report),
        runner: taken.runner.clone(),
        user: Person { opcon_user: taken.first.user.opcon_user.clone(), ..taken.asked.person.clone() },
        ..taken.first.clone()
    };
    let ended = Record {
        phase: Phase::Done,
        status,
        reason: Some(reason.to_owned()),
        ended: Some(now()),
        ..done.clone()
    };
    let ledger = Ledger::start(repository, Reach::of(repository, false))?;
    runtime()?.block_on(async {
        ledger.write(Entry::progress(&done).seen(&done, seen)).await?;
        ledger.write(Entry::ended(&ended).seen(&ended, Entry::blob_of(&done))).await
    })?;
    Ok(())
}
