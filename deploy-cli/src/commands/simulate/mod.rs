//! `simulate`: everything a deployment does, short of changing the target.

mod at;
mod markdown;
pub(super) mod text;

use std::path::PathBuf;

use clap::Args;
use clap_complete::ArgValueCandidates;
use deploy_core::deploy::{
    Context, Entrance, Order, Plan, Planned, Planner, Remark, Selection, Severity, select,
};
use deploy_core::repository::history::History;
use deploy_core::repository::records::Records;
use deploy_core::repository::servers::{self, Named};
use deploy_core::repository::users::{Administering, Identity};

use super::batch::AtArgs;
use super::changing::now;
use super::order::OrderArgs;
use super::{completions, history, open};
use crate::cli::Global;
use crate::error::CommandError;
use crate::system::{Target, block_on, who};
use crate::ui::{Ui, count, one_line};
use crate::{CommandResult, Exit};

/// Show what a deployment would do, and whether it would be refused
///
/// Runs every check of a deployment against the living target, and shows what
/// differs from what stands there, what the rules do, and what in the daily keeps
/// the old definition. Nothing is changed. Definitions and rules are those of the
/// work tree where it differs from main, which is said. Exit code 3 where a check
/// has errors or warnings.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  opcon-deploy simulate Payroll --to PROD\n  opcon-deploy simulate package:FINANCE@3 --to QA --rule to-qa -o finance.json\n  opcon-deploy simulate Payroll --to PROD --plan payroll.plan    then: deploy --to PROD --plan payroll.plan\n  opcon-deploy simulate Payroll --to PROD --ref \"$BRANCH\" --markdown    in a pipeline of pull requests"
)]
pub struct SimulateArgs {
    /// The OpCon system it would be deployed to
    #[arg(long = "to", value_name = "SERVER", required_unless_present = "record", add = ArgValueCandidates::new(completions::servers))]
    server: Option<String>,
    #[command(flatten)]
    order: OrderArgs,
    /// Write the definition as it would be sent, without deployment information
    #[arg(short, long, value_name = "FILE", conflicts_with = "at")]
    output: Option<PathBuf>,
    /// Write the plan: `deploy --plan` carries out exactly this, or says what has moved
    #[arg(long, value_name = "FILE", conflicts_with = "at")]
    plan: Option<PathBuf>,
    /// Print Markdown for a pull request
    #[arg(long, conflicts_with_all = ["json", "at"])]
    markdown: bool,
    #[command(flatten)]
    at: AtArgs,
    /// Carry out what this record waited for: the command line of the job that OpCon starts
    #[arg(long, value_name = "ID", conflicts_with_all = ["server", "what", "list", "rules", "reference", "output", "plan", "at"])]
    record: Option<String>,
}

pub(super) fn run(args: SimulateArgs, global: &Global, ui: &Ui) -> CommandResult {
    let repository = open(global, ui)?;
    if let Some(id) = &args.record {
        return at::take(&repository, id, ui);
    }
    let server = args.server.as_deref().unwrap_or_default();
    let order = args.order.order(server, Entrance::Unattended, global)?;
    if let Some(at) = &args.at.at {
        return at::schedule(&repository, order, at, args.at.as_then, ui);
    }
    let records = match global.fetch {
        true => Records::fetch(&repository)?,
        false => Records::open(&repository)?,
    };
    let planned = plan(&records, &order, &who(&repository)?, ui)?;
    if let Some(path) = &args.output {
        let definition = planned.definition()?.to_bytes();
        let path = global.at(path);
        std::fs::write(&path, definition).map_err(|error| CommandError::io("write", &path, &error))?;
    }
    let plan = planned.plan;
    if let Some(path) = &args.plan {
        let mut bytes = serde_json::to_vec_pretty(&plan)?;
        bytes.push(b'\n');
        let path = global.at(path);
        std::fs::write(&path, bytes).map_err(|error| CommandError::io("write", &path, &error))?;
    }
    if ui.is_json() {
        ui.json("plan", &plan)?;
    } else if args.markdown {
        ui.print(&markdown::report(&plan));
    } else {
        text::report(&plan).iter().for_each(|line| ui.line(line));
    }
    ui.note(format!("Simulated, nothing was changed on {}: {}", one_line(&plan.server), found(&plan)));
    Ok(exit(&plan))
}

/// How many errors and warnings there are.
fn found(plan: &Plan) -> String {
    match (plan.count(Severity::Error), plan.count(Severity::Warning)) {
        (0, 0) => "no errors, no warnings".to_owned(),
        (errors, warnings) => format!("{}, {}", count(errors, "error"), count(warnings, "warning")),
    }
}

fn exit(plan: &Plan) -> Exit {
    match plan.count(Severity::Error) + plan.count(Severity::Warning) {
        0 => Exit::Done,
        _ => Exit::Findings,
    }
}

/// What decides a simulation besides what is asked of the target.
fn context<'a>(
    records: &'a Records<'a>,
    history: &'a History,
    identity: &Identity,
    server: &Named,
) -> Result<Context<'a>, CommandError> {
    let repository = records.repository();
    Ok(Context {
        repository,
        history,
        records,
        settings: repository.settings_of_main()?,
        person: identity.person.clone(),
        server: server.clone(),
        trying: true,
        must_be_pushed: true,
        may_deploy_packaged: identity.may_administer(Administering::PackagedScheduleAlone).is_ok(),
        now: now(),
    })
}

fn plan(records: &Records<'_>, order: &Order, identity: &Identity, ui: &Ui) -> Result<Planned, CommandError> {
    let repository = records.repository();
    let history = history(repository, ui)?;
    let server = servers::find(repository, &order.server)?;
    let context = context(records, &history, identity, &server)?;
    let mut selection: Selection = select(&context, order)?;
    if let Err(error) = identity.may_deploy_to(server.server.kind.class()) {
        let text = format!("a deployment will be refused: {error}");
        selection.remarks.push(Remark { schedule: None, text, refused: true });
    }
    let target = Target::connect(repository, server, identity.person.opcon_user.as_deref(), ui)?;
    block_on(async {
        let planned = async {
            let planner = Planner::open(&context, order, &selection, target.system.clone()).await?;
            planner.plan(&selection.items).await
        };
        let planned = planned.await;
        target.sign_off().await;
        Ok(planned?)
    })?
}
