//! `server check`: connects for real.

use clap::Args;
use clap_complete::ArgValueCandidates;
use deploy_core::opcon::{CheckLine, CheckOutcome, CheckStep, check};
use deploy_core::repository::servers::all;
use serde_json::json;

use super::super::{completions, open};
use crate::cli::Global;
use crate::error::CommandError;
use crate::system::{Target, block_on};
use crate::ui::{Ui, one_line, style, styled};
use crate::{CommandResult, Exit};

/// Connect to a server and look at everything that is needed
///
/// TLS and whose certificate, sign-on, version, the licence for Deploy, both
/// services, how much there is, the round-trip time. Each line is ok, or says
/// what to do about it. The file is taken from main.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  opcon-deploy server check PROD\n  opcon-deploy server check          every server"
)]
pub(super) struct CheckArgs {
    /// The server; all if absent
    #[arg(value_name = "NAME", add = ArgValueCandidates::new(completions::servers))]
    name: Option<String>,
}

pub(super) fn run(args: CheckArgs, global: &Global, ui: &Ui) -> CommandResult {
    let repository = open(global, ui)?;
    let names = match args.name {
        Some(name) => vec![name],
        None => all(&repository)?.into_iter().map(|(name, _)| name).collect(),
    };
    if names.is_empty() {
        return Err(CommandError::failed("there is no server on main")
            .hint("`opcon-deploy server add NAME` adds one"));
    }
    let several = names.len() > 1;
    let mut exit = Exit::Done;
    let mut list = Vec::new();
    for name in names {
        let target = match Target::open(&repository, &name, ui) {
            Ok(target) => target,
            // One that cannot be asked does not stop the others.
            Err(error) if several => {
                error.report(ui);
                exit = Exit::Failed;
                continue;
            }
            Err(error) => return Err(error),
        };
        let lines = block_on(async {
            let lines = check(&target.system).await;
            target.sign_off().await;
            lines
        })?;
        let failed = lines.iter().any(|line| matches!(line.outcome, CheckOutcome::Failed { .. }));
        if failed {
            exit = Exit::Failed;
        }
        match ui.is_json() {
            true => list.push(json!({ "server": target.name(), "ok": !failed, "checks": lines })),
            false => show(&target, &lines, ui),
        }
    }
    if ui.is_json() {
        ui.json("servers", &list)?;
    }
    Ok(exit)
}

fn show(target: &Target, lines: &[CheckLine], ui: &Ui) {
    let named = &target.named;
    let title = styled(style::HEADING, one_line(&named.name));
    ui.line(format!("{title}  {} at {}", named.server.kind, named.server.address));
    for line in lines {
        let what = match line.step {
            CheckStep::RestTls => "REST API TLS",
            CheckStep::Version => "REST API",
            CheckStep::SignOn => "sign-on",
            CheckStep::ImpexTls => "ImpEx2 TLS",
            CheckStep::Impex => "ImpEx2",
            CheckStep::Licence => "licence",
            CheckStep::Counts => "holds",
            CheckStep::RoundTrip => "round trip",
        };
        let (mark, text) = match &line.outcome {
            CheckOutcome::Passed { found } => (styled(style::ADDED, "ok    "), found),
            CheckOutcome::Failed { problem, .. } => (styled(style::REMOVED, "failed"), problem),
            CheckOutcome::Skipped { because } => (styled(style::DIM, "-     "), because),
        };
        ui.line(format!("  {mark}  {what:12} {}", one_line(text)));
        if let CheckOutcome::Failed { hint: Some(hint), .. } = &line.outcome {
            ui.line(format!("  {:6}  {:12} {} {}", "", "", styled(style::COMMAND, "to do:"), one_line(hint)));
        }
    }
}
