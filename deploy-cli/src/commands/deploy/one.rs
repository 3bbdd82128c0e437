//! One transaction: planned, shown, planned again under the lease, carried out.

use std::path::Path;

use deploy_core::deploy::execute::{Before, Done, Transaction};
use deploy_core::deploy::{Accept, Entrance, Order, PLAN_SCHEMA, Plan, Planned};
use deploy_core::repository::records::{Place, Records};

use super::super::changing::Held;
use super::{Deploying, show};
use crate::CommandResult;
use crate::error::CommandError;
use crate::ui::{Ui, count, local_time, one_line};

/// Reads a plan that `simulate --plan` wrote.
pub(super) fn read_plan(path: &Path) -> Result<Plan, CommandError> {
    let bytes = std::fs::read(path).map_err(|error| CommandError::io("read", path, &error))?;
    let wrong = |what: String| CommandError::failed(format!("`{}` {what}", path.display()));
    let plan: Plan =
        serde_json::from_slice(&bytes).map_err(|error| wrong(format!("is not a plan: {error}")))?;
    match plan.schema {
        PLAN_SCHEMA => Ok(plan),
        other => Err(wrong(format!("is a plan of form {other}; this program reads form {PLAN_SCHEMA}"))),
    }
}

/// Asks for what the plan was made of.
pub(super) fn follow_plan(order: &mut Order, plan: &Plan) -> Result<(), CommandError> {
    if !plan.server.eq_ignore_ascii_case(&order.server) {
        return Err(CommandError::usage(format!(
            "the plan is for `{}`, not for `{}`",
            one_line(&plan.server),
            order.server
        )));
    }
    let is_other = |asked: bool| if asked { Err(CommandError::usage(OTHER)) } else { Ok(()) };
    is_other(!order.what.is_empty() && order.what != plan.what)?;
    is_other(!order.rules.is_empty() && order.rules != plan.asked_rules)?;
    is_other(order.environment.is_some() && order.environment != plan.environment)?;
    is_other(order.reference.is_some() && order.reference != plan.reference)?;
    is_other(order.options != Default::default() && order.options != plan.options)?;
    order.what.clone_from(&plan.what);
    order.rules.clone_from(&plan.asked_rules);
    order.environment.clone_from(&plan.environment);
    order.reference.clone_from(&plan.reference);
    order.options = plan.options.clone();
    if order.description.is_empty() {
        order.description.clone_from(&plan.description);
    }
    order.tag = order.tag.take().or_else(|| plan.tag.clone());
    Ok(())
}

const OTHER: &str = "the plan was made for other words; leave them out, or make a new plan";

pub(super) fn run(mut deploying: Deploying<'_>, yes: bool, ui: &Ui) -> CommandResult {
    let changing = deploying.changing;
    if deploying.order.entrance == Entrance::Terminal {
        // What is shown is what will be done: it is planned before anybody is kept waiting.
        let planned = plan(&deploying, &changing.records)?;
        check_agreed(&deploying, &planned.plan)?;
        show::plan(&planned.plan, ui);
        let refused = ask_refusals(&planned.plan, &mut deploying.accept, Entrance::Terminal, ui)?;
        if refused || !yes && !confirmed(&deploying, ui) {
            return Ok(changing.declined(ui));
        }
        deploying.agreed = Some(planned.plan);
    }
    show::done(&under_lease(&deploying, ui)?, ui)
}

/// Takes the lease, carries it out, and gives the lease back.
pub(super) fn under_lease(deploying: &Deploying<'_>, ui: &Ui) -> Result<Done, CommandError> {
    let held = deploying.changing.hold(&deploying.purpose(), ui)?;
    let done = carry_out(deploying, &held, ui);
    deploying.changing.release(held, ui);
    done
}

pub(super) fn plan(deploying: &Deploying<'_>, records: &Records<'_>) -> Result<Planned, CommandError> {
    let planned = deploying.changing.runtime.block_on(async {
        let planner = deploying.planner(records).await?;
        planner.plan(&deploying.selection.items).await
    });
    Ok(planned?)
}

fn carry_out(deploying: &Deploying<'_>, held: &Held<'_>, ui: &Ui) -> Result<Done, CommandError> {
    let changing = deploying.changing;
    let planned = plan(deploying, &held.records)?;
    refuse_moved(&deploying.changing.records, &held.records, &planned.plan)?;
    check_agreed(deploying, &planned.plan)?;
    check_scheduled(deploying, &planned.plan)?;
    let refusals = planned.plan.refusals(&deploying.accept, deploying.order.entrance);
    if !refusals.is_empty() {
        return Err(show::refused(&planned.plan, &refusals, ui));
    }
    let before = Before::read(&held.records, &planned.plan)?;
    let mut transaction = Transaction::deploying(planned, before, &deploying.asked(&deploying.accept));
    if let Some(taken) = deploying.taken {
        transaction = transaction.take_up(&taken.operations);
    }
    Ok(changing.run(held, transaction, ui)?)
}

/// Whether schedules and rules are those that were scheduled.
fn check_scheduled(deploying: &Deploying<'_>, plan: &Plan) -> Result<(), CommandError> {
    let Some(scheduled) = deploying.taken.and_then(|taken| taken.scheduled.plan.as_ref()) else {
        return Ok(());
    };
    let moved = match (scheduled.source == plan.digests.source, scheduled.rules == plan.digests.rules) {
        (true, true) => return Ok(()),
        (false, _) => "source",
        (true, false) => "rules",
    };
    Err(CommandError::refused(format!(
        "{} than when it was scheduled; nothing was changed on `{}`",
        show::moved_words(moved),
        deploying.server()
    ))
    .hint("schedule it again; `--as-then` takes the latest at that time"))
}

/// Whether the plan is the one that was agreed to.
pub(super) fn check_agreed(deploying: &Deploying<'_>, plan: &Plan) -> Result<(), CommandError> {
    let Some(agreed) = &deploying.agreed else { return Ok(()) };
    let moved = agreed.moved(plan);
    if moved.is_empty() {
        return Ok(());
    }
    let words: Vec<&str> = moved.iter().map(|part| show::moved_words(part)).collect();
    Err(CommandError::refused(format!(
        "the plan is out of date: {}; nothing was changed on `{}`",
        words.join(", "),
        deploying.server()
    ))
    .hint("make a new plan and look at it: `opcon-deploy simulate … --plan FILE`"))
}

/// Refuses what another command changed while this one waited.
pub(super) fn refuse_moved(before: &Records<'_>, now: &Records<'_>, plan: &Plan) -> Result<(), CommandError> {
    if before.tip() == now.tip() {
        return Ok(());
    }
    for schedule in &plan.schedules {
        let entry = |records: &Records<'_>| {
            records.active_of(&plan.server, &schedule.name).map(|standing| standing.map(|one| one.entry))
        };
        if entry(before)? != entry(now)? {
            let path = Place::Active(&plan.server, &schedule.name).path();
            let (who, when) = now.who_moved(&path)?.unwrap_or_default();
            return Err(CommandError::refused(format!(
                "`{}` on `{}` was changed by {} ({}) while this command waited; nothing was changed by this one",
                one_line(&schedule.name),
                plan.server,
                one_line(&who),
                local_time(when)
            ))
            .hint("look at what stands there now, then run the command again"));
        }
    }
    Ok(())
}

/// Shows each refusal and asks; whether one was not accepted.
pub(super) fn ask_refusals(
    plan: &Plan,
    accept: &mut Accept,
    entrance: Entrance,
    ui: &Ui,
) -> Result<bool, CommandError> {
    let refusals = plan.refusals(accept, entrance);
    if refusals.iter().any(|refusal| refusal.kind.option().is_none()) {
        return Err(show::refused(plan, &refusals, ui));
    }
    for refusal in &refusals {
        show::refusal(refusal, ui);
        let Some(option) = refusal.kind.option() else { continue };
        match ui.ask(&format!("Deploy nevertheless ({option})?")) {
            Some(true) => accept.add(refusal.kind),
            _ => return Ok(true),
        }
    }
    Ok(false)
}

fn confirmed(deploying: &Deploying<'_>, ui: &Ui) -> bool {
    let what = match &deploying.selection.package {
        Some(package) => format!("package `{}`", one_line(&package.name)),
        None => count(deploying.selection.items.len(), "schedule"),
    };
    ui.ask(&format!("Deploy {what} to `{}`?", deploying.server())) == Some(true)
}
