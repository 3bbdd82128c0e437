//! `simulate`: everything a deployment does, short of changing the target.

mod markdown;
pub(super) mod text;

use std::path::PathBuf;

use clap::Args;
use clap_complete::ArgValueCandidates;
use deploy_core::deploy::{Context, Entrance, Order, Planned, Planner, Remark, Selection, Severity, select};
use deploy_core::repository::Repository;
use deploy_core::repository::records::Records;
use deploy_core::repository::servers;

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
    #[arg(long = "to", value_name = "SERVER", add = ArgValueCandidates::new(completions::servers))]
    server: String,
    #[command(flatten)]
    order: OrderArgs,
    /// Write the definition as it would be sent, without deployment information
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Write the plan: `deploy --plan` carries out exactly this, or says what has moved
    #[arg(long, value_name = "FILE")]
    plan: Option<PathBuf>,
    /// Print Markdown for a pull request
    #[arg(long, conflicts_with = "json")]
    markdown: bool,
}

pub(super) fn run(args: SimulateArgs, global: &Global, ui: &Ui) -> CommandResult {
    let repository = open(global, ui)?;
    let order = args.order.order(&args.server, Entrance::Unattended, global)?;
    let planned = plan(&repository, &order, global, ui)?;
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
    let (errors, warnings) = (plan.count(Severity::Error), plan.count(Severity::Warning));
    let found = match (errors, warnings) {
        (0, 0) => "no errors, no warnings".to_owned(),
        _ => format!("{}, {}", count(errors, "error"), count(warnings, "warning")),
    };
    ui.note(format!("Simulated, nothing was changed on {}: {found}", one_line(&plan.server)));
    Ok(if errors + warnings == 0 { Exit::Done } else { Exit::Findings })
}

fn plan(repository: &Repository, order: &Order, global: &Global, ui: &Ui) -> Result<Planned, CommandError> {
    let records = match global.fetch {
        true => Records::fetch(repository)?,
        false => Records::open(repository)?,
    };
    let history = history(repository, ui)?;
    let identity = who(repository)?;
    let server = servers::find(repository, &order.server)?;
    let context = Context {
        repository,
        history: &history,
        records: &records,
        settings: repository.settings_of_main()?,
        person: identity.person.clone(),
        server: server.clone(),
        trying: true,
        must_be_pushed: true,
        may_deploy_packaged: identity
            .may_administer(deploy_core::repository::users::Administering::PackagedScheduleAlone)
            .is_ok(),
        now: now(),
    };
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
