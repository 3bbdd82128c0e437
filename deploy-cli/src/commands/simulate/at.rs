//! `simulate --at` and `simulate --record`: a job of OpCon does it, the report is in the record.

use deploy_core::deploy::execute::Asked;
use deploy_core::deploy::{Order, Planned, Severity, select};
use deploy_core::repository::Repository;
use deploy_core::repository::records::{Action, Kind, Phase, Record, Scheduled, Source, Status, Told};
use deploy_core::repository::servers;

use super::super::batch::{Appointing, Clock, Taken, finish};
use super::super::changing::{ChangeArgs, now};
use super::super::deploy::{exactly, tell_scheduled};
use super::super::history;
use super::{context, exit, found, plan, text};
use crate::CommandResult;
use crate::error::CommandError;
use crate::system::who;
use crate::ui::{Ui, one_line};

/// Lets OpCon start it.
pub(super) fn schedule(
    repository: &Repository,
    mut order: Order,
    at: &str,
    as_then: bool,
    ui: &Ui,
) -> CommandResult {
    let records = ChangeArgs::default().records(repository)?;
    let identity = who(repository)?;
    let server = servers::find(repository, &order.server)?;
    let clock = Clock::find(repository, &repository.settings_of_main()?)?;
    let at = clock.moment(at, now())?;
    let history = history(repository, ui)?;
    let context = context(&records, &history, &identity, &server)?;
    // What is tried then is what a commit has, never what lies in somebody's work tree.
    let tip = history.tip().commit.to_string();
    let of_commit = Order { reference: order.reference.clone().or(Some(tip)), ..order.clone() };
    let selection = select(&context, &of_commit)?;
    if !as_then {
        order = exactly(&order, &selection);
    }
    let (kind, name, source) = match (&selection.package, selection.items.as_slice()) {
        (Some(package), _) => (Kind::Package, package.name.clone(), package.source.clone()),
        (None, [one]) => (Kind::Schedule, one.name.clone(), one.source.clone()),
        (None, items) => {
            let names: Vec<&str> = items.iter().map(|item| item.name.as_str()).collect();
            (Kind::Schedule, names.join(", "), Source::default())
        }
    };
    let asked = Asked {
        user: identity.person.clone(),
        runner: None,
        offline: false,
        begun: now(),
        description: order.description.clone(),
        accepted: Vec::new(),
        settings: server.commit.to_string(),
    };
    let begun = asked.record(kind, Action::Simulate, &server.name, &name);
    let settings = repository.settings_of_main()?;
    let record = Record {
        phase: Phase::Scheduling,
        source,
        told: Told {
            tag: order.tag.clone(),
            environment: order.environment.clone(),
            options: Some(order.options.import_rules(&settings.deploy)),
            ..begun.told.clone()
        },
        scheduled: Some(Scheduled {
            rules: order.rules,
            reference: order.reference,
            ..clock.scheduled(at, as_then, order.what)
        }),
        ..begun
    };
    tell_scheduled(&Appointing::new(repository, &clock, &identity, ui)?.appoint(vec![record])?, ui)
}

/// Does what waited.
pub(super) fn take(repository: &Repository, id: &str, ui: &Ui) -> CommandResult {
    let records = ChangeArgs::default().records(repository)?;
    let taken = Taken::take(repository, &records, id, Action::Simulate, ui)?;
    let simulated = || -> Result<Planned, CommandError> {
        taken.refuse_gone(repository)?;
        let mut order = taken.order();
        // The latest then is what main has then, not what lies in a work tree.
        let tip = repository.tip()?.commit.to_string();
        order.reference = order.reference.or(Some(tip));
        plan(&records, &order, &taken.asked, ui)
    };
    let plan = match simulated() {
        Ok(planned) => planned.plan,
        Err(error) => return Err(taken.fail(repository, error, ui)),
    };
    let lines = text::report(&plan);
    let plain = |line: &String| format!("{}\n", anstream::adapter::strip_str(line));
    let report: String = lines.iter().map(plain).collect();
    let status = if plan.count(Severity::Error) > 0 { Status::Failed } else { Status::Inactive };
    finish(repository, &taken, report, status, &found(&plan))?;
    lines.iter().for_each(|line| ui.line(line));
    ui.note(format!("Simulated, nothing was changed on {}: {}", one_line(&plan.server), found(&plan)));
    Ok(exit(&plan))
}
