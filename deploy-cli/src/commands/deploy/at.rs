//! `deploy --at`: a job of OpCon will do it, and a record waits for that.

use deploy_core::deploy::execute::waiting;
use deploy_core::deploy::{Entrance, Order, Selected, Selection, select};
use deploy_core::repository::records::{Action, PlanDigests, Record, Scheduled};
use serde_json::json;

use super::super::batch::{Appointing, Clock, told};
use super::super::changing::{ChangeArgs, now};
use super::{Deploying, one, show};
use crate::error::CommandError;
use crate::ui::{Ui, one_line, style, styled};
use crate::{CommandResult, Exit};

pub(super) fn run(
    mut deploying: Deploying<'_>,
    at: &str,
    as_then: bool,
    change: ChangeArgs,
    ui: &Ui,
) -> CommandResult {
    let changing = deploying.changing;
    if change.is_offline() {
        return Err(CommandError::usage("what is scheduled has to reach the remote: not with `--offline`"));
    }
    let clock = Clock::find(changing.repository, &changing.settings)?;
    let at = clock.moment(at, now())?;
    if !as_then {
        // What is taken now is what will be deployed then.
        deploying.order = exactly(&deploying.order, &deploying.selection);
        deploying.selection = select(&deploying.context, &deploying.order)?;
    }
    let plan = one::plan(&deploying, &changing.records)?.plan;
    one::check_agreed(&deploying, &plan)?;
    // Nobody can be asked at that time.
    let entrance = Entrance::Unattended;
    if deploying.order.entrance == Entrance::Terminal {
        show::plan(&plan, ui);
        let refused = one::ask_refusals(&plan, &mut deploying.accept, entrance, ui)?;
        let question = format!("Schedule it for {}?", told(&at, clock.zone.name()));
        if refused || !change.yes && ui.ask(&question) != Some(true) {
            return Ok(changing.declined(ui));
        }
    }
    let refusals = plan.refusals(&deploying.accept, entrance);
    if !refusals.is_empty() {
        return Err(show::refused(&plan, &refusals, ui));
    }
    let (source, rules) = (plan.digests.source.clone(), plan.digests.rules.clone());
    let scheduled = Scheduled {
        rules: deploying.order.rules.clone(),
        reference: deploying.order.reference.clone(),
        plan: (!as_then).then_some(PlanDigests { source, rules }),
        ..clock.scheduled(at, as_then, deploying.order.what.clone())
    };
    let asked = deploying.asked(&deploying.accept);
    let records = waiting(&plan, Action::Deploy, &asked, &scheduled);
    changing.sign_off();
    let appointing = Appointing::new(changing.repository, &clock, &changing.identity, ui)?;
    let records = appointing.appoint(records)?;
    tell(&records, ui)
}

/// The order with nothing left open: names instead of patterns, and a commit.
pub(in super::super) fn exactly(order: &Order, selection: &Selection) -> Order {
    let written = |name: &str, prefix: &str| {
        let of_it = |what: &&String| {
            let what = what.strip_prefix(prefix).unwrap_or(what);
            what == name || what.rsplit_once('@').is_some_and(|(before, _)| before == name)
        };
        order.what.iter().find(of_it).cloned().unwrap_or_else(|| format!("{prefix}{name}"))
    };
    let what = match &selection.package {
        Some(package) => vec![written(&package.name, "package:")],
        None => selection.items.iter().map(|item: &Selected| written(&item.name, "")).collect(),
    };
    Order { what, reference: Some(selection.commit.to_string()), ..order.clone() }
}

/// A line for each record that waits.
pub(in super::super) fn tell(records: &[Record], ui: &Ui) -> CommandResult {
    if ui.is_json() {
        ui.json("deployments", &records.iter().map(as_json).collect::<Vec<_>>())?;
        return Ok(Exit::Done);
    }
    let width = records.iter().map(|record| record.name.chars().count()).max().unwrap_or(0).min(40);
    for record in records {
        let Some(scheduled) = &record.scheduled else { continue };
        let version = record.source.version.filter(|_| !scheduled.as_then);
        let version = version.map(|version| format!("version {version} ")).unwrap_or_default();
        let what = match record.action {
            Action::Import => format!("imported from {}", record.server),
            Action::Simulate => format!("{version}simulated for {}", record.server),
            _ => format!("{version}on {}", record.server),
        };
        let when = format!("{what} at {}", told(&scheduled.at, &scheduled.zone));
        ui.line(format!("{:width$}  {}", one_line(&record.name), styled(style::ADDED, when)));
    }
    if let Some(first) = records.first() {
        ui.note(format!("Record {}", first.id));
        ui.hint(format!("`opcon-deploy deployments cancel {}` calls it off", first.id));
    }
    Ok(Exit::Done)
}

/// A record that waits, for JSON.
pub(in super::super) fn as_json(record: &Record) -> serde_json::Value {
    let scheduled = record.scheduled.as_ref();
    json!({
        "name": record.name,
        "originalName": record.original_name,
        "server": record.server,
        "record": record.id,
        "action": record.action,
        "type": record.kind,
        "status": record.status,
        "phase": record.phase,
        "version": record.source.version,
        "user": record.user.to_string(),
        "description": record.told.description,
        "tag": record.told.tag,
        "transaction": record.transaction,
        "at": scheduled.map(|scheduled| scheduled.at.to_rfc3339()),
        "zone": scheduled.map(|scheduled| &scheduled.zone),
        "batchServer": scheduled.map(|scheduled| &scheduled.server),
        "job": scheduled.and_then(|scheduled| scheduled.job.as_ref()),
        "asThen": scheduled.map(|scheduled| scheduled.as_then),
        "outcome": "scheduled",
    })
}
