//! `import --at` and `import --record`: a job of OpCon does it, and a record waits for that.

use deploy_core::deploy::batch::SCHEDULE;
use deploy_core::deploy::execute::Asked;
use deploy_core::repository::Repository;
use deploy_core::repository::change::Destination;
use deploy_core::repository::import::{ImportOptions, Imported, Outcome};
use deploy_core::repository::records::{Action, ImportWords, Kind, Phase, Reach, Record, Scheduled, Status};
use deploy_core::repository::servers;

use super::super::batch::{Appointing, Clock, Taken, finish};
use super::super::changing::{ChangeArgs, now};
use super::super::deploy::tell_scheduled;
use super::server::bring_all;
use super::{ImportArgs, report};
use crate::cli::Global;
use crate::error::CommandError;
use crate::interrupt::Stop;
use crate::system::{Target, runtime};
use crate::ui::{Ui, count};
use crate::{CommandResult, Exit};

/// Lets OpCon start it.
pub(super) fn schedule(
    repository: &Repository,
    server: &str,
    at: &str,
    args: &ImportArgs,
    global: &Global,
    ui: &Ui,
) -> CommandResult {
    let patterns = args.list.and(args.patterns.clone(), global)?;
    let _fetched = ChangeArgs::default().records(repository)?;
    let named = servers::find(repository, server)?;
    let who = crate::system::who(repository)?;
    who.may_import_from(named.server.kind.class())?;
    let clock = Clock::find(repository, &repository.settings_of_main()?)?;
    let at = clock.moment(at, now())?;
    let asked = Asked {
        user: who.person.clone(),
        runner: None,
        offline: false,
        begun: now(),
        description: args.commit.message.clone().unwrap_or_default(),
        accepted: Vec::new(),
        settings: named.commit.to_string(),
    };
    let words = ImportWords {
        sub_schedules: args.sub_schedules,
        package: args.package.clone(),
        app: args.app.clone(),
        branch: match args.commit.destination("import") {
            Destination::Head => None,
            Destination::Branch(name) => Some(name),
        },
    };
    let record = Record {
        phase: Phase::Scheduling,
        scheduled: Some(Scheduled {
            at,
            zone: clock.zone.name().to_owned(),
            server: clock.server.name.clone(),
            schedule: SCHEDULE.to_owned(),
            job: None,
            as_then: true,
            what: patterns.clone(),
            rules: Vec::new(),
            reference: None,
            plan: None,
            import: Some(words),
        }),
        ..asked.record(Kind::Schedule, Action::Import, &named.name, &patterns.join(", "))
    };
    let stop = std::sync::Arc::new(Stop::default());
    stop.listen();
    let appointing = Appointing {
        repository,
        reach: Reach::of(repository, false),
        runtime: &runtime()?,
        clock: &clock,
        opcon_user: who.person.opcon_user.as_deref(),
        stop: &stop,
        ui,
    };
    tell_scheduled(&appointing.appoint(vec![record])?, ui)
}

/// Does what waited.
pub(super) fn take(repository: &Repository, id: &str, ui: &Ui) -> CommandResult {
    let records = ChangeArgs::default().records(repository)?;
    let taken = Taken::take(repository, &records, id, Action::Import, ui)?;
    let (imported, exit) = match import(repository, &taken, ui) {
        Ok(done) => done,
        Err(error) => return Err(taken.fail(repository, error, ui)),
    };
    let failed = imported.items.iter().filter(|item| matches!(item.outcome, Outcome::Failed(_))).count();
    let (status, reason) = match exit {
        Exit::Done => (Status::Inactive, format!("{} imported", count(imported.items.len(), "schedule"))),
        _ => (Status::Failed, format!("{failed} of {} failed", count(imported.items.len(), "schedule"))),
    };
    finish(repository, &taken, report::lines(&imported), status, &reason)?;
    Ok(exit)
}

fn import(repository: &Repository, taken: &Taken, ui: &Ui) -> Result<(Imported, Exit), CommandError> {
    let named = servers::find(repository, &taken.first.server)?;
    taken.asked.may_import_from(named.server.kind.class())?;
    let opcon_user = taken.asked.person.opcon_user.as_deref();
    let target = Target::connect(repository, named, opcon_user, ui)?;
    let words = taken.scheduled.import.clone().unwrap_or_default();
    let main = repository.settings().git.main.clone();
    let options = |mut trailers: Vec<(String, String)>| {
        trailers.push(("Asked-By".to_owned(), taken.first.user.to_string()));
        ImportOptions {
            app: words.app.clone(),
            destination: Destination::Branch(words.branch.clone().unwrap_or(main)),
            message: Some(taken.first.told.description.clone()).filter(|text| !text.is_empty()),
            trailers,
            push: Reach::of(repository, false) == Reach::Remote,
        }
    };
    let (what, package) = (&taken.scheduled.what, words.package.as_deref());
    bring_all(repository, &target, what, words.sub_schedules, package, options, ui)
}
