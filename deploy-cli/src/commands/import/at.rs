//! `import --at` and `import --record`: a job of OpCon does it, and a record waits for that.

use deploy_core::deploy::execute::Asked;
use deploy_core::repository::Repository;
use deploy_core::repository::change::Destination;
use deploy_core::repository::import::{ImportOptions, Imported};
use deploy_core::repository::records::{Action, ImportWords, Kind, Phase, Reach, Record, Scheduled, Status};
use deploy_core::repository::servers;

use super::super::batch::{Appointing, Clock, Taken, finish};
use super::super::changing::{ChangeArgs, now};
use super::super::deploy::tell_scheduled;
use super::server::bring_all;
use super::{ImportArgs, report};
use crate::cli::Global;
use crate::error::CommandError;
use crate::system::{Target, who};
use crate::ui::Ui;
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
    let who = who(repository)?;
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
        scheduled: Some(Scheduled { import: Some(words), ..clock.scheduled(at, true, patterns.clone()) }),
        ..asked.record(Kind::Schedule, Action::Import, &named.name, &patterns.join(", "))
    };
    tell_scheduled(&Appointing::new(repository, &clock, &who, ui)?.appoint(vec![record])?, ui)
}

/// Does what waited.
pub(super) fn take(repository: &Repository, id: &str, ui: &Ui) -> CommandResult {
    let records = ChangeArgs::default().records(repository)?;
    let taken = Taken::take(repository, &records, id, Action::Import, ui)?;
    let (imported, exit) = match import(repository, &taken, ui) {
        Ok(done) => done,
        Err(error) => return Err(taken.fail(repository, error, ui)),
    };
    let status = if exit == Exit::Done { Status::Inactive } else { Status::Failed };
    finish(repository, &taken, report::lines(&imported), status, &report::summary(&imported))?;
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
